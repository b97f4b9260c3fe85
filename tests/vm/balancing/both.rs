//! One scenario, played by both daemons at the same time: what they say and what their scripts hear must be alike.

use crate::support::daemon::{Daemon, Recorder, Subject};
use crate::support::net::Node;

/// Lines of the log about services and checks, and calls of scripts. Sorted: services do not wait for each other.
#[derive(Debug, PartialEq, Eq)]
pub struct Story {
    lines: Vec<String>,
    calls: Vec<String>,
}

/// Words of the lines that operators look for.
const ABOUT: [&str; 15] = [
    "Activating healthchecker",
    "succe",
    "failed",
    "server [",
    "timed out",
    "timeout",
    "mismatch",
    "DNS_CHECK",
    "Removing service",
    "Adding service",
    "service [",
    "Changing weight",
    "quorum",
    "Shutting down",
    "tracked file",
];

/// What a daemon has said and called so far.
pub fn told(daemon: &Daemon, node: &Node, recorder: &Recorder) -> Story {
    let own = node.dir.display().to_string();
    let lines = daemon.process().lines().into_iter().map(|line| line.text);
    let mut lines: Vec<String> = lines
        .filter(|line| ABOUT.iter().any(|word| line.contains(word)))
        // Without the time.
        .map(|line| line.split_once(": ").map_or(line.clone(), |(_, said)| said.replace(&own, "")))
        .collect();
    lines.sort();
    let mut calls = recorder.calls();
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
    let missing = theirs.lines.iter().filter(|line| !ours.lines.contains(line));
    let extra = ours.lines.iter().filter(|line| !theirs.lines.contains(line));
    let unlike: Vec<_> = missing.chain(extra).collect();
    assert_eq!(theirs, ours, "\nunlike: {unlike:#?}");
}
