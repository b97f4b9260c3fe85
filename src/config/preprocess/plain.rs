//! Lines that are nothing but words and braces, as nearly all are. They are found and cut by what stands in the
//! file next, so that hardly a byte is looked at by itself.

use std::sync::Arc;

use memchr::{memchr2, memchr3};

use super::super::text::{Text, is_blank, offset};
use super::repeat::Opening;
use super::{Brace, Preprocessor};
use crate::diag::{FileId, Span};

/// Bytes that may mean something before words and braces are looked at.
const SPECIAL: [[u8; 3]; 3] = [[b'\0', b'#', b'!'], [b'$', b'"', b'\\'], [b'~', b'@', b'@']];

/// Where the bytes stand next that make a line another than a plain one, and where the next brace stands. All
/// offsets are those of the text.
pub struct Ahead<'t> {
    text: &'t [u8],
    /// The next of each group of [`SPECIAL`]; the length of the text where there is none.
    groups: [usize; 3],
    /// The first of these.
    special: usize,
    brace: usize,
}

/// A line of a file that is nothing but words and braces.
pub struct Plain<'t> {
    line: &'t [u8],
    /// Bytes of it that are blank before all others, and the columns that they take.
    blanks: usize,
    indent: u32,
    braces: bool,
}

impl<'t> Ahead<'t> {
    pub fn new(text: &'t [u8]) -> Ahead<'t> {
        let groups = SPECIAL.map(|[a, b, c]| memchr3(a, b, c, text).unwrap_or(text.len()));
        let brace = memchr2(b'{', b'}', text).unwrap_or(text.len());
        Ahead { text, groups, special: groups.into_iter().fold(text.len(), usize::min), brace }
    }

    /// Where a special byte stands next, not before this offset.
    fn special_from(&mut self, from: usize) -> usize {
        let (after, end) = (self.text.get(from..).unwrap_or_default(), self.text.len());
        for (next, [a, b, c]) in self.groups.iter_mut().zip(SPECIAL) {
            if *next < from {
                *next = memchr3(a, b, c, after).map_or(end, |at| from + at);
            }
        }
        self.special = self.groups.into_iter().fold(end, usize::min);
        self.special
    }

    /// The line between two offsets, if it is a plain one. They never go back.
    pub fn plain(&mut self, from: usize, end: usize) -> Option<Plain<'t>> {
        let text = self.text;
        if self.special < end && (self.special >= from || self.special_from(from) < end) {
            return None;
        }
        if self.brace < from {
            let after = text.get(from..).unwrap_or_default();
            self.brace = memchr2(b'{', b'}', after).map_or(text.len(), |at| from + at);
        }
        let line = text.get(from..end)?;
        let (blanks, indent) = leading(line);
        let include = line.get(blanks..).is_some_and(|words| words.starts_with(b"include"));
        (!include).then_some(Plain { line, blanks, indent, braces: self.brace < end })
    }
}

impl Preprocessor<'_> {
    /// Takes such a line, which begins at `start`. If a block begins in it that was read before, all of that is
    /// taken: this is where it ends.
    pub fn plain_line(
        &mut self,
        whole: &Arc<String>,
        plain: &Plain<'_>,
        file: FileId,
        start: u32,
    ) -> Option<u32> {
        let Plain { line, blanks, indent, braces } = *plain;
        let (mut from, mut first) = (blanks, true);
        while braces
            && let Some(rest) = line.get(from..)
            && let Some(at) = rest.iter().position(is_brace)
        {
            first &= !self.plain_part(
                whole,
                file,
                rest.get(..at).unwrap_or_default(),
                start + offset(from),
                indent,
            );
            let at = from + at;
            if self.has_room() {
                let span = Span { file, start: start + offset(at), end: start + offset(at + 1), via: None };
                let opens = line.get(at) == Some(&b'{');
                let opening = Opening { start: span.start, indent, first };
                if opens
                    && let Some(end) = self.repeats.begin(opening, file, whole.as_bytes(), &mut self.items)
                {
                    return Some(end);
                }
                self.items.brace(Brace { span, indent: first.then_some(indent) }, opens);
                if !opens {
                    self.repeats.end(span.end, &self.items);
                }
            }
            (from, first) = (at + 1, false);
        }
        let rest = line.get(from..).unwrap_or_default();
        self.plain_part(whole, file, rest, start + offset(from), indent);
        None
    }

    /// What stands between two braces, and where; `false` when it is nothing.
    fn plain_part(
        &mut self,
        whole: &Arc<String>,
        file: FileId,
        part: &[u8],
        start: u32,
        indent: u32,
    ) -> bool {
        let blanks = part.iter().take_while(|byte| is_blank(char::from(**byte))).count();
        let part = part.get(blanks..).unwrap_or_default();
        let after = part.iter().rev().take_while(|byte| is_blank(char::from(**byte))).count();
        let content = part.get(..part.len() - after).unwrap_or_default();
        if content.is_empty() {
            return false;
        }
        let start = start + offset(blanks);
        if self.has_room() && !self.items.part(file, start, content, indent) {
            self.items.line(Text::part(whole, file, start, start + offset(content.len())), indent);
        }
        true
    }
}

fn is_brace(byte: &u8) -> bool {
    matches!(byte, b'{' | b'}')
}

/// How many bytes are blank before all others, and the columns that they take; a tab goes to the next multiple
/// of 8.
fn leading(line: &[u8]) -> (usize, u32) {
    let mut column = 0;
    for (at, byte) in line.iter().enumerate() {
        column = match byte {
            b'\t' => (column / 8 + 1) * 8,
            byte if is_blank(char::from(*byte)) => column + 1,
            _ => return (at, column),
        };
    }
    (line.len(), column)
}

/// Columns before the first character of a line.
pub fn indent_of(line: &str) -> u32 {
    leading(line.as_bytes()).1
}
