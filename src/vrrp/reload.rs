//! A new configuration: what can stay, stays.
//!
//! Instances are matched as keepalived does, not by name but by what they are on the wire and on the host
//! (see [`InstanceIdentity`]). A matched one keeps its state, its timers, its master and its counters.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::action::{Action, InstanceId, State};
use super::instance::Instance;
use super::router::Router;
use super::tracking::Kind;
use crate::config::model::{Config, InstanceIdentity};
use crate::ids::Name;
use crate::time::Mono;

impl Router {
    /// Every MASTER whose advert is due within so long speaks now: whatever reading on takes with thousands of
    /// instances, no advert is due meanwhile. Those that are due first speak first. The others keep their moment:
    /// keepalived lets all speak, and thousands of adverts that leave together do so ever after.
    pub fn speak_ahead(&mut self, now: Mono, within: Duration, out: &mut Vec<Action>) {
        let until = now + within;
        let due = self.due.iter().take_while(|(at, _)| *at <= until);
        let ids: Vec<InstanceId> = due.map(|(_, id)| *id).collect();
        for id in ids {
            self.listen_if_stalled(now, id, out);
            if let Some(instance) = self.instance_mut(id).filter(|instance| instance.is_master()) {
                instance.speak_now(now, out);
                self.queue(id);
            }
        }
    }

    pub(super) fn reconfigure(&mut self, now: Mono, config: Arc<Config>, out: &mut Vec<Action>) {
        let mut living: HashMap<InstanceIdentity, InstanceId> =
            self.instances.iter().flatten().map(|i| (i.config.identity(), i.id)).collect();
        let before = std::mem::replace(&mut self.config, config.clone());
        let defined = defined(&config);
        self.facts.tracked.forget(|kind, name| defined.contains(&(kind, name)));
        let (mut kept, mut order) = (Vec::new(), Vec::new());
        for instance in &config.instances {
            match living.remove(&instance.identity()) {
                Some(id) => {
                    kept.push((id, instance.clone()));
                    order.push(id);
                }
                None => {
                    let id = InstanceId(u32::try_from(self.instances.len()).unwrap_or(u32::MAX));
                    self.instances.push(Some(Box::new(Instance::new(id, instance.clone()))));
                    order.push(id);
                }
            }
        }
        self.order = order;
        // Those that are gone give up their addresses before others may claim them.
        let mut gone: Vec<InstanceId> = living.into_values().collect();
        gone.sort_unstable();
        for id in gone {
            let Some(mut instance) = self.instances.get_mut(id.0 as usize).and_then(Option::take) else {
                continue;
            };
            self.unqueue(&instance);
            let asked = instance.config.notify.deleted_state;
            // Of who is in FAULT already, or never was elsewhere, that is no news.
            let known = matches!(instance.state(), State::Init | State::Fault);
            match (asked, known) {
                (true, _) => instance.end(State::Deleted, out),
                (false, false) => instance.end(State::Removed, out),
                (false, true) => {}
            }
        }
        for (id, config) in kept {
            if let Some(instance) = self.instance_mut(id) {
                instance.adopt(now, config, out);
            }
        }
        self.rebuild();
        self.note_first_sources(&before, out);
        self.follow_beats(now, out);
        self.settle_all(now, out);
        for id in self.order.clone() {
            self.group_follows(now, id, out);
        }
        self.tell_of_new_groups(out);
    }
}

/// The objects that a configuration can track.
fn defined(config: &Config) -> HashSet<(Kind, &Name)> {
    let scripts = config.track_scripts.iter().map(|script| (Kind::Script, &script.name));
    let files = config.track_files.iter().map(|file| (Kind::File, &file.name));
    let processes = config.track_processes.iter().map(|process| (Kind::Process, &process.name));
    let sessions = config.bfd_instances.iter().map(|session| (Kind::Bfd, &session.name));
    scripts.chain(files).chain(processes).chain(sessions).collect()
}

#[cfg(test)]
mod tests {
    use super::super::dialogue::{US, at, eth0, instance};
    use super::super::event::Event;
    use super::*;

    #[test]
    fn a_reload_leaves_the_packets_of_those_that_stay_as_they_were() {
        let read = |priorities: [u8; 2]| {
            let [a, b] = priorities;
            let instances = vec![Arc::new(instance("A", 1, a)), Arc::new(instance("B", 2, b))];
            Arc::new(Config { instances, ..Config::default() })
        };
        let mut router = Router::start(at(0.0), read([200, 200]), &[eth0(true, Some(US))], &mut Vec::new());
        let said = |router: &mut Router, seconds: f64| {
            let mut out = Vec::new();
            router.expire(at(seconds), &mut out);
            let packets = out.into_iter().filter_map(|action| match action {
                Action::Transmit { instance, payload, .. } => Some((instance, payload)),
                _ => None,
            });
            packets.collect::<HashMap<InstanceId, Arc<[u8]>>>()
        };
        said(&mut router, 4.0);
        let before = said(&mut router, 5.0);
        router.handle(at(5.1), Event::Reconfigure(read([200, 150])), &mut Vec::new());
        let after = said(&mut router, 6.2);
        let same = [0, 1].map(InstanceId).map(|id| Arc::ptr_eq(&before[&id], &after[&id]));
        assert_eq!(same, [true, false]);
    }
}
