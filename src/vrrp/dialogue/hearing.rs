//! Whom a router hears, and what it looks at.

use super::*;

const MASTER_AT: f64 = 3.609375;

#[test]
fn routers_of_one_vrid_hear_their_own_group() {
    let other = VrrpInstance { multicast_group: ip("224.0.0.77"), ..instance("B", 1, 100) };
    let instances = vec![instance("A", 1, 100).into(), other.clone().into()];
    let (mut talk, _) = Talk::start(Config { instances, ..Config::default() });
    for second in 1..=4 {
        talk.hear(at(f64::from(second) * 0.8), PEER, 200);
    }
    assert!(talk.due(MASTER_AT).contains(&"B MASTER".into()), "what A hears is nothing to B");
    let states: Vec<State> = talk.router.views().iter().map(|view| view.state).collect();
    assert_eq!(states, [State::Backup, State::Master]);
    let (mut alone, _) = Talk::start(Config { instances: vec![other.into()], ..Config::default() });
    alone.hear(at(3.0), PEER, 200);
    assert!(alone.due(MASTER_AT).contains(&"B MASTER".into()));
}

#[test]
fn the_list_of_a_master_is_compared_each_time_or_once() {
    let differing = |skip_check_adv_addr: bool| {
        let mut config = VrrpInstance { skip_check_adv_addr, ..instance("A", 1, 100) };
        config.addresses[0].key.net = "192.168.9.9/32".parse().unwrap();
        let mut talk = Talk::alone(config);
        for (second, from) in [(1, PEER), (2, PEER), (3, "10.0.0.3"), (4, "10.0.0.3")] {
            talk.hear(at(f64::from(second)), from, 200);
        }
        talk.router.views()[0].counters.address_list
    };
    assert_eq!((differing(false), differing(true)), (4, 2));
}

#[test]
fn a_takeover_comes_next_for_a_backup_only() {
    let mut talk = Talk::alone(instance("A", 1, 100));
    assert_eq!(talk.router.next_takeover(), Some(at(MASTER_AT)));
    talk.due(MASTER_AT);
    assert_eq!((talk.router.next_takeover(), talk.router.deadline().is_some()), (None, true));
}
