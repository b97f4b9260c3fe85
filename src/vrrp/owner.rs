//! Two address owners: a mistake in somebody's configuration that must not end with both answering.
//!
//! The one with the lower address yields by the rules of the election. The other insists; but where the first goes
//! on (it may be deaf, or told to ignore adverts), it lowers itself to 254 and yields in turn, until the other is
//! silent for a master-down time (as keepalived 2.4.3).

use std::net::IpAddr;
use std::time::Duration;

use super::action::Action;
use super::instance::Instance;
use super::note::What;
use crate::config::model::vrrp::OWNER;
use crate::time::Mono;

/// What an owner that had to yield goes by.
const LOWERED: u8 = OWNER - 1;

/// Another owner that we heard while we were MASTER.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rogue {
    pub from: IpAddr,
    first: Mono,
    last: Mono,
}

impl Instance {
    /// Another owner, of a lower address, claims MASTER beside us. True: it does not listen, and we yield.
    pub(super) fn heard_rogue(
        &mut self,
        from: IpAddr,
        at: Mono,
        interval: Duration,
        out: &mut Vec<Action>,
    ) -> bool {
        let patience = patience(self.interval.max(interval));
        match &mut self.rogue {
            Some(rogue) if rogue.from == from && at.since(rogue.last) <= patience => {
                rogue.last = at;
                if at.since(rogue.first) <= patience {
                    return false;
                }
                self.rogue = None;
                self.lowered = true;
                self.note(What::OwnerLowered { from, to: LOWERED }, out);
                self.set_priority(LOWERED, out);
                true
            }
            rogue => {
                *rogue = Some(Box::new(Rogue { from, first: at, last: at }));
                false
            }
        }
    }

    /// The other owner has yielded, if it is silent by now.
    pub(super) fn forget_rogue(&mut self, now: Mono, out: &mut Vec<Action>) {
        if self.rogue.is_none() {
            return;
        }
        let patience = patience(self.interval);
        if let Some(rogue) = self.rogue.take_if(|rogue| now.since(rogue.last) > patience) {
            self.note(What::OwnerStopped { from: rogue.from }, out);
        }
    }

    /// The priority that the configuration and the trackers ask for, lowered while another owner is there.
    pub(super) fn allowed_priority(&self, priority: u8) -> u8 {
        if self.lowered && priority == OWNER { LOWERED } else { priority }
    }

    /// Nobody is master any more: an owner takes its place again.
    pub(super) fn raise(&mut self, out: &mut Vec<Action>) {
        if std::mem::take(&mut self.lowered) {
            self.set_priority(self.config.priority, out);
        }
    }
}

/// How long an owner that listens may still be heard.
fn patience(interval: Duration) -> Duration {
    interval * 6 / 5
}
