//! A descriptor that the runtime waits for beside its own: a [`super::poller::Poller`] can be one task's.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};

use super::unsafe_calls::register_readable;

/// Wakes a task when a descriptor becomes readable.
pub struct Wakeup(AsyncFd<OwnedFd>);

impl Wakeup {
    /// Of this descriptor, from now on; inside a runtime.
    pub fn of(fd: &impl AsFd) -> io::Result<Self> {
        // A second number for it, that nobody else can close.
        register_readable(fd.as_fd().try_clone_to_owned()?).map(Wakeup)
    }

    /// Comes back when it is readable, at once until the guard is told that it is not any more.
    pub async fn readable(&self) -> io::Result<AsyncFdReadyGuard<'_, OwnedFd>> {
        self.0.readable().await
    }
}
