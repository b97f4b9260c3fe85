//! One scenario, played by both daemons at the same time: what they say and what their scripts hear must be alike.

use crate::support::daemon::{Daemon, Recorder, Subject};
use crate::support::net::Node;
use crate::support::wait;
use std::collections::BTreeSet;

/// Lines of the log about services and checks, and calls of scripts. Sorted: services do not wait for each other.
#[derive(Debug, PartialEq, Eq)]
pub struct Story {
    lines: Vec<String>,
    calls: Vec<String>,
}

impl Story {
    /// With what was heard in another way than by scripts.
    pub fn with_calls(mut self, calls: Vec<String>) -> Story {
        self.calls.extend(calls);
        self
    }

    /// Without the lines that have this word.
    pub fn without(mut self, word: &str) -> Story {
        self.lines.retain(|line| !line.contains(word));
        self
    }
}

/// Words of the lines that operators look for.
const ABOUT: [&str; 20] = [
    "content_length",
    "Activating healthchecker",
    "succe",
    "failed",
    "server [",
    "timed out",
    "timeout",
    "mismatch",
    "Timeout",
    "Read",
    "DNS_CHECK",
    "Removing service",
    "Adding service",
    "service [",
    "Changing weight",
    "quorum",
    "Shutting down",
    "tracked file",
    "SSL",
    "Regex",
];

/// Words of the lines about a real server that comes or goes.
const CHANGES: [&str; 4] = ["Adding service", "Removing service", "Enabling service", "Disabling service"];

/// What a daemon has said and called so far. With a recorder each change of a real server has called a script, or will
/// soon.
pub fn told(daemon: &Daemon, node: &Node, recorder: Option<&Recorder>) -> Story {
    let calls = || recorder.map(Recorder::calls).unwrap_or_default();
    let changes: usize = CHANGES.iter().map(|word| daemon.process().count(word)).sum();
    let of_reals =
        || calls().iter().filter(|call| call.starts_with("up") || call.starts_with("down")).count();
    if recorder.is_some() {
        wait::value(
            &format!("{changes} calls of scripts"),
            wait::seconds(10),
            || (of_reals() >= changes).then_some(()),
            || format!("{:#?}\n{}", calls(), daemon.process().log()),
        );
    }
    let own = node.dir.display().to_string();
    let lines = daemon.process().lines().into_iter().map(|line| line.text);
    let mut lines: Vec<String> = lines
        .filter(|line| ABOUT.iter().any(|word| line.contains(word)))
        // Without the time.
        .map(|line| line.split_once(": ").map_or(line.clone(), |(_, said)| said.replace(&own, "")))
        .collect();
    lines.sort();
    let mut calls = calls();
    calls.sort();
    Story { lines, calls }
}

/// Plays it with both and compares.
pub fn compare(play: fn(Subject) -> Story) {
    let [theirs, ours] = std::thread::scope(|scope| {
        Subject::ALL
            .map(|subject| scope.spawn(move || play(subject)))
            .map(|story| story.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let count = |all: &[String], line: &String| all.iter().filter(|other| *other == line).count();
    let all = |story: &Story| [&story.lines[..], &story.calls[..]].concat();
    let (theirs_all, ours_all) = (all(&theirs), all(&ours));
    let unlike: BTreeSet<_> = (theirs_all.iter().chain(&ours_all))
        .map(|line| (line, count(&theirs_all, line), count(&ours_all, line)))
        .filter(|(_, theirs, ours)| theirs != ours)
        .collect();
    assert_eq!(theirs, ours, "\nhow often theirs, how often ours: {unlike:#?}");
}
