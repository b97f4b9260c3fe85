//! Mails (`smtp_alert`): a queue of them, and a few connections that work it off. Nobody waits for a mail, and a mail
//! server that hangs holds up nothing but mails.

mod delivery;
mod news;
mod queue;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify as Bell;
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::delivery::{Office, Settings};
pub use self::news::Mailed;
use self::queue::{Letter, Queue, WAITING};
use super::supervise::Supervisor;
use crate::config::model::Global;
use crate::kernel::clock;
use crate::lvs::alert::Alert;
use crate::report::mail::{self, Words};
use crate::report::{Ident, Line, emit};

/// What the last mails get at the end of the daemon.
const GRACE: Duration = Duration::from_secs(3);

/// The way to the mails. Clones share the queue.
#[derive(Clone, Debug)]
pub struct Mails(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Rung when a mail was queued, and when one is over.
    bell: Bell,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    /// Where mails go; `None`: nowhere.
    office: Option<Arc<Office>>,
}

/// A mail on its way: whatever becomes of it, the next one of its subject may go then.
struct UnderWay {
    shared: Arc<Shared>,
    about: String,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.shared.state().queue.ended(&self.about);
        self.shared.bell.notify_waiters();
    }
}

impl Mails {
    /// Mails go nowhere until [`Mails::follow`] says where.
    pub fn new(supervisor: &Supervisor) -> Mails {
        let shared = Arc::<Shared>::default();
        let working = shared.clone();
        supervisor.spawn_restarting("mails", move || work_off(working.clone()));
        Mails(shared)
    }

    /// Takes the addresses and the server of a configuration, also for what waits.
    pub fn follow(&self, global: &Global) {
        let mut state = self.0.state();
        let settings = Settings::of(global);
        if state.office.as_deref().map(Office::settings) == settings.as_ref() {
            return;
        }
        state.office = settings.map(Office::new).map(Arc::new);
        if state.office.is_none() {
            let unsent = state.queue.clear();
            drop(state);
            if unsent > 0 {
                let text = format!("{unsent} SMTP alerts not sent: there is no smtp_server any more");
                emit(Ident::Parent, Line::warn(text));
            }
        }
    }

    /// Whether a mail would go anywhere: where not, it need not be written.
    pub fn are_sent(&self) -> bool {
        self.0.state().office.is_some()
    }

    /// Queues a mail about `about`. Returns at once.
    pub fn post(&self, ident: Ident, about: String, words: Words) {
        let mut state = self.0.state();
        if state.office.is_none() {
            return;
        }
        state.queue.push(Letter { about, words, date: clock::local_date(), ident });
        drop(state);
        self.0.bell.notify_waiters();
    }

    /// Queues a mail about a service or a real server.
    pub fn tell(&self, alert: &Alert) {
        if self.are_sent()
            && let Some(words) = mail::lvs(alert)
        {
            self.post(Ident::Checkers, alert.subject.to_string(), words);
        }
    }

    /// At the end of the daemon: the last mails have a moment.
    pub async fn close(&self) {
        let _over = timeout(GRACE, self.0.idle()).await;
        let unsent = self.0.state().queue.unsent();
        if unsent > 0 {
            let text = format!("{unsent} SMTP alerts not sent in {} s before the end", GRACE.as_secs());
            emit(Ident::Parent, Line::warn(text));
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<(Letter, Arc<Office>)> {
        let mut state = self.state();
        let office = state.office.clone()?;
        let letter = state.queue.next()?;
        let dropped = state.queue.dropped();
        drop(state);
        if dropped > 0 {
            let text = format!("{dropped} SMTP alerts dropped, the oldest first: more than {WAITING} wait");
            emit(letter.ident, Line::warn(text));
        }
        Some((letter, office))
    }

    async fn idle(&self) {
        loop {
            let rung = self.bell.notified();
            tokio::pin!(rung);
            // From here on no ring is missed.
            rung.as_mut().enable();
            if self.state().queue.unsent() == 0 {
                return;
            }
            rung.await;
        }
    }
}

async fn work_off(shared: Arc<Shared>) {
    let mut under_way = JoinSet::new();
    loop {
        let rung = shared.bell.notified();
        tokio::pin!(rung);
        rung.as_mut().enable();
        while let Some((letter, office)) = shared.next() {
            let guard = UnderWay { shared: shared.clone(), about: letter.about.clone() };
            under_way.spawn(async move {
                office.deliver(&letter).await;
                drop(guard);
            });
        }
        rung.await;
        while under_way.try_join_next().is_some() {}
    }
}
