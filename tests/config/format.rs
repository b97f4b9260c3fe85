//! `fmt`: the layout changes, the meaning does not, and no comment is lost.

use std::io;
use std::path::{Path, PathBuf};

use standfast::config::format::format;
use standfast::config::source::{Disk, FileKind, Reader};
use standfast::config::{LoadOptions, Loaded, load_from};

/// The disk, with one file replaced.
struct Instead<'a> {
    file: &'a Path,
    text: &'a str,
}

impl Reader for Instead<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path == self.file { Ok(self.text.as_bytes().to_vec()) } else { Disk.read(path) }
    }

    fn kind(&self, path: &Path) -> FileKind {
        Disk.kind(path)
    }

    fn matches(&self, pattern: &str) -> Vec<PathBuf> {
        Disk.matches(pattern)
    }
}

fn load(reader: &dyn Reader, path: &Path, id: &str) -> Loaded {
    let options = LoadOptions { config_id: id.to_owned(), ..LoadOptions::default() };
    load_from(&path.to_string_lossy(), reader, &options)
}

/// The files of a folder that are configurations.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "conf"))
        .collect();
    found.sort();
    found
}

/// What people wrote behind `#` and `!`.
fn comments(text: &str) -> Vec<String> {
    let comment = |line: &str| {
        let mut quoted = false;
        let mut before = ' ';
        for (at, character) in line.char_indices() {
            match character {
                '"' => quoted = !quoted,
                '#' | '!' if !quoted && before != '\\' => return Some(line[at..].trim().to_owned()),
                _ => {}
            }
            before = character;
        }
        None
    };
    text.lines().filter_map(comment).collect()
}

#[test]
fn the_meaning_of_every_file_stays() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = files(&root.join("fixtures/examples"));
    assert!(all.len() >= 10, "{all:?}");
    let corpus = root.ancestors().map(|up| up.join("shared/corpus")).find(|path| path.exists());
    match &corpus {
        Some(corpus) => all.extend(files(corpus)),
        None => println!(
            "SKIPPED: there is no ../shared/corpus beside the repository; only the examples were laid out"
        ),
    }
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for path in &all {
        let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Ok(formatted) = format(&name, &text) else {
            refused += 1;
            continue;
        };
        if format(&name, &formatted).ok().as_ref() != Some(&formatted) {
            wrong.push(format!("{name}: a second time changes it again"));
        }
        if comments(&text) != comments(&formatted) {
            wrong.push(format!("{name}: comments are lost"));
        }
        for id in ["", "low"] {
            let before = load(&Instead { file: path, text: &text }, path, id);
            let after = load(&Instead { file: path, text: &formatted }, path, id);
            let codes = |loaded: &Loaded| {
                let mut codes: Vec<&str> = loaded.diagnostics.iter().map(|one| one.code).collect();
                codes.sort_unstable();
                codes
            };
            if before.config != after.config {
                wrong.push(format!("{name} {id}: another meaning"));
            } else if codes(&before) != codes(&after) {
                wrong.push(format!("{name} {id}: {:?} became {:?}", codes(&before), codes(&after)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), all.len(), wrong.join("\n"));
    assert!(refused * 5 < all.len(), "{refused} of {} refused", all.len());
}
