//! Random sequences of edits of the configuration under a running standfast, a reload after each: the kernel and the wire
//! are compared with a model that is independent of the program. keepalived is no oracle here: see `faults` for what its
//! reload does.
//!
//! `RELOAD_SEED=n` replays one sequence and tells its history; `RELOAD_SEEDS=n` sets how many are run (from
//! `RELOAD_FIRST` on), `RELOAD_EDITS=n` how long each of them is.

mod edits;
mod file;
pub mod observed;

use super::lifecycle::{Router, sysctls};
use crate::support::capture::Capture;
use crate::support::chance::Chance;
use crate::support::daemon::{Daemon, Subject};
use crate::support::metronome::{Metronome, waited_for_processor};
use crate::support::runner::{Case, number};
use crate::support::wait;
use file::{FILES, File, Instance, TRACKED_LINKS};
use nix::sys::signal::Signal;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Sequences of the ordinary run, and edits in each: they run beside each other, a quarter of a minute each.
const SEEDS: u64 = 4;
const EDITS: u64 = 12;
/// How much longer than its interval a master may be silent, beside the time in which the machine let nobody do
/// anything.
const LATE: Duration = Duration::from_millis(100);

pub fn cases() -> Vec<Case> {
    let first = number("RELOAD_SEED").or_else(|| number("RELOAD_FIRST")).unwrap_or(1);
    let count = if number("RELOAD_SEED").is_some() { 1 } else { number("RELOAD_SEEDS").unwrap_or(SEEDS) };
    let edits = number("RELOAD_EDITS").unwrap_or(EDITS);
    let case = |seed| Case::new(format!("reloads::seed_{seed}"), move || run(seed, edits));
    let moved = Case::new("reloads::virtual_mac_moves", virtual_mac_moves);
    std::iter::once(moved).chain((first..first + count).map(case)).collect()
}

/// A host with a daemon, and what the model says of it.
struct Run {
    name: String,
    file: File,
    history: String,
    /// Without our part.
    bare: BTreeSet<String>,
    bare_sysctls: Vec<String>,
    router: Router,
    daemon: Daemon,
    capture: Capture,
    metronome: Metronome,
    /// How long VRRP's thread had waited for a processor before the last edit.
    waited: Duration,
    /// Edits of which nothing can be said: a master that was held up as well had to listen first.
    excused: u64,
    /// Since when all is as it must be.
    settled: Instant,
}

fn run(seed: u64, edits: u64) {
    let mut chance = Chance::new(seed);
    let mut run = Run::start(format!("RELOAD_SEED={seed}"), File::draw(&mut chance));
    let mut made = 0;
    while made - run.excused < edits && made < edits * 2 {
        made += 1;
        run.rest(chance.span(Duration::ZERO, Duration::from_millis(300)));
        if chance.percent(15) {
            run.refused(&mut chance);
        } else {
            let count = chance.pick(&[0, 1, 1, 1, 1, 2, 3]);
            run.edit(|file| (0..count).map(|_| file.edit(&mut chance)).collect());
        }
    }
    run.stop();
    let judged = made + 1 - run.excused;
    run.check(judged * 3 >= edits, || format!("the machine stood still: {judged} of {made} edits judged"));
    if number("RELOAD_SEED").is_some() {
        println!("{}", run.history);
    }
}

/// The name of the device stays, the device cannot: nothing of the old may be taken for the new.
fn virtual_mac_moves() {
    let mut chance = Chance::new(1);
    let mut file = File::default();
    while !file.instances.iter().any(|instance| instance.vmac && !instance.unicast) {
        file = File::draw(&mut chance);
    }
    let mut run = Run::start("a virtual MAC moves".to_owned(), file);
    for _ in 0..2 {
        run.edit(|file| {
            let moves = file.instances.iter_mut().filter(|instance| instance.vmac);
            moves.for_each(|instance| instance.link = 1 - instance.link);
            vec!["virtual MACs on the other interface".to_owned()]
        });
    }
    run.stop();
}

impl Run {
    fn start(name: String, file: File) -> Run {
        let router = Router::new();
        let node = &router.node;
        for (index, name) in TRACKED_LINKS.iter().enumerate() {
            let peer = format!("peer{index}");
            node.sh(&format!("ip link add {name} type veth peer name {peer} && ip link set {peer} up"));
        }
        node.sh(&format!("ip link set {} up", TRACKED_LINKS[0]));
        for (name, value) in FILES {
            std::fs::write(node.dir.join(name), value.to_string()).unwrap();
        }
        let (bare, bare_sysctls) = (observed::kernel(node), sysctls(node));
        let capture = Capture::start(node);
        let metronome = Metronome::start(node, "peer0");
        let text = file.text(&node.dir);
        let daemon = Daemon::start(Subject::Standfast, node, &text);
        let settled = Instant::now();
        let mut run = Run {
            history: format!("{name}\n{text}"),
            name,
            file,
            bare,
            bare_sysctls,
            router,
            daemon,
            capture,
            metronome,
            waited: Duration::ZERO,
            excused: 0,
            settled,
        };
        run.settle(&File::default(), settled);
        run
    }

    /// A moment from which on it counts what the machine takes.
    fn now(&mut self) -> Instant {
        self.waited = waited_for_processor(self.daemon.pid(), "vrrp");
        Instant::now()
    }

    /// One reload that may differ in several places.
    fn edit(&mut self, change: impl FnOnce(&mut File) -> Vec<String>) {
        let before = self.file.clone();
        for said in change(&mut self.file) {
            writeln!(self.history, "edit: {said}").unwrap();
        }
        let text = self.file.text(&self.router.node.dir);
        writeln!(self.history, "{text}").unwrap();
        let asked = self.now();
        self.daemon.reload(&text);
        self.settle(&before, asked);
        self.judge(&before, asked);
    }

    /// A text that must change nothing.
    fn refused(&mut self, chance: &mut Chance) {
        let directory = self.router.node.dir.clone();
        let (why, text) = edits::spoil(&self.file, &directory, chance);
        writeln!(self.history, "refused: {why}").unwrap();
        let count = self.daemon.process().count("Reload refused");
        let asked = self.now();
        std::fs::write(directory.join("keepalived.conf"), text).unwrap();
        self.daemon.signal(Signal::SIGHUP);
        while self.daemon.process().count("Reload refused") == count {
            self.check(asked.elapsed() < wait::seconds(20), || "it is not refused".to_owned());
            std::thread::sleep(Duration::from_millis(10));
        }
        let before = self.file.clone();
        self.settle(&before, asked);
        self.judge(&before, asked);
    }

    /// Nothing moves while nothing is asked for.
    fn rest(&mut self, pause: Duration) {
        std::thread::sleep(pause);
        let wrong = self.wrong_in_kernel();
        if !wrong.is_empty() {
            let file = self.file.clone();
            let excused = self.is_excused(&file, self.settled);
            self.check(excused, || format!("it did not stay so:\n{wrong}"));
            self.settle(&file, self.settled);
        }
        let held: BTreeSet<String> = self.held();
        let announced = file::LINKS.iter().flat_map(|link| self.capture.announcements(link));
        let stray: BTreeSet<String> = announced
            .filter(|(at, _)| *at > self.settled)
            .map(|(_, (address, _))| address.to_string())
            .filter(|address| !held.contains(address))
            .collect();
        self.check(stray.is_empty(), || format!("announced, but not held: {stray:?}"));
    }

    /// The addresses that are to be set, without their prefix.
    fn held(&self) -> BTreeSet<String> {
        let standings = self.file.standings();
        let masters = self.file.instances.iter().filter(|instance| standings[&instance.vrid].master);
        masters.flat_map(Instance::held).map(|(_, net)| bare_address(&net)).collect()
    }

    fn wrong_in_kernel(&self) -> String {
        let wanted: BTreeSet<String> = self.file.kernel().union(&self.bare).cloned().collect();
        let found = observed::kernel(&self.router.node);
        let mut wrong = String::new();
        for line in wanted.difference(&found) {
            writeln!(wrong, "missing: {line}").unwrap();
        }
        for line in found.difference(&wanted) {
            writeln!(wrong, "left over: {line}").unwrap();
        }
        wrong
    }

    /// Adverts that are not what each master must send last, and silence or resignations that are still missing.
    fn wrong_on_the_wire(&self, before: &File, asked: Instant) -> String {
        let standings = self.file.standings();
        let mut wrong = String::new();
        for instance in self.file.instances.iter().filter(|instance| standings[&instance.vrid].master) {
            let wanted = observed::to_say(instance, standings[&instance.vrid]);
            let last = observed::adverts(&self.capture, instance.link, instance.vrid)
                .into_iter()
                .rfind(|(at, _)| *at > asked)
                .map_or("silent".to_owned(), |(_, advert)| observed::said(&advert));
            if last != wanted {
                writeln!(wrong, "{}: {last}\n   instead of {wanted}", instance.name).unwrap();
            }
            if let Some(had) = self.stays(before, instance) {
                let known: Vec<_> = had.held().collect();
                for (device, net) in instance.held().filter(|held| !known.contains(held)) {
                    let (link, address) = (on_wire(instance, &device), bare_address(&net));
                    let told = self.capture.announcements(link).into_iter();
                    if !told.into_iter().any(|(at, (told, _))| at > asked && told.to_string() == address) {
                        writeln!(wrong, "{}: {address} is not announced on {link}", instance.name).unwrap();
                    }
                }
            }
        }
        for gone in self.leavers(before).filter(|_| !self.is_excused(before, asked)) {
            if self.resignations(gone, asked) == 0 {
                writeln!(wrong, "{} has not resigned", gone.name).unwrap();
            }
        }
        wrong
    }

    /// What an instance was before, if it is master before and after the edit and may not stop being it.
    fn stays<'f>(&self, before: &'f File, instance: &Instance) -> Option<&'f Instance> {
        let had = before.instance(instance.vrid).filter(|had| had.identity() == instance.identity())?;
        let master = before.standings()[&had.vrid].master && self.file.standings()[&had.vrid].master;
        master.then_some(had)
    }

    /// Masters before that must leave.
    fn leavers<'f>(&'f self, before: &'f File) -> impl Iterator<Item = &'f Instance> {
        let standings = before.standings();
        let masters = before.instances.iter().filter(move |had| standings[&had.vrid].master);
        masters.filter(|had| {
            let now = self.file.instance(had.vrid);
            now.is_none_or(|now| self.stays(before, now).is_none())
        })
    }

    fn resignations(&self, instance: &Instance, since: Instant) -> usize {
        let adverts = observed::adverts(&self.capture, instance.link, instance.vrid);
        adverts.iter().filter(|(at, advert)| *at > since && advert.priority() == 0).count()
    }

    /// Waits until kernel and wire are as the model has them.
    fn settle(&mut self, before: &File, asked: Instant) {
        let start = Instant::now();
        loop {
            let mut wrong = self.wrong_on_the_wire(before, asked);
            if wrong.is_empty() {
                wrong = self.wrong_in_kernel();
            }
            if wrong.is_empty() {
                break;
            }
            self.check(start.elapsed() < wait::seconds(20), || wrong);
            std::thread::sleep(Duration::from_millis(25));
        }
        self.settled = Instant::now();
    }

    /// Whether the machine stood still for so long that a master had to listen before it spoke.
    fn is_excused(&self, before: &File, asked: Instant) -> bool {
        let intervals = before.instances.iter().chain(&self.file.instances).map(|one| one.interval);
        let shortest = Duration::from_millis(10 * u64::from(intervals.min().unwrap_or(0)));
        let longest = self.metronome.longest(asked, Instant::now());
        longest > shortest * 3 / 2 || self.waited() > shortest * 3 / 2
    }

    fn waited(&self) -> Duration {
        waited_for_processor(self.daemon.pid(), "vrrp").saturating_sub(self.waited)
    }

    /// What the machine takes from the daemon's thread and from anybody, between the two.
    fn held_up(&self, from: Instant, to: Instant) -> Duration {
        self.metronome.held_up(from, to) + self.waited()
    }

    /// What must be true of the way to where we are.
    fn judge(&mut self, before: &File, asked: Instant) {
        if self.is_excused(before, asked) {
            self.excused += 1;
            return;
        }
        let mut wrong = String::new();
        for instance in &self.file.instances {
            let Some(had) = self.stays(before, instance) else { continue };
            if self.resignations(instance, asked) != 0 {
                writeln!(wrong, "{} resigned", instance.name).unwrap();
            }
            let adverts = observed::adverts(&self.capture, instance.link, instance.vrid);
            let earlier = adverts.partition_point(|(at, _)| *at <= asked).saturating_sub(1);
            for pair in adverts[earlier..].windows(2) {
                let held_up = self.held_up(pair[0].0, pair[1].0);
                let (gap, limit) = (pair[1].0 - pair[0].0, observed::interval(&pair[0].1) + LATE + held_up);
                if gap > limit {
                    writeln!(wrong, "{} was silent for {gap:?}, more than {limit:?}", instance.name)
                        .unwrap();
                }
            }
            let known = [had, instance].map(|instance| (instance.priority, instance.script, instance.file));
            let priorities: BTreeSet<u8> = adverts[earlier..].iter().map(|(_, a)| a.priority()).collect();
            let same_group = before.group_of(had.vrid).map(|group| group.weights)
                == self.file.group_of(had.vrid).map(|group| group.weights);
            if known[0] == known[1] && had.watched == instance.watched && same_group && priorities.len() > 1
            {
                writeln!(wrong, "{}: priorities {priorities:?}", instance.name).unwrap();
            }
        }
        for gone in self.leavers(before) {
            let count = self.resignations(gone, asked);
            if count != 1 {
                writeln!(wrong, "{} resigned {count} times", gone.name).unwrap();
            }
        }
        self.check(wrong.is_empty(), || wrong);
    }

    fn stop(&mut self) {
        let before = std::mem::take(&mut self.file);
        let asked = self.now();
        let status = self.daemon.stop();
        writeln!(self.history, "stop").unwrap();
        self.check(status.success(), || format!("it ended with {status}"));
        self.settle(&before, asked);
        self.judge(&before, asked);
        self.metronome.end();
        let node = &self.router.node;
        let left: Vec<String> =
            sysctls(node).into_iter().filter(|line| !self.bare_sysctls.contains(line)).collect();
        self.check(left.is_empty(), || format!("sysctls after the stop: {left:?}"));
        let tables = node.sh("nft list tables");
        self.check(tables.is_empty(), || format!("tables after the stop: {tables}"));
    }

    #[track_caller]
    fn check(&self, fine: bool, wrong: impl FnOnce() -> String) {
        if !fine {
            let (history, log) = (&self.history, self.daemon.process().log());
            panic!("{history}\n{log}\n{} failed:\n{}", self.name, wrong());
        }
    }
}

fn bare_address(net: &str) -> String {
    net.split('/').next().unwrap_or_default().to_owned()
}

/// The interface by which frames of a device leave the host.
fn on_wire<'d>(instance: &Instance, device: &'d str) -> &'d str {
    if device.starts_with("vrrp.") { file::LINKS[instance.link] } else { device }
}
