//! The load balancing core with its reconciler, against a kernel that only remembers.

mod dialogue;
mod drain;
mod flaps;
mod followed;
mod group;
mod group_drain;
mod kernel;
mod mails;
mod node;
mod presence;
mod probing;
mod random;
mod reconcile;
mod renewed;
mod return_path;
mod sample;
mod scale;
mod weights;
