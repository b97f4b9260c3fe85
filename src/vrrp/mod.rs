//! VRRP version 2 and 3 without sockets, clock or log: events and time in, actions out.

pub mod action;
pub mod event;
pub mod note;
