//! `virtual_server` and `real_server`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use super::check::Check;
use super::script::Command;
use crate::ids::{Family, Name};
use crate::objects::ipvs::{Forwarding, Protocol};

/// What a `virtual_server` line names.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// `virtual_server IP [PORT]`; port 0 when none is given.
    Address { address: IpAddr, port: u16 },
    /// `virtual_server fwmark N`
    Fwmark { mark: u32, family: Family },
    /// `virtual_server group NAME`
    Group(Name),
}

/// `virtual_server_group NAME`: what packets its services are for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerGroup {
    pub name: Name,
    /// As they stand in the text; one of them at least.
    pub members: Vec<GroupMember>,
}

/// A line of a `virtual_server_group`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum GroupMember {
    /// `IP [PORT]`, `IP-N`, `IP-IP`, `IP/LEN`: a service for each address from the first to the last, which
    /// are of one family. Port 0 when none is given.
    Addresses { first: IpAddr, last: IpAddr, port: u16 },
    /// `fwmark N [inet|inet6]`; without a family it is that of the service.
    Fwmark { mark: u32, family: Option<Family> },
}

impl GroupMember {
    /// The addresses, none of a firewall mark.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + use<> {
        let (four, six) = match *self {
            GroupMember::Addresses { first: IpAddr::V4(first), last: IpAddr::V4(last), .. } => {
                (Some(first.to_bits()..=last.to_bits()), None)
            }
            GroupMember::Addresses { first: IpAddr::V6(first), last: IpAddr::V6(last), .. } => {
                (None, Some(first.to_bits()..=last.to_bits()))
            }
            _ => (None, None),
        };
        let four = four.into_iter().flatten().map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)));
        let six = six.into_iter().flatten().map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits)));
        four.chain(six)
    }

    /// The family that is written or follows from the address.
    pub const fn family(&self) -> Option<Family> {
        match self {
            GroupMember::Addresses { first, .. } => Some(Family::of(*first)),
            GroupMember::Fwmark { family, .. } => *family,
        }
    }
}

/// The group that a service is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupUse {
    pub group: Arc<ServerGroup>,
    /// Which of the services of the group this is, from 0; part of its name.
    pub number: u32,
    /// Of firewall marks without a family: `ip_family`, else as the addresses or the real servers have it.
    pub family: Family,
}

/// One virtual service with its real servers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VirtualServer {
    pub target: Target,
    /// Of a service of a group.
    pub group: Option<GroupUse>,
    /// Default UDP for an address (keepalived complains), none for a firewall mark.
    pub protocol: Protocol,
    /// `lb_algo`/`lvs_sched`; default wlc, with an error message.
    pub scheduler: Name,
    /// `IP_VS_SVC_F_SCHED*`, `hashed`, `ops`
    pub flags: u32,
    /// `lb_kind`/`lvs_method`; default NAT, with an error message.
    pub forwarding: Forwarding,
    /// `persistence_timeout` in seconds (bare: 360); `None` is no persistence.
    pub persistence_timeout: Option<u32>,
    /// `persistence_granularity` for IPv4; full unless given.
    pub persistence_mask_v4: Ipv4Addr,
    /// `persistence_granularity` for IPv6, 1 to 128.
    pub persistence_prefix_v6: u8,
    /// `persistence_engine`
    pub persistence_engine: Option<Name>,
    /// Default 60 s.
    pub delay_loop: Duration,
    /// Live weight that the service needs. Default 1.
    pub quorum: u32,
    /// Default 0.
    pub hysteresis: u32,
    pub quorum_up: Option<Command>,
    pub quorum_down: Option<Command>,
    /// `alpha`: real servers come in only once their checks have passed.
    pub alpha: bool,
    /// `omega`: down scripts run at stop.
    pub omega: bool,
    /// `drain_timeout`, ours: how long a real server that a reload removes, alone or with its service, may keep its connections.
    pub drain_timeout: Option<Duration>,
    /// `return_path snat`, ours: to its NAT real servers its connections come from the director's address.
    pub return_path_snat: bool,
    /// `ha_suspend`
    pub ha_suspend: bool,
    /// `virtualhost`
    pub virtualhost: Option<String>,
    /// `sorry_server IP [PORT]`
    pub sorry_server: Option<SorryServer>,
    pub real_servers: Vec<RealServer>,
    /// `smtp_alert`, else `smtp_alert_checker`, else the global one, else off.
    pub smtp_alert: bool,
    /// `snmp_name`
    pub snmp_name: Option<Name>,
}

/// `sorry_server`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SorryServer {
    pub address: IpAddr,
    /// As that of a [`RealServer`].
    pub port: u16,
    pub forwarding: Forwarding,
    /// `sorry_server_inhibit`
    pub inhibit: bool,
}

/// One real server. Values that the block does not give are those of the virtual server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RealServer {
    pub address: IpAddr,
    /// As IPVS gets it: the written port, or the service's where none is written or DR/TUN demands it. In a
    /// service of a group the written one, 0 without; each member has a port of its own for DR and TUN.
    pub port: u16,
    /// Default 1.
    pub weight: u32,
    pub forwarding: Forwarding,
    pub upper_threshold: u32,
    pub lower_threshold: u32,
    /// `inhibit_on_failure`: weight 0 instead of removal.
    pub inhibit_on_failure: bool,
    /// `smtp_alert`, else `smtp_alert_checker`, else the global one, else on.
    pub smtp_alert: bool,
    /// Nearly all have one. Shared with its checker.
    pub checks: SmallVec<[Arc<Check>; 1]>,
    /// What few have; there may be many thousands of real servers.
    pub options: Option<Box<RealOptions>>,
}

/// What a real server has beyond its place in the pool.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RealOptions {
    pub notify_up: Option<Command>,
    pub notify_down: Option<Command>,
    /// `snmp_name`
    pub snmp_name: Option<Name>,
}

impl RealServer {
    /// `notify_up` or `notify_down`
    pub fn notify(&self, up: bool) -> Option<&Command> {
        let options = self.options.as_deref()?;
        if up { options.notify_up.as_ref() } else { options.notify_down.as_ref() }
    }
}
