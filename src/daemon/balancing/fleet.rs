//! The probes that need no task: all their sockets in one set, all their deadlines in one heap, and one alarm for these
//! and for whatever else the owner waits for. The set is one descriptor to the runtime.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Probed;
use crate::config::model::Check;
use crate::health::outcome::Outcome;
use crate::kernel::clock::Alarm;
use crate::kernel::poller::{Interest, Poller, Ready};
use crate::lvs::action::CheckerId;
use crate::probe::{Flight, Next, Seen};
use crate::time::Mono;

/// The alarm's token; no flight has it.
const ALARM: u64 = u64::MAX;
/// What one read of an answer may bring, for all flights one after the other.
const ROOM: usize = 16 * 1024;

/// Probes under way.
pub(super) struct Fleet {
    poller: Poller,
    alarm: Alarm,
    /// By the lower half of their token.
    places: Vec<Option<Place>>,
    free: Vec<u32>,
    /// One entry for each flight, and some for flights that are over; a flight's deadline may have moved on.
    deadlines: BinaryHeap<Reverse<(Mono, u64)>>,
    /// How many have begun: the upper half of the next token, so that nothing is taken for another's that had its
    /// place before.
    begun: u32,
    ready: Vec<Ready>,
    room: Vec<u8>,
}

struct Place {
    token: u64,
    flight: Flight,
    checker: CheckerId,
    generation: u64,
}

impl Fleet {
    /// Without a flight.
    pub fn new() -> io::Result<Self> {
        let (poller, alarm) = (Poller::new()?, Alarm::new()?);
        poller.add(&alarm, ALARM)?;
        Ok(Fleet {
            poller,
            alarm,
            places: Vec::new(),
            free: Vec::new(),
            deadlines: BinaryHeap::new(),
            begun: 0,
            ready: Vec::new(),
            room: vec![0; ROOM],
        })
    }

    /// Begins a probe; one that is over at once is answered.
    pub fn begin(
        &mut self,
        now: Mono,
        check: &Arc<Check>,
        url: usize,
        (checker, generation): (CheckerId, u64),
    ) -> Option<Probed> {
        let begun =
            Flight::begin(now, check, url).and_then(|flight| self.place(flight, checker, generation));
        begun.err().map(|outcome| Probed { checker, generation, outcome })
    }

    fn place(&mut self, flight: Flight, checker: CheckerId, generation: u64) -> Result<(), Outcome> {
        let free = self.free.pop().map_or_else(|| u32::try_from(self.places.len()), Ok);
        let at = free.map_err(|_too_many| Outcome::Undecided("too many probes".into()))?;
        let token = u64::from(self.begun) << 32 | u64::from(at);
        let interest = if flight.converses() { Interest::News } else { Interest::Writable };
        if let Err(error) = self.poller.watch(&flight, token, interest) {
            self.free.push(at);
            return Err(Outcome::Undecided(error.to_string()));
        }
        // It never comes to the alarm's.
        self.begun = (self.begun + 1) % u32::MAX;
        self.deadlines.push(Reverse((flight.deadline(), token)));
        let place = Some(Place { token, flight, checker, generation });
        match self.places.get_mut(at as usize) {
            Some(free) => *free = place,
            None => self.places.push(place),
        }
        Ok(())
    }

    /// When [`Fleet::expire`] has to be called.
    pub fn deadline(&mut self) -> Option<Mono> {
        while let Some(&Reverse((at, token))) = self.deadlines.peek() {
            match self.at(token).map(|place| place.flight.deadline()) {
                Some(deadline) if deadline <= at => return Some(at),
                later => {
                    self.deadlines.pop();
                    self.deadlines.extend(later.map(|deadline| Reverse((deadline, token))));
                }
            }
        }
        None
    }

    /// The descriptor is readable at this time too.
    pub fn wake_at(&mut self, at: Option<Mono>) -> io::Result<()> {
        self.alarm.set(at)
    }

    /// Goes on with those that can; what is over is added to `over`. Answers whether nothing more is to be done until
    /// the descriptor is readable again.
    pub fn go_on(&mut self, now: Mono, over: &mut Vec<Probed>) -> io::Result<bool> {
        let mut ready = std::mem::take(&mut self.ready);
        let mut all = self.poller.ready(&mut ready)?;
        for Ready { token, broken, readable, closing } in ready.drain(..) {
            if token == ALARM {
                // Who waited for it looks at the deadlines.
                self.alarm.rang();
                continue;
            }
            let mut room = std::mem::take(&mut self.room);
            let next = self.at(token).map(|place| {
                let seen = Seen { broken, readable, closing };
                let went = || place.flight.go_on(now, seen, &mut room);
                // It died of a fault of ours: the server's state stays, and the checker goes on.
                catch_unwind(AssertUnwindSafe(went))
                    .unwrap_or_else(|_| Next::Over(Outcome::Undecided("the check itself failed".into())))
            });
            self.room = room;
            match next {
                Some(Next::Over(outcome)) => over.extend(self.end(token, outcome)),
                Some(Next::Turn) => {
                    over.extend(self.ask_anew(token));
                    all = false;
                }
                Some(Next::News) | None => {}
            }
        }
        self.ready = ready;
        Ok(all)
    }

    /// Ends those whose time is over.
    pub fn expire(&mut self, now: Mono, over: &mut Vec<Probed>) {
        while self.deadline().is_some_and(|at| at <= now) {
            let Some(Reverse((_, token))) = self.deadlines.pop() else { return };
            let outcome = self.at(token).and_then(|place| place.flight.expire(now));
            over.extend(outcome.and_then(|outcome| self.end(token, outcome)));
        }
    }

    /// Ends all without a word.
    pub fn clear(&mut self) {
        self.places.clear();
        self.free.clear();
        self.deadlines.clear();
    }

    fn at(&mut self, token: u64) -> Option<&mut Place> {
        let at = usize::try_from(token & u64::from(u32::MAX)).ok()?;
        self.places.get_mut(at)?.as_mut().filter(|place| place.token == token)
    }

    /// What is there of one that has news is told again.
    fn ask_anew(&mut self, token: u64) -> Option<Probed> {
        let at = usize::try_from(token & u64::from(u32::MAX)).ok()?;
        let place = self.places.get_mut(at)?.as_mut()?;
        let error = self.poller.rewatch(&place.flight, token, Interest::News).err()?;
        self.end(token, Outcome::Undecided(error.to_string()))
    }

    fn end(&mut self, token: u64, outcome: Outcome) -> Option<Probed> {
        let at = u32::try_from(token & u64::from(u32::MAX)).ok()?;
        let Place { checker, generation, .. } = self.places.get_mut(at as usize)?.take()?;
        self.free.push(at);
        Some(Probed { checker, generation, outcome })
    }
}

impl AsFd for Fleet {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poller.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;
    use crate::health::outcome::{Failure, Success};
    use crate::kernel::clock;
    use crate::probe::check_of;

    #[test]
    fn each_result_finds_its_checker_and_places_are_used_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = Arc::new(check_of(listener.local_addr().unwrap()));
        let closed = Arc::new(check_of(TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()));
        let (mut fleet, mut over) = (Fleet::new().unwrap(), Vec::new());
        let refused = Outcome::Failure(Failure::Connect(libc::ECONNREFUSED));
        for round in 0..3 {
            let numbers = round * 100..(round + 1) * 100;
            for generation in numbers.clone() {
                let check = if generation % 2 == 0 { &open } else { &closed };
                over.extend(fleet.begin(clock::now(), check, 0, (CheckerId::default(), generation)));
            }
            while over.len() < 100 {
                let mut waiting = [PollFd::new(fleet.as_fd(), PollFlags::POLLIN)];
                assert_eq!(poll(&mut waiting, PollTimeout::from(10_000_u16)).unwrap(), 1);
                fleet.go_on(clock::now(), &mut over).unwrap();
            }
            over.sort_unstable_by_key(|probed| probed.generation);
            assert!(over.iter().map(|probed| probed.generation).eq(numbers));
            for Probed { generation, outcome, .. } in over.drain(..) {
                let well = Outcome::Success(Success::Connected);
                assert_eq!(outcome, if generation % 2 == 0 { well } else { refused.clone() });
            }
            // Nobody is left who could be late.
            assert_eq!(fleet.deadline(), None);
            assert!(fleet.places.len() <= 100);
            while listener.set_nonblocking(true).is_ok() && listener.accept().is_ok() {}
        }
    }

    #[test]
    fn silence_is_over_at_its_time_and_wakes() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let check = Arc::new(check_of(listener.local_addr().unwrap()));
        let (mut fleet, mut over) = (Fleet::new().unwrap(), Vec::new());
        let start = clock::now();
        assert!(fleet.begin(start, &check, 0, (CheckerId::default(), 7)).is_none());
        let end = start + check.pace.connect_timeout;
        assert_eq!(fleet.deadline(), Some(end));
        fleet.expire(end - Duration::from_nanos(1), &mut over);
        assert!(over.is_empty());
        fleet.expire(end, &mut over);
        let [Probed { generation: 7, outcome, .. }] = over.as_slice() else { panic!("{}", over.len()) };
        assert_eq!(*outcome, Outcome::Failure(Failure::ConnectTimeout));
        assert_eq!(fleet.deadline(), None);
        // Its socket is gone from the set: only the alarm is left to be heard.
        let mut waiting = [PollFd::new(fleet.as_fd(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut waiting, PollTimeout::ZERO).unwrap(), 0);
        fleet.wake_at(Some(clock::now() + Duration::from_millis(20))).unwrap();
        let mut waiting = [PollFd::new(fleet.as_fd(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut waiting, PollTimeout::from(10_000_u16)).unwrap(), 1);
        // It rings once for each time that it is set to.
        fleet.go_on(clock::now(), &mut over).unwrap();
        fleet.wake_at(Some(clock::now() + Duration::from_secs(3600))).unwrap();
        let mut waiting = [PollFd::new(fleet.as_fd(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut waiting, PollTimeout::ZERO).unwrap(), 0);
        fleet.wake_at(Some(clock::now() + Duration::from_millis(20))).unwrap();
        let mut waiting = [PollFd::new(fleet.as_fd(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut waiting, PollTimeout::from(10_000_u16)).unwrap(), 1);
    }
}
