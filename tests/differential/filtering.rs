//! `no_accept`, `accept`, strict mode and virtual MACs: who is answered at a virtual address, and the tables of nftables
//! where an operator looks for them.

use super::elections::Pair;
use super::facts::{Facts, said, same};
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Subject};
use crate::support::echo::{self, Echo};
use crate::support::frame::Frame;
use crate::support::net::Node;
use crate::support::runner::Case;
use crate::support::wait;
use std::time::Duration;

/// What is special of an instance: global lines, its own lines, whether over IPv6.
const FLAVOURS: [(&str, &str, &str, bool); 12] = [
    ("no_accept", "", "no_accept", false),
    ("accept", "", "accept", false),
    ("version_3", "", "version 3\n no_accept", false),
    ("strict", "vrrp_strict", "version 3", false),
    ("strict_accept", "vrrp_strict", "version 3\n accept", false),
    ("owner", "", "no_accept\n priority 255", false),
    ("virtual_mac", "", "use_vmac", false),
    ("virtual_mac_no_accept", "", "use_vmac\n no_accept", false),
    ("named", "nftables edge\n nftables_priority -20\n nftables_counters", "no_accept", false),
    ("ipv6", "", "no_accept", true),
    ("ipv6_by_index", "nftables\n nftables_ifindex", "no_accept", true),
    ("iptables", "vrrp_iptables\n vrrp_ipsets", "no_accept", false),
];

pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = FLAVOURS
        .into_iter()
        .map(|(name, global, lines, ipv6)| {
            same(format!("filtering::{name}"), move |subject| answers(subject, global, lines, ipv6))
        })
        .collect();
    cases.push(Case::new("filtering::killed", killed));
    cases.push(Case::new("filtering::reload", reload));
    cases.push(Case::new("filtering::ipv6_virtual_mac", ipv6_virtual_mac));
    cases
}

const VIP: &str = "10.0.0.50";
const VIP6: &str = "2001:db8::50";

fn config(global: &str, lines: &str, ipv6: bool) -> String {
    let (addresses, other) = match ipv6 {
        true => (format!("fe80::50/64\n {VIP6}/64"), "10.0.0.51/24"),
        false => (format!("{VIP}/24"), "10.0.0.51/24"),
    };
    format!(
        "global_defs {{\n {global}\n}}\nvrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 150\n \
         {lines}\n virtual_ipaddress {{\n {addresses}\n }}\n virtual_ipaddress_excluded {{\n {other}\n }}\n}}\n"
    )
}

/// As an operator lists it, without what counts or has a number.
fn ruleset(node: &Node) -> String {
    // Stateless: counters without their figures. Which family came first says nothing.
    let text = node.sh("nft -s list ruleset");
    let mut tables: Vec<&str> = text.split_inclusive("\n}\n").collect();
    tables.sort_unstable();
    tables.concat()
}

fn pings(node: &Node, address: &str) -> bool {
    node.try_sh(&format!("ping -c1 -W1 {address}")).status.success()
}

/// Who is answered by a master, and what is left when it stops.
fn answers(subject: Subject, global: &str, lines: &str, ipv6: bool) -> Facts {
    let pair = Pair::new();
    let [server, client] = &pair.nodes;
    if ipv6 {
        for (node, number) in pair.nodes.iter().zip(1..) {
            node.enable_ipv6("eth0", &format!("2001:db8::{number}/64"));
        }
    }
    let mut facts = Facts::default();
    let mut daemon = Daemon::start(subject, server, &config(global, lines, ipv6));
    daemon.await_master("I", 1, wait::seconds(10));
    let (vip, own) = if ipv6 { (VIP6, "2001:db8::1") } else { (VIP, "10.0.0.1") };
    let interface = if lines.contains("use_vmac") { "vrrp.51" } else { "eth0" };
    let length = "24";
    server.await_address(interface, &format!("10.0.0.51/{length}"), true, wait::seconds(5));
    let everywhere = if ipv6 { "[::]:22" } else { "0.0.0.0:22" };
    let _ssh = Echo::start(server, everywhere);
    let port = |address: &str| if ipv6 { format!("[{address}]:22") } else { format!("{address}:22") };
    facts.note("ping of the virtual address", pings(client, vip).to_string());
    facts.note("ping of the excluded address", pings(client, "10.0.0.51").to_string());
    facts.note("ping of the own address", pings(client, own).to_string());
    facts.note("ping by the host itself", pings(server, vip).to_string());
    let asks = |address: &str| echo::ask(client, &port(address), Duration::from_secs(1)).is_some();
    facts.note("ssh to the virtual address", asks(vip).to_string());
    facts.note("ssh to the own address", asks(own).to_string());
    let neighbours = client.sh("ip neigh show");
    let known =
        neighbours.lines().any(|line| line.starts_with(&format!("{vip} ")) && line.contains("lladdr"));
    facts.note("the virtual address has a MAC", known.to_string());
    facts.note("the tables", ruleset(server));
    let said = said(daemon.process(), &["iptables not supported"]);
    facts.note("complaints", said.len().to_string());
    assert!(daemon.stop().success());
    facts.note("what is left", ruleset(server));
    facts
}

/// What a killed daemon left is gone as soon as another one starts.
fn killed() {
    let pair = Pair::new();
    let server = &pair.nodes[0];
    let mut daemon = Daemon::start(Subject::Standfast, server, &config("", "no_accept", false));
    daemon.await_master("I", 1, wait::seconds(10));
    server.await_address("eth0", "10.0.0.51/24", true, wait::seconds(5));
    daemon.kill();
    let left = ruleset(server);
    assert!(left.contains("10.0.0.50"), "{left}");
    let mut daemon = Daemon::start(Subject::Standfast, server, &config("", "no_accept", false));
    daemon.await_line("(I) Entering BACKUP STATE", wait::seconds(5));
    wait::until("the tables go", wait::seconds(2), || ruleset(server).is_empty());
    daemon.await_master("I", 1, wait::seconds(10));
    server.await_address("eth0", "10.0.0.51/24", true, wait::seconds(5));
    assert_eq!(ruleset(server), left);
    assert!(daemon.stop().success());
    assert_eq!(ruleset(server), "");
}

/// A master follows its file without a moment in which it is none.
fn reload() {
    let pair = Pair::new();
    let [server, client] = &pair.nodes;
    let mut daemon = Daemon::start(Subject::Standfast, server, &config("", "no_accept", false));
    daemon.await_master("I", 1, wait::seconds(10));
    server.await_address("eth0", "10.0.0.51/24", true, wait::seconds(5));
    assert!(!pings(client, VIP));
    daemon.reload(&config("", "accept", false));
    wait::until("it is answered", wait::seconds(3), || pings(client, VIP));
    assert_eq!(ruleset(server), "");
    daemon.reload(&config("", "no_accept", false));
    wait::until("it is not answered", wait::seconds(3), || !pings(client, VIP));
    let more = config("", "no_accept", false).replace("10.0.0.51/24", "10.0.0.51/24\n 10.0.0.52/24");
    daemon.reload(&more);
    wait::until("another one too", wait::seconds(3), || ruleset(server).contains("10.0.0.52"));
    assert!(!pings(client, "10.0.0.52"));
    daemon.reload(&config("nftables_counters\n nftables_priority 7", "no_accept", false));
    wait::until("another look", wait::seconds(3), || {
        let tables = ruleset(server);
        tables.contains("counter")
            && tables.contains("priority filter + 7")
            && !tables.contains("10.0.0.52")
    });
    assert!(!pings(client, VIP));
    assert_eq!(daemon.process().count("Entering MASTER"), 1);
    assert!(daemon.stop().success());
    assert_eq!(ruleset(server), "");
}

/// Of the groups of a device only its parent tells: its own address must not be seen while it is no master's.
fn ipv6_virtual_mac() {
    let pair = Pair::new();
    let [server, client] = &pair.nodes;
    for (node, number) in pair.nodes.iter().zip(1..) {
        node.enable_ipv6("eth0", &format!("2001:db8::{number}/64"));
    }
    let capture = Capture::start(client);
    let text = config("", "use_vmac\n no_accept", true);
    let mut daemon = Daemon::start(Subject::Standfast, server, &text);
    daemon.await_master("I", 1, wait::seconds(10));
    server.await_address("vrrp.51", &format!("{VIP6}/64"), true, wait::seconds(5));
    let tables = ruleset(server);
    for part in ["\"vrrp.51\" : \"eth0\"", "fe80::50 . \"vrrp.51\"", "2001:db8::50", "chain in_link_local"]
    {
        assert!(tables.contains(part), "{part} in\n{tables}");
    }
    assert!(!pings(client, VIP6));
    assert!(!pings(client, "fe80::50%eth0"));
    assert!(pings(client, "2001:db8::1"));
    let of_router = |mac: Option<[u8; 6]>| mac.is_some_and(|mac| mac.starts_with(&[0, 0, 0x5e]));
    let from_device = |frame: &Frame| frame.is_group_report() && of_router(frame.source_mac());
    wait::until("its groups are reported by the parent", wait::seconds(5), || {
        capture.frames().iter().any(|frame| !frame.outgoing && frame.is_group_report())
    });
    assert_eq!(capture.frames().iter().filter(|frame| from_device(frame)).count(), 0);
    assert!(daemon.stop().success());
    assert_eq!(ruleset(server), "");
}
