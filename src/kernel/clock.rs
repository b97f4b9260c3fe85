//! The real clock, and an alarm on it.
//!
//! `CLOCK_MONOTONIC` drives everything: it never steps. It stands still while the machine is suspended;
//! a host that was suspended notices by the adverts that it finds, as its peers have long taken over.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd as NixTimer, TimerFlags, TimerSetTimeFlags};
use nix::time::{ClockId as Clock, ClockNanosleepFlags, clock_gettime, clock_nanosleep};

use crate::time::Mono;

/// The present.
pub fn now() -> Mono {
    // The clock exists on every Linux; an error would mean that the kernel lost it.
    let time = clock_gettime(Clock::CLOCK_MONOTONIC).unwrap_or(TimeSpec::new(0, 0));
    // Neither is negative; added up by hand because this is asked with every packet.
    Mono::from_nanos(time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}

/// What the calling thread has had of a processor, in the kernel too.
pub fn thread_time() -> Duration {
    clock_gettime(Clock::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).unwrap_or_default()
}

/// The calling thread's naps are as long as they are asked to be: the kernel lets others oversleep by 50 us.
pub fn nap_exactly() {
    // Where it is refused, naps are longer.
    let _ = nix::sys::prctl::set_timerslack(1);
}

/// The calling thread sleeps for a moment, or shorter where a signal comes.
pub fn nap(moment: Duration) {
    // Cut short by a signal it only wakes earlier.
    let _ = clock_nanosleep(
        Clock::CLOCK_MONOTONIC,
        ClockNanosleepFlags::empty(),
        &TimeSpec::from_duration(moment),
    );
}

/// The wall clock, since 1970. It may step, and nothing is timed by it.
pub fn utc() -> Duration {
    std::time::UNIX_EPOCH.elapsed().unwrap_or_default()
}

/// The wall clock as mails have it, in the local zone: `Sat, 21 Nov 2026 00:25:05 +0000`.
pub fn local_date() -> String {
    chrono::Local::now().format("%a, %d %b %Y %H:%M:%S %z").to_string()
}

/// A point of time as dumps have it, in the local zone: `1795318589.865226 (Sun Nov 22 03:36:29.865226 2026)`.
pub fn moment(at: Mono) -> String {
    let now = now();
    let utc = (utc() + at.since(now)).saturating_sub(now.since(at));
    let (seconds, micros) = (utc.as_secs(), utc.subsec_micros());
    let date = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| chrono::DateTime::from_timestamp(seconds, utc.subsec_nanos()))
        .map(|date| date.with_timezone(&chrono::Local).format("%a %b %e %H:%M:%S%.6f %Y").to_string());
    format!("{seconds}.{micros:06} ({})", date.unwrap_or_default())
}

/// A descriptor that becomes readable at a point of time, to the microsecond where tokio's own timers
/// are up to two milliseconds late.
pub struct Alarm {
    timer: NixTimer,
    set: Option<Mono>,
    rang: bool,
}

impl Alarm {
    /// One that is not set.
    pub fn new() -> io::Result<Self> {
        let timer =
            NixTimer::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
        Ok(Alarm { timer, set: None, rang: false })
    }

    /// Its descriptor was found readable: it goes on ringing until it is set anew.
    pub fn rang(&mut self) {
        self.rang = true;
    }

    /// The same at about `now`, where `at` moves on again and again by a third of the time that is left: so do the timers
    /// of a backup. It hardly ever goes off too early then. To be woken for nothing costs five times what it costs to
    /// set it, and it is set no more often.
    pub fn set_in_time(&mut self, at: Option<Mono>, now: Mono) -> io::Result<()> {
        if let (Some(set), Some(at)) = (self.set, at)
            && set < at
            && set.since(now) * 3 < at.since(now)
        {
            self.set = None;
        }
        self.set(at)
    }

    /// Sets it to `at`, or unsets it. It may go off once too early where `at` has moved on: every advert that a
    /// backup hears moves its timer, and few of them ever end.
    pub fn set(&mut self, at: Option<Mono>) -> io::Result<()> {
        let serves = match (self.set, at) {
            (Some(set), Some(at)) => set <= at,
            (None, None) => true,
            _ => false,
        };
        if serves && !self.rang {
            return Ok(());
        }
        match at {
            // Zero would unset the timer; the clock's origin is long past anyway.
            Some(at) => {
                let at = TimeSpec::from_duration(Duration::from_nanos(at.as_nanos().max(1)));
                self.timer.set(Expiration::OneShot(at), TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
            }
            None => self.timer.unset()?,
        }
        (self.set, self.rang) = (at, false);
        Ok(())
    }
}

impl AsFd for Alarm {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_in_words() {
        let utc = utc();
        let text = moment(now() - Duration::from_secs(100));
        let (number, date) = text.split_once(" (").unwrap();
        let ago = utc.as_secs_f64() - number.parse::<f64>().unwrap();
        assert!((90.0..=100.1).contains(&ago), "{text}, not {ago} s ago");
        let micros = number.split_once('.').unwrap().1;
        assert_eq!(micros.len(), 6);
        assert!(date.contains(&format!(".{micros} 2")) && date.ends_with(')'), "{text}");
    }
}
