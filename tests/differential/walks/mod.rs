//! Random walks of the state machine: a small configuration and a sequence of events, both drawn from a seed, on
//! keepalived and on standfast side by side. After each event, when both have come to rest, their addresses, their
//! states in the FIFO and the priorities on the wire must be the same.
//!
//! `WALK_SEED=n` walks one and tells its history; `WALK_SEEDS=n` sets how many are walked (from `WALK_FIRST` on),
//! `WALK_STEPS=n` how far each of them.

mod file;
mod rival;

use super::lifecycle::Router;
use crate::support::capture::Capture;
use crate::support::chance::Chance;
use crate::support::daemon::{Daemon, Subject};
use crate::support::fifo::Pipe;
use crate::support::runner::{Case, number};
use crate::support::wait;
use file::{FILES, FLAGS, File, LINKS, SPARE};
use rival::{Claim, Rival};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Those of the ordinary run.
const SEEDS: [u64; 6] = [2, 7, 10, 12, 13, 14];
const STEPS: u64 = 8;

pub fn cases() -> Vec<Case> {
    let steps = number("WALK_STEPS").unwrap_or(STEPS);
    let seeds: Vec<u64> = match (number("WALK_SEED"), number("WALK_SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, Some(count)) => {
            let first = number("WALK_FIRST").unwrap_or(1);
            (first..first + count).collect()
        }
        (None, None) => SEEDS.to_vec(),
    };
    let case = |seed| Case::new(format!("walks::seed_{seed}"), move || walk_twice(seed, steps));
    seeds.into_iter().map(case).collect()
}

/// A machine that stands still for a moment makes the two differ once; what differs twice is a difference.
fn walk_twice(seed: u64, steps: u64) {
    let mut failed = String::new();
    for _ in 0..2 {
        match walk(seed, steps) {
            Ok(history) => {
                if number("WALK_SEED").is_some() {
                    println!("{history}");
                }
                return;
            }
            Err(difference) => failed = difference,
        }
    }
    panic!("WALK_SEED={seed}\n{failed}");
}

/// One of the two daemons, on a host of its own.
struct Side {
    router: Router,
    daemon: Daemon,
    capture: Capture,
    pipe: Pipe,
    /// Since the last event, by name.
    told: BTreeMap<String, Vec<String>>,
    rival: Rival,
}

/// What must be the same.
#[derive(Clone, PartialEq)]
struct Seen {
    addresses: Vec<String>,
    states: BTreeMap<String, Vec<String>>,
    wire: BTreeMap<u8, String>,
}

impl Seen {
    fn text(&self) -> String {
        format!("addresses {:?}\nFIFO {:?}\nwire {:?}", self.addresses, self.states, self.wire)
    }
}

impl Side {
    fn start(subject: Subject, file: &File) -> Side {
        let router = Router::new();
        let node = &router.node;
        node.sh(&format!("ip link add {SPARE} type veth peer name peer0"));
        node.sh(&format!("ip link set peer0 up; ip link set {SPARE} up"));
        for name in FILES {
            std::fs::write(node.dir.join(name), "0").unwrap();
        }
        // A partner whose script fails first of all puts a member into FAULT that 2.2.7 does not tell of.
        for name in FLAGS {
            std::fs::write(node.dir.join(name), "").unwrap();
        }
        let pipe = Pipe::make(&node.dir.join("fifo"));
        let capture = Capture::start(node);
        let rival = Rival::new(&router.neighbour);
        let text = file.text(&node.dir.display().to_string());
        let daemon = Daemon::start(subject, node, &text);
        Side { router, daemon, capture, pipe, told: BTreeMap::new(), rival }
    }

    /// Without what is said of each announcement and each lower priority.
    fn log(&self) -> String {
        let log = self.daemon.process().log();
        let many = ["gratuitous ARP", "with lower priority"];
        let lines = log.lines().filter(|line| !many.iter().any(|words| line.contains(words)));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn see(&mut self, file: &File) -> Seen {
        // Of priorities 2.2.7 has its own words at a reload, and of each lower one it tells unasked.
        let is_state = |line: &String| !line.contains("_PRIORITY") && !line.contains("_LOWER_PRI");
        for line in self.pipe.lines().into_iter().filter(is_state) {
            let words: Vec<&str> = line.split(' ').collect();
            self.told.entry(words[1].to_owned()).or_default().push(words[2].to_owned());
        }
        let shown = self.router.node.sh("ip -4 -o addr");
        let mut addresses: Vec<String> = shown
            .lines()
            .map(|line| line.split_whitespace().skip(1).take(3).collect::<Vec<_>>().join(" "))
            .filter(|line| line.contains(" 10.9.0."))
            .collect();
        addresses.sort();
        let mut wire = BTreeMap::new();
        for instance in &file.instances {
            // It is silent that has missed more than two.
            let limit = Duration::from_millis(25 * u64::from(instance.interval()));
            let sent = self.capture.adverts_sent(LINKS[instance.link]).into_iter();
            let mut sent = sent.rev().filter(|(_, advert)| advert.vrrp.get(1) == Some(&instance.vrid));
            let last = sent.next().filter(|(at, advert)| at.elapsed() < limit && advert.priority() > 0);
            let said = last.map_or("silent".to_owned(), |(_, advert)| {
                format!("{} of {}", advert.priority(), advert.vrrp[3])
            });
            wire.insert(instance.vrid, said);
        }
        Seen { addresses, states: self.told.clone(), wire }
    }
}

/// What happens on both sides, in words and as a deed.
struct Event {
    said: String,
    deed: Box<dyn Fn(&Side)>,
}

fn shell(line: String) -> Event {
    let said = line.clone();
    Event { said, deed: Box::new(move |side| drop(side.router.node.sh(&line))) }
}

/// What is down or false, and what the rival says.
#[derive(Default)]
struct World {
    down: Vec<&'static str>,
    claims: BTreeMap<u8, u8>,
}

fn draw(chance: &mut Chance, file: &mut File, world: &mut World) -> Event {
    match chance.below(10) {
        0 | 1 => {
            let name = match world.down.first() {
                Some(name) if chance.percent(70) => name,
                _ => chance.pick(&[LINKS[0], LINKS[1], SPARE, SPARE]),
            };
            let was_down = world.down.contains(&name);
            if was_down {
                world.down.retain(|down| *down != name);
            } else {
                world.down.push(name);
            }
            shell(format!("ip link set {name} {}", if was_down { "up" } else { "down" }))
        }
        2 => {
            let (name, value) = (chance.pick(&FILES), chance.pick(&[0, 0, 1, -3, 20, 300, -300]));
            Event {
                said: format!("{name} says {value}"),
                deed: Box::new(move |side| {
                    std::fs::write(side.router.node.dir.join(name), value.to_string()).unwrap()
                }),
            }
        }
        3 => {
            let (name, there) = (chance.pick(&FLAGS), chance.percent(50));
            Event {
                said: format!("{name} is there: {there}"),
                deed: Box::new(move |side| {
                    let path = side.router.node.dir.join(name);
                    if there {
                        std::fs::write(path, "").unwrap();
                    } else {
                        let _not_there = std::fs::remove_file(path);
                    }
                }),
            }
        }
        4..=6 => claim(chance, file, world),
        _ => {
            let rivals: Vec<u8> = world.claims.keys().copied().collect();
            let said = format!("reload with {}", file.edit(chance, &rivals));
            let file = file.clone();
            Event {
                said,
                deed: Box::new(move |side| {
                    side.daemon.reload(&file.text(&side.router.node.dir.display().to_string()))
                }),
            }
        }
    }
}

/// The rival begins, goes on otherwise, resigns, or falls silent.
fn claim(chance: &mut Chance, file: &File, world: &mut World) -> Event {
    let instance = &file.instances[chance.index(file.instances.len())];
    let vrid = instance.vrid;
    if world.claims.contains_key(&vrid) && chance.percent(40) {
        world.claims.remove(&vrid);
        return Event {
            said: format!("the rival of {vrid} is gone"),
            deed: Box::new(move |side| side.rival.claim(vrid, None)),
        };
    }
    let priority = chance.pick(&[0, 1, 50, 100, 101, 150, 253, 254]);
    world.claims.insert(vrid, priority);
    let claim = Claim {
        link: instance.link,
        version: instance.version,
        priority,
        interval: instance.interval(),
        addresses: instance.addresses.iter().map(|(last, _)| *last).collect(),
    };
    Event {
        said: format!("a rival of {vrid} with {priority}"),
        deed: Box::new(move |side| side.rival.claim(vrid, Some(claim.clone()))),
    }
}

fn walk(seed: u64, steps: u64) -> Result<String, String> {
    let mut chance = Chance::new(seed);
    let mut file = File::draw(&mut chance);
    let mut world = World::default();
    let mut history = file.text("@DIR@");
    let mut sides = Subject::ALL.map(|subject| Side::start(subject, &file));
    settle(&mut sides, &file, &mut history)?;
    for _ in 0..steps {
        let event = draw(&mut chance, &mut file, &mut world);
        writeln!(history, "== {}", event.said).unwrap();
        if event.said.starts_with("reload") {
            writeln!(history, "{}", file.text("@DIR@")).unwrap();
        }
        for side in &mut sides {
            side.told.clear();
            (event.deed)(side);
        }
        settle(&mut sides, &file, &mut history)?;
    }
    Ok(history)
}

/// Waits until nothing changes any more on both sides, and they are the same.
fn settle(sides: &mut [Side; 2], file: &File, history: &mut String) -> Result<(), String> {
    let patience = file.patience().mul_f64(wait::slowness());
    let begun = Instant::now();
    let (mut changed, mut before) = (begun, None);
    loop {
        let seen = [sides[0].see(file), sides[1].see(file)];
        let same = seen[0] == seen[1];
        if before.as_ref() != Some(&seen) {
            changed = Instant::now();
            before = Some(seen.clone());
        }
        let quiet = changed.elapsed();
        if same && quiet > patience {
            writeln!(history, "   {}", seen[0].text().replace('\n', "\n   ")).unwrap();
            return Ok(());
        }
        if quiet > patience * 2 || begun.elapsed() > patience * 6 + wait::seconds(10) {
            let logs = [&sides[0], &sides[1]].map(|side| side.log());
            let [theirs, ours] = seen.map(|seen| seen.text());
            return Err(format!(
                "{history}\n{}\n{}\n-- keepalived\n{theirs}\n-- standfast\n{ours}",
                logs[0], logs[1]
            ));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
