//! VRRP version 2 and 3 without sockets, clock or log: events and time in, actions out.

pub mod action;
pub mod ah;
pub mod counters;
pub mod event;
mod facts;
mod garp;
mod group;
mod hearing;
mod instance;
pub mod note;
mod reload;
pub mod router;
mod speaking;
pub mod tracking;
pub mod wire;

#[cfg(test)]
mod dialogue;
