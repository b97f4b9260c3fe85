//! A piece of text that knows, for each of its bytes, where a person wrote it.
//!
//! Nearly all of a configuration is used as it stands in its file: such a text is a range of the file and owns
//! no memory. Only what definitions and sequences put together is copied.

use std::sync::Arc;

use crate::diag::{FileId, Span, ViaId};

/// Text that may be put together from several places.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text(Form);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Form {
    /// A range of a file as it stands there.
    Part {
        whole: Arc<String>,
        file: FileId,
        start: u32,
        end: u32,
        via: Option<ViaId>,
    },
    Joined(Box<Joined>),
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Joined {
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

impl Default for Text {
    fn default() -> Text {
        Text(Form::Joined(Box::default()))
    }
}

impl Text {
    /// A part of a file as it stands there; nothing where the range is none of the file.
    pub fn part(whole: &Arc<String>, file: FileId, start: u32, end: u32) -> Text {
        let (start, end) =
            if whole.get(start as usize..end as usize).is_some() { (start, end) } else { (0, 0) };
        Text(Form::Part { whole: whole.clone(), file, start, end, via: None })
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::Part { whole, start, end, .. } => whole.get(*start as usize..*end as usize).unwrap_or(""),
            Form::Joined(joined) => &joined.content,
        }
    }

    /// Which part of which file it is, if it is one and came straight from there.
    pub fn as_part(&self) -> Option<(FileId, u32, u32)> {
        match &self.0 {
            Form::Part { file, start, end, via: None, .. } => Some((*file, *start, *end)),
            _ => None,
        }
    }

    /// Appends what was put in the place of `span`.
    pub fn push_replacement(&mut self, content: &str, span: Span) {
        self.append(|joined| joined.push(content, span, false));
    }

    /// Appends a part of another text.
    pub fn push(&mut self, other: &Text, from: usize, to: usize) {
        match &other.0 {
            Form::Part { file, start, via, .. } => {
                let Some(content) = other.as_str().get(from..to) else { return };
                let start = start + offset(from);
                let first = Span { file: *file, start, end: start, via: *via };
                self.append(|joined| joined.push(content, first, true));
            }
            Form::Joined(other) => self.append(|joined| joined.push_from(other, from, to)),
        }
    }

    /// A part of it.
    pub fn slice(&self, from: usize, to: usize) -> Text {
        match &self.0 {
            Form::Part { whole, file, start, via, .. } if self.as_str().get(from..to).is_some() => {
                let (from, to) = (start + offset(from), start + offset(to));
                Text(Form::Part { whole: whole.clone(), file: *file, start: from, end: to, via: *via })
            }
            _ => {
                let mut text = Text::default();
                text.push(self, from, to);
                text
            }
        }
    }

    /// Without blanks at both ends.
    pub fn trimmed(self) -> Text {
        let content = self.as_str();
        let inner = content.trim_matches(is_blank);
        if inner.len() == content.len() {
            return self;
        }
        let from = content.len() - content.trim_start_matches(is_blank).len();
        self.slice(from, from + inner.len())
    }

    /// The same text where it stands again, so many bytes further on in the same file.
    pub fn moved(mut self, by: u32) -> Text {
        if let Form::Part { start, end, .. } = &mut self.0 {
            (*start, *end) = (*start + by, *end + by);
        }
        self
    }

    /// The same with one more step recorded on each piece; the step itself leads on to the earlier ones.
    pub fn through(mut self, step: Option<ViaId>) -> Text {
        match &mut self.0 {
            Form::Part { via, .. } => *via = step.or(*via),
            Form::Joined(joined) => {
                for piece in &mut joined.pieces {
                    piece.span.via = step.or(piece.span.via);
                }
            }
        }
        self
    }

    /// Where the bytes from `from` to `to` were written.
    pub fn span(&self, from: usize, to: usize) -> Option<Span> {
        match &self.0 {
            Form::Part { file, start, end, via, .. } => {
                let length = (end - start) as usize;
                let within = length > 0 && from <= to && to <= length;
                let (first, last) = (start + offset(from), start + offset(to));
                within.then_some(Span { file: *file, start: first, end: last, via: *via })
            }
            Form::Joined(joined) => joined.span(from, to),
        }
    }

    /// To append to: of a part of a file a copy is made.
    fn append(&mut self, add: impl FnOnce(&mut Joined)) {
        let mut joined = match std::mem::replace(&mut self.0, Form::Joined(Box::default())) {
            Form::Joined(joined) => joined,
            Form::Part { whole, file, start, end, via } => {
                let mut joined = Box::<Joined>::default();
                let content = whole.get(start as usize..end as usize).unwrap_or("");
                joined.push(content, Span { file, start, end: start, via }, true);
                joined
            }
        };
        add(&mut joined);
        self.0 = Form::Joined(joined);
    }
}

impl Joined {
    /// Appends text that stands at `span`, or is in its place.
    fn push(&mut self, content: &str, span: Span, literal: bool) {
        if !content.is_empty() {
            self.pieces.push(Piece { at: offset(self.content.len()), span, literal });
            self.content.push_str(content);
        }
    }

    fn push_from(&mut self, other: &Joined, from: usize, to: usize) {
        let mut at = from;
        while at < to {
            let Some((piece, end)) = other.piece_at(at) else { return };
            let end = end.min(to);
            let Some(content) = other.content.get(at..end) else { return };
            let start = piece.span.start + offset(at) - piece.at;
            let literal = Span { start, end: start, ..piece.span };
            self.push(content, if piece.literal { literal } else { piece.span }, piece.literal);
            at = end;
        }
    }

    fn span(&self, from: usize, to: usize) -> Option<Span> {
        let (first, first_end) = self.piece_at(from).or_else(|| self.piece_at(from.saturating_sub(1)))?;
        let start = first.place(from).0;
        if to <= first_end {
            return Some(Span { start, end: first.place(to).1, ..first.span });
        }
        let (last, _) = self.piece_at(to.saturating_sub(1))?;
        // Of several origins the latest, which leads on to the earlier ones.
        let begin = self.pieces.partition_point(|piece| (piece.at as usize) < first_end);
        let later = self.pieces.iter().skip(begin).take_while(|piece| (piece.at as usize) < to);
        let via = later.fold(first.span.via, |via, piece| via.max(piece.span.via));
        Some(Span { start, via, ..first.span }.to(Span { end: last.place(to).1, ..last.span }))
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

/// An offset in a text; none is so long that it does not fit.
pub fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_survive_cutting_and_replacing() {
        let file = FileId(0);
        let whole = Arc::new(format!("{:100}  priority $PRI x", ""));
        let line = Text::part(&whole, file, 100, offset(whole.len()));
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
