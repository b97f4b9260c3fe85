//! What the host looks like, and what it means to one instance: its faults, its effective priority, its
//! way out.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::interfaces::source_of;
use super::note::Fault;
use super::tracking::{Effect, Kind, Standing, Standings, effect, trackers};
use super::virtual_addresses::VirtualAddresses;
use crate::config::model::vrrp::OWNER;
use crate::config::model::{Config, SyncGroup, Tracked, VrrpInstance};
use crate::ids::{ANY_INTERFACE, Family, IfIndex, Name};
use crate::objects::interface::{Interface, Interfaces};

/// Interfaces and tracked objects as last told.
#[derive(Clone)]
pub(super) struct Facts {
    interfaces: Interfaces,
    pub tracked: Standings,
    /// Track groups of which something cannot be put back, with their members.
    broken_groups: HashMap<Name, Vec<Name>>,
    /// Interfaces that an instance depends on beside its own, by its name: those of its addresses, routes and rules, and
    /// of what is static and names a track group that it is in. Sorted.
    used_interfaces: HashMap<Name, Vec<Name>>,
    /// Never a source of adverts, wherever they stand.
    pub virtual_addresses: VirtualAddresses,
    /// `track_src_ip`: configured sources whose loss matters.
    tracked_sources: HashSet<IpAddr>,
}

/// The facts for one instance.
pub(super) struct Situation {
    pub faults: Vec<Fault>,
    /// `None`: a file's value is past what a priority can be; the priority stays what it was.
    pub priority: Option<u8>,
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
    duplicates: Vec<IpAddr>,
    tracked: Vec<IpAddr>,
    mtu: u32,
}

impl Facts {
    pub fn new<'a>(interfaces: impl IntoIterator<Item = &'a Arc<Interface>>) -> Self {
        Facts {
            interfaces: interfaces.into_iter().map(|i| (i.name.clone(), i.clone())).collect(),
            tracked: Standings::default(),
            broken_groups: HashMap::new(),
            used_interfaces: HashMap::new(),
            virtual_addresses: VirtualAddresses::default(),
            tracked_sources: HashSet::new(),
        }
    }

    /// By their numbers.
    pub fn interfaces(&self) -> Vec<Arc<Interface>> {
        let mut interfaces: Vec<_> = self.interfaces.values().cloned().collect();
        interfaces.sort_by_key(|interface| interface.index);
        interfaces
    }

    pub fn set_tracked_sources(&mut self, sources: HashSet<IpAddr>) {
        self.tracked_sources = sources;
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
        let is_virtual = |address| self.virtual_addresses.contains(address);
        let addresses = interface.addresses.iter().map(|assigned| assigned.net.addr());
        let tracked = addresses.filter(|address| self.tracked_sources.contains(address));
        Essence {
            duplicates: interface.duplicates().collect(),
            // Thousands of addresses are looked through only for somebody.
            tracked: if self.tracked_sources.is_empty() { Vec::new() } else { tracked.collect() },
            mtu: interface.mtu,
            index: interface.index,
            up: interface.up,
            v4: interface.source_v4(is_virtual),
            v6: interface.source_v6(is_virtual),
        }
    }

    /// A track group is whole again (no members), or is not.
    pub fn set_track_group(&mut self, name: &Name, broken: Option<Vec<Name>>) {
        match broken {
            Some(members) => self.broken_groups.insert(name.clone(), members),
            None => self.broken_groups.remove(name),
        };
    }

    /// The interfaces that an instance depends on beside its own, without any being tracked by name.
    pub fn used_interfaces(&self, instance: &Name) -> &[Name] {
        self.used_interfaces.get(instance).map(Vec::as_slice).unwrap_or_default()
    }

    /// Instances use other interfaces now, and the members of track groups are others; a group that is gone holds
    /// nobody back.
    pub fn renew_used_interfaces(&mut self, config: &Config) {
        self.used_interfaces.clear();
        for instance in &config.instances {
            let mut used = instance.used_interfaces().peekable();
            if used.peek().is_some() {
                self.used_interfaces.insert(instance.name.clone(), used.cloned().collect());
            }
        }
        let groups = &config.track_groups;
        for group in groups {
            let interfaces: Vec<Name> = config.statics.interfaces_of(&group.name).cloned().collect();
            for member in &group.members {
                self.used_interfaces.entry(member.clone()).or_default().extend(interfaces.iter().cloned());
            }
        }
        for interfaces in self.used_interfaces.values_mut() {
            interfaces.sort_unstable();
            interfaces.dedup();
        }
        self.broken_groups.retain(|name, members| {
            let group = groups.iter().find(|group| group.name == *name);
            group.is_some_and(|group| {
                members.clone_from(&group.members);
                true
            })
        });
    }

    pub fn interface(&self, name: &Name) -> Option<&Arc<Interface>> {
        self.interfaces.get(name)
    }

    /// The addresses that an interface speaks from, of both families.
    pub fn sources(&self, name: &Name) -> [Option<IpAddr>; 2] {
        let is_virtual = |address| self.virtual_addresses.contains(address);
        let interface = self.interfaces.get(name);
        let v4 = interface.and_then(|one| one.source_v4(is_virtual)).map(IpAddr::V4);
        [v4, interface.and_then(|one| one.source_v6(is_virtual)).map(IpAddr::V6)]
    }

    pub fn name_of(&self, index: IfIndex) -> Option<Name> {
        self.interfaces.values().find(|interface| interface.index == index).map(|one| one.name.clone())
    }

    /// Unicast without an interface comes by any.
    pub fn index_of(&self, name: &Name) -> Option<IfIndex> {
        let found = self.interfaces.get(name).map(|interface| interface.index);
        found.or_else(|| name.is_empty().then_some(ANY_INTERFACE))
    }

    pub fn of(&self, config: &VrrpInstance, group: Option<&SyncGroup>) -> Situation {
        let parent = self.interfaces.get(&config.interface);
        let spoken_by = self.interfaces.get(config.listens_on());
        let source = spoken_by
            .and_then(|i| source_of(config, i, |address| self.virtual_addresses.contains(address)))
            .or_else(|| config.own_source().filter(|_| config.interface.is_empty()));
        Situation {
            faults: self.faults(config, group, source),
            priority: self.priority(config, group),
            interface: self.index_of(config.listens_on()),
            source,
            mtu: parent.map(|interface| interface.mtu),
        }
    }

    fn has_address(&self, address: IpAddr) -> bool {
        let mut assigned = self.interfaces.values().flat_map(|interface| &interface.addresses);
        assigned.any(|assigned| assigned.net.addr() == address)
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
            None if config.interface.is_empty() => {
                let had = |address| self.has_address(address);
                if let Some(gone) = source.filter(|own| config.options.track_src_ip && !had(*own)) {
                    faults.push(Fault::SourceGone(gone));
                }
            }
            None => faults.push(Fault::InterfaceAbsent(config.interface.clone())),
            Some(parent) => {
                if !parent.up && !config.dont_track_primary {
                    faults.push(Fault::InterfaceDown(config.interface.clone()));
                }
                match (source, self.interfaces.get(config.listens_on())) {
                    (None, Some(own)) => faults.push(self.no_source(config.family, own)),
                    (Some(source), Some(own)) if own.duplicates().any(|address| address == source) => {
                        faults.push(Fault::DuplicateAddress(own.name.clone(), source));
                    }
                    (Some(source), Some(own))
                        if config.options.track_src_ip
                            && config.source.is_some()
                            && !own.addresses.iter().any(|assigned| assigned.net.addr() == source) =>
                    {
                        faults.push(Fault::SourceGone(source));
                    }
                    _ => {}
                }
                match config.device().map(|name| (name, self.interfaces.get(name))) {
                    Some((name, None)) => faults.push(Fault::InterfaceAbsent(name.clone())),
                    // Down with its parent: one reason is enough.
                    Some((name, Some(device))) if !device.up && parent.up && !config.dont_track_primary => {
                        faults.push(Fault::InterfaceDown(name.clone()));
                    }
                    _ => {}
                }
            }
        }
        let broken = self.broken_groups.iter().filter(|(_, members)| members.contains(&config.name));
        let mut broken: Vec<&Name> = broken.map(|(group, _)| group).collect();
        broken.sort_unstable();
        faults.extend(broken.into_iter().cloned().map(Fault::TrackGroup));
        let down = self.used_interfaces(&config.name).iter().filter(|name| !self.is_up(name));
        faults.extend(down.cloned().map(Fault::TrackedInterface));
        if config.options.unicast_fault_no_peer && config.unicast_peers.is_empty() {
            faults.push(Fault::NoPeers);
        }
        for (kind, tracked, effect) in self.effects(config, group) {
            match (kind, effect) {
                (_, Effect::Priority(_)) => {}
                (_, Effect::Pending) => faults.push(Fault::ScriptPending(tracked)),
                (Kind::Interface, Effect::Fault) => faults.push(Fault::TrackedInterface(tracked)),
                (Kind::Script, Effect::Fault) => faults.push(Fault::Script(tracked)),
                (Kind::File, Effect::Fault) => faults.push(Fault::File(tracked)),
                (Kind::Process, Effect::Fault) => faults.push(Fault::Process(tracked)),
                (Kind::Bfd, Effect::Fault) => faults.push(Fault::Bfd(tracked)),
            }
        }
        faults
    }

    /// An owner's priority never changes.
    fn priority(&self, config: &VrrpInstance, group: Option<&SyncGroup>) -> Option<u8> {
        if config.priority == OWNER {
            return Some(OWNER);
        }
        let mut sum = i32::from(config.priority);
        for (kind, _, effect) in self.effects(config, group) {
            match effect {
                Effect::Priority(change) => sum += change,
                Effect::Fault if kind == Kind::File => return None,
                Effect::Fault | Effect::Pending => {}
            }
        }
        u8::try_from(sum.clamp(1, 254)).ok()
    }

    /// What each tracked object that counts does to the instance. The weight of an interface that it depends on anyway
    /// counts for nothing (keepalived 2.2.7).
    fn effects<'a>(
        &'a self,
        config: &'a VrrpInstance,
        group: Option<&'a SyncGroup>,
    ) -> impl Iterator<Item = (Kind, Name, Effect)> + 'a {
        let used = self.used_interfaces(&config.name);
        let depends =
            |name: &Name| !config.dont_track_primary && *name == config.interface || used.contains(name);
        let counts =
            move |(kind, tracked): &(Kind, Tracked)| *kind != Kind::Interface || !depends(&tracked.name);
        trackers(config, group).filter(counts).map(|(kind, tracked)| {
            let standing = match kind {
                Kind::Interface => Some(Standing::Well(self.is_up(&tracked.name))),
                _ => self.tracked.get(kind, &tracked.name),
            };
            let effect = effect(&tracked, kind, standing);
            (kind, tracked.name, effect)
        })
    }

    /// Why an interface has no source: its link-local address is another host's too, or there is none.
    fn no_source(&self, family: Family, interface: &Interface) -> Fault {
        let link_local = |address: &IpAddr| matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
        let own = |address: &IpAddr| link_local(address) && !self.virtual_addresses.contains(*address);
        match interface.duplicates().find(own) {
            Some(address) if family == Family::V6 => {
                Fault::DuplicateAddress(interface.name.clone(), address)
            }
            _ => Fault::NoAddress(family),
        }
    }
}
