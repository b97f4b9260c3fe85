//! `bfd_instance`

use std::net::IpAddr;
use std::time::Duration;

use crate::ids::Name;

/// One BFD session, RFC 5880 in asynchronous mode.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BfdInstance {
    pub name: Name,
    /// `neighbor_ip`
    pub neighbour: IpAddr,
    /// `source_ip`, of the neighbour's family; `None` is the kernel's choice.
    pub source: Option<IpAddr>,
    /// `min_rx`, 1 ms to 4294.967 s, default 10 ms.
    pub min_rx: Duration,
    /// `min_tx`, as `min_rx`.
    pub min_tx: Duration,
    /// `idle_tx`, from 1 s, default 1 s: while the session is not up.
    pub idle_tx: Duration,
    /// `multiplier`, 1 to 255, default 5.
    pub multiplier: u8,
    /// `passive`: says nothing until the neighbour has.
    pub passive: bool,
    /// `ttl`, `hoplimit`, 1 to 255; default 255, 64 with IPv6.
    pub ttl: u8,
    /// `max_hops`, at most `ttl`: by how much an arriving TTL may be smaller; -1 is any.
    pub max_hops: i16,
    /// `multihop`: RFC 5883, port 4784.
    pub multihop: bool,
    /// `weight`, -253 to 253: for VRRP instances that name none.
    pub weight: i16,
    /// `weight N reverse`
    pub reverse: bool,
    /// Whether VRRP hears of it.
    pub for_vrrp: bool,
    /// Whether the checkers hear of it.
    pub for_checkers: bool,
}
