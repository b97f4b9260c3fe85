//! `virtual_server_group`: addresses, ranges of them, and firewall marks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::IpNet;

use super::Lower;
use crate::config::model::ServerGroup;
use crate::config::model::lvs::GroupMember;
use crate::config::policy::RejectedKind;
use crate::config::syntax::Node;
use crate::diag::{Class, Diagnostic, Span};
use crate::ids::{Family, Name};

/// The most addresses of one line. keepalived has no limit: of a /64 it would never come to an end.
const MOST_ADDRESSES: u128 = 65_536;

/// What an address or a range may look like.
const ADDRESSES: &str = "IP, IP-N, IP-IP or IP/LEN";

impl Lower<'_> {
    /// Reads one; the first of a name counts.
    pub fn server_group(&mut self, node: &Node) {
        let Some(name) = node.argument(1).map(Name::from) else { return };
        if let Some(word) = node.argument(2) {
            let message = format!("'{word}' after the name of virtual_server_group {name}");
            // keepalived takes it for the first line of the block, and ends.
            self.report(
                Diagnostic::error("extra-words", node.span_of(2), message)
                    .class(Class::Exit)
                    .expected("'{'"),
            );
        }
        let mut members = Vec::with_capacity(node.nodes().len());
        for line in node.nodes() {
            match self.member(line, &name) {
                Some(member) => members.push(member),
                None => {
                    let reason = format!("a line of virtual_server_group {name} cannot be read");
                    self.reject(RejectedKind::Member(name.clone()), line.span(), reason);
                }
            }
        }
        if self.is_defined_above(node, |known| &known.server_groups) {
            return;
        }
        if !self.fit_together(&members, &name, node) {
            self.lose("virtual_server_group", &name);
            self.reject(
                RejectedKind::Member(name.clone()),
                node.span_of(1),
                format!("virtual_server_group {name} cannot be used"),
            );
            return;
        }
        self.definitions.server_groups.insert(name.clone(), node.span_of(1));
        let group = Arc::new(ServerGroup { name: name.clone(), members });
        self.server_groups.insert(name, group.clone());
        self.loaded.config.server_groups.push(group);
    }

    /// There must be some, and of a mark without a family it must be clear which one is meant.
    fn fit_together(&mut self, members: &[GroupMember], name: &str, node: &Node) -> bool {
        let span = node.span_of(1);
        if members.is_empty() {
            if !node.nodes().is_empty() {
                // Of each line it was said what is wrong with it.
                return false;
            }
            let message = format!("virtual server group {name} has no entries - removing");
            self.report(
                Diagnostic::error("empty-group", span, message).expected("IP [PORT] or fwmark N lines"),
            );
            return false;
        }
        let has = |family| members.iter().any(|member| member.family() == Some(family));
        let unclear = members.iter().any(|member| member.family().is_none());
        if unclear && has(Family::V4) && has(Family::V6) {
            let message = format!(
                "virtual server group {name} cannot have IPv4, IPv6 and fwmark without family - removing"
            );
            self.report(
                Diagnostic::error("wrong-family", span, message)
                    .expected("fwmark N inet, or fwmark N inet6"),
            );
            return false;
        }
        true
    }

    fn member(&mut self, line: &Node, group: &Name) -> Option<GroupMember> {
        if line.name() == "fwmark" {
            return self.member_mark(line, group);
        }
        let (first, last) = self.member_addresses(line)?;
        let port = match line.argument(1) {
            None => 0,
            Some(_) => u16::try_from(self.int(line, "port", 1, (0, 65_535), false)?).ok()?,
        };
        Some(GroupMember::Addresses { first, last, port })
    }

    /// `fwmark N [inet|inet6]`
    fn member_mark(&mut self, line: &Node, group: &Name) -> Option<GroupMember> {
        if line.argument(1).is_none() {
            let span = line.span().map(Span::after);
            let message = "fwmark is missing its parameter";
            self.report(
                Diagnostic::error("missing-parameter", span, message)
                    .class(Class::Exit)
                    .expected("a number"),
            );
            return None;
        }
        let mark = self.int(line, "fwmark", 1, (0, i64::from(u32::MAX)), false)?;
        let family = match line.argument(2) {
            None => None,
            Some("inet") => Some(Family::V4),
            Some("inet6") => Some(Family::V6),
            Some(word) => {
                let message = format!("({group}): fwmark '{mark}' family {word} unknown - ignoring");
                self.report(
                    Diagnostic::error("unknown-value", line.span_of(2), message).expected("inet or inet6"),
                );
                return None;
            }
        };
        Some(GroupMember::Fwmark { mark: u32::try_from(mark).ok()?, family })
    }

    /// First and last address of the line's first word.
    fn member_addresses(&mut self, line: &Node) -> Option<(IpAddr, IpAddr)> {
        let word = line.name();
        let told = |message: String, expected: String| {
            Diagnostic::error("bad-address", line.span_of(0), message).expected(expected)
        };
        let diagnostic = match parse(word) {
            Ok((first, last)) if count(first, last) > MOST_ADDRESSES => {
                let message = format!("{word} has more than {MOST_ADDRESSES} addresses - skipping");
                // keepalived takes it.
                told(message, "a smaller range, or a fwmark".into()).class(Class::Silent)
            }
            Ok(range) => return Some(range),
            Err(Wrong::Address) => {
                let port = line.argument(1).map(|port| format!("/port/{port}")).unwrap_or_default();
                let message = format!("Invalid virtual server group IP address {word} {port} - skipping");
                told(message, ADDRESSES.into())
            }
            Err(Wrong::Length) => told(
                format!("Invalid netmask - {word} - skipping"),
                "a prefix length that the family has".into(),
            ),
            Err(Wrong::HostBits(network)) => {
                told(format!("Address mask bits not empty - {word} - skipping"), network.to_string())
            }
            Err(Wrong::End(most)) => told(
                format!("Virtual server group range '{word}' has a bad end"),
                format!("a number up to {most}"),
            ),
            Err(Wrong::Order) => {
                let message = format!(
                    "Address range end is not greater than address range start - {word} - skipping"
                );
                told(message, "an end above the first address".into())
            }
        };
        self.report(diagnostic);
        None
    }
}

/// What is wrong with a range.
enum Wrong {
    Address,
    Length,
    HostBits(IpNet),
    /// No number up to this.
    End(&'static str),
    Order,
}

fn parse(word: &str) -> Result<(IpAddr, IpAddr), Wrong> {
    let address = |word: &str| word.parse::<IpAddr>().map_err(|_| Wrong::Address);
    if let Some((first, end)) = word.split_once('-') {
        let first = address(first)?;
        return match end.parse() {
            Ok(last) if Family::of(last) != Family::of(first) => Err(Wrong::Address),
            Ok(last) if last < first => Err(Wrong::Order),
            Ok(last) => Ok((first, last)),
            Err(_) => last_part(first, end).map(|last| (first, last)),
        };
    }
    let Some((network, length)) = word.split_once('/') else {
        let address = address(word)?;
        return Ok((address, address));
    };
    let network = address(network)?;
    let length = length.parse().ok().filter(|length| *length > 0).ok_or(Wrong::Length)?;
    let range = IpNet::new(network, length).map_err(|_| Wrong::Length)?;
    if range.network() != network {
        return Err(Wrong::HostBits(range.trunc()));
    }
    Ok((network, range.broadcast()))
}

/// The address with its last octet, or its last 16 bits in hexadecimal, replaced.
fn last_part(first: IpAddr, end: &str) -> Result<IpAddr, Wrong> {
    let last = match first {
        IpAddr::V4(first) => {
            let [a, b, c, _] = first.octets();
            let end: u8 = end.parse().map_err(|_| Wrong::End("255"))?;
            IpAddr::V4(Ipv4Addr::new(a, b, c, end))
        }
        IpAddr::V6(first) => {
            let end = u16::from_str_radix(end, 16).map_err(|_| Wrong::End("ffff"))?;
            IpAddr::V6(Ipv6Addr::from_bits(first.to_bits() & !0xffff | u128::from(end)))
        }
    };
    if last > first { Ok(last) } else { Err(Wrong::Order) }
}

fn count(first: IpAddr, last: IpAddr) -> u128 {
    let between = match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => u128::from(last.to_bits().saturating_sub(first.to_bits())),
        (IpAddr::V6(first), IpAddr::V6(last)) => last.to_bits().saturating_sub(first.to_bits()),
        _ => 0,
    };
    between.saturating_add(1)
}
