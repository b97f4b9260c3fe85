//! The operator's scripts: who runs them, whether they may run, and running them without ever holding
//! anything up.
//!
//! `account` and `prepare` read users and files: call them while a configuration is loaded, off the
//! runtime's workers. `child` starts, `notify` keeps order among notifications, `track` judges.

pub mod account;
pub mod book;
pub mod child;
pub mod notify;
pub mod prepare;
pub mod track;

pub use account::{Account, DefaultAccount};
pub use book::ScriptBook;
pub use notify::{Invocation, Runner};
pub use prepare::{Prepared, Rules, Verdict, prepare};
