//! Devices that this machine's own kernel may not have: ipvlans, and virtual MACs on VLANs, on macvlans and in VRFs. Each
//! scenario is one of the differential tests, on both daemons.

use crate::differential::facts::{Facts, said, same};
use crate::differential::interop;
use crate::differential::lifecycle::{self, Router};
use crate::support::below::Below;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Subject};
use crate::support::frame::Advert;
use crate::support::net::Net;
use crate::support::runner::Case;
use crate::support::wait;
use std::time::Instant;

/// From start to stop, as in `differential::lifecycle`.
const IPVLANS: [(&str, &str); 6] = [
    ("plain", "use_ipvlan 10.0.0.5/24\n virtual_ipaddress { 10.0.0.50/24\n 10.1.0.50/24 dev eth1 }"),
    ("named_private", "use_ipvlan vip0 10.0.0.5/24 private\n virtual_ipaddress { 10.0.0.50 }"),
    (
        "vepa_with_source",
        "use_ipvlan vepa 10.0.0.5/24\n mcast_src_ip 10.0.0.7\n virtual_ipaddress { 10.0.0.50/24 }",
    ),
    ("unicast", "use_ipvlan 10.0.0.5/24\n unicast_peer { 10.0.0.2 }\n virtual_ipaddress { 10.0.0.50/24 }"),
    ("ipv6", "use_ipvlan\n virtual_ipaddress { fe80::50\n 2001:db8::50/64 }"),
    ("ipv6_with_address", "use_ipvlan 2001:db8::5/64\n virtual_ipaddress { fe80::50 }"),
];

/// The same on other parents.
const VMACS: [(Below, &str, &str); 10] = [
    (Below::Vlan, "virtual_mac", PLAIN),
    (Below::Vlan, "of_addresses", OF_ADDRESSES),
    (Below::Vlan, "ipv6", OVER_IPV6),
    (Below::Macvlan, "virtual_mac", PLAIN),
    (Below::Macvlan, "xmit_base", XMIT_BASE),
    (Below::Vrf, "virtual_mac", PLAIN),
    (Below::Vrf, "xmit_base", XMIT_BASE),
    (Below::Vrf, "of_addresses", OF_ADDRESSES),
    (Below::Vrf, "ipv6", OVER_IPV6),
    (Below::Vrf, "ipvlan", "use_ipvlan 10.0.0.5/24\n virtual_ipaddress { 10.0.0.50/24 }"),
];
const PLAIN: &str = "use_vmac\n virtual_ipaddress { 10.0.0.50/24 }";
const XMIT_BASE: &str = "use_vmac vip0\n vmac_xmit_base\n virtual_ipaddress { 10.0.0.50/24 }";
const OF_ADDRESSES: &str =
    "use_vmac\n use_vmac_addr\n virtual_ipaddress { 10.0.0.50/24\n 10.1.0.50/24 dev eth1 }";
const OVER_IPV6: &str = "use_vmac\n virtual_ipaddress { fe80::50\n 2001:db8::50/64 }";

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (below, name, lines) in VMACS {
        cases.push(same(format!("vm::parents::{}::{name}", below.name()), move |subject| {
            lifecycle::observe(subject, below, lines)
        }));
    }
    for (pair, master, backup) in interop::PAIRS {
        for (below, name, lines) in [
            (Below::Vlan, "virtual_mac", "use_vmac"),
            (Below::Macvlan, "virtual_mac", "use_vmac"),
            (Below::Vrf, "virtual_mac", "use_vmac"),
            (Below::Vrf, "ipv6_virtual_mac", "native_ipv6\n use_vmac"),
        ] {
            cases.push(Case::new(format!("vm::parents::{}::{pair}::{name}", below.name()), move || {
                interop::lead(master, backup, below, lines)
            }));
        }
    }
    for (name, lines) in IPVLANS {
        cases.push(same(format!("vm::ipvlan::{name}"), move |subject| {
            lifecycle::observe(subject, Below::Cable, lines)
        }));
    }
    for (pair, master, backup) in interop::PAIRS {
        for (name, lines) in [
            ("multicast", "use_ipvlan 10.0.0.10ME/24"),
            ("unicast", "use_ipvlan 10.0.0.10ME/24\n unicast_peer { 10.0.0.10PEER }"),
            ("ipv6", "use_ipvlan # over ipv6"),
        ] {
            cases.push(Case::new(format!("vm::ipvlan::{pair}::{name}"), move || {
                interop::lead(master, backup, Below::Cable, lines)
            }));
        }
    }
    cases.push(same("vm::ipvlan::without_address", without_address));
    cases.push(Case::new("vm::ipvlan::changes", ipvlan_changes));
    cases.push(same("vm::parents::vrf::moves", parent_moves));
    cases.push(Case::new("vm::standfast::unicast_in_a_vrf", unicast_in_a_vrf));
    cases
}

fn config(lines: &str) -> String {
    format!(
        "vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 200\n {lines}\n \
         virtual_ipaddress {{\n 10.0.0.50/24\n }}\n}}\n"
    )
}

/// An IPv4 ipvlan without an address: FAULT for good, whatever else the file and the host say.
fn without_address(subject: Subject) -> Facts {
    let router = Router::new();
    let mut facts = Facts::default();
    let other =
        config("use_ipvlan 10.0.0.6/24").replace("instance I", "instance J").replace("id 51", "id 52");
    let text = config("use_ipvlan\n mcast_src_ip 10.0.0.7") + &other.replace("0.50/", "0.52/");
    let mut daemon = Daemon::start(subject, &router.node, &text);
    daemon.await_line("Startup complete", wait::seconds(15));
    router.node.await_address("eth0", "10.0.0.1/24", true, wait::seconds(5));
    wait::until("the device", wait::seconds(10), || {
        router.node.try_sh("ip link show vrrp.51").status.success()
    });
    router.node.sh("ip addr add 10.0.0.77/24 dev vrrp.51");
    // One that takes part and stands beside it has become master twice over by then.
    let capture = Capture::start(&router.node);
    let beside = |(_, advert): &(Instant, Advert)| advert.vrrp[1] == 52;
    wait::until("adverts of the other", wait::seconds(20), || {
        capture.adverts_sent("eth0").iter().filter(|advert| beside(advert)).count() > 3
    });
    let adverts = capture.adverts_sent("eth0");
    facts.note("adverts of its own", adverts.iter().filter(|advert| !beside(advert)).count().to_string());
    let why =
        "(I) IPv4 ipvlan requires a source ip address to be configured. setting instance to fault state";
    facts.note("the reason is said", daemon.process().count(why).to_string());
    facts.note("exit status", daemon.stop().to_string());
    facts.note("left", router.node.sh("ip -o link show type ipvlan"));
    facts
}

/// Somebody removes the device; then it gets another address, another mode, and goes.
fn ipvlan_changes() {
    let router = Router::new();
    let node = &router.node;
    let mut daemon = Daemon::start(Subject::Standfast, node, &config("use_ipvlan 10.0.0.5/24"));
    daemon.await_master("I", 1, wait::seconds(15));
    node.sh("ip link del vrrp.51");
    daemon.await_master("I", 2, wait::seconds(20));
    node.await_address("vrrp.51", "10.0.0.5/24", true, wait::seconds(5));
    let from = |source: &str| {
        let capture = Capture::start(node);
        let is_from = |(_, advert): &(Instant, Advert)| advert.source.to_string() == source;
        wait::until(&format!("adverts from {source}"), wait::seconds(15), || {
            capture.adverts_sent("eth0").iter().any(is_from)
        });
    };
    from("10.0.0.5");
    daemon.reload(&config("use_ipvlan 10.0.0.6/24 private"));
    node.await_address("vrrp.51", "10.0.0.6/24", true, wait::seconds(5));
    assert_eq!(node.addresses("vrrp.51").len(), 1, "{:?}", node.addresses("vrrp.51"));
    assert!(node.sh("ip -d link show vrrp.51").contains("mode l2 private"));
    from("10.0.0.6");
    assert_eq!(daemon.process().count("Entering MASTER STATE"), 2, "the reload left it master");
    daemon.reload(&config("# none"));
    wait::until("it is gone", wait::seconds(10), || !node.try_sh("ip link show vrrp.51").status.success());
    daemon.await_master("I", 3, wait::seconds(20));
    from("10.0.0.1");
    assert!(daemon.stop().success());
}

/// The parent of a master's VMAC is put into a VRF and taken out of it again.
fn parent_moves(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let mut facts = Facts::default();
    let daemon = Daemon::start(subject, node, &config("use_vmac"));
    daemon.await_master("I", 1, wait::seconds(15));
    node.await_address("vrrp.51", "10.0.0.50/24", true, wait::seconds(5));
    let goes = |where_to: &str, word: bool| {
        node.sh(&format!("ip link set eth0 {where_to}"));
        wait::until(&format!("the VMAC follows: {where_to}"), wait::seconds(15), || {
            node.sh("ip -o link show vrrp.51").contains("master red") == word
        });
    };
    node.sh("ip link add red type vrf table 100; ip link set red up");
    goes("master red", true);
    goes("nomaster", false);
    node.await_address("vrrp.51", "10.0.0.50/24", true, wait::seconds(15));
    facts.calls("states", said(daemon.process(), &["Entering "]));
    facts
}

/// `vrf` without an interface: two routers speak through their VRFs. keepalived 2.2.7 has the word, and refuses every
/// such instance for want of an interface; so 2.4.3's manual is all that there is to go by.
fn unicast_in_a_vrf() {
    let net = Net::new();
    let (one, two) = (net.node("one"), net.node("two"));
    net.cable((&one, "eth0", "10.0.0.1/24"), (&two, "eth0", "10.0.0.2/24"));
    for node in [&one, &two] {
        node.sh("ip link add red type vrf table 100; ip link set red up; ip link set eth0 master red");
    }
    let config = |own: u8, peer: u8, priority: u8| {
        format!(
            "vrrp_instance I {{\n vrf red\n virtual_router_id 51\n priority {priority}\n advert_int 1\n \
             unicast_src_ip 10.0.0.{own}\n unicast_peer {{\n 10.0.0.{peer}\n }}\n \
             virtual_ipaddress {{\n 10.0.0.50/24 dev eth0\n }}\n}}\n"
        )
    };
    let capture = Capture::start(&two);
    let master = Daemon::start(Subject::Standfast, &one, &config(1, 2, 150));
    master.await_master("I", 1, wait::seconds(15));
    one.await_address("eth0", "10.0.0.50/24", true, wait::seconds(5));
    let backup = Daemon::start(Subject::Standfast, &two, &config(2, 1, 100));
    backup.await_line("(I) master set to 10.0.0.1", wait::seconds(15));
    one.sh("ip link set red down");
    master.await_line("(I): entering FAULT state (interface red down)", wait::seconds(10));
    backup.await_master("I", 1, wait::seconds(15));
    two.await_address("eth0", "10.0.0.50/24", true, wait::seconds(5));
    one.await_address("eth0", "10.0.0.50/24", false, wait::seconds(5));
    // With its link the VRF has lost its routes.
    one.sh("ip link set red up; ip link set eth0 down; ip link set eth0 up");
    master.await_master("I", 2, wait::seconds(15));
    // The cable has two ends: both have begun anew, and on a busy host the better one may be the later one.
    let holders = || [&one, &two].map(|node| node.has("eth0", "10.0.0.50/24"));
    wait::until("the first alone has the address", wait::seconds(15), || holders() == [true, false]);
    let heard = || capture.adverts_received("eth0").len();
    let before = heard();
    wait::until("five adverts more, longer than a master-down time", wait::seconds(15), || {
        heard() >= before + 5
    });
    assert_eq!(holders(), [true, false], "{}", backup.process().log());
}
