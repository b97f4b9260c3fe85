//! Memory that was needed for a moment goes back to the kernel when that is over.
//!
//! A configuration is read beside the one that runs, and thousands of routers that become MASTER together queue as many
//! changes, announcements and reports. The heap keeps the room of all that, and each thread some of the pieces.

use std::time::Duration;

use tokio::sync::watch;

use super::asking::ask;
use super::timing::{self, Commands};
use crate::kernel::mapped;
use crate::kernel::memory::{self, Spare};

/// After the last change of state: when the second block of announcements, five seconds after the first unless the
/// file says otherwise, is over too.
const CALM: Duration = Duration::from_secs(6);
/// How long the driver may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Calls `tidy` after the start and after each crowd of `changes`, until nobody tells of any more.
pub(super) async fn after<T, F>(mut changes: watch::Receiver<T>, tidy: impl Fn() -> F)
where
    F: Future<Output = ()>,
{
    changes.mark_changed();
    while changes.changed().await.is_ok() {
        while let Ok(another) = tokio::time::timeout(CALM, changes.changed()).await {
            if another.is_err() {
                return;
            }
        }
        tidy().await;
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
/// through. Not after each reload: to map them anew takes a third of its time.
pub(super) async fn give_back_all(driver: Option<Commands>) {
    mapped::give_back_stack();
    give_back(driver, Vec::new()).await;
    // Last, for all that has been run through for this too. If it panics, it has been said.
    let _ = tokio::task::spawn_blocking(mapped::give_back_files).await;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::daemon::supervise::Supervisor;

    #[tokio::test(start_paused = true)]
    async fn a_crowd_of_changes_is_tidied_up_after_once() {
        static TIDIED: AtomicU32 = AtomicU32::new(0);
        let (changes, told) = watch::channel(0);
        let (supervisor, _fatal) = Supervisor::new();
        supervisor.spawn(
            "memory",
            after(told, || async {
                TIDIED.fetch_add(1, Ordering::SeqCst);
            }),
        );
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
}
