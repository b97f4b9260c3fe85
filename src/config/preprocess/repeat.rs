//! Blocks that stand in the text several times, byte for byte, as those of the real servers of a pool do. One that
//! is the same as the one before it is stored as such, and hardly looked at.

use std::ops::Range;

use super::items::Items;
use crate::diag::FileId;

/// Blocks within blocks that are followed.
const DEEPEST: usize = 8;
/// Items of the longest one.
const LONGEST: usize = 256;

/// The blocks of a file that are open, and at each depth the one that was closed last.
#[derive(Debug, Default)]
pub struct Repeats {
    open: Vec<Begun>,
    closed: [Option<Closed>; DEEPEST],
}

/// An opening brace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opening {
    /// Where it stands in the file.
    pub start: u32,
    /// Columns before the first character of its line.
    pub indent: u32,
    /// It is the first character of its line.
    pub first: bool,
}

#[derive(Debug)]
struct Begun {
    opening: Opening,
    /// Where it is stored.
    position: usize,
    /// Lines with `global_defs` before it: these are counted one by one.
    globals: usize,
    /// Something in it may mean another thing each time.
    special: bool,
}

#[derive(Debug)]
struct Closed {
    opening: Opening,
    /// Where the block ends in the file.
    end: u32,
    stored: Range<usize>,
    /// The run that was made of it.
    run: Option<u16>,
}

impl Repeats {
    /// A block begins. If it is the one that was closed last at its depth once more, it is stored as a whole, and
    /// this is where it ends.
    pub fn begin(&mut self, opening: Opening, file: FileId, text: &[u8], items: &mut Items) -> Option<u32> {
        let depth = self.open.len();
        let repeated = self.closed.get_mut(depth).and_then(|closed| {
            let known = closed.as_mut()?;
            let end = known.end_if_again(opening, text)?;
            let run = known.run.or_else(|| items.make_run(known.stored.clone(), known.opening.start));
            let Some(run) = run else {
                *closed = None;
                return None;
            };
            known.run = Some(run);
            items.run(run, file, opening.start);
            Some(end)
        });
        if repeated.is_none() {
            let (position, globals) = (items.position(), items.globals);
            self.open.push(Begun { opening, position, globals, special: false });
        }
        repeated
    }

    /// The innermost block ended here; its closing brace is stored.
    pub fn end(&mut self, end: u32, items: &Items) {
        let Some(Begun { opening, position, globals, special }) = self.open.pop() else {
            *self = Repeats::default();
            return;
        };
        let stored = position..items.position();
        let usable = !special && globals == items.globals && stored.len() <= LONGEST;
        if let Some(closed) = self.closed.get_mut(self.open.len()) {
            *closed = usable.then_some(Closed { opening, end, stored, run: None });
        }
    }

    /// A line that is more than words and braces stood in the innermost block. If it had as many opening as closing
    /// braces, it is known where the next line stands.
    pub fn interrupt(&mut self, balanced: bool) {
        if balanced {
            self.open.iter_mut().for_each(|begun| begun.special = true);
        } else {
            *self = Repeats::default();
        }
    }
}

impl Closed {
    /// Where it ends if it stands here once more, alone to the end of its last line.
    fn end_if_again(&self, opening: Opening, text: &[u8]) -> Option<u32> {
        let again = Opening { start: self.opening.start, ..opening } == self.opening;
        let known = text.get(self.opening.start as usize..self.end as usize)?;
        let after = text.get(opening.start as usize..)?.strip_prefix(known)?;
        let alone = matches!(after, [] | [b'\n', ..] | [b'\r', b'\n', ..]);
        (again && alone).then(|| opening.start + (self.end - self.opening.start))
    }
}
