//! Changes of one interface's addresses, gathered and applied together.
//!
//! A takeover of thousands of addresses brings as many notifications. Each applied on its own would copy or
//! search the whole list; gathered, a list of `n` and `k` changes cost `n + k`.

use ipnet::IpNet;
use rustc_hash::FxHashMap;

use crate::objects::interface::AssignedAddress;

/// What happened to the addresses of one interface since its list was last told.
#[derive(Default, Debug)]
pub(super) struct AddressEdits {
    by_net: FxHashMap<IpNet, Edit>,
    /// Counts the changes, so that new addresses keep the order in which they came.
    changes: usize,
}

#[derive(Default, Debug)]
struct Edit {
    /// It went at least once: if it is there again it stands behind the others.
    removed: bool,
    /// What it is now and when it became that; `None`: gone.
    now: Option<(usize, AssignedAddress)>,
}

impl AddressEdits {
    /// The address came, or something about it is new.
    pub fn set(&mut self, address: AssignedAddress) {
        self.changes += 1;
        let edit = self.by_net.entry(address.net).or_default();
        let since = edit.now.map_or(self.changes, |(since, _)| since);
        edit.now = Some((since, address));
    }

    /// The address went.
    pub fn remove(&mut self, net: IpNet) {
        let edit = self.by_net.entry(net).or_default();
        (edit.removed, edit.now) = (true, None);
    }

    /// The list that `before` has become; `None` when it is the same.
    pub fn apply(mut self, before: &[AssignedAddress]) -> Option<Vec<AssignedAddress>> {
        let mut after = Vec::with_capacity(before.len() + self.by_net.len());
        for address in before {
            match self.by_net.get_mut(&address.net) {
                None => after.push(*address),
                Some(edit) if edit.removed => {}
                Some(edit) => after.extend(edit.now.take().map(|(_, address)| address)),
            }
        }
        let mut new: Vec<_> = self.by_net.into_values().filter_map(|edit| edit.now).collect();
        new.sort_unstable_by_key(|(since, _)| *since);
        after.extend(new.into_iter().map(|(_, address)| address));
        (after != before).then_some(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(net: &str, protocol: u8) -> AssignedAddress {
        AssignedAddress {
            net: net.parse().unwrap(),
            secondary: false,
            tentative: false,
            duplicate: false,
            protocol: Some(protocol),
        }
    }

    #[test]
    fn what_comes_goes_and_changes_keeps_the_kernels_order() {
        let [a, b, c, d] =
            ["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/24"].map(|net| address(net, 0));
        let mut edits = AddressEdits::default();
        edits.set(d);
        edits.set(address("10.0.0.2/24", 18));
        edits.remove(a.net);
        edits.set(c);
        edits.set(a);
        let after = edits.apply(&[a, b]).unwrap();
        assert_eq!(after, [address("10.0.0.2/24", 18), d, c, a]);
    }

    #[test]
    fn what_leaves_all_as_it_was_is_no_change() {
        let (a, b) = (address("10.0.0.1/24", 0), address("10.0.0.2/24", 0));
        let mut edits = AddressEdits::default();
        edits.set(a);
        edits.set(b);
        edits.remove(b.net);
        assert_eq!(edits.apply(&[a]), None);
    }
}
