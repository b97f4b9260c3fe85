//! Files to logical lines: comments, conditional lines, definitions, sequences, includes, braces.
//!
//! The order within a line is keepalived's: comment, include, condition, definition, sequence,
//! substitution (after which the line is looked at again), braces.

mod definitions;
mod include;
mod items;
mod plain;
mod repeat;
mod sequence;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::lex;
use super::source::{FileKind, Reader, text_of};
use super::text::{Text, is_blank, offset};
use super::{LoadOptions, Loaded};
use crate::diag::{Class, Diagnostic, FileId, Span};
use definitions::Definition;
use include::Strictness;
pub use items::{Brace, Item, ItemReader, Items, Line, Run};
use plain::Ahead;
use repeat::Repeats;

/// Lines that one configuration may come to; a sequence of a thousand million must not fill memory.
const MOST_LINES: usize = 20_000_000;
/// What a line that a definition or sequence produces costs beside its text, in bytes.
const COST_OF_LINE: usize = 64;
/// What some editors of other systems put before the first character of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';
/// Substitutions within one line, one within the other.
const DEEPEST: usize = 64;

/// Reads everything that a path (or pattern) names.
pub fn read(path: &str, reader: &dyn Reader, options: &LoadOptions, loaded: &mut Loaded) -> Items {
    let mut files: Vec<PathBuf> = if path.contains(['*', '?', '[', '{']) {
        super::source::alternatives(path).iter().flat_map(|pattern| reader.matches(pattern)).collect()
    } else {
        vec![PathBuf::from(path)]
    };
    files.retain(|file| {
        matches!(reader.kind(file), FileKind::Regular | FileKind::Executable | FileKind::Other)
    });
    if files.is_empty() {
        loaded.missing = true;
        let message = format!("Config files missing '{path}'.");
        loaded.diagnostics.push(Diagnostic::error("config-missing", None, message).class(Class::Silent));
        return Items::default();
    }
    if files.len() > 1 {
        let message = format!("'{path}' names {} files; all of them are read", files.len());
        loaded.diagnostics.push(Diagnostic::warning("several-files", None, message));
    }
    let mut preprocessor = Preprocessor::new(reader, options, loaded);
    for file in files {
        preprocessor.file(&file, None);
    }
    preprocessor.items
}

struct Preprocessor<'a> {
    reader: &'a dyn Reader,
    options: &'a LoadOptions,
    loaded: &'a mut Loaded,
    items: Items,
    /// Of the file that is being read.
    repeats: Repeats,
    definitions: HashMap<String, Definition>,
    /// A definition whose last line ended in a backslash.
    open: Option<(String, Definition)>,
    strictness: Strictness,
    /// Files that were read: reading one again produces text.
    read: HashSet<PathBuf>,
    /// Files being read, innermost last.
    stack: Vec<PathBuf>,
    produced: usize,
    overflowed: bool,
    random: u64,
    /// Columns before the physical line that is being worked on.
    indent: u32,
}

impl<'a> Preprocessor<'a> {
    fn new(reader: &'a dyn Reader, options: &'a LoadOptions, loaded: &'a mut Loaded) -> Self {
        Preprocessor {
            reader,
            options,
            loaded,
            items: Items::default(),
            repeats: Repeats::default(),
            definitions: HashMap::new(),
            open: None,
            strictness: if options.strict_includes { Strictness::ALL } else { Strictness::NONE },
            read: HashSet::new(),
            stack: Vec::new(),
            produced: 0,
            overflowed: false,
            random: options.random_seed,
            indent: 0,
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.loaded.tell(diagnostic);
    }

    /// Reads one file; `at` is the include that names it.
    fn file(&mut self, path: &Path, at: Option<Span>) {
        let name = path.to_string_lossy().into_owned();
        let bytes = match self.reader.read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.loaded.missing |= at.is_none();
                let message = format!("unable to read '{name}': {error}");
                self.report(Diagnostic::error("file-unreadable", at, message).class(Class::Silent));
                return;
            }
        };
        if !self.read.insert(path.to_path_buf())
            && let Some(at) = at
            && !self.grown(bytes.len(), at)
        {
            return;
        }
        self.stack.push(path.to_path_buf());
        let saved = self.strictness;
        self.content(name, text_of(bytes), at);
        self.strictness = saved;
        self.stack.pop();
    }

    fn content(&mut self, name: String, content: String, at: Option<Span>) {
        let content = Arc::new(content);
        let file = self.loaded.sources.add_included(name, content.clone(), at);
        let (mut start, mut text) = (0, content.as_str());
        if let Some(rest) = text.strip_prefix(BYTE_ORDER_MARK) {
            (start, text) = (offset(BYTE_ORDER_MARK.len_utf8()), rest);
            let message =
                "the file begins with a byte order mark, which belongs to the first word for keepalived";
            let span = Span { file, start: 0, end: start, via: None };
            self.report(
                Diagnostic::error("byte-order-mark", span, message)
                    .help("save the file as UTF-8 without it"),
            );
        }
        let outer = std::mem::take(&mut self.repeats);
        let (mut from, mut ahead) = (0, Ahead::new(text.as_bytes()));
        while let Some(rest) = text.as_bytes().get(from..) {
            let end = memchr::memchr(b'\n', rest).map_or(text.len(), |at| from + at);
            let place = start + offset(from);
            from = match ahead.plain(from, end).filter(|_| self.open.is_none()) {
                Some(plain) => match self.plain_line(&content, &plain, file, place) {
                    // Nothing follows in the line where a block that was taken ends.
                    Some(taken) => line_after(text.as_bytes(), (taken - start) as usize),
                    None => end + 1,
                },
                None => {
                    self.interrupting_line(&content, text.get(from..end).unwrap_or(""), file, place);
                    end + 1
                }
            };
        }
        self.repeats = outer;
    }

    /// A line that is no plain one. A comment means nothing, wherever it stands.
    fn interrupting_line(&mut self, whole: &Arc<String>, line: &str, file: FileId, start: u32) {
        let comment =
            line.trim_start_matches(is_blank).starts_with(['#', '!']) && !line.contains(['\\', '\0']);
        let surplus = self.items.surplus;
        self.physical_line(whole, line, file, start);
        if !comment || self.open.is_some() {
            self.repeats.interrupt(self.items.surplus == surplus);
        }
    }

    fn physical_line(&mut self, whole: &Arc<String>, line: &str, file: FileId, start: u32) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let end = start + u32::try_from(line.len()).unwrap_or(0);
        if line.contains('\0') {
            let at = start + offset(line.find('\0').unwrap_or(0));
            let span = Span { file, start: at, end: at + 1, via: None };
            self.report(
                Diagnostic::error("nul-byte", span, "a NUL byte in the line; the line is ignored")
                    .help("remove it; a text file has none, perhaps it is damaged or in another encoding"),
            );
            return;
        }
        let text = Text::part(whole, file, start, end).trimmed();
        self.indent = plain::indent_of(line);
        let goes_on = text.as_str().ends_with('\\');
        let text = strip_comment(text).trimmed();
        if goes_on && text.as_str().is_empty() {
            self.comment_in_definition(Span { file, start, end, via: None });
        }
        if self.continued(&text) || text.as_str().is_empty() || self.include(&text) {
            return;
        }
        self.line(text, 0);
    }

    /// One line after its comment is gone; `depth` counts substitutions and sequences around it.
    fn line(&mut self, text: Text, depth: usize) {
        let conditional = text.as_str().starts_with('@');
        let Some(text) = self.conditional(text) else { return };
        if self.define(&text) || (conditional && self.include(&text)) {
            return;
        }
        if text.as_str().starts_with("~SEQ") || text.as_str().starts_with("~LST") {
            self.repeated(&text, depth);
            return;
        }
        if text.as_str().contains('$') {
            match self.substituted(&text, depth) {
                definitions::Outcome::Unchanged => {}
                definitions::Outcome::Done => return,
                definitions::Outcome::Changed(changed) => {
                    let changed = strip_comment(changed).trimmed();
                    if !changed.as_str().is_empty() {
                        self.line(changed, depth + 1);
                    }
                    return;
                }
            }
        }
        self.split(&text);
    }

    /// `@ID text`, `@^ID text`: the text if it is for this configuration id.
    fn conditional(&mut self, text: Text) -> Option<Text> {
        if let Some(condition) = text.as_str().strip_prefix('@') {
            let (id, rest) = condition.split_once(is_blank).unwrap_or((condition, ""));
            let wanted = match id.strip_prefix('^') {
                Some(other) => other != self.options.config_id,
                None => id == self.options.config_id,
            };
            if id.is_empty() || id == "^" || rest.trim_matches(is_blank).is_empty() {
                let message = "a conditional line needs an id and text after it";
                self.report(
                    Diagnostic::error("bad-condition", text.span(0, text.as_str().len()), message)
                        .expected("@ID TEXT or @^ID TEXT"),
                );
                return None;
            }
            if !wanted {
                return None;
            }
            let length = text.as_str().len();
            return Some(text.slice(length - rest.len(), length).trimmed());
        }
        Some(text)
    }

    /// Cuts at braces outside double quotes.
    fn split(&mut self, text: &Text) {
        let (mut quoted, mut from, mut undefined) = (false, 0, 0);
        for (at, byte) in text.as_str().bytes().enumerate() {
            match byte {
                b'"' => quoted = !quoted,
                b'$' if !quoted => undefined = self.undefined(text, at).unwrap_or(undefined),
                b'{' | b'}' if !quoted && at >= undefined => {
                    self.emit_line(text, from, at, false);
                    let span = text.span(at, at + 1);
                    let first = text.as_str().get(..at).is_some_and(|before| before.trim().is_empty());
                    if let Some(span) = span
                        && self.has_room()
                    {
                        self.items
                            .brace(Brace { span, indent: first.then_some(self.indent) }, byte == b'{');
                    }
                    from = at + 1;
                }
                _ => {}
            }
        }
        self.emit_line(text, from, text.as_str().len(), quoted);
    }

    /// A name in braces that nothing defines: where its braces end, since they are no block.
    fn undefined(&mut self, text: &Text, at: usize) -> Option<usize> {
        let (whole, name, _) = lex::usage(text.as_str().get(at..)?)?;
        let end = at + whole.len();
        if whole.ends_with('}') {
            let message = format!("${{{name}}} is not defined");
            let help = format!("define it in a line above: ${name}=VALUE");
            let place = text.span(at, end);
            self.report(Diagnostic::error("undefined-name", place, message).help(help));
            self.loaded.explain(place);
        }
        Some(end)
    }

    fn emit_line(&mut self, text: &Text, from: usize, to: usize, unterminated: bool) {
        let part = text.slice(from, to).trimmed();
        if part.as_str().is_empty() {
            return;
        }
        if unterminated {
            let at = part.as_str().rfind('"').unwrap_or(0);
            let span = part.span(at, at + 1);
            self.report(
                Diagnostic::error("unterminated-quote", span, "Unterminated quote")
                    .expected("a closing '\"'"),
            );
        }
        if self.has_room() {
            self.items.line(part, self.indent);
        }
    }

    fn has_room(&mut self) -> bool {
        let room = self.items.len() < MOST_LINES;
        if !room {
            self.overflow(None);
        }
        room
    }

    /// Says once that the text grew beyond all bounds.
    fn overflow(&mut self, at: Option<Span>) {
        if !self.overflowed {
            self.overflowed = true;
            self.loaded.structure_broken = true;
            let message = "definitions and sequences produce too much text; the rest is ignored";
            let most = self.options.most_produced / 1024;
            let help =
                format!("all of them together may produce {most} KiB: look at the ends of the sequences");
            self.report(Diagnostic::error("too-much-text", at, message).help(help));
        }
    }
}

/// Where the next line begins after the one that ends here.
fn line_after(text: &[u8], end: usize) -> usize {
    let carriage_return = text.get(end) == Some(&b'\r');
    end + usize::from(carriage_return) + 1
}

/// Drops the comment. A backslash before `#` or `!` outside double quotes gives it literally.
fn strip_comment(text: Text) -> Text {
    let end = lex::comment_start(text.as_str());
    let content = text.as_str().get(..end).unwrap_or("");
    let (mut quoted, mut kept, mut from) = (false, None::<Text>, 0);
    let mut bytes = content.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => quoted = !quoted,
            b'\\' => {
                let escaped = bytes.next().is_some_and(|(_, next)| matches!(next, b'#' | b'!'));
                if escaped && !quoted {
                    kept.get_or_insert_default().push(&text, from, at);
                    from = at + 1;
                }
            }
            _ => {}
        }
    }
    match kept {
        Some(mut kept) => {
            kept.push(&text, from, end);
            kept
        }
        None if end == text.as_str().len() => text,
        None => text.slice(0, end),
    }
}
