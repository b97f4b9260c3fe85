//! `drain_timeout`: a real server that a reload removes, alone or with its service, stays with weight 0 until its connections have ended, or the
//! time is over.
//!
//! IPVS drops the packets of a connection whose server is no destination any more: a client in the middle of an answer
//! would hang.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use rustc_hash::FxHashSet;

use super::action::{Action, ServiceId};
use super::director::Director;
use super::name::{RealName, ServiceName};
use super::note::Note;
use super::plan;
use crate::config::model::lvs::SorryServer;
use crate::config::model::{RealServer, VirtualServer};
use crate::objects::ipvs::{Connections, DestKey, Destination, Forwarding, ServiceKey};
use crate::time::Mono;

/// For how long none may be established before what is still closing counts for nothing: the last packets of both sides
/// have time.
const CLOSING: Duration = Duration::from_secs(5);

/// What the kernel counts at the destinations of services.
pub type Counts = HashMap<(ServiceKey, DestKey), Connections>;

/// A real server that is on its way out.
#[derive(Clone, Debug)]
pub(super) struct Draining {
    /// As it was written.
    server: DestKey,
    forwarding: Forwarding,
    upper_threshold: u32,
    lower_threshold: u32,
    begun: Mono,
    until: Mono,
    /// Since when no connection is established.
    quiet_since: Option<Mono>,
}

impl Draining {
    /// `None` where the service does not drain.
    pub fn begin(now: Mono, service: &VirtualServer, real: &RealServer) -> Option<Self> {
        Some(Draining {
            server: plan::real_key(real),
            forwarding: real.forwarding,
            upper_threshold: real.upper_threshold,
            lower_threshold: real.lower_threshold,
            begun: now,
            until: now + service.drain_timeout?,
            quiet_since: None,
        })
    }

    /// The same of the sorry server.
    pub fn begin_sorry(now: Mono, service: &VirtualServer, sorry: &SorryServer) -> Option<Self> {
        Some(Draining {
            server: plan::sorry_key(sorry),
            forwarding: sorry.forwarding,
            upper_threshold: 0,
            lower_threshold: 0,
            begun: now,
            until: now + service.drain_timeout?,
            quiet_since: None,
        })
    }

    pub fn until(&self) -> Mono {
        self.until
    }

    pub fn name(&self, service: &ServiceName) -> RealName {
        RealName::of(service, self.server)
    }

    /// Its address, where it is reached by NAT.
    pub fn translated(&self) -> Option<IpAddr> {
        (self.forwarding == Forwarding::Masq).then_some(self.server.address)
    }

    /// What the kernel should hold for it in one of the service's services.
    pub fn wanted(&self, service: &VirtualServer, key: ServiceKey) -> (DestKey, Destination) {
        let destination = Destination {
            forwarding: self.forwarding,
            weight: 0,
            upper_threshold: self.upper_threshold,
            lower_threshold: self.lower_threshold,
        };
        (plan::destination(service, key, self.server, self.forwarding), destination)
    }

    /// Whether its connections have ended, by what was counted at `asked`.
    fn is_dry(&mut self, asked: Mono, connections: Connections) -> bool {
        // Counted before its weight was 0, or at the same time.
        if asked <= self.begun {
            return false;
        }
        if connections.active > 0 {
            self.quiet_since = None;
            return false;
        }
        let since = *self.quiet_since.get_or_insert(asked);
        connections.inactive == 0 || asked.since(since) >= CLOSING
    }
}

/// Those that a service has, and what is to be done with them.
#[derive(Clone, Debug, Default)]
pub(super) struct Drain(Vec<Draining>);

impl FromIterator<Draining> for Drain {
    fn from_iter<T: IntoIterator<Item = Draining>>(begun: T) -> Self {
        Drain(begun.into_iter().collect())
    }
}

impl Drain {
    pub fn iter(&self) -> impl Iterator<Item = &Draining> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn add(&mut self, draining: Draining) {
        self.0.retain(|other| other.server != draining.server);
        self.0.push(draining);
    }

    /// Takes those of another one too, unless it has them already.
    pub fn merge(&mut self, others: Drain) {
        let known: FxHashSet<DestKey> = self.0.iter().map(|draining| draining.server).collect();
        self.0.extend(others.0.into_iter().filter(|other| !known.contains(&other.server)));
    }

    /// Takes out those for which `leaves` holds.
    fn take(&mut self, leaves: impl FnMut(&mut Draining) -> bool) -> Vec<Draining> {
        self.0.extract_if(.., leaves).collect()
    }

    /// Another configuration: who is wanted again drains no more; without `drain_timeout` the others leave now.
    pub fn follow(&mut self, name: &ServiceName, settings: &VirtualServer, out: &mut Vec<Action>) {
        if self.is_empty() {
            return;
        }
        let wanted: FxHashSet<DestKey> = settings.real_servers.iter().map(plan::real_key).collect();
        self.0.retain(|draining| !wanted.contains(&draining.server));
        if settings.drain_timeout.is_none() {
            for draining in self.take(|_| true) {
                out.push(left(name, &draining, false));
            }
        }
    }
}

impl Director {
    /// The kernel's services in which real servers drain: how many connections these have is to be asked about once a
    /// second, and told by [`super::event::Event::Counted`].
    pub fn draining(&self) -> impl Iterator<Item = ServiceKey> {
        let services = self.draining.iter().filter_map(|id| self.services.get(id.0));
        services.flat_map(|service| service.keys().iter().copied())
    }

    /// When the time of one is over.
    pub(super) fn drain_deadline(&self) -> Option<Mono> {
        let services = self.draining.iter().filter_map(|id| self.services.get(id.0));
        services.flat_map(|service| service.drain().iter().map(Draining::until)).min()
    }

    /// So many connections were counted at `asked`.
    pub(super) fn counted(&mut self, asked: Mono, counts: &Counts, out: &mut Vec<Action>) {
        self.leave(out, |draining, settings, keys| {
            let mut sum = Connections::default();
            for key in keys {
                let (destination, _) = draining.wanted(settings, *key);
                // Where the kernel does not have it there is nothing to wait for.
                let found = counts.get(&(*key, destination)).copied().unwrap_or_default();
                sum.active = sum.active.saturating_add(found.active);
                sum.inactive = sum.inactive.saturating_add(found.inactive);
            }
            draining.is_dry(asked, sum).then_some(true)
        });
    }

    /// Those whose time is over leave.
    pub(super) fn drain_expire(&mut self, now: Mono, out: &mut Vec<Action>) {
        if self.drain_deadline().is_some_and(|at| at <= now) {
            self.leave(out, |draining, _, _| (draining.until <= now).then_some(false));
        }
    }

    /// Which services drain, after a reload.
    pub(super) fn follow_drains(&mut self) {
        let drains = |id: &&ServiceId| self.services.get(id.0).is_some_and(|s| !s.drain().is_empty());
        self.draining = self.order.iter().chain(&self.leaving).filter(drains).copied().collect();
    }

    /// Asks of each whether it leaves, and if so, whether dry.
    fn leave(
        &mut self,
        out: &mut Vec<Action>,
        mut leaves: impl FnMut(&mut Draining, &VirtualServer, &[ServiceKey]) -> Option<bool>,
    ) {
        for id in self.draining.clone() {
            let Some(service) = self.services.get_mut(id.0) else { continue };
            let (name, settings, keys) =
                (service.name(), service.settings().clone(), service.keys().to_vec());
            let mut dry = Vec::new();
            let gone = service.drain_mut().take(|draining| {
                let leaves = leaves(draining, &settings, &keys);
                dry.extend(leaves);
                leaves.is_some()
            });
            if gone.is_empty() {
                continue;
            }
            out.push(Action::Program(id));
            if !service.is_member() {
                out.extend(gone.iter().zip(dry).map(|(draining, dry)| left(&name, draining, dry)));
            }
        }
        self.draining.retain(|id| self.services.get(id.0).is_some_and(|s| !s.drain().is_empty()));
        self.end_leaving(out);
    }
}

fn left(service: &ServiceName, draining: &Draining, dry: bool) -> Action {
    let real = draining.name(service);
    Action::Note(Note::Drained { real, service: service.clone(), dry })
}
