//! `standfast fmt`: the layout, and that nothing else changes.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use standfast::config::format::{Refused, format};
use standfast::config::{LoadOptions, load_bytes};

use super::robust::feed::WORDS;

fn laid_out(text: &str) -> String {
    String::from_utf8(format("a.conf", text.as_bytes()).unwrap()).unwrap()
}

#[test]
fn the_layout() {
    let written = "\n\n! head\nglobal_defs{router_id   x }\n# of the script\nvrrp_script \"a  b\"\n\n# inner\n{\n\n\
                   script \"/bin/true  x\"#end\n  user root\n\n\n  weight 2\n\n}   # done\nvrrp_instance X\n{\t\n\
                   unicast_peer { 10.0.0.1\n10.0.0.2 min_ttl 3 }\n}\r\n\n\n";
    let expected = "! head\nglobal_defs {\n    router_id x\n}\n\n# of the script\nvrrp_script \"a  b\" {\n    # inner\n\n    \
                    script \"/bin/true  x\" #end\n    user root\n\n    weight 2\n} # done\n\nvrrp_instance X {\n    \
                    unicast_peer {\n        10.0.0.1\n        10.0.0.2 min_ttl 3\n    }\n}\n";
    assert_eq!(laid_out(written), expected);
    assert_eq!(laid_out(expected), expected);
}

#[test]
fn what_must_stay_one_line_does() {
    let written = "$VIP=10.0.0.1\n$NET= a {b} \\\n  c  \\\n\n  # d\n\
                   @a vrrp_instance A {\n@^a vrrp_instance B {\npriority   5 # x\n  @a  interface  eth0\n\
                   virtual_ipaddress { ${VIP}/24   dev eth0 }\n\
                   track_script { ~SEQ(X, 1, 3) }\n\
                   virtual_ipaddress_excluded {\n~SEQ(X, 1,  3) 10.0.1.$X\n}\n}\ninclude  b/{c,d}.conf\n";
    let expected = "$VIP=10.0.0.1\n$NET= a {b} \\\n  c  \\\n\n# d\n\
                    @a vrrp_instance A {\n@^a vrrp_instance B {\n    priority 5 # x\n    @a  interface  eth0\n    \
                    virtual_ipaddress {\n        ${VIP}/24 dev eth0\n    }\n    \
                    track_script { ~SEQ(X, 1, 3) }\n    \
                    virtual_ipaddress_excluded {\n        ~SEQ(X, 1,  3) 10.0.1.$X\n    }\n}\n\ninclude  b/{c,d}.conf\n";
    assert_eq!(laid_out(written), expected);
    assert_eq!(laid_out(expected), expected);
}

#[test]
fn broken_braces_are_refused_with_their_places() {
    let Err(Refused::Broken(said, sources)) = format("a.conf", b"vrrp_instance X {\n  priority 5\n") else {
        panic!("laid out");
    };
    assert_eq!(said.iter().map(|one| one.code).collect::<Vec<_>>(), ["missing-close-brace"]);
    assert_eq!(sources.place(said[0].span.unwrap()).unwrap().line, 2);
}

/// What a name stands for may depend on the id; where that would change the words, nothing is changed.
#[test]
fn a_text_that_would_be_read_differently_is_refused() {
    let text = "@^a $Q=\"\n@a $Q=x\nglobal_defs {\nrouter_id $Q  b\n}\n";
    assert!(matches!(format("a.conf", text.as_bytes()), Err(Refused::Different)));
}

/// In the middle of a line they are words, alone they would be directives.
#[test]
fn words_do_not_become_directives() {
    for text in ["x { include y }\n", "x { @a y }\n", "x { $A=y }\n", "x { ~SEQ(A, 1, 2) y }\n"] {
        assert_eq!(laid_out(text), text);
    }
}

/// A piece of a configuration, as others include it, has no keywords of the top level.
#[test]
fn an_included_piece_is_laid_out() {
    assert_eq!(
        laid_out("real_server 10.0.0.1 80\n{ TCP_CHECK { } }\n"),
        "real_server 10.0.0.1 80 {\n    TCP_CHECK {\n    }\n}\n"
    );
}

#[test]
fn bytes_that_are_no_text_stay() {
    let written = b"vrrp_instance X { # caf\xe9\n}\n";
    assert_eq!(format("a.conf", written).unwrap(), b"vrrp_instance X { # caf\xe9\n}\n");
}

/// Comments of a text, in order; those that a definition's lines hold are part of them.
fn comments(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        let (mut quoted, mut before) = (false, ' ');
        for (at, character) in line.char_indices() {
            quoted ^= character == '"';
            if matches!(character, '#' | '!') && !quoted && before != '\\' {
                found.push(line[at..].trim_end().to_owned());
                break;
            }
            before = character;
        }
    }
    found
}

/// The same model, the same comments, and nothing left to do. Gives whether the text was laid out at all.
fn keeps_its_meaning(name: &str, bytes: &[u8]) -> bool {
    let result = match format("a.conf", bytes) {
        Ok(result) => result,
        Err(Refused::Broken(said, _)) => {
            assert!(!said.is_empty());
            return false;
        }
        Err(Refused::Different) => panic!("{name}: would have changed"),
    };
    for id in ["", "node", "low"] {
        let options = LoadOptions { config_id: id.into(), ..LoadOptions::default() };
        let (before, after) =
            (load_bytes("a.conf", bytes, &options), load_bytes("a.conf", &result, &options));
        assert_eq!(before.config, after.config, "{name} for '{id}'");
        let codes = |loaded: &standfast::config::Loaded| {
            let mut codes: Vec<_> = loaded.diagnostics.iter().map(|one| one.code).collect();
            codes.sort_unstable();
            codes
        };
        assert_eq!(codes(&before), codes(&after), "{name} for '{id}'");
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(comments(&text(bytes)), comments(&text(&result)), "{name}");
    assert_eq!(text(&format("a.conf", &result).unwrap()), text(&result), "{name}: twice");
    true
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "conf"))
        .collect();
    files.sort();
    files
}

fn check_all(folder: &Path) -> (usize, Vec<String>) {
    let (mut done, mut refused) = (0, Vec::new());
    for path in files(folder) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if keeps_its_meaning(&name, &std::fs::read(&path).unwrap()) {
            done += 1;
        } else {
            refused.push(name);
        }
    }
    (done, refused)
}

#[test]
fn the_fixtures_keep_their_meaning() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let (done, refused) = check_all(&root.join("examples"));
    assert!(done >= 8, "{done}");
    assert_eq!(refused, ["rh1-as-written.conf"]);
    let (done, refused) = check_all(&root.join("config"));
    assert!(done >= 20, "{done}");
    assert_eq!(refused, ["extra-closing-brace.conf", "missing-closing-brace.conf"]);
}

#[test]
fn the_corpus_keeps_its_meaning() {
    let Some(folder) = crate::published::folder() else { return };
    let (done, refused) = check_all(&folder);
    assert!(refused.len() * 8 < done, "{done} laid out, refused: {refused:?}");
}

proptest! {
    #![proptest_config(crate::robust::cases())]

    /// What passes is read as before and stays as it is: [`format`] compares, and this compares with it.
    #[test]
    fn any_words(words in prop::collection::vec(prop::sample::select(WORDS), 0..60), lines in any::<bool>()) {
        let text = words.join(if lines { "\n" } else { " " });
        if let Ok(once) = format("a.conf", text.as_bytes()) {
            let read = |bytes: &[u8]| load_bytes("a.conf", bytes, &LoadOptions::default()).config;
            prop_assert_eq!(read(text.as_bytes()), read(&once));
            let twice = format("a.conf", &once).unwrap();
            prop_assert_eq!(String::from_utf8_lossy(&twice), String::from_utf8_lossy(&once));
        }
    }
}

/// Neither deep blocks nor definitions that double make it large.
#[test]
fn the_page_is_not_much_longer_than_the_text() {
    let doubling = |at: usize| format!("$A{}=${{A{at}}}${{A{at}}}\n", at + 1);
    let doubled: String = (0..14).map(doubling).collect();
    for text in [
        "x {\n".repeat(3_000) + &"}\n".repeat(3_000),
        "vrrp_instance A {\n".repeat(1_000) + &"}\n".repeat(1_000),
        format!("$A0={{\n{doubled}@x $A14\n@x a\n"),
    ] {
        let result = format("a.conf", text.as_bytes()).unwrap();
        assert!(result.len() < text.len() * 40, "{}", result.len());
    }
}
