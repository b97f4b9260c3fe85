//! Services and real servers as keepalived's logs, mails and FIFOs name them.

use std::fmt;
use std::net::SocketAddr;

use crate::objects::ipvs::{DestKey, Protocol, ServiceKey};

/// A virtual service: `[10.0.0.1]:tcp:80` or `FWM 9`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ServiceName(pub ServiceKey);

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ServiceKey::Address { protocol, address, port } => write!(f, "[{address}]:{protocol}:{port}"),
            ServiceKey::Fwmark { mark, .. } => write!(f, "FWM {mark}"),
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
    pub fn of(service: ServiceKey, server: DestKey) -> Self {
        let protocol = match service {
            ServiceKey::Address { protocol, .. } => Some(protocol),
            ServiceKey::Fwmark { .. } => None,
        };
        RealName { server, protocol }
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
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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
        assert_eq!(ServiceName(tcp).to_string(), "[2001:db8::1]:udp:53");
        assert_eq!(ServiceName(mark).to_string(), "FWM 9");
        let real = RealName::of(tcp, server);
        assert_eq!(real.to_string(), "[10.0.0.2]:udp:53");
        let subject = Subject::Real { real, service: ServiceName(tcp) };
        assert_eq!(subject.to_string(), "RS [10.0.0.2]:udp:53 [2001:db8::1]:udp:53");
        assert_eq!(RealName::of(mark, server).to_string(), "[10.0.0.2]:none:53");
    }
}
