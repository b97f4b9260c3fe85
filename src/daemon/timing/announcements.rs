//! Addresses that wait to be announced, after they have been set.

use std::collections::VecDeque;
use std::time::Duration;

use crate::objects::address::AddressKey;
use crate::time::Mono;

/// Places that stay without new memory; a takeover of thousands needs more, once.
const REMEMBERED: usize = 256;
/// Until an interface that takes no more is asked again. A slow one sends a handful in that time.
const PAUSE: Duration = Duration::from_millis(1);
/// An interface that has taken nothing for so long may never do so again: others need the room that its packets take.
const PATIENCE: Duration = Duration::from_secs(1);

/// The queue.
#[derive(Default)]
pub(super) struct Announcements {
    queue: VecDeque<AddressKey>,
    /// Nothing leaves before.
    pause_until: Option<Mono>,
    /// Since when nothing has left.
    stuck_since: Option<Mono>,
}

impl Announcements {
    pub fn push(&mut self, key: AddressKey) {
        self.queue.push_back(key);
    }

    /// Nothing can be done now.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() || self.pause_until.is_some()
    }

    /// When they go on.
    pub fn deadline(&self) -> Option<Mono> {
        self.pause_until
    }

    /// Lets them go on, if it is time.
    pub fn expire(&mut self, now: Mono) {
        self.pause_until.take_if(|until| *until <= now);
    }

    /// The next at most `limit`, as far as `turn` lets them go.
    pub fn next(&mut self, limit: usize, turn: impl Fn(&AddressKey) -> Turn) -> Vec<AddressKey> {
        if self.is_idle() {
            return Vec::new();
        }
        let mut next = Vec::with_capacity(limit.min(self.queue.len()));
        while next.len() < limit
            && let Some(key) = self.queue.pop_front()
        {
            match turn(&key) {
                Turn::Come => next.push(key),
                Turn::Later => {
                    self.queue.push_front(key);
                    break;
                }
                Turn::Never => {}
            }
        }
        if self.queue.is_empty() {
            self.queue.shrink_to(REMEMBERED);
        }
        next
    }

    /// So many of the last ones left, and these did not for want of room: they wait, unless that goes on for too long.
    /// Gives those that wait no more.
    pub fn came_back(&mut self, now: Mono, left: usize, full: Vec<AddressKey>) -> Vec<AddressKey> {
        if left > 0 || full.is_empty() {
            self.stuck_since = None;
        }
        if full.is_empty() || now.since(*self.stuck_since.get_or_insert(now)) > PATIENCE {
            return full;
        }
        for key in full.into_iter().rev() {
            self.queue.push_front(key);
        }
        self.pause_until = Some(now + PAUSE);
        Vec::new()
    }
}

/// Whether it is an address's turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    Come,
    /// And that of none behind it.
    Later,
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(numbers: impl IntoIterator<Item = u8>) -> Vec<AddressKey> {
        let key =
            |n| AddressKey { interface: "eth0".into(), net: format!("10.0.0.{n}/32").parse().unwrap() };
        numbers.into_iter().map(key).collect()
    }

    fn at(millis: u64) -> Mono {
        Mono::ZERO + Duration::from_millis(1000 + millis)
    }

    #[test]
    fn what_found_no_room_comes_first_after_a_pause() {
        let mut waiting = Announcements::default();
        keys(1..=5).into_iter().for_each(|key| waiting.push(key));
        let all = |_: &AddressKey| Turn::Come;
        assert_eq!(waiting.next(3, all), keys(1..=3));
        assert_eq!(waiting.came_back(at(0), 1, keys(2..=3)), []);
        assert!(waiting.is_idle());
        assert_eq!(waiting.next(3, all), []);
        assert_eq!(waiting.deadline(), Some(at(1)));
        waiting.expire(at(0));
        assert!(waiting.is_idle());
        waiting.expire(at(1));
        assert_eq!((waiting.is_idle(), waiting.deadline()), (false, None));
        assert_eq!(waiting.next(9, all), keys(2..=5));
        assert_eq!(waiting.came_back(at(1), 4, Vec::new()), []);
        assert!(waiting.is_idle());
    }

    #[test]
    fn who_never_has_room_is_given_up_after_a_second() {
        let mut waiting = Announcements::default();
        let mut refuse = |millis, left| {
            waiting.expire(at(millis));
            waiting.came_back(at(millis), left, keys([1]))
        };
        assert_eq!(refuse(0, 1), []);
        assert_eq!(refuse(900, 0), []);
        assert_eq!(refuse(1800, 1), [], "one has left");
        assert_eq!(refuse(2800, 0), []);
        assert_eq!(refuse(2801, 0), keys([1]));
    }

    #[test]
    fn who_waits_for_the_kernel_holds_up_those_behind() {
        let mut waiting = Announcements::default();
        keys(1..=4).into_iter().for_each(|key| waiting.push(key));
        let numbers = keys(1..=4);
        let turn = |key: &AddressKey| match numbers.iter().position(|k| k == key) {
            Some(1) => Turn::Never,
            Some(2) => Turn::Later,
            _ => Turn::Come,
        };
        assert_eq!(waiting.next(9, turn), keys([1]));
        assert_eq!(waiting.next(9, turn), []);
        assert_eq!(waiting.next(9, |_| Turn::Come), keys([3, 4]));
    }
}
