//! Several instances on one host and one reload after the other: what the wire, the FIFO, the scripts, the log and the
//! kernel say of each, from the start to the stop. Many instances share a run, since what costs time is the waiting.

mod destinations;
mod dumps;
mod elections;
mod interfaces;
mod notify;
mod reloads;
mod strangers;
mod tracking;

use super::facts::Facts;
use super::lifecycle::Router;
use crate::differential::reloads::observed;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Recorder, Subject};
use crate::support::fifo::Pipe;
use crate::support::runner::Case;
use crate::support::wait;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

pub fn cases() -> Vec<Case> {
    [
        tracking::cases(),
        reloads::cases(),
        strangers::cases(),
        notify::cases(),
        destinations::cases(),
        dumps::cases(),
        elections::cases(),
        interfaces::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A run. In the texts of its configurations `@SCRIPT@` is the recording script and `@DIR@` the node's directory.
pub struct Journey {
    pub router: Router,
    pub recorder: Recorder,
    pub capture: Capture,
    pub daemon: Daemon,
    pub facts: Facts,
    fifo: Mutex<(Pipe, Vec<String>)>,
    reloaded: Mutex<Instant>,
}

/// What stands before the instances: a FIFO that is told of everything.
pub const GLOBAL: &str =
    "global_defs {\n script_user root\n vrrp_notify_fifo @DIR@/fifo\n vrrp_notify_priority_changes\n}\n";

/// An instance that speaks five times a second, and has a script.
pub fn instance(name: &str, vrid: u8, lines: &str) -> String {
    let interface = if lines.contains("interface eth") { "" } else { "interface eth0\n" };
    let addresses = if lines.contains("virtual_ipaddress") {
        String::new()
    } else {
        format!("virtual_ipaddress {{\n 10.0.0.{vrid}/24\n }}\n")
    };
    let version = if lines.contains("version") { "" } else { "version 3\n advert_int 0.2\n" };
    format!(
        "vrrp_instance {name} {{\n {interface} virtual_router_id {vrid}\n {version} {lines}\n {addresses} \
         notify @SCRIPT@\n}}\n"
    )
}

impl Journey {
    /// Starts on a router of its own, which `prepare` may change first.
    pub fn start(subject: Subject, prepare: impl FnOnce(&Router), text: &str) -> Journey {
        let router = Router::new();
        prepare(&router);
        let recorder = Recorder::new(&router.node);
        let pipe = Pipe::make(&router.node.dir.join("fifo"));
        let capture = Capture::start(&router.node);
        let text = places(&router, &recorder, text);
        let daemon = Daemon::start(subject, &router.node, &text);
        let fifo = Mutex::new((pipe, Vec::new()));
        Journey {
            router,
            recorder,
            capture,
            daemon,
            facts: Facts::default(),
            fifo,
            reloaded: Mutex::new(Instant::now()),
        }
    }

    /// Reads another configuration.
    #[track_caller]
    pub fn reload(&self, text: &str) {
        self.daemon.reload(&places(&self.router, &self.recorder, text));
        self.again();
    }

    /// What was said until now does not count any more.
    pub fn again(&self) {
        *self.reloaded.lock().unwrap() = Instant::now();
    }

    /// The lines of the FIFO until now.
    pub fn told(&self) -> Vec<String> {
        let (pipe, told) = &mut *self.fifo.lock().unwrap();
        told.extend(pipe.lines());
        told.clone()
    }

    /// Waits until the FIFO has this line.
    #[track_caller]
    pub fn await_told(&self, line: &str) {
        wait::value(
            &format!("{line:?} in the FIFO"),
            wait::seconds(15),
            || self.told().iter().any(|told| told == line).then_some(()),
            || format!("{}\n{}", self.told().join("\n"), self.daemon.process().log()),
        );
    }

    /// What each virtual router has said since the last change, by which interface.
    fn words(&self) -> BTreeMap<u8, Vec<(u8, String)>> {
        let since = *self.reloaded.lock().unwrap();
        let mut words: BTreeMap<u8, Vec<(u8, String)>> = BTreeMap::new();
        let by = |interface| {
            let sent = self.capture.adverts_sent(interface).into_iter();
            sent.map(move |(at, advert)| (at, interface, advert))
        };
        let mut sent: Vec<_> = by("eth0").chain(by("eth1")).filter(|(at, ..)| *at >= since).collect();
        sent.sort_by_key(|(at, ..)| *at);
        for (_, interface, advert) in sent {
            let of_router = words.entry(advert.vrrp.get(1).copied().unwrap_or(0)).or_default();
            let text = format!("{interface} {} {}", advert.source, observed::said(&advert));
            of_router.push((advert.priority(), text));
        }
        words
    }

    /// Waits until each of these virtual routers says this priority, and says it again; with 0 until its address is
    /// gone. Notes what they say then.
    #[track_caller]
    pub fn settle(&mut self, when: &str, expected: &[(u8, u8)]) {
        let settled = |words: &BTreeMap<u8, Vec<(u8, String)>>, vrid: u8, priority: u8| {
            if priority == 0 {
                return !self.router.node.has("eth0", &format!("10.0.0.{vrid}/24"));
            }
            let of_router = words.get(&vrid).map_or(&[][..], Vec::as_slice);
            let mut last = of_router.iter().rev().take(3);
            of_router.len() > 3 && last.all(|(said, _)| *said == priority)
        };
        wait::value(
            &format!("{when}: priorities {expected:?}"),
            wait::seconds(15),
            || {
                let words = self.words();
                expected.iter().all(|(vrid, priority)| settled(&words, *vrid, *priority)).then_some(())
            },
            || {
                let words = self.words();
                let last = words.values().filter_map(|said| said.last()).map(|(_, text)| text.clone());
                let last: Vec<String> = last.collect();
                format!("{}\n{}\n{}", last.join("\n"), self.told().join("\n"), self.daemon.process().log())
            },
        );
        let words = self.words();
        for (vrid, priority) in expected.iter().filter(|(_, priority)| *priority > 0) {
            let last = words.get(vrid).and_then(|said| said.last()).map(|(_, text)| text.clone());
            self.facts.note(format!("{vrid} {when}, with {priority}"), last.unwrap_or_default());
        }
    }

    /// The addresses of the host now.
    pub fn note_addresses(&mut self, when: &str) {
        let mut lines = Vec::new();
        for interface in ["eth0", "eth1"] {
            let own = self.router.node.addresses(interface).into_iter();
            lines.extend(own.map(|line| format!("{interface} {line}")));
        }
        lines.sort();
        self.facts.list(format!("addresses {when}"), &lines);
    }

    /// Notes the calls of scripts until now, when these have come.
    pub fn note_calls(&mut self, when: &str, expected: &[&str]) {
        for call in expected {
            self.recorder.await_call(call, 1);
        }
        self.facts.calls(format!("script calls {when}"), self.recorder.calls());
    }

    /// Stops it, and notes all that was said and told, by instance.
    pub fn finish(mut self) -> Facts {
        let status = self.daemon.stop();
        self.facts.note("exit status", status.to_string());
        let told = self.told();
        // Of priorities 2.2.7 has its own words at a reload.
        let states: Vec<String> = told.iter().filter(|line| !line.contains("_PRIORITY")).cloned().collect();
        self.note_by_name("FIFO", &states, |line| line.split('"').nth(1).unwrap_or_default().to_owned());
        let stopped = told.iter().filter(|line| line.starts_with("INSTANCE ") && line.contains(" STOP "));
        let stopped = stopped.count();
        let mut calls = Vec::new();
        // Those of groups have no place in an order: nothing more comes for as long as a script takes.
        wait::until("the scripts of the stop", wait::seconds(5), || {
            std::thread::sleep(Duration::from_millis(100));
            let before = std::mem::replace(&mut calls, self.recorder.calls());
            let instances =
                calls.iter().filter(|call| call.contains("INSTANCE ") && call.contains(" STOP "));
            instances.count() >= stopped && before == calls
        });
        self.facts.calls("script calls", calls);
        self.facts
    }

    /// Notes the lines of each subject in their order: that of the subjects is chance.
    fn note_by_name(&mut self, what: &str, lines: &[String], name: impl Fn(&str) -> String) {
        let mut sorted: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for line in lines {
            sorted.entry(name(line)).or_default().push(line);
        }
        for (name, lines) in sorted {
            self.facts.list(format!("{what} of {name}"), &lines);
        }
    }
}

fn places(router: &Router, recorder: &Recorder, text: &str) -> String {
    let dir = router.node.dir.display().to_string();
    text.replace("@SCRIPT@", &recorder.script()).replace("@DIR@", &dir)
}
