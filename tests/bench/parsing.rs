//! What it costs to read and check a configuration, in processor time of the whole program run with `-t`.

use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};

use super::Plan;
use super::lateness::Bed;
use super::pools;
use super::support::daemon::Subject;
use super::table::{Table, median};

/// Real servers of the smaller configuration; the larger has ten times as many.
const COUNT: usize = 1_000;

/// Measures both sizes, and by which power of the size the time grows: 1 is linear.
pub fn measure(plan: &Plan, table: &mut Table) {
    let texts = [COUNT, 10 * COUNT].map(pools::checked);
    let results = plan.interleaved("reading", |subject| {
        let bed = Bed::new();
        let [small, large] = [0, 1].map(|which: usize| time(subject, &bed, &texts[which]));
        (small, large)
    });
    let (small, large): (Vec<f64>, Vec<f64>) = results
        .into_iter()
        .map(|(_, rounds)| {
            let (small, large) = rounds.into_iter().unzip();
            (median(small), median(large))
        })
        .unzip();
    let growth = small.iter().zip(&large).map(|(small, large)| (large / small).log10()).collect();
    table.row(format!("-t, {COUNT} reals, processor time"), "ms", small);
    table.row(format!("-t, {} reals, processor time", 10 * COUNT), "ms", large);
    table.row("-t, growth exponent", "", growth);
}

/// Milliseconds of processor time of one run.
fn time(subject: Subject, bed: &Bed, config: &str) -> f64 {
    let path = bed.director.dir.join("read.conf");
    std::fs::write(&path, config).unwrap();
    let mut command = Command::new(subject.binary());
    command.arg("-t").arg("-f").arg(&path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let before = of_children();
    let mut child = bed.director.within(|| command.spawn().unwrap());
    let status = child.wait().unwrap();
    assert!(status.success(), "{}: {status}", subject.name());
    of_children() - before
}

/// Milliseconds of processor time of all processes that were waited for.
fn of_children() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    [usage.user_time(), usage.system_time()]
        .iter()
        .map(|time| time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3)
        .sum()
}
