//! `docs/diagnostics.md`

use std::fmt::Write as _;

use super::{chapters, shown};

/// How messages look, and what the exit status is.
const HEAD: &str = include_str!("head.md");

/// The whole page.
pub fn markdown() -> String {
    let mut text = HEAD.to_owned();
    for chapter in chapters() {
        let _ = writeln!(text, "\n## {}", chapter.title);
        if !chapter.about.is_empty() {
            let _ = writeln!(text, "{}", chapter.about);
        }
        text.push_str("\n| code | meaning |\n|---|---|\n");
        for code in &chapter.codes {
            let _ = writeln!(text, "| [`{0}`](#{0}) | {1} |", code.name, code.meaning.replace('|', "\\|"));
        }
        for code in &chapter.codes {
            let shown = shown(code, chapter.teller);
            let _ = writeln!(text, "\n### {}", code.name);
            let blocks = [("", &shown.text), ("text", &shown.messages)];
            for (language, part) in blocks.into_iter().filter(|(_, part)| !part.is_empty()) {
                let _ = writeln!(text, "\n```{language}\n{}\n```", trimmed(part));
            }
        }
    }
    text
}

/// Without blanks at the ends of lines.
fn trimmed(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
