//! Each virtual address once: who wants it, and as what it is set.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use ipnet::IpNet;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::Owner;
use crate::ids::Name;
use crate::objects::address::{AddressAttributes, AddressKey, hash_address};

/// An address that at least one owner wants, or that is set.
pub(super) struct Known {
    /// As it is wanted; what is only set yet, as it was wanted last.
    pub attributes: Arc<AddressAttributes>,
    pub owners: SmallVec<[Owner; 1]>,
    /// As we have set it, and nobody has removed it since.
    pub set: Option<Arc<AddressAttributes>>,
}

impl Known {
    pub fn is_wanted(&self) -> bool {
        !self.owners.is_empty()
    }
}

/// Each once, by its interface: there may be thousands, and the name of an interface stands here once.
#[derive(Default)]
pub(super) struct Book(FxHashMap<Name, FxHashMap<Net, Known>>);

/// Hashed as [`AddressKey`] is, by the address alone.
#[derive(PartialEq, Eq)]
struct Net(IpNet);

impl Hash for Net {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_address(self.0, state);
    }
}

impl Book {
    pub fn get(&self, key: &AddressKey) -> Option<&Known> {
        self.0.get(&key.interface)?.get(&Net(key.net))
    }

    fn get_mut(&mut self, key: &AddressKey) -> Option<&mut Known> {
        self.0.get_mut(&key.interface)?.get_mut(&Net(key.net))
    }

    /// One that may be new.
    pub fn know(&mut self, key: &AddressKey, attributes: &Arc<AddressAttributes>) -> &mut Known {
        let here = self.0.entry(key.interface.clone()).or_default();
        here.entry(Net(key.net)).or_insert_with(|| Known {
            attributes: attributes.clone(),
            owners: SmallVec::new(),
            set: None,
        })
    }

    /// Makes room for so many more on this interface.
    pub fn reserve(&mut self, interface: &Name, count: usize) {
        self.0.entry(interface.clone()).or_default().reserve(count);
    }

    fn forget(&mut self, key: &AddressKey) {
        if let Some(here) = self.0.get_mut(&key.interface) {
            here.remove(&Net(key.net));
            if here.is_empty() {
                self.0.remove(&key.interface);
            }
        }
    }

    /// One that somebody wants.
    pub fn wanted(&self, key: &AddressKey) -> Option<&Known> {
        self.get(key).filter(|known| known.is_wanted())
    }

    /// All on this interface that somebody wants, or that are set.
    pub fn on(&self, interface: &Name) -> impl Iterator<Item = (IpNet, &Known)> {
        self.0.get(interface).into_iter().flatten().map(|(net, known)| (net.0, known))
    }

    /// As one is set.
    pub fn set(&self, key: &AddressKey) -> Option<&AddressAttributes> {
        self.get(key)?.set.as_deref()
    }

    pub fn is_set(&self, key: &AddressKey) -> bool {
        self.set(key).is_some()
    }

    /// It is set no more; whether it was.
    pub fn unset(&mut self, key: &AddressKey) -> bool {
        let Some(known) = self.get_mut(key) else { return false };
        let was_set = known.set.take().is_some();
        if !known.is_wanted() {
            self.forget(key);
        }
        was_set
    }

    /// This owner wants it no more; whether nobody does now.
    pub fn disown(&mut self, key: &AddressKey, owner: Owner) -> bool {
        let Some(known) = self.get_mut(key).filter(|known| known.is_wanted()) else { return false };
        known.owners.retain(|other| *other != owner);
        let abandoned = known.owners.is_empty();
        if abandoned && known.set.is_none() {
            self.forget(key);
        }
        abandoned
    }
}
