//! The thread around a source of what happens to tracked objects. It sleeps in the kernel: on the source's descriptor,
//! its deadline, and the bell of its commands. A disk that hangs, or a process whose command line cannot be read, holds
//! up nothing else.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::board::Board;
use crate::config::model::Config;
use crate::daemon::commands::{Commands, Inbox, Post};
use crate::daemon::supervise::Supervisor;
use crate::kernel::clock::{self, Alarm};
use crate::kernel::poller::Poller;
use crate::time::Mono;
use crate::track::news::News;

const BELL: u64 = 0;
const ALARM: u64 = 1;
const SOURCE: u64 = 2;

/// What happens to tracked objects of one kind.
pub trait Source: Send + 'static {
    /// Whether a configuration has anything for it.
    fn is_wanted(config: &Config) -> bool;

    /// Takes over a configuration, and tells everything that it can find out now.
    fn configure(&mut self, config: &Config, out: &mut Vec<News>);

    /// What is readable when [`Source::turn`] has something to do; none where nothing is tracked, or nothing is told.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;

    /// When [`Source::turn`] has something to do anyway.
    fn deadline(&self) -> Option<Mono>;

    /// Takes everything that has happened.
    fn turn(&mut self, now: Mono, out: &mut Vec<News>);
}

/// A new configuration, and where to say that everything known of it was told.
pub type Reconfigure = (Arc<Config>, oneshot::Sender<()>);

/// A source, and the thread that it gets as soon as there is something to watch.
pub struct Watch<S> {
    name: &'static str,
    thread: &'static CStr,
    waiting: Option<S>,
    commands: Option<Commands<Reconfigure>>,
}

impl<S: Source> Watch<S> {
    /// One that waits; the thread will be called `thread`.
    pub fn new(name: &'static str, thread: &'static CStr, source: S) -> Self {
        Watch { name, thread, waiting: Some(source), commands: None }
    }

    /// The way to the thread, where there is one, or this configuration wants one.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn thread_for(
        &mut self,
        config: &Config,
        board: &Board,
        supervisor: &Supervisor,
    ) -> io::Result<Option<&Commands<Reconfigure>>> {
        if S::is_wanted(config)
            && let Some(source) = self.waiting.take()
        {
            let (commands, inbox) = Commands::new()?;
            let (board, fail) = (board.clone(), supervisor.failure_of(self.name));
            supervisor.spawn_thread(self.name, self.thread, move || {
                if let Err(error) = run(source, inbox, &board) {
                    fail(error.to_string());
                }
            });
            self.commands = Some(commands);
        }
        Ok(self.commands.as_ref())
    }
}

/// Runs until nobody can give it a configuration any more. It wants a thread of its own.
///
/// # Errors
/// The poller or the timer failed.
fn run(mut source: impl Source, mut inbox: Inbox<Reconfigure>, board: &Board) -> io::Result<()> {
    let mut poller = Poller::new()?;
    let mut alarm = Alarm::new()?;
    poller.add(inbox.bell(), BELL)?;
    poller.add(&alarm, ALARM)?;
    let mut registered = None;
    let mut news = Vec::new();
    loop {
        if let Some(fd) = source.descriptor() {
            let number = Some(fd.as_raw_fd());
            if registered != number {
                register(&poller, &fd)?;
            }
            registered = number;
        }
        alarm.set(source.deadline())?;
        let mut rung = false;
        for token in poller.wait()? {
            match token {
                BELL => rung = true,
                ALARM => alarm.rang(),
                _ => {}
            }
        }
        source.turn(clock::now(), &mut news);
        while rung && let Some(post) = inbox.next() {
            let Post::Command((config, done)) = post else { return Ok(()) };
            source.configure(&config, &mut news);
            // It may have closed one and opened another with the same number.
            registered = None;
            news.drain(..).for_each(|news| board.tell_blocking(news));
            // Nobody waits any more for one that took too long.
            let _ = done.send(());
        }
        news.drain(..).for_each(|news| board.tell_blocking(news));
    }
}

/// One that is closed leaves the poller by itself; one that is in it stays.
fn register(poller: &Poller, fd: &impl AsFd) -> io::Result<()> {
    match poller.add(fd, SOURCE) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}
