//! `$NAME=VALUE` and its uses.

use super::{COST_OF_LINE, DEEPEST, Preprocessor, strip_comment};
use crate::config::lex;
use crate::config::text::{Text, is_blank};
use crate::diag::{Class, Diagnostic, Span};

/// The value: one line, or several.
#[derive(Clone, Debug, Default)]
pub struct Definition {
    pub lines: Vec<Text>,
    /// Written with a backslash at a line's end: each line of it is a line of its own.
    pub multi_line: bool,
}

/// What became of the uses in a line.
pub enum Outcome {
    Unchanged,
    Changed(Text),
    /// The lines were worked on already.
    Done,
}

impl Preprocessor<'_> {
    /// Takes a further line of an open definition. `false`: there is none open.
    pub(super) fn continued(&mut self, text: &Text) -> bool {
        let Some((name, mut definition)) = self.open.take() else { return false };
        let (part, more) = without_backslash(text.clone());
        if !part.as_str().is_empty() {
            definition.lines.push(part);
        }
        if more {
            self.open = Some((name, definition));
        } else {
            self.definitions.insert(name, definition);
        }
        true
    }

    /// A comment ends the definition that it stands in, though its writer put a backslash behind it.
    pub(super) fn comment_in_definition(&mut self, span: Span) {
        let Some((name, _)) = &self.open else { return };
        let message =
            format!("a comment ends the definition of ${name}: the lines after it are not part of it");
        let help = "move the comment out of the definition";
        self.report(Diagnostic::warning("definition-cut", span, message).class(Class::Silent).help(help));
    }

    /// Takes `$NAME=VALUE`. `false`: the line is none.
    pub(super) fn define(&mut self, text: &Text) -> bool {
        let Some((name, value)) = lex::definition(text.as_str()) else { return false };
        let name = name.to_owned();
        let length = text.as_str().len();
        let value = text.slice(length - value.len(), length);
        let (value, more) = without_backslash(value);
        let mut definition = Definition { lines: Vec::new(), multi_line: more };
        if !value.as_str().is_empty() {
            definition.lines.push(value);
        }
        if more {
            self.open = Some((name, definition));
        } else {
            self.definitions.insert(name, definition);
        }
        true
    }

    /// Puts values in the place of names.
    pub(super) fn substituted(&mut self, text: &Text, depth: usize) -> Outcome {
        let mut result = Text::default();
        let (mut from, mut at) = (0, 0);
        let content = text.as_str();
        while let Some(found) = content.get(at..).and_then(|rest| rest.find('$')) {
            let start = at + found;
            at = start + 1;
            let Some((whole, name, words)) = content.get(start..).and_then(lex::usage) else { continue };
            let end = start + whole.len();
            let Some(span) = text.span(start, end) else { continue };
            if depth >= DEEPEST {
                let message = format!("the definition of ${name} uses itself");
                self.report(Diagnostic::error("definition-loop", span, message));
                return Outcome::Done;
            }
            if let Some(definition) = self.definitions.get(name).cloned() {
                if definition.multi_line {
                    result.push(text, from, start);
                    self.lines_of(
                        result,
                        &definition,
                        &text.slice(end, content.len()),
                        (name, span),
                        depth,
                    );
                    return Outcome::Done;
                }
                let value = definition.lines.first().cloned().unwrap_or_default();
                if !self.grown(value.as_str().len(), span) {
                    return Outcome::Done;
                }
                let place = value.span(0, value.as_str().len());
                // From the definition on to whatever brought the line with its name here.
                let place = place.map(|place| Span { via: span.via.or(place.via), ..place });
                let via = match place {
                    Some(place) => self.loaded.sources.add_via(format!("${name} is defined"), place),
                    None => span.via,
                };
                result.push(text, from, start);
                result.push_replacement(value.as_str(), Span { via, ..span });
            } else if let Some(value) = self.predefined(name, words.trim_matches(is_blank), span) {
                result.push(text, from, start);
                result.push_replacement(&value, span);
            } else {
                continue;
            }
            (from, at) = (end, end);
        }
        if from == 0 {
            return Outcome::Unchanged;
        }
        result.push(text, from, content.len());
        Outcome::Changed(result)
    }

    /// The lines of a definition of several lines, one by one.
    fn lines_of(
        &mut self,
        mut before: Text,
        definition: &Definition,
        after: &Text,
        (name, span): (&str, Span),
        depth: usize,
    ) {
        let via = self.loaded.sources.add_via(format!("${name} is used"), span);
        if !after.as_str().trim_matches(is_blank).is_empty() {
            let message = format!("${name} has several lines, so nothing may follow it on its line");
            self.report(Diagnostic::error(
                "text-after-definition",
                after.span(0, after.as_str().len()),
                message,
            ));
        }
        for line in &definition.lines {
            if !self.grown(line.as_str().len(), span) {
                return;
            }
            before.push(&line.clone().through(via), 0, line.as_str().len());
            let whole = strip_comment(std::mem::take(&mut before)).trimmed();
            if !whole.as_str().is_empty() && !self.include(&whole) {
                self.line(whole, depth + 1);
            }
        }
    }

    /// Counts produced text; `false` when there is too much of it.
    pub(super) fn grown(&mut self, by: usize, span: Span) -> bool {
        self.produced += by + COST_OF_LINE;
        if self.produced > self.options.most_produced {
            self.overflow(Some(span));
        }
        !self.overflowed
    }

    /// The value of a name that keepalived defines itself.
    fn predefined(&mut self, name: &str, words: &str, span: Span) -> Option<String> {
        match name {
            "_PWD" => {
                let folder = self.stack.last().and_then(|path| path.parent());
                let folder = folder.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
                Some(if folder.is_empty() { ".".to_owned() } else { folder })
            }
            "_INSTANCE" => Some(self.options.config_id.clone()),
            "_HASH" => Some("\\#".to_owned()),
            "_BANG" => Some("\\!".to_owned()),
            "_ENV" => Some(self.options.environment.get(words).cloned().unwrap_or_default()),
            "_RANDOM" => self.random(words, span),
            _ => None,
        }
    }

    fn random(&mut self, words: &str, span: Span) -> Option<String> {
        let bounds: Result<Vec<u32>, _> = words.split_whitespace().map(str::parse).collect();
        let (low, high) = match bounds.as_deref() {
            Ok([]) => (0, 32_767),
            Ok([high]) => (0, *high),
            Ok([low, high]) => (*low, *high),
            _ => {
                let message = format!("'{words}' is no range for _RANDOM");
                self.report(
                    Diagnostic::error("bad-random", span, message).expected("${_RANDOM [[MIN] MAX]}"),
                );
                return None;
            }
        };
        if low > high {
            let message = format!("the range {low} to {high} of _RANDOM is empty");
            self.report(Diagnostic::error("bad-random", span, message).help(format!("{low} is used")));
            return Some(low.to_string());
        }
        // Steele, Lea, Flood: SplitMix64. Good enough to spread timers, and reproducible from the seed.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        Some((u64::from(low) + mixed % (u64::from(high - low) + 1)).to_string())
    }
}

/// Cuts a backslash at the end off.
fn without_backslash(text: Text) -> (Text, bool) {
    let Some(kept) = text.as_str().strip_suffix('\\') else { return (text, false) };
    let length = kept.len();
    (text.slice(0, length).trimmed(), true)
}
