//! What the host looks like, and what it means to one instance: its faults, its effective priority, its
//! way out.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::instance::{OWNER, source_of};
use super::note::Fault;
use crate::config::model::{SyncGroup, Tracked, VrrpInstance};
use crate::ids::{IfIndex, Name};
use crate::objects::interface::Interface;

/// Interfaces and script results as last told.
#[derive(Clone)]
pub(super) struct Facts {
    interfaces: HashMap<Name, Arc<Interface>>,
    scripts: HashMap<Name, bool>,
    /// Never a source of adverts, wherever they stand.
    virtual_addresses: HashSet<IpAddr>,
    /// `track_src_ip`: configured sources whose loss matters.
    tracked_sources: HashSet<IpAddr>,
}

/// The facts for one instance.
pub(super) struct Situation {
    pub faults: Vec<Fault>,
    pub priority: u8,
    pub interface: Option<IfIndex>,
    pub source: Option<IpAddr>,
    /// Of the interface, bytes.
    pub mtu: Option<u32>,
}

/// How much a change of an interface matters to the instances on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Change {
    Nothing,
    /// Link or source address.
    State,
    /// It came, went, or is another device of the same name.
    Identity,
}

/// What of an interface matters.
#[derive(PartialEq, Eq)]
struct Essence {
    index: IfIndex,
    up: bool,
    v4: Option<Ipv4Addr>,
    v6: Option<Ipv6Addr>,
    tracked: Vec<IpAddr>,
    mtu: u32,
}

impl Facts {
    pub fn new<'a>(interfaces: impl IntoIterator<Item = &'a Arc<Interface>>) -> Self {
        Facts {
            interfaces: interfaces.into_iter().map(|i| (i.name.clone(), i.clone())).collect(),
            scripts: HashMap::new(),
            virtual_addresses: HashSet::new(),
            tracked_sources: HashSet::new(),
        }
    }

    pub fn set_tracked_sources(&mut self, sources: HashSet<IpAddr>) {
        self.tracked_sources = sources;
    }

    pub fn set_virtual_addresses(&mut self, addresses: HashSet<IpAddr>) {
        self.virtual_addresses = addresses;
    }

    /// Takes what an interface looks like now, and says how much of it matters. With thousands of virtual
    /// addresses most changes are our own addresses coming and going.
    pub fn set_interface(&mut self, name: &Name, interface: Option<Arc<Interface>>) -> Change {
        let new = interface.as_deref().map(|i| self.essence(i));
        let old = match interface {
            Some(interface) => self.interfaces.insert(name.clone(), interface),
            None => self.interfaces.remove(name),
        };
        let old = old.as_deref().map(|i| self.essence(i));
        match (old, new) {
            (old, new) if old == new => Change::Nothing,
            (Some(old), Some(new)) if old.index == new.index => Change::State,
            _ => Change::Identity,
        }
    }

    fn essence(&self, interface: &Interface) -> Essence {
        let is_virtual = |address| self.virtual_addresses.contains(&address);
        let addresses = interface.addresses.iter().map(|assigned| assigned.net.addr());
        Essence {
            tracked: addresses.filter(|address| self.tracked_sources.contains(address)).collect(),
            mtu: interface.mtu,
            index: interface.index,
            up: interface.up,
            v4: interface.source_v4(is_virtual),
            v6: interface.source_v6(is_virtual),
        }
    }

    pub fn set_script(&mut self, name: &Name, healthy: bool) {
        self.scripts.insert(name.clone(), healthy);
    }

    /// A script that no configuration names any more; one of the same name starts without a result.
    pub fn forget_scripts(&mut self, keep: impl Fn(&Name) -> bool) {
        self.scripts.retain(|name, _| keep(name));
    }

    pub fn interface(&self, name: &Name) -> Option<&Arc<Interface>> {
        self.interfaces.get(name)
    }

    pub fn of(&self, config: &VrrpInstance, group: Option<&SyncGroup>) -> Situation {
        let parent = self.interfaces.get(&config.interface);
        let source =
            parent.and_then(|i| source_of(config, i, |address| self.virtual_addresses.contains(&address)));
        Situation {
            faults: self.faults(config, group, source),
            priority: self.priority(config, group),
            interface: parent.map(|interface| interface.index),
            source,
            mtu: parent.map(|interface| interface.mtu),
        }
    }

    fn is_up(&self, name: &Name) -> bool {
        self.interfaces.get(name).is_some_and(|interface| interface.up)
    }

    fn faults(
        &self,
        config: &VrrpInstance,
        group: Option<&SyncGroup>,
        source: Option<IpAddr>,
    ) -> Vec<Fault> {
        let mut faults = Vec::new();
        match self.interfaces.get(&config.interface) {
            None => faults.push(Fault::InterfaceAbsent(config.interface.clone())),
            Some(parent) => {
                if !parent.up && !config.dont_track_primary {
                    faults.push(Fault::InterfaceDown(config.interface.clone()));
                }
                match source {
                    None => faults.push(Fault::NoAddress(config.family)),
                    Some(source) if config.options.track_src_ip && config.source.is_some() => {
                        if !parent.addresses.iter().any(|assigned| assigned.net.addr() == source) {
                            faults.push(Fault::SourceGone(source));
                        }
                    }
                    Some(_) => {}
                }
                match config.vmac.as_ref().map(|vmac| (&vmac.name, self.interfaces.get(&vmac.name))) {
                    Some((name, None)) => faults.push(Fault::InterfaceAbsent(name.clone())),
                    // Down with its parent: one reason is enough.
                    Some((name, Some(vmac))) if !vmac.up && parent.up && !config.dont_track_primary => {
                        faults.push(Fault::InterfaceDown(name.clone()));
                    }
                    _ => {}
                }
            }
        }
        if config.options.unicast_fault_no_peer && config.unicast_peers.is_empty() {
            faults.push(Fault::NoPeers);
        }
        let fatal = |tracked: &&Tracked| tracked.weight == 0;
        for tracked in interfaces(config, group).filter(fatal) {
            if self.is_up(&tracked.name) == tracked.reverse {
                faults.push(Fault::TrackedInterface(tracked.name.clone()));
            }
        }
        for tracked in scripts(config, group).filter(fatal) {
            match self.scripts.get(&tracked.name) {
                None => faults.push(Fault::ScriptPending(tracked.name.clone())),
                Some(healthy) if *healthy == tracked.reverse => {
                    faults.push(Fault::Script(tracked.name.clone()))
                }
                Some(_) => {}
            }
        }
        faults
    }

    /// keepalived(5), "weight": a positive one is added while the tracked object is well, a negative one
    /// while it is not. An owner's priority never changes; members of a group ignore weights unless the
    /// group says otherwise.
    fn priority(&self, config: &VrrpInstance, group: Option<&SyncGroup>) -> u8 {
        if config.priority == OWNER || group.is_some_and(|group| !group.tracking_weight) {
            return config.priority;
        }
        let of_interfaces = interfaces(config, group).map(|t| (t, Some(self.is_up(&t.name))));
        let of_scripts = scripts(config, group).map(|t| (t, self.scripts.get(&t.name).copied()));
        let sum: i32 = of_interfaces
            .chain(of_scripts)
            .filter_map(|(tracked, well)| well.map(|well| contribution(tracked, well)))
            .sum();
        u8::try_from((i32::from(config.priority) + sum).clamp(1, 254)).unwrap_or(config.priority)
    }
}

fn contribution(tracked: &Tracked, well: bool) -> i32 {
    let well = well != tracked.reverse;
    if (tracked.weight > 0) == well { i32::from(tracked.weight) } else { 0 }
}

fn interfaces<'a>(
    config: &'a VrrpInstance,
    group: Option<&'a SyncGroup>,
) -> impl Iterator<Item = &'a Tracked> {
    config.track_interfaces.iter().chain(group.into_iter().flat_map(|group| &group.track_interfaces))
}

fn scripts<'a>(
    config: &'a VrrpInstance,
    group: Option<&'a SyncGroup>,
) -> impl Iterator<Item = &'a Tracked> {
    config.track_scripts.iter().chain(group.into_iter().flat_map(|group| &group.track_scripts))
}
