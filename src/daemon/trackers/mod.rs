//! The drivers of what is tracked: scripts are started when they are due, files and processes watched; results go to
//! the [`Board`].

mod board;
pub mod files;
mod links;
mod processes;
mod watching;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinSet};

use self::files::TrackedFiles;
use self::links::PolledLinks;
use self::processes::TrackedProcesses;
use self::watching::{Reconfigure, Source as _, Watch};
use super::commands::Commands;
use super::scripts::{ScriptBook, track as runner};
use super::supervise::Supervisor;
use crate::config::model::Config;
use crate::ids::Name;
use crate::kernel::clock;
use crate::report::{Ident, emit, track};
use crate::track::news::News;
use crate::track::script::{Action, Ended, Scripts};

pub use self::board::Board;

/// What the daemon tells the driver.
#[derive(Debug)]
pub enum Command {
    /// Take over this configuration.
    Reconfigure(Arc<Config>, Arc<ScriptBook>, oneshot::Sender<()>),
    /// VRRP has started: it wants the results of its scripts.
    RunScripts,
    /// Which scripts run just now.
    Running(oneshot::Sender<Vec<Name>>),
}

/// What is watched beside scripts, from before the other parts start: what is known by then decides about the first
/// states.
pub struct Watches {
    files: TrackedFiles,
    processes: TrackedProcesses,
    links: PolledLinks,
}

impl Watches {
    /// Looks at everything once. Reads files and `/proc`: off the runtime's workers.
    pub fn start(config: &Config) -> (Self, Vec<News>) {
        let (files, processes) = (TrackedFiles::new(), TrackedProcesses::new());
        let mut watches = Watches { files, processes, links: PolledLinks::default() };
        let mut known = Vec::new();
        watches.files.configure(config, &mut known);
        watches.processes.configure(config, &mut known);
        watches.links.configure(config, &mut known);
        (watches, known)
    }
}

/// The same, each on a thread of its own as soon as it has something to watch.
struct Threads {
    files: Watch<TrackedFiles>,
    processes: Watch<TrackedProcesses>,
    links: Watch<PolledLinks>,
    supervisor: Supervisor,
}

impl Threads {
    /// The ways to those that run with this configuration.
    fn ways(&mut self, config: &Config, board: &Board) -> io::Result<Vec<Commands<Reconfigure>>> {
        let ways = [
            self.files.thread_for(config, board, &self.supervisor)?,
            self.processes.thread_for(config, board, &self.supervisor)?,
            self.links.thread_for(config, board, &self.supervisor)?,
        ];
        Ok(ways.into_iter().flatten().cloned().collect())
    }
}

/// The driver.
pub struct Trackers {
    scripts: Scripts,
    book: Arc<ScriptBook>,
    runs: JoinSet<(Name, u64, Ended)>,
    /// Which run a task is, should it die.
    running: HashMap<Id, (Name, u64)>,
    config: Arc<Config>,
    /// VRRP runs.
    for_vrrp: bool,
    board: Board,
    watches: Threads,
    actions: Vec<Action>,
}

impl Trackers {
    /// Starts with this configuration.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn new(
        config: Arc<Config>,
        book: Arc<ScriptBook>,
        watches: Watches,
        board: Board,
        supervisor: &Supervisor,
    ) -> io::Result<Self> {
        let mut watches = Threads {
            files: Watch::new("tracked files", c"files", watches.files),
            processes: Watch::new("tracked processes", c"processes", watches.processes),
            links: Watch::new("polled links", c"links", watches.links),
            supervisor: supervisor.clone(),
        };
        watches.ways(&config, &board)?;
        Ok(Trackers {
            scripts: Scripts::default(),
            book,
            runs: JoinSet::new(),
            running: HashMap::new(),
            config,
            for_vrrp: false,
            board,
            watches,
            actions: Vec::new(),
        })
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
                        (self.config, self.book) = (config, book);
                        self.configure_scripts();
                        self.carry_out().await;
                        self.reconfigure_watches().await;
                        let _ = done.send(());
                    }
                    Some(Command::RunScripts) => {
                        self.for_vrrp = true;
                        self.configure_scripts();
                    }
                    Some(Command::Running(answer)) => {
                        let _ = answer.send(self.scripts.running().cloned().collect());
                    }
                    None => return,
                },
                () = wait => self.scripts.expire(clock::now(), &mut self.actions),
            }
        }
    }

    fn configure_scripts(&mut self) {
        if self.for_vrrp {
            self.scripts.configure(clock::now(), &self.config.track_scripts, &mut self.actions);
        }
    }

    /// Returns when all have told what they know.
    async fn reconfigure_watches(&mut self) {
        let ways = match self.watches.ways(&self.config, &self.board) {
            Ok(ways) => ways,
            Err(error) => {
                self.watches.supervisor.failure_of("watches")(error.to_string());
                return;
            }
        };
        let mut waits = Vec::new();
        for way in ways {
            let (done, wait) = oneshot::channel();
            if way.send((self.config.clone(), done)).await.is_ok() {
                waits.push(wait);
            }
        }
        futures_util::future::join_all(waits).await;
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
                Action::Settled { name, healthy } => self.board.tell(News::Script { name, healthy }).await,
            }
        }
    }
}
