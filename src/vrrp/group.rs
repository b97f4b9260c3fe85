//! Sync groups: members change state together. An instance without a group is a group of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::action::{Action, InstanceId, State, Subject};
use super::instance::{Instance, Phase};
use super::note::What;
use super::router::{Router, group_note};
use super::tracking::ignored;
use crate::config::model::vrrp::OWNER;
use crate::config::model::{InitialState, SyncGroup, VrrpInstance};
use crate::ids::Name;
use crate::time::Mono;

/// One `vrrp_sync_group` and the state that it has told.
#[derive(Clone)]
pub(super) struct Group {
    pub config: Arc<SyncGroup>,
    pub members: Vec<InstanceId>,
    pub state: State,
}

impl Group {
    /// One that a reload makes of masters is master, as they are.
    pub fn new(
        config: &SyncGroup,
        ids: &HashMap<Name, InstanceId>,
        states: &HashMap<Name, State>,
        is_master: impl Fn(&InstanceId) -> bool,
    ) -> Self {
        let members: Vec<_> = config.members.iter().filter_map(|name| ids.get(name).copied()).collect();
        let masters = members.iter().filter(|member| is_master(member)).count();
        let known = states.get(&config.name).copied().unwrap_or(State::Init);
        // A master that comes into a group in FAULT is told nothing else than the others were.
        let state = match masters {
            0 => known,
            some if some < members.len() && known == State::Fault => known,
            _ => State::Master,
        };
        Group { config: Arc::new(config.clone()), members, state }
    }

    /// All members own their addresses, and are to start as MASTER.
    pub fn is_of_owners(&self, instances: &[Option<Box<Instance>>]) -> bool {
        let mut members = self.members.iter().filter_map(|id| instances.get(id.0 as usize)?.as_ref());
        let starts_as_master = |config: &VrrpInstance| config.state == Some(InitialState::Master);
        members.all(|member| member.config.priority == OWNER && starts_as_master(&member.config))
    }

    /// Scripts of a group always get priority 0.
    pub fn notify(&self, state: State, out: &mut Vec<Action>) {
        out.push(Action::Notify { subject: Subject::Group(self.config.name.clone()), state, priority: 0 });
    }
}

impl Router {
    /// The instance's timer has expired: it becomes master with all members, or waits for them.
    pub(super) fn group_to_master(&mut self, now: Mono, id: InstanceId, out: &mut Vec<Action>) {
        if let Some(instance) = self.instance_mut(id) {
            instance.wants_master = true;
        }
        let others = self.others(id);
        let agreed =
            others.iter().filter_map(|other| self.instance(*other)).all(|other| match other.phase {
                Phase::Master { .. } => true,
                Phase::Backup(_) => other.wants_master,
                Phase::Init | Phase::Fault => false,
            });
        if !agreed {
            if let Some(instance) = self.instance_mut(id) {
                instance.rearm(now);
            }
            return;
        }
        self.together(id, State::Master, out, |instance, out| {
            if !instance.is_master() {
                instance.enter_master(now, out);
            }
        });
    }

    /// The instance leaves MASTER, or starts over, and takes the masters among the members along.
    pub(super) fn group_to_backup(
        &mut self,
        now: Mono,
        id: InstanceId,
        since: Mono,
        after: Option<Duration>,
        resign: bool,
        out: &mut Vec<Action>,
    ) {
        self.together(id, State::Backup, out, |instance, out| {
            if instance.id == id {
                instance.enter_backup(now, since, after, resign, out);
            } else if instance.is_master() {
                instance.enter_backup(now, now, after, resign, out);
            } else {
                instance.wants_master = false;
            }
        });
    }

    /// One member fails, all fail. Each master among them resigns on the wire, as those of keepalived 2.2.7
    /// do (2.4.3 leaves the partners' peers to their timers): the peer takes the group over at once.
    pub(super) fn group_to_fault(&mut self, now: Mono, id: InstanceId, out: &mut Vec<Action>) {
        self.together(id, State::Fault, out, |instance, out| {
            if !matches!(instance.phase, Phase::Fault) {
                instance.enter_fault(now, true, out);
            }
        });
    }

    /// The instance has no fault any more: the group comes back when that is true of every member.
    pub(super) fn group_recovers(&mut self, now: Mono, id: InstanceId, out: &mut Vec<Action>) {
        let well = |instance: &Instance| instance.faults.is_empty();
        if !self.others(id).iter().filter_map(|other| self.instance(*other)).all(well) {
            return;
        }
        let since = self.timers_from(now);
        if self.others(id).iter().any(|other| self.instance(*other).is_some_and(Instance::is_master)) {
            // A reload brought it into a group of masters: they stay, and it catches up with them unless
            // it hears of a better master ([`Router::group_follows`]).
            if let Some(instance) = self.instance_mut(id) {
                instance.enter_backup(now, since, None, false, out);
            }
            return;
        }
        self.together(id, State::Backup, out, |instance, out| {
            if matches!(instance.phase, Phase::Init | Phase::Fault) {
                instance.enter_backup(now, since, None, false, out);
            }
        });
    }

    /// Somebody claimed one member's addresses, and maybe those of the others elsewhere: all masters announce theirs.
    pub(super) fn group_announces(&mut self, now: Mono, id: InstanceId) {
        let mut members = self.others(id);
        members.push(id);
        for member in members {
            if let Some(instance) = self.instance_mut(member).filter(|instance| instance.is_master()) {
                instance.garp.lower_priority(now, &instance.config.garp);
            }
            self.queue(member);
        }
    }

    /// A member hears a master that it accepts, while its group is master: new to the group, it takes the others
    /// along.
    pub(super) fn group_follows(&mut self, now: Mono, id: InstanceId, out: &mut Vec<Action>) {
        let Some(instance) = self.instance(id) else { return };
        let group = instance.group.and_then(|index| self.groups.get(index));
        if instance.master().is_some() && group.is_some_and(|group| group.state == State::Master) {
            self.together(id, State::Backup, out, |instance, out| {
                if instance.is_master() {
                    instance.enter_backup(now, now, None, false, out);
                }
            });
        }
    }

    /// Weighted trackers of an owner do nothing, and those of a member neither without
    /// `sync_group_tracking_weight`: the operator is told.
    pub(super) fn note_ignored_weights(&self, out: &mut Vec<Action>) {
        for instance in self.order.iter().filter_map(|id| self.instance(*id)) {
            let group = instance.group.and_then(|index| self.groups.get(index));
            let owner = instance.config.priority == OWNER;
            for (kind, tracked) in ignored(&instance.config, group.map(|group| &*group.config)) {
                let (tracked, weight) = (tracked.name.clone(), tracked.weight);
                instance.note(What::WeightIgnored { kind, tracked, weight, owner }, out);
            }
        }
    }

    /// A group that a reload has made is what its members are. Of masters nothing is told, as by keepalived.
    pub(super) fn tell_of_new_groups(&mut self, out: &mut Vec<Action>) {
        for index in 0..self.groups.len() {
            let Some(group) = self.groups.get(index).filter(|group| group.state == State::Init) else {
                continue;
            };
            let mut states = group.members.iter().filter_map(|id| self.instance(*id)).map(Instance::state);
            let Some(state) = states.next().filter(|state| matches!(state, State::Backup | State::Fault))
            else {
                continue;
            };
            if states.all(|other| other == state)
                && let Some(group) = self.groups.get_mut(index)
            {
                group.state = state;
                group.notify(state, out);
            }
        }
    }

    pub(super) fn whole_group_is_in_fault(&self, id: InstanceId) -> bool {
        let group = self.instance(id).and_then(|instance| instance.group);
        let members = group.and_then(|index| self.groups.get(index)).map(|group| &*group.members);
        let mut members = members.unwrap_or_default().iter().filter_map(|member| self.instance(*member));
        members.all(|member| matches!(member.phase, Phase::Fault))
    }

    fn others(&self, id: InstanceId) -> Vec<InstanceId> {
        let group =
            self.instance(id).and_then(|instance| instance.group).and_then(|index| self.groups.get(index));
        group
            .map(|group| group.members.iter().copied().filter(|member| *member != id).collect())
            .unwrap_or_default()
    }

    /// Does the same to the instance and then to its group, and tells the group's new state.
    fn together(
        &mut self,
        id: InstanceId,
        state: State,
        out: &mut Vec<Action>,
        mut change: impl FnMut(&mut Instance, &mut Vec<Action>),
    ) {
        if let Some(instance) = self.instance_mut(id) {
            change(instance, out);
        }
        let Some(index) = self.instance(id).and_then(|instance| instance.group) else { return };
        let started = self.instance(id).is_some_and(|instance| instance.started);
        let Some(group) = self.groups.get_mut(index) else { return };
        let news = group.state != state;
        group.state = state;
        let (name, members) = (group.config.name.clone(), group.members.clone());
        if news && started {
            out.push(group_note(&name, state));
        }
        for member in members {
            if member == id {
                continue;
            }
            if let Some(instance) = self.instance_mut(member) {
                change(instance, out);
            }
            self.queue(member);
        }
        if news && let Some(group) = self.groups.get(index) {
            group.notify(state, out);
        }
    }
}
