//! Routes and rules, virtual and static, and what goes with the static ones.

use std::fmt::{Display, Write as _};
use std::net::IpAddr;

use ipnet::IpNet;

use super::address;
use super::page::Page;
use crate::config::model::Config;
use crate::ids::Family;
use crate::objects::route::Route;
use crate::objects::route::{
    Encap, EncapIp, Metric, Named, Nexthop, Placement, Realms, RouteKind, RouteMetrics,
};
use crate::objects::rule::Rule;
use crate::objects::rule::RuleAction;

/// `static_ipaddress`, `static_routes`, `static_rules`, `track_group`.
pub(super) fn write_statics(page: &mut Page, config: &Config) {
    let statics = &config.statics;
    if !statics.addresses.is_empty() {
        page.title("Static Addresses");
    }
    for address in &statics.addresses {
        let mut line = address::line(&address.key, &address.attributes, address.no_track, None);
        add_word(&mut line, "track_group", address.track_group.as_ref());
        page.item(line);
    }
    if !statics.routes.is_empty() {
        page.title("Static Routes");
    }
    for route in &statics.routes {
        page.item(self::route(route));
    }
    if !statics.rules.is_empty() {
        page.title("Static Rules");
    }
    for rule in &statics.rules {
        page.item(self::rule(rule));
    }
    if !config.track_groups.is_empty() {
        page.title("Static Track groups");
    }
    for group in &config.track_groups {
        page.value("Static Track Group", &group.name);
        page.list("VRRP member instances :", &group.members);
    }
}

fn add_word(text: &mut String, word: &str, value: Option<impl Display>) {
    if let Some(value) = value {
        let _ = write!(text, " {word} {value}");
    }
}

fn add_flag(text: &mut String, flag: &str, set: bool) {
    if set {
        text.push(' ');
        text.push_str(flag);
    }
}

/// As `ip route` has it, more or less.
pub(super) fn route(route: &Route) -> String {
    let mut text = String::from(match route.placement {
        Placement::Add => "add",
        Placement::Prepend => "prepend",
        Placement::Append => "append",
    });
    if let Some(kind) = kind(route.kind) {
        add_flag(&mut text, kind, true);
    }
    let _ = match (route.destination, route.family) {
        (Some(net), _) => write!(text, " {}", bare(net)),
        (None, Family::V4) => write!(text, " 0.0.0.0/0"),
        (None, Family::V6) => write!(text, " ::/0"),
    };
    add_word(&mut text, "from", route.from.map(bare));
    add_word(&mut text, "src", route.source);
    add_word(&mut text, "tos", route.tos.as_ref().map(named));
    add_encap(&mut text, route.encap.as_ref());
    add_gateway(&mut text, route.gateway);
    add_word(&mut text, "dev", route.interface.as_ref());
    add_word(&mut text, "table", route.table.as_ref().map(named));
    add_word(&mut text, "vrf", route.vrf.as_ref());
    // A route that nobody watches has no number of keepalived's.
    let protocol = Some(&route.protocol).filter(|protocol| **protocol != Named::Number(0));
    add_word(&mut text, "proto", protocol.map(named));
    add_word(&mut text, "scope", route.scope.as_ref().map(named));
    add_word(&mut text, "metric", route.metric);
    add_flag(&mut text, "onlink", route.onlink);
    add_word(&mut text, "realms", route.realms.as_ref().map(realms));
    add_word(&mut text, "expires", route.expires.map(|seconds| format!("{seconds}sec")));
    add_metrics(&mut text, &route.metrics);
    add_word(&mut text, "pref", route.preference.map(preference));
    add_word(&mut text, "ttl-propagate", route.ttl_propagate.map(super::enabled));
    for nexthop in &route.nexthops {
        add_nexthop(&mut text, nexthop);
    }
    add_flag(&mut text, "no_track", !route.tracked);
    add_word(&mut text, "track_group", route.track_group.as_ref());
    text
}

fn kind(kind: RouteKind) -> Option<&'static str> {
    Some(match kind {
        RouteKind::Unicast => return None,
        RouteKind::Local => "local",
        RouteKind::Broadcast => "broadcast",
        RouteKind::Anycast => "anycast",
        RouteKind::Multicast => "multicast",
        RouteKind::Blackhole => "blackhole",
        RouteKind::Unreachable => "unreachable",
        RouteKind::Prohibit => "prohibit",
        RouteKind::Throw => "throw",
        RouteKind::Nat => "nat",
    })
}

/// A host's address without its length.
fn bare(net: IpNet) -> String {
    if net.prefix_len() == net.max_prefix_len() { net.addr().to_string() } else { net.to_string() }
}

fn named(name: &Named) -> String {
    match name {
        Named::Number(number) => number.to_string(),
        Named::Name(name) => name.to_string(),
    }
}

fn realms(realms: &Realms) -> String {
    match &realms.from {
        Some(from) => format!("{}/{}", named(from), named(&realms.to)),
        None => named(&realms.to),
    }
}

fn preference(preference: u8) -> String {
    match preference {
        0 => "medium".into(),
        1 => "high".into(),
        3 => "low".into(),
        other => other.to_string(),
    }
}

fn add_gateway(text: &mut String, gateway: Option<IpAddr>) {
    let _ = match gateway {
        None => Ok(()),
        Some(IpAddr::V4(gateway)) => write!(text, " via inet {gateway}"),
        Some(IpAddr::V6(gateway)) => write!(text, " via inet6 {gateway}"),
    };
}

fn add_encap(text: &mut String, encap: Option<&Encap>) {
    match encap {
        None => {}
        Some(Encap::Ip(ip)) => add_encap_ip(text, ip),
        Some(Encap::Mpls(labels)) => {
            let labels: Vec<String> = labels.iter().map(u32::to_string).collect();
            let _ = write!(text, " encap mpls {}", labels.join("/"));
        }
        Some(Encap::Ila(locator)) => {
            let _ = write!(text, " encap ila {locator}");
        }
    }
}

fn add_encap_ip(text: &mut String, ip: &EncapIp) {
    let (name, tos, ttl) = match ip.family {
        Family::V4 => ("ip", "tos", "ttl"),
        Family::V6 => ("ip6", "tc", "hoplimit"),
    };
    let _ = write!(text, " encap {name}");
    add_word(text, "id", ip.id);
    add_word(text, "dst", ip.destination);
    add_word(text, "src", ip.source);
    add_word(text, tos, ip.tos);
    add_word(text, ttl, ip.ttl);
    add_word(text, "flags", ip.flags.map(|flags| format!("0x{flags:x}")));
}

fn add_nexthop(text: &mut String, nexthop: &Nexthop) {
    text.push_str(" nexthop");
    add_encap(text, nexthop.encap.as_ref());
    add_gateway(text, nexthop.gateway);
    add_word(text, "dev", nexthop.interface.as_ref());
    let _ = write!(text, " weight {}", nexthop.weight);
    add_flag(text, "onlink", nexthop.onlink);
    add_word(text, "realm", nexthop.realms.as_ref().map(realms));
}

fn add_metrics(text: &mut String, metrics: &RouteMetrics) {
    if let Some((locked, name)) = &metrics.congctl {
        let lock = if *locked { "lock " } else { "" };
        let _ = write!(text, " congctl {lock}{name}");
    }
    // Their units are fractions of a millisecond.
    add_metric(text, "rtt", metrics.rtt, |value| time(value / 8));
    add_metric(text, "rttvar", metrics.rttvar, |value| time(value / 4));
    add_metric(text, "rto_min", metrics.rto_min, time);
    add_flag(text, "features ecn", metrics.ecn);
    for (word, metric) in [
        ("mtu", metrics.mtu),
        ("window", metrics.window),
        ("ssthresh", metrics.ssthresh),
        ("cwnd", metrics.cwnd),
        ("advmss", metrics.advmss),
        ("reordering", metrics.reordering),
        ("hoplimit", metrics.hoplimit),
        ("initcwnd", metrics.initcwnd),
        ("initrwnd", metrics.initrwnd),
        ("quickack", metrics.quickack),
        ("fastopen_no_cookie", metrics.fastopen_no_cookie),
    ] {
        add_metric(text, word, metric, |value| value.to_string());
    }
}

fn add_metric(text: &mut String, word: &str, metric: Option<Metric>, show: impl Fn(u32) -> String) {
    if let Some(Metric { locked, value }) = metric {
        let lock = if locked { "lock " } else { "" };
        let _ = write!(text, " {word} {lock}{}", show(value));
    }
}

/// Milliseconds.
fn time(milliseconds: u32) -> String {
    match milliseconds {
        whole if whole >= 1000 && whole % 1000 == 0 => format!("{}s", whole / 1000),
        rest => format!("{rest}ms"),
    }
}

/// As `ip rule` has it, more or less.
pub(super) fn rule(rule: &Rule) -> String {
    let found = &rule.matches;
    let mut text = String::new();
    if found.inverted {
        text.push_str("not ");
    }
    if rule.family == Family::V6 && found.from.is_none() && found.to.is_none() {
        text.push_str("inet6 ");
    }
    let _ = write!(text, "from {}", found.from.map_or_else(|| "all".to_owned(), bare));
    add_word(&mut text, "to", found.to.map(bare));
    let _ = write!(text, " priority {}", rule.preference);
    let _ = match &found.tos {
        None => write!(text, " tos 0x0"),
        Some(Named::Number(tos)) => write!(text, " tos 0x{tos:x}"),
        Some(Named::Name(tos)) => write!(text, " tos {tos}"),
    };
    add_word(
        &mut text,
        "fwmark",
        found.fwmark.map(|(mark, mask)| match mask {
            Some(mask) => format!("0x{mark:x}/0x{mask:x}"),
            None => format!("0x{mark:x}"),
        }),
    );
    add_word(&mut text, "iif", found.input.as_ref());
    add_word(&mut text, "oif", found.output.as_ref());
    add_word(&mut text, "suppress_prefixlen", rule.suppress_prefix_length);
    add_word(&mut text, "suppress_ifgroup", rule.suppress_group.as_ref().map(named));
    add_word(&mut text, "tunnel-id", found.tunnel_id);
    add_word(&mut text, "uidrange", found.uids.map(range));
    add_flag(&mut text, "l3mdev", rule.action == RuleAction::L3mdev);
    add_word(&mut text, "protocol", Some(rule.protocol).filter(|protocol| *protocol != 0));
    add_word(&mut text, "ipproto", found.ip_protocol.as_ref().map(named));
    add_word(&mut text, "sport", found.source_ports.map(range));
    add_word(&mut text, "dport", found.destination_ports.map(range));
    add_word(&mut text, "realms", rule.realms.as_ref().map(realms));
    let _ = match &rule.action {
        RuleAction::Table(table) => write!(text, " lookup {}", named(table)),
        RuleAction::Goto(preference) => write!(text, " goto {preference}"),
        RuleAction::Nop => write!(text, " nop"),
        RuleAction::Blackhole => write!(text, " type blackhole"),
        RuleAction::Unreachable => write!(text, " type unreachable"),
        RuleAction::Prohibit => write!(text, " type prohibit"),
        RuleAction::L3mdev => write!(text, " lookup 0"),
    };
    add_flag(&mut text, "no_track", !rule.tracked);
    add_word(&mut text, "track_group", rule.track_group.as_ref());
    text
}

fn range<T: Display>((first, last): (T, T)) -> String {
    format!("{first}-{last}")
}
