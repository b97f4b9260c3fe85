//! How the tasks of the daemon speak to a thread that sleeps in the kernel and not in the runtime: the VRRP driver, and
//! those that watch files and processes.

use std::io;
use std::sync::Arc;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::kernel::bell::Bell;

/// Commands that may wait. They are few; the thread takes them at once.
const WAITING: usize = 64;

/// The way to the thread. When the last of its clones is dropped, the thread is told to end.
#[derive(Debug)]
pub struct Commands<C> {
    // Dropped in this order: the thread that is woken finds nobody there.
    queue: Sender<C>,
    bell: Ringer,
}

/// The thread has ended: it takes no command any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ended;

#[derive(Clone, Debug)]
struct Ringer(Arc<Bell>);

impl Drop for Ringer {
    fn drop(&mut self) {
        self.0.ring();
    }
}

/// The thread's end of it.
pub struct Inbox<C> {
    queue: Receiver<C>,
    bell: Arc<Bell>,
}

/// What there is for the thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Post<C> {
    Command(C),
    /// Nobody is left who could give a command.
    Closed,
}

impl<C> Clone for Commands<C> {
    fn clone(&self) -> Self {
        Commands { queue: self.queue.clone(), bell: self.bell.clone() }
    }
}

impl<C> Commands<C> {
    /// Both ends.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn new() -> io::Result<(Commands<C>, Inbox<C>)> {
        let bell = Arc::new(Bell::new()?);
        let (queue, receiver) = mpsc::channel(WAITING);
        Ok((Commands { queue, bell: Ringer(bell.clone()) }, Inbox { queue: receiver, bell }))
    }

    /// Hands a command over; waits where many wait already.
    ///
    /// # Errors
    /// The thread has ended.
    pub async fn send(&self, command: C) -> Result<(), Ended> {
        self.queue.send(command).await.map_err(|_| Ended)?;
        self.bell.0.ring();
        Ok(())
    }

    /// The same from a thread that may wait, and that is none of the runtime's workers.
    ///
    /// # Errors
    /// The thread has ended.
    pub fn send_blocking(&self, command: C) -> Result<(), Ended> {
        self.queue.blocking_send(command).map_err(|_| Ended)?;
        self.bell.0.ring();
        Ok(())
    }
}

impl<C> Inbox<C> {
    /// What to sleep beside: readable when a command may be there.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// The next command, if there is one.
    pub fn next(&mut self) -> Option<Post<C>> {
        match self.queue.try_recv() {
            Ok(command) => Some(Post::Command(command)),
            Err(TryRecvError::Disconnected) => Some(Post::Closed),
            Err(TryRecvError::Empty) => {
                self.bell.silence();
                // One may have come before it was silent.
                self.queue.try_recv().ok().map(Post::Command)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::poller::Poller;

    #[tokio::test]
    async fn each_command_wakes_and_the_last_sender_too() {
        let (commands, mut inbox) = Commands::new().unwrap();
        let mut poller = Poller::new().unwrap();
        poller.add(inbox.bell(), 1).unwrap();
        assert!(inbox.next().is_none());
        assert_eq!(poller.look().unwrap().count(), 0);
        for _ in 0..2 {
            commands.send(7).await.unwrap();
        }
        for _ in 0..2 {
            assert_eq!(poller.look().unwrap().count(), 1, "a command that waits is told of");
            assert!(inbox.next() == Some(Post::Command(7)));
        }
        assert!(inbox.next().is_none());
        assert_eq!(poller.look().unwrap().count(), 0, "read to its end, it is silent");
        drop(commands.clone());
        assert_eq!(poller.look().unwrap().count(), 1);
        assert!(inbox.next().is_none(), "another sender is left");
        drop(commands);
        assert_eq!(poller.look().unwrap().count(), 1);
        assert_eq!(inbox.next(), Some(Post::Closed));
    }
}
