//! An address as we want it on an interface.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use ipnet::IpNet;

use crate::ids::Name;

/// `IFA_PROTO` and route protocol number of keepalived (`rt_protos`), which standfast uses too: other
/// software (octavia, networkd) leaves objects with this number alone.
pub const PROTOCOL_KEEPALIVED: u8 = 18;

/// Identity: the kernel holds one address with this prefix on this interface.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct AddressKey {
    pub interface: Name,
    pub net: IpNet,
}

/// Everything else that `RTM_NEWADDR` carries for it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AddressAttributes {
    /// `rt_scopes` number; 0 is global, 253 link, 254 host.
    pub scope: u8,
    /// `IFA_LABEL`, IPv4 only, must begin with the interface's name for old tools.
    pub label: Option<Name>,
    /// `IFA_BROADCAST`, IPv4 only; absent unless asked for.
    pub broadcast: Option<std::net::Ipv4Addr>,
    /// `IFA_ADDRESS` differing from `IFA_LOCAL`: the other end.
    pub peer: Option<IpNet>,
    /// `IFA_FLAGS` (`IFA_F_NODAD`, `IFA_F_HOMEADDRESS`, ...).
    pub flags: u32,
    /// Preferred lifetime in seconds; `None` is for ever, 0 is deprecated from the start.
    pub preferred_lft: Option<u32>,
}

/// The address alone: hardly two keys have the same, and a takeover of thousands hashes each a dozen times.
impl Hash for AddressKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_address(self.net, state);
    }
}

/// An address without its prefix.
pub fn hash_address(net: IpNet, state: &mut impl Hasher) {
    match net.addr() {
        IpAddr::V4(address) => state.write_u32(u32::from(address)),
        IpAddr::V6(address) => state.write_u128(u128::from(address)),
    }
}

impl AddressKey {
    /// The address without its prefix.
    pub fn address(&self) -> IpAddr {
        self.net.addr()
    }
}
