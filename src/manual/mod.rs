//! What a person is told of a keyword: `standfast explain`, `docs/configuration.md`, the manual page. All of it
//! comes from the table of keywords. The codes of messages are in [`codes`].

pub mod codes;
mod example;
mod pages;

use crate::config::keywords::{Arguments, CONTEXTS, Context, Keyword, Missing, Repeat, Status, Values};

pub use example::example;
pub use pages::{man_page, markdown};

/// Every place where a keyword of this name stands. A keyword that means the same in several blocks comes
/// once, with all of them.
pub fn explain(name: &str, within: Option<&str>) -> Option<String> {
    let mut entries: Vec<(&'static Keyword, Vec<(Context, &'static str)>)> = Vec::new();
    for (context, path, row) in places().filter(|(_, path, row)| {
        row.name.trim_end_matches('=') == name.trim_end_matches('=')
            && within.is_none_or(|within| is_within(path, within))
    }) {
        match entries.iter_mut().find(|(known, _)| *known == row) {
            Some((_, contexts)) => contexts.push((context, path)),
            None => entries.push((row, vec![(context, path)])),
        }
    }
    if entries.is_empty() {
        return None;
    }
    let texts: Vec<String> = entries.iter().map(|(row, contexts)| entry(row, contexts)).collect();
    Some(texts.join("\n"))
}

/// Names that are like this one, nearest first.
pub fn nearest(name: &str) -> Vec<&'static str> {
    let distance =
        |row: &Keyword| strsim::damerau_levenshtein(&row.name.to_lowercase(), &name.to_lowercase());
    let mut found: Vec<(usize, &'static str)> = places()
        .map(|(_, _, row)| (distance(row), row.name))
        .filter(|(distance, near)| *distance <= 2 + near.len() / 4 || near.contains(name))
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(5).map(|(_, name)| name).collect()
}

/// All rows with each place where they stand.
pub fn places() -> impl Iterator<Item = (Context, &'static str, &'static Keyword)> {
    CONTEXTS.iter().flat_map(|context| {
        context.paths().iter().flat_map(|path| context.rows().map(|row| (*context, *path, row)))
    })
}

fn is_within(path: &str, within: &str) -> bool {
    path == within || path.rsplit('.').next() == Some(within)
}

/// A place in words.
fn place(path: &str) -> String {
    match path {
        "(top)" => "outside every block".to_owned(),
        "(lexical)" => "any line".to_owned(),
        _ => path.replace('.', " > "),
    }
}

fn entry(row: &'static Keyword, contexts: &[(Context, &'static str)]) -> String {
    let places: Vec<String> = contexts.iter().map(|(_, path)| place(path)).collect();
    let mut text = format!("{}\n    {}\n", row.name, row.about);
    let mut line = |title: &str, words: &str| {
        if !words.is_empty() {
            text.push_str(&format!("    {title:<12}{words}\n"));
        }
    };
    line("in", &places.join("\n                "));
    line("arguments", if row.syntax == "none" { "none" } else { row.syntax });
    line("default", row.default);
    line("twice", twice(row));
    line("left out", missing(row));
    line("since", &since(row));
    line("standfast", &status(row));
    if let Some(replacement) = row.replacement {
        line("deprecated", &format!("use {} instead", replacement.keyword));
    }
    if let Some((context, _)) = contexts.first() {
        text.push_str("    example\n");
        for part in example(*context, row).lines() {
            text.push_str(&format!("        {part}\n"));
        }
    }
    text
}

/// keepalived's release in words.
fn since(row: &Keyword) -> String {
    match row.since {
        "" => String::new(),
        release if release.starts_with(|first: char| first.is_ascii_digit()) => {
            format!("keepalived {release}")
        }
        other => other.to_owned(),
    }
}

/// What a second one in the same block does.
fn twice(row: &Keyword) -> &'static str {
    match (row.repeat, row.arguments) {
        (Repeat::Repeats, _) => "each counts",
        (Repeat::LastWins, Arguments::Nothing) => "",
        (Repeat::LastWins, _) => "the last one counts",
        (Repeat::FirstWins, _) => "the first one counts; the others are errors",
        (Repeat::Replaces, _) => "the last one counts; it is an error",
    }
}

/// What a missing argument does.
fn missing(row: &Keyword) -> &'static str {
    match (row.missing, row.arguments) {
        (_, Arguments::Nothing | Arguments::Block(_) | Arguments::Values(_)) => "",
        (Missing::Allowed, Arguments::Boolean) => "without argument: yes",
        (Missing::Allowed, _) => "",
        (Missing::Faults, _) => "without argument: an error, the line is ignored",
        (Missing::Exits, _) => "without argument: an error, the line is ignored (keepalived ends)",
    }
}

/// What standfast makes of it.
fn status(row: &Keyword) -> String {
    match row.status {
        Status::Honoured => "honoured".to_owned(),
        _ => without_effect(row),
    }
}

/// Why it has none, as a sentence without its end.
fn without_effect(row: &Keyword) -> String {
    match row.status {
        Status::Unused(feature) => format!("Without effect: not yet: standfast {feature}"),
        _ => format!("Without effect: {}", row.reason()),
    }
}

/// The entries of a value block in words.
fn entries(values: Values) -> &'static str {
    match values {
        Values::Addresses => "an address on each line",
        Values::Routes => "a route on each line",
        Values::Rules => "a rule on each line",
        Values::Tracked => "a name on each line",
        Values::Names => "names",
        Values::Peers => "an address on each line",
        Values::Interfaces => "an interface on each line",
        Values::Targets => "an address or a firewall mark on each line",
    }
}
