//! Network interfaces as the kernel reports them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::IpNet;
use rustc_hash::FxHashMap;

use crate::ids::{IfIndex, Mac, Name};

/// Interfaces by name.
pub type Interfaces = FxHashMap<Name, Arc<Interface>>;

/// One interface with everything the cores need to know of it. A change of any field is reported as a
/// whole new value, so that handling it twice does no harm.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    pub name: Name,
    pub index: IfIndex,
    /// Administratively up and with carrier (`IFF_UP` and `IFF_RUNNING`).
    pub up: bool,
    /// `IFF_NOARP` or a point-to-point or loopback device: no gratuitous ARP makes sense.
    pub no_arp: bool,
    /// `IFF_LOOPBACK`
    pub loopback: bool,
    /// `IFF_MULTICAST`
    pub multicast: bool,
    /// `None` where the link layer is not Ethernet.
    pub mac: Option<Mac>,
    /// Bytes.
    pub mtu: u32,
    /// `IFLA_LINK`: the parent of a macvlan, VLAN and the like, when it is in this namespace.
    pub parent: Option<IfIndex>,
    /// `IFLA_MASTER`: the VRF, bridge or bond that it is enslaved to.
    pub master: Option<IfIndex>,
    /// `IFLA_INFO_KIND`: `macvlan`, `vlan`, `dummy`, ... empty for a physical device.
    pub kind: Name,
    /// Every address on it, in the kernel's order (primary ones first per network).
    pub addresses: Vec<AssignedAddress>,
}

/// How ipvlans of one parent see each other; the last one that is made decides for all of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum IpvlanMode {
    #[default]
    Bridge,
    Private,
    Vepa,
}

/// An address found on an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AssignedAddress {
    /// Address and prefix length.
    pub net: IpNet,
    /// `IFA_F_SECONDARY`: another address of the same network stands before it.
    pub secondary: bool,
    /// `IFA_F_TENTATIVE` or `IFA_F_DADFAILED`: not usable yet.
    pub tentative: bool,
    /// `IFA_F_DADFAILED`: somebody else has it.
    pub duplicate: bool,
    /// `IFA_PROTO`, where the kernel has it (5.18 on); 18 is keepalived's and ours.
    pub protocol: Option<u8>,
}

impl Interface {
    /// An Ethernet interface that is up, as simulations and tests need them: nothing on it, of no special kind.
    pub fn ethernet(name: impl Into<Name>, index: IfIndex) -> Interface {
        Interface {
            name: name.into(),
            index,
            up: true,
            no_arp: false,
            loopback: false,
            multicast: true,
            mac: None,
            mtu: 1500,
            parent: None,
            master: None,
            kind: "".into(),
            addresses: Vec::new(),
        }
    }

    /// Nothing else is new.
    pub fn differs_in_addresses_only(&self, new: &Interface) -> bool {
        let Interface {
            name,
            index,
            up,
            no_arp,
            loopback,
            multicast,
            mac,
            mtu,
            parent,
            master,
            kind,
            addresses: _,
        } = self;
        (name, index, up, no_arp, loopback) == (&new.name, &new.index, &new.up, &new.no_arp, &new.loopback)
            && (multicast, mac, mtu) == (&new.multicast, &new.mac, &new.mtu)
            && (parent, master, kind) == (&new.parent, &new.master, &new.kind)
    }

    /// The first usable IPv4 address that `skip` does not name (the virtual addresses are no source).
    pub fn source_v4(&self, skip: impl Fn(IpAddr) -> bool) -> Option<Ipv4Addr> {
        self.addresses.iter().find_map(|a| match a.net.addr() {
            IpAddr::V4(v4) if !skip(v4.into()) => Some(v4),
            _ => None,
        })
    }

    /// Its addresses that somebody else on the link has.
    pub fn duplicates(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().filter(|assigned| assigned.duplicate).map(|assigned| assigned.net.addr())
    }

    /// The first usable link-local IPv6 address that `skip` does not name.
    pub fn source_v6(&self, skip: impl Fn(IpAddr) -> bool) -> Option<Ipv6Addr> {
        self.addresses.iter().find_map(|a| match a.net.addr() {
            IpAddr::V6(v6) if v6.is_unicast_link_local() && !a.tentative && !skip(v6.into()) => Some(v6),
            _ => None,
        })
    }
}
