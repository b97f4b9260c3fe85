//! Interfaces and their addresses as the kernel has them: dumps and single messages made into
//! [`Interface`] values.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use netlink_packet_core::NetlinkMessage;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage};
use netlink_packet_route::link::{
    InfoData, InfoIpVlan, InfoVrf, IpVlanMode, LinkAttribute, LinkFlags, LinkInfo, LinkLayerType,
    LinkMessage,
};

use super::netlink::{Channel, NetlinkError};
use crate::ids::{IfIndex, Mac, Name};
use crate::objects::interface::{AssignedAddress, Interface};

/// Every interface of this namespace by index, with its addresses.
pub fn dump(channel: &mut Channel) -> Result<BTreeMap<IfIndex, Interface>, NetlinkError> {
    let mut interfaces = BTreeMap::new();
    let links = RouteNetlinkMessage::GetLink(LinkMessage::default());
    for message in channel.dump(NetlinkMessage::from(links))? {
        if let RouteNetlinkMessage::NewLink(link) = message {
            let interface = interface(&link);
            interfaces.insert(interface.index, interface);
        }
    }
    let addresses = RouteNetlinkMessage::GetAddress(AddressMessage::default());
    for message in channel.dump(NetlinkMessage::from(addresses))? {
        if let RouteNetlinkMessage::NewAddress(message) = message
            && let Some(address) = assigned(&message)
            && let Some(interface) = interfaces.get_mut(&IfIndex(message.header.index))
        {
            interface.addresses.push(address);
        }
    }
    Ok(interfaces)
}

/// The interface of this name, without its addresses.
pub fn by_name(channel: &mut Channel, name: &str) -> Result<Option<Interface>, NetlinkError> {
    Ok(message(channel, name)?.as_ref().map(interface))
}

/// The routing table of a VRF device of this name; `None` where there is no such device.
pub fn vrf_table(channel: &mut Channel, name: &str) -> Result<Option<u32>, NetlinkError> {
    Ok(data(message(channel, name)?).find_map(|data| match data {
        InfoData::Vrf(about) => about.into_iter().find_map(|one| match one {
            InfoVrf::TableId(table) => Some(table),
            _ => None,
        }),
        _ => None,
    }))
}

/// Whether it is an ipvlan that works on layer 2.
pub fn is_l2_ipvlan(channel: &mut Channel, name: &str) -> Result<bool, NetlinkError> {
    Ok(data(message(channel, name)?).any(|data| match data {
        InfoData::IpVlan(about) => about.contains(&InfoIpVlan::Mode(IpVlanMode::L2)),
        _ => false,
    }))
}

/// `IFLA_GROUP` of the interface of this name.
pub fn group(channel: &mut Channel, name: &str) -> Result<Option<u32>, NetlinkError> {
    let attributes = message(channel, name)?.map(|link| link.attributes).unwrap_or_default();
    Ok(attributes.into_iter().find_map(|attribute| match attribute {
        LinkAttribute::Group(group) => Some(group),
        _ => None,
    }))
}

/// What a macvlan stands on: its index, and its name where it is in this namespace; `None` of anything else.
pub fn below_macvlan(
    channel: &mut Channel,
    name: &str,
) -> Result<Option<(IfIndex, Option<Name>)>, NetlinkError> {
    let Some(link) = message(channel, name)? else { return Ok(None) };
    let macvlan = interface(&link);
    let Some(index) = macvlan.parent.filter(|_| &*macvlan.kind == "macvlan") else { return Ok(None) };
    let is_elsewhere = |attribute: &LinkAttribute| matches!(attribute, LinkAttribute::LinkNetNsId(_));
    if link.attributes.iter().any(is_elsewhere) {
        return Ok(Some((index, None)));
    }
    let mut request = LinkMessage::default();
    request.header.index = index.0;
    Ok(Some((index, ask(channel, request)?.map(|below| interface(&below).name))))
}

/// What the kernel says about the interface of this name.
fn message(channel: &mut Channel, name: &str) -> Result<Option<LinkMessage>, NetlinkError> {
    let mut request = LinkMessage::default();
    request.attributes.push(LinkAttribute::IfName(name.to_owned()));
    ask(channel, request)
}

fn ask(channel: &mut Channel, request: LinkMessage) -> Result<Option<LinkMessage>, NetlinkError> {
    match channel.get(NetlinkMessage::from(RouteNetlinkMessage::GetLink(request))) {
        Ok(messages) => Ok(messages.into_iter().find_map(|message| match message {
            RouteNetlinkMessage::NewLink(link) => Some(link),
            _ => None,
        })),
        Err(error) if error.errno() == Some(libc::ENODEV) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is particular to its kind.
fn data(link: Option<LinkMessage>) -> impl Iterator<Item = InfoData> {
    let infos = link.into_iter().flat_map(|link| link.attributes).filter_map(|attribute| match attribute {
        LinkAttribute::LinkInfo(infos) => Some(infos),
        _ => None,
    });
    infos.flatten().filter_map(|info| match info {
        LinkInfo::Data(data) => Some(data),
        _ => None,
    })
}

/// The link message as an interface; its addresses come in messages of their own.
pub(super) fn interface(link: &LinkMessage) -> Interface {
    let flags = link.header.flags;
    let mut interface = Interface {
        name: Name::from(""),
        index: IfIndex(link.header.index),
        up: flags.contains(LinkFlags::Up | LinkFlags::Running),
        no_arp: flags.intersects(LinkFlags::Noarp | LinkFlags::Loopback | LinkFlags::Pointopoint),
        loopback: flags.contains(LinkFlags::Loopback),
        multicast: flags.contains(LinkFlags::Multicast),
        mac: None,
        mtu: 0,
        parent: None,
        master: None,
        kind: Name::from(""),
        addresses: Vec::new(),
    };
    for attribute in &link.attributes {
        match attribute {
            LinkAttribute::IfName(name) => interface.name = name.as_str().into(),
            LinkAttribute::Mtu(mtu) => interface.mtu = *mtu,
            LinkAttribute::Link(parent) => interface.parent = Some(IfIndex(*parent)),
            LinkAttribute::Controller(master) if *master != 0 => interface.master = Some(IfIndex(*master)),
            LinkAttribute::Address(bytes) if link.header.link_layer_type == LinkLayerType::Ether => {
                interface.mac = <[u8; 6]>::try_from(bytes.as_slice()).ok().map(Mac);
            }
            LinkAttribute::LinkInfo(infos) => {
                for info in infos {
                    if let LinkInfo::Kind(kind) = info {
                        interface.kind = kind.to_string().into();
                    }
                }
            }
            _ => {}
        }
    }
    interface
}

/// The address that a message speaks of.
pub(super) fn assigned(message: &AddressMessage) -> Option<AssignedAddress> {
    let (mut local, mut address) = (None::<IpAddr>, None::<IpAddr>);
    let mut flags = AddressFlags::from_bits_retain(u32::from(message.header.flags.bits()));
    let mut protocol = None;
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Local(ip) => local = Some(*ip),
            AddressAttribute::Address(ip) => address = Some(*ip),
            AddressAttribute::Flags(all) => flags = *all,
            AddressAttribute::Protocol(number) => protocol = Some(u8::from(*number)),
            _ => {}
        }
    }
    // IPv6 has IFA_ADDRESS alone unless there is a peer; for IPv4 the local end is ours.
    let net = IpNet::new(local.or(address)?, message.header.prefix_len).ok()?;
    Some(AssignedAddress {
        net,
        secondary: flags.contains(AddressFlags::Secondary),
        tentative: flags.intersects(AddressFlags::Tentative | AddressFlags::Dadfailed),
        duplicate: flags.contains(AddressFlags::Dadfailed),
        protocol,
    })
}
