//! What the tree is built of: lines and braces, held in few bytes until they are looked at.

use std::collections::VecDeque;
use std::ops::Range;
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

    /// The same line where it stands again, so many bytes further on in its file.
    pub fn moved(&self, by: u32) -> Line {
        let Line { text, words, indent } = self.clone();
        Line { text: text.moved(by), words, indent }
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
    /// What the blocks consist of that stand in the text several times; places are counted from their beginning.
    runs: Vec<Vec<Stored>>,
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
    /// All of the run whose number is `length`, from `start` on.
    Run,
}

impl Kind {
    const fn is_item(self) -> bool {
        !matches!(self, Kind::File | Kind::Run)
    }
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

    /// Where the next one will be stored.
    pub fn position(&self) -> usize {
        let before = self.pieces.len().saturating_sub(1) * PIECE;
        before + self.pieces.back().map_or(0, Vec::len)
    }

    /// Makes a run of those that are stored from here to there, of a block that begins at this offset of its
    /// file: its number. Only of such as stand in one file as they are.
    pub fn make_run(&mut self, stored: Range<usize>, base: u32) -> Option<u16> {
        let number = u16::try_from(self.runs.len()).ok()?;
        let mut run = Vec::with_capacity(stored.len());
        for position in stored {
            let stored = *self.pieces.get(position / PIECE)?.get(position % PIECE)?;
            let start = stored.start.checked_sub(base)?;
            match stored.kind {
                Kind::Other | Kind::File => return None,
                Kind::Run => {
                    let inner = self.runs.get(usize::from(stored.length))?;
                    run.extend(inner.iter().map(|item| Stored { start: start + item.start, ..*item }));
                }
                _ => run.push(Stored { start, ..stored }),
            }
        }
        self.runs.push(run);
        Some(number)
    }

    /// Adds all of a run again; it begins at this offset.
    pub fn run(&mut self, number: u16, file: FileId, start: u32) {
        self.count += self.runs.get(usize::from(number)).map_or(0, |run| run.len().saturating_sub(1));
        self.place(file, Stored { start, length: number, indent: NONE, kind: Kind::Run });
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
            again: None,
            runs: self.runs,
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
    /// The run that is being read.
    again: Option<Again>,
    runs: Vec<Vec<Stored>>,
    others: VecDeque<Item>,
    texts: Vec<Arc<String>>,
    file: FileId,
    text: Arc<String>,
}

/// A block that stands in the text several times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    /// Which one.
    pub number: u16,
    /// Where it begins in its file.
    pub start: u32,
}

/// Where a run is read.
#[derive(Clone, Copy, Debug)]
struct Again {
    run: Run,
    /// The item that comes next.
    at: usize,
}

impl ItemReader {
    /// The run of which the next item is the first.
    pub fn next_run(&mut self) -> Option<Run> {
        self.peek()?;
        self.again.filter(|again| again.at == 0).map(|again| again.run)
    }

    /// Leaves out the rest of the run that is being read: its closing brace.
    pub fn skip_run(&mut self) -> Option<Brace> {
        let again = self.again.take()?;
        let last = *self.runs.get(usize::from(again.run.number))?.last()?;
        Some(self.brace(Stored { start: again.run.start + last.start, ..last }))
    }

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
        if let Some(Again { run, at }) = self.again {
            let stored = *self.runs.get(usize::from(run.number))?.get(at)?;
            return Some(Stored { start: run.start + stored.start, ..stored });
        }
        match self.piece.get(self.at) {
            Some(stored) if stored.kind.is_item() => Some(*stored),
            _ => self.further(),
        }
    }

    /// Takes the one that was looked at.
    fn advance(&mut self) {
        let Some(Again { run, at }) = &mut self.again else {
            self.at += 1;
            return;
        };
        *at += 1;
        if self.runs.get(usize::from(run.number)).is_none_or(|run| *at >= run.len()) {
            self.again = None;
        }
    }

    /// Goes on to the next piece, to what stands in another file, or into a run.
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
                Some(Stored { kind: Kind::Run, start, length, .. }) => {
                    let run = Run { number: *length, start: *start };
                    self.again = Some(Again { run, at: 0 });
                    self.at += 1;
                    return self.peek();
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
        self.advance();
        Some(match stored.kind {
            Kind::Open => Item::Open(self.brace(stored)),
            Kind::Close => Item::Close(self.brace(stored)),
            Kind::Other | Kind::File | Kind::Run => return self.others.pop_front(),
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
