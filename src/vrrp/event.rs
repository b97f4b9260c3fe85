//! Everything that can happen to the router: its whole input, besides time.

use std::net::IpAddr;
use std::sync::Arc;

use super::action::InstanceId;
use super::ah;
use crate::config::model::Config;
use crate::ids::{IfIndex, Name};
use crate::objects::address::AddressKey;
use crate::objects::interface::Interface;
use crate::objects::routing::RoutingObject;
use crate::time::Mono;

/// One input. Handling the same fact twice has no second effect.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// An advertisement, or something that claims to be one.
    Packet(Datagram<'a>),
    /// An interface appeared or changed (`Some`), or is gone (`None`).
    Interface { name: Name, now: Option<Arc<Interface>> },
    /// A track script has a new settled result (after rise and fall).
    Script { name: Name, healthy: bool },
    /// A `track_file` has this number in it; 0 where it is missing or empty.
    File { name: Name, value: i32 },
    /// Of a `vrrp_track_process` as many run as should (after its delays), or not.
    Process { name: Name, quorate: bool },
    /// A BFD session came up or went down.
    Bfd { name: Name, up: bool },
    /// The driver of an interface that is polled says that its link has a beat, or none.
    Link { name: Name, up: bool },
    /// Somebody else removed an address that an owning instance had set. The driver asks before it
    /// puts it back, by telling the router.
    AddressLost { key: AddressKey },
    /// Somebody else removed a route or a rule of this instance, which is tracked.
    ObjectLost { instance: InstanceId, object: Arc<RoutingObject> },
    /// Everything static that names this track group is there again, or something of it cannot be.
    TrackGroup { name: Name, whole: bool },
    /// A new configuration. What can stay, stays.
    Reconfigure(Arc<Config>),
    /// The daemon ends: masters resign with priority 0, everything is given up.
    Stop,
}

/// A received packet, as the raw socket gave it.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// The kernel's receive time, not when we got round to it.
    pub received_at: Mono,
    /// The interface it came in by.
    pub interface: IfIndex,
    pub source: IpAddr,
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// The IPv4 header where an authentication header follows, which covers it; else empty.
    pub header: &'a [u8],
    /// What stands behind the IP header (IPv4: its total length was checked).
    pub payload: &'a [u8],
}

impl<'a> Datagram<'a> {
    /// The advert, behind an authentication header if there is one.
    pub fn advert(&self) -> &'a [u8] {
        if self.header.is_empty() {
            return self.payload;
        }
        self.payload.get(ah::LEN..).unwrap_or_default()
    }
}
