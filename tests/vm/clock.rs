//! Somebody sets the clock: no state changes, no advert is late, and what is asked at an interval goes on at it.

use crate::differential::elections::Pair;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Subject};
use crate::support::net::Node;
use crate::support::runner::Case;
use crate::support::vm::inside;
use crate::support::wait;
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime, clock_settime};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

pub fn cases() -> Vec<Case> {
    // The clock of the machine at hand is nobody's to set.
    let run = || if inside() { steps() } else { println!("SKIPPED: no virtual machine") };
    vec![Case::alone("vm::clock_steps", run)]
}

/// Seconds: forth and back, by more than any timer, a day, and a year.
const STEPS: [i64; 6] = [3, -5, 86_400, -172_800, 31_536_000, -31_000_000];
/// What is watched after each step.
const WATCH: Duration = Duration::from_secs(7);
/// How late a timer may be in a machine that is emulated.
const LATE: Duration = Duration::from_millis(700);

/// A program that leaves a mark each time it is called.
fn marker(node: &Node, name: &str) -> String {
    let (script, marks) = (node.dir.join(name), node.dir.join(format!("{name}.marks")));
    std::fs::write(&script, format!("#!/bin/sh\necho >>{}\n", marks.display())).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    script.display().to_string()
}

fn marks(node: &Node, name: &str) -> usize {
    std::fs::read(node.dir.join(format!("{name}.marks"))).map_or(0, |marks| marks.len())
}

fn step(seconds: i64) {
    let now = clock_gettime(ClockId::CLOCK_REALTIME).unwrap();
    let then = TimeSpec::new(now.tv_sec() + seconds, now.tv_nsec());
    clock_settime(ClockId::CLOCK_REALTIME, then).unwrap();
}

fn steps() {
    let pair = Pair::new();
    let [one, two] = &pair.nodes;
    let global = "global_defs {\n script_user root\n enable_script_security\n}\n";
    let text = format!(
        "{global}vrrp_script asked {{\n script {}\n interval 2\n timeout 20\n}}\n\
         vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 200\n track_script {{ asked }}\n \
         virtual_ipaddress {{ 10.0.0.50/24 }}\n}}\n\
         virtual_server 10.0.0.50 80 {{\n delay_loop 2\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n \
         real_server 10.0.0.2 80 {{\n MISC_CHECK {{\n misc_path {}\n misc_timeout 20\n }}\n }}\n}}\n",
        marker(one, "asked"),
        marker(one, "checked"),
    );
    let master = Daemon::start(Subject::Standfast, one, &text);
    master.await_master("I", 1, wait::seconds(15));
    let backup = pair.start(Subject::Standfast, 1, 100, "");
    backup.await_line("(I) Entering BACKUP STATE", wait::seconds(10));
    for asked in ["asked", "checked"] {
        wait::until(asked, wait::seconds(10), || marks(one, asked) > 1);
    }
    let capture = Capture::start(two);
    let entered = |daemon: &Daemon| daemon.process().count("Entering ");
    let quiet = [entered(&master), entered(&backup)];
    let began = Instant::now();
    for seconds in [0].into_iter().chain(STEPS) {
        let before = ["asked", "checked"].map(|name| marks(one, name));
        let start = Instant::now();
        step(seconds);
        std::thread::sleep(WATCH);
        let watched = start.elapsed().as_secs_f64();
        for (name, before) in ["asked", "checked"].into_iter().zip(before) {
            let times = (marks(one, name) - before) as f64;
            let fine = (watched / 2.0 - 1.5..=watched / 2.0 + 1.5).contains(&times);
            assert!(fine, "{name} {times} times in {watched:.1} s after a step of {seconds} s");
        }
        let states = [entered(&master), entered(&backup)];
        assert_eq!(states, quiet, "after a step of {seconds} s\n{}", master.process().log());
    }
    step(-STEPS.iter().sum::<i64>());
    let adverts = capture.adverts_received("eth0");
    let fewest = began.elapsed().as_secs() - 1;
    assert!(adverts.len() as u64 >= fewest, "{} adverts, less than {fewest}", adverts.len());
    for pair in adverts.windows(2) {
        let gap = pair[1].0 - pair[0].0;
        assert!(gap < Duration::from_secs(1) + LATE, "{gap:?} without an advert");
    }
    assert!(capture.adverts_sent("eth0").is_empty(), "the backup spoke");
}
