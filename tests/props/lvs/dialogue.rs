//! "At 3 s this check fails, then we expect that": keepalived's behaviour step by step.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::check::{BfdCheck, SmtpCheck};
use standfast::config::model::{Check, CheckKind};
use standfast::health::outcome::{Length, Outcome, Success};
use standfast::lvs::event::Event;
use standfast::objects::ipvs::Op;

use super::kernel::Kernel;
use super::node::{Node, outcome};
use super::sample::*;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn all_well(_: IpAddr, _: usize) -> bool {
    true
}

/// Everything answers but this real server.
fn but(n: u8) -> impl Fn(IpAddr, usize) -> bool {
    move |address, _| address != real_key(n).address
}

fn none(_: IpAddr, _: usize) -> bool {
    false
}

#[test]
fn real_servers_start_up_and_the_first_failure_is_final() {
    let mut node = Node::start(config([service(1, [real(1), real(2)])]), Kernel::default());
    assert_eq!(
        node.heard(),
        [
            "Gained quorum 1+0=1 <= 2 for VS [10.0.0.1]:tcp:80",
            "run quorum_up",
            "Activating healthchecker for service [10.0.1.1]:tcp:80 for VS [10.0.0.1]:tcp:80",
            "Activating healthchecker for service [10.0.1.2]:tcp:80 for VS [10.0.0.1]:tcp:80",
        ]
    );
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 1), (real_key(2), 1)]);
    node.run(secs(1), but(2));
    assert_eq!(
        node.heard(),
        [
            "TCP connection to [10.0.1.1]:tcp:80 success.",
            "TCP_CHECK on service [10.0.1.2]:tcp:80 failed.",
            "Removing service [10.0.1.2]:tcp:80 from VS [10.0.0.1]:tcp:80",
            "run down 2",
        ]
    );
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 1)]);
}

#[test]
fn new_servers_that_are_up_are_told_where_asked() {
    let told = |services: &[u8]| {
        let service = service(1, services.iter().map(|n| if *n == 2 { alpha(real(2)) } else { real(*n) }));
        let mut config = Arc::unwrap_or_clone(config([service]));
        config.global.rs_init_notifies = true;
        Arc::new(config)
    };
    let mut node = Node::start(told(&[1, 2]), Kernel::default());
    let heard: Vec<_> = node.heard().into_iter().filter(|line| !line.starts_with("Activating")).collect();
    let gained = "Gained quorum 1+0=1 <= 1 for VS [10.0.0.1]:tcp:80";
    assert_eq!(heard, ["run up 1", gained, "run quorum_up"], "one that waits for its check is not up");
    node.run(secs(1), all_well);
    assert_eq!(node.heard().iter().filter(|line| *line == "run up 2").count(), 1);
    node.handle(Event::Reconfigure(told(&[1, 2, 3])));
    let runs: Vec<_> = node.heard().into_iter().filter(|line| line.starts_with("run")).collect();
    assert_eq!(runs, ["run up 3"]);
}

#[test]
fn a_running_server_has_its_retries_and_returns_with_one_success() {
    let mut node = Node::start(config([service(1, [real(1), real(2)])]), Kernel::default());
    node.run(secs(1), all_well);
    node.heard();
    node.written();
    node.run(secs(10), but(2));
    assert_eq!(node.heard(), [""; 0], "one failure is not yet a fact");
    node.run(secs(1), but(2));
    assert_eq!(
        node.heard(),
        [
            "TCP_CHECK on service [10.0.1.2]:tcp:80 failed after 1 retries.",
            "Removing service [10.0.1.2]:tcp:80 from VS [10.0.0.1]:tcp:80",
            "run down 2",
        ]
    );
    assert_eq!(node.written(), [Op::DelDest(service_key(1), real_key(2))]);
    node.run(secs(9), all_well);
    assert_eq!(node.heard(), [""; 0], "while down it is asked once per delay_loop");
    node.run(secs(1), all_well);
    assert_eq!(
        node.heard(),
        [
            "TCP connection to [10.0.1.2]:tcp:80 success.",
            "Adding service [10.0.1.2]:tcp:80 to VS [10.0.0.1]:tcp:80",
            "run up 2",
        ]
    );
    assert_eq!(node.written().len(), 1);
}

#[test]
fn the_sorry_server_comes_before_the_last_server_goes() {
    let mut virtual_server = service(1, [inhibit(real(1)), real(2)]);
    virtual_server.quorum = 2;
    virtual_server.sorry_server = sorry();
    let mut node = Node::start(config([virtual_server]), Kernel::default());
    node.heard();
    node.written();
    node.run(secs(1), but(1));
    assert_eq!(
        node.heard(),
        [
            "TCP_CHECK on service [10.0.1.1]:tcp:80 failed.",
            "Disabling service [10.0.1.1]:tcp:80 of VS [10.0.0.1]:tcp:80",
            "run down 1",
            "Lost quorum 2-0=2 > 1 for VS [10.0.0.1]:tcp:80",
            "Adding sorry server [10.0.9.9]:tcp:80 to VS [10.0.0.1]:tcp:80",
            "Removing alive servers from the pool for VS [10.0.0.1]:tcp:80",
            "run quorum_down",
            "TCP connection to [10.0.1.2]:tcp:80 success.",
        ]
    );
    let written = node.written();
    assert!(matches!(
        &written[..],
        [Op::NewDest(_, first, _), Op::SetDest(_, second, down), Op::DelDest(_, third)]
            if (*first, *second, *third) == (sorry_key(), real_key(1), real_key(2)) && down.weight == 0
    ));
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 0), (sorry_key(), 1)]);

    node.run(secs(10), all_well);
    assert_eq!(
        node.heard(),
        [
            "TCP connection to [10.0.1.1]:tcp:80 success.",
            "Enabling service [10.0.1.1]:tcp:80 of VS [10.0.0.1]:tcp:80",
            "run up 1",
            "Gained quorum 2+0=2 <= 2 for VS [10.0.0.1]:tcp:80",
            "Removing sorry server [10.0.9.9]:tcp:80 from VS [10.0.0.1]:tcp:80",
            "Adding alive servers to the pool for VS [10.0.0.1]:tcp:80",
            "run quorum_up",
        ]
    );
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 1), (real_key(2), 1)]);
}

#[test]
fn without_a_sorry_server_the_rest_stays_when_the_quorum_is_lost() {
    let mut virtual_server = service(1, [real(1), real(2)]);
    virtual_server.quorum = 2;
    let mut node = Node::start(config([virtual_server]), Kernel::default());
    node.run(secs(1), but(1));
    assert!(node.heard().contains(&"Lost quorum 2-0=2 > 1 for VS [10.0.0.1]:tcp:80".to_owned()));
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(2), 1)]);
}

#[test]
fn servers_that_come_up_behind_the_sorry_server_only_count() {
    let mut virtual_server = service(1, [real(1), real(2), real(3)]);
    virtual_server.quorum = 2;
    virtual_server.sorry_server = sorry();
    let mut node = Node::start(config([virtual_server]), Kernel::default());
    node.run(secs(1), none);
    node.written();
    node.heard();
    node.run(secs(10), |address, _| address == real_key(3).address);
    assert_eq!(
        node.heard(),
        [
            "TCP connection to [10.0.1.3]:tcp:80 success.",
            "Adding service [10.0.1.3]:tcp:80 to VS [10.0.0.1]:tcp:80",
            "run up 3",
        ]
    );
    assert_eq!(node.written(), []);
    assert_eq!(node.kernel.weights(service_key(1)), [(sorry_key(), 1)]);
}

#[test]
fn alpha_servers_come_in_when_they_have_passed() {
    let mut virtual_server = service(1, [alpha(real(1)), inhibit(alpha(real(2)))]);
    virtual_server.sorry_server = sorry();
    let mut node = Node::start(config([virtual_server]), Kernel::default());
    assert_eq!(
        node.heard()[..4],
        [
            "Starting with quorum down 1-0=1 > 0 for VS [10.0.0.1]:tcp:80",
            "Adding sorry server [10.0.9.9]:tcp:80 to VS [10.0.0.1]:tcp:80",
            "Removing alive servers from the pool for VS [10.0.0.1]:tcp:80",
            "run quorum_down",
        ]
    );
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(2), 0), (sorry_key(), 1)]);
    node.run(secs(1), but(2));
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 1), (real_key(2), 0)]);
    let heard = node.heard();
    assert!(heard.contains(&"run up 1".to_owned()) && heard.contains(&"run quorum_up".to_owned()));
    assert!(heard.contains(&"run down 2".to_owned()), "a first failure is told though nothing changed");
}

#[test]
fn an_alpha_service_without_sorry_server_starts_in_silence() {
    let mut node = Node::start(config([service(1, [alpha(real(1))])]), Kernel::default());
    assert_eq!(
        node.heard(),
        ["Activating healthchecker for service [10.0.1.1]:tcp:80 for VS [10.0.0.1]:tcp:80"]
    );
    assert_eq!(node.kernel.weights(service_key(1)), []);
}

#[test]
fn a_server_is_up_when_all_its_checkers_are() {
    let mut both = real(1);
    both.checks.push(Arc::new(http(real_key(2).address, &["/a"])));
    let mut node = Node::start(config([service(1, [both, real(3)])]), Kernel::default());
    node.run(secs(1), none);
    node.heard();
    node.run(secs(10), |address, _| address == real_key(1).address);
    assert_eq!(node.heard(), ["TCP connection to [10.0.1.1]:tcp:80 success."]);
    assert_eq!(node.kernel.weights(service_key(1)), []);
    node.run(secs(10), all_well);
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(3), 1)], "the url must pass twice");
    node.run(secs(10), all_well);
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 1), (real_key(3), 1)]);
}

#[test]
fn a_late_answer_of_a_forgotten_probe_is_ignored() {
    let started = config([service(1, [real(1)])]);
    let mut node = Node::start(started.clone(), Kernel::default());
    node.now = node.director.deadline().unwrap();
    node.expire();
    let (checker, generation, url) = node.probes[0];
    node.handle(Event::Reconfigure(config([])));
    node.handle(Event::Reconfigure(started));
    node.now = node.director.deadline().unwrap();
    node.expire();
    assert_eq!(node.probes[1].0, checker, "another checker in the same slot, asked by another probe");
    node.heard();
    node.handle(Event::Probed { checker, generation, outcome: outcome(false, url) });
    assert_eq!(node.heard(), [""; 0]);
    assert!(node.kernel.serves(service_key(1)));
}

#[test]
fn stop_takes_ours_and_omega_runs_the_scripts() {
    let foreign = Node::start(config([service(7, [real(7)])]), Kernel::default()).kernel;
    let mut with_omega = service(1, [real(1)]);
    with_omega.omega = true;
    let mut node = Node::start(config([with_omega, service(2, [real(2)])]), foreign.clone());
    node.heard();
    node.handle(Event::Stop);
    assert_eq!(
        node.heard(),
        [
            "Shutting down service [10.0.1.1]:tcp:80 from VS [10.0.0.1]:tcp:80",
            "run down 1",
            "run quorum_down",
            "Shutting down service [10.0.1.2]:tcp:80 from VS [10.0.0.2]:tcp:80",
        ]
    );
    assert_eq!(node.kernel, foreign);
    assert_eq!(node.director.deadline(), None);
}

#[test]
fn reload_keeps_what_is_known_and_writes_the_difference() {
    let before = config([service(1, [real(1), real(2), real(3)]), service(2, [real(1)])]);
    let mut node = Node::start(before, Kernel::default());
    node.run(secs(1), but(2));
    node.heard();
    node.written();
    let next_probe = node.director.deadline();

    let mut first = service(1, [weight(5, real(1)), real(2), real(4)]);
    first.scheduler = "wrr".into();
    node.handle(Event::Reconfigure(config([first.clone(), service(3, [real(1)])])));
    assert_eq!(
        node.heard(),
        [
            "Changing weight from 1 to 5 for active service [10.0.1.1]:tcp:80 of VS [10.0.0.1]:tcp:80",
            "service [10.0.1.3]:tcp:80 no longer exist",
            "Removing service [10.0.1.3]:tcp:80 from VS [10.0.0.1]:tcp:80",
            "run down 3",
            "Gained quorum 1+0=1 <= 1 for VS [10.0.0.3]:tcp:80",
            "run quorum_up",
            "Removing Virtual Server [10.0.0.2]:tcp:80",
            "Removing service [10.0.1.1]:tcp:80 from VS [10.0.0.2]:tcp:80",
            "run down 1",
            "run quorum_down",
            "Activating healthchecker for service [10.0.1.4]:tcp:80 for VS [10.0.0.1]:tcp:80",
            "Activating healthchecker for service [10.0.1.1]:tcp:80 for VS [10.0.0.3]:tcp:80",
        ]
    );
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 5), (real_key(4), 1)]);
    assert_eq!(node.kernel.services[&service_key(1)].0.scheduler.as_ref(), "wrr");
    assert!(!node.kernel.services.contains_key(&service_key(2)));
    assert!(node.written().iter().any(|op| matches!(op, Op::SetService(..))), "edited in place");
    assert!(node.director.deadline() <= next_probe, "the checkers' rhythm is not disturbed");

    let mut again = first;
    again.real_servers[0].weight = 6;
    node.handle(Event::Reconfigure(config([again, service(3, [real(1)])])));
    assert_eq!(node.written().len(), 1, "one changed weight is one write");
    assert!(matches!(node.heard()[..], [_]));
}

#[test]
fn an_edited_check_does_not_bring_a_dead_server_back_nor_kill_a_live_one() {
    let mut node = Node::start(config([service(1, [real(1), real(2)])]), Kernel::default());
    node.run(secs(1), but(2));
    let mut edited = service(1, [real(1), real(2)]);
    for real in &mut edited.real_servers {
        Arc::make_mut(&mut first_check(real).pace).connect_timeout = secs(1);
        first_check(real).alpha = true;
    }
    node.handle(Event::Reconfigure(config([edited])));
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 1)]);
    node.run(secs(1), all_well);
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 1), (real_key(2), 1)]);
}

#[test]
fn a_server_whose_failing_check_is_gone_comes_back() {
    let mut node = Node::start(config([service(1, [real(1), real(2)])]), Kernel::default());
    node.run(secs(1), but(2));
    node.heard();
    let mut edited = service(1, [real(1), real(2)]);
    edited.real_servers[1].checks.clear();
    node.handle(Event::Reconfigure(config([edited])));
    assert_eq!(node.heard(), ["Adding service [10.0.1.2]:tcp:80 to VS [10.0.0.1]:tcp:80", "run up 2"]);
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 1), (real_key(2), 1)]);
}

#[test]
fn an_odd_length_is_said_when_it_is_news() {
    let mut server = real(1);
    server.checks[0] = Arc::new(http(server.address, &["/a"]));
    let mut node = Node::start(config([service(1, [server])]), Kernel::default());
    let mut said = Vec::new();
    for announced in [50, 50, 6, 50, 50, 40, 40] {
        node.now = node.director.deadline().unwrap();
        node.expire();
        let (checker, generation, url) = node.probes.remove(0);
        let length = (announced != 6).then(|| Box::new(Length { announced, received: 6 }));
        let (digest_compared, pattern_compared) = (false, false);
        let page = Success::Http { url, status: 200, digest_compared, pattern_compared, length };
        node.handle(Event::Probed { checker, generation, outcome: Outcome::Success(page) });
        let heard = node.heard().into_iter().filter(|line| line.starts_with("http_check"));
        said.push(heard.collect::<Vec<_>>().join(""));
    }
    let line = |announced: u64| {
        let of = "http_check for RS [10.0.1.1]:tcp:80 VS [10.0.0.1]:tcp:80 url /a";
        format!("{of}: content_length ({announced}) does not match received bytes (6)")
    };
    assert_eq!(said, [line(50), "".into(), "".into(), line(50), "".into(), line(40), "".into()]);
}

#[test]
fn urls_are_logged_and_probed_in_turn() {
    let mut web = real(1);
    web.checks = smallvec::smallvec![Arc::new(http(real_key(1).address, &["/a", "/b"]))];
    Arc::make_mut(&mut first_check(&mut web).pace).retry = 0;
    let mut node = Node::start(config([service(1, [web, real(2)])]), Kernel::default());
    node.run(secs(1), all_well);
    node.heard();
    node.run(secs(10), all_well);
    assert_eq!(
        node.heard(),
        ["Remote Web server [10.0.1.1]:tcp:80 succeed on service."],
        "who counts as up passes without a word for each url"
    );
    node.run(secs(20), |_, url| url == 0);
    assert_eq!(
        node.heard(),
        [
            "HTTP_CHECK on service [10.0.1.1]:tcp:80 failed.",
            "Removing service [10.0.1.1]:tcp:80 from VS [10.0.0.1]:tcp:80",
            "run down 1",
        ]
    );
}

#[test]
fn a_sorry_server_that_is_also_a_real_server_is_one_destination() {
    let mut virtual_server = service(1, [real(1), weight(3, real(2))]);
    virtual_server.sorry_server = sorry();
    if let Some(sorry) = &mut virtual_server.sorry_server {
        sorry.address = real_key(2).address;
    }
    let mut node = Node::start(config([virtual_server]), Kernel::default());
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 1), (real_key(2), 3)]);
    node.run(secs(1), none);
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(2), 1)]);
    node.run(secs(10), all_well);
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 1), (real_key(2), 3)]);
}

#[test]
fn a_sorry_server_that_stays_takes_the_place_of_its_dead_twin() {
    let mut virtual_server = service(1, [real(1), real(2)]);
    virtual_server.sorry_server = sorry();
    if let Some(sorry) = &mut virtual_server.sorry_server {
        sorry.address = real_key(2).address;
        sorry.inhibit = true;
    }
    let mut node = Node::start(config([virtual_server]), Kernel::default());
    node.run(secs(1), but(2));
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 1), (real_key(2), 0)]);
}

/// A BFD session of which nothing was heard neither keeps its server out nor takes it out.
#[test]
fn a_session_that_is_silent_counts_for_nothing() {
    let kind = |kind: CheckKind| Check { kind, ..tcp(real_key(1).address) };
    let bfd = CheckKind::Bfd(Arc::new(BfdCheck { instance: "PEER".into() }));
    let mut alone = alpha(real(1));
    alone.checks = smallvec::smallvec![Arc::new(kind(bfd.clone()))];
    alone.checks.iter_mut().for_each(|check| Arc::make_mut(check).alpha = true);
    let mut both = real(2);
    both.checks.push(Arc::new(kind(bfd)));
    let mut node = Node::start(config([service(1, [alone, both])]), Kernel::default());
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 1), (real_key(2), 1)]);
    node.run(secs(60), none);
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 1)], "the other has a TCP_CHECK too");
}

/// Of mail and name servers the last line says what was wrong; of the others it only says that they failed.
#[test]
fn the_last_words_of_each_check() {
    for (kind, first, later) in [
        (
            CheckKind::Dns(Arc::default()),
            "DNS_CHECK ([10.0.1.1]:tcp:80) failed to read socket; errno 111 (Connection refused)",
            " after 1 retries",
        ),
        (
            CheckKind::Smtp(Arc::new(SmtpCheck { helo_name: "lb".into() })),
            "SMTP_CHECK Could not connect to server [10.0.1.1]:80",
            "",
        ),
        (
            CheckKind::Ping,
            "ICMP CHECK on service [10.0.1.1]:tcp:80 of [10.0.0.1]:tcp:80 failed",
            " after 1 retries",
        ),
    ] {
        let mut server = real(1);
        first_check(&mut server).kind = kind;
        let mut node = Node::start(config([service(1, [server, real(2)])]), Kernel::default());
        node.heard();
        let last =
            |node: &mut Node| node.heard().into_iter().find(|line| line.contains("[10.0.1.1]")).unwrap();
        let end = if first.ends_with("failed") { "." } else { "" };
        node.run(secs(1), but(1));
        assert_eq!(last(&mut node), format!("{first}{end}"));
        node.run(secs(10), all_well);
        node.heard();
        node.run(secs(11), but(1));
        assert_eq!(last(&mut node), format!("{first}{later}{end}"));
    }
}
