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
