//! Every way that an election of two or three nodes can go, within a budget of mishaps: a breadth-first search over
//! the core itself. At each state messages may be delivered in any order, late by up to a third of an interval, or
//! lost; nodes may crash, start again, or stop in order. From every state that is found the world is healed, and one
//! master must remain: the best, unless it is told not to preempt.
//!
//! `SIM_STATES=n` sets how many states of each constellation are looked at.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::{Config, Garp, Version, VrrpInstance};
use standfast::ids::IfIndex;
use standfast::time::Mono;
use standfast::vrrp::action::{Action, State};
use standfast::vrrp::event::{Datagram, Event};
use standfast::vrrp::router::Router;

use super::sample::{GROUP, address, instance, interface, ip};

/// States of each constellation that are looked at by default: a few seconds.
const STATES: u64 = 1_500;
const INTERVAL: Duration = Duration::from_secs(1);
/// The longest that a message is on its way.
const LATE: Duration = Duration::from_millis(330);

#[derive(Clone)]
struct Message {
    to: usize,
    from: usize,
    sent: Mono,
    payload: Arc<[u8]>,
}

/// What may still go wrong.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Budget {
    losses: u8,
    crashes: u8,
    stops: u8,
}

#[derive(Clone)]
struct World {
    now: Mono,
    /// `None`: not running.
    nodes: Vec<Option<Router>>,
    messages: Vec<Message>,
    budget: Budget,
    /// How we came here, for the message of a failure.
    path: Vec<Step>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Deliver(usize),
    Lose(usize),
    /// To the next moment at which somebody wants to do something.
    Wait,
    Crash(usize),
    Stop(usize),
    Start(usize),
}

/// What the nodes of a constellation are.
struct Plan {
    name: &'static str,
    configs: Vec<Arc<Config>>,
}

fn own(node: usize) -> IpAddr {
    IpAddr::from([10, 0, 0, node as u8 + 1])
}

fn plan(name: &'static str, nodes: &[(u8, bool)], version: Version, preempt_delay: u64) -> Plan {
    let config = |(priority, nopreempt): &(u8, bool)| {
        let instance = VrrpInstance {
            version,
            nopreempt: *nopreempt,
            preempt_delay: Duration::from_secs(preempt_delay),
            garp: Garp { master_delay: Duration::ZERO, ..Garp::default() }.into(),
            addresses: [address("eth0", "192.168.0.1/32")].into(),
            ..instance("I", "eth0", 1, *priority)
        };
        Arc::new(Config { instances: vec![instance.into()], ..Config::default() })
    };
    Plan { name, configs: nodes.iter().map(config).collect() }
}

impl World {
    fn start(plan: &Plan, budget: Budget) -> World {
        let nodes = vec![None; plan.configs.len()];
        // Not at zero: a deadline in the past must have room.
        let now = Mono::ZERO + Duration::from_secs(100);
        let mut world = World { now, nodes, messages: Vec::new(), budget, path: Vec::new() };
        for node in 0..plan.configs.len() {
            world.start_node(plan, node);
        }
        world
    }

    fn start_node(&mut self, plan: &Plan, node: usize) {
        let net = format!("{}/24", own(node));
        let mut out = Vec::new();
        let eth0 = interface("eth0", 2, true, &[&net]);
        self.nodes[node] = Some(Router::start(self.now, plan.configs[node].clone(), &[eth0], &mut out));
        self.collect(node, out);
    }

    fn collect(&mut self, node: usize, out: Vec<Action>) {
        for action in out {
            let Action::Transmit { payload, .. } = action else { continue };
            for to in (0..self.nodes.len()).filter(|to| *to != node && self.nodes[*to].is_some()) {
                self.messages.push(Message { to, from: node, sent: self.now, payload: payload.clone() });
            }
        }
    }

    fn deliver(&mut self, index: usize) {
        let message = self.messages.remove(index);
        let datagram = Datagram {
            received_at: self.now,
            interface: IfIndex(2),
            source: own(message.from),
            destination: ip(GROUP),
            ttl: 255,
            header: &[],
            payload: &message.payload,
        };
        let mut out = Vec::new();
        if let Some(router) = &mut self.nodes[message.to] {
            router.handle(self.now, Event::Packet(datagram), &mut out);
        }
        self.collect(message.to, out);
    }

    /// The next moment at which a node's timer runs out or a message must arrive.
    fn next(&self) -> Option<Mono> {
        let timers = self.nodes.iter().flatten().filter_map(Router::deadline);
        timers.chain(self.messages.iter().map(|message| message.sent + LATE)).min()
    }

    fn overdue(&self) -> bool {
        self.messages.iter().any(|message| message.sent + LATE <= self.now)
    }

    fn wait(&mut self) {
        let Some(next) = self.next() else { return };
        self.now = self.now.max(next);
        for node in 0..self.nodes.len() {
            let mut out = Vec::new();
            if let Some(router) = &mut self.nodes[node]
                && router.deadline().is_some_and(|at| at <= self.now)
            {
                router.expire(self.now, &mut out);
            }
            self.collect(node, out);
        }
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for index in 0..self.messages.len() {
            steps.push(Step::Deliver(index));
            if self.budget.losses > 0 {
                steps.push(Step::Lose(index));
            }
        }
        // A message that has been on its way for the longest time arrives before anything else happens.
        if !self.overdue() {
            steps.push(Step::Wait);
        }
        for (node, router) in self.nodes.iter().enumerate() {
            match router {
                Some(_) if self.budget.crashes > 0 => steps.push(Step::Crash(node)),
                None => steps.push(Step::Start(node)),
                Some(_) => {}
            }
            if router.is_some() && self.budget.stops > 0 {
                steps.push(Step::Stop(node));
            }
        }
        steps
    }

    fn take(&mut self, plan: &Plan, step: Step) {
        self.path.push(step);
        match step {
            Step::Deliver(index) => self.deliver(index),
            Step::Lose(index) => {
                self.budget.losses -= 1;
                self.messages.remove(index);
            }
            Step::Wait => self.wait(),
            Step::Crash(node) => {
                self.budget.crashes -= 1;
                self.nodes[node] = None;
                self.messages.retain(|message| message.to != node);
            }
            Step::Stop(node) => {
                self.budget.stops -= 1;
                let mut out = Vec::new();
                if let Some(mut router) = self.nodes[node].take() {
                    router.handle(self.now, Event::Stop, &mut out);
                }
                self.messages.retain(|message| message.to != node);
                self.collect(node, out);
            }
            Step::Start(node) => self.start_node(plan, node),
        }
    }

    /// What matters for what can happen next, whatever the clock shows.
    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for router in &self.nodes {
            router.is_some().hash(&mut hasher);
            for view in router.iter().flat_map(Router::views) {
                (view.state.as_str(), view.priority, view.master).hash(&mut hasher);
            }
            let deadline = router.as_ref().and_then(Router::deadline);
            deadline.map(|at| (at.since(self.now), self.now.since(at))).hash(&mut hasher);
        }
        let mut messages: Vec<_> = self
            .messages
            .iter()
            .map(|message| (message.to, message.from, self.now.since(message.sent), message.payload[2]))
            .collect();
        messages.sort_unstable();
        messages.hash(&mut hasher);
        self.budget.hash(&mut hasher);
        hasher.finish()
    }

    fn masters(&self) -> Vec<usize> {
        let is_master = |router: &Router| router.views().iter().any(|view| view.state == State::Master);
        (0..self.nodes.len()).filter(|node| self.nodes[*node].as_ref().is_some_and(is_master)).collect()
    }

    /// Nothing goes wrong any more: messages arrive at once. Runs until then.
    fn run_healed(&mut self, plan: &Plan, span: Duration) -> Duration {
        for node in 0..self.nodes.len() {
            if self.nodes[node].is_none() {
                self.start_node(plan, node);
            }
        }
        let end = self.now + span;
        let mut overlap = Duration::ZERO;
        loop {
            let mut delivered = 0;
            while !self.messages.is_empty() {
                self.deliver(0);
                delivered += 1;
                assert!(delivered < 100, "{}: they never stop talking after {:?}", plan.name, self.path);
            }
            let before = self.now;
            let two = self.masters().len() > 1;
            if self.next().is_none_or(|next| next > end) {
                return overlap;
            }
            self.wait();
            if two {
                overlap += self.now.since(before);
            }
        }
    }
}

/// Heals a copy of the world and looks at what becomes of it.
fn check(plan: &Plan, world: &World) {
    let mut healed = world.clone();
    let delay = plan.configs[0].instances[0].preempt_delay;
    let overlap = healed.run_healed(plan, INTERVAL * 13 + delay * 2);
    let masters = healed.masters();
    let story = || format!("{}: after {:?}", plan.name, world.path);
    assert_eq!(masters.len(), 1, "masters {masters:?}, {}", story());
    assert!(overlap <= INTERVAL, "two masters for {overlap:?}, {}", story());
    let rank = |node: usize| plan.configs[node].instances[0].priority;
    for node in 0..plan.configs.len() {
        let nopreempt = plan.configs[node].instances[0].nopreempt;
        let better = rank(node) > rank(masters[0]);
        assert!(!better || nopreempt, "node {node} is better than {}, {}", masters[0], story());
    }
}

fn explore(plan: &Plan, budget: Budget, most: u64) -> (u64, usize) {
    let first = World::start(plan, budget);
    let mut seen = HashSet::from([first.fingerprint()]);
    let mut queue = VecDeque::from([first]);
    let mut looked_at = 0;
    while let Some(world) = queue.pop_front() {
        check(plan, &world);
        looked_at += 1;
        if looked_at >= most {
            break;
        }
        for step in world.steps() {
            let mut next = world.clone();
            next.take(plan, step);
            if seen.insert(next.fingerprint()) {
                queue.push_back(next);
            }
        }
    }
    (looked_at, queue.len())
}

#[test]
fn every_way_an_election_can_go_ends_with_one_master() {
    let most = super::number("SIM_STATES").unwrap_or(STATES);
    let budget = Budget { losses: 2, crashes: 1, stops: 1 };
    let plans = [
        plan("two", &[(100, false), (150, false)], Version::V2, 0),
        plan("two equal", &[(100, false), (100, false)], Version::V2, 0),
        plan("two, version 3", &[(100, false), (150, false)], Version::V3, 0),
        plan("an owner", &[(255, false), (100, false)], Version::V2, 0),
        plan("two owners", &[(255, false), (255, false)], Version::V2, 0),
        plan("one does not preempt", &[(150, true), (100, false)], Version::V2, 0),
        plan("one waits before it preempts", &[(150, false), (100, false)], Version::V2, 3),
        plan("three", &[(100, false), (150, false), (200, false)], Version::V2, 0),
        plan("three, two of them equal", &[(100, false), (150, false), (150, false)], Version::V3, 0),
    ];
    for plan in &plans {
        let (states, left) = explore(plan, budget, most);
        println!("{}: {states} states looked at, {left} left", plan.name);
        assert!(states > 100 || left == 0, "{}: nothing happened", plan.name);
    }
}
