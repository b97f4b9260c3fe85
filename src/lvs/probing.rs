//! Probes that are not one for one, both only where asked for: checkers that would ask the same share one
//! (`checker_share_probes`), and no more than so many at a time go to one address (`checker_probes_per_target`).

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::action::{Action, CheckerId};
use super::director::{Attached, Director};
use crate::config::model::{Check, Config};
use crate::health::outcome::Outcome;
use crate::time::Mono;

/// What is under way, and who waits.
#[derive(Debug, Default)]
pub(super) struct Probing {
    share: bool,
    /// Probes to one address at a time; `None` is any number.
    limit: Option<usize>,
    /// Checkers by whom they ask, while probes are shared.
    peers: HashMap<SocketAddr, Vec<CheckerId>>,
    /// Probes under way by their generation; empty where nothing is asked for.
    flights: HashMap<u64, Flight>,
    /// Addresses that are asked, while there is a limit.
    lanes: HashMap<IpAddr, Lane>,
}

#[derive(Debug)]
struct Flight {
    target: IpAddr,
    /// Who else takes its result.
    riders: Vec<CheckerId>,
}

#[derive(Debug, Default)]
struct Lane {
    running: usize,
    waiting: VecDeque<CheckerId>,
}

impl Director {
    /// Asks for a probe of this checker, which is due; or lets it wait for its turn.
    pub(super) fn begin(&mut self, now: Mono, id: CheckerId, out: &mut Vec<Action>) {
        let Some(attached) = self.checkers.get_mut(id.0) else { return };
        let check = attached.checker.check();
        let target = check.kind.uses_network().then_some(check.target);
        let target = target.filter(|_| self.probing.share || self.probing.limit.is_some());
        if let Some(target) = target {
            let lane = self.probing.limit.map(|limit| (limit, self.probing.lanes.entry(target.ip())));
            if let Some((limit, lane)) = lane {
                let lane = lane.or_default();
                if lane.running >= limit {
                    lane.waiting.push_back(id);
                    attached.waiting = true;
                    return;
                }
                lane.running += 1;
            }
        }
        self.generation += 1;
        attached.begins(now, self.generation);
        let url = attached.checker.url();
        if let Some(target) = target {
            let check = Arc::clone(attached.checker.check());
            let riders = self.riders(now, id, &check, url);
            self.probing.flights.insert(self.generation, Flight { target: target.ip(), riders });
        }
        out.push(Action::Probe { checker: id, generation: self.generation, url });
    }

    /// Who takes the result of this probe as well: who would ask the same, at another time of the same interval.
    fn riders(&mut self, now: Mono, leader: CheckerId, check: &Check, url: usize) -> Vec<CheckerId> {
        let mut riders = Vec::new();
        if !self.probing.share {
            return riders;
        }
        let peers = self.probing.peers.get(&check.target);
        for id in peers.into_iter().flatten().copied().filter(|id| *id != leader) {
            let Some(attached) = self.checkers.get_mut(id.0) else { continue };
            // One that rests, or has a probe of its own under way, has no deadline.
            let idle = attached.waiting || self.schedule.has(id.0);
            if idle && attached.checker.url() == url && asks_the_same(attached.checker.check(), check) {
                self.schedule.clear(id.0);
                attached.begins(now, self.generation);
                riders.push(id);
            }
        }
        riders
    }

    /// A probe has come back: all who take part in it judge it, and whoever waits for its place goes.
    pub(super) fn probed(
        &mut self,
        now: Mono,
        id: CheckerId,
        generation: u64,
        outcome: Outcome,
        out: &mut Vec<Action>,
    ) {
        let Some(Flight { target, riders }) = self.probing.flights.remove(&generation) else {
            return self.judged(now, id, generation, outcome, out);
        };
        self.judged(now, id, generation, outcome.clone(), out);
        for rider in riders {
            self.judged(now, rider, generation, outcome.clone(), out);
        }
        let Some(lane) = self.probing.lanes.get_mut(&target) else { return };
        lane.running = lane.running.saturating_sub(1);
        if self.advance(now, target, out) {
            self.probing.lanes.remove(&target);
        }
    }

    /// Lets the next ones go while there is room; answers whether nobody is left.
    fn advance(&mut self, now: Mono, target: IpAddr, out: &mut Vec<Action>) -> bool {
        loop {
            let limit = self.probing.limit.unwrap_or(usize::MAX);
            let Some(lane) = self.probing.lanes.get_mut(&target) else { return true };
            if lane.running >= limit {
                return false;
            }
            let Some(id) = lane.waiting.pop_front() else { return lane.running == 0 };
            // It may have ridden with another, rest, or be gone, and its number be another's.
            let waits = |attached: &&mut Attached| {
                attached.waiting && attached.checker.check().target.ip() == target
            };
            if let Some(attached) = self.checkers.get_mut(id.0).filter(waits) {
                attached.waiting = false;
                self.begin(now, id, out);
            }
        }
    }

    /// After a new configuration: what it asks for, and who is there.
    pub(super) fn follow_probing(&mut self, now: Mono, config: &Config, out: &mut Vec<Action>) {
        self.probing.share = config.global.checker_share_probes;
        self.probing.limit = config.global.checker_probes_per_target.map(|limit| limit.get() as usize);
        self.probing.peers.clear();
        if self.probing.share {
            let ids = self.order.iter().filter_map(|id| self.services.get(id.0));
            let ids = ids.flat_map(|service| service.reals().flat_map(|(_, real)| real.checkers.iter()));
            for id in ids {
                let Some(attached) = self.checkers.get(id.0) else { continue };
                let check = attached.checker.check();
                if check.kind.uses_network() {
                    self.probing.peers.entry(check.target).or_default().push(*id);
                }
            }
        }
        // A greater limit, or none any more.
        let targets: Vec<IpAddr> = self.probing.lanes.keys().copied().collect();
        for target in targets {
            if self.advance(now, target, out) {
                self.probing.lanes.remove(&target);
            }
        }
        if self.probing.limit.is_none() {
            self.probing.lanes.clear();
        }
    }
}

/// Whether one probe answers for both: the same question, asked in the same way and as often. What is done with the
/// answer may differ.
fn asks_the_same(one: &Check, other: &Check) -> bool {
    one.target == other.target
        && one.kind == other.kind
        && one.source == other.source
        && one.pace == other.pace
}
