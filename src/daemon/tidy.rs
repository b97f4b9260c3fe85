//! Memory that was needed for a moment goes back to the kernel when that is over.
//!
//! A configuration is read beside the one that runs, and thousands of routers that become MASTER together queue as many
//! changes, announcements and reports. The heap keeps the room of all that, and each thread some of the pieces.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, oneshot, watch};
use tokio::time::Instant;

use super::IDLE_THREAD;
use super::timing::{self, Commands};
use crate::kernel::memory;

/// After the last change of state: when the second block of announcements, five seconds after the first unless the
/// file says otherwise, is over too.
const CALM: Duration = Duration::from_secs(6);

/// Calls `tidy` after the start, after each crowd of `changes`, and after each time that somebody has `reloaded`, until
/// nobody tells of changes any more.
pub(super) async fn after<T, F>(
    mut changes: watch::Receiver<T>,
    reloaded: Arc<Notify>,
    tidy: impl Fn() -> F,
) where
    F: Future<Output = ()>,
{
    changes.mark_changed();
    let mut calm: Option<Instant> = None;
    loop {
        let until_calm = async {
            match calm {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = changes.changed() => match changed {
                Ok(()) => calm = Some(Instant::now() + CALM),
                Err(_) => return,
            },
            () = until_calm => {
                calm = None;
                tidy().await;
            }
            () = reloaded.notified() => tidy().await,
        }
    }
}

/// Gives back what nobody uses, with what this thread and the driver's keep for themselves.
pub(super) async fn give_back(driver: watch::Receiver<Option<Commands>>) {
    let mut spare = vec![memory::take_spare()];
    let commands = driver.borrow().clone();
    if let Some(commands) = commands {
        let (answer, taken) = oneshot::channel();
        // One that has ended has nothing.
        if commands.send(timing::Command::Tidy(answer)).await.is_ok() {
            spare.extend(taken.await);
        }
    }
    // A thread that panics has said so. It ends before the next begins, as does the one that has read a file.
    let _ = tokio::task::spawn_blocking(move || drop(spare)).await;
    tokio::time::sleep(IDLE_THREAD * 2).await;
    let _ = tokio::task::spawn_blocking(memory::give_back).await;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::daemon::supervise::Supervisor;

    #[tokio::test(start_paused = true)]
    async fn a_crowd_of_changes_is_tidied_up_after_once_and_a_reload_at_once() {
        static TIDIED: AtomicU32 = AtomicU32::new(0);
        let (changes, told) = watch::channel(0);
        let reloaded = Arc::new(Notify::new());
        let (supervisor, _fatal) = Supervisor::new();
        supervisor.spawn(
            "memory",
            after(told, reloaded.clone(), || async {
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
        reloaded.notify_one();
        assert_eq!(tidied(0.01).await, 3);
        assert_eq!(tidied(3600.0).await, 3, "nothing changes");
    }
}
