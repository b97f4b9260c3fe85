//! `garp_group`, `linkbeat_interfaces`, `interface_up_down_delays`: settings of interfaces.

use std::time::Duration;

use super::Lower;
use crate::config::model::interface::{GarpGroup, Linkbeat, LinkbeatWay, UpDownDelay};
use crate::config::syntax::Node;
use crate::diag::Diagnostic;
use crate::ids::Name;

/// The longest delay of a change, in millionths of a second.
const LONGEST_DELAY: u64 = 255_000_000;

impl Lower<'_> {
    /// Reads a `garp_group`. An interface is in one group.
    pub(super) fn garp_group(&mut self, node: &Node) {
        let mut group = GarpGroup::default();
        let mut told = false;
        self.each(node.nodes(), |lower, node, value| match node.name() {
            "garp_interval" => group.garp_interval = value.decimal(),
            "gna_interval" => group.gna_interval = value.decimal(),
            "interface" => lower.garp_interface(node, 1, &mut group),
            "interfaces" if node.nodes().is_empty() => {
                told = true;
                let message = "Warning - empty garp_group interfaces block";
                lower.report(
                    Diagnostic::warning("empty-block", node.span(), message).expected("an interface"),
                );
            }
            "interfaces" => {
                for entry in node.nodes() {
                    for at in 0..entry.line.count() {
                        lower.garp_interface(entry, at, &mut group);
                    }
                }
            }
            _ => {}
        });
        self.required(node, crate::config::keywords::Context::GarpGroup);
        if group.garp_interval.is_none() && group.gna_interval.is_none() {
            return;
        }
        if group.interfaces.is_empty() && told {
            return;
        }
        if group.interfaces.is_empty() {
            let message = "garp_group has no interfaces - ignoring";
            self.report(
                Diagnostic::note("empty-block", node.span(), message)
                    .expected("interface NAME, or interfaces { NAME ... }"),
            );
            return;
        }
        self.loaded.config.garp_groups.push(group);
    }

    fn garp_interface(&mut self, node: &Node, at: usize, group: &mut GarpGroup) {
        let Some(word) = node.argument(at) else { return };
        let name: Name = word.into();
        let elsewhere = self.loaded.config.garp_groups.iter().any(|one| one.interfaces.contains(&name));
        if elsewhere || group.interfaces.contains(&name) {
            let message = format!("garp_group: interface {name} is in a group already - ignoring");
            self.report(Diagnostic::error("given-twice", node.span_of(at), message));
            return;
        }
        self.need_interface(word, "garp_group", node.span_of(at));
        group.interfaces.push(name);
    }

    /// Reads `linkbeat_interfaces`: `IFNAME [MII|ETHTOOL|IOCTL]`.
    pub(super) fn linkbeat(&mut self, node: &Node) {
        for entry in node.nodes() {
            let way = match entry.argument(1) {
                None => None,
                Some("MII") => Some(LinkbeatWay::Mii),
                Some("ETHTOOL") => Some(LinkbeatWay::Ethtool),
                Some("IOCTL") => Some(LinkbeatWay::Ioctl),
                Some(_) => {
                    self.unknown_option(entry, 1, "linkbeat_interfaces", "MII, ETHTOOL or IOCTL");
                    continue;
                }
            };
            self.wish_interface(entry.name(), "linkbeat interface", entry.span());
            self.loaded.config.linkbeat.push(Linkbeat { interface: entry.name().into(), way });
        }
    }

    /// Reads `interface_up_down_delays`: `IFNAME DOWN [UP]`.
    pub(super) fn up_down_delays(&mut self, node: &Node) {
        for entry in node.nodes() {
            let name = "interface_up_down_delays";
            let time = |lower: &mut Self, at| match entry.argument(at) {
                None => Some(Duration::ZERO),
                Some(_) => lower.decimal(entry, name, at, (0, LONGEST_DELAY), 6),
            };
            let (Some(down), Some(up)) = (time(self, 1), time(self, 2)) else { continue };
            let interface: Name = entry.name().into();
            self.wish_interface(&interface, "up/down delay", entry.span());
            self.loaded.config.up_down_delays.push(UpDownDelay { interface, down, up });
        }
    }
}
