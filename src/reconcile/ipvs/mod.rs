//! The IPVS table: what we want of it, what the kernel is known to hold, and the operations between.
//!
//! Only services that we want, or wanted until now, are ever touched; others are nobody's business
//! here. Within a batch what comes precedes what goes, so that a pool is not empty in between unless
//! it ends empty. An operation that fails stays wanted and is tried again, ever more rarely.

mod observe;

use std::time::Duration;

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use crate::objects::ipvs::{DestKey, Destination, Forwarding, Op, Pool, SVC_F_HASHED, Service, ServiceKey};
use crate::time::Mono;

pub use self::observe::Moment;

/// First pause after a failure; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// `ENOENT`: the service has no such destination.
const NO_SUCH_DESTINATION: i32 = 2;
/// `ESRCH`: the kernel has no such service.
const NO_SUCH_SERVICE: i32 = 3;
/// `EEXIST`: it is there already.
const EXISTS: i32 = 17;

/// Our part of the kernel's table. The owner tells it what is wanted, then asks for the
/// [`Table::pending`] operations, carries them out in order and reports each by [`Table::done`] before it
/// asks again.
#[derive(Debug, Default)]
pub struct Table {
    wanted: FxHashMap<ServiceKey, Wanted>,
    /// Ours until now, to be deleted.
    leaving: FxHashSet<ServiceKey>,
    actual: FxHashMap<ServiceKey, Found>,
    /// Deleted since the last look, and in which batch.
    gone: FxHashMap<ServiceKey, u64>,
    changed: Changed,
    troubles: FxHashMap<ServiceKey, Trouble>,
    /// Counts calls of `pending`, so that one batch counts as one attempt.
    batch: u64,
}

#[derive(Debug)]
struct Wanted {
    service: Service,
    /// With the place in the pool, for the order of additions.
    destinations: FxHashMap<DestKey, (usize, Destination)>,
    next_place: usize,
}

/// What the kernel holds; attributes are `None` where it has the object but we do not know them.
#[derive(Debug, Default)]
struct Found {
    service: Option<Service>,
    destinations: FxHashMap<DestKey, Option<Destination>>,
    /// The batch that last wrote to it.
    batch: u64,
}

/// What may differ, in the order in which it was told.
#[derive(Debug, Default)]
struct Changed {
    order: Vec<ServiceKey>,
    scopes: FxHashMap<ServiceKey, Scope>,
}

#[derive(Debug)]
enum Scope {
    Whole,
    Destinations(Vec<DestKey>),
}

/// A service with operations that failed.
#[derive(Debug)]
struct Trouble {
    attempts: u32,
    again_at: Mono,
    batch: u64,
}

/// Operations by what they do to a pool. Edits to weight 0 and deletions come last.
#[derive(Default)]
struct Batch {
    services: Vec<Op>,
    additions: Vec<Op>,
    edits: Vec<Op>,
    withdrawals: Vec<Op>,
    deletions: Vec<Op>,
    gone: Vec<Op>,
}

impl Table {
    /// Takes what the kernel holds (ours and foreign) at start.
    pub fn adopt(&mut self, dump: impl IntoIterator<Item = (ServiceKey, Pool)>) {
        self.actual = dump.into_iter().map(|(key, pool)| (key, Found::from(pool))).collect();
        for key in self.wanted.keys().chain(&self.leaving) {
            self.changed.whole(*key);
        }
    }

    /// This service is wanted, with exactly these destinations. Of two with one key the first counts.
    pub fn want(&mut self, key: ServiceKey, pool: Pool) {
        let next_place = pool.destinations.len();
        let mut destinations = FxHashMap::with_capacity_and_hasher(next_place, FxBuildHasher);
        for (place, (destination, value)) in pool.destinations.into_iter().enumerate() {
            destinations.entry(destination).or_insert((place, value));
        }
        self.leaving.remove(&key);
        self.wanted.insert(key, Wanted { service: pool.service, destinations, next_place });
        self.changed.whole(key);
    }

    /// This destination of a wanted service is wanted so, or not at all.
    pub fn want_destination(&mut self, key: ServiceKey, destination: DestKey, value: Option<Destination>) {
        let Some(wanted) = self.wanted.get_mut(&key) else { return };
        match value {
            Some(value) => {
                let place = wanted.destinations.get(&destination).map(|(place, _)| *place);
                let place = place.unwrap_or(wanted.next_place);
                wanted.next_place = wanted.next_place.max(place + 1);
                wanted.destinations.insert(destination, (place, value));
            }
            None => {
                wanted.destinations.remove(&destination);
            }
        }
        self.changed.destination(key, destination);
    }

    /// The services of these that the kernel holds and nobody wants: a predecessor of ours left them.
    pub fn left_behind(&self, recorded: impl IntoIterator<Item = ServiceKey>) -> Vec<ServiceKey> {
        let stale = |key: &ServiceKey| self.actual.contains_key(key) && !self.wanted.contains_key(key);
        recorded.into_iter().filter(stale).collect()
    }

    /// Every service that is ours: wanted, or not deleted yet. In no order.
    pub fn ours(&self) -> impl Iterator<Item = ServiceKey> {
        self.wanted.keys().chain(&self.leaving).copied()
    }

    /// These services are not wanted any more; the kernel drops their destinations with them.
    pub fn release(&mut self, keys: impl IntoIterator<Item = ServiceKey>) {
        for key in keys {
            self.wanted.remove(&key);
            self.leaving.insert(key);
            self.changed.whole(key);
        }
    }

    /// When operations that failed are to be tried again.
    pub fn retry_at(&self) -> Option<Mono> {
        self.troubles.values().map(|trouble| trouble.again_at).min()
    }

    /// The operations that are to be done now, in this order.
    pub fn pending(&mut self, now: Mono) -> Vec<Op> {
        // Asked after every event, of which few change anything.
        if self.changed.order.is_empty() && self.troubles.is_empty() {
            return Vec::new();
        }
        self.batch += 1;
        let mut again: Vec<ServiceKey> = self
            .troubles
            .iter()
            .filter(|(_, trouble)| trouble.again_at <= now)
            .map(|(key, _)| *key)
            .collect();
        again.sort_unstable();
        for key in &again {
            self.changed.whole(*key);
        }
        let mut batch = Batch::default();
        let Changed { order, mut scopes } = std::mem::take(&mut self.changed);
        for key in order {
            match scopes.remove(&key) {
                Some(Scope::Whole) => self.compare_service(key, &mut batch),
                Some(Scope::Destinations(destinations)) => {
                    self.compare_destinations(key, destinations, &mut batch);
                }
                None => {}
            }
        }
        let ops = batch.in_order();
        if !again.is_empty() {
            let busy: FxHashSet<ServiceKey> = ops.iter().filter_map(service_of).collect();
            for key in again.iter().filter(|key| !busy.contains(key)) {
                self.troubles.remove(key);
            }
        }
        ops
    }

    /// The kernel's answer to an operation: `Err` is its `errno`.
    pub fn done(&mut self, now: Mono, op: &Op, result: Result<(), i32>) {
        let Some(key) = service_of(op) else { return };
        match result {
            Ok(()) => self.applied(op),
            Err(errno) => {
                if self.learned(op, errno) {
                    self.failed(now, key, op, errno);
                }
            }
        }
        if matches!(op, Op::DelService(_)) && !self.actual.contains_key(&key) {
            self.leaving.remove(&key);
        }
    }

    fn compare_service(&mut self, key: ServiceKey, batch: &mut Batch) {
        let Some(wanted) = self.wanted.get(&key) else {
            if self.actual.contains_key(&key) && self.leaving.contains(&key) {
                batch.gone.push(Op::DelService(key));
            } else {
                self.leaving.remove(&key);
            }
            return;
        };
        let nothing = Found::default();
        let found = match self.actual.get(&key) {
            Some(found) => {
                if !found.service.as_ref().is_some_and(|service| same_service(service, &wanted.service)) {
                    batch.services.push(Op::SetService(key, wanted.service.clone()));
                }
                found
            }
            None => {
                batch.services.push(Op::NewService(key, wanted.service.clone()));
                &nothing
            }
        };
        let mut in_order: Vec<_> = wanted.destinations.iter().collect();
        in_order.sort_unstable_by_key(|(_, (place, _))| *place);
        for (destination, (_, value)) in in_order {
            batch.destination(key, *destination, found.destinations.get(destination), Some(value));
        }
        let mut strays: Vec<_> =
            found.destinations.keys().filter(|key| !wanted.destinations.contains_key(key)).collect();
        strays.sort_unstable();
        for stray in strays {
            batch.deletions.push(Op::DelDest(key, *stray));
        }
    }

    fn compare_destinations(&self, key: ServiceKey, destinations: Vec<DestKey>, batch: &mut Batch) {
        let Some(wanted) = self.wanted.get(&key) else { return };
        // Without the service the whole of it is in trouble, and will be tried as a whole.
        let Some(found) = self.actual.get(&key) else { return };
        let mut seen = FxHashSet::with_capacity_and_hasher(destinations.len(), FxBuildHasher);
        for destination in destinations.into_iter().filter(|destination| seen.insert(*destination)) {
            let value = wanted.destinations.get(&destination).map(|(_, value)| value);
            batch.destination(key, destination, found.destinations.get(&destination), value);
        }
    }

    fn applied(&mut self, op: &Op) {
        let batch = self.batch;
        match op {
            Op::NewService(key, service) => {
                let found = Found { service: Some(service.clone()), batch, ..Found::default() };
                self.actual.insert(*key, found);
            }
            Op::SetService(key, service) => {
                let found = self.actual.entry(*key).or_default();
                (found.service, found.batch) = (Some(service.clone()), batch);
            }
            Op::DelService(key) => {
                self.actual.remove(key);
                self.gone.insert(*key, batch);
            }
            Op::NewDest(key, destination, value) | Op::SetDest(key, destination, value) => {
                let found = self.actual.entry(*key).or_default();
                found.destinations.insert(*destination, Some(value.clone()));
                found.batch = batch;
            }
            Op::DelDest(key, destination) => {
                if let Some(found) = self.actual.get_mut(key) {
                    found.destinations.remove(destination);
                    found.batch = batch;
                }
            }
            Op::NewDaemon(_) | Op::DelDaemon(_) => {}
        }
    }

    /// What an error says about the kernel's table. Answers whether something is left to be done.
    fn learned(&mut self, op: &Op, errno: i32) -> bool {
        match (op, errno) {
            (Op::DelService(_) | Op::DelDest(..), NO_SUCH_DESTINATION) => self.applied(op),
            (Op::DelService(_), NO_SUCH_SERVICE) => self.applied(op),
            (Op::NewService(key, _), EXISTS) => {
                self.actual.entry(*key).or_default().service = None;
                return true;
            }
            (Op::NewDest(key, destination, _), EXISTS) => {
                self.actual.entry(*key).or_default().destinations.insert(*destination, None);
                return true;
            }
            (Op::SetDest(key, destination, _), NO_SUCH_DESTINATION) => {
                if let Some(found) = self.actual.get_mut(key) {
                    found.destinations.remove(destination);
                }
                return true;
            }
            (Op::SetService(key, _), NO_SUCH_SERVICE)
            | (Op::NewDest(key, ..) | Op::SetDest(key, ..) | Op::DelDest(key, _), NO_SUCH_SERVICE) => {
                self.actual.remove(key);
                return true;
            }
            _ => return true,
        }
        false
    }

    fn failed(&mut self, now: Mono, key: ServiceKey, op: &Op, errno: i32) {
        let trouble = self.troubles.entry(key).or_insert(Trouble { attempts: 0, again_at: now, batch: 0 });
        if trouble.batch == self.batch {
            return;
        }
        trouble.batch = self.batch;
        // The kernel's table was not as we thought: now we know better, and need not wait.
        let surprised = match op {
            // Of a service `ENOENT` is said where the kernel has no such scheduler: nothing new.
            Op::NewService(..) | Op::SetService(..) => matches!(errno, NO_SUCH_SERVICE | EXISTS),
            _ => matches!(errno, NO_SUCH_DESTINATION | NO_SUCH_SERVICE | EXISTS),
        };
        trouble.again_at = if surprised && trouble.attempts == 0 {
            now
        } else {
            let pause = FIRST_PAUSE * 2u32.saturating_pow(trouble.attempts.min(6));
            now + pause.min(LONGEST_PAUSE)
        };
        trouble.attempts += 1;
    }
}

impl Changed {
    fn whole(&mut self, key: ServiceKey) {
        if self.scopes.insert(key, Scope::Whole).is_none() {
            self.order.push(key);
        }
    }

    fn destination(&mut self, key: ServiceKey, destination: DestKey) {
        match self.scopes.get_mut(&key) {
            Some(Scope::Whole) => {}
            Some(Scope::Destinations(destinations)) => destinations.push(destination),
            None => {
                self.scopes.insert(key, Scope::Destinations(vec![destination]));
                self.order.push(key);
            }
        }
    }
}

impl Batch {
    fn destination(
        &mut self,
        service: ServiceKey,
        key: DestKey,
        found: Option<&Option<Destination>>,
        wanted: Option<&Destination>,
    ) {
        match (found, wanted) {
            (None, Some(wanted)) => self.additions.push(Op::NewDest(service, key, wanted.clone())),
            (Some(Some(found)), Some(wanted)) if same_destination(found, wanted) => {}
            (Some(_), Some(wanted)) => {
                let edits = if wanted.weight > 0 { &mut self.edits } else { &mut self.withdrawals };
                edits.push(Op::SetDest(service, key, wanted.clone()));
            }
            (Some(_), None) => self.deletions.push(Op::DelDest(service, key)),
            (None, None) => {}
        }
    }

    fn in_order(self) -> Vec<Op> {
        let mut ops = self.services;
        for part in [self.additions, self.edits, self.withdrawals, self.deletions, self.gone] {
            ops.extend(part);
        }
        ops
    }
}

fn service_of(op: &Op) -> Option<ServiceKey> {
    match op {
        Op::NewService(key, _)
        | Op::SetService(key, _)
        | Op::DelService(key)
        | Op::NewDest(key, ..)
        | Op::SetDest(key, ..)
        | Op::DelDest(key, _) => Some(*key),
        Op::NewDaemon(_) | Op::DelDaemon(_) => None,
    }
}

fn same_service(found: &Service, wanted: &Service) -> bool {
    let flags = |service: &Service| service.flags & !SVC_F_HASHED;
    flags(found) == flags(wanted)
        && found.scheduler == wanted.scheduler
        && found.persistence_engine == wanted.persistence_engine
        && found.timeout == wanted.timeout
        && found.netmask == wanted.netmask
}

fn same_destination(found: &Destination, wanted: &Destination) -> bool {
    // The kernel may show an address of its own as LocalNode whatever it was given.
    (found.forwarding == wanted.forwarding || found.forwarding == Forwarding::LocalNode)
        && found.weight == wanted.weight
        && found.upper_threshold == wanted.upper_threshold
        && found.lower_threshold == wanted.lower_threshold
}
