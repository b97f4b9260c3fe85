//! Many descriptors that one thread waits for: one call sleeps, and says what is ready.

use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

/// Descriptors that one wait tells of; the others are told of by the next, which returns at once.
const AT_ONCE: usize = 64;

/// The set.
pub struct Poller {
    set: Epoll,
    events: Vec<EpollEvent>,
}

impl Poller {
    /// An empty set.
    pub fn new() -> io::Result<Self> {
        let set = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Poller { set, events: vec![EpollEvent::empty(); AT_ONCE] })
    }

    /// Adds a descriptor; `token` comes back as long as it is readable.
    pub fn add(&self, fd: &impl AsFd, token: u64) -> io::Result<()> {
        Ok(self.set.add(fd, EpollEvent::new(EpollFlags::EPOLLIN, token))?)
    }

    /// Takes it out again.
    pub fn remove(&self, fd: &impl AsFd) -> io::Result<()> {
        Ok(self.set.delete(fd)?)
    }

    /// What is readable now; sleeps until something is. At most 64 at a time.
    pub fn wait(&mut self) -> io::Result<impl Iterator<Item = u64> + '_> {
        self.tokens(EpollTimeout::NONE)
    }

    /// What is readable now, if anything is. At most 64 at a time.
    pub fn look(&mut self) -> io::Result<impl Iterator<Item = u64> + '_> {
        self.tokens(EpollTimeout::ZERO)
    }

    fn tokens(&mut self, timeout: EpollTimeout) -> io::Result<impl Iterator<Item = u64> + '_> {
        let count = loop {
            match self.set.wait(&mut self.events, timeout) {
                Ok(count) => break count,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        };
        Ok(self.events.iter().take(count).map(EpollEvent::data))
    }
}
