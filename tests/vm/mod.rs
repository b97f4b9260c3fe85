//! The user's own configurations, unchanged, each doing what its authors saw keepalived do with it: for keepalived and
//! for standfast alike, with real IPVS.

mod leaf;

use crate::support::daemon::Subject;
use crate::support::runner::Case;
use std::path::PathBuf;

/// One case for each scenario and subject.
pub fn cases() -> Vec<Case> {
    let scenarios: [(&str, fn(Subject)); 1] = [("leaf", leaf::run)];
    let mut cases = Vec::new();
    for (name, run) in scenarios {
        for subject in Subject::ALL {
            cases.push(Case::new(format!("vm::{}::{name}", subject.name()), move || run(subject)));
        }
    }
    cases
}

/// A file of the user's examples.
pub fn example(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/examples").join(name)
}
