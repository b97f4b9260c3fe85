//! A new configuration, or the first one: what stays keeps its state, the rest comes and goes.
//!
//! Services match by address, port and protocol (or mark and family, or group and protocol), real servers by address and
//! port, checkers by what they ask. No reload takes a working server away: a new checker of a server
//! that stays counts as the server did until its first result.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::action::{Action, CheckerId, ServiceId};
use super::director::{Attached, Director, Word, note_followed};
use super::drain::Draining;
use super::followed::{self, Effect};
use super::leaving::Lost;
use super::name::{RealName, ServiceName};
use super::note::Note;
use super::plan;
use super::service::{Checkers, Keys, Real, Release, Service, Settings, notify_real, release_real};
use crate::config::model::{Check, Config, RealServer, VirtualServer};
use crate::health::checker::{Checker, counts, first_delay, is_probed};
use crate::objects::ipvs::{DestKey, ServiceKey};
use crate::time::Mono;

impl Director {
    pub(super) fn load(&mut self, now: Mono, config: &Arc<Config>, out: &mut Vec<Action>) {
        self.followed.forget_others(config);
        let reals = config.virtual_servers.iter().flat_map(|service| &service.real_servers);
        let checks = reals.map(|real| real.checks.len()).sum();
        self.checkers.make_room(checks);
        self.schedule.make_room(checks);
        let mut old = std::mem::take(&mut self.by_identity);
        let old_order = std::mem::take(&mut self.order);
        let mut activated = Vec::new();
        let mut taken: FxHashMap<ServiceKey, usize> =
            FxHashMap::with_capacity_and_hasher(config.virtual_servers.len(), FxBuildHasher);
        let (mut dropped, mut lost) = (Vec::new(), Vec::new());
        for at in 0..config.virtual_servers.len() {
            let Some(settings) = Settings::new(config, at) else { continue };
            let identity = plan::identity(&settings);
            if self.by_identity.contains_key(&identity) {
                continue;
            }
            // Of two services with one address the first has it.
            let mut left = Vec::new();
            let keys = plan::service_keys(&settings).filter(|key| match taken.entry(*key) {
                Entry::Vacant(free) => {
                    free.insert(at);
                    true
                }
                Entry::Occupied(other) => {
                    if *other.get() != at {
                        left.push(*key);
                    }
                    false
                }
            });
            let keys = keys.collect();
            if let Some(first) = left.first().copied() {
                let (service, more) = (plan::name(&settings), left.len() - 1);
                out.push(Action::Note(Note::LeftToAnother { service, first, more }));
            }
            let id = match old.remove(&identity) {
                Some(id) => {
                    lost.extend(self.keep_keys(now, id, keys, &settings, out));
                    self.keep_service(now, id, settings, &mut activated, out);
                    id
                }
                None => match self.add_service(now, (keys, settings), &mut activated, out) {
                    Some(id) => id,
                    None => continue,
                },
            };
            self.by_identity.insert(identity, id);
            self.order.push(id);
        }
        // What `old` still holds is gone; in the old order, so that the log is the same every time.
        let gone: FxHashSet<ServiceId> = old.into_values().collect();
        dropped.extend(self.remove_services(
            now,
            old_order.into_iter().filter(|id| gone.contains(id)),
            out,
        ));
        self.come_back(&taken, out);
        self.leave_to_others(&taken, out);
        for lost in lost {
            dropped.extend(self.drain_members(now, lost, &taken, out));
        }
        dropped.retain(|key| !taken.contains_key(key));
        if !dropped.is_empty() {
            out.push(Action::Retire(dropped));
        }
        out.extend(activated.into_iter().map(Action::Note));
        self.follow_addresses(now, out);
        self.follow_drains();
        self.follow_probing(now, config, out);
    }

    fn add_service(
        &mut self,
        now: Mono,
        (keys, settings): (Keys, Settings),
        activated: &mut Vec<Note>,
        out: &mut Vec<Action>,
    ) -> Option<ServiceId> {
        let id = ServiceId(self.services.reserve()?);
        self.presence.add(id, &settings);
        let name = &plan::name(&settings);
        let mut reals = Vec::with_capacity(settings.real_servers.len());
        for (index, real) in settings.real_servers.iter().enumerate() {
            reals.push(self.new_real(now, (id, index), name, real, activated));
        }
        self.services.fill(id.0, Service::start(id, keys, settings, reals, out));
        Some(id)
    }

    /// The kernel's services for one that stays; answers which it had, if they are others now.
    fn keep_keys(
        &mut self,
        now: Mono,
        id: ServiceId,
        keys: Keys,
        new: &VirtualServer,
        out: &mut Vec<Action>,
    ) -> Option<Lost> {
        let service = self.services.get_mut(id.0).filter(|service| service.keys() != keys.as_slice())?;
        out.push(Action::Program(id));
        let (settings, drain) = (service.settings().clone(), service.begin_drain(now, new));
        Some(Lost { settings, drain, keys: service.replace_keys(keys) })
    }

    /// Answers which services of the kernel they had.
    fn remove_services(
        &mut self,
        now: Mono,
        gone: impl Iterator<Item = ServiceId>,
        out: &mut Vec<Action>,
    ) -> Vec<ServiceKey> {
        let mut keys = Vec::new();
        for id in gone {
            if self.begin_leaving(now, id, out) {
                continue;
            }
            let Some(mut service) = self.services.remove(id.0) else { continue };
            service.end(false, out);
            keys.extend_from_slice(service.keys());
            for real in service.take_reals() {
                self.remove_checkers(real.checkers);
            }
        }
        keys
    }

    /// The service is in both configurations.
    fn keep_service(
        &mut self,
        now: Mono,
        id: ServiceId,
        settings: Settings,
        activated: &mut Vec<Note>,
        out: &mut Vec<Action>,
    ) {
        let Some(service) = self.services.get_mut(id.0) else { return };
        let new_settings = settings.clone();
        if **service.settings() == *settings {
            service.rebase(settings);
            return;
        }
        let name = &plan::name(&settings);
        let old_settings = service.settings().clone();
        note_members(&old_settings, &settings, out);
        let old_reals = service.take_reals();
        let mut old: FxHashMap<DestKey, (&RealServer, Real)> =
            FxHashMap::with_capacity_and_hasher(old_reals.len(), FxBuildHasher);
        for (settings, real) in old_settings.real_servers.iter().zip(old_reals) {
            if let Some((_, twice)) = old.insert(plan::real_key(settings), (settings, real)) {
                self.remove_checkers(twice.checkers);
            }
        }
        out.push(Action::Program(id));
        let mut reals = Vec::with_capacity(settings.real_servers.len());
        for (index, new) in settings.real_servers.iter().enumerate() {
            reals.push(match old.remove(&plan::real_key(new)) {
                Some((before, real)) => {
                    let was_up = real.is_up();
                    let weight = real.weight(before);
                    let real = self.keep_real(now, (id, index), name, new, real, (activated, out));
                    note_kept(name, (weight, was_up), new, &real, out);
                    real
                }
                None => {
                    let real = self.new_real(now, (id, index), name, new, activated);
                    if real.is_up() {
                        settings.notify_new(name, new, out);
                    }
                    real
                }
            });
        }
        for settings in &old_settings.real_servers {
            if let Some((_, real)) = old.remove(&plan::real_key(settings)) {
                self.let_go(now, (id, name), (&old_settings, &new_settings), (settings, &real), out);
                self.remove_checkers(real.checkers);
            }
        }
        if let Some(service) = self.services.get_mut(id.0) {
            service.adopt(settings, reals, out);
        }
    }

    /// The real server is in the old configuration only: it leaves, at once or when its connections have ended.
    fn let_go(
        &mut self,
        now: Mono,
        (id, name): (ServiceId, &ServiceName),
        (old, new): (&VirtualServer, &VirtualServer),
        (settings, real): (&RealServer, &Real),
        out: &mut Vec<Action>,
    ) {
        let service = self.services.get_mut(id.0).filter(|service| service.holds(settings, real));
        let draining = service.and_then(|service| {
            let draining = Draining::begin(now, new, settings)?;
            let (real, seconds) = (draining.name(name), draining.until().since(now).as_secs());
            service.drain_mut().add(draining);
            Some(Note::Draining { real, service: name.clone(), seconds })
        });
        let why = if draining.is_some() { Release::Drain } else { Release::Reload };
        out.extend(draining.map(Action::Note));
        if why == Release::Reload {
            out.push(Action::Note(Note::Forgotten { real: RealName::of(name, plan::real_key(settings)) }));
        }
        release_real(name, settings, real.is_up(), why, old.omega, out);
    }

    /// The real server is in both configurations: its equal checkers go on as if nothing had happened.
    fn keep_real(
        &mut self,
        now: Mono,
        place: (ServiceId, usize),
        name: &ServiceName,
        settings: &RealServer,
        old: Real,
        (activated, out): (&mut Vec<Note>, &mut Vec<Action>),
    ) -> Real {
        let was_up = old.is_up();
        let mut spare = old.checkers;
        let mut checkers = Checkers::with_capacity(settings.checks.len());
        for check in settings.checks.iter().filter(|check| counts(&check.kind)) {
            let same = spare.iter().position(|id| self.check(*id).is_some_and(|old| old.goes_on_as(check)));
            if let Some(position) = same {
                let id = spare.remove(position);
                self.hasten(now, id, check);
                if let Some(attached) = self.checkers.get_mut(id.0) {
                    attached.real = u32::try_from(place.1).unwrap_or(u32::MAX);
                    // The old one goes with its configuration.
                    attached.checker.follow(check);
                }
                checkers.push(id);
            } else if let Some(id) = self.new_checker(now, place, check, was_up) {
                activated.extend(self.activating(place.0, name, settings, check));
                checkers.push(id);
                let up = self.stands(id);
                let before = spare.iter().find(|old| self.follows_the_same(**old, id));
                if up != before.is_none_or(|old| self.stands(*old)) {
                    note_followed(RealName::of(name, plan::real_key(settings)), check, up, out);
                }
            }
        }
        self.remove_checkers(spare);
        self.assemble(settings, checkers)
    }

    /// A pause that is longer than the new `delay_loop` shrinks with it, so that those that were spread stay so.
    fn hasten(&mut self, now: Mono, id: CheckerId, new: &Check) {
        let Some(before) = self.check(id).map(|check| check.pace.delay_loop) else { return };
        let Some(left) = self.schedule.of(id.0).map(|due| due.since(now)) else { return };
        let delay_loop = new.pace.delay_loop;
        if delay_loop < before && left > delay_loop {
            let left = left.mul_f64(delay_loop.as_secs_f64() / before.as_secs_f64());
            self.schedule.set(id.0, now + left);
        }
    }

    fn stands(&self, id: CheckerId) -> bool {
        self.checkers.get(id.0).is_none_or(|found| found.checker.is_up())
    }

    fn follows_the_same(&self, one: CheckerId, other: CheckerId) -> bool {
        let (Some(one), Some(other)) = (self.check(one), self.check(other)) else { return false };
        followed::are_of_the_same(&one.kind, &other.kind)
    }

    fn new_real(
        &mut self,
        now: Mono,
        place: (ServiceId, usize),
        name: &ServiceName,
        settings: &RealServer,
        activated: &mut Vec<Note>,
    ) -> Real {
        let mut checkers = Checkers::with_capacity(settings.checks.len());
        for check in settings.checks.iter().filter(|check| counts(&check.kind)) {
            let up = !check.alpha || self.followed.is_silent(&check.kind);
            if let Some(id) = self.new_checker(now, place, check, up) {
                activated.extend(self.activating(place.0, name, settings, check));
                checkers.push(id);
            }
        }
        self.assemble(settings, checkers)
    }

    fn assemble(&self, settings: &RealServer, checkers: Checkers) -> Real {
        let failed = checkers.iter().filter(|id| !self.stands(**id)).count();
        let failed = u32::try_from(failed).unwrap_or(u32::MAX);
        let attached = checkers.iter().filter_map(|id| self.checkers.get(id.0));
        let added = attached.map(|found| found.word.added(settings)).sum();
        Real { checkers, failed, added }
    }

    fn new_checker(
        &mut self,
        now: Mono,
        (service, real): (ServiceId, usize),
        check: &Arc<Check>,
        up: bool,
    ) -> Option<CheckerId> {
        let (mut checker, mut word) = (Checker::new(Arc::clone(check), up), Word::Nothing);
        if let Some(effect) = self.followed.effect(check) {
            checker.told(effect != Effect::Fault);
            if let Effect::Adds(more) = effect {
                word = Word::Adds(more);
            }
        }
        let id = CheckerId(self.checkers.insert(Attached {
            checker,
            service,
            real: u32::try_from(real).ok()?,
            running: None,
            waiting: false,
            word,
            early: 0,
            started: now,
        })?);
        if is_probed(&check.kind) {
            let first = now + first_delay(self.seed, self.created, check.pace.warmup);
            self.created += 1;
            if !self.presence.is_away(service) {
                self.schedule.set(id.0, first);
            }
        }
        self.followed.join(id, &check.kind);
        Some(id)
    }

    /// What there is to say of a new checker, unless it rests or is told: then it has nothing to begin.
    fn activating(
        &self,
        id: ServiceId,
        service: &ServiceName,
        settings: &RealServer,
        check: &Check,
    ) -> Option<Note> {
        let real = RealName::of(service, plan::real_key(settings));
        let begins = is_probed(&check.kind) && !self.presence.is_away(id);
        begins.then(|| Note::Activating { real, service: service.clone() })
    }

    pub(super) fn remove_checkers(&mut self, ids: impl IntoIterator<Item = CheckerId>) {
        for id in ids {
            if let Some(gone) = self.checkers.remove(id.0) {
                self.followed.leave(id, &gone.checker.check().kind);
            }
            self.schedule.clear(id.0);
            self.lengths.forget(id);
        }
    }
}

/// Which members the group of a service has lost and got.
fn note_members(before: &VirtualServer, now: &VirtualServer, out: &mut Vec<Action>) {
    let (Some(before), Some(used)) = (&before.group, &now.group) else { return };
    let (old, new) = (&before.group.members, &used.group.members);
    for (members, others, added) in [(old, new, false), (new, old, true)] {
        let others: FxHashSet<_> = others.iter().collect();
        out.extend(members.iter().filter(|member| !others.contains(member)).map(|member| {
            let (group, protocol) = (used.group.name.clone(), now.protocol);
            Action::Note(Note::Member { group, member: *member, protocol, added })
        }));
    }
}

/// What there is to say of a real server that stays: another weight, or it came up because the
/// checker that held it down is gone, or went down because a new one does.
fn note_kept(
    service: &ServiceName,
    (from, was_up): (u32, bool),
    now: &RealServer,
    real: &Real,
    out: &mut Vec<Action>,
) {
    let (to, is_up) = (real.weight(now), real.is_up());
    if from != to {
        let real = RealName::of(service, plan::real_key(now));
        let service = service.clone();
        out.push(Action::Note(Note::Weight { real, service, from, to, active: is_up }));
    }
    if is_up != was_up {
        out.push(Action::Note(passing(service, now, is_up)));
        notify_real(service, now, is_up, out);
    }
}

fn passing(service: &ServiceName, settings: &RealServer, up: bool) -> Note {
    let real = RealName::of(service, plan::real_key(settings));
    Note::RealServer { real, service: service.clone(), up, inhibit: settings.inhibit_on_failure }
}
