//! Reloads that change what an instance is, and what belongs to none.

use super::super::facts::{Facts, same};
use super::{GLOBAL, Journey, instance};
use crate::support::daemon::Subject;
use crate::support::runner::Case;

pub fn cases() -> Vec<Case> {
    vec![
        same("journeys::instances", instances),
        same("journeys::statics", statics),
        same("journeys::groups", groups),
    ]
}

const ADDRESSES: [&str; 3] = [
    "virtual_ipaddress {\n 10.0.0.51/24\n 10.0.0.151/24\n }\n virtual_ipaddress_excluded {\n 10.0.0.161/24\n }",
    "virtual_ipaddress {\n 10.0.0.51/24\n 10.0.0.161/24\n }\n virtual_ipaddress_excluded {\n 10.0.0.171/24\n }",
    "virtual_ipaddress {\n 10.0.0.51/24\n }\n virtual_ipaddress_excluded {\n 10.0.0.161/24\n 10.0.0.151/24\n }",
];

/// Each is something else after each reload, and at last what it was.
fn instances(subject: Subject) -> Facts {
    let text = |addresses: usize, rest: [String; 8]| {
        let first = instance("I51", 51, &format!("priority 100\n {}", ADDRESSES[addresses]));
        format!("{GLOBAL}{first}{}", rest.concat())
    };
    let peers =
        |peers: &str| format!("priority 100\n unicast_src_ip 10.0.0.1\n unicast_peer {{\n {peers}\n }}");
    let plain = "priority 100";
    let first = [
        instance("I52", 52, plain),
        instance("I53", 53, plain),
        instance("I54", 54, plain),
        instance("I55", 55, &peers("10.0.0.2")),
        instance("I56", 56, plain),
        instance("I57", 57, plain),
        instance("I58", 58, plain),
        instance("I59", 59, "priority 100\n use_vmac"),
    ];
    let mut journey = Journey::start(
        subject,
        |router| drop(router.neighbour.sh("ip addr add 10.0.0.3/24 dev eth0")),
        &text(0, first.clone()),
    );
    let all: Vec<(u8, u8)> = (51..=59).map(|vrid| (vrid, 100)).collect();
    journey.settle("at the start", &all);
    journey.note_addresses("at the start");
    journey.reload(&text(
        1,
        [
            instance("I52", 52, "priority 100\n use_vmac"),
            instance("another", 53, plain),
            instance("I54", 64, plain),
            instance("I55", 55, &peers("10.0.0.2\n 10.0.0.3")),
            instance("I56", 56, &peers("10.0.0.2")),
            instance("I57", 57, "priority 255"),
            instance("I58", 58, "interface eth1\n priority 100"),
            instance("I59", 59, plain),
        ],
    ));
    let changed: Vec<(u8, u8)> = [51, 52, 53, 64, 55, 56, 57, 58, 59]
        .map(|vrid| (vrid, if vrid == 57 { 255 } else { 100 }))
        .to_vec();
    journey.settle("changed", &changed);
    journey.note_addresses("changed");
    journey.reload(&text(
        2,
        [
            instance("I52", 52, "priority 100\n advert_int 0.3"),
            instance("I53", 53, plain),
            instance("I54", 54, "priority 90"),
            instance("I55", 55, &peers("10.0.0.3")),
            instance("I56", 56, "priority 100\n mcast_src_ip 10.0.0.9"),
            instance("I57", 57, "priority 120\n nopreempt"),
            instance("I58", 58, "priority 100\n virtual_ipaddress {\n 10.0.0.58/25 label eth0:x\n }"),
            instance("I59", 59, "priority 100\n use_vmac named0"),
        ],
    ));
    journey.settle(
        "changed again",
        &[(51, 100), (52, 100), (53, 100), (54, 90), (55, 100), (57, 120), (58, 100), (59, 100)],
    );
    journey.note_addresses("changed again");
    journey.reload(&text(0, first));
    journey.settle("at last", &all);
    journey.note_addresses("at last");
    journey.finish()
}

/// Addresses, routes and rules of the host that come and go.
fn statics(subject: Subject) -> Facts {
    let text = |address: &str, routes: &str, rules: &str| {
        let mut text = format!("{GLOBAL}{}", instance("I51", 51, "priority 255"));
        for (name, lines) in [("ipaddress", address), ("routes", routes), ("rules", rules)] {
            if !lines.is_empty() {
                text += &format!("static_{name} {{\n {}\n}}\n", lines.replace(';', "\n"));
            }
        }
        text
    };
    let (addresses, routes, rules) = (
        "10.0.0.71/24 dev eth0; 10.0.0.72/32 dev eth0; 10.1.0.71/24 dev eth1",
        "10.60.1.0/24 via 10.0.0.2 dev eth0; 10.60.2.0/24 via 10.1.0.2 dev eth1 metric 5; blackhole 10.60.3.0/24",
        "from 10.61.1.0/24 table 77 preference 700; to 10.61.2.0/24 lookup 78 preference 701",
    );
    let steps = [
        ("all", text(addresses, routes, rules)),
        (
            "some",
            text(
                "10.0.0.72/32 dev eth0; 10.0.0.73/32 dev eth1",
                "10.60.2.0/24 via 10.1.0.2 dev eth1 metric 6; 10.60.4.0/24 dev eth0",
                "to 10.61.2.0/24 lookup 78 preference 701; from 10.61.3.0/24 table 79 preference 702",
            ),
        ),
        ("none", text("", "", "")),
        ("all again", text(addresses, routes, rules)),
        ("no routes", text(addresses, "", rules)),
        ("no addresses", text("", routes, rules)),
        ("no rules", text("", routes, "")),
    ];
    let mut journey = Journey::start(subject, |_| {}, &steps[0].1);
    for (index, (when, text)) in steps.iter().enumerate() {
        if index > 0 {
            journey.reload(text);
        }
        journey.settle(when, &[(51, 255)]);
        journey.note_addresses(when);
        let node = &journey.router.node;
        let kernel = node.sh("ip -4 route show table all | grep ^.*10.60; ip -4 rule; true");
        journey.facts.note(format!("routes and rules: {when}"), kernel);
    }
    journey.finish()
}

/// Members that come and go, and the groups themselves.
fn groups(subject: Subject) -> Facts {
    let text = |groups: &[(&str, &str)]| {
        let mut text = GLOBAL.to_owned();
        for (name, members) in groups {
            text +=
                &format!("vrrp_sync_group {name} {{\n group {{\n {members}\n }}\n notify @SCRIPT@\n}}\n");
        }
        for vrid in 51..=55 {
            text += &instance(&format!("I{vrid}"), vrid, "priority 100");
        }
        text
    };
    let mut journey = Journey::start(subject, |_| {}, &text(&[("G", "I51\n I52")]));
    let all: Vec<(u8, u8)> = (51..=55).map(|vrid| (vrid, 100)).collect();
    journey.settle("at the start", &all);
    for (when, groups) in [
        ("a member more", &[("G", "I51\n I52\n I53")][..]),
        ("others", &[("G", "I52\n I53"), ("H", "I54\n I55")]),
        ("another name", &[("K", "I52\n I53"), ("H", "I54\n I51")]),
        ("none", &[]),
        ("as it was", &[("G", "I51\n I52")]),
    ] {
        journey.reload(&text(groups));
        journey.settle(when, &all);
        journey.note_addresses(when);
    }
    journey.finish()
}
