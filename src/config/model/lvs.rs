//! `virtual_server` and `real_server`.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

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
}

/// One virtual service with its real servers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VirtualServer {
    pub target: Target,
    /// Default UDP for an address (keepalived complains), none for a firewall mark.
    pub protocol: Protocol,
    /// `lb_algo`/`lvs_sched`; default wlc, with an error message.
    pub scheduler: Name,
    /// `IP_VS_SVC_F_SCHED*`, `ops`
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
    /// `ha_suspend`
    pub ha_suspend: bool,
    /// `virtualhost`
    pub virtualhost: Option<String>,
    /// `sorry_server IP [PORT]`
    pub sorry_server: Option<SorryServer>,
    pub real_servers: Vec<RealServer>,
    pub smtp_alert: Option<bool>,
}

/// `sorry_server`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SorryServer {
    pub address: IpAddr,
    pub port: u16,
    pub forwarding: Forwarding,
    /// `sorry_server_inhibit`
    pub inhibit: bool,
}

/// One real server. Values that the block does not give are those of the virtual server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RealServer {
    pub address: IpAddr,
    /// As IPVS gets it: the written port, or the service's where none is written or DR/TUN demands it.
    pub port: u16,
    /// Default 1.
    pub weight: u32,
    pub forwarding: Forwarding,
    pub upper_threshold: u32,
    pub lower_threshold: u32,
    /// `inhibit_on_failure`: weight 0 instead of removal.
    pub inhibit_on_failure: bool,
    pub notify_up: Option<Command>,
    pub notify_down: Option<Command>,
    pub smtp_alert: Option<bool>,
    pub checks: Vec<Check>,
}
