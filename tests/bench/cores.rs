//! What the pure parts cost by themselves: reading a large file, comparing two, adverts of a thousand routers.
#![expect(clippy::unwrap_used, reason = "a bench stops where something is wrong")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use standfast::config::{self, LoadOptions, model::Config};
use standfast::ids::IfIndex;
use standfast::objects::interface::{AssignedAddress, Interface};
use standfast::time::Mono;
use standfast::vrrp::action::Action;
use standfast::vrrp::event::{Datagram, Event};
use standfast::vrrp::router::Router;

/// Real servers of the large file, in virtual servers of a hundred.
const REALS: usize = 10_000;
/// Virtual routers, as many as ids allow on each interface.
const ROUTERS: usize = 1_000;
const ROUTERS_PER_INTERFACE: usize = 250;

/// A file with many real servers, each with its check; the last one has `weight`.
fn reals(weight: usize) -> String {
    let mut text = String::new();
    for service in 0..REALS / 100 {
        writeln!(
            text,
            "virtual_server 10.200.{service}.1 80 {{\n    lb_algo wrr\n    lb_kind NAT\n    protocol TCP"
        )
        .unwrap();
        for server in 1..=100 {
            let last = service + 1 == REALS / 100 && server == 100;
            let weight = if last { weight } else { 1 };
            writeln!(
                text,
                "    real_server 10.9.{service}.{server} 80 {{\n        weight {weight}\n        TCP_CHECK {{\n            \
                 connect_timeout 3\n        }}\n    }}"
            )
            .unwrap();
        }
        text.push_str("}\n");
    }
    text
}

/// A file with many virtual routers that start as backups of somebody with a higher priority, or as masters.
fn routers(priority: u8) -> String {
    let mut text = String::from("global_defs {\n    vrrp_version 3\n}\n");
    for number in 0..ROUTERS {
        let (interface, vrid) = (number / ROUTERS_PER_INTERFACE, number % ROUTERS_PER_INTERFACE + 1);
        writeln!(
            text,
            "vrrp_instance VI_{number} {{\n    interface eth{interface}\n    virtual_router_id {vrid}\n    \
             priority {priority}\n    advert_int 1\n    virtual_ipaddress {{\n        10.{interface}.200.{vrid}/32\n    \
             }}\n}}"
        )
        .unwrap();
    }
    text
}

fn read(text: &str) -> Config {
    let loaded = config::load_str("bench.conf", text, &LoadOptions::default());
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics.first());
    loaded.config
}

fn interfaces() -> Vec<Arc<Interface>> {
    let interface = |number: usize| {
        let address = AssignedAddress {
            net: format!("10.{number}.0.1/16").parse().unwrap(),
            secondary: false,
            tentative: false,
            protocol: None,
        };
        Arc::new(Interface {
            name: format!("eth{number}").as_str().into(),
            index: IfIndex(u32::try_from(number).unwrap() + 2),
            up: true,
            no_arp: false,
            loopback: false,
            multicast: true,
            mac: None,
            mtu: 1500,
            parent: None,
            kind: "".into(),
            addresses: vec![address],
        })
    };
    (0..ROUTERS / ROUTERS_PER_INTERFACE).map(interface).collect()
}

/// Lets the router's own deadlines pass until `seconds`; gives the number of adverts sent.
fn run_until(router: &mut Router, seconds: u64, out: &mut Vec<Action>) -> usize {
    let end = Mono::ZERO + std::time::Duration::from_secs(seconds);
    let mut sent = 0;
    while let Some(due) = router.deadline().filter(|due| *due <= end) {
        router.expire(due, out);
        sent += out.iter().filter(|action| matches!(action, Action::Transmit { .. })).count();
        out.clear();
    }
    sent
}

fn files(criterion: &mut Criterion) {
    let text = reals(1);
    let mut group = criterion.benchmark_group("configuration");
    group.sample_size(20).throughput(Throughput::Elements(REALS as u64));
    group.bench_function("read 10 000 real servers", |bencher| bencher.iter(|| black_box(read(&text))));
    let (old, new) = (read(&text), read(&reals(2)));
    group.bench_function("compare 10 000 real servers, one changed", |bencher| {
        bencher.iter(|| black_box(config::diff::diff(&old, &new)));
    });
    group.finish();
}

fn adverts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("vrrp");
    group.sample_size(20).throughput(Throughput::Elements(ROUTERS as u64));
    let mut out = Vec::new();

    let config = Arc::new(read(&routers(200)));
    let mut masters = Router::start(Mono::ZERO, config, &interfaces(), &mut out);
    out.clear();
    // Past the takeover and its announcements.
    let mut second = 20;
    run_until(&mut masters, second, &mut out);
    group.bench_function("1 000 masters send an advert each", |bencher| {
        bencher.iter(|| {
            second += 1;
            assert_eq!(run_until(&mut masters, second, &mut out), ROUTERS);
        });
    });

    // What the masters send is what the backups hear.
    let mut payloads = Vec::new();
    while payloads.len() < ROUTERS {
        let due = masters.deadline().unwrap();
        masters.expire(due, &mut out);
        payloads.extend(out.drain(..).filter_map(|action| match action {
            Action::Transmit { instance, destination, payload, .. } => {
                Some((instance, destination, payload))
            }
            _ => None,
        }));
    }
    let config = Arc::new(read(&routers(100)));
    let mut router = Router::start(Mono::ZERO, config, &interfaces(), &mut Vec::new());
    let mut now = Mono::ZERO;
    group.bench_function("1 000 backups hear an advert each", |bencher| {
        bencher.iter(|| {
            now += std::time::Duration::from_secs(1);
            for (instance, destination, payload) in &payloads {
                let interface = instance.0 / ROUTERS_PER_INTERFACE as u32;
                let datagram = Datagram {
                    received_at: now,
                    interface: IfIndex(interface + 2),
                    source: format!("10.{interface}.0.2").parse().unwrap(),
                    destination: *destination,
                    ttl: 255,
                    payload,
                };
                router.handle(now, Event::Packet(datagram), &mut out);
            }
            // Heard as meant: nobody takes over.
            assert!(!out.iter().any(|action| matches!(action, Action::Own { .. })));
            out.clear();
        });
    });
    group.finish();
}

criterion_group!(benches, files, adverts);
criterion_main!(benches);
