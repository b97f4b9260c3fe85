//! Looks at the kernel's table beside the changes, over a socket of its own on the blocking pool: whether somebody
//! else has changed what is ours.
//!
//! The kernel tells nobody of changes to IPVS; so it is asked every ten seconds, or more rarely where a look takes
//! longer than half a second, but every minute at least.

use std::future::pending;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};

use crate::kernel::clock;
use crate::kernel::ipvs::Ipvs;
use crate::kernel::netlink::NetlinkError;
use crate::objects::ipvs::{Pool, ServiceKey, SyncDaemon};
use crate::reconcile::ipvs::Moment;
use crate::report::{Ident, Line, emit};
use crate::time::Mono;

/// From the end of a look to the next.
const PAUSE: Duration = Duration::from_secs(10);
/// A look that takes long is made more rarely: the pause is so many times as long.
const SHARE: u32 = 20;
/// But not more rarely than that.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

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
    busy: Option<JoinHandle<(Ipvs, Result<Seen, NetlinkError>)>>,
    begun: Mono,
    next: Mono,
}

impl Reader {
    pub fn new(ipvs: Ipvs) -> Self {
        let now = clock::now();
        Reader { idle: Some(ipvs), busy: None, begun: now, next: now + PAUSE }
    }

    /// When the next look is due; `None` while one is under way.
    pub fn deadline(&self) -> Option<Mono> {
        self.idle.is_some().then_some(self.next)
    }

    /// Begins a look if it is time; to be called while no batch of changes is under way.
    pub fn look(&mut self, now: Mono, since: Moment) -> bool {
        let Some(mut ipvs) = self.idle.take_if(|_| self.next <= now) else { return false };
        self.begun = now;
        self.busy = Some(spawn_blocking(move || {
            let seen = ipvs.dump().and_then(|table| Ok(Seen { table, daemons: ipvs.daemons()?, since }));
            (ipvs, seen)
        }));
        true
    }

    /// What the look that is under way has seen; never, where there is none.
    pub async fn seen(&mut self) -> Option<Seen> {
        let Some(busy) = self.busy.as_mut() else { return pending().await };
        let result = busy.await;
        self.busy = None;
        let now = clock::now();
        self.next = now + (now.since(self.begun) * SHARE).clamp(PAUSE, LONGEST_PAUSE);
        let failed = match result {
            Ok((ipvs, seen)) => {
                self.idle = Some(ipvs);
                match seen {
                    Ok(seen) => return Some(seen),
                    Err(error) => error.to_string(),
                }
            }
            Err(error) => error.to_string(),
        };
        emit(Ident::Checkers, Line::error(format!("IPVS: the table cannot be looked at: {failed}")));
        None
    }
}
