//! Objects in numbered places: a number stays valid as long as its object lives, and finding the
//! object costs nothing.

/// A table of `T` by slot number.
#[derive(Debug)]
pub(super) struct Slots<T> {
    entries: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Slots { entries: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slots<T> {
    /// There will be so many: no more room than that is taken.
    pub fn make_room(&mut self, all: usize) {
        self.entries.reserve_exact(all.saturating_sub(self.entries.len()));
    }

    /// Puts an object into a free slot. `None` only with 2^32 objects.
    pub fn insert(&mut self, value: T) -> Option<u32> {
        let slot = self.reserve()?;
        self.fill(slot, value);
        Some(slot)
    }

    /// A slot for an object that has to know its number before it exists; [`Slots::fill`] follows.
    pub fn reserve(&mut self) -> Option<u32> {
        if let Some(slot) = self.free.pop() {
            return Some(slot);
        }
        let slot = u32::try_from(self.entries.len()).ok()?;
        self.entries.push(None);
        Some(slot)
    }

    /// Puts the object into its reserved slot.
    pub fn fill(&mut self, slot: u32, value: T) {
        if let Some(entry) = self.get_slot(slot) {
            *entry = Some(value);
        }
    }

    pub fn remove(&mut self, slot: u32) -> Option<T> {
        let value = self.get_slot(slot)?.take();
        if value.is_some() {
            self.free.push(slot);
        }
        value
    }

    pub fn get(&self, slot: u32) -> Option<&T> {
        self.entries.get(slot as usize)?.as_ref()
    }

    pub fn get_mut(&mut self, slot: u32) -> Option<&mut T> {
        self.get_slot(slot)?.as_mut()
    }

    fn get_slot(&mut self, slot: u32) -> Option<&mut Option<T>> {
        self.entries.get_mut(slot as usize)
    }
}
