//! Packets that must not pass: to and from virtual addresses that are not accepted, and what a virtual MAC device would
//! say that only its parent may.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use crate::ids::{Family, IfIndex};

/// What is filtered.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// Nothing is taken that is for these, and nothing leaves that is from them.
    pub addresses: BTreeSet<IpAddr>,
    /// The same for link-local addresses, which mean something on one interface only.
    pub link_local: BTreeSet<(Ipv6Addr, IfIndex)>,
    /// Virtual MAC devices of the family, each with its parent: memberships of groups are reported by the parent.
    pub devices: BTreeMap<(Family, IfIndex), IfIndex>,
}

/// How the tables look.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilterStyle {
    /// The name of the tables.
    pub table: String,
    /// Of the chains at the hooks.
    pub priority: i32,
    /// Rules count packets.
    pub counters: bool,
}

impl Filter {
    /// Adds an address that is not accepted.
    pub fn refuse(&mut self, address: IpAddr, interface: IfIndex) {
        match address {
            IpAddr::V6(v6) if v6.is_unicast_link_local() => drop(self.link_local.insert((v6, interface))),
            address => drop(self.addresses.insert(address)),
        }
    }

    /// Nothing is filtered.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.link_local.is_empty() && self.devices.is_empty()
    }
}
