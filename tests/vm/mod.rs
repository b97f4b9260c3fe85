//! The user's own configurations, unchanged, each doing what its authors saw keepalived do with it: for keepalived and
//! for standfast alike, with real IPVS. Before them the kernel module that reaches IPVS.

mod balancing;
mod clock;
mod devices;
mod evpn;
mod inheritance;
mod ipvs;
mod kld;
mod leaf;
pub mod leaf_lab;
mod meaning;
mod nginx;
mod processes;
mod receive_buffers;
mod rh1;
mod service;

use crate::support::daemon::Subject;
use crate::support::runner::Case;
use std::path::PathBuf;

/// How the names of the cases begin that install packages.
pub const SERVICE: &str = "vm::service::";

type Scenario = (&'static str, fn(Subject));

/// The kernel module's cases, and one for each scenario and subject.
pub fn cases() -> Vec<Case> {
    let scenarios: [Scenario; 7] = [
        ("leaf", leaf::run),
        ("nginx_sync_group", nginx::sync_group),
        ("nginx_digest", nginx::digest),
        ("rh1_failover", rh1::failover),
        ("rh1_missing_brace", rh1::missing_brace),
        ("evpn", evpn::run),
        ("kld", kld::run),
    ];
    let mut cases = ipvs::cases();
    cases.extend(balancing::cases());
    cases.extend(service::cases());
    cases.extend(processes::cases());
    cases.extend(devices::cases());
    cases.extend(receive_buffers::cases());
    cases.extend(clock::cases());
    cases.push(Case::new("vm::meaning::services_mean_what_they_mean_to_keepalived", meaning::services));
    cases.push(Case::new("vm::meaning::inherited_options_as_keepalived_has_them", inheritance::everything));
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
