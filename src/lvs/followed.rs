//! `FILE_CHECK` and `BFD_CHECK`: checkers that ask nobody, but hear of a change when it comes.

use std::collections::{BTreeSet, HashMap};

use super::action::CheckerId;
use crate::config::model::check::FileCheck;
use crate::config::model::{Check, CheckKind, Config};
use crate::ids::Name;

/// A product of value and weight that is this low is a failure, as in 2.2.7.
const FAULT: i64 = -(1 << 31);
/// The most that a file adds.
const MOST: i64 = (1 << 31) - 1;

/// What a checker follows.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Object {
    File(Name),
    Session(Name),
}

impl Object {
    fn of(kind: &CheckKind) -> Option<Object> {
        match kind {
            CheckKind::File(check) => Some(Object::File(check.file.clone())),
            CheckKind::Bfd(check) => Some(Object::Session(check.instance.clone())),
            _ => None,
        }
    }
}

/// Whether both follow one object.
pub(super) fn are_of_the_same(one: &CheckKind, other: &CheckKind) -> bool {
    Object::of(one).is_some_and(|object| Object::of(other) == Some(object))
}

/// What a followed object makes of a real server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    Fault,
    /// Up, and so much more weight.
    Adds(i64),
}

/// What was told of files and sessions, and whom it concerns.
#[derive(Debug, Default)]
pub(super) struct Followed {
    files: HashMap<Name, i32>,
    sessions: HashMap<Name, bool>,
    followers: HashMap<Object, BTreeSet<CheckerId>>,
}

impl Followed {
    /// The file has this number; who follows it. Nobody, when that is no news.
    pub fn file(&mut self, name: Name, value: i32) -> Vec<CheckerId> {
        let news = self.files.insert(name.clone(), value) != Some(value);
        self.followers(news, &Object::File(name))
    }

    /// The session is up or down; who follows it. Nobody, when that is no news.
    pub fn session(&mut self, name: Name, up: bool) -> Vec<CheckerId> {
        let news = self.sessions.insert(name.clone(), up) != Some(up);
        self.followers(news, &Object::Session(name))
    }

    fn followers(&self, news: bool, object: &Object) -> Vec<CheckerId> {
        let found = self.followers.get(object).filter(|_| news);
        found.into_iter().flatten().copied().collect()
    }

    /// What is known now; `None` where nothing was told yet, or nothing is followed. A file of which nothing was told
    /// is one that is missing.
    pub fn effect(&self, check: &Check) -> Option<Effect> {
        match &check.kind {
            CheckKind::File(file) => Some(of_file(file, self.files.get(&file.file).copied().unwrap_or(0))),
            CheckKind::Bfd(bfd) => {
                let up = *self.sessions.get(&bfd.instance)?;
                Some(if up { Effect::Adds(0) } else { Effect::Fault })
            }
            _ => None,
        }
    }

    /// Whether nobody tells of what this follows: no BFD session runs. Then an alpha check waits for nothing, or its
    /// server would stay out for ever.
    pub fn is_silent(&self, kind: &CheckKind) -> bool {
        matches!(kind, CheckKind::Bfd(_)) && self.sessions.is_empty()
    }

    /// The checker hears of what its check follows, if it follows something.
    pub fn join(&mut self, id: CheckerId, kind: &CheckKind) {
        if let Some(object) = Object::of(kind) {
            self.followers.entry(object).or_default().insert(id);
        }
    }

    /// It does not any more.
    pub fn leave(&mut self, id: CheckerId, kind: &CheckKind) {
        let Some(object) = Object::of(kind) else { return };
        let Some(followers) = self.followers.get_mut(&object) else { return };
        followers.remove(&id);
        if followers.is_empty() {
            self.followers.remove(&object);
        }
    }

    /// Forgets what the configuration does not name; one of the same name starts without a value.
    pub fn forget_others(&mut self, config: &Config) {
        let files: BTreeSet<&Name> = config.track_files.iter().map(|file| &file.name).collect();
        let sessions: BTreeSet<&Name> = config.bfd_instances.iter().map(|session| &session.name).collect();
        self.files.retain(|name, _| files.contains(name));
        self.sessions.retain(|name, _| sessions.contains(name));
    }
}

/// The number times the weight is added; with weight 0 any other number than 0 is a failure, or 0 where it is reversed.
fn of_file(check: &FileCheck, value: i32) -> Effect {
    if check.weight == 0 {
        return if (value != 0) == check.reverse { Effect::Adds(0) } else { Effect::Fault };
    }
    let sign = if check.reverse { -1 } else { 1 };
    let product = i64::from(value).saturating_mul(i64::from(check.weight)).saturating_mul(sign);
    if product <= FAULT { Effect::Fault } else { Effect::Adds(product.min(MOST)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What 2.2.7 does with these.
    #[test]
    fn a_number_is_multiplied_and_bounded() {
        let of = |weight, reverse, value| of_file(&FileCheck { file: "f".into(), weight, reverse }, value);
        assert_eq!(of(2, false, 4), Effect::Adds(8));
        assert_eq!(of(3, true, 4), Effect::Adds(-12));
        assert_eq!(of(2, false, 1_500_000_000), Effect::Adds(2_147_483_647));
        assert_eq!(of(2, false, -1_073_741_823), Effect::Adds(-2_147_483_646));
        assert_eq!(of(2, false, -1_073_741_824), Effect::Fault);
        assert_eq!(of(3, true, 715_827_882), Effect::Adds(-2_147_483_646));
        assert_eq!(of(3, true, 715_827_883), Effect::Fault);
        assert_eq!(of(-2_147_483_647, false, i32::MIN), Effect::Adds(2_147_483_647));
        for value in [-1, 1, 9] {
            assert_eq!(of(0, false, value), Effect::Fault);
            assert_eq!(of(0, true, value), Effect::Adds(0));
        }
        assert_eq!((of(0, false, 0), of(0, true, 0)), (Effect::Adds(0), Effect::Fault));
    }
}
