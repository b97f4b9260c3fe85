//! `ha_suspend`: checks only while the address is here.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::VirtualServer;
use standfast::lvs::event::Event;

use super::kernel::Kernel;
use super::node::Node;
use super::sample::*;

fn suspended(mut service: VirtualServer) -> VirtualServer {
    service.ha_suspend = true;
    service
}

fn here(addresses: &[[u8; 4]]) -> Event {
    let addresses: HashSet<IpAddr> = addresses.iter().map(|octets| IpAddr::from(*octets)).collect();
    Event::Addresses(Arc::new(addresses))
}

const ACTIVATING: &str = "Activating healthchecker for service [10.0.1.1]:tcp:80 for VS [10.0.0.1]:tcp:80";
const SUSPENDING: &str = "Suspending healthchecker for service [10.0.1.1]:tcp:80 for VS [10.0.0.1]:tcp:80";
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn checkers_rest_without_the_address_and_keep_what_they_know() {
    let mut node =
        Node::start(config([suspended(service(1, [real(1)])), service(2, [])]), Kernel::default());
    assert!(!node.heard().contains(&ACTIVATING.to_owned()));
    node.run(MINUTE, |_, _| false);
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 1)], "nobody has asked it");

    node.handle(here(&[[10, 0, 0, 9], [10, 0, 0, 1]]));
    assert_eq!(node.heard(), [ACTIVATING]);
    node.run(Duration::from_secs(1), |_, _| false);
    assert_eq!(node.kernel.weights(service_key(1)), []);
    node.heard();

    // A probe is under way when the address goes: its result counts for nothing.
    while node.probes.is_empty() {
        node.now = node.director.deadline().unwrap();
        node.expire();
    }
    let (checker, generation, _) = node.probes.remove(0);
    node.handle(here(&[[10, 0, 0, 9]]));
    assert_eq!(node.heard(), [SUSPENDING]);
    node.handle(Event::Probed { checker, generation, outcome: super::node::outcome(true, 0) });
    assert_eq!(node.director.deadline(), None, "and asks for no other");
    assert_eq!(node.kernel.weights(service_key(1)), []);
    node.handle(here(&[]));
    assert_eq!(node.heard(), [""; 0], "one that rests already");

    node.handle(here(&[[10, 0, 0, 1]]));
    node.run(Duration::from_secs(1), |_, _| true);
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 1)]);
}

#[test]
fn a_reload_begins_and_ends_the_rest() {
    let mut node = Node::start(config([service(1, [real(1)])]), Kernel::default());
    node.heard();
    node.handle(here(&[]));
    node.handle(Event::Reconfigure(config([suspended(service(1, [real(1)]))])));
    assert_eq!(node.heard(), [SUSPENDING]);
    assert_eq!(node.director.deadline(), None);
    // Another checker of a service that rests.
    node.handle(Event::Reconfigure(config([suspended(service(1, [real(1), real(2)]))])));
    assert!(!node.heard().iter().any(|line| line.starts_with("Activating")));
    assert_eq!(node.director.deadline(), None);
    node.handle(Event::Reconfigure(config([service(1, [real(1)])])));
    assert!(node.heard().contains(&ACTIVATING.to_owned()));
    assert!(node.director.deadline().is_some());
}

/// As 2.2.7 does: a file counts wherever the address is.
#[test]
fn what_is_told_neither_rests_nor_begins() {
    let told = suspended(service(1, [checked_by(1, file_check(2, false))]));
    let file = |value| Event::File { name: "f".into(), value };
    let mut node = Node::start_told(tracking([told]), [file(4)]);
    node.heard();
    let weights = |node: &Node| node.kernel.weights(service_key(1));
    assert_eq!(weights(&node), [(real_key(1), 18)]);
    node.handle(file(-3));
    assert_eq!(weights(&node), [(real_key(1), 4)]);
    node.heard();
    for addresses in [&[[10, 0, 0, 1]][..], &[]] {
        node.handle(here(addresses));
        assert_eq!((node.heard(), node.director.deadline()), (vec![], None));
    }
    node.handle(file(i32::MIN));
    assert_eq!(weights(&node), []);
}
