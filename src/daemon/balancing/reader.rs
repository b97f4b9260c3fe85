//! Looks at the kernel's table beside the changes, over a socket of its own on the blocking pool: whether somebody
//! else has changed what is ours, and how many connections real servers have that drain.
//!
//! The kernel tells nobody of changes to IPVS; so it is asked every ten seconds, or more rarely where a look costs
//! more than a tenth of a second of a processor, but every minute at least.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};

use crate::kernel::clock;
use crate::kernel::ipvs::{Ipvs, Timeouts};
use crate::kernel::netlink::NetlinkError;
use crate::lvs::drain::Counts;
use crate::objects::ipvs::{Pool, ServiceKey, SyncDaemon};
use crate::reconcile::ipvs::Moment;
use crate::report::{Ident, Line, emit};
use crate::time::Mono;

/// From the end of a look to the next.
const PAUSE: Duration = Duration::from_secs(10);
/// A look that costs much is made more rarely: the pause is so many times its time of a processor.
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
    pub timeouts: Timeouts,
    /// When it began.
    pub since: Moment,
}

/// The handle comes back with what was read, and with what of a processor that has cost.
type Work = JoinHandle<(Ipvs, Result<Found, NetlinkError>, Duration)>;

/// The handle, here or at work.
pub(super) struct Reader {
    idle: Option<Ipvs>,
    busy: Option<Work>,
    next_look: Mono,
    next_count: Mono,
}

impl Reader {
    pub fn new(ipvs: Ipvs) -> Self {
        let now = clock::now();
        Reader { idle: Some(ipvs), busy: None, next_look: now + PAUSE, next_count: now }
    }

    /// The table is out of reach.
    pub fn leave(&mut self) {
        (self.idle, self.busy) = (None, None);
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
        self.begin(move |ipvs| {
            let (table, daemons, timeouts) = (ipvs.dump()?, ipvs.daemons()?, ipvs.timeouts()?);
            Ok(Found::Seen(Seen { table, daemons, timeouts, since }))
        })
    }

    /// Counts the connections in these services if it is time; to be called while no batch of changes is under way.
    pub fn count(&mut self, now: Mono, services: Vec<ServiceKey>) {
        if self.next_count > now || services.is_empty() {
            return;
        }
        self.begin(move |ipvs| {
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
        work: impl FnOnce(&mut Ipvs) -> Result<Found, NetlinkError> + Send + 'static,
    ) -> bool {
        let Some(mut ipvs) = self.idle.take() else { return false };
        self.busy = Some(spawn_blocking(move || {
            let before = clock::thread_time();
            let found = work(&mut ipvs);
            (ipvs, found, clock::thread_time().saturating_sub(before))
        }));
        true
    }

    /// What was read; never, where nothing is under way.
    pub async fn found(&mut self) -> Option<Found> {
        let Some(busy) = self.busy.as_mut() else { return pending().await };
        let result = busy.await;
        self.busy = None;
        let now = clock::now();
        let failed = match result {
            Ok((ipvs, found, cost)) => {
                let pause = cost * SHARE;
                self.next_count = now + pause.clamp(COUNT_PAUSE, LONGEST_COUNT_PAUSE);
                self.idle = Some(ipvs);
                match found {
                    Ok(Found::Seen(seen)) => {
                        self.next_look = now + pause.clamp(PAUSE, LONGEST_PAUSE);
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
