//! Load balancing without sockets, clock or log: results of health checks in, the wanted IPVS table,
//! scripts and log notes out.
//!
//! [`director::Director`] holds all services. Each `service::Service` counts which of its real
//! servers are up, [`quorum::Quorum`] decides about the sorry server, and [`plan`] says what the
//! kernel's table should hold then: a pure function of the configuration and these few facts.

pub mod action;
pub mod alert;
pub mod director;
pub mod drain;
pub mod event;
mod followed;
mod leaving;
mod lengths;
pub mod name;
pub mod note;
pub mod plan;
mod presence;
mod probing;
pub mod quorum;
mod reload;
pub mod service;
mod slots;
pub mod sync;
pub mod view;
