//! Many descriptors as one that tokio can wait for.
//!
//! The driver's sockets, its alarm and the interface monitor stand in one epoll set of their own, and
//! only that set is registered with the runtime: one wake-up, then one call that says what is ready,
//! however many sockets there are.

use std::io;
use std::os::fd::AsFd;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use tokio::io::unix::AsyncFd;

use super::unsafe_calls::register_readable;

/// The set. Must be made inside a runtime.
pub struct Poller {
    set: Epoll,
    readiness: AsyncFd<std::os::fd::OwnedFd>,
    events: Vec<EpollEvent>,
    /// Something is readable that was told before: the runtime will not say so again.
    more: bool,
}

impl Poller {
    /// An empty set.
    pub fn new() -> io::Result<Self> {
        let set = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let readiness = register_readable(set.0.try_clone()?)?;
        Ok(Poller { set, readiness, events: vec![EpollEvent::empty(); 64], more: false })
    }

    /// Adds a descriptor; `token` comes back when it is readable.
    pub fn add(&self, fd: &impl AsFd, token: u64) -> io::Result<()> {
        Ok(self.set.add(fd, EpollEvent::new(EpollFlags::EPOLLIN, token))?)
    }

    /// Takes it out again.
    pub fn remove(&self, fd: &impl AsFd) -> io::Result<()> {
        Ok(self.set.delete(fd)?)
    }

    /// Returns when something may be readable. The runtime is told of arrivals only: a reader that leaves
    /// something behind must say so by [`Poller::look_again`].
    pub async fn wait(&self) -> io::Result<()> {
        if !self.more {
            self.readiness.readable().await?.clear_ready();
        }
        Ok(())
    }

    /// The next wait returns at once: something that was told is still to be read.
    pub fn look_again(&mut self) {
        self.more = true;
    }

    /// What is readable now, without waiting; at most 64 at a time.
    pub fn ready(&mut self) -> io::Result<impl Iterator<Item = u64> + '_> {
        let count = loop {
            match self.set.wait(&mut self.events, EpollTimeout::ZERO) {
                Ok(count) => break count,
                Err(nix::errno::Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        };
        self.more = count == self.events.len();
        Ok(self.events.iter().take(count).map(EpollEvent::data))
    }
}
