//! What the tree is built of: lines and braces, held in few bytes until they are looked at.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::config::lex::{self, Words};
use crate::config::text::Text;
use crate::diag::{FileId, SourceMap, Span};

/// A line or a brace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    Line(Line),
    Open(Brace),
    Close(Brace),
}

/// A brace and how it stands in its physical line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Brace {
    pub span: Span,
    /// Columns before the first character of its physical line, when the brace is that character.
    pub indent: Option<u32>,
}

/// One logical line: never without a word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    text: Text,
    words: Words,
    /// Columns before the first character of its physical line.
    pub indent: u32,
}

impl Line {
    fn new(text: Text, indent: u32) -> Line {
        let (words, _) = lex::words(text.as_str());
        Line { text, words, indent }
    }

    /// Number of words, keyword included.
    pub fn count(&self) -> usize {
        self.words.len()
    }

    /// A word; 0 is the keyword.
    pub fn word(&self, index: usize) -> Option<&str> {
        self.text.as_str().get(self.words.get(index)?.range())
    }

    /// The words from `index` on.
    pub fn words_from(&self, index: usize) -> impl Iterator<Item = &str> {
        (index..self.words.len()).filter_map(|at| self.word(at))
    }

    /// The whole line as read, quotes included.
    pub fn raw(&self) -> &str {
        self.text.as_str()
    }

    /// Where a word was written.
    pub fn span(&self, index: usize) -> Option<Span> {
        let range = self.words.get(index)?.range();
        self.text.span(range.start, range.end)
    }

    /// Where the line was written.
    pub fn whole(&self) -> Option<Span> {
        self.text.span(0, self.text.as_str().len())
    }
}

/// All of them, in order.
#[derive(Debug, Default)]
pub struct Items {
    /// In pieces, so that adding never copies and reading gives back what is behind it.
    pieces: VecDeque<Vec<Stored>>,
    /// Those that do not fit, in order.
    others: VecDeque<Item>,
    /// The file of the last one.
    file: Option<FileId>,
    count: usize,
    /// Opening braces less closing ones.
    pub surplus: i64,
    /// Lines that begin with `global_defs`.
    pub globals: usize,
}

/// Nearly every one stands in a file as it is: eight bytes say where.
#[derive(Clone, Copy, Debug)]
struct Stored {
    start: u32,
    length: u16,
    /// Columns, or [`NONE`].
    indent: u8,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
enum Kind {
    Line,
    Open,
    Close,
    /// The next of those that do not fit.
    Other,
    /// No item: those that follow stand in the file whose number is `start`.
    File,
}

/// In the place of an indent: there is none.
const NONE: u8 = u8::MAX;
/// Items in a piece.
const PIECE: usize = 4096;

impl Items {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Adds a line.
    pub fn line(&mut self, text: Text, indent: u32) {
        let content = text.as_str().as_bytes();
        let stored = text.as_part().is_some_and(|(file, start, _)| self.part(file, start, content, indent));
        if !stored {
            self.count_globals(content);
            self.other(Item::Line(Line::new(text, indent)));
        }
    }

    /// Adds a line that is a part of a file. `false`: it is too long or too deep for that.
    pub fn part(&mut self, file: FileId, start: u32, content: &[u8], indent: u32) -> bool {
        let Some((length, indent)) = u16::try_from(content.len()).ok().zip(short(indent)) else {
            return false;
        };
        self.count_globals(content);
        self.place(file, Stored { start, length, indent, kind: Kind::Line });
        true
    }

    /// Adds a brace.
    pub fn brace(&mut self, brace: Brace, opens: bool) {
        self.surplus += if opens { 1 } else { -1 };
        let Span { file, start, end, via } = brace.span;
        let indent = brace.indent.map_or(Some(NONE), short);
        match indent {
            Some(indent) if via.is_none() && end == start + 1 => {
                let kind = if opens { Kind::Open } else { Kind::Close };
                self.place(file, Stored { start, length: 1, indent, kind });
            }
            _ => self.other(if opens { Item::Open(brace) } else { Item::Close(brace) }),
        }
    }

    fn count_globals(&mut self, line: &[u8]) {
        self.globals += usize::from(line.starts_with(b"global_defs"));
    }

    fn place(&mut self, file: FileId, stored: Stored) {
        if self.file != Some(file) {
            self.file = Some(file);
            self.push(Stored { start: file.0, length: 0, indent: NONE, kind: Kind::File });
        }
        self.count += 1;
        self.push(stored);
    }

    fn other(&mut self, item: Item) {
        self.count += 1;
        self.others.push_back(item);
        self.push(Stored { start: 0, length: 0, indent: NONE, kind: Kind::Other });
    }

    fn push(&mut self, stored: Stored) {
        match self.pieces.back_mut() {
            Some(piece) if piece.len() < PIECE => piece.push(stored),
            // The first may be all there is.
            None => self.pieces.push_back(vec![stored]),
            Some(_) => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(stored);
                self.pieces.push_back(piece);
            }
        }
    }

    /// One after the other, as they are needed.
    pub fn read(self, sources: &SourceMap) -> ItemReader {
        let texts = sources.files().iter().map(|file| file.text.clone()).collect();
        ItemReader {
            pieces: self.pieces,
            piece: Vec::new(),
            at: 0,
            others: self.others,
            texts,
            file: FileId(0),
            text: Arc::default(),
        }
    }
}

fn short(indent: u32) -> Option<u8> {
    u8::try_from(indent).ok().filter(|indent| *indent != NONE)
}

/// Gives the items in order, and a look at the next one.
#[derive(Debug)]
pub struct ItemReader {
    /// Those that follow.
    pieces: VecDeque<Vec<Stored>>,
    /// The one that is being read.
    piece: Vec<Stored>,
    /// In it.
    at: usize,
    others: VecDeque<Item>,
    texts: Vec<Arc<String>>,
    file: FileId,
    text: Arc<String>,
}

impl ItemReader {
    /// The brace that comes next, if it is an opening one.
    pub fn next_open(&mut self) -> Option<Brace> {
        let stored = self.peek()?;
        match stored.kind {
            Kind::Open => Some(self.brace(stored)),
            Kind::Other => match self.others.front() {
                Some(Item::Open(brace)) => Some(*brace),
                _ => None,
            },
            _ => None,
        }
    }

    /// The indent of the line that comes next, if it is one.
    pub fn next_line_indent(&mut self) -> Option<u32> {
        let stored = self.peek()?;
        match stored.kind {
            Kind::Line => Some(stored.indent.into()),
            Kind::Other => match self.others.front() {
                Some(Item::Line(line)) => Some(line.indent),
                _ => None,
            },
            _ => None,
        }
    }

    /// The next item as it is stored.
    fn peek(&mut self) -> Option<Stored> {
        match self.piece.get(self.at) {
            Some(stored) if stored.kind != Kind::File => Some(*stored),
            _ => self.further(),
        }
    }

    /// Goes on to the next piece, or to what stands in another file.
    #[cold]
    fn further(&mut self) -> Option<Stored> {
        loop {
            match self.piece.get(self.at) {
                None => {
                    self.piece = self.pieces.pop_front()?;
                    self.at = 0;
                }
                Some(Stored { kind: Kind::File, start, .. }) => {
                    self.file = FileId(*start);
                    self.text = self.texts.get(*start as usize).cloned().unwrap_or_default();
                    self.at += 1;
                }
                Some(stored) => return Some(*stored),
            }
        }
    }

    fn brace(&self, Stored { start, indent, .. }: Stored) -> Brace {
        let span = Span { file: self.file, start, end: start + 1, via: None };
        Brace { span, indent: (indent != NONE).then(|| indent.into()) }
    }
}

impl Iterator for ItemReader {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        let stored = self.peek()?;
        self.at += 1;
        Some(match stored.kind {
            Kind::Open => Item::Open(self.brace(stored)),
            Kind::Close => Item::Close(self.brace(stored)),
            Kind::Other | Kind::File => return self.others.pop_front(),
            Kind::Line => {
                let end = stored.start + u32::from(stored.length);
                let text = Text::part(&self.text, self.file, stored.start, end);
                Item::Line(Line::new(text, stored.indent.into()))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_takes_eight_bytes() {
        assert_eq!(size_of::<Stored>(), 8);
    }
}
