//! A takeover is told before it comes, to whoever wants to prepare for it.
//!
//! A backup hears of a master's end by hearing nothing, for three intervals and longer: time enough.

use std::time::Duration;

use tokio::sync::oneshot;

use super::Driver;
use crate::kernel::clock;

/// So long before. What is to be done takes a tenth of it, where the processors are free.
const AHEAD: Duration = Duration::from_millis(5);

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
        if self.foresight.0.is_none() || !self.router.awaits_takeover() {
            return;
        }
        let ahead = at - AHEAD;
        // Otherwise it lies ahead still, or the alarm rings at once.
        if has_rung && ahead <= clock::now() {
            // Nobody may want to know any more.
            let _ = self.foresight.0.take().map(|tell| tell.send(()));
        } else {
            self.deadline = Some(ahead);
        }
    }
}
