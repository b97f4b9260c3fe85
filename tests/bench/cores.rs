//! What the pure parts cost, without kernel and network: reading a configuration, and one advert out or in with a
//! thousand routers. `cargo bench --bench cores`.
#![expect(clippy::unwrap_used, reason = "a bench stops where something is wrong")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use standfast::config::{LoadOptions, load_str};
use standfast::time::Mono;
use standfast::vrrp::action::Action;
use standfast::vrrp::event::Event;

/// Shared with the bench of the whole daemon, so that both read the same text.
#[path = "pools.rs"]
mod pools;
/// Shared with the test that counts allocations.
#[path = "steady.rs"]
mod steady;

use steady::{INTERFACES, ROUTERS_EACH, heard, masters, payloads, router};

fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read real servers");
    group.sample_size(10);
    for count in [1_000, 10_000] {
        let text = pools::checked(count, 100);
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
                listener.handle(now, Event::Packet(heard(now, *interface, payload)), &mut actions);
            }
            actions.clear();
        });
    });
    assert!(listener.views().iter().all(|view| view.counters.advert_received > 0));
    group.finish();
}

criterion_group!(cores, read, adverts);
criterion_main!(cores);
