//! The VMACs and ipvlans that the configuration asks for, made and kept.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::config::model::options::AddressVmac;
use crate::config::model::{Config, VrrpInstance};
use crate::daemon::names::HostNames;
use crate::ids::{Family, IfIndex, Name};
use crate::kernel::ipvlan::{IpvlanSpec, Ipvlans};
use crate::kernel::netlink::Channel;
use crate::kernel::vmac::{self, DeviceError, Ensured, VmacSpec, Vmacs};
use crate::objects::interface::{Interface, Interfaces};
use crate::objects::route::List;
use crate::objects::route::Named;
use crate::report::{Ident, Line, emit};

/// The VMACs of an instance: its own, and those of single addresses.
pub(super) fn vmacs(instance: &VrrpInstance) -> impl Iterator<Item = AddressVmac> {
    let own = instance.vmac.as_ref().map(|vmac| AddressVmac {
        name: vmac.name.clone(),
        family: instance.family,
        mac: vmac.mac,
        parent: instance.interface.clone(),
    });
    own.into_iter().chain(instance.options.address_vmacs.iter().cloned())
}

/// The names of all devices that are made for an instance.
pub(super) fn names(instance: &VrrpInstance) -> impl Iterator<Item = Name> {
    let ipvlan = instance.options.ipvlan.as_ref().map(|ipvlan| ipvlan.name.clone());
    vmacs(instance).map(|vmac| vmac.name).chain(ipvlan)
}

/// The devices, and what was last said about one that could not be made.
#[derive(Default)]
pub(super) struct Devices {
    vmacs: Vmacs,
    ipvlans: Ipvlans,
    failed: HashMap<Name, String>,
    /// Those for IPv6, and whether it is on: only while they have addresses.
    v6: HashMap<Name, bool>,
}

impl Devices {
    /// Makes each device whose parent is there and that is not. A failure is told once.
    pub fn ensure<'a>(
        &mut self,
        channel: &mut Channel,
        instances: impl Iterator<Item = &'a Arc<VrrpInstance>>,
        interfaces: &Interfaces,
        names: &HostNames,
    ) {
        for instance in instances {
            for device in vmacs(instance) {
                let Some(parent) = interfaces.get(&device.parent) else { continue };
                let own = instance.vmac.as_ref().filter(|own| own.name == device.name);
                let spec = VmacSpec {
                    name: device.name,
                    family: device.family,
                    mac: device.mac,
                    parent: device.parent,
                    parent_index: parent.index,
                    group: own.and_then(|own| number(own.group.as_ref(), names)),
                    vrf: vrf(parent, interfaces),
                };
                if self.vmacs.has(&spec) {
                    continue;
                }
                let ensured = self.vmacs.ensure(channel, &spec);
                if matches!(ensured, Ok(Ensured::Created | Ensured::Adopted)) && spec.family == Family::V6 {
                    self.v6.insert(spec.name.clone(), false);
                }
                self.tell(instance, "VMAC", &spec.name, ensured);
            }
            let Some((ipvlan, parent)) =
                instance.options.ipvlan.as_ref().zip(interfaces.get(&instance.interface))
            else {
                continue;
            };
            let spec = IpvlanSpec {
                name: ipvlan.name.clone(),
                family: instance.family,
                mode: ipvlan.mode,
                address: ipvlan.address,
                parent: instance.interface.clone(),
                parent_index: parent.index,
                group: number(ipvlan.group.as_ref(), names),
                vrf: vrf(parent, interfaces),
            };
            if !self.ipvlans.has(&spec) {
                let ensured = self.ipvlans.ensure(channel, &spec);
                self.tell(instance, "ipvlan", &spec.name, ensured);
            }
        }
    }

    fn tell(
        &mut self,
        instance: &VrrpInstance,
        kind: &str,
        name: &Name,
        ensured: Result<Ensured, DeviceError>,
    ) {
        match ensured {
            Ok(ensured) => {
                self.failed.remove(name);
                let done = match ensured {
                    Ensured::Created => "creating",
                    Ensured::Adopted => "adopting",
                    Ensured::Moved => "moving to the VRF of its parent",
                };
                let text = format!("({}): Success {done} {kind} interface {name}", instance.name);
                emit(Ident::Vrrp, Line::info(text));
            }
            Err(error) => {
                let text = format!("({}): cannot make {kind} interface {name}: {error}", instance.name);
                if self.failed.insert(name.clone(), text.clone()).as_ref() != Some(&text) {
                    emit(Ident::Vrrp, Line::error(text));
                }
            }
        }
    }

    /// Our devices of names that the configuration wants on another parent or with another MAC: they cannot be
    /// changed, only made anew.
    pub fn misplaced(&self, config: &Config, interfaces: &Interfaces) -> HashSet<Name> {
        let stands_wrong = |wanted: &AddressVmac| {
            let device = interfaces.get(&wanted.name).filter(|_| self.vmacs.owns(&wanted.name));
            let parent = interfaces.get(&wanted.parent).map(|parent| parent.index);
            device.is_some_and(|device| {
                device.mac != Some(wanted.mac) || parent.is_some() && device.parent != parent
            })
        };
        let wanted = config.instances.iter().flat_map(|one| vmacs(one));
        wanted.filter(stands_wrong).map(|device| device.name).collect()
    }

    /// Our devices that are wanted with another name. The kernel has no place on an interface for two with one MAC.
    pub fn renamed(&self, config: &Config) -> HashSet<Name> {
        let wanted: Vec<AddressVmac> = config.instances.iter().flat_map(|one| vmacs(one)).collect();
        let is_renamed = |made: &&VmacSpec| {
            wanted.iter().all(|device| device.name != made.name)
                && wanted.iter().any(|device| device.mac == made.mac && device.parent == made.parent)
        };
        self.vmacs.made().filter(is_renamed).map(|made| made.name.clone()).collect()
    }

    /// Removes these devices; who needs them makes them anew.
    pub fn give_up(&mut self, channel: &mut Channel, names: &HashSet<Name>) {
        for name in names {
            self.remove(channel, name);
        }
    }

    /// Turns IPv6 on before a device for it gets an address, and off, with all that is left, before it loses the
    /// last: removed one by one, each would be reported with the virtual MAC, which is the next master's by then.
    pub fn carry_ipv6(&mut self, name: &Name, on: bool) {
        let Some(known) = self.v6.get_mut(name).filter(|known| **known != on) else { return };
        *known = on;
        if let Err(error) = vmac::carry_ipv6(name, on) {
            emit(Ident::Vrrp, Line::error(format!("VMAC interface {name}: {error}")));
        }
    }

    /// Whether it is a device for IPv6, and that is on.
    pub fn carries_ipv6(&self, name: &Name) -> bool {
        self.v6.get(name) == Some(&true)
    }

    /// Somebody removed it, or its parent went.
    pub fn forget(&mut self, name: &str) {
        self.vmacs.forget(name);
        self.ipvlans.forget(name);
        self.v6.remove(name);
    }

    /// Removes the devices that the configuration does not name.
    pub fn keep_only(&mut self, channel: &mut Channel, config: &Config) {
        let wanted: HashSet<Name> = config.instances.iter().flat_map(|one| names(one)).collect();
        self.failed.retain(|name, _| wanted.contains(name));
        let gone: Vec<Name> = self.all().filter(|name| !wanted.contains(*name)).cloned().collect();
        for name in gone {
            self.remove(channel, &name);
        }
    }

    /// Removes all and puts back every setting that was changed for them.
    pub fn remove_all(&mut self, channel: &mut Channel) {
        let names: Vec<Name> = self.all().cloned().collect();
        for name in names {
            self.remove(channel, &name);
        }
        for error in self.vmacs.restore_settings() {
            emit(Ident::Vrrp, Line::warn(format!("cannot restore {error}")));
        }
    }

    fn all(&self) -> impl Iterator<Item = &Name> {
        self.vmacs.names().chain(self.ipvlans.names())
    }

    fn remove(&mut self, channel: &mut Channel, name: &Name) {
        self.v6.remove(name);
        let dropped =
            self.vmacs.drop_device(channel, name).and_then(|()| self.ipvlans.drop_device(channel, name));
        // keepalived's words, for an ipvlan too.
        match dropped {
            Ok(()) => emit(Ident::Vrrp, Line::info(format!("Success removing VMAC interface {name}"))),
            Err(error) => emit(Ident::Vrrp, Line::error(format!("VMAC interface {name}: {error}"))),
        }
    }
}

/// The VRF of an interface; another master has no part in what is made on it.
fn vrf(interface: &Interface, interfaces: &Interfaces) -> Option<IfIndex> {
    let master = interface.master?;
    let is_it = |one: &&Arc<Interface>| one.index == master && &*one.kind == "vrf";
    interfaces.values().find(is_it).map(|vrf| vrf.index)
}

fn number(group: Option<&Named>, names: &HostNames) -> Option<u32> {
    match group? {
        Named::Number(number) => Some(*number),
        Named::Name(name) => names.number(List::Groups, name),
    }
}
