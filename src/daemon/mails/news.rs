//! Which changes of VRRP are worth a mail: no state twice in a row, and no FAULT where that is not wanted.

use std::collections::HashMap;

use crate::ids::Name;
use crate::vrrp::action::{State, Subject};

/// What was mailed last of each instance and group.
#[derive(Debug, Default)]
pub struct Mailed(HashMap<Subject, State>);

impl Mailed {
    /// Whether a change is mailed; then it is the last one.
    pub fn is_news(&mut self, subject: &Subject, state: State, faults: bool) -> bool {
        if matches!(state, State::Fault | State::Removed) && !faults {
            return false;
        }
        match self.0.get_mut(subject) {
            Some(last) => std::mem::replace(last, state) != state,
            None => self.0.insert(own(subject), state).is_none(),
        }
    }

    /// It has left the configuration: if it comes back it is another.
    pub fn forget(&mut self, subject: &Subject) {
        self.0.remove(subject);
    }
}

/// A name of its own: that of a configuration would keep a piece of it alive.
fn own(subject: &Subject) -> Subject {
    match subject {
        Subject::Instance(name) => Subject::Instance(Name::from(&**name)),
        Subject::Group(name) => Subject::Group(Name::from(&**name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_state_twice_and_no_faults() {
        use State::{Backup, Fault, Master};
        let (one, other) = (Subject::Instance("A".into()), Subject::Group("A".into()));
        let mut mailed = Mailed::default();
        let news: Vec<bool> = [Backup, Fault, Backup, Master, Master, Fault, Backup]
            .into_iter()
            .map(|state| mailed.is_news(&one, state, false))
            .collect();
        assert_eq!(news, [true, false, false, true, false, false, true]);
        assert!(mailed.is_news(&one, Fault, true) && !mailed.is_news(&one, Fault, true));
        assert!(mailed.is_news(&other, Backup, true), "a group of that name is another");
        mailed.forget(&one);
        assert!(mailed.is_news(&one, Fault, true));
    }
}
