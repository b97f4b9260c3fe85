//! Devices for single addresses: `use_vmac` on an address's line, `use_vmac_addr` for all that are not on the
//! instance's own interface.

use super::Lower;
use super::address::Address;
use super::instance_rules::VmacNames;
use super::vmac::default_name;
use crate::config::model::options::AddressVmac;
use crate::config::model::{VirtualAddress, Vmac};
use crate::diag::Diagnostic;
use crate::ids::{Family, Mac, Name, Vrid};

/// The instance that the addresses are of, as far as it is known.
pub struct Carrier<'a> {
    pub name: &'a Name,
    pub interface: &'a Name,
    pub family: Family,
    pub vrid: Vrid,
    pub vmac: Option<&'a Vmac>,
    /// `use_vmac_addr`
    pub for_all: bool,
}

impl Carrier<'_> {
    /// Where an address is that names no interface.
    fn own(&self) -> &Name {
        self.vmac.map_or(self.interface, |vmac| &vmac.name)
    }
}

impl Lower<'_> {
    /// The address on its interface: its own VMAC, the instance's, or the one that its line names. One device serves
    /// all addresses of a family that an instance has on an interface.
    pub fn placed(
        &mut self,
        carrier: &Carrier<'_>,
        mut address: Address,
        made: &mut Vec<AddressVmac>,
        taken: &mut VmacNames,
    ) -> VirtualAddress {
        let family = Family::of(address.net.addr());
        let parent = address.dev.clone().unwrap_or_else(|| carrier.interface.clone());
        let elsewhere = parent != *carrier.interface || family != carrier.family;
        if address.use_vmac {
            self.told_twice(carrier, &address, elsewhere);
        }
        let on_own = carrier.vmac.is_some() && !elsewhere;
        if on_own || !(address.use_vmac || carrier.for_all && elsewhere) {
            // The parent of a VMAC stands for the VMAC.
            address.dev = address.dev.filter(|dev| dev != carrier.interface);
            return address.on(carrier.own(), &mut self.common.attributes);
        }
        let known = made.iter().find(|device| device.parent == parent && device.family == family);
        let name = match known {
            Some(device) => device.name.clone(),
            None => {
                let global = &self.loaded.config.global;
                let prefix = global.vmac_addr_prefix.as_ref().unwrap_or(&global.vmac_prefix);
                let name = default_name(prefix, family, carrier.vrid, |name| taken.contains_key(name));
                taken.entry(name.clone()).or_insert(address.span);
                self.loaded.own_interfaces.insert(name.clone());
                let given = carrier.vmac.filter(|_| family == carrier.family).map(|vmac| vmac.mac);
                let mac = given.unwrap_or_else(|| Mac::of_virtual_router(family, carrier.vrid));
                made.push(AddressVmac { name: name.clone(), family, mac, parent });
                name
            }
        };
        address.dev = None;
        address.on(&name, &mut self.common.attributes)
    }

    fn told_twice(&mut self, carrier: &Carrier<'_>, address: &Address, elsewhere: bool) {
        let (owner, net) = (carrier.name, address.net);
        let message = match (carrier.for_all && elsewhere, carrier.vmac.is_some() && !elsewhere) {
            (true, _) => {
                format!("({owner}) use_vmac_addr specified and use_vmac specified for VIP/eVIP {net}")
            }
            (_, true) => format!("({owner}) use_vmac specified for VIP/eVIP {net} and vrrp instance"),
            _ => return,
        };
        self.report(
            Diagnostic::error("given-twice", address.span, message)
                .help("it has its VMAC without this word"),
        );
    }
}
