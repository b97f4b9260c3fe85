//! How fast announcements leave: `vrrp_garp_interval`, `vrrp_gna_interval`, `garp_group`.
//!
//! Each interface has a lane for gratuitous ARP and one for neighbour advertisements; the interfaces of a
//! `garp_group` share theirs. Between two packets of a lane there is at least its gap. An address waits in
//! its lane once, with the number of rounds that it still has, so that the queue is never longer than the
//! list of addresses; those that wait take turns, and those that have not had one yet come first: no repeat
//! holds up an address that nobody has heard of. keepalived forgets the repeats of an address that waits.
//!
//! One call hands out at most [`PER_CALL`] announcements, so that thousands of addresses never hold up an
//! advert, and repeats only where nothing is new: whoever takes over next does not wait for them.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::action::InstanceId;
use crate::config::model::Config;
use crate::ids::{Family, Name};
use crate::objects::address::AddressKey;
use crate::time::Mono;

/// The most announcements of one call.
pub const PER_CALL: usize = 64;

/// Places of a lane that stay without new memory.
const REMEMBERED: usize = 8;

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Lanes {
    lanes: Vec<Lane>,
    by_interface: FxHashMap<(Name, Family), usize>,
    /// A virtual MAC's device shares the lane of its parent.
    parents: FxHashMap<Name, Name>,
    /// Gaps of interfaces in no group.
    garp_gap: Duration,
    gna_gap: Duration,
    /// Lanes in which somebody waits, by the time of their next packet; those with somebody new first.
    busy: BTreeSet<(Mono, Turn, usize)>,
}

/// Whose turn it is in a lane.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Turn {
    New,
    Repeat,
}

#[derive(Clone, Debug, Default)]
struct Lane {
    gap: Duration,
    /// No packet before.
    next: Mono,
    /// Not announced yet.
    new: VecDeque<Waiting>,
    /// Announced, and to be announced again.
    again: VecDeque<Waiting>,
    left: FxHashMap<Waiting, Left>,
}

/// Who waits for what.
pub(super) type Waiting = (InstanceId, AddressKey);

#[derive(Clone, Copy, Debug)]
struct Left {
    rounds: u32,
    /// Of which mastership.
    epoch: u64,
}

impl Lanes {
    /// The lanes of this configuration. What waits is put into the new ones, if it is still to be kept.
    pub fn rebuild(&mut self, config: &Config, keep: impl Fn(&Waiting) -> bool) {
        let old = std::mem::take(self);
        self.garp_gap = config.global.garp.values.interval;
        self.gna_gap = config.global.garp.values.gna_interval;
        for vmac in config.instances.iter().filter_map(|i| Some((&i.vmac.as_ref()?.name, &i.interface))) {
            self.parents.insert(vmac.0.clone(), vmac.1.clone());
        }
        for group in &config.garp_groups {
            for (family, gap) in [(Family::V4, group.garp_interval), (Family::V6, group.gna_interval)] {
                let lane = self.open(gap.unwrap_or_default());
                for interface in &group.interfaces {
                    self.by_interface.insert((interface.clone(), family), lane);
                }
            }
        }
        for lane in old.lanes {
            let mut next = Some(lane.next);
            for waiting in lane.new.into_iter().chain(lane.again).filter(&keep) {
                let Some(Left { rounds, epoch }) = lane.left.get(&waiting).copied() else { continue };
                let number = self.push(waiting.0, waiting.1, rounds, epoch);
                if let Some(next) = next.take() {
                    self.hold(number, next);
                }
            }
        }
    }

    fn open(&mut self, gap: Duration) -> usize {
        self.lanes.push(Lane { gap, ..Lane::default() });
        self.lanes.len() - 1
    }

    fn of(&mut self, key: &AddressKey) -> usize {
        let interface = self.parents.get(&key.interface).unwrap_or(&key.interface).clone();
        let family = Family::of(key.address());
        let place = (interface, family);
        if let Some(lane) = self.by_interface.get(&place) {
            return *lane;
        }
        let lane = self.open(if family == Family::V4 { self.garp_gap } else { self.gna_gap });
        self.by_interface.insert(place, lane);
        lane
    }

    /// No packet of this lane before `next`.
    fn hold(&mut self, number: usize, next: Mono) {
        let Some(lane) = self.lanes.get_mut(number) else { return };
        let before = lane.turn().map(|turn| (lane.next, turn, number));
        lane.next = lane.next.max(next);
        if let Some(before) = before
            && self.busy.remove(&before)
        {
            self.busy.insert((lane.next, before.1, number));
        }
    }

    /// This address is to be announced so many times. Returns its lane.
    pub fn push(&mut self, instance: InstanceId, address: AddressKey, rounds: u32, epoch: u64) -> usize {
        let number = self.of(&address);
        let Some(lane) = self.lanes.get_mut(number).filter(|_| rounds > 0) else { return number };
        let waiting = (instance, address);
        if let Some(left) = lane.left.get_mut(&waiting).filter(|left| left.epoch == epoch) {
            left.rounds = left.rounds.max(rounds);
            return number;
        }
        // Where it waits since an earlier mastership it is looked for in vain, once.
        lane.left.insert(waiting.clone(), Left { rounds, epoch });
        if let Some(before) = lane.turn() {
            self.busy.remove(&(lane.next, before, number));
        }
        lane.new.push_back(waiting);
        self.busy.insert((lane.next, Turn::New, number));
        number
    }

    /// When [`Lanes::expire`] has something to do.
    pub fn deadline(&self) -> Option<Mono> {
        self.busy.first().map(|(at, ..)| *at)
    }

    /// Hands out whose turn has come. `epoch` tells the mastership that an instance is in; what was asked for
    /// in an earlier one is forgotten.
    pub fn expire(
        &mut self,
        now: Mono,
        epoch: impl Fn(InstanceId) -> Option<u64>,
        mut announce: impl FnMut(InstanceId, AddressKey),
    ) {
        let (mut budget, mut some_new) = (PER_CALL, false);
        while budget > 0 && self.deadline().is_some_and(|at| at <= now) {
            let Some((next, turn, number)) = self.busy.pop_first() else { break };
            if turn == Turn::Repeat && some_new {
                self.busy.insert((next, turn, number));
                break;
            }
            let Some(lane) = self.lanes.get_mut(number) else { continue };
            while budget > 0 && lane.next <= now {
                let queue = if turn == Turn::New { &mut lane.new } else { &mut lane.again };
                let Some(waiting) = queue.pop_front() else { break };
                let Some(left) = lane.left.get_mut(&waiting) else { continue };
                if epoch(waiting.0) != Some(left.epoch) {
                    lane.left.remove(&waiting);
                    continue;
                }
                budget -= 1;
                some_new |= turn == Turn::New;
                announce(waiting.0, waiting.1.clone());
                if !lane.gap.is_zero() {
                    lane.next = now + lane.gap;
                }
                left.rounds -= 1;
                if left.rounds > 0 {
                    lane.again.push_back(waiting);
                } else {
                    lane.left.remove(&waiting);
                }
            }
            match lane.turn() {
                Some(turn) => drop(self.busy.insert((lane.next, turn, number))),
                None => lane.shrink(),
            }
        }
    }
}

impl Lane {
    /// Whose turn is next; nobody's where nobody waits.
    fn turn(&self) -> Option<Turn> {
        match (self.new.is_empty(), self.again.is_empty()) {
            (false, _) => Some(Turn::New),
            (true, false) => Some(Turn::Repeat),
            (true, true) => None,
        }
    }

    /// The memory of a takeover is not kept for the next.
    fn shrink(&mut self) {
        self.new.shrink_to(REMEMBERED);
        self.again.shrink_to(REMEMBERED);
        self.left.shrink_to(REMEMBERED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::interface::GarpGroup;

    const ONE: InstanceId = InstanceId(1);

    fn at(millis: u64) -> Mono {
        Mono::ZERO + Duration::from_millis(millis)
    }

    fn key(interface: &str, net: &str) -> AddressKey {
        AddressKey { interface: interface.into(), net: net.parse().unwrap() }
    }

    fn lanes(gap: u64, groups: Vec<GarpGroup>) -> Lanes {
        let mut config = Config { garp_groups: groups, ..Config::default() };
        config.global.garp.values.interval = Duration::from_millis(gap);
        let mut lanes = Lanes::default();
        lanes.rebuild(&config, |_| true);
        lanes
    }

    /// Milliseconds and the last octet.
    fn run(lanes: &mut Lanes, from: u64, until: u64) -> Vec<(u64, String)> {
        let mut said = Vec::new();
        let mut now = at(from);
        while let Some(deadline) = lanes.deadline().filter(|d| *d <= at(until)) {
            now = now.max(deadline);
            lanes.expire(
                now,
                |_| Some(7),
                |_, key| said.push((now.as_nanos() / 1_000_000, key.address().to_string())),
            );
        }
        said
    }

    fn words(said: &[(u64, String)]) -> Vec<(u64, &str)> {
        said.iter().map(|(t, a)| (*t, &**a)).collect()
    }

    #[test]
    fn rounds_over_all_addresses_at_once_without_a_gap() {
        let mut lanes = lanes(0, Vec::new());
        for net in ["10.0.0.1/32", "10.0.0.2/32"] {
            lanes.push(ONE, key("eth0", net), 2, 7);
        }
        let said = run(&mut lanes, 3, 1_000);
        assert_eq!(words(&said), [(3, "10.0.0.1"), (3, "10.0.0.2"), (3, "10.0.0.1"), (3, "10.0.0.2")]);
        assert_eq!(lanes.deadline(), None);
    }

    #[test]
    fn a_gap_spreads_the_packets_of_each_interface() {
        let mut lanes = lanes(200, Vec::new());
        for (interface, net) in [("eth0", "10.0.0.1/32"), ("eth0", "10.0.0.2/32"), ("eth1", "10.1.0.1/32")]
        {
            lanes.push(ONE, key(interface, net), 2, 7);
        }
        let said = run(&mut lanes, 10, 5_000);
        let expected = [
            (10, "10.0.0.1"),
            (10, "10.1.0.1"),
            (210, "10.0.0.2"),
            (210, "10.1.0.1"),
            (410, "10.0.0.1"),
            (610, "10.0.0.2"),
        ];
        assert_eq!(words(&said), expected);
        // The gap holds for what comes later, too.
        lanes.push(ONE, key("eth0", "10.0.0.1/32"), 1, 7);
        assert_eq!(lanes.deadline(), Some(at(810)));
    }

    #[test]
    fn a_group_shares_its_gap_and_families_have_their_own() {
        let group = GarpGroup {
            garp_interval: Some(Duration::from_millis(300)),
            gna_interval: None,
            interfaces: vec!["eth0".into(), "eth1".into()],
        };
        let mut lanes = lanes(0, vec![group]);
        for (interface, net) in
            [("eth0", "10.0.0.1/32"), ("eth1", "10.1.0.1/32"), ("eth1", "2001:db8::1/128")]
        {
            lanes.push(ONE, key(interface, net), 2, 7);
        }
        let said = run(&mut lanes, 0, 5_000);
        let v4: Vec<_> = words(&said).into_iter().filter(|(_, a)| !a.contains(':')).collect();
        assert_eq!(v4, [(0, "10.0.0.1"), (300, "10.1.0.1"), (600, "10.0.0.1"), (900, "10.1.0.1")]);
        assert_eq!(said.iter().filter(|(t, a)| a.contains(':') && *t == 0).count(), 2, "no gap for these");
    }

    #[test]
    fn what_waits_is_asked_for_once_and_forgotten_with_its_mastership() {
        let mut lanes = lanes(100, Vec::new());
        for _ in 0..50 {
            lanes.push(ONE, key("eth0", "10.0.0.1/32"), 3, 7);
        }
        assert_eq!(run(&mut lanes, 0, 150).len(), 2);
        lanes.push(ONE, key("eth0", "10.0.0.1/32"), 3, 7);
        assert_eq!(run(&mut lanes, 150, 1_000).len(), 3, "not more than one block waits");
        lanes.push(ONE, key("eth0", "10.0.0.1/32"), 9, 6);
        assert_eq!(run(&mut lanes, 1_000, 9_000), []);
        assert_eq!(lanes.deadline(), None);
    }

    #[test]
    fn thousands_come_in_slices() {
        let mut lanes = lanes(0, Vec::new());
        for n in 0..1_000_u32 {
            lanes.push(ONE, key("eth0", &format!("10.0.{}.{}/32", n / 250, n % 250)), 1, 7);
        }
        let mut count = 0;
        lanes.expire(at(5), |_| Some(7), |_, _| count += 1);
        assert_eq!(count, PER_CALL);
        assert!(lanes.deadline().is_some_and(|at| at <= Mono::ZERO));
        assert_eq!(run(&mut lanes, 5, 5).len(), 1_000 - PER_CALL);
    }

    #[test]
    fn no_repeat_comes_before_an_address_that_is_new() {
        let mut lanes = lanes(0, Vec::new());
        let mut said = Vec::new();
        let mut call = |lanes: &mut Lanes| {
            lanes.expire(at(5), |_| Some(7), |_, key| said.push(key.address().to_string()));
            std::mem::take(&mut said)
        };
        lanes.push(ONE, key("eth0", "10.0.0.1/32"), 3, 7);
        lanes.push(ONE, key("eth1", "10.1.0.1/32"), 3, 7);
        assert_eq!(call(&mut lanes), ["10.0.0.1", "10.1.0.1"], "repeats leave the call to what is new");
        lanes.push(ONE, key("eth1", "10.1.0.2/32"), 1, 7);
        assert_eq!(call(&mut lanes), ["10.1.0.2"]);
        assert_eq!(call(&mut lanes), ["10.0.0.1", "10.0.0.1", "10.1.0.1", "10.1.0.1"]);
        assert_eq!(lanes.deadline(), None);
        // Another mastership makes new what has waited for its repeats.
        lanes.push(ONE, key("eth0", "10.0.0.1/32"), 9, 6);
        lanes.push(ONE, key("eth0", "10.0.0.2/32"), 1, 7);
        lanes.push(ONE, key("eth0", "10.0.0.1/32"), 1, 7);
        assert_eq!(call(&mut lanes), ["10.0.0.1", "10.0.0.2"]);
        assert_eq!(lanes.deadline(), None);
    }

    #[test]
    fn a_reload_takes_what_waits_along() {
        let mut lanes = lanes(100, Vec::new());
        lanes.push(ONE, key("eth0", "10.0.0.1/32"), 4, 7);
        assert_eq!(run(&mut lanes, 0, 50).len(), 1);
        let mut config = Config::default();
        config.global.garp.values.interval = Duration::from_millis(10);
        lanes.rebuild(&config, |_| true);
        let said = run(&mut lanes, 50, 1_000);
        assert_eq!(said.iter().map(|(t, _)| *t).collect::<Vec<_>>(), [100, 110, 120]);
    }

    #[test]
    fn a_virtual_mac_shares_the_lane_of_its_parent() {
        let mut lanes = lanes(100, Vec::new());
        lanes.parents.insert("vrrp.1".into(), "eth0".into());
        lanes.push(ONE, key("eth0", "10.0.0.1/32"), 1, 7);
        lanes.push(ONE, key("vrrp.1", "10.0.0.2/32"), 1, 7);
        assert_eq!(words(&run(&mut lanes, 0, 1_000)), [(0, "10.0.0.1"), (100, "10.0.0.2")]);
    }
}
