//! A million changes, one after the other: nothing drifts.

use standfast::config::model::VirtualServer;
use standfast::health::outcome::{Failure, Outcome, Success};
use standfast::lvs::event::Event;

use super::kernel::{Kernel, holding};
use super::node::Node;
use super::sample::*;

const FLAPS: u32 = 1_000_000;

/// One server of each kind, two that are judged by two things at once, and a sorry server that comes and goes.
fn everything() -> VirtualServer {
    let mut both = checked_by(4, script());
    both.checks.push(checked_by(4, file_check(-7, false)).checks.remove(0));
    let mut three = inhibit(checked_by(5, file_check(0, true)));
    three.checks.push(checked_by(5, bfd_check()).checks.remove(0));
    three.checks.push(checked_by(5, file_check(i32::MAX, false)).checks.remove(0));
    let reals = [
        checked_by(1, script()),
        checked_by(2, file_check(3, true)),
        checked_by(3, bfd_check()),
        both,
        three,
    ];
    let mut service = service(1, reals);
    (service.quorum, service.hysteresis, service.sorry_server) = (25, 4, sorry());
    service
}

/// A row of numbers without an end that looks random, and is the same each time.
struct Row(u64);

impl Row {
    fn below(&mut self, limit: u64) -> u64 {
        // Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn value(&mut self) -> i32 {
        match self.below(10) {
            0 => i32::MIN,
            1 => i32::MAX,
            small => i32::try_from(small).unwrap() - 6,
        }
    }
}

/// One change: of the file, of the session, or the end of a script.
fn flap(node: &mut Node, row: &mut Row) {
    match row.below(3) {
        0 => {
            let value = row.value();
            node.handle(Event::File { name: "f".into(), value });
        }
        1 => node.handle(Event::Bfd { name: "b".into(), up: row.below(2) == 0 }),
        _ => {
            if node.probes.is_empty() {
                node.now = node.now.max(node.director.deadline().unwrap());
                node.expire();
            }
            let (checker, generation, _) = node.probes.remove(0);
            let outcome = match row.below(4) {
                0 => Outcome::Failure(Failure::Exited(1)),
                1 => Outcome::Success(Success::Ran { weight: None }),
                _ => Outcome::Success(Success::Ran { weight: u32::try_from(row.below(254)).ok() }),
            };
            node.handle(Event::Probed { checker, generation, outcome });
        }
    }
}

/// The same last words for everybody.
fn end(node: &mut Node) {
    for (checker, generation, _) in std::mem::take(&mut node.probes) {
        let outcome = Outcome::Success(Success::Ran { weight: Some(12) });
        node.handle(Event::Probed { checker, generation, outcome });
    }
    node.handle(Event::File { name: "f".into(), value: 1 });
    node.handle(Event::Bfd { name: "b".into(), up: true });
    node.says = Some(12);
    node.run(DELAY_LOOP * 5, |_, _| true);
    // Its weight counts for the quorum to the last unit.
    node.handle(Event::File { name: "f".into(), value: 2 });
    node.handle(Event::File { name: "f".into(), value: 1 });
}

#[test]
fn a_million_flaps_leave_no_trace() {
    let config = tracking([everything()]);
    let mut fresh = Node::start(config.clone(), Kernel::default());
    end(&mut fresh);
    let mut node = Node::start_big(config.clone());
    let mut row = Row(1);
    let (mut ops, mut lines) = (0, 0);
    for nth in 0..FLAPS {
        flap(&mut node, &mut row);
        ops += node.written().len();
        lines += node.heard().len();
        if nth % 100_000 == 0 {
            node.handle(Event::Reconfigure(config.clone()));
            assert_eq!(node.kernel, holding(node.director.desired_all()), "after {nth}");
        }
    }
    assert!(ops > 500_000 && lines > 500_000, "{ops} {lines}");
    end(&mut node);
    assert_eq!(node.kernel, fresh.kernel);
    // The live weight is what it is in one that has seen nothing: the same quorum is lost.
    fresh.heard();
    node.heard();
    for node in [&mut fresh, &mut node] {
        node.handle(Event::Bfd { name: "b".into(), up: false });
        node.handle(Event::File { name: "f".into(), value: i32::MAX });
    }
    let quorum = |node: &mut Node| {
        node.heard().into_iter().filter(|line| line.contains("quorum ")).collect::<Vec<_>>()
    };
    let lost = quorum(&mut fresh);
    assert!(!lost.is_empty());
    assert_eq!(quorum(&mut node), lost);
}
