//! `use_vmac` on an address's line and `use_vmac_addr`: which devices there are, what is on them, and who announces.

use super::facts::{Facts, same};
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Subject};
use crate::support::net::Net;
use crate::support::runner::Case;
use crate::support::wait;

/// Global lines, those of the instance, its addresses, and the addresses to wait for.
type Flavour = (&'static str, &'static str, &'static str, &'static str);

const FLAVOURS: [Flavour; 4] = [
    ("on_a_line", "", "", "10.0.0.50/24 use_vmac\n 10.1.0.51/24 dev eth1\n 10.1.0.52/24 dev eth1 use_vmac"),
    ("all_elsewhere", "", "use_vmac_addr", "10.0.0.50/24\n 10.1.0.51/24 dev eth1\n 10.1.0.52/24 dev eth1"),
    (
        "beside_the_instances",
        "vmac_prefix lab",
        "use_vmac\n use_vmac_addr",
        "10.0.0.50/24\n 10.0.0.53/24 dev eth0\n 10.1.0.51/24 dev eth1",
    ),
    (
        "with_a_prefix_and_a_mac",
        "vmac_addr_prefix edge",
        "use_vmac 02:11:22:33:44:55\n use_vmac_addr",
        "10.0.0.50/24\n 10.1.0.51/24 dev eth1",
    ),
];

pub fn cases() -> Vec<Case> {
    FLAVOURS
        .into_iter()
        .map(|flavour| {
            same(format!("address_vmacs::{}", flavour.0), move |subject| devices(subject, flavour))
        })
        .collect()
}

fn devices(subject: Subject, (_, global, lines, addresses): Flavour) -> Facts {
    let net = Net::new();
    let (node, peer) = (net.node("one"), net.node("two"));
    net.cable((&node, "eth0", "10.0.0.1/24"), (&peer, "eth0", "10.0.0.2/24"));
    net.cable((&node, "eth1", "10.1.0.1/24"), (&peer, "eth1", "10.1.0.2/24"));
    for number in 0..2 {
        node.sh(&format!("ip link set eth{number} address 02:00:00:00:00:1{number}"));
    }
    let text = format!(
        "global_defs {{\n {global}\n}}\nvrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 150\n \
         {lines}\n virtual_ipaddress {{\n {addresses}\n }}\n}}\n"
    );
    let capture = Capture::start(&peer);
    let mut daemon = Daemon::start(subject, &node, &text);
    let mut facts = Facts::default();
    daemon.await_line("(I) Entering BACKUP STATE", wait::seconds(5));
    let links = || {
        let mut links: Vec<String> = node
            .sh("ip -br link show type macvlan")
            .lines()
            .map(|line| line.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
            .collect();
        links.sort();
        links
    };
    facts.list("devices of a backup", &links());
    daemon.await_master("I", 1, wait::seconds(10));
    // Each address is announced five times at first, from the device that it is on.
    let count = addresses.lines().count();
    let announced = || -> Vec<String> {
        let frames = capture.frames();
        let heard = frames.iter().filter(|frame| !frame.outgoing);
        let mut list: Vec<String> = heard
            .filter_map(|frame| {
                let (address, _) = frame.announcement()?;
                let mac = frame.source_mac()?;
                Some(format!("{address} on {} from {mac:x?}", frame.interface))
            })
            .collect();
        list.sort();
        list
    };
    wait::until("every address is announced", wait::seconds(5), || announced().len() >= 5 * count);
    let mut unique = announced();
    unique.dedup();
    facts.list("who announces", &unique);
    let mut held: Vec<String> = node
        .sh("ip -4 -br addr")
        .lines()
        .map(|line| {
            line.split_whitespace()
                .filter(|word| *word != "UP" && *word != "UNKNOWN")
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    held.sort();
    facts.list("addresses", &held);
    assert!(daemon.stop().success());
    facts.list("what is left", &links());
    facts
}
