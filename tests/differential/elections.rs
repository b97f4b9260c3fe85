//! Who becomes master: two nodes with the same daemon, all preemption rules, and pairs that do not fit together.

use super::facts::{Facts, same};
use crate::support::below::Below;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Recorder, Subject};
use crate::support::net::{Net, Node};
use crate::support::runner::Case;
use crate::support::wait;
use std::time::Duration;

pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        same("elections::preempt", |subject| late_rival(subject, "", true)),
        same("elections::preempt_delay", |subject| late_rival(subject, "preempt_delay 2.5", true)),
        same("elections::nopreempt", |subject| late_rival(subject, "nopreempt", false)),
        same("elections::version_3", |subject| late_rival(subject, "version 3\n advert_int 0.8", true)),
        same("elections::equal_priority", equal_priority),
        same("elections::lower_priority_shouts", lower_priority_shouts),
        Case::new("elections::a_takeover_finds_the_program_mapped", finds_the_program_mapped),
        Case::new("elections::nobody_has_an_address_ours", nobody_has_an_address),
    ];
    for (name, ours, theirs) in MISFITS {
        cases.push(same(format!("elections::misfit_{name}"), move |subject| misfit(subject, ours, theirs)));
    }
    cases
}

/// Two routers that differ in one thing: does the second still hear the first?
const MISFITS: [(&str, &str, &str); 9] = [
    (
        "password",
        "authentication { auth_type PASS\n auth_pass one }",
        "authentication { auth_type PASS\n auth_pass two }",
    ),
    ("authentication", "authentication { auth_type PASS\n auth_pass one }", ""),
    (
        "ah_key",
        "authentication { auth_type AH\n auth_pass one }",
        "authentication { auth_type AH\n auth_pass two }",
    ),
    (
        "ah_and_password",
        "authentication { auth_type AH\n auth_pass one }",
        "authentication { auth_type PASS\n auth_pass one }",
    ),
    ("ah_and_nothing", "", "authentication { auth_type AH\n auth_pass one }"),
    ("version", "version 2", "version 3"),
    ("interval", "advert_int 1", "advert_int 2"),
    ("interval_version_3", "version 3\n advert_int 0.5", "version 3\n advert_int 1"),
    ("addresses", "", "virtual_ipaddress_excluded { 10.0.0.77 }"),
];

/// Two nodes on one switch, and what their notify scripts were told.
pub struct Pair {
    pub nodes: [Node; 2],
    pub recorders: [Recorder; 2],
    _switch: Node,
    _net: Net,
}

impl Pair {
    pub fn new() -> Pair {
        Pair::above(Below::Cable)
    }

    /// The same on something else than the ends of cables.
    pub fn above(below: Below) -> Pair {
        let net = Net::new();
        let nodes = [net.node("one"), net.node("two")];
        let switch =
            net.lan("lan", &[(&nodes[0], "eth0", "10.0.0.1/24"), (&nodes[1], "eth0", "10.0.0.2/24")]);
        for (node, number) in nodes.iter().zip(1..) {
            below.put(node, "eth0", &format!("10.0.0.{number}/24"));
        }
        let recorders = nodes.each_ref().map(Recorder::new);
        Pair { nodes, recorders, _switch: switch, _net: net }
    }

    /// Starts a daemon on node 0 or 1.
    pub fn start(&self, subject: Subject, index: usize, priority: u8, more: &str) -> Daemon {
        self.start_for(subject, index, priority, more, "10.0.0.50/24")
    }

    /// Starts a daemon on node 0 or 1 with these virtual addresses.
    pub fn start_for(
        &self,
        subject: Subject,
        index: usize,
        priority: u8,
        more: &str,
        addresses: &str,
    ) -> Daemon {
        let script = self.recorders[index].script();
        let text = format!(
            "vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority {priority}\n {more}\n \
             virtual_ipaddress {{\n {addresses}\n }}\n notify {script}\n}}\n"
        );
        Daemon::start(subject, &self.nodes[index], &text)
    }

    /// Waits until node 0 or 1 holds the address, or does not.
    #[track_caller]
    pub fn await_holder(&self, index: usize, holds: bool, limit: Duration) {
        self.nodes[index].await_address("eth0", "10.0.0.50/24", holds, limit);
    }

    /// Cuts the cable of node 1, or mends it.
    pub fn cut(&self, cut: bool) {
        self._switch.sh(if cut { "ip link set port1 nomaster" } else { "ip link set port1 master br0" });
    }

    fn note(&self, facts: &mut Facts) {
        for (node, recorder) in self.nodes.iter().zip(&self.recorders) {
            facts.calls(format!("script calls on {}", node.name), recorder.calls());
        }
    }
}

/// A master of lower priority runs; a better one comes.
fn late_rival(subject: Subject, more: &str, takes_over: bool) -> Facts {
    let pair = Pair::new();
    let mut facts = Facts::default();
    let first = pair.start(subject, 0, 100, more);
    first.await_master("I", 1, wait::seconds(10));
    let capture = Capture::start(&pair.nodes[0]);
    let mut second = pair.start(subject, 1, 200, more);
    let backup = second.await_line("(I) Entering BACKUP STATE", wait::seconds(5));
    if takes_over {
        let taken = second.await_master("I", 1, wait::seconds(15));
        facts.time("from start to takeover", taken - backup, Duration::from_millis(1200));
        pair.await_holder(0, false, wait::seconds(5));
        pair.recorders[0].await_call("INSTANCE I BACKUP", 2);
        pair.recorders[1].await_call("INSTANCE I MASTER", 1);
    } else {
        // Longer than its master-down time: it would have taken over by now.
        wait::until("five adverts of the first", wait::seconds(15), || {
            capture.adverts_sent("eth0").len() >= 5
        });
        pair.await_holder(0, true, wait::seconds(1));
    }
    facts.note("exit status", second.stop().to_string());
    if takes_over {
        first.await_master("I", 2, wait::seconds(10));
        pair.recorders[0].await_call("INSTANCE I MASTER", 2);
    }
    pair.recorders[1].await_call("INSTANCE I STOP", 1);
    pair.note(&mut facts);
    facts
}

/// Equal priorities: who is master stays it, also against a higher address.
fn equal_priority(subject: Subject) -> Facts {
    let pair = Pair::new();
    let first = pair.start(subject, 0, 100, "");
    first.await_master("I", 1, wait::seconds(10));
    let _second = pair.start(subject, 1, 100, "");
    let capture = Capture::start(&pair.nodes[0]);
    wait::until("five adverts of the first", wait::seconds(15), || capture.adverts_sent("eth0").len() >= 5);
    pair.await_holder(0, true, wait::seconds(1));
    let mut facts = Facts::default();
    pair.note(&mut facts);
    facts
}

/// Two masters meet (their cable was cut): the lower one yields, the higher one insists.
fn lower_priority_shouts(subject: Subject) -> Facts {
    let pair = Pair::new();
    let first = pair.start(subject, 0, 200, "");
    first.await_master("I", 1, wait::seconds(10));
    pair.cut(true);
    let second = pair.start(subject, 1, 100, "");
    second.await_master("I", 1, wait::seconds(15));
    let capture = Capture::start(&pair.nodes[0]);
    pair.cut(false);
    let yielded = second.process().await_nth("(I) Entering BACKUP STATE", 2, wait::seconds(10));
    pair.await_holder(1, false, wait::seconds(10));
    // Whoever of both speaks first after the heal, it is not later than an interval.
    let heard = capture.adverts_received("eth0").first().map(|(at, _)| *at);
    let spoken = capture.adverts_sent("eth0").first().map(|(at, _)| *at);
    let met = heard.into_iter().chain(spoken).min().unwrap();
    assert!(
        yielded.saturating_duration_since(met) < Duration::from_millis(1300),
        "one master within an interval"
    );
    pair.recorders[1].await_call("INSTANCE I BACKUP", 2);
    wait::until("the master announces again", wait::seconds(5), || {
        capture.announcements("eth0").len() >= 5
    });
    let mut facts = Facts::default();
    facts.note("the first yields", first.process().count("Entering BACKUP STATE").to_string());
    pair.note(&mut facts);
    facts
}

/// 2.2.7 has no word for it: routers of version 3 that only say who is master.
fn nobody_has_an_address() {
    let pair = Pair::new();
    let start = |index: usize, priority: u8| {
        let text = format!(
            "vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority {priority}\n version 3\n \
             advert_int 0.2\n no_virtual_ipaddress\n notify {}\n}}\n",
            pair.recorders[index].script()
        );
        Daemon::start(Subject::Standfast, &pair.nodes[index], &text)
    };
    let mut first = start(0, 200);
    first.await_master("I", 1, wait::seconds(5));
    let capture = Capture::start(&pair.nodes[1]);
    let second = start(1, 100);
    wait::until("ten adverts", wait::seconds(10), || capture.adverts_received("eth0").len() >= 10);
    assert_eq!(second.process().count("Entering MASTER"), 0, "{}", second.process().log());
    let adverts = capture.adverts_received("eth0");
    assert!(adverts.iter().all(|(_, advert)| advert.vrrp[3] == 0 && advert.vrrp.len() == 8));
    assert!(first.stop().success());
    second.await_master("I", 1, wait::seconds(5));
    pair.recorders[1].await_call("INSTANCE I MASTER", 1);
}

/// keepalived first, then the subject with a setting that does not fit.
fn misfit(subject: Subject, theirs: &str, ours: &str) -> Facts {
    let pair = Pair::new();
    let first = pair.start(Subject::Keepalived, 0, 200, theirs);
    first.await_master("I", 1, wait::seconds(10));
    let second = pair.start(subject, 1, 100, ours);
    second.await_line("(I) Entering BACKUP STATE", wait::seconds(5));
    let capture = Capture::start(&pair.nodes[0]);
    let needed = if ours.contains("advert_int 2") { 8 } else { 5 };
    let taken = || second.process().count("Entering MASTER") > 0;
    wait::until("a takeover, or adverts enough for one", wait::seconds(15), || {
        taken() || capture.adverts_sent("eth0").len() >= needed
    });
    let mut facts = Facts::default();
    facts.note("the second heard the first", (!taken()).to_string());
    facts
}

/// A backup gives back the pages of the program that it does not run through, and has them when it is needed.
fn finds_the_program_mapped() {
    let pair = Pair::new();
    let more = "version 3\n advert_int 0.2";
    let mut first = pair.start(Subject::Keepalived, 0, 200, more);
    first.await_master("I", 1, wait::seconds(10));
    let second = pair.start(Subject::Standfast, 1, 100, more);
    second.await_line("(I) Entering BACKUP STATE", wait::seconds(5));
    let status = format!("/proc/{}/status", second.pid());
    let mapped = || -> u64 {
        let status = std::fs::read_to_string(&status).unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix("RssFile:")).unwrap();
        size.trim().trim_end_matches(" kB").parse().unwrap()
    };
    let start = mapped();
    wait::until("most is given back", wait::seconds(15), || mapped() * 2 < start);
    first.kill();
    second.await_master("I", 1, wait::seconds(5));
    assert!(mapped() > start, "{} of {start} KiB", mapped());
    wait::until("most is given back again", wait::seconds(15), || mapped() * 2 < start);
}
