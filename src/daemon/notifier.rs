//! Who hears of a change of state: the scripts of instances and groups, those whom it is mailed, and the
//! synchronisation daemon of IPVS.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{mpsc, watch};

use super::balancing::Masters;
use super::fifos::{About, Fifos};
use super::mails::{Mailed, Mails};
use super::scripts::{Invocation, Runner, ScriptBook};
use super::timing::Report;
use crate::config::model::{Command, Config, Notify, VrrpInstance};
use crate::ids::Name;
use crate::lvs::action::ScriptEvent;
use crate::report::{Ident, mail};
use crate::vrrp::action::{State, Subject};

/// A configuration and its scripts.
type Pair = (Arc<Config>, Arc<ScriptBook>);

/// The configuration whose scripts run, replaced by a reload.
#[derive(Clone)]
pub struct Current(Arc<RwLock<Known>>);

struct Known {
    now: Pair,
    by_name: ByName,
    /// What the last reload removed: it is told so when it has left the configuration.
    removed: Vec<(Subject, Told)>,
    /// The scripts of that.
    before: Arc<ScriptBook>,
}

/// How a subject is told of.
#[derive(Clone)]
struct Told {
    scripts: Arc<Notify>,
    /// `smtp_alert`
    mailed: bool,
}

impl Told {
    fn new(scripts: &Arc<Notify>, smtp_alert: Option<bool>) -> Self {
        Told { scripts: scripts.clone(), mailed: smtp_alert == Some(true) }
    }
}

/// The places of a configuration's instances, by their names: thousands may change their state together.
struct ByName(Box<[u32]>);

impl ByName {
    fn of(config: &Config) -> Self {
        let mut places: Vec<u32> = (0..).take(config.instances.len()).collect();
        places.sort_by_key(|place| config.instances.get(*place as usize).map(|instance| &instance.name));
        ByName(places.into())
    }

    fn find<'c>(&self, config: &'c Config, name: &Name) -> Option<&'c VrrpInstance> {
        let at = |place: u32| config.instances.get(place as usize);
        let found = self.0.binary_search_by(|place| at(*place).map(|i| &i.name).cmp(&Some(name)));
        at(*self.0.get(found.ok()?)?).map(|found| &**found)
    }
}

impl Current {
    pub fn new(config: Arc<Config>, book: Arc<ScriptBook>) -> Self {
        let by_name = ByName::of(&config);
        Current(Arc::new(RwLock::new(Known {
            before: book.clone(),
            now: (config, book),
            by_name,
            removed: Vec::new(),
        })))
    }

    pub fn get(&self) -> Pair {
        self.0.read().unwrap_or_else(PoisonError::into_inner).now.clone()
    }

    pub fn replace(&self, config: Arc<Config>, book: Arc<ScriptBook>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.by_name = ByName::of(&config);
        let (old, before) = std::mem::replace(&mut known.now, (config, book));
        known.removed = removed(&old, &known.now.0);
        known.before = before;
    }

    /// How an instance or a group is told of that runs or has just been removed; and whether it still runs.
    fn told_of(&self, subject: &Subject) -> Option<(Told, Arc<ScriptBook>, bool)> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (config, book) = &known.now;
        let told = match subject {
            Subject::Instance(name) => {
                known.by_name.find(config, name).map(|found| Told::new(&found.notify, found.smtp_alert))
            }
            Subject::Group(name) => (config.sync_groups.iter().find(|group| group.name == *name))
                .map(|found| Told::new(&found.notify, found.smtp_alert)),
        };
        if let Some(told) = told {
            return Some((told, book.clone(), true));
        }
        let (_, told) = known.removed.iter().find(|(removed, _)| removed == subject)?;
        Some((told.clone(), known.before.clone(), false))
    }
}

/// Who is in `old` and not in `new`, and what is to be told of that. The whole of `old` is not kept for it: with
/// thousands of instances that is half of what the daemon holds.
fn removed(old: &Config, new: &Config) -> Vec<(Subject, Told)> {
    let instances: HashSet<&Name> = new.instances.iter().map(|instance| &instance.name).collect();
    let groups: HashSet<&Name> = new.sync_groups.iter().map(|group| &group.name).collect();
    let instances = (old.instances.iter())
        .filter(|instance| !instances.contains(&instance.name))
        .map(|gone| (Subject::Instance(gone.name.clone()), Told::new(&gone.notify, gone.smtp_alert)));
    let groups = (old.sync_groups.iter())
        .filter(|group| !groups.contains(&group.name))
        .map(|gone| (Subject::Group(gone.name.clone()), Told::new(&gone.notify, gone.smtp_alert)));
    instances.chain(groups).collect()
}

/// Passes on what the VRRP driver reports, until the driver ends.
pub async fn pass_on_states(
    current: Current,
    runner: Runner,
    fifos: Fifos,
    mails: Mails,
    masters: watch::Sender<Masters>,
    mut reports: mpsc::Receiver<Report>,
) {
    let mut mailed = Mailed::default();
    while let Some(report) = reports.recv().await {
        match report {
            Report::State { subject, state, priority } => {
                if let Subject::Instance(name) = &subject {
                    masters.send_if_modified(|masters| follow(masters, name, state));
                }
                let Some((told, book, stays)) = current.told_of(&subject) else { continue };
                let (kind, name) = match &subject {
                    Subject::Instance(name) => ("INSTANCE", name),
                    Subject::Group(name) => ("GROUP", name),
                };
                let scripts = invocations(&book, &told.scripts, kind, name, state, priority);
                runner.notify(&format!("{kind} {name}"), scripts);
                fifos.tell(About::Vrrp, &line(kind, name, state.as_str(), priority));
                let faults = || !current.get().0.global.no_email_faults;
                if told.mailed
                    && mails.are_sent()
                    && mailed.is_news(&subject, state, faults())
                    && let Some(words) = mail::vrrp(&subject, state)
                {
                    mails.post(Ident::Vrrp, format!("{kind} {name}"), words);
                }
                if !stays {
                    mailed.forget(&subject);
                }
            }
            Report::LowerPriority { name, priority } => {
                let found = current.told_of(&Subject::Instance(name.clone()));
                let Some((told, book, _)) = found else { continue };
                let Some(command) = &told.scripts.master_rx_lower_pri else { continue };
                let script = book.get(command);
                runner.notify(&format!("INSTANCE {name}"), script.map(Invocation::specific));
                fifos.tell(About::Vrrp, &line("INSTANCE", &name, "MASTER_RX_LOWER_PRI", priority));
            }
            Report::Priority { name, priority } => {
                let word = match masters.borrow().get(&name) {
                    Some(true) => "MASTER_PRIORITY",
                    _ => "BACKUP_PRIORITY",
                };
                if tells_priorities(&current.get().0, &name) {
                    fifos.tell(About::Vrrp, &line("INSTANCE", &name, word, priority));
                }
            }
        }
    }
}

/// A line of a FIFO.
pub fn line(kind: &str, name: &str, word: &str, priority: u8) -> String {
    format!("{kind} \"{name}\" {word} {priority}")
}

/// `notify_priority_changes` of the instance, its group, or the global one.
fn tells_priorities(config: &Config, name: &Name) -> bool {
    let instance = config.instances.iter().find(|instance| instance.name == *name);
    let group = || config.sync_groups.iter().find(|group| group.members.contains(name));
    instance
        .and_then(|instance| instance.options.notify_priority_changes)
        .or_else(|| group()?.options.notify_priority_changes)
        .unwrap_or(config.global.vrrp_notify_priority_changes)
}

/// Passes on the changes that the load balancer tells, until it ends.
pub async fn pass_on_checks(
    current: Current,
    runner: Runner,
    fifos: Fifos,
    mut events: mpsc::Receiver<ScriptEvent>,
) {
    while let Some(event) = events.recv().await {
        let subject = event.subject.to_string();
        let script = event.command.and_then(|command| current.get().1.get(&command));
        runner.notify(&subject, script.map(Invocation::specific));
        fifos.tell(About::Lvs, &format!("{subject} {}", if event.up { "UP" } else { "DOWN" }));
    }
}

/// keepalived's order: the script of the state, then the generic one.
fn invocations(
    book: &ScriptBook,
    notify: &Notify,
    kind: &str,
    name: &str,
    state: State,
    priority: u8,
) -> Vec<Invocation> {
    let of_state = match state {
        State::Master => &notify.master,
        State::Backup => &notify.backup,
        State::Fault => &notify.fault,
        State::Stop => &notify.stop,
        State::Deleted => &notify.deleted,
        State::Init | State::Removed => &None,
    };
    let ready = |command: &Option<Box<Command>>| command.as_deref().and_then(|command| book.get(command));
    let specific = ready(of_state).map(Invocation::specific);
    let generic =
        ready(&notify.any).map(|script| Invocation::generic(script, kind, name, state.as_str(), priority));
    specific.into_iter().chain(generic).collect()
}

/// Takes a state into what the load balancer knows of the instances; answers whether that is news.
fn follow(masters: &mut Masters, name: &Name, state: State) -> bool {
    match state {
        State::Master | State::Backup | State::Fault | State::Removed => {
            let master = state == State::Master;
            match masters.get_mut(name) {
                Some(known) => std::mem::replace(known, master) != master,
                None => masters.insert(name.clone(), master).is_none(),
            }
        }
        State::Deleted => masters.remove(name).is_some(),
        // The daemon ends, and the load balancer with it.
        State::Init | State::Stop => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LoadOptions, load_str};

    #[test]
    fn every_instance_is_found_by_its_name() {
        let text: String = ["b", "c", "a"]
            .iter()
            .zip(1..)
            .map(|(name, vrid)| {
                format!(
                    "vrrp_instance {name} {{\n interface eth0\n virtual_router_id {vrid}\n \
                     virtual_ipaddress {{\n 10.0.0.{vrid}\n }}\n}}\n"
                )
            })
            .collect();
        let config = load_str("names.conf", &text, &LoadOptions::default()).config;
        let by_name = ByName::of(&config);
        for instance in &config.instances {
            assert_eq!(by_name.find(&config, &instance.name).map(|i| i.vrid), Some(instance.vrid));
        }
        assert_eq!(config.instances.len(), 3);
        assert!(by_name.find(&config, &"d".into()).is_none());
    }
}
