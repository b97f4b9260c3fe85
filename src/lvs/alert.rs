//! What is mailed of services and real servers (`smtp_alert`); `report::mail` puts it in keepalived's words.

use std::sync::Arc;

use super::name::{RealName, ServiceName, Subject};
use super::plan;
use super::quorum::Balance;
use crate::config::model::{Check, RealServer};
use crate::health::outcome::Failure;

/// One mail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alert {
    pub subject: Subject,
    /// How the subject stands now.
    pub up: bool,
    pub why: Why,
}

/// What has happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// A check of a real server has come to another conclusion: it fails for this reason, where there is one to tell.
    /// The real server need not have changed with it.
    Checked { check: Arc<Check>, passed: bool, failure: Option<Failure> },
    /// A service starts with its quorum, or without it.
    Started(Balance),
    /// It has gained or lost its quorum.
    Quorum(Balance),
    /// `omega`: a real server goes as the daemon ends.
    Stopping,
    /// A reload removes it.
    Removing,
}

/// About a real server.
pub(super) fn about_real(service: &ServiceName, real: &RealServer, up: bool, why: Why) -> Option<Alert> {
    let subject =
        || Subject::Real { real: RealName::of(service, plan::real_key(real)), service: service.clone() };
    real.smtp_alert.then(|| Alert { subject: subject(), up, why })
}
