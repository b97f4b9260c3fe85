//! The leaf lab as a show: real traffic, a failing server, a failing link, and a timeline that tells what is seen.
//! The configurations are the user's, with checks each second instead of each minute.

use crate::support::daemon::Subject;
use crate::support::echo;
use crate::support::net::Node;
use crate::support::{ipvs, wait};
use crate::vm::leaf_lab::{INSTANCE, Lab, SERVICE, VIP};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A request is given up after this time, so a gap is measured about this well.
const PATIENCE: Duration = Duration::from_millis(200);

/// Runs the demo to its end; a step that does not happen is a panic.
pub fn run() {
    let story = Story { start: Instant::now() };
    story.say("building two leaves with two real servers each, a router with OSPF and a client");
    let mut lab = story.during("the network", Lab::new);
    let every_second = |text: String| text.replace("lb_algo rr", "delay_loop 1\n    lb_algo rr");
    let first = lab.direct(Subject::Standfast, 0, every_second);
    let second = lab.direct(Subject::Standfast, 1, every_second);
    story.say(&format!("both leaves run {}", Subject::Standfast.binary().display()));

    story.wait("leaf 1 to become MASTER", || first.process().count("Entering MASTER STATE") == 1);
    story.wait("the virtual address on its dummy1", || lab.leaves[0].node.has("dummy1", VIP));
    story.say("leaf 1 is MASTER and holds 192.168.3.101 on dummy1; leaf 2 is BACKUP");
    story.wait("OSPF to announce the address", || via(&lab, 0));
    story.wait("the first answer", || echo::ask(&lab.client, SERVICE, PATIENCE).is_some());
    story.say(&format!("the router learnt the route by OSPF; 8 requests: {}", answers(&lab)));

    lab.leaves[0].silence(0);
    story.say("real server 192.168.3.211 of leaf 1 stops");
    story.wait("the check to notice", || ipvs::reals(&lab.leaves[0].node).len() == 1);
    story.say(&format!("it left the table; 8 requests: {}", answers(&lab)));
    lab.leaves[0].serve(0);
    story.wait("the check to notice its return", || ipvs::reals(&lab.leaves[0].node).len() == 2);
    story.say(&format!("it is back; 8 requests: {}", answers(&lab)));

    let gap = story.gap_during(&lab.client, || {
        lab.leaves[0].node.sh("ip link set eth0 down");
        story.say("eth0 of leaf 1 goes down");
        story.wait("FAULT on leaf 1", || lab.leaves[0].noted_state() == "FAULT");
        story.wait("the address to leave dummy1", || !lab.leaves[0].node.has("dummy1", VIP));
        story.say("leaf 1 is in FAULT and gave the address up");
        story.wait("leaf 2 to take over", || second.process().count("Entering MASTER STATE") == 1);
        story.say("leaf 2 is MASTER");
        story.wait("the route to move", || via(&lab, 1));
        story.wait("leaf 2 to answer", || answered_by(&lab, 2));
    });
    story.say(&format!("the client was without an answer for {} ms", gap.as_millis()));
    story.say(&format!("8 requests: {}", answers(&lab)));

    let gap = story.gap_during(&lab.client, || {
        lab.leaves[0].node.sh("ip link set eth0 up");
        story.say("eth0 of leaf 1 comes back");
        story.wait("leaf 1 to take the address back", || {
            first.process().count(&format!("({INSTANCE}) Entering MASTER STATE")) == 2
        });
        story.wait("leaf 2 to let it go", || !lab.leaves[1].node.has("dummy1", VIP));
        story.wait("the route to return", || via(&lab, 0));
        story.wait("leaf 1 to answer", || answered_by(&lab, 1));
    });
    story.say(&format!("leaf 1 is MASTER again; the client missed {} ms", gap.as_millis()));
    story.say(&format!("8 requests: {}", answers(&lab)));
    let (mut first, mut second) = (first, second);
    assert!(first.stop().success() && second.stop().success());
    story.say("both leaves stopped, all of it cleaned up: that was the demo");
}

fn via(lab: &Lab, leaf: usize) -> bool {
    lab.router.sh("ip route show 192.168.3.101").contains(&format!("via {} ", lab.leaves[leaf].next_hop))
}

fn answered_by(lab: &Lab, leaf: usize) -> bool {
    echo::ask(&lab.client, SERVICE, PATIENCE).is_some_and(|name| name.ends_with(&leaf.to_string()))
}

/// Who answered eight requests, in words.
fn answers(lab: &Lab) -> String {
    let answers = lab.ask(8);
    let words: Vec<String> = answers.iter().map(|(name, count)| format!("{count} by {name}")).collect();
    words.join(", ")
}

/// The timeline.
struct Story {
    start: Instant,
}

impl Story {
    fn say(&self, text: &str) {
        println!("[{:6.1} s] {text}", self.start.elapsed().as_secs_f64());
    }

    /// Waits with a progress line each second.
    fn wait(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let begun = Instant::now();
        let mut told = Duration::from_secs(1);
        wait::until(what, wait::seconds(60), || {
            if begun.elapsed() > told {
                self.say(&format!("  ... waiting for {what} ({} s)", told.as_secs()));
                told += Duration::from_secs(1);
            }
            condition()
        });
    }

    /// Does one long thing with a progress line each second.
    fn during<T: Send>(&self, what: &str, work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(work);
            self.wait(what, || thread.is_finished());
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// The longest time between two answers to a client that asks without pause while `events` happen.
    fn gap_during(&self, client: &Node, events: impl FnOnce()) -> Duration {
        let (stop, answered) = (AtomicBool::new(false), Mutex::new(vec![Instant::now()]));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    if echo::ask(client, SERVICE, PATIENCE).is_some() {
                        answered.lock().unwrap().push(Instant::now());
                    }
                }
            });
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(events));
            stop.store(true, Ordering::Relaxed);
            if let Err(panic) = outcome {
                std::panic::resume_unwind(panic);
            }
        });
        let times = answered.into_inner().unwrap();
        times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
    }
}
