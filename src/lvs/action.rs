//! Everything the director can want: its whole output.

use super::alert::Alert;
use super::name::Subject;
use super::note::Note;
use crate::config::model::Command;
use crate::objects::ipvs::{DestKey, Destination, ServiceKey};

/// Which service: its slot in the director, kept over a reload for as long as the service lives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServiceId(pub(super) u32);

/// Which checker: its slot in the director. A slot is used again after a reload has removed the
/// checker; the generation of a probe tells such two apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct CheckerId(pub(super) u32);

/// One output. The driver carries them out in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Ask the server what [`super::director::Director::check`] says, `url` being the index of the
    /// url (0 where there is none).
    Probe { checker: CheckerId, generation: u64, url: usize },
    /// The desired table of this service is new as a whole: [`super::director::Director::desired`].
    Program(ServiceId),
    /// One destination of a service changed (`None`: it is not wanted any more). The same as
    /// `Program`, but it costs nothing for the other destinations.
    Adjust { service: ServiceKey, destination: DestKey, wanted: Option<Destination> },
    /// These services are not wanted any more.
    Retire(Vec<ServiceKey>),
    /// Somebody came up or went down: a script may run, and FIFOs tell it.
    Run(ScriptEvent),
    /// Somebody is to be mailed of it, if mail is set up.
    Mail(Alert),
    /// Something worth a line in the log.
    Note(Note),
}

/// A real server or a service came up or went down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScriptEvent {
    /// `notify_up`, `notify_down`, `quorum_up` or `quorum_down`, if there is one: it runs as it is written,
    /// without further arguments.
    pub command: Option<Command>,
    /// About whom; scripts about the same subject keep their order.
    pub subject: Subject,
    pub up: bool,
}
