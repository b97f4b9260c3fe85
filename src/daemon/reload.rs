//! A reload: read beside what runs, judged by the policy, then handed to each part.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::fifos::About;
use super::notifier;
use super::pidfile::{PidFiles, PidPaths};
use super::reading::Reading;
use super::reload_command::{ReloadOutcome, ReloadReport};
use super::sdnotify::ServiceManager;
use super::service::{self, Parts};
use super::{balancing, daemonize, log_lines, say_all, tidy, timing};
use crate::cli::Options;
use crate::config::{self, Rejected, model::Config};
use crate::kernel::clock;
use crate::kernel::memory::{self, Spare};
use crate::report::{Ident, Line, emit};
use crate::time::Mono;
use crate::vrrp::action::{InstanceId, State};
use crate::vrrp::view::View;

/// How long VRRP and the track scripts may take to follow.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the kernel's table may take to follow: tens of thousands of entries on a slow machine.
const PROGRAMMING: Duration = Duration::from_secs(60);

/// A file that has been read, and since when; none, where reading it was the end of its reader.
pub(super) struct Read {
    begun: Mono,
    reading: Option<Reading>,
    /// Of the thread that has read it.
    spare: Spare,
}

/// Reads the file on the blocking pool; the parts go on meanwhile.
///
/// What is read is told in a box: a channel holds room for some dozens.
pub(super) fn begin(options: &Options, running: Arc<Config>, done: mpsc::Sender<Box<Read>>) {
    emit(Ident::Parent, Line::info("Reloading ..."));
    ServiceManager.reloading();
    let (options, begun, seed) = (options.clone(), clock::now(), running.global.random_seed);
    tokio::task::spawn_blocking(move || {
        // A file that we stumble over must not keep every later reload waiting for its end.
        let reading = std::panic::catch_unwind(|| {
            let mut reading = Reading::take(&options, seed);
            // What stays as it was stays where it was: what came to the same goes as one piece.
            reading.loaded.config.keep(&running);
            reading
        });
        drop(running);
        let reading = reading.ok();
        let read = Box::new(Read { begun, reading, spare: memory::take_spare() });
        // The daemon is ending if nobody takes it.
        let _ = done.blocking_send(read);
    });
}

/// Judges what was read, and applies it or leaves everything as it is.
pub(super) async fn finish(
    options: &Options,
    read: Read,
    parts: &mut Parts,
    pid_files: &mut PidFiles,
    paths: &PidPaths,
) {
    let Read { begun, reading, spare } = read;
    let mut messages = Vec::new();
    if let Some(reading) = &reading {
        say_all(reading);
        messages = log_lines(reading);
    }
    let outcome = match judge(&parts.current.get().0, &parts.rejected, reading) {
        Err(reason) => {
            let text = format!("Reload refused, the running configuration goes on: {reason}");
            emit(Ident::Parent, Line::error(text.clone()));
            ServiceManager.ready(&text);
            messages.push(text);
            ReloadOutcome::Refused
        }
        Ok(reading) => {
            let mut quiet = config::verdict(reading.diagnostics()) == 0;
            match apply(options, reading, parts, pid_files).await {
                Ok(refused) => {
                    quiet &= refused.is_empty();
                    messages.extend(refused);
                }
                Err(error) => {
                    emit(Ident::Parent, Line::error(error.clone()));
                    messages.push(error);
                    quiet = false;
                }
            }
            emit(Ident::Parent, Line::info("Reload complete"));
            ServiceManager.ready("Running");
            if quiet { ReloadOutcome::Applied } else { ReloadOutcome::AppliedWithWarnings }
        }
    };
    let report = ReloadReport { begun, outcome, messages };
    let pid_file = paths.parent.clone();
    let written = tokio::task::spawn_blocking(move || report.publish(&pid_file)).await;
    tidy::give_back(parts.vrrp.as_ref().map(|vrrp| vrrp.commands.clone()), vec![spare]).await;
    if let Ok(Err(error)) = written {
        emit(Ident::Parent, Line::warn(format!("cannot say what became of the reload: {error}")));
    }
}

/// What was read, if the policy lets it take the place of `old`; else the reason why not.
fn judge(old: &Config, rejected: &[Rejected], reading: Option<Reading>) -> Result<Reading, String> {
    let reading = reading.ok_or("BUG: the file could not be read to its end")?;
    let refusal =
        config::reload_refusal(old, rejected, &reading.loaded, &reading.host).map(|refusal| refusal.reason);
    match refusal.or_else(|| fixed(old, &reading.loaded.config)) {
        Some(reason) => Err(reason),
        None => Ok(reading),
    }
}

/// What only a restart changes.
fn fixed(old: &Config, new: &Config) -> Option<String> {
    let fixed = [
        ("net_namespace", old.global.net_namespace != new.global.net_namespace),
        ("net_namespace_ipvs", old.global.net_namespace_ipvs != new.global.net_namespace_ipvs),
        ("instance", old.global.instance != new.global.instance),
        ("disable_local_igmp", old.global.disable_local_igmp != new.global.disable_local_igmp),
    ];
    let (keyword, _) = fixed.into_iter().find(|(_, changed)| *changed)?;
    Some(format!("Cannot change {keyword} at a reload - please restart keepalived"))
}

/// Hands the configuration to each part; what the kernel refused of it.
async fn apply(
    options: &Options,
    reading: Reading,
    parts: &mut Parts,
    pid_files: &mut PidFiles,
) -> Result<Vec<String>, String> {
    let (config, book, rejected) = reading.into_parts();
    daemonize::set_umask(options, &config);
    let (vrrp, checkers) = service::parts(options, &config);
    pid_files
        .set_parts(vrrp || parts.vrrp.is_some(), checkers || parts.balancer.is_some())
        .map_err(|e| e.to_string())?;
    parts.current.replace(config.clone(), book.clone());
    parts.fifos.follow(&config.global, &book).await;
    parts.mails.follow(&config.global);
    parts.rejected = rejected;
    // What is tracked first: what stays, and each file and process, has its result ready when others ask.
    parts.track(options, &config, &book).await?;
    let repeats = config.global.fifo_write_vrrp_states_on_reload;
    let before = if repeats { parts.views(false).await.unwrap_or_default() } else { Vec::new() };
    let mut waits = Vec::new();
    if let Some(vrrp) = &parts.vrrp {
        let (done, wait) = oneshot::channel();
        if vrrp.commands.send(timing::Command::Reconfigure(config.clone(), done)).await.is_ok() {
            waits.push(wait);
        }
    }
    let mut programmed = None;
    if let Some(balancer) = &parts.balancer {
        let (done, wait) = oneshot::channel();
        if balancer.commands.send(balancing::Command::Reconfigure(config.clone(), done)).await.is_ok() {
            programmed = Some(wait);
        }
    }
    // A part that has ended does not answer; its end is told elsewhere. One that hangs must not keep the
    // daemon from hearing that it is to end.
    if tokio::time::timeout(PATIENCE, futures_util::future::join_all(waits)).await.is_err() {
        return Err(format!("VRRP has not taken the new configuration in {} s", PATIENCE.as_secs()));
    }
    if repeats {
        tell_states(&config, parts, &before).await;
    }
    let refused = match programmed.map(|wait| tokio::time::timeout(PROGRAMMING, wait)) {
        Some(wait) => wait.await.unwrap_or_else(|_| {
            let seconds = PROGRAMMING.as_secs();
            Ok(vec![format!(
                "IPVS: the kernel has not followed in {seconds} s; it is still being programmed"
            )])
        }),
        None => Ok(Vec::new()),
    };
    parts.follow(options, &config).await?;
    Ok(refused.unwrap_or_default())
}

/// `fifo_write_vrrp_states_on_reload`: the states of those that go on, once more. A state that is new has been told.
async fn tell_states(config: &Config, parts: &Parts, before: &[View]) {
    let before: HashMap<InstanceId, State> = before.iter().map(|view| (view.id, view.state)).collect();
    let views = parts.views(false).await.unwrap_or_default();
    let tell = |kind, name: &str, state: State, priority| {
        parts.fifos.tell(About::Vrrp, &notifier::line(kind, name, state.as_str(), priority));
    };
    let goes_on = |view: &&View| view.state != State::Init && before.get(&view.id) == Some(&view.state);
    for view in views.iter().filter(goes_on) {
        tell("INSTANCE", &view.config.name, view.state, view.priority);
    }
    // All members of a group are in its state.
    for group in &config.sync_groups {
        let member = views.iter().filter(goes_on).find(|view| group.members.contains(&view.config.name));
        if let Some(member) = member {
            tell("GROUP", &group.name, member.state, 0);
        }
    }
}
