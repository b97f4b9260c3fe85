//! The configuration language, from files to verdicts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and what helps it is no test function in clippy's eyes"
)]

mod balancing;
mod checkers;
#[path = "../support/fields.rs"]
mod fields;
#[path = "../support/published.rs"]
mod published;
#[path = "../support/surroundings.rs"]
mod surroundings;

mod consequences;
mod corpus;
mod derived;
mod documented;
mod examples;
mod format;
mod globals;
mod inheritance;
mod language;
mod lexical;
mod lints;
mod manual;
mod meaning;
mod oracle;
mod pages;
mod places;
mod policy;
mod reach;
mod repeats;
mod robust;
mod routing;
mod sessions;
mod statuses;
mod strict;
mod table;
