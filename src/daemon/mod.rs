//! daemon

pub mod signals;
