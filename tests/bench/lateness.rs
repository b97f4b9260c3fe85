//! How late adverts come, as the other routers see it: the time from one advert of a router to its next, beyond the
//! interval. A backup's master-down timer starts with each advert, so this is what eats its patience.
//!
//! The mean over a long time is given as well: a daemon that counts its next advert from the moment it came to send
//! the last one falls behind a little with every advert; one that counts from the deadline does not.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::Plan;
use super::subject::{ROUTERS_EACH, Running, routers};
use super::support::daemon::Subject;
use super::support::frame::Advert;
use super::support::net::{Net, Node};
use super::table::{Table, quantile};
use super::wire::Wire;

/// Seconds between adverts.
pub const INTERVAL: f64 = 0.1;

/// A director and an observer at the other end of its cable.
pub struct Bed {
    /// Where the daemon runs.
    pub director: Node,
    /// Where the wire is watched.
    pub observer: Node,
    _net: Net,
}

impl Bed {
    /// Builds it with one cable.
    pub fn new() -> Bed {
        Bed::with_cables(1)
    }

    /// Builds it with as many cables as so many routers need.
    pub fn for_routers(count: usize) -> Bed {
        Bed::with_cables(count.div_ceil(ROUTERS_EACH))
    }

    fn with_cables(count: usize) -> Bed {
        let net = Net::new();
        let (director, observer) = (net.node("a"), net.node("b"));
        for number in 0..count {
            let interface = format!("eth{number}");
            let ends = [format!("10.{number}.0.1/16"), format!("10.{number}.0.2/16")];
            net.cable((&director, &interface, &ends[0]), (&observer, &interface, &ends[1]));
        }
        for node in [&director, &observer] {
            super::support::wait::until(
                "the cables have a carrier",
                super::support::wait::seconds(20),
                || node.sh("ip -o link show").matches("state UP").count() == count,
            );
        }
        Bed { director, observer, _net: net }
    }
}

/// Measures a quiet machine and one whose processors are wanted by others.
pub fn measure(plan: &Plan, table: &mut Table) {
    for (count, hogs) in [(1, 0), (100, 0), (100, 4)] {
        let what = match hogs {
            0 => format!("advert late, {count} at 0.1 s"),
            _ => format!("advert late, {count} at 0.1 s, {hogs} CPU hogs"),
        };
        let results = plan.interleaved(&what, |subject| {
            let bed = Bed::new();
            let _load: Vec<Hog> = (0..hogs).map(|_| Hog::start()).collect();
            let (_daemon, wire) = start_masters(subject, &bed, count, "");
            std::thread::sleep(Duration::from_secs(10));
            gaps(&wire.adverts())
        });
        add_rows(table, &what, results);
    }
}

/// Starts `count` routers and returns when all are MASTER and past their announcements; the wire is empty then.
pub fn start_masters(subject: Subject, bed: &Bed, count: usize, more: &str) -> (Running, Wire) {
    start_masters_every(INTERVAL, subject, bed, count, more)
}

/// The same with another interval, in seconds.
pub fn start_masters_every(
    interval: f64,
    subject: Subject,
    bed: &Bed,
    count: usize,
    more: &str,
) -> (Running, Wire) {
    let wire = Wire::listen(&bed.observer);
    let options: &[&str] = if more.is_empty() { &["-P"] } else { &[] };
    let daemon = Running::start(subject, &bed.director, &routers(count, 200, interval, more), options);
    super::support::wait::until("every router sends adverts", super::support::wait::seconds(60), || {
        wire.senders() == count
    });
    // The second round of announcements comes a second after the first and is no part of this.
    std::thread::sleep(Duration::from_secs(2));
    wire.forget();
    (daemon, wire)
}

/// The times between adverts of the same router, less the interval of so many seconds, in milliseconds.
pub fn gaps_of(adverts: &[(i64, Advert)], interval: f64) -> Vec<f64> {
    let mut last: BTreeMap<(IpAddr, u8), i64> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, advert) in adverts {
        if let Some(before) = last.insert(router(advert), *at) {
            found.push((at - before) as f64 / 1e6 - interval * 1e3);
        }
    }
    found
}

/// The same for [`INTERVAL`].
pub fn gaps(adverts: &[(i64, Advert)]) -> Vec<f64> {
    gaps_of(adverts, INTERVAL)
}

/// Adds the rows of a distribution to the table.
pub fn add_rows(table: &mut Table, what: &str, results: Vec<(Subject, Vec<Vec<f64>>)>) {
    let pooled: Vec<Vec<f64>> = results
        .into_iter()
        .map(|(_, rounds)| {
            let mut all: Vec<f64> = rounds.into_iter().flatten().collect();
            all.sort_by(f64::total_cmp);
            all
        })
        .collect();
    for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("worst", 1.0)] {
        let late = |all: &Vec<f64>| quantile(all, share).max(0.0);
        table.row(format!("{what}, {name}"), "ms", pooled.iter().map(late).collect());
    }
    let behind = |all: &Vec<f64>| all.iter().sum::<f64>() / all.len() as f64 * 1e3;
    table.row(format!("{what}, mean fall-behind"), "us", pooled.iter().map(behind).collect());
}

/// A thread that wants a processor.
pub struct Hog {
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Hog {
    /// Starts it; it ends with its handle.
    pub fn start() -> Hog {
        use std::sync::atomic::Ordering;
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let stopped = std::sync::Arc::clone(&stop);
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        Hog { stop }
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        self.stop.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

/// The virtual router that an advert speaks of, and who speaks.
pub fn router(advert: &Advert) -> (IpAddr, u8) {
    (advert.source, advert.vrrp.get(1).copied().unwrap_or(0))
}
