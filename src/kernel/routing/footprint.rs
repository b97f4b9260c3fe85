//! What tells one route from another, and one rule: the same of what we ask for and of what the kernel shows.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use netlink_packet_core::Nla;
use netlink_packet_route::AddressFamily;
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteMessage, RouteNextHop, RouteType};
use netlink_packet_route::rule::{RuleAction, RuleFlags, RuleMessage};

/// The metric of an IPv6 route that names none.
const IP6_RT_PRIO_USER: u32 = 1024;

/// Under which the kernel keeps a route; several may stand there.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RouteKey {
    table: u32,
    destination: IpNet,
    source: Option<IpNet>,
    tos: u8,
    metric: u32,
}

/// A route, without what it only says of connections.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteFootprint {
    key: RouteKey,
    protocol: u8,
    kind: RouteType,
    preferred_source: Option<IpAddr>,
    /// In order; none where packets go nowhere.
    hops: Vec<Hop>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Hop {
    gateway: Option<IpAddr>,
    /// 0: whichever.
    interface: u32,
}

impl RouteFootprint {
    pub fn of(message: &RouteMessage) -> Self {
        let header = &message.header;
        let v6 = header.address_family == AddressFamily::Inet6;
        let mut footprint = RouteFootprint {
            key: RouteKey {
                table: u32::from(header.table),
                destination: net(None, header.destination_prefix_length, v6),
                source: None,
                tos: header.tos,
                metric: 0,
            },
            protocol: header.protocol.into(),
            kind: header.kind,
            preferred_source: None,
            hops: Vec::new(),
        };
        let (mut single, mut several) = (Hop { gateway: None, interface: 0 }, None);
        for attribute in &message.attributes {
            match attribute {
                RouteAttribute::Table(table) => footprint.key.table = *table,
                RouteAttribute::Destination(address) => {
                    footprint.key.destination = net(ip(address), header.destination_prefix_length, v6);
                }
                RouteAttribute::Source(address) => {
                    footprint.key.source = Some(net(ip(address), header.source_prefix_length, v6));
                }
                RouteAttribute::Priority(metric) => footprint.key.metric = *metric,
                RouteAttribute::PrefSource(address) => footprint.preferred_source = ip(address),
                RouteAttribute::Gateway(address) => single.gateway = ip(address),
                RouteAttribute::Oif(index) => single.interface = *index,
                RouteAttribute::MultiPath(hops) => several = Some(hops.iter().map(hop).collect()),
                _ => {}
            }
        }
        if v6 && footprint.key.metric == 0 {
            footprint.key.metric = IP6_RT_PRIO_USER;
        }
        let nowhere = matches!(
            footprint.kind,
            RouteType::BlackHole | RouteType::Unreachable | RouteType::Prohibit | RouteType::Throw
        );
        if !nowhere {
            footprint.hops = several.unwrap_or_else(|| vec![single]);
            footprint.hops.sort();
        }
        footprint
    }

    pub fn key(&self) -> &RouteKey {
        &self.key
    }

    /// Whether `found` is what this asks for: what was left to the kernel may be anything.
    pub fn is(&self, found: &RouteFootprint) -> bool {
        self.key == found.key
            && self.protocol == found.protocol
            && self.kind == found.kind
            && (self.preferred_source.is_none() || self.preferred_source == found.preferred_source)
            && self.hops.len() == found.hops.len()
            && self.hops.iter().zip(&found.hops).all(|(own, theirs)| {
                own.gateway == theirs.gateway && [0, theirs.interface].contains(&own.interface)
            })
    }
}

fn hop(message: &RouteNextHop) -> Hop {
    let gateway = message.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Gateway(address) => ip(address),
        _ => None,
    });
    Hop { gateway, interface: message.interface_index }
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(v4) => Some((*v4).into()),
        RouteAddress::Inet6(v6) => Some((*v6).into()),
        _ => None,
    }
}

fn net(address: Option<IpAddr>, length: u8, v6: bool) -> IpNet {
    let any = if v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    let address = address.unwrap_or(any);
    IpNet::new(address, length).unwrap_or_else(|_| address.into()).trunc()
}

/// A rule, attribute by attribute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleFootprint {
    family: AddressFamily,
    source_length: u8,
    destination_length: u8,
    tos: u8,
    inverted: bool,
    action: RuleAction,
    table: u32,
    /// The bytes of each, by its number.
    attributes: BTreeMap<u16, Vec<u8>>,
}

const FRA_SUPPRESS_PREFIXLEN: u16 = 14;
const FRA_TABLE: u16 = 15;
const FRA_FWMASK: u16 = 16;
/// From here on there are attributes that we never send.
const FRA_DPORT_RANGE: u16 = 24;

impl RuleFootprint {
    pub fn of(message: &RuleMessage) -> Self {
        let header = &message.header;
        let mut footprint = RuleFootprint {
            family: header.family,
            source_length: header.src_len,
            destination_length: header.dst_len,
            tos: header.tos,
            inverted: header.flags.contains(RuleFlags::Invert),
            action: header.action,
            table: u32::from(header.table),
            attributes: BTreeMap::new(),
        };
        for attribute in &message.attributes {
            let mut value = vec![0; attribute.value_len()];
            attribute.emit_value(&mut value);
            let all_ones = *value == u32::MAX.to_ne_bytes();
            match attribute.kind() {
                FRA_TABLE => {
                    let table = value.first_chunk::<4>().map(|bytes| u32::from_ne_bytes(*bytes));
                    footprint.table = table.unwrap_or(footprint.table);
                }
                // What the kernel shows of a rule that does not have them.
                FRA_SUPPRESS_PREFIXLEN | FRA_FWMASK if all_ones => {}
                kind if kind <= FRA_DPORT_RANGE => {
                    footprint.attributes.insert(kind, value);
                }
                _ => {}
            }
        }
        footprint
    }

    /// Whether `found` is what this asks for.
    pub fn is(&self, found: &RuleFootprint) -> bool {
        self == found
    }
}
