//! Pages that are longer or shorter than they were announced to be: said once for each url, until it is as announced again
//! or announced to be something else.

use std::collections::HashMap;

use super::action::CheckerId;
use crate::health::outcome::{Length, Outcome};

/// What was said last of the urls that are not as announced: few are.
#[derive(Debug, Default)]
pub(super) struct Lengths(HashMap<(CheckerId, usize), u64>);

impl Lengths {
    /// Which url has a length that is to be said.
    pub fn news(&mut self, checker: CheckerId, outcome: &Outcome) -> Option<(usize, Length)> {
        let (url, length) = outcome.page_length()?;
        let Some(length) = length else {
            if !self.0.is_empty() {
                self.0.remove(&(checker, url));
            }
            return None;
        };
        let said = self.0.insert((checker, url), length.announced);
        (said != Some(length.announced)).then_some((url, length))
    }

    /// The checker is gone, or asks something else.
    pub fn forget(&mut self, checker: CheckerId) {
        if !self.0.is_empty() {
            self.0.retain(|(of, _), _| *of != checker);
        }
    }
}
