//! The message that adds a rule.

use ipnet::IpNet;
use netlink_packet_route::route::RouteProtocol;
use netlink_packet_route::rule::{
    RuleAction as Action, RuleAttribute, RuleFlags, RuleMessage, RulePortRange, RuleUidRange,
};
use netlink_packet_route::{AddressFamily, IpProtocol};

use super::{Lookup, Missing, byte, number, realm};
use crate::ids::Family;
use crate::objects::route::{List, Named};
use crate::objects::rule::{Rule, RuleAction, RuleMatch};

pub(super) fn message(rule: &Rule, host: &impl Lookup) -> Result<RuleMessage, Missing> {
    let mut message = RuleMessage::default();
    message.header.family = match rule.family {
        Family::V4 => AddressFamily::Inet,
        Family::V6 => AddressFamily::Inet6,
    };
    matched(&rule.matches, host, &mut message)?;
    message.attributes.push(RuleAttribute::Priority(rule.preference));
    message.header.action = match &rule.action {
        RuleAction::Table(table) => {
            let table = number(table, List::Tables, host)?;
            match u8::try_from(table) {
                Ok(table) => message.header.table = table,
                Err(_) => message.attributes.push(RuleAttribute::Table(table)),
            }
            Action::ToTable
        }
        RuleAction::L3mdev => {
            message.attributes.push(RuleAttribute::L3MDev(true));
            Action::ToTable
        }
        RuleAction::Goto(target) => {
            message.attributes.push(RuleAttribute::Goto(*target));
            Action::Goto
        }
        RuleAction::Nop => Action::Nop,
        RuleAction::Blackhole => Action::Blackhole,
        RuleAction::Unreachable => Action::Unreachable,
        RuleAction::Prohibit => Action::Prohibit,
    };
    let attributes = &mut message.attributes;
    if let Some(realms) = &rule.realms {
        attributes.push(RuleAttribute::Realm(realm(realms, host)?));
    }
    if let Some(length) = rule.suppress_prefix_length {
        attributes.push(RuleAttribute::SuppressPrefixLen(length));
    }
    if let Some(group) = &rule.suppress_group {
        attributes.push(RuleAttribute::SuppressIfGroup(number(group, List::Groups, host)?));
    }
    attributes.push(RuleAttribute::Protocol(RouteProtocol::from(rule.protocol)));
    Ok(message)
}

fn matched(matches: &RuleMatch, host: &impl Lookup, message: &mut RuleMessage) -> Result<(), Missing> {
    if matches.inverted {
        message.header.flags |= RuleFlags::Invert;
    }
    message.header.tos = matches.tos.as_ref().map_or(Ok(0), |tos| byte(tos, List::Services, host))?;
    let attributes = &mut message.attributes;
    let prefix = |net: Option<IpNet>| net.map_or(0, |net| net.prefix_len());
    (message.header.src_len, message.header.dst_len) = (prefix(matches.from), prefix(matches.to));
    if let Some(net) = matches.from {
        attributes.push(RuleAttribute::Source(net.addr()));
    }
    if let Some(net) = matches.to {
        attributes.push(RuleAttribute::Destination(net.addr()));
    }
    if let Some((mark, mask)) = matches.fwmark {
        attributes.push(RuleAttribute::FwMark(mark));
        attributes.extend(mask.map(RuleAttribute::FwMask));
    }
    if let Some(name) = &matches.input {
        attributes.push(RuleAttribute::Iifname(name.to_string()));
    }
    if let Some(name) = &matches.output {
        attributes.push(RuleAttribute::Oifname(name.to_string()));
    }
    attributes.extend(matches.tunnel_id.map(RuleAttribute::TunId));
    if let Some((start, end)) = matches.uids {
        attributes.push(RuleAttribute::UidRange(RuleUidRange { start, end }));
    }
    // Every host has the same names for these.
    if let Some(Named::Number(protocol)) = &matches.ip_protocol {
        attributes
            .extend(i32::try_from(*protocol).ok().map(IpProtocol::from).map(RuleAttribute::IpProtocol));
    }
    if let Some((start, end)) = matches.source_ports {
        attributes.push(RuleAttribute::SourcePortRange(RulePortRange { start, end }));
    }
    if let Some((start, end)) = matches.destination_ports {
        attributes.push(RuleAttribute::DestinationPortRange(RulePortRange { start, end }));
    }
    Ok(())
}
