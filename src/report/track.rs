//! Results of track scripts, files and processes in keepalived's words.

use super::Line;
use crate::ids::Name;
use crate::track::process::Settled;
use crate::track::script::Ended;

/// A script ended otherwise than before.
pub fn changed(name: &Name, ended: &Ended) -> Option<Line> {
    match ended {
        Ended::Exited(status) => Some(Line::info(format!("Script `{name}` now returning {status}"))),
        _ => None,
    }
}

/// Its verdict changed.
pub fn verdict(name: &Name, ended: &Ended) -> Line {
    Line::info(match ended {
        Ended::Exited(0) => format!("VRRP_Script({name}) succeeded"),
        Ended::Exited(status) => format!("VRRP_Script({name}) failed (exited with status {status})"),
        Ended::Killed(signal) => format!("VRRP_Script({name}) failed (due to signal {signal})"),
        Ended::TimedOut => format!("VRRP_Script({name}) timed out"),
        Ended::NotStarted(why) => format!("VRRP_Script({name}) failed (could not be started: {why})"),
    })
}

/// The quorum of a tracked process is met again, or no more.
pub fn quorum(settled: &Settled) -> Line {
    let what = if settled.quorate { "gained" } else { "lost" };
    Line::info(format!("Quorum {what} for tracked process {}", settled.name))
}

/// The kernel tells nothing of processes, or not any more.
pub fn no_process_events(error: &str) -> Line {
    Line::warn(format!(
        "Failed to set process event listen: {error} - tracked processes are looked for once a second"
    ))
}

/// The kernel will tell of processes.
pub fn process_events_confirmed() -> Line {
    Line::info("proc_events has confirmed it is configured")
}

/// Events of processes were lost.
pub fn processes_overrun() -> Line {
    Line::warn("Process events were lost - counting the processes again")
}

/// A tracked file has a number in it that is out of range.
pub fn invalid_number(path: &str, text: &str) -> Line {
    Line::warn(format!("Invalid number {text} read from {path} - ignoring"))
}

/// A tracked file is there and cannot be read.
pub fn unreadable(path: &str, reason: &str) -> Line {
    Line::warn(format!("Unable to read tracked file {path}: {reason} - it counts as 0"))
}

/// A directory with tracked files in it is not there.
pub fn missing_directory(path: &str) -> Line {
    Line::warn(format!("Track file directory {path} does not exist - its files count as 0 until it does"))
}

/// `init_file` could not be done.
pub fn not_initialised(name: &Name, reason: &str) -> Line {
    Line::error(format!("Unable to initialise track file {name}: {reason}"))
}
