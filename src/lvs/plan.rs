//! From the configuration to IPVS: which service, which destinations, which attributes. Pure
//! functions of the model and of who is up.

use crate::config::model::lvs::{RealServer, SorryServer, Target, VirtualServer};
use crate::ids::Family;
use crate::objects::ipvs::{DestKey, Destination, SVC_F_PERSISTENT, Service, ServiceKey};

/// The largest weight that IPVS takes.
const MAX_WEIGHT: u32 = i32::MAX as u32;

/// The identity of the service in the kernel.
pub fn service_key(server: &VirtualServer) -> ServiceKey {
    match server.target {
        Target::Address { address, port } => {
            ServiceKey::Address { protocol: server.protocol, address, port }
        }
        Target::Fwmark { mark, family } => ServiceKey::Fwmark { mark, family },
    }
}

/// The attributes of the service.
pub fn service(server: &VirtualServer) -> Service {
    let netmask = match service_key(server).family() {
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

/// The identity of a real server within its service.
pub fn real_key(real: &RealServer) -> DestKey {
    DestKey { address: real.address, port: real.port }
}

/// The identity of the sorry server within its service.
pub fn sorry_key(sorry: &SorryServer) -> DestKey {
    DestKey { address: sorry.address, port: sorry.port }
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
