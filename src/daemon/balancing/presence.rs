//! Which addresses this host has, for `ha_suspend`: a thread that sleeps on the kernel's notifications and tells the
//! whole set whenever it is another.

use std::collections::HashSet;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::watch;

use crate::daemon::commands::{Commands, Inbox};
use crate::daemon::supervise::Supervisor;
use crate::kernel::monitor::Monitor;
use crate::kernel::netlink::{Channel, NetlinkError};
use crate::kernel::poller::Poller;
use crate::report::{Ident, Line, emit};

const BELL: u64 = 0;
const MONITOR: u64 = 1;

/// Every address of the host.
pub(super) type Here = Arc<HashSet<IpAddr>>;

/// The thread's findings. It ends when this is dropped.
pub(super) struct Addresses {
    found: watch::Receiver<Here>,
    _end: Commands<()>,
}

#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Netlink(#[from] NetlinkError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Addresses {
    /// Starts the thread.
    pub fn watch(supervisor: &Supervisor) -> io::Result<Self> {
        let (end, inbox) = Commands::new()?;
        let (tell, found) = watch::channel(Here::default());
        supervisor.spawn_thread("addresses", c"addresses", move || {
            if let Err(error) = run(&inbox, &tell) {
                let text = format!("ha_suspend: addresses are not followed any more: {error}");
                emit(Ident::Checkers, Line::error(text));
            }
        });
        Ok(Addresses { found, _end: end })
    }

    /// Waits for another set; never comes back once the thread has ended.
    pub async fn changed(&mut self) -> Here {
        match self.found.changed().await {
            Ok(()) => self.found.borrow_and_update().clone(),
            Err(_) => std::future::pending().await,
        }
    }
}

fn run(inbox: &Inbox<()>, tell: &watch::Sender<Here>) -> Result<(), Failure> {
    let mut channel = Channel::route()?;
    let mut monitor = Monitor::open(&mut channel)?;
    let mut poller = Poller::new()?;
    poller.add(inbox.bell(), BELL)?;
    poller.add(&monitor, MONITOR)?;
    loop {
        let here: HashSet<IpAddr> = (monitor.interfaces())
            .flat_map(|interface| interface.addresses.iter().map(|address| address.net.addr()))
            .collect();
        tell.send_if_modified(|told| {
            let changed = **told != here;
            if changed {
                *told = Arc::new(here);
            }
            changed
        });
        // Nobody gives commands: the bell is the end.
        if poller.wait()?.any(|token| token == BELL) {
            return Ok(());
        }
        while monitor.next(&mut channel)?.is_some() {}
    }
}
