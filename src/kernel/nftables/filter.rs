//! What must not pass, as a table with keepalived's chains, sets and rules. Which sets there are decides which chains and
//! rules there are.

use netlink_packet_netfilter::nftables::{InetHookNumber, MetaKey};

use super::rules::{self, Step};
use super::table::{
    Chain, Elements, Hooked, ICMPV6_TYPE, IFACE_INDEX, IPV4_ADDR, IPV6_ADDR, Rule, Set, SetKind, Table,
    concatenation,
};
use crate::ids::Family;
use crate::objects::filter::{Filter, FilterStyle};

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

/// What of the filter is this family's; `None` where that is nothing.
pub(super) fn table(filter: &Filter, style: &FilterStyle, family: Family) -> Option<Table> {
    let sets = sets(filter, family);
    if sets.is_empty() {
        return None;
    }
    let has = |name: &str| sets.iter().any(|set| set.name == name);
    let hooks = [(OUT, InetHookNumber::LocalOut), (IN, InetHookNumber::LocalIn)];
    let hooked = hooks.into_iter().filter(|(chain, _)| *chain == OUT || has(VIPS)).map(|(name, hook)| {
        let hook = Some(Hooked { kind: "filter", hook, priority: style.priority });
        Chain { name, hook }
    });
    let others = [IN_LINK_LOCAL, OUT_LINK_LOCAL].map(|name| Chain { name, hook: None });
    let chains = hooked.chain(others.into_iter().filter(|_| has(VIPS_LINK_LOCAL))).collect();
    let rules = rules(family, has).into_iter().map(|(chain, mut steps, end)| {
        if style.counters {
            steps.push(rules::count());
        }
        steps.push(end);
        Rule { chain, steps }
    });
    Some(Table { family, name: style.table.clone(), chains, rules: rules.collect(), sets })
}

fn sets(filter: &Filter, family: Family) -> Vec<Set> {
    let key = |index: u32| index.to_ne_bytes().to_vec();
    let interface = SetKind { host_order: true, ..SetKind::of(IFACE_INDEX, 4) };
    let types = |kinds: &[u8]| kinds.iter().map(|kind| (vec![*kind], None)).collect();
    let message = SetKind { constant: true, ..SetKind::of(ICMPV6_TYPE, 1) };
    let mut sets = Vec::new();
    let mut add = |name, kind: &SetKind, elements| sets.push(Set { name, kind: kind.clone(), elements });

    let devices: Elements = filter
        .devices
        .iter()
        .filter(|((of, _), _)| *of == family)
        .map(|((_, device), parent)| (key(device.0), Some(key(parent.0))))
        .collect();
    if !devices.is_empty() {
        let numbers: Elements = devices.keys().map(|device| (device.clone(), None)).collect();
        add(VMAC_MAP, &SetKind { data: Some((IFACE_INDEX, 4)), ..interface.clone() }, devices);
        if family == Family::V6 {
            add(VMAC_SET, &interface, numbers);
            add(MLD_REPORT, &message, types(&MLD_REPORTS));
        }
    }
    let addresses: Elements = filter
        .addresses
        .iter()
        .filter(|address| Family::of(**address) == family)
        .map(|address| (rules::octets(*address), None))
        .collect();
    let link_local: Elements = filter
        .link_local
        .iter()
        .filter(|_| family == Family::V6)
        .map(|(address, interface)| ([address.octets().to_vec(), key(interface.0)].concat(), None))
        .collect();
    if !addresses.is_empty() || !link_local.is_empty() {
        match family {
            Family::V4 => add(VIPS, &SetKind::of(IPV4_ADDR, 4), addresses),
            Family::V6 => {
                add(VIPS, &SetKind::of(IPV6_ADDR, 16), addresses);
                let discovery = [NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT];
                add(NEIGHBOR_DISCOVERY, &message, types(&discovery));
                let both = SetKind::of(concatenation(&[IPV6_ADDR, IFACE_INDEX]), 20);
                add(VIPS_LINK_LOCAL, &both, link_local);
            }
        }
    }
    sets
}

/// Chain, condition and verdict of each rule, in order.
fn rules(family: Family, has: impl Fn(&str) -> bool) -> Vec<(&'static str, Vec<Step>, Step)> {
    let (source, destination) = match family {
        Family::V4 => (rules::V4_SOURCE, rules::V4_DESTINATION),
        Family::V6 => (rules::V6_SOURCE, rules::V6_DESTINATION),
    };
    let mut list = Vec::new();
    if has(VMAC_MAP) {
        let report = match family {
            Family::V4 => rules::field_is(rules::V4_PROTOCOL, &[IGMP]),
            Family::V6 => rules::icmpv6_in(MLD_REPORT),
        };
        let moved = [report, rules::leaves_by_macvlan(), rules::copy_by(destination, VMAC_MAP)].concat();
        list.push((OUT, moved, rules::drop_it()));
    }
    if has(VMAC_SET) {
        let solicitation = [
            rules::icmpv6_is(ROUTER_SOLICITATION),
            rules::leaves_by_macvlan(),
            rules::leaves_by_one_of(VMAC_SET),
        ];
        list.push((OUT, solicitation.concat(), rules::drop_it()));
    }
    if has(VIPS) {
        let ends = [(OUT, source, OUT_LINK_LOCAL), (IN, destination, IN_LINK_LOCAL)];
        for (chain, end, link_local) in ends {
            if family == Family::V6 {
                list.push((chain, rules::icmpv6_in(NEIGHBOR_DISCOVERY), rules::accept_it()));
                list.push((chain, rules::is_link_local(end), rules::go_to(link_local)));
            }
            list.push((chain, rules::field_in(end, VIPS), rules::drop_it()));
        }
    }
    if has(VIPS_LINK_LOCAL) {
        let ends = [(IN_LINK_LOCAL, destination, MetaKey::Iif), (OUT_LINK_LOCAL, source, MetaKey::Oif)];
        list.extend(ends.map(|(chain, end, interface)| {
            (chain, rules::field_and_interface_in(end, interface, VIPS_LINK_LOCAL), rules::drop_it())
        }));
    }
    list
}
