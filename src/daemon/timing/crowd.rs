//! Adverts that come in bursts are taken in handfuls.
//!
//! The routers of a neighbour that became MASTER together speak together, as fast as it can send. To be woken by each
//! of their adverts costs a backup three times what it takes to read it. So when one follows close behind another, the
//! driver lets more gather for a moment before it looks again. The moment is far shorter than any interval or skew
//! time, and never reaches past a deadline of our own.

use std::time::Duration;

use crate::time::Mono;

/// Packets that are closer together are a burst.
const CLOSE: Duration = Duration::from_micros(40);
/// How long the next of a burst are left to gather.
const MOMENT: Duration = Duration::from_micros(100);
/// A moment in which fewer have come was not worth it.
const HANDFUL: usize = 3;
/// What is due sooner is waited for by the poller.
const NEAR: Duration = Duration::from_micros(300);

/// How closely packets follow each other.
#[derive(Default)]
pub(super) struct Crowd {
    last: Mono,
    dense: bool,
    gathered: bool,
}

impl Crowd {
    /// So many packets were read, the last of them now.
    pub fn heard(&mut self, now: Mono, count: usize) {
        let is_burst = count > 1 || self.is_dense(now);
        self.dense = if self.gathered { count >= HANDFUL } else { is_burst };
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
        let free = deadline.is_none_or(|at| at > self.last + NEAR);
        self.gathered = std::mem::take(&mut self.dense) && free;
        self.gathered.then_some(MOMENT)
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
