//! Where a route leads: gateways, `nexthop` lists and light weight tunnels.

use std::net::IpAddr;

use super::Lower;
use super::line::{Lost, Owner, Taken, any_base};
use super::route::RouteLine;
use crate::config::syntax::Node;
use crate::diag::Diagnostic;
use crate::ids::Family;
use crate::objects::route::{Encap, EncapIp, Nexthop};

/// The greatest label.
const LAST_LABEL: u32 = (1 << 20) - 1;

impl Lower<'_> {
    /// `via [inet|inet6] IP`; with the place of what follows.
    pub fn gateway(
        &mut self,
        entry: &Node,
        at: usize,
        family: &mut Option<Family>,
    ) -> Taken<(usize, IpAddr)> {
        if entry.argument(at) == Some("gw") {
            self.say_old_route_word(entry, at);
        }
        let forced = match self.after(entry, at)? {
            "inet" => Some(Family::V4),
            "inet6" => Some(Family::V6),
            _ => None,
        };
        let Some(forced) = forced else {
            return Ok((at + 2, self.address_after(entry, at, family)?));
        };
        self.agree(entry, at + 1, family, forced)?;
        Ok((at + 3, self.address_after(entry, at + 1, family)?))
    }

    /// `or IP`
    pub fn second_gateway(
        &mut self,
        entry: &Node,
        at: usize,
        family: &mut Option<Family>,
    ) -> Taken<Nexthop> {
        Ok(Nexthop { gateway: Some(self.address_after(entry, at, family)?), ..bare() })
    }

    /// Every `nexthop` to the line's end. A word that belongs to none of them ends the list.
    pub fn nexthops(
        &mut self,
        entry: &Node,
        mut at: usize,
        line: &mut RouteLine,
        owner: &Owner<'_>,
    ) -> Taken<usize> {
        while entry.argument(at) == Some("nexthop") {
            let mut hop = bare();
            at += 1;
            while let Some(next) = self.nexthop_word(entry, at, &mut hop, line, owner)? {
                at = next;
            }
            line.route.nexthops.push(hop);
        }
        if let Some(word) = entry.argument(at) {
            let message = format!("Route has trailing nonsense after nexthops - {word}");
            self.report(
                Diagnostic::error("unknown-value", entry.span_of(at), message)
                    .expected("via, dev, weight, onlink, encap, realms or a further nexthop"),
            );
        }
        Ok(entry.line.count())
    }

    fn nexthop_word(
        &mut self,
        entry: &Node,
        at: usize,
        hop: &mut Nexthop,
        line: &mut RouteLine,
        owner: &Owner<'_>,
    ) -> Taken<Option<usize>> {
        let Some(word) = entry.argument(at) else { return Ok(None) };
        match word {
            "via" => {
                let (next, gateway) = self.gateway(entry, at, &mut line.family)?;
                hop.gateway = Some(gateway);
                return Ok(Some(next));
            }
            "dev" => hop.interface = Some(self.interface_after(entry, at, owner)?),
            "weight" => hop.weight = self.number_after(entry, at, (1, 256))?,
            "realms" => hop.realms = Some(self.realms_after(entry, at)?),
            "encap" => {
                let (next, encap) = self.encap(entry, at)?;
                hop.encap = encap;
                return Ok(Some(next));
            }
            "onlink" => {
                hop.onlink = true;
                return Ok(Some(at + 1));
            }
            _ => return Ok(None),
        }
        Ok(Some(at + 2))
    }

    /// `encap KIND ...`; an unknown kind is an error and is read over.
    pub fn encap(&mut self, entry: &Node, at: usize) -> Taken<(usize, Option<Encap>)> {
        match self.after(entry, at)? {
            "ip" => self.encap_ip(entry, at + 2, Family::V4),
            "ip6" => self.encap_ip(entry, at + 2, Family::V6),
            "mpls" => {
                let word = self.after(entry, at + 1)?;
                let label = |text: &str| text.parse::<u32>().ok().filter(|label| *label <= LAST_LABEL);
                let Some(labels) = word.split('/').map(label).collect() else {
                    let message = format!("invalid mpls address {word} for encapsulation");
                    return self.bad_value(entry, at + 2, message, "LABEL[/LABEL...], each below 1048576");
                };
                Ok((at + 3, Some(Encap::Mpls(labels))))
            }
            "ila" => {
                let word = self.after(entry, at + 1)?;
                let Some(locator) = locator(word) else {
                    let message = format!("invalid locator {word} for ila encapsulation");
                    return self.bad_value(entry, at + 2, message, "four hexadecimal numbers: 1:2:3:4");
                };
                Ok((at + 3, Some(Encap::Ila(locator))))
            }
            word => {
                let message = format!("Unknown encap type - {word}");
                self.report(
                    Diagnostic::error("unknown-value", entry.span_of(at + 1), message)
                        .expected("ip, ip6, mpls or ila"),
                );
                Ok((at + 2, None))
            }
        }
    }

    fn encap_ip(&mut self, entry: &Node, mut at: usize, family: Family) -> Taken<(usize, Option<Encap>)> {
        let mut encap = EncapIp {
            family,
            id: None,
            destination: None,
            source: None,
            tos: None,
            ttl: None,
            flags: None,
        };
        while let Some(word) = entry.argument(at) {
            let mut own = Some(family);
            match (word, family) {
                ("id", _) => encap.id = Some(self.any_base_after(entry, at, u64::MAX)?),
                ("dst", _) => encap.destination = Some(self.address_after(entry, at, &mut own)?),
                ("src", _) => encap.source = Some(self.address_after(entry, at, &mut own)?),
                ("tos", Family::V4) | ("tc", Family::V6) => {
                    encap.tos = Some(self.number_after(entry, at, (0, 255))?);
                }
                ("ttl", Family::V4) | ("hoplimit", Family::V6) => {
                    encap.ttl = Some(self.number_after(entry, at, (0, 255))?);
                }
                ("flags", _) => {
                    let flags = self.any_base_after(entry, at, u64::from(u16::MAX))?;
                    encap.flags = u16::try_from(flags).ok();
                }
                _ => break,
            }
            at += 2;
        }
        if encap.id.is_none() && encap.destination.is_none() {
            let message = "address or id missing for ip encapsulation";
            self.report(
                Diagnostic::error("missing-parameter", entry.span_of(at), message)
                    .expected("dst IP or id N"),
            );
            return Err(Lost);
        }
        Ok((at, Some(Encap::Ip(encap))))
    }
}

const fn bare() -> Nexthop {
    Nexthop { gateway: None, interface: None, weight: 1, onlink: false, encap: None, realms: None }
}

/// The upper half of an IPv6 address, in four groups.
fn locator(word: &str) -> Option<u64> {
    let groups: Option<Vec<u64>> = word
        .split(':')
        .map(|group| any_base(&format!("0x{group}")).filter(|group| *group <= 0xffff))
        .collect();
    match *groups?.as_slice() {
        [a, b, c, d] => Some(a << 48 | b << 32 | c << 16 | d),
        _ => None,
    }
}
