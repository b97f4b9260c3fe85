//! The driver of the load balancer: one task that owns the director and the IPVS table.
//!
//! Probes are flights, or tasks of their own, and come back as events; changes of the kernel's table are made on the
//! blocking pool, one batch at a time, so that ten thousand real servers hold up nobody.

mod allowances;
mod executor;
mod fleet;
mod place;
mod presence;
mod quiet;
mod reader;
mod record;
mod renewal;
mod return_path;
mod scripted;
mod sync_daemons;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use nix::errno::Errno;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{Id, JoinError, JoinSet, spawn_blocking};

use self::allowances::allow_probes;
use self::executor::{Executor, Finished, Opened};
use self::fleet::Fleet;
use self::place::Place;
use self::presence::{Addresses, Here};
use self::reader::{Found, Reader, Seen};
use self::renewal::Renewal;
use self::sync_daemons::SyncDaemons;
use super::mails::Mails;
use super::notifier::Current;
use super::supervise::Supervisor;
use crate::config::model::{CheckKind, Config};
use crate::health::outcome::Outcome;
use crate::ids::Name;
use crate::kernel::clock;
use crate::kernel::wakeup::Wakeup;
use crate::lvs::action::{Action, CheckerId, ScriptEvent};
use crate::lvs::director::Director;
use crate::lvs::event::Event;
use crate::lvs::name::ServiceName;
use crate::lvs::view::ServiceView;
use crate::objects::ipvs::{Op, ServiceKey};
use crate::probe::{self, Tls};
use crate::reconcile::ipvs::Table;
use crate::report::{Ident, Line, emit, lvs};
use crate::time::Mono;
use crate::track::news::{News, Standing};

pub use self::executor::OpenError;

/// How many refusals of the kernel a reload tells of; the log has them all.
const TOLD: usize = 20;

/// What the daemon tells the driver.
#[derive(Debug)]
pub enum Command {
    /// Take over this configuration; answered when the kernel's table follows it, with what the kernel
    /// refused (and will be asked again).
    Reconfigure(Arc<Config>, oneshot::Sender<Vec<String>>),
    /// Tell how the services of the present configuration stand.
    Views(oneshot::Sender<Views>),
    /// End. With `release` the table is cleared as the configuration says; without, it stays.
    Stop { release: bool },
}

/// A configuration, and its services by their place in it.
pub type Views = (Arc<Config>, Vec<Option<ServiceView>>);

/// Which VRRP instances have told their state, and whether it is MASTER: `lvs_sync_daemon` follows one.
pub type Masters = BTreeMap<Name, bool>;

/// What others tell the driver, level by level: it looks when it can.
pub struct Told {
    pub masters: watch::Receiver<Masters>,
    /// Of tracked files and BFD sessions.
    pub standing: watch::Receiver<Standing>,
}

/// A finished probe.
struct Probed {
    checker: CheckerId,
    generation: u64,
    outcome: Outcome,
}

/// What wakes the driver.
enum Heard {
    /// A check has consequences, something is due, or the checks cannot go on.
    Checks(std::io::Result<()>),
    Probed(Result<(Id, Probed), JoinError>),
    Found(Option<Found>),
    Programmed(Finished),
    Command(Option<Command>),
    Masters,
    Standing,
    Renewal,
    Addresses(Here),
    /// Of the namespace that IPVS is in.
    Moved(place::News),
}

/// The driver. Made and run inside a runtime.
pub struct Balancer {
    config: Arc<Config>,
    director: Director,
    table: Table,
    executor: Executor,
    place: Place,
    fleet: Fleet,
    wakeup: Wakeup,
    /// Probes that are tasks.
    probes: JoinSet<Probed>,
    /// Which checker such a probe works for, should it die.
    running: HashMap<Id, (CheckerId, u64)>,
    scripts: mpsc::Sender<ScriptEvent>,
    mails: Mails,
    actions: Vec<Action>,
    told: Told,
    /// Whose scripts run.
    current: Current,
    /// What checks over TLS have in common; made anew at each reload, since the files may be others.
    tls: Arc<Tls>,
    supervisor: Supervisor,
    /// From the first `ha_suspend` on.
    addresses: Option<Addresses>,
    sync: SyncDaemons,
    reader: Reader,
    /// Which connections come back through us may be others now.
    return_path_due: bool,
    renewal: Renewal,
    /// What was read; taken when no batch is under way.
    found: Option<Found>,
    /// Who waits for the kernel to follow the last configuration.
    waiting: Vec<oneshot::Sender<Vec<String>>>,
    /// The batch under way is for them, not one from before their configuration.
    telling: bool,
    /// What the kernel refused of such batches.
    refused: Vec<String>,
}

impl Balancer {
    /// Opens IPVS, adopts what it holds, and starts the director.
    pub async fn start(
        config: Arc<Config>,
        seed: u64,
        scripts: mpsc::Sender<ScriptEvent>,
        mut told: Told,
        (current, supervisor, mails): (Current, Supervisor, Mails),
        pid_file: PathBuf,
    ) -> Result<Self, OpenError> {
        allow_probes(&config);
        emit(Ident::Checkers, Line::info("Initializing ipvs"));
        let (settings, path) = (config.global.clone(), pid_file.clone());
        let opened = spawn_blocking(move || Opened::new(&settings, &path)).await??;
        let place = Place::new(config.global.net_namespace_ipvs.as_ref(), opened.namespace, pid_file);
        let (executor, found) = Executor::new(opened);
        let mut table = Table::default();
        table.adopt(found.table);
        let mut actions = Vec::new();
        let known = news(&mut told.standing);
        let director = Director::new(clock::now(), config.clone(), seed, known, &mut actions);
        let tls = Arc::new(Tls::new(config.ssl.clone()));
        let fleet = Fleet::new()?;
        let mut balancer = Balancer {
            config,
            tls,
            director,
            table,
            executor,
            place,
            wakeup: Wakeup::of(&fleet)?,
            fleet,
            probes: JoinSet::new(),
            running: HashMap::new(),
            scripts,
            mails,
            actions,
            told,
            current,
            supervisor,
            addresses: None,
            sync: SyncDaemons::found(found.daemons, found.daemons_recorded),
            reader: Reader::new(found.reader),
            return_path_due: true,
            renewal: Renewal::default(),
            found: None,
            waiting: Vec::new(),
            telling: false,
            refused: Vec::new(),
        };
        balancer.sync.follow(&balancer.config);
        balancer.watch_addresses();
        balancer.carry_out();
        balancer.remove_left_behind(found.recorded);
        let _ = balancer.settle().await;
        Ok(balancer)
    }

    /// Whether a predecessor has left something in the table that a configuration without virtual servers would not
    /// remove.
    pub async fn is_left_behind(config: &Config, pid_file: PathBuf) -> bool {
        let place = config.global.net_namespace_ipvs.clone();
        spawn_blocking(move || executor::is_recorded(place.as_ref(), &pid_file)).await.unwrap_or(false)
    }

    /// Removes it. Nothing else of the configuration counts: without virtual servers there is no load balancer.
    pub async fn remove_all_left_behind(self) {
        self.stop(true).await;
    }

    /// Runs until it is told to stop.
    pub async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        loop {
            self.carry_out();
            self.look();
            match self.hear(&mut commands).await {
                Heard::Checks(Ok(())) | Heard::Masters => {}
                Heard::Checks(Err(error)) => {
                    self.supervisor.failure_of("health checks")(error.to_string());
                    // The daemon ends.
                    std::future::pending().await
                }
                Heard::Probed(finished) => self.probe_ended(finished),
                Heard::Found(found) => self.found = found,
                Heard::Programmed(finished) => self.programmed(finished),
                Heard::Command(command) => match command.unwrap_or(Command::Stop { release: true }) {
                    Command::Stop { release } => break self.stop(release).await,
                    command => self.obey(command),
                },
                Heard::Standing => self.look_at_standing(),
                Heard::Renewal => self.executor.renew_translation(),
                Heard::Moved(news) => self.moved(news),
                Heard::Addresses(here) => {
                    self.director.handle(clock::now(), Event::Addresses(here), &mut self.actions);
                }
            }
        }
    }

    /// Makes checks until something happens that concerns others too.
    async fn hear(&mut self, commands: &mut mpsc::Receiver<Command>) -> Heard {
        let programs = !self.executor.is_busy() && !self.executor.is_away();
        let retry = self.table.retry_at().filter(|_| programs);
        let due = [retry, self.reading_at()].into_iter().flatten().min();
        let Balancer { probes, reader, executor, told, renewal, addresses, place, config, .. } = self;
        let Told { masters, standing } = told;
        let rest = async {
            tokio::select! {
                Some(finished) = probes.join_next_with_id() => Heard::Probed(finished),
                found = reader.found() => Heard::Found(found),
                finished = executor.finished() => Heard::Programmed(finished),
                command = commands.recv() => Heard::Command(command),
                // Whoever tells the states ends before we do; then they stay as they are.
                Ok(()) = masters.changed() => Heard::Masters,
                Ok(()) = standing.changed() => Heard::Standing,
                () = renewal.due() => Heard::Renewal,
                here = changed(addresses) => Heard::Addresses(here),
                news = place.news(&config.global) => Heard::Moved(news),
            }
        };
        // Asked only when it was woken: checks come by the hundred, and of the rest there is little.
        let mut rest = FuturesUnordered::from_iter([rest]);
        tokio::select! {
            biased;
            done = quiet::attend((&self.wakeup, &mut self.fleet), &mut self.director, &mut self.actions, due) => Heard::Checks(done),
            Some(heard) = rest.next() => heard,
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Reconfigure(config, done) => {
                allow_probes(&config);
                self.sync.follow(&config);
                self.executor.follow(&config.global);
                self.config = config.clone();
                self.tls = Arc::new(Tls::new(config.ssl.clone()));
                self.look_at_standing();
                self.director.handle(clock::now(), Event::Reconfigure(config), &mut self.actions);
                self.watch_addresses();
                self.waiting.push(done);
            }
            Command::Views(answer) => {
                // Who asked may have gone.
                let _ = answer.send((Arc::clone(&self.config), self.director.views()));
            }
            Command::Stop { .. } => {}
        }
    }

    /// What is no news to the director means nothing to it.
    fn look_at_standing(&mut self) {
        for event in news(&mut self.told.standing) {
            self.director.handle(clock::now(), event, &mut self.actions);
        }
    }

    /// `ha_suspend` asks which addresses are here, from the first service that has it on.
    fn watch_addresses(&mut self) {
        let asked = self.config.virtual_servers.iter().any(|server| server.ha_suspend);
        if asked && self.addresses.is_none() {
            match Addresses::watch(&self.supervisor) {
                Ok(addresses) => self.addresses = Some(addresses),
                Err(error) => emit(Ident::Checkers, Line::error(format!("ha_suspend: {error}"))),
            }
        }
    }

    /// Everything the director wants: the table hears of it, probes start, scripts are handed on.
    fn carry_out(&mut self) {
        quiet::launch(clock::now(), &mut self.fleet, &mut self.director, &mut self.actions);
        let mut actions = std::mem::take(&mut self.actions);
        for action in actions.drain(..) {
            match action {
                Action::Probe { checker, generation, url } => self.probe(checker, generation, url),
                Action::Program(service) => {
                    for (key, pool) in self.director.desired(service) {
                        self.table.want(key, pool);
                    }
                    self.return_path_due = true;
                }
                Action::Adjust { service, destination, wanted } => {
                    self.table.want_destination(service, destination, wanted);
                }
                Action::Retire(keys) => {
                    self.table.release(keys);
                    self.return_path_due = true;
                }
                Action::Run(event) => self.run_script(event),
                Action::Mail(alert) => self.mails.tell(&alert),
                Action::Note(note) => emit(Ident::Checkers, lvs::render(&note)),
            }
        }
        self.actions = actions;
    }

    fn probe(&mut self, checker: CheckerId, generation: u64, url: usize) {
        let Some(check) = self.director.check(checker).cloned() else { return };
        let (current, tls) = (self.current.clone(), self.tls.clone());
        let task = self.probes.spawn(async move {
            let outcome = match &check.kind {
                CheckKind::Misc(misc) => Box::pin(scripted::probe(misc, &current)).await,
                _ => probe::probe(&check, url, &tls).await,
            };
            Probed { checker, generation, outcome }
        });
        self.running.insert(task.id(), (checker, generation));
    }

    fn probe_ended(&mut self, finished: Result<(Id, Probed), JoinError>) {
        let probed = match finished {
            Ok((id, probed)) => {
                self.running.remove(&id);
                probed
            }
            // It died of a fault of ours: the server's state stays, and the checker goes on.
            Err(error) => {
                let Some((checker, generation)) = self.running.remove(&error.id()) else { return };
                let outcome = Outcome::Undecided(format!("the check itself failed: {error}"));
                Probed { checker, generation, outcome }
            }
        };
        let Probed { checker, generation, outcome } = probed;
        let event = Event::Probed { checker, generation, outcome };
        self.director.handle(clock::now(), event, &mut self.actions);
    }

    fn run_script(&mut self, event: ScriptEvent) {
        if self.scripts.try_send(event).is_err() {
            let text = "scripts come faster than they are started: one was not run";
            emit(Ident::Checkers, Line::warn(text));
        }
    }

    /// Takes what a look has seen, programs, and looks again when it is time; all of it between two batches.
    fn look(&mut self) {
        if self.executor.is_busy() {
            return;
        }
        match self.found.take() {
            Some(Found::Seen(seen)) => self.seen(seen),
            Some(Found::Counted { asked, counts }) => {
                self.director.handle(clock::now(), Event::Counted { asked, counts }, &mut self.actions);
                self.carry_out();
            }
            None => {}
        }
        self.program();
        if self.executor.is_busy() {
            return;
        }
        let now = clock::now();
        if self.reader.look(now, self.table.moment()) {
            self.sync.look();
            self.executor.look();
        } else {
            self.reader.count(now, self.director.draining().collect());
        }
    }

    /// The namespace that IPVS is in has gone, or is there again.
    fn moved(&mut self, news: place::News) {
        match news {
            place::News::Gone => {
                self.executor.leave();
                self.reader.leave();
                (self.renewal, self.found) = (Renewal::default(), None);
            }
            place::News::Back(opened) => {
                let found = self.executor.enter(*opened);
                self.table.adopt(found.table);
                self.sync.found_elsewhere(found.daemons);
                self.reader = Reader::new(found.reader);
            }
        }
    }

    /// What others have changed is put right by the next batch.
    fn seen(&mut self, Seen { table, daemons, timeouts, since }: Seen) {
        self.sync.observe(daemons);
        if self.executor.observe(timeouts) {
            let text = "IPVS: somebody else has changed lvs_timeouts: it is put right";
            emit(Ident::Checkers, Line::warn(text));
        }
        let changed = self.table.observe(table, since);
        for key in changed.iter().take(TOLD) {
            let name = ServiceName::Single(*key);
            let text = format!("IPVS: somebody else has changed VS {name}: it is put right");
            emit(Ident::Checkers, Line::warn(text));
        }
        if let Some(more) = changed.len().checked_sub(TOLD).filter(|more| *more > 0) {
            emit(Ident::Checkers, Line::warn(format!("IPVS: and {more} more virtual servers")));
        }
    }

    /// When the kernel's table is to be read, unless a batch is under way: then after it.
    fn reading_at(&self) -> Option<Mono> {
        let counting = self.director.draining().next().is_some();
        self.reader.deadline(counting).filter(|_| !self.executor.is_busy())
    }

    /// What a predecessor had and this configuration has not.
    fn remove_left_behind(&mut self, recorded: Vec<ServiceKey>) {
        let left = self.table.left_behind(recorded);
        for key in left.iter().take(TOLD) {
            let name = ServiceName::Single(*key);
            emit(
                Ident::Checkers,
                Line::info(format!("Removing Virtual Server {name}, left by a predecessor")),
            );
        }
        self.table.release(left);
    }

    /// Starts a batch, if something is to be done and none is under way.
    fn program(&mut self) {
        if self.executor.is_busy() {
            return;
        }
        if self.executor.is_away() {
            let refused = vec!["IPVS: the network namespace is gone".to_owned()];
            self.waiting.drain(..).for_each(|done| drop(done.send(refused.clone())));
            return;
        }
        if std::mem::take(&mut self.return_path_due) {
            self.executor.translate(self.director.return_path());
        }
        let mut ops = self.table.pending(clock::now());
        ops.extend(self.sync.difference(&self.config, &self.told.masters.borrow()));
        if !ops.is_empty() || self.executor.is_due() {
            self.telling = !self.waiting.is_empty();
            self.executor.start(ops, || (self.table.ours().collect(), self.sync.are_ours()));
        } else {
            let refused = std::mem::take(&mut self.refused);
            // A refusal that only told us what the kernel holds has been made good by now.
            let lasting = if self.table.retry_at().is_some() { refused } else { Vec::new() };
            self.waiting.drain(..).for_each(|done| {
                // The daemon ends if nobody waits.
                let _ = done.send(lasting.clone());
            });
        }
    }

    fn programmed(&mut self, finished: Finished) {
        let now = clock::now();
        if let Some(watch) = finished.watch {
            self.renewal.follow(watch, &self.supervisor);
        }
        // Without its service none of its servers can come: that is said once.
        let mut absent = HashSet::new();
        for (op, result) in finished.results {
            if let Err(errno) = result
                && !follows(&op, errno, &mut absent)
            {
                let line = lvs::refused(&op, errno, Errno::from_raw(errno).desc());
                let told = self.refused.len() >= TOLD || self.refused.contains(&line.text);
                if self.telling && !told {
                    self.refused.push(line.text.clone());
                }
                emit(Ident::Checkers, line);
            }
            match &op {
                Op::NewDaemon(_) | Op::DelDaemon(_) => self.sync.done(&op, result.is_ok()),
                _ => self.table.done(now, &op, result),
            }
        }
    }

    /// Waits until nothing is left to do, or only what the kernel refused.
    async fn settle(&mut self) {
        self.program();
        while self.executor.is_busy() {
            let finished = self.executor.finished().await;
            self.programmed(finished);
            self.program();
        }
    }

    async fn stop(mut self, release: bool) {
        self.probes.abort_all();
        self.fleet.clear();
        if !release {
            return;
        }
        self.director.handle(clock::now(), Event::Stop, &mut self.actions);
        self.carry_out();
        self.settle().await;
        let ops = self.sync.end();
        if !ops.is_empty() {
            self.executor.start(ops, || (self.table.ours().collect(), self.sync.are_ours()));
            let finished = self.executor.finished().await;
            self.programmed(finished);
        }
        self.executor.close(&self.config.global).await;
    }
}

/// What checkers follow.
fn news(standing: &mut watch::Receiver<Standing>) -> Vec<Event> {
    let standing = standing.borrow_and_update();
    let event = |news: &News| match news {
        News::File { name, value } => Some(Event::File { name: name.clone(), value: *value }),
        News::Bfd { name, up } => Some(Event::Bfd { name: name.clone(), up: *up }),
        News::Script { .. } | News::Process { .. } | News::Link { .. } => None,
    };
    standing.iter().filter_map(event).collect()
}

/// Whether a refusal only follows from that of the service itself, in `absent`.
fn follows(op: &Op, errno: i32, absent: &mut HashSet<ServiceKey>) -> bool {
    match op {
        Op::NewService(key, _) => {
            absent.insert(*key);
            false
        }
        Op::NewDest(key, ..) => errno == libc::ESRCH && absent.contains(key),
        _ => false,
    }
}

/// Never, where nobody asked for them.
async fn changed(addresses: &mut Option<Addresses>) -> Here {
    match addresses {
        Some(addresses) => addresses.changed().await,
        None => std::future::pending().await,
    }
}
