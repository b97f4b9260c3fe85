//! Routes: `virtual_routes`, `static_routes`.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::ids::{Family, Name};

/// A number, or a name of which only the host's iproute2 tables know the number.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Named {
    Number(u32),
    Name(Name),
}

/// Files of names that a host may have of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum List {
    Tables,
    Protocols,
    Scopes,
    /// Types of service.
    Services,
    Realms,
    /// Of interfaces.
    Groups,
}

impl List {
    /// All of them.
    pub const ALL: [List; 6] =
        [List::Tables, List::Protocols, List::Scopes, List::Services, List::Realms, List::Groups];

    /// The name of the file, where iproute2 keeps its own.
    pub const fn file(self) -> &'static str {
        match self {
            List::Tables => "rt_tables",
            List::Protocols => "rt_protos",
            List::Scopes => "rt_scopes",
            List::Services => "rt_dsfield",
            List::Realms => "rt_realms",
            List::Groups => "group",
        }
    }

    /// The greatest number.
    pub const fn most(self) -> u32 {
        match self {
            List::Tables | List::Groups => u32::MAX,
            List::Protocols | List::Scopes | List::Services => u8::MAX as u32,
            List::Realms => u16::MAX as u32,
        }
    }
}

/// One line: one route.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Route {
    pub family: Family,
    pub kind: RouteKind,
    /// `None` is the default route.
    pub destination: Option<IpNet>,
    /// `from`, IPv6 only.
    pub from: Option<IpNet>,
    /// `src`; `None` is the kernel's choice.
    pub source: Option<IpAddr>,
    /// `via`
    pub gateway: Option<IpAddr>,
    /// `dev`
    pub interface: Option<Name>,
    /// `onlink`: the gateway is on the link.
    pub onlink: bool,
    pub encap: Option<Encap>,
    pub realms: Option<Realms>,
    /// `nexthop ...`, any number of them.
    pub nexthops: Vec<Nexthop>,
    /// `table`; `None` is the main one, or that of [`Self::vrf`].
    pub table: Option<Named>,
    pub vrf: Option<Name>,
    /// `protocol`; keepalived's 18 unless the route is not tracked.
    pub protocol: Named,
    pub scope: Option<Named>,
    pub tos: Option<Named>,
    /// `metric`, `priority`, `preference`
    pub metric: Option<u32>,
    /// `pref`, IPv6: 0 medium, 1 high, 3 low.
    pub preference: Option<u8>,
    /// `expires`, seconds, IPv6.
    pub expires: Option<u32>,
    pub ttl_propagate: Option<bool>,
    pub metrics: RouteMetrics,
    pub placement: Placement,
    /// Its loss is noticed: not with `no_track`, nor without an interface.
    pub tracked: bool,
    /// `track_group`, of static routes.
    pub track_group: Option<Name>,
}

impl Route {
    /// Every interface that it names, and its VRF.
    pub fn interfaces(&self) -> impl Iterator<Item = &Name> {
        let hops = self.nexthops.iter().filter_map(|hop| hop.interface.as_ref());
        self.interface.iter().chain(&self.vrf).chain(hops)
    }

    /// Every number that may be written as a name.
    pub fn named(&self) -> impl Iterator<Item = &Named> {
        let hops = self.nexthops.iter().filter_map(|hop| hop.realms.as_ref());
        let realms = self.realms.iter().chain(hops).flat_map(Realms::named);
        [&self.table, &self.scope, &self.tos].into_iter().flatten().chain([&self.protocol]).chain(realms)
    }
}

/// `unicast`, `blackhole` ...
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum RouteKind {
    #[default]
    Unicast,
    Local,
    Broadcast,
    Anycast,
    Multicast,
    Blackhole,
    Unreachable,
    Prohibit,
    Throw,
    Nat,
}

/// Where among routes alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Placement {
    /// Only if there is none.
    Add,
    #[default]
    Prepend,
    Append,
}

/// `[lock] N`
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Metric {
    pub locked: bool,
    /// In the kernel's unit: of `rtt` an eighth of a millisecond, of `rttvar` a quarter, of `rto_min` a whole one.
    pub value: u32,
}

/// What a route says of connections along it; `None` leaves the kernel's.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct RouteMetrics {
    pub mtu: Option<Metric>,
    pub advmss: Option<Metric>,
    pub rtt: Option<Metric>,
    pub rttvar: Option<Metric>,
    pub reordering: Option<Metric>,
    pub cwnd: Option<Metric>,
    pub ssthresh: Option<Metric>,
    pub rto_min: Option<Metric>,
    /// 0 to 255.
    pub hoplimit: Option<Metric>,
    pub window: Option<Metric>,
    pub initcwnd: Option<Metric>,
    pub initrwnd: Option<Metric>,
    /// 0 or 1.
    pub quickack: Option<Metric>,
    /// 0 or 1.
    pub fastopen_no_cookie: Option<Metric>,
    /// `features ecn`
    pub ecn: bool,
    /// `congctl [lock] NAME`
    pub congctl: Option<(bool, Name)>,
}

/// `nexthop via IP dev IFNAME weight N ...`
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Nexthop {
    pub gateway: Option<IpAddr>,
    pub interface: Option<Name>,
    /// 1 to 256, default 1.
    pub weight: u16,
    pub onlink: bool,
    pub encap: Option<Encap>,
    pub realms: Option<Realms>,
}

/// `realms [FROM/]TO`
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Realms {
    pub from: Option<Named>,
    pub to: Named,
}

impl Realms {
    pub(super) fn named(&self) -> impl Iterator<Item = &Named> {
        self.from.iter().chain([&self.to])
    }
}

/// A light weight tunnel.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Encap {
    /// `ip` and `ip6`.
    Ip(EncapIp),
    /// Labels, the outermost first, each below 2^20.
    Mpls(Vec<u32>),
    /// The locator.
    Ila(u64),
}

/// `encap ip|ip6 [id N] [dst IP] [src IP] [tos|tc N] [ttl|hoplimit N] [flags N]`
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EncapIp {
    pub family: Family,
    pub id: Option<u64>,
    pub destination: Option<IpAddr>,
    pub source: Option<IpAddr>,
    pub tos: Option<u8>,
    pub ttl: Option<u8>,
    pub flags: Option<u16>,
}
