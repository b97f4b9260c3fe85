//! `use_ipvlan [[name] IFNAME] [IP[/LEN]] [bridge|private|vepa] [group GROUP]`

use ipnet::IpNet;

use super::Lower;
use super::read::LONGEST_INTERFACE;
use crate::config::model::options::IpvlanMode;
use crate::config::syntax::Node;
use crate::diag::{Diagnostic, Span};
use crate::ids::Name;

/// What the line said.
#[derive(Clone, Debug, Default)]
pub struct IpvlanLine {
    pub span: Option<Span>,
    pub name: Option<Name>,
    pub address: Option<IpNet>,
    pub mode: Option<IpvlanMode>,
    pub group: Option<Name>,
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
                    line.group = node.argument(at).map(Into::into);
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
