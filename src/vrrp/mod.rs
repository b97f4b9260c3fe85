//! VRRP version 2 and 3 without sockets, clock or log: events and time in, actions out.

pub mod action;
pub mod ah;
pub mod auth_hmac;
mod beats;
mod by_wire;
pub mod checksum;
pub mod counters;
mod debounce;
pub mod event;
mod facts;
mod familiar;
mod garp;
mod group;
mod hearing;
mod instance;
mod interfaces;
mod lanes;
mod lost;
pub mod note;
mod owner;
mod reload;
pub mod router;
mod speaking;
mod spread;
mod strangers;
pub mod tracking;
pub mod view;
mod virtual_addresses;
pub mod wire;

#[cfg(test)]
mod dialogue;
#[cfg(test)]
mod dialogue_faults;
