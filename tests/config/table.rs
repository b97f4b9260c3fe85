//! The table of keywords against the list of all that keepalived knows, where that list is at hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use standfast::config::keywords::{Arguments, CONTEXTS, Context, Keyword, Missing, Repeat};

/// One line of the list.
struct Listed {
    block: bool,
    syntax: String,
    default: String,
    repeat: String,
    about: String,
    since: String,
    aliases: String,
    on_bad_value: String,
}

fn list() -> Option<BTreeMap<(String, String), Listed>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path: Option<PathBuf> =
        root.ancestors().map(|up| up.join("shared/reference/keywords.tsv")).find(|path| path.exists());
    let Some(path) = path else {
        println!(
            "SKIPPED: there is no ../shared/reference beside the repository, so the table was not compared"
        );
        return None;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let mut words = line.split('\t').map(str::to_owned);
        let mut next = || words.next().unwrap_or_default();
        let key = (next(), next());
        let block = next() == "block";
        let (syntax, default, repeat, about, since, aliases, on_bad_value) =
            (next(), next(), next(), next(), next(), next(), next());
        (key, Listed { block, syntax, default, repeat, about, since, aliases, on_bad_value })
    };
    Some(text.lines().skip(1).map(row).collect())
}

/// All rows with each place where they stand.
fn table() -> Vec<(Context, &'static str, &'static Keyword)> {
    let of = |context: &Context| {
        let context = *context;
        context.paths().iter().flat_map(move |path| context.rows().map(move |row| (context, *path, row)))
    };
    CONTEXTS.iter().flat_map(of).collect()
}

/// Rows that differ from the list on purpose, in what, and why.
const EXCEPTIONS: &[(&str, &str, &str, &str)] = &[
    (
        "vrrp_instance",
        "native_ipv6",
        "deprecated",
        "only in the manual; no message, and nothing to use instead",
    ),
    (
        "virtual_server.real_server.SMTP_CHECK",
        "host",
        "deprecated",
        "a notice, and nothing to use instead but the check's own connect_ip",
    ),
    ("global_defs", "vrrp_garp_master_repeat", "range", "0 is read, to be 1 with an error"),
    ("global_defs", "vrrp_garp_master_refresh_repeat", "range", "the same"),
    ("vrrp_instance.virtual_ipaddress_excluded", "use_vmac", "about", "one row with virtual_ipaddress"),
];

#[test]
fn every_keyword_is_a_row_and_every_row_a_keyword() {
    let Some(mut listed) = list() else { return };
    let mut wrong = Vec::new();
    for (_, path, row) in table() {
        let Some(expected) = listed.remove(&(path.to_owned(), row.name.to_owned())) else {
            if !row.since.starts_with("standfast") {
                wrong.push(format!("{path} {}: is not in the list", row.name));
            }
            continue;
        };
        let found = differences(row, &expected);
        for (what, ours, theirs) in found {
            let excused = EXCEPTIONS.iter().any(|(p, n, w, _)| (*p, *n, *w) == (path, row.name, what));
            if !excused {
                wrong.push(format!("{path} {}: {what}: {ours:?}, in the list {theirs:?}", row.name));
            }
        }
    }
    wrong.extend(listed.keys().map(|(path, name)| format!("{path} {name}: is no row")));
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
}

fn differences(row: &Keyword, expected: &Listed) -> Vec<(&'static str, String, String)> {
    let about = format!("{}.", expected.about.trim_end_matches('.'));
    let mut found = Vec::new();
    let mut compare = |what, ours: &str, theirs: &str| {
        if ours != theirs {
            found.push((what, ours.to_owned(), theirs.to_owned()));
        }
    };
    compare("since", row.since, &expected.since);
    compare("syntax", row.syntax, &expected.syntax);
    compare("about", row.about, &about);
    compare("default", row.default, if expected.default == "-" { "" } else { &expected.default });
    let block = if expected.block { "a block" } else { "no block" };
    compare("kind", if row.has_block() { "a block" } else { "no block" }, block);
    if let Some(repeat) = repeat(&expected.repeat) {
        compare("repeat", &format!("{:?}", row.repeat), &format!("{repeat:?}"));
    }
    // Entries of value blocks are no keywords: the process does not end for want of a word.
    let missing = match expected.on_bad_value.split([':', ',', ';']).map(str::trim).collect::<Vec<_>>()[..]
    {
        ["missing argument", "fatal", ..] => Some(Missing::Exits),
        _ => None,
    };
    if let Some(missing) = missing {
        compare("missing", &format!("{:?}", row.missing), &format!("{missing:?}"));
    }
    let range = expected.syntax.split_whitespace().find_map(|word| word.split_once(".."));
    let theirs = range.map(|(low, high)| format!("{}..{}", number(low), number(high)));
    let ours = range_of(row.arguments);
    if let (Some(ours), Some(theirs)) = (ours, theirs) {
        compare("range", &ours, &theirs);
    }
    let deprecated = expected.aliases.contains("deprecated");
    if deprecated && row.replacement.is_none() && !matches!(row.name, "gw" | "or") {
        compare("deprecated", "no", &expected.aliases);
    }
    found
}

/// Least and greatest value as they are written.
fn range_of(arguments: Arguments) -> Option<String> {
    match arguments {
        Arguments::Int(low, high) | Arguments::Lax(low, high) => Some(format!("{low}..{high}")),
        _ => None,
    }
}

/// A number as it stands in the list, where the largest ones have names.
fn number(word: &str) -> String {
    match word.trim_matches(['[', ']', ',']) {
        "UINT32_MAX" | "UINT_MAX" => u32::MAX.to_string(),
        "INT32_MAX" | "INT_MAX" => i32::MAX.to_string(),
        other => other.to_owned(),
    }
}

fn repeat(words: &str) -> Option<Repeat> {
    Some(match words {
        "last wins" | "flag" => Repeat::LastWins,
        "first wins (dup error)" => Repeat::FirstWins,
        "replaces (error on second)" | "second: error, replaces" => Repeat::Replaces,
        "may repeat" | "accumulates" | "may repeat (accumulates)" | "one per line" | "merges" => {
            Repeat::Repeats
        }
        _ => return None,
    })
}
