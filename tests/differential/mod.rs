//! One scenario on keepalived and on standfast in the same run: what is seen from outside must be the same. Expected
//! results are never written down here; keepalived gives them, but for the deliberate differences.

mod address_vmacs;
mod announcements;
mod checksums;
pub mod elections;
mod events;
mod exit_codes;
pub mod facts;
mod faults;
mod fifos;
mod filtering;
mod genhash;
mod globals;
mod groups;
mod hmac;
mod host_names;
pub mod interop;
mod journeys;
pub mod lifecycle;
mod linkbeat;
mod log_lines;
mod mails;
mod reloads;
mod routing;
mod scheduling;
mod states;
mod tracked_files;
mod tracked_processes;
mod tracking;
mod walks;

use crate::support::runner::Case;

/// All cases.
pub fn cases() -> Vec<Case> {
    [
        lifecycle::cases(),
        routing::cases(),
        events::cases(),
        elections::cases(),
        announcements::cases(),
        states::cases(),
        tracking::cases(),
        tracked_files::cases(),
        tracked_processes::cases(),
        linkbeat::cases(),
        checksums::cases(),
        globals::cases(),
        log_lines::cases(),
        scheduling::cases(),
        exit_codes::cases(),
        faults::cases(),
        fifos::cases(),
        genhash::cases(),
        groups::cases(),
        interop::cases(),
        journeys::cases(),
        address_vmacs::cases(),
        filtering::cases(),
        hmac::cases(),
        host_names::cases(),
        mails::cases(),
        reloads::cases(),
        walks::cases(),
    ]
    .into_iter()
    .flatten()
    .map(|case| Case { name: format!("differential::{}", case.name), ..case })
    .collect()
}
