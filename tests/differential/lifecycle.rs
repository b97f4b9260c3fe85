//! From start to stop with one configuration: adverts and announcements byte for byte, addresses, links, sysctls,
//! script calls, log lines, exit status.

use super::facts::{Facts, grepped, same};
use crate::support::below::Below;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Recorder, Subject};
use crate::support::frame::{Advert, hex};
use crate::support::net::{Net, Node};
use crate::support::runner::Case;
use crate::support::{vm, wait};
use std::time::{Duration, Instant};

/// Lines of a `vrrp_instance`, by the name of the case; before an `@` a global one. The instance is `I` on eth0 with VRID 51.
const INSTANCES: [(&str, &str); 24] = [
    ("plain", "priority 200\n virtual_ipaddress { 10.0.0.50 }"),
    (
        "password",
        "authentication { auth_type PASS\n auth_pass longer-than-8 }\n virtual_ipaddress { 10.0.0.50/24 }",
    ),
    (
        "ah",
        "authentication { auth_type AH\n auth_pass longer-than-8 }\n virtual_ipaddress { 10.0.0.50/24 }",
    ),
    (
        "ah_unicast",
        "authentication { auth_type AH\n auth_pass abc }\n unicast_peer { 10.0.0.2\n 10.0.0.3 }\n virtual_ipaddress { 10.0.0.50/24 }",
    ),
    (
        "ah_virtual_mac",
        "use_vmac\n authentication { auth_type AH\n auth_pass abc }\n virtual_ipaddress { 10.0.0.50 }",
    ),
    ("owner", "state MASTER\n priority 255\n virtual_ipaddress { 10.0.0.50/24 }"),
    ("interval", "advert_int 2\n priority 250\n virtual_ipaddress { 10.0.0.50/24 }"),
    ("version_3", "version 3\n advert_int 0.5\n virtual_ipaddress { 10.0.0.50/24 }"),
    (
        "addresses",
        "virtual_ipaddress { 10.0.0.50/24\n 10.0.0.51/32 dev eth1\n 10.0.0.52/25 brd 10.0.0.127 label eth0:x\n 10.7.0.1/16 brd + scope link\n 10.8.0.1/24 dev eth1 scope host }",
    ),
    (
        "excluded",
        "virtual_ipaddress { 10.0.0.50 }\n virtual_ipaddress_excluded { 10.0.0.60/24\n 10.0.0.61 dev eth1 }",
    ),
    (
        "unicast",
        "unicast_src_ip 10.0.0.1\n unicast_peer { 10.0.0.2\n 10.0.0.3 }\n virtual_ipaddress { 10.0.0.50/24 }",
    ),
    ("unicast_version_3", "version 3\n unicast_peer { 10.0.0.2 }\n virtual_ipaddress { 10.0.0.50/24 }"),
    ("virtual_mac", "use_vmac\n virtual_ipaddress { 10.0.0.50/24 }"),
    ("virtual_mac_named", "use_vmac vip0\n vmac_xmit_base\n virtual_ipaddress { 10.0.0.50/24 }"),
    (
        "virtual_mac_unicast",
        "use_vmac\n vmac_xmit_base\n unicast_src_ip 10.0.0.1\n unicast_peer { 10.0.0.2 }\n virtual_ipaddress { 10.0.0.50 }",
    ),
    (
        "announcements",
        "garp_master_delay 1\n garp_master_repeat 2\n virtual_ipaddress { 10.0.0.50\n 10.0.0.51 }",
    ),
    ("no_second_announcement", "garp_master_delay 0\n virtual_ipaddress { 10.0.0.50 }"),
    ("no_address", "priority 200\n virtual_ipaddress_excluded { 10.0.0.60 }"),
    ("ipv6", "virtual_ipaddress { fe80::50\n 2001:db8::50/64\n 2001:db8::51 }"),
    (
        "ipv6_excluded",
        "advert_int 0.5\n virtual_ipaddress { fe80::50 }\n virtual_ipaddress_excluded { 2001:db8::60\n 10.0.0.61 dev eth1 }",
    ),
    ("ipv6_group", "vrrp_mcast_group6 ff02::77 @ virtual_ipaddress { fe80::50/64 }"),
    ("ipv6_version_2", "version 2\n virtual_ipaddress { fe80::50 }"),
    (
        "ipv6_unicast",
        "unicast_src_ip 2001:db8::1\n unicast_ttl 99\n unicast_peer { 2001:db8::2 }\n virtual_ipaddress { 2001:db8::50 }",
    ),
    ("ipv6_virtual_mac", "use_vmac\n virtual_ipaddress { fe80::50\n 2001:db8::50/64 }"),
];

pub fn cases() -> Vec<Case> {
    let cases = INSTANCES.iter().map(|(name, lines)| {
        same(format!("lifecycle::{name}"), move |subject| observe(subject, Below::Cable, lines))
    });
    cases.collect()
}

/// A router with two interfaces of known MAC, and a switch of silent neighbours.
pub struct Router {
    pub node: Node,
    pub neighbour: Node,
    switches: [Node; 2],
    _net: Net,
}

impl Router {
    pub fn new() -> Router {
        let net = Net::new();
        let (node, neighbour) = (net.node("router"), net.node("neighbour"));
        let first = net.lan("lan0", &[(&node, "eth0", "10.0.0.1/24"), (&neighbour, "eth0", "10.0.0.2/24")]);
        let second =
            net.lan("lan1", &[(&node, "eth1", "10.1.0.1/24"), (&neighbour, "eth1", "10.1.0.2/24")]);
        for (host, number) in [(&node, 1), (&neighbour, 2)] {
            host.sh(&format!("ip link set eth0 address 02:00:00:00:00:0{number}"));
            host.sh(&format!("ip link set eth1 address 02:00:00:00:01:0{number}"));
        }
        Router { node, neighbour, switches: [first, second], _net: net }
    }
}

impl Router {
    /// Takes the carrier of eth0 away, or gives it back.
    pub fn carrier(&self, on: bool) {
        self.switches[0].sh(if on { "ip link set port0 up" } else { "ip link set port0 down" });
    }

    /// Gives eth0 of both IPv6; the router's link-local address is `fe80::ff:fe00:1`.
    pub fn enable_ipv6(&self) {
        for (host, number) in [(&self.node, 1), (&self.neighbour, 2)] {
            host.enable_ipv6("eth0", &format!("2001:db8::{number}/64"));
        }
    }
}

/// One run with these lines on an interface of this kind.
pub fn observe(subject: Subject, below: Below, lines: &str) -> Facts {
    let router = Router::new();
    let node = &router.node;
    for (host, number) in [(node, 1), (&router.neighbour, 2)] {
        below.put(host, "eth0", &format!("10.0.0.{number}/24"));
    }
    if lines.contains("::") {
        router.enable_ipv6();
    }
    let recorder = Recorder::new(node);
    let script = recorder.script();
    let (global, lines) = lines.split_once('@').unwrap_or(("", lines));
    let config = format!(
        "global_defs {{\n {global}\n}}\nvrrp_instance I {{\n interface eth0\n virtual_router_id 51\n {lines}\n notify {script}\n \
         notify_master \"{script} became master\"\n notify_backup \"{script} became backup\"\n \
         notify_stop \"{script} stopped\"\n}}\n"
    );
    let mut facts = Facts::default();
    let quiet_sysctls = sysctls(node);
    let capture = Capture::start(node);
    let started = Instant::now();
    let mut daemon = Daemon::start(subject, node, &config);
    let mastered = daemon.await_master("I", 1, wait::seconds(15));
    facts.time("from start to MASTER", mastered - started, Duration::from_millis(1500));

    // A macvlan of a macvlan stands beside it.
    let outer = if below == Below::Macvlan && !lines.contains("xmit_base") { "base0" } else { "eth0" };
    let sender =
        if lines.contains("use_vmac") && !lines.contains("xmit_base") { "vrrp.51" } else { "eth0" };
    wait::until("four adverts and the second block of announcements", wait::seconds(15), || {
        capture.adverts_sent(sender).len() >= 4 && mastered.elapsed() > Duration::from_millis(6500)
    });
    note_links(&mut facts, "as MASTER", node);
    // keepalived 2.2 lets an IPv6 virtual MAC answer for the host's IPv4 addresses, 2.4 does not.
    if !(lines.contains("::") && lines.contains("use_vmac")) {
        let mut changed = changed(&quiet_sysctls, &sysctls(node));
        if below == Below::Macvlan {
            // keepalived lets the macvlan answer for the address of the VMAC beside it.
            changed.retain(|line| !line.contains("/eth0/arp_"));
        }
        if lines.contains("use_ipvlan") {
            // Of an ipvlan 2.4 alone makes the kernel keep the secondary addresses.
            changed.retain(|line| !line.contains("/promote_secondaries"));
        }
        facts.list("sysctls changed", &changed);
    }
    note_announcements(&mut facts, &capture);
    let while_running = capture.adverts_sent(outer).len();

    let status = daemon.stop();
    facts.note("exit status", status.to_string());
    note_adverts(&mut facts, &capture.adverts_sent(outer), while_running);
    note_links(&mut facts, "after the stop", node);
    if subject == Subject::Standfast {
        // keepalived 2.2 leaves the interface's arp_ignore and arp_filter changed, 2.4 does not.
        assert_eq!(changed(&quiet_sysctls, &sysctls(node)), [""; 0], "sysctls after the stop");
    }
    let mut calls = recorder.calls();
    if vm::inside() {
        // Both end scripts that take more than a second at the stop, which here are many.
        calls.retain(|call| !call.contains("STOP") && call != "stopped");
    } else {
        recorder.await_call("INSTANCE I STOP", 1);
        recorder.await_call("stopped", 1);
        calls = recorder.calls();
    }
    // The scripts of one change are started together: their order is chance.
    calls.sort();
    facts.list("script calls, sorted", &calls);
    facts.list("log", &grepped(daemon.process()));
    facts
}

fn note_adverts(facts: &mut Facts, adverts: &[(Instant, Advert)], while_running: usize) {
    let describe = |(_, advert): &(Instant, Advert)| advert.describe();
    let targets: std::collections::BTreeSet<_> = adverts.iter().map(|(_, advert)| advert.target).collect();
    let per_round = targets.len().max(1);
    let running = &adverts[..while_running.min(adverts.len())];
    let first: Vec<String> = running.iter().take(per_round).map(describe).collect();
    facts.list("first advert", &first);
    let sealed: Vec<String> =
        running.iter().take(3 * per_round).map(|(_, advert)| hex(&advert.ah)).collect();
    facts.list("first authentication headers", &sealed);
    let changed = running.iter().map(describe).filter(|text| !first.contains(text)).count();
    facts.note("adverts that differ from the first", changed.to_string());
    let ids: Vec<u16> = running.iter().map(|(_, advert)| advert.id).collect();
    let steps: Vec<String> =
        ids.windows(2).take(3).map(|pair| pair[1].wrapping_sub(pair[0]).to_string()).collect();
    facts.list("steps of the identification", &steps);
    let times: Vec<Instant> = running.iter().step_by(per_round).map(|(at, _)| *at).collect();
    let mut intervals: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    intervals.sort();
    facts.time("median interval", intervals[intervals.len() / 2], Duration::from_millis(500));
    let stopping: Vec<String> =
        adverts[running.len()..].iter().map(describe).filter(|text| !first.contains(text)).collect();
    facts.list("advert on stop", &stopping);
}

fn note_announcements(facts: &mut Facts, capture: &Capture) {
    for interface in ["eth0", "eth1"] {
        let announcements = capture.announcements(interface);
        let mut kinds: Vec<String> = announcements.iter().map(|(_, (_, text))| text.clone()).collect();
        kinds.sort();
        kinds.dedup();
        facts.list(format!("kinds of announcement on {interface}"), &kinds);
        let mut blocks: Vec<(Instant, usize)> = Vec::new();
        let mut last: Option<Instant> = None;
        for (at, _) in &announcements {
            match blocks
                .last_mut()
                .filter(|_| last.is_some_and(|last| *at - last < Duration::from_millis(500)))
            {
                Some((_, count)) => *count += 1,
                None => blocks.push((*at, 1)),
            }
            last = Some(*at);
        }
        let sizes: Vec<String> = blocks.iter().map(|(_, count)| count.to_string()).collect();
        // Under emulation one block may fall into two.
        if vm::inside() {
            continue;
        }
        facts.list(format!("announcements in each block on {interface}"), &sizes);
        for pair in blocks.windows(2) {
            facts.time("pause between blocks", pair[1].0 - pair[0].0, Duration::from_millis(1500));
        }
    }
}

/// Addresses of all interfaces, and all macvlans and ipvlans.
fn note_links(facts: &mut Facts, when: &str, node: &Node) {
    for interface in ["eth0", "eth1", "vrrp.51", "vip0"] {
        let mut addresses = node.addresses(interface);
        if interface == "vrrp.51" {
            // Its parent's, which ours does without.
            addresses.retain(|line| !line.contains("fe80::ff:fe00:1/64"));
        }
        facts.list(format!("addresses of {interface} {when}"), &addresses);
    }
    let text = node.sh("ip -d -o link show type macvlan; ip -d -o link show type ipvlan");
    let mut words: Vec<&str> = Vec::new();
    for line in text.lines() {
        // Index, queue and offload numbers belong to the kernel; what follows the mode is its defaults.
        words.push(line.split(": ").nth(1).unwrap_or_default());
        words.extend(line.split_whitespace().skip_while(|word| !word.starts_with('<')).take(3));
        words.extend(line.split_whitespace().skip_while(|word| *word != "link/ether").take(2));
        words.extend(line.split_whitespace().skip_while(|word| *word != "macvlan").take(3));
        words.extend(line.split_whitespace().skip_while(|word| *word != "ipvlan").take(4));
        words.extend(line.split_whitespace().skip_while(|word| *word != "master").take(2));
    }
    facts.note(format!("devices {when}"), words.join(" "));
}

/// The sysctls of each interface that a VRRP daemon touches.
pub fn sysctls(node: &Node) -> Vec<String> {
    let names = "arp_ignore,arp_filter,arp_announce,accept_local,rp_filter,promote_secondaries,forwarding";
    let text = node.sh(&format!(
        "grep -H . $(ls -d /proc/sys/net/ipv4/conf/*/* | grep -E '/({})$')",
        names.replace(',', "|")
    ));
    text.lines().map(|line| line.trim_start_matches("/proc/sys/net/").to_owned()).collect()
}

fn changed(before: &[String], after: &[String]) -> Vec<String> {
    after.iter().filter(|line| !before.contains(line)).cloned().collect()
}
