//! An address as we want it on an interface.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::ids::Name;

/// `IFA_PROTO` and route protocol number of keepalived (`rt_protos`), which standfast uses too: other
/// software (octavia, networkd) leaves objects with this number alone.
pub const PROTOCOL_KEEPALIVED: u8 = 18;

/// Identity: the kernel holds one address with this prefix on this interface.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
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

impl AddressKey {
    /// The address without its prefix.
    pub fn address(&self) -> IpAddr {
        self.net.addr()
    }
}
