//! What the operator reads: log lines in keepalived's words, and where they go.
//!
//! Whoever has something to say makes a [`Line`] and hands it to [`emit`]; nothing here blocks the
//! caller. [`log`] carries the lines to syslog, the console or a file.

pub mod data;
pub mod dump;
pub mod log;
pub mod lvs;
pub mod mail;
pub mod syslog;
pub mod track;
pub mod vrrp;

use std::sync::atomic::{AtomicBool, Ordering};

use tracing::Level;

/// Set once, when the log starts.
static SHOWS_DETAIL: AtomicBool = AtomicBool::new(true);

/// On whose behalf a line is logged: keepalived's three processes, which rsyslog rules and
/// `journalctl -t` know by these names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ident {
    /// Start, stop, reload, configuration.
    Parent,
    Vrrp,
    Checkers,
}

impl Ident {
    /// Every ident, in the order of [`Ident::index`].
    pub const ALL: [Ident; 3] = [Ident::Parent, Ident::Vrrp, Ident::Checkers];

    /// The syslog ident without namespace and instance.
    pub const fn as_str(self) -> &'static str {
        match self {
            Ident::Parent => "Keepalived",
            Ident::Vrrp => "Keepalived_vrrp",
            Ident::Checkers => "Keepalived_healthcheckers",
        }
    }

    /// What keepalived puts before the last dot of a log file's name for this part.
    pub(crate) const fn file_suffix(self) -> &'static str {
        match self {
            Ident::Parent => "",
            Ident::Vrrp => "_vrrp",
            Ident::Checkers => "_healthcheckers",
        }
    }

    /// The ident that a tracing target belongs to: one of our names, or a module of this crate.
    pub(crate) fn of_target(target: &str) -> Ident {
        let module = target.strip_prefix("standfast::").unwrap_or(target);
        let first = module.split("::").next().unwrap_or(module);
        match first {
            "Keepalived_vrrp" | "vrrp" => Ident::Vrrp,
            "Keepalived_healthcheckers" | "lvs" | "health" | "probe" => Ident::Checkers,
            _ => Ident::Parent,
        }
    }
}

/// One line for the operator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    pub level: Level,
    /// Shown only with `-D`. A marked line keeps its level: keepalived logs most detail as INFO too.
    pub detail: bool,
    pub text: String,
}

impl Line {
    /// A line that is always shown.
    pub fn info(text: impl Into<String>) -> Line {
        Line { level: Level::INFO, detail: false, text: text.into() }
    }

    /// A warning.
    pub fn warn(text: impl Into<String>) -> Line {
        Line { level: Level::WARN, detail: false, text: text.into() }
    }

    /// An error.
    pub fn error(text: impl Into<String>) -> Line {
        Line { level: Level::ERROR, detail: false, text: text.into() }
    }

    /// A line for `-D`.
    pub fn detail(text: impl Into<String>) -> Line {
        Line { level: Level::INFO, detail: true, text: text.into() }
    }
}

/// Whether a line for `-D` would be shown: where there may be thousands of them, they are not even made.
pub fn shows_detail() -> bool {
    SHOWS_DETAIL.load(Ordering::Relaxed)
}

/// Logs a line. Returns at once; a line that finds the queue full is counted and that is said later.
pub fn emit(ident: Ident, line: Line) {
    // Target and level of a tracing call site are constants, so each pair needs a site of its own.
    macro_rules! at_level {
        ($target:literal, $line:ident) => {
            match $line.level {
                Level::ERROR => tracing::error!(target: $target, detail = $line.detail, "{}", $line.text),
                Level::WARN => tracing::warn!(target: $target, detail = $line.detail, "{}", $line.text),
                Level::INFO => tracing::info!(target: $target, detail = $line.detail, "{}", $line.text),
                Level::DEBUG => tracing::debug!(target: $target, detail = $line.detail, "{}", $line.text),
                Level::TRACE => tracing::trace!(target: $target, detail = $line.detail, "{}", $line.text),
            }
        };
    }
    match ident {
        Ident::Parent => at_level!("Keepalived", line),
        Ident::Vrrp => at_level!("Keepalived_vrrp", line),
        Ident::Checkers => at_level!("Keepalived_healthcheckers", line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idents_and_modules_find_their_ident() {
        for ident in Ident::ALL {
            assert_eq!(Ident::of_target(ident.as_str()), ident);
        }
        assert_eq!(Ident::of_target("standfast::vrrp::router"), Ident::Vrrp);
        assert_eq!(Ident::of_target("standfast::probe::tcp"), Ident::Checkers);
        assert_eq!(Ident::of_target("standfast::daemon"), Ident::Parent);
    }
}
