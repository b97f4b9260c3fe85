//! Puts everything together; the only module that knows everybody.

pub mod timing;
