//! Entries that are words with values in any order: routes and rules. An entry with a mistake is lost whole.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Lower;
use super::read::LONGEST_INTERFACE;
use crate::config::host::NameUse;
use crate::config::policy::RejectedKind;
use crate::config::syntax::Node;
use crate::diag::{Class, Diagnostic, Span};
use crate::ids::{Family, Name};
use crate::objects::route::{List, Named, Realms};

/// The entry counts for nothing; the reason has been told.
pub struct Lost;

/// What an entry has, or nothing.
pub type Taken<T> = Result<T, Lost>;

/// Where a line stands.
pub struct Owner<'a> {
    /// `route of VI_1`, `static rule`
    pub what: &'a str,
    /// `None`: of no instance, what is static.
    pub instance: Option<&'a Name>,
}

/// Names with numbers that every host has.
pub type Names = &'static [(&'static str, u32)];

/// What a number may be called.
#[derive(Clone, Copy)]
pub struct Known {
    names: Names,
    most: u32,
    /// Where hosts have names of their own, which nothing here knows.
    list: Option<List>,
}

impl Known {
    const fn of(list: List, names: Names) -> Known {
        Known { names, most: list.most(), list: Some(list) }
    }
}

/// Routing tables.
const TABLE_NAMES: Names = &[("default", 253), ("main", 254), ("local", 255)];

/// Of routes.
const PROTOCOL_NAMES: Names = &[
    ("unspec", 0),
    ("redirect", 1),
    ("kernel", 2),
    ("boot", 3),
    ("static", 4),
    ("gated", 8),
    ("ra", 9),
    ("mrt", 10),
    ("zebra", 11),
    ("bird", 12),
    ("dnrouted", 13),
    ("xorp", 14),
    ("ntk", 15),
    ("dhcp", 16),
    ("keepalived", 18),
    ("babel", 42),
    ("openr", 99),
    ("bgp", 186),
    ("isis", 187),
    ("ospf", 188),
    ("rip", 189),
    ("eigrp", 192),
];

/// Of routes and addresses.
const SCOPE_NAMES: Names = &[("global", 0), ("site", 200), ("link", 253), ("host", 254), ("nowhere", 255)];

/// Differentiated services.
const SERVICE_NAMES: Names = &[
    ("default", 0),
    ("CS1", 0x20),
    ("AF11", 0x28),
    ("AF12", 0x30),
    ("AF13", 0x38),
    ("CS2", 0x40),
    ("AF21", 0x48),
    ("AF22", 0x50),
    ("AF23", 0x58),
    ("CS3", 0x60),
    ("AF31", 0x68),
    ("AF32", 0x70),
    ("AF33", 0x78),
    ("CS4", 0x80),
    ("AF41", 0x88),
    ("AF42", 0x90),
    ("AF43", 0x98),
    ("CS5", 0xa0),
    ("EF", 0xb8),
    ("CS6", 0xc0),
    ("CS7", 0xe0),
];

/// Of IP.
const IP_PROTOCOL_NAMES: Names = &[
    ("icmp", 1),
    ("igmp", 2),
    ("ipencap", 4),
    ("tcp", 6),
    ("udp", 17),
    ("dccp", 33),
    ("ipv6", 41),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("ipv6-icmp", 58),
    ("ospf", 89),
    ("pim", 103),
    ("vrrp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("udplite", 136),
];

/// Routing tables.
pub const TABLES: Known = Known::of(List::Tables, TABLE_NAMES);
/// Who made a route.
pub const PROTOCOLS: Known = Known::of(List::Protocols, PROTOCOL_NAMES);
/// How far a route or an address reaches.
pub const SCOPES: Known = Known::of(List::Scopes, SCOPE_NAMES);
/// Types of service.
pub const SERVICES: Known = Known::of(List::Services, SERVICE_NAMES);
/// What a packet carries.
pub const IP_PROTOCOLS: Known = Known { names: IP_PROTOCOL_NAMES, most: 255, list: None };
/// Groups of interfaces.
pub const GROUPS: Known = Known::of(List::Groups, &[("default", 0)]);
const REALMS: Known = Known::of(List::Realms, &[("cosmos", 0)]);

impl Lower<'_> {
    /// The word after the one at `at`. keepalived's process ends where there is none.
    pub fn after<'n>(&mut self, entry: &'n Node, at: usize) -> Taken<&'n str> {
        entry.argument(at + 1).ok_or_else(|| {
            let word = entry.argument(at).unwrap_or("");
            let message = format!("'{word}' is missing its value");
            let place = entry.span_of(at).map(crate::diag::Span::after);
            self.report(
                Diagnostic::error("missing-parameter", place, message)
                    .class(Class::Exit)
                    .help("the line is ignored"),
            );
            Lost
        })
    }

    /// A line that is lost: what it meant may run now.
    pub fn reject_routing(&mut self, entry: &Node, owner: &Owner<'_>) {
        let reason = format!("a line of {} cannot be read", owner.what);
        self.reject(RejectedKind::Routing(owner.instance.cloned()), entry.span(), reason);
    }

    /// A mistake in a value, with which the entry is lost.
    pub fn bad_value<T>(&mut self, entry: &Node, at: usize, message: String, expected: &str) -> Taken<T> {
        let diagnostic = Diagnostic::error("unknown-value", entry.span_of(at), message).expected(expected);
        self.report(diagnostic.help("the line is ignored"));
        Err(Lost)
    }

    /// A decimal number after the word at `at`.
    pub fn number_after<T: TryFrom<i64>>(
        &mut self,
        entry: &Node,
        at: usize,
        range: (i64, i64),
    ) -> Taken<T> {
        let name = entry.argument(at).unwrap_or("").to_owned();
        self.after(entry, at)?;
        let value = self.int(entry, &name, at + 1, range, false);
        value.and_then(|value| T::try_from(value).ok()).ok_or(Lost)
    }

    /// A number of any base after the word at `at`.
    pub fn any_base_after(&mut self, entry: &Node, at: usize, most: u64) -> Taken<u64> {
        let word = self.after(entry, at)?;
        match any_base(word).filter(|value| *value <= most) {
            Some(value) => Ok(value),
            None => {
                let name = entry.argument(at).unwrap_or("");
                let message = format!("{name}: invalid number '{word}'");
                self.bad_value(entry, at + 1, message, &format!("a whole number from 0 to {most}"))
            }
        }
    }

    /// A number, or a name for one.
    pub fn named_after(&mut self, entry: &Node, at: usize, known: Known) -> Taken<Named> {
        let word = self.after(entry, at)?;
        let name = entry.argument(at).unwrap_or("");
        if let Some(named) = named(word, known) {
            self.need_name(&named, known, name, entry.span_of(at + 1));
            return Ok(named);
        }
        let message = format!("{name} {word} not found or invalid");
        let names: Vec<&str> = known.names.iter().map(|(name, _)| *name).collect();
        let expected = match names.len() {
            0..=6 => format!("a number from 0 to {}, {}", known.most, names.join(", ")),
            _ => format!("a number from 0 to {}, or a name such as {}", known.most, names.join(", ")),
        };
        self.bad_value(entry, at + 1, message, &expected)
    }

    /// One that the host must know.
    fn need_name(&mut self, named: &Named, known: Known, by: &str, span: Option<Span>) {
        if let (Named::Name(name), Some(list)) = (named, known.list) {
            let (name, by) = (name.clone(), by.to_owned());
            self.loaded.needs.names.push(NameUse { list, name, by, span });
        }
    }

    /// `[FROM/]TO` after the word at `at`.
    pub fn realms_after(&mut self, entry: &Node, at: usize) -> Taken<Realms> {
        let word = self.after(entry, at)?;
        let (from, to) = word.split_once('/').map_or((None, word), |(from, to)| (Some(from), to));
        let realm = |word| named(word, REALMS);
        let realms = match (from.map(realm), realm(to)) {
            (None, Some(to)) => Realms { from: None, to },
            (Some(Some(from)), Some(to)) => Realms { from: Some(from), to },
            _ => {
                let message = format!("Invalid realms {word}");
                return self.bad_value(entry, at + 1, message, "[FROM/]TO, each 0 to 65535 or a name");
            }
        };
        for one in realms.from.iter().chain([&realms.to]) {
            self.need_name(one, REALMS, "realms", entry.span_of(at + 1));
        }
        Ok(realms)
    }

    /// An address after the word at `at`, of the entry's family.
    pub fn address_after(&mut self, entry: &Node, at: usize, family: &mut Option<Family>) -> Taken<IpAddr> {
        let word = self.after(entry, at)?;
        match word.parse() {
            Ok(address) => {
                self.agree(entry, at + 1, family, Family::of(address))?;
                Ok(address)
            }
            Err(_) => {
                let name = entry.argument(at).unwrap_or("");
                let message = format!("{name}: malformed address '{word}'");
                self.bad_value(entry, at + 1, message, "an IPv4 or IPv6 address")
            }
        }
    }

    /// `IP[/LEN]`, `default`, `any` or `all`; `None` is all addresses.
    pub fn prefix(&mut self, entry: &Node, at: usize, family: &mut Option<Family>) -> Taken<Option<IpNet>> {
        let word = entry.argument(at).unwrap_or("");
        if matches!(word, "default" | "any" | "all") {
            return Ok(None);
        }
        let (bare, length) =
            word.split_once('/').map_or((word, None), |(bare, length)| (bare, Some(length)));
        let Ok(address) = bare.parse::<IpAddr>() else {
            return self.bad_value(
                entry,
                at,
                format!("invalid address {word}"),
                "IP[/LEN], default, any or all",
            );
        };
        let found = Family::of(address);
        self.agree(entry, at, family, found)?;
        let bits = found.bits();
        let length = match length.map(str::parse::<u8>) {
            None => bits,
            Some(Ok(length)) if length <= bits => length,
            Some(_) => {
                let message = format!("Invalid address prefix len for address {word} - using {bits}");
                let expected = format!("a prefix length from 0 to {bits}");
                self.report(
                    Diagnostic::error("bad-address", entry.span_of(at), message).expected(expected),
                );
                bits
            }
        };
        IpNet::new(address, length).map(Some).map_err(|_| Lost)
    }

    /// All addresses of an entry are of one family.
    pub fn agree(
        &mut self,
        entry: &Node,
        at: usize,
        family: &mut Option<Family>,
        found: Family,
    ) -> Taken<()> {
        if *family.get_or_insert(found) == found {
            return Ok(());
        }
        let message = "Cannot mix IPv4 and IPv6 addresses";
        self.report(
            Diagnostic::error("wrong-family", entry.span_of(at), message).help("the line is ignored"),
        );
        Err(Lost)
    }

    /// The name of an interface that must exist after the word at `at`.
    pub fn interface_after(&mut self, entry: &Node, at: usize, owner: &Owner<'_>) -> Taken<Name> {
        let word = self.after(entry, at)?;
        if word.len() > LONGEST_INTERFACE {
            let message = format!("the interface name '{word}' is too long");
            return self.bad_value(entry, at + 1, message, "at most 15 characters");
        }
        self.need_interface(word, owner.what, entry.span_of(at + 1));
        Ok(word.into())
    }
}

/// A number in decimal, hexadecimal or octal writing.
pub fn any_base(word: &str) -> Option<u64> {
    let (digits, base) = match word.as_bytes() {
        [b'0', b'x' | b'X', ..] => (word.get(2..)?, 16),
        [b'0', _, ..] => (word.get(1..)?, 8),
        _ => (word, 10),
    };
    if digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(digits, base).ok()
}

fn named(word: &str, known: Known) -> Option<Named> {
    if let Some((_, number)) = known.names.iter().find(|(name, _)| *name == word) {
        return Some(Named::Number(*number));
    }
    match any_base(word) {
        Some(number) => {
            u32::try_from(number).ok().filter(|number| *number <= known.most).map(Named::Number)
        }
        None if known.list.is_some() && word.starts_with(|first: char| first.is_ascii_alphabetic()) => {
            Some(Named::Name(word.into()))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_base() {
        assert_eq!(any_base("0x64"), Some(100));
        assert_eq!(any_base("010"), Some(8));
        assert_eq!(any_base("0"), Some(0));
        for bad in ["", "x", "-1", "0x", "1x", "09", "0x+1", "99999999999999999999"] {
            assert_eq!(any_base(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_are_numbers_where_every_host_has_them() {
        assert_eq!(named("main", TABLES), Some(Named::Number(254)));
        assert_eq!(named("vpn", TABLES), Some(Named::Name("vpn".into())));
        assert_eq!(named("300", SCOPES), None);
        assert_eq!(named("far", SCOPES), Some(Named::Name("far".into())));
        assert_eq!(named("tcpp", IP_PROTOCOLS), None, "of these a host has no more");
    }
}
