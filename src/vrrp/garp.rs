//! When to announce: blocks of gratuitous ARPs (or neighbour advertisements) after becoming master, on
//! refresh, and after an advert of lower priority. How fast is [`super::lanes`]' business.
//!
//! A block is so many rounds over all addresses.

use std::time::Duration;

use crate::config::model::Garp;
use crate::config::model::options::ExtraGarp;
use crate::time::Mono;

/// Between two answers to claims of lower priority.
const QUIET: Duration = Duration::from_millis(900);

/// The announcements of one master.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    /// What is due.
    pending: Block,
    /// The second block: when, and how many rounds.
    second: Option<(Mono, u32)>,
    refresh: Option<Mono>,
    extra: Option<Mono>,
    /// Until then another claim of lower priority announces nothing.
    quiet: Option<Mono>,
}

/// Rounds that are to be announced.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Block {
    /// Over all addresses.
    pub rounds: u32,
    /// Over those on other interfaces than the instance's own (`garp_extra_if`).
    pub extra: u32,
}

impl Schedule {
    /// Nothing to announce.
    pub fn silent() -> Self {
        Self::default()
    }

    /// A master begins: a block now, one after `master_delay`, then the refreshes.
    pub fn master(now: Mono, garp: &Garp, extra: ExtraGarp) -> Self {
        let mut schedule = Schedule::default();
        schedule.set_refresh(now, Duration::ZERO, garp.master_refresh);
        schedule.set_extra(now, ExtraGarp::default(), extra);
        schedule.twice(now, garp.master_repeat, garp.master_delay);
        schedule
    }

    /// A reload changed `garp_master_refresh` of this master; zero ends the refreshes.
    pub fn set_refresh(&mut self, now: Mono, old: Duration, new: Duration) {
        if old != new {
            self.refresh = (!new.is_zero()).then(|| now + new);
        }
    }

    /// The same for `garp_extra_if`.
    pub fn set_extra(&mut self, now: Mono, old: ExtraGarp, new: ExtraGarp) {
        if old.interval != new.interval {
            self.extra = (!new.interval.is_zero()).then(|| now + new.interval);
        }
    }

    /// Somebody of lower priority spoke up and may have misled the switches.
    /// At most once in [`QUIET`], so that nobody makes us flood the segment.
    pub fn lower_priority(&mut self, now: Mono, garp: &Garp) {
        if self.quiet.is_some_and(|until| now < until) {
            return;
        }
        self.quiet = Some(now + QUIET);
        self.twice(now, garp.lower_prio_repeat, garp.lower_prio_delay);
    }

    /// One block now, for addresses that are new.
    pub fn once(&mut self, garp: &Garp) {
        self.pending.rounds = self.pending.rounds.max(garp.master_repeat);
    }

    fn twice(&mut self, now: Mono, rounds: u32, delay: Duration) {
        self.pending.rounds = self.pending.rounds.max(rounds);
        if !delay.is_zero() && rounds > 0 {
            self.second = Some((now + delay, rounds));
        }
    }

    /// When [`Schedule::expire`] has something to do.
    pub fn deadline(&self) -> Option<Mono> {
        [self.second.map(|(at, _)| at), self.refresh, self.extra].into_iter().flatten().min()
    }

    /// Lets what is due by now become pending.
    pub fn expire(&mut self, now: Mono, garp: &Garp, extra: ExtraGarp) {
        if let Some((_, rounds)) = self.second.take_if(|(at, _)| *at <= now) {
            self.pending.rounds = self.pending.rounds.max(rounds);
        }
        if let Some(at) = self.refresh.take_if(|at| *at <= now) {
            self.refresh = Some(next_on_grid(at, garp.master_refresh, now));
            self.pending.rounds = self.pending.rounds.max(garp.master_refresh_repeat);
        }
        if let Some(at) = self.extra.take_if(|at| *at <= now) {
            self.extra = Some(next_on_grid(at, extra.interval, now));
            self.pending.extra = 1;
        }
    }

    /// [`Schedule::take`] has something to say.
    pub fn is_pending(&self) -> bool {
        self.pending != Block::default()
    }

    /// What is pending, once.
    pub fn take(&mut self) -> Block {
        std::mem::take(&mut self.pending)
    }
}

/// From the last deadline, not from now; but never a burst of what was missed.
fn next_on_grid(at: Mono, interval: Duration, now: Mono) -> Mono {
    let next = at + interval;
    if next > now { next } else { now + interval }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Mono {
        Mono::ZERO + Duration::from_millis(millis)
    }

    fn every(seconds: u64) -> ExtraGarp {
        ExtraGarp { interval: Duration::from_secs(seconds), all: true }
    }

    /// Milliseconds and rounds.
    fn run(schedule: &mut Schedule, garp: &Garp, extra: ExtraGarp, until: Mono) -> Vec<(u64, u32, u32)> {
        let mut said = Vec::new();
        let mut note = |when: Mono, block: Block| {
            if block != Block::default() {
                said.push((when.as_nanos() / 1_000_000, block.rounds, block.extra));
            }
        };
        note(at(0), schedule.take());
        while let Some(deadline) = schedule.deadline().filter(|d| *d <= until) {
            schedule.expire(deadline, garp, extra);
            note(deadline, schedule.take());
        }
        said
    }

    #[test]
    fn two_blocks_of_five_rounds() {
        let garp = Garp::default();
        let mut schedule = Schedule::master(at(0), &garp, ExtraGarp::default());
        let said = run(&mut schedule, &garp, ExtraGarp::default(), at(60_000));
        assert_eq!(said, [(0, 5, 0), (5_000, 5, 0)]);
        assert_eq!(schedule.deadline(), None);
    }

    #[test]
    fn refresh_keeps_its_grid() {
        let garp = Garp {
            master_refresh: Duration::from_secs(10),
            master_refresh_repeat: 2,
            master_delay: Duration::ZERO,
            ..Garp::default()
        };
        let mut schedule = Schedule::master(at(0), &garp, ExtraGarp::default());
        let said = run(&mut schedule, &garp, ExtraGarp::default(), at(30_500));
        assert_eq!(said, [(0, 5, 0), (10_000, 2, 0), (20_000, 2, 0), (30_000, 2, 0)]);
        // Held up for half a minute: one refresh, not three.
        schedule.expire(at(71_000), &garp, ExtraGarp::default());
        assert_eq!(schedule.take(), Block { rounds: 2, extra: 0 });
        assert_eq!(schedule.deadline(), Some(at(81_000)));
    }

    #[test]
    fn other_interfaces_have_their_own_grid() {
        let garp = Garp { master_delay: Duration::from_secs(2), ..Garp::default() };
        let mut schedule = Schedule::master(at(0), &garp, every(1));
        let said = run(&mut schedule, &garp, every(1), at(3_500));
        assert_eq!(said, [(0, 5, 0), (1_000, 0, 1), (2_000, 5, 1), (3_000, 0, 1)]);
        schedule.set_extra(at(3_500), every(1), ExtraGarp::default());
        assert_eq!(schedule.deadline(), None);
    }

    #[test]
    fn a_reload_changes_or_ends_the_refreshes() {
        let seconds = Duration::from_secs;
        let garp = Garp { master_refresh: seconds(10), master_delay: Duration::ZERO, ..Garp::default() };
        let mut schedule = Schedule::master(at(0), &garp, ExtraGarp::default());
        run(&mut schedule, &garp, ExtraGarp::default(), at(5_000));
        let quicker = Garp { master_refresh: seconds(2), ..garp.clone() };
        schedule.set_refresh(at(5_000), garp.master_refresh, quicker.master_refresh);
        let said = run(&mut schedule, &quicker, ExtraGarp::default(), at(9_500));
        assert_eq!(said, [(7_000, 1, 0), (9_000, 1, 0)]);
        schedule.set_refresh(at(9_500), quicker.master_refresh, Duration::ZERO);
        assert_eq!(schedule.deadline(), None);
    }

    #[test]
    fn lower_priority_has_its_own_numbers() {
        let none = Garp { lower_prio_repeat: 0, ..Garp::default() };
        let mut schedule = Schedule::silent();
        schedule.lower_priority(at(0), &none);
        assert_eq!((schedule.take(), schedule.deadline()), (Block::default(), None));
        let garp =
            Garp { lower_prio_repeat: 3, lower_prio_delay: Duration::from_secs(7), ..Garp::default() };
        let mut schedule = Schedule::silent();
        schedule.lower_priority(at(0), &garp);
        let said = run(&mut schedule, &garp, ExtraGarp::default(), at(60_000));
        assert_eq!(said, [(0, 3, 0), (7_000, 3, 0)]);
    }
}
