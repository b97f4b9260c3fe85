//! Deadlines of thousands of checkers: setting, dropping and taking one costs O(log n).
//!
//! A heap that keeps outdated entries until they surface: a checker sets its next deadline once per
//! result, so there are hardly any, and removing from the middle of a heap would cost O(n).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::time::Mono;

/// Deadlines by owner; each owner has at most one.
#[derive(Debug)]
pub struct Schedule<Id> {
    heap: BinaryHeap<Reverse<(Mono, Id)>>,
    due: HashMap<Id, Mono>,
}

impl<Id> Default for Schedule<Id>
where
    Id: Ord,
{
    fn default() -> Self {
        Schedule { heap: BinaryHeap::new(), due: HashMap::new() }
    }
}

impl<Id: Copy + Ord + std::hash::Hash> Schedule<Id> {
    /// Replaces the owner's deadline.
    pub fn set(&mut self, id: Id, at: Mono) {
        self.due.insert(id, at);
        self.heap.push(Reverse((at, id)));
        self.drop_outdated();
    }

    /// The owner has no deadline any more.
    pub fn clear(&mut self, id: Id) {
        self.due.remove(&id);
        self.drop_outdated();
    }

    /// Whether the owner has a deadline.
    pub fn has(&self, id: Id) -> bool {
        self.due.contains_key(&id)
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Mono> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes one owner whose deadline has come, the earliest first.
    pub fn take_due(&mut self, now: Mono) -> Option<Id> {
        let &Reverse((at, id)) = self.heap.peek()?;
        if at > now {
            return None;
        }
        self.heap.pop();
        self.due.remove(&id);
        self.drop_outdated();
        Some(id)
    }

    /// Keeps the top of the heap true, so that [`Schedule::next`] needs no `&mut`.
    fn drop_outdated(&mut self) {
        while let Some(Reverse((at, id))) = self.heap.peek() {
            if self.due.get(id) == Some(at) {
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
