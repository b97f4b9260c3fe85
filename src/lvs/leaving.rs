//! What a reload removes of services that have `drain_timeout`: a whole service stays, and all of its real servers drain;
//! of a group that stays, each address or mark that it has lost stays by itself. With the last of its real servers it is
//! gone.

use rustc_hash::FxHashMap;

use super::action::{Action, CheckerId, ServiceId};
use super::director::Director;
use super::drain::{Drain, Draining};
use super::name::ServiceName;
use super::note::Note;
use super::plan;
use super::service::{Keys, Release, Service, Settings, release_real};
use crate::config::model::VirtualServer;
use crate::objects::ipvs::ServiceKey;
use crate::time::Mono;

/// The kernel's services that a service had before a reload.
pub(super) struct Lost {
    /// Of then.
    pub settings: Settings,
    /// What drains in those that it has no more; empty where nothing does.
    pub drain: Drain,
    pub keys: Keys,
}

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

    /// Those that nobody has now stay for a while; answers which do not.
    pub(super) fn drain_members(
        &mut self,
        now: Mono,
        lost: Lost,
        taken: &FxHashMap<ServiceKey, usize>,
        out: &mut Vec<Action>,
    ) -> Keys {
        let keys = lost.keys.into_iter().filter(|key| !taken.contains_key(key));
        let Some(until) = lost.drain.iter().map(Draining::until).max() else { return keys.collect() };
        let service = plan::name(&lost.settings);
        let seconds = until.since(now).as_secs();
        keys.filter(|key| {
            let member = ServiceName::Single(*key);
            out.push(Action::Note(Note::MemberDraining { member, service: service.clone(), seconds }));
            !self.keep_member(*key, &lost.settings, &lost.drain, out)
        })
        .collect()
    }

    /// It stays by itself, until its real servers have drained.
    fn keep_member(
        &mut self,
        key: ServiceKey,
        settings: &Settings,
        drain: &Drain,
        out: &mut Vec<Action>,
    ) -> bool {
        let Some(id) = self.services.reserve().map(ServiceId) else { return false };
        self.services.fill(id.0, Service::member(id, key, settings.clone(), drain.clone()));
        self.leaving.push(id);
        out.push(Action::Program(id));
        true
    }

    /// A service that was about to leave, or a part of it, is in the configuration again: its real servers that are not
    /// wanted again go on draining, if the new one drains at all. So do the parts that are not wanted again.
    pub(super) fn come_back(&mut self, taken: &FxHashMap<ServiceKey, usize>, out: &mut Vec<Action>) {
        for id in std::mem::take(&mut self.leaving) {
            let Some(identity) = self.services.get(id.0).map(|old| plan::identity(old.settings())) else {
                continue;
            };
            let Some(new) = self.by_identity.get(&identity).copied() else {
                self.leaving.push(id);
                continue;
            };
            let Some(mut old) = self.services.remove(id.0) else { continue };
            let Some(service) = self.services.get_mut(new.0) else { continue };
            let (place, drains) = (service.settings().place(), service.settings().drain_timeout.is_some());
            let drain = std::mem::take(old.drain_mut());
            if old.keys().iter().any(|key| taken.get(key) == Some(&place)) {
                service.inherit(drain.clone(), out);
            }
            for key in old.keys().iter().filter(|key| !taken.contains_key(key)) {
                if !drains || !self.keep_member(*key, old.settings(), &drain, out) {
                    let service = ServiceName::Single(*key);
                    out.push(Action::Note(Note::ServiceRemoved { service }));
                    out.push(Action::Retire(vec![*key]));
                }
            }
        }
    }

    /// What of the kernel's services others have now is not theirs any more.
    pub(super) fn leave_to_others(&mut self, taken: &FxHashMap<ServiceKey, usize>, out: &mut Vec<Action>) {
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
            // An address that a group has lost and another service has now was not removed.
            if !(service.is_member() && service.keys().is_empty()) {
                out.push(Action::Note(Note::ServiceRemoved { service: service.name() }));
            }
            keys.extend_from_slice(service.keys());
        }
        if !keys.is_empty() {
            out.push(Action::Retire(keys));
        }
    }
}

impl Service {
    /// What drains if the table is to have all of this service no more, for as long as `new` says: those that are in the
    /// table, and those that drain already.
    pub(super) fn begin_drain(&self, now: Mono, new: &VirtualServer) -> Drain {
        if new.drain_timeout.is_none() {
            return Drain::default();
        }
        let mut drain = self.all_that_drain(now, new);
        drain.merge(self.drain().clone());
        drain
    }

    /// All that the table has of it, real servers and sorry server.
    fn all_that_drain(&self, now: Mono, new: &VirtualServer) -> Drain {
        let held = self.reals().filter(|(real, state)| self.holds(real, state));
        let reals = held.filter_map(|(real, _)| Draining::begin(now, new, real));
        let sorry = self.settings().sorry_server.as_ref().filter(|_| self.sorry_is_in_use());
        let sorry = sorry.and_then(|sorry| Draining::begin_sorry(now, new, sorry));
        reals.chain(sorry).collect()
    }

    /// All real servers that the table has drain; the down scripts run. Gives the checkers back; `None`
    /// where nothing drains.
    fn drain_all(&mut self, now: Mono, out: &mut Vec<Action>) -> Option<Vec<CheckerId>> {
        let settings = self.settings().clone();
        settings.drain_timeout?;
        let begun = self.all_that_drain(now, &settings);
        if begun.is_empty() && self.drain().is_empty() {
            return None;
        }
        let name = self.name();
        for draining in begun.iter() {
            let (real, seconds) = (draining.name(&name), draining.until().since(now).as_secs());
            out.push(Action::Note(Note::Draining { real, service: name.clone(), seconds }));
        }
        let before = std::mem::replace(self.drain_mut(), begun);
        self.drain_mut().merge(before);
        for (real, state) in self.reals() {
            release_real(&name, real, state.is_up(), Release::Drain, settings.omega, out);
        }
        self.notify_end(out);
        self.retire_sorry();
        Some(self.take_reals().into_iter().flat_map(|real| real.checkers).collect())
    }
}
