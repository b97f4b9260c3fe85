//! Many descriptors that one thread waits for: one call sleeps, and says what is ready.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::{clock, unsafe_calls};
use crate::time::Mono;

/// Descriptors that one wait tells of; the others are told of by the next, which returns at once.
const AT_ONCE: usize = 64;

/// The set.
pub struct Poller {
    set: Epoll,
    events: Vec<EpollEvent>,
}

/// What a descriptor is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interest {
    Writable,
    /// Either, and told of only when something new has come: whoever was told goes on until it would have to wait, or
    /// asks anew.
    News,
}

/// A descriptor that is ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ready {
    /// What it was added with.
    pub token: u64,
    /// It has an error, or both directions are closed.
    pub broken: bool,
    /// Something is there to be read, or the end of it.
    pub readable: bool,
    /// The peer sends nothing more after what is there to be read.
    pub closing: bool,
}

impl Interest {
    fn flags(self) -> EpollFlags {
        match self {
            Interest::Writable => EpollFlags::EPOLLOUT,
            Interest::News => {
                EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLET
            }
        }
    }
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

    /// Adds a descriptor; `token` comes back as long as it is ready for `interest`, or broken. To close it takes it out.
    pub fn watch(&self, fd: &impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        Ok(self.set.add(fd, EpollEvent::new(interest.flags(), token))?)
    }

    /// The descriptor is waited for so from now on; what is ready now is told of, news or not.
    pub fn rewatch(&self, fd: &impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        Ok(self.set.modify(fd, &mut EpollEvent::new(interest.flags(), token))?)
    }

    /// Takes it out again.
    pub fn remove(&self, fd: &impl AsFd) -> io::Result<()> {
        Ok(self.set.delete(fd)?)
    }

    /// What is readable now; sleeps until something is. At most 64 at a time.
    pub fn wait(&mut self) -> io::Result<impl Iterator<Item = u64> + '_> {
        Ok(self.events(EpollTimeout::NONE)?.map(EpollEvent::data))
    }

    /// The same, but only until this point of time; nothing is readable where it came first, or a signal. `None` where
    /// the kernel cannot do it (before Linux 5.11) or may not. Only a real-time thread is woken in time.
    pub fn wait_until(&mut self, at: Mono) -> io::Result<Option<impl Iterator<Item = u64> + '_>> {
        let left = at.since(clock::now());
        let count = match unsafe_calls::wait_for_events(&self.set.0, &mut self.events, left) {
            Ok(count) => count,
            Err(error) => match error.raw_os_error() {
                Some(libc::EINTR) => 0,
                Some(libc::ENOSYS | libc::EPERM) => return Ok(None),
                _ => return Err(error),
            },
        };
        Ok(Some(self.events.iter().take(count).map(EpollEvent::data)))
    }

    /// What is readable now, if anything is. At most 64 at a time.
    pub fn look(&mut self) -> io::Result<impl Iterator<Item = u64> + '_> {
        Ok(self.events(EpollTimeout::ZERO)?.map(EpollEvent::data))
    }

    /// What is ready now is put into `found`; answers whether that is all.
    pub fn ready(&mut self, found: &mut Vec<Ready>) -> io::Result<bool> {
        let before = found.len();
        found.extend(self.events(EpollTimeout::ZERO)?.map(|event| {
            let (token, flags) = (event.data(), event.events());
            let broken = flags.intersects(EpollFlags::EPOLLERR | EpollFlags::EPOLLHUP);
            let has = |flag| flags.contains(flag);
            let (readable, closing) = (has(EpollFlags::EPOLLIN), has(EpollFlags::EPOLLRDHUP));
            Ready { token, broken, readable, closing }
        }));
        Ok(found.len() - before < AT_ONCE)
    }

    fn events(&mut self, timeout: EpollTimeout) -> io::Result<impl Iterator<Item = &EpollEvent> + '_> {
        let count = loop {
            match self.set.wait(&mut self.events, timeout) {
                Ok(count) => break count,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        };
        Ok(self.events.iter().take(count))
    }
}

impl AsFd for Poller {
    /// Readable while something in the set is ready.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.set.0.as_fd()
    }
}
