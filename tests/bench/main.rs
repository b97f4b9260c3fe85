//! `make bench`: standfast beside keepalived, in one run, in turns, so that the ratio means something on a machine
//! that is never quiet. Everything happens in network namespaces that are made for it; what needs IPVS, and what is
//! counted in instructions, happens in a virtual machine.
//!
//! `cargo bench --bench director -- [--rounds N] [--only keepalived|standfast] [NAME...]` measures the named groups
//! only: lateness, takeover, start, cost, idle, scale-cost, scale-lateness, scale-takeover, growth, parsing, guest,
//! guest-scale; or of the guest only: quiet, beside, reload, checks, memory, detection, programming,
//! guest-scale-cost, guest-scale-takeover, guest-scale-lateness. `--most N` leaves out what needs more virtual routers.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a bench measures real time on real processes, and stops where something is wrong"
)]

mod checks;
mod cost;
mod failover;
mod floor;
mod floor_adverts;
mod guest;
mod lateness;
mod parsing;
mod pools;
mod programming;
mod scale;
mod servers;
mod subject;
mod table;
mod wire;

#[expect(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use support::daemon::Subject;
use table::Table;

/// What to measure, on whom, how often.
pub struct Plan {
    /// How often each measurement is taken on each subject, in turns.
    pub rounds: usize,
    /// On whom.
    pub subjects: Vec<Subject>,
    /// The most virtual routers.
    pub most: usize,
    groups: BTreeSet<String>,
    in_guest: bool,
}

impl Plan {
    fn from_arguments() -> Plan {
        let mut plan = Plan {
            rounds: 3,
            subjects: Subject::ALL.to_vec(),
            most: usize::MAX,
            groups: BTreeSet::new(),
            in_guest: false,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--rounds" => plan.rounds = arguments.next().unwrap().parse().unwrap(),
                "--most" => plan.most = arguments.next().unwrap().parse().unwrap(),
                "--only" => {
                    let name = arguments.next().unwrap();
                    plan.subjects.retain(|subject| subject.name() == name);
                    assert!(!plan.subjects.is_empty(), "no such subject: {name}");
                }
                "--in-guest" => plan.in_guest = true,
                // What cargo adds by itself.
                "--bench" => {}
                name => drop(plan.groups.insert(name.to_owned())),
            }
        }
        plan
    }

    /// Whether this group is to be measured.
    pub fn wants(&self, group: &str) -> bool {
        self.groups.is_empty() || self.groups.contains(group)
    }

    /// Takes one measurement `rounds` times on each subject, the subjects in turns.
    pub fn interleaved<T>(
        &self,
        what: &str,
        mut measure: impl FnMut(Subject) -> T,
    ) -> Vec<(Subject, Vec<T>)> {
        let mut results: Vec<(Subject, Vec<T>)> =
            self.subjects.iter().map(|&subject| (subject, Vec::new())).collect();
        for round in 1..=self.rounds {
            for (subject, taken) in &mut results {
                eprintln!("{what}: {} {round}/{}", subject.name(), self.rounds);
                taken.push(measure(*subject));
            }
        }
        results
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some(parsing::WEIGH) => return parsing::weigh_here(arguments),
        Some(floor::FLOOR) => return floor::work_here(arguments),
        _ => {}
    }
    let plan = Plan::from_arguments();
    if plan.in_guest {
        guest::measure(&plan);
        return;
    }
    support::net::sweep();
    let mut table = Table::new(&plan.subjects);
    if plan.wants("lateness") {
        lateness::measure(&plan, &mut table);
    }
    if plan.wants("takeover") {
        failover::measure_takeover(&plan, &mut table);
    }
    if plan.wants("start") {
        failover::measure_start(&plan, &mut table);
    }
    if plan.wants("cost") {
        cost::measure_adverts(&plan, &mut table);
    }
    if plan.wants("idle") {
        cost::measure_idle(&plan, &mut table);
    }
    if plan.wants("scale-cost") {
        scale::measure_cost(&plan, &mut table);
    }
    if plan.wants("scale-lateness") {
        scale::measure_lateness(&plan, &mut table);
    }
    if plan.wants("scale-takeover") {
        scale::measure_takeover(&plan, &mut table);
    }
    if plan.wants("growth") {
        scale::measure_growth(&plan, &mut table);
    }
    if plan.wants("parsing") {
        parsing::measure(&plan, &mut table);
    }
    if guest::GROUPS.iter().any(|(all, group, _)| plan.wants(all) || plan.wants(group)) {
        guest::run(&plan, &mut table);
    }
    print!("{table}");
}
