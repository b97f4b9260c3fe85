//! What a person wrote in a line: which of it may be laid out anew, and which only stands where it stands.

use std::collections::HashMap;

use crate::config::lex;
use crate::config::text::is_blank;

/// One line of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Written<'a> {
    Blank,
    Comment(&'a str),
    /// Keywords and braces, each to get a line of its own.
    Pieces(Vec<Piece>, Option<&'a str>),
    /// A line that means what it means because it is one line.
    Kept(Kept<'a>),
    /// A further line of a definition: its indent may belong to it.
    Verbatim(&'a str),
}

/// A part of a line that may stand alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    Words(String),
    Open,
    Close,
}

/// A line that stays one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kept<'a> {
    pub text: &'a str,
    /// `@id` is `("id", true)`, `@^id` is `("id", false)`: all must hold.
    pub conditions: Vec<(String, bool)>,
    /// Blocks that it opens less those that it closes.
    pub opens: i32,
}

/// What is known from the lines before.
#[derive(Debug, Default)]
pub struct Reading {
    definitions: HashMap<String, Definition>,
    /// A definition that goes on in the next line.
    open: Option<(String, Definition)>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
struct Definition {
    /// Words and nothing else.
    plain: bool,
    /// As [`Kept::opens`].
    opens: i32,
}

const EMPTY: Definition = Definition { plain: true, opens: 0 };

impl Reading {
    /// Looks at the next line, without its line end.
    pub fn line<'a>(&mut self, line: &'a str) -> Written<'a> {
        let text = line.trim_matches(is_blank);
        if text.contains('\0') {
            // Nobody reads it, a definition that goes on neither.
            return Written::Verbatim(line.trim_end_matches(is_blank));
        }
        let (code, comment) = text.split_at(lex::comment_start(text));
        let code = code.trim_matches(is_blank);
        if let Some((name, before)) = self.open.take() {
            self.define(name, before, code);
            return Written::Verbatim(line.trim_end_matches(is_blank));
        }
        match (code.is_empty(), comment.is_empty()) {
            (true, true) => Written::Blank,
            (true, false) => Written::Comment(comment),
            _ => self.code(code, text, (!comment.is_empty()).then_some(comment)),
        }
    }

    fn code<'a>(&mut self, code: &'a str, text: &'a str, comment: Option<&'a str>) -> Written<'a> {
        if is_include(code) {
            return Written::Kept(Kept { text, ..Kept::default() });
        }
        let (conditions, rest) = conditions(code);
        if let Some((name, value)) = lex::definition(rest) {
            self.define(name.to_owned(), EMPTY, value);
            return Written::Kept(Kept { text, ..Kept::default() });
        }
        let kept = |opens| Written::Kept(Kept { text, conditions: conditions.clone(), opens });
        if rest.starts_with("~SEQ") || rest.starts_with("~LST") {
            let repeated = after_sequences(rest);
            return kept(repeated.map_or(0, |repeated| self.opens(repeated)));
        }
        if !conditions.is_empty() || !self.uses_are_plain(code) {
            return kept(self.opens(rest));
        }
        let pieces = pieces(code);
        // In the middle of a line these are words; at its beginning they would be more.
        let special = |piece: &Piece| matches!(piece, Piece::Words(words) if is_directive(words));
        if pieces.iter().any(special) {
            return kept(self.opens(code));
        }
        Written::Pieces(pieces, comment)
    }

    /// Takes a line of a definition; `before` is what the lines before it came to.
    fn define(&mut self, name: String, before: Definition, line: &str) {
        let special = |c| matches!(c, '"' | '\'' | '{' | '}' | '#' | '!' | '@' | '~' | '\\' | '$');
        let definition = Definition {
            plain: before.plain && !line.contains(special),
            opens: before.opens.saturating_add(self.opens(line)),
        };
        if line.ends_with('\\') {
            self.open = Some((name, definition));
        } else {
            self.definitions.insert(name, definition);
        }
    }

    /// Whether every name in the line stands for words and nothing else.
    fn uses_are_plain(&self, code: &str) -> bool {
        uses(code).iter().all(|(_, _, name)| match self.definitions.get(*name) {
            Some(definition) => definition.plain,
            None => matches!(*name, "_PWD" | "_INSTANCE" | "_RANDOM"),
        })
    }

    /// Blocks that a text opens less those that it closes, definitions included.
    fn opens(&self, code: &str) -> i32 {
        let braces = braces(code).into_iter().map(|(_, brace)| if brace == Piece::Open { 1 } else { -1 });
        let names =
            uses(code).into_iter().filter_map(|(_, _, name)| Some(self.definitions.get(name)?.opens));
        braces.chain(names).fold(0, i32::saturating_add)
    }
}

/// The conditions at the beginning of a line, and what they are for.
pub fn conditions(line: &str) -> (Vec<(String, bool)>, &str) {
    let (mut found, mut rest) = (Vec::new(), line);
    while let Some(condition) = rest.strip_prefix('@') {
        let (id, after) = condition.split_once(is_blank).unwrap_or((condition, ""));
        let wanted = !id.starts_with('^');
        found.push((id.trim_start_matches('^').to_owned(), wanted));
        rest = after.trim_start_matches(is_blank);
    }
    (found, rest)
}

fn is_include(code: &str) -> bool {
    let word = code.split(is_blank).next().unwrap_or("");
    let variants = ["include", "includer", "includem", "includew", "includeb", "includea"];
    variants.contains(&word) && word.len() < code.len()
}

fn is_directive(words: &str) -> bool {
    is_include(words)
        || words.starts_with('@')
        || words.starts_with("~SEQ")
        || words.starts_with("~LST")
        || lex::definition(words).is_some()
}

/// What a line with sequences at its beginning repeats; none when one of them is malformed.
fn after_sequences(line: &str) -> Option<&str> {
    let mut rest = line;
    while let Some(sequence) = lex::sequence(rest) {
        rest = sequence.ok()?.1.trim_start_matches(is_blank);
    }
    Some(rest)
}

/// The uses of definitions: first byte, one past the last, name.
fn uses(code: &str) -> Vec<(usize, usize, &str)> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(start) = code.get(at..).and_then(|rest| rest.find('$')).map(|found| at + found) {
        at = start + 1;
        if let Some((whole, name, _)) = code.get(start..).and_then(lex::usage) {
            at = start + whole.len();
            found.push((start, at, name));
        }
    }
    found
}

/// The braces that are neither in double quotes nor around a name.
fn braces(code: &str) -> Vec<(usize, Piece)> {
    let names = uses(code);
    let mut quoted = false;
    let mut found = Vec::new();
    for (at, byte) in code.bytes().enumerate() {
        let piece = match byte {
            b'"' => {
                quoted = !quoted;
                continue;
            }
            b'{' => Piece::Open,
            b'}' => Piece::Close,
            _ => continue,
        };
        let next = names.partition_point(|(start, _, _)| *start < at);
        let of_name = next.checked_sub(1).and_then(|at| names.get(at)).is_some_and(|(_, end, _)| at < *end);
        if !quoted && !of_name {
            found.push((at, piece));
        }
    }
    found
}

/// A line cut at its braces.
fn pieces(code: &str) -> Vec<Piece> {
    let (mut pieces, mut from) = (Vec::new(), 0);
    let words = |from: usize, to: usize| {
        let words = code.get(from..to).unwrap_or("").trim_matches(is_blank);
        (!words.is_empty()).then(|| Piece::Words(single_blanks(words)))
    };
    for (at, brace) in braces(code) {
        pieces.extend(words(from, at));
        pieces.push(brace);
        from = at + 1;
    }
    pieces.extend(words(from, code.len()));
    pieces
}

/// The text with one blank between words. What is quoted, in either kind of quotes, stays as it is.
fn single_blanks(words: &str) -> String {
    let (mut result, mut quote) = (String::with_capacity(words.len()), None);
    let (mut escaped, mut after_blank) = (false, false);
    for character in words.chars() {
        let blank = is_blank(character) && quote.is_none() && !escaped;
        match character {
            '"' | '\'' if quote.is_none() => quote = Some(character),
            _ if quote == Some(character) => quote = None,
            _ => {}
        }
        if !blank {
            result.push(character);
        } else if !after_blank {
            result.push(' ');
        }
        after_blank = blank;
        escaped = character == '\\' && !escaped;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_within_quotes_and_behind_backslashes_stay() {
        for (line, tidy) in [
            ("a \t  b", "a b"),
            ("a  \"b  c\"  d", "a \"b  c\" d"),
            ("script  'x  y'  z", "script 'x  y' z"),
            ("it's  a", "it's  a"),
            ("a\\   b", "a\\  b"),
        ] {
            assert_eq!(single_blanks(line), tidy);
        }
    }

    #[test]
    fn names_and_quotes_hold_their_braces() {
        let words = |text: &str| Piece::Words(text.to_owned());
        assert_eq!(
            pieces("a ${B} \"{\" {c}"),
            [words("a ${B} \"{\""), Piece::Open, words("c"), Piece::Close]
        );
    }

    #[test]
    fn lines_that_stay_one() {
        let mut reading = Reading::default();
        let mut kept = |line: &'static str| match reading.line(line) {
            Written::Kept(kept) => (kept.text, kept.opens),
            other => panic!("{other:?}"),
        };
        assert_eq!(kept("$A=x {"), ("$A=x {", 0));
        assert_eq!(kept("$A }"), ("$A }", 0));
        assert_eq!(kept("  $A # }"), ("$A # }", 1));
        assert_eq!(kept("include a{b,c}"), ("include a{b,c}", 0));
        assert_eq!(kept("~LST({a,b}, {1,2}) x { y {"), ("~LST({a,b}, {1,2}) x { y {", 2));
        assert_eq!(kept("x { @a y }").1, 0);
        assert_eq!(kept("x ${UNKNOWN} {").1, 1);
    }
}
