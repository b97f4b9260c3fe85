//! Memory that a change of state has needed for a moment goes back to the kernel when things have calmed down.
//!
//! Thousands of routers that become MASTER together queue as many changes, announcements and reports, in rooms of which
//! the heap keeps what it had to make for them.

use std::time::Duration;

use tokio::sync::watch;

/// After the last change: when the second block of announcements, five seconds after the first unless the file says
/// otherwise, is over too.
const CALM: Duration = Duration::from_secs(6);

/// Calls `tidy` on the blocking pool after the start and after each crowd of `changes`, until nobody tells of any more.
pub(super) async fn after<T>(mut changes: watch::Receiver<T>, tidy: fn()) {
    changes.mark_changed();
    while changes.changed().await.is_ok() {
        while let Ok(another) = tokio::time::timeout(CALM, changes.changed()).await {
            if another.is_err() {
                return;
            }
        }
        // One that panics has said so.
        let _ = tokio::task::spawn_blocking(tidy).await;
    }
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
        let tidying = after(told, || {
            TIDIED.fetch_add(1, Ordering::SeqCst);
        });
        let (supervisor, _fatal) = Supervisor::new();
        supervisor.spawn("memory", tidying);
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
