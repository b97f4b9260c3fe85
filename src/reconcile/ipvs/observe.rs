//! A later look at the kernel's table: what somebody else has changed of ours.

use rustc_hash::FxHashMap;

use super::{Found, Table, same_destination, same_service};
use crate::objects::ipvs::{Pool, ServiceKey};

/// A moment between two batches: what a look that began then has seen of services that were written to since is out
/// of date.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment(u64);

impl Table {
    /// To be asked for when a look begins, while no batch is under way.
    pub fn moment(&self) -> Moment {
        Moment(self.batch)
    }

    /// Takes what a look has seen that began at `since`; to be told between two batches. Answers which services of
    /// ours somebody else has changed, in order; what puts them right is pending then.
    pub fn observe(
        &mut self,
        dump: impl IntoIterator<Item = (ServiceKey, Pool)>,
        since: Moment,
    ) -> Vec<ServiceKey> {
        let mut seen: FxHashMap<ServiceKey, Found> =
            dump.into_iter().map(|(key, pool)| (key, Found::from(pool))).collect();
        let mut changed = Vec::new();
        self.actual.retain(|key, known| {
            if known.batch > since.0 {
                seen.remove(key);
                return true;
            }
            let ours = self.wanted.contains_key(key);
            let Some(found) = seen.remove(key) else {
                if ours {
                    changed.push(*key);
                }
                return false;
            };
            if !same(known, &found) {
                if ours {
                    changed.push(*key);
                }
                *known = found;
            }
            true
        });
        let gone = std::mem::take(&mut self.gone);
        for (key, found) in seen {
            if gone.get(&key).is_some_and(|batch| *batch > since.0) {
                continue;
            }
            if self.wanted.contains_key(&key) {
                changed.push(key);
            }
            self.actual.insert(key, found);
        }
        changed.sort_unstable();
        for key in &changed {
            self.changed.whole(*key);
        }
        changed
    }
}

impl From<Pool> for Found {
    fn from(pool: Pool) -> Self {
        let destinations = pool.destinations.into_iter().map(|(key, value)| (key, Some(value)));
        Found { service: Some(pool.service), destinations: destinations.collect(), batch: 0 }
    }
}

/// What we did not know of is no change.
fn same(known: &Found, seen: &Found) -> bool {
    let alike = |known: &Option<_>, seen: &Option<_>| match (known, seen) {
        (Some(known), Some(seen)) => same_destination(seen, known),
        _ => true,
    };
    let service = match (&known.service, &seen.service) {
        (Some(known), Some(seen)) => same_service(seen, known),
        _ => true,
    };
    service
        && known.destinations.len() == seen.destinations.len()
        && known
            .destinations
            .iter()
            .all(|(key, known)| seen.destinations.get(key).is_some_and(|seen| alike(known, seen)))
}
