//! What the router has to say; `report::vrrp` puts it in keepalived's words.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::action::State;
use super::tracking::Kind;
use super::wire::Refusal;
use crate::config::model::Version;
use crate::ids::{Family, Mac, Name, Vrid};
use crate::objects::address::AddressKey;
use crate::objects::routing::RoutingObject;

/// One thing worth a log line, and about whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    pub about: Name,
    pub what: What,
}

/// What there is to say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// BACKUP, MASTER or FAULT was entered; `first` is the state in which the instance starts.
    Entering {
        state: State,
        first: bool,
    },
    /// Why FAULT is entered.
    Fault(Fault),
    /// The master-down timer has expired.
    AdvertTimeout,
    /// A resignation was sent.
    SentPriorityZero,
    BackupReceivedPriorityZero,
    MasterReceivedPriorityZero {
        from: IpAddr,
    },
    /// Addresses are set, or removed; `excluded` for those that adverts do not name.
    SettingVips {
        excluded: bool,
    },
    RemovingVips {
        excluded: bool,
    },
    /// Packets for its addresses are dropped from now on, or no more.
    Filtering(bool),
    /// A reload has taken this address away from a master.
    AddressGone {
        address: AddressKey,
    },
    /// The address that an interface speaks from, or has lost; `about` is the interface.
    Source {
        address: IpAddr,
        present: bool,
    },
    /// Routes or rules are set.
    SettingObjects(Objects),
    /// Routes or rules are removed.
    RemovingObjects(Objects),
    LowerPriorityDiscarded {
        priority: u8,
        from: IpAddr,
    },
    LowerPriority {
        priority: u8,
        ours: u8,
        from: IpAddr,
        /// Whether an advert answers it, which forces a new election.
        answered: bool,
    },
    HigherPriority {
        priority: u8,
        ours: u8,
        from: IpAddr,
    },
    SamePriorityHigherAddress {
        priority: u8,
        from: IpAddr,
    },
    /// A master with an authentication header goes on from the number of one of lower priority.
    SequenceSynced,
    /// The sender's clock and ours will soon be too far apart for `auth_hmac`; told once until the own state changes.
    ClockSkew {
        /// Seconds by which ours is ahead.
        skew: i32,
        /// Seconds that are allowed.
        window: u64,
        from: IpAddr,
    },
    MasterSet {
        now: IpAddr,
        before: Option<IpAddr>,
    },
    PriorityChanged {
        from: u8,
        to: u8,
    },
    /// The same, when a file's value was past what a priority can be until now.
    PrioritySet {
        to: u8,
    },
    IntervalAdopted {
        from: Duration,
        to: Duration,
    },
    /// Version 3: on becoming master, back from the former master's interval.
    IntervalOwn {
        from: Duration,
        to: Duration,
    },
    PreemptDelayStarted {
        delay: Duration,
    },
    Announcing {
        address: AddressKey,
    },
    /// An accepted advert names other addresses than ours: how many, and the first that we miss.
    AddressListDiffers {
        vrid: Vrid,
        ours: usize,
        received: usize,
        missing: Option<IpAddr>,
        from: IpAddr,
    },
    IntervalDiffers {
        ours: Duration,
        received: Duration,
        from: IpAddr,
    },
    /// A packet was refused; told once for each sender and reason until the own state changes.
    Refused {
        refusal: Refusal,
        from: IpAddr,
        /// Ours, as is the interval.
        version: Version,
        interval: Duration,
    },
    /// A sender whose packets are refused goes on; once a minute.
    Stranger {
        from: IpAddr,
        /// The driver fills it in where it can.
        mac: Option<Mac>,
        /// `None`: too short to have one.
        priority: Option<u8>,
        vrid: Vrid,
        /// Of the last packet.
        refusal: Refusal,
        /// Since the last report.
        count: u64,
    },
    /// An interface that instances depend on, by name.
    Link {
        up: bool,
    },
    /// The same of one whose driver is asked.
    LinkBeat {
        up: bool,
    },
    /// An interface that instances depend on appeared, or is gone.
    Presence {
        present: bool,
    },
    /// A sync group moves its members.
    GroupSyncing {
        state: State,
    },
    /// Another router claims to be the address owner too.
    OwnerConflict {
        from: IpAddr,
    },
    /// The other owner goes on, and we yield to it.
    OwnerLowered {
        from: IpAddr,
        to: u8,
    },
    /// The other owner has stopped.
    OwnerStopped {
        from: IpAddr,
    },
    /// Not all addresses fit into an advert of this MTU; the rest is set and announced, but not named.
    AddressesBeyondPacket {
        named: usize,
        of: usize,
        mtu: u32,
    },
    /// `vrrp_startup_delay` begins; `about` is empty.
    StartupDelayed(Duration),
    /// It is over; `about` is empty.
    StartupCompleted,
    /// Somebody removed this address.
    AddressRemoved {
        address: AddressKey,
    },
    /// It is put back at once.
    AddressRestored {
        address: AddressKey,
    },
    /// Somebody removed this route or rule, and it is put back at once.
    ObjectRestored {
        object: Arc<RoutingObject>,
    },
    /// Somebody goes on removing it.
    ObjectRemoved {
        object: Arc<RoutingObject>,
    },
    /// A master was held up for longer than its peers wait: it listens before it speaks again.
    Stalled {
        by: Duration,
    },
    /// The weight that an instance gives to a tracked object has no effect: it is an owner, or a sync group's
    /// member.
    WeightIgnored {
        kind: Kind,
        tracked: Name,
        weight: i16,
        owner: bool,
    },
    /// An advert on this interface for a virtual router that is none of ours; `about` is empty. Told once a minute.
    UnknownRouter {
        vrid: u8,
        interface: Name,
        from: IpAddr,
    },
    /// A unicast peer uses the old checksum, or does so no more.
    PeerChecksum {
        old: bool,
    },
    /// A tracked object is no reason for FAULT any more.
    FaultOver(Fault),
}

/// What an instance has beside addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Objects {
    Routes,
    Rules,
}

/// Why an instance cannot take part.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fault {
    InterfaceAbsent(Name),
    InterfaceDown(Name),
    NoAddress(Family),
    /// Of the interface: somebody else on the link has its address, and the kernel does not use it.
    DuplicateAddress(Name, IpAddr),
    /// `track_src_ip`: the configured source is not on the interface.
    SourceGone(IpAddr),
    /// `unicast_fault_no_peer`
    NoPeers,
    /// A tracked interface without weight is down or absent.
    TrackedInterface(Name),
    /// A track script without weight has failed.
    Script(Name),
    /// A track script without weight has not yet had a result.
    ScriptPending(Name),
    /// A tracked file without weight is not 0, or its value takes the priority below 1.
    File(Name),
    /// Of a tracked process without weight too few run, or too many.
    Process(Name),
    /// A tracked BFD session without weight is down.
    Bfd(Name),
    /// Something static that names this track group cannot be put back.
    TrackGroup(Name),
}
