//! What the pure parts cost, without kernel and network: reading a configuration, and one advert out or in with a
//! thousand routers. `cargo bench --bench cores`.
#![expect(clippy::unwrap_used, reason = "a bench stops where something is wrong")]

use std::hint::black_box;
use std::net::Ipv4Addr;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use standfast::config::{LoadOptions, load_str};
use standfast::ids::{IfIndex, Mac};
use standfast::objects::interface::{AssignedAddress, Interface};
use standfast::time::Mono;
use standfast::vrrp::action::{Action, State};
use standfast::vrrp::event::{Datagram, Event};
use standfast::vrrp::router::Router;

/// Shared with the bench of the whole daemon, so that both read the same text.
#[path = "pools.rs"]
mod pools;

const INTERFACES: u32 = 4;
const ROUTERS_EACH: u32 = 250;

fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read real servers");
    group.sample_size(10);
    for count in [1_000, 10_000] {
        let text = pools::checked(count);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::from_parameter(count), &text, |bencher, text| {
            bencher.iter(|| {
                let loaded = load_str("bench.conf", black_box(text), &LoadOptions::default());
                assert_eq!(loaded.diagnostics.len(), 0);
                loaded.config.virtual_servers.len()
            });
        });
    }
    group.finish();
}

/// A thousand routers on four interfaces of the host with this number.
fn router(host: u8, priority: u8) -> Router {
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

fn interface(number: u32, host: u8) -> Arc<Interface> {
    Arc::new(Interface {
        name: format!("eth{number}").into(),
        index: IfIndex(number + 2),
        up: true,
        no_arp: false,
        loopback: false,
        multicast: true,
        mac: Some(Mac([2, 0, 0, 0, host, number as u8])),
        mtu: 1500,
        parent: None,
        kind: "".into(),
        addresses: vec![AssignedAddress {
            net: format!("10.{number}.0.{host}/24").parse().unwrap(),
            secondary: false,
            tentative: false,
            protocol: None,
        }],
    })
}

/// Lets timers run until every router is master and has announced.
fn masters(host: u8) -> Router {
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

fn adverts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("1000 routers");
    group.throughput(Throughput::Elements(u64::from(INTERFACES * ROUTERS_EACH)));
    let (mut sender, mut actions) = (masters(1), Vec::new());
    group.bench_function("an advert each, sent", |bencher| {
        bencher.iter(|| {
            let mut sent = 0;
            while sent < INTERFACES * ROUTERS_EACH {
                sender.expire(sender.deadline().unwrap(), &mut actions);
                sent += actions.len() as u32;
                assert!(actions.drain(..).all(|action| matches!(action, Action::Transmit { .. })));
            }
        });
    });
    let payloads = payloads(&mut masters(2));
    let (mut listener, mut now) = (router(1, 100), Mono::ZERO);
    group.bench_function("an advert each, heard", |bencher| {
        bencher.iter(|| {
            now = Mono::from_nanos(now.as_nanos() + 1_000_000);
            for (interface, payload) in &payloads {
                let datagram = Datagram {
                    received_at: now,
                    interface: *interface,
                    source: Ipv4Addr::new(10, (interface.0 - 2) as u8, 0, 2).into(),
                    destination: Ipv4Addr::new(224, 0, 0, 18).into(),
                    ttl: 255,
                    payload,
                };
                listener.handle(now, Event::Packet(datagram), &mut actions);
            }
            actions.clear();
        });
    });
    assert!(listener.views().iter().all(|view| view.counters.advert_received > 0));
    group.finish();
}

/// One advert of each router, with the interface that it comes in by, as the neighbour sends it.
fn payloads(neighbour: &mut Router) -> Vec<(IfIndex, Arc<[u8]>)> {
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

criterion_group!(cores, read, adverts);
criterion_main!(cores);
