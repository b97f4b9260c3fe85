//! Every code has a meaning and an example that provokes it, once and alone; `docs/diagnostics.md` shows them.

use std::collections::BTreeSet;
use std::path::Path;

use standfast::manual::codes::{self, Code, chapters, shown};

/// Codes that the sources give to `Diagnostic::error` and its like.
fn codes_of(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            codes_of(&path, found);
        } else if !path.ends_with("syntax_tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for start in
                ["Diagnostic::error(", "Diagnostic::warning(", "Diagnostic::note(", "default_used(draft, "]
            {
                for call in text.split(start).skip(1) {
                    if let Some(code) = call.trim_start().strip_prefix('"') {
                        found.extend(code.split('"').next().map(str::to_owned));
                    }
                }
            }
        }
    }
}

#[test]
fn every_code_has_an_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used = BTreeSet::new();
    codes_of(&root.join("src/config"), &mut used);
    // Those that the sources name by a constant.
    used.extend(
        [
            "no-scheduler",
            "no-forwarding",
            "no-such-file",
            "no-such-process",
            "no-such-bfd",
            "no-such-track-group",
            "no-such-server-group",
            standfast::config::host::NO_SUCH_INTERFACE,
            standfast::config::host::NO_KEY,
            standfast::config::host::UNKNOWN_NAME,
        ]
        .map(str::to_owned),
    );
    used.extend(standfast::config::lint::LINTS.iter().map(|(code, _)| (*code).to_owned()));
    assert!(used.len() > 60, "{used:?}");
    let listed: Vec<String> =
        chapters().iter().flat_map(|chapter| &chapter.codes).map(|code| code.name.to_owned()).collect();
    let set: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(set.len(), listed.len(), "a code is listed twice");
    let difference: Vec<_> = used.symmetric_difference(&set).collect();
    assert!(difference.is_empty(), "{difference:?}");
}

/// What is said of an example beside its code, and cannot be avoided.
fn beside(code: &Code) -> &'static [&'static str] {
    match code.name {
        // The mistakes themselves.
        "too-many-mistakes" => &["unknown-keyword"],
        // One is about what the line means, the other about what it does.
        _ => &["no-effect-yet"],
    }
}

/// One mistake is one message.
#[test]
fn every_example_provokes_its_code_and_no_other() {
    let mut wrong = Vec::new();
    for chapter in chapters() {
        for code in &chapter.codes {
            let shown = shown(code, chapter.teller);
            let mut others =
                shown.others.iter().filter(|other| !beside(code).contains(&other.code)).peekable();
            if shown.count != 1 || others.peek().is_some() {
                let others: Vec<_> = others.map(|other| (other.code, &other.message)).collect();
                wrong.push(format!("{}: {} times, and {others:?}\n{}", code.name, shown.count, shown.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_code_is_explained() {
    let text = codes::explain("vrid-twice").unwrap();
    for part in
        ["Two instances with one VRID", "virtual_router_id 51\n", "error[vrid-twice]", "the first one"]
    {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(codes::explain("strict-drops-traffic").is_some());
    assert_eq!(codes::explain("vrid-thrice"), None);
}
