//! What the tree is built of: lines and braces, held in few bytes until they are looked at.

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
    stored: Vec<Stored>,
    /// Opening braces less closing ones.
    pub surplus: i64,
    /// Lines that begin with `global_defs`.
    pub globals: usize,
}

/// Nearly every one stands in a file as it is: sixteen bytes say where.
#[derive(Debug)]
enum Stored {
    Line { file: FileId, start: u32, end: u32, indent: u16 },
    Brace { file: FileId, start: u32, opens: bool, indent: u16 },
    Other(Box<Item>),
}

/// In the place of an indent: there is none, or it is larger than anybody writes.
const NONE: u16 = u16::MAX;

impl Items {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.stored.len()
    }

    /// Adds a line.
    pub fn line(&mut self, text: Text, indent: u32) {
        self.globals += usize::from(text.as_str().starts_with("global_defs"));
        let stored = match (text.as_part(), short(indent)) {
            (Some((file, start, end)), Some(indent)) => Stored::Line { file, start, end, indent },
            _ => Stored::Other(Box::new(Item::Line(Line::new(text, indent)))),
        };
        self.stored.push(stored);
    }

    /// Adds a brace.
    pub fn brace(&mut self, brace: Brace, opens: bool) {
        self.surplus += if opens { 1 } else { -1 };
        let Span { file, start, end, via } = brace.span;
        let indent = brace.indent.map_or(Some(NONE), short);
        let stored = match indent {
            Some(indent) if via.is_none() && end == start + 1 => {
                Stored::Brace { file, start, opens, indent }
            }
            _ => Stored::Other(Box::new(if opens { Item::Open(brace) } else { Item::Close(brace) })),
        };
        self.stored.push(stored);
    }

    /// One after the other, as they are needed.
    pub fn read(self, sources: &SourceMap) -> impl Iterator<Item = Item> + use<> {
        let texts: Vec<Arc<str>> = sources.files().iter().map(|file| file.text.clone()).collect();
        let nothing: Arc<str> = Arc::from("");
        self.stored.into_iter().map(move |stored| match stored {
            Stored::Line { file, start, end, indent } => {
                let whole = texts.get(file.0 as usize).unwrap_or(&nothing);
                Item::Line(Line::new(Text::part(whole, file, start, end), indent.into()))
            }
            Stored::Brace { file, start, opens, indent } => {
                let span = Span { file, start, end: start + 1, via: None };
                let brace = Brace { span, indent: (indent != NONE).then(|| indent.into()) };
                if opens { Item::Open(brace) } else { Item::Close(brace) }
            }
            Stored::Other(item) => *item,
        })
    }
}

fn short(indent: u32) -> Option<u16> {
    u16::try_from(indent).ok().filter(|indent| *indent != NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_takes_sixteen_bytes() {
        assert_eq!(size_of::<Stored>(), 16);
    }
}
