//! Whether the simulation would notice: cores that are broken on purpose, each in one way. The node in front of the core
//! breaks it, the core itself is the product's. The invariant that is there for it must fail.

use std::collections::BTreeSet;
use std::panic::catch_unwind;

use standfast::config::model::Config;
use standfast::vrrp::action::{Action, State, Subject};
use standfast::vrrp::view::View;

use super::story;

/// As many clusters have one chance each to notice.
const CLUSTERS: u64 = 300;

/// What is wrong with all nodes of a cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A master does not hear a better one: it never becomes BACKUP.
    NeverYields,
    /// Who waits for its master to fall silent waits for ever.
    NeverTimesOut,
    /// Each advert goes out twice.
    SpeaksTwice,
    /// Each advert comes with a gratuitous ARP.
    AnnouncesAlways,
    /// Each advert comes with a word to the scripts.
    NotifiesAlways,
    /// Scripts hear of no FAULT.
    HidesFaults,
    /// Addresses are not removed.
    KeepsAddresses,
    /// One of the addresses is not set.
    ForgetsAnAddress,
    /// What has been lost does not come back.
    IgnoresLosses,
    /// A better one leaves the master where it is.
    NeverPreempts,
    /// Members of a group go by themselves.
    TearsGroups,
    /// After a sleep it takes itself to be in time.
    SleepsUnnoticed,
}

/// Each, and what the check says that is to notice.
const NOTICED: [(Fault, &str); 15] = [
    (Fault::NeverYields, "two masters for"),
    (Fault::NeverTimesOut, "masters of I0: []"),
    (Fault::SpeaksTwice, "adverts in a steady cluster, more than"),
    (Fault::AnnouncesAlways, "announcements in a steady cluster, more than"),
    (Fault::NotifiesAlways, "something moves in a steady cluster"),
    (Fault::HidesFaults, "were told"),
    (Fault::KeepsAddresses, "addresses are set only where we are master"),
    (Fault::ForgetsAnAddress, "addresses are set wherever we are master"),
    (Fault::IgnoresLosses, "is announced, but not set"),
    (Fault::NeverPreempts, "is better than master"),
    (Fault::TearsGroups, "one member is in FAULT, another is not"),
    (Fault::TearsGroups, "one member follows a master, another is one"),
    (Fault::TearsGroups, "heard a better one"),
    (Fault::TearsGroups, "disagrees"),
    (Fault::SleepsUnnoticed, "speaks before it listens"),
];

impl Fault {
    /// The configuration as the broken core has it.
    pub fn read(self, config: &Config) -> Config {
        let mut config = config.clone();
        match self {
            Fault::TearsGroups => config.sync_groups.clear(),
            Fault::NeverPreempts => {
                config.instances.iter_mut().for_each(|one| std::sync::Arc::make_mut(one).nopreempt = true);
            }
            _ => {}
        }
        config
    }

    /// Whether the core does not get this advert.
    pub fn misses(self, views: &[View], payload: &[u8]) -> bool {
        let is_master = |view: &View| view.config.vrid.get() == payload[1] && view.state == State::Master;
        self == Fault::NeverYields && payload[2] != 0 && views.iter().any(is_master)
    }

    /// Whether the core's timer does not run.
    pub fn sleeps(self, views: &[View]) -> bool {
        self == Fault::NeverTimesOut && views.iter().all(|view| view.state == State::Backup)
    }

    /// What comes out of the core instead.
    pub fn spoil(self, views: &[View], out: Vec<Action>) -> Vec<Action> {
        let mut spoilt = Vec::with_capacity(out.len());
        let moves = out.iter().any(|action| matches!(action, Action::Own { .. }));
        for action in out {
            let more = if moves { None } else { self.with(views, &action) };
            let hidden = match &action {
                Action::Notify { state, .. } => self == Fault::HidesFaults && *state == State::Fault,
                Action::Restore { .. } => self == Fault::IgnoresLosses,
                _ => false,
            };
            spoilt.extend((!hidden).then_some(action));
            spoilt.extend(more);
        }
        spoilt
    }

    /// What comes with it.
    fn with(self, views: &[View], action: &Action) -> Option<Action> {
        let Action::Transmit { payload, .. } = action else { return None };
        let view = views.iter().find(|view| view.config.vrid.get() == payload[1])?;
        match self {
            Fault::SpeaksTwice => Some(action.clone()),
            Fault::AnnouncesAlways if view.state == State::Master => announcement(view),
            Fault::NotifiesAlways if view.state == State::Master => notice(view),
            _ => None,
        }
    }
}

fn announcement(view: &View) -> Option<Action> {
    let address = view.config.addresses.first()?.key.clone();
    Some(Action::Announce { instance: view.id, address })
}

fn notice(view: &View) -> Option<Action> {
    let subject = Subject::Instance(view.config.name.clone());
    Some(Action::Notify { subject, state: view.state, priority: view.priority })
}

/// What the first check that fails says of this cluster; `None` where all hold.
fn said(seed: u64, fault: Fault) -> Option<String> {
    let panic = catch_unwind(|| story::run_with(seed, false, Some(fault))).err()?;
    let text = panic.downcast_ref::<String>().cloned();
    Some(text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
}

#[test]
fn each_invariant_notices_a_core_that_breaks_it() {
    for (fault, words) in NOTICED {
        let mut others = BTreeSet::new();
        let noticed = (1..=CLUSTERS).find(|seed| {
            let Some(text) = said(*seed, fault) else { return false };
            let noticed = text.contains(words);
            others.extend((!noticed).then_some(text));
            noticed
        });
        let seed = noticed.unwrap_or_else(|| panic!("{fault:?}: nobody said {words:?}, but {others:#?}"));
        println!("{fault:?}: SEED={seed} says {words:?}");
    }
}
