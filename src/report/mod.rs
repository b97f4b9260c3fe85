//! What the operator reads: log lines in keepalived's words.

pub mod lvs;
pub mod vrrp;

/// One line for the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    pub level: tracing::Level,
    /// Only with `-D`.
    pub detail: bool,
    pub text: String,
}

/// Under which name a line is logged: keepalived's processes, which operators and rsyslog rules filter by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ident {
    /// `Keepalived`
    Parent,
    /// `Keepalived_vrrp`
    Vrrp,
    /// `Keepalived_healthcheckers`
    Checkers,
}

/// Hands a line to the log. Lines for `-D` only are debug events.
pub fn emit(ident: Ident, line: Line) {
    let level = if line.detail { tracing::Level::DEBUG } else { line.level };
    emit_text(ident, level, line.text);
}

/// Hands a text to the log.
pub fn emit_text(ident: Ident, level: tracing::Level, text: String) {
    macro_rules! at {
        ($level:expr) => {
            match ident {
                Ident::Parent => tracing::event!(target: "Keepalived", $level, "{text}"),
                Ident::Vrrp => tracing::event!(target: "Keepalived_vrrp", $level, "{text}"),
                Ident::Checkers => tracing::event!(target: "Keepalived_healthcheckers", $level, "{text}"),
            }
        };
    }
    match level {
        tracing::Level::ERROR => at!(tracing::Level::ERROR),
        tracing::Level::WARN => at!(tracing::Level::WARN),
        tracing::Level::INFO => at!(tracing::Level::INFO),
        tracing::Level::DEBUG => at!(tracing::Level::DEBUG),
        tracing::Level::TRACE => at!(tracing::Level::TRACE),
    }
}
