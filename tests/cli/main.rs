//! The program as scripts, service managers and orchestrators see it: words, statuses, pid files, signals. Each
//! daemon runs in a network namespace of its own. Needs root.

#![expect(clippy::disallowed_methods, reason = "a test starts programs, waits and reads the clock")]
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and what helps it is no test function in clippy's eyes"
)]

mod house;
mod life;
mod words;
