//! What a scenario saw, by name, and the comparison of two such lists.

use crate::support::daemon::Subject;
use crate::support::process::Process;
use crate::support::runner::Case;
use crate::support::{vm, wait};
use std::fmt::Write as _;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    /// A length of time and how far two of them may lie apart.
    Time(Duration, Duration),
}

/// The observations of one run, in the order of the scenario.
#[derive(Debug, Default)]
pub struct Facts(Vec<(String, Value)>);

impl Facts {
    /// Notes something that must be equal.
    pub fn note(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), Value::Text(value.into())));
    }

    /// Notes a list that must be equal, one item a line.
    pub fn list<T: AsRef<str>>(&mut self, name: impl Into<String>, items: &[T]) {
        let lines: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
        self.note(name, lines.join("\n"));
    }

    /// What scripts were told, in any order: keepalived starts them without waiting for one another, so a busy
    /// machine may let a later one write first. That ours keep their order is tested beside the code.
    pub fn calls(&mut self, name: impl Into<String>, mut calls: Vec<String>) {
        calls.sort();
        self.list(name, &calls);
    }

    /// Notes a length of time that may differ by `tolerance`; under emulation none is worth comparing.
    pub fn time(&mut self, name: impl Into<String>, value: Duration, tolerance: Duration) {
        if vm::inside() {
            return;
        }
        self.0.push((name.into(), Value::Time(value, tolerance)));
    }

    fn differences(&self, other: &Facts) -> String {
        let mut text = String::new();
        let length = self.0.len().max(other.0.len());
        for index in 0..length {
            match (self.0.get(index), other.0.get(index)) {
                (Some((name, ours)), Some((other_name, theirs))) if name == other_name => {
                    if !agree(ours, theirs) {
                        writeln!(
                            text,
                            "== {name}\n-- keepalived\n{}\n-- standfast\n{}",
                            show(ours),
                            show(theirs)
                        )
                        .unwrap();
                    }
                }
                (ours, theirs) => writeln!(text, "== only one saw it: {ours:?} {theirs:?}").unwrap(),
            }
        }
        text
    }
}

fn agree(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Time(one, tolerance), Value::Time(other, _)) => one.abs_diff(*other) <= *tolerance,
        _ => one == other,
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Time(time, tolerance) => format!("{time:?} (± {tolerance:?})"),
    }
}

/// A case that runs `scenario` with both subjects at once and compares what they saw.
pub fn same(name: impl Into<String>, scenario: impl Fn(Subject) -> Facts + Send + Sync + 'static) -> Case {
    let name = name.into();
    Case::new(name.clone(), move || {
        // A machine that stands still for a moment makes the two differ once; what differs twice is a difference.
        let mut differences = String::new();
        for _ in 0..2 {
            let [original, ours] = both(&name, &scenario);
            differences = original.differences(&ours);
            if differences.is_empty() {
                return;
            }
        }
        panic!("{name} differs:\n{differences}");
    })
}

/// Runs `scenario` with both subjects at once.
fn both(name: &str, scenario: &(impl Fn(Subject) -> Facts + Send + Sync)) -> [Facts; 2] {
    std::thread::scope(|scope| {
        let threads = Subject::ALL.map(|subject| {
            let named = std::thread::Builder::new().name(format!("{name} on {}", subject.name()));
            named.spawn_scoped(scope, move || scenario(subject)).unwrap()
        });
        threads.map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// What operators and their tools grep for in the log of a VRRP daemon. Lines that keepalived has only since 2.4 (the
/// reason of a FAULT) or only until then are not here: the original at hand is Debian's 2.2.
const GREPPED: [&str; 16] = [
    "Entering ",
    "Receive advertisement timeout",
    "sent 0 priority",
    "setting VIPs.",
    "removing VIPs.",
    "firewall drop rule",
    "setting E-VIPs.",
    "with lower priority",
    "with higher priority",
    "received lower priority",
    "Changing effective priority",
    "VRRP_Script(",
    "now returning",
    "Syncing instances",
    "Backup received priority 0",
    "Success creating VMAC",
];

/// The lines of a log that operators grep for, without their times. What is said before the first state (the original
/// removes the addresses a predecessor may have left, there or not) is not part of it.
pub fn grepped(process: &Process) -> Vec<String> {
    // A script's call may be seen before the lines that were written first.
    wait::until("the log has caught up", wait::seconds(5), || {
        let set = process.count("setting VIPs.").max(process.count("setting E-VIPs."));
        set >= process.count("Entering MASTER STATE")
    });
    let mut stateless = true;
    let mut counts = |body: &&str| {
        stateless &= !body.contains("Entering ");
        !(stateless && body.contains("removing "))
    };
    said(process, &GREPPED).into_iter().filter(|body| counts(&body.as_str())).collect()
}

/// The lines of a log with one of these words in them, without their times.
pub fn said(process: &Process, words: &[&str]) -> Vec<String> {
    let lines = process.lines();
    let bodies = lines.iter().map(|line| match line.text.split_once(" 20") {
        // `Sat Nov 21 00:25:05 2026: message`
        Some((_, rest)) => rest.split_once(": ").map_or(line.text.as_str(), |(_, body)| body),
        None => line.text.as_str(),
    });
    bodies.filter(|body| words.iter().any(|word| body.contains(word))).map(str::to_owned).collect()
}
