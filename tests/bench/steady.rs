//! A thousand routers in a steady state, and what they hear, for a bench and a test of the core.

use std::net::Ipv4Addr;
use std::sync::Arc;

use standfast::config::{LoadOptions, load_str};
use standfast::ids::{IfIndex, Mac};
use standfast::objects::interface::{AssignedAddress, Interface};
use standfast::time::Mono;
use standfast::vrrp::action::{Action, State};
use standfast::vrrp::event::Datagram;
use standfast::vrrp::router::Router;

pub const INTERFACES: u32 = 4;
pub const ROUTERS_EACH: u32 = 250;

/// A thousand routers on four interfaces of the host with this number.
pub fn router(host: u8, priority: u8) -> Router {
    let mut text = String::from("global_defs {\n vrrp_version 3\n vrrp_garp_master_delay 0\n}\n");
    for number in 0..INTERFACES * ROUTERS_EACH {
        let (interface, vrid) = (number / ROUTERS_EACH, number % ROUTERS_EACH + 1);
        text.push_str(&format!(
            "vrrp_instance VI_{number} {{\n interface eth{interface}\n virtual_router_id {vrid}\n \
             priority {priority}\n advert_int 1\n virtual_ipaddress {{\n 10.{interface}.1.{vrid}/32\n }}\n}}\n"
        ));
    }
    let loaded = load_str("bench.conf", &text, &LoadOptions::default());
    let interfaces: Vec<Arc<Interface>> = (0..INTERFACES).map(|number| interface(number, host)).collect();
    Router::start(Mono::ZERO, Arc::new(loaded.config), &interfaces, &mut Vec::new())
}

pub fn interface(number: u32, host: u8) -> Arc<Interface> {
    Arc::new(Interface {
        mac: Some(Mac([2, 0, 0, 0, host, number as u8])),
        addresses: vec![AssignedAddress {
            net: format!("10.{number}.0.{host}/24").parse().unwrap(),
            secondary: false,
            tentative: false,
            duplicate: false,
            protocol: None,
        }],
        ..Interface::ethernet(format!("eth{number}"), IfIndex(number + 2))
    })
}

/// Lets timers run until every router is master and has announced.
pub fn masters(host: u8) -> Router {
    let mut router = router(host, 200);
    let mut actions = Vec::new();
    let end = Mono::from_nanos(10_000_000_000);
    while let Some(at) = router.deadline().filter(|at| *at < end) {
        router.expire(at, &mut actions);
        actions.clear();
    }
    assert!(router.views().iter().all(|view| view.state == State::Master));
    router
}

/// One advert of each router, with the interface that it comes in by, as the neighbour sends it.
pub fn payloads(neighbour: &mut Router) -> Vec<(IfIndex, Arc<[u8]>)> {
    let views = neighbour.views();
    let (mut actions, mut found) = (Vec::new(), Vec::new());
    while found.len() < views.len() {
        let at = neighbour.deadline().unwrap();
        neighbour.expire(at, &mut actions);
        found.extend(actions.drain(..).filter_map(|action| match action {
            Action::Transmit { instance, payload, .. } => {
                Some((IfIndex(instance.0 / ROUTERS_EACH + 2), payload))
            }
            _ => None,
        }));
    }
    found
}

/// An advert of the neighbour, as it arrives.
pub fn heard(now: Mono, interface: IfIndex, payload: &[u8]) -> Datagram<'_> {
    Datagram {
        received_at: now,
        interface,
        source: Ipv4Addr::new(10, (interface.0 - 2) as u8, 0, 2).into(),
        destination: Ipv4Addr::new(224, 0, 0, 18).into(),
        ttl: 255,
        header: &[],
        payload,
    }
}
