//! From a file to the kernel's table and back: instructions until all real servers are in it, until one change among
//! them is, and until all have left.

use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

use super::Plan;
use super::cost::processor_time;
use super::floor::{self, Work};
use super::lateness::Bed;
use super::pools::{self, Shape};
use super::subject::{Running, adopt_orphans};
use super::support::net::Node;
use super::support::wait;
use super::table::{Table, median};

/// Real servers, and how many of them in one virtual server.
const SIZES: [(usize, usize); 2] = [(1_000, 100), (10_000, 100)];

/// Millions of instructions.
struct Spent {
    start: f64,
    reload: f64,
    stop: f64,
}

/// Start, reload and stop.
pub fn measure(plan: &Plan, table: &mut Table) {
    adopt_orphans();
    for (count, in_each) in SIZES {
        let results = plan.interleaved(&format!("VM: {count} real servers"), |subject| {
            let bed = Bed::new();
            let text = |weight| pools::text(count, in_each, &Shape { delay_loop: 600, check: "", weight });
            let mut daemon = Running::start(subject, &bed.director, &text(1), &["-C"]);
            wait::until("the kernel has all real servers", wait::seconds(120), || {
                reals(&bed.director) == count
            });
            // What it has put off until all is there belongs to it.
            std::thread::sleep(Duration::from_secs(2));
            let started = processor_time(&daemon);
            daemon.reload(&text(2));
            let asked = Instant::now();
            while !listed(&bed.director).contains(NEW_WEIGHT) {
                assert!(asked.elapsed() < wait::seconds(120), "the kernel never got the new weight");
                std::thread::sleep(Duration::from_millis(100));
            }
            std::thread::sleep(Duration::from_secs(2));
            let reloaded = processor_time(&daemon);
            let before = ended();
            daemon.stop();
            let whole = ended() - before;
            assert_eq!(reals(&bed.director), 0, "{} has left its services", subject.name());
            Spent {
                start: started / 1e3,
                reload: (reloaded - started) / 1e3,
                stop: (whole - reloaded) / 1e3,
            }
        });
        let middle = |of: fn(&Spent) -> f64| {
            results.iter().map(|(_, rounds)| median(rounds.iter().map(of).collect())).collect()
        };
        for (what, figures, floor) in [
            (
                "until {} real servers are in the kernel",
                middle(|spent| spent.start),
                Some(floor(count, in_each)),
            ),
            ("of a reload with one weight of {} changed", middle(|spent| spent.reload), None),
            ("of a stop with {} real servers", middle(|spent| spent.stop), None),
        ] {
            let what = what.replace("{}", &count.to_string());
            table.row_on_floor(format!("VM: instructions {what}"), "10^6", figures, floor);
        }
    }
}

/// Millions of instructions of a program that reads no file and only writes the same table, once.
fn floor(count: usize, in_each: usize) -> f64 {
    let bed = Bed::new();
    let program = floor::start(&bed.director, Work::Program, count, in_each);
    wait::until("the kernel has all real servers", wait::seconds(120), || reals(&bed.director) == count);
    std::thread::sleep(Duration::from_secs(2));
    processor_time(&program) / 1e3
}

/// A real server of weight 2 without connections in the kernel's table.
const NEW_WEIGHT: &str = " 2      0          0";

/// The kernel's table of a node.
fn listed(node: &Node) -> String {
    // Of the thread: the process itself is elsewhere.
    node.within(|| std::fs::read_to_string("/proc/thread-self/net/ip_vs").unwrap())
}

/// How many real servers are in the kernel's table.
pub fn reals(node: &Node) -> usize {
    listed(node).matches("\n  -> ").count().saturating_sub(1)
}

/// Microseconds of processor time of all processes that have ended and been waited for.
fn ended() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 * 1e6 + time.tv_usec() as f64;
    micros(usage.user_time()) + micros(usage.system_time())
}
