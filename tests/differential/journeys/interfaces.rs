//! Interfaces that go, come, change their names, their sizes and their addresses while the daemon runs.

use super::super::facts::{Facts, same};
use super::{GLOBAL, Journey, instance};
use crate::support::daemon::Subject;
use crate::support::net::Node;
use crate::support::runner::Case;
use crate::support::wait;

pub fn cases() -> Vec<Case> {
    vec![same("journeys::interfaces", interfaces), same("journeys::used_interfaces", used_interfaces)]
}

fn add(node: &Node, number: u8) {
    node.sh(&format!(
        "ip link add w{number} type veth peer name x{number} && ip link set x{number} up && \
         ip addr add 10.{number}.0.1/24 dev w{number} && ip link set w{number} up"
    ));
}

/// One instance on each: `w1` is renamed, `w2` deleted, `w3` shrinks, `w4` loses its address, `w5` is set down; and back.
fn interfaces(subject: Subject) -> Facts {
    let global = GLOBAL.replace("\n}\n", "\n dynamic_interfaces\n}\n");
    let mut text = format!("{global}{}", instance("stays", 60, "priority 100"));
    for number in 1..=5 {
        let lines = format!(
            "interface w{number}\n priority 100\n virtual_ipaddress {{\n 10.{number}.0.50/32\n }}\n \
             virtual_ipaddress_excluded {{\n 10.{number}.0.60/32\n }}"
        );
        let own = instance(&format!("I{number}"), number, &lines.replace("interface w", "interface eth"));
        text += &own.replace(&format!("interface eth{number}"), &format!("interface w{number}"));
    }
    let prepare = |router: &super::Router| (1..=5).for_each(|number| add(&router.node, number));
    let mut journey = Journey::start(subject, prepare, &text);
    let told = |journey: &Journey, state: &str, times: usize| {
        for number in [1, 2, 4, 5] {
            let line = format!("INSTANCE \"I{number}\" {state} 100");
            wait::value(
                &format!("{line} {times} times"),
                wait::seconds(15),
                || (journey.told().iter().filter(|told| **told == line).count() >= times).then_some(()),
                || format!("{}\n{}", journey.told().join("\n"), journey.daemon.process().log()),
            );
        }
    };
    let note = |journey: &mut Journey, when: &str| {
        for name in ["w1", "w2", "w3", "w4", "w5", "other"] {
            let addresses = journey.router.node.addresses(name);
            journey.facts.list(format!("{name} {when}"), &addresses);
        }
    };
    let gone = |journey: &Journey, gone: bool| {
        for (device, number) in [("w4", 4), ("w5", 5)] {
            let address = format!("10.{number}.0.50/32");
            journey.router.node.await_address(device, &address, !gone, wait::seconds(5));
        }
    };
    told(&journey, "MASTER", 1);
    for round in 1..=2 {
        journey.router.node.sh(
            "ip link set w1 down; ip link set w1 name other; ip link set other up; ip link del w2; ip link set w3 mtu 900; \
             ip addr del 10.4.0.1/24 dev w4; ip link set w5 down",
        );
        told(&journey, "FAULT", round);
        journey.again();
        journey.settle("while they are away", &[(60, 100)]);
        gone(&journey, true);
        note(&mut journey, "while they are away");
        journey.router.node.sh(
            "ip link set other down; ip link set other name w1; ip link set w1 up; ip link set w3 mtu 1500; \
             ip addr add 10.4.0.1/24 dev w4; ip link set w5 up",
        );
        add(&journey.router.node, 2);
        told(&journey, "MASTER", round + 1);
        journey.again();
        journey.settle("back", &[(60, 100)]);
        gone(&journey, false);
        note(&mut journey, "back");
    }
    journey.finish()
}

/// What of an instance stands on eth1, which goes down and comes back; beside it what is tracked by name.
const USES: [&str; 17] = [
    "virtual_ipaddress {\n 10.1.0.111/24 dev eth1\n }",
    "virtual_ipaddress {\n 10.1.0.112/24 dev eth1 no_track\n }",
    "virtual_ipaddress {\n 10.0.0.113/24\n }\n virtual_ipaddress_excluded {\n 10.1.0.213/24 dev eth1\n }",
    "virtual_ipaddress {\n 10.0.0.114/24\n }\n virtual_ipaddress_excluded {\n 10.1.0.214/24 dev eth1 no_track\n }",
    "virtual_routes {\n 10.70.15.0/24 dev eth1\n }",
    "virtual_routes {\n 10.70.16.0/24 dev eth1 no_track\n }",
    "virtual_routes {\n 10.70.17.0/24 via 10.1.0.2 no_track\n }",
    "virtual_routes {\n 10.70.18.0/24 via 10.1.0.2 dev eth1\n }",
    "virtual_rules {\n iif eth1 table 100\n }",
    "virtual_rules {\n oif eth1 table 101\n }",
    "virtual_rules {\n iif eth1 table 102 no_track\n }",
    "virtual_ipaddress {\n 10.1.0.122/24 dev eth1\n }\n track_interface {\n eth1 weight 5\n }",
    "virtual_ipaddress {\n 10.1.0.123/24 dev eth1\n }\n track_interface {\n eth1 weight -5\n }",
    "virtual_ipaddress {\n 10.1.0.124/24 dev eth1 no_track\n }\n track_interface {\n eth1 weight -5\n }",
    "virtual_ipaddress {\n 10.1.0.125/24 dev eth1\n }\n dont_track_primary",
    "virtual_ipaddress {\n 10.1.0.126/24 dev eth1\n 10.1.0.226/24 dev eth1 no_track\n }",
    "virtual_ipaddress {\n 10.1.0.127/24 dev eth1 use_vmac\n }",
];

fn used_interfaces(subject: Subject) -> Facts {
    let text = {
        let each = (11..).zip(USES).map(|(vrid, lines)| {
            let lines = if lines.contains("virtual_ipaddress {") {
                lines.to_owned()
            } else {
                format!("virtual_ipaddress {{\n 10.0.0.1{vrid}/24\n }}\n {lines}")
            };
            instance(&format!("I{vrid}"), vrid, &format!("priority 100\n {lines}"))
        });
        // Members of a group that tracks what one of them stands on.
        let group =
            "vrrp_sync_group G {\n group {\n A\n B\n }\n track_interface {\n eth2 weight 5\n }\n}\n";
        let members =
            instance("A", 61, "priority 100") + &instance("B", 62, "interface eth2\n priority 100");
        let stays = instance("stays", 60, "priority 100");
        format!("{GLOBAL}{group}{}{}{stays}", each.collect::<String>(), members)
    };
    let prepare = |router: &super::Router| {
        router.node.sh(
            "ip link add eth2 type veth peer name x2 && ip link set x2 up && ip addr add 10.2.0.1/24 dev eth2 && \
             ip link set eth2 up",
        );
    };
    let mut journey = Journey::start(subject, prepare, &text);
    // Of a group's tracker the weight counts for whom does not stand on it.
    let all: Vec<(u8, u8)> =
        (11..28).chain([60, 61]).map(|vrid| (vrid, if vrid == 61 { 105 } else { 100 })).collect();
    journey.settle("at the start", &all);
    journey.router.node.sh("ip link set eth1 down");
    journey.await_told("INSTANCE \"I27\" FAULT 100");
    journey.again();
    journey.settle(
        "while it is down",
        &[(12, 100), (14, 100), (16, 100), (17, 100), (21, 100), (24, 95), (60, 100), (61, 105)],
    );
    // A reload in between does not make it well.
    journey.reload(&text);
    journey.settle("after a reload", &[(12, 100), (14, 100), (16, 100), (24, 95), (60, 100)]);
    journey.router.node.sh("ip link set eth1 up");
    journey.again();
    journey.settle("when it is back", &all);
    journey.finish()
}
