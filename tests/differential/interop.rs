//! One node keepalived, the other standfast, both ways: stop, kill, link down, and the return.

use super::elections::Pair;
use crate::support::below::Below;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Subject};
use crate::support::runner::Case;
use crate::support::{vm, wait};
use ipnet::IpNet;
use std::time::{Duration, Instant};

/// Priorities 200 and 100 with adverts each second: the lower one waits this long for a silent master.
const MASTER_DOWN: Duration = Duration::from_millis(3000 + (256 - 100) * 1000 / 256);
/// And this long for one that said goodbye.
const SKEW: Duration = Duration::from_millis((256 - 100) * 1000 / 256);
/// How late an idle machine may be.
const LATE: Duration = Duration::from_millis(1500);

/// Who leads whom.
pub const PAIRS: [(&str, Subject, Subject); 2] = [
    ("keepalived_leads", Subject::Keepalived, Subject::Standfast),
    ("standfast_leads", Subject::Standfast, Subject::Keepalived),
];

/// What both instances share, by the name of the case; `ipv6` is in those over IPv6. `ME` and `PEER` are the last digits of their addresses.
const FLAVOURS: [(&str, &str); 16] = [
    ("version_2", "authentication { auth_type PASS\n auth_pass secret }"),
    ("version_3", "version 3"),
    (
        "version_2_unicast",
        "authentication { auth_type PASS\n auth_pass secret }\n unicast_src_ip 10.0.0.ME\n unicast_peer { 10.0.0.PEER }",
    ),
    ("version_3_unicast", "version 3\n unicast_src_ip 10.0.0.ME\n unicast_peer { 10.0.0.PEER }"),
    ("version_3_virtual_mac", "version 3\n use_vmac"),
    (
        "old_checksum",
        "version 3\n old_unicast_checksum\n unicast_src_ip 10.0.0.ME\n unicast_peer { 10.0.0.PEER }",
    ),
    (
        "virtual_mac_unicast",
        "use_vmac\n vmac_xmit_base\n unicast_src_ip 10.0.0.ME\n unicast_peer { 10.0.0.PEER }",
    ),
    ("virtual_mac", "use_vmac"),
    ("ah", "authentication { auth_type AH\n auth_pass secret }"),
    (
        "ah_unicast",
        "authentication { auth_type AH\n auth_pass longer-than-8 }\n unicast_src_ip 10.0.0.ME\n unicast_peer { 10.0.0.PEER }",
    ),
    ("ah_virtual_mac", "use_vmac\n authentication { auth_type AH\n auth_pass secret }"),
    ("ipv6", "native_ipv6"),
    ("ipv6_version_2", "version 2 # over ipv6"),
    ("ipv6_unicast", "native_ipv6\n unicast_src_ip 2001:db8::ME\n unicast_peer { 2001:db8::PEER }"),
    ("ipv6_unicast_link_local", "native_ipv6\n unicast_peer { fe80::ff:fe00:PEER }"),
    ("ipv6_virtual_mac", "native_ipv6\n use_vmac"),
];

/// The address that moves, and all of them.
fn addresses(lines: &str) -> (&'static str, &'static str) {
    match lines.contains("ipv6") {
        true => ("2001:db8::50/64", "fe80::50\n 2001:db8::50/64"),
        false => ("10.0.0.50/24", "10.0.0.50/24"),
    }
}

pub fn cases() -> Vec<Case> {
    let mut cases = vec![Case::new("interop::unicast_without_an_interface", without_an_interface)];
    for (pair, master, backup) in PAIRS {
        for (flavour, lines) in FLAVOURS {
            cases.push(Case::new(format!("interop::{pair}::{flavour}"), move || {
                lead(master, backup, Below::Cable, lines)
            }));
        }
    }
    cases
}

/// Ours has no interface: the routes lead to its peer.
fn without_an_interface() {
    let pair = Pair::new();
    let theirs = "unicast_src_ip 10.0.0.1\n unicast_peer { 10.0.0.2 }";
    let ours = "vrrp_instance I {\n unicast_src_ip 10.0.0.2\n unicast_peer {\n 10.0.0.1\n }\n virtual_router_id 51\n \
                priority 100\n virtual_ipaddress {\n 10.0.0.50/24 dev eth0\n }\n}\n";
    let mut first = pair.start(Subject::Keepalived, 0, 200, theirs);
    first.await_master("I", 1, wait::seconds(10));
    let second = Daemon::start(Subject::Standfast, &pair.nodes[1], ours);
    second.await_line("(I) master set to 10.0.0.1", wait::seconds(10));
    assert!(first.stop().success());
    second.await_master("I", 1, wait::seconds(5));
    pair.await_holder(1, true, wait::seconds(5));
    let worse = pair.start(Subject::Keepalived, 0, 50, theirs);
    let capture = Capture::start(&pair.nodes[0]);
    // More than it waits for a silent master.
    wait::until("six adverts", wait::seconds(10), || capture.adverts_received("eth0").len() >= 6);
    assert_eq!(worse.process().count("Entering MASTER"), 0, "{}", worse.process().log());
    worse.reload(
        &std::fs::read_to_string(pair.nodes[0].dir.join("keepalived.conf"))
            .unwrap()
            .replace("priority 50", "priority 150"),
    );
    worse.await_master("I", 1, wait::seconds(10));
    second.process().await_nth("(I) Entering BACKUP STATE", 2, wait::seconds(5));
    pair.await_holder(1, false, wait::seconds(5));
}

fn holds(pair: &Pair, index: usize, lines: &str, holds: bool) {
    let interface = if lines.contains("use_vmac") { "vrrp.51" } else { "eth0" };
    pair.nodes[index].await_address(interface, addresses(lines).0, holds, wait::seconds(5));
}

/// The first leads; it stops, is killed, loses its link, and comes back each time.
pub fn lead(master: Subject, backup: Subject, below: Below, lines: &str) {
    let pair = Pair::above(below);
    if lines.contains("ipv6") {
        for (node, number) in pair.nodes.iter().zip(1..) {
            node.sh(&format!("ip link set eth0 address 02:00:00:00:00:0{number}"));
            node.enable_ipv6("eth0", &format!("2001:db8::{number}/64"));
        }
    }
    let run = |subject, index: usize, priority| -> Daemon {
        let me = (index + 1).to_string();
        let lines = lines.replace("ME", &me).replace("PEER", if index == 0 { "2" } else { "1" });
        pair.start_for(subject, index, priority, &lines, addresses(&lines).1)
    };
    let start = || run(master, 0, 200);
    let mut first = start();
    first.await_master("I", 1, wait::seconds(10));
    holds(&pair, 0, lines, true);
    let capture = Capture::start(&pair.nodes[1]);
    let second = run(backup, 1, 100);
    second.await_line("(I) Entering BACKUP STATE", wait::seconds(15));
    let passed =
        || capture.frames().iter().filter(|frame| !frame.outgoing && frame.advert().is_some()).count();
    let now = passed();
    wait::until("adverts enough for a takeover, were they not heard", wait::seconds(10), || {
        passed() >= now + 6
    });
    drop(capture);
    assert_eq!(
        second.process().count("Entering MASTER"),
        0,
        "the second hears the first\n{}",
        second.process().log()
    );

    let announced = Capture::start(&pair.nodes[0]);
    let gone = Instant::now();
    assert!(first.stop().success());
    assert_took(gone, second.await_master("I", 1, wait::seconds(10)), SKEW, "stop");
    holds(&pair, 1, lines, true);
    let moved: IpNet = addresses(lines).0.parse().unwrap();
    wait::until("the other side hears the address announced", wait::seconds(5), || {
        let frames = announced.frames();
        let heard = frames.iter().filter(|frame| !frame.outgoing).filter_map(|frame| frame.announcement());
        heard.filter(|(address, _)| *address == moved.addr()).count() >= 5
    });
    drop(announced);

    first = start();
    first.await_master("I", 1, wait::seconds(10));
    pair.recorders[1].await_call("INSTANCE I BACKUP", 2);
    holds(&pair, 1, lines, false);

    let gone = Instant::now();
    first.kill();
    // The last advert was sent at most a second before.
    assert_took(
        gone,
        second.await_master("I", 2, wait::seconds(10)),
        MASTER_DOWN - Duration::from_secs(1),
        "kill",
    );
    holds(&pair, 1, lines, true);

    first = start();
    first.await_master("I", 1, wait::seconds(10));
    pair.recorders[1].await_call("INSTANCE I BACKUP", 3);
    holds(&pair, 1, lines, false);

    let gone = Instant::now();
    pair.nodes[0].sh("ip link set eth0 down");
    assert_took(
        gone,
        second.await_master("I", 3, wait::seconds(10)),
        MASTER_DOWN - Duration::from_secs(1),
        "link",
    );
    holds(&pair, 1, lines, true);
    pair.nodes[0].sh("ip link set eth0 up");
    first.await_master("I", 2, wait::seconds(10));
    pair.recorders[1].await_call("INSTANCE I BACKUP", 4);
    holds(&pair, 0, lines, true);
    holds(&pair, 1, lines, false);
}

#[track_caller]
fn assert_took(from: Instant, to: Instant, least: Duration, what: &str) {
    if vm::inside() {
        return;
    }
    let took = to - from;
    let most = least + Duration::from_secs(1) + LATE;
    assert!(took >= least && took <= most, "{what}: took {took:?}, allowed {least:?} to {most:?}");
}
