//! When the kernel is asked again for what it refused: ever more rarely.

use std::time::Duration;

use crate::time::Mono;

/// Until the kernel is asked again for what it refused; doubled each time, up to [`LONGEST_PAUSE`].
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One moment for all that was refused.
#[derive(Default)]
pub(super) struct Patience {
    ask_again: Option<Mono>,
    pause: Duration,
}

impl Patience {
    /// Something was refused; `first` of those that wait.
    pub fn refused(&mut self, now: Mono, first: bool) {
        if self.ask_again.is_none() {
            self.pause = if first { FIRST_PAUSE } else { (self.pause * 2).min(LONGEST_PAUSE) };
            self.ask_again = Some(now + self.pause);
        }
    }

    /// When the kernel is to be asked again.
    pub fn deadline(&self) -> Option<Mono> {
        self.ask_again
    }

    /// True when it is time; then nothing waits any more.
    pub fn is_over(&mut self, now: Mono) -> bool {
        self.ask_again.take_if(|at| *at <= now).is_some()
    }
}
