//! `docs/diagnostics.md` lists every code, and no other.

use std::collections::BTreeSet;
use std::path::Path;

/// Codes that the sources give to `Diagnostic::error` and its like.
fn codes(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            codes(&path, found);
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
fn every_code_is_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used = BTreeSet::new();
    codes(&root.join("src/config"), &mut used);
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
        ]
        .map(str::to_owned),
    );
    let page = std::fs::read_to_string(root.join("docs/diagnostics.md")).unwrap();
    for (code, meaning) in standfast::config::lint::LINTS {
        used.insert((*code).to_owned());
        assert!(page.contains(&format!("| `{code}` | {meaning} |\n")), "{code} has another meaning there");
    }
    assert!(used.len() > 60, "{used:?}");
    let listed: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split('`').next())
        .map(str::to_owned)
        .collect();
    let difference: Vec<_> = used.symmetric_difference(&listed).collect();
    assert!(difference.is_empty(), "{difference:?}");
}
