//! What a person or a log sees of a mistake.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Severity, SourceMap, Span};

/// The excerpt shows no more than this of one line, in bytes.
const LONGEST_EXCERPT: usize = 400;

/// For a terminal: the sentence, the place, the source line with the place underlined, what was
/// expected, and what to do. Ends with a line feed.
pub fn terminal(diagnostic: &Diagnostic, sources: &SourceMap, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let mut group = Group::with_title(title);
    let expected = diagnostic.expected.as_ref().map(|words| format!("expected {words}"));
    if let Some(excerpt) = diagnostic.span.and_then(|span| Excerpt::of(span, sources)) {
        let mut mark = AnnotationKind::Primary.span(excerpt.range());
        if let Some(expected) = &expected {
            mark = mark.label(expected.as_str());
        }
        group = group.element(excerpt.snippet().annotation(mark));
    }
    let related = related(diagnostic, sources);
    for (excerpt, words) in &related {
        let mark = AnnotationKind::Context.span(excerpt.range()).label(words.as_str());
        group = group.element(excerpt.snippet().annotation(mark));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = renderer.render(&[group]).to_string();
    if let (None, Some(expected)) = (diagnostic.span, &expected) {
        let _ = write!(text, "\n  = {expected}");
    }
    text.push('\n');
    text
}

/// For a log: `(FILE: Line N) message`, as keepalived writes it, with what helps behind it.
pub fn log_line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let mut line = String::new();
    if let Some(place) = diagnostic.span.and_then(|span| sources.place(span)) {
        let _ = write!(line, "({}: Line {}) ", place.file, place.line);
    }
    line.push_str(&diagnostic.message);
    if let Some(expected) = &diagnostic.expected {
        let _ = write!(line, " - expected {expected}");
    }
    // A whole sentence of keepalived's is left as it is: its end is looked for, too.
    if diagnostic.message.ends_with('.') {
        return line;
    }
    if let Some(help) = &diagnostic.help {
        let _ = write!(line, " - {help}");
    }
    for step in diagnostic.span.map(|span| sources.origins(span)).unwrap_or_default() {
        if let Some(place) = sources.place(step.span) {
            let _ = write!(line, " - {} at {}:{}", step.what, place.file, place.line);
        }
    }
    line
}

fn related<'a>(diagnostic: &Diagnostic, sources: &'a SourceMap) -> Vec<(Excerpt<'a>, String)> {
    let mut found: Vec<_> = diagnostic
        .related
        .iter()
        .filter_map(|(span, words)| Some((Excerpt::of(*span, sources)?, words.clone())))
        .collect();
    let origins = diagnostic.span.map(|span| sources.origins(span)).unwrap_or_default();
    found.extend(
        origins
            .into_iter()
            .filter_map(|step| Some((Excerpt::of(step.span, sources)?, format!("{} here", step.what)))),
    );
    found
}

/// One line of a file with a range in it: rendering must not read a whole file for each mistake.
struct Excerpt<'a> {
    path: &'a str,
    line: usize,
    text: &'a str,
    start: usize,
    end: usize,
}

impl<'a> Excerpt<'a> {
    fn of(span: Span, sources: &'a SourceMap) -> Option<Self> {
        let place = sources.place(span)?;
        let whole = &sources.file(span.file)?.text;
        let at = span.start as usize;
        let first = whole.get(..at)?.rfind('\n').map_or(0, |found| found + 1);
        let rest = whole.get(at..)?;
        let last = at + rest.find('\n').unwrap_or(rest.len());
        let mut text = whole.get(first..last)?.trim_end_matches('\r');
        let (mut start, mut end) = (at - first, (span.end as usize).min(last) - first);
        if text.len() > LONGEST_EXCERPT {
            let from = floor(text, start.saturating_sub(LONGEST_EXCERPT / 4));
            text = text.get(from..floor(text, from + LONGEST_EXCERPT))?;
            (start, end) = (start - from, end.saturating_sub(from));
        }
        let start = start.min(text.len());
        Some(Excerpt {
            path: place.file,
            line: place.line as usize,
            text,
            start,
            end: end.clamp(start, text.len()),
        })
    }

    fn range(&self) -> std::ops::Range<usize> {
        self.start..self.end
    }

    fn snippet<T: Clone>(&self) -> Snippet<'a, T> {
        Snippet::source(self.text).line_start(self.line).path(self.path)
    }
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> (SourceMap, Diagnostic) {
        let mut sources = SourceMap::default();
        let file = sources.add("a.conf", "# x\n  priorité 300\nend\n");
        let span = Span { file, start: 16, end: 19, via: None };
        let diagnostic = Diagnostic::error("value-out-of-range", span, "priority '300' is out of range")
            .expected("1 to 255")
            .help("the default 100 is used");
        (sources, diagnostic)
    }

    #[test]
    fn terminal_shows_place_excerpt_and_expectation() {
        let (sources, diagnostic) = example();
        let text = terminal(&diagnostic, &sources, false);
        assert!(text.contains("a.conf:2:12"), "{text}");
        assert!(text.contains("^^^ expected 1 to 255"), "{text}");
        assert!(text.contains("help: the default 100 is used"), "{text}");
    }

    #[test]
    fn log_line_has_keepaliveds_form() {
        let (sources, diagnostic) = example();
        assert_eq!(
            log_line(&diagnostic, &sources),
            "(a.conf: Line 2) priority '300' is out of range - expected 1 to 255 - the default 100 is used"
        );
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_place() {
        let mut sources = SourceMap::default();
        let file = sources.add("a.conf", format!("{} bad {}", "ä".repeat(5000), "x".repeat(100_000)));
        let span = Span { file, start: 10_001, end: 10_004, via: None };
        let text = terminal(&Diagnostic::error("x", span, "y"), &sources, false);
        assert!(text.len() < 2000 && text.contains("bad"), "{}", text.len());
    }
}
