//! Interfaces that go, come, change their names, their sizes and their addresses while the daemon runs.

use super::super::facts::{Facts, same};
use super::{GLOBAL, Journey, instance};
use crate::support::daemon::Subject;
use crate::support::net::Node;
use crate::support::runner::Case;
use crate::support::wait;

pub fn cases() -> Vec<Case> {
    vec![same("journeys::interfaces", interfaces)]
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
