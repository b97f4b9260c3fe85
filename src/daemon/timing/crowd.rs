//! Adverts that come in bursts are taken in handfuls.
//!
//! The routers of a neighbour that became MASTER together speak together, as fast as it can send. To be woken by each
//! of their adverts costs a backup three times what it takes to read it. So when one follows close behind another, the
//! driver lets more gather for a moment before it looks again; so it does for the first where many followed the last
//! time, until as many have come. The moment is far shorter than any interval or skew
//! time, and never reaches past a deadline of our own.

use std::cmp::Ordering;
use std::time::Duration;

use crate::time::Mono;

/// Packets that are closer together are a burst.
const CLOSE: Duration = Duration::from_micros(40);
/// How long the next of a burst are left to gather; longer where the one before took longer, and no longer than the
/// second.
const MOMENT: Duration = Duration::from_micros(100);
const LONGEST: Duration = Duration::from_micros(250);
/// Who comes so much later is of no burst any more, even if some were left to gather.
const PAUSE: Duration = Duration::from_micros(600);
/// A moment in which fewer have come was not worth it.
const HANDFUL: usize = 3;
/// What is due within so many moments is waited for by the poller.
const NEAR: u32 = 3;

/// How closely packets follow each other.
#[derive(Default)]
pub(super) struct Crowd {
    last: Mono,
    dense: bool,
    gathered: bool,
    /// When this burst began, and how many have come of it.
    first: Mono,
    so_far: usize,
    /// So many came of the one before, within so long: as many speak together again, most likely.
    usual: usize,
    took: Duration,
}

impl Crowd {
    /// So many packets were read, the last of them now.
    pub fn heard(&mut self, now: Mono, count: usize) {
        let gathered = self.gathered && now.since(self.last) < PAUSE;
        if !gathered && !self.is_dense(now) {
            self.usual = std::mem::take(&mut self.so_far);
            self.took = self.last.since(self.first);
            self.first = now;
        }
        self.so_far += count;
        let worth_it = !gathered || count >= HANDFUL;
        self.dense = worth_it
            && match self.so_far.cmp(&self.usual) {
                Ordering::Less => self.usual >= HANDFUL,
                Ordering::Equal => false,
                Ordering::Greater => gathered || count > 1 || self.is_dense(now),
            };
        self.last = now;
        self.gathered = false;
    }

    /// When packets were last read.
    pub fn last(&self) -> Mono {
        self.last
    }

    /// Whether a packet that is read now follows close behind the one before it.
    pub fn is_dense(&self, now: Mono) -> bool {
        now.since(self.last) < CLOSE
    }

    /// For how long the next packets of a burst may gather. `deadline` is when something else is to be done.
    pub fn gathers(&mut self, deadline: Option<Mono>) -> Option<Duration> {
        // It was noticed to have taken as long as it was left to gather, and a bit: that bit must not add up.
        let left = self.took.saturating_sub(self.last.since(self.first)) * 3 / 4;
        let moment = left.clamp(MOMENT, LONGEST);
        let free = deadline.is_none_or(|at| at > self.last + moment * NEAR);
        self.gathered = std::mem::take(&mut self.dense) && free;
        self.gathered.then_some(moment)
    }

    /// Packets could gather since the last were read.
    pub fn has_gathered(&self) -> bool {
        self.gathered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Mono {
        Mono::ZERO + Duration::from_micros(1_000_000 + micros)
    }

    #[test]
    fn who_follows_close_behind_is_of_a_burst() {
        let mut crowd = Crowd::default();
        assert!(!crowd.is_dense(at(0)));
        crowd.heard(at(0), 1);
        assert!(!crowd.dense, "the first is alone");
        crowd.heard(at(39), 1);
        assert!(crowd.dense);
        crowd.heard(at(79), 1);
        assert!(!crowd.dense);
    }

    #[test]
    fn only_a_burst_gathers_and_only_while_nothing_is_due_soon() {
        let gathers = |heard: &[u64], deadline| {
            let mut crowd = Crowd::default();
            heard.iter().for_each(|micros| crowd.heard(at(*micros), 1));
            crowd.gathers(deadline)
        };
        assert_eq!(gathers(&[0], None), None);
        assert_eq!(gathers(&[0, 1], None), Some(MOMENT));
        assert_eq!(gathers(&[0, 1], Some(at(302))), Some(MOMENT));
        assert_eq!(gathers(&[0, 1], Some(at(301))), None);
        assert_eq!(gathers(&[0, 1], Some(at(0))), None);
    }

    #[test]
    fn who_came_while_others_gathered_is_not_waited_for_twice() {
        let mut crowd = Crowd::default();
        crowd.heard(at(0), 1);
        crowd.heard(at(1), 1);
        assert!(crowd.gathers(None).is_some());
        assert!(crowd.has_gathered());
        assert!(crowd.gathers(None).is_none(), "nothing was read since");
        assert!(!crowd.has_gathered());
    }

    #[test]
    fn the_second_burst_is_expected_and_so_is_its_end() {
        let mut crowd = Crowd::default();
        for (micros, count, more) in [
            (0, 1, false),
            (10, 1, true),
            (120, 10, true),
            (230, 20, true),
            // An empty moment, then the next burst: it begins as the first did.
            (1_000_000, 1, true),
            (1_000_110, 20, true),
            (1_000_220, 11, false),
            // Half as many.
            (2_000_000, 1, true),
            (2_000_110, 15, true),
            (3_000_000, 1, true),
            (3_000_110, 15, false),
            // One by one from now on.
            (4_000_000, 1, true),
            (5_000_000, 1, false),
            (6_000_000, 1, false),
        ] {
            crowd.heard(at(micros), count);
            assert_eq!(crowd.gathers(None).is_some(), more, "after {micros}");
        }
    }

    #[test]
    fn a_long_burst_is_left_to_gather_for_longer() {
        let mut crowd = Crowd::default();
        let heard = |crowd: &mut Crowd, micros, count| {
            crowd.heard(at(micros), count);
            crowd.gathers(None).map(|moment| moment.as_micros())
        };
        assert_eq!(heard(&mut crowd, 0, 2), Some(100));
        assert_eq!(heard(&mut crowd, 110, 10), Some(100));
        assert_eq!(heard(&mut crowd, 220, 10), Some(100));
        assert_eq!(heard(&mut crowd, 320, 10), Some(100));
        // It took 320.
        assert_eq!(heard(&mut crowd, 100_000, 1), Some(240));
        assert_eq!(heard(&mut crowd, 100_250, 25), Some(100));
        assert_eq!(heard(&mut crowd, 100_360, 6), None);
        // One that takes no longer than a moment takes no longer the next time either.
        for second in 1..9 {
            assert!(heard(&mut crowd, second * 1_000_000, 1).is_some());
            assert_eq!(heard(&mut crowd, second * 1_000_000 + 110, 31), None);
        }
        assert_eq!(heard(&mut crowd, 9_000_000, 1), Some(100));
    }

    #[test]
    fn who_comes_one_by_one_is_no_burst_however_many_they_are() {
        let mut crowd = Crowd::default();
        for number in 0..50 {
            crowd.heard(at(number * 50), 1);
            assert!(crowd.gathers(None).is_none());
        }
    }

    #[test]
    fn gathering_ends_when_it_brings_few() {
        let mut crowd = Crowd::default();
        crowd.heard(at(0), 2);
        assert!(crowd.gathers(None).is_some(), "two at once are a burst");
        crowd.heard(at(110), 3);
        assert!(crowd.gathers(None).is_some());
        crowd.heard(at(220), 2);
        assert!(crowd.gathers(None).is_none());
        crowd.heard(at(250), 1);
        assert!(crowd.gathers(None).is_some(), "the next burst");
    }
}
