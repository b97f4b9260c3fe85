//! Tracked processes: the kernel's events, or where it sends none a look at `/proc` now and then.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Duration;

use super::watching::Source;
use crate::config::model::Config;
use crate::config::model::process::Buffer;
use crate::kernel::clock;
use crate::kernel::process_events::{ProcessEvent, ProcessEvents};
use crate::kernel::process_table;
use crate::report::{Ident, Line, emit, track};
use crate::time::Mono;
use crate::track::news::News;
use crate::track::process::{Processes, Settled};

/// Bytes; about 5000 events.
const RECEIVE_BUFFER: u32 = 4 << 20;
/// How often `/proc` is looked at where the kernel does not tell. A look at a thousand processes takes a few ms.
const LOOK: Duration = Duration::from_secs(1);

/// The source.
pub struct TrackedProcesses {
    processes: Processes,
    events: Option<ProcessEvents>,
    /// Until the kernel has said that it will tell.
    look_at: Option<Mono>,
    /// `process_monitor_rcv_bufs`
    buffer: Buffer,
}

impl TrackedProcesses {
    /// Watches nothing yet.
    pub fn new() -> Self {
        TrackedProcesses {
            processes: Processes::default(),
            events: None,
            look_at: None,
            buffer: Buffer::default(),
        }
    }

    fn scan(&mut self, now: Mono, settled: &mut Vec<Settled>) {
        match process_table::all(self.processes.want_commands()) {
            Ok(all) => self.processes.scan(now, &all, settled),
            Err(error) => emit(Ident::Vrrp, Line::error(format!("cannot look at /proc: {error}"))),
        }
    }

    /// Everything that the kernel has told.
    fn drain(&mut self, now: Mono, settled: &mut Vec<Settled>) {
        let commands = self.processes.want_commands();
        while let Some(events) = &mut self.events {
            match events.receive() {
                Ok(None) => return,
                Ok(Some(ProcessEvent::Confirmed)) => {
                    // What happened before that was not told.
                    emit(Ident::Vrrp, track::process_events_confirmed());
                    self.look_at = None;
                    self.scan(now, settled);
                }
                Ok(Some(ProcessEvent::Overrun)) => {
                    emit(Ident::Vrrp, track::processes_overrun());
                    self.scan(now, settled);
                }
                Ok(Some(ProcessEvent::Forked { parent, child })) => {
                    self.processes.forked(now, parent, child, settled);
                }
                // One that has ended meanwhile: its end is among the next events.
                Ok(Some(ProcessEvent::Became(pid))) => {
                    if let Some(identity) = process_table::of(pid, commands) {
                        self.processes.became(now, pid, &identity, settled);
                    }
                }
                Ok(Some(ProcessEvent::Ended(pid))) => self.processes.ended(now, pid, settled),
                Err(error) => {
                    emit(Ident::Vrrp, track::no_process_events(&error.to_string()));
                    self.events = None;
                    self.look_at = Some(now);
                }
            }
        }
    }

    fn listen(&mut self) {
        if self.processes.is_empty() {
            self.events = None;
            self.look_at = None;
        } else if self.events.is_none() && self.look_at.is_none() {
            let events = match self.buffer.bytes {
                Some(bytes) => ProcessEvents::open(bytes, self.buffer.force),
                None => ProcessEvents::open(RECEIVE_BUFFER, true),
            };
            self.events = events
                .inspect_err(|error| emit(Ident::Vrrp, track::no_process_events(&error.to_string())))
                .ok();
            self.look_at = Some(clock::now() + LOOK);
        }
    }
}

impl Source for TrackedProcesses {
    fn is_wanted(config: &Config) -> bool {
        !config.instances.is_empty() && !config.track_processes.is_empty()
    }

    fn configure(&mut self, config: &Config, out: &mut Vec<News>) {
        // Only VRRP follows processes.
        let followed = if config.instances.is_empty() { &[][..] } else { &config.track_processes };
        self.processes.configure(followed);
        let buffer = config.global.buffers.process_monitor;
        if std::mem::replace(&mut self.buffer, buffer) != buffer {
            self.events = None;
        }
        // Subscribed before they are counted: nothing that happens in between is lost.
        self.listen();
        if !self.processes.is_empty() {
            self.scan(clock::now(), &mut Vec::new());
        }
        out.extend(self.processes.known().map(event));
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.events.as_ref().map(|events| events.as_fd())
    }

    fn deadline(&self) -> Option<Mono> {
        self.processes.deadline().into_iter().chain(self.look_at).min()
    }

    fn turn(&mut self, now: Mono, out: &mut Vec<News>) {
        let mut settled = Vec::new();
        self.drain(now, &mut settled);
        if self.look_at.is_some_and(|at| at <= now) {
            self.look_at = Some(now + LOOK);
            self.scan(now, &mut settled);
        }
        self.processes.expire(now, &mut settled);
        for one in settled {
            emit(Ident::Vrrp, track::quorum(&one));
            out.push(event(one));
        }
    }
}

fn event(Settled { name, quorate }: Settled) -> News {
    News::Process { name, quorate }
}
