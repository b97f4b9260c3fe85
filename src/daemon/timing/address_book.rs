//! Each virtual address once: who wants it, and as what it is set.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::Owner;
use crate::objects::address::{AddressAttributes, AddressKey};

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

/// Each once: there may be thousands.
#[derive(Default)]
pub(super) struct Book(pub FxHashMap<AddressKey, Known>);

impl Book {
    /// One that somebody wants.
    pub fn wanted(&self, key: &AddressKey) -> Option<&Known> {
        self.0.get(key).filter(|known| known.is_wanted())
    }

    pub fn all_wanted(&self) -> impl Iterator<Item = (&AddressKey, &Known)> {
        self.0.iter().filter(|(_, known)| known.is_wanted())
    }

    /// As one is set.
    pub fn set(&self, key: &AddressKey) -> Option<&AddressAttributes> {
        self.0.get(key)?.set.as_deref()
    }

    pub fn is_set(&self, key: &AddressKey) -> bool {
        self.set(key).is_some()
    }

    /// It is set no more; whether it was.
    pub fn unset(&mut self, key: &AddressKey) -> bool {
        let Some(known) = self.0.get_mut(key) else { return false };
        let was_set = known.set.take().is_some();
        if !known.is_wanted() {
            self.0.remove(key);
        }
        was_set
    }

    /// This owner wants it no more; whether nobody does now.
    pub fn disown(&mut self, key: &AddressKey, owner: Owner) -> bool {
        let Some(known) = self.0.get_mut(key).filter(|known| known.is_wanted()) else { return false };
        known.owners.retain(|other| *other != owner);
        let abandoned = known.owners.is_empty();
        if abandoned && known.set.is_none() {
            self.0.remove(key);
        }
        abandoned
    }
}
