//! All virtual services of the node, with all their checkers.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::action::{Action, CheckerId, ServiceId};
use super::drain::Draining;
use super::event::Event;
use super::followed::{Effect, Followed};
use super::lengths::Lengths;
use super::name::{RealName, ServiceName};
use super::note::Note;
use super::plan::{self, Identity};
use super::presence::Presence;
use super::probing::Probing;
use super::service::{Conclusion, Service};
use super::slots::Slots;
use crate::config::model::{Check, CheckKind, Config, RealServer};
use crate::health::checker::{Checker, Verdict};
use crate::health::outcome::{Outcome, Success};
use crate::health::schedule::Schedule;
use crate::objects::ipvs::{Pool, ServiceKey};
use crate::objects::return_path::ReturnPath;
use crate::time::Mono;

/// A check may be early by so much, where others are due.
const LONGEST_LEEWAY: Duration = Duration::from_millis(50);
/// But by no more than this part of the pause between two checks.
const LEEWAY_SHARE: u32 = 20;

/// The load balancing half of the daemon. Every call costs what it changes, not what there is.
#[derive(Debug)]
pub struct Director {
    pub(super) services: Slots<Service>,
    pub(super) by_identity: FxHashMap<Identity, ServiceId>,
    /// As they stand in the configuration.
    pub(super) order: Vec<ServiceId>,
    pub(super) checkers: Slots<Attached>,
    /// By the slots of the checkers.
    pub(super) schedule: Schedule,
    pub(super) followed: Followed,
    pub(super) presence: Presence,
    /// Those that left the configuration and drain.
    pub(super) leaving: Vec<ServiceId>,
    pub(super) probing: Probing,
    pub(super) lengths: Lengths,
    /// Services with real servers that drain.
    pub(super) draining: Vec<ServiceId>,
    pub(super) seed: u64,
    /// Checkers made so far; spreads their first probes.
    pub(super) created: u64,
    /// Probes asked for so far; the latest one's generation.
    pub(super) generation: u64,
}

/// A checker and where it belongs.
#[derive(Debug)]
pub(super) struct Attached {
    pub checker: Checker,
    pub service: ServiceId,
    /// Index of the real server in its service.
    pub real: u32,
    /// Generation of the probe that is under way; never 0.
    pub running: Option<NonZeroU64>,
    /// It is due, and too many others are asking the same address.
    pub waiting: bool,
    /// When the latest probe began.
    pub started: Mono,
    /// By how much that was too early, in nanoseconds: what follows is so much later, lest those that went together
    /// once do so for ever.
    pub early: u32,
    pub word: Word,
}

/// What a checker says of its server's weight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Word {
    Nothing,
    /// It should be this.
    Be(u32),
    /// It should be so much more than the configured one.
    Adds(i64),
}

impl Word {
    /// What that adds to the configured weight.
    pub fn added(self, settings: &RealServer) -> i64 {
        match self {
            Word::Nothing => 0,
            Word::Be(weight) => i64::from(weight) - i64::from(settings.weight),
            Word::Adds(more) => more,
        }
    }
}

impl Attached {
    /// A probe of it begins.
    pub fn begins(&mut self, now: Mono, generation: u64) {
        (self.running, self.started, self.early, self.waiting) =
            (NonZeroU64::new(generation), now, 0, false);
    }

    /// It has a new word; how much more that adds than its last one.
    fn says(&mut self, word: Word, service: &Service) -> Option<i64> {
        let settings = service.settings().real_servers.get(self.real as usize)?;
        let before = std::mem::replace(&mut self.word, word);
        Some(word.added(settings).saturating_sub(before.added(settings)))
    }

    /// When it is asked again: a script `delay_loop` after its last start, whatever it takes; others after the result.
    fn next(&self, now: Mono, pause: Duration) -> Mono {
        let check = self.checker.check();
        let from_start = matches!(check.kind, CheckKind::Misc(_)) && pause == check.pace.delay_loop;
        let pause = pause + Duration::from_nanos(self.early.into());
        if from_start { now.max(self.started + pause) } else { now + pause }
    }
}

impl Director {
    /// Starts all services of `config`, and judges their first states by what is `known` of tracked files and BFD
    /// sessions. `seed` spreads the first probes: any number that differs from director to director.
    pub fn new(
        now: Mono,
        config: Arc<Config>,
        seed: u64,
        known: impl IntoIterator<Item = Event>,
        out: &mut Vec<Action>,
    ) -> Self {
        let mut director = Director {
            services: Slots::default(),
            by_identity: FxHashMap::default(),
            order: Vec::new(),
            checkers: Slots::default(),
            schedule: Schedule::default(),
            followed: Followed::default(),
            presence: Presence::default(),
            leaving: Vec::new(),
            probing: Probing::default(),
            lengths: Lengths::default(),
            draining: Vec::new(),
            seed,
            created: 0,
            generation: 0,
        };
        for told in known {
            director.handle(now, told, out);
        }
        director.load(now, &config, out);
        director
    }

    /// Takes one event. The actions are appended to `out`; all of one call belong together, so the
    /// kernel's table is to be touched only when the last one has been looked at.
    pub fn handle(&mut self, now: Mono, event: Event, out: &mut Vec<Action>) {
        match event {
            Event::Probed { checker, generation, outcome } => {
                self.probed(now, checker, generation, outcome, out);
            }
            Event::File { name, value } => {
                for checker in self.followed.file(name, value) {
                    self.told(checker, out);
                }
            }
            Event::Bfd { name, up } => {
                for checker in self.followed.session(name, up) {
                    self.told(checker, out);
                }
            }
            Event::Reconfigure(config) => self.load(now, &config, out),
            Event::Addresses(here) => self.addresses(now, here, out),
            Event::Counted { asked, counts } => self.counted(asked, &counts, out),
            Event::Stop => self.stop(out),
        }
    }

    /// When the next probe is due, or the time of a server that drains is over.
    pub fn deadline(&self) -> Option<Mono> {
        [self.schedule.next(), self.drain_deadline()].into_iter().flatten().min()
    }

    /// Asks for the probes that are due, and lets those leave whose time is over.
    pub fn expire(&mut self, now: Mono, out: &mut Vec<Action>) {
        self.drain_expire(now, out);
        while let Some((at, slot)) = self.schedule.first() {
            if at > now && at > now + self.leeway(CheckerId(slot)) {
                return;
            }
            self.schedule.take_due(at);
            self.begin(now, CheckerId(slot), out);
            if at > now
                && let Some(attached) = self.checkers.get_mut(slot)
            {
                attached.early = u32::try_from(at.since(now).as_nanos()).unwrap_or(0);
            }
        }
    }

    /// How much too early it may be asked, so that one wake-up serves several.
    fn leeway(&self, checker: CheckerId) -> Duration {
        let Some(check) = self.check(checker) else { return Duration::ZERO };
        let pause = check.pace.delay_loop.min(check.pace.delay_before_retry);
        (pause / LEEWAY_SHARE).min(LONGEST_LEEWAY)
    }

    /// What this checker does; `None` if there is no such checker any more.
    pub fn check(&self, checker: CheckerId) -> Option<&Arc<Check>> {
        self.checkers.get(checker.0).map(|attached| attached.checker.check())
    }

    /// What the kernel's table should hold for this service: each of its kernel services with its pool.
    pub fn desired(&self, service: ServiceId) -> impl Iterator<Item = (ServiceKey, Pool)> + use<'_> {
        let service = self.services.get(service.0).into_iter();
        service.flat_map(|service| service.keys().iter().map(|key| (*key, service.pool(*key))))
    }

    /// The same for all services, as they stand in the configuration; then for those that are leaving.
    pub fn desired_all(&self) -> impl Iterator<Item = (ServiceKey, Pool)> {
        self.order.iter().chain(&self.leaving).flat_map(|id| self.desired(*id))
    }

    /// The connections whose source becomes the director's own: of services with `return_path snat`, those to their
    /// NAT real servers, also to those that drain.
    pub fn return_path(&self) -> ReturnPath {
        let mut path = ReturnPath::default();
        let ids = self.order.iter().chain(&self.leaving);
        let services = ids.filter_map(|id| self.services.get(id.0));
        for service in services.filter(|service| service.settings().return_path_snat) {
            service.keys().iter().for_each(|key| path.add(*key));
            let drained = service.drain().iter().filter_map(Draining::translated);
            path.reals.extend(plan::translated(service.settings()).chain(drained));
        }
        path
    }

    /// A checker takes the result of a probe, its own or one that it shares.
    pub(super) fn judged(
        &mut self,
        now: Mono,
        id: CheckerId,
        generation: u64,
        outcome: Outcome,
        out: &mut Vec<Action>,
    ) {
        let Some(attached) = self.checkers.get_mut(id.0) else { return };
        if attached.running != NonZeroU64::new(generation) {
            return;
        }
        attached.running = None;
        let was_up = attached.checker.is_up();
        let judged = attached.checker.judge(&outcome);
        self.schedule.set(id.0, attached.next(now, judged.pause));
        let Some(service) = self.services.get_mut(attached.service.0) else { return };
        let Some(name) = service.real_name_at(attached.real as usize) else { return };
        if let Outcome::Success(Success::Ran { weight }) = outcome
            && let Some(more) = attached.says(weight.map_or(Word::Nothing, Word::Be), service)
        {
            service.weigh(attached.real as usize, more, true, out);
        }
        let check = attached.checker.check();
        let failure = match (judged.verdict, &outcome) {
            (Verdict::Down { .. }, Outcome::Failure(failure)) => Some(failure.clone()),
            _ => None,
        };
        if let Some((url, length)) = self.lengths.news(id, &outcome) {
            let (service, check) = (service.name(), Arc::clone(check));
            out.push(Action::Note(Note::OddLength { real: name, service, check, url, length }));
        }
        note_result((name, service.name()), check, was_up, judged.verdict, outcome, out);
        let (up, first, changed) = match judged.verdict {
            Verdict::Up { first, changed } => (true, first, changed),
            Verdict::Down { first, changed, .. } => (false, first, changed),
            Verdict::Steady | Verdict::Passed | Verdict::Retrying(_) | Verdict::Undecided => return,
        };
        service.concluded(attached.real as usize, Conclusion { check, up, failure, changed, first }, out);
    }

    /// What this checker follows has changed.
    fn told(&mut self, id: CheckerId, out: &mut Vec<Action>) {
        let Some(attached) = self.checkers.get_mut(id.0) else { return };
        let check = Arc::clone(attached.checker.check());
        let Some(effect) = self.followed.effect(&check) else { return };
        let Some(service) = self.services.get_mut(attached.service.0) else { return };
        let Some(name) = service.real_name_at(attached.real as usize) else { return };
        let up = effect != Effect::Fault;
        let (first, changed) = attached.checker.told(up);
        if changed || first && !up {
            note_followed(name, &check, up, out);
        }
        // While it is a failure its word stays; one that comes back says its weight by its entry.
        if let Effect::Adds(more) = effect
            && let Some(more) = attached.says(Word::Adds(more), service)
        {
            service.weigh(attached.real as usize, more, !changed, out);
        }
        let conclusion = Conclusion { check: &check, up, failure: None, changed, first };
        service.concluded(attached.real as usize, conclusion, out);
    }

    fn stop(&mut self, out: &mut Vec<Action>) {
        let mut keys = Vec::with_capacity(self.order.len());
        for id in std::mem::take(&mut self.order) {
            if let Some(service) = self.services.remove(id.0) {
                service.end(true, out);
                keys.extend_from_slice(service.keys());
            }
        }
        for id in std::mem::take(&mut self.leaving) {
            let service = self.services.remove(id.0);
            keys.extend(service.iter().flat_map(|service| service.keys()).copied());
        }
        self.by_identity.clear();
        self.draining.clear();
        self.checkers = Slots::default();
        self.schedule = Schedule::default();
        self.followed = Followed::default();
        self.probing = Probing::default();
        self.lengths = Lengths::default();
        out.push(Action::Retire(keys));
    }
}

/// What the log says of a followed object that has changed.
pub(super) fn note_followed(real: RealName, check: &Check, up: bool, out: &mut Vec<Action>) {
    out.push(Action::Note(match &check.kind {
        CheckKind::Bfd(bfd) => Note::Session { real, session: bfd.instance.clone(), up },
        CheckKind::File(file) => Note::TrackedFile { real, file: file.file.clone(), up },
        _ => return,
    }));
}

/// What the log says about a probe's result, before its consequences.
fn note_result(
    (real, service): (RealName, ServiceName),
    check: &Arc<Check>,
    was_up: bool,
    verdict: Verdict,
    outcome: Outcome,
    out: &mut Vec<Action>,
) {
    let check = Arc::clone(check);
    let is_dns = matches!(check.kind, CheckKind::Dns(_));
    let is_http = matches!(check.kind, CheckKind::Http(_) | CheckKind::Ssl(_));
    match (verdict, outcome) {
        (Verdict::Up { .. } | Verdict::Passed, Outcome::Success(success)) => {
            // Single urls are told on the way up only, and name servers not at all, as keepalived does.
            if !(is_http && was_up || is_dns) {
                out.push(Action::Note(Note::CheckPassed { real, service, check, success }));
            }
            if is_http && verdict != Verdict::Passed {
                out.push(Action::Note(Note::WebServerUp { real }));
            }
        }
        (Verdict::Retrying(nth), Outcome::Failure(failure)) if check.log_all_failures => {
            let nth = Some(nth);
            out.push(Action::Note(Note::AttemptFailed { real, service, check, failure, nth }));
        }
        (Verdict::Down { retries, .. }, Outcome::Failure(failure)) => {
            // Some say in one line what failed and that it is final.
            let says_how =
                matches!(check.kind, CheckKind::Dns(_) | CheckKind::Smtp(_) | CheckKind::Misc(_));
            if check.log_all_failures && !says_how {
                let (check, failure) = (Arc::clone(&check), failure.clone());
                out.push(Action::Note(Note::AttemptFailed {
                    real,
                    service: service.clone(),
                    check,
                    failure,
                    nth: None,
                }));
            }
            out.push(Action::Note(Note::CheckFailed { real, service, check, failure, retries }));
        }
        (Verdict::Undecided, Outcome::Undecided(reason)) => {
            out.push(Action::Note(Note::Undecided { real, check, reason }));
        }
        _ => {}
    }
}
