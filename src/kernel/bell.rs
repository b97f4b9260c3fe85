//! A bell that wakes a thread which sleeps in a [`Poller`](super::poller::Poller).

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::eventfd::{EfdFlags, EventFd};

/// The bell. It is readable from the first ring until it is silenced.
#[derive(Debug)]
pub struct Bell(EventFd);

impl Bell {
    /// A silent one.
    pub fn new() -> io::Result<Self> {
        Ok(Bell(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?))
    }

    /// Rings. Any number of rings before it is silenced are one.
    pub fn ring(&self) {
        // Refused only where it has rung 2^64 times, and is heard all the same.
        let _ = self.0.write(1);
    }

    /// Silences it until the next ring.
    pub fn silence(&self) {
        // Refused only where it is silent.
        let _ = self.0.read();
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
