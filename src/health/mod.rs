//! When to check, and what a result means: schedules, retries, rise and fall. Pure.

pub mod checker;
pub mod outcome;
pub mod schedule;
