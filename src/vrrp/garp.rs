//! When to announce: blocks of gratuitous ARPs (or neighbour advertisements) after becoming master, on
//! refresh, and after an advert of lower priority.
//!
//! A block is so many rounds over all addresses. Blocks are paced: a call hands out at most
//! [`PER_CALL`] announcements, so that thousands of addresses never hold up an advert.

use std::time::Duration;

use crate::config::model::Garp;
use crate::time::Mono;

/// The most announcements of one call.
pub const PER_CALL: usize = 64;
/// Between two answers to claims of lower priority.
const QUIET: Duration = Duration::from_millis(900);

/// The announcements of one master.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    /// What is left of the running block.
    running: Option<Block>,
    /// The second block: when, and how many rounds.
    second: Option<(Mono, u32)>,
    refresh: Option<Mono>,
    /// Until then another claim of lower priority announces nothing.
    quiet: Option<Mono>,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    rounds: u32,
    /// The next address of this round.
    next: usize,
    at: Mono,
}

impl Schedule {
    /// Nothing to announce.
    pub fn silent() -> Self {
        Self::default()
    }

    /// A master begins: a block now, one after `master_delay`, then the refreshes.
    pub fn master(now: Mono, garp: &Garp) -> Self {
        let refresh = (!garp.master_refresh.is_zero()).then(|| now + garp.master_refresh);
        let mut schedule = Schedule { refresh, ..Schedule::default() };
        schedule.twice(now, garp.master_repeat, garp.master_delay);
        schedule
    }

    /// A reload changed `garp_master_refresh` of this master; zero ends the refreshes.
    pub fn set_refresh(&mut self, now: Mono, old: Duration, new: Duration) {
        if old != new {
            self.refresh = (!new.is_zero()).then(|| now + new);
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
    pub fn once(&mut self, now: Mono, garp: &Garp) {
        self.block(now, garp.master_repeat);
    }

    fn twice(&mut self, now: Mono, rounds: u32, delay: Duration) {
        self.block(now, rounds);
        if !delay.is_zero() && rounds > 0 {
            self.second = Some((now + delay, rounds));
        }
    }

    fn block(&mut self, now: Mono, rounds: u32) {
        if rounds > 0 {
            self.running = Some(Block { rounds, next: 0, at: now });
        }
    }

    /// When [`Schedule::expire`] has something to do.
    pub fn deadline(&self) -> Option<Mono> {
        [self.running.map(|block| block.at), self.second.map(|(at, _)| at), self.refresh]
            .into_iter()
            .flatten()
            .min()
    }

    /// Calls `announce` with the index of each address whose turn has come; it answers how long the next one has
    /// to wait.
    pub fn expire(
        &mut self,
        now: Mono,
        garp: &Garp,
        addresses: usize,
        mut announce: impl FnMut(usize) -> Duration,
    ) {
        if let Some((_, rounds)) = self.second.take_if(|(at, _)| *at <= now) {
            self.block(now, rounds);
        }
        if let Some(at) = self.refresh.take_if(|at| *at <= now) {
            // From the last deadline, not from now; but never a burst of what was missed.
            let next = at + garp.master_refresh;
            self.refresh = Some(if next > now { next } else { now + garp.master_refresh });
            if self.running.is_none() {
                self.block(now, garp.master_refresh_repeat);
            }
        }
        let mut budget = PER_CALL;
        while let Some(block) = self.running.as_mut().filter(|block| block.at <= now) {
            if addresses == 0 || block.rounds == 0 {
                self.running = None;
                break;
            }
            if budget == 0 {
                break;
            }
            let gap = announce(block.next);
            budget -= 1;
            block.next += 1;
            if block.next >= addresses {
                block.next = 0;
                block.rounds -= 1;
                if block.rounds == 0 {
                    self.running = None;
                    break;
                }
            }
            block.at = now + gap;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Mono {
        Mono::ZERO + Duration::from_millis(millis)
    }

    fn run(schedule: &mut Schedule, garp: &Garp, addresses: usize, until: Mono) -> Vec<(u64, usize)> {
        let mut sent = Vec::new();
        while let Some(deadline) = schedule.deadline().filter(|d| *d <= until) {
            schedule.expire(deadline, garp, addresses, |index| {
                sent.push((deadline.as_nanos() / 1_000_000, index));
                garp.interval
            });
        }
        sent
    }

    #[test]
    fn two_blocks_of_five_rounds() {
        let garp = Garp::default();
        let mut schedule = Schedule::master(at(0), &garp);
        let sent = run(&mut schedule, &garp, 2, at(60_000));
        assert_eq!(sent.len(), 20);
        assert_eq!(sent[..4], [(0, 0), (0, 1), (0, 0), (0, 1)], "rounds over all addresses");
        assert!(sent[..10].iter().all(|(t, _)| *t == 0) && sent[10..].iter().all(|(t, _)| *t == 5_000));
        assert_eq!(schedule.deadline(), None);
    }

    #[test]
    fn refresh_keeps_its_grid() {
        let garp = Garp {
            master_refresh: Duration::from_secs(10),
            master_delay: Duration::ZERO,
            ..Garp::default()
        };
        let mut schedule = Schedule::master(at(0), &garp);
        let times: Vec<_> = run(&mut schedule, &garp, 1, at(30_500)).iter().map(|(t, _)| *t).collect();
        assert_eq!(times, [0, 0, 0, 0, 0, 10_000, 20_000, 30_000]);
    }

    #[test]
    fn a_reload_changes_or_ends_the_refreshes() {
        let seconds = Duration::from_secs;
        let garp = Garp { master_refresh: seconds(10), master_delay: Duration::ZERO, ..Garp::default() };
        let mut schedule = Schedule::master(at(0), &garp);
        run(&mut schedule, &garp, 1, at(5_000));
        let quicker = Garp { master_refresh: seconds(2), ..garp.clone() };
        schedule.set_refresh(at(5_000), garp.master_refresh, quicker.master_refresh);
        let times: Vec<_> = run(&mut schedule, &quicker, 1, at(9_500)).iter().map(|(t, _)| *t).collect();
        assert_eq!(times, [7_000, 9_000]);
        schedule.set_refresh(at(9_500), quicker.master_refresh, Duration::ZERO);
        assert_eq!(schedule.deadline(), None);
    }

    #[test]
    fn an_interval_spreads_a_block() {
        let garp = Garp {
            interval: Duration::from_millis(10),
            master_repeat: 2,
            master_delay: Duration::ZERO,
            ..Garp::default()
        };
        let mut schedule = Schedule::master(at(0), &garp);
        assert_eq!(run(&mut schedule, &garp, 2, at(1_000)), [(0, 0), (10, 1), (20, 0), (30, 1)]);
    }

    #[test]
    fn each_packet_has_its_own_gap() {
        let garp = Garp { master_repeat: 1, master_delay: Duration::ZERO, ..Garp::default() };
        let mut schedule = Schedule::master(at(0), &garp);
        let mut sent = Vec::new();
        // A neighbour advertisement, a gratuitous ARP without a gap, a neighbour advertisement.
        while let Some(deadline) = schedule.deadline() {
            schedule.expire(deadline, &garp, 3, |index| {
                sent.push((deadline.as_nanos() / 1_000_000, index));
                Duration::from_millis(if index == 1 { 0 } else { 10 })
            });
        }
        assert_eq!(sent, [(0, 0), (10, 1), (10, 2)]);
    }

    #[test]
    fn thousands_come_in_slices() {
        let garp = Garp { master_repeat: 1, master_delay: Duration::ZERO, ..Garp::default() };
        let mut schedule = Schedule::master(at(0), &garp);
        let mut count = 0;
        schedule.expire(at(0), &garp, 1_000, |_| {
            count += 1;
            Duration::ZERO
        });
        assert_eq!(count, PER_CALL);
        assert_eq!(schedule.deadline(), Some(at(0)));
        assert_eq!(run(&mut schedule, &garp, 1_000, at(0)).len(), 1_000 - PER_CALL);
    }
}
