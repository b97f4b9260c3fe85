//! How the kernel schedules the driver's thread: `vrrp_rt_priority`, `vrrp_priority`, `vrrp_cpu_affinity`,
//! `vrrp_no_swap`, `vrrp_rlimit_rttime`, `max_auto_priority`.
//!
//! Without a word the thread has the lowest real-time priority: it works for microseconds and sleeps, and an advert
//! must not wait for whoever else wants the processor. Where the host does not allow it, it is a thread like others.

use std::io;
use std::time::Duration;

use nix::sched::CpuSet;

use crate::config::model::process::Processes;
use crate::kernel::scheduling;
use crate::report::{Ident, Line, emit};

/// The lowest real-time priority.
const LOWEST: u8 = 1;

/// What the thread has been given.
#[derive(Default)]
pub(super) struct Scheduling {
    /// What was asked for last.
    wanted: Option<Processes>,
    /// The real-time priority; `None` for an ordinary thread.
    priority: Option<u8>,
    /// The processors that it began with, once they were changed.
    processors: Option<CpuSet>,
}

impl Scheduling {
    /// Does what the configuration asks for, for the calling thread. What is refused is said.
    pub fn follow(&mut self, processes: &Processes) {
        if self.wanted.as_ref() == Some(processes) {
            return;
        }
        let before = self.wanted.replace(processes.clone()).unwrap_or_default();
        let part = &processes.vrrp;
        let asked = wanted_priority(processes);
        let was_real_time = self.priority.take().is_some();
        if let Some(priority) = asked {
            match scheduling::real_time(priority) {
                Ok(()) => self.priority = Some(priority),
                // Nobody asked for it: a container without the right to it is no mistake.
                Err(error) if part.rt_priority.is_none() => {
                    let text = format!("VRRP runs without real-time priority: {error}");
                    emit(Ident::Vrrp, Line::info(text));
                }
                Err(error) => refused("set realtime priority", &error),
            }
        }
        let changed = part.priority != before.vrrp.priority || was_real_time;
        if self.priority.is_none() && changed {
            let nice = part.priority.unwrap_or(0);
            scheduling::ordinary(nice).unwrap_or_else(|error| refused("set priority", &error));
        }
        let limit = part.rt_priority.map(|_| part.rlimit_rttime);
        if limit.is_some() || before.vrrp.rt_priority.is_some() {
            scheduling::limit_real_time(limit).unwrap_or_else(|error| refused("set rlimit_rttime", &error));
        }
        if part.no_swap != before.vrrp.no_swap {
            scheduling::lock_memory(part.no_swap).unwrap_or_else(|error| refused("lock memory", &error));
        }
        self.stay_on(&part.cpu_affinity).unwrap_or_else(|error| refused("set cpu affinity", &error));
    }

    fn stay_on(&mut self, processors: &[u32]) -> io::Result<()> {
        match (processors, &self.processors) {
            ([], None) => Ok(()),
            ([], Some(before)) => scheduling::stay_on(before),
            (some, before) => {
                if before.is_none() {
                    self.processors = Some(scheduling::processors()?);
                }
                scheduling::stay_on(&scheduling::set_of(some)?)
            }
        }
    }

    /// The thread is before all that is ordinary.
    pub fn is_real_time(&self) -> bool {
        self.priority.is_some()
    }

    /// How late a timer must be for [`Scheduling::was_late`]; `None` where that changes nothing.
    pub fn patience(&self) -> Option<Duration> {
        let wanted = self.wanted.as_ref()?;
        let most = u8::try_from(wanted.max_auto_priority.unwrap_or(0)).unwrap_or(0);
        (self.priority.unwrap_or(0) < most).then_some(wanted.min_auto_priority_delay)
    }

    /// A timer ran so late: the thread rises by one real-time priority.
    pub fn was_late(&mut self, by: Duration) {
        let text = format!("A thread timer expired {}.{:06} seconds ago", by.as_secs(), by.subsec_micros());
        emit(Ident::Vrrp, Line::info(text));
        let priority = self.priority.unwrap_or(0) + 1;
        match scheduling::real_time(priority) {
            Ok(()) => {
                self.priority = Some(priority);
                emit(Ident::Vrrp, Line::info(format!("Set realtime priority {priority}")));
            }
            Err(error) => refused("set realtime priority", &error),
        }
    }
}

impl Drop for Scheduling {
    /// The thread serves others afterwards.
    fn drop(&mut self) {
        if self.priority.is_some() {
            // It was allowed to rise, so it may fall.
            let _ = scheduling::ordinary(0);
        }
    }
}

/// The real-time priority that the configuration asks for, or that goes without saying.
fn wanted_priority(processes: &Processes) -> Option<u8> {
    let part = &processes.vrrp;
    if part.rt_priority.is_some() {
        return part.rt_priority;
    }
    let declined = part.priority.is_some() || processes.max_auto_priority.is_some_and(|most| most <= 0);
    (!declined).then_some(LOWEST)
}

fn refused(doing: &str, error: &io::Error) {
    emit(Ident::Vrrp, Line::warn(format!("unable to {doing} for vrrp process ({error})")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::process::Part;

    #[test]
    fn the_lowest_real_time_priority_goes_without_saying_and_can_be_declined() {
        let with = |rt_priority, priority, max_auto_priority| {
            let vrrp = Part { rt_priority, priority, ..Part::default() };
            wanted_priority(&Processes { vrrp, max_auto_priority, ..Processes::default() })
        };
        assert_eq!(with(None, None, None), Some(1));
        assert_eq!(with(None, None, Some(50)), Some(1));
        assert_eq!(with(Some(20), Some(-5), Some(-1)), Some(20));
        assert_eq!(with(None, Some(0), None), None);
        assert_eq!(with(None, None, Some(-1)), None);
        assert_eq!(with(None, None, Some(0)), None);
    }
}
