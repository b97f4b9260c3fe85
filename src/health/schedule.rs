//! Deadlines of thousands of checkers: setting, dropping and taking one costs O(log n).
//!
//! A heap that keeps outdated entries until they surface: a checker sets its next deadline once per
//! result, so there are hardly any, and removing from the middle of a heap would cost O(n).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::Mono;

/// Deadlines by the number of their owner; each owner has at most one. The numbers are small: there is a place for each
/// up to the greatest.
#[derive(Debug, Default)]
pub struct Schedule {
    heap: BinaryHeap<Reverse<(Mono, u32)>>,
    due: Vec<Option<Mono>>,
}

impl Schedule {
    /// There will be so many owners: little more room than that is taken.
    pub fn make_room(&mut self, all: usize) {
        self.due.reserve_exact(all.saturating_sub(self.due.len()));
        // Some entries are outdated.
        self.heap.reserve_exact((all + all / 16).saturating_sub(self.heap.len()));
    }

    /// Replaces the owner's deadline.
    pub fn set(&mut self, owner: u32, at: Mono) {
        let place = owner as usize;
        if place >= self.due.len() {
            self.due.resize(place + 1, None);
        }
        if let Some(due) = self.due.get_mut(place) {
            *due = Some(at);
        }
        self.heap.push(Reverse((at, owner)));
        self.drop_outdated();
    }

    /// The owner has no deadline any more.
    pub fn clear(&mut self, owner: u32) {
        self.forget(owner);
        self.drop_outdated();
    }

    /// Whether the owner has a deadline.
    pub fn has(&self, owner: u32) -> bool {
        self.due.get(owner as usize).is_some_and(Option::is_some)
    }

    /// The owner's deadline.
    pub fn of(&self, owner: u32) -> Option<Mono> {
        self.due.get(owner as usize).copied().flatten()
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Mono> {
        self.first().map(|(at, _)| at)
    }

    /// The same, and whose it is.
    pub fn first(&self) -> Option<(Mono, u32)> {
        self.heap.peek().map(|Reverse(first)| *first)
    }

    /// Takes one owner whose deadline has come, the earliest first.
    pub fn take_due(&mut self, now: Mono) -> Option<u32> {
        let &Reverse((at, owner)) = self.heap.peek()?;
        if at > now {
            return None;
        }
        self.heap.pop();
        self.forget(owner);
        self.drop_outdated();
        Some(owner)
    }

    fn forget(&mut self, owner: u32) {
        if let Some(due) = self.due.get_mut(owner as usize) {
            *due = None;
        }
    }

    /// Keeps the top of the heap true, so that [`Schedule::next`] needs no `&mut`.
    fn drop_outdated(&mut self) {
        while let Some(Reverse((at, owner))) = self.heap.peek() {
            if self.due.get(*owner as usize) == Some(&Some(*at)) {
                return;
            }
            self.heap.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: u64) -> Mono {
        Mono::from_nanos(nanos)
    }

    #[test]
    fn earliest_first_and_only_what_is_due() {
        let mut schedule = Schedule::default();
        schedule.set(1, at(30));
        schedule.set(2, at(10));
        schedule.set(3, at(20));
        assert_eq!(schedule.next(), Some(at(10)));
        assert_eq!(schedule.take_due(at(20)), Some(2));
        assert_eq!(schedule.take_due(at(20)), Some(3));
        assert_eq!(schedule.take_due(at(20)), None);
        assert_eq!(schedule.next(), Some(at(30)));
    }

    #[test]
    fn a_replaced_or_cleared_deadline_never_fires() {
        let mut schedule = Schedule::default();
        schedule.set(1, at(10));
        schedule.set(1, at(50));
        schedule.set(2, at(20));
        assert_eq!(schedule.next(), Some(at(20)), "the first deadline of 1 is outdated");
        schedule.clear(2);
        assert_eq!(schedule.next(), Some(at(50)));
        assert_eq!(schedule.take_due(at(49)), None);
        assert_eq!(schedule.take_due(at(50)), Some(1));
        assert_eq!(schedule.next(), None);
        assert_eq!(schedule.take_due(at(99)), None);
    }

    #[test]
    fn setting_the_same_deadline_twice_fires_once() {
        let mut schedule = Schedule::default();
        schedule.set(1, at(10));
        schedule.set(1, at(10));
        assert_eq!(schedule.take_due(at(10)), Some(1));
        assert_eq!(schedule.take_due(at(10)), None);
    }
}
