//! Puts everything together; the only module that knows everybody.

pub mod balancing;
pub mod daemonize;
pub mod pidfile;
pub mod reload_command;
pub mod scripts;
pub mod sdnotify;
pub mod signals;
pub mod supervise;
pub mod timing;
