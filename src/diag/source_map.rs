//! Texts that were read, and places in them.

use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};

/// So many steps of each kind are told of one place.
const MOST_STEPS: usize = 16;

/// A text in a [`SourceMap`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId(pub u32);

/// How a piece of text came to where it is used: see [`Via`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ViaId(NonZeroU32);

/// A range of bytes in one file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Span {
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Present where the text went through a definition or a sequence.
    pub via: Option<ViaId>,
}

impl Span {
    /// From the first byte of one to the last of the other, when both are in one file.
    pub fn to(self, end: Span) -> Span {
        if self.file == end.file && end.end >= self.start { Span { end: end.end, ..self } } else { self }
    }

    /// Without any text: the place just before this one.
    pub fn before(self) -> Span {
        Span { end: self.start, ..self }
    }

    /// Without any text: the place just after this one.
    pub fn after(self) -> Span {
        Span { start: self.end, ..self }
    }
}

/// One step between what a person wrote and what was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Via {
    /// Words for a message, such as "$NAME is defined": "here" or "at FILE:LINE" follows them.
    pub what: String,
    pub span: Span,
}

/// One text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceFile {
    /// As the operator named it (or as an include's pattern matched it).
    pub name: String,
    pub text: Arc<String>,
    /// The include that named it; `None` for a main file.
    pub included: Option<Span>,
    /// First bytes of the lines, once somebody asks for a place.
    line_starts: OnceLock<Vec<u32>>,
}

impl SourceFile {
    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let ends = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            let after = ends.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX));
            std::iter::once(0).chain(after).collect()
        })
    }
}

/// Line and column as an editor counts them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place<'a> {
    pub file: &'a str,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// All texts of one configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    vias: Vec<Via>,
}

impl SourceMap {
    /// Adds a text. Lines end in LF.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        self.add_included(name, Arc::new(text.into()), None)
    }

    /// Adds a text that an include named.
    pub fn add_included(
        &mut self,
        name: impl Into<String>,
        text: Arc<String>,
        included: Option<Span>,
    ) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile { name: name.into(), text, included, line_starts: OnceLock::new() });
        id
    }

    /// Records a step; the number goes into the spans that took it.
    pub fn add_via(&mut self, what: impl Into<String>, span: Span) -> Option<ViaId> {
        self.vias.push(Via { what: what.into(), span });
        u32::try_from(self.vias.len()).ok().and_then(NonZeroU32::new).map(ViaId)
    }

    /// The step behind a number.
    pub fn via(&self, id: ViaId) -> Option<&Via> {
        self.vias.get(id.0.get() as usize - 1)
    }

    /// How the text of a span came there, nearest step first: definitions and sequences, then the includes
    /// of the files that they and the span stand in.
    pub fn origins(&self, span: Span) -> Vec<Via> {
        let mut steps: Vec<Via> = Vec::new();
        let mut next = span.via;
        while let Some(via) = next.and_then(|id| self.via(id)).filter(|_| steps.len() < MOST_STEPS) {
            next = via.span.via;
            // The name of a sequence is defined where the sequence stands, which is told next.
            let place = |span: Span| (span.file, span.start, span.end);
            let told = next.and_then(|id| self.via(id)).is_some_and(|it| place(it.span) == place(via.span));
            // A definition that uses itself comes by the same places again and again.
            if !told && !steps.contains(via) {
                steps.push(via.clone());
            }
        }
        let mut files: Vec<FileId> = Vec::new();
        for first in std::iter::once(span.file).chain(steps.clone().into_iter().map(|step| step.span.file))
        {
            let mut file = first;
            while files.len() < MOST_STEPS && !files.contains(&file) {
                files.push(file);
                let Some(included) = self.file(file).and_then(|file| file.included) else { break };
                steps.push(Via { what: "included".to_owned(), span: included });
                file = included.file;
            }
        }
        steps
    }

    /// The text behind a number.
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// All texts, in the order of their numbers.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// Whether there is more than one text, so that a line number alone says nothing.
    pub fn several(&self) -> bool {
        self.files.len() > 1
    }

    /// Where a span begins.
    pub fn place(&self, span: Span) -> Option<Place<'_>> {
        let file = self.file(span.file)?;
        let index = file.line_starts().partition_point(|start| *start <= span.start).checked_sub(1)?;
        let start = *file.line_starts().get(index)? as usize;
        let before = file.text.get(start..span.start as usize)?;
        let column = u32::try_from(before.chars().count()).unwrap_or(u32::MAX).saturating_add(1);
        Some(Place { file: &file.name, line: u32::try_from(index + 1).unwrap_or(u32::MAX), column })
    }

    /// The text a span covers.
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file)
            .and_then(|file| file.text.get(span.start as usize..span.end as usize))
            .unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_not_bytes() {
        let mut map = SourceMap::default();
        let file = map.add("a.conf", "один два\nx y\n");
        let start = "один ".len() as u32;
        let span = Span { file, start, end: start + 6, via: None };
        let place = map.place(span).unwrap();
        assert_eq!((place.line, place.column), (1, 6));
        assert_eq!(map.text(span), "два");
        let second = Span { file, start: "один два\nx ".len() as u32, end: 0, via: None };
        let place = map.place(second).unwrap();
        assert_eq!((place.line, place.column), (2, 3));
    }
}
