//! One line of `virtual_ipaddress`, `virtual_ipaddress_excluded` or `static_ipaddress`.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::Lower;
use super::check::Recent;
use super::read::LONGEST_INTERFACE;
use crate::config::model::VirtualAddress;
use crate::config::policy::RejectedKind;
use crate::config::syntax::Node;
use crate::diag::{Diagnostic, Span};
use crate::ids::{Family, Name};
use crate::objects::address::{AddressAttributes, AddressKey};

const IFA_F_NODAD: u32 = 0x02;
const IFA_F_HOMEADDRESS: u32 = 0x10;
const IFA_F_MANAGETEMPADDR: u32 = 0x100;
const IFA_F_NOPREFIXROUTE: u32 = 0x200;
const IFA_F_MCAUTOJOIN: u32 = 0x400;

/// An address before it is known which interface the instance has.
#[derive(Clone, Debug)]
pub struct Address {
    pub net: IpNet,
    pub dev: Option<Name>,
    attributes: AddressAttributes,
    no_track: bool,
    /// `use_vmac`: on a VMAC of the interface.
    pub use_vmac: bool,
    /// `track_group`, of static ones.
    pub track_group: Option<Name>,
    pub span: Option<Span>,
}

/// Which block the line stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AddressPlace {
    Instance,
    Static,
}

/// `broadcast ADDR|+|-`
enum Broadcast {
    At(Ipv4Addr),
    Ones,
    Zeros,
}

impl Address {
    /// With the interface that it gets when its line names none.
    pub fn on(self, interface: &Name, known: &mut Recent<AddressAttributes>) -> VirtualAddress {
        let interface = self.dev.unwrap_or_else(|| interface.clone());
        VirtualAddress {
            key: AddressKey { interface, net: self.net },
            attributes: known.share(self.attributes),
            no_track: self.no_track,
        }
    }
}

impl Lower<'_> {
    /// The entries of an address block.
    pub fn addresses(&mut self, node: &Node, instance: &Name) -> Vec<Address> {
        let mut found = Vec::with_capacity(node.nodes().len());
        for entry in node.nodes() {
            match self.address_line(entry, instance, AddressPlace::Instance) {
                Ok(address) => found.push(address),
                Err(address) => {
                    let reason = format!("an address of '{instance}' cannot be read");
                    self.reject(RejectedKind::Address(instance.clone(), address), entry.span(), reason);
                }
            }
        }
        found
    }

    /// One line; of one that is lost, the address where it could be read.
    pub fn address_line(
        &mut self,
        entry: &Node,
        instance: &Name,
        place: AddressPlace,
    ) -> Result<Address, Option<IpAddr>> {
        let net = self.net(entry).ok_or(None)?;
        let family = Family::of(net.addr());
        let mut address = Address {
            net,
            dev: None,
            attributes: AddressAttributes::default(),
            no_track: false,
            use_vmac: false,
            track_group: None,
            span: entry.span(),
        };
        if family == Family::V6 {
            address.attributes.flags = IFA_F_NODAD;
            address.attributes.preferred_lft = (net.prefix_len() == 128).then_some(0);
        }
        let mut at = 1;
        let mut broadcast = None;
        while let Some(word) = entry.argument(at) {
            let bare = match word {
                "home" => Some(IFA_F_HOMEADDRESS),
                "-nodad" => {
                    address.attributes.flags &= !IFA_F_NODAD;
                    Some(0)
                }
                "mngtmpaddr" => Some(IFA_F_MANAGETEMPADDR),
                "noprefixroute" => Some(IFA_F_NOPREFIXROUTE),
                "autojoin" => Some(IFA_F_MCAUTOJOIN),
                "no_track" => {
                    address.no_track = true;
                    Some(0)
                }
                "use_vmac" if place == AddressPlace::Instance => {
                    address.use_vmac = true;
                    Some(0)
                }
                _ => None,
            };
            if let Some(flag) = bare {
                address.attributes.flags |= flag;
                at += 1;
                continue;
            }
            let of_place = word == "track_group" && place == AddressPlace::Static;
            let valued = ["dev", "scope", "broadcast", "brd", "label", "peer", "preferred_lft"];
            if !of_place && !valued.contains(&word) {
                self.unknown_address_word(entry, at);
                at += 1;
                continue;
            }
            if entry.argument(at + 1).is_none() {
                let message = format!("'{word}' is missing its value");
                self.report(
                    Diagnostic::error("missing-parameter", entry.span_of(at), message)
                        .expected(format!("{word} and its value"))
                        .help("the address is left out"),
                );
                return Err(Some(net.addr()));
            }
            match word {
                "broadcast" | "brd" => broadcast = Some((self.broadcast(entry, at + 1, family), at)),
                "track_group" => address.track_group = entry.argument(at + 1).map(Into::into),
                _ => self.address_option(entry, at, family, instance, &mut address)?,
            }
            at += 2;
        }
        if let Some((Some(broadcast), at)) = broadcast {
            address.attributes.broadcast = self.broadcast_of(entry, at, &broadcast, &address);
        }
        Ok(address)
    }

    fn unknown_address_word(&mut self, entry: &Node, at: usize) {
        let word = entry.argument(at).unwrap_or("");
        let message = format!("unknown address option '{word}' - ignoring");
        let expected = "dev, scope, broadcast, label, peer, home, -nodad, mngtmpaddr, noprefixroute, autojoin, \
                        preferred_lft or no_track";
        self.report(Diagnostic::error("unknown-value", entry.span_of(at), message).expected(expected));
    }

    /// One word with a value; `Err` when the whole line is lost.
    fn address_option(
        &mut self,
        entry: &Node,
        at: usize,
        family: Family,
        instance: &Name,
        address: &mut Address,
    ) -> Result<(), Option<IpAddr>> {
        let lost = Err(Some(address.net.addr()));
        let value = entry.argument(at + 1).unwrap_or("");
        match entry.argument(at).unwrap_or("") {
            "dev" if address.dev.is_some() => {
                let message = "a second 'dev' for one address";
                let first = entry.line.words_from(0).position(|word| word == "dev");
                let first = first.and_then(|first| entry.line.span(first));
                self.report(Diagnostic::error("given-twice", entry.span_of(at), message).first_at(first));
                return lost;
            }
            "dev" => {
                if value.len() > LONGEST_INTERFACE {
                    let message = format!("the interface name '{value}' is too long");
                    self.report(
                        Diagnostic::error("name-too-long", entry.span_of(at + 1), message)
                            .expected("at most 15 characters"),
                    );
                    return lost;
                }
                address.dev = Some(value.into());
                self.need_interface(
                    value,
                    format!("address {} of {instance}", address.net.addr()),
                    entry.span_of(at + 1),
                );
            }
            "scope" => match scope(value) {
                Some(scope) if family == Family::V4 => address.attributes.scope = scope,
                _ => {
                    let message = format!("'{value}' is no scope for an {family} address");
                    self.report(
                        Diagnostic::error("unknown-value", entry.span_of(at + 1), message)
                            .expected("for IPv4: site, link, host, nowhere, global or a number"),
                    );
                }
            },
            "label" if value.len() > LONGEST_INTERFACE => {
                let message = format!("the label '{value}' is too long");
                self.report(
                    Diagnostic::error("name-too-long", entry.span_of(at + 1), message)
                        .expected("at most 15 characters, those of the interface included"),
                );
                return lost;
            }
            "label" if family == Family::V6 => {
                let message = "an IPv6 address has no label";
                self.report(
                    Diagnostic::error("wrong-family", entry.span_of(at), message).help("remove the label"),
                );
            }
            "label" => address.attributes.label = Some(value.into()),
            "peer" if address.attributes.peer.is_some() => {
                let message = format!("peer {value}: another peer has already been specified");
                let first = entry.line.words_from(0).position(|word| word == "peer");
                let first = first.and_then(|first| entry.line.span(first));
                self.report(Diagnostic::error("given-twice", entry.span_of(at), message).first_at(first));
            }
            "peer" => self.peer(entry, at + 1, family, address),
            _ => match value {
                "forever" => address.attributes.preferred_lft = None,
                _ => {
                    let seconds =
                        self.int(entry, "preferred_lft", at + 1, (0, i64::from(u32::MAX) - 1), false);
                    if let Some(seconds) = seconds.and_then(|seconds| u32::try_from(seconds).ok()) {
                        address.attributes.preferred_lft = Some(seconds);
                    }
                }
            },
        }
        Ok(())
    }

    fn peer(&mut self, entry: &Node, at: usize, family: Family, address: &mut Address) {
        let word = entry.argument(at).unwrap_or("");
        let (bare, prefix) = word.split_once('/').map_or((word, None), |(bare, len)| (bare, Some(len)));
        if prefix.is_some() {
            let message = format!("the peer '{word}' takes no prefix length");
            self.report(
                Diagnostic::error("bad-address", entry.span_of(at), message).expected(format!("'{bare}'")),
            );
        }
        match bare.parse::<IpAddr>() {
            Ok(peer) if Family::of(peer) == family => address.attributes.peer = Some(IpNet::from(peer)),
            _ => {
                let message = format!("'{word}' is no {family} address");
                self.report(
                    Diagnostic::error("bad-address", entry.span_of(at), message)
                        .expected(format!("an {family} address, as the one before 'peer'")),
                );
            }
        }
    }

    fn broadcast(&mut self, entry: &Node, at: usize, family: Family) -> Option<Broadcast> {
        let word = entry.argument(at)?;
        match (word, word.parse()) {
            ("+", _) if family == Family::V4 => Some(Broadcast::Ones),
            ("-", _) if family == Family::V4 => Some(Broadcast::Zeros),
            (_, Ok(address)) if family == Family::V4 => Some(Broadcast::At(address)),
            _ => {
                let message = format!("'{word}' is no broadcast address for {family}");
                let expected = match family {
                    Family::V4 => "an IPv4 address, + or -",
                    Family::V6 => "none: IPv6 has no broadcast",
                };
                self.report(
                    Diagnostic::error("bad-address", entry.span_of(at), message).expected(expected),
                );
                None
            }
        }
    }

    /// What stands at the other end of a point-to-point link is no broadcast address.
    fn broadcast_of(
        &mut self,
        entry: &Node,
        at: usize,
        broadcast: &Broadcast,
        address: &Address,
    ) -> Option<Ipv4Addr> {
        let IpNet::V4(net) = address.net else { return None };
        if address.attributes.peer.is_some() {
            let message = "Cannot specify broadcast and peer addresses - ignoring broadcast address";
            self.report(
                Diagnostic::error("broadcast-with-peer", entry.span_of(at), message)
                    .help("remove 'peer' or 'broadcast'"),
            );
            return None;
        }
        match broadcast {
            Broadcast::At(address) => Some(*address),
            _ if net.prefix_len() > 30 => {
                let message = format!("Address prefix length {} too long for broadcast", net.prefix_len());
                self.report(
                    Diagnostic::error("broadcast-without-room", entry.span_of(at), message)
                        .expected("a prefix length up to 30"),
                );
                None
            }
            Broadcast::Ones => Some(net.broadcast()),
            Broadcast::Zeros => Some(net.network()),
        }
    }

    /// `IP[/PREFIXLEN]`
    fn net(&mut self, entry: &Node) -> Option<IpNet> {
        let word = entry.name();
        let (bare, prefix) = word.split_once('/').map_or((word, None), |(bare, len)| (bare, Some(len)));
        let Ok(address) = bare.parse::<IpAddr>() else {
            let message = format!("VRRP parsed invalid IP {word}. skipping IP...");
            self.report(Diagnostic::error("bad-address", entry.span(), message).expected("IP[/PREFIXLEN]"));
            return None;
        };
        let bits = Family::of(address).bits();
        let Some(prefix) = prefix else { return Some(IpNet::from(address)) };
        match prefix.parse::<u8>() {
            Ok(length) if length <= bits => IpNet::new(address, length).ok(),
            _ => {
                let message =
                    format!("Invalid address prefix len {prefix} for address {bare} - using {bits}");
                self.report(
                    Diagnostic::error("bad-address", entry.span(), message)
                        .expected(format!("a prefix length from 0 to {bits}")),
                );
                Some(IpNet::from(address))
            }
        }
    }
}

fn scope(word: &str) -> Option<u8> {
    match word {
        "global" => Some(0),
        "site" => Some(200),
        "link" => Some(253),
        "host" => Some(254),
        "nowhere" => Some(255),
        _ => word.parse().ok(),
    }
}
