//! One virtual service: which real servers are up, whether that makes a quorum, and what follows.

use std::ops::Deref;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use smallvec::{SmallVec, smallvec};

use super::action::{Action, CheckerId, ScriptEvent, ServiceId};
use super::alert::{Alert, Why, about_real};
use super::drain::Drain;
use super::name::{RealName, ServiceName, Subject};
use super::note::Note;
use super::plan;
use super::quorum::Quorum;
use crate::config::model::{Check, CheckKind, Command, Config, RealServer, VirtualServer};
use crate::health::outcome::Failure;
use crate::objects::ipvs::{DestKey, Destination, Pool, ServiceKey};

/// A virtual server of a configuration, and its place there.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    server: Arc<VirtualServer>,
    at: usize,
    /// `lvs_flush_on_stop`
    flushed: bool,
    /// `rs_init_notifies`
    tells_new: bool,
    /// Not with `no_checker_emails`: also those changes of checks are mailed that change no real server.
    mails_checks: bool,
}

impl Settings {
    /// `None` if the configuration has no such virtual server.
    pub fn new(config: &Config, at: usize) -> Option<Self> {
        let server = Arc::clone(config.virtual_servers.get(at)?);
        let flushed = config.global.lvs_flush_on_stop.is_some();
        let (tells_new, silent) = (config.global.rs_init_notifies, config.global.no_checker_emails);
        Some(Settings { server, at, flushed, tells_new, mails_checks: !silent })
    }

    /// Its place among the virtual servers of its configuration.
    pub fn place(&self) -> usize {
        self.at
    }

    /// A new real server that is up is told with `rs_init_notifies` only.
    pub fn notify_new(&self, service: &ServiceName, real: &RealServer, out: &mut Vec<Action>) {
        if self.tells_new {
            notify_real(service, real, true, out);
        }
    }
}

impl Deref for Settings {
    type Target = VirtualServer;

    fn deref(&self) -> &VirtualServer {
        &self.server
    }
}

/// What is known of a real server beyond its configuration.
#[derive(Debug)]
pub(super) struct Real {
    /// Nearly all have one.
    pub checkers: Checkers,
    /// How many of them are down; up is 0.
    pub failed: u32,
    /// What they add to its weight, together.
    pub added: i64,
}

impl Real {
    pub fn is_up(&self) -> bool {
        self.failed == 0
    }

    /// The weight that counts while it is up.
    pub fn weight(&self, settings: &RealServer) -> u32 {
        plan::weight(settings, self.added)
    }
}

/// A virtual service at work.
#[derive(Debug)]
pub(super) struct Service {
    id: ServiceId,
    name: ServiceName,
    /// The kernel's services for it, without those that another service has taken.
    keys: Keys,
    settings: Settings,
    /// In step with `settings.real_servers`.
    reals: Vec<Real>,
    quorum: Quorum,
    sorry_in_use: bool,
    /// Those that left the configuration and have connections.
    drain: Drain,
    /// Sum of the weights of the real servers that are up.
    live: u64,
}

/// Those of a real server.
pub(super) type Checkers = SmallVec<[CheckerId; 4]>;

/// Most services are one of the kernel's; those of a group may be many.
pub(super) type Keys = SmallVec<[ServiceKey; 1]>;

/// A checker's conclusion, as its real server needs it.
#[derive(Debug)]
pub(super) struct Conclusion<'c> {
    pub check: &'c Arc<Check>,
    pub up: bool,
    /// Why it is not up, where a probe has found out.
    pub failure: Option<Failure>,
    /// Different from how the checker counted before.
    pub changed: bool,
    /// The checker's first one.
    pub first: bool,
}

impl Service {
    /// A service that starts: with the quorum its real servers have, or with the sorry server.
    pub fn start(
        id: ServiceId,
        keys: Keys,
        settings: Settings,
        reals: Vec<Real>,
        out: &mut Vec<Action>,
    ) -> Self {
        let mut service = Service {
            id,
            name: plan::name(&settings),
            keys,
            quorum: Quorum::new(&settings),
            live: live_weight(&settings, &reals),
            settings,
            reals,
            sorry_in_use: false,
            drain: Drain::default(),
        };
        out.push(Action::Program(id));
        for (settings, _) in service.reals().filter(|(_, real)| real.is_up()) {
            service.settings.notify_new(&service.name, settings, out);
        }
        service.judge_quorum(true, out);
        service
    }

    /// One of the kernel's services that `settings` had: nothing but what drains there is left of it.
    pub fn member(id: ServiceId, key: ServiceKey, settings: Settings, drain: Drain) -> Self {
        Service {
            id,
            name: ServiceName::Single(key),
            keys: smallvec![key],
            quorum: Quorum::new(&settings),
            live: 0,
            settings,
            reals: Vec::new(),
            sorry_in_use: false,
            drain,
        }
    }

    /// Whether it is such a one, of a group.
    pub fn is_member(&self) -> bool {
        self.settings.group.is_some() && matches!(self.name, ServiceName::Single(_))
    }

    pub fn keys(&self) -> &[ServiceKey] {
        &self.keys
    }

    /// Takes other services of the kernel, and gives back those that it had.
    pub fn replace_keys(&mut self, keys: Keys) -> Keys {
        std::mem::replace(&mut self.keys, keys)
    }

    pub fn drain(&self) -> &Drain {
        &self.drain
    }

    pub fn drain_mut(&mut self) -> &mut Drain {
        &mut self.drain
    }

    /// Whether the table has this real server, with whatever weight.
    pub fn holds(&self, settings: &RealServer, real: &Real) -> bool {
        plan::real(settings, real.weight(settings), real.is_up(), self.sorry_in_use).is_some()
    }

    pub fn name(&self) -> ServiceName {
        self.name.clone()
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn real_name(&self, real: &RealServer) -> RealName {
        RealName::of(&self.name, plan::real_key(real))
    }

    /// The name of the real server at this place.
    pub fn real_name_at(&self, index: usize) -> Option<RealName> {
        self.settings.real_servers.get(index).map(|real| self.real_name(real))
    }

    /// Configuration and state of every real server.
    pub fn reals(&self) -> impl Iterator<Item = (&RealServer, &Real)> {
        self.settings.real_servers.iter().zip(&self.reals)
    }

    /// Lends the real servers out for a new configuration; [`Service::adopt`] brings them back.
    pub fn take_reals(&mut self) -> Vec<Real> {
        std::mem::take(&mut self.reals)
    }

    /// Same settings in a new configuration: nothing changes.
    pub fn rebase(&mut self, settings: Settings) {
        self.name = plan::name(&settings);
        self.settings = settings;
    }

    /// Goes on with other settings; `reals` are in step with them. Everything that the new settings say
    /// of single real servers has been said; what remains is the quorum.
    pub fn adopt(&mut self, settings: Settings, reals: Vec<Real>, out: &mut Vec<Action>) {
        self.live = live_weight(&settings, &reals);
        self.quorum.adopt(&settings);
        self.drain.follow(&plan::name(&settings), &settings, out);
        self.dismiss_sorry(&settings, out);
        self.name = plan::name(&settings);
        self.settings = settings;
        self.reals = reals;
        self.judge_quorum(true, out);
    }

    /// The sorry server that is in use goes if new settings have another one, or none.
    fn dismiss_sorry(&mut self, new: &VirtualServer, out: &mut Vec<Action>) {
        let Some(sorry) = self.settings.sorry_server.as_ref().filter(|_| self.sorry_in_use) else { return };
        if new.sorry_server.as_ref().is_some_and(|other| plan::sorry_key(other) == plan::sorry_key(sorry)) {
            return;
        }
        let name = RealName::of(&self.name, plan::sorry_key(sorry));
        let service = self.name();
        out.push(Action::Note(Note::SorryServer { sorry: name, service, in_use: false, inhibit: false }));
        self.sorry_in_use = false;
    }

    /// A checker of the real server at `index` has come to a conclusion.
    pub fn concluded(&mut self, index: usize, conclusion: Conclusion<'_>, out: &mut Vec<Action>) {
        let Some(real) = self.reals.get_mut(index) else { return };
        let was_up = real.is_up();
        if conclusion.changed {
            real.failed = if conclusion.up { real.failed.saturating_sub(1) } else { real.failed + 1 };
            let turned = real.is_up() != was_up;
            if turned {
                self.real_changed(index, !was_up, out);
            }
            if turned || self.settings.mails_checks {
                self.mail_check(index, conclusion, out);
            }
            return;
        }
        if conclusion.first && (conclusion.check.alpha || !conclusion.up) {
            self.notify_real(index, was_up, out);
        }
        // keepalived writes of a script's first result also where that is no news.
        if conclusion.first
            && matches!(conclusion.check.kind, CheckKind::Misc(_))
            && self.settings.mails_checks
        {
            self.mail_check(index, conclusion, out);
        }
    }

    /// One of the checks of a real server has changed its mind.
    fn mail_check(&self, index: usize, conclusion: Conclusion<'_>, out: &mut Vec<Action>) {
        let Some(settings) = self.settings.real_servers.get(index) else { return };
        let Some(up) = self.reals.get(index).map(Real::is_up) else { return };
        let Conclusion { check, up: passed, failure, .. } = conclusion;
        let why = Why::Checked { check: Arc::clone(check), passed, failure };
        out.extend(about_real(&self.name, settings, up, why).map(Action::Mail));
    }

    /// The real server went up or down: first the log line, then the table, then the scripts.
    fn real_changed(&mut self, index: usize, up: bool, out: &mut Vec<Action>) {
        let Some(settings) = self.settings.real_servers.get(index) else { return };
        let Some(weight) = self.reals.get(index).map(|real| real.weight(settings)) else { return };
        let live = u64::from(weight);
        self.live = if up { self.live + live } else { self.live.saturating_sub(live) };
        out.push(Action::Note(Note::RealServer {
            real: self.real_name(settings),
            service: self.name(),
            up,
            inhibit: settings.inhibit_on_failure,
        }));
        let before = plan::real(settings, weight, !up, self.sorry_in_use);
        let wanted = plan::real(settings, weight, up, self.sorry_in_use);
        let mark = out.len();
        self.notify_real(index, up, out);
        self.adjust(mark, index, before, wanted, out);
    }

    /// A check of the real server at `index` adds so much more, or less, to its weight; `aloud` says so.
    pub fn weigh(&mut self, index: usize, more: i64, aloud: bool, out: &mut Vec<Action>) {
        let (Some(settings), Some(real)) =
            (self.settings.real_servers.get(index), self.reals.get_mut(index))
        else {
            return;
        };
        let (from, active) = (real.weight(settings), real.is_up());
        real.added = real.added.saturating_add(more);
        let to = real.weight(settings);
        if from == to {
            return;
        }
        let before = plan::real(settings, from, active, self.sorry_in_use);
        let wanted = plan::real(settings, to, active, self.sorry_in_use);
        if active {
            self.live = (self.live + u64::from(to)).saturating_sub(u64::from(from));
        }
        let name = self.real_name(settings);
        if aloud {
            out.push(Action::Note(Note::Weight { real: name, service: self.name(), from, to, active }));
        }
        self.adjust(out.len(), index, before, wanted, out);
    }

    /// Judges the quorum; the change of the table goes before what was said from `mark` on.
    fn adjust(
        &mut self,
        mark: usize,
        index: usize,
        before: Option<Destination>,
        wanted: Option<Destination>,
        out: &mut Vec<Action>,
    ) {
        let turned = self.judge_quorum(false, out);
        let Some(settings) = self.settings.real_servers.get(index) else { return };
        if turned || self.keys.iter().any(|key| self.is_sorry(*key, settings)) {
            out.insert(mark, Action::Program(self.id));
        } else if before != wanted {
            let adjust = self.keys.iter().map(|key| {
                let destination = self.destination(*key, settings);
                Action::Adjust { service: *key, destination, wanted: wanted.clone() }
            });
            out.splice(mark..mark, adjust);
        }
    }

    fn notify_real(&self, index: usize, up: bool, out: &mut Vec<Action>) {
        if let Some(real) = self.settings.real_servers.get(index) {
            notify_real(&self.name, real, up, out);
        }
    }

    /// Judges the quorum anew, `starting` with new settings; answers whether the sorry server came or went.
    fn judge_quorum(&mut self, starting: bool, out: &mut Vec<Action>) -> bool {
        let changed = self.quorum.judge(self.live);
        let (up, balance, service) = (self.quorum.is_up(), self.quorum.balance(self.live), self.name());
        let without =
            starting && !up && (changed || self.settings.sorry_server.is_some() && !self.sorry_in_use);
        if without {
            out.push(Action::Note(Note::StartingWithoutQuorum { service: service.clone(), balance }));
        } else if changed {
            out.push(Action::Note(Note::Quorum { service: service.clone(), up, balance }));
        }
        let needed = !up && self.settings.sorry_server.is_some();
        let turned = needed != self.sorry_in_use;
        self.sorry_in_use = needed;
        if let Some(sorry) = &self.settings.sorry_server
            && turned
        {
            let name = RealName::of(&self.name, plan::sorry_key(sorry));
            let inhibit = sorry.inhibit;
            let came = Note::SorryServer { sorry: name, service: service.clone(), in_use: needed, inhibit };
            out.push(Action::Note(came));
            out.push(Action::Note(Note::AliveServers { service, added: !needed }));
        }
        if changed || without {
            let why = if starting { Why::Started(balance) } else { Why::Quorum(balance) };
            self.notify_quorum(up, why, out);
        }
        turned
    }

    fn notify_quorum(&self, up: bool, why: Why, out: &mut Vec<Action>) {
        let command = if up { &self.settings.quorum_up } else { &self.settings.quorum_down };
        run(command.as_ref(), Subject::Service(self.name()), up, out);
        if self.settings.smtp_alert {
            out.push(Action::Mail(Alert { subject: Subject::Service(self.name()), up, why }));
        }
    }

    /// The service ends, and its down scripts run: at the end of the daemon only with `omega`.
    pub fn end(&self, stopping: bool, out: &mut Vec<Action>) {
        let why = match (stopping, self.settings.flushed) {
            (false, _) => Release::Reload,
            (true, false) => Release::Stop,
            (true, true) => Release::Flush,
        };
        if !stopping {
            out.push(Action::Note(Note::ServiceRemoved { service: self.name() }));
        }
        for (settings, real) in self.reals() {
            release_real(&self.name, settings, real.is_up(), why, self.settings.omega, out);
        }
        if !stopping || self.settings.omega {
            self.notify_end(out);
        }
    }

    /// `quorum_down` at the end. Its mail has the weight at which it is lost, as one real server leaves
    /// after the other.
    pub fn notify_end(&self, out: &mut Vec<Action>) {
        if !self.quorum.is_up() {
            return;
        }
        let (mut quorum, mut live) = (self.quorum.clone(), self.live);
        for (settings, real) in self.reals().filter(|(_, real)| real.is_up()) {
            live = live.saturating_sub(u64::from(real.weight(settings)));
            if quorum.judge(live) {
                break;
            }
        }
        self.notify_quorum(false, Why::Quorum(quorum.balance(live)), out);
    }

    pub fn has_quorum(&self) -> bool {
        self.quorum.is_up()
    }

    pub fn sorry_is_in_use(&self) -> bool {
        self.sorry_in_use
    }

    /// The sorry server is not wanted any more.
    pub fn retire_sorry(&mut self) {
        self.sorry_in_use = false;
    }

    /// Takes over those that drain from the one that was here before.
    pub fn inherit(&mut self, drain: Drain, out: &mut Vec<Action>) {
        self.drain.merge(drain);
        self.drain.follow(&self.name, &self.settings, out);
    }

    /// What the kernel should hold for one of its services.
    pub fn pool(&self, key: ServiceKey) -> Pool {
        let mut destinations: Vec<(DestKey, Destination)> = Vec::with_capacity(self.reals.len() + 1);
        let sorry = self.settings.sorry_server.as_ref();
        let sorry_key = self.sorry_key(key);
        let replaced = if self.sorry_in_use { sorry_key } else { None };
        let mut sorry_is_real = false;
        for (settings, real) in self.reals() {
            let server = self.destination(key, settings);
            if replaced == Some(server) {
                continue;
            }
            let weight = real.weight(settings);
            if let Some(destination) = plan::real(settings, weight, real.is_up(), self.sorry_in_use) {
                sorry_is_real |= sorry_key == Some(server);
                destinations.push((server, destination));
            }
        }
        if let (Some(sorry), Some(server)) = (sorry, sorry_key)
            && !sorry_is_real
            && let Some(destination) = plan::sorry(sorry, self.sorry_in_use)
        {
            destinations.push((server, destination));
        }
        if !self.drain.is_empty() {
            let wanted: FxHashSet<DestKey> = destinations.iter().map(|(server, _)| *server).collect();
            let draining = self.drain.iter().map(|draining| draining.wanted(&self.settings, key));
            destinations.extend(draining.filter(|(server, _)| !wanted.contains(server)));
        }
        Pool { service: plan::service(&self.settings, key), destinations }
    }

    fn destination(&self, key: ServiceKey, real: &RealServer) -> DestKey {
        plan::destination(&self.settings, key, plan::real_key(real), real.forwarding)
    }

    fn sorry_key(&self, key: ServiceKey) -> Option<DestKey> {
        let sorry = self.settings.sorry_server.as_ref()?;
        Some(plan::destination(&self.settings, key, plan::sorry_key(sorry), sorry.forwarding))
    }

    fn is_sorry(&self, key: ServiceKey, real: &RealServer) -> bool {
        self.sorry_key(key) == Some(self.destination(key, real))
    }
}

/// Why a real server leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Release {
    /// The new configuration does not have it, or its service.
    Reload,
    /// The same, but it drains first: that was said.
    Drain,
    /// The daemon ends.
    Stop,
    /// The same with `lvs_flush_on_stop`: it goes with its service, and nothing is said of it.
    Flush,
}

impl Release {
    fn mailed(self) -> Why {
        match self {
            Release::Reload | Release::Drain => Why::Removing,
            Release::Stop | Release::Flush => Why::Stopping,
        }
    }
}

/// A real server leaves for good: the daemon ends, or the new configuration does not have it. The second is told, as any
/// other way down; the first only with `omega`.
pub(super) fn release_real(
    service: &ServiceName,
    settings: &RealServer,
    up: bool,
    why: Release,
    omega: bool,
    out: &mut Vec<Action>,
) {
    let told = match why {
        Release::Stop => true,
        Release::Reload => up || settings.inhibit_on_failure,
        Release::Drain | Release::Flush => false,
    };
    if told {
        let real = RealName::of(service, plan::real_key(settings));
        let inhibited = settings.inhibit_on_failure && !up;
        let service = service.clone();
        out.push(Action::Note(Note::Released { real, service, stopping: why == Release::Stop, inhibited }));
    }
    let tells = matches!(why, Release::Reload | Release::Drain) || omega;
    if tells && up {
        notify_real(service, settings, false, out);
        out.extend(about_real(service, settings, false, why.mailed()).map(Action::Mail));
    }
}

/// `notify_up` or `notify_down`.
pub(super) fn notify_real(service: &ServiceName, settings: &RealServer, up: bool, out: &mut Vec<Action>) {
    let real = RealName::of(service, plan::real_key(settings));
    run(settings.notify(up), Subject::Real { real, service: service.clone() }, up, out);
}

fn run(command: Option<&Command>, subject: Subject, up: bool, out: &mut Vec<Action>) {
    out.push(Action::Run(ScriptEvent { command: command.cloned(), subject, up }));
}

fn live_weight(settings: &VirtualServer, reals: &[Real]) -> u64 {
    let pairs = settings.real_servers.iter().zip(reals);
    pairs.filter(|(_, real)| real.is_up()).map(|(settings, real)| u64::from(real.weight(settings))).sum()
}
