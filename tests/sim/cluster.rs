//! The network between the nodes, and the clock of the world.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use standfast::time::Mono;
use standfast::vrrp::action::{Action, State};

use super::chance::Chance;
use super::node::{Node, Packet, SEGMENTS, own_address};

/// How the network treats packets.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// In a hundred.
    pub loss: u64,
    pub duplication: u64,
    pub longest_delay: Duration,
}

pub const CALM: Weather = Weather { loss: 0, duplication: 0, longest_delay: Duration::from_micros(200) };

struct Flight {
    arrives: Mono,
    /// Packets that arrive together keep their order.
    sequence: u64,
    to: usize,
    packet: Packet,
}

impl PartialEq for Flight {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}
impl Eq for Flight {}
impl PartialOrd for Flight {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Flight {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.arrives, self.sequence).cmp(&(other.arrives, other.sequence))
    }
}

pub struct Cluster {
    pub now: Mono,
    pub nodes: Vec<Node>,
    pub weather: Weather,
    /// `cut[segment][a]`: on which side of a partition a node is.
    pub side: [Vec<u8>; SEGMENTS],
    pub chance: Chance,
    pub talkative: bool,
    /// How often anything came up but adverts and announcements.
    pub stirs: u64,
    pub takeovers: u64,
    pub adverts: u64,
    pub announcements: u64,
    flights: BinaryHeap<Reverse<Flight>>,
    sequence: u64,
    /// Turns at this very moment: a node that never gets done would hang the world.
    turns: (Mono, u32),
}

impl Cluster {
    pub fn new(nodes: Vec<Node>, chance: Chance, talkative: bool) -> Self {
        let side = [vec![0; nodes.len()], vec![0; nodes.len()]];
        Cluster {
            now: Mono::ZERO,
            nodes,
            weather: CALM,
            side,
            chance,
            talkative,
            stirs: 0,
            takeovers: 0,
            adverts: 0,
            announcements: 0,
            flights: BinaryHeap::new(),
            sequence: 0,
            turns: (Mono::ZERO, 0),
        }
    }

    pub fn tell(&self, text: impl FnOnce() -> String) {
        if self.talkative {
            println!("{:?} {}", self.now, text());
        }
    }

    /// Lets the world run until then; `watch` looks at it after every step in which more than adverts came up.
    pub fn run_until(&mut self, end: Mono, mut watch: impl FnMut(&Cluster)) {
        let mut due: Vec<Option<Mono>> = self.nodes.iter().map(Node::due).collect();
        let mut seen = None;
        loop {
            let arrival = self.flights.peek().map(|Reverse(flight)| flight.arrives);
            let first = due.iter().flatten().min().copied();
            let Some(next) = arrival.into_iter().chain(first).min().filter(|next| *next <= end) else {
                break;
            };
            self.now = self.now.max(next);
            self.land(&mut due);
            for number in 0..self.nodes.len() {
                if due[number].is_some_and(|due| due <= self.now) {
                    self.count_turn();
                    self.nodes[number].turn(self.now);
                    self.collect(number);
                    due[number] = self.nodes[number].due();
                }
            }
            if seen != Some(self.stirs) {
                seen = Some(self.stirs);
                watch(self);
            }
        }
        self.now = end;
        for node in &mut self.nodes {
            node.check();
        }
        watch(self);
    }

    /// What flies never arrives.
    pub fn drop_flights(&mut self) {
        self.flights.clear();
    }

    fn count_turn(&mut self) {
        let turns = if self.turns.0 == self.now { self.turns.1 + 1 } else { 1 };
        self.turns = (self.now, turns);
        assert!(turns < 1000, "time stands still at {:?}", self.now);
    }

    /// Packets that have arrived by now go into their queues.
    fn land(&mut self, due: &mut [Option<Mono>]) {
        while let Some(Reverse(flight)) = self.flights.peek() {
            if flight.arrives > self.now {
                break;
            }
            let Some(Reverse(flight)) = self.flights.pop() else { break };
            let node = &mut self.nodes[flight.to];
            if node.router.is_some() && node.link[flight.packet.segment] {
                node.inbox.push_back(flight.packet);
                due[flight.to] = node.due();
            }
        }
    }

    /// Puts what a node sent on the wire, and notes the rest.
    pub fn collect(&mut self, number: usize) {
        let mut out = std::mem::take(&mut self.nodes[number].out);
        for action in out.drain(..) {
            if self.talkative && !matches!(action, Action::Announce { .. }) {
                self.tell(|| match &action {
                    Action::Note(note) => {
                        format!("  {number} {}", standfast::report::vrrp::render(note).text)
                    }
                    Action::Transmit { payload, .. } => {
                        format!("  {number} advert {}:{}", payload[1], payload[2])
                    }
                    other => format!("  {number} {other:?}"),
                });
            }
            let stirs = match action {
                Action::Transmit { source, destination, payload, .. } => {
                    self.adverts += 1;
                    self.send(number, source, destination, &payload);
                    payload[2] == 0
                }
                Action::Notify { state, .. } => {
                    self.takeovers += u64::from(state == State::Master);
                    true
                }
                Action::Announce { .. } => {
                    self.announcements += 1;
                    false
                }
                Action::Note(_) => false,
                _ => true,
            };
            self.stirs += u64::from(stirs);
        }
        // Kept for its memory.
        self.nodes[number].out = out;
    }

    fn send(&mut self, number: usize, from: std::net::IpAddr, to: std::net::IpAddr, payload: &Arc<[u8]>) {
        let segment = (0..SEGMENTS).find(|s| own_address(*s, number) == from).expect("a foreign source");
        if !self.nodes[number].link[segment] || self.nodes[number].mute[segment] {
            return;
        }
        for other in 0..self.nodes.len() {
            let wanted = to.is_multicast() || to == own_address(segment, other);
            if other == number || !wanted || self.side[segment][other] != self.side[segment][number] {
                continue;
            }
            let copies = 1 + u64::from(self.chance.percent(self.weather.duplication));
            for _ in 0..copies {
                if self.chance.percent(self.weather.loss) {
                    continue;
                }
                self.sequence += 1;
                let delay = self.chance.span(Duration::ZERO, self.weather.longest_delay);
                let packet = Packet { segment, from, to, payload: Arc::clone(payload) };
                let flight =
                    Flight { arrives: self.now + delay, sequence: self.sequence, to: other, packet };
                self.flights.push(Reverse(flight));
            }
        }
    }
}
