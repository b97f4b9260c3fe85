//! Of each instance one, in the instance's slot: no table that doubles, and no look-up.

use crate::vrrp::action::InstanceId;

/// Grows with the highest slot.
#[derive(Debug)]
pub(super) struct Slots<T>(Vec<Option<T>>);

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Slots(Vec::new())
    }
}

impl<T> Slots<T> {
    pub fn get(&self, instance: InstanceId) -> Option<&T> {
        self.0.get(instance.0 as usize)?.as_ref()
    }

    /// Returns what was there.
    pub fn put(&mut self, instance: InstanceId, new: Option<T>) -> Option<T> {
        let slot = instance.0 as usize;
        if self.0.len() <= slot && new.is_some() {
            self.0.resize_with(slot + 1, || None);
        }
        self.0.get_mut(slot).and_then(|place| std::mem::replace(place, new))
    }

    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().flatten()
    }

    /// Empties the slots of those that are not to be kept.
    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        for place in &mut self.0 {
            place.take_if(|held| !keep(held));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own() {
        let mut slots = Slots::default();
        assert_eq!(slots.put(InstanceId(3), Some('a')), None);
        assert_eq!(slots.put(InstanceId(1), Some('b')), None);
        assert_eq!(slots.put(InstanceId(9), None), None);
        assert_eq!(slots.put(InstanceId(3), Some('c')), Some('a'));
        slots.values_mut().for_each(|held| held.make_ascii_uppercase());
        assert_eq!(slots.values().collect::<String>(), "BC");
        slots.retain(|held| *held == 'C');
        assert_eq!((slots.get(InstanceId(1)), slots.get(InstanceId(3))), (None, Some(&'C')));
        assert_eq!(slots.put(InstanceId(3), None), Some('C'));
        assert_eq!(slots.get(InstanceId(3)), None);
    }
}
