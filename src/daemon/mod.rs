//! Puts everything together; the only module that knows everybody.

pub mod balancing;
pub mod signals;
pub mod timing;
