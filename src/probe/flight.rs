//! `TCP_CHECK` and `HTTP_GET` without a task: a socket and what is to be done with it next. Thousands of them are one
//! owner's, who waits for all at once, so that a check is hardly more than the system calls that it cannot do without.
//!
//! Whoever takes the connection is alive for a `TCP_CHECK`; it is closed in the ordinary way, as keepalived 2.2.7 does:
//! FIN, no reset.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use socket2::{Protocol, Socket, Type};

use super::connect::{refused, socket, undecided};
use super::http::{self, Response, TURN};
use crate::config::model::check::{Check, CheckKind, HttpGet};
use crate::health::outcome::{Failure, Outcome, Success};
use crate::time::Mono;

/// A probe under way. To drop it ends it.
#[derive(Debug)]
pub struct Flight {
    socket: Socket,
    check: Arc<Check>,
    url: usize,
    stage: Stage,
    /// The present step has taken too long then.
    step_ends: Mono,
    /// The whole of it has; never, where each step has its time.
    ends: Option<Mono>,
}

#[derive(Debug)]
enum Stage {
    Connecting,
    /// What of the request the socket did not take at once.
    Sending(Vec<u8>),
    Receiving(Box<Response>),
}

/// What was told of a flight's socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    /// It has an error, or is closed in both directions.
    pub broken: bool,
    /// Something is there to be read, or the end of it.
    pub readable: bool,
    /// The peer sends nothing after what is there.
    pub closing: bool,
}

/// What a flight waits for.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// News of its socket.
    News,
    /// Nothing: it has done so much that others come first. Its socket may have no news after that.
    Turn,
    /// It is over.
    Over(Outcome),
}

impl Flight {
    /// Whether this check can be made so: others are made by [`super::probe`].
    pub fn carries(check: &Check, url: usize) -> bool {
        match &check.kind {
            CheckKind::Tcp(_) => true,
            // To look for a pattern may take long: not where others wait.
            CheckKind::Http(pages) => pages.urls.get(url).is_some_and(|page| page.pattern.is_none()),
            _ => false,
        }
    }

    /// Whether it has more to do than to connect: then it waits for news, else for its socket to be writable.
    pub fn converses(&self) -> bool {
        self.ends.is_some()
    }

    /// Begins to connect.
    pub fn begin(now: Mono, check: &Arc<Check>, url: usize) -> Result<Self, Outcome> {
        let socket = socket(check, Type::STREAM, Protocol::TCP).map_err(|error| undecided(&error))?;
        match socket.connect(&check.target.into()) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(refused(&error)),
            _ => {}
        }
        let is_web = matches!(check.kind, CheckKind::Http(_));
        Ok(Flight {
            socket,
            check: Arc::clone(check),
            url,
            stage: Stage::Connecting,
            step_ends: now + check.pace.connect_timeout,
            ends: is_web.then(|| now + http::deadline(check)),
        })
    }

    /// When [`Flight::expire`] has to be called, unless it gets on before.
    pub fn deadline(&self) -> Mono {
        self.ends.map_or(self.step_ends, |ends| ends.min(self.step_ends))
    }

    /// What it means that its time is over, if it is.
    pub fn expire(&self, now: Mono) -> Option<Outcome> {
        let failure = match &self.stage {
            _ if self.ends.is_some_and(|ends| ends <= now) => {
                Failure::Deadline(http::deadline(&self.check))
            }
            _ if self.step_ends > now => return None,
            Stage::Connecting => Failure::ConnectTimeout,
            Stage::Receiving(response) if response.has_begun() => Failure::Stalled,
            Stage::Sending(_) | Stage::Receiving(_) => Failure::ReadTimeout,
        };
        Some(Outcome::Failure(failure))
    }

    /// What it has waited for is there. It goes on as far as it can. `room` is to read into.
    pub fn go_on(&mut self, now: Mono, seen: Seen, room: &mut [u8]) -> Next {
        let pages = match &self.check.kind {
            CheckKind::Http(pages) => Some(Arc::clone(pages)),
            _ => None,
        };
        if matches!(self.stage, Stage::Connecting) {
            match seen.broken.then(|| self.socket.take_error()) {
                Some(Ok(Some(error))) | Some(Err(error)) => return Next::Over(refused(&error)),
                Some(Ok(None)) | None => {}
            }
        }
        let Some(pages) = pages else { return Next::Over(Outcome::Success(Success::Connected)) };
        let went = match &self.stage {
            Stage::Receiving(_) => self.receive(now, &pages, seen.closing, room),
            Stage::Connecting | Stage::Sending(_) => match self.send(now, &pages) {
                // A server that speaks before it is asked: that is no news any more.
                Ok(true) if seen.readable => self.receive(now, &pages, seen.closing, room),
                Ok(_) => Ok(Next::News),
                Err(failure) => Err(failure),
            },
        };
        went.unwrap_or_else(|failure| Next::Over(Outcome::Failure(failure)))
    }

    /// Answers whether all of the request is sent.
    fn send(&mut self, now: Mono, pages: &HttpGet) -> Result<bool, Failure> {
        let Some(page) = pages.urls.get(self.url) else { return Err(Failure::Malformed) };
        let mut rest = match std::mem::replace(&mut self.stage, Stage::Connecting) {
            Stage::Sending(rest) => rest,
            Stage::Connecting | Stage::Receiving(_) => {
                self.step_ends = now + self.check.pace.connect_timeout;
                http::request(&self.check, pages, page).into_bytes()
            }
        };
        while !rest.is_empty() {
            match (&self.socket).write(&rest) {
                Ok(count) => drop(rest.drain(..count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.stage = Stage::Sending(rest);
                    return Ok(false);
                }
                Err(error) => return Err(http::broken(&error)),
            }
        }
        self.stage = Stage::Receiving(Box::new(Response::new(page.digest.is_some(), None)));
        self.step_ends = now + self.check.pace.connect_timeout;
        Ok(true)
    }

    fn receive(
        &mut self,
        now: Mono,
        pages: &HttpGet,
        closing: bool,
        room: &mut [u8],
    ) -> Result<Next, Failure> {
        let Stage::Receiving(response) = &mut self.stage else { return Ok(Next::News) };
        let mut worked = 0;
        while worked < TURN {
            let count = match (&self.socket).read(room) {
                Ok(0) => {
                    let response = std::mem::replace(response.as_mut(), Response::new(false, None));
                    let received = response.finish().ok_or(Failure::Broken(0))?;
                    let page = pages.urls.get(self.url).ok_or(Failure::Malformed)?;
                    return Ok(Next::Over(http::judge(page, self.url, received)));
                }
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Next::News),
                Err(error) => return Err(http::broken(&error)),
            };
            response.take(room.get(..count).unwrap_or_default()).map_err(|_too_long| Failure::Malformed)?;
            self.step_ends = now + self.check.pace.connect_timeout;
            if count < room.len() && !closing {
                return Ok(Next::News);
            }
            worked += count;
        }
        Ok(Next::Turn)
    }
}

impl AsFd for Flight {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
#[path = "flight_tests.rs"]
pub(super) mod tests;
