//! Takeover beyond what the protocol's own timer asks for, and the time from start to the virtual address.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::Plan;
use super::lateness::{Bed, INTERVAL};
use super::subject::{Running, routers};
use super::support::daemon::Subject;
use super::table::{Table, median};
use super::wire::{Packet, Seen, Wire};

/// How often each round repeats a takeover.
const REPEATS: usize = 3;

const MASTER_PRIORITY: u8 = 200;
const BACKUP_PRIORITY: u8 = 100;

/// How the MASTER goes away.
#[derive(Clone, Copy)]
enum End {
    Killed,
    Stopped,
}

/// Measures how much later than its timer a BACKUP takes over.
pub fn measure_takeover(plan: &Plan, table: &mut Table) {
    for (end, what) in
        [(End::Killed, "takeover overshoot, kill -9"), (End::Stopped, "takeover overshoot, stop")]
    {
        let results = plan.interleaved(what, |subject| {
            let bed = Bed::new();
            (0..REPEATS).map(|_| overshoot(subject, &bed, end)).collect::<Vec<f64>>()
        });
        let figures = results.into_iter().map(|(_, rounds)| median(rounds.into_iter().flatten().collect()));
        table.row(format!("{what}, median"), "ms", figures.collect());
    }
}

/// One takeover: milliseconds from the moment at which the timer ends to the new MASTER's first advert.
fn overshoot(subject: Subject, bed: &Bed, end: End) -> f64 {
    let wire = Wire::listen(&bed.observer);
    let from = |priority: u8| {
        move |seen: &Seen| match &seen.what {
            Packet::Advert(advert) if advert.priority() == priority => Some(seen.at),
            _ => None,
        }
    };
    let mut master =
        Running::start(subject, &bed.director, &routers(1, MASTER_PRIORITY, INTERVAL, ""), &["-P"]);
    wire.await_first("the MASTER's advert", Duration::from_secs(20), from(MASTER_PRIORITY));
    let _backup =
        Running::start(subject, &bed.observer, &routers(1, BACKUP_PRIORITY, INTERVAL, ""), &["-P"]);
    std::thread::sleep(Duration::from_secs(2));
    match end {
        End::Killed => drop(master.kill()),
        End::Stopped => master.signal(Signal::SIGTERM),
    }
    let taken = wire.await_first("the BACKUP's advert", Duration::from_secs(20), from(BACKUP_PRIORITY));
    let before = wire.adverts();
    let last_words = match end {
        End::Killed => MASTER_PRIORITY,
        End::Stopped => 0,
    };
    let last = before
        .iter()
        .filter(|(at, advert)| *at < taken && advert.priority() == last_words)
        .map(|(at, _)| *at)
        .max()
        .expect("the MASTER's last advert");
    (taken - last) as f64 / 1e6 - timer_ms(end)
}

/// RFC 9568: Skew_Time, and Master_Down_Interval on top of three missed adverts, in milliseconds.
fn timer_ms(end: End) -> f64 {
    let interval = INTERVAL * 1e3;
    // In whole centiseconds, as the protocol counts.
    let skew = (((256.0 - f64::from(BACKUP_PRIORITY)) * interval / 10.0) / 256.0).floor() * 10.0;
    match end {
        End::Killed => 3.0 * interval + skew,
        End::Stopped => skew,
    }
}

/// Measures how long an address owner (priority 255: no timer to wait for) needs to hold and announce its address.
pub fn measure_start(plan: &Plan, table: &mut Table) {
    let what = "start to announced VIP";
    let results = plan.interleaved(what, |subject| {
        let bed = Bed::new();
        let once = || {
            let wire = Wire::listen(&bed.observer);
            let daemon = Running::start(subject, &bed.director, &routers(1, 255, INTERVAL, ""), &["-P"]);
            let announced = |seen: &Seen| matches!(seen.what, Packet::Announcement(_)).then_some(seen.at);
            let at = wire.await_first("gratuitous ARP", Duration::from_secs(20), announced);
            (at - daemon.started) as f64 / 1e6
        };
        let first = once();
        // A killed daemon leaves its address behind: the next start is one that finds it.
        (first, once())
    });
    let (fresh, again): (Vec<f64>, Vec<f64>) = results
        .into_iter()
        .map(|(_, rounds)| {
            let (fresh, again) = rounds.into_iter().unzip();
            (median(fresh), median(again))
        })
        .unzip();
    table.row(format!("{what}, median"), "ms", fresh);
    table.row(format!("{what}, after kill -9, median"), "ms", again);
}
