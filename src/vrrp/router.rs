//! All virtual routers of this host: who a packet is for, whose timer is due, what a sync group does
//! together, and what an interface, a script or a new configuration means to whom.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::action::{Action, InstanceId, State};
use super::beats::Beats;
use super::by_wire::{ByWire, Found};
use super::debounce::Debounce;
use super::event::{Datagram, Event};
use super::facts::Facts;
use super::group::Group;
use super::instance::{Instance, Phase, Wish};
use super::interfaces::interfaces_of;
use super::lanes::Lanes;
use super::lost::Restored;
use super::note::{Fault, Note, What};
use super::tracking::{Kind, Object, Standing, told, trackers};
use super::virtual_addresses::VirtualAddresses;
use super::wire;
use crate::config::model::{Config, VirtualAddress, VrrpInstance};
use crate::ids::{Family, IfIndex, Name};
use crate::objects::interface::Interface;
use crate::time::Mono;

/// Instances whose timers run in one pass.
pub const AT_ONCE: usize = 512;

/// The router.
#[derive(Clone)]
pub struct Router {
    pub(super) config: Arc<Config>,
    pub(super) facts: Facts,
    /// By [`InstanceId`]; a slot is not used again, and costs nothing more once it is empty.
    pub(super) instances: Vec<Option<Box<Instance>>>,
    /// The living ones as the configuration has them.
    pub(super) order: Vec<InstanceId>,
    pub(super) groups: Vec<Group>,
    by_wire: ByWire,
    pub(super) by_interface: FxHashMap<Name, Vec<InstanceId>>,
    pub(super) by_tracked: FxHashMap<Object, Vec<InstanceId>>,
    /// Those with `auth_hmac`.
    signing: Vec<InstanceId>,
    pub(super) restored: Restored,
    /// What is to be announced, at the pace that the configuration asks for.
    lanes: Lanes,
    pub(super) debounce: Debounce,
    pub(super) beats: Beats,
    /// Sorted. A queue, because the first goes and comes back near the end: little is moved, and nothing
    /// is allocated for an advert.
    pub(super) due: VecDeque<(Mono, InstanceId)>,
    /// Kept for its memory.
    expiring: Vec<InstanceId>,
    /// Since [`Router::take_ways_changed`].
    ways_changed: bool,
    /// `log_unknown_vrids`: when each was last told.
    pub(super) unknown: FxHashMap<(IfIndex, u8), Mono>,
    /// `vrrp_startup_delay`: until then no packet is taken and no timer runs.
    silent_until: Option<Mono>,
    stopped: bool,
}

impl Router {
    /// Starts every instance of `config` on the interfaces that are there. The clock counts from the boot.
    pub fn start<'a>(
        now: Mono,
        config: Arc<Config>,
        interfaces: impl IntoIterator<Item = &'a Arc<Interface>>,
        out: &mut Vec<Action>,
    ) -> Self {
        Self::start_knowing(now, config, interfaces, [], out)
    }

    /// The same, with what is known of tracked objects at the start: it decides about the first state.
    pub fn start_knowing<'a>(
        now: Mono,
        config: Arc<Config>,
        interfaces: impl IntoIterator<Item = &'a Arc<Interface>>,
        known: impl IntoIterator<Item = Event<'static>>,
        out: &mut Vec<Action>,
    ) -> Self {
        let since_boot = now.since(Mono::ZERO);
        let after_boot = config.global.vrrp_delay_after_boot.saturating_sub(since_boot);
        let delay = config.global.vrrp_startup_delay.max(after_boot);
        if !delay.is_zero() {
            out.push(about_all(What::StartupDelayed(delay)));
        }
        let mut router = Router {
            facts: Facts::new(interfaces),
            instances: Vec::new(),
            order: Vec::new(),
            groups: Vec::new(),
            by_wire: ByWire::default(),
            by_interface: FxHashMap::default(),
            by_tracked: FxHashMap::default(),
            signing: Vec::new(),
            restored: Restored::default(),
            lanes: Lanes::default(),
            debounce: Debounce::default(),
            beats: Beats::default(),
            due: VecDeque::new(),
            expiring: Vec::new(),
            ways_changed: true,
            unknown: FxHashMap::default(),
            silent_until: (!delay.is_zero()).then(|| now + delay),
            stopped: false,
            config,
        };
        let config = router.config.clone();
        router.instances.reserve_exact(config.instances.len());
        router.order.reserve_exact(config.instances.len());
        for instance in config.instances.iter() {
            let id = InstanceId(u32::try_from(router.instances.len()).unwrap_or(u32::MAX));
            router.instances.push(Some(Box::new(Instance::new(id, instance.clone()))));
            router.order.push(id);
        }
        // Nothing can be left on a VMAC that has only just been made.
        for instance in router.instances.iter().flatten().filter(|instance| instance.config.vmac.is_none())
        {
            instance.note_removal(out);
        }
        router.rebuild();
        router.note_first_sources(&Config::default(), out);
        router.follow_beats(now, out);
        for event in known {
            if let Event::Link { name, up } = &event {
                if let Some(interface) = router.beats.heard(name, *up) {
                    router.facts.set_interface(name, Some(interface));
                }
            } else if let Some((object, standing)) = told(event) {
                router.facts.tracked.set(object, standing);
            }
        }
        router.settle_all(now, out);
        router
    }

    /// Takes one event.
    pub fn handle(&mut self, now: Mono, event: Event<'_>, out: &mut Vec<Action>) {
        if self.stopped {
            return;
        }
        match event {
            Event::Packet(datagram) => self.packet(now, &datagram, out),
            Event::Interface { name, now: interface } => {
                let interface = self.beats.seen(&name, interface);
                self.interface(now, &name, interface, out);
            }
            Event::Link { name, up } => {
                if let Some(interface) = self.beats.heard(&name, up) {
                    self.interface(now, &name, Some(interface), out);
                }
            }
            Event::Script { .. } | Event::File { .. } | Event::Process { .. } | Event::Bfd { .. } => {
                if let Some((object, standing)) = told(event) {
                    self.tracked(now, object, standing, out);
                }
            }
            Event::AddressLost { key } => self.address_lost(now, key, out),
            Event::ObjectLost { instance, object } => self.object_lost(now, instance, object, out),
            Event::TrackGroup { name, whole } => self.track_group(now, &name, whole, out),
            Event::Reconfigure(config) => self.reconfigure(now, config, out),
            Event::Stop => self.stop(out),
        }
        self.announce(now, out);
    }

    /// Whether [`Router::tell_utc`] is of any use.
    pub fn asks_for_utc(&self) -> bool {
        !self.signing.is_empty()
    }

    /// What the wall clock says, since 1970: for the trailers of `auth_hmac`, and nothing else.
    pub fn tell_utc(&mut self, utc: Duration) {
        for id in &self.signing {
            if let Some(Some(instance)) = self.instances.get_mut(id.0 as usize) {
                instance.rare().sequences.utc = utc;
            }
        }
    }

    /// When [`Router::expire`] has something to do.
    pub fn deadline(&self) -> Option<Mono> {
        let due = self.due.front().map(|(at, _)| *at);
        due.into_iter()
            .chain(self.silent_until)
            .chain(self.lanes.deadline())
            .chain(self.debounce.deadline())
            .min()
    }

    /// When a backup's timer ends, or another that takes its time, if no master's advert is due before.
    pub fn next_takeover(&self) -> Option<Mono> {
        let (at, id) = self.due.front()?;
        self.instance(*id)?.next_advert().is_none().then_some(*at)
    }

    /// Lets every timer run that is due.
    pub fn expire(&mut self, now: Mono, out: &mut Vec<Action>) {
        if self.silent_until.take_if(|until| *until <= now).is_some() {
            out.push(about_all(What::StartupCompleted));
        }
        for (name, interface) in self.debounce.expire(now) {
            self.interface_counts(now, &name, Some(interface), out);
        }
        // One pass over what is due now, and not over more than the driver sends in one go: an instance whose
        // announcements come in slices is due again at once, and its next slice must not keep the driver from
        // looking at its sockets.
        let mut due = std::mem::take(&mut self.expiring);
        due.extend(self.due.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| *id).take(AT_ONCE));
        let begins = |router: &Self, id| router.instance(id).and_then(Instance::next_advert);
        due.retain(|id| {
            let id = *id;
            let before = begins(self, id);
            self.listen_if_stalled(now, id, out);
            if let Some(instance) = self.instance_mut(id) {
                instance.listen_if_late(now, out);
            }
            let wish = self.instance_mut(id).and_then(|instance| instance.expire(now, out));
            self.fulfil(now, id, wish, out);
            self.queue(id);
            // One that goes on as before keeps its grid.
            before != Some(now) && before != begins(self, id)
        });
        self.spread(now, &due);
        due.clear();
        self.expiring = due;
        self.announce(now, out);
    }

    /// One slice of what is to be announced by now.
    fn announce(&mut self, now: Mono, out: &mut Vec<Action>) {
        let instances = &self.instances;
        let epoch = |id: InstanceId| {
            let instance = instances.get(id.0 as usize).and_then(Option::as_ref);
            instance.filter(|instance| instance.is_master()).map(|instance| instance.epoch)
        };
        self.lanes.expire(now, epoch, |instance, address| out.push(Action::Announce { instance, address }));
    }

    /// Every address that an owning instance wants.
    pub fn desired_addresses(&self, id: InstanceId) -> impl Iterator<Item = &VirtualAddress> {
        self.instance(id).filter(|instance| instance.is_master()).into_iter().flat_map(Instance::addresses)
    }

    /// Whether an instance may have another interface or source than when this was last asked.
    pub fn take_ways_changed(&mut self) -> bool {
        std::mem::take(&mut self.ways_changed)
    }

    /// The configuration of a living instance.
    pub fn config_of(&self, id: InstanceId) -> Option<&Arc<VrrpInstance>> {
        self.instance(id).map(|instance| &instance.config)
    }

    /// Every living instance with its configuration.
    pub fn living(&self) -> impl Iterator<Item = (InstanceId, &Arc<VrrpInstance>)> {
        self.instances.iter().flatten().map(|instance| (instance.id, &instance.config))
    }

    /// Every instance of the configuration with its own, and the address that it speaks from.
    pub fn ways(&self) -> impl Iterator<Item = (InstanceId, &Arc<VrrpInstance>, Option<IpAddr>)> {
        let instances = self.order.iter().filter_map(|id| self.instance(*id));
        instances.map(|instance| (instance.id, &instance.config, instance.source))
    }

    pub(super) fn instance(&self, id: InstanceId) -> Option<&Instance> {
        self.instances.get(id.0 as usize)?.as_deref()
    }

    pub(super) fn instance_mut(&mut self, id: InstanceId) -> Option<&mut Instance> {
        self.instances.get_mut(id.0 as usize)?.as_deref_mut()
    }

    fn packet(&mut self, now: Mono, datagram: &Datagram<'_>, out: &mut Vec<Action>) {
        if self.silent_until.is_some_and(|until| now < until) {
            return;
        }
        let vrid = wire::vrid(datagram.advert());
        let key = vrid.map(|vrid| (datagram.interface, Family::of(datagram.source), vrid));
        match key.and_then(|key| self.by_wire.find(&key)) {
            None => self.unknown_router(now, datagram, out),
            Some(Found::One(id)) => self.deliver(now, id, datagram, out),
            Some(Found::Several(ids)) => {
                let ids = ids.to_vec();
                for id in ids {
                    if self.instance(id).is_some_and(|instance| instance.is_meant(datagram)) {
                        self.deliver(now, id, datagram, out);
                    }
                }
            }
        }
    }

    fn deliver(&mut self, now: Mono, id: InstanceId, datagram: &Datagram<'_>, out: &mut Vec<Action>) {
        self.listen_if_stalled(now, id, out);
        let Some(instance) = self.instance_mut(id) else { return };
        let wish = instance.receive(now, datagram, out);
        self.fulfil(now, id, wish, out);
        if let Some(Wish::Backup { .. }) = wish
            && let Some(instance) = self.instance_mut(id)
        {
            instance.follow(datagram.source, datagram.advert().get(2).copied().unwrap_or(0));
        }
        if wish.is_none() {
            self.group_follows(now, id, out);
        }
        self.queue(id);
    }

    /// A master that overslept its peers' patience may no longer be the only one: it listens for as long
    /// as a living master needs to be heard, instead of fighting at once (keepalived reclaims and announces
    /// in a burst).
    pub(super) fn listen_if_stalled(&mut self, now: Mono, id: InstanceId, out: &mut Vec<Action>) {
        let Some(by) = self.instance(id).and_then(|instance| instance.stalled(now)) else { return };
        if let Some(instance) = self.instance_mut(id) {
            instance.note(What::Stalled { by }, out);
        }
        self.group_to_backup(now, id, now, None, false, out);
    }

    fn tracked(&mut self, now: Mono, object: Object, standing: Standing, out: &mut Vec<Action>) {
        let who = self.by_tracked.get(&object).cloned().unwrap_or_default();
        self.facts.tracked.set(object, standing);
        for id in who {
            self.settle(now, id, out);
        }
    }

    fn stop(&mut self, out: &mut Vec<Action>) {
        self.stopped = true;
        self.silent_until = None;
        self.due.clear();
        for instance in self.instances.iter_mut().flatten() {
            instance.end(State::Stop, out);
        }
        for group in &self.groups {
            group.notify(State::Stop, out);
        }
    }

    /// Faults and priority of one instance from the facts, and what follows from them.
    pub(super) fn settle(&mut self, now: Mono, id: InstanceId, out: &mut Vec<Action>) {
        let news = self.assess(id, out);
        self.act_on_faults(now, id, news, out);
    }

    /// All are looked at before any acts: a group starts only when every member is well.
    pub(super) fn settle_all(&mut self, now: Mono, out: &mut Vec<Action>) {
        self.note_ignored_weights(out);
        let ids = self.order.clone();
        let news: Vec<Vec<Fault>> = ids.iter().map(|id| self.assess(*id, out)).collect();
        for (id, news) in ids.into_iter().zip(news) {
            self.act_on_faults(now, id, news, out);
        }
        for instance in self.instances.iter_mut().flatten() {
            instance.started = true;
        }
    }

    /// Looks at the facts; returns the faults that are new.
    fn assess(&mut self, id: InstanceId, out: &mut Vec<Action>) -> Vec<Fault> {
        let Some(instance) = self.instance(id) else { return Vec::new() };
        let group = instance.group.and_then(|index| self.groups.get(index));
        let situation = self.facts.of(&instance.config, group.map(|group| &*group.config));
        let Some(instance) = self.instance_mut(id) else { return Vec::new() };
        let way = instance.set_way(situation.interface, situation.source);
        if let Some(mtu) = situation.mtu {
            instance.set_mtu(mtu, out);
        }
        let before = std::mem::replace(&mut instance.faults, situation.faults);
        let mut was_past = false;
        for over in before.iter().filter(|fault| !instance.faults.contains(fault)) {
            if let Fault::File(_) = over {
                instance.note(What::FaultOver(over.clone()), out);
                was_past = true;
            }
        }
        match situation.priority.map(|priority| instance.allowed_priority(priority)) {
            Some(priority) if was_past => instance.return_to_priority(priority, out),
            Some(priority) => instance.set_priority(priority, out),
            None => {}
        }
        let news = instance.faults.iter().filter(|fault| !before.contains(fault)).cloned().collect();
        self.ways_changed |= way;
        news
    }

    fn act_on_faults(&mut self, now: Mono, id: InstanceId, news: Vec<Fault>, out: &mut Vec<Action>) {
        let Some(instance) = self.instance(id) else { return };
        let failed = instance.faults.iter().any(|fault| !matches!(fault, Fault::ScriptPending(_)));
        // Some of the group may be well: those that a reload brought into it.
        let settled = matches!(instance.phase, Phase::Fault) && self.whole_group_is_in_fault(id);
        let recovers = instance.faults.is_empty() && matches!(instance.phase, Phase::Fault | Phase::Init);
        for fault in news {
            // Of what is added to a fault only this is seen nowhere else.
            if failed && (!settled || matches!(fault, Fault::DuplicateAddress(..))) {
                instance.note(What::Fault(fault), out);
            }
        }
        if failed && !settled {
            self.group_to_fault(now, id, out);
        } else if recovers {
            self.group_recovers(now, id, out);
        }
        self.queue(id);
    }

    /// The timer of an instance that (re)starts as a backup counts from here.
    pub(super) fn timers_from(&self, now: Mono) -> Mono {
        self.silent_until.map_or(now, |until| until.max(now))
    }

    pub(super) fn fulfil(&mut self, now: Mono, id: InstanceId, wish: Option<Wish>, out: &mut Vec<Action>) {
        match wish {
            Some(Wish::Master) => self.group_to_master(now, id, out),
            Some(Wish::Backup { heard }) => self.group_to_backup(now, id, heard, None, false, out),
            Some(Wish::Announce) => self.group_announces(now, id),
            None => {}
        }
    }

    /// Puts the instance's deadline into the queue, and its announcements into their lanes.
    pub(super) fn queue(&mut self, id: InstanceId) {
        let Some(instance) = self.instances.get_mut(id.0 as usize).and_then(Option::as_deref_mut) else {
            return;
        };
        let epoch = instance.epoch;
        if instance.garp.is_pending() {
            for (address, rounds) in instance.take_announcements() {
                self.lanes.push(id, address.clone(), rounds, epoch);
            }
        }
        let deadline = instance.deadline();
        if instance.queued != deadline {
            let old = std::mem::replace(&mut instance.queued, deadline);
            self.requeue(id, old, deadline);
        }
    }

    fn requeue(&mut self, id: InstanceId, old: Option<Mono>, new: Option<Mono>) {
        // In a steady state the first goes, and comes back last.
        if let Some(old) = old.map(|old| (old, id)) {
            if self.due.front() == Some(&old) {
                self.due.pop_front();
            } else if let Ok(place) = self.due.binary_search(&old) {
                self.due.remove(place);
            }
        }
        if let Some(new) = new.map(|new| (new, id)) {
            if self.due.back().is_none_or(|last| *last < new) {
                self.due.push_back(new);
            } else if let Err(place) = self.due.binary_search(&new) {
                self.due.insert(place, new);
            }
        }
    }

    pub(super) fn unqueue(&mut self, instance: &Instance) {
        self.requeue(instance.id, instance.queued, None);
    }

    /// Recomputes every look-up from the instances and the configuration.
    pub(super) fn rebuild(&mut self) {
        let config = self.config.clone();
        let ids: HashMap<Name, InstanceId> =
            self.instances.iter().flatten().map(|i| (i.config.name.clone(), i.id)).collect();
        let states: HashMap<Name, State> =
            self.groups.iter().map(|group| (group.config.name.clone(), group.state)).collect();
        for instance in self.instances.iter_mut().flatten() {
            instance.in_group(None, false);
        }
        let is_master = |id: &InstanceId| self.instance(*id).is_some_and(Instance::is_master);
        let groups = config.sync_groups.iter().map(|group| Group::new(group, &ids, &states, is_master));
        self.groups = groups.collect();
        for (index, group) in self.groups.iter().enumerate() {
            let of_owners = group.is_of_owners(&self.instances);
            for id in &group.members {
                if let Some(Some(instance)) = self.instances.get_mut(id.0 as usize) {
                    instance.in_group(Some(index), !of_owners);
                }
            }
        }
        self.facts.renew_used_interfaces(&config);
        self.by_interface.clear();
        self.by_tracked.clear();
        let signs = |instance: &Instance| instance.config.options.auth_hmac.is_some();
        self.signing = self.instances.iter().flatten().filter(|i| signs(i)).map(|i| i.id).collect();
        let mut tracked_sources = HashSet::new();
        for instance in self.instances.iter().flatten() {
            let group = instance.group.and_then(|index| self.groups.get(index)).map(|group| &group.config);
            let used = self.facts.used_interfaces(&instance.config.name);
            for name in interfaces_of(&instance.config).chain(used) {
                insert_once(self.by_interface.entry(name.clone()).or_default(), instance.id);
            }
            for (kind, tracked) in trackers(&instance.config, group.map(|group| &**group)) {
                let who = match kind {
                    Kind::Interface => self.by_interface.entry(tracked.name).or_default(),
                    _ => self.by_tracked.entry((kind, tracked.name)).or_default(),
                };
                insert_once(who, instance.id);
            }
            tracked_sources.extend(instance.config.source.filter(|_| instance.config.options.track_src_ip));
        }
        self.facts.virtual_addresses =
            VirtualAddresses::of(self.instances.iter().flatten().map(|instance| &**instance));
        let mut restored = std::mem::take(&mut self.restored);
        restored.keep(|key| self.owner_of(key).is_some());
        self.restored = restored;
        let mut lanes = std::mem::take(&mut self.lanes);
        lanes.rebuild(&config, |(id, key)| self.owner_of(key) == Some(*id));
        self.lanes = lanes;
        self.debounce.configure(&config);
        self.facts.set_tracked_sources(tracked_sources);
        self.rewire();
    }

    pub(super) fn rewire(&mut self) {
        self.ways_changed = true;
        self.by_wire.clear();
        for instance in self.instances.iter().flatten() {
            if let Some(interface) = self.facts.index_of(instance.config.listens_on()) {
                let key = (interface, instance.config.family, instance.config.vrid);
                self.by_wire.insert(key, instance.id);
            }
        }
    }
}

fn insert_once(list: &mut Vec<InstanceId>, id: InstanceId) {
    if list.last() != Some(&id) {
        list.push(id);
    }
}

/// A note about the whole router.
pub(super) fn about_all(what: What) -> Action {
    Action::Note(Note { about: "".into(), what })
}

/// A note about a group.
pub(super) fn group_note(name: &Name, state: State) -> Action {
    Action::Note(Note { about: name.clone(), what: What::GroupSyncing { state } })
}
