//! What happens to one cluster: a configuration and a chain of mishaps drawn from the seed, then healing,
//! then what must be true.

use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::{
    Config, Garp, Global, GroupOptions, SyncGroup, TrackScript, Tracked, UnicastPeer, Version,
    VrrpInstance,
    interface::{GarpGroup, UpDownDelay},
    script::Command,
};
use standfast::time::Mono;
use standfast::vrrp::action::State;
use standfast::vrrp::view::View;

use super::chance::Chance;
use super::cluster::{CALM, Cluster, Weather};
use super::mutants::Fault;
use super::node::{Node, SEGMENTS, interface_name, own_address};
use super::sample::{address, instance};

/// What was seen in all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    pub takeovers: u64,
    pub stalls: u64,
    pub reloads: u64,
    pub mishaps: u64,
    pub adverts: u64,
    /// Of clusters; that of their nodes is more.
    pub virtual_seconds: u64,
    pub seconds_of_nodes: u64,
    /// The longest time that two masters overlapped after the heal, in thousandths of the longest interval.
    pub worst_overlap: u64,
}

impl Outcome {
    pub fn add(&mut self, other: Outcome) {
        self.takeovers += other.takeovers;
        self.stalls += other.stalls;
        self.reloads += other.reloads;
        self.mishaps += other.mishaps;
        self.adverts += other.adverts;
        self.virtual_seconds += other.virtual_seconds;
        self.seconds_of_nodes += other.seconds_of_nodes;
        self.worst_overlap = self.worst_overlap.max(other.worst_overlap);
    }
}

/// What all nodes of a cluster have in common.
#[derive(Clone, Copy, Debug)]
struct Plan {
    nodes: usize,
    instances: usize,
    version: Version,
    /// Version 2: of all; version 3: each node draws its own, this or its double.
    interval: Duration,
    unicast: bool,
    grouped: bool,
    scripted: bool,
    /// Members of the group follow weights.
    weighted_group: bool,
    /// Links are debounced.
    debounced: bool,
    /// `vrrp_startup_delay`, in intervals.
    startup: u32,
    /// Between two announcements.
    gap: Duration,
}

impl Plan {
    fn draw(chance: &mut Chance) -> Plan {
        let version = chance.pick(&[Version::V2, Version::V3]);
        let interval = match version {
            Version::V2 => Duration::from_secs(chance.pick(&[1, 1, 2, 10, 60, 255])),
            Version::V3 => Duration::from_millis(chance.pick(&[10, 100, 500, 1000, 5_000, 20_000])),
        };
        Plan {
            nodes: chance.pick(&[2, 2, 3, 3, 4, 5]),
            instances: chance.pick(&[1, 2, 3]),
            version,
            interval,
            unicast: chance.percent(30),
            grouped: chance.percent(40),
            scripted: chance.percent(40),
            weighted_group: chance.percent(50),
            debounced: chance.percent(30),
            startup: chance.pick(&[0, 0, 0, 1, 3]),
            gap: Duration::from_millis(chance.pick(&[0, 0, 1, 20])),
        }
    }

    fn config(&self, node: usize, chance: &mut Chance) -> Config {
        // One priority for all instances of a node: members of a group must not contradict each other.
        let priority = chance.pick(&[50, 90, 100, 100, 100, 150, 150, 254, 255]);
        let nopreempt = priority != 255 && chance.percent(20);
        let delay = if chance.percent(20) { self.interval * 5 } else { Duration::ZERO };
        let weight = chance.pick(&[0, 0, -20, 30]);
        let tracked = Tracked { name: "check".into(), weight, reverse: false };
        let scripts = if self.scripted { vec![tracked] } else { Vec::new() };
        let watched = Tracked {
            name: interface_name(chance.index(SEGMENTS)).into(),
            weight: chance.pick(&[0, -30, 20]),
            reverse: false,
        };
        let watched = if chance.percent(30) { vec![watched] } else { Vec::new() };
        let slower = self.version == Version::V3 && chance.percent(20);
        let instances: Vec<Arc<VrrpInstance>> = (0..self.instances)
            .map(|n| {
                let segment = n % SEGMENTS;
                let name = interface_name(segment);
                Arc::new(VrrpInstance {
                    version: self.version,
                    advert_int: if slower { self.interval * 2 } else { self.interval },
                    nopreempt,
                    preempt_delay: if nopreempt { Duration::ZERO } else { delay },
                    unicast_peers: self.peers(node, segment).into_iter().filter(|_| self.unicast).collect(),
                    addresses: [address(name, &format!("192.168.{segment}.{}/32", n + 1))].into(),
                    track_scripts: scripts.clone().into(),
                    track_interfaces: watched.clone().into(),
                    garp: Garp { master_refresh: self.interval * 7, ..Garp::default() }.into(),
                    higher_prio_send_advert: chance.percent(20),
                    lower_prio_no_advert: chance.percent(10),
                    ..instance(&format!("I{n}"), name, n as u8 + 1, priority)
                })
            })
            .collect();
        let group = group(&instances, self.weighted_group);
        let check = TrackScript {
            name: "check".into(),
            command: Command { argv: vec!["/bin/check".into()], user: None },
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            weight: 0,
            reverse: false,
            rise: 1,
            fall: 1,
            init_fail: false,
        };
        let interfaces: Vec<_> = (0..SEGMENTS).map(|segment| interface_name(segment).into()).collect();
        let debounce = |interface| UpDownDelay { interface, down: self.interval, up: self.interval * 2 };
        let delays = interfaces.iter().cloned().map(debounce).collect();
        let pace = GarpGroup { garp_interval: Some(self.gap), gna_interval: None, interfaces };
        let mut global = Global { vrrp_startup_delay: self.interval * self.startup, ..Global::default() };
        global.garp.values.interval = self.gap;
        Config {
            instances,
            global,
            garp_groups: if chance.percent(50) { vec![pace] } else { Vec::new() },
            up_down_delays: if self.debounced { delays } else { Vec::new() },
            sync_groups: if self.grouped { vec![group] } else { Vec::new() },
            track_scripts: if self.scripted { vec![check] } else { Vec::new() },
            ..Config::default()
        }
    }

    fn peers(&self, node: usize, segment: usize) -> Vec<UnicastPeer> {
        let peer =
            |other| UnicastPeer { address: own_address(segment, other), min_ttl: None, max_ttl: None };
        (0..self.nodes).filter(|other| *other != node).map(peer).collect()
    }

    /// The longest interval that any node may go by.
    fn longest_interval(&self) -> Duration {
        if self.version == Version::V3 { self.interval * 2 } else { self.interval }
    }
}

/// Runs one cluster. Panics where something is wrong.
pub fn run(seed: u64, talkative: bool) -> Outcome {
    run_with(seed, talkative, None)
}

/// The same with cores that are broken in this way.
pub fn run_with(seed: u64, talkative: bool, fault: Option<Fault>) -> Outcome {
    let mut chance = Chance::new(seed);
    let plan = Plan::draw(&mut chance);
    let nodes = (0..plan.nodes)
        .map(|number| {
            let ppm = chance.below(400) as i64 - 200;
            Node::new(number, plan.config(number, &mut chance).into(), ppm, plan.interval, fault)
        })
        .collect();
    let mut cluster = Cluster::new(nodes, chance, talkative);
    cluster.tell(|| format!("seed {seed}: {plan:?}"));
    let mut outcome = Outcome::default();
    for number in 0..plan.nodes {
        cluster.nodes[number].start(cluster.now);
        cluster.collect(number);
    }
    for _ in 0..cluster.chance.below(25) {
        outcome.mishaps += 1;
        mishap(&mut cluster, &plan, &mut outcome);
        let pause = cluster.chance.span(Duration::ZERO, plan.interval * 6);
        let end = cluster.now + pause;
        cluster.run_until(end, |_| {});
    }
    heal(&mut cluster, &plan);
    outcome.worst_overlap = converge(&mut cluster, &plan);
    steady(&mut cluster, &plan);
    outcome.takeovers = cluster.takeovers;
    outcome.adverts = cluster.adverts;
    outcome.virtual_seconds = cluster.now.as_nanos() / 1_000_000_000;
    outcome.seconds_of_nodes = outcome.virtual_seconds * plan.nodes as u64;
    outcome
}

fn mishap(cluster: &mut Cluster, plan: &Plan, outcome: &mut Outcome) {
    let number = cluster.chance.index(plan.nodes);
    let segment = cluster.chance.index(SEGMENTS);
    let now = cluster.now;
    let kind = cluster.chance.below(15);
    cluster.tell(|| format!("mishap {kind} at node {number}, segment {segment}"));
    match kind {
        0 => {
            cluster.weather = Weather {
                loss: cluster.chance.pick(&[0, 5, 30, 60]),
                duplication: cluster.chance.pick(&[0, 20]),
                longest_delay: cluster.chance.pick(&[
                    CALM.longest_delay,
                    plan.interval / 2,
                    plan.interval * 2,
                ]),
            };
        }
        1 => {
            for node in 0..plan.nodes {
                cluster.side[segment][node] = cluster.chance.below(2) as u8;
            }
        }
        2 => cluster.side = [vec![0; plan.nodes], vec![0; plan.nodes]],
        3 if cluster.nodes[number].is_awake() => {
            let span = cluster.chance.span(Duration::ZERO, plan.interval * 12);
            cluster.nodes[number].stalled = Some(now + span);
            outcome.stalls += 1;
        }
        4 => cluster.nodes[number].kill(),
        5 if cluster.nodes[number].router.is_none() => cluster.nodes[number].start(now),
        6 if cluster.nodes[number].is_awake() => cluster.nodes[number].stop(now),
        7 if cluster.nodes[number].is_awake() => {
            let up = !cluster.nodes[number].link[segment];
            cluster.nodes[number].set_link(now, segment, up);
        }
        8 if cluster.nodes[number].is_awake() => {
            cluster.nodes[number].healthy ^= true;
            cluster.nodes[number].script(now);
        }
        9 if cluster.nodes[number].is_awake() => {
            outcome.reloads += 1;
            let mut config = plan.config(number, &mut cluster.chance);
            let odd = cluster.chance.percent(50);
            if odd {
                distort(&mut config, &mut cluster.chance);
            }
            cluster.nodes[number].odd = odd;
            cluster.nodes[number].reload(now, config);
        }
        10 if cluster.nodes[number].is_awake() => {
            let keys: Vec<_> = cluster.nodes[number].set.iter().cloned().collect();
            for key in keys {
                cluster.nodes[number].lose(now, &key);
            }
        }
        // The wire works one way only: what the node sends is lost.
        11 => cluster.nodes[number].mute[segment] ^= true,
        // The kernel refuses every new address for a while.
        12 => {
            let refuses = !cluster.nodes[number].refusing;
            cluster.nodes[number].refuse(refuses);
        }
        // The interface is made anew.
        13 if cluster.nodes[number].is_awake() => cluster.nodes[number].recreate(now, segment),
        // The kernel tells again what it has told.
        14 if cluster.nodes[number].is_awake() => {
            let up = cluster.nodes[number].link[segment];
            cluster.nodes[number].set_link(now, segment, up);
        }
        _ => {}
    }
    cluster.collect(number);
}

/// Takes an instance out of a configuration, or makes other groups.
fn distort(config: &mut Config, chance: &mut Chance) {
    match (chance.below(3), config.sync_groups.first_mut()) {
        (0, Some(group)) if group.members.len() > 2 => drop(group.members.remove(chance.index(3))),
        (0, Some(_)) => config.sync_groups.clear(),
        (1, Some(group)) => group.name = "renamed".into(),
        (0 | 1, None) => config.sync_groups.push(group(&config.instances, chance.percent(50))),
        _ => {
            if let Some(last) = config.instances.pop() {
                let groups = config.sync_groups.iter_mut();
                groups.for_each(|group| group.members.retain(|name| *name != last.name));
            }
        }
    }
}

/// A group of all.
fn group(instances: &[Arc<VrrpInstance>], tracking_weight: bool) -> SyncGroup {
    SyncGroup {
        name: "G".into(),
        members: instances.iter().map(|instance| instance.name.clone()).collect(),
        track_interfaces: Vec::new(),
        track_scripts: Vec::new(),
        tracking_weight,
        notify: Arc::default(),
        smtp_alert: None,
        options: GroupOptions::default(),
    }
}

/// Everything works again; what still flies is lost.
fn heal(cluster: &mut Cluster, plan: &Plan) {
    cluster.tell(|| "heal".into());
    let now = cluster.now;
    cluster.weather = CALM;
    cluster.drop_flights();
    cluster.side = [vec![0; cluster.nodes.len()], vec![0; cluster.nodes.len()]];
    for number in 0..cluster.nodes.len() {
        let whole = plan.config(number, &mut cluster.chance);
        let node = &mut cluster.nodes[number];
        node.mute = [false; SEGMENTS];
        node.refuse(false);
        let odd = std::mem::take(&mut node.odd);
        if odd && node.router.is_none() {
            node.config = whole.into();
        } else if odd {
            node.stalled = None;
            node.turn(now);
            node.reload(now, whole);
        }
        if node.router.is_none() {
            node.link = [true; SEGMENTS];
            node.healthy = true;
            node.start(now);
        }
        node.stalled = None;
        node.turn(now);
        for segment in 0..SEGMENTS {
            if !node.link[segment] {
                node.set_link(now, segment, true);
            }
        }
        node.healthy = true;
        node.script(now);
        cluster.collect(number);
    }
}

/// The nodes that are master of one instance.
fn masters(cluster: &Cluster, name: &str) -> Vec<usize> {
    let is_master = |node: &Node| {
        node.views().iter().any(|view| &*view.config.name == name && view.state == State::Master)
    };
    cluster.nodes.iter().filter(|node| is_master(node)).map(|node| node.number).collect()
}

/// After the heal one master remains, and the right one. Returns the longest overlap of two.
fn converge(cluster: &mut Cluster, plan: &Plan) -> u64 {
    let interval = plan.longest_interval();
    // Nobody waits longer than a master-down interval for each reason: to join or to listen, for a better
    // master, for its group; and the preempt delay.
    let names: Vec<String> = (0..plan.instances).map(|n| format!("I{n}")).collect();
    let mut since: Vec<Option<Mono>> = vec![None; plan.instances];
    let mut worst = Duration::ZERO;
    let skew = if plan.version == Version::V2 { Duration::from_secs(1) } else { interval };
    let patience = (interval * 3 + skew) * 3 + interval * 10;
    let end = cluster.now + patience;
    cluster.run_until(end, |cluster| {
        for (name, since) in names.iter().zip(&mut since) {
            if masters(cluster, name).len() > 1 {
                let start = *since.get_or_insert(cluster.now);
                worst = worst.max(cluster.now.since(start));
            } else if let Some(start) = since.take() {
                worst = worst.max(cluster.now.since(start));
            }
        }
    });
    let allowed = interval + CALM.longest_delay * 2 + interval / 1000;
    assert!(worst <= allowed, "two masters for {worst:?}, more than {allowed:?}");
    for name in &names {
        let masters = masters(cluster, name);
        assert_eq!(masters.len(), 1, "masters of {name}: {masters:?}");
        check_best(cluster, plan, name, masters[0]);
    }
    for node in &cluster.nodes {
        assert_eq!(node.disagreement(&node.views()), None, "at node {}", node.number);
    }
    (worst.as_nanos() * 1000 / interval.as_nanos()) as u64
}

/// No node that would preempt is better than the master. A group is better only where every member is: the others hear
/// that they are not, and hold it back. Members differ where one stands on an interface that it tracks with a weight,
/// which counts for the others alone, and where one of two owners has lowered itself.
fn check_best(cluster: &Cluster, plan: &Plan, name: &str, master: usize) {
    let views = |number: usize| cluster.nodes[number].views();
    let best = views(master);
    for number in 0..cluster.nodes.len() {
        let written = cluster.nodes[number].config.instances.iter().find(|one| &*one.name == name).unwrap();
        let others = views(number);
        let counts = |view: &&View| plan.grouped || &*view.config.name == name;
        let better = others.iter().filter(counts).all(|view| {
            let its = best.iter().find(|its| its.config.name == view.config.name).unwrap();
            view.priority > its.priority
        });
        let state = others.iter().find(|view| &*view.config.name == name).unwrap().state;
        assert!(
            matches!(state, State::Master | State::Backup),
            "node {number} is {state:?} after the heal"
        );
        assert!(written.nopreempt || !better, "{name}: node {number} is better than master {master}");
    }
}

/// In a steady cluster there is nothing but adverts (and announcements that are still due).
fn steady(cluster: &mut Cluster, plan: &Plan) {
    let (stirs, before, announced) = (cluster.stirs, cluster.adverts, cluster.announcements);
    let end = cluster.now + plan.longest_interval() * 20;
    cluster.run_until(end, |_| {});
    assert_eq!(cluster.stirs, stirs, "something moves in a steady cluster");
    let destinations = if plan.unicast { plan.nodes as u64 - 1 } else { 1 };
    let intervals = plan.longest_interval().as_nanos() as u64 * 20 / plan.interval.as_nanos() as u64;
    let most = (intervals + 2) * plan.instances as u64 * destinations;
    let adverts = cluster.adverts - before;
    // What a master has begun goes on: two blocks of five; then a refresh every seven intervals.
    let still = (10 + intervals / 7 + 2) * plan.instances as u64;
    let announced = cluster.announcements - announced;
    assert!(announced <= still, "{announced} announcements in a steady cluster, more than {still}");
    assert!(adverts <= most, "{adverts} adverts in a steady cluster, more than {most}");
}
