//! What happens to a running daemon: links that go and come, addresses that somebody removes, what a killed predecessor
//! left, a reload.

use super::facts::{Facts, grepped, same};
use super::lifecycle::Router;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Recorder, Subject};
use crate::support::runner::Case;
use crate::support::wait;
use std::time::{Duration, Instant};

pub fn cases() -> Vec<Case> {
    vec![
        same("events::link_down_and_up", link_down_and_up),
        same("events::tracked_interface", tracked_interface),
        same("events::address_of_the_interface_removed", source_removed),
        same("events::link_local_address_removed", link_local_removed),
        same("events::link_local_address_rotated", link_local_rotated),
        Case::new("events::duplicate_address_original", || {
            assert!(!duplicate(Subject::Keepalived), "keepalived has mended it: one difference less");
        }),
        Case::new("events::duplicate_address_ours", || assert!(duplicate(Subject::Standfast))),
        Case::new("events::duplicate_link_local_original", duplicate_link_local_original),
        Case::new("events::duplicate_link_local_ours", duplicate_link_local_ours),
        same("events::killed_and_started_again", killed_and_started_again),
        same("events::reload", reload),
        Case::new("events::virtual_address_deleted_original", deleted_original),
        Case::new("events::virtual_address_deleted_ours", deleted_ours),
    ]
}

fn config(script: &str, priority: u8, more: &str, addresses: &str) -> String {
    format!(
        "vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority {priority}\n {more}\n \
         virtual_ipaddress {{\n {addresses}\n }}\n notify {script}\n}}\n"
    )
}

/// Script calls with equal neighbours kept: the order of one script's calls is fixed.
fn note_end(facts: &mut Facts, recorder: &Recorder, daemon: &Daemon) {
    facts.calls("script calls", recorder.calls());
    facts.list("log", &grepped(daemon.process()));
}

fn link_down_and_up(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let mut facts = Facts::default();
    let mut daemon = Daemon::start(subject, node, &config(&recorder.script(), 200, "", "10.0.0.50/24"));
    daemon.await_master("I", 1, wait::seconds(10));
    node.await_address("eth0", "10.0.0.50/24", true, wait::seconds(5));
    node.sh("ip link set eth0 down");
    recorder.await_call("INSTANCE I FAULT", 1);
    node.await_address("eth0", "10.0.0.50/24", false, wait::seconds(5));
    node.sh("ip link set eth0 up");
    daemon.await_master("I", 2, wait::seconds(15));
    node.await_address("eth0", "10.0.0.50/24", true, wait::seconds(5));
    facts.list("addresses at last", &node.addresses("eth0"));
    recorder.await_call("INSTANCE I MASTER", 2);
    facts.note("exit status", daemon.stop().to_string());
    recorder.await_call("INSTANCE I STOP", 1);
    note_end(&mut facts, &recorder, &daemon);
    facts
}

fn tracked_interface(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let mut facts = Facts::default();
    let config = config(&recorder.script(), 200, "track_interface { eth1 }", "10.0.0.50/24");
    let daemon = Daemon::start(subject, node, &config);
    daemon.await_master("I", 1, wait::seconds(10));
    let capture = Capture::start(node);
    node.sh("ip link set eth1 down");
    recorder.await_call("INSTANCE I FAULT", 1);
    node.await_address("eth0", "10.0.0.50/24", false, wait::seconds(5));
    let zeros = || capture.adverts_sent("eth0").iter().filter(|(_, advert)| advert.priority() == 0).count();
    wait::until("priority 0 is sent", wait::seconds(5), || zeros() > 0);
    node.sh("ip link set eth1 up");
    daemon.await_master("I", 2, wait::seconds(15));
    if subject == Subject::Standfast {
        // keepalived 2.2 says goodbye twice, each time it is told of the link.
        assert_eq!(zeros(), 1, "adverts with priority 0");
    }
    recorder.await_call("INSTANCE I MASTER", 2);
    note_end(&mut facts, &recorder, &daemon);
    facts
}

fn source_removed(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let mut facts = Facts::default();
    let daemon = Daemon::start(subject, node, &config(&recorder.script(), 200, "", "10.0.0.50/32"));
    daemon.await_master("I", 1, wait::seconds(10));
    node.sh("ip addr del 10.0.0.1/24 dev eth0");
    recorder.await_call("INSTANCE I FAULT", 1);
    node.await_address("eth0", "10.0.0.50/32", false, wait::seconds(5));
    node.sh("ip addr add 10.0.0.1/24 dev eth0");
    daemon.await_master("I", 2, wait::seconds(15));
    recorder.await_call("INSTANCE I MASTER", 2);
    facts.calls("script calls", recorder.calls());
    facts
}

/// A master whose addresses are there.
fn master_over_ipv6(subject: Subject) -> (Router, Recorder, Daemon) {
    let router = Router::new();
    router.enable_ipv6();
    let recorder = Recorder::new(&router.node);
    let text = config(&recorder.script(), 200, "", "fe80::50\n 2001:db8::50");
    let daemon = Daemon::start(subject, &router.node, &text);
    daemon.await_master("I", 1, wait::seconds(10));
    router.node.await_address("eth0", "2001:db8::50/128", true, wait::seconds(5));
    (router, recorder, daemon)
}

/// What the source address is to IPv4, the link-local one is to IPv6; the global one beside it is none.
fn link_local_removed(subject: Subject) -> Facts {
    let (router, recorder, daemon) = master_over_ipv6(subject);
    let node = &router.node;
    let mut facts = Facts::default();
    node.sh("ip addr del fe80::ff:fe00:1/64 dev eth0");
    recorder.await_call("INSTANCE I FAULT", 1);
    node.await_address("eth0", "2001:db8::50/128", false, wait::seconds(5));
    node.await_address("eth0", "fe80::50/128", false, wait::seconds(5));
    node.sh("ip addr add fe80::ff:fe00:1/64 dev eth0 nodad");
    daemon.await_master("I", 2, wait::seconds(15));
    recorder.await_call("INSTANCE I MASTER", 2);
    facts.calls("script calls", recorder.calls());
    facts
}

/// Another link-local address takes the place of the first: the master goes on from there.
fn link_local_rotated(subject: Subject) -> Facts {
    let (router, recorder, _daemon) = master_over_ipv6(subject);
    let node = &router.node;
    let mut facts = Facts::default();
    node.sh("ip addr add fe80::7/64 dev eth0 nodad");
    node.sh("ip addr del fe80::ff:fe00:1/64 dev eth0");
    let capture = Capture::start(node);
    wait::until("three adverts more", wait::seconds(9), || capture.adverts_sent("eth0").len() >= 3);
    let sent = capture.adverts_sent("eth0");
    let sources: Vec<String> = sent.iter().map(|(_, advert)| advert.source.to_string()).collect();
    facts.note("it speaks from the new one", sources.last().cloned().unwrap_or_default());
    facts.calls("script calls", recorder.calls());
    facts
}

/// Somebody else has a virtual address that the kernel looks for first; whether it is used once that one is gone.
fn duplicate(subject: Subject) -> bool {
    let router = Router::new();
    router.enable_ipv6();
    let node = &router.node;
    node.sh(
        "echo 1 >/proc/sys/net/ipv6/conf/all/accept_dad; echo 1 >/proc/sys/net/ipv6/conf/eth0/accept_dad",
    );
    router.neighbour.enable_ipv6("eth0", "2001:db8::50/64");
    let recorder = Recorder::new(node);
    let text = config(&recorder.script(), 200, "", "fe80::50/64\n 2001:db8::50/64 -nodad");
    let daemon = Daemon::start(subject, node, &text);
    daemon.await_master("I", 1, wait::seconds(10));
    let shown = || node.sh("ip -6 -o addr show dev eth0 to 2001:db8::50");
    wait::until("it is found twice", wait::seconds(10), || shown().contains("dadfailed"));
    router.neighbour.sh("ip -6 addr del 2001:db8::50/64 dev eth0");
    let usable = || {
        let shown = shown();
        shown.contains("2001:db8::50") && !shown.contains("dadfailed") && !shown.contains("tentative")
    };
    let limit = Instant::now() + wait::seconds(10);
    while !usable() && Instant::now() < limit {
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(daemon.process().count("Entering MASTER STATE"), 1);
    if subject == Subject::Standfast {
        for line in ["2001:db8::50/64 on eth0 is not usable", "2001:db8::50/64 on eth0 is usable now"] {
            daemon.await_line(line, wait::seconds(2));
            assert_eq!(daemon.process().count(line), 1, "said once");
        }
    }
    usable()
}

/// The link of a master comes back, and somebody else has its interface's link-local address by then.
fn duplicate_link_local(subject: Subject) -> (Router, Recorder, Daemon) {
    let (router, recorder, daemon) = master_over_ipv6(subject);
    let node = &router.node;
    for scope in ["all", "eth0"] {
        node.sh(&format!("echo 1 >/proc/sys/net/ipv6/conf/{scope}/accept_dad"));
    }
    node.sh("echo 0 >/proc/sys/net/ipv6/conf/eth0/keep_addr_on_down");
    router.neighbour.sh("ip addr add fe80::ff:fe00:1/64 dev eth0 nodad");
    node.sh("ip link set eth0 down");
    recorder.await_call("INSTANCE I FAULT", 1);
    node.sh("ip link set eth0 up");
    wait::until("it is found twice", wait::seconds(10), || {
        node.sh("ip -6 -o addr show dev eth0 to fe80::ff:fe00:1").contains("dadfailed")
    });
    (router, recorder, daemon)
}

/// keepalived becomes a master whom nobody hears.
fn duplicate_link_local_original() {
    let (_router, _recorder, daemon) = duplicate_link_local(Subject::Keepalived);
    daemon.await_master("I", 2, wait::seconds(15));
    daemon.await_line("send advert error 22", wait::seconds(5));
}

/// Ours says why it stays in FAULT, and comes back when the interface has a usable one.
fn duplicate_link_local_ours() {
    let (router, recorder, daemon) = duplicate_link_local(Subject::Standfast);
    daemon.await_line("(address fe80::ff:fe00:1 of eth0 is used by another host)", wait::seconds(5));
    assert_eq!(daemon.process().count("Entering MASTER STATE"), 1);
    let capture = Capture::start(&router.node);
    router.neighbour.sh("ip addr del fe80::ff:fe00:1/64 dev eth0");
    router.node.sh("ip addr del fe80::ff:fe00:1/64 dev eth0; ip addr add fe80::ff:fe00:1/64 dev eth0");
    daemon.await_master("I", 2, wait::seconds(15));
    recorder.await_call("INSTANCE I MASTER", 2);
    wait::until("adverts", wait::seconds(5), || !capture.adverts_sent("eth0").is_empty());
}

fn killed_and_started_again(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let text = config(&recorder.script(), 200, "use_vmac", "10.0.0.50/24\n 10.0.0.51/24 dev eth1");
    let mut facts = Facts::default();
    let mut daemon = Daemon::start(subject, node, &text);
    daemon.await_master("I", 1, wait::seconds(10));
    node.await_address("eth1", "10.0.0.51/24", true, wait::seconds(5));
    daemon.kill();
    facts.list("left on vrrp.51", &node.addresses("vrrp.51"));
    facts.list("left on eth1", &node.addresses("eth1"));
    let mut daemon = Daemon::start(subject, node, &text);
    daemon.await_line("(I) Entering BACKUP STATE", wait::seconds(5));
    node.await_address("eth1", "10.0.0.51/24", false, wait::seconds(5));
    facts.list("on vrrp.51 as BACKUP", &node.addresses("vrrp.51"));
    daemon.await_master("I", 1, wait::seconds(10));
    node.await_address("eth1", "10.0.0.51/24", true, wait::seconds(5));
    facts.list("on vrrp.51 as MASTER", &node.addresses("vrrp.51"));
    facts.note("exit status", daemon.stop().to_string());
    facts.note("macvlans at last", node.sh("ip -o link show type macvlan | wc -l"));
    facts.list("on eth1 at last", &node.addresses("eth1"));
    facts
}

fn reload(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let script = recorder.script();
    let mut facts = Facts::default();
    let daemon = Daemon::start(subject, node, &config(&script, 200, "", "10.0.0.50/24\n 10.0.0.51/24"));
    daemon.await_master("I", 1, wait::seconds(10));
    node.await_address("eth0", "10.0.0.51/24", true, wait::seconds(5));
    let capture = Capture::start(node);
    daemon.reload(&config(&script, 150, "", "10.0.0.50/24\n 10.0.0.52/24"));
    node.await_address("eth0", "10.0.0.52/24", true, wait::seconds(5));
    node.await_address("eth0", "10.0.0.51/24", false, wait::seconds(5));
    let of_150 = || capture.adverts_sent("eth0").into_iter().filter(|(_, advert)| advert.priority() == 150);
    wait::until("two adverts with the new priority", wait::seconds(5), || of_150().count() >= 2);
    facts.list(
        "adverts with the new priority",
        &of_150().take(2).map(|(_, advert)| advert.describe()).collect::<Vec<_>>(),
    );
    facts.note(
        "adverts with priority 0",
        capture.adverts_sent("eth0").iter().filter(|(_, a)| a.priority() == 0).count().to_string(),
    );
    let announced: std::collections::BTreeSet<String> =
        capture.announcements("eth0").iter().map(|(_, (address, _))| address.to_string()).collect();
    facts.note("the new address is announced", announced.contains("10.0.0.52").to_string());
    facts.calls("script calls", recorder.calls());
    facts
}

/// keepalived leaves MASTER when somebody deletes its address, and is back after the skew time.
fn deleted_original() {
    let (states, _) = delete_address(Subject::Keepalived);
    assert_eq!(states, ["BACKUP", "MASTER", "BACKUP", "MASTER"]);
}

/// Ours stays MASTER and puts it back at once: a deliberate difference.
fn deleted_ours() {
    let (states, absent) = delete_address(Subject::Standfast);
    assert_eq!(states, ["BACKUP", "MASTER"]);
    assert!(absent < wait::seconds(1), "put back at once, not after {absent:?}");
}

/// The states notified, and how long the address was absent.
fn delete_address(subject: Subject) -> (Vec<String>, Duration) {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let daemon =
        Daemon::start(subject, node, &config(&recorder.script(), 200, "", "10.0.0.50/24\n 10.0.0.51/24"));
    daemon.await_master("I", 1, wait::seconds(10));
    node.await_address("eth0", "10.0.0.51/24", true, wait::seconds(5));
    recorder.await_call("INSTANCE I MASTER", 1);
    let capture = Capture::start(node);
    node.sh("ip addr del 10.0.0.51/24 dev eth0");
    let deleted = std::time::Instant::now();
    wait::until("it left, or is back", wait::seconds(3), || {
        daemon.process().count("Entering BACKUP") > 1 || node.has("eth0", "10.0.0.51/24")
    });
    node.await_address("eth0", "10.0.0.51/24", true, wait::seconds(10));
    let absent = deleted.elapsed();
    // Whatever the daemon does next would show before the next two adverts.
    wait::until("two more adverts", wait::seconds(10), || capture.adverts_sent("eth0").len() >= 3);
    let calls = recorder.calls();
    (calls.iter().filter_map(|call| call.split(' ').nth(2).map(str::to_owned)).collect(), absent)
}
