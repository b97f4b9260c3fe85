//! `drain_timeout`: a removed real server leaves when its connections have ended, or its time is over.

use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::{RealServer, VirtualServer};
use standfast::lvs::drain::Counts;
use standfast::lvs::event::Event;
use standfast::objects::ipvs::{Connections, Op};

use super::kernel::Kernel;
use super::node::Node;
use super::sample::*;

const LIMIT: Duration = Duration::from_secs(60);
const DRAINING: &str = "Draining service [10.0.1.2]:tcp:80 of VS [10.0.0.1]:tcp:80 for 60 seconds at most";
const DRY: &str =
    "Removing service [10.0.1.2]:tcp:80 from VS [10.0.0.1]:tcp:80: its connections have ended";
const OVER: &str = "Removing service [10.0.1.2]:tcp:80 from VS [10.0.0.1]:tcp:80: drain_timeout is over";

fn draining(reals: impl IntoIterator<Item = RealServer>) -> VirtualServer {
    VirtualServer { drain_timeout: Some(LIMIT), ..service(1, reals) }
}

/// Two real servers, the second one of which has just been removed.
fn removed() -> Node {
    let mut node = Node::start(config([draining([idle(1), idle(2)])]), Kernel::default());
    node.heard();
    node.written();
    node.handle(Event::Reconfigure(config([draining([idle(1)])])));
    node
}

fn counted(node: &mut Node, active: u32, inactive: u32) {
    let counts = Counts::from([((service_key(1), real_key(2)), Connections { active, inactive })]);
    node.handle(Event::Counted { asked: node.now, counts: Arc::new(counts) });
}

/// As soon as it leaves, not when it has left.
const DOWN: &str = "run down 2";

fn later(node: &mut Node, seconds: u64) {
    node.now += Duration::from_secs(seconds);
    node.expire();
}

fn weights(node: &Node) -> Vec<(u8, u32)> {
    let weights = node.kernel.weights(service_key(1));
    let number = |key| [1, 2, 3].into_iter().find(|n| real_key(*n) == key).unwrap();
    weights.into_iter().map(|(key, weight)| (number(key), weight)).collect()
}

#[test]
fn it_stays_until_nothing_is_open() {
    let mut node = removed();
    assert_eq!(node.heard(), [DRAINING, DOWN]);
    assert_eq!(weights(&node), [(1, 1), (2, 0)]);
    assert_eq!(node.written().len(), 1, "one edit");
    assert_eq!(node.director.draining().collect::<Vec<_>>(), [service_key(1)]);
    counted(&mut node, 0, 0);
    assert_eq!(weights(&node), [(1, 1), (2, 0)], "counted before its weight was 0");
    later(&mut node, 1);
    counted(&mut node, 3, 1);
    later(&mut node, 1);
    counted(&mut node, 0, 4);
    later(&mut node, 3);
    counted(&mut node, 1, 3);
    later(&mut node, 1);
    counted(&mut node, 0, 4);
    later(&mut node, 4);
    counted(&mut node, 0, 4);
    assert_eq!(weights(&node), [(1, 1), (2, 0)], "what closes has five seconds");
    later(&mut node, 1);
    counted(&mut node, 0, 4);
    assert_eq!(node.heard(), [DRY]);
    assert_eq!(weights(&node), [(1, 1)]);
    assert_eq!(node.written(), [Op::DelDest(service_key(1), real_key(2))]);
    assert_eq!(node.director.draining().count(), 0);
    assert_eq!(node.director.deadline(), None);
}

#[test]
fn nothing_open_is_no_reason_to_wait() {
    let mut node = removed();
    later(&mut node, 1);
    counted(&mut node, 0, 0);
    assert_eq!(node.heard(), [DRAINING, DOWN, DRY]);
    assert_eq!(weights(&node), [(1, 1)]);
}

#[test]
fn its_time_is_over() {
    let mut node = removed();
    later(&mut node, 59);
    counted(&mut node, 1, 0);
    assert_eq!(weights(&node), [(1, 1), (2, 0)]);
    assert!(node.director.deadline().is_some());
    later(&mut node, 1);
    assert_eq!(node.heard(), [DRAINING, DOWN, OVER]);
    assert_eq!(weights(&node), [(1, 1)]);
}

#[test]
fn other_reloads_meanwhile() {
    let mut node = removed();
    // One that leaves it alone.
    node.handle(Event::Reconfigure(config([draining([weight(5, idle(1))])])));
    assert_eq!(weights(&node), [(1, 5), (2, 0)]);
    // It is wanted again.
    node.handle(Event::Reconfigure(config([draining([idle(1), idle(2)])])));
    assert_eq!(weights(&node), [(1, 1), (2, 1)]);
    assert_eq!(node.director.draining().count(), 0);
    // It goes again, and drain_timeout with it.
    node.handle(Event::Reconfigure(config([draining([idle(1)])])));
    assert_eq!(weights(&node), [(1, 1), (2, 0)]);
    node.heard();
    node.handle(Event::Reconfigure(config([service(1, [idle(1)])])));
    assert_eq!(node.heard(), [OVER]);
    assert_eq!(weights(&node), [(1, 1)]);
    assert_eq!(node.director.deadline(), None);
}

#[test]
fn who_is_not_in_the_table_does_not_drain_and_the_end_does_not_wait() {
    let mut node = Node::start(config([draining([idle(1), real(2)])]), Kernel::default());
    node.run(Duration::from_secs(1), |_, _| false);
    assert_eq!(weights(&node), [(1, 1)]);
    node.heard();
    node.handle(Event::Reconfigure(config([draining([idle(1)])])));
    assert_eq!(node.heard(), ["service [10.0.1.2]:tcp:80 no longer exist"], "it was down");
    assert_eq!(node.director.draining().count(), 0);
    let mut node = removed();
    node.handle(Event::Stop);
    assert!(node.kernel.services.is_empty());
    assert_eq!(node.director.deadline(), None);
}

const WHOLE: [&str; 5] = [
    "Draining service [10.0.1.1]:tcp:80 of VS [10.0.0.1]:tcp:80 for 60 seconds at most",
    DRAINING,
    "run down 1",
    DOWN,
    "run quorum_down",
];
const DRY_1: &str =
    "Removing service [10.0.1.1]:tcp:80 from VS [10.0.0.1]:tcp:80: its connections have ended";
const SERVICE_GONE: &str = "Removing Virtual Server [10.0.0.1]:tcp:80";

/// The whole service has just been removed.
fn removed_as_a_whole() -> Node {
    let mut node =
        Node::start(config([draining([idle(1), idle(2)]), service(2, [idle(3)])]), Kernel::default());
    node.heard();
    node.written();
    node.handle(Event::Reconfigure(config([service(2, [idle(3)])])));
    node
}

#[test]
fn a_whole_service_leaves_with_its_last_connection() {
    let mut node = removed_as_a_whole();
    assert_eq!(node.heard(), WHOLE);
    assert_eq!(weights(&node), [(1, 0), (2, 0)]);
    assert_eq!(node.written().len(), 2, "an edit each");
    later(&mut node, 1);
    counted(&mut node, 3, 1);
    assert_eq!(node.heard(), [DRY_1]);
    assert_eq!(weights(&node), [(2, 0)]);
    // Another reload changes nothing of it.
    node.handle(Event::Reconfigure(config([service(2, [idle(3)]), service(3, [idle(1)])])));
    assert_eq!(weights(&node), [(2, 0)]);
    node.heard();
    node.written();
    later(&mut node, 1);
    counted(&mut node, 0, 0);
    assert_eq!(node.heard(), [DRY, SERVICE_GONE]);
    assert_eq!(node.written(), [Op::DelService(service_key(1))]);
    assert_eq!(node.director.draining().count(), 0);
    assert_eq!(node.director.deadline(), None);
}

#[test]
fn a_whole_service_goes_when_its_time_is_over() {
    let mut node = removed_as_a_whole();
    node.heard();
    later(&mut node, 59);
    assert_eq!(weights(&node), [(1, 0), (2, 0)]);
    later(&mut node, 1);
    assert_eq!(node.heard(), [OVER.replace("10.0.1.2", "10.0.1.1").as_str(), OVER, SERVICE_GONE]);
    assert!(!node.kernel.services.contains_key(&service_key(1)));
    assert!(node.kernel.services.contains_key(&service_key(2)));
}

#[test]
fn a_whole_service_that_is_wanted_again_goes_on() {
    let mut node = removed_as_a_whole();
    node.heard();
    node.written();
    node.handle(Event::Reconfigure(config([draining([idle(1)]), service(2, [idle(3)])])));
    assert_eq!(weights(&node), [(1, 1), (2, 0)]);
    assert_eq!(node.written().len(), 1, "one edit: the other one still drains");
    later(&mut node, 60);
    assert_eq!(weights(&node), [(1, 1)]);
    assert_eq!(node.heard().last().map(String::as_str), Some(OVER), "and nothing of the service");
    // Without drain_timeout nobody waits.
    let mut node = removed_as_a_whole();
    node.handle(Event::Reconfigure(config([service(1, [idle(1)]), service(2, [idle(3)])])));
    assert_eq!(weights(&node), [(1, 1)]);
    assert_eq!(node.director.draining().count(), 0);
}

#[test]
fn the_end_does_not_wait_for_a_whole_service_either() {
    let mut node = removed_as_a_whole();
    node.handle(Event::Stop);
    assert!(node.kernel.services.is_empty());
    assert_eq!(node.director.deadline(), None);
}

#[test]
fn the_sorry_server_of_a_whole_service_drains_too() {
    let without = VirtualServer { sorry_server: sorry(), ..draining([real(1)]) };
    let mut node = Node::start(config([without]), Kernel::default());
    node.run(Duration::from_secs(30), |_, _| false);
    assert_eq!(node.kernel.weights(service_key(1)), [(sorry_key(), 1)]);
    node.handle(Event::Reconfigure(config([])));
    assert_eq!(node.kernel.weights(service_key(1)), [(sorry_key(), 0)]);
    assert!(node.probes.is_empty());
    later(&mut node, 60);
    assert!(node.kernel.services.is_empty());
}

#[test]
fn the_scripts_run_when_a_whole_service_begins_to_leave() {
    let mut node = removed_as_a_whole();
    assert_eq!(node.heard(), WHOLE);
    later(&mut node, 60);
    assert!(!node.heard().iter().any(|line| line.starts_with("run")), "once");
}

#[test]
fn what_another_service_has_taken_is_not_kept() {
    let mut node = removed_as_a_whole();
    node.heard();
    // Another service, of a group, has the address now.
    let of_group = grouped(1, [], [idle(3)]);
    node.handle(Event::Reconfigure(config([of_group])));
    assert_eq!(weights(&node), [(3, 1)]);
    assert_eq!(node.director.draining().count(), 0);
    later(&mut node, 61);
    assert_eq!(weights(&node), [(3, 1)]);
}
