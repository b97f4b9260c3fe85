//! `~SEQ`, `~SEQx`, `~LST`: one line for each value.

use super::definitions::{Definition, Outcome};
use super::{DEEPEST, Preprocessor};
use crate::config::lex::{self, Sequence};
use crate::config::text::Text;
use crate::diag::{Diagnostic, Span};

impl Preprocessor<'_> {
    /// Works on a line once for each value of the sequence at its head.
    pub(super) fn repeated(&mut self, text: &Text, depth: usize) {
        let Some(span) = text.span(0, text.as_str().len()) else { return };
        if depth >= DEEPEST {
            self.report(Diagnostic::error("definition-loop", span, "sequences are nested too deeply"));
            return;
        }
        if let Some(head) = lex::sequence_head(text.as_str())
            && text.as_str().get(..head).is_some_and(|head| head.contains('$'))
        {
            match self.substituted(&text.slice(0, head), depth) {
                Outcome::Unchanged => {}
                Outcome::Done => return,
                Outcome::Changed(mut whole) => {
                    whole.push(text, head, text.as_str().len());
                    return self.repeated(&whole, depth + 1);
                }
            }
        }
        let Some(Ok((sequence, rest))) = lex::sequence(text.as_str()) else {
            self.malformed(span);
            return;
        };
        let length = text.as_str().len();
        let body = text.slice(length - rest.len(), length).trimmed();
        match sequence {
            Sequence::Numbers { hexadecimal, items } => {
                self.numbers(&items, hexadecimal, &body, span, depth)
            }
            Sequence::List(groups) => self.list(&groups, &body, span, depth),
        }
    }

    fn malformed(&mut self, span: Span) {
        let expected = "~SEQ(VAR, [START, [STEP,]] END) TEXT or ~LST(VAR, VALUE, ...) TEXT";
        self.report(
            Diagnostic::error("bad-sequence", span, "malformed sequence; the line is ignored")
                .expected(expected),
        );
    }

    fn numbers(&mut self, items: &[&str], hexadecimal: bool, body: &Text, span: Span, depth: usize) {
        let numbers: Option<Vec<i64>> = items.iter().skip(1).map(|item| number(item)).collect();
        let (name, range) = match (items.first(), numbers.as_deref()) {
            (Some(name), Some([end])) => {
                let start = if *end < 0 { -1 } else { 1 };
                (name, (start, towards(start, *end), *end))
            }
            (Some(name), Some([start, end])) => (name, (*start, towards(*start, *end), *end)),
            (Some(name), Some([start, step, end])) => (name, (*start, *step, *end)),
            _ => return self.malformed(span),
        };
        let (start, step, end) = range;
        let away = start != end && (step < 0) != (end < start);
        if step == 0 || away || (hexadecimal && (start < 0 || end < 0)) {
            return self.malformed(span);
        }
        let mut value = start;
        while if step > 0 { value <= end } else { value >= end } {
            let written = if hexadecimal { format!("{value:x}") } else { value.to_string() };
            if !self.once(&[(name, &written)], body, span, depth) {
                return;
            }
            let Some(next) = value.checked_add(step) else { return };
            value = next;
        }
    }

    fn list(&mut self, groups: &[Vec<&str>], body: &Text, span: Span, depth: usize) {
        let Some((names, values)) = groups.split_first() else { return };
        for group in values {
            if group.len() > names.len() {
                let message = format!("a group of {} values for {} names", group.len(), names.len());
                self.report(Diagnostic::error("bad-sequence", span, message));
                return;
            }
            let pairs: Vec<(&str, &str)> = names
                .iter()
                .enumerate()
                .map(|(index, name)| (*name, group.get(index).copied().unwrap_or("")))
                .collect();
            if !self.once(&pairs, body, span, depth) {
                return;
            }
        }
    }

    /// One round; `false` when the text grew too much.
    fn once(&mut self, values: &[(&str, &str)], body: &Text, span: Span, depth: usize) -> bool {
        let mut words = String::from("repeated with");
        for (name, value) in values {
            words.push_str(&format!(" {name}={value}"));
            let mut text = Text::default();
            text.push_replacement(value, span);
            let definition = Definition { lines: vec![text], multi_line: false };
            self.definitions.insert((*name).to_owned(), definition);
        }
        if !self.grown(body.as_str().len(), span) {
            return false;
        }
        let via = self.loaded.sources.add_via(words, span);
        self.line(body.clone().through(via), depth + 1);
        !self.overflowed
    }
}

/// The step from one number to another where none is written.
fn towards(start: i64, end: i64) -> i64 {
    if end < start { -1 } else { 1 }
}

/// A number as C writes them: `0x10`, `010`, `-3`.
fn number(word: &str) -> Option<i64> {
    let (digits, negative) = match word.strip_prefix('-') {
        Some(digits) => (digits, true),
        None => (word.strip_prefix('+').unwrap_or(word), false),
    };
    let value = if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        i64::from_str_radix(hex, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        i64::from_str_radix(digits, 8)
    } else {
        digits.parse()
    };
    value.ok().map(|value| if negative { -value } else { value })
}
