//! When the tables of the return path are to be made anew: somebody else has touched them. A thread sleeps on the
//! kernel's notifications.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::daemon::commands::{Commands, Inbox};
use crate::daemon::supervise::Supervisor;
use crate::kernel::clock;
use crate::kernel::nftables::TableWatch;
use crate::kernel::poller::Poller;
use crate::report::{Ident, Line, emit};
use crate::time::Mono;

const BELL: u64 = 0;
const TABLES: u64 = 1;
/// Two who both want the last word have it no more often than that.
const PAUSE: Duration = Duration::from_secs(10);

/// The news, and when the tables were last made anew for it.
#[derive(Default)]
pub(super) struct Renewal {
    thread: Option<Thread>,
    /// Something has happened that was not answered yet.
    touched: bool,
    last: Option<Mono>,
}

/// It ends when this is dropped.
struct Thread {
    touched: Arc<Notify>,
    _end: Commands<()>,
}

impl Renewal {
    /// Listens here from now on.
    pub fn follow(&mut self, watch: TableWatch, supervisor: &Supervisor) {
        match Thread::start(watch, supervisor) {
            Ok(thread) => self.thread = Some(thread),
            Err(error) => failed(&error),
        }
    }

    /// Comes back when the tables are to be made anew. It may be dropped and called again at any time.
    pub async fn due(&mut self) {
        if !self.touched {
            match &self.thread {
                Some(thread) => thread.touched.notified().await,
                None => std::future::pending().await,
            }
            self.touched = true;
        }
        if let Some(last) = self.last {
            tokio::time::sleep((last + PAUSE).since(clock::now())).await;
        }
        (self.touched, self.last) = (false, Some(clock::now()));
        let text = "nftables: somebody else has changed the tables of return_path snat: they are put right";
        emit(Ident::Checkers, Line::warn(text));
    }
}

impl Thread {
    fn start(watch: TableWatch, supervisor: &Supervisor) -> io::Result<Self> {
        let (end, inbox) = Commands::new()?;
        let touched = Arc::new(Notify::new());
        let tell = Arc::clone(&touched);
        supervisor.spawn_thread("nftables", c"nftables", move || {
            if let Err(error) = run(&inbox, watch, &tell) {
                failed(&error);
            }
        });
        Ok(Thread { touched, _end: end })
    }
}

fn run(inbox: &Inbox<()>, mut watch: TableWatch, tell: &Notify) -> io::Result<()> {
    let mut poller = Poller::new()?;
    poller.add(inbox.bell(), BELL)?;
    poller.add(&watch, TABLES)?;
    loop {
        // Nobody gives commands: the bell is the end.
        if poller.wait()?.any(|token| token == BELL) {
            return Ok(());
        }
        if watch.was_touched()? {
            tell.notify_one();
        }
    }
}

fn failed(error: &io::Error) {
    let text = format!("nftables: changes by others are not seen: {error}");
    emit(Ident::Checkers, Line::error(text));
}
