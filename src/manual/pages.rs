//! The whole table as documents: `docs/configuration.md` and the manual page.

use std::fmt::Write as _;

use super::{entries, missing, place, since, status, twice, without_effect};
use crate::config::keywords::{Arguments, CONTEXTS, Context, Keyword, Status};

const MARKDOWN_HEAD: &str = "\
# The configuration language, keyword by keyword

Generated from the table of keywords (`make docs`). `standfast explain KEYWORD` says the same with an example.

A block is a keyword, perhaps a name, and lines between braces. `#` and `!` begin a comment. What a file means that uses
one of these words is keepalived's; where standfast does something else on purpose it is in
[compatibility.md](compatibility.md). Of what is read, checked and kept without effect
the reason stands in italics.
";

/// `docs/configuration.md`
pub fn markdown() -> String {
    let mut text = MARKDOWN_HEAD.to_owned();
    for (paths, contexts) in chapters() {
        let titles: Vec<String> = paths.iter().map(|path| format!("`{}`", place(path))).collect();
        let _ = writeln!(text, "\n## {}\n", titles.join(", "));
        text.push_str("| keyword | arguments | default | effect | since |\n|---|---|---|---|---|\n");
        for row in contexts.iter().flat_map(|context| context.rows()) {
            let cells = [
                format!("`{}`", row.name),
                arguments(row),
                row.default.to_owned(),
                effect(row),
                row.since.to_owned(),
            ];
            let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
    }
    text
}

/// Blocks in the order of the table.
fn chapters() -> Vec<(&'static [&'static str], Vec<Context>)> {
    CONTEXTS.iter().map(|context| (context.paths(), vec![*context])).collect()
}

fn arguments(row: &Keyword) -> String {
    match row.arguments {
        Arguments::Values(values) if row.syntax == "value block" => format!("{{ {} }}", entries(values)),
        _ => row.syntax.to_owned(),
    }
}

/// What it does, and everything that is unusual about it.
fn effect(row: &Keyword) -> String {
    let mut words = vec![row.about.to_owned()];
    if !matches!(row.status, Status::Honoured) {
        words.push(format!("*{}.*", without_effect(row)));
    }
    if let Some(replacement) = row.replacement {
        words.push(format!("Deprecated: use `{}`.", replacement.keyword));
    }
    words.join(" ")
}

/// The manual page `standfast.conf(5)`, in roff.
pub fn man_page(version: &str) -> String {
    let mut text = format!(
        ".\\\" Generated from the table of keywords: make docs\n.TH STANDFAST.CONF 5 \"\" \"standfast {version}\" \"File formats\"\n\
         .SH NAME\nstandfast.conf \\- configuration of standfast: the language of keepalived.conf\n.SH DESCRIPTION\n\
         standfast reads keepalived's configuration, by default\n.IR /etc/keepalived/keepalived.conf .\nA block is a \
         keyword, perhaps a name, and lines between braces.\n.B #\nand\n.B !\nbegin a comment.\n.PP\nBelow, every block with \
         its keywords. Of what is read, checked and kept without effect the reason is said.\n"
    );
    for (paths, contexts) in chapters() {
        let titles: Vec<String> = paths.iter().map(|path| place(path)).collect();
        let _ = writeln!(text, ".SH {}", roff(&titles.join(", ")).to_uppercase());
        for row in contexts.iter().flat_map(|context| context.rows()) {
            let _ = writeln!(text, ".TP\n.BR \"{}\" \" {}\"", roff(row.name), roff(&arguments(row)));
            let _ = writeln!(text, "{}", roff(row.about));
            for (title, words) in [
                ("Default", row.default.to_owned()),
                ("Given twice", twice(row).to_owned()),
                ("", missing(row).to_owned()),
                ("Since", since(row)),
            ] {
                if !words.is_empty() {
                    let title = if title.is_empty() { String::new() } else { format!("{title}: ") };
                    let _ = writeln!(text, ".br\n{title}{}.", roff(&words));
                }
            }
            if !matches!(row.status, Status::Honoured) {
                let _ = writeln!(text, ".br\nHere: {}.", roff(&status(row)));
            }
            if let Some(replacement) = row.replacement {
                let _ = writeln!(text, ".br\nDeprecated: use {}.", roff(replacement.keyword));
            }
        }
    }
    text.push_str(".SH SEE ALSO\n.BR standfast (8),\n.BR keepalived.conf (5)\n");
    text
}

/// Text that roff takes as it stands.
fn roff(text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-").replace('"', "\\(dq");
    match escaped.chars().next() {
        Some('.' | '\'') => format!("\\&{escaped}"),
        _ => escaped,
    }
}
