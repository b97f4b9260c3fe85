//! Everything the router can want: its whole output.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::note::Note;
use crate::ids::Name;
use crate::objects::address::AddressKey;
use crate::objects::routing::RoutingObject;

/// Which instance: its slot in the router, kept over a reload for as long as the instance lives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InstanceId(pub u32);

/// The states that scripts, dumps and logs know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Init,
    Backup,
    Master,
    Fault,
    /// Only in notifications: removed by a reload.
    Deleted,
    /// The same where DELETED is not asked for (`notify_deleted`): told as FAULT, and the script of that state does not run.
    Removed,
    /// Only in notifications: the daemon ends.
    Stop,
}

impl State {
    /// As scripts receive it.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Init => "INIT",
            State::Backup => "BACKUP",
            State::Master => "MASTER",
            State::Fault | State::Removed => "FAULT",
            State::Deleted => "DELETED",
            State::Stop => "STOP",
        }
    }
}

/// Who changed state.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Subject {
    Instance(Name),
    Group(Name),
}

/// One output. The driver carries them out in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Send this advertisement: what stands behind the IP header, checksum included, and the header's
    /// identification (IPv4). Shared with the instance, so that a steady master allocates nothing.
    Transmit { instance: InstanceId, source: IpAddr, destination: IpAddr, id: u16, payload: Arc<[u8]> },
    /// The instance wants all that is its own set, or gone: its addresses (virtual and excluded), its routes and
    /// its rules, removed in the reverse order of these.
    Own { instance: InstanceId, owned: bool },
    /// One gratuitous ARP or unsolicited neighbour advertisement for this address.
    Announce { instance: InstanceId, address: AddressKey },
    /// Tell scripts, in keepalived's order, that this subject is now in this state.
    Notify { subject: Subject, state: State, priority: u8 },
    /// A master heard a lower priority (`notify_master_rx_lower_pri`).
    NotifyLowerPriority { instance: InstanceId, name: Name },
    /// The address that somebody removed is to be put back at once.
    Restore { address: AddressKey },
    /// The same for a route or a rule.
    RestoreObject { instance: InstanceId, object: Arc<RoutingObject> },
    /// A packet of this sender was refused: the driver should find out its hardware address for the
    /// report that may follow.
    Identify { instance: InstanceId, from: IpAddr },
    /// Something worth a line in the log.
    Note(Note),
    /// We overslept: the deadline had passed by this much when we were called.
    Late { by: Duration },
}

impl Action {
    /// Whether it does no more than to send an advert.
    pub fn is_advert(&self) -> bool {
        matches!(self, Action::Transmit { .. })
    }
}
