//! The routes and rules: what their owners want, what we have set, and the steps in between.
//!
//! Their work stands in the queue of the addresses, owner by owner: routes need the addresses that they name. What
//! happens to them behind our back is found by looking: a dump is compared with what should be there.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::Owner;
use super::patience::Patience;
use crate::kernel::monitor::Change;
use crate::kernel::routing::{Done, Prepared, Present, RouteKey};
use crate::objects::routing::RoutingObject;
use crate::time::Mono;

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Step {
    Remove(Arc<RoutingObject>, Prepared),
    Add(Arc<RoutingObject>),
}

/// What we have asked the kernel for, with success.
struct Standing {
    prepared: Prepared,
    /// Not known until the next look, where something of its kind stood there already.
    ours: Option<bool>,
}

/// What the kernel would not take, or what names something that the host does not have.
struct Refusal {
    told: String,
    /// Not to be asked for until the pause is over.
    waits: bool,
}

/// Desired and actual routes and rules.
#[derive(Default)]
pub(super) struct Routing {
    /// In the order of the configuration.
    wanted: HashMap<Owner, Vec<Arc<RoutingObject>>>,
    owners: HashMap<Arc<RoutingObject>, Vec<Owner>>,
    /// What of the wanted is to be asked for next.
    pending: HashMap<Owner, VecDeque<Arc<RoutingObject>>>,
    set: HashMap<Arc<RoutingObject>, Standing>,
    /// How many of the set ones stand at each place.
    places: HashMap<RouteKey, usize>,
    /// What is set and nobody wants any more: rules first.
    abandoned: Vec<Arc<RoutingObject>>,
    /// Of what half is gone: the rest must go before the whole can be set again.
    torn: Vec<(Arc<RoutingObject>, Prepared)>,
    refused: HashMap<Arc<RoutingObject>, Refusal>,
    patience: Patience,
    suspect: bool,
}

impl Routing {
    /// `owner` has exactly `list` from now on. True when something may be to do.
    pub fn own(&mut self, owner: Owner, list: Vec<Arc<RoutingObject>>) -> bool {
        let before = self.wanted.remove(&owner).unwrap_or_default();
        if before.is_empty() && list.is_empty() {
            return false;
        }
        for object in &list {
            let owners = self.owners.entry(object.clone()).or_default();
            if !owners.contains(&owner) {
                owners.push(owner);
            }
        }
        let kept: std::collections::HashSet<&Arc<RoutingObject>> = list.iter().collect();
        for object in before.into_iter().filter(|object| !kept.contains(object)) {
            let Some(owners) = self.owners.get_mut(&object) else { continue };
            owners.retain(|other| *other != owner);
            if owners.is_empty() {
                self.owners.remove(&object);
                self.refused.remove(&object);
                if self.set.contains_key(&object) {
                    self.abandoned.push(object);
                }
            }
        }
        let owners = &self.owners;
        self.abandoned.retain(|object| !owners.contains_key(object));
        self.abandoned.sort_by_key(|object| object.order_of_removal());
        let missing = list.iter().filter(|object| !self.set.contains_key(*object));
        self.pending.insert(owner, missing.cloned().collect());
        if list.is_empty() {
            self.pending.remove(&owner);
        } else {
            self.wanted.insert(owner, list);
        }
        true
    }

    /// The next at most `limit` steps of this owner, and what anybody has abandoned.
    pub fn next(&mut self, owner: Owner, limit: usize) -> Vec<Step> {
        let mut steps = Vec::new();
        let count = self.abandoned.len().min(limit);
        for object in self.abandoned.drain(..count) {
            if let Some(standing) = take(&mut self.set, &mut self.places, &object) {
                steps.push(Step::Remove(object, standing.prepared));
            }
        }
        steps.extend(self.torn.drain(..).map(|(object, prepared)| Step::Remove(object, prepared)));
        let pending = self.pending.entry(owner).or_default();
        while steps.len() < limit {
            let Some(object) = pending.pop_front() else { break };
            if !self.set.contains_key(&object) && !self.refused.get(&object).is_some_and(|r| r.waits) {
                steps.push(Step::Add(object));
            }
        }
        steps
    }

    /// Whether steps are left.
    pub fn has_more(&self, owner: Owner) -> bool {
        !self.abandoned.is_empty() || self.pending.get(&owner).is_some_and(|pending| !pending.is_empty())
    }

    /// It was added.
    pub fn done(&mut self, object: Arc<RoutingObject>, prepared: Prepared, done: Done) {
        let ours = match done {
            Done::Changed => Some(true),
            Done::Existed => {
                self.suspect = true;
                None
            }
        };
        self.refused.remove(&object);
        if let Some(place) = prepared.route_key().filter(|_| !self.set.contains_key(&object)) {
            *self.places.entry(place.clone()).or_default() += 1;
        }
        self.set.insert(object, Standing { prepared, ours });
    }

    /// It cannot be added now, for this reason. True when that is news.
    pub fn refused(&mut self, now: Mono, object: Arc<RoutingObject>, reason: String) -> bool {
        self.patience.refused(now, self.refused.is_empty());
        let before = self.refused.insert(object, Refusal { told: reason.clone(), waits: true });
        before.is_none_or(|before| before.told != reason)
    }

    /// When the kernel is to be asked again.
    pub fn deadline(&self) -> Option<Mono> {
        self.patience.deadline()
    }

    /// Who has something to ask for again, if it is time.
    pub fn expire(&mut self, now: Mono) -> Vec<Owner> {
        if self.patience.is_over(now) { self.retry() } else { Vec::new() }
    }

    /// Something about the host is new: what was refused is worth another try. Whose it is.
    pub fn retry(&mut self) -> Vec<Owner> {
        let mut owners = Vec::new();
        for (object, refusal) in &mut self.refused {
            for owner in self.owners.get(object).into_iter().flatten().filter(|_| refusal.waits) {
                self.pending.entry(*owner).or_default().push_back(object.clone());
                owners.push(*owner);
            }
            refusal.waits = false;
        }
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    /// Whether this object is wanted and cannot be had.
    pub fn is_refused(&self, object: &RoutingObject) -> bool {
        self.refused.contains_key(object)
    }

    /// Takes what the monitor tells; it may be that something of ours is gone.
    pub fn suspect(&mut self, change: &Change) {
        self.suspect |= match change {
            Change::RouteGone(key) => self.places.contains_key(key),
            Change::RuleGone => self.set.keys().any(|object| matches!(**object, RoutingObject::Rule(_))),
            Change::Gone(_) | Change::Overrun => !self.set.is_empty(),
            Change::Interface(_) | Change::AddressRemoved(_) => false,
        };
    }

    /// The kernel may have removed something with a link or an address, without a word.
    pub fn suspect_all(&mut self) {
        self.suspect |= !self.set.is_empty();
    }

    /// Whether a look at the kernel is due; asked once.
    pub fn take_suspicion(&mut self) -> bool {
        std::mem::take(&mut self.suspect)
    }

    /// Compares with what the kernel has: what is tracked and not there any more, with its owners.
    pub fn lost(&mut self, present: &Present) -> Vec<(Arc<RoutingObject>, Vec<Owner>)> {
        let mut lost = Vec::new();
        for (object, standing) in &mut self.set {
            let there = present.has(&standing.prepared);
            let ours = *standing.ours.get_or_insert(there);
            if ours && !there && object.tracked() && self.owners.contains_key(object) {
                lost.push(object.clone());
            }
        }
        let in_order = self.wanted.values().flat_map(|list| list.iter().enumerate());
        let order: HashMap<&Arc<RoutingObject>, usize> =
            in_order.map(|(at, object)| (object, at)).collect();
        lost.sort_by_cached_key(|object| order.get(object).copied());
        lost.into_iter()
            .map(|object| {
                if let Some(standing) = take(&mut self.set, &mut self.places, &object)
                    && matches!(&*object, RoutingObject::Route(route) if route.nexthops.len() > 1)
                {
                    self.torn.push((object.clone(), standing.prepared));
                }
                let owners = self.owners.get(&object).cloned().unwrap_or_default();
                for owner in &owners {
                    self.pending.entry(*owner).or_default().push_back(object.clone());
                }
                (object, owners)
            })
            .collect()
    }
}

fn take(
    set: &mut HashMap<Arc<RoutingObject>, Standing>,
    places: &mut HashMap<RouteKey, usize>,
    object: &Arc<RoutingObject>,
) -> Option<Standing> {
    let standing = set.remove(object)?;
    if let Some(place) = standing.prepared.route_key()
        && let Some(count) = places.get_mut(place)
    {
        *count -= 1;
        if *count == 0 {
            places.remove(place);
        }
    }
    Some(standing)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{LoadOptions, load_str};
    use crate::ids::{IfIndex, Name};
    use crate::kernel::routing::Lookup;
    use crate::objects::route::List;
    use crate::vrrp::action::InstanceId;

    struct Host;

    impl Lookup for Host {
        fn interface(&self, _: &Name) -> Option<IfIndex> {
            Some(IfIndex(2))
        }

        fn number(&self, _: List, _: &Name) -> Option<u32> {
            None
        }

        fn vrf(&self, _: &Name) -> Option<u32> {
            None
        }
    }

    const ONE: Owner = Owner::Instance(InstanceId(1));
    const TWO: Owner = Owner::Instance(InstanceId(2));

    fn objects(routes: &str, rules: &str) -> Vec<Arc<RoutingObject>> {
        let text = format!("static_routes {{\n{routes}\n}}\nstatic_rules {{\n{rules}\n}}\n");
        let statics = load_str("test.conf", &text, &LoadOptions::default()).config.statics;
        let routes = statics.routes.into_iter().map(|route| RoutingObject::Route(Box::new(route)));
        let rules = statics.rules.into_iter().map(|rule| RoutingObject::Rule(Box::new(rule)));
        routes.chain(rules).map(Arc::new).collect()
    }

    fn prepared(object: &RoutingObject) -> Prepared {
        Prepared::new(object, &Host).unwrap()
    }

    fn gone(object: &RoutingObject) -> Change {
        Change::RouteGone(prepared(object).route_key().unwrap().clone())
    }

    /// Does all steps of an owner, and tells them.
    fn drain(routing: &mut Routing, owner: Owner) -> Vec<String> {
        let mut told = Vec::new();
        while routing.has_more(owner) {
            for step in routing.next(owner, 2) {
                match step {
                    Step::Add(object) => {
                        told.push(format!("+ {object}"));
                        let known = prepared(&object);
                        routing.done(object, known, Done::Changed);
                    }
                    Step::Remove(object, _) => told.push(format!("- {object}")),
                }
            }
        }
        told
    }

    const A: &str = "10.1.0.0/16 dev eth0";
    const B: &str = "10.2.0.0/16 dev eth0";
    const R: &str = "from 10.1.0.0/16 table 5 preference 7";

    #[test]
    fn routes_then_rules_and_away_in_reverse() {
        let mut routing = Routing::default();
        assert!(!routing.own(ONE, Vec::new()), "nothing of nothing");
        assert!(routing.own(ONE, objects(&format!("{A}\n{B}"), R)));
        assert_eq!(drain(&mut routing, ONE), [format!("+ {A}"), format!("+ {B}"), format!("+ {R}")]);
        routing.own(ONE, objects(&format!("{A}\n{B}"), R));
        assert_eq!(drain(&mut routing, ONE), [""; 0], "nothing is done twice");
        routing.own(ONE, Vec::new());
        assert_eq!(drain(&mut routing, ONE), [format!("- {R}"), format!("- {A}"), format!("- {B}")]);
    }

    #[test]
    fn a_reload_changes_the_difference() {
        let mut routing = Routing::default();
        routing.own(ONE, objects(A, R));
        drain(&mut routing, ONE);
        routing.own(ONE, objects(&format!("{B}\n{A}"), ""));
        assert_eq!(drain(&mut routing, ONE), [format!("- {R}"), format!("+ {B}")]);
    }

    #[test]
    fn what_two_want_stays_until_both_give_it_up() {
        let mut routing = Routing::default();
        for owner in [ONE, TWO] {
            routing.own(owner, objects(A, ""));
            drain(&mut routing, owner);
        }
        routing.own(ONE, Vec::new());
        assert_eq!(drain(&mut routing, ONE), [""; 0]);
        routing.own(TWO, Vec::new());
        routing.own(ONE, objects(A, ""));
        assert_eq!(drain(&mut routing, ONE), [""; 0], "given up and taken back before it went");
    }

    #[test]
    fn what_is_refused_waits_and_is_said_once() {
        let mut routing = Routing::default();
        routing.own(ONE, objects(A, ""));
        let now = Mono::ZERO + Duration::from_secs(9);
        let refuse = |routing: &mut Routing| {
            let Some(Step::Add(object)) = routing.next(ONE, 9).pop() else { panic!() };
            routing.refused(now, object, "no".into())
        };
        assert!(refuse(&mut routing));
        assert!(!routing.has_more(ONE));
        assert_eq!(routing.expire(now), []);
        assert_eq!(routing.expire(now + Duration::from_secs(1)), [ONE]);
        assert!(!refuse(&mut routing), "known");
        assert_eq!(routing.retry(), [ONE], "something is new about the host");
        assert_eq!(drain(&mut routing, ONE), [format!("+ {A}")]);
        assert_eq!(routing.retry(), []);
    }

    #[test]
    fn what_a_look_does_not_find_is_lost_unless_nobody_minds() {
        let mut routing = Routing::default();
        let list = objects(&format!("{A}\n{B} no_track"), R);
        routing.own(ONE, list.clone());
        drain(&mut routing, ONE);
        routing.suspect(&gone(&objects("10.3.0.0/16 dev eth0", "")[0]));
        assert!(!routing.take_suspicion(), "none of ours");
        routing.suspect(&gone(&list[0]));
        assert!(routing.take_suspicion());
        let lost = routing.lost(&Present::default());
        let lost: Vec<String> =
            lost.iter().map(|(object, owners)| format!("{object} {owners:?}")).collect();
        assert_eq!(lost, [format!("{A} [{ONE:?}]"), format!("{R} [{ONE:?}]")]);
        assert!(routing.lost(&Present::default()).is_empty(), "told once");
        assert_eq!(drain(&mut routing, ONE), [format!("+ {A}"), format!("+ {R}")]);
    }

    #[test]
    fn thousands_are_lost_and_found_without_comparing_pairs() {
        let mut routing = Routing::default();
        let lines: Vec<String> =
            (0..20_000).map(|n| format!("10.{}.{}.0/24 dev eth0", n / 250, n % 250)).collect();
        routing.own(ONE, objects(&lines.join("\n"), ""));
        let add_all = |routing: &mut Routing| {
            for step in routing.next(ONE, usize::MAX) {
                let Step::Add(object) = step else { panic!() };
                let known = prepared(&object);
                routing.done(object, known, Done::Changed);
            }
        };
        add_all(&mut routing);
        let lost: Vec<String> =
            routing.lost(&Present::default()).iter().map(|(object, _)| object.to_string()).collect();
        assert_eq!(lost, lines, "in the order of the configuration");
        add_all(&mut routing);
        assert!(!routing.has_more(ONE));
    }

    #[test]
    fn what_stood_there_already_and_is_another_is_not_missed() {
        let mut routing = Routing::default();
        routing.own(ONE, objects(A, ""));
        let Some(Step::Add(object)) = routing.next(ONE, 9).pop() else { panic!() };
        let known = prepared(&object);
        routing.done(object, known, Done::Existed);
        assert!(routing.take_suspicion(), "is it ours?");
        assert!(routing.lost(&Present::default()).is_empty(), "it is not");
    }
}
