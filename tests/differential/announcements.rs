//! When and how fast virtual addresses are announced: the order on the wire and the pauses between packets.

use super::elections::Pair;
use super::facts::{Facts, same};
use super::lifecycle::Router;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Subject};
use crate::support::runner::Case;
use crate::support::wait;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// By the name of the case: what stands before the instance (in `global_defs`, or blocks of its own), what
/// stands in it, and how many packets are waited for. The instance is `I` on eth0, an owner.
const SETTINGS: [(&str, &str, &str, usize); 7] = [
    (
        "gap_of_each_interface",
        "global_defs {\n vrrp_garp_interval 0.5\n vrrp_garp_master_repeat 1\n vrrp_garp_master_delay 0\n}",
        "virtual_ipaddress { 10.0.0.50\n 10.0.0.51\n 10.1.0.52 dev eth1\n 10.0.0.53\n 10.1.0.54 dev eth1 }",
        5,
    ),
    (
        "gap_of_a_group",
        "garp_group {\n garp_interval 0.5\n interfaces { eth0\n eth1 }\n}",
        "garp_master_repeat 1\n garp_master_delay 0\n virtual_ipaddress { 10.0.0.50\n 10.1.0.52 dev eth1\n 10.0.0.53 }",
        3,
    ),
    (
        "gap_of_one_interface",
        "garp_group {\n garp_interval 0.5\n interface eth1\n}",
        "garp_master_repeat 1\n garp_master_delay 0\n \
         virtual_ipaddress { 10.0.0.50\n 10.0.0.51\n 10.1.0.52 dev eth1\n 10.1.0.54 dev eth1 }",
        4,
    ),
    (
        "refresh",
        "",
        "garp_master_repeat 1\n garp_master_delay 0\n garp_master_refresh 2\n garp_master_refresh_repeat 2\n \
         virtual_ipaddress { 10.0.0.50 }",
        5,
    ),
    (
        "other_interfaces",
        "",
        "garp_master_repeat 1\n garp_master_delay 0\n garp_extra_if all 1\n \
         virtual_ipaddress { 10.0.0.50\n 10.1.0.52 dev eth1 }",
        5,
    ),
    (
        "as_few_as_possible",
        "global_defs {\n vrrp_min_garp\n}",
        "garp_master_delay 1\n virtual_ipaddress { 10.0.0.50 }",
        2,
    ),
    (
        "all_but_what_is_written",
        "global_defs {\n vrrp_min_garp\n vrrp_garp_master_repeat 3\n}",
        "garp_master_refresh 1\n virtual_ipaddress { 10.0.0.50 }",
        3,
    ),
];

pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = SETTINGS
        .iter()
        .map(|(name, before, lines, count)| {
            same(format!("announcements::{name}"), move |subject| observe(subject, before, lines, *count))
        })
        .collect();
    cases.push(same("announcements::gap_of_neighbour_adverts", |subject| {
        neighbour_adverts(subject, "global_defs {\n vrrp_gna_interval 0.5\n}")
    }));
    cases.push(same("announcements::gap_of_neighbour_adverts_of_a_group", |subject| {
        neighbour_adverts(subject, "garp_group {\n gna_interval 0.5\n interface eth0\n}")
    }));
    cases.push(same("announcements::gap_of_arp_is_not_that_of_neighbour_adverts", |subject| {
        neighbour_adverts(subject, "global_defs {\n vrrp_garp_interval 0.5\n}")
    }));
    cases.push(same("announcements::other_interfaces_of_a_virtual_mac", virtual_mac));
    cases.push(same("announcements::none_without_arp", without_arp));
    cases.push(same("announcements::router_flag", router_flag));
    for (name, lines) in LOWER_PRIORITY {
        cases.push(same(format!("announcements::{name}"), move |subject| lower_priority(subject, lines)));
    }
    cases.push(Case::new("announcements::repeats_that_wait_original", || {
        assert!(
            repeats_that_wait(Subject::Keepalived) < 6,
            "keepalived has mended it: one difference less"
        );
    }));
    cases.push(Case::new("announcements::repeats_that_wait_ours", || {
        assert_eq!(repeats_that_wait(Subject::Standfast), 6);
    }));
    cases.push(Case::new("announcements::slow_interface_original", || {
        let (addresses, times) = slow_interface(Subject::Keepalived);
        assert!(addresses < 501, "keepalived has mended it: one difference less ({times:?})");
    }));
    cases.push(Case::new("announcements::slow_interface_ours", || {
        assert_eq!(slow_interface(Subject::Standfast), (501, BTreeSet::from([2])));
    }));
    cases
}

fn config(before: &str, lines: &str) -> String {
    format!(
        "{before}\nvrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 255\n {lines}\n}}\n"
    )
}

fn observe(subject: Subject, before: &str, lines: &str, count: usize) -> Facts {
    let router = Router::new();
    let capture = Capture::start(&router.node);
    let _daemon = Daemon::start(subject, &router.node, &config(before, lines));
    let seen = || {
        let mut seen: Vec<(Instant, String)> = ["eth0", "eth1"]
            .iter()
            .flat_map(|name| capture.announcements(name).into_iter().map(move |(at, arp)| (at, name, arp)))
            .map(|(at, name, arp)| (at, format!("{name} {}", arp.0)))
            .collect();
        seen.sort_by_key(|(at, _)| *at);
        seen
    };
    wait::until("the announcements", wait::seconds(15), || seen().len() >= count);
    // Two adverts more: nothing else comes.
    let adverts = capture.adverts_sent("eth0").len();
    if !lines.contains("refresh 2") && !lines.contains("extra") {
        wait::until("two adverts more", wait::seconds(5), || {
            capture.adverts_sent("eth0").len() >= adverts + 2
        });
    }
    let mut facts = Facts::default();
    let mut seen = seen();
    if lines.contains("refresh 2") || lines.contains("extra") {
        seen.truncate(count);
    }
    for interface in ["eth0", "eth1"] {
        let of: Vec<_> = seen.iter().filter(|(_, text)| text.starts_with(interface)).collect();
        let texts: Vec<&String> = of.iter().map(|(_, text)| text).collect();
        facts.list(format!("announcements on {interface}"), &texts);
        for pair in of.windows(2) {
            facts.time(format!("pause on {interface}"), pair[1].0 - pair[0].0, Duration::from_millis(220));
        }
    }
    if before.contains("interfaces") {
        for pair in seen.windows(2) {
            facts.time("pause in the group", pair[1].0 - pair[0].0, Duration::from_millis(220));
        }
    }
    facts
}

/// Three addresses over IPv6, each announced once: the pauses.
fn neighbour_adverts(subject: Subject, before: &str) -> Facts {
    let router = Router::new();
    router.enable_ipv6();
    let capture = Capture::start(&router.node);
    let lines = "garp_master_repeat 1\n garp_master_delay 0\n \
                 virtual_ipaddress { fe80::50\n 2001:db8::50\n 2001:db8::51 }";
    let _daemon = Daemon::start(subject, &router.node, &config(before, lines));
    wait::until("the announcements", wait::seconds(15), || capture.announcements("eth0").len() >= 3);
    let seen = capture.announcements("eth0");
    let mut facts = Facts::default();
    facts.list("announcements", &seen.iter().map(|(_, what)| what.0.to_string()).collect::<Vec<_>>());
    for pair in seen.windows(2) {
        facts.time("pause", pair[1].0 - pair[0].0, Duration::from_millis(220));
    }
    facts
}

/// Without `all` only the devices of virtual MACs count as other interfaces: who announces again and again.
fn virtual_mac(subject: Subject) -> Facts {
    let router = Router::new();
    let capture = Capture::start(&router.node);
    let lines = "use_vmac\n garp_master_repeat 1\n garp_master_delay 0\n garp_extra_if 1\n \
                 virtual_ipaddress { 10.0.0.50\n 10.1.0.52 dev eth1 }";
    let _daemon = Daemon::start(subject, &router.node, &config("", lines));
    wait::until("six adverts", wait::seconds(15), || capture.adverts_sent("eth0").len() >= 6);
    let mut facts = Facts::default();
    for (name, address) in [("vrrp.51", "10.0.0.50"), ("eth1", "10.1.0.52")] {
        let seen = capture.announcements(name);
        let of_it = seen.iter().filter(|(_, what)| what.0.to_string() == address).count();
        facts.note(format!("{address} is announced on {name}"), if of_it > 2 { "always" } else { "once" });
    }
    facts
}

/// An interface that begins to forward, and ends: its neighbour advertisements say so a few seconds later.
fn router_flag(subject: Subject) -> Facts {
    let router = Router::new();
    router.enable_ipv6();
    let forward = |on| router.node.sh(&format!("sysctl -qw net.ipv6.conf.eth0.forwarding={on}"));
    forward(0);
    let capture = Capture::start(&router.node);
    let lines = "garp_master_repeat 1\n garp_master_delay 0\n garp_master_refresh 1\n virtual_ipaddress { fe80::50 }";
    let _daemon = Daemon::start(subject, &router.node, &config("", lines));
    // The frame in hexadecimal digits; its flags are byte 58.
    let flags = || -> Vec<String> {
        capture.announcements("eth0").iter().map(|(_, (_, frame))| frame[116..118].to_owned()).collect()
    };
    let mut facts = Facts::default();
    wait::until("an announcement", wait::seconds(10), || !flags().is_empty());
    facts.note("a host", flags().pop().unwrap());
    for (on, flag) in [(1, "a0"), (0, "20")] {
        forward(on);
        wait::until(&format!("flags {flag}"), wait::seconds(9), || flags().pop().unwrap() == flag);
    }
    facts
}

/// An interface without ARP: adverts, and nothing else.
fn without_arp(subject: Subject) -> Facts {
    let router = Router::new();
    router.node.sh("ip link set eth0 arp off");
    let capture = Capture::start(&router.node);
    let lines =
        "garp_master_repeat 2\n garp_master_delay 1\n virtual_ipaddress { 10.0.0.50\n 10.1.0.52 dev eth1 }";
    let _daemon = Daemon::start(subject, &router.node, &config("", lines));
    wait::until("four adverts", wait::seconds(15), || capture.adverts_sent("eth0").len() >= 4);
    let mut facts = Facts::default();
    for name in ["eth0", "eth1"] {
        facts.note(format!("announcements on {name}"), capture.announcements(name).len().to_string());
    }
    facts
}

/// Far more announcements than a socket has room for, on an interface that takes 760 of them a second: how many of 501
/// addresses are announced, and how often each.
fn slow_interface(subject: Subject) -> (usize, BTreeSet<usize>) {
    let router = Router::new();
    router.node.sh("tc qdisc add dev eth0 root tbf rate 256kbit burst 2kb latency 60s");
    let capture = Capture::start(&router.node);
    let list: String =
        (0..500).map(|number| format!(" 10.2.{}.{}\n", number / 250, number % 250 + 1)).collect();
    let lines = format!(
        "garp_master_repeat 2\n garp_master_delay 0\n virtual_ipaddress {{ 10.0.0.50 }}\n \
         virtual_ipaddress_excluded {{\n{list} }}"
    );
    let _daemon = Daemon::start(subject, &router.node, &config("", &lines));
    let seen = || capture.announcements("eth0").len();
    // The queue has run dry when nothing but adverts comes any more.
    let mut before = (0, 0);
    wait::until("two adverts without an announcement", wait::seconds(30), || {
        let adverts = capture.adverts_sent("eth0").len();
        if seen() != before.0 || seen() == 0 {
            before = (seen(), adverts);
        }
        adverts >= before.1 + 3
    });
    let mut times: BTreeMap<IpAddr, usize> = BTreeMap::new();
    for (_, (address, _)) in capture.announcements("eth0") {
        *times.entry(address).or_default() += 1;
    }
    (times.len(), times.values().copied().collect())
}

/// A gap and three rounds over two addresses: how many packets in all.
fn repeats_that_wait(subject: Subject) -> usize {
    let router = Router::new();
    let capture = Capture::start(&router.node);
    let lines = "garp_master_repeat 3\n garp_master_delay 0\n virtual_ipaddress { 10.0.0.50\n 10.0.0.51 }";
    let _daemon =
        Daemon::start(subject, &router.node, &config("global_defs {\n vrrp_garp_interval 0.1\n}", lines));
    wait::until("four adverts", wait::seconds(15), || capture.adverts_sent("eth0").len() >= 4);
    let seen = capture.announcements("eth0");
    for pair in seen.windows(2) {
        assert!(pair[1].0 - pair[0].0 > Duration::from_millis(50), "too close: {seen:?}");
    }
    seen.len()
}

const LOWER_PRIORITY: [(&str, &str); 3] = [
    ("lower_priority", "garp_lower_prio_repeat 3\n garp_lower_prio_delay 2"),
    ("lower_priority_once", "garp_lower_prio_repeat 2\n garp_lower_prio_delay 0"),
    ("lower_priority_never", "garp_lower_prio_repeat 0"),
];

/// Two masters meet: what the better one announces, and when.
fn lower_priority(subject: Subject, lines: &str) -> Facts {
    let pair = Pair::new();
    let quiet = "garp_master_delay 0\n garp_master_repeat 1";
    let first = pair.start(subject, 0, 200, &format!("{quiet}\n {lines}"));
    first.await_master("I", 1, wait::seconds(10));
    pair.cut(true);
    let second = pair.start(subject, 1, 100, &format!("{quiet}\n lower_prio_no_advert"));
    second.await_master("I", 1, wait::seconds(15));
    let capture = Capture::start(&pair.nodes[0]);
    pair.cut(false);
    pair.await_holder(1, false, wait::seconds(10));
    let adverts = capture.adverts_sent("eth0").len();
    wait::until("four adverts more", wait::seconds(9), || {
        capture.adverts_sent("eth0").len() >= adverts + 4
    });
    let seen = capture.announcements("eth0");
    let mut facts = Facts::default();
    facts.note("announcements", seen.len().to_string());
    if let (Some((first, _)), Some((last, _))) = (seen.first(), seen.last()) {
        facts.time("from the first to the last", *last - *first, Duration::from_millis(400));
    }
    facts
}
