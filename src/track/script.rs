//! `vrrp_script`: when each runs, and when its results mean that it is well or has failed.
//!
//! As in keepalived(5): the first result counts at once, with `init_fail` too; later `fall` failures in a row are needed to
//! fail, `rise` successes in a row to recover. A run that is still going when the next is due is waited
//! for, never doubled.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::config::model::{Command, TrackScript};
use crate::ids::Name;
use crate::time::Mono;

/// How one run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    Exited(i32),
    /// By a signal that was not ours.
    Killed(i32),
    /// It ran longer than its timeout and was ended.
    TimedOut,
    /// It could not be started: why.
    NotStarted(String),
}

impl Ended {
    fn is_success(&self) -> bool {
        *self == Ended::Exited(0)
    }
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Run it; the end comes back by [`Scripts::ended`] with this generation.
    Run { name: Name, generation: u64, command: Command, timeout: Duration },
    /// It is well, or has failed, from now on.
    Settled { name: Name, healthy: bool },
    /// It ended otherwise than before.
    Changed { name: Name, ended: Ended },
    /// Its verdict changed by this end.
    Verdict { name: Name, ended: Ended },
}

/// All track scripts.
#[derive(Debug, Default)]
pub struct Scripts {
    scripts: BTreeMap<Name, Script>,
    due: BTreeSet<(Mono, Name)>,
    generations: u64,
}

#[derive(Debug)]
struct Script {
    config: TrackScript,
    healthy: Option<bool>,
    /// No run has ended yet.
    fresh: bool,
    /// Results in a row that speak against the verdict.
    against: u32,
    /// As if it had ended well before: a first success is no change.
    last: Ended,
    /// The run that is going on, and when it was started.
    running: Option<(u64, Mono)>,
}

impl Scripts {
    /// Takes over a configuration. A script with the same command keeps its result.
    pub fn configure<'a>(
        &mut self,
        now: Mono,
        configs: impl IntoIterator<Item = &'a TrackScript>,
        out: &mut Vec<Action>,
    ) {
        let mut old = std::mem::take(&mut self.scripts);
        let due: BTreeMap<Name, Mono> =
            std::mem::take(&mut self.due).into_iter().map(|(at, n)| (n, at)).collect();
        for config in configs {
            let name = config.name.clone();
            let kept = old.remove(&name).filter(|script| script.config.command == config.command);
            let script = match kept {
                Some(kept) => {
                    let at = due.get(&name).map_or(now, |at| (*at).min(now + config.interval));
                    if kept.running.is_none() {
                        self.due.insert((at, name.clone()));
                    }
                    Script { config: config.clone(), ..kept }
                }
                None => {
                    self.due.insert((now, name.clone()));
                    let healthy = config.init_fail.then_some(false);
                    Script {
                        config: config.clone(),
                        healthy,
                        fresh: true,
                        against: 0,
                        last: Ended::Exited(0),
                        running: None,
                    }
                }
            };
            if let Some(healthy) = script.healthy {
                out.push(Action::Settled { name: name.clone(), healthy });
            }
            self.scripts.insert(name, script);
        }
    }

    /// Those that run just now.
    pub fn running(&self) -> impl Iterator<Item = &Name> {
        self.scripts.iter().filter(|(_, script)| script.running.is_some()).map(|(name, _)| name)
    }

    /// When [`Scripts::expire`] has something to do.
    pub fn deadline(&self) -> Option<Mono> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Starts what is due.
    pub fn expire(&mut self, now: Mono, out: &mut Vec<Action>) {
        while let Some((at, name)) = self.due.pop_first() {
            if at > now {
                self.due.insert((at, name));
                break;
            }
            let Some(script) = self.scripts.get_mut(&name) else { continue };
            self.generations += 1;
            let generation = self.generations;
            // From the plan, not from now, unless it is already lost.
            let next = at + script.config.interval;
            script.running =
                Some((generation, if next > now { next } else { now + script.config.interval }));
            let (command, timeout) = (script.config.command.clone(), script.config.timeout);
            out.push(Action::Run { name, generation, command, timeout });
        }
    }

    /// A run has ended. One of a former configuration is ignored.
    pub fn ended(&mut self, now: Mono, name: &Name, generation: u64, ended: Ended, out: &mut Vec<Action>) {
        let Some(script) = self.scripts.get_mut(name) else { return };
        let Some((_, next)) = script.running.take_if(|(running, _)| *running == generation) else { return };
        self.due.insert((next.max(now), name.clone()));
        if script.last != ended {
            out.push(Action::Changed { name: name.clone(), ended: ended.clone() });
            script.last = ended.clone();
        }
        let success = ended.is_success();
        let first = std::mem::take(&mut script.fresh);
        if script.healthy == Some(success) {
            script.against = 0;
            if first {
                out.push(Action::Verdict { name: name.clone(), ended });
            }
            return;
        }
        script.against += 1;
        let needed = match script.healthy {
            _ if first => 1,
            None => 1,
            Some(true) => script.config.fall,
            Some(false) => script.config.rise,
        };
        if script.against >= needed {
            script.against = 0;
            script.healthy = Some(success);
            out.push(Action::Verdict { name: name.clone(), ended });
            out.push(Action::Settled { name: name.clone(), healthy: success });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(rise: u32, fall: u32) -> TrackScript {
        TrackScript {
            name: "chk".into(),
            command: Command { argv: vec!["/bin/true".into()], user: None },
            interval: Duration::from_secs(2),
            timeout: Duration::from_secs(2),
            weight: 0,
            reverse: false,
            rise,
            fall,
            init_fail: false,
        }
    }

    fn at(seconds: u64) -> Mono {
        Mono::ZERO + Duration::from_secs(seconds)
    }

    /// Runs at the given second and ends so; tells the new verdict.
    fn run(scripts: &mut Scripts, second: u64, status: i32) -> Option<bool> {
        let mut out = Vec::new();
        assert_eq!(scripts.deadline(), Some(at(second)));
        scripts.expire(at(second), &mut out);
        let Some(Action::Run { name, generation, .. }) = out.pop() else { panic!("nothing runs") };
        assert_eq!(scripts.deadline(), None, "never two runs of one script");
        scripts.ended(at(second), &name, generation, Ended::Exited(status), &mut out);
        out.iter().find_map(|action| match action {
            Action::Settled { healthy, .. } => Some(*healthy),
            _ => None,
        })
    }

    #[test]
    fn rise_and_fall_count_in_a_row_after_the_first_result() {
        let mut scripts = Scripts::default();
        scripts.configure(at(0), &[script(2, 3)], &mut Vec::new());
        let results = [0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 0];
        let verdicts: Vec<_> =
            (0..).zip(results).map(|(n, status)| run(&mut scripts, n * 2, status)).collect();
        let expected =
            [Some(true), None, None, None, None, None, Some(false), None, None, None, Some(true)];
        assert_eq!(verdicts, expected);
    }

    #[test]
    fn with_init_fail_the_first_success_is_enough() {
        let failed = TrackScript { init_fail: true, ..script(3, 1) };
        let (mut scripts, mut out) = (Scripts::default(), Vec::new());
        scripts.configure(at(0), std::slice::from_ref(&failed), &mut out);
        assert_eq!(out, [Action::Settled { name: "chk".into(), healthy: false }]);
        assert_eq!(run(&mut scripts, 0, 0), Some(true));
        // After a first failure it rises as any other.
        let mut scripts = Scripts::default();
        scripts.configure(at(0), &[failed], &mut Vec::new());
        let results = [1, 0, 0, 0].into_iter().zip(0..);
        let verdicts: Vec<_> = results.map(|(status, n)| run(&mut scripts, n * 2, status)).collect();
        assert_eq!(verdicts, [None, None, None, Some(true)]);
    }

    #[test]
    fn a_reload_keeps_the_result_of_the_same_command() {
        let mut scripts = Scripts::default();
        let mut out = Vec::new();
        scripts.configure(at(0), &[script(1, 1)], &mut out);
        assert_eq!(out, [], "no result yet");
        run(&mut scripts, 0, 1);
        scripts.configure(at(1), &[TrackScript { fall: 5, ..script(1, 1) }], &mut out);
        assert_eq!(out, [Action::Settled { name: "chk".into(), healthy: false }]);
        assert_eq!(scripts.deadline(), Some(at(2)));
        out.clear();
        let other = Command { argv: vec!["/bin/false".into()], user: None };
        scripts.configure(at(1), &[TrackScript { command: other, ..script(1, 1) }], &mut out);
        assert_eq!((out.len(), scripts.deadline()), (0, Some(at(1))));
    }

    #[test]
    fn a_late_end_of_a_former_run_is_ignored() {
        let mut scripts = Scripts::default();
        let mut out = Vec::new();
        scripts.configure(at(0), &[script(1, 1)], &mut out);
        scripts.expire(at(0), &mut out);
        let other = Command { argv: vec!["/bin/false".into()], user: None };
        scripts.configure(at(1), &[TrackScript { command: other, ..script(1, 1) }], &mut out);
        out.clear();
        scripts.ended(at(1), &"chk".into(), 1, Ended::Exited(0), &mut out);
        assert_eq!(out, []);
    }
}
