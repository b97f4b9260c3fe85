//! `vrrp_track_process`: which processes are those that are meant, how many run, and when that counts.
//!
//! The first count is taken as it is. Later what a fork brings or breaks counts after `fork_delay`, what an end brings
//! or breaks after `terminate_delay`, if it still is so by then; a program that is started counts at once.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::config::model::TrackProcess;
use crate::config::model::track::ParameterMatch;
use crate::ids::Name;
use crate::objects::process::{Identity, Pid};
use crate::time::Mono;

/// The quorum of a tracked process is met, or not, from now on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settled {
    pub name: Name,
    pub quorate: bool,
}

/// All tracked processes.
#[derive(Debug, Default)]
pub struct Processes {
    watched: BTreeMap<Name, Watched>,
}

#[derive(Debug)]
struct Watched {
    config: TrackProcess,
    running: HashSet<Pid>,
    /// As told; nothing before the first scan.
    quorate: Option<bool>,
    /// When the opposite is told, unless it passes.
    turns: Option<Mono>,
}

impl Processes {
    /// Takes over a configuration; a [`Processes::scan`] must follow. What looks for the same keeps what was told.
    pub fn configure<'a>(&mut self, configs: impl IntoIterator<Item = &'a TrackProcess>) {
        let mut old = std::mem::take(&mut self.watched);
        for config in configs {
            let kept = old.remove(&config.name).filter(|watched| same(&watched.config, config));
            let watched = match kept {
                Some(kept) => Watched { config: config.clone(), ..kept },
                None => {
                    Watched { config: config.clone(), running: HashSet::new(), quorate: None, turns: None }
                }
            };
            self.watched.insert(config.name.clone(), watched);
        }
    }

    /// Nothing is tracked.
    pub fn is_empty(&self) -> bool {
        self.watched.is_empty()
    }

    /// Whether command lines matter at all.
    pub fn want_commands(&self) -> bool {
        self.watched.values().any(|watched| watched.config.full_command)
    }

    /// What was told last of each.
    pub fn known(&self) -> impl Iterator<Item = Settled> {
        self.watched.values().filter_map(|watched| {
            Some(Settled { name: watched.config.name.clone(), quorate: watched.quorate? })
        })
    }

    /// All processes that run.
    pub fn scan(&mut self, now: Mono, all: &[(Pid, Identity)], out: &mut Vec<Settled>) {
        for watched in self.watched.values_mut() {
            let before = watched.running.len();
            let meant = all.iter().filter(|(_, identity)| is_meant(&watched.config, identity));
            watched.running = meant.map(|(pid, _)| *pid).collect();
            let less = watched.running.len() < before;
            let delay = if less { watched.config.terminate_delay } else { Duration::ZERO };
            watched.judge(now, delay, out);
        }
    }

    /// A process has a child: for now it is what its parent is.
    pub fn forked(&mut self, now: Mono, parent: Pid, child: Pid, out: &mut Vec<Settled>) {
        for watched in self.watched.values_mut() {
            if watched.running.contains(&parent) && watched.running.insert(child) {
                watched.judge(now, watched.config.fork_delay, out);
            }
        }
    }

    /// A process runs another program, or has another name.
    pub fn became(&mut self, now: Mono, pid: Pid, identity: &Identity, out: &mut Vec<Settled>) {
        for watched in self.watched.values_mut() {
            let meant = is_meant(&watched.config, identity);
            let changed = if meant { watched.running.insert(pid) } else { watched.running.remove(&pid) };
            if changed {
                watched.judge(now, Duration::ZERO, out);
            }
        }
    }

    /// A process has ended.
    pub fn ended(&mut self, now: Mono, pid: Pid, out: &mut Vec<Settled>) {
        for watched in self.watched.values_mut() {
            if watched.running.remove(&pid) {
                watched.judge(now, watched.config.terminate_delay, out);
            }
        }
    }

    /// When [`Processes::expire`] has something to do.
    pub fn deadline(&self) -> Option<Mono> {
        self.watched.values().filter_map(|watched| watched.turns).min()
    }

    /// Tells what has lasted for its delay.
    pub fn expire(&mut self, now: Mono, out: &mut Vec<Settled>) {
        for watched in self.watched.values_mut() {
            if watched.turns.take_if(|at| *at <= now).is_some() {
                watched.settle(watched.is_quorate(), out);
            }
        }
    }
}

impl Watched {
    fn is_quorate(&self) -> bool {
        let count = self.running.len();
        match self.config.quorum_max {
            Some(0) => count == 0,
            most => {
                count >= usize::from(self.config.quorum) && most.is_none_or(|most| count <= most.into())
            }
        }
    }

    /// The count has changed; what that means counts after this delay.
    fn judge(&mut self, now: Mono, delay: Duration, out: &mut Vec<Settled>) {
        let quorate = self.is_quorate();
        if self.quorate == Some(quorate) {
            self.turns = None;
            return;
        }
        if self.quorate.is_none() || delay == Duration::ZERO {
            self.settle(quorate, out);
        } else if self.turns.is_none() {
            self.turns = Some(now + delay);
        }
    }

    fn settle(&mut self, quorate: bool, out: &mut Vec<Settled>) {
        self.turns = None;
        self.quorate = Some(quorate);
        out.push(Settled { name: self.config.name.clone(), quorate });
    }
}

/// Both look for the same processes.
fn same(one: &TrackProcess, other: &TrackProcess) -> bool {
    let what = |config: &TrackProcess| {
        (config.process.clone(), config.parameters.clone(), config.parameter_match, config.full_command)
    };
    what(one) == what(other)
}

/// As keepalived compares: the whole name, which the kernel cuts at 15 bytes, or the first word of the command line
/// and its parameters.
fn is_meant(config: &TrackProcess, identity: &Identity) -> bool {
    if !config.full_command {
        return identity.name == config.process.as_bytes();
    }
    let Some((program, parameters)) = identity.command.split_first() else { return false };
    let wanted = &config.parameters;
    let begins_with = |wanted: &[String]| {
        parameters.len() >= wanted.len()
            && wanted.iter().zip(parameters).all(|(wanted, parameter)| wanted.as_bytes() == parameter)
    };
    program == config.process.as_bytes()
        && match config.parameter_match {
            ParameterMatch::Any => true,
            ParameterMatch::Exact => parameters.len() == wanted.len() && begins_with(wanted),
            ParameterMatch::Partial => begins_with(wanted),
            ParameterMatch::Initial => wanted.split_last().is_none_or(|(last, before)| {
                let place = parameters.get(before.len());
                begins_with(before) && place.is_some_and(|place| place.starts_with(last.as_bytes()))
            }),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(words: &str) -> TrackProcess {
        let mut words = words.split(' ').map(str::to_owned);
        let process = words.next().unwrap();
        let parameters: Vec<String> = words.collect();
        let any = parameters.is_empty();
        TrackProcess {
            name: "p".into(),
            process,
            full_command: !any,
            parameter_match: if any { ParameterMatch::Any } else { ParameterMatch::Exact },
            parameters,
            weight: 0,
            reverse: false,
            quorum: 1,
            quorum_max: None,
            terminate_delay: Duration::ZERO,
            fork_delay: Duration::ZERO,
        }
    }

    fn runs(command: &str) -> Identity {
        let command: Vec<Vec<u8>> = command.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        let program = command[0].rsplit(|byte| *byte == b'/').next().unwrap();
        Identity { name: program[..program.len().min(15)].to_vec(), command }
    }

    /// What keepalived 2.2.7 takes for the process.
    #[test]
    fn names_and_command_lines() {
        let full =
            |words, parameter_match| TrackProcess { full_command: true, parameter_match, ..process(words) };
        use ParameterMatch::*;
        let one = runs("/tmp/w/pname 100");
        let two = runs("/tmp/w/pname 1000 50");
        let bare = runs("/tmp/w/pname");
        let cases = [
            (process("pname"), [true, true, true]),
            (process("/tmp/w/pname"), [false, false, false]),
            (full("/tmp/w/pname", Any), [true, true, true]),
            (full("pname", Any), [false, false, false]),
            (process("/tmp/w/pname 100"), [true, false, false]),
            (full("/tmp/w/pname 10", Initial), [true, true, false]),
            (full("/tmp/w/pname 1000 5", Initial), [false, true, false]),
            (full("/tmp/w/pname", Partial), [true, true, true]),
            (full("/tmp/w/pname", Initial), [true, true, true]),
            (full("/tmp/w/pname 100", Partial), [true, false, false]),
            (full("/tmp/w/pname 1000", Partial), [false, true, false]),
            (full("/tmp/w/pname", Exact), [false, false, true]),
        ];
        for (config, meant) in cases {
            assert_eq!(
                [&one, &two, &bare].map(|identity| is_meant(&config, identity)),
                meant,
                "{config:?}"
            );
        }
        let long = runs("/tmp/w/averyverylongprocessname");
        assert!(!is_meant(&process("averyverylongprocessname"), &long), "the kernel knows 15 bytes of it");
        assert!(is_meant(&process("averyverylongpr"), &long));
        let kernel_thread = Identity { name: b"kthreadd".to_vec(), command: Vec::new() };
        assert!(is_meant(&process("kthreadd"), &kernel_thread));
        assert!(!is_meant(&full("kthreadd", Any), &kernel_thread));
    }

    /// What happens, when, and what it settles.
    struct Story {
        processes: Processes,
        out: Vec<Settled>,
    }

    impl Story {
        fn of(config: TrackProcess, running: &[Pid]) -> (Story, Option<bool>) {
            let mut story = Story { processes: Processes::default(), out: Vec::new() };
            story.processes.configure(&[config]);
            let first = story.scan(0, running);
            (story, first)
        }

        fn said(&mut self) -> Option<bool> {
            assert!(self.out.len() <= 1);
            self.out.pop().map(|settled| settled.quorate)
        }

        fn scan(&mut self, ms: u64, running: &[Pid]) -> Option<bool> {
            let other = (9999, runs("/bin/other"));
            let all: Vec<_> = running.iter().map(|pid| (*pid, runs("/bin/p"))).chain([other]).collect();
            self.processes.scan(at(ms), &all, &mut self.out);
            self.said()
        }

        fn starts(&mut self, ms: u64, pid: Pid) -> Option<bool> {
            self.processes.became(at(ms), pid, &runs("/bin/p"), &mut self.out);
            self.said()
        }

        fn forks(&mut self, ms: u64, parent: Pid, child: Pid) -> Option<bool> {
            self.processes.forked(at(ms), parent, child, &mut self.out);
            self.said()
        }

        fn ends(&mut self, ms: u64, pid: Pid) -> Option<bool> {
            self.processes.ended(at(ms), pid, &mut self.out);
            self.said()
        }

        fn due(&mut self, ms: u64) -> Option<bool> {
            assert_eq!(self.processes.deadline(), Some(at(ms)));
            self.processes.expire(at(ms), &mut self.out);
            self.said()
        }
    }

    fn at(ms: u64) -> Mono {
        Mono::ZERO + Duration::from_millis(ms)
    }

    #[test]
    fn quorums() {
        let (mut story, first) = Story::of(TrackProcess { quorum: 2, ..process("p") }, &[1]);
        assert_eq!(first, Some(false));
        assert_eq!(story.starts(1, 2), Some(true));
        assert_eq!(story.starts(2, 2), None, "it runs already");
        assert_eq!(story.ends(3, 7), None, "a stranger");
        assert_eq!(story.ends(4, 1), Some(false));
        let (mut story, first) = Story::of(TrackProcess { quorum_max: Some(1), ..process("p") }, &[1]);
        assert_eq!(first, Some(true));
        assert_eq!(story.starts(1, 2), Some(false));
        assert_eq!(story.ends(2, 1), Some(true));
        assert_eq!(story.ends(3, 2), Some(false), "one it must be");
        let (mut story, first) = Story::of(TrackProcess { quorum_max: Some(0), ..process("p") }, &[1]);
        assert_eq!(first, Some(false));
        assert_eq!(story.ends(3, 1), Some(true));
    }

    #[test]
    fn another_program_or_name_is_another_process() {
        let (mut story, _) = Story::of(process("p"), &[1]);
        story.processes.became(at(1), 1, &runs("/bin/other"), &mut story.out);
        assert_eq!(story.said(), Some(false));
        assert_eq!(story.starts(2, 1), Some(true));
    }

    #[test]
    fn a_restart_within_the_delay_is_nothing() {
        let delayed = TrackProcess { terminate_delay: Duration::from_secs(2), ..process("p") };
        let (mut story, _) = Story::of(delayed, &[1]);
        assert_eq!(story.ends(1000, 1), None);
        assert_eq!(story.starts(2999, 2), None);
        assert_eq!(story.processes.deadline(), None);
        assert_eq!(story.ends(4000, 2), None);
        assert_eq!(story.due(6000), Some(false));
        assert_eq!(story.starts(7000, 3), Some(true), "a start does not wait");
    }

    #[test]
    fn a_child_that_soon_runs_something_else_is_nothing() {
        let patient =
            TrackProcess { quorum_max: Some(1), fork_delay: Duration::from_secs(1), ..process("p") };
        let (mut story, _) = Story::of(patient.clone(), &[1]);
        assert_eq!(story.forks(1000, 1, 2), None);
        story.processes.became(at(1500), 2, &runs("/bin/other"), &mut story.out);
        assert_eq!((story.said(), story.processes.deadline()), (None, None));
        assert_eq!(story.forks(2000, 1, 3), None);
        assert_eq!(story.due(3000), Some(false));
        assert_eq!(story.ends(4000, 3), Some(true));
        let (mut story, _) = Story::of(TrackProcess { quorum: 2, ..process("p") }, &[1]);
        assert_eq!(story.forks(1, 2, 3), None, "no child of ours");
        assert_eq!(story.forks(1, 1, 3), Some(true), "without delay at once");
    }

    #[test]
    fn a_scan_makes_up_for_what_was_lost() {
        let (mut story, _) = Story::of(process("p"), &[1, 2]);
        assert_eq!(story.scan(1, &[3]), None);
        assert_eq!(story.ends(2, 1), None);
        assert_eq!(story.scan(3, &[]), Some(false));
        assert_eq!(story.scan(4, &[]), None);
        assert_eq!(story.scan(5, &[8]), Some(true));
    }

    #[test]
    fn a_reload_keeps_what_looks_for_the_same() {
        let (mut story, _) = Story::of(process("p"), &[1]);
        story.processes.configure(&[TrackProcess { quorum: 2, ..process("p") }]);
        assert_eq!(story.processes.known().count(), 1);
        assert_eq!(story.scan(1, &[1]), Some(false));
        story.processes.configure(&[process("q")]);
        assert_eq!(story.processes.known().count(), 0);
        assert_eq!(story.scan(1, &[1]), Some(false));
    }
}
