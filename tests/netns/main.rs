//! The kernel module against a real kernel, in private network namespaces. Needs root.

#![expect(clippy::disallowed_methods, reason = "a test runs ip(8), waits and reads the clock")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and what helps it is no test function in clippy's eyes"
)]

mod addresses;
mod clearing;
mod echoes;
mod hosts;
mod monitor;
mod namespace;
mod packets;
mod packets_v6;
mod readiness;
mod return_path;
mod routing;
mod vmac;
