//! `ha_suspend`: the checkers of a service rest while its address is not on this host.
//!
//! What was known of the real servers stays: on the backup the table is as the last checks left it.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::action::{Action, CheckerId, ServiceId};
use super::director::Director;
use super::name::RealName;
use super::note::Note;
use super::plan;
use crate::config::model::VirtualServer;
use crate::config::model::lvs::Target;
use crate::health::checker::{first_delay, is_probed};
use crate::time::Mono;

/// The addresses of this host, and whose checkers rest.
#[derive(Debug, Default)]
pub(super) struct Presence {
    here: Arc<HashSet<IpAddr>>,
    /// Services whose checkers rest.
    away: HashSet<ServiceId>,
}

impl Presence {
    /// Whether a service with these settings rests.
    fn rests(&self, settings: &VirtualServer) -> bool {
        match settings.target {
            Target::Address { address, .. } => settings.ha_suspend && !self.here.contains(&address),
            Target::Fwmark { .. } | Target::Group(_) => false,
        }
    }

    /// A service that is new; its checkers rest from the start if its address is not here.
    pub fn add(&mut self, id: ServiceId, settings: &VirtualServer) {
        if self.rests(settings) {
            self.away.insert(id);
        } else {
            self.away.remove(&id);
        }
    }

    pub fn is_away(&self, id: ServiceId) -> bool {
        self.away.contains(&id)
    }
}

impl Director {
    /// These addresses, and no others, are on this host.
    pub(super) fn addresses(&mut self, now: Mono, here: Arc<HashSet<IpAddr>>, out: &mut Vec<Action>) {
        self.presence.here = here;
        self.follow_addresses(now, out);
    }

    /// Sends to rest and wakes whom the addresses, or a new configuration, say.
    pub(super) fn follow_addresses(&mut self, now: Mono, out: &mut Vec<Action>) {
        let services = self.order.iter().filter_map(|id| Some((*id, self.services.get(id.0)?)));
        let changed: Vec<(ServiceId, bool)> = services
            .map(|(id, service)| (id, self.presence.rests(service.settings())))
            .filter(|(id, rests)| *rests != self.presence.is_away(*id))
            .collect();
        for (id, rests) in changed {
            if rests {
                self.presence.away.insert(id);
            } else {
                self.presence.away.remove(&id);
            }
            self.rest_or_wake(now, id, rests, out);
        }
    }

    fn rest_or_wake(&mut self, now: Mono, id: ServiceId, rests: bool, out: &mut Vec<Action>) {
        let Some(service) = self.services.get(id.0) else { return };
        let name = service.name();
        let mut checkers: Vec<CheckerId> = Vec::new();
        for (settings, real) in service.reals() {
            let real_name = RealName::of(&name, plan::real_key(settings));
            // Those that are told neither rest nor begin: what they know is true wherever the address is.
            let asks = |id: &&CheckerId| self.check(**id).is_some_and(|check| is_probed(&check.kind));
            for checker in real.checkers.iter().filter(asks) {
                let (real, service) = (real_name, name.clone());
                out.push(Action::Note(match rests {
                    true => Note::Suspending { real, service },
                    false => Note::Activating { real, service },
                }));
                checkers.push(*checker);
            }
        }
        for id in checkers {
            let Some(attached) = self.checkers.get_mut(id.0) else { continue };
            if rests {
                // The result of a probe that is under way counts for nothing.
                (attached.running, attached.waiting) = (None, false);
                self.schedule.clear(id.0);
            } else {
                let warmup = attached.checker.check().pace.warmup;
                self.schedule.set(id.0, now + first_delay(self.seed, u64::from(id.0), warmup));
            }
        }
    }
}
