//! Two leaves serve one service: failover by a link that goes down, NAT over two reals, health checks at the default
//! interval of a minute.

use super::leaf_lab::{INSTANCE, Lab, SERVICE, VIP};
use crate::support::daemon::Subject;
use crate::support::{ipvs, wait};
use std::time::Duration;

/// A check comes once a minute, and is tried again after a second.
const NEXT_CHECK: Duration = Duration::from_secs(75);

pub fn run(subject: Subject) {
    let mut lab = Lab::new();
    let mut first = lab.direct(subject, 0, |text| text);
    let second = lab.direct(subject, 1, |text| text);

    first.await_master(INSTANCE, 1, wait::seconds(10));
    lab.leaves[0].node.await_address("dummy1", VIP, true, wait::seconds(5));
    lab.leaves[0].await_noted("MASTER");
    lab.leaves[1].await_noted("BACKUP");
    lab.await_route(0, wait::seconds(30));
    assert_eq!(ipvs::table(&lab.leaves[0].node), [full_table()]);
    assert_eq!(ipvs::table(&lab.leaves[1].node), [full_table()], "the backup balances too");
    assert_balanced(&lab, 0);

    lab.leaves[0].silence(0);
    lab.leaves[0].node.sh("ip link set eth0 down");
    lab.leaves[0].node.await_address("dummy1", VIP, false, wait::seconds(5));
    lab.leaves[0].await_noted("FAULT");
    second.await_master(INSTANCE, 1, wait::seconds(10));
    lab.leaves[1].node.await_address("dummy1", VIP, true, wait::seconds(5));
    lab.leaves[1].await_noted("MASTER");
    lab.await_route(1, wait::seconds(30));
    assert_balanced(&lab, 1);

    lab.leaves[0].node.sh("ip link set eth0 up");
    first.await_master(INSTANCE, 2, wait::seconds(15));
    lab.leaves[0].node.await_address("dummy1", VIP, true, wait::seconds(5));
    lab.leaves[1].node.await_address("dummy1", VIP, false, wait::seconds(5));
    lab.leaves[1].await_noted("BACKUP");
    lab.await_route(0, wait::seconds(30));

    let survivor = "192.168.3.212:80 -m -w 1";
    await_reals(&lab, &[survivor]);
    assert_eq!(lab.ask(4).into_iter().collect::<Vec<_>>(), [("real2-of-leaf1".to_owned(), 4)]);
    lab.leaves[0].serve(0);
    await_reals(&lab, &["192.168.3.211:80 -m -w 1", survivor]);
    assert_balanced(&lab, 0);

    assert!(first.stop().success());
    assert_eq!(ipvs::table(&lab.leaves[0].node), [], "a stop leaves no service");
    assert!(!lab.leaves[0].node.has("dummy1", VIP), "a stop leaves no address");
    second.await_master(INSTANCE, 2, wait::seconds(10));
}

fn full_table() -> ipvs::Service {
    ipvs::Service {
        address: format!("-t {SERVICE}"),
        options: "-s rr".to_owned(),
        reals: vec!["192.168.3.211:80 -m -w 1".to_owned(), "192.168.3.212:80 -m -w 1".to_owned()],
    }
}

#[track_caller]
fn assert_balanced(lab: &Lab, leaf: usize) {
    let name = |real| format!("real{real}-of-leaf{}", leaf + 1);
    let balanced = [(name(1), 3), (name(2), 3)];
    // The first answers after a move may be lost while neighbours learn the new way.
    wait::until("answers by both alike", wait::seconds(20), || {
        lab.ask(6).into_iter().collect::<Vec<_>>() == balanced
    });
}

#[track_caller]
fn await_reals(lab: &Lab, expected: &[&str]) {
    let node = &lab.leaves[0].node;
    let what = format!("real servers {expected:?}");
    wait::value(
        &what,
        NEXT_CHECK,
        || (ipvs::reals(node) == expected).then_some(()),
        || ipvs::reals(node).join("\n"),
    );
}
