//! The driver of the track scripts: starts what is due, hands results to the VRRP driver.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinSet};

use super::scripts::{ScriptBook, track as runner};
use super::timing;
use crate::config::model::Config;
use crate::ids::Name;
use crate::kernel::clock;
use crate::report::{Ident, emit, track};
use crate::track::script::{Action, Ended, Scripts};

/// What the daemon tells the driver.
#[derive(Debug)]
pub enum Command {
    /// Take over this configuration.
    Reconfigure(Arc<Config>, Arc<ScriptBook>, oneshot::Sender<()>),
}

/// The driver.
pub struct Trackers {
    scripts: Scripts,
    book: Arc<ScriptBook>,
    runs: JoinSet<(Name, u64, Ended)>,
    /// Which run a task is, should it die.
    running: HashMap<Id, (Name, u64)>,
    results: timing::Commands,
    actions: Vec<Action>,
}

impl Trackers {
    /// Starts with this configuration.
    pub fn new(config: &Config, book: Arc<ScriptBook>, results: timing::Commands) -> Self {
        let mut trackers = Trackers {
            scripts: Scripts::default(),
            book,
            runs: JoinSet::new(),
            running: HashMap::new(),
            results,
            actions: Vec::new(),
        };
        trackers.scripts.configure(clock::now(), &config.track_scripts, &mut trackers.actions);
        trackers
    }

    /// Runs for the daemon's life.
    pub async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        loop {
            self.carry_out().await;
            let deadline = self.scripts.deadline();
            let wait = async {
                match deadline {
                    Some(at) => tokio::time::sleep(at.since(clock::now())).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(ended) = self.runs.join_next_with_id() => {
                    let (name, generation, ended) = match ended {
                        Ok((id, result)) => {
                            self.running.remove(&id);
                            result
                        }
                        Err(error) => {
                            let Some((name, generation)) = self.running.remove(&error.id()) else { continue };
                            (name, generation, Ended::NotStarted(error.to_string()))
                        }
                    };
                    self.scripts.ended(clock::now(), &name, generation, ended, &mut self.actions);
                }
                command = commands.recv() => match command {
                    Some(Command::Reconfigure(config, book, done)) => {
                        self.book = book;
                        self.scripts.configure(clock::now(), &config.track_scripts, &mut self.actions);
                        self.carry_out().await;
                        let _ = done.send(());
                    }
                    None => return,
                },
                () = wait => self.scripts.expire(clock::now(), &mut self.actions),
            }
        }
    }

    async fn carry_out(&mut self) {
        for action in std::mem::take(&mut self.actions) {
            match action {
                Action::Run { name, generation, command, timeout } => {
                    let (book, subject) = (self.book.clone(), name.clone());
                    let task = self.runs.spawn(async move {
                        let ended = match book.get(&command) {
                            Some(script) => runner::run(&script, timeout, &book.running).await,
                            None => Ended::NotStarted("disabled".into()),
                        };
                        (subject, generation, ended)
                    });
                    self.running.insert(task.id(), (name, generation));
                }
                Action::Changed { name, ended } => {
                    if let Some(line) = track::changed(&name, &ended) {
                        emit(Ident::Vrrp, line);
                    }
                }
                Action::Verdict { name, ended } => emit(Ident::Vrrp, track::verdict(&name, &ended)),
                Action::Settled { name, healthy } => {
                    // Only a driver that has ended does not take it; then nobody needs it.
                    let _ = self.results.send(timing::Command::Script { name, healthy }).await;
                }
            }
        }
    }
}
