//! How the tasks of the daemon speak to the driver, which sleeps in the kernel and not in the runtime.

use std::io;
use std::sync::Arc;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::Command;
use crate::kernel::bell::Bell;

/// Commands that may wait. They are few; the driver takes them at once.
const WAITING: usize = 64;

/// The way to the driver. When the last of its clones is dropped, the driver ends and gives everything up.
#[derive(Clone, Debug)]
pub struct Commands {
    // Dropped in this order: the driver that is woken finds nobody there.
    queue: Sender<Command>,
    bell: Ringer,
}

/// The driver has ended: it takes no command any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ended;

#[derive(Clone, Debug)]
struct Ringer(Arc<Bell>);

impl Drop for Ringer {
    fn drop(&mut self) {
        self.0.ring();
    }
}

/// The driver's end of it.
pub struct Inbox {
    queue: Receiver<Command>,
    bell: Arc<Bell>,
}

impl Commands {
    /// Both ends.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn new() -> io::Result<(Commands, Inbox)> {
        let bell = Arc::new(Bell::new()?);
        let (queue, receiver) = mpsc::channel(WAITING);
        Ok((Commands { queue, bell: Ringer(bell.clone()) }, Inbox { queue: receiver, bell }))
    }

    /// Hands a command over; waits where many wait already.
    ///
    /// # Errors
    /// The driver has ended.
    pub async fn send(&self, command: Command) -> Result<(), Ended> {
        self.queue.send(command).await.map_err(|_| Ended)?;
        self.bell.0.ring();
        Ok(())
    }
}

impl Inbox {
    /// What to sleep beside: readable when a command may be there.
    pub(super) fn bell(&self) -> &Bell {
        &self.bell
    }

    /// The next command; an order to end, when nobody is left who could give it.
    pub(super) fn next(&mut self) -> Option<Command> {
        match self.queue.try_recv() {
            Ok(command) => Some(command),
            Err(TryRecvError::Disconnected) => Some(Command::Stop { release: true }),
            Err(TryRecvError::Empty) => {
                self.bell.silence();
                // One may have come before it was silent.
                self.queue.try_recv().ok()
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
            commands.send(Command::Stop { release: false }).await.unwrap();
        }
        for _ in 0..2 {
            assert_eq!(poller.look().unwrap().count(), 1, "a command that waits is told of");
            assert!(matches!(inbox.next(), Some(Command::Stop { release: false })));
        }
        assert!(inbox.next().is_none());
        assert_eq!(poller.look().unwrap().count(), 0, "read to its end, it is silent");
        drop(commands.clone());
        assert_eq!(poller.look().unwrap().count(), 1);
        assert!(inbox.next().is_none(), "another sender is left");
        drop(commands);
        assert_eq!(poller.look().unwrap().count(), 1);
        assert!(matches!(inbox.next(), Some(Command::Stop { release: true })));
    }
}
