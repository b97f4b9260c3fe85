//! Tracked objects and what their results add up to, without processes or clocks.

pub mod file;
pub mod news;
pub mod process;
pub mod script;
