//! Memory that was needed for a moment goes back to the kernel when that is over.
//!
//! A configuration is read beside the one that runs, and thousands of routers that become MASTER together queue as many
//! changes, announcements and reports. The heap keeps the room of all that, and each thread some of the pieces.

use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::asking::ask;
use super::timing::{self, Commands};
use crate::kernel::mapped;
use crate::kernel::memory::{self, Spare};

/// After the last change of state: when the second block of announcements, five seconds after the first unless the
/// file says otherwise, is over too.
const CALM: Duration = Duration::from_secs(6);
/// How long the driver may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is told once when a takeover is near; nothing, where that cannot come.
pub(super) type Near = Option<oneshot::Receiver<()>>;

/// Calls `tidy` after the start and after each crowd of `changes`, until nobody tells of any more. Before a takeover,
/// which `tidy` has asked to be told of, `prepare` is called, and `tidy` again when that is over.
pub(super) async fn after<T, T1, T2>(
    mut changes: watch::Receiver<T>,
    tidy: impl Fn() -> T1,
    prepare: impl Fn() -> T2,
) where
    T1: Future<Output = Near>,
    T2: Future<Output = ()>,
{
    loop {
        while let Ok(another) = tokio::time::timeout(CALM, changes.changed()).await {
            if another.is_err() {
                return;
            }
        }
        let near = tidy().await;
        tokio::select! {
            another = changes.changed() => if another.is_err() { return },
            () = told(near) => prepare().await,
        }
    }
}

async fn told(near: Near) {
    let is_near = async { near?.await.ok() };
    if is_near.await.is_none() {
        std::future::pending().await
    }
}

/// Gives back what nobody uses, with what this thread and the driver's keep for themselves, and whoever gave `spare`.
pub(super) async fn give_back(driver: Option<Commands>, mut spare: Vec<Spare>) {
    spare.push(memory::take_spare());
    if let Some(driver) = driver {
        spare.extend(ask(PATIENCE, |answer| driver.send(timing::Command::Tidy(answer))).await);
    }
    // If that panics, it has been said.
    let _ = tokio::task::spawn_blocking(move || memory::give_back(spare)).await;
}

/// The same, with the stack of this thread, the process's first, and with the pages of the program that have been run
/// through. Not after each reload: to map them anew takes a third of its time. Answers when they are needed again.
pub(super) async fn give_back_all(driver: Option<Commands>) -> Near {
    mapped::give_back_stack();
    give_back(driver.clone(), Vec::new()).await;
    // Last, for all that has been run through for this too. If it panics, it has been said.
    let _ = tokio::task::spawn_blocking(mapped::give_back_files).await;
    let driver = driver?;
    let (tell, near) = oneshot::channel();
    let sent = tokio::time::timeout(PATIENCE, driver.send(timing::Command::Foresee(tell))).await;
    sent.ok()?.ok().map(|()| near)
}

/// Maps the program again: a takeover runs through two dozen pages of it that nobody has used for long, and to map each
/// of them by itself, when it is reached, takes as long as all the rest.
pub(super) async fn map_program() {
    // If it panics, it has been said.
    let _ = tokio::task::spawn_blocking(mapped::map_program).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::daemon::supervise::Supervisor;

    #[tokio::test(start_paused = true)]
    async fn a_crowd_of_changes_is_tidied_up_after_once() {
        static TIDIED: AtomicU32 = AtomicU32::new(0);
        let (changes, told) = watch::channel(0);
        let (supervisor, _fatal) = Supervisor::new();
        let tidy = || async {
            TIDIED.fetch_add(1, Ordering::SeqCst);
            None
        };
        supervisor.spawn("memory", after(told, tidy, || async {}));
        let tidied = |seconds: f64| async move {
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            TIDIED.load(Ordering::SeqCst)
        };
        assert_eq!(tidied(5.9).await, 0, "the start has its time");
        assert_eq!(tidied(1.0).await, 1);
        for number in 1..=1000 {
            changes.send_replace(number);
            assert_eq!(tidied(0.01).await, 1, "it is not calm yet");
        }
        assert_eq!(tidied(5.9).await, 1);
        assert_eq!(tidied(1.0).await, 2);
        assert_eq!(tidied(3600.0).await, 2, "nothing changes");
    }

    #[tokio::test(start_paused = true)]
    async fn a_takeover_is_prepared_for_and_tidied_up_after() {
        static TELL: Mutex<Option<oneshot::Sender<()>>> = Mutex::new(None);
        static TIDIED: AtomicU32 = AtomicU32::new(0);
        static PREPARED: AtomicU32 = AtomicU32::new(0);
        let (_changes, told) = watch::channel(0);
        let (supervisor, _fatal) = Supervisor::new();
        let tidy = || async {
            TIDIED.fetch_add(1, Ordering::SeqCst);
            let (tell, near) = oneshot::channel();
            *TELL.lock().unwrap() = Some(tell);
            Some(near)
        };
        let prepare = || async {
            PREPARED.fetch_add(1, Ordering::SeqCst);
        };
        supervisor.spawn("memory", after(told, tidy, prepare));
        let counts = |seconds: f64| async move {
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            (TIDIED.load(Ordering::SeqCst), PREPARED.load(Ordering::SeqCst))
        };
        assert_eq!(counts(100.0).await, (1, 0));
        TELL.lock().unwrap().take().unwrap().send(()).unwrap();
        assert_eq!(counts(5.9).await, (1, 1));
        assert_eq!(counts(1.0).await, (2, 1));
        drop(TELL.lock().unwrap().take());
        assert_eq!(counts(100.0).await, (2, 1), "who will not tell any more is not asked in vain");
    }
}
