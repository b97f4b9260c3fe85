//! What the director has to say; `report::lvs` puts it in keepalived's words.

use std::sync::Arc;

use super::name::{RealName, ServiceName};
use super::quorum::Balance;
use crate::config::model::Check;
use crate::config::model::lvs::GroupMember;
use crate::health::outcome::{Failure, Length, Success};
use crate::ids::Name;
use crate::objects::ipvs::{Protocol, ServiceKey};

/// One thing worth a log line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Note {
    /// A checker begins its work.
    Activating { real: RealName, service: ServiceName },
    /// A checker rests: the service's address is not on this host.
    Suspending { real: RealName, service: ServiceName },
    /// A check passed while its checker was not known to be up.
    CheckPassed { real: RealName, service: ServiceName, check: Arc<Check>, success: Success },
    /// A page is longer or shorter than it was announced to be.
    OddLength { real: RealName, service: ServiceName, check: Arc<Check>, url: usize, length: Length },
    /// All urls of an `HTTP_GET` have passed.
    WebServerUp { real: RealName },
    /// A check failed for good.
    CheckFailed {
        real: RealName,
        service: ServiceName,
        check: Arc<Check>,
        failure: Failure,
        retries: Option<u32>,
    },
    /// A check failed; `log_all_failures` asks for each. The nth of a row that is retried.
    AttemptFailed {
        real: RealName,
        service: ServiceName,
        check: Arc<Check>,
        failure: Failure,
        nth: Option<u32>,
    },
    /// A probe could not be made, for a reason of our own.
    Undecided { real: RealName, check: Arc<Check>, reason: String },
    /// A tracked file makes a real server fail, or does not any more (`up`).
    TrackedFile { real: RealName, file: Name, up: bool },
    /// A BFD session that a real server follows came up or went down.
    Session { real: RealName, session: Name, up: bool },
    /// A real server enters (`up`) or leaves the pool; with `inhibit` its weight changes instead.
    RealServer { real: RealName, service: ServiceName, up: bool, inhibit: bool },
    /// The weight changed: the configured one, or what checks make of it.
    Weight { real: RealName, service: ServiceName, from: u32, to: u32, active: bool },
    /// `up`: the quorum was gained, else lost.
    Quorum { service: ServiceName, up: bool, balance: Balance },
    /// The service starts without its quorum, and its sorry server takes over; or a new configuration has taken the
    /// quorum, or changed the sorry server.
    StartingWithoutQuorum { service: ServiceName, balance: Balance },
    /// The sorry server takes over, or is not needed any more.
    SorryServer { sorry: RealName, service: ServiceName, in_use: bool, inhibit: bool },
    /// The servers that are up enter or leave the pool with the sorry server's change.
    AliveServers { service: ServiceName, added: bool },
    /// A real server is taken out because the daemon ends, or the new configuration does not have it.
    Released { real: RealName, service: ServiceName, stopping: bool, inhibited: bool },
    /// The new configuration does not have this real server of a service that stays.
    Forgotten { real: RealName },
    /// The new configuration does not have this real server; it stays with weight 0 until its connections have ended,
    /// at most so many seconds.
    Draining { real: RealName, service: ServiceName, seconds: u64 },
    /// Its connections have ended (`dry`), or the time is over.
    Drained { real: RealName, service: ServiceName, dry: bool },
    /// The new configuration's group has this address or mark no more; it stays until all connections of it have ended, at
    /// most so many seconds.
    MemberDraining { member: ServiceName, service: ServiceName, seconds: u64 },
    /// Another service of the configuration has this address or mark of a group already, and so many more.
    LeftToAnother { service: ServiceName, first: ServiceKey, more: usize },
    /// The new configuration's group has this member, or does not have it any more.
    Member { group: Name, member: GroupMember, protocol: Protocol, added: bool },
    /// The new configuration does not have this service.
    ServiceRemoved { service: ServiceName },
}
