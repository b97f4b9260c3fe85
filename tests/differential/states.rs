//! What the state machine makes of links, sources and clocks: delays, flaps, loss.

use super::elections::Pair;
use super::facts::{Facts, grepped, said, same};
use super::lifecycle::Router;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Subject};
use crate::support::runner::Case;
use crate::support::{forged, wait};
use std::time::{Duration, Instant};

pub fn cases() -> Vec<Case> {
    vec![
        same("states::link_flaps", |subject| link(subject, "1.5 1", true)),
        same("states::link_lost_for_longer", |subject| link(subject, "1 0.7", false)),
        same("states::link_loss_has_a_limit", |subject| link(subject, "7 1.5", false)),
        Case::new("states::link_gain_has_a_limit_original", || {
            assert!(
                !link_gain_takes(Subject::Keepalived, 3.5),
                "keepalived has mended it: one difference less"
            );
        }),
        Case::new("states::link_gain_has_a_limit_ours", || {
            assert!(link_gain_takes(Subject::Standfast, 3.5));
        }),
        same("states::startup_delay", startup_delay),
        same("states::down_timer_adverts", down_timer_adverts),
        same("states::higher_priority_is_answered", |subject| {
            higher_priority(subject, "higher_prio_send_advert")
        }),
        same("states::higher_priority_is_not_answered", |subject| higher_priority(subject, "")),
        same("states::lower_priority_is_answered", |subject| lower_priority(subject, "", "")),
        same("states::lower_priority_is_not_answered", |subject| {
            lower_priority(subject, "", "lower_prio_no_advert")
        }),
        same("states::lower_priority_is_answered_by_nobody", |subject| {
            lower_priority(subject, "global_defs {\n vrrp_lower_prio_no_advert\n}", "")
        }),
        same("states::dont_track_primary", dont_track_primary),
        same("states::resignation_heard_by_a_master", |subject| heard(subject, [10, 0, 0, 2], 0)),
        same("states::own_address_heard", |subject| heard(subject, [10, 0, 0, 1], 200)),
        same("states::unicast_ttl_of_a_peer", |subject| unicast(subject, " min_ttl 200 max_ttl 250")),
        same("states::unicast_without_a_ttl", |subject| unicast(subject, "")),
        same("states::unicast_source_unknown", |subject| unicast_source(subject, "")),
        same("states::unicast_source_checked_for_all", |subject| {
            unicast_source(subject, "global_defs {\n vrrp_check_unicast_src\n}")
        }),
        same("states::higher_address_heard", |subject| heard(subject, [10, 0, 0, 2], 200)),
        Case::new("states::source_address_lost_original", || {
            assert!(!source_lost(Subject::Keepalived), "keepalived has mended it: one difference less");
        }),
        Case::new("states::source_address_lost_ours", || assert!(source_lost(Subject::Standfast))),
    ]
}

fn config(more: &str, lines: &str) -> String {
    format!(
        "{more}\nvrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 255\n {lines}\n \
         virtual_ipaddress {{ 10.0.0.50 }}\n}}\n"
    )
}

/// The link of the neighbour's end goes down and up: how long it takes to count.
fn link(subject: Subject, delays: &str, short: bool) -> Facts {
    let router = Router::new();
    let text = config(&format!("interface_up_down_delays {{\n eth0 {delays}\n}}"), "");
    let daemon = Daemon::start(subject, &router.node, &text);
    daemon.await_master("I", 1, wait::seconds(10));
    let mut facts = Facts::default();
    let tolerance = Duration::from_millis(350);
    if short {
        router.carrier(false);
        wait::until("the node has seen it", wait::seconds(3), || {
            router.node.sh("ip -o link show eth0").contains("NO-CARRIER")
        });
        router.carrier(true);
        let capture = Capture::start(&router.node);
        wait::until("three adverts more", wait::seconds(9), || capture.adverts_sent("eth0").len() >= 3);
    } else {
        let down = Instant::now();
        router.carrier(false);
        let fault = daemon.await_line("(I) Entering FAULT STATE", wait::seconds(10));
        facts.time("from down to FAULT", fault - down, tolerance);
        let up = Instant::now();
        router.carrier(true);
        let backup = daemon.await_line("(I) Entering BACKUP STATE", wait::seconds(10));
        facts.time("from up to BACKUP", backup - up, tolerance);
        // An owner too waits for its master-down time after a FAULT.
        let master = daemon.await_master("I", 2, wait::seconds(10));
        facts.time("from BACKUP to MASTER", master - backup, tolerance);
    }
    facts.list("log", &grepped(daemon.process()));
    facts
}

/// Whether it takes so many seconds until a link that is there again counts, where the file says so.
fn link_gain_takes(subject: Subject, seconds: f64) -> bool {
    let router = Router::new();
    let text = config(&format!("interface_up_down_delays {{\n eth0 0 {seconds}\n}}"), "");
    let daemon = Daemon::start(subject, &router.node, &text);
    daemon.await_master("I", 1, wait::seconds(10));
    router.carrier(false);
    daemon.await_line("(I) Entering FAULT STATE", wait::seconds(10));
    let up = Instant::now();
    router.carrier(true);
    let backup = daemon.await_line("(I) Entering BACKUP STATE", wait::seconds(10));
    backup - up >= Duration::from_secs_f64(seconds)
}

/// Nobody is master before the delay is over.
fn startup_delay(subject: Subject) -> Facts {
    let router = Router::new();
    let text = config("global_defs {\n vrrp_startup_delay 2.5\n}", "priority 200");
    let daemon = Daemon::start(subject, &router.node, &text);
    let begun = daemon.await_line("Delaying startup for ", wait::seconds(5));
    let master = daemon.await_master("I", 1, wait::seconds(15));
    let mut facts = Facts::default();
    facts.time("from the start to MASTER", master - begun, Duration::from_millis(900));
    facts
}

/// More or fewer adverts may be missed.
fn down_timer_adverts(subject: Subject) -> Facts {
    let router = Router::new();
    let text = config("", "priority 200\n version 3\n advert_int 0.5\n down_timer_adverts 6");
    let daemon = Daemon::start(subject, &router.node, &text);
    let backup = daemon.await_line("(I) Entering BACKUP STATE", wait::seconds(5));
    let master = daemon.await_master("I", 1, wait::seconds(12));
    let mut facts = Facts::default();
    facts.time("from BACKUP to MASTER", master - backup, Duration::from_millis(400));
    facts
}

/// The link goes and comes back, and is nobody's business.
fn dont_track_primary(subject: Subject) -> Facts {
    let router = Router::new();
    let daemon = Daemon::start(subject, &router.node, &config("", "priority 200\n dont_track_primary"));
    daemon.await_master("I", 1, wait::seconds(10));
    let mut facts = Facts::default();
    router.carrier(false);
    wait::until("the node has seen it", wait::seconds(3), || {
        router.node.sh("ip -o link show eth0").contains("NO-CARRIER")
    });
    // Longer than an interval.
    let lost = Instant::now();
    wait::until("two seconds", wait::seconds(5), || lost.elapsed() > Duration::from_secs(2));
    facts.list("addresses without a link", &router.node.addresses("eth0"));
    router.carrier(true);
    let capture = Capture::start(&router.node);
    wait::until("three adverts more", wait::seconds(9), || capture.adverts_sent("eth0").len() >= 3);
    facts.note("FAULT", daemon.process().count("Entering FAULT STATE").to_string());
    facts.note("MASTER", daemon.process().count("Entering MASTER STATE").to_string());
    facts
}

/// A master of priority 200 hears one advert of this priority from this address.
fn heard(subject: Subject, source: [u8; 4], priority: u8) -> Facts {
    let router = Router::new();
    let daemon = Daemon::start(subject, &router.node, &config("", "priority 200"));
    daemon.await_master("I", 1, wait::seconds(10));
    let capture = Capture::start(&router.node);
    // In the middle between two adverts, so that an answer is none of them.
    wait::until("an advert", wait::seconds(5), || !capture.adverts_sent("eth0").is_empty());
    std::thread::sleep(Duration::from_millis(400));
    let said = Instant::now();
    forged::send(&router.neighbour, [10, 0, 0, 2], source, &forged::advert(51, priority));
    wait::until("it has been heard", wait::seconds(5), || !capture.adverts_received("eth0").is_empty());
    wait::until("a second", wait::seconds(5), || said.elapsed() > Duration::from_millis(1300));
    let soon = said..said + Duration::from_millis(300);
    let answers = capture.adverts_sent("eth0").iter().filter(|(at, _)| soon.contains(at)).count();
    let mut facts = Facts::default();
    facts.note("answers at once", answers.to_string());
    facts.note("BACKUP", daemon.process().count("Entering BACKUP STATE").to_string());
    facts
}

/// Better masters speak to a master of unicast with one peer: which of them make it a backup?
fn unicast(subject: Subject, ttl: &str) -> Facts {
    let mut facts = Facts::default();
    for (source, sent) in [(2, 250), (2, 200), (2, 251), (2, 199), (3, 225), (3, 255)] {
        let router = Router::new();
        let lines = format!(
            "priority 200\n advert_int 1\n unicast_src_ip 10.0.0.1\n unicast_peer {{\n 10.0.0.2{ttl}\n }}"
        );
        let daemon = Daemon::start(subject, &router.node, &config("", &lines));
        daemon.await_master("I", 1, wait::seconds(10));
        let capture = Capture::start(&router.node);
        let advert = forged::advert(51, 240);
        forged::send_to(&router.neighbour, [10, 0, 0, 2], [10, 0, 0, source], [10, 0, 0, 1], sent, &advert);
        let yielded = || daemon.process().count("(I) Entering BACKUP STATE") > 1;
        wait::until("a BACKUP, or two adverts", wait::seconds(9), || {
            yielded() || capture.adverts_sent("eth0").len() >= 2
        });
        facts.note(format!("heard of 10.0.0.{source} with TTL {sent}"), yielded().to_string());
    }
    facts
}

/// Claims of lower priority reach an owner, first from who is no peer: which are heard.
fn unicast_source(subject: Subject, global: &str) -> Facts {
    let router = Router::new();
    let lines = "unicast_src_ip 10.0.0.1\n unicast_peer {\n 10.0.0.2\n }";
    let daemon = Daemon::start(subject, &router.node, &config(global, lines));
    daemon.await_master("I", 1, wait::seconds(10));
    for source in [3, 2] {
        let advert = forged::advert(51, 100);
        forged::send_to(&router.neighbour, [10, 0, 0, 2], [10, 0, 0, source], [10, 0, 0, 1], 255, &advert);
    }
    daemon.await_line("Received advert from 10.0.0.2 with lower priority", wait::seconds(5));
    let mut facts = Facts::default();
    facts.list("what of the source", &said(daemon.process(), &["10.0.0.3"]));
    facts
}

/// An owner of long patience hears a claim of lower priority: what it sends at once.
fn lower_priority(subject: Subject, global: &str, lines: &str) -> Facts {
    let router = Router::new();
    let capture = Capture::start(&router.node);
    let lines = format!("advert_int 40\n garp_master_delay 0\n garp_master_repeat 1\n {lines}");
    let daemon = Daemon::start(subject, &router.node, &config(global, &lines));
    daemon.await_master("I", 1, wait::seconds(10));
    let mut claim = forged::advert(51, 100);
    claim[5..8].copy_from_slice(&[40, 0, 0]);
    forged::send(&router.neighbour, [10, 0, 0, 2], [10, 0, 0, 2], &forged::sealed(claim));
    daemon.await_line("with lower priority 100, ours 255", wait::seconds(5));
    // What is announced then follows the answer.
    wait::until("the second announcement", wait::seconds(5), || capture.announcements("eth0").len() >= 2);
    let mut facts = Facts::default();
    facts.note("adverts", capture.adverts_sent("eth0").len().to_string());
    facts.list("what is said", &said(daemon.process(), &["lower priority"]));
    facts
}

/// A better master appears: is it answered before the address is given up?
fn higher_priority(subject: Subject, lines: &str) -> Facts {
    let pair = Pair::new();
    let first = pair.start(subject, 0, 100, lines);
    first.await_master("I", 1, wait::seconds(10));
    pair.cut(true);
    let second = pair.start(subject, 1, 200, lines);
    second.await_master("I", 1, wait::seconds(15));
    let capture = Capture::start(&pair.nodes[0]);
    pair.cut(false);
    pair.await_holder(0, false, wait::seconds(10));
    // The frame may be read after the address has gone.
    wait::until("the frame is read", wait::seconds(5), || !capture.adverts_received("eth0").is_empty());
    let heard = capture.adverts_received("eth0").first().map(|(at, _)| *at).unwrap();
    let answered = capture.adverts_sent("eth0").iter().any(|(at, _)| *at >= heard);
    let mut facts = Facts::default();
    facts.note("the better one was answered", answered.to_string());
    first.process().await_nth("(I) Entering BACKUP STATE", 2, wait::seconds(5));
    facts.note("the first has yielded", first.process().count("Entering BACKUP STATE").to_string());
    facts
}

/// Whether the loss of a tracked source is noticed.
fn source_lost(subject: Subject) -> bool {
    let router = Router::new();
    router.node.sh("ip addr add 10.0.0.9/24 dev eth0");
    let daemon = Daemon::start(subject, &router.node, &config("", "mcast_src_ip 10.0.0.9\n track_src_ip"));
    daemon.await_master("I", 1, wait::seconds(10));
    let capture = Capture::start(&router.node);
    router.node.sh("ip addr del 10.0.0.9/24 dev eth0");
    let noticed = || daemon.process().count("Entering FAULT STATE") > 0;
    wait::until("a FAULT, or three adverts more", wait::seconds(9), || {
        noticed() || capture.adverts_sent("eth0").len() >= 3
    });
    noticed()
}
