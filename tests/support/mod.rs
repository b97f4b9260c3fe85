//! What the tests against a running kernel share: networks made of namespaces, captured processes and frames,
//! and the two daemons (keepalived and standfast) behind one handle.

pub mod below;
pub mod capture;
pub mod chance;
pub mod daemon;
pub mod echo;
pub mod fields;
pub mod fifo;
pub mod forged;
pub mod frame;
pub mod http;
pub mod identity;
pub mod ipvs;
pub mod metronome;
pub mod net;
pub mod packages;
pub mod process;
pub mod published;
pub mod runner;
pub mod shelf;
pub mod sink;
pub mod surroundings;
pub mod systemd;
pub mod vm;
pub mod wait;
