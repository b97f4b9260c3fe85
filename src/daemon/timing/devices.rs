//! The virtual MAC interfaces that the configuration asks for, made and kept.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::config::model::options::AddressVmac;
use crate::config::model::{Config, VrrpInstance};
use crate::ids::{Family, Name};
use crate::kernel::netlink::Channel;
use crate::kernel::vmac::{self, Ensured, VmacSpec, Vmacs};
use crate::objects::interface::Interface;
use crate::report::{Ident, Line, emit};

/// The devices of an instance: its own, and those of single addresses.
pub(super) fn devices(instance: &VrrpInstance) -> impl Iterator<Item = AddressVmac> {
    let own = instance.vmac.as_ref().map(|vmac| AddressVmac {
        name: vmac.name.clone(),
        family: instance.family,
        mac: vmac.mac,
        parent: instance.interface.clone(),
    });
    own.into_iter().chain(instance.options.address_vmacs.iter().cloned())
}

/// The devices, and what was last said about one that could not be made.
#[derive(Default)]
pub(super) struct Devices {
    vmacs: Vmacs,
    failed: HashMap<Name, String>,
    /// Those for IPv6, and whether it is on: only while they have addresses.
    v6: HashMap<Name, bool>,
}

impl Devices {
    /// Makes each device whose parent is there and that is not. A failure is told once.
    pub fn ensure<'a>(
        &mut self,
        channel: &mut Channel,
        instances: impl Iterator<Item = &'a VrrpInstance>,
        interfaces: &HashMap<Name, Arc<Interface>>,
    ) {
        for (instance, device) in
            instances.flat_map(|instance| devices(instance).map(move |d| (instance, d)))
        {
            let Some(parent) = interfaces.get(&device.parent) else { continue };
            if self.vmacs.has(&device.name) {
                continue;
            }
            let spec = VmacSpec {
                name: device.name,
                family: device.family,
                mac: device.mac,
                parent: device.parent,
                parent_index: parent.index,
            };
            match self.vmacs.ensure(channel, &spec) {
                Ok(ensured) => {
                    self.failed.remove(&spec.name);
                    if spec.family == Family::V6 {
                        self.v6.insert(spec.name.clone(), false);
                    }
                    let done = match ensured {
                        Ensured::Created => "Success creating VMAC interface",
                        Ensured::Adopted => "Success adopting VMAC interface",
                    };
                    emit(Ident::Vrrp, Line::info(format!("({}): {done} {}", instance.name, spec.name)));
                }
                Err(error) => {
                    let text =
                        format!("({}): cannot make VMAC interface {}: {error}", instance.name, spec.name);
                    if self.failed.insert(spec.name.clone(), text.clone()).as_ref() != Some(&text) {
                        emit(Ident::Vrrp, Line::error(text));
                    }
                }
            }
        }
    }

    /// Our devices of names that the configuration wants on another parent or with another MAC: they cannot be
    /// changed, only made anew.
    pub fn misplaced(&self, config: &Config, interfaces: &HashMap<Name, Arc<Interface>>) -> HashSet<Name> {
        let stands_wrong = |wanted: &AddressVmac| {
            let device = interfaces.get(&wanted.name).filter(|_| self.vmacs.has(&wanted.name));
            let parent = interfaces.get(&wanted.parent).map(|parent| parent.index);
            device.is_some_and(|device| {
                device.mac != Some(wanted.mac) || parent.is_some() && device.parent != parent
            })
        };
        let wanted = config.instances.iter().flat_map(devices);
        wanted.filter(stands_wrong).map(|device| device.name).collect()
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
        self.v6.remove(name);
    }

    /// Removes the devices that the configuration does not name.
    pub fn keep_only(&mut self, channel: &mut Channel, config: &Config) {
        let wanted: HashSet<Name> =
            config.instances.iter().flat_map(devices).map(|device| device.name).collect();
        self.failed.retain(|name, _| wanted.contains(name));
        let gone: Vec<Name> = self.vmacs.names().filter(|name| !wanted.contains(*name)).cloned().collect();
        for name in gone {
            self.remove(channel, &name);
        }
    }

    /// Removes all and puts back every setting that was changed for them.
    pub fn remove_all(&mut self, channel: &mut Channel) {
        let names: Vec<Name> = self.vmacs.names().cloned().collect();
        for name in names {
            self.remove(channel, &name);
        }
        for error in self.vmacs.restore_settings() {
            emit(Ident::Vrrp, Line::warn(format!("cannot restore {error}")));
        }
    }

    fn remove(&mut self, channel: &mut Channel, name: &Name) {
        self.v6.remove(name);
        match self.vmacs.drop_device(channel, name) {
            Ok(()) => emit(Ident::Vrrp, Line::info(format!("Success removing VMAC interface {name}"))),
            Err(error) => emit(Ident::Vrrp, Line::error(format!("VMAC interface {name}: {error}"))),
        }
    }
}
