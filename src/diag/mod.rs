//! A mistake in a file, as data: what is wrong, where, what was expected, and what a person could do.
//!
//! The renderers are apart ([`render`]): an excerpt for a terminal, one line in keepalived's form for a log.

pub mod json;
pub mod render;
pub mod source_map;

pub use source_map::{FileId, Place, SourceMap, Span, ViaId};

/// How bad it is for the reader of the message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Runs, but perhaps not as meant.
    Warning,
    /// Something written is not used.
    Error,
}

impl Severity {
    /// `note`, `warning`, `error`
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// What keepalived's configuration test makes of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Class {
    /// Only logged; the test still answers 0.
    #[default]
    Silent,
    /// The low group (a bad interface in a few places, a name that cannot run): 4 when nothing else is wrong.
    Fatal,
    /// Every ordinary error and warning: 5.
    Fault,
    /// Scripts run without script security, or a strict include failed: 6.
    Security,
    /// keepalived's process ends at once with 2 (a missing argument).
    Exit,
    /// keepalived's test ends at once with 0, whatever else is wrong (no such network namespace).
    Over,
}

/// One mistake. One mistake of the writer is one of these, whatever follows from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Stable name, in kebab case; listed in `docs/diagnostics.md`.
    pub code: &'static str,
    pub severity: Severity,
    pub class: Class,
    /// Where; `None` when it concerns the whole configuration.
    pub span: Option<Span>,
    /// Other places that belong to it, each with its words.
    pub related: Vec<(Span, String)>,
    /// One sentence without a full stop.
    pub message: String,
    /// What should stand there.
    pub expected: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An ordinary error, class [`Class::Fault`].
    pub fn error(code: &'static str, span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: Severity::Error,
            class: Class::Fault,
            span: span.into(),
            related: Vec::new(),
            message: message.into(),
            expected: None,
            help: None,
        }
    }

    /// An ordinary warning, class [`Class::Fault`] as in keepalived.
    pub fn warning(code: &'static str, span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message) }
    }

    /// Something worth knowing, without effect on the verdict.
    pub fn note(code: &'static str, span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Note,
            class: Class::Silent,
            ..Diagnostic::error(code, span, message)
        }
    }

    /// The same with another class.
    #[must_use]
    pub fn class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    /// The same with what should stand there.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with the place of what stands a second time here.
    #[must_use]
    pub fn first_at(self, first: Option<Span>) -> Self {
        match first {
            Some(first) => self.related(first, "the first one"),
            None => self,
        }
    }

    /// Cuts each of its texts that is longer, in bytes.
    pub fn shorten(&mut self, longest: usize) {
        let texts = [Some(&mut self.message), self.expected.as_mut(), self.help.as_mut()];
        for text in texts.into_iter().flatten().filter(|text| text.len() > longest) {
            let end = (0..=longest).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(end);
            text.push('…');
            text.shrink_to_fit();
        }
    }

    /// The same with another place that belongs to it.
    #[must_use]
    pub fn related(mut self, span: Span, words: impl Into<String>) -> Self {
        self.related.push((span, words.into()));
        self
    }
}
