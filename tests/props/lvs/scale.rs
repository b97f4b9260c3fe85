//! Big tables. Anything quadratic in these would take minutes instead of a second or two.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use standfast::config::model::RealServer;
use standfast::lvs::event::Event;
use standfast::objects::ipvs::Op;
use standfast::time::Mono;

use super::kernel::Kernel;
use super::node::{Node, outcome};
use super::sample::*;

fn many(count: u32) -> Vec<RealServer> {
    let real = |n: u32| {
        let mut real = real(1);
        real.address = IpAddr::V4(Ipv4Addr::from(0x0b00_0000 + n));
        let address = real.address;
        first_check(&mut real).target.set_ip(address);
        real
    };
    (0..count).map(real).collect()
}

#[test]
fn twenty_thousand_real_servers_of_one_service_fail_one_by_one() {
    const COUNT: u32 = 20_000;
    let mut node = Node::start_big(config([service(1, many(COUNT))]));
    assert_eq!(node.written().len(), COUNT as usize + 1);
    node.run(Duration::from_secs(1), |address, _| address.is_ipv6());
    assert!(!node.kernel.serves(service_key(1)));
    assert_eq!(node.written().len(), COUNT as usize, "each failure is one operation");

    let mut edited = many(COUNT);
    edited[7777].weight = 9;
    edited.reverse();
    node.handle(Event::Reconfigure(config([service(1, edited)])));
    assert_eq!(node.written(), [], "order is not worth an operation, nor is the weight of a dead server");
}

#[test]
fn a_reload_of_ten_thousand_services_writes_one_change() {
    let services = |changed: Option<usize>| {
        let service = |n: u32| {
            let mut service = service(1, many(10));
            service.target = standfast::config::model::lvs::Target::Fwmark {
                mark: n + 1,
                family: standfast::ids::Family::V4,
            };
            service
        };
        let mut services: Vec<_> = (0..10_000).map(service).collect();
        if let Some(changed) = changed {
            services[changed].real_servers[3].weight = 2;
        }
        config(services)
    };
    let mut node = Node::start_big(services(None));
    node.written();
    node.handle(Event::Reconfigure(services(Some(5_000))));
    assert!(matches!(&node.written()[..], [Op::SetDest(_, _, value)] if value.weight == 2));

    // And every check of them once, the answers coming back in another order.
    node.now = node.director.deadline().unwrap();
    node.expire();
    assert_eq!(node.probes.len(), 100_000);
    node.heard();
    let probes = std::mem::take(&mut node.probes);
    for (checker, generation, url) in probes.into_iter().rev() {
        node.handle(Event::Probed { checker, generation, outcome: outcome(true, url) });
    }
    assert_eq!(node.heard().len(), 100_000);
    assert_eq!(node.written(), []);
}

#[test]
fn checks_that_went_together_part_again() {
    let mut node = Node::start(config([service(1, [real(1), real(2)])]), Kernel::default());
    // The first one answers at once, the second one 4 ms later: so much it falls behind at each round.
    let slow = real_key(2).address;
    let mut begun: [Vec<Mono>; 2] = Default::default();
    let mut under_way: Vec<(Mono, _, _)> = Vec::new();
    while begun[0].len() < 50 {
        let answered = under_way.iter().map(|(at, ..)| *at).min();
        let due = [answered, node.director.deadline()].into_iter().flatten().min();
        node.now = due.unwrap();
        let (back, rest): (Vec<_>, Vec<_>) = under_way.into_iter().partition(|(at, ..)| *at <= node.now);
        under_way = rest;
        for (_, checker, generation) in back {
            node.handle(Event::Probed { checker, generation, outcome: outcome(true, 0) });
        }
        node.expire();
        for (checker, generation, _) in std::mem::take(&mut node.probes) {
            let is_slow = node.director.check(checker).unwrap().target.ip() == slow;
            begun[usize::from(is_slow)].push(node.now);
            under_way.push((
                node.now + Duration::from_millis(if is_slow { 4 } else { 0 }),
                checker,
                generation,
            ));
        }
    }
    let together = begun[0].iter().filter(|at| begun[1].contains(at)).count();
    assert!((10..16).contains(&together), "near each other they go together, and are not held: {together}");
    let [fast, late] = begun.map(|at| at[48].as_nanos() / 1_000_000);
    assert!(late - fast >= 4 * 47, "{fast} {late}");
}
