//! Whose a virtual address is.
//!
//! Sorted, and made anew with each configuration: a table that doubles takes several times the room, of which every
//! router would have its part twice, here and among the facts.

use std::net::IpAddr;

use super::action::InstanceId;
use super::instance::Instance;

/// Those of all instances.
#[derive(Clone, Default)]
pub(super) struct VirtualAddresses(Box<[Place]>);

/// Where an address stands: in which instance, and as which of its list (see [`Instance::address`]).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    address: IpAddr,
    instance: InstanceId,
    number: u32,
}

impl VirtualAddresses {
    pub fn of<'a>(instances: impl Iterator<Item = &'a Instance>) -> Self {
        let places = instances.flat_map(|instance| {
            let numbered = instance.addresses().zip(0..);
            numbered.map(|(address, number)| Place {
                address: address.key.address(),
                instance: instance.id,
                number,
            })
        });
        let mut places: Box<[Place]> = places.collect();
        places.sort_unstable();
        VirtualAddresses(places)
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.binary_search_by(|place| place.address.cmp(&address)).is_ok()
    }

    /// Every place of this address; on two interfaces it is two.
    pub fn places(&self, address: IpAddr) -> impl DoubleEndedIterator<Item = (InstanceId, u32)> {
        let from = self.0.partition_point(|place| place.address < address);
        let rest = self.0.get(from..).unwrap_or_default();
        let same = rest.partition_point(|place| place.address == address);
        rest.iter().take(same).map(|place| (place.instance, place.number))
    }
}
