//! The IPVS table as values: services, destinations, synchronisation daemons. Names follow
//! `linux/ip_vs.h`.

use std::fmt;
use std::net::IpAddr;

use crate::ids::{Family, Name};

/// Layer 4 protocol of a service, as `IPPROTO_*`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Protocol {
    Tcp,
    Udp,
    Sctp,
}

impl Protocol {
    /// `IPPROTO_TCP` 6, `IPPROTO_UDP` 17, `IPPROTO_SCTP` 132.
    pub const fn number(self) -> u8 {
        match self {
            Protocol::Tcp => 6,
            Protocol::Udp => 17,
            Protocol::Sctp => 132,
        }
    }
}

impl fmt::Display for Protocol {
    /// `tcp`, `udp`, `sctp`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
        })
    }
}

/// What identifies a virtual service in the kernel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ServiceKey {
    /// `IPVS_SVC_ATTR_PROTOCOL`, `_ADDR`, `_PORT`. Port 0: every port, with persistence.
    Address { protocol: Protocol, address: IpAddr, port: u16 },
    /// `IPVS_SVC_ATTR_FWMARK` and `_AF`.
    Fwmark { mark: u32, family: Family },
}

impl ServiceKey {
    /// The address family of the service.
    pub const fn family(&self) -> Family {
        match self {
            ServiceKey::Address { address, .. } => Family::of(*address),
            ServiceKey::Fwmark { family, .. } => *family,
        }
    }
}

/// `IP_VS_SVC_F_PERSISTENT`
pub const SVC_F_PERSISTENT: u32 = 0x0001;
/// `IP_VS_SVC_F_HASHED`: the kernel sets it on every service in its table; ignored when comparing.
pub const SVC_F_HASHED: u32 = 0x0002;
/// `IP_VS_SVC_F_SCHED1` to `3`; what they mean depends on the scheduler.
pub const SVC_F_SCHED: [u32; 3] = [0x0008, 0x0010, 0x0020];

/// `IP_VS_SVC_F_ONEPACKET`
pub const SVC_F_ONEPACKET: u32 = 0x0004;

/// The attributes of a virtual service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    /// `IPVS_SVC_ATTR_SCHED_NAME`: rr, wrr, lc, ... any name the kernel knows.
    pub scheduler: Name,
    /// `IPVS_SVC_ATTR_PE_NAME`
    pub persistence_engine: Option<Name>,
    /// `IP_VS_SVC_F_*`
    pub flags: u32,
    /// Persistence timeout in seconds; 0 without persistence.
    pub timeout: u32,
    /// `IPVS_SVC_ATTR_NETMASK`: the mask in network order for IPv4, the prefix length for IPv6.
    /// Full (255.255.255.255 or 128) unless a persistence granularity is set.
    pub netmask: u32,
}

/// What identifies a destination within its service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DestKey {
    pub address: IpAddr,
    pub port: u16,
}

/// `IP_VS_CONN_F_*`: how packets reach the real server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Forwarding {
    /// NAT
    #[default]
    Masq,
    /// The destination is this host (`IP_VS_CONN_F_LOCALNODE`); the kernel reports it for local addresses.
    LocalNode,
    /// `lb_kind TUN`
    Tunnel(Tunnel),
    /// `lb_kind DR`
    DirectRoute,
    /// `IP_VS_CONN_F_BYPASS`
    Bypass,
}

impl Forwarding {
    /// Whether the packet arrives as it is: then the destination has the service's port.
    pub const fn keeps_port(self) -> bool {
        matches!(self, Forwarding::DirectRoute | Forwarding::Tunnel(_))
    }
}

/// `IPVS_DEST_ATTR_TUN_*`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tunnel {
    /// `IP_VS_CONN_F_TUNNEL_TYPE_*`: 0 ipip, 1 gue, 2 gre.
    pub kind: u8,
    /// UDP port, gue only.
    pub port: u16,
    /// `IP_VS_TUNNEL_ENCAP_FLAG_*`: 0 nocsum, 1 csum, 2 remcsum.
    pub flags: u16,
}

/// The attributes of a destination.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Destination {
    pub forwarding: Forwarding,
    /// 0 to 2147483647; 0 takes no new connections.
    pub weight: u32,
    /// Connections above which no new ones come; 0 is without limit.
    pub upper_threshold: u32,
    /// Connections below which an overloaded destination takes new ones again.
    pub lower_threshold: u32,
}

/// How many connections a destination has (`IPVS_DEST_ATTR_ACTIVE_CONNS`, `_INACT_CONNS`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Connections {
    /// Established; of UDP all that are not forgotten yet.
    pub active: u32,
    /// Opening or closing.
    pub inactive: u32,
}

/// One virtual service with everything in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pool {
    pub service: Service,
    /// In the order in which they are to enter the kernel's list, which the round robin schedulers follow.
    pub destinations: Vec<(DestKey, Destination)>,
}

/// `IP_VS_STATE_*`
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SyncRole {
    Master,
    Backup,
}

/// The connection synchronisation daemon (`IPVS_DAEMON_ATTR_*`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyncDaemon {
    pub role: SyncRole,
    /// `IPVS_DAEMON_ATTR_MCAST_IFN`
    pub interface: Name,
    /// 0 to 255.
    pub sync_id: u32,
    /// Bytes; 0 is the kernel's default.
    pub max_len: u16,
    /// Multicast group; `None` is 224.0.0.81.
    pub group: Option<IpAddr>,
    /// 0 is 8848.
    pub port: u16,
    /// 0 is 1.
    pub ttl: u8,
}

/// One change to the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Op {
    NewService(ServiceKey, Service),
    SetService(ServiceKey, Service),
    DelService(ServiceKey),
    NewDest(ServiceKey, DestKey, Destination),
    SetDest(ServiceKey, DestKey, Destination),
    DelDest(ServiceKey, DestKey),
    NewDaemon(SyncDaemon),
    DelDaemon(SyncRole),
}
