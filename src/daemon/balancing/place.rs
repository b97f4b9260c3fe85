//! Where IPVS is: with `net_namespace_ipvs` in another namespace, that somebody may delete and make again by its name.
//!
//! Our sockets would stay in the old one, and keep it from going. So the name is looked at once a second: when it leads
//! elsewhere, or nowhere, the old table is let go, and when there is a namespace again its table is opened.

use std::path::PathBuf;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use super::executor::{OpenError, Opened};
use crate::config::model::Global;
use crate::config::model::global::IpvsNamespace;
use crate::kernel::netns;
use crate::report::{Ident, Line, emit};

/// From one look to the next.
const PAUSE: Duration = Duration::from_secs(1);

/// What has become of the namespace.
pub(super) enum News {
    /// What was opened there leads to a table that nobody can reach by the name any more.
    Gone,
    /// It is there again.
    Back(Box<Opened>),
}

/// The namespace, and what was last seen of it.
pub(super) struct Place {
    /// `None`: our own, or the one that we were started in. These stay.
    name: Option<String>,
    /// What identifies it; `None` while it is gone.
    known: Option<u64>,
    next: Instant,
    opening: Option<JoinHandle<Result<Opened, OpenError>>>,
    pid_file: PathBuf,
    /// What was last said of a failure to open it.
    failed: Option<String>,
}

impl Place {
    /// `known` is what identifies the namespace that was opened.
    pub fn new(place: Option<&IpvsNamespace>, known: u64, pid_file: PathBuf) -> Self {
        let name = match place {
            Some(IpvsNamespace::Named(name)) => Some(name.clone()),
            Some(IpvsNamespace::First) | None => None,
        };
        Place { name, known: Some(known), next: Instant::now(), opening: None, pid_file, failed: None }
    }

    /// Comes back when something has changed. It may be dropped and called again at any time. `global` is that of the
    /// present configuration.
    pub async fn news(&mut self, global: &Global) -> News {
        let Some(name) = self.name.clone() else { return std::future::pending().await };
        loop {
            if let Some(opening) = &mut self.opening {
                let opened = opening.await;
                self.opening = None;
                match opened.map_err(OpenError::from).and_then(|opened| opened) {
                    Ok(opened) => {
                        (self.known, self.failed) = (Some(opened.namespace), None);
                        let text = format!("IPVS: network namespace {name} is there again");
                        emit(Ident::Checkers, Line::info(text));
                        return News::Back(Box::new(opened));
                    }
                    Err(error) => self.say(error.to_string()),
                }
            }
            sleep_until(self.next).await;
            self.next = Instant::now() + PAUSE;
            let found = netns::identity_of(&name);
            match self.known {
                Some(known) if found == Some(known) => {}
                Some(_) => {
                    (self.known, self.next) = (None, Instant::now());
                    let text = format!("IPVS: network namespace {name} is gone: it is waited for");
                    emit(Ident::Checkers, Line::error(text));
                    return News::Gone;
                }
                None if found.is_some() => {
                    let (global, pid_file) = (global.clone(), self.pid_file.clone());
                    self.opening = Some(spawn_blocking(move || Opened::new(&global, &pid_file)));
                }
                None => {}
            }
        }
    }

    fn say(&mut self, failed: String) {
        if self.failed.as_ref() != Some(&failed) {
            emit(Ident::Checkers, Line::error(failed.clone()));
        }
        self.failed = Some(failed);
    }
}
