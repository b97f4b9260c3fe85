//! A service that a reload removes and that has `drain_timeout`: it stays, and all of its real servers drain. With the last
//! of them it is gone.

use std::collections::HashMap;

use super::action::{Action, CheckerId, ServiceId};
use super::director::Director;
use super::drain::Draining;
use super::note::Note;
use super::plan::{self, Identity};
use super::service::{Release, Service, release_real};
use crate::objects::ipvs::ServiceKey;
use crate::time::Mono;

impl Director {
    /// The service is in no configuration any more; whether it stays for a while.
    pub(super) fn begin_leaving(&mut self, now: Mono, id: ServiceId, out: &mut Vec<Action>) -> bool {
        let stays = self.services.get_mut(id.0).and_then(|service| service.drain_all(now, out));
        let Some(checkers) = stays else { return false };
        self.remove_checkers(checkers);
        out.push(Action::Program(id));
        self.leaving.push(id);
        true
    }

    /// A service with this identity is new, or one that was about to leave is wanted again: its real servers that are not
    /// wanted again go on draining, if the new one drains at all.
    pub(super) fn come_back(&mut self, identity: &Identity, new: ServiceId, out: &mut Vec<Action>) {
        let is_same = |id: &ServiceId| {
            self.services.get(id.0).is_some_and(|service| plan::identity(service.settings()) == *identity)
        };
        let Some(at) = self.leaving.iter().position(is_same) else { return };
        let old = self.leaving.remove(at);
        let Some(mut old) = self.services.remove(old.0) else { return };
        if let Some(service) = self.services.get_mut(new.0) {
            service.inherit(std::mem::take(old.drain_mut()), out);
        }
    }

    /// What of the kernel's services others have now is not theirs any more.
    pub(super) fn leave_to_others(&mut self, taken: &HashMap<ServiceKey, usize>, out: &mut Vec<Action>) {
        for id in &self.leaving {
            let Some(service) = self.services.get_mut(id.0) else { continue };
            let keys = service.keys().iter().filter(|key| !taken.contains_key(key)).copied().collect();
            service.replace_keys(keys);
        }
        self.end_leaving(out);
    }

    /// Those that have no real server left are gone.
    pub(super) fn end_leaving(&mut self, out: &mut Vec<Action>) {
        let services = &self.services;
        let is_gone = |id: &mut ServiceId| {
            services.get(id.0).is_none_or(|service| service.drain().is_empty() || service.keys().is_empty())
        };
        let gone: Vec<ServiceId> = self.leaving.extract_if(.., is_gone).collect();
        let mut keys = Vec::new();
        for service in gone.into_iter().filter_map(|id| self.services.remove(id.0)) {
            out.push(Action::Note(Note::ServiceRemoved { service: service.name() }));
            keys.extend_from_slice(service.keys());
        }
        if !keys.is_empty() {
            out.push(Action::Retire(keys));
        }
    }
}

impl Service {
    /// All real servers that the table has drain; with `omega` the down scripts run. Gives the checkers back; `None`
    /// where nothing drains.
    fn drain_all(&mut self, now: Mono, out: &mut Vec<Action>) -> Option<Vec<CheckerId>> {
        let settings = self.settings().clone();
        settings.drain_timeout?;
        let held = self.reals().filter(|(real, state)| self.holds(real, state));
        let reals = held.filter_map(|(real, _)| Draining::begin(now, &settings, real));
        let sorry = settings.sorry_server.as_ref().filter(|_| self.sorry_is_in_use());
        let sorry = sorry.and_then(|sorry| Draining::begin_sorry(now, &settings, sorry));
        let begun: Vec<Draining> = reals.chain(sorry).collect();
        if begun.is_empty() && self.drain().is_empty() {
            return None;
        }
        let name = self.name();
        for draining in begun {
            let (real, seconds) = (draining.name(&name), draining.until().since(now).as_secs());
            out.push(Action::Note(Note::Draining { real, service: name.clone(), seconds }));
            self.drain_mut().add(draining);
        }
        for (real, state) in self.reals() {
            release_real(&name, real, state.is_up(), Release::Drain, settings.omega, out);
        }
        self.notify_end(out);
        self.retire_sorry();
        Some(self.take_reals().into_iter().flat_map(|real| real.checkers).collect())
    }
}
