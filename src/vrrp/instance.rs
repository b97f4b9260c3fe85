//! One virtual router: its state, its timers, and what an advert means to it. What members of a sync group
//! may do is decided in [`super::router`], which carries out an instance's [`Wish`].

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use super::action::{Action, InstanceId, State, Subject};
use super::auth_hmac::{self, Sequences};
use super::counters::Tally;
use super::familiar::Familiar;
use super::garp::Schedule;
use super::note::{Fault, Note, Objects, What};
use super::owner::Rogue;
use super::strangers::Strangers;
use super::wire::{self, Refusal, Terms};
use crate::config::model::options::HmacMode;
use crate::config::model::vrrp::OWNER;
use crate::config::model::{InitialState, Version, VirtualAddress, VrrpInstance};
use crate::ids::IfIndex;
use crate::objects::address::AddressKey;
use crate::time::Mono;

/// Where an instance stands. The data of a state lives in it, so no timer outlives its state.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// Waits for the first result of a track script.
    Init,
    Fault,
    Backup(Backup),
    Master {
        next_advert: Mono,
    },
}

/// A backup's data.
#[derive(Clone, Debug)]
pub(super) struct Backup {
    /// When the timer was last started.
    pub(super) since: Mono,
    /// It expires this much later. `None`: the master-down interval, which follows the priority.
    pub(super) after: Option<Duration>,
    pub(super) master: Option<(IpAddr, u8)>,
    /// `preempt_delay` runs, or has run, since then.
    pub(super) preempt_since: Option<Mono>,
    /// The timer was given another run because it was looked at too late; once is enough.
    pub(super) listening: bool,
    pub(super) familiar: Option<Familiar>,
}

/// What an instance wants after an event; its group has a say in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    Master,
    /// A better master was heard; its advert came then.
    Backup {
        heard: Mono,
    },
    /// A claim of lower priority was heard: the switches may have been misled.
    Announce,
}

/// What few of thousands have; its memory comes with the first need.
#[derive(Clone, Default)]
pub(super) struct Rare {
    /// Of `auth_hmac`.
    pub sequences: Sequences,
    pub skew_told: bool,
    pub told: Vec<(Refusal, IpAddr)>,
    pub strangers: Strangers,
    /// So few addresses of the configuration have room, which was said.
    beyond_told: Option<usize>,
}

/// Addresses of an advert where the MTU does not matter.
const MOST_ROOM: u16 = wire::MOST_ADDRESSES as u16;

#[derive(Clone)]
pub(super) struct Instance {
    pub id: InstanceId,
    pub config: Arc<VrrpInstance>,
    pub phase: Phase,
    /// When it came into its phase; `None` before the first.
    pub entered: Option<Mono>,
    pub priority: u8,
    pub faults: Vec<Fault>,
    pub source: Option<IpAddr>,
    pub interface: Option<IfIndex>,
    /// The master-down timer has expired and only the group holds it back.
    pub wants_master: bool,
    pub group: Option<usize>,
    /// Not all of its group own their addresses and say `state MASTER`: it waits with the others.
    waits_with_group: bool,
    /// False until the first look at the facts is over: its state is the one that it starts in.
    pub started: bool,
    pub counters: Tally,
    pub garp: Schedule,
    /// Changes whenever MASTER is left: what was to be announced is then forgotten.
    pub epoch: u64,
    /// Where the deadline stands in the router's queue.
    pub queued: Option<Mono>,
    /// The interval in force: our own, or (version 3, as backup) the master's.
    pub(super) interval: Duration,
    pub(super) packets: SmallVec<[(IpAddr, Arc<[u8]>); 1]>,
    /// Of the IPv4 header of its last advert.
    pub(super) identification: u16,
    /// Of the authentication header: the last that was sent or heard.
    pub(super) sequence: u32,
    pub(super) list_told: bool,
    /// How many addresses an advert can name: 255, or fewer where the MTU is small.
    room: u16,
    pub(super) rare: Option<Box<Rare>>,
    /// Another owner that claims MASTER beside us, and whether we have yielded to it.
    pub(super) rogue: Option<Box<Rogue>>,
    pub(super) lowered: bool,
    /// Another address owner was complained about.
    pub(super) conflict_told: bool,
    /// Peers that use the old checksum of unicast.
    pub(super) old_peers: Vec<IpAddr>,
}

impl Instance {
    pub fn new(id: InstanceId, config: Arc<VrrpInstance>) -> Self {
        Instance {
            id,
            phase: Phase::Init,
            entered: None,
            priority: config.priority,
            faults: Vec::new(),
            source: None,
            interface: None,
            wants_master: false,
            group: None,
            waits_with_group: false,
            started: false,
            counters: Tally::default(),
            garp: Schedule::silent(),
            epoch: 0,
            queued: None,
            interval: config.advert_int,
            packets: SmallVec::new(),
            identification: 0,
            sequence: 0,
            list_told: false,
            room: MOST_ROOM,
            rare: None,
            rogue: None,
            lowered: false,
            conflict_told: false,
            old_peers: Vec::new(),
            config,
        }
    }

    pub(super) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    pub fn in_group(&mut self, group: Option<usize>, waits: bool) {
        (self.group, self.waits_with_group) = (group, waits);
    }

    pub fn state(&self) -> State {
        match self.phase {
            Phase::Init => State::Init,
            Phase::Fault => State::Fault,
            Phase::Backup(_) => State::Backup,
            Phase::Master { .. } => State::Master,
        }
    }

    pub fn is_master(&self) -> bool {
        matches!(self.phase, Phase::Master { .. })
    }

    /// The master that a backup hears, and its priority.
    pub fn master(&self) -> Option<(IpAddr, u8)> {
        match &self.phase {
            Phase::Backup(backup) => backup.master,
            _ => None,
        }
    }

    pub fn addresses(&self) -> impl Iterator<Item = &VirtualAddress> {
        self.config.addresses.iter().chain(&self.config.excluded)
    }

    /// One of [`Self::addresses`], counted from 0.
    pub fn address(&self, number: u32) -> Option<&VirtualAddress> {
        let (number, named) = (number as usize, &self.config.addresses);
        named.get(number).or_else(|| self.config.excluded.get(number.checked_sub(named.len())?))
    }

    /// RFC 3768 and RFC 9568 section 6.1: `Skew_Time`.
    pub fn skew(&self) -> Duration {
        self.skew_of(self.priority)
    }

    fn skew_of(&self, priority: u8) -> Duration {
        let unit = match self.config.version {
            Version::V2 => Duration::from_secs(1),
            Version::V3 => self.interval,
        };
        unit * u32::from(OWNER as u16 + 1 - u16::from(priority)) / 256
    }

    /// `Master_Down_Interval`, with keepalived's `down_timer_adverts` in the place of 3.
    pub fn master_down_interval(&self) -> Duration {
        self.interval * u32::from(self.config.down_timer_adverts) + self.skew()
    }

    /// When a master speaks next.
    pub fn next_advert(&self) -> Option<Mono> {
        match self.phase {
            Phase::Master { next_advert } => Some(next_advert),
            _ => None,
        }
    }

    /// When a backup takes over, or a master speaks, unless something happens before.
    pub fn timeout(&self) -> Option<Mono> {
        match &self.phase {
            Phase::Master { next_advert } => Some(*next_advert),
            _ => self.deadline(),
        }
    }

    pub fn deadline(&self) -> Option<Mono> {
        match &self.phase {
            Phase::Init | Phase::Fault => None,
            Phase::Backup(backup) => {
                Some(backup.since + backup.after.unwrap_or_else(|| self.master_down_interval()))
            }
            Phase::Master { next_advert } => {
                Some(self.garp.deadline().map_or(*next_advert, |at| at.min(*next_advert)))
            }
        }
    }

    /// A master that was held up for longer than its peers wait: how long it has been silent.
    pub fn stalled(&self, now: Mono) -> Option<Duration> {
        match self.phase {
            Phase::Master { next_advert } if self.priority != OWNER && next_advert < now => {
                // Asked with every advert: less than the shortest skew time is no silence that anybody notices.
                let late = now.since(next_advert);
                if self.interval == self.config.advert_int
                    && late * 256 < self.interval.min(Duration::from_secs(1))
                {
                    return None;
                }
                let silence = late + self.config.advert_int;
                // The peer that waits least is as good as we are, or as `timer_expired_backup` says.
                let best = self.config.options.timer_expired_backup.unwrap_or(self.priority);
                let patience =
                    self.interval * u32::from(self.config.down_timer_adverts) + self.skew_of(best);
                (silence > patience).then_some(silence)
            }
            _ => None,
        }
    }

    /// A backup whose timer ran out more than an interval ago was held up itself: a master may well have
    /// spoken meanwhile, unheard. Once it listens for as long as a living master needs to be heard.
    pub fn listen_if_late(&mut self, now: Mono, out: &mut Vec<Action>) {
        if !matches!(self.phase, Phase::Backup(_)) {
            return;
        }
        let deadline = self.deadline();
        let listen = self.interval + self.skew();
        if let Phase::Backup(backup @ Backup { listening: false, .. }) = &mut self.phase
            && let Some(by) = deadline.map(|at| now.since(at)).filter(|by| *by > self.config.advert_int)
        {
            (backup.since, backup.after, backup.listening) = (now, Some(listen), true);
            out.push(Action::Late { by });
        }
    }

    /// What is due now.
    pub fn expire(&mut self, now: Mono, out: &mut Vec<Action>) -> Option<Wish> {
        match self.phase {
            Phase::Backup(_) if self.deadline().is_some_and(|at| at <= now) => {
                self.note(What::AdvertTimeout, out);
                self.raise(out);
                Some(Wish::Master)
            }
            Phase::Master { next_advert } => {
                if next_advert <= now {
                    self.transmit(out);
                    // The grid is kept; what was missed while held up is skipped, not made up for.
                    let mut next = next_advert + self.config.advert_int;
                    if next <= now {
                        self.counters.rare().skipped += 1;
                        out.push(Action::Late { by: now.since(next_advert) });
                        next = now + self.config.advert_int;
                    }
                    self.phase = Phase::Master { next_advert: next };
                }
                self.garp.expire(now, &self.config.garp, self.config.options.garp_extra_if);
                self.forget_rogue(now, out);
                None
            }
            _ => None,
        }
    }

    /// The timer starts anew, because the group does not let the instance become master yet.
    pub fn rearm(&mut self, now: Mono) {
        if let Phase::Backup(backup) = &mut self.phase {
            (backup.since, backup.after) = (now, None);
        }
    }

    pub fn enter_master(&mut self, now: Mono, out: &mut Vec<Action>) {
        let masters = std::mem::replace(&mut self.interval, self.config.advert_int);
        self.phase = Phase::Master { next_advert: now + self.config.advert_int };
        self.changed_state(now);
        self.counters.became_master += 1;
        self.transmit(out);
        self.note(What::Entering { state: State::Master, first: false }, out);
        if masters != self.interval {
            self.note(What::IntervalOwn { from: masters, to: self.interval }, out);
        }
        if self.config.is_filtered() {
            self.note(What::Filtering(true), out);
        }
        self.note_addresses(|excluded| What::SettingVips { excluded }, out);
        self.note_objects(What::SettingObjects, &[Objects::Routes, Objects::Rules], out);
        out.push(Action::Own { instance: self.id, owned: true });
        self.garp = Schedule::master(now, &self.config.garp, self.config.options.garp_extra_if);
        for address in self.addresses() {
            out.push(self.noted(What::Announcing { address: address.key.clone() }));
        }
        self.notify(State::Master, out);
    }

    /// `since` and `after` start the timer; `after` is the master-down interval unless given.
    pub fn enter_backup(
        &mut self,
        now: Mono,
        since: Mono,
        after: Option<Duration>,
        resign: bool,
        out: &mut Vec<Action>,
    ) {
        let first = !self.started;
        // The owner does not wait when it starts, be it with the first result of a script, and never says that it
        // does; after a FAULT it waits like anybody (keepalived 2.2.7). So does one that yields to another owner, or
        // the two would take MASTER from each other as fast as the wire allows.
        let starts = (first || matches!(self.phase, Phase::Init)) && !self.waits_with_group;
        let at_once = starts && self.priority == OWNER && self.config.state != Some(InitialState::Backup);
        let was_master = self.is_master();
        if !at_once {
            self.note(What::Entering { state: State::Backup, first }, out);
        }
        self.leave_master(was_master && resign, was_master, out);
        let after = if at_once { Some(Duration::from_micros(1)) } else { after };
        self.phase = Phase::Backup(Backup {
            since,
            after,
            master: None,
            preempt_since: None,
            listening: false,
            familiar: None,
        });
        self.changed_state(now);
        if !at_once {
            self.notify(State::Backup, out);
        }
    }

    pub fn enter_fault(&mut self, now: Mono, resign: bool, out: &mut Vec<Action>) {
        let first = !self.started;
        let was_master = self.is_master();
        self.note(What::Entering { state: State::Fault, first }, out);
        self.leave_master(was_master && resign, was_master, out);
        self.phase = Phase::Fault;
        self.changed_state(now);
        self.notify(State::Fault, out);
    }

    /// The daemon stops or a reload removes the instance: `state` is what scripts are told.
    pub fn end(&mut self, state: State, out: &mut Vec<Action>) {
        let was_master = self.is_master();
        self.leave_master(was_master, was_master, out);
        self.phase = Phase::Fault;
        self.notify(state, out);
    }

    fn leave_master(&mut self, resign: bool, was_master: bool, out: &mut Vec<Action>) {
        if resign {
            self.resign(out);
        }
        if was_master {
            self.counters.released_master += 1;
            self.note_removal(out);
            out.push(Action::Own { instance: self.id, owned: false });
        }
        self.garp = Schedule::silent();
        self.epoch += 1;
    }

    /// New facts about the way out; true where it is another. A change makes the packets new. A source that is lost is kept for the
    /// resignation, as keepalived keeps it; the fault that follows keeps it from being used for more.
    pub fn set_way(&mut self, interface: Option<IfIndex>, source: Option<IpAddr>) -> bool {
        let moved = source.is_some() && self.source != source;
        if moved {
            self.packets.clear();
            self.source = source;
        }
        let before = std::mem::replace(&mut self.interface, interface);
        moved || before != interface
    }

    /// The interface's MTU, and with it the length of the list in an advert.
    pub fn set_mtu(&mut self, mtu: u32, out: &mut Vec<Action>) {
        let hmac = self.config.options.auth_hmac.as_ref();
        let signs = hmac.is_some_and(|hmac| hmac.mode != HmacMode::ReceiveOnly);
        let room = wire::room(&self.terms(), if signs { auth_hmac::LEN } else { 0 }, mtu);
        let room = u16::try_from(room).unwrap_or(MOST_ROOM);
        if self.room != room {
            self.room = room;
            self.packets.clear();
        }
        let (named, of) = (self.named().len(), self.config.addresses.len());
        let beyond = (named < of).then_some(named);
        let told = self.rare.as_ref().and_then(|rare| rare.beyond_told);
        if beyond != told {
            self.rare().beyond_told = beyond;
            if beyond.is_some() {
                self.note(What::AddressesBeyondPacket { named, of, mtu }, out);
            }
        }
    }

    /// The addresses that adverts name: all that there is room for.
    pub(super) fn named(&self) -> &[VirtualAddress] {
        let addresses = &self.config.addresses;
        addresses.get(..usize::from(self.room)).unwrap_or(addresses)
    }

    /// The effective priority; on the wire with the next advert.
    pub fn set_priority(&mut self, priority: u8, out: &mut Vec<Action>) {
        if self.priority != priority {
            self.note(What::PriorityChanged { from: self.priority, to: priority }, out);
            self.priority = priority;
            self.packets.clear();
        }
    }

    /// The same after a file's value was past what a priority can be; its own base priority goes without saying.
    pub fn return_to_priority(&mut self, priority: u8, out: &mut Vec<Action>) {
        if self.priority != priority {
            if priority != self.config.priority {
                self.note(What::PrioritySet { to: priority }, out);
            }
            self.priority = priority;
            self.packets.clear();
        }
    }

    /// Takes over a new configuration in place. A master of which something changed speaks at once.
    pub fn adopt(&mut self, now: Mono, config: Arc<VrrpInstance>, out: &mut Vec<Action>) {
        let patience = self.master_down_interval();
        let old = std::mem::replace(&mut self.config, config);
        // Thousands of packets that are made anew at every reload would lie between what reading has used.
        if old != self.config {
            self.packets.clear();
        }
        self.forget_old_peers();
        self.list_told = false;
        self.garp.set_refresh(now, old.garp.master_refresh, self.config.garp.master_refresh);
        self.garp.set_extra(now, old.options.garp_extra_if, self.config.options.garp_extra_if);
        match &mut self.phase {
            Phase::Master { next_advert } => {
                self.interval = self.config.advert_int;
                // One that has nothing new to say keeps its moment.
                if old != self.config {
                    *next_advert = now + self.config.advert_int;
                    self.transmit(out);
                }
                out.push(Action::Own { instance: self.id, owned: true });
                self.take_over_addresses(&old, out);
            }
            _ if old.advert_int != self.config.advert_int => self.interval = self.config.advert_int,
            _ => {}
        }
        // A timer that ran by the old interval says nothing about the new one.
        let changed = patience != self.master_down_interval();
        if let Phase::Backup(backup) = &mut self.phase {
            backup.familiar = None;
            // Nor is one an owner any more who was to take over at once.
            if old.priority == OWNER && self.config.priority != OWNER {
                backup.after = None;
            }
            if backup.after.is_none() && changed {
                // A start that is delayed stays so.
                backup.since = backup.since.max(now);
            }
        }
    }

    /// A master's addresses may be others now.
    fn take_over_addresses(&mut self, old: &VrrpInstance, out: &mut Vec<Action>) {
        if old.is_filtered() != self.config.is_filtered() {
            self.note(What::Filtering(self.config.is_filtered()), out);
        }
        if old.addresses == self.config.addresses && old.excluded == self.config.excluded {
            return;
        }
        let mut had: HashMap<&AddressKey, &VirtualAddress> =
            old.addresses.iter().chain(&old.excluded).map(|address| (&address.key, address)).collect();
        let mut something_new = false;
        for address in self.addresses() {
            something_new |= had.remove(&address.key) != Some(address);
        }
        let gone = |address: &&VirtualAddress| had.contains_key(&address.key);
        for address in old.addresses.iter().chain(&old.excluded).filter(gone) {
            self.note(What::AddressGone { address: address.key.clone() }, out);
        }
        if something_new {
            self.note_addresses(|excluded| What::SettingVips { excluded }, out);
            self.garp.once(&self.config.garp);
        }
    }

    /// Announces one address again, because it had been away.
    pub fn announce_again(&mut self) {
        self.garp.once(&self.config.garp);
    }

    /// Rules, routes and virtual addresses are removed: from a master that leaves, or what a predecessor left behind.
    pub fn note_removal(&self, out: &mut Vec<Action>) {
        self.note_objects(What::RemovingObjects, &[Objects::Rules, Objects::Routes], out);
        self.note_addresses(|excluded| What::RemovingVips { excluded }, out);
        if self.config.is_filtered() {
            self.note(What::Filtering(false), out);
        }
    }

    fn note_objects(&self, what: fn(Objects) -> What, order: &[Objects], out: &mut Vec<Action>) {
        let options = &self.config.options;
        for objects in order {
            let some = match objects {
                Objects::Routes => !options.routes.is_empty(),
                Objects::Rules => !options.rules.is_empty(),
            };
            if some {
                self.note(what(*objects), out);
            }
        }
    }

    fn note_addresses(&self, what: impl Fn(bool) -> What, out: &mut Vec<Action>) {
        for (excluded, list) in [(false, &self.config.addresses), (true, &self.config.excluded)] {
            if !list.is_empty() {
                self.note(what(excluded), out);
            }
        }
    }

    pub fn note(&self, what: What, out: &mut Vec<Action>) {
        out.push(self.noted(what));
    }

    fn noted(&self, what: What) -> Action {
        Action::Note(Note { about: self.config.name.clone(), what })
    }

    fn notify(&self, state: State, out: &mut Vec<Action>) {
        let subject = Subject::Instance(self.config.name.clone());
        out.push(Action::Notify { subject, state, priority: self.priority });
    }

    fn changed_state(&mut self, now: Mono) {
        self.entered = Some(now);
        self.wants_master = false;
        if let Some(rare) = &mut self.rare {
            rare.told.clear();
            rare.skew_told = false;
        }
        self.list_told = false;
        self.conflict_told = false;
        self.rogue = None;
    }

    pub(super) fn terms(&self) -> Terms {
        Terms {
            version: self.config.version,
            family: self.config.family,
            vrid: self.config.vrid,
            auth: self.config.auth,
            interval: self.config.advert_int,
            checksum: self.checksum(),
        }
    }
}
