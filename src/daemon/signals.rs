//! Signals as requests.

use std::io;

use futures_util::StreamExt as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU};
use signal_hook_tokio::Signals;

use crate::report::{Ident, Line, emit};

/// What the operator asks of the running daemon by a signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Request {
    /// `SIGTERM`, `SIGINT`
    Stop,
    /// `SIGHUP`
    Reload,
    /// `SIGUSR1`: dump the state.
    Data,
    /// `SIGUSR2`: write the VRRP counters.
    Stats,
    /// `SIGRTMAX-1`: write the VRRP counters and set them to zero.
    StatsClear,
    /// `SIGRTMIN+2`: write the JSON file.
    Json,
}

impl Request {
    const ALL: [Request; 6] =
        [Request::Stop, Request::Reload, Request::Data, Request::Stats, Request::StatsClear, Request::Json];

    /// keepalived's name for `--signum`.
    pub const fn name(self) -> &'static str {
        match self {
            Request::Stop => "STOP",
            Request::Reload => "RELOAD",
            Request::Data => "DATA",
            Request::Stats => "STATS",
            Request::StatsClear => "STATS_CLEAR",
            Request::Json => "JSON",
        }
    }

    /// The request with this `--signum` name.
    fn by_name(name: &str) -> Option<Request> {
        Request::ALL.into_iter().find(|request| request.name() == name)
    }

    /// What `--signum=NAME` prints, or the complaint about an unknown name.
    pub fn number_of(name: &str) -> Result<i32, String> {
        Request::by_name(name).map(Request::signal_number).ok_or_else(|| format!("Unknown sigfunc {name}"))
    }

    /// The signal that asks for it. The real-time ones depend on the C library.
    pub fn signal_number(self) -> i32 {
        match self {
            Request::Stop => SIGTERM,
            Request::Reload => SIGHUP,
            Request::Data => SIGUSR1,
            Request::Stats => SIGUSR2,
            Request::StatsClear => libc::SIGRTMAX() - 1,
            Request::Json => libc::SIGRTMIN() + 2,
        }
    }

    fn by_number(signal: i32) -> Option<Request> {
        if signal == SIGINT {
            return Some(Request::Stop);
        }
        Request::ALL.into_iter().find(|request| request.signal_number() == signal)
    }
}

/// The stream of requests. From its making on, none of these signals ends the process. `SIGPIPE` is
/// ignored by the Rust runtime already.
pub struct Requests {
    signals: Signals,
    ignore_sigint: bool,
}

impl Requests {
    /// Starts to listen. Must be called in the runtime.
    ///
    /// # Errors
    /// The handlers cannot be installed.
    pub fn listen(ignore_sigint: bool) -> io::Result<Requests> {
        let wanted = Request::ALL.into_iter().map(Request::signal_number).chain([SIGINT, SIGXCPU]);
        Ok(Requests { signals: Signals::new(wanted)?, ignore_sigint })
    }

    /// The next request; the same signal sent again before it is read counts once. `None` never comes
    /// while the stream lives.
    pub async fn next(&mut self) -> Option<Request> {
        loop {
            let signal = self.signals.next().await?;
            if signal == SIGINT && self.ignore_sigint {
                continue;
            }
            if signal == SIGXCPU {
                let text =
                    "vrrp process has used too much CPU time, vrrp_rlimit_rttime may need to be increased";
                emit(Ident::Vrrp, Line::warn(text));
            }
            if let Some(request) = Request::by_number(signal) {
                return Some(request);
            }
        }
    }
}

/// One reload at a time, and at most one that waits: a reload asked for while one runs must read the
/// file again, but ten of them need to do so only once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReloadQueue {
    running: bool,
    again: bool,
}

impl ReloadQueue {
    /// Somebody asks. True: start one now.
    pub fn asked(&mut self) -> bool {
        let start = !self.running;
        self.again |= self.running;
        self.running = true;
        start
    }

    /// The running one has ended. True: start the waiting one now.
    pub fn ended(&mut self) -> bool {
        self.running = self.again;
        std::mem::take(&mut self.again)
    }
}

#[cfg(test)]
mod tests {
    use nix::sys::signal::{Signal, raise};

    use super::*;

    #[test]
    fn a_reload_waits_for_the_running_one_once() {
        let mut queue = ReloadQueue::default();
        assert!(queue.asked());
        assert!(!queue.asked());
        assert!(!queue.asked());
        assert!(queue.ended(), "the one that waited starts");
        assert!(!queue.ended(), "only one waited");
        assert!(queue.asked(), "idle again");
    }

    #[test]
    fn names_and_numbers() {
        // glibc's real-time signals, as keepalived prints them there.
        let numbers = ["STOP", "RELOAD", "DATA", "STATS", "STATS_CLEAR", "JSON"].map(Request::number_of);
        assert_eq!(numbers, [15, 1, 10, 12, 63, 36].map(Ok));
        assert_eq!(Request::number_of("FOO"), Err("Unknown sigfunc FOO".into()));
    }

    #[test]
    fn signals_become_requests() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut requests = Requests::listen(true).unwrap();
            raise(Signal::SIGINT).unwrap();
            raise(Signal::SIGHUP).unwrap();
            assert_eq!(requests.next().await, Some(Request::Reload), "SIGINT is ignored");
            raise(Signal::SIGUSR1).unwrap();
            assert_eq!(requests.next().await, Some(Request::Data));
        });
    }
}
