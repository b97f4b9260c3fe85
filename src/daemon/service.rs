//! The running daemon: its parts, the operator's requests, and the end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::asking::ask;
use super::balancing::{self, Balancer, Told};
use super::dumps;
use super::fifos::Fifos;
use super::mails::Mails;
use super::notifier::{self, Current};
use super::pidfile::{PidFiles, PidPaths};
use super::reading::Reading;
use super::reload;
use super::scripts::{Runner, ScriptBook};
use super::sdnotify::ServiceManager;
use super::signals::{ReloadQueue, Request, Requests};
use super::status;
use super::supervise::Supervisor;
use super::tidy;
use super::timing::{self, Commands, Driver};
use super::trackers::{self, Board, Trackers, Watches};
use crate::cli::Options;
use crate::config::Rejected;
use crate::config::model::Config;
use crate::ids::Name;
use crate::lvs::action::ScriptEvent;
use crate::objects::interface::Interface;
use crate::report::{Ident, Line, emit};
use crate::track::news::Standing;
use crate::vrrp::view::View;

/// Commands that may wait for a part. They are few; the parts take them at once.
const COMMANDS: usize = 64;
/// State changes that may wait to be passed on: of thousands of instances at once.
const REPORTS: usize = 8192;
/// How long a part may take to answer, or to end in good order.
const PATIENCE: Duration = Duration::from_secs(5);

/// The ways to the running parts.
pub(super) struct Parts {
    pub current: Current,
    /// What was rejected of the text that runs.
    pub rejected: Vec<Rejected>,
    pub vrrp: Option<Part<timing::Commands>>,
    pub trackers: Option<mpsc::Sender<trackers::Command>>,
    pub balancer: Option<Part<mpsc::Sender<balancing::Command>>>,
    pub scripts: Runner,
    pub check_scripts: Runner,
    pub fifos: Fifos,
    pub mails: Mails,
    /// Everything that is tracked.
    board: Board,
    /// The states of the instances, for the load balancer.
    masters: watch::Sender<balancing::Masters>,
    /// Whom the watchdog asks.
    driver: watch::Sender<Option<Commands>>,
    /// The ends of those that pass on news to scripts: each ends when its part has.
    passing: Vec<oneshot::Receiver<()>>,
    supervisor: Supervisor,
    /// Beside it stands what is ours of IPVS.
    checkers_pid_file: PathBuf,
}

/// A part: how to speak to it, and how to hear that it has ended.
pub(super) struct Part<C> {
    pub commands: C,
    ended: oneshot::Receiver<()>,
}

/// Which parts a configuration and the options ask for: VRRP, checkers.
pub(super) fn parts(options: &Options, config: &Config) -> (bool, bool) {
    (options.vrrp && !config.instances.is_empty(), options.checkers && !config.virtual_servers.is_empty())
}

/// Runs until the operator or a fault ends it; returns the exit status.
pub(super) async fn run(
    options: &Options,
    reading: Reading,
    pid_files: &mut PidFiles,
    paths: &PidPaths,
) -> u8 {
    let (supervisor, mut fatal) = Supervisor::new();
    let mut requests = match Requests::listen(options.ignore_sigint) {
        Ok(requests) => requests,
        Err(error) => {
            emit(Ident::Parent, Line::error(format!("cannot listen to signals: {error}")));
            return status::FATAL;
        }
    };
    // Only now may anybody find us: a signal that came before would have been the end of us, with the pid
    // files left behind.
    if let Err(error) = pid_files.write() {
        emit(Ident::Parent, Line::error(error.to_string()));
        return status::FATAL;
    }
    let (config, book, rejected) = reading.into_parts();
    let tracked = config.clone();
    // One that panics has said so; the files are then what they are.
    let _ = tokio::task::spawn_blocking(move || trackers::files::initialise(&tracked.track_files)).await;
    let mut parts = Parts::none(config.clone(), book.clone(), supervisor, paths.checkers.clone());
    parts.rejected = rejected;
    parts.fifos.follow(&config.global, &book).await;
    parts.mails.follow(&config.global);
    let started = match parts.track(options, &config, &book).await {
        Ok(()) => parts.follow(options, &config).await,
        failed => failed,
    };
    if let Err(error) = started {
        emit(Ident::Parent, Line::error(error.clone()));
        ServiceManager.failed(libc::EINVAL.unsigned_abs(), &error);
        // One part may run already: it leaves nothing behind either.
        parts.stop(options, true).await;
        return status::FATAL;
    }
    if parts.vrrp.is_none() && parts.balancer.is_none() {
        emit(Ident::Parent, Line::warn("Warning - keepalived has no configuration to run"));
    }
    // The parts have it; after a reload nobody should.
    drop((config, book));
    emit(Ident::Parent, Line::info("Startup complete"));
    ServiceManager.ready("Running");
    tidy::give_back(None, Vec::new()).await;
    let driver = parts.driver.subscribe();
    let give_back = move || tidy::give_back_all(driver.borrow().clone());
    let tidying = tidy::after(parts.masters.subscribe(), give_back, tidy::map_program);
    parts.supervisor.spawn("memory", tidying);
    if let Some(every) = ServiceManager.watchdog_interval() {
        parts.supervisor.spawn("watchdog", feed_watchdog(every, parts.driver.subscribe()));
    }
    let mut queue = ReloadQueue::default();
    let (reloaded, mut reloads) = mpsc::channel(1);
    let mut faulted = false;
    let status = loop {
        tokio::select! {
            request = requests.next() => match request {
                Some(Request::Stop) | None => break status::OK,
                Some(Request::Reload) if queue.asked() => {
                    reload::begin(options, parts.current.get().0, reloaded.clone());
                }
                Some(Request::Reload) => {}
                Some(request) => dumps::write(&parts, request).await,
            },
            Some(read) = reloads.recv() => {
                Box::pin(reload::finish(options, *read, &mut parts, pid_files, paths)).await;
                if queue.ended() {
                    reload::begin(options, parts.current.get().0, reloaded.clone());
                }
            }
            Some(fault) = fatal.recv() => {
                let text = format!("{} failed ({}): ending, so that nothing is held undefended", fault.task, fault.reason);
                emit(Ident::Parent, Line::error(text));
                faulted = true;
                break status::FATAL;
            }
        }
    };
    parts.stop(options, faulted).await;
    status
}

/// Tells systemd that we live, as long as the VRRP driver answers: whatever else takes its time, a reload of
/// tens of thousands of servers for one, is no reason to be killed.
async fn feed_watchdog(every: Duration, driver: watch::Receiver<Option<Commands>>) {
    let mut interval = tokio::time::interval(every);
    loop {
        interval.tick().await;
        let commands = driver.borrow().clone();
        let alive = match commands {
            Some(commands) => views(&commands, false).await.is_some(),
            None => true,
        };
        if alive {
            ServiceManager.watchdog();
        }
    }
}

/// The instances as the VRRP driver has them; `None` where it does not answer. `clear` sets the counters to
/// zero afterwards.
async fn views(driver: &Commands, clear: bool) -> Option<Vec<View>> {
    ask(PATIENCE, |answer| driver.send(timing::Command::Views { clear, answer })).await
}

impl Parts {
    /// Before any part runs.
    fn none(
        config: Arc<Config>,
        book: Arc<ScriptBook>,
        supervisor: Supervisor,
        checkers_pid_file: PathBuf,
    ) -> Self {
        Parts {
            current: Current::new(config, book),
            rejected: Vec::new(),
            vrrp: None,
            trackers: None,
            balancer: None,
            scripts: Runner::new(Ident::Vrrp, supervisor.clone()),
            check_scripts: Runner::new(Ident::Checkers, supervisor.clone()),
            fifos: Fifos::none(supervisor.clone()),
            mails: Mails::new(&supervisor),
            board: Board::default(),
            masters: watch::Sender::default(),
            driver: watch::Sender::default(),
            passing: Vec::new(),
            supervisor,
            checkers_pid_file,
        }
    }

    /// What is tracked comes before those who follow it: when this returns, everything has been looked at.
    pub(super) async fn track(
        &mut self,
        options: &Options,
        config: &Arc<Config>,
        book: &Arc<ScriptBook>,
    ) -> Result<(), String> {
        let Some(trackers) = &self.trackers else {
            let (vrrp, checkers) = parts(options, config);
            if vrrp || checkers && !config.track_files.is_empty() {
                self.start_trackers(config.clone(), book.clone()).await?;
            }
            return Ok(());
        };
        let (done, wait) = oneshot::channel();
        let command = trackers::Command::Reconfigure(config.clone(), book.clone(), done);
        let sent = trackers.send(command).await.is_ok();
        // A file that hangs must not keep the rest from being applied.
        if sent && tokio::time::timeout(PATIENCE, wait).await.is_err() {
            let seconds = PATIENCE.as_secs();
            let text = format!("tracked objects have not been looked at in {seconds} s: going on without");
            emit(Ident::Vrrp, Line::warn(text));
        }
        self.board.follow(config);
        Ok(())
    }

    async fn start_trackers(&mut self, config: Arc<Config>, book: Arc<ScriptBook>) -> Result<(), String> {
        let tracked = config.clone();
        let watches = tokio::task::spawn_blocking(move || Watches::start(&tracked)).await;
        let (watches, known) = watches.map_err(|error| error.to_string())?;
        for news in known {
            self.board.tell(news).await;
        }
        let (tracking, commands) = mpsc::channel(COMMANDS);
        let trackers = Trackers::new(config, book, watches, self.board.clone(), &self.supervisor)
            .map_err(|error| error.to_string())?;
        self.supervisor.spawn("track scripts", trackers.run(commands));
        self.trackers = Some(tracking);
        Ok(())
    }

    /// Starts the parts that the configuration asks for and that do not run yet.
    pub(super) async fn follow(&mut self, options: &Options, config: &Arc<Config>) -> Result<(), String> {
        let (vrrp, checkers) = parts(options, config);
        let pid = std::process::id();
        if options.checkers && !checkers && self.balancer.is_none() {
            // Seldom, and larger than all else here, as the start is: every future that leads here would hold the room.
            Box::pin(self.remove_left_behind(config)).await;
        }
        if checkers && self.balancer.is_none() {
            emit(Ident::Parent, Line::info(format!("Starting Healthcheck child process, pid={pid}")));
            Box::pin(self.start_balancer(config.clone())).await?;
        }
        if vrrp && self.vrrp.is_none() {
            emit(Ident::Parent, Line::info(format!("Starting VRRP child process, pid={pid}")));
            self.start_vrrp(config.clone()).await?;
        }
        Ok(())
    }

    /// What a predecessor with virtual servers has left in the kernel, where there are none any more.
    async fn remove_left_behind(&self, config: &Config) {
        if !Balancer::is_left_behind(config, self.checkers_pid_file.clone()).await {
            return;
        }
        let mut place = Config::default();
        place.global.net_namespace_ipvs.clone_from(&config.global.net_namespace_ipvs);
        let (scripts, _) = mpsc::channel(REPORTS);
        match self.new_balancer(Arc::new(place), scripts).await {
            Ok(balancer) => balancer.remove_all_left_behind().await,
            Err(error) => emit(Ident::Checkers, Line::error(error)),
        }
    }

    async fn new_balancer(
        &self,
        config: Arc<Config>,
        scripts: mpsc::Sender<ScriptEvent>,
    ) -> Result<Balancer, String> {
        let told = Told { masters: self.masters.subscribe(), standing: self.board.watch() };
        let parts = (self.current.clone(), self.supervisor.clone(), self.mails.clone());
        let pid_file = self.checkers_pid_file.clone();
        let started = Balancer::start(config, super::seed(), scripts, told, parts, pid_file).await;
        started.map_err(|error| error.to_string())
    }

    async fn start_balancer(&mut self, config: Arc<Config>) -> Result<(), String> {
        let (scripts, events) = mpsc::channel(REPORTS);
        let balancer = self.new_balancer(config, scripts).await?;
        let (commands, receiver) = mpsc::channel(COMMANDS);
        let ended = self.own("load balancer", balancer.run(receiver));
        let (current, runner) = (self.current.clone(), self.check_scripts.clone());
        let passing = notifier::pass_on_checks(current, runner, self.fifos.clone(), events);
        let passed = self.own("scripts of checks", passing);
        self.passing.push(passed);
        self.balancer = Some(Part { commands, ended });
        Ok(())
    }

    async fn start_vrrp(&mut self, config: Arc<Config>) -> Result<(), String> {
        let (reports, changes) = mpsc::channel(REPORTS);
        let (commands, inbox) = Commands::new().map_err(|error| error.to_string())?;
        let known = self.board.admit_vrrp(commands.clone());
        let driver = Driver::start(config.clone(), known, inbox, reports).map_err(|error| {
            // It may have made devices before it failed. That they cannot be removed either adds nothing.
            let _ = timing::clear(&config);
            error.to_string()
        })?;
        let fail = self.supervisor.failure_of("VRRP driver");
        let (end, ended) = oneshot::channel();
        self.supervisor.spawn_thread("VRRP driver", c"vrrp", move || {
            if let Err(error) = driver.run() {
                fail(error.to_string());
            }
            let _ = end.send(());
        });
        let (current, runner, masters) = (self.current.clone(), self.scripts.clone(), self.masters.clone());
        let (fifos, mails) = (self.fifos.clone(), self.mails.clone());
        let passing = notifier::pass_on_states(current, runner, fifos, mails, masters, changes);
        let passed = self.own("notifications", passing);
        self.passing.push(passed);
        if let Some(trackers) = &self.trackers {
            // It ends after we do.
            let _ = trackers.send(trackers::Command::RunScripts).await;
        }
        self.driver.send_replace(Some(commands.clone()));
        self.vrrp = Some(Part { commands, ended });
        Ok(())
    }

    /// A task whose end is told.
    fn own(&self, name: &str, task: impl Future<Output = ()> + Send + 'static) -> oneshot::Receiver<()> {
        let (end, ended) = oneshot::channel();
        self.supervisor.spawn(name, async move {
            task.await;
            let _ = end.send(());
        });
        ended
    }

    /// The instances as the VRRP driver has them; `None` where there is no driver, or it does not answer.
    /// `clear` sets the counters to zero afterwards.
    pub(super) async fn views(&self, clear: bool) -> Option<Vec<View>> {
        views(&self.vrrp.as_ref()?.commands, clear).await
    }

    /// The interfaces of the host; none where VRRP does not run or does not answer.
    pub(super) async fn interfaces(&self) -> Vec<Arc<Interface>> {
        let Some(vrrp) = &self.vrrp else { return Vec::new() };
        let interfaces = ask(PATIENCE, |answer| vrrp.commands.send(timing::Command::Interfaces(answer)));
        interfaces.await.unwrap_or_default()
    }

    /// The track scripts that run just now.
    pub(super) async fn running_scripts(&self) -> Vec<Name> {
        let Some(trackers) = &self.trackers else { return Vec::new() };
        let running = ask(PATIENCE, |answer| trackers.send(trackers::Command::Running(answer)));
        running.await.unwrap_or_default()
    }

    /// What is tracked, as last told.
    pub(super) fn standing(&self) -> Standing {
        self.board.watch().borrow().clone()
    }

    /// The services as the load balancer has them; `None` where there is none, or it does not answer.
    pub(super) async fn services(&self) -> Option<balancing::Views> {
        let commands = &self.balancer.as_ref()?.commands;
        ask(PATIENCE, |answer| commands.send(balancing::Command::Views(answer))).await
    }

    /// keepalived's order: VRRP resigns and lets go, the load balancer clears its table, scripts end.
    /// After a fault nothing stays, whatever the options keep for a successor: it may not come.
    async fn stop(self, options: &Options, faulted: bool) {
        emit(Ident::Parent, Line::info("Stopping"));
        ServiceManager.stopping();
        drop(self.trackers);
        if let Some(vrrp) = self.vrrp {
            let stop = timing::Command::Stop { release: faulted || !options.keep_vrrp };
            // One that has ended already takes no command.
            let _ = vrrp.commands.send(stop).await;
            end("VRRP", vrrp.ended).await;
            if faulted {
                clear_interfaces(self.current.get().0).await;
            }
        }
        if let Some(balancer) = self.balancer {
            let stop = balancing::Command::Stop { release: !options.keep_ipvs };
            let _ = balancer.commands.send(stop).await;
            end("load balancer", balancer.ended).await;
        }
        // The last changes are on their way to the scripts: they arrive before the queue closes.
        let arrived = futures_util::future::join_all(self.passing);
        if tokio::time::timeout(PATIENCE, arrived).await.is_err() {
            emit(Ident::Parent, Line::warn("the last changes of state were not passed on in time"));
        }
        tokio::join!(
            self.scripts.stop(),
            self.check_scripts.stop(),
            self.fifos.close(),
            self.mails.close()
        );
        self.current.get().1.running.signal(nix::sys::signal::Signal::SIGKILL);
    }
}

/// Where the driver could not do it itself.
async fn clear_interfaces(config: Arc<Config>) {
    let cleared = tokio::task::spawn_blocking(move || timing::clear(&config)).await;
    if let Ok(Err(error)) = cleared {
        emit(Ident::Vrrp, Line::error(format!("addresses may have been left behind: {error}")));
    }
}

async fn end(name: &str, ended: oneshot::Receiver<()>) {
    if tokio::time::timeout(PATIENCE, ended).await.is_err() {
        emit(Ident::Parent, Line::warn(format!("{name} did not end in {} s", PATIENCE.as_secs())));
    }
}
