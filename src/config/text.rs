//! A piece of text that knows, for each of its bytes, where a person wrote it.

use crate::diag::{FileId, Span, ViaId};

/// Text that may be put together from several places.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Text {
    content: String,
    pieces: Vec<Piece>,
}

/// The part of a text from `at` to the next piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Piece {
    at: u32,
    /// Its place; of a literal piece that of its first byte.
    span: Span,
    /// Byte for byte as in the file; else it stands for the whole span.
    literal: bool,
}

impl Text {
    /// A part of a file as it stands there.
    pub fn literal(content: &str, file: FileId, start: u32, via: Option<ViaId>) -> Text {
        let mut text = Text::default();
        text.push_literal(content, Span { file, start, end: start, via });
        text
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.content
    }

    /// Appends a part of a file whose first byte stands at the span's start.
    pub fn push_literal(&mut self, content: &str, first: Span) {
        if !content.is_empty() {
            self.pieces.push(Piece { at: offset(self.content.len()), span: first, literal: true });
            self.content.push_str(content);
        }
    }

    /// Appends what was put in the place of `span`.
    pub fn push_replacement(&mut self, content: &str, span: Span) {
        if !content.is_empty() {
            self.pieces.push(Piece { at: offset(self.content.len()), span, literal: false });
            self.content.push_str(content);
        }
    }

    /// Appends a part of another text.
    pub fn push(&mut self, other: &Text, from: usize, to: usize) {
        let mut at = from;
        while at < to {
            let Some((piece, end)) = other.piece_at(at) else { return };
            let end = end.min(to);
            let Some(content) = other.content.get(at..end) else { return };
            if piece.literal {
                let start = piece.span.start + offset(at) - piece.at;
                self.push_literal(content, Span { start, end: start, ..piece.span });
            } else {
                self.push_replacement(content, piece.span);
            }
            at = end;
        }
    }

    /// A part of it.
    pub fn slice(&self, from: usize, to: usize) -> Text {
        let mut text = Text::default();
        text.push(self, from, to);
        text
    }

    /// Without blanks at both ends.
    pub fn trimmed(self) -> Text {
        let inner = self.content.trim_matches(is_blank);
        if inner.len() == self.content.len() {
            return self;
        }
        let from = self.content.len() - self.content.trim_start_matches(is_blank).len();
        self.slice(from, from + inner.len())
    }

    /// The same with a step recorded on each piece that has none.
    pub fn via(mut self, via: Option<ViaId>) -> Text {
        for piece in &mut self.pieces {
            piece.span.via = piece.span.via.or(via);
        }
        self
    }

    /// Where the bytes from `from` to `to` were written.
    pub fn span(&self, from: usize, to: usize) -> Option<Span> {
        let (first, first_end) = self.piece_at(from).or_else(|| self.piece_at(from.saturating_sub(1)))?;
        let start = first.place(from).0;
        if to <= first_end {
            return Some(Span { start, end: first.place(to).1, ..first.span });
        }
        let (last, _) = self.piece_at(to.saturating_sub(1))?;
        Some(Span { start, ..first.span }.to(Span { end: last.place(to).1, ..last.span }))
    }

    /// The piece at an offset, and where the next one begins.
    fn piece_at(&self, at: usize) -> Option<(&Piece, usize)> {
        if at >= self.content.len() {
            return None;
        }
        let next = self.pieces.partition_point(|piece| piece.at as usize <= at);
        let end = self.pieces.get(next).map_or(self.content.len(), |piece| piece.at as usize);
        Some((self.pieces.get(next.checked_sub(1)?)?, end))
    }
}

impl Piece {
    /// First and last place that a boundary at this offset can mean.
    fn place(&self, at: usize) -> (u32, u32) {
        if self.literal {
            let place = self.span.start + offset(at).saturating_sub(self.at);
            (place, place)
        } else {
            (self.span.start, self.span.end)
        }
    }
}

/// Blank in keepalived's sense.
pub fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\x0b' | '\x0c')
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_survive_cutting_and_replacing() {
        let file = FileId(0);
        let line = Text::literal("  priority $PRI x", file, 100, None);
        let mut text = line.slice(0, 11);
        let whole = Span { file, start: 111, end: 115, via: None };
        text.push_replacement("100", whole);
        text.push(&line, 15, 17);
        let text = text.trimmed();
        assert_eq!(text.as_str(), "priority 100 x");
        assert_eq!(text.span(0, 8), Some(Span { start: 102, end: 110, ..whole }));
        assert_eq!(text.span(9, 12), Some(whole));
        assert_eq!(text.span(13, 14), Some(Span { start: 116, end: 117, ..whole }));
        assert_eq!(text.span(0, 14), Some(Span { start: 102, end: 117, ..whole }));
    }
}
