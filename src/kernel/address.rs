//! Addresses on interfaces, set and removed as keepalived does (observed with strace on 2.2.7:
//! `RTM_NEWADDR` carries `IFA_LOCAL` alone, `RTM_DELADDR` `IFA_LOCAL` and `IFA_ADDRESS`).

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_REPLACE, NetlinkMessage};
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressHeaderFlags, AddressMessage, AddressProtocol, CacheInfo,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::link;
use super::netlink::{Channel, NetlinkError};
use crate::ids::{Family, IfIndex};
use crate::objects::address::{AddressAttributes, AddressKey, PROTOCOL_KEEPALIVED};

/// One change of one address on the interface with this index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change<'a> {
    Add(&'a AddressKey, &'a AddressAttributes),
    /// Whether it has a peer or not.
    Remove(&'a AddressKey),
}

/// Carries out all changes in one go. An address that is there already counts as added, one that is
/// gone (or whose interface is) as removed.
pub fn apply(channel: &mut Channel, changes: &[(IfIndex, Change<'_>)]) -> Vec<Result<(), NetlinkError>> {
    let requests = changes.iter().map(|(index, change)| request(*index, change));
    let mut results = channel.transact(requests);
    remove_with_peer(channel, changes, &mut results);
    for ((_, change), result) in changes.iter().zip(results.iter_mut()) {
        let harmless = match (change, result.as_ref().err().and_then(NetlinkError::errno)) {
            (Change::Add(..), Some(errno)) => errno == libc::EEXIST,
            (Change::Remove(_), Some(errno)) => {
                matches!(errno, libc::EADDRNOTAVAIL | libc::ENODEV | libc::ENXIO)
            }
            (_, None) => false,
        };
        if harmless {
            *result = Ok(());
        }
    }
    results
}

/// For the kernel an address with a peer is another one than that without: what it did not find is looked
/// for among those with a peer, and removed with it.
fn remove_with_peer(
    channel: &mut Channel,
    changes: &[(IfIndex, Change<'_>)],
    results: &mut [Result<(), NetlinkError>],
) {
    let not_found = Err(NetlinkError::Refused(libc::EADDRNOTAVAIL));
    let missing: Vec<usize> = (changes.iter().zip(results.iter()).enumerate())
        .filter(|(_, ((_, change), result))| matches!(change, Change::Remove(_)) && **result == not_found)
        .map(|(at, _)| at)
        .collect();
    if missing.is_empty() {
        return;
    }
    let peers = peers(channel).unwrap_or_default();
    let (mut places, mut requests) = (Vec::new(), Vec::new());
    for at in missing {
        let Some((index, Change::Remove(key))) = changes.get(at) else { continue };
        let Some((net, peer)) = peers.get(&(*index, key.address())) else { continue };
        // Set with a peer it got the peer's full prefix, whatever was written behind it.
        if [key.net.prefix_len(), net.max_prefix_len()].contains(&net.prefix_len()) {
            let key = AddressKey { net: *net, ..(*key).clone() };
            places.push(at);
            requests.push(RouteNetlinkMessage::DelAddress(removed(*index, &key, *peer)).into());
        }
    }
    for (at, result) in places.into_iter().zip(channel.transact(requests)) {
        if let Some(slot) = results.get_mut(at) {
            *slot = result;
        }
    }
}

/// Addresses by interface and own end, with prefix and other end.
type Peers = HashMap<(IfIndex, IpAddr), (IpNet, IpAddr)>;

/// Every address that has another end.
fn peers(channel: &mut Channel) -> Result<Peers, NetlinkError> {
    let all = RouteNetlinkMessage::GetAddress(AddressMessage::default());
    let mut peers = HashMap::new();
    for message in channel.dump(NetlinkMessage::from(all))? {
        let RouteNetlinkMessage::NewAddress(message) = message else { continue };
        let other_end = message.attributes.iter().find_map(|attribute| match attribute {
            AddressAttribute::Address(address) => Some(*address),
            _ => None,
        });
        if let (Some(assigned), Some(other_end)) = (link::assigned(&message), other_end)
            && assigned.net.addr() != other_end
        {
            let index = IfIndex(message.header.index);
            peers.insert((index, assigned.net.addr()), (assigned.net, other_end));
        }
    }
    Ok(peers)
}

fn request(index: IfIndex, change: &Change<'_>) -> NetlinkMessage<RouteNetlinkMessage> {
    match change {
        Change::Add(key, attributes) => {
            let mut message =
                NetlinkMessage::from(RouteNetlinkMessage::NewAddress(added(index, key, attributes)));
            // An IPv6 address of the same name is changed in place.
            message.header.flags = match Family::of(key.address()) {
                Family::V4 => 0,
                Family::V6 => NLM_F_CREATE | NLM_F_REPLACE,
            };
            message
        }
        Change::Remove(key) => RouteNetlinkMessage::DelAddress(removed(index, key, key.address())).into(),
    }
}

fn header(index: IfIndex, key: &AddressKey) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = match key.address() {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    };
    message.header.prefix_len = key.net.prefix_len();
    message.header.index = index.0;
    message
}

fn added(index: IfIndex, key: &AddressKey, wanted: &AddressAttributes) -> AddressMessage {
    let mut message = header(index, key);
    message.header.scope = wanted.scope.into();
    message.header.flags = AddressHeaderFlags::from_bits_retain((wanted.flags & 0xff) as u8);
    let attributes = &mut message.attributes;
    attributes.push(AddressAttribute::Local(key.address()));
    if let Some(peer) = wanted.peer {
        attributes.push(AddressAttribute::Address(peer.addr()));
        message.header.prefix_len = peer.prefix_len();
    }
    if wanted.flags > 0xff {
        attributes.push(AddressAttribute::Flags(AddressFlags::from_bits_retain(wanted.flags)));
    }
    if let Some(broadcast) = wanted.broadcast {
        attributes.push(AddressAttribute::Broadcast(broadcast));
    }
    if let Some(label) = &wanted.label {
        attributes.push(AddressAttribute::Label(label.to_string()));
    }
    if let Some(preferred) = wanted.preferred_lft {
        let mut lifetimes = CacheInfo::default();
        lifetimes.ifa_preferred = preferred;
        lifetimes.ifa_valid = u32::MAX;
        attributes.push(AddressAttribute::CacheInfo(lifetimes));
    }
    // Kernels before 5.18 skip it.
    attributes.push(AddressAttribute::Protocol(AddressProtocol::from(PROTOCOL_KEEPALIVED)));
    message
}

fn removed(index: IfIndex, key: &AddressKey, other_end: IpAddr) -> AddressMessage {
    let mut message = header(index, key);
    message.attributes.push(AddressAttribute::Local(key.address()));
    message.attributes.push(AddressAttribute::Address(other_end));
    message
}
