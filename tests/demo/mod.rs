//! demo
pub fn run() {}
