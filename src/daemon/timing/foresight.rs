//! A takeover is told before it comes, to whoever wants to prepare for it, and it is rehearsed.
//!
//! A backup hears of a master's end by hearing nothing, for three intervals and longer: time enough. What a takeover runs
//! through has not been run for long, if ever, and the processor reads it from memory: that takes longer than the rest.

use std::time::Duration;

use tokio::sync::oneshot;

use super::addresses::{Addresses, Work};
use super::{ANNOUNCED_AT_ONCE, Driver, WORK_AT_ONCE};
use crate::ids::IfIndex;
use crate::kernel::address::{self, Change};
use crate::kernel::clock;
use crate::time::Mono;
use crate::vrrp::action::Action;

/// So long before. What is to be done takes a tenth of it, where the processors are free.
const AHEAD: Duration = Duration::from_millis(5);

/// A takeover of more rehearses itself: its first are few among many.
const FEW: usize = 8;
/// No interface has it: the kernel refuses whatever is asked for there.
const NOWHERE: IfIndex = IfIndex(0);

/// Who wants to be told, once.
#[derive(Default)]
pub(super) struct Foresight(Option<oneshot::Sender<()>>);

impl Foresight {
    pub fn ask(&mut self, tell: oneshot::Sender<()>) {
        self.0 = Some(tell);
    }
}

impl Driver {
    /// Where a takeover comes next, it is told, or the deadline is when it is to be told.
    pub(super) fn foresee(&mut self, has_rung: bool) {
        let Some(at) = self.deadline else { return };
        // What comes before it may put it off.
        if self.foresight.0.is_none() || self.router.next_takeover() != Some(at) {
            return;
        }
        let ahead = at - AHEAD;
        // Otherwise it lies ahead still, or the alarm rings at once.
        if has_rung && ahead <= clock::now() {
            // Nobody may want to know any more.
            let _ = self.foresight.0.take().map(|tell| tell.send(()));
            self.rehearse(at);
        } else {
            self.deadline = Some(ahead);
        }
    }

    /// Goes through what will be done `at` that time, with copies: nothing comes of it.
    fn rehearse(&mut self, at: Mono) {
        if self.router.living().count() > FEW {
            return;
        }
        let mut router = self.router.clone();
        let (mut actions, mut addresses) = (Vec::new(), Addresses::default());
        router.expire(at, &mut actions);
        for action in actions {
            match action {
                Action::Own { instance, owned: true } => {
                    addresses.own(instance, router.config_of(instance), false);
                }
                Action::Announce { address, .. } => addresses.announce(address),
                _ => {}
            }
        }
        let slice = addresses.slice(WORK_AT_ONCE);
        let changes = slice.iter().filter_map(|work| match work {
            Work::Add(key, attributes) => Some((NOWHERE, Change::Add(key, attributes))),
            _ => None,
        });
        let _refused = address::apply(&mut self.channel, &changes.collect::<Vec<_>>());
        slice.iter().for_each(|work| addresses.done(work));
        let keys = addresses.next_announcements(ANNOUNCED_AT_ONCE);
        let known = keys.iter().filter_map(|key| Some((&**self.interfaces.get(&key.interface)?, key)));
        let _unsent = self.announcer.frames(at, known);
    }
}
