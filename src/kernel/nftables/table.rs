//! One table: what it is made of, and the messages that make it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use netlink_packet_core::{NLM_F_APPEND, NLM_F_CREATE, NetlinkMessage};
use netlink_packet_netfilter::nftables::{
    ChainAttribute, ChainMessage, DataAttribute, Hook, InetHookNumber, ListAttribute, MetaKey,
    NfTablesMessage, RuleAttribute, RuleMessage, SetAttribute, SetElementAttribute, SetElementList,
    SetElementMessage, SetFlags, SetMessage, TableAttribute, TableMessage,
};
use netlink_packet_netfilter::{NetfilterHeader, NetfilterMessage, NetfilterProtoFamily};

use super::rules::{self, Step};
use crate::ids::Family;
use crate::objects::filter::{Filter, FilterStyle};

pub(super) type Message = NetlinkMessage<NetfilterMessage>;

/// The chains and sets that keepalived makes, by its names.
const IN: &str = "in";
const OUT: &str = "out";
const IN_LINK_LOCAL: &str = "in_link_local";
const OUT_LINK_LOCAL: &str = "out_link_local";
const VIPS: &str = "vips";
const VIPS_LINK_LOCAL: &str = "vips_link_local";
const NEIGHBOR_DISCOVERY: &str = "neighbor-discovery";
const MLD_REPORT: &str = "mld-report";
const VMAC_MAP: &str = "vmac_map";
const VMAC_SET: &str = "vmac_set";

const IGMP: u8 = 2;
const ROUTER_SOLICITATION: u8 = 133;
const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
/// Version 1 and 2 of the protocol.
const MLD_REPORTS: [u8; 2] = [131, 143];

/// nft's numbers of types; the kernel keeps them for whoever lists a set.
const IPV4_ADDR: u32 = 7;
const IPV6_ADDR: u32 = 8;
const IFACE_INDEX: u32 = 20;
const ICMPV6_TYPE: u32 = 29;
/// How it writes one behind another.
const CONCATENATION_BITS: u32 = 6;
/// What it notes of a set's numbers.
const KEY_ORDER: u8 = 0;
const DATA_ORDER: u8 = 1;
const HOST_ORDER: u32 = 1;
const POLICY_ACCEPT: u32 = 1;
/// A message's attribute of attributes is at most 64 KiB long.
const ELEMENTS_PER_MESSAGE: usize = 500;

/// What a set holds: a key, and in a map a value.
type Elements = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A table's sets with what is in them. Which sets there are decides which chains and rules there are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Table {
    pub family: Family,
    sets: BTreeMap<&'static str, Elements>,
}

impl Table {
    /// What of the filter is this family's; `None` where that is nothing.
    pub fn of(filter: &Filter, family: Family) -> Option<Self> {
        let key = |index: u32| index.to_ne_bytes().to_vec();
        let mut sets: BTreeMap<&'static str, Elements> = BTreeMap::new();
        let addresses: Elements = filter
            .addresses
            .iter()
            .filter(|address| Family::of(**address) == family)
            .map(|address| match address {
                IpAddr::V4(v4) => (v4.octets().to_vec(), None),
                IpAddr::V6(v6) => (v6.octets().to_vec(), None),
            })
            .collect();
        let link_local: Elements = filter
            .link_local
            .iter()
            .filter(|_| family == Family::V6)
            .map(|(address, interface)| ([address.octets().to_vec(), key(interface.0)].concat(), None))
            .collect();
        if !addresses.is_empty() || !link_local.is_empty() {
            sets.insert(VIPS, addresses);
            if family == Family::V6 {
                let constant = [NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT];
                sets.insert(NEIGHBOR_DISCOVERY, constant.map(|kind| (vec![kind], None)).into());
                sets.insert(VIPS_LINK_LOCAL, link_local);
            }
        }
        let devices: Elements = filter
            .devices
            .iter()
            .filter(|((of, _), _)| *of == family)
            .map(|((_, device), parent)| (key(device.0), Some(key(parent.0))))
            .collect();
        if !devices.is_empty() {
            if family == Family::V6 {
                sets.insert(VMAC_SET, devices.keys().map(|device| (device.clone(), None)).collect());
                sets.insert(MLD_REPORT, MLD_REPORTS.map(|kind| (vec![kind], None)).into());
            }
            sets.insert(VMAC_MAP, devices);
        }
        (!sets.is_empty()).then_some(Table { family, sets })
    }

    fn has(&self, set: &str) -> bool {
        self.sets.contains_key(set)
    }

    /// Everything, in the place of what may be there under this name.
    pub fn make(&self, style: &FilterStyle) -> Vec<Message> {
        let mut messages = remove(self.family, &style.table);
        messages.push(table(self.family, &style.table, true));
        for (number, set) in [VMAC_MAP, VMAC_SET, MLD_REPORT, VIPS, NEIGHBOR_DISCOVERY, VIPS_LINK_LOCAL]
            .into_iter()
            .filter(|set| self.has(set))
            .zip(1..)
            .map(|(set, number)| (number, set))
        {
            messages.push(self.set(style, set, number));
            if let Some(elements) = self.sets.get(set) {
                messages.extend(self.elements(style, set, elements.iter(), true));
            }
        }
        let hooks = [(OUT, InetHookNumber::LocalOut), (IN, InetHookNumber::LocalIn)];
        for (chain, hook) in hooks.into_iter().filter(|(chain, _)| *chain == OUT || self.has(VIPS)) {
            messages.push(self.chain(style, chain, Some(hook)));
        }
        if self.has(VIPS_LINK_LOCAL) {
            messages.extend([IN_LINK_LOCAL, OUT_LINK_LOCAL].map(|chain| self.chain(style, chain, None)));
        }
        for (chain, mut steps, end) in self.rules() {
            if style.counters {
                steps.push(rules::count());
            }
            steps.push(end);
            messages.push(self.message(
                NfTablesMessage::NewRule(RuleMessage {
                    attributes: vec![
                        RuleAttribute::Table(style.table.clone()),
                        RuleAttribute::Chain(chain.to_owned()),
                        RuleAttribute::Expressions(steps),
                    ],
                }),
                NLM_F_CREATE | NLM_F_APPEND,
            ));
        }
        messages
    }

    /// What leads from another table to this one; `None` where sets come or go: then it is made anew.
    pub fn change_from(&self, before: &Table, style: &FilterStyle) -> Option<Vec<Message>> {
        if !self.sets.keys().eq(before.sets.keys()) {
            return None;
        }
        let mut messages = Vec::new();
        for ((name, now), had) in self.sets.iter().zip(before.sets.values()) {
            let gone = had.iter().filter(|(key, value)| now.get(*key) != Some(value));
            messages.extend(self.elements(style, name, gone, false));
            let new = now.iter().filter(|(key, value)| had.get(*key) != Some(value));
            messages.extend(self.elements(style, name, new, true));
        }
        Some(messages)
    }

    /// Chain, condition and verdict of each rule, in order.
    fn rules(&self) -> Vec<(&'static str, Vec<Step>, Step)> {
        let (source, destination) = match self.family {
            Family::V4 => (rules::V4_SOURCE, rules::V4_DESTINATION),
            Family::V6 => (rules::V6_SOURCE, rules::V6_DESTINATION),
        };
        let mut list = Vec::new();
        if self.has(VMAC_MAP) {
            let report = match self.family {
                Family::V4 => rules::field_is(rules::V4_PROTOCOL, &[IGMP]),
                Family::V6 => rules::icmpv6_in(MLD_REPORT),
            };
            let moved =
                [report, rules::leaves_by_macvlan(), rules::copy_by(destination, VMAC_MAP)].concat();
            list.push((OUT, moved, rules::drop_it()));
        }
        if self.has(VMAC_SET) {
            let solicitation = [
                rules::icmpv6_is(ROUTER_SOLICITATION),
                rules::leaves_by_macvlan(),
                rules::leaves_by_one_of(VMAC_SET),
            ];
            list.push((OUT, solicitation.concat(), rules::drop_it()));
        }
        if self.has(VIPS) {
            let ends = [(OUT, source, OUT_LINK_LOCAL), (IN, destination, IN_LINK_LOCAL)];
            for (chain, end, link_local) in ends {
                if self.family == Family::V6 {
                    list.push((chain, rules::icmpv6_in(NEIGHBOR_DISCOVERY), rules::accept_it()));
                    list.push((chain, rules::is_link_local(end), rules::go_to(link_local)));
                }
                list.push((chain, rules::field_in(end, VIPS), rules::drop_it()));
            }
        }
        if self.has(VIPS_LINK_LOCAL) {
            let ends = [(IN_LINK_LOCAL, destination, MetaKey::Iif), (OUT_LINK_LOCAL, source, MetaKey::Oif)];
            list.extend(ends.map(|(chain, end, interface)| {
                (chain, rules::field_and_interface_in(end, interface, VIPS_LINK_LOCAL), rules::drop_it())
            }));
        }
        list
    }

    fn set(&self, style: &FilterStyle, name: &'static str, number: u32) -> Message {
        let (kind, len) = match (name, self.family) {
            (VMAC_MAP | VMAC_SET, _) => (IFACE_INDEX, 4),
            (NEIGHBOR_DISCOVERY | MLD_REPORT, _) => (ICMPV6_TYPE, 1),
            (VIPS_LINK_LOCAL, _) => ((IPV6_ADDR << CONCATENATION_BITS) | IFACE_INDEX, 20),
            (_, Family::V4) => (IPV4_ADDR, 4),
            (_, Family::V6) => (IPV6_ADDR, 16),
        };
        let flags = match name {
            VMAC_MAP => SetFlags::Map,
            NEIGHBOR_DISCOVERY | MLD_REPORT => SetFlags::Constant,
            _ => SetFlags::empty(),
        };
        let mut attributes = vec![
            SetAttribute::Table(style.table.clone()),
            SetAttribute::Name(name.to_owned()),
            SetAttribute::Flags(flags),
            SetAttribute::KeyType(kind),
            SetAttribute::KeyLen(len),
            SetAttribute::Id(number),
        ];
        if name == VMAC_MAP {
            attributes.extend([SetAttribute::DataType(IFACE_INDEX), SetAttribute::DataLen(4)]);
        }
        if matches!(name, VMAC_MAP | VMAC_SET) {
            // Else nft lists an index as a number of the network's order.
            let order = |what: u8| [[what, 4].as_slice(), &HOST_ORDER.to_ne_bytes()].concat();
            attributes.push(SetAttribute::UserData([order(KEY_ORDER), order(DATA_ORDER)].concat()));
        }
        self.message(NfTablesMessage::NewSet(SetMessage { attributes }), NLM_F_CREATE)
    }

    fn elements<'a>(
        &self,
        style: &FilterStyle,
        set: &str,
        elements: impl Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>,
        there: bool,
    ) -> Vec<Message> {
        let list: Vec<_> = elements
            .map(|(key, value)| {
                let key = SetElementAttribute::Key(DataAttribute::Value(key.clone()));
                let value =
                    value.iter().map(|v| SetElementAttribute::Data(DataAttribute::Value(v.clone())));
                ListAttribute::Element(std::iter::once(key).chain(value).collect())
            })
            .collect();
        list.chunks(ELEMENTS_PER_MESSAGE)
            .map(|some| {
                let attributes = vec![
                    SetElementList::Table(style.table.clone()),
                    SetElementList::Set(set.to_owned()),
                    SetElementList::Elements(some.to_vec()),
                ];
                let message = SetElementMessage { attributes };
                match there {
                    true => self.message(NfTablesMessage::NewSetElement(message), NLM_F_CREATE),
                    false => self.message(NfTablesMessage::DeleteSetElement(message), 0),
                }
            })
            .collect()
    }

    fn chain(&self, style: &FilterStyle, name: &str, hook: Option<InetHookNumber>) -> Message {
        let mut attributes =
            vec![ChainAttribute::Table(style.table.clone()), ChainAttribute::Name(name.to_owned())];
        if let Some(hook) = hook {
            attributes.extend([
                ChainAttribute::Policy(POLICY_ACCEPT),
                ChainAttribute::Type("filter".to_owned()),
                ChainAttribute::Hook(vec![Hook::Number(hook.into()), Hook::Priority(style.priority as _)]),
            ]);
        }
        self.message(NfTablesMessage::NewChain(ChainMessage { attributes }), NLM_F_CREATE)
    }

    fn message(&self, inner: NfTablesMessage, flags: u16) -> Message {
        message(self.family, inner, flags)
    }
}

fn message(family: Family, inner: NfTablesMessage, flags: u16) -> Message {
    let family = match family {
        Family::V4 => NetfilterProtoFamily::IPv4,
        Family::V6 => NetfilterProtoFamily::IPv6,
    };
    let mut message = Message::from(NetfilterMessage::new(NetfilterHeader::new(family, 0, 0), inner));
    message.header.flags = flags;
    message
}

fn table(family: Family, name: &str, there: bool) -> Message {
    let inner = TableMessage { attributes: vec![TableAttribute::Name(name.to_owned())] };
    match there {
        true => message(family, NfTablesMessage::NewTable(inner), NLM_F_CREATE),
        false => message(family, NfTablesMessage::DeleteTable(inner), 0),
    }
}

/// Away with the table of this name, if there is one: made first, so that there is one.
pub(super) fn remove(family: Family, name: &str) -> Vec<Message> {
    vec![table(family, name, true), table(family, name, false)]
}
