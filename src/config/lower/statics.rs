//! `static_ipaddress`, `static_routes`, `static_rules`, and the `track_group` that they may name.

use super::Lower;
use super::address::AddressPlace;
use super::line::Owner;
use crate::config::model::{StaticAddress, TrackGroup};
use crate::config::policy::RejectedKind;
use crate::config::syntax::Node;
use crate::diag::{Diagnostic, Span};
use crate::ids::Name;

/// A track group before its members are known.
pub struct TrackGroupDraft {
    name: Name,
    members: Vec<(Name, Option<Span>)>,
}

impl Lower<'_> {
    /// Reads one; the first of a name counts.
    pub fn track_group(&mut self, node: &Node) {
        let Some(name) = node.argument(1) else { return };
        let name: Name = name.into();
        if let Some(first) = self.definitions.groups.get(&name).copied() {
            let message = format!("track_group {name} already defined");
            let mut diagnostic = Diagnostic::error("defined-twice", node.span_of(1), message);
            if let Some(first) = first {
                diagnostic = diagnostic.related(first, "the first one");
            }
            self.report(diagnostic);
            return;
        }
        let mut members = Vec::new();
        self.each(node.nodes(), |_, node, _| {
            for entry in node.nodes() {
                let words = (0..entry.line.count()).filter_map(|at| Some((entry.line.word(at)?, at)));
                members.extend(words.map(|(word, at)| (Name::from(word), entry.line.span(at))));
            }
        });
        if members.is_empty() && !self.is_consequence(node, &["group"], &format!("{name} has no members")) {
            let message = format!("track_group {name} has no members");
            self.report(
                Diagnostic::note("empty-block", node.span_of(1), message)
                    .expected("group { INSTANCE ... }"),
            );
        }
        self.definitions.groups.insert(name.clone(), node.span_of(1));
        self.definitions.track_groups.push(TrackGroupDraft { name, members });
    }

    /// The instances are in the model.
    pub fn complete_track_groups(&mut self) {
        // keepalived looks at them only where there is VRRP at all.
        let vrrp = !self.loaded.config.instances.is_empty();
        for draft in std::mem::take(&mut self.definitions.track_groups) {
            let mut group = TrackGroup { name: draft.name, members: Vec::new() };
            for (member, span) in draft.members {
                if self.loaded.config.instances.iter().any(|instance| instance.name == member) {
                    group.members.push(member);
                } else if vrrp && !self.is_lost("vrrp_instance", &member) {
                    self.no_such_member((&member, span), &format!("track_group {}", group.name), &[]);
                }
            }
            self.loaded.config.track_groups.push(group);
        }
    }

    /// Addresses, on `default_interface` where a line names none.
    pub fn static_addresses(&mut self, node: &Node) {
        let owner: Name = "static_ipaddress".into();
        for entry in node.nodes() {
            let mut address = match self.address_line(entry, &owner, AddressPlace::Static) {
                Ok(address) => address,
                Err(address) => {
                    let reason = "an address of static_ipaddress cannot be read";
                    self.reject(RejectedKind::StaticAddress(address), entry.span(), reason);
                    continue;
                }
            };
            let interface = self.loaded.config.global.default_interface.clone();
            if address.dev.is_none() {
                self.need_interface(&interface, "static_ipaddress", entry.span());
            }
            let track_group = address.track_group.take();
            let address = address.on(&interface, &mut self.common.attributes);
            let track_group = self.known_group(entry, track_group);
            self.loaded.config.statics.addresses.push(StaticAddress {
                track_group,
                key: address.key,
                attributes: address.attributes,
                no_track: address.no_track,
            });
        }
    }

    /// Routes.
    pub fn static_routes(&mut self, node: &Node) {
        for entry in node.nodes() {
            let owner = Owner { what: "static route", instance: None };
            let Ok(mut route) = self.route(entry, &owner) else {
                self.reject_routing(entry, &owner);
                continue;
            };
            let group = route.track_group.take();
            if route.interface.is_none() && group.is_some() {
                self.group_without_interface(
                    entry,
                    "Static route cannot have track group if no oif specified",
                );
            } else {
                route.track_group = self.known_group(entry, group);
            }
            self.loaded.config.statics.routes.push(route);
        }
    }

    /// Rules.
    pub fn static_rules(&mut self, node: &Node) {
        for entry in node.nodes() {
            let owner = Owner { what: "static rule", instance: None };
            let Ok(mut rule) = self.rule(entry, &owner) else {
                self.reject_routing(entry, &owner);
                continue;
            };
            let group = rule.track_group.take();
            if rule.matches.input.is_none() && group.is_some() {
                let message = "Static rule cannot have track_group if dev/iif not specified";
                self.group_without_interface(entry, message);
            } else {
                rule.track_group = self.known_group(entry, group);
            }
            self.loaded.config.statics.rules.push(rule);
        }
    }

    fn group_without_interface(&mut self, entry: &Node, message: &str) {
        let at = place_of(entry, "track_group");
        self.report(
            Diagnostic::error("track-group-without-interface", entry.span_of(at), message)
                .expected("dev IFNAME beside it"),
        );
    }

    /// The group, where it is defined above.
    fn known_group(&mut self, entry: &Node, group: Option<Name>) -> Option<Name> {
        let group = group?;
        if self.definitions.groups.contains_key(&group) {
            return Some(group);
        }
        let span = entry.span_of(place_of(entry, "track_group") + 1);
        let message = format!("track_group {group} not found");
        let diagnostic = Diagnostic::error("no-such-track-group", span, message);
        self.undefined(diagnostic, &group, ("track_group", |known| &known.groups));
        None
    }
}

fn place_of(entry: &Node, word: &str) -> usize {
    entry.line.words_from(0).position(|found| found == word).unwrap_or(0)
}
