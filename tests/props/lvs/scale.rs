//! Big tables. Anything quadratic in these would take minutes instead of a second or two.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use standfast::config::model::RealServer;
use standfast::lvs::event::Event;
use standfast::objects::ipvs::Op;

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
