//! A packet costs no memory: a steady master and a steady backup allocate nothing, whatever comes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(test)]

#[path = "bench/steady.rs"]
mod steady;

use allocation_counter::measure;
use standfast::time::Mono;
use standfast::vrrp::action::Action;
use standfast::vrrp::event::Event;
use steady::{INTERFACES, ROUTERS_EACH, heard, masters, payloads, router};

const ALL: usize = (INTERFACES * ROUTERS_EACH) as usize;

#[test]
fn a_steady_master_allocates_nothing() {
    let (mut sender, mut actions) = (masters(1), Vec::with_capacity(ALL));
    let mut sent = 0;
    let round = |sent: &mut usize| {
        let end = *sent + ALL;
        while *sent < end {
            sender.expire(sender.deadline().unwrap(), &mut actions);
            *sent += actions.drain(..).filter(|action| matches!(action, Action::Transmit { .. })).count();
        }
    };
    let mut round = round;
    round(&mut sent);
    let used = measure(|| round(&mut sent));
    assert!(sent >= 2 * ALL);
    assert_eq!(used.count_total, 0, "{used:?}");
}

#[test]
fn a_steady_backup_allocates_nothing_whatever_it_hears() {
    let adverts = payloads(&mut masters(2));
    let (mut listener, mut actions) = (router(1, 100), Vec::with_capacity(ALL));
    let mut now = Mono::ZERO;
    let mut hear = |spoil: bool| {
        now = Mono::from_nanos(now.as_nanos() + 1_000_000);
        for (interface, payload) in &adverts {
            let mut datagram = heard(now, *interface, payload);
            if spoil {
                datagram.ttl = 254;
            }
            listener.handle(now, Event::Packet(datagram), &mut actions);
            actions.clear();
        }
    };
    // The first of each sort is news, and said.
    hear(false);
    hear(true);
    let used = measure(|| {
        hear(false);
        hear(true);
    });
    assert_eq!(used.count_total, 0, "{used:?}");
    let views = listener.views();
    assert!(views.iter().all(|view| view.counters.advert_received >= 2));
}
