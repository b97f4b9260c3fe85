//! The source NAT of balanced traffic, as a table.
//!
//! IPVS has changed the packet's destination when it comes here, and connection tracking remembers the one that the client
//! asked for: what was opened to a service and goes to a real server was balanced by NAT. Direct routing leaves the
//! destination, a tunnel makes another packet of it, and others' redirections are marked as such.

use std::net::IpAddr;

use netlink_packet_netfilter::nftables::InetHookNumber;

use super::rules;
use super::table::{
    Chain, Elements, Hooked, INET_PROTO, INET_SERVICE, IPV4_ADDR, IPV6_ADDR, MARK, Rule, Set, SetKind,
    Table, concatenation,
};
use crate::ids::Family;
use crate::objects::return_path::ReturnPath;

/// The name of the tables.
pub(super) const TABLE: &str = "standfast_return_path";
const CHAIN: &str = "balanced";
const SERVICES: &str = "services";
const SERVICES_ALL_PORTS: &str = "services_all_ports";
const MARKS: &str = "fwmarks";
const REALS: &str = "real_servers";
/// Before those of others at priority `srcnat` (100): the first that knows a new source decides.
const PRIORITY: i32 = 90;

/// What of the return path is this family's; `None` where that is nothing.
pub(super) fn table(path: &ReturnPath, family: Family) -> Option<Table> {
    let (address, len) = match family {
        Family::V4 => (IPV4_ADDR, 4),
        Family::V6 => (IPV6_ADDR, 16),
    };
    let is_ours = |address: &IpAddr| Family::of(*address) == family;
    let reals: Elements = path
        .reals
        .iter()
        .filter(|address| is_ours(address))
        .map(|real| (rules::octets(*real), None))
        .collect();
    let services = |all_ports: bool| -> Elements {
        let some = path.services.iter().filter(|(_, to, port)| is_ours(to) && (*port == 0) == all_ports);
        some.map(|(protocol, to, port)| {
            let mut key = [[protocol.number(), 0, 0, 0].as_slice(), &rules::octets(*to)].concat();
            if !all_ports {
                key.extend([port.to_be_bytes(), [0, 0]].concat());
            }
            (key, None)
        })
        .collect()
    };
    let marks: Elements = path
        .marks
        .iter()
        .filter(|(of, _)| *of == family)
        .map(|(_, mark)| (mark.to_ne_bytes().to_vec(), None))
        .collect();
    let with_port = SetKind::of(concatenation(&[INET_PROTO, address, INET_SERVICE]), len + 8);
    let all_ports = SetKind::of(concatenation(&[INET_PROTO, address]), len + 4);
    let mark = SetKind { host_order: true, ..SetKind::of(MARK, 4) };
    let asked = [
        (SERVICES, with_port, services(false)),
        (SERVICES_ALL_PORTS, all_ports, services(true)),
        (MARKS, mark, marks),
    ];
    let asked = asked.into_iter().filter(|(_, _, elements)| !elements.is_empty());
    let mut sets: Vec<Set> = asked.map(|(name, kind, elements)| Set { name, kind, elements }).collect();
    if reals.is_empty() || sets.is_empty() {
        return None;
    }
    let chain = CHAIN;
    let mut list = vec![Rule { chain, steps: [rules::is_redirected(), vec![rules::accept_it()]].concat() }];
    let destination = match family {
        Family::V4 => rules::V4_DESTINATION,
        Family::V6 => rules::V6_DESTINATION,
    };
    list.extend(sets.iter().map(|set| {
        let asked = match set.name {
            MARKS => [rules::mark_in(MARKS), rules::opened_to_none_of(family, REALS)].concat(),
            name => rules::opened_to_one_of(family, name == SERVICES, name),
        };
        let reaches = rules::field_in(destination, REALS);
        Rule { chain, steps: [reaches, asked, vec![rules::masquerade()]].concat() }
    }));
    sets.push(Set { name: REALS, kind: SetKind::of(address, len), elements: reals });
    let hook = Hooked { kind: "nat", hook: InetHookNumber::PostRouting, priority: PRIORITY };
    let chains = vec![Chain { name: CHAIN, hook: Some(hook) }];
    Some(Table { family, name: TABLE.to_owned(), sets, chains, rules: list })
}
