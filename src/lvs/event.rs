//! Everything that can happen to the director: its whole input, besides time.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::action::CheckerId;
use super::drain::Counts;
use crate::config::model::Config;
use crate::health::outcome::Outcome;
use crate::ids::Name;
use crate::time::Mono;

/// One input.
#[derive(Clone, Debug)]
pub enum Event {
    /// A probe has ended. Every [`super::action::Action::Probe`] must come back as exactly one of
    /// these (a probe that died: [`Outcome::Undecided`]); only then is the next one asked for. A
    /// result for an outdated generation is ignored.
    Probed { checker: CheckerId, generation: u64, outcome: Outcome },
    /// A tracked file has this number in it; 0 where it is missing or empty.
    File { name: Name, value: i32 },
    /// A BFD session came up or went down.
    Bfd { name: Name, up: bool },
    /// A new configuration. What can stay, stays.
    Reconfigure(Arc<Config>),
    /// The addresses of this host, all of them: `ha_suspend` asks for them.
    Addresses(Arc<HashSet<IpAddr>>),
    /// So many connections the destinations of the services in [`super::director::Director::draining`] had at `asked`,
    /// when everything wanted until then stood in the kernel.
    Counted { asked: Mono, counts: Arc<Counts> },
    /// The daemon ends.
    Stop,
}
