//! Mails that wait: bounded, the oldest first, one at a time of each subject.

use std::collections::VecDeque;

use crate::report::Ident;
use crate::report::mail::Words;

/// Mails that may wait; beyond it the oldest is dropped.
pub const WAITING: usize = 1024;
/// Connections at once.
const CONNECTIONS: usize = 4;

/// A mail that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Letter {
    /// Whom it is about: mails of one subject stay in their order.
    pub about: String,
    pub words: Words,
    /// When it happened, as the header has it.
    pub date: String,
    /// Who logs what becomes of it.
    pub ident: Ident,
}

/// What waits, and who is written of at this moment.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: VecDeque<Letter>,
    under_way: Vec<String>,
    dropped: usize,
}

impl Queue {
    /// Takes a mail; the oldest may have to go for it.
    pub fn push(&mut self, letter: Letter) {
        if self.waiting.len() >= WAITING {
            self.waiting.pop_front();
            self.dropped += 1;
        }
        self.waiting.push_back(letter);
    }

    /// The next one to be sent, if one may be now. [`Queue::ended`] tells that it is over.
    pub fn next(&mut self) -> Option<Letter> {
        if self.under_way.len() >= CONNECTIONS {
            return None;
        }
        let at = self.waiting.iter().position(|letter| !self.under_way.contains(&letter.about))?;
        let letter = self.waiting.remove(at)?;
        self.under_way.push(letter.about.clone());
        Some(letter)
    }

    /// The mail about this subject is sent, or never will be.
    pub fn ended(&mut self, about: &str) {
        self.under_way.retain(|other| other != about);
    }

    /// How many were dropped since the last time.
    pub fn dropped(&mut self) -> usize {
        std::mem::take(&mut self.dropped)
    }

    /// Forgets all that waits; how many that were.
    pub fn clear(&mut self) -> usize {
        let count = self.waiting.len();
        self.waiting.clear();
        count
    }

    /// How many have not begun, or are under way.
    pub fn unsent(&self) -> usize {
        self.waiting.len() + self.under_way.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(about: &str, subject: &str) -> Letter {
        let words = Words { subject: subject.into(), body: String::new() };
        Letter { about: about.into(), words, date: String::new(), ident: Ident::Vrrp }
    }

    fn next(queue: &mut Queue) -> Option<String> {
        queue.next().map(|letter| letter.words.subject)
    }

    #[test]
    fn one_of_each_subject_and_four_at_once() {
        let mut queue = Queue::default();
        for (about, subject) in [("a", "1"), ("a", "2"), ("b", "3"), ("c", "4"), ("d", "5"), ("e", "6")] {
            queue.push(letter(about, subject));
        }
        let begun: Vec<_> = std::iter::from_fn(|| next(&mut queue)).collect();
        assert_eq!(begun, ["1", "3", "4", "5"]);
        queue.ended("c");
        assert_eq!(next(&mut queue).unwrap(), "6", "the second of a waits for the first");
        queue.ended("a");
        assert_eq!(next(&mut queue).unwrap(), "2");
        assert_eq!((next(&mut queue), queue.unsent()), (None, 4));
    }

    #[test]
    fn the_oldest_go_and_are_counted() {
        let mut queue = Queue::default();
        for number in 0..WAITING + 3 {
            queue.push(letter("a", &number.to_string()));
        }
        assert_eq!((queue.dropped(), queue.dropped(), queue.unsent()), (3, 0, WAITING));
        assert_eq!(next(&mut queue).unwrap(), "3");
        assert_eq!((queue.clear(), queue.unsent()), (WAITING - 1, 1));
    }
}
