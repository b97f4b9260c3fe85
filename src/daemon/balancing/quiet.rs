//! Checks whose results change nothing, and that is nearly all of them: made here without anybody else being asked.

use std::io;

use tokio::task::yield_now;

use super::Probed;
use super::fleet::Fleet;
use crate::kernel::clock;
use crate::kernel::wakeup::Wakeup;
use crate::lvs::action::Action;
use crate::lvs::director::Director;
use crate::lvs::event::Event;
use crate::probe::Flight;
use crate::time::Mono;

/// Goes on with the checks until somebody else has something to do: there are actions, or it is `until`.
///
/// It may be dropped and called again at any time.
pub(super) async fn attend(
    (wakeup, fleet): (&Wakeup, &mut Fleet),
    director: &mut Director,
    actions: &mut Vec<Action>,
    until: Option<Mono>,
) -> io::Result<()> {
    let mut over = Vec::new();
    loop {
        let deadlines = [director.deadline(), fleet.deadline(), until];
        fleet.wake_at(deadlines.into_iter().flatten().min())?;
        let mut ready = wakeup.readable().await?;
        let now = clock::now();
        let all = fleet.go_on(now, &mut over)?;
        if all {
            ready.clear_ready();
        }
        drop(ready);
        fleet.expire(now, &mut over);
        judge(now, director, &mut over, actions);
        if director.deadline().is_some_and(|at| at <= now) {
            director.expire(now, actions);
        }
        launch(now, fleet, director, actions);
        if !actions.is_empty() || until.is_some_and(|at| at <= now) {
            return Ok(());
        }
        if !all {
            // However many answers come, others have their turn.
            yield_now().await;
        }
    }
}

/// Begins the probes among the actions that need no task; the rest stays.
pub(super) fn launch(now: Mono, fleet: &mut Fleet, director: &mut Director, actions: &mut Vec<Action>) {
    let mut over = Vec::new();
    loop {
        actions.retain(|action| {
            let Action::Probe { checker, generation, url } = *action else { return true };
            // One that is gone is asked no more.
            let Some(check) = director.check(checker) else { return false };
            let carried = Flight::carries(check, url);
            if carried {
                over.extend(fleet.begin(now, check, url, (checker, generation)));
            }
            !carried
        });
        if over.is_empty() {
            return;
        }
        judge(now, director, &mut over, actions);
    }
}

fn judge(now: Mono, director: &mut Director, over: &mut Vec<Probed>, actions: &mut Vec<Action>) {
    for Probed { checker, generation, outcome } in over.drain(..) {
        director.handle(now, Event::Probed { checker, generation, outcome }, actions);
    }
}
