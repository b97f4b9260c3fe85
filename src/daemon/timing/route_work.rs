//! Routes and rules carried out: steps in slices, a look at the kernel when something may be gone.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::addresses::Addresses;
use super::routing::{Routing, Step};
use super::{Driver, Owner, WORK_AT_ONCE};
use crate::config::model::{Config, VirtualAddress, VrrpInstance};
use crate::daemon::names::HostNames;
use crate::ids::{IfIndex, Name};
use crate::kernel::clock;
use crate::kernel::link;
use crate::kernel::monitor::Change;
use crate::kernel::netlink::Channel;
use crate::kernel::routing::{self, Lookup, Missing, Prepared};
use crate::objects::interface::Interfaces;
use crate::objects::route::{List, Route};
use crate::objects::routing::RoutingObject;
use crate::objects::rule::Rule;
use crate::report::{Ident, Line, emit};
use crate::vrrp::action::InstanceId;
use crate::vrrp::event::Event;

/// What a route names, as this host has it.
struct Host<'a> {
    interfaces: &'a Interfaces,
    names: &'a HostNames,
    vrfs: HashMap<Name, u32>,
}

impl Lookup for Host<'_> {
    fn interface(&self, name: &Name) -> Option<IfIndex> {
        self.interfaces.get(name).map(|interface| interface.index)
    }

    fn number(&self, list: List, name: &Name) -> Option<u32> {
        self.names.number(list, name)
    }

    fn vrf(&self, name: &Name) -> Option<u32> {
        self.vrfs.get(name).copied()
    }
}

impl<'a> Host<'a> {
    fn of<'o>(
        objects: impl Iterator<Item = &'o RoutingObject>,
        channel: &mut Channel,
        interfaces: &'a Interfaces,
        names: &'a HostNames,
    ) -> Self {
        let mut vrfs = HashMap::new();
        for object in objects {
            if let RoutingObject::Route(route) = object
                && let Some(vrf) = &route.vrf
                && !vrfs.contains_key(vrf)
                && let Ok(Some(table)) = link::vrf_table(channel, vrf)
            {
                vrfs.insert(vrf.clone(), table);
            }
        }
        Host { interfaces, names, vrfs }
    }
}

/// Routes, then rules.
fn objects(routes: &[Route], rules: &[Rule]) -> Vec<Arc<RoutingObject>> {
    let routes = routes.iter().map(|route| Arc::new(RoutingObject::Route(Box::new(route.clone()))));
    let rules = rules.iter().map(|rule| Arc::new(RoutingObject::Rule(Box::new(rule.clone()))));
    routes.chain(rules).collect()
}

impl Driver {
    /// The instance has all that is its own from now on, or nothing.
    pub(super) fn own_instance(&mut self, instance: InstanceId, config: Option<&Arc<VrrpInstance>>) {
        let options = config.map(|config| &config.options);
        let list = options.map(|options| objects(&options.routes, &options.rules)).unwrap_or_default();
        let routing = self.routing.own(Owner::Instance(instance), list);
        self.addresses.own(instance, config, routing);
    }

    /// What is static is as this configuration has it; without one it goes.
    pub(super) fn own_statics(&mut self, config: Option<&Config>) {
        let statics = config.map(|config| &config.statics);
        let list = statics.map(|statics| objects(&statics.routes, &statics.rules)).unwrap_or_default();
        let routing = self.routing.own(Owner::Static, list);
        let addresses: Vec<VirtualAddress> = statics
            .into_iter()
            .flat_map(|statics| &statics.addresses)
            .map(|address| VirtualAddress {
                key: address.key.clone(),
                attributes: address.attributes.clone(),
                no_track: address.no_track,
            })
            .collect();
        self.addresses.own_statics(addresses, routing);
    }

    /// Reads the host's names where something uses one, and listens to routes and rules where there are some.
    pub(super) fn prepare_routing(&mut self, config: &Config) {
        self.names = HostNames::read(&config.global.files);
        let instances = config.instances.iter().map(|instance| &instance.options);
        let some = instances.into_iter().any(|own| !own.routes.is_empty() || !own.rules.is_empty())
            || !config.statics.routes.is_empty()
            || !config.statics.rules.is_empty();
        if let Err(error) = self.monitor.watch_routing(some) {
            emit(Ident::Vrrp, Line::warn(format!("routes and rules are not watched: {error}")));
        }
    }

    /// One slice of this owner's steps.
    pub(super) fn route(&mut self, owner: Owner) {
        let steps = self.routing.next(owner, WORK_AT_ONCE);
        if steps.is_empty() {
            return;
        }
        let wanted = steps.iter().filter_map(|step| match step {
            Step::Add(object) => Some(&**object),
            Step::Remove(..) => None,
        });
        let host = Host::of(wanted, &mut self.channel, &self.interfaces, &self.names);
        let (mut prepared, mut unprepared) = (Vec::with_capacity(steps.len()), Vec::new());
        for step in steps {
            match step {
                Step::Remove(object, known) => prepared.push((false, object, known)),
                Step::Add(object) => match Prepared::new(&object, &host) {
                    Ok(new) => prepared.push((true, object, new)),
                    // Of a name without a number was spoken when the file was read.
                    Err(missing) => {
                        let told = matches!(missing, Missing::Number(_));
                        unprepared.push((object, missing.to_string(), told));
                    }
                },
            }
        }
        let changes: Vec<_> = prepared
            .iter()
            .map(|(add, _, object)| match add {
                true => routing::Change::Add(object),
                false => routing::Change::Remove(object),
            })
            .collect();
        let results = routing::apply(&mut self.channel, &changes);
        for ((add, object, known), result) in prepared.into_iter().zip(results) {
            match (add, result) {
                (true, Ok(done)) => self.routing.done(object, known, done),
                (true, Err(error)) => unprepared.push((object, error.to_string(), false)),
                (false, Ok(_)) => {}
                (false, Err(error)) => {
                    let text = format!("cannot remove {} {object}: {error}", object.what());
                    emit(Ident::Vrrp, Line::error(text));
                }
            }
        }
        for (object, reason, told) in unprepared {
            let text = format!("cannot set {} {object}: {reason}", object.what());
            if self.routing.refused(clock::now(), object, reason) && !told {
                emit(Ident::Vrrp, Line::error(text));
            }
        }
        if self.routing.has_more(owner) {
            self.addresses.route(owner, true);
        }
    }

    /// What of the routing may be other than we left it.
    pub(super) fn routing_changed(&mut self, change: &Change) {
        self.routing.suspect(change);
        if let Change::Interface(new) = change {
            let old = self.interfaces.get(&new.name);
            let less = old.is_some_and(|old| {
                old.up != new.up || old.index != new.index || old.addresses.len() > new.addresses.len()
            });
            if less {
                self.routing.suspect_all();
            }
            for owner in self.routing.retry() {
                self.addresses.route(owner, false);
            }
        }
    }

    /// Looks for what is gone, if something may be.
    pub(super) fn look_for_lost(&mut self) {
        if !self.routing.take_suspicion() {
            return;
        }
        let present = match routing::channel().and_then(|mut channel| routing::dump(&mut channel)) {
            Ok(present) => present,
            Err(error) => {
                emit(Ident::Vrrp, Line::warn(format!("routes and rules cannot be read: {error}")));
                return;
            }
        };
        for (object, owners) in self.routing.lost(&present) {
            if let Some(down) = self.down_interface(&object) {
                // It went with its interface, and comes back with it.
                self.routing.refused(clock::now(), object, format!("interface {down} is down"));
                continue;
            }
            for owner in owners {
                match owner {
                    Owner::Static => {
                        let text = format!("Restoring deleted static {} {object}", object.what());
                        emit(Ident::Vrrp, Line::info(text));
                        self.addresses.route(owner, false);
                    }
                    Owner::Instance(instance) => {
                        let event = Event::ObjectLost { instance, object: object.clone() };
                        self.router.handle(clock::now(), event, &mut self.actions);
                    }
                }
            }
        }
    }

    fn down_interface(&self, object: &RoutingObject) -> Option<Name> {
        let RoutingObject::Route(route) = object else { return None };
        let hops = route.nexthops.iter().filter_map(|hop| hop.interface.as_ref());
        let mut named = route.interface.iter().chain(hops);
        named.find(|name| !self.interfaces.get(*name).is_some_and(|interface| interface.up)).cloned()
    }

    /// Tells the router of each track group of which something cannot be had, and of each that is whole again.
    pub(super) fn tell_track_groups(&mut self) {
        let broken = broken_groups(&self.config, &self.addresses, &self.routing);
        if broken == self.broken_groups {
            return;
        }
        let before = std::mem::replace(&mut self.broken_groups, broken);
        let changed: Vec<Name> = before.symmetric_difference(&self.broken_groups).cloned().collect();
        for name in changed {
            let whole = !self.broken_groups.contains(&name);
            self.router.handle(clock::now(), Event::TrackGroup { name, whole }, &mut self.actions);
        }
    }
}

fn broken_groups(config: &Config, addresses: &Addresses, routing: &Routing) -> HashSet<Name> {
    if config.track_groups.is_empty() {
        return HashSet::new();
    }
    let statics = &config.statics;
    let of_addresses = (statics.addresses.iter())
        .filter(|address| addresses.is_missing(&address.key))
        .filter_map(|address| address.track_group.clone());
    let of_objects = objects(&statics.routes, &statics.rules)
        .into_iter()
        .filter(|object| routing.is_refused(object))
        .filter_map(|object| object.track_group().cloned());
    of_addresses.chain(of_objects).collect()
}

/// Removes routes and rules of the configuration that a predecessor left behind, as far as they are
/// keepalived's by their protocol; with `statics` those too.
pub(super) fn remove_left_overs(
    channel: &mut Channel,
    config: &Config,
    interfaces: &Interfaces,
    statics: bool,
) {
    let mut left: Vec<Arc<RoutingObject>> =
        config.instances.iter().flat_map(|one| objects(&one.options.routes, &one.options.rules)).collect();
    if statics {
        left.extend(objects(&config.statics.routes, &config.statics.rules));
    }
    if left.is_empty() {
        return;
    }
    let Ok(present) = routing::channel().and_then(|mut channel| routing::dump(&mut channel)) else {
        return;
    };
    let names = HostNames::read(&config.global.files);
    let host = Host::of(left.iter().map(|object| &**object), channel, interfaces, &names);
    left.sort_by_key(|object| object.order_of_removal());
    let found: Vec<_> = (left.iter())
        .filter_map(|object| Some((object, Prepared::new(object, &host).ok()?)))
        .filter(|(_, prepared)| present.has(prepared))
        .collect();
    let changes: Vec<_> = found.iter().map(|(_, prepared)| routing::Change::Remove(prepared)).collect();
    for ((object, _), result) in found.iter().zip(routing::apply(channel, &changes)) {
        let text = match result {
            Ok(_) => format!("removed {} {object}: left behind by a predecessor", object.what()),
            Err(error) => format!("cannot remove {} {object}: {error}", object.what()),
        };
        emit(Ident::Vrrp, Line::info(text));
    }
}
