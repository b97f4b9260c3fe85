//! `drain_timeout` of a group's service: what a reload takes out of the group stays until its connections have ended.

use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::VirtualServer;
use standfast::lvs::drain::Counts;
use standfast::lvs::event::Event;
use standfast::objects::ipvs::{Connections, Op};

use super::kernel::Kernel;
use super::node::Node;
use super::sample::*;

const LIMIT: Duration = Duration::from_secs(60);
const LOST: &str = "VS [[10.0.0.2]:tcp:80] in group G1 no longer exists";
const DRAINING: &str = "Draining Virtual Server [10.0.0.2]:tcp:80 of VS [G1]:0 for 60 seconds at most";
const GONE: &str = "Removing Virtual Server [10.0.0.2]:tcp:80";

/// The group has 10.0.0.1 and `more`.
fn of(more: &[u8], reals: &[u8]) -> VirtualServer {
    let reals = reals.iter().map(|n| idle(*n));
    VirtualServer { drain_timeout: Some(LIMIT), ..grouped(1, more.iter().copied(), reals) }
}

fn reload(node: &mut Node, services: impl IntoIterator<Item = VirtualServer>) {
    node.handle(Event::Reconfigure(config(services)));
}

/// 10.0.0.2 has just been taken out.
fn lost() -> Node {
    let mut node = Node::start(config([of(&[2, 3], &[1, 2])]), Kernel::default());
    node.heard();
    node.written();
    reload(&mut node, [of(&[3], &[1, 2])]);
    node
}

/// Each of the kernel's services with the weights of its real servers.
fn table(node: &Node) -> Vec<(u8, Vec<(u8, u32)>)> {
    let services = (0..100).filter(|n| node.kernel.services.contains_key(&service_key(*n)));
    let number = |key| (0..100).find(|n| real_key(*n) == key).unwrap();
    services
        .map(|n| {
            let weights = node.kernel.weights(service_key(n)).into_iter();
            (n, weights.map(|(key, weight)| (number(key), weight)).collect())
        })
        .collect()
}

fn up() -> Vec<(u8, u32)> {
    vec![(1, 1), (2, 1)]
}

/// A second later so many connections are counted at 10.0.0.2, and many at the others.
fn counted(node: &mut Node, real: u8, active: u32) {
    node.now += Duration::from_secs(1);
    let mut counts = Counts::new();
    for service in [1, 3] {
        counts.insert((service_key(service), real_key(real)), Connections { active: 9, inactive: 9 });
    }
    counts.insert((service_key(2), real_key(real)), Connections { active, inactive: 0 });
    node.handle(Event::Counted { asked: node.now, counts: Arc::new(counts) });
}

#[test]
fn what_a_group_has_lost_stays_until_nothing_is_open() {
    let mut node = lost();
    assert_eq!(node.heard(), [LOST, DRAINING]);
    assert_eq!(table(&node), [(1, up()), (2, vec![(1, 0), (2, 0)]), (3, up())]);
    assert_eq!(node.written().len(), 2, "two edits, and nothing of the others");
    assert_eq!(node.director.draining().collect::<Vec<_>>(), [service_key(2)]);
    counted(&mut node, 2, 1);
    assert_eq!(table(&node), [(1, up()), (2, vec![(2, 0)]), (3, up())], "the first has none");
    node.written();
    counted(&mut node, 2, 0);
    assert_eq!(node.written(), [Op::DelService(service_key(2))]);
    assert_eq!(node.heard(), [GONE]);
    assert_eq!(table(&node), [(1, up()), (3, up())]);
    assert_eq!((node.director.draining().count(), node.director.deadline()), (0, None));
}

#[test]
fn it_goes_when_its_time_is_over() {
    let mut node = lost();
    node.heard();
    node.now += LIMIT;
    node.expire();
    assert_eq!(node.heard(), [GONE]);
    assert_eq!(table(&node), [(1, up()), (3, up())]);
}

#[test]
fn without_the_word_it_is_gone_at_once() {
    let plain = |more: &[u8]| VirtualServer { drain_timeout: None, ..of(more, &[1, 2]) };
    let mut node = Node::start(config([plain(&[2])]), Kernel::default());
    reload(&mut node, [plain(&[])]);
    assert_eq!(table(&node), [(1, up())]);
    // It is gone from the file while something drains.
    let mut node = lost();
    node.heard();
    reload(&mut node, [plain(&[3])]);
    assert_eq!(node.heard(), [GONE]);
    assert_eq!(table(&node), [(1, up()), (3, up())]);
    assert_eq!(node.director.deadline(), None);
}

#[test]
fn it_is_wanted_again() {
    let mut node = lost();
    node.heard();
    node.written();
    reload(&mut node, [of(&[2, 3], &[1, 2])]);
    assert_eq!(node.heard(), ["VS [[10.0.0.2]:tcp:80] added into group G1"]);
    assert_eq!(table(&node), [(1, up()), (2, up()), (3, up())]);
    assert_eq!(node.written().len(), 2, "two edits");
    assert_eq!(node.director.draining().count(), 0);

    // With a real server that went meanwhile.
    let mut node = lost();
    reload(&mut node, [of(&[3], &[1])]);
    reload(&mut node, [of(&[2, 3], &[1])]);
    let both = vec![(1, 1), (2, 0)];
    assert_eq!(table(&node), [(1, both.clone()), (2, both.clone()), (3, both)]);
    node.now += LIMIT;
    node.expire();
    assert_eq!(table(&node), [(1, vec![(1, 1)]), (2, vec![(1, 1)]), (3, vec![(1, 1)])]);
}

#[test]
fn another_service_has_it_now() {
    let mut node = lost();
    node.heard();
    reload(&mut node, [of(&[3], &[1, 2]), service(2, [idle(3)])]);
    assert!(node.heard().iter().all(|line| line != GONE), "it goes on");
    assert_eq!(table(&node), [(1, up()), (2, vec![(3, 1)]), (3, up())]);
    // And where it moves in the same reload.
    let mut node = Node::start(config([of(&[2], &[1, 2])]), Kernel::default());
    node.heard();
    reload(&mut node, [of(&[], &[1, 2]), service(2, [idle(3)])]);
    assert!(node.heard().iter().all(|line| line != DRAINING));
    assert_eq!(table(&node), [(1, up()), (2, vec![(3, 1)])]);
    assert_eq!(node.director.draining().count(), 0);
}

#[test]
fn a_whole_group_that_comes_back_smaller_goes_on_draining_elsewhere() {
    let mut node = Node::start(config([of(&[2, 3], &[1, 2])]), Kernel::default());
    reload(&mut node, []);
    let none = || vec![(1, 0), (2, 0)];
    assert_eq!(table(&node), [(1, none()), (2, none()), (3, none())]);
    reload(&mut node, [of(&[3], &[1, 2])]);
    assert_eq!(table(&node), [(1, up()), (2, none()), (3, up())]);
    node.heard();
    node.now += LIMIT;
    node.expire();
    assert_eq!(node.heard(), [GONE]);
    assert_eq!(table(&node), [(1, up()), (3, up())]);

    // Without drain_timeout nobody waits.
    let mut node = Node::start(config([of(&[2], &[1, 2])]), Kernel::default());
    reload(&mut node, []);
    reload(&mut node, [VirtualServer { drain_timeout: None, ..of(&[], &[1, 2]) }]);
    assert_eq!(table(&node), [(1, up())]);
}

#[test]
fn the_whole_group_follows_and_the_end_waits_for_nothing() {
    let mut node = lost();
    reload(&mut node, []);
    let none = || vec![(1, 0), (2, 0)];
    assert_eq!(table(&node), [(1, none()), (2, none()), (3, none())]);
    reload(&mut node, [of(&[2, 3], &[1, 2])]);
    assert_eq!(table(&node), [(1, up()), (2, up()), (3, up())]);
    let mut node = lost();
    node.handle(Event::Stop);
    assert!(node.kernel.services.is_empty());
    assert_eq!(node.director.deadline(), None);
}
