//! Balanced traffic whose source becomes the director's, so that its replies come back to the director whatever the real
//! servers' routes are.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::ipvs::{Protocol, ServiceKey};
use crate::ids::Family;

/// Which connections: those to these services that go on to these real servers by NAT.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReturnPath {
    /// Protocol, address and port; port 0 is every port.
    pub services: BTreeSet<(Protocol, IpAddr, u16)>,
    /// Firewall marks, with the family of the service.
    pub marks: BTreeSet<(Family, u32)>,
    /// Real servers that are reached by NAT.
    pub reals: BTreeSet<IpAddr>,
}

impl ReturnPath {
    /// Adds a service.
    pub fn add(&mut self, key: ServiceKey) {
        match key {
            ServiceKey::Address { protocol, address, port } => {
                self.services.insert((protocol, address, port));
            }
            ServiceKey::Fwmark { mark, family } => {
                self.marks.insert((family, mark));
            }
        }
    }

    /// What is in one of the two.
    pub fn union(&self, other: &ReturnPath) -> ReturnPath {
        ReturnPath {
            services: &self.services | &other.services,
            marks: &self.marks | &other.marks,
            reals: &self.reals | &other.reals,
        }
    }

    /// No source is changed.
    pub fn is_empty(&self) -> bool {
        self.reals.is_empty() || self.services.is_empty() && self.marks.is_empty()
    }
}
