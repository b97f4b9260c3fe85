//! standfast: VRRP failover and IPVS load balancing with health checks, driven by keepalived.conf.
//!
//! # Map
//!
//! | module | what it is | may know |
//! |---|---|---|
//! | [`time`], [`ids`] | points in time, protocol numbers: values checked once | nothing |
//! | [`objects`] | kernel objects as plain values: interfaces, addresses, IPVS entries | `ids` |
//! | [`pcre`] | regular expressions: the library of keepalived's, made safe | nothing |
//! | [`diag`] | a mistake in a file as data, and its renderers | nothing |
//! | [`config`] | keepalived.conf: text, tree, typed model | `ids`, `diag`, `objects`, `pcre` |
//! | [`vrrp`], [`lvs`], [`health`], [`track`], [`reconcile`] | pure cores: events and time in, actions out | `config::model`, `objects`, `ids`, `time`; `lvs` also `health` |
//! | [`smtp`] | SMTP as a client speaks it: for a check, and for mails | nothing |
//! | [`probe`] | one health check each: a target in, an outcome out | `config::model`, `health`, `ids`, `pcre`, `smtp`, `time` |
//! | [`kernel`] | the only sockets to the kernel, and `unsafe` beside that of `pcre` | `objects`, `ids`, `time` |
//! | [`report`] | what the operator reads: log lines in keepalived's words | cores (their notes), `config`, `smtp` |
//! | [`manual`] | what a person is told of a keyword, and the documents made of that | `config`, `diag` |
//! | [`cli`] | keepalived's options, and what they make of a run | all |
//! | [`daemon`] | puts everything together; the only module that knows everybody | all |
//!
//! The arrows go one way; `tests/arch.rs` checks them. `docs/architecture.md` gives the reasons.

pub mod cli;
pub mod config;
pub mod daemon;
pub mod diag;
pub mod health;
pub mod ids;
pub mod kernel;
pub mod lvs;
pub mod manual;
pub mod objects;
pub mod pcre;
pub mod probe;
pub mod reconcile;
pub mod report;
pub mod smtp;
pub mod time;
pub mod track;
pub mod vrrp;
