//! What becomes of interfaces, and who is told: the kernel says it, the driver of a polled link has its word, and a change
//! may have to last.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::action::Action;
use super::facts::Change;
use super::note::{Note, What};
use super::router::Router;
use crate::config::model::{Config, VrrpInstance};
use crate::ids::{Family, Name};
use crate::objects::interface::Interface;
use crate::time::Mono;

impl Router {
    /// What the kernel says of an interface; what counts of it may come later.
    pub(super) fn interface(
        &mut self,
        now: Mono,
        name: &Name,
        interface: Option<Arc<Interface>>,
        out: &mut Vec<Action>,
    ) {
        let counts = self.debounce.change(now, self.facts.interface(name), name, interface);
        self.interface_counts(now, name, counts, out);
    }

    /// From which addresses the interfaces of the configuration speak, unless an instance had it before.
    pub(super) fn note_first_sources(&self, before: &Config, out: &mut Vec<Action>) {
        let mut told: HashSet<&Name> =
            before.instances.iter().map(|instance| &instance.interface).collect();
        for instance in &self.config.instances {
            if told.insert(&instance.interface) {
                self.note_sources(&instance.interface, [None, None], out);
            }
        }
    }

    fn note_sources(&self, name: &Name, before: [Option<IpAddr>; 2], out: &mut Vec<Action>) {
        for (before, now) in before.into_iter().zip(self.facts.sources(name)) {
            let (address, present) = match (before, now) {
                (before, Some(now)) if before != Some(now) => (now, true),
                (Some(before), None) => (before, false),
                _ => continue,
            };
            out.push(Action::Note(Note { about: name.clone(), what: What::Source { address, present } }));
        }
    }

    /// Others are polled now; an interface that was without a beat is what the kernel says again.
    pub(super) fn follow_beats(&mut self, now: Mono, out: &mut Vec<Action>) {
        let (facts, debounce) = (&self.facts, &self.debounce);
        let kernel = |name: &Name| debounce.held(name).or_else(|| facts.interface(name)).cloned();
        for (name, interface) in self.beats.configure(&self.config, kernel) {
            self.interface(now, &name, interface, out);
        }
    }

    pub(super) fn interface_counts(
        &mut self,
        now: Mono,
        name: &Name,
        interface: Option<Arc<Interface>>,
        out: &mut Vec<Action>,
    ) {
        let was_there = self.facts.interface(name).is_some();
        let was_up = self.facts.interface(name).is_some_and(|interface| interface.up);
        let spoke_from = self.by_interface.get(name).map(|_| self.facts.sources(name));
        let change = self.facts.set_interface(name, interface);
        if change == Change::Nothing {
            return;
        }
        if let Some(before) = spoke_from {
            self.note_sources(name, before, out);
        }
        let up = self.facts.interface(name).is_some_and(|interface| interface.up);
        let present = self.facts.interface(name).is_some();
        if present != was_there && self.by_interface.contains_key(name) {
            out.push(Action::Note(Note { about: name.clone(), what: What::Presence { present } }));
        }
        if up != was_up && self.by_interface.contains_key(name) {
            let what = if self.beats.polls(name) { What::LinkBeat { up } } else { What::Link { up } };
            out.push(Action::Note(Note { about: name.clone(), what }));
        }
        if change == Change::Identity {
            self.rewire();
        }
        for id in self.by_interface.get(name).cloned().unwrap_or_default() {
            self.settle(now, id, out);
        }
        // Those without an interface may have their source on any.
        for id in self.by_interface.get("").cloned().unwrap_or_default() {
            self.settle(now, id, out);
        }
    }
}

/// The name of the interface whose link the instance depends on.
pub(super) fn interfaces_of(config: &VrrpInstance) -> impl Iterator<Item = &Name> {
    std::iter::once(&config.interface).chain(config.device())
}

/// What the file gives, else the first usable address that is not one of ours.
pub(super) fn source_of(
    config: &VrrpInstance,
    interface: &Interface,
    is_virtual: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    config.own_source().or_else(|| match config.family {
        // Of an ipvlan only what the file gives.
        Family::V4 if config.options.ipvlan.is_some() => None,
        Family::V4 => interface.source_v4(is_virtual).map(IpAddr::V4),
        Family::V6 => interface.source_v6(is_virtual).map(IpAddr::V6),
    })
}
