//! keepalived.conf: text to tree to typed model. Never asks the system whether something exists.

pub mod model;
