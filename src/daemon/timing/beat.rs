//! The steady state: adverts are heard and sent, timers run, and there is nothing else to do.

use super::{ALARM, Driver, DriverError, FIRST_SOCKET, MONITOR};
use crate::kernel::clock;
use crate::kernel::raw::Room;
use crate::report::{Ident, Line, emit};
use crate::time::Mono;
use crate::vrrp::action::Action;
use crate::vrrp::event::{Datagram, Event};

/// Packets of one socket in one turn; the rest waits for the next, which follows at once.
const PACKETS_PER_TURN: usize = 256;

/// The clock has woken the driver so many times, and nothing else: so it goes on, most likely.
const STEADY: u8 = 2;

/// What the driver is woken by.
#[derive(Default)]
pub(super) struct Tempo {
    /// How often in a row it was the clock alone, up to [`STEADY`].
    beats: u8,
    /// The kernel cannot do it.
    only_by_alarm: bool,
}

impl Tempo {
    /// The clock alone, most likely.
    fn is_steady(&self) -> bool {
        self.beats >= STEADY && !self.only_by_alarm
    }

    fn woken(&mut self, by: &[u64]) {
        self.beats = if by == [ALARM] { (self.beats + 1).min(STEADY) } else { 0 };
    }
}

impl Driver {
    /// Sleeps until a descriptor is ready, or the deadline has come. A master's is the next advert, as a rule: to let the
    /// wait itself end then takes a sixth less than the alarm does, and half the system calls. For a backup it is the
    /// other way round, as it is woken by what it hears. Ordinary threads sleep on for a thousandth longer, so theirs is
    /// the alarm.
    pub(super) fn sleep(&mut self) -> Result<(), DriverError> {
        let failed = |error| DriverError::Io("poller", error);
        let no_timer = |error| DriverError::Io("timer", error);
        if let Some(at) = self.deadline
            && self.tempo.is_steady()
            && self.scheduling.is_real_time()
        {
            self.alarm.set(None).map_err(no_timer)?;
            if let Some(tokens) = self.poller.wait_until(at).map_err(failed)? {
                self.tokens.extend(tokens);
                if self.tokens.is_empty() {
                    self.tokens.push(ALARM);
                }
                self.tempo.woken(&self.tokens);
                return Ok(());
            }
            self.tempo.only_by_alarm = true;
        }
        self.alarm.set_in_time(self.deadline, self.crowd.last()).map_err(no_timer)?;
        self.tokens.extend(self.poller.wait().map_err(failed)?);
        if self.tokens.contains(&ALARM) {
            self.alarm.rang();
        }
        self.tempo.woken(&self.tokens);
        Ok(())
    }

    /// Turns in which adverts are heard, timers run, and nothing follows but adverts: nearly all are such. Returns in
    /// the first that is another, and says whether the router's timers have run in it.
    pub(super) fn keep_the_beat(&mut self, room: &mut Room) -> Result<bool, DriverError> {
        loop {
            self.wait()?;
            self.tell_time();
            self.drain(room)?;
            if !self.is_calm() {
                return Ok(false);
            }
            let rang = self.tokens.contains(&ALARM);
            if rang {
                let now = clock::now();
                if self.others_at.is_some_and(|at| at <= now) {
                    return Ok(false);
                }
                self.router.expire(now, &mut self.actions);
            }
            self.rewire |= self.router.take_ways_changed();
            if self.rewire || !self.actions.iter().all(Action::is_advert) {
                return Ok(rang);
            }
            self.transmit();
            self.actions.clear();
            if !rang && let Some(moment) = self.crowd.gathers(self.deadline) {
                clock::nap(moment);
            }
        }
    }

    /// Nobody but sockets and the alarm has something to tell, and nothing is left to do.
    fn is_calm(&self) -> bool {
        self.tokens.iter().all(|token| *token >= u64::from(FIRST_SOCKET) || *token == ALARM)
            && self.addresses.is_idle()
            && self.unsaid.is_empty()
    }

    /// Everything that has arrived, packets first.
    fn drain(&mut self, room: &mut Room) -> Result<(), DriverError> {
        let tokens = std::mem::take(&mut self.tokens);
        let (mut last, mut count) = (None, 0);
        for token in tokens.iter().copied().filter(|token| *token >= u64::from(FIRST_SOCKET)) {
            last = self.drain_socket(token, tokens.len() == 1, room, &mut count).max(last);
        }
        if let Some(last) = last {
            self.crowd.heard(last, count);
        }
        // A takeover is what the monitor has most to tell of: that can wait until it is done, or for a moment.
        if tokens.contains(&MONITOR) && (self.addresses.is_idle() || self.monitor_is_due(clock::now())) {
            self.drain_monitor()?;
            self.monitor_at = None;
        }
        self.tokens = tokens;
        Ok(())
    }

    /// Takes the packets of one socket and counts them; gives when the last was taken. Where it is `alone` and speaks
    /// seldom, one packet is most likely all that there is: if not, the next wait returns at once.
    fn drain_socket(
        &mut self,
        token: u64,
        alone: bool,
        room: &mut Room,
        count: &mut usize,
    ) -> Option<Mono> {
        let mut last = None;
        let enough = *count + PACKETS_PER_TURN;
        let mut several = !alone || self.crowd.has_gathered();
        while *count < enough {
            // Those that one call takes were all there when it returned.
            let mut at = None;
            let (router, actions) = (&mut self.router, &mut self.actions);
            let more = self.sockets.receive(token, several, room, |interface, received| {
                let now = *at.get_or_insert_with(clock::now);
                *count += 1;
                let datagram = Datagram {
                    received_at: now,
                    interface,
                    source: received.source,
                    destination: received.destination,
                    ttl: received.ttl,
                    header: received.header,
                    payload: received.payload,
                };
                router.handle(now, Event::Packet(datagram), actions);
            });
            let more = more.unwrap_or_else(|error| {
                emit(Ident::Vrrp, Line::warn(format!("VRRP socket: {error}")));
                false
            });
            last = at.or(last);
            let Some(now) = at.filter(|_| more) else { break };
            // What is due may be put off by a packet that is there already: then all are looked at.
            several |= self.deadline.is_some_and(|at| at <= now) || self.crowd.is_dense(now);
            if !several {
                break;
            }
        }
        last
    }
}
