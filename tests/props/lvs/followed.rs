//! `FILE_CHECK` and `BFD_CHECK`: what is told decides, at once, without a probe.

use std::sync::Arc;

use standfast::config::model::RealServer;
use standfast::lvs::event::Event;

use super::kernel::Kernel;
use super::node::Node;
use super::sample::*;

fn file(value: i32) -> Event {
    Event::File { name: "f".into(), value }
}

fn bfd(up: bool) -> Event {
    Event::Bfd { name: "b".into(), up }
}

/// The last number of each server's address, with its weight.
fn weights(node: &Node) -> Vec<(u8, u32)> {
    let last = |address| match address {
        std::net::IpAddr::V4(address) => address.octets()[3],
        std::net::IpAddr::V6(_) => 0,
    };
    let found = node.kernel.weights(service_key(1)).into_iter();
    found.map(|(key, weight)| (last(key.address), weight)).collect()
}

const SERVICE: &str = "[10.0.0.1]:tcp:80";

#[test]
fn a_file_says_weight_and_state() {
    let reals = [
        checked_by(1, file_check(2, false)),
        checked_by(2, file_check(0, false)),
        checked_by(3, file_check(3, true)),
    ];
    let mut node = Node::start_told(tracking([service(1, reals)]), [file(4)]);
    assert_eq!(weights(&node), [(1, 18), (3, 0)], "what is known decides from the start");
    let gained = format!("Gained quorum 1+0=1 <= 18 for VS {SERVICE}");
    assert_eq!(node.heard(), [gained.as_str(), "run quorum_up"]);
    assert_eq!(node.director.deadline(), None, "nobody is asked");

    node.handle(file(-3));
    assert_eq!(weights(&node), [(1, 4), (3, 19)]);
    let changed = |from, to, n| {
        format!(
            "Changing weight from {from} to {to} for active service [10.0.1.{n}]:tcp:80 of VS {SERVICE}"
        )
    };
    assert_eq!(node.heard(), [changed(18, 4, 1), changed(0, 19, 3)]);
    node.written();
    node.handle(file(-3));
    assert_eq!((node.heard(), node.written()), (vec![], vec![]), "no news");

    node.handle(file(0));
    let back = [
        changed(4, 10, 1),
        "([10.0.1.2]:tcp:80): tracked file f leaving FAULT state".into(),
        format!("Adding service [10.0.1.2]:tcp:80 to VS {SERVICE}"),
        "run up 2".into(),
        changed(19, 10, 3),
    ];
    assert_eq!(node.heard(), back);
    assert_eq!(weights(&node), [(1, 10), (2, 10), (3, 10)]);

    node.handle(file(i32::MIN));
    let heard = node.heard();
    assert_eq!(heard[0], "([10.0.1.1]:tcp:80): tracked file f now FAULT state");
    assert_eq!(heard[1], format!("Removing service [10.0.1.1]:tcp:80 from VS {SERVICE}"));
    assert_eq!(weights(&node), [(3, 2_147_483_647)]);
    node.handle(file(1));
    assert!(!node.heard().iter().any(|line| line.contains("[10.0.1.1]") && line.contains("weight")));
    assert_eq!(
        weights(&node),
        [(1, 12), (3, 7)],
        "it comes back with its new weight, without a word about it"
    );
}

/// A missing file is worth 0, which is a failure where weight 0 is reversed.
#[test]
fn a_missing_file_is_judged_from_the_start() {
    let reals = || [checked_by(1, file_check(0, false)), checked_by(2, file_check(0, true))];
    for node in [
        Node::start(tracking([service(1, reals())]), Kernel::default()),
        Node::start_told(tracking([service(1, reals())]), [file(0)]),
    ] {
        assert_eq!(weights(&node), [(1, 10)]);
    }
}

#[test]
fn two_checks_of_one_server_add_up() {
    let mut server = checked_by(1, file_check(2, false));
    server.checks.push(checked_by(1, file_check(-1, false)).checks.remove(0));
    server.checks.push(checked_by(1, bfd_check()).checks.remove(0));
    let mut node = Node::start_told(tracking([service(1, [server])]), [file(3)]);
    assert_eq!(weights(&node), [(1, 13)]);
    node.handle(bfd(false));
    assert_eq!(weights(&node), []);
    node.heard();
    node.handle(file(4));
    assert_eq!(weights(&node), [], "one that is down for another reason stays down");
    let changing = node.heard();
    assert!(
        changing[1].ends_with(&format!("to 14 for inactive service [10.0.1.1]:tcp:80 of VS {SERVICE}"))
    );
    node.handle(bfd(true));
    assert_eq!(weights(&node), [(1, 14)]);
}

#[test]
fn a_session_says_up_and_down() {
    let mut node =
        Node::start(tracking([service(1, [checked_by(1, bfd_check()), real(2)])]), Kernel::default());
    assert_eq!(weights(&node), [(1, 10), (2, 1)], "up before anything is told");
    node.heard();
    node.handle(bfd(true));
    assert_eq!(node.heard(), [""; 0]);
    node.handle(bfd(false));
    assert_eq!(
        node.heard(),
        [
            "BFD check of [b] RS([10.0.1.1]:tcp:80) is DOWN".to_owned(),
            format!("Removing service [10.0.1.1]:tcp:80 from VS {SERVICE}"),
            "run down 1".to_owned(),
        ]
    );
    assert_eq!(weights(&node), [(2, 1)]);
    node.handle(bfd(false));
    assert_eq!(node.heard(), [""; 0]);
    node.handle(Event::Bfd { name: "another".into(), up: true });
    assert_eq!(weights(&node), [(2, 1)]);
    node.handle(bfd(true));
    assert_eq!(node.heard()[0], "BFD check of [b] RS([10.0.1.1]:tcp:80) is UP");
    assert_eq!(weights(&node), [(1, 10), (2, 1)]);
}

#[test]
fn an_alpha_check_waits_for_its_session() {
    let alphas = || tracking([service(1, [alpha(checked_by(1, bfd_check())), real(2)])]);
    let node = Node::start(alphas(), Kernel::default());
    assert_eq!(weights(&node), [(1, 10), (2, 1)], "no session runs: it would wait for ever");
    let mut config = Arc::unwrap_or_clone(alphas());
    config.bfd_instances.push(session("another"));
    let another = Event::Bfd { name: "another".into(), up: true };
    let mut node = Node::start_told(Arc::new(config), [another]);
    assert_eq!(weights(&node), [(2, 1)]);
    node.heard();
    node.handle(bfd(false));
    // As 2.2.7: its first word is told, though it changes nothing.
    assert_eq!(node.heard(), ["BFD check of [b] RS([10.0.1.1]:tcp:80) is DOWN", "run down 1"]);
    node.handle(bfd(true));
    assert_eq!(weights(&node), [(1, 10), (2, 1)]);
    let node = Node::start_told(alphas(), [bfd(true)]);
    assert_eq!(weights(&node), [(1, 10), (2, 1)], "what was told before counts");
}

#[test]
fn a_reload_judges_by_what_is_known() {
    let with = |first: RealServer| tracking([service(1, [first, checked_by(2, bfd_check()), real(3)])]);
    let mut node = Node::start_told(with(checked_by(1, file_check(2, false))), [file(4), bfd(false)]);
    assert_eq!(weights(&node), [(1, 18), (3, 1)]);
    node.heard();
    node.handle(Event::Reconfigure(with(checked_by(1, file_check(7, false)))));
    assert_eq!(
        node.heard(),
        [format!("Changing weight from 18 to 38 for active service [10.0.1.1]:tcp:80 of VS {SERVICE}")]
    );
    assert_eq!(weights(&node), [(1, 38), (3, 1)], "who is down stays down");
    node.handle(Event::Reconfigure(with(checked_by(1, file_check(0, false)))));
    assert_eq!(
        node.heard(),
        [
            "([10.0.1.1]:tcp:80): tracked file f now FAULT state".to_owned(),
            format!("Changing weight from 38 to 10 for inactive service [10.0.1.1]:tcp:80 of VS {SERVICE}"),
            format!("Removing service [10.0.1.1]:tcp:80 from VS {SERVICE}"),
            "run down 1".to_owned(),
        ]
    );
    assert_eq!(weights(&node), [(3, 1)]);
    node.handle(Event::Reconfigure(with(checked_by(1, file_check(0, true)))));
    assert_eq!(node.heard()[0], "([10.0.1.1]:tcp:80): tracked file f leaving FAULT state");
    assert_eq!(weights(&node), [(1, 10), (3, 1)]);
    // Without its session nothing holds the second one down; a session of the same name starts unknown.
    let mut plain = checked_by(2, bfd_check());
    plain.checks.clear();
    node.handle(Event::Reconfigure(config([service(1, [plain, real(3)])])));
    assert_eq!(weights(&node), [(2, 10), (3, 1)]);
    node.handle(Event::Reconfigure(with(checked_by(1, file_check(1, false)))));
    assert_eq!(weights(&node), [(1, 10), (2, 10), (3, 1)], "a file that nobody has looked at is worth 0");
}
