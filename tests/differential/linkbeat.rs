//! `linkbeat_interfaces`: links whose drivers are asked once a second, by keepalived and by ours.

use super::lifecycle::Router;
use crate::support::daemon::{Daemon, Subject};
use crate::support::runner::Case;
use crate::support::wait;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("linkbeat::links_original", || links(Subject::Keepalived)),
        Case::new("linkbeat::links_ours", || links(Subject::Standfast)),
        Case::new("linkbeat::follows_the_file_ours", follows_the_file),
    ]
}

fn config(top: &str) -> String {
    format!(
        "{top}\nvrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 100\n advert_int 1\n \
         track_interface {{\n beat1\n beat2\n }}\n virtual_ipaddress {{\n 10.0.0.50/24\n }}\n}}\n"
    )
}

const POLLED: &str = "linkbeat_interfaces {\n beat1 ETHTOOL\n beat2 MII\n beat3\n}";

fn scene() -> Router {
    let router = Router::new();
    for number in 1..=3 {
        let pair = format!("ip link add beat{number} type veth peer name far{number}");
        router.node.sh(&format!("{pair}; ip link set beat{number} up; ip link set far{number} up"));
    }
    router
}

/// Links that go and come: the lines of the log are the same, and what the instance does.
fn links(subject: Subject) {
    let router = scene();
    let daemon = Daemon::start(subject, &router.node, &config(POLLED));
    let nth = |line: &str, nth| daemon.process().await_nth(line, nth, wait::seconds(10));
    nth("(beat2): Configured linkbeat type MII not supported, using ETHTOOL", 1);
    nth("Using MII-BMSR/ETHTOOL NIC polling thread(s)...", 1);
    nth("(I) Entering MASTER STATE", 1);
    for (round, link) in (1..).zip(["1", "2"]) {
        router.node.sh(&format!("ip link set far{link} down"));
        nth(&format!("Linkbeat reports beat{link} down"), 1);
        nth("(I) Entering FAULT STATE", round);
        router.node.sh(&format!("ip link set far{link} up"));
        nth(&format!("Linkbeat reports beat{link} up"), 1);
        nth("(I) Entering BACKUP STATE", round + 1);
        nth("(I) Entering MASTER STATE", round + 1);
    }
    // The kernel is not asked of these links, and nobody follows the third.
    router.node.sh("ip link set far3 down");
    router.node.sh("ip link set far1 down");
    nth("Linkbeat reports beat1 down", 2);
    let log = daemon.process().log();
    assert_eq!(daemon.process().count("Netlink reports beat"), 0, "{log}");
    assert_eq!(daemon.process().count("beat3 down"), 0, "{log}");
}

/// A reload begins and ends it; an interface that is made anew is asked again.
fn follows_the_file() {
    let router = scene();
    let daemon = Daemon::start(Subject::Standfast, &router.node, &config(""));
    let nth = |line: &str, nth| daemon.process().await_nth(line, nth, wait::seconds(10));
    nth("(I) Entering MASTER STATE", 1);
    router.node.sh("ip link set far1 down");
    nth("Netlink reports beat1 down", 1);
    router.node.sh("ip link set far1 up");
    nth("(I) Entering BACKUP STATE", 2);
    daemon.reload(&config(POLLED));
    nth("Using MII-BMSR/ETHTOOL NIC polling thread(s)...", 1);
    router.node.sh("ip link del beat1");
    nth("Interface beat1 deleted", 1);
    nth("(I) Entering FAULT STATE", 2);
    router.node.sh("ip link add beat1 type veth peer name far1; ip link set far1 up; ip link set beat1 up");
    nth("(I) Entering BACKUP STATE", 3);
    router.node.sh("ip link set far1 down");
    nth("Linkbeat reports beat1 down", 1);
    daemon.reload(&config("linkbeat_use_polling"));
    router.node.sh("ip link set far1 up");
    nth("(I) Entering BACKUP STATE", 4);
    router.node.sh("ip link set beat1 up; ip link set eth0 down");
    nth("Linkbeat reports eth0 down", 1);
}
