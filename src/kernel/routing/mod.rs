//! Routes and rules, set and removed as keepalived does (messages observed with strace on 2.2.7).
//!
//! A wanted object becomes the message that would add it; what the kernel has is read as such messages too.
//! Both are compared by what tells one object from another, so that nothing here needs a second description.

mod encap;
mod footprint;
mod news;
mod route;
mod rule;

use netlink_packet_core::{
    NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NetlinkDeserializable, NetlinkHeader, NetlinkMessage,
    NetlinkSerializable,
};
use netlink_packet_route::route::{RouteMessage, RouteProtocol, RouteScope};
use netlink_packet_route::rule::RuleMessage;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

pub use self::footprint::RouteKey;
use self::footprint::{RouteFootprint, RuleFootprint};
pub(super) use self::news::{KINDS, gone};
use super::netlink::{Channel, NetlinkError};
use super::unsafe_calls::set_int_option;
use crate::ids::{IfIndex, Name};
use crate::objects::address::PROTOCOL_KEEPALIVED;
use crate::objects::route::{List, Named, Placement, Realms};
use crate::objects::routing::RoutingObject;

/// What the host knows and a configuration only names.
pub trait Lookup {
    fn interface(&self, name: &Name) -> Option<IfIndex>;
    fn number(&self, list: List, name: &Name) -> Option<u32>;
    /// The table of a VRF device.
    fn vrf(&self, name: &Name) -> Option<u32>;
}

/// Why an object cannot be asked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Missing {
    #[error("there is no interface {0}")]
    Interface(Name),
    #[error("no number is known for the name {0}")]
    Number(Name),
    #[error("there is no VRF device {0}")]
    Vrf(Name),
}

/// An object in the kernel's terms.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prepared {
    what: What,
    /// With which it is added.
    flags: u16,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum What {
    Route(Box<RouteMessage>, RouteFootprint),
    Rule(Box<RuleMessage>, RuleFootprint),
}

/// One change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change<'a> {
    Add(&'a Prepared),
    Remove(&'a Prepared),
}

/// What an addition came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Done {
    /// It is as it was asked for.
    Changed,
    /// Something of that kind is there already: ours, or one that takes its place.
    Existed,
}

impl Prepared {
    /// Looks up what `object` names.
    ///
    /// # Errors
    /// The host does not have something of it.
    pub fn new(object: &RoutingObject, host: &impl Lookup) -> Result<Self, Missing> {
        Ok(match object {
            RoutingObject::Route(route) => {
                let message = route::message(route, host)?;
                let footprint = RouteFootprint::of(&message);
                let flags = match route.placement {
                    Placement::Add => NLM_F_CREATE | NLM_F_EXCL,
                    Placement::Prepend => NLM_F_CREATE,
                    Placement::Append => NLM_F_CREATE | NLM_F_APPEND,
                };
                Prepared { what: What::Route(Box::new(message), footprint), flags }
            }
            RoutingObject::Rule(rule) => {
                let message = rule::message(rule, host)?;
                let footprint = RuleFootprint::of(&message);
                let what = What::Rule(Box::new(message), footprint);
                Prepared { what, flags: NLM_F_CREATE | NLM_F_EXCL }
            }
        })
    }

    /// Where the kernel keeps the route; a rule has no such place.
    pub fn route_key(&self) -> Option<&RouteKey> {
        match &self.what {
            What::Route(_, footprint) => Some(footprint.key()),
            What::Rule(..) => None,
        }
    }

    fn addition(&self) -> NetlinkMessage<RouteNetlinkMessage> {
        let mut message = NetlinkMessage::from(match &self.what {
            What::Route(route, _) => RouteNetlinkMessage::NewRoute((**route).clone()),
            What::Rule(rule, _) => RouteNetlinkMessage::NewRule((**rule).clone()),
        });
        message.header.flags = self.flags;
        message
    }

    fn removal(&self) -> NetlinkMessage<RouteNetlinkMessage> {
        NetlinkMessage::from(match &self.what {
            What::Route(route, _) => {
                let mut route = (**route).clone();
                // Any scope, unless one was asked for.
                if route.header.scope == RouteScope::Universe {
                    route.header.scope = RouteScope::NoWhere;
                }
                RouteNetlinkMessage::DelRoute(route)
            }
            What::Rule(rule, _) => RouteNetlinkMessage::DelRule((**rule).clone()),
        })
    }
}

/// Carries out all changes in one go. What is gone counts as removed.
pub fn apply(channel: &mut Channel, changes: &[Change<'_>]) -> Vec<Result<Done, NetlinkError>> {
    let requests = changes.iter().map(|change| match change {
        Change::Add(object) => object.addition(),
        Change::Remove(object) => object.removal(),
    });
    let results = channel.transact(requests);
    (changes.iter().zip(results))
        .map(|(change, result)| match (change, result.as_ref().err().and_then(NetlinkError::errno)) {
            (Change::Add(_), Some(libc::EEXIST)) => Ok(Done::Existed),
            (Change::Remove(_), Some(libc::ESRCH | libc::ENOENT | libc::ENODEV)) => Ok(Done::Changed),
            _ => result.map(|()| Done::Changed),
        })
        .collect()
}

/// The routes and rules that the kernel has, as far as they may be ours.
#[derive(Default, Debug)]
pub struct Present {
    routes: std::collections::HashMap<RouteKey, Vec<RouteFootprint>>,
    rules: Vec<RuleFootprint>,
}

impl Present {
    /// Whether the object is there, as it was asked for.
    pub fn has(&self, object: &Prepared) -> bool {
        match &object.what {
            What::Route(_, wanted) => {
                self.routes.get(wanted.key()).is_some_and(|found| found.iter().any(|one| wanted.is(one)))
            }
            What::Rule(_, wanted) => self.rules.iter().any(|found| wanted.is(found)),
        }
    }
}

/// A channel whose dumps the kernel filters: a host may have a million routes that are not ours.
pub fn channel() -> Result<Channel, NetlinkError> {
    const SOL_NETLINK: libc::c_int = 270;
    let channel = Channel::route()?;
    // A kernel before 4.20 does not know it; then the filter here does all the work.
    let _ = set_int_option(&channel, SOL_NETLINK, libc::NETLINK_GET_STRICT_CHK, 1);
    Ok(channel)
}

/// Reads every route of keepalived's protocol number, and every rule.
pub fn dump(channel: &mut Channel) -> Result<Present, NetlinkError> {
    let mut present = Present::default();
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let mut wanted = RouteMessage::default();
        wanted.header.address_family = family;
        wanted.header.protocol = RouteProtocol::from(PROTOCOL_KEEPALIVED);
        for message in taken(channel, RouteNetlinkMessage::GetRoute(wanted))? {
            if let RouteNetlinkMessage::NewRoute(route) = message
                && route.header.address_family == family
                && u8::from(route.header.protocol) == PROTOCOL_KEEPALIVED
            {
                let found = RouteFootprint::of(&route);
                present.routes.entry(found.key().clone()).or_default().push(found);
            }
        }
        let mut wanted = RuleMessage::default();
        wanted.header.family = family;
        for message in taken(channel, RouteNetlinkMessage::GetRule(wanted))? {
            if let RouteNetlinkMessage::NewRule(rule) = message
                && rule.header.family == family
            {
                present.rules.push(RuleFootprint::of(&rule));
            }
        }
    }
    Ok(present)
}

fn taken(
    channel: &mut Channel,
    request: RouteNetlinkMessage,
) -> Result<Vec<RouteNetlinkMessage>, NetlinkError> {
    let answers = match channel.dump(NetlinkMessage::from(Lenient(Some(request)))) {
        // A kernel without IPv6, or without rules.
        Err(error) if matches!(error.errno(), Some(libc::EAFNOSUPPORT | libc::EOPNOTSUPP)) => Vec::new(),
        answers => answers?,
    };
    Ok(answers.into_iter().filter_map(|answer| answer.0).collect())
}

/// A message of which it does not matter that one cannot be understood: it is none of ours.
#[derive(Clone)]
struct Lenient(Option<RouteNetlinkMessage>);

impl NetlinkSerializable for Lenient {
    fn message_type(&self) -> u16 {
        self.0.as_ref().map_or(0, NetlinkSerializable::message_type)
    }

    fn buffer_len(&self) -> usize {
        self.0.as_ref().map_or(0, NetlinkSerializable::buffer_len)
    }

    fn serialize(&self, buffer: &mut [u8]) {
        if let Some(message) = &self.0 {
            message.serialize(buffer);
        }
    }
}

impl NetlinkDeserializable for Lenient {
    type Error = std::convert::Infallible;

    fn deserialize(header: &NetlinkHeader, payload: &[u8]) -> Result<Self, Self::Error> {
        Ok(Lenient(RouteNetlinkMessage::deserialize(header, payload).ok()))
    }
}

impl From<Lenient> for netlink_packet_core::NetlinkPayload<Lenient> {
    fn from(message: Lenient) -> Self {
        netlink_packet_core::NetlinkPayload::InnerMessage(message)
    }
}

fn interface(name: &Name, host: &impl Lookup) -> Result<IfIndex, Missing> {
    host.interface(name).ok_or_else(|| Missing::Interface(name.clone()))
}

fn number(named: &Named, list: List, host: &impl Lookup) -> Result<u32, Missing> {
    match named {
        Named::Number(number) => Ok(*number),
        Named::Name(name) => host.number(list, name).ok_or_else(|| Missing::Number(name.clone())),
    }
}

/// The same of one byte. A greater one stands for nothing here.
fn byte(named: &Named, list: List, host: &impl Lookup) -> Result<u8, Missing> {
    let found = number(named, list, host)?;
    u8::try_from(found).map_err(|_| match named {
        Named::Name(name) => Missing::Number(name.clone()),
        Named::Number(number) => Missing::Number(number.to_string().into()),
    })
}

fn realm(realms: &Realms, host: &impl Lookup) -> Result<netlink_packet_route::route::RouteRealm, Missing> {
    let one = |named| Ok(u16::try_from(number(named, List::Realms, host)?).unwrap_or(u16::MAX));
    let source = realms.from.as_ref().map_or(Ok(0), one)?;
    Ok(netlink_packet_route::route::RouteRealm { source, destination: one(&realms.to)? })
}
