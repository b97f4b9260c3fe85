//! One scenario on keepalived and on standfast in the same run: what is seen from outside must be the same.

use crate::support::runner::Case;

/// All cases.
pub fn cases() -> Vec<Case> {
    Vec::new()
}
