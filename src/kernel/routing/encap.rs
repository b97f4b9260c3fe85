//! Light weight tunnels of routes.

use std::net::IpAddr;

use netlink_packet_core::DefaultNla;
use netlink_packet_route::route::{
    MplsLabel, RouteAttribute, RouteIp6Tunnel, RouteIp6TunnelFlags, RouteIpTunnel, RouteIpTunnelFlags,
    RouteLwEnCapType, RouteLwTunnelEncap, RouteMplsIpTunnel,
};

use crate::ids::Family;
use crate::objects::route::{Encap, EncapIp};

const ILA_ATTR_LOCATOR: u16 = 1;

/// `RTA_ENCAP` and `RTA_ENCAP_TYPE`.
pub(super) fn attributes(encap: &Encap) -> [RouteAttribute; 2] {
    let (kind, options) = match encap {
        Encap::Ip(tunnel) if tunnel.family == Family::V4 => (RouteLwEnCapType::Ip, ip(tunnel)),
        Encap::Ip(tunnel) => (RouteLwEnCapType::Ip6, ip6(tunnel)),
        Encap::Mpls(labels) => (RouteLwEnCapType::Mpls, vec![mpls(labels)]),
        Encap::Ila(locator) => {
            let locator = DefaultNla::new(ILA_ATTR_LOCATOR, locator.to_be_bytes().to_vec());
            (RouteLwEnCapType::Ila, vec![RouteLwTunnelEncap::Other(locator)])
        }
    };
    [RouteAttribute::Encap(options), RouteAttribute::EncapType(kind)]
}

fn ip(tunnel: &EncapIp) -> Vec<RouteLwTunnelEncap> {
    let v4 = |address: Option<IpAddr>| match address {
        Some(IpAddr::V4(v4)) => Some(v4),
        _ => None,
    };
    [
        tunnel.id.map(RouteIpTunnel::Id),
        v4(tunnel.destination).map(RouteIpTunnel::Destination),
        v4(tunnel.source).map(RouteIpTunnel::Source),
        tunnel.tos.map(RouteIpTunnel::Tos),
        tunnel.ttl.map(RouteIpTunnel::Ttl),
        tunnel.flags.map(|flags| RouteIpTunnel::Flags(RouteIpTunnelFlags::from_bits_retain(flags))),
    ]
    .into_iter()
    .flatten()
    .map(RouteLwTunnelEncap::Ip)
    .collect()
}

fn ip6(tunnel: &EncapIp) -> Vec<RouteLwTunnelEncap> {
    let v6 = |address: Option<IpAddr>| match address {
        Some(IpAddr::V6(v6)) => Some(v6),
        _ => None,
    };
    [
        tunnel.id.map(RouteIp6Tunnel::Id),
        v6(tunnel.destination).map(RouteIp6Tunnel::Destination),
        v6(tunnel.source).map(RouteIp6Tunnel::Source),
        tunnel.tos.map(RouteIp6Tunnel::Tc),
        tunnel.ttl.map(RouteIp6Tunnel::Hoplimit),
        tunnel.flags.map(|flags| RouteIp6Tunnel::Flags(RouteIp6TunnelFlags::from_bits_retain(flags))),
    ]
    .into_iter()
    .flatten()
    .map(RouteLwTunnelEncap::Ip6)
    .collect()
}

/// The last label is the bottom of the stack.
fn mpls(labels: &[u32]) -> RouteLwTunnelEncap {
    let last = labels.len().saturating_sub(1);
    let stack = labels.iter().enumerate().map(|(at, label)| MplsLabel {
        label: *label,
        traffic_class: 0,
        bottom_of_stack: at == last,
        ttl: 0,
    });
    RouteLwTunnelEncap::Mpls(RouteMplsIpTunnel::Destination(stack.collect()))
}

#[cfg(test)]
mod tests {
    use netlink_packet_core::Emitable;

    use super::*;

    fn bytes(encap: &Encap) -> Vec<u8> {
        let attributes = attributes(encap);
        let mut bytes = vec![0; attributes.as_slice().buffer_len()];
        attributes.as_slice().emit(&mut bytes);
        bytes
    }

    #[test]
    fn labels_and_locators_as_the_kernel_wants_them() {
        // RTA_ENCAP with MPLS_IPTUNNEL_DST: labels 30 and 40, the last marked; RTA_ENCAP_TYPE 1.
        let mpls = [
            16, 0, 22, 0, 12, 0, 1, 0, 0, 1, 0xe0, 0, 0, 2, 0x81, 0, //
            6, 0, 21, 0, 1, 0, 0, 0,
        ];
        assert_eq!(bytes(&Encap::Mpls(vec![30, 40])), mpls);
        let ila = [
            16, 0, 22, 0, 12, 0, 1, 0, 0, 1, 0, 2, 0, 3, 0, 4, //
            6, 0, 21, 0, 3, 0, 0, 0,
        ];
        assert_eq!(bytes(&Encap::Ila(0x0001_0002_0003_0004)), ila);
    }
}
