//! The pure cores from outside: dialogues in virtual time, and properties over random histories.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and what helps it is no test function in clippy's eyes"
)]

mod answers;
mod lvs;
mod vrrp;
