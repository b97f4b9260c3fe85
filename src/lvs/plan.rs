//! From the configuration to IPVS: which service, which destinations, which attributes. Pure
//! functions of the model and of who is up.

use std::net::IpAddr;

use super::name::ServiceName;
use crate::config::model::lvs::{GroupMember, RealServer, SorryServer, Target, VirtualServer};
use crate::ids::Family;
use crate::objects::ipvs::{
    DestKey, Destination, Forwarding, Protocol, SVC_F_PERSISTENT, Service, ServiceKey,
};

/// The largest weight that IPVS takes.
const MAX_WEIGHT: u32 = i32::MAX as u32;

/// What makes a service the same one in another configuration.
pub type Identity = (Target, Protocol);

/// The identity of the service across configurations.
pub fn identity(server: &VirtualServer) -> Identity {
    (server.target.clone(), server.protocol)
}

/// The kernel's services for it: one, or one for each address and firewall mark of its group. One that stands
/// there twice comes twice.
pub fn service_keys(server: &VirtualServer) -> impl Iterator<Item = ServiceKey> {
    let protocol = server.protocol;
    let single = match server.target {
        Target::Address { address, port } => Some(ServiceKey::Address { protocol, address, port }),
        Target::Fwmark { mark, family } => Some(ServiceKey::Fwmark { mark, family }),
        Target::Group(_) => None,
    };
    let of_group = server.group.iter().flat_map(move |used| {
        used.group.members.iter().flat_map(move |member| {
            let mark = match *member {
                GroupMember::Fwmark { mark, family } => {
                    Some(ServiceKey::Fwmark { mark, family: family.unwrap_or(used.family) })
                }
                GroupMember::Addresses { .. } => None,
            };
            let port = if let GroupMember::Addresses { port, .. } = *member { port } else { 0 };
            let address = move |address| ServiceKey::Address { protocol, address, port };
            mark.into_iter().chain(member.addresses().map(address))
        })
    });
    single.into_iter().chain(of_group)
}

/// As the logs name the service.
pub fn name(server: &VirtualServer) -> ServiceName {
    if let Some(used) = &server.group {
        let address = |member: &GroupMember| matches!(member, GroupMember::Addresses { .. });
        let protocol = used.group.members.iter().any(address).then_some(server.protocol);
        return ServiceName::Group { name: used.group.name.clone(), number: used.number, protocol };
    }
    ServiceName::Single(match server.target {
        Target::Address { address, port } => {
            ServiceKey::Address { protocol: server.protocol, address, port }
        }
        Target::Fwmark { mark, family } => ServiceKey::Fwmark { mark, family },
        Target::Group(_) => ServiceKey::Fwmark { mark: 0, family: Family::V4 },
    })
}

/// The attributes of one of its kernel services.
pub fn service(server: &VirtualServer, key: ServiceKey) -> Service {
    let netmask = match key.family() {
        // IPVS has the mask in network order, in memory as the address's octets are.
        Family::V4 => u32::from_ne_bytes(server.persistence_mask_v4.octets()),
        Family::V6 => u32::from(server.persistence_prefix_v6),
    };
    let persistent = if server.persistence_timeout.is_some() { SVC_F_PERSISTENT } else { 0 };
    Service {
        scheduler: server.scheduler.clone(),
        persistence_engine: server.persistence_engine.clone(),
        flags: server.flags | persistent,
        timeout: server.persistence_timeout.unwrap_or(0),
        netmask,
    }
}

/// The identity of a real server within its service, as it is written and named.
pub fn real_key(real: &RealServer) -> DestKey {
    DestKey { address: real.address, port: real.port }
}

/// The same of the sorry server.
pub fn sorry_key(sorry: &SorryServer) -> DestKey {
    DestKey { address: sorry.address, port: sorry.port }
}

/// The servers that are reached by NAT.
pub fn translated(server: &VirtualServer) -> impl Iterator<Item = IpAddr> {
    let reals = server.real_servers.iter().map(|real| (real.forwarding, real.address));
    let sorry = server.sorry_server.iter().map(|sorry| (sorry.forwarding, sorry.address));
    let translated = |(forwarding, address)| (forwarding == Forwarding::Masq).then_some(address);
    reals.chain(sorry).filter_map(translated)
}

/// The identity of a server within one of the kernel services: in a group each member has its own port, which DR
/// and TUN cannot change.
pub fn destination(
    server: &VirtualServer,
    key: ServiceKey,
    written: DestKey,
    forwarding: Forwarding,
) -> DestKey {
    if server.group.is_none() || !forwarding.keeps_port() {
        return written;
    }
    let port = match key {
        ServiceKey::Address { port, .. } => port,
        ServiceKey::Fwmark { .. } => 0,
    };
    DestKey { address: written.address, port }
}

/// The weight of a real server with what its checks add to it.
pub fn weight(real: &RealServer, added: i64) -> u32 {
    let sum = i64::from(real.weight).saturating_add(added);
    u32::try_from(sum.max(0)).unwrap_or(MAX_WEIGHT).min(MAX_WEIGHT)
}

/// What the table holds for a real server of this weight; `None` is absence. While the sorry server is `in use`, no
/// real server takes part, but one with `inhibit_on_failure` keeps its place with weight 0.
pub fn real(real: &RealServer, weight: u32, up: bool, sorry_in_use: bool) -> Option<Destination> {
    let takes_part = up && !sorry_in_use;
    (takes_part || real.inhibit_on_failure).then_some(Destination {
        forwarding: real.forwarding,
        weight: if takes_part { weight } else { 0 },
        upper_threshold: real.upper_threshold,
        lower_threshold: real.lower_threshold,
    })
}

/// What the table holds for the sorry server; its weight is 1 while it is in use.
pub fn sorry(sorry: &SorryServer, in_use: bool) -> Option<Destination> {
    (in_use || sorry.inhibit).then(|| Destination {
        forwarding: sorry.forwarding,
        weight: u32::from(in_use),
        upper_threshold: 0,
        lower_threshold: 0,
    })
}
