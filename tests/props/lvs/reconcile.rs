//! The reconciler by itself: adopt, edit, fail and try again.

use std::time::Duration;

use standfast::objects::ipvs::{Destination, Forwarding, Op, Pool, SVC_F_HASHED, Service};
use standfast::reconcile::ipvs::Table;
use standfast::time::Mono;

use super::kernel::{Kernel, holding};
use super::sample::{real_key, service_key};

const ENOMEM: i32 = 12;

fn service(scheduler: &str) -> Service {
    Service {
        scheduler: scheduler.into(),
        persistence_engine: None,
        flags: 0,
        timeout: 0,
        netmask: u32::MAX,
    }
}

fn destination(weight: u32) -> Destination {
    Destination { forwarding: Forwarding::DirectRoute, weight, upper_threshold: 0, lower_threshold: 0 }
}

fn pool(scheduler: &str, weights: &[(u8, u32)]) -> Pool {
    let destinations = weights.iter().map(|(n, weight)| (real_key(*n), destination(*weight))).collect();
    Pool { service: service(scheduler), destinations }
}

/// Carries out everything that is pending.
fn settle(table: &mut Table, kernel: &mut Kernel) -> Vec<Op> {
    let ops = table.pending(Mono::ZERO);
    for op in &ops {
        table.done(Mono::ZERO, op, kernel.apply(op));
    }
    ops
}

#[test]
fn what_is_equal_costs_nothing() {
    let mut found = pool("rr", &[(1, 1), (2, 1)]);
    found.service.flags = SVC_F_HASHED;
    found.destinations[1].1.forwarding = Forwarding::LocalNode;
    let mut kernel = holding([(service_key(1), found)]);
    let mut table = Table::default();
    table.adopt(kernel.dump());
    table.want(service_key(1), pool("rr", &[(1, 1), (2, 1)]));
    assert_eq!(settle(&mut table, &mut kernel), []);
}

#[test]
fn what_a_predecessor_left_is_put_right_in_place() {
    let mut kernel = holding([
        (service_key(1), pool("wlc", &[(1, 1), (2, 7), (3, 1)])),
        (service_key(9), pool("rr", &[(9, 9)])),
    ]);
    let mut table = Table::default();
    table.adopt(kernel.dump());
    table.want(service_key(1), pool("rr", &[(4, 1), (2, 0), (1, 2)]));
    let key = service_key(1);
    assert_eq!(
        settle(&mut table, &mut kernel),
        [
            Op::SetService(key, service("rr")),
            Op::NewDest(key, real_key(4), destination(1)),
            Op::SetDest(key, real_key(1), destination(2)),
            Op::SetDest(key, real_key(2), destination(0)),
            Op::DelDest(key, real_key(3)),
        ]
    );
    assert_eq!(kernel.weights(service_key(9)), [(real_key(9), 9)], "not ours");
    assert_eq!(table.pending(Mono::ZERO), []);
}

#[test]
fn destinations_enter_in_the_order_of_the_pool() {
    let mut table = Table::default();
    table.want(service_key(1), pool("rr", &[(3, 1), (1, 1), (2, 1)]));
    let order: Vec<_> = settle(&mut table, &mut Kernel::default())
        .iter()
        .filter_map(|op| if let Op::NewDest(_, key, _) = op { Some(*key) } else { None })
        .collect();
    assert_eq!(order, [real_key(3), real_key(1), real_key(2)]);
}

#[test]
fn one_adjusted_destination_is_one_operation() {
    let mut kernel = Kernel::default();
    let mut table = Table::default();
    table.want(service_key(1), pool("rr", &[(1, 1), (2, 1)]));
    settle(&mut table, &mut kernel);
    table.want_destination(service_key(1), real_key(1), None);
    table.want_destination(service_key(1), real_key(2), Some(destination(1)));
    assert_eq!(settle(&mut table, &mut kernel), [Op::DelDest(service_key(1), real_key(1))]);
    table.want_destination(service_key(1), real_key(1), Some(destination(2)));
    table.want_destination(service_key(1), real_key(1), Some(destination(1)));
    assert_eq!(settle(&mut table, &mut kernel), [Op::NewDest(service_key(1), real_key(1), destination(1))]);
}

#[test]
fn a_scheduler_that_the_kernel_lacks_leaves_the_rest_alone() {
    const NO_SUCH_SCHEDULER: i32 = 2;
    let mut kernel = Kernel::default();
    let mut table = Table::default();
    table.want(service_key(1), pool("rr", &[(1, 1), (2, 1)]));
    settle(&mut table, &mut kernel);
    table.want(service_key(1), pool("twos", &[(1, 1), (2, 1)]));
    let edit = [Op::SetService(service_key(1), service("twos"))];
    for pause in [1, 2] {
        let now = table.retry_at().unwrap_or(Mono::ZERO);
        assert_eq!(table.pending(now), edit);
        table.done(now, &edit[0], Err(NO_SUCH_SCHEDULER));
        assert_eq!(table.retry_at().unwrap().since(now).as_secs(), pause);
    }
    table.want(service_key(1), pool("rr", &[(1, 1), (2, 1)]));
    assert_eq!(table.pending(Mono::ZERO), [], "the kernel still has what is wanted again");
}

#[test]
fn a_refused_operation_is_tried_again_ever_more_rarely() {
    let mut kernel = Kernel::default();
    let mut table = Table::default();
    table.want(service_key(1), pool("rr", &[(1, 1), (2, 1)]));
    let mut now = Mono::ZERO;
    let mut pauses = Vec::new();
    for _ in 0..8 {
        for op in table.pending(now) {
            table.done(now, &op, Err(ENOMEM));
        }
        let again = table.retry_at().unwrap();
        pauses.push(again.since(now).as_secs());
        assert_eq!(table.pending(again - Duration::from_nanos(1)), [], "not before its time");
        now = again;
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    for op in table.pending(now) {
        table.done(now, &op, kernel.apply(&op));
    }
    assert_eq!(kernel.weights(service_key(1)).len(), 2);
    assert_eq!(table.pending(now), []);
    assert_eq!(table.retry_at(), None, "the trouble is over");
}

#[test]
fn what_somebody_deleted_comes_back_without_a_pause() {
    let mut kernel = Kernel::default();
    let mut table = Table::default();
    table.want(service_key(1), pool("rr", &[(1, 1), (2, 1)]));
    settle(&mut table, &mut kernel);
    kernel.services.clear();
    table.want_destination(service_key(1), real_key(1), Some(destination(5)));
    settle(&mut table, &mut kernel);
    assert_eq!(table.retry_at(), Some(Mono::ZERO));
    settle(&mut table, &mut kernel);
    assert_eq!(kernel.weights(service_key(1)), [(real_key(1), 5), (real_key(2), 1)]);
}

#[test]
fn what_exists_unexpectedly_is_made_ours() {
    let mut kernel = holding([(service_key(1), pool("wlc", &[(1, 9)]))]);
    let mut table = Table::default();
    table.want(service_key(1), pool("rr", &[(1, 1)]));
    settle(&mut table, &mut kernel);
    settle(&mut table, &mut kernel);
    assert_eq!(kernel, holding([(service_key(1), pool("rr", &[(1, 1)]))]));
    assert_eq!(settle(&mut table, &mut kernel), []);
    assert_eq!(table.retry_at(), None);
}

#[test]
fn release_deletes_ours_and_forgets_it() {
    let mut kernel = holding([(service_key(9), pool("rr", &[(9, 9)]))]);
    let mut table = Table::default();
    table.adopt(kernel.dump());
    table.want(service_key(1), pool("rr", &[(1, 1)]));
    settle(&mut table, &mut kernel);
    table.release([service_key(1)]);
    assert_eq!(settle(&mut table, &mut kernel), [Op::DelService(service_key(1))]);
    kernel.apply(&Op::NewService(service_key(1), service("rr"))).unwrap();
    table.adopt(kernel.dump());
    assert_eq!(settle(&mut table, &mut kernel), [], "what others make of it later is theirs");
}

#[test]
fn what_others_change_is_seen_and_put_right() {
    let ours = pool("rr", &[(1, 1), (2, 1)]);
    let mut kernel = holding([(service_key(9), pool("lc", &[(9, 9)]))]);
    let mut table = Table::default();
    table.adopt(kernel.dump());
    for n in [1, 2, 3] {
        table.want(service_key(n), ours.clone());
    }
    settle(&mut table, &mut kernel);
    let moment = table.moment();
    assert_eq!(table.observe(kernel.dump(), moment), []);
    assert_eq!(settle(&mut table, &mut kernel), []);

    kernel.services.remove(&service_key(1));
    let (attributes, destinations) = kernel.services.get_mut(&service_key(2)).unwrap();
    attributes.scheduler = "sh".into();
    destinations.remove(&real_key(1));
    destinations.insert(real_key(2), destination(5));
    destinations.insert(real_key(7), destination(7));
    kernel.services.remove(&service_key(9));
    kernel.services.insert(service_key(8), (service("sed"), [(real_key(8), destination(8))].into()));
    let moment = table.moment();
    assert_eq!(table.observe(kernel.dump(), moment), [service_key(1), service_key(2)]);
    settle(&mut table, &mut kernel);
    for n in [1, 2, 3] {
        assert_eq!(kernel.weights(service_key(n)), [(real_key(1), 1), (real_key(2), 1)], "{n}");
    }
    assert_eq!(&*kernel.services[&service_key(2)].0.scheduler, "rr");
    assert_eq!(kernel.weights(service_key(8)), [(real_key(8), 8)], "foreign ones are left alone");
    assert!(!kernel.services.contains_key(&service_key(9)));
}

#[test]
fn a_look_that_is_out_of_date_changes_nothing() {
    let mut kernel = Kernel::default();
    let mut table = Table::default();
    table.want(service_key(1), pool("rr", &[(1, 1)]));
    table.want(service_key(2), pool("rr", &[(1, 1)]));
    settle(&mut table, &mut kernel);
    // The look begins, and then something is written.
    let (moment, dump) = (table.moment(), kernel.dump());
    table.want_destination(service_key(1), real_key(1), Some(destination(9)));
    table.release([service_key(2)]);
    settle(&mut table, &mut kernel);
    assert_eq!(table.observe(dump, moment), []);
    assert_eq!(settle(&mut table, &mut kernel), []);
    // The one that was deleted meanwhile comes back all the same.
    table.want(service_key(2), pool("rr", &[(1, 1)]));
    settle(&mut table, &mut kernel);
    assert_eq!(kernel.weights(service_key(2)), [(real_key(1), 1)]);
    assert_eq!(kernel.weights(service_key(1)), [(real_key(1), 9)]);
}

#[test]
fn a_record_names_what_a_predecessor_left() {
    let mut kernel = holding([1, 2, 3].map(|n| (service_key(n), pool("rr", &[(1, 1)]))));
    let mut table = Table::default();
    table.adopt(kernel.dump());
    table.want(service_key(1), pool("rr", &[(1, 1)]));
    let left = table.left_behind([1, 2, 7].map(service_key));
    assert_eq!(left, [service_key(2)]);
    table.release(left);
    assert_eq!(settle(&mut table, &mut kernel), [Op::DelService(service_key(2))]);
    assert!(kernel.services.contains_key(&service_key(3)), "nobody says that it was ours");
}
