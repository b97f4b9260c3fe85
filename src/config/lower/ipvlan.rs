//! `use_ipvlan [[name] IFNAME] [IP[/LEN]] [bridge|private|vepa] [group GROUP]`

use ipnet::IpNet;

use super::Lower;
use super::instance_rules::VmacNames;
use super::line::GROUPS;
use super::read::LONGEST_INTERFACE;
use super::vmac::default_name;
use crate::config::model::VrrpInstance;
use crate::config::model::options::{Ipvlan, IpvlanMode};
use crate::config::syntax::Node;
use crate::diag::{Diagnostic, Span};
use crate::ids::{Family, Name};
use crate::objects::route::Named;

/// What the line said.
#[derive(Clone, Debug, Default)]
pub struct IpvlanLine {
    pub span: Option<Span>,
    pub name: Option<Name>,
    pub address: Option<IpNet>,
    pub mode: Option<IpvlanMode>,
    pub group: Option<Named>,
}

impl Lower<'_> {
    /// Reads the line.
    pub fn use_ipvlan(&mut self, node: &Node, owner: &Name) -> IpvlanLine {
        let mut line = IpvlanLine { span: node.span(), ..IpvlanLine::default() };
        let mut at = 1;
        while let Some(word) = node.argument(at) {
            match word {
                "bridge" | "private" | "vepa" => self.ipvlan_mode(node, at, &mut line, owner),
                "group" => {
                    at += 1;
                    line.group = self.named_after(node, at - 1, GROUPS).ok().or(line.group.take());
                }
                "name" => {
                    at += 1;
                    self.ipvlan_name(node, at, &mut line, owner);
                }
                _ => match net(word) {
                    Some(net) if line.address.is_none() => line.address = Some(net),
                    Some(_) => {
                        let message =
                            format!("({owner}) IPVLAN address already specified - ignoring '{word}'");
                        self.report(Diagnostic::error("given-twice", node.span_of(at), message));
                    }
                    None => self.ipvlan_name(node, at, &mut line, owner),
                },
            }
            at += 1;
        }
        line
    }

    /// The device of the instance; without an address that could be the source the instance is in FAULT for good.
    pub fn complete_ipvlan(
        &mut self,
        line: Option<&IpvlanLine>,
        instance: &VrrpInstance,
        span: Option<Span>,
        taken: &mut VmacNames,
    ) -> Option<Ipvlan> {
        let line = line?;
        let address = line.address.filter(|net| Family::of(net.addr()) == instance.family);
        if let (Family::V6, None, Some(other)) = (instance.family, address, line.address) {
            let message = format!(
                "({}) ipvlan address [{}] must match the family - ignoring",
                instance.name,
                other.addr()
            );
            self.report(
                Diagnostic::error("wrong-family", line.span.or(span), message)
                    .expected("an address of IPv6"),
            );
        }
        if instance.family == Family::V4 && address.is_none() {
            let message = format!(
                "({}) IPv4 ipvlan requires a source ip address to be configured. setting instance to fault state",
                instance.name
            );
            self.report(
                Diagnostic::error("ipvlan-without-address", line.span.or(span), message)
                    .expected("use_ipvlan IP[/LEN]"),
            );
        }
        let prefix = &self.loaded.config.global.vmac_prefix;
        let free = || default_name(prefix, instance.family, instance.vrid, |name| taken.contains_key(name));
        let name = line.name.clone().unwrap_or_else(free);
        taken.entry(name.clone()).or_insert(line.span);
        self.loaded.own_interfaces.insert(name.clone());
        Some(Ipvlan { name, address, mode: line.mode.unwrap_or_default(), group: line.group.clone() })
    }

    fn ipvlan_mode(&mut self, node: &Node, at: usize, line: &mut IpvlanLine, owner: &Name) {
        let word = node.argument(at).unwrap_or("");
        if line.mode.is_some() {
            let message = format!("({owner}) ipvlan type already specified - ignoring '{word}'");
            self.report(Diagnostic::error("given-twice", node.span_of(at), message));
            return;
        }
        line.mode = Some(match word {
            "private" => IpvlanMode::Private,
            "vepa" => IpvlanMode::Vepa,
            _ => IpvlanMode::Bridge,
        });
    }

    fn ipvlan_name(&mut self, node: &Node, at: usize, line: &mut IpvlanLine, owner: &Name) {
        let Some(word) = node.argument(at) else { return };
        if line.name.is_some() {
            let message = format!("({owner}) IPVLAN interface already specified - ignoring '{word}'");
            self.report(Diagnostic::error("given-twice", node.span_of(at), message));
        } else if word.len() > LONGEST_INTERFACE || word.contains('/') {
            let message =
                format!("({owner}) '{word}' is neither an interface name nor an address - ignoring");
            self.report(
                Diagnostic::error("name-too-long", node.span_of(at), message)
                    .expected("at most 15 characters, without '/'; or IP[/LEN]"),
            );
        } else {
            line.name = Some(word.into());
        }
    }
}

fn net(word: &str) -> Option<IpNet> {
    word.parse().ok().or_else(|| Some(IpNet::from(word.parse::<std::net::IpAddr>().ok()?)))
}
