//! The message that adds a route.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_route::AddressFamily;
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteMetric,
    RouteMplsTtlPropagation, RouteNextHop, RouteNextHopFlags, RoutePreference, RouteProtocol, RouteScope,
    RouteType,
};

use super::{Lookup, Missing, byte, encap, interface, number, realm};
use crate::ids::Family;
use crate::objects::route::{List, Metric, Named, Nexthop, Route, RouteKind, RouteMetrics};

const RTAX_FEATURE_ECN: u32 = 1;
/// The bit of `congctl` in `RTAX_LOCK`.
const RTAX_CC_ALGO: u32 = 16;

pub(super) fn message(route: &Route, host: &impl Lookup) -> Result<RouteMessage, Missing> {
    let mut message = RouteMessage::default();
    let one = |named: &Option<Named>, list| named.as_ref().map_or(Ok(0), |named| byte(named, list, host));
    message.header.address_family = match route.family {
        Family::V4 => AddressFamily::Inet,
        Family::V6 => AddressFamily::Inet6,
    };
    message.header.protocol = RouteProtocol::from(byte(&route.protocol, List::Protocols, host)?);
    message.header.scope = RouteScope::from(one(&route.scope, List::Scopes)?);
    message.header.tos = one(&route.tos, List::Services)?;
    message.header.kind = kind(route.kind);
    if route.onlink {
        message.header.flags |= RouteFlags::Onlink;
    }
    let attributes = &mut message.attributes;
    let (destination, length) = match route.destination {
        Some(net) => (net.addr(), net.prefix_len()),
        None if route.family == Family::V4 => (Ipv4Addr::UNSPECIFIED.into(), 0),
        None => (Ipv6Addr::UNSPECIFIED.into(), 0),
    };
    message.header.destination_prefix_length = length;
    attributes.push(RouteAttribute::Destination(address(destination)));
    if let Some(from) = route.from {
        message.header.source_prefix_length = from.prefix_len();
        attributes.push(RouteAttribute::Source(address(from.addr())));
    }
    table(route, host, &mut message.header, attributes)?;
    if let Some(source) = route.source {
        attributes.push(RouteAttribute::PrefSource(address(source)));
    }
    if let Some(gateway) = route.gateway {
        attributes.push(RouteAttribute::Gateway(address(gateway)));
    }
    if let Some(tunnel) = &route.encap {
        attributes.extend(encap::attributes(tunnel));
    }
    if let Some(name) = &route.interface {
        attributes.push(RouteAttribute::Oif(interface(name, host)?.0));
    }
    if let Some(metric) = route.metric {
        attributes.push(RouteAttribute::Priority(metric));
    }
    if let Some(realms) = &route.realms {
        attributes.push(RouteAttribute::Realm(realm(realms, host)?));
    }
    if let Some(seconds) = route.expires {
        attributes.push(RouteAttribute::Expires(seconds));
    }
    if let Some(preference) = route.preference {
        attributes.push(RouteAttribute::Preference(RoutePreference::from(preference)));
    }
    if let Some(enabled) = route.ttl_propagate {
        attributes.push(RouteAttribute::TtlPropagate(match enabled {
            true => RouteMplsTtlPropagation::Enabled,
            false => RouteMplsTtlPropagation::Disabled,
        }));
    }
    let metrics = metrics(&route.metrics);
    if !metrics.is_empty() {
        attributes.push(RouteAttribute::Metrics(metrics));
    }
    if !route.nexthops.is_empty() {
        let hops: Result<_, _> = route.nexthops.iter().map(|hop| nexthop(hop, host)).collect();
        attributes.push(RouteAttribute::MultiPath(hops?));
    }
    Ok(message)
}

/// The number of the table, in the header where it fits.
fn table(
    route: &Route,
    host: &impl Lookup,
    header: &mut RouteHeader,
    attributes: &mut Vec<RouteAttribute>,
) -> Result<(), Missing> {
    let table = match (&route.table, &route.vrf) {
        (Some(table), _) => number(table, List::Tables, host)?,
        (None, Some(vrf)) => host.vrf(vrf).ok_or_else(|| Missing::Vrf(vrf.clone()))?,
        (None, None) => u32::from(RouteHeader::RT_TABLE_MAIN),
    };
    match u8::try_from(table) {
        Ok(table) => header.table = table,
        Err(_) => attributes.push(RouteAttribute::Table(table)),
    }
    Ok(())
}

fn nexthop(hop: &Nexthop, host: &impl Lookup) -> Result<RouteNextHop, Missing> {
    let mut message = RouteNextHop::default();
    // On the wire a hop without weight of its own is 0.
    message.hops = u8::try_from(hop.weight.saturating_sub(1)).unwrap_or(u8::MAX);
    if hop.onlink {
        message.flags |= RouteNextHopFlags::Onlink;
    }
    if let Some(name) = &hop.interface {
        message.interface_index = interface(name, host)?.0;
    }
    if let Some(gateway) = hop.gateway {
        message.attributes.push(RouteAttribute::Gateway(address(gateway)));
    }
    if let Some(realms) = &hop.realms {
        message.attributes.push(RouteAttribute::Realm(realm(realms, host)?));
    }
    if let Some(tunnel) = &hop.encap {
        message.attributes.extend(encap::attributes(tunnel));
    }
    Ok(message)
}

fn metrics(wanted: &RouteMetrics) -> Vec<RouteMetric> {
    // The number of each is its bit in `RTAX_LOCK`.
    type Make = fn(u32) -> RouteMetric;
    let numbered: [(Option<Metric>, u32, Make); 14] = [
        (wanted.mtu, 2, RouteMetric::Mtu),
        (wanted.window, 3, RouteMetric::Window),
        (wanted.rtt, 4, RouteMetric::Rtt),
        (wanted.rttvar, 5, RouteMetric::RttVar),
        (wanted.ssthresh, 6, RouteMetric::SsThresh),
        (wanted.cwnd, 7, RouteMetric::Cwnd),
        (wanted.advmss, 8, RouteMetric::Advmss),
        (wanted.reordering, 9, RouteMetric::Reordering),
        (wanted.hoplimit, 10, RouteMetric::Hoplimit),
        (wanted.initcwnd, 11, RouteMetric::InitCwnd),
        (wanted.rto_min, 13, RouteMetric::RtoMin),
        (wanted.initrwnd, 14, RouteMetric::InitRwnd),
        (wanted.quickack, 15, RouteMetric::QuickAck),
        (wanted.fastopen_no_cookie, 17, RouteMetric::FastopenNoCookie),
    ];
    let mut locked = 0;
    let mut metrics = Vec::new();
    for (metric, bit, make) in numbered {
        let Some(metric) = metric else { continue };
        metrics.push(make(metric.value));
        locked |= u32::from(metric.locked) << bit;
    }
    if wanted.ecn {
        metrics.push(RouteMetric::Features(RTAX_FEATURE_ECN));
    }
    if let Some((lock, name)) = &wanted.congctl {
        metrics.push(RouteMetric::CcAlgo(name.to_string()));
        locked |= u32::from(*lock) << RTAX_CC_ALGO;
    }
    if locked != 0 {
        metrics.push(RouteMetric::Lock(locked));
    }
    metrics
}

fn kind(kind: RouteKind) -> RouteType {
    match kind {
        RouteKind::Unicast => RouteType::Unicast,
        RouteKind::Local => RouteType::Local,
        RouteKind::Broadcast => RouteType::Broadcast,
        RouteKind::Anycast => RouteType::Anycast,
        RouteKind::Multicast => RouteType::Multicast,
        RouteKind::Blackhole => RouteType::BlackHole,
        RouteKind::Unreachable => RouteType::Unreachable,
        RouteKind::Prohibit => RouteType::Prohibit,
        RouteKind::Throw => RouteType::Throw,
        RouteKind::Nat => RouteType::Nat,
    }
}

fn address(address: IpAddr) -> RouteAddress {
    match address {
        IpAddr::V4(v4) => RouteAddress::Inet(v4),
        IpAddr::V6(v6) => RouteAddress::Inet6(v6),
    }
}
