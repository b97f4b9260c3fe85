//! `MISC_CHECK`: whoever a script finds well is alive.

use crate::config::model::check::MiscCheck;
use crate::daemon::notifier::Current;
use crate::daemon::scripts::track;
use crate::health::outcome::{Failure, Outcome, Success};
use crate::track::script::Ended;

/// Runs the script once, within its time. Dropping the future kills it with its children.
pub async fn probe(misc: &MiscCheck, current: &Current) -> Outcome {
    let (_, book) = current.get();
    match book.get(&misc.command) {
        Some(script) => meaning(misc, track::run(&script, misc.timeout, &book.running).await),
        None => Outcome::Undecided("the script is disabled".into()),
    }
}

fn meaning(misc: &MiscCheck, ended: Ended) -> Outcome {
    match ended {
        Ended::Exited(0) => Outcome::Success(Success::Ran { weight: None }),
        // Statuses end at 255.
        Ended::Exited(status @ 2..=255) if misc.dynamic => {
            Outcome::Success(Success::Ran { weight: u32::try_from(status - 2).ok() })
        }
        Ended::Exited(status) => Outcome::Failure(Failure::Exited(status)),
        Ended::Killed(signal) => Outcome::Failure(Failure::Killed(signal)),
        Ended::TimedOut => Outcome::Failure(Failure::RanTooLong),
        Ended::NotStarted(reason) => Outcome::Undecided(reason),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::model::Command;

    #[test]
    fn what_the_end_of_a_script_means() {
        let command = Command { argv: vec!["/bin/x".into()], user: None };
        let misc =
            |dynamic| MiscCheck { command: command.clone(), timeout: Duration::from_secs(1), dynamic };
        let well = |weight| Outcome::Success(Success::Ran { weight });
        for (ended, plain, dynamic) in [
            (Ended::Exited(0), well(None), well(None)),
            (Ended::Exited(1), Outcome::Failure(Failure::Exited(1)), Outcome::Failure(Failure::Exited(1))),
            (Ended::Exited(2), Outcome::Failure(Failure::Exited(2)), well(Some(0))),
            (Ended::Exited(12), Outcome::Failure(Failure::Exited(12)), well(Some(10))),
            (Ended::Exited(255), Outcome::Failure(Failure::Exited(255)), well(Some(253))),
            (Ended::Killed(9), Outcome::Failure(Failure::Killed(9)), Outcome::Failure(Failure::Killed(9))),
            (Ended::TimedOut, Outcome::Failure(Failure::RanTooLong), Outcome::Failure(Failure::RanTooLong)),
        ] {
            assert_eq!(meaning(&misc(false), ended.clone()), plain, "{ended:?}");
            assert_eq!(meaning(&misc(true), ended), dynamic);
        }
        let reason = || "no such file".to_owned();
        assert_eq!(meaning(&misc(true), Ended::NotStarted(reason())), Outcome::Undecided(reason()));
    }
}
