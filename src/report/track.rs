//! Results of track scripts in keepalived's words.

use super::Line;
use crate::ids::Name;
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
