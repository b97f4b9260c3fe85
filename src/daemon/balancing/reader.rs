//! Looks at the kernel's table beside the changes, over a socket of its own on the blocking pool: whether somebody
//! else has changed what is ours, and how many connections real servers have that drain.
//!
//! The kernel tells nobody of changes to IPVS; so it is asked every ten seconds, or more rarely where a look takes
//! longer than a tenth of a second, but every minute at least.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};

use crate::kernel::clock;
use crate::kernel::ipvs::Ipvs;
use crate::kernel::netlink::NetlinkError;
use crate::lvs::drain::Counts;
use crate::objects::ipvs::{Pool, ServiceKey, SyncDaemon};
use crate::reconcile::ipvs::Moment;
use crate::report::{Ident, Line, emit};
use crate::time::Mono;

/// From the end of a look to the next.
const PAUSE: Duration = Duration::from_secs(10);
/// A look that takes long is made more rarely: the pause is so many times as long.
const SHARE: u32 = 100;
/// But not more rarely than that.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// From one count of connections to the next.
const COUNT_PAUSE: Duration = Duration::from_secs(1);
/// The same where counting takes long.
const LONGEST_COUNT_PAUSE: Duration = Duration::from_secs(10);

/// What was read.
pub(super) enum Found {
    Seen(Seen),
    /// How many connections there were at that time.
    Counted {
        asked: Mono,
        counts: Arc<Counts>,
    },
}

/// What a look has seen.
pub(super) struct Seen {
    pub table: Vec<(ServiceKey, Pool)>,
    pub daemons: Vec<SyncDaemon>,
    /// When it began.
    pub since: Moment,
}

/// The handle, here or at work.
pub(super) struct Reader {
    idle: Option<Ipvs>,
    busy: Option<JoinHandle<(Ipvs, Result<Found, NetlinkError>)>>,
    begun: Mono,
    next_look: Mono,
    next_count: Mono,
}

impl Reader {
    pub fn new(ipvs: Ipvs) -> Self {
        let now = clock::now();
        Reader { idle: Some(ipvs), busy: None, begun: now, next_look: now + PAUSE, next_count: now }
    }

    /// When there is something to read; `None` while that is under way. `counting`: real servers drain.
    pub fn deadline(&self, counting: bool) -> Option<Mono> {
        let next = if counting { self.next_look.min(self.next_count) } else { self.next_look };
        self.idle.is_some().then_some(next)
    }

    /// Begins a look at the whole table if it is time; to be called while no batch of changes is under way.
    pub fn look(&mut self, now: Mono, since: Moment) -> bool {
        if self.next_look > now {
            return false;
        }
        self.begin(now, move |ipvs| {
            Ok(Found::Seen(Seen { table: ipvs.dump()?, daemons: ipvs.daemons()?, since }))
        })
    }

    /// Counts the connections in these services if it is time; to be called while no batch of changes is under way.
    pub fn count(&mut self, now: Mono, services: Vec<ServiceKey>) {
        if self.next_count > now || services.is_empty() {
            return;
        }
        self.begin(now, move |ipvs| {
            let mut counts = Counts::new();
            for key in services {
                let found = ipvs.connections(&key)?.into_iter();
                counts.extend(found.map(|(destination, number)| ((key, destination), number)));
            }
            Ok(Found::Counted { asked: now, counts: Arc::new(counts) })
        });
    }

    fn begin(
        &mut self,
        now: Mono,
        work: impl FnOnce(&mut Ipvs) -> Result<Found, NetlinkError> + Send + 'static,
    ) -> bool {
        let Some(mut ipvs) = self.idle.take() else { return false };
        self.begun = now;
        self.busy = Some(spawn_blocking(move || {
            let found = work(&mut ipvs);
            (ipvs, found)
        }));
        true
    }

    /// What was read; never, where nothing is under way.
    pub async fn found(&mut self) -> Option<Found> {
        let Some(busy) = self.busy.as_mut() else { return pending().await };
        let result = busy.await;
        self.busy = None;
        let now = clock::now();
        let took = now.since(self.begun) * SHARE;
        self.next_count = now + took.clamp(COUNT_PAUSE, LONGEST_COUNT_PAUSE);
        let failed = match result {
            Ok((ipvs, found)) => {
                self.idle = Some(ipvs);
                match found {
                    Ok(Found::Seen(seen)) => {
                        self.next_look = now + took.clamp(PAUSE, LONGEST_PAUSE);
                        return Some(Found::Seen(seen));
                    }
                    Ok(found) => return Some(found),
                    Err(error) => error.to_string(),
                }
            }
            Err(error) => error.to_string(),
        };
        (self.next_look, self.next_count) = (now + PAUSE, now + PAUSE);
        emit(Ident::Checkers, Line::error(format!("IPVS: the table cannot be looked at: {failed}")));
        None
    }
}
