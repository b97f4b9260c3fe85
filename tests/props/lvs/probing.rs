//! `checker_share_probes` and `checker_probes_per_target`: fewer probes, and the same states.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use standfast::config::model::{Config, VirtualServer};
use standfast::lvs::event::Event;

use super::kernel::Kernel;
use super::node::{Node, outcome};
use super::sample::*;

fn with(share: bool, limit: u32, services: impl IntoIterator<Item = VirtualServer>) -> Arc<Config> {
    let mut config =
        Config { virtual_servers: services.into_iter().map(Arc::new).collect(), ..Config::default() };
    config.global.checker_share_probes = share;
    config.global.checker_probes_per_target = NonZeroU32::new(limit);
    Arc::new(config)
}

/// The same three servers in so many services.
fn services(count: u8) -> impl Iterator<Item = VirtualServer> {
    (1..=count).map(|n| service(n, [real(1), real(2), real(3)]))
}

/// Lets time pass and answers each probe; gives how many there were.
fn run(node: &mut Node, span: Duration, well: impl Fn(u8) -> bool) -> usize {
    let (end, mut count) = (node.now + span, 0);
    while let Some(deadline) = node.director.deadline().filter(|deadline| *deadline <= end) {
        node.now = node.now.max(deadline);
        node.expire();
        while !node.probes.is_empty() {
            count += 1;
            answer(node, &well);
        }
    }
    node.now = end;
    count
}

/// The oldest probe comes back.
fn answer(node: &mut Node, well: impl Fn(u8) -> bool) {
    let (checker, generation, url) = node.probes.remove(0);
    let target = node.director.check(checker).map(|check| check.target.ip());
    let last = target.map_or(0, |ip| ip.to_string().rsplit('.').next().unwrap().parse().unwrap());
    node.handle(Event::Probed { checker, generation, outcome: outcome(well(last), url) });
}

#[test]
fn one_probe_answers_for_all_that_ask_the_same() {
    let minute = Duration::from_secs(60);
    let mut apart = Node::start(with(false, 0, services(20)), Kernel::default());
    let mut shared = Node::start(with(true, 0, services(20)), Kernel::default());
    let each = run(&mut apart, minute, |n| n != 2);
    let once = run(&mut shared, minute, |n| n != 2);
    assert_eq!(each, 20 * once, "twenty services, one probe for each server");
    assert_eq!(apart.kernel.dump(), shared.kernel.dump());
    for n in 1..=20 {
        assert_eq!(shared.kernel.weights(service_key(n)), [(real_key(1), 1), (real_key(3), 1)]);
    }
    run(&mut shared, minute, |_| true);
    for n in 1..=20 {
        assert_eq!(shared.kernel.weights(service_key(n)).len(), 3, "it comes back everywhere");
    }
}

#[test]
fn what_differs_is_asked_apart() {
    let mut slow = service(2, [real(1)]);
    Arc::make_mut(&mut first_check(&mut slow.real_servers[0]).pace).connect_timeout =
        Duration::from_secs(9);
    let mut web = service(3, [real(1)]);
    web.real_servers[0].checks[0] = Arc::new(http(real_key(1).address, &["/"]));
    let mut loud = service(4, [real(1)]);
    first_check(&mut loud.real_servers[0]).log_all_failures = true;
    let all = with(true, 0, [service(1, [real(1)]), slow, web, loud]);
    let mut node = Node::start(all, Kernel::default());
    node.now = node.director.deadline().unwrap();
    node.expire();
    assert_eq!(node.probes.len(), 3, "what is logged is no difference of the question");
}

#[test]
fn a_server_that_comes_later_rides_along() {
    let mut node = Node::start(with(true, 0, services(1)), Kernel::default());
    run(&mut node, Duration::from_secs(5), |_| true);
    node.handle(Event::Reconfigure(with(true, 0, services(2))));
    // The new ones would wait until a second from now, the old ones until the eleventh: they go together from then on.
    let alone = run(&mut node, Duration::from_secs(60), |_| true);
    assert_eq!(alone, 3 * 6, "one every ten seconds, the first after one");
}

#[test]
fn no_more_than_so_many_at_a_time() {
    let mut node = Node::start(with(false, 2, services(5)), Kernel::default());
    node.now = node.director.deadline().unwrap();
    node.expire();
    assert_eq!(node.probes.len(), 3 * 2, "two to each address");
    // A removed service's probe still is under way, and has its place until it is back.
    node.handle(Event::Reconfigure(with(false, 2, services(5).skip(1))));
    assert_eq!(node.probes.len(), 3 * 2);
    let (mut asked, mut most) = (node.probes.len(), node.probes.len());
    while !node.probes.is_empty() {
        let before = node.probes.len();
        answer(&mut node, |_| false);
        asked += node.probes.len() + 1 - before;
        most = most.max(node.probes.len());
    }
    // Five services with three servers; those of the first that waited are gone with it.
    assert_eq!(most, 6);
    assert!((12..=15).contains(&asked), "{asked}");
    for n in 2..=5 {
        assert_eq!(node.kernel.weights(service_key(n)), [], "all have been asked");
    }
}

#[test]
fn whoever_waits_goes_when_the_limit_goes() {
    let mut node = Node::start(with(false, 1, services(4)), Kernel::default());
    node.now = node.director.deadline().unwrap();
    node.expire();
    assert_eq!(node.probes.len(), 3);
    node.handle(Event::Reconfigure(with(false, 3, services(4))));
    assert_eq!(node.probes.len(), 9);
    node.handle(Event::Reconfigure(with(false, 0, services(4))));
    assert_eq!(node.probes.len(), 12);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes and goes, nobody is forgotten and the limit holds.
    #[test]
    fn nobody_is_forgotten(
        steps in prop::collection::vec((0..4_u8, any::<bool>(), 0..3_u32, 1..5_u8), 1..60),
    ) {
        let mut node = Node::start(with(true, 1, services(3)), Kernel::default());
        for (step, share, limit, count) in steps {
            match step {
                0 => node.handle(Event::Reconfigure(with(share, limit, services(count)))),
                1 if !node.probes.is_empty() => answer(&mut node, |_| share),
                _ => {
                    if let Some(deadline) = node.director.deadline() {
                        node.now = node.now.max(deadline);
                        node.expire();
                    }
                }
            }
        }
        // From here on all goes well: then every server of every service is up after two rounds.
        node.handle(Event::Reconfigure(with(true, 1, services(4))));
        while !node.probes.is_empty() {
            answer(&mut node, |_| true);
        }
        run(&mut node, DELAY_LOOP * 3, |_| true);
        for n in 1..=4 {
            prop_assert_eq!(node.kernel.weights(service_key(n)).len(), 3);
        }
        // And each is asked in turn.
        prop_assert_eq!(run(&mut node, DELAY_LOOP, |_| true), 3);
    }
}
