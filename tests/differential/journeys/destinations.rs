//! Where adverts go: to a group of the instance's own, or to peers that there are none of.

use super::super::facts::{Facts, same};
use super::elections::rival_of;
use super::{GLOBAL, Journey, Router, instance};
use crate::support::daemon::Subject;
use crate::support::runner::Case;
use std::collections::BTreeSet;

pub fn cases() -> Vec<Case> {
    vec![
        same("journeys::group_of_an_instance", group_of_an_instance),
        same("journeys::fault_without_peers", fault_without_peers),
    ]
}

/// An instance with these lines and this address.
fn at(name: &str, vrid: u8, address: &str, lines: &str) -> String {
    instance(name, vrid, &format!("priority 100\n {lines}\n virtual_ipaddress {{\n {address}\n }}"))
}

/// Which virtual router speaks to whom.
fn spoken(journey: &Journey) -> BTreeSet<String> {
    let sent = journey.capture.adverts_sent("eth0").into_iter();
    sent.map(|(_, advert)| format!("{} to {}", advert.vrrp[1], advert.target)).collect()
}

/// Three routers share a VRID, each with a group of its own; a better master speaks to one of the groups. The same
/// over IPv6.
fn group_of_an_instance(subject: Subject) -> Facts {
    let text = |more: &str| {
        let each = [
            at("I", 51, "10.0.0.51/24", "mcast_dst_ip 224.0.0.77"),
            at("J", 51, "10.0.0.52/24", "mcast_dst_ip 224.0.0.78"),
            at("K", 51, "10.0.0.53/24", ""),
            at("L", 61, "fe80::61/64", "mcast_dst_ip ff02::77"),
            at("M", 61, "fe80::62/64", "mcast_dst_ip ff02::78"),
        ];
        format!("{GLOBAL}{}{}", each.concat(), instance("last", 68, &format!("priority 100\n {more}")))
    };
    let better = [("O51", 51, "10.0.0.52/24", "224.0.0.78"), ("O61", 61, "fe80::62/64", "ff02::78")];
    let better = better.map(|(name, vrid, address, group)| {
        let other = at(name, vrid, address, &format!("mcast_dst_ip {group}"));
        other.replace("priority 100", "priority 200").replace("@SCRIPT@", "/usr/bin/true")
    });
    let mut rival = None;
    let prepare = |router: &Router| {
        router.enable_ipv6();
        rival = Some(rival_of(router, &better.concat(), [51, 61]));
    };
    let mut journey = Journey::start(subject, prepare, &text(""));
    for name in ["I", "K", "L"] {
        journey.await_told(&format!("INSTANCE \"{name}\" MASTER 100"));
    }
    journey.settle("beside a master of two", &[(68, 100)]);
    journey.again();
    journey.settle("still", &[(68, 100)]);
    let spoken = spoken(&journey);
    journey.facts.list("spoken", &spoken.into_iter().collect::<Vec<_>>());
    let joined = "ip maddr show dev eth0 | grep -oE '224[.0-9]*|ff02::7[0-9]' | sort";
    journey.facts.note("groups", journey.router.node.sh(joined));
    journey.note_addresses("beside a master of two");
    if subject == Subject::Standfast {
        // 2.2.7 begins J, K and M anew, of which nothing is another.
        let entered = journey.daemon.process().count("Entering ");
        journey.reload(&text("garp_master_delay 3"));
        assert_eq!(journey.daemon.process().count("Entering "), entered);
    }
    journey.finish()
}

/// Reloads give peers and take them.
fn fault_without_peers(subject: Subject) -> Facts {
    let source = "priority 100\n unicast_src_ip 10.0.0.1";
    let text = |peers: &str| {
        let each = [
            (51, format!("{source}\n unicast_fault_no_peer\n {peers}")),
            (52, format!("priority 100\n unicast_fault_no_peer\n {peers}")),
            (53, source.to_owned()),
        ];
        let each = each.map(|(vrid, lines)| instance(&format!("I{vrid}"), vrid, &lines));
        format!("{GLOBAL}{}", each.concat())
    };
    let mut journey = Journey::start(subject, |_| {}, &text(""));
    for name in ["I51", "I52"] {
        journey.await_told(&format!("INSTANCE \"{name}\" FAULT 100"));
    }
    journey.settle("without peers", &[(53, 100)]);
    journey.note_addresses("without peers");
    journey.reload(&text("unicast_peer {\n 10.0.0.2\n }"));
    journey.settle("with a peer", &[(51, 100), (52, 100), (53, 100)]);
    journey.note_addresses("with a peer");
    journey.reload(&text(""));
    journey.settle("without it again", &[(51, 0), (52, 0), (53, 100)]);
    journey.note_addresses("without it again");
    journey.finish()
}
