//! Small numbers and names that are checked once and then trusted.

use std::fmt;
use std::sync::Arc;

/// A name given in the configuration (instance, group, script, interface). Cheap to clone.
pub type Name = Arc<str>;

/// Virtual router identifier, 1 to 255 (RFC 9568 section 5.2.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Vrid(u8);

impl Vrid {
    /// `None` for 0, which no virtual router may use.
    pub const fn new(vrid: u8) -> Option<Self> {
        if vrid == 0 { None } else { Some(Vrid(vrid)) }
    }

    /// The number as it stands in the packet.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Vrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The kernel's number of an interface; never 0 but for [`ANY_INTERFACE`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IfIndex(pub u32);

/// Whatever the routes say; by it unicast without an interface comes and goes.
pub const ANY_INTERFACE: IfIndex = IfIndex(0);

/// An Ethernet address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// `ff:ff:ff:ff:ff:ff`
    pub const BROADCAST: Mac = Mac([0xff; 6]);

    /// The virtual router's own address: 00-00-5E-00-01-VRID for IPv4, 00-00-5E-00-02-VRID for IPv6
    /// (RFC 9568 section 7.3).
    pub const fn of_virtual_router(family: Family, vrid: Vrid) -> Mac {
        let kind = match family {
            Family::V4 => 1,
            Family::V6 => 2,
        };
        Mac([0x00, 0x00, 0x5e, 0x00, kind, vrid.0])
    }

    /// Where an IPv6 group is sent to: 33-33 and its last four bytes (RFC 2464 section 7).
    pub const fn of_multicast(group: std::net::Ipv6Addr) -> Mac {
        let [.., a, b, c, d] = group.octets();
        Mac([0x33, 0x33, a, b, c, d])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Address family.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    /// The family of an address.
    pub const fn of(address: std::net::IpAddr) -> Self {
        match address {
            std::net::IpAddr::V4(_) => Family::V4,
            std::net::IpAddr::V6(_) => Family::V6,
        }
    }

    /// Bits in an address: 32 or 128.
    pub const fn bits(self) -> u8 {
        match self {
            Family::V4 => 32,
            Family::V6 => 128,
        }
    }
}

impl fmt::Display for Family {
    /// `IPv4` or `IPv6`, as keepalived's log writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_router_mac() {
        let vrid = Vrid::new(50).unwrap();
        assert_eq!(Mac::of_virtual_router(Family::V4, vrid).to_string(), "00:00:5e:00:01:32");
        assert_eq!(Mac::of_virtual_router(Family::V6, vrid).to_string(), "00:00:5e:00:02:32");
        assert_eq!(Vrid::new(0), None);
        let group = "ff02::12".parse().unwrap();
        assert_eq!(Mac::of_multicast(group).to_string(), "33:33:00:00:00:12");
    }
}
