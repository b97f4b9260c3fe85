//! Every task has a name and an owner, and a panic has a consequence.
//!
//! A panic in one probe must not take addresses off the network, and a panic in the VRRP driver must
//! not leave addresses behind that nobody defends. Dropping the [`Supervisor`] (all its clones) ends
//! all its tasks.

use std::any::Any;
use std::ffi::CStr;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::report::{Ident, Line, emit};

/// Pause before the first restart of a task; doubled each time, up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// keepalived's longest pause before it starts a process again.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// A task whose end is the end of the daemon has panicked, or cannot go on: whoever hears it removes what
/// must not stay, and exits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fatal {
    pub task: String,
    pub reason: String,
}

/// The owner of tasks. Clones own the same tasks.
#[derive(Clone, Debug)]
pub struct Supervisor {
    tasks: Arc<Mutex<JoinSet<()>>>,
    fatal: mpsc::Sender<Fatal>,
}

impl Supervisor {
    /// A supervisor, and where it tells of panics that the daemon cannot outlive.
    pub fn new() -> (Supervisor, mpsc::Receiver<Fatal>) {
        let (fatal, receiver) = mpsc::channel(4);
        (Supervisor { tasks: Arc::default(), fatal }, receiver)
    }

    /// Runs `task` to its end. A panic is [`Fatal`].
    pub fn spawn(&self, name: impl Into<String>, task: impl Future<Output = ()> + Send + 'static) {
        let name = name.into();
        let fail = self.failure_of(&name);
        self.own(async move {
            let Err(panic) = AssertUnwindSafe(task).catch_unwind().await else { return };
            let reason = report(&name, panic.as_ref());
            fail(reason);
        });
    }

    /// Runs `work` to its end on a thread of its own, called `thread` (15 characters at most) where threads are
    /// listed. A panic is [`Fatal`].
    pub fn spawn_thread(
        &self,
        name: impl Into<String>,
        thread: &'static CStr,
        work: impl FnOnce() + Send + 'static,
    ) {
        let name = name.into();
        let fail = self.failure_of(&name);
        let mut tasks = self.tasks();
        tasks.spawn_blocking(move || {
            // A thread without a name works as well.
            let _ = nix::sys::prctl::set_name(thread);
            if let Err(panic) = std::panic::catch_unwind(AssertUnwindSafe(work)) {
                let reason = report(&name, panic.as_ref());
                fail(reason);
            }
        });
    }

    /// Runs what `make` makes, and again after a panic, with growing pauses. It ends when a run ends
    /// without panic.
    pub fn spawn_restarting<F>(&self, name: impl Into<String>, mut make: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let name = name.into();
        self.own(async move {
            let mut pause = FIRST_PAUSE;
            while let Err(panic) = AssertUnwindSafe(async { make().await }).catch_unwind().await {
                report(&name, panic.as_ref());
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(MAX_PAUSE);
            }
        });
    }

    /// How the task of this name says itself that the daemon must end. It keeps no tasks alive.
    pub fn failure_of(&self, task: &str) -> impl FnOnce(String) + Send + use<> {
        let (task, fatal) = (task.to_owned(), self.fatal.clone());
        move |reason| {
            // Full: four others have said so already.
            let _ = fatal.try_send(Fatal { task, reason });
        }
    }

    fn own(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks().spawn(task);
    }

    /// The tasks; what has ended is let go, so that the set does not grow with the daemon's age.
    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks
    }
}

fn report(name: &str, panic: &(dyn Any + Send)) -> String {
    let reason = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no reason given".into());
    emit(Ident::Parent, Line::error(format!("BUG: task {name} panicked: {reason}")));
    reason
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_panic_and_a_failure_are_told() {
        let (supervisor, mut fatal) = Supervisor::new();
        supervisor.spawn("driver", async { panic!("number {}", 7) });
        let told = fatal.recv().await.unwrap();
        assert_eq!(told, Fatal { task: "driver".into(), reason: "number 7".into() });
        let fail = supervisor.failure_of("monitor");
        supervisor.spawn("monitor", async { fail("no memory".into()) });
        let told = fatal.recv().await.unwrap();
        assert_eq!(told, Fatal { task: "monitor".into(), reason: "no memory".into() });
    }

    #[tokio::test]
    async fn a_thread_has_its_name_and_its_panic_is_told() {
        let (supervisor, mut fatal) = Supervisor::new();
        let (tell, told) = oneshot::channel();
        supervisor.spawn_thread("driver", c"vrrp", move || {
            let _ = tell.send(nix::sys::prctl::get_name());
            panic!("number {}", 8);
        });
        assert_eq!(told.await.unwrap().unwrap().as_c_str(), c"vrrp");
        assert_eq!(fatal.recv().await.unwrap(), Fatal { task: "driver".into(), reason: "number 8".into() });
    }

    #[tokio::test(start_paused = true)]
    async fn a_restarting_task_starts_again_until_it_ends_by_itself() {
        let (supervisor, _fatal) = Supervisor::new();
        let runs = Arc::new(AtomicU32::new(0));
        let (done, finished) = oneshot::channel();
        let mut done = Some(done);
        let counter = Arc::clone(&runs);
        let begun = tokio::time::Instant::now();
        supervisor.spawn_restarting("report", move || {
            let run = counter.fetch_add(1, Ordering::Relaxed);
            let done = if run == 2 { done.take() } else { None };
            async move {
                let done = done.expect("the third run ends well");
                let _ = done.send(());
            }
        });
        finished.await.unwrap();
        assert_eq!(runs.load(Ordering::Relaxed), 3);
        assert_eq!(begun.elapsed().as_secs(), 3, "1 s, then 2 s");
    }

    #[tokio::test]
    async fn tasks_end_with_their_owner() {
        let (supervisor, _fatal) = Supervisor::new();
        let (held, dropped) = oneshot::channel::<()>();
        supervisor.spawn("endless", async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        drop(supervisor);
        assert!(dropped.await.is_err(), "the task's belongings are dropped");
    }
}
