//! Beside another router, which is always the original: whom an instance follows, and what a reload makes of that.

use super::super::facts::{Facts, same};
use super::{GLOBAL, Journey, instance};
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Subject};
use crate::support::runner::Case;
use crate::support::wait;

pub fn cases() -> Vec<Case> {
    vec![
        same("journeys::elections", elections),
        same("journeys::group_address", |subject| group_address(subject, false)),
        same("journeys::group_address_of_its_own", |subject| group_address(subject, true)),
        same("journeys::refresh", refresh),
        Case::new("journeys::other_addresses_original", || {
            assert_eq!(other_addresses(Subject::Keepalived), [false; 4], "whom it does not hear");
        }),
        Case::new("journeys::other_addresses_ours", || {
            assert_eq!(other_addresses(Subject::Standfast), [true; 4]);
        }),
    ]
}

/// The other router's instances, without scripts.
fn other(instances: [(u8, &str); 4]) -> String {
    let each = instances.map(|(vrid, lines)| instance(&format!("O{vrid}"), vrid, lines));
    each.concat().replace("@SCRIPT@", "/usr/bin/true")
}

/// Starts the other router, and waits until it is master of these.
pub fn rival_of(
    router: &super::Router,
    text: &str,
    routers: impl IntoIterator<Item = u8> + Clone,
) -> Daemon {
    let heard = Capture::start(&router.node);
    let rival = Daemon::start(Subject::Keepalived, &router.neighbour, text);
    wait::until("the other is master of all", wait::seconds(15), || {
        let sent = heard.adverts_received("eth0");
        routers
            .clone()
            .into_iter()
            .all(|vrid| sent.iter().any(|(_, advert)| advert.vrrp.get(1) == Some(&vrid)))
    });
    rival
}

/// It is master of all, and its address is the higher one. Then it stops, and comes again.
fn elections(subject: Subject) -> Facts {
    let others = other([
        (64, "priority 200"),
        (65, "priority 200\n version 2\n advert_int 1"),
        (66, "priority 100\n nopreempt"),
        (67, "priority 100"),
    ]);
    let text = |interval: &str, slow: &str| {
        let each = [
            (64, format!("priority 100\n {interval}")),
            (65, format!("priority 100\n version 2\n {slow}")),
            (66, "priority 100\n nopreempt".to_owned()),
            (67, "priority 100\n nopreempt".to_owned()),
        ];
        let each = each.map(|(vrid, lines)| instance(&format!("I{vrid}"), vrid, &lines));
        format!("{GLOBAL}{}{}", each.concat(), instance("last", 68, "priority 100"))
    };
    // Started before the other one knows of it.
    let mut rival = None;
    let prepare = |router: &super::Router| {
        rival = Some(rival_of(router, &others, 64..=67));
    };
    let mut journey = Journey::start(subject, prepare, &text("advert_int 0.2", "advert_int 1"));
    let mut rival = rival.unwrap();
    journey.settle("beside a master", &[(68, 100)]);
    journey.note_addresses("beside a master");
    journey.reload(&text("advert_int 0.5", "advert_int 2"));
    journey.await_told("INSTANCE \"I65\" MASTER 100");
    journey.settle("with other intervals", &[(68, 100)]);
    journey.note_addresses("with other intervals");
    journey.reload(&text("advert_int 0.1", "advert_int 1"));
    wait::until("it hears the other again", wait::seconds(10), || {
        journey.told().iter().filter(|line| *line == "INSTANCE \"I65\" BACKUP 100").count() == 2
    });
    journey.settle("with shorter ones", &[(68, 100)]);
    assert!(rival.stop().success());
    journey.again();
    journey.settle("alone", &[(64, 100), (65, 100), (66, 100), (67, 100)]);
    let rival = Daemon::start(Subject::Keepalived, &journey.router.neighbour, &others);
    rival.await_master("O65", 1, wait::seconds(15));
    rival.await_master("O64", 1, wait::seconds(15));
    wait::until("it yields to better ones", wait::seconds(15), || {
        let backups = |vrid: u8| format!("INSTANCE \"I{vrid}\" BACKUP 100");
        let told = journey.told();
        (64..=65).all(|vrid| told.iter().filter(|line| **line == backups(vrid)).count() >= 2)
    });
    journey.again();
    journey.settle("beside an equal one", &[(66, 100), (67, 100), (68, 100)]);
    journey.note_addresses("beside an equal one");
    journey.finish()
}

/// The group that adverts go to is another one, and as before: that of all instances, or of one alone.
fn group_address(subject: Subject, own: bool) -> Facts {
    let text = |group: &str| {
        let group = if own { group.replace("vrrp_mcast_group4", "mcast_dst_ip") } else { group.to_owned() };
        let (all, one) = if own { ("", group.as_str()) } else { (group.as_str(), "") };
        let global = GLOBAL.replace("\n}\n", &format!("\n {all}\n}}\n"));
        let first = instance("I", 51, &format!("priority 100\n {one}"));
        format!("{global}{first}{}", instance("J", 52, "priority 255"))
    };
    let mut journey = Journey::start(subject, |_| {}, &text(""));
    for (when, group) in [
        ("at the start", ""),
        ("another", "vrrp_mcast_group4 224.0.0.77"),
        ("a third", "vrrp_mcast_group4 224.0.0.78"),
        ("as before", ""),
    ] {
        if when != "at the start" {
            journey.reload(&text(group));
        }
        journey.settle(when, &[(51, 100), (52, 255)]);
        let joined = journey.router.node.sh("ip -4 maddr show dev eth0 | grep -o '224[.0-9]*' | sort");
        journey.facts.note(format!("groups {when}"), joined);
    }
    journey.finish()
}

/// Virtual addresses are announced again and again, or not.
fn refresh(subject: Subject) -> Facts {
    let text = |more: &str| {
        let lines = format!("priority 255\n garp_master_delay 0\n garp_master_repeat 1\n {more}");
        format!("{GLOBAL}{}", instance("I", 51, &lines))
    };
    let mut journey = Journey::start(subject, |_| {}, &text("garp_master_refresh 1"));
    let announced = |journey: &Journey| journey.capture.announcements("eth0").len();
    wait::until("two refreshes", wait::seconds(10), || announced(&journey) >= 3);
    journey.reload(&text(""));
    journey.settle("without", &[(51, 255)]);
    // Seven adverts take longer than a refresh.
    let before = announced(&journey);
    for _ in 0..2 {
        journey.again();
        journey.settle("still without", &[(51, 255)]);
    }
    journey.facts.note("announced without refresh", (announced(&journey) - before).to_string());
    journey.reload(&text("garp_master_refresh 1\n garp_master_refresh_repeat 2"));
    let before = announced(&journey);
    wait::until("refreshes again, twice as many", wait::seconds(10), || announced(&journey) >= before + 4);
    journey.finish()
}

/// A better master has two addresses: one more, another one, and both beside `skip_check_adv_addr`. Whether it is heard.
fn other_addresses(subject: Subject) -> [bool; 4] {
    let list = |addresses: &str| format!("virtual_ipaddress {{\n {addresses}\n }}");
    let two = format!("priority 200\n {}", list("10.0.0.100/24\n 10.0.0.101/24"));
    let others = other([61, 62, 63, 64].map(|vrid| (vrid, two.as_str())));
    let lists = [
        list("10.0.0.100/24"),
        list("10.0.0.100/24\n 10.0.0.102/24"),
        format!("skip_check_adv_addr\n {}", list("10.0.0.100/24")),
        format!("skip_check_adv_addr\n {}", list("10.0.0.103/24")),
    ];
    let each = (61..)
        .zip(lists)
        .map(|(vrid, list)| instance(&format!("I{vrid}"), vrid, &format!("priority 100\n {list}")));
    let text = format!("{GLOBAL}{}{}", each.collect::<String>(), instance("last", 68, "priority 100"));
    let mut rival = None;
    let mut journey =
        Journey::start(subject, |router| rival = Some(rival_of(router, &others, 61..=64)), &text);
    // Those that hear nobody are master at the same time.
    journey.settle("all", &[(68, 100)]);
    journey.again();
    journey.settle("all, a little later", &[(68, 100)]);
    let told = journey.told();
    [61, 62, 63, 64]
        .map(|vrid| !told.iter().any(|line| *line == format!("INSTANCE \"I{vrid}\" MASTER 100")))
}
