//! A director with its reconciler and a kernel, in virtual time: what the daemon does, without the rest.

use std::collections::{BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::{CheckKind, Config};
use standfast::health::outcome::{Failure, Outcome, Success};
use standfast::lvs::action::{Action, CheckerId, ScriptEvent};
use standfast::lvs::director::Director;
use standfast::lvs::event::Event;
use standfast::objects::ipvs::Op;
use standfast::reconcile::ipvs::Table;
use standfast::report;
use standfast::time::Mono;

use super::kernel::Kernel;

const ENOMEM: i32 = 12;

pub struct Node {
    pub now: Mono,
    pub director: Director,
    pub table: Table,
    pub kernel: Kernel,
    /// Log lines; scripts as `run NAME`.
    pub said: Vec<String>,
    /// Mails: subject and body.
    pub mailed: Vec<(String, String)>,
    /// What the kernel was told.
    pub ops: Vec<Op>,
    /// Probes that wait for their answer.
    pub probes: Vec<(CheckerId, u64, usize)>,
    /// Which of the next operations the kernel refuses.
    pub refusals: VecDeque<bool>,
    /// What scripts that end well say of the weight.
    pub says: Option<u32>,
    watched: bool,
}

impl Node {
    pub fn start(config: Arc<Config>, kernel: Kernel) -> Self {
        Node::with(config, kernel, true, [])
    }

    /// With what was told of files and sessions before.
    pub fn start_told(config: Arc<Config>, known: impl IntoIterator<Item = Event>) -> Self {
        Node::with(config, Kernel::default(), true, known)
    }

    /// Without a look at every stage of a batch, for big tables.
    pub fn start_big(config: Arc<Config>) -> Self {
        Node::with(config, Kernel::default(), false, [])
    }

    fn with(
        config: Arc<Config>,
        kernel: Kernel,
        watched: bool,
        known: impl IntoIterator<Item = Event>,
    ) -> Self {
        let mut out = Vec::new();
        let mut table = Table::default();
        table.adopt(kernel.dump());
        let director = Director::new(Mono::ZERO, config, 1, known, &mut out);
        let mut node = Node {
            now: Mono::ZERO,
            director,
            table,
            kernel,
            said: Vec::new(),
            mailed: Vec::new(),
            ops: Vec::new(),
            probes: Vec::new(),
            refusals: VecDeque::new(),
            says: None,
            watched,
        };
        node.carry_out(out);
        node
    }

    pub fn handle(&mut self, event: Event) {
        let mut out = Vec::new();
        self.director.handle(self.now, event, &mut out);
        self.carry_out(out);
    }

    /// Lets time pass; every probe is answered at once.
    pub fn run(&mut self, span: Duration, answer: impl Fn(IpAddr, usize) -> bool) {
        let end = self.now + span;
        while let Some(deadline) = self.director.deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            self.expire();
            for (checker, generation, url) in std::mem::take(&mut self.probes) {
                let check = self.director.check(checker).unwrap();
                let outcome = match (answer(check.target.ip(), url), &check.kind) {
                    (true, CheckKind::Misc(_)) => Outcome::Success(Success::Ran { weight: self.says }),
                    (well, _) => outcome(well, url),
                };
                self.handle(Event::Probed { checker, generation, outcome });
            }
        }
        self.now = end;
    }

    pub fn expire(&mut self) {
        let mut out = Vec::new();
        self.director.expire(self.now, &mut out);
        self.carry_out(out);
    }

    /// What was said since the last time.
    pub fn heard(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    /// What was mailed since the last time.
    pub fn mailed(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.mailed)
    }

    /// What the kernel was told since the last time.
    pub fn written(&mut self) -> Vec<Op> {
        std::mem::take(&mut self.ops)
    }

    fn carry_out(&mut self, out: Vec<Action>) {
        for action in out {
            match action {
                Action::Probe { checker, generation, url } => self.probes.push((checker, generation, url)),
                Action::Program(service) => {
                    for (key, pool) in self.director.desired(service) {
                        self.table.want(key, pool);
                    }
                }
                Action::Adjust { service, destination, wanted } => {
                    self.table.want_destination(service, destination, wanted);
                }
                Action::Retire(keys) => self.table.release(keys),
                Action::Run(ScriptEvent { command: Some(command), .. }) => {
                    self.said.push(format!("run {}", command.argv.join(" ")));
                }
                Action::Run(_) => {}
                Action::Mail(alert) => {
                    let words = report::mail::lvs(&alert);
                    self.mailed.extend(words.map(|words| (words.subject, words.body)));
                }
                Action::Note(note) => self.said.push(report::lvs::render(&note).text),
            }
        }
        self.reconcile();
    }

    /// Carries out what is pending, and checks that no pool is empty on the way from one that serves to
    /// another that serves.
    pub fn reconcile(&mut self) {
        let before = if self.watched { self.kernel.serving() } else { BTreeSet::new() };
        let mut stages = Vec::new();
        for op in self.table.pending(self.now) {
            let refused = self.refusals.pop_front().unwrap_or(false);
            let result = if refused { Err(ENOMEM) } else { self.kernel.apply(&op) };
            self.table.done(self.now, &op, result);
            if self.watched {
                stages.push((self.kernel.serving(), result));
            }
            self.ops.push(op);
        }
        if !self.watched || stages.iter().any(|(_, result)| result.is_err()) {
            return;
        }
        let throughout: BTreeSet<_> = before.intersection(&self.kernel.serving()).copied().collect();
        for (serving, _) in &stages {
            assert!(serving.is_superset(&throughout), "a pool was empty in between: {:?}", self.ops);
        }
    }
}

pub fn outcome(success: bool, url: usize) -> Outcome {
    if success {
        Outcome::Success(if url > 0 {
            Success::Http {
                url,
                status: 200,
                digest_compared: false,
                pattern_compared: false,
                length: None,
            }
        } else {
            Success::Connected
        })
    } else {
        Outcome::Failure(Failure::Connect(111))
    }
}
