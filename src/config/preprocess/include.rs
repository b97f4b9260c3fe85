//! `include` and its stricter relatives, and `include_check`.

use std::path::{Path, PathBuf};

use super::{DEEPEST, Preprocessor};
use crate::config::source::{FileKind, alternatives};
use crate::config::text::{Text, is_blank};
use crate::diag::{Class, Diagnostic, Span};

/// Which shortcomings of an include are errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Strictness {
    /// A match cannot be read, or is a directory, executable or no file.
    read: bool,
    /// Without braces: something that is named without wildcards is not there, be it the folder of a wildcard.
    matched: bool,
    /// Wildcards match nothing.
    wildcard: bool,
    /// The same as `matched` in one of the brace alternatives.
    brace: bool,
}

impl Strictness {
    pub const NONE: Strictness = Strictness { read: false, matched: false, wildcard: false, brace: false };
    pub const ALL: Strictness = Strictness { read: true, matched: true, wildcard: true, brace: true };

    /// What a variant of the keyword adds.
    fn of(keyword: &str) -> Option<Strictness> {
        let read = Strictness { read: true, ..Strictness::NONE };
        Some(match keyword {
            "include" => Strictness::NONE,
            "includer" => read,
            "includem" => Strictness { matched: true, ..read },
            "includew" => Strictness { matched: true, wildcard: true, ..read },
            "includeb" => Strictness { brace: true, ..read },
            "includea" => Strictness::ALL,
            _ => return None,
        })
    }

    fn and(self, other: Strictness) -> Strictness {
        Strictness {
            read: self.read | other.read,
            matched: self.matched | other.matched,
            wildcard: self.wildcard | other.wildcard,
            brace: self.brace | other.brace,
        }
    }
}

/// Whether a part of a path is a pattern.
fn is_wild(part: &str) -> bool {
    part.contains(['*', '?', '['])
}

impl Preprocessor<'_> {
    /// Reads what an include line names. `false`: the line is none.
    pub(super) fn include(&mut self, text: &Text) -> bool {
        if text.as_str().starts_with("include_check") {
            self.include_check(text);
            return false;
        }
        let Some((keyword, rest)) = text.as_str().split_once(is_blank) else { return false };
        let Some(added) = Strictness::of(keyword) else { return false };
        let span = text.span(0, text.as_str().len());
        let strictness = if self.options.strict_includes { added.and(Strictness::ALL) } else { added };
        let strictness = self.strictness.and(strictness);
        // All that follows is one name, blanks and quotes included.
        let pattern = rest.trim_matches(is_blank).to_owned();
        let Some(span) = span.filter(|_| !pattern.is_empty()) else { return false };
        if self.stack.len() >= DEEPEST {
            let message = format!("'{pattern}' is the include in {DEEPEST} includes; it is left out");
            self.include_loop(message, span, "each file that includes another one is a level");
            return true;
        }
        for file in self.included(&pattern, strictness, span) {
            if self.stack.contains(&file) {
                let message = format!("'{}' includes itself; it is left out", file.display());
                self.include_loop(message, span, "remove one of the includes");
                continue;
            }
            let indent = self.indent;
            self.file(&file, Some(span));
            self.indent = indent;
            if self.overflowed {
                break;
            }
        }
        true
    }

    fn include_loop(&mut self, message: String, span: Span, help: &str) {
        self.loaded.structure_broken = true;
        self.report(Diagnostic::error("include-loop", span, message).help(help));
    }

    /// The files that a pattern names, problems reported.
    fn included(&mut self, pattern: &str, strictness: Strictness, span: Span) -> Vec<PathBuf> {
        let folder =
            self.stack.last().and_then(|file| file.parent()).map(PathBuf::from).unwrap_or_default();
        let parts = alternatives(pattern);
        let braces = parts.first().is_none_or(|first| first != pattern);
        let mut files = Vec::new();
        // `named`: something without wildcards is not there, in one part at least.
        let (mut none, mut named) = (true, false);
        for part in &parts {
            let path = folder.join(part);
            let found = if is_wild(part) {
                self.reader.matches(&path.to_string_lossy())
            } else if self.reader.kind(&path) == FileKind::Missing {
                Vec::new()
            } else {
                vec![path.clone()]
            };
            none &= found.is_empty();
            if found.is_empty() && self.lacks_what_is_named(&path) {
                named = true;
                if braces && strictness.brace {
                    self.include_failed(format!("'{part}' is missing"), true, span);
                }
            }
            for file in found {
                match self.reader.kind(&file) {
                    FileKind::Regular => files.push(file),
                    kind => {
                        let what = match kind {
                            FileKind::Directory => "a directory",
                            FileKind::Executable => "executable",
                            _ => "no regular file",
                        };
                        self.include_failed(
                            format!("'{}' is {what}; it is not included", file.display()),
                            strictness.read,
                            span,
                        );
                    }
                }
            }
        }
        if none && !(named && braces && strictness.brace) {
            let strict = match (named, braces) {
                (true, true) => false,
                (true, false) => strictness.matched,
                (false, _) => strictness.wildcard,
            };
            self.include_failed(format!("Config files missing '{pattern}'."), strict, span);
        }
        files
    }

    /// Of a path that gives nothing: whether it is for want of what it names, and not of a match of its wildcards.
    fn lacks_what_is_named(&self, path: &Path) -> bool {
        let (mut so_far, mut wild) = (PathBuf::new(), false);
        for component in path.components() {
            let above = so_far.clone();
            so_far.push(component);
            let this = is_wild(&component.as_os_str().to_string_lossy());
            let there = match wild || this {
                true => !self.reader.matches(&so_far.to_string_lossy()).is_empty(),
                false => self.reader.kind(&so_far) != FileKind::Missing,
            };
            if !there {
                // What is no folder has no names in it to match.
                let inside = wild || above.as_os_str().is_empty();
                return !this || !inside && self.reader.kind(&above) != FileKind::Directory;
            }
            wild |= this;
        }
        false
    }

    fn include_failed(&mut self, message: String, strict: bool, span: Span) {
        let diagnostic = if strict {
            self.loaded.include_failed = true;
            Diagnostic::error("include-failed", span, message).class(Class::Security)
        } else {
            Diagnostic::warning("include-empty", span, message).class(Class::Silent)
        };
        let named = self.loaded.sources.text(span);
        let diagnostic = if named.contains('"') {
            diagnostic.help("quotes are part of the name here; leave them out")
        } else if named.split(is_blank).filter(|word| !word.is_empty()).count() > 2 {
            diagnostic.help("blanks are part of the name: one include names one file or pattern")
        } else if named.split(is_blank).any(|word| word.starts_with('/')) {
            diagnostic
        } else if let Some(folder) = self.stack.last().and_then(|file| file.parent()) {
            let folder = folder.display().to_string();
            let place = if folder.is_empty() { "that of the configuration".to_owned() } else { folder };
            diagnostic
                .help(format!("a name without / at its head begins at the folder of this file, {place}"))
        } else {
            diagnostic
        };
        self.report(diagnostic);
    }

    /// `include_check [[+|-]LEVEL...]`: sets what follows in this file.
    fn include_check(&mut self, text: &Text) {
        let mut words = text.as_str().split_whitespace();
        if words.next() != Some("include_check") {
            return;
        }
        let words: Vec<&str> = words.collect();
        if words.is_empty() {
            self.strictness = Strictness::ALL;
            return;
        }
        for (index, word) in words.iter().enumerate() {
            let (sign, level) = match word.split_at_checked(1) {
                Some((sign @ ("+" | "-"), level)) => (sign == "+", level),
                _ => (true, *word),
            };
            let replaces = level == *word;
            if replaces && index > 0 {
                let message = format!("Duplicate include_check '{level}' - ignoring");
                let span = text.span(0, text.as_str().len());
                self.report(
                    Diagnostic::error("unknown-value", span, message)
                        .expected("+ or - before every level but the first"),
                );
                continue;
            }
            if replaces {
                self.strictness = Strictness { read: true, ..Strictness::NONE };
            }
            match level {
                "read" => self.strictness.read = sign,
                "match" => self.strictness.matched = sign,
                "wildcard_match" => self.strictness.wildcard = sign,
                "brace_match" => self.strictness.brace = sign,
                _ => {
                    let span = text.span(0, text.as_str().len());
                    let message = format!("Unknown include_check type '{level}' - ignoring");
                    self.report(Diagnostic::error("unknown-value", span, message).expected(
                        "read, match, wildcard_match or brace_match, each with + or - before it",
                    ));
                }
            }
        }
    }
}
