//! Weights that a check script says: `misc_dynamic`.

use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::RealServer;
use standfast::config::model::check::Pace;
use standfast::health::outcome::{Failure, Outcome, Success};
use standfast::lvs::event::Event;
use standfast::objects::ipvs::Op;

use super::kernel::Kernel;
use super::node::Node;
use super::sample::*;

/// A real server of weight 5 that a script is asked about.
fn scripted(n: u8) -> RealServer {
    let mut server = weight(5, checked_by(n, script()));
    Arc::make_mut(&mut first_check(&mut server).pace).retry = 0;
    server
}

/// Lets the first server's script end so, `after` its start; the others are left waiting.
fn ends(node: &mut Node, outcome: Outcome, after: Duration) {
    let deadline = node.director.deadline().unwrap();
    node.now = node.now.max(deadline);
    node.expire();
    node.now += after;
    let first = real_key(1).address;
    let at = node
        .probes
        .iter()
        .position(|(checker, ..)| node.director.check(*checker).unwrap().target.ip() == first)
        .unwrap();
    let (checker, generation, _) = node.probes.remove(at);
    node.handle(Event::Probed { checker, generation, outcome });
}

fn ran(weight: Option<u32>) -> Outcome {
    Outcome::Success(Success::Ran { weight })
}

fn weights(node: &Node) -> Vec<u32> {
    node.kernel.weights(service_key(1)).into_iter().map(|(_, weight)| weight).collect()
}

const SOON: Duration = Duration::ZERO;

#[test]
fn a_script_says_the_weight() {
    let mut virtual_server = service(1, [scripted(1), real(2)]);
    virtual_server.quorum = 4;
    let mut node = Node::start(config([virtual_server]), Kernel::default());
    assert_eq!(weights(&node), [5, 1]);
    node.heard();
    node.written();
    ends(&mut node, ran(Some(10)), SOON);
    assert_eq!(
        node.heard(),
        [
            "Changing weight from 5 to 10 for active service [10.0.1.1]:tcp:80 of VS [10.0.0.1]:tcp:80",
            "Misc check for [[10.0.1.1]:tcp:80 VS [10.0.0.1]:tcp:80] by [/bin/x] succeeded.",
        ]
    );
    assert!(matches!(node.written()[..], [Op::SetDest(..)]));
    assert_eq!(weights(&node), [10, 1]);
    ends(&mut node, ran(Some(10)), SOON);
    assert_eq!((node.heard(), node.written()), (vec![], vec![]), "the same again is no news");
    // It counts for the quorum; the server stays with weight 0.
    ends(&mut node, ran(Some(0)), SOON);
    let heard = node.heard();
    assert_eq!(heard[1], "Lost quorum 4-0=4 > 1 for VS [10.0.0.1]:tcp:80", "{heard:?}");
    assert_eq!(weights(&node), [0, 1]);
    // Status 0 gives the configured weight back.
    ends(&mut node, ran(None), SOON);
    let heard = node.heard();
    assert!(heard[0].starts_with("Changing weight from 0 to 5 "), "{heard:?}");
    assert_eq!(heard[1], "Gained quorum 4+0=4 <= 6 for VS [10.0.0.1]:tcp:80");
    assert_eq!(weights(&node), [5, 1]);
}

#[test]
fn a_server_comes_back_with_the_weight_that_its_script_says() {
    let mut node = Node::start(config([service(1, [scripted(1), real(2)])]), Kernel::default());
    ends(&mut node, ran(Some(10)), SOON);
    node.heard();
    ends(&mut node, Outcome::Failure(Failure::Exited(1)), SOON);
    assert_eq!(
        node.heard()[0],
        "Misc check for [[10.0.1.1]:tcp:80 VS [10.0.0.1]:tcp:80] by [/bin/x] failed with retry disabled \
         (exited with status 1)."
    );
    assert_eq!(weights(&node), [1], "it is out");
    ends(&mut node, ran(Some(7)), SOON);
    assert!(
        node.heard()[0]
            .ends_with("from 10 to 7 for inactive service [10.0.1.1]:tcp:80 of VS [10.0.0.1]:tcp:80")
    );
    assert_eq!(weights(&node), [7, 1]);
}

#[test]
fn a_reload_keeps_what_a_script_said_as_long_as_it_is_asked() {
    let mut node = Node::start(config([service(1, [scripted(1), real(2)])]), Kernel::default());
    ends(&mut node, ran(Some(10)), SOON);
    node.heard();
    let mut heavier = scripted(1);
    heavier.weight = 8;
    node.handle(Event::Reconfigure(config([service(1, [heavier.clone(), real(2)])])));
    assert_eq!((node.heard(), weights(&node)), (vec![], vec![10, 1]), "the script's word counts");
    let mut unasked = heavier;
    unasked.checks.clear();
    node.handle(Event::Reconfigure(config([service(1, [unasked, real(2)])])));
    assert!(node.heard()[0].starts_with("Changing weight from 10 to 8 for active"));
    assert_eq!(weights(&node), [8, 1]);
}

#[test]
fn a_script_is_asked_delay_loop_after_it_was_started() {
    let mut node = Node::start(config([service(1, [scripted(1)])]), Kernel::default());
    let every = DELAY_LOOP;
    for after in [SOON, every / 2, every - Duration::from_secs(1)] {
        let start = node.director.deadline().unwrap();
        ends(&mut node, ran(None), after);
        assert_eq!(node.director.deadline().unwrap(), start + every, "{after:?}");
    }
    // Never two at once: one that takes longer is followed by the next.
    let start = node.director.deadline().unwrap();
    ends(&mut node, ran(None), every * 2);
    assert_eq!(node.director.deadline().unwrap(), start + every * 2);
}

#[test]
fn retries_of_a_script() {
    let mut server = scripted(1);
    Arc::make_mut(&mut first_check(&mut server).pace).retry = 2;
    let Pace { delay_before_retry, .. } = *server.checks[0].pace;
    let mut node = Node::start(config([service(1, [server, real(2)])]), Kernel::default());
    ends(&mut node, ran(None), SOON);
    node.heard();
    for _ in 0..2 {
        ends(&mut node, Outcome::Failure(Failure::RanTooLong), SOON);
        assert_eq!(node.heard(), [""; 0]);
        assert_eq!(node.director.deadline().unwrap(), node.now + delay_before_retry);
    }
    ends(&mut node, Outcome::Failure(Failure::RanTooLong), SOON);
    assert!(node.heard()[0].ends_with("by [/bin/x] timed out after 2 retries."));
}

#[test]
fn a_weight_that_comes_later_brings_a_quorum() {
    let mut virtual_server = service(1, [weight(0, scripted(1))]);
    (virtual_server.quorum, virtual_server.sorry_server) = (0, sorry());
    let mut node = Node::start(config([virtual_server]), Kernel::default());
    assert_eq!(node.kernel.weights(service_key(1)), [(sorry_key(), 1)]);
    ends(&mut node, ran(Some(3)), SOON);
    assert_eq!(node.kernel.weights(service_key(1)), [(real_key(1), 3)]);
    ends(&mut node, ran(Some(0)), SOON);
    assert_eq!(node.kernel.weights(service_key(1)), [(sorry_key(), 1)]);
}
