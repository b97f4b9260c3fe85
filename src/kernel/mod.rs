//! The kernel, reached in one place: netlink, raw sockets, timers, sysctls. Typed and thin: nothing
//! here decides anything, and nothing here knows the configuration or a core.
//!
//! Its `unsafe` stands in `unsafe_calls`.

pub mod address;
mod address_edits;
pub mod arp;
pub mod bell;
mod buffer;
pub mod clock;
pub mod exec;
pub mod file_watch;
pub mod frames;
pub mod genl;
pub mod host_name;
pub mod ipvlan;
pub mod ipvs;
pub mod limit;
pub mod link;
pub mod link_beat;
pub mod mapped;
pub mod memory;
pub mod monitor;
pub mod neighbour;
pub mod netlink;
pub mod netns;
pub mod nftables;
pub mod poller;
pub mod process_events;
pub mod process_table;
pub mod raw;
pub mod routing;
pub mod scheduling;
pub mod sniffer;
pub mod sysctl;
mod unsafe_calls;
pub mod vmac;
pub mod wakeup;
