//! `regex` of a `url`, and what goes with it. keepalived only logs what is wrong with most of it.

use super::Lower;
use crate::config::lex;
use crate::config::model::pattern::{Pattern, PatternOption};
use crate::config::syntax::Node;
use crate::diag::{Class, Diagnostic};

impl Lower<'_> {
    /// One of the keywords; the pattern begins with the first of them.
    pub fn pattern_keyword(&mut self, node: &Node, pattern: &mut Option<Pattern>) {
        let pattern = pattern.get_or_insert_default();
        match node.name() {
            "regex" => {
                // Shell quotes and escapes hold for the whole line.
                let words = lex::script_words(node.line.raw());
                match &words[..] {
                    [_, text] if !text.is_empty() => pattern.text.clone_from(text),
                    _ => {
                        let message = "regex takes one pattern";
                        self.report(
                            Diagnostic::error("unknown-value", node.span_of(1).or(node.span()), message)
                                .expected("a pattern, in quotes where it has blanks")
                                .help("the line is ignored"),
                        );
                    }
                }
            }
            "regex_no_match" => pattern.no_match = true,
            "regex_options" => self.pattern_options(node, pattern),
            "regex_min_offset" => pattern.min_offset = self.pattern_number(node, 1).unwrap_or(0),
            "regex_max_offset" => {
                pattern.max_offset = self.pattern_number(node, 1).filter(|offset| *offset > 0);
            }
            "regex_stack" => {
                let (start, most) = (self.pattern_number(node, 1), self.pattern_number(node, 2));
                if let (Some(start), Some(most)) = (start, most) {
                    if start <= most && most > 0 {
                        pattern.stack = Some((start, most));
                    } else {
                        let message = format!("regex_stack {start} {most} is no stack - ignoring");
                        self.pattern_warning(node, 1, message, "START MAX, START not above MAX");
                    }
                }
            }
            _ => {}
        }
    }

    /// What the keywords of a url mean together.
    pub fn pattern(&mut self, url: &Node, mut pattern: Pattern) -> Option<Box<Pattern>> {
        let place = |name: &str| url.nodes().iter().rfind(|node| node.name() == name);
        if pattern.text.is_empty() {
            if place("regex").is_none()
                && let Some(node) = url.nodes().iter().find(|node| node.name().starts_with("regex_"))
            {
                let message = format!("{} means nothing without regex", node.name());
                self.pattern_warning(node, 0, message, "regex PATTERN in the same url");
            }
            return None;
        }
        if let Some(most) = pattern.max_offset
            && most < pattern.min_offset
        {
            let message = format!(
                "regex_max_offset {most} is below regex_min_offset {} - ignoring both",
                pattern.min_offset
            );
            if let Some(node) = place("regex_max_offset") {
                self.pattern_warning(node, 1, message, "the first offset, then the last");
            }
            (pattern.min_offset, pattern.max_offset) = (0, None);
        }
        if let Err(wrong) = pattern.regex() {
            if let Some(node) = place("regex") {
                let message = format!("the regex cannot be used: {} (at byte {})", wrong.message, wrong.at);
                self.pattern_warning(node, 1, message, "a pattern of PCRE2; the page is judged without it");
            }
            return None;
        }
        Some(Box::new(pattern))
    }

    fn pattern_options(&mut self, node: &Node, pattern: &mut Pattern) {
        for at in 1..node.line.count() {
            let word = node.argument(at).unwrap_or("");
            match PatternOption::named(word) {
                Some(option) => pattern.options = pattern.options.with(option),
                None => {
                    let words: Vec<&str> = PatternOption::WORDS.iter().map(|(word, _)| *word).collect();
                    let message = format!("unknown regex option '{word}' - ignoring");
                    self.pattern_warning(node, at, message, &words.join(", "));
                }
            }
        }
    }

    fn pattern_number(&mut self, node: &Node, at: usize) -> Option<u32> {
        let word = node.argument(at).unwrap_or("");
        let number = word.parse().ok();
        if number.is_none() {
            let message = format!("{}: invalid number '{word}'", node.name());
            self.pattern_warning(node, at, message, &format!("a whole number from 0 to {}", u32::MAX));
        }
        number
    }

    fn pattern_warning(&mut self, node: &Node, at: usize, message: String, expected: &str) {
        let place = node.span_of(at).or(node.span());
        self.report(
            Diagnostic::warning("bad-regex", place, message).class(Class::Silent).expected(expected),
        );
    }
}
