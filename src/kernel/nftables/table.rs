//! One table: what it is made of, and the messages that make it or change it.

use std::collections::BTreeMap;

use netlink_packet_core::{NLM_F_APPEND, NLM_F_CREATE, NetlinkMessage};
use netlink_packet_netfilter::nftables::{
    ChainAttribute, ChainMessage, DataAttribute, Hook, InetHookNumber, ListAttribute, NfTablesMessage,
    RuleAttribute, RuleMessage, SetAttribute, SetElementAttribute, SetElementList, SetElementMessage,
    SetFlags, SetMessage, TableAttribute, TableMessage,
};
use netlink_packet_netfilter::{NetfilterHeader, NetfilterMessage, NetfilterProtoFamily};

use super::rules::Step;
use crate::ids::Family;

pub(super) type Message = NetlinkMessage<NetfilterMessage>;

/// nft's numbers of types; the kernel keeps them for whoever lists a set.
pub(super) const IPV4_ADDR: u32 = 7;
pub(super) const IPV6_ADDR: u32 = 8;
pub(super) const INET_PROTO: u32 = 12;
pub(super) const INET_SERVICE: u32 = 13;
pub(super) const MARK: u32 = 19;
pub(super) const IFACE_INDEX: u32 = 20;
pub(super) const ICMPV6_TYPE: u32 = 29;
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
pub(super) type Elements = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A table as it should be, in the order in which it is made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Table {
    pub family: Family,
    pub name: String,
    pub sets: Vec<Set>,
    pub chains: Vec<Chain>,
    pub rules: Vec<Rule>,
}

/// A set or a map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Set {
    pub name: &'static str,
    pub kind: SetKind,
    pub elements: Elements,
}

/// What a set's keys are, and a map's values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct SetKind {
    pub key: u32,
    /// Bytes, each part of a concatenation filled up to a multiple of four.
    pub key_len: u32,
    /// Of a map: type and bytes.
    pub data: Option<(u32, u32)>,
    /// Its elements never change.
    pub constant: bool,
    /// Keys and values are numbers of the host's order.
    pub host_order: bool,
}

impl SetKind {
    /// Of plain keys.
    pub const fn of(key: u32, key_len: u32) -> Self {
        SetKind { key, key_len, data: None, constant: false, host_order: false }
    }
}

/// nft's number for these types one behind another.
pub(super) const fn concatenation(types: &[u32]) -> u32 {
    let (mut number, mut rest) = (0, types);
    while let [first, others @ ..] = rest {
        number = (number << CONCATENATION_BITS) | *first;
        rest = others;
    }
    number
}

/// A chain; at a hook, or for others to go to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Chain {
    pub name: &'static str,
    pub hook: Option<Hooked>,
}

/// Where a chain is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Hooked {
    /// `filter` or `nat`.
    pub kind: &'static str,
    pub hook: InetHookNumber,
    pub priority: i32,
}

/// A rule of a chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Rule {
    pub chain: &'static str,
    pub steps: Vec<Step>,
}

impl Table {
    /// Everything, in the place of what may be there under this name.
    pub fn make(&self) -> Vec<Message> {
        let mut messages = remove(self.family, &self.name);
        messages.push(table(self.family, &self.name, true));
        for (number, set) in (1..).zip(&self.sets) {
            messages.push(self.set(set, number));
            messages.extend(self.elements(set.name, set.elements.iter(), true));
        }
        messages.extend(self.chains.iter().map(|chain| self.chain(chain)));
        messages.extend(self.rules.iter().map(|rule| self.rule(rule)));
        messages
    }

    /// What leads from another table of this name to this one; `None` where more than elements comes or goes: then it
    /// is made anew.
    pub fn change_from(&self, before: &Table) -> Option<Vec<Message>> {
        let same_sets = self.sets.iter().map(|set| (set.name, &set.kind));
        let same_sets = same_sets.eq(before.sets.iter().map(|set| (set.name, &set.kind)));
        if !(same_sets && self.chains == before.chains && self.rules == before.rules) {
            return None;
        }
        let mut messages = Vec::new();
        for (now, had) in self.sets.iter().zip(&before.sets) {
            let gone = had.elements.iter().filter(|(key, value)| now.elements.get(*key) != Some(value));
            messages.extend(self.elements(now.name, gone, false));
            let new = now.elements.iter().filter(|(key, value)| had.elements.get(*key) != Some(value));
            messages.extend(self.elements(now.name, new, true));
        }
        Some(messages)
    }

    fn set(&self, set: &Set, number: u32) -> Message {
        let mut flags = SetFlags::empty();
        flags.set(SetFlags::Map, set.kind.data.is_some());
        flags.set(SetFlags::Constant, set.kind.constant);
        let mut attributes = vec![
            SetAttribute::Table(self.name.clone()),
            SetAttribute::Name(set.name.to_owned()),
            SetAttribute::Flags(flags),
            SetAttribute::KeyType(set.kind.key),
            SetAttribute::KeyLen(set.kind.key_len),
            SetAttribute::Id(number),
        ];
        if let Some((kind, len)) = set.kind.data {
            attributes.extend([SetAttribute::DataType(kind), SetAttribute::DataLen(len)]);
        }
        if set.kind.host_order {
            // Else nft lists an index as a number of the network's order.
            let order = |what: u8| [[what, 4].as_slice(), &HOST_ORDER.to_ne_bytes()].concat();
            attributes.push(SetAttribute::UserData([order(KEY_ORDER), order(DATA_ORDER)].concat()));
        }
        self.message(NfTablesMessage::NewSet(SetMessage { attributes }), NLM_F_CREATE)
    }

    fn elements<'a>(
        &self,
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
                    SetElementList::Table(self.name.clone()),
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

    fn chain(&self, chain: &Chain) -> Message {
        let mut attributes =
            vec![ChainAttribute::Table(self.name.clone()), ChainAttribute::Name(chain.name.to_owned())];
        if let Some(Hooked { kind, hook, priority }) = &chain.hook {
            attributes.extend([
                ChainAttribute::Policy(POLICY_ACCEPT),
                ChainAttribute::Type((*kind).to_owned()),
                ChainAttribute::Hook(vec![Hook::Number((*hook).into()), Hook::Priority(*priority as _)]),
            ]);
        }
        self.message(NfTablesMessage::NewChain(ChainMessage { attributes }), NLM_F_CREATE)
    }

    fn rule(&self, rule: &Rule) -> Message {
        let attributes = vec![
            RuleAttribute::Table(self.name.clone()),
            RuleAttribute::Chain(rule.chain.to_owned()),
            RuleAttribute::Expressions(rule.steps.clone()),
        ];
        self.message(NfTablesMessage::NewRule(RuleMessage { attributes }), NLM_F_CREATE | NLM_F_APPEND)
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
