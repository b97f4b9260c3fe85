//! The virtual addresses: what the owning instances want, what we have set, and the work in between.
//!
//! Work is queued and done in slices between two looks at the sockets and the clock, so that a takeover
//! with a thousand addresses never delays an advertisement. Announcements stand in the same queue,
//! behind the address that they announce.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::config::model::VirtualAddress;
use crate::ids::Name;
use crate::objects::address::{AddressAttributes, AddressKey};
use crate::vrrp::action::InstanceId;

/// One piece of work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Work {
    Add(AddressKey, AddressAttributes),
    Remove(AddressKey),
    /// Remove and add: the kernel changes few attributes in place.
    Replace(AddressKey, AddressAttributes),
    Announce(AddressKey),
}

/// An address that at least one owning instance wants.
struct Wanted {
    attributes: AddressAttributes,
    owners: Vec<InstanceId>,
}

/// Desired and actual addresses, and the queue that leads from one to the other.
#[derive(Default)]
pub struct Addresses {
    wanted: HashMap<AddressKey, Wanted>,
    by_owner: HashMap<InstanceId, Vec<AddressKey>>,
    /// What we have set and nobody has removed since.
    set: HashMap<AddressKey, AddressAttributes>,
    /// Interfaces that are missing and were wanted; others come and go by the thousand on some hosts.
    away: HashSet<Name>,
    queue: VecDeque<Work>,
}

impl Addresses {
    /// `instance` owns exactly `list` from now on; an empty list gives everything up.
    pub fn own<'a>(&mut self, instance: InstanceId, list: impl IntoIterator<Item = &'a VirtualAddress>) {
        let before = self.by_owner.remove(&instance).unwrap_or_default();
        let mut now = Vec::new();
        for address in list {
            now.push(address.key.clone());
            let wanted = self
                .wanted
                .entry(address.key.clone())
                .or_insert_with(|| Wanted { attributes: address.attributes.clone(), owners: Vec::new() });
            if !wanted.owners.contains(&instance) {
                wanted.owners.push(instance);
            }
            wanted.attributes = address.attributes.clone();
            match self.set.get(&address.key) {
                Some(set) if *set == address.attributes => {}
                Some(_) => {
                    self.queue.push_back(Work::Replace(address.key.clone(), address.attributes.clone()));
                }
                None => self.queue.push_back(Work::Add(address.key.clone(), address.attributes.clone())),
            }
        }
        let kept: HashSet<&AddressKey> = now.iter().collect();
        for key in before.iter().filter(|key| !kept.contains(key)) {
            let abandoned = self.wanted.get_mut(key).is_some_and(|wanted| {
                wanted.owners.retain(|owner| *owner != instance);
                wanted.owners.is_empty()
            });
            if abandoned {
                self.wanted.remove(key);
                self.queue.push_back(Work::Remove(key.clone()));
            }
        }
        if !now.is_empty() {
            self.by_owner.insert(instance, now);
        }
    }

    /// An address of ours went away, by somebody else's hand or with its interface.
    pub fn lost(&mut self, key: &AddressKey) -> bool {
        self.set.remove(key).is_some() && self.wanted.contains_key(key)
    }

    /// Set it again, if it is still wanted.
    pub fn restore(&mut self, key: &AddressKey) {
        if let Some(wanted) = self.wanted.get(key) {
            self.queue.push_back(Work::Add(key.clone(), wanted.attributes.clone()));
        }
    }

    /// An interface that was away is back: everything that is wanted on it is set.
    pub fn interface_returned(&mut self, interface: &Name) {
        if !self.away.remove(interface) {
            return;
        }
        for (key, wanted) in &self.wanted {
            if key.interface == *interface {
                self.queue.push_back(Work::Add(key.clone(), wanted.attributes.clone()));
            }
        }
    }

    /// No interface has this name any more. Returns what was set on it: if it was only renamed, it is there still.
    pub fn interface_gone(&mut self, interface: &Name) -> Vec<AddressKey> {
        if self.wanted.keys().any(|key| key.interface == *interface) {
            self.away.insert(interface.clone());
        }
        self.set.extract_if(|key, _| key.interface == *interface).map(|(key, _)| key).collect()
    }

    pub fn announce(&mut self, key: AddressKey) {
        self.queue.push_back(Work::Announce(key));
    }

    pub fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// The next at most `limit` pieces of work that still make sense.
    pub fn slice(&mut self, limit: usize) -> Vec<Work> {
        let mut slice = Vec::with_capacity(limit.min(self.queue.len()));
        while slice.len() < limit {
            let Some(work) = self.queue.pop_front() else { break };
            let sensible = match &work {
                Work::Add(key, _) => self.wanted.contains_key(key) && !self.set.contains_key(key),
                Work::Replace(key, _) | Work::Announce(key) => self.wanted.contains_key(key),
                Work::Remove(key) => !self.wanted.contains_key(key),
            };
            if sensible {
                slice.push(work);
            }
        }
        slice
    }

    /// The kernel has taken this piece of work.
    pub fn done(&mut self, work: &Work) {
        match work {
            Work::Add(key, attributes) | Work::Replace(key, attributes) => {
                self.set.insert(key.clone(), attributes.clone());
            }
            Work::Remove(key) => {
                self.set.remove(key);
            }
            Work::Announce(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> VirtualAddress {
        VirtualAddress {
            key: AddressKey { interface: "eth0".into(), net: text.parse().unwrap() },
            attributes: AddressAttributes::default(),
            no_track: false,
        }
    }

    fn drain(addresses: &mut Addresses) -> Vec<Work> {
        let slice = addresses.slice(usize::MAX);
        slice.iter().for_each(|work| addresses.done(work));
        slice
    }

    #[test]
    fn owning_sets_and_giving_up_removes() {
        let (mut addresses, one) = (Addresses::default(), InstanceId(1));
        let a = address("10.0.0.1/32");
        addresses.own(one, [&a]);
        assert_eq!(drain(&mut addresses), [Work::Add(a.key.clone(), a.attributes.clone())]);
        addresses.own(one, [&a]);
        assert_eq!(drain(&mut addresses), []);
        addresses.own(one, []);
        assert_eq!(drain(&mut addresses), [Work::Remove(a.key.clone())]);
        assert!(addresses.is_idle());
    }

    #[test]
    fn an_address_of_two_owners_stays_until_both_give_it_up() {
        let mut addresses = Addresses::default();
        let a = address("10.0.0.1/32");
        addresses.own(InstanceId(1), [&a]);
        addresses.own(InstanceId(2), [&a]);
        drain(&mut addresses);
        addresses.own(InstanceId(1), []);
        assert_eq!(drain(&mut addresses), []);
        addresses.own(InstanceId(2), []);
        assert_eq!(drain(&mut addresses), [Work::Remove(a.key)]);
    }

    #[test]
    fn work_that_lost_its_sense_is_not_done() {
        let mut addresses = Addresses::default();
        let a = address("10.0.0.1/32");
        addresses.own(InstanceId(1), [&a]);
        addresses.announce(a.key.clone());
        addresses.own(InstanceId(1), []);
        assert_eq!(drain(&mut addresses), [Work::Remove(a.key.clone())], "harmless where it was never set");
        addresses.own(InstanceId(1), [&a]);
        drain(&mut addresses);
        assert!(addresses.lost(&a.key));
        addresses.restore(&a.key);
        assert_eq!(drain(&mut addresses), [Work::Add(a.key, a.attributes)]);
    }

    #[test]
    fn giving_up_and_taking_back_at_once_changes_nothing() {
        let mut addresses = Addresses::default();
        let a = address("10.0.0.1/32");
        addresses.own(InstanceId(1), [&a]);
        drain(&mut addresses);
        addresses.own(InstanceId(1), []);
        addresses.own(InstanceId(1), [&a]);
        assert_eq!(drain(&mut addresses), []);
    }

    #[test]
    fn changed_lists_are_reconciled() {
        let mut addresses = Addresses::default();
        let (a, b) = (address("10.0.0.1/32"), address("10.0.0.2/32"));
        addresses.own(InstanceId(1), [&a]);
        drain(&mut addresses);
        addresses.own(InstanceId(1), [&b]);
        assert_eq!(drain(&mut addresses), [Work::Add(b.key, b.attributes), Work::Remove(a.key)]);
    }
}
