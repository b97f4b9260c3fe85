//! Services and real servers as keepalived's logs, mails and FIFOs name them.

use std::fmt;
use std::net::SocketAddr;

use crate::ids::Name;
use crate::objects::ipvs::{DestKey, Protocol, ServiceKey};

/// A virtual service: `[10.0.0.1]:tcp:80`, `FWM 9` or `[WEB]:0`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ServiceName {
    /// Of an address or a firewall mark.
    Single(ServiceKey),
    /// Of a group: which of its services, from 0. The protocol is `None` where it has firewall marks only.
    Group { name: Name, number: u32, protocol: Option<Protocol> },
}

impl ServiceName {
    /// `None` where only firewall marks select the packets.
    fn protocol(&self) -> Option<Protocol> {
        match self {
            ServiceName::Single(ServiceKey::Address { protocol, .. }) => Some(*protocol),
            ServiceName::Single(ServiceKey::Fwmark { .. }) => None,
            ServiceName::Group { protocol, .. } => *protocol,
        }
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServiceName::Single(ServiceKey::Address { protocol, address, port }) => {
                write!(f, "[{address}]:{protocol}:{port}")
            }
            ServiceName::Single(ServiceKey::Fwmark { mark, .. }) => write!(f, "FWM {mark}"),
            ServiceName::Group { name, number, .. } => write!(f, "[{name}]:{number}"),
        }
    }
}

/// A real server (or sorry server) of a service: `[10.0.0.2]:tcp:80`, in services by firewall mark
/// `[10.0.0.2]:none:80`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RealName {
    pub server: DestKey,
    /// The service's; `None` where a firewall mark selects the packets.
    pub protocol: Option<Protocol>,
}

impl RealName {
    /// The server's name within `service`.
    pub fn of(service: &ServiceName, server: DestKey) -> Self {
        RealName { server, protocol: service.protocol() }
    }

    /// Address and port.
    pub fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.server.address, self.server.port)
    }
}

impl fmt::Display for RealName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DestKey { address, port } = self.server;
        match self.protocol {
            Some(protocol) => write!(f, "[{address}]:{protocol}:{port}"),
            None => write!(f, "[{address}]:none:{port}"),
        }
    }
}

/// Whom a notification is about.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Subject {
    Real { real: RealName, service: ServiceName },
    Service(ServiceName),
}

impl fmt::Display for Subject {
    /// As in keepalived's FIFOs: `RS`, the real server and its service, or `VS` and the service.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Real { real, service } => write!(f, "RS {real} {service}"),
            Subject::Service(service) => write!(f, "VS {service}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Family;

    #[test]
    fn names_as_operators_grep_them() {
        let server = DestKey { address: [10, 0, 0, 2].into(), port: 53 };
        let tcp = ServiceKey::Address {
            protocol: Protocol::Udp,
            address: "2001:db8::1".parse().unwrap(),
            port: 53,
        };
        let mark = ServiceKey::Fwmark { mark: 9, family: Family::V4 };
        let (service, mark) = (ServiceName::Single(tcp), ServiceName::Single(mark));
        assert_eq!(service.to_string(), "[2001:db8::1]:udp:53");
        assert_eq!(mark.to_string(), "FWM 9");
        let real = RealName::of(&service, server);
        assert_eq!(real.to_string(), "[10.0.0.2]:udp:53");
        let subject = Subject::Real { real, service };
        assert_eq!(subject.to_string(), "RS [10.0.0.2]:udp:53 [2001:db8::1]:udp:53");
        assert_eq!(RealName::of(&mark, server).to_string(), "[10.0.0.2]:none:53");
        let group = ServiceName::Group { name: "WEB".into(), number: 1, protocol: Some(Protocol::Tcp) };
        assert_eq!(group.to_string(), "[WEB]:1");
        assert_eq!(RealName::of(&group, server).to_string(), "[10.0.0.2]:tcp:53");
    }
}
