//! Reloads that change how a check is made: what it asks decides whether it goes on.

use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::{Check, RealServer};
use standfast::lvs::event::Event;
use standfast::objects::ipvs::Forwarding;

use super::kernel::Kernel;
use super::node::Node;
use super::sample::*;

/// A real server with a check like this.
fn with(change: impl FnOnce(&mut Check)) -> RealServer {
    let mut server = real(1);
    change(first_check(&mut server));
    server
}

fn reload(node: &mut Node, real: RealServer) -> Vec<String> {
    node.heard();
    node.handle(Event::Reconfigure(config([service(1, [real, idle(2)])])));
    node.heard()
}

fn settled(well: bool) -> Node {
    let mut node = Node::start(config([service(1, [real(1), idle(2)])]), Kernel::default());
    node.run(Duration::from_secs(1), |_, _| well);
    node
}

#[test]
fn how_often_and_how_many_times_is_no_reason_to_begin_anew() {
    let mut node = settled(true);
    assert_eq!(
        reload(
            &mut node,
            with(|check| {
                Arc::make_mut(&mut check.pace).retry = 2;
                (check.alpha, check.log_all_failures) = (true, true);
            })
        ),
        [""; 0]
    );
    // It was up before: the first failure is not final.
    node.run(DELAY_LOOP + Duration::from_secs(1), |_, _| false);
    assert!(node.heard().iter().all(|line| !line.starts_with("Removing")));
    node.run(Duration::from_secs(1), |_, _| false);
    assert!(
        node.heard().contains(&"TCP_CHECK on service [10.0.1.1]:tcp:80 failed after 2 retries.".to_owned())
    );
    // It stays out.
    assert_eq!(reload(&mut node, with(|check| Arc::make_mut(&mut check.pace).retry = 5)), [""; 0]);
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(2), 1)]);
}

#[test]
fn another_question_begins_anew_and_who_is_out_stays_out() {
    let activating = "Activating healthchecker for service [10.0.1.1]:tcp:80 for VS [10.0.0.1]:tcp:80";
    let changes: [fn(&mut Check); 2] = [
        |check| check.target.set_port(81),
        |check| Arc::make_mut(&mut check.pace).connect_timeout = Duration::from_secs(2),
    ];
    for change in changes {
        let mut node = settled(false);
        assert_eq!(reload(&mut node, with(change)), [activating]);
        assert_eq!(node.kernel.weights(service_key(1)), [(real_key(2), 1)]);
        node.run(Duration::from_secs(1), |_, _| true);
        assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 1), (real_key(2), 1)]);
    }
}

#[test]
fn who_is_out_stays_out_when_its_method_changes() {
    let mut node = settled(false);
    reload(&mut node, RealServer { forwarding: Forwarding::DirectRoute, ..real(1) });
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(2), 1)]);
}

#[test]
fn a_shorter_pause_counts_at_once() {
    let mut node = settled(true);
    node.now += DELAY_LOOP / 2;
    let shorter = |check: &mut Check| Arc::make_mut(&mut check.pace).delay_loop = Duration::from_secs(2);
    reload(&mut node, with(shorter));
    // What is left shrinks as the pause does.
    assert_eq!(node.director.deadline(), Some(node.now + Duration::from_secs(1)));
    let next = node.director.deadline();
    reload(&mut node, real(1));
    assert_eq!(node.director.deadline(), next, "a longer one begins with the next check");
}
