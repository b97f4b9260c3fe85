//! Whose an advert may be: the instances by what stands in its packet.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::action::InstanceId;
use crate::ids::{Family, IfIndex, Vrid};

/// The interface by which it came, its family and its VRID.
pub(super) type Wire = (IfIndex, Family, Vrid);

/// Hardly ever several: where unicast and multicast instances share a VRID on one interface.
#[derive(Clone, Default)]
pub(super) struct ByWire {
    first: FxHashMap<Wire, InstanceId>,
    /// All of those that are several.
    several: FxHashMap<Wire, Vec<InstanceId>>,
}

/// Who is found.
pub(super) enum Found<'a> {
    One(InstanceId),
    Several(&'a [InstanceId]),
}

impl ByWire {
    pub fn clear(&mut self) {
        self.first.clear();
        self.several.clear();
    }

    pub fn insert(&mut self, wire: Wire, id: InstanceId) {
        match self.first.entry(wire) {
            Entry::Vacant(free) => {
                free.insert(id);
            }
            Entry::Occupied(first) => {
                self.several.entry(wire).or_insert_with(|| vec![*first.get()]).push(id);
            }
        }
    }

    pub fn find(&self, wire: &Wire) -> Option<Found<'_>> {
        let first = self.first.get(wire)?;
        Some(self.several.get(wire).map_or(Found::One(*first), |all| Found::Several(all)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_share_a_number_are_found() {
        let mut by_wire = ByWire::default();
        let wire = |vrid| (IfIndex(2), Family::V4, Vrid::new(vrid).unwrap());
        for (vrid, id) in [(1, 1), (2, 2), (1, 3), (1, 4)] {
            by_wire.insert(wire(vrid), InstanceId(id));
        }
        assert!(matches!(by_wire.find(&wire(2)), Some(Found::One(InstanceId(2)))));
        let Some(Found::Several(all)) = by_wire.find(&wire(1)) else { panic!() };
        assert_eq!(all, [InstanceId(1), InstanceId(3), InstanceId(4)]);
        assert!(by_wire.find(&wire(3)).is_none());
        by_wire.clear();
        assert!(by_wire.find(&wire(1)).is_none());
    }
}
