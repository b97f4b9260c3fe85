//! A message names the line that a person wrote, and how its text came to where it is used.

use std::collections::BTreeMap;
use std::path::PathBuf;

use standfast::config::source::Texts;
use standfast::config::{LoadOptions, load_from, load_str};
use standfast::diag::render;

/// The log line and the terminal's text of the only mistake in `/c/a.conf`, which may include the others.
fn only_mistake(files: &[(&str, &str)]) -> (String, String) {
    let texts = files.iter().map(|(name, text)| (PathBuf::from(name), text.as_bytes().to_vec()));
    let loaded = load_from("/c/a.conf", &Texts(texts.collect::<BTreeMap<_, _>>()), &LoadOptions::default());
    let [mistake] = &loaded.diagnostics[..] else { panic!("{:?}", loaded.diagnostics) };
    (render::log_line(mistake, &loaded.sources), render::terminal(mistake, &loaded.sources, false))
}

/// What the log line tells of the way that the text took.
fn way(line: &str) -> Vec<&str> {
    line.split(" - ").filter(|part| part.contains(" at /")).collect()
}

#[test]
fn an_include_is_named() {
    let (line, text) = only_mistake(&[
        ("/c/a.conf", "! x\ninclude b.conf\n"),
        ("/c/b.conf", "include c.conf"),
        ("/c/c.conf", "\n\nzone"),
    ]);
    assert!(line.starts_with("(/c/c.conf: Line 3) "), "{line}");
    assert_eq!(way(&line), ["included at /c/b.conf:1", "included at /c/a.conf:2"]);
    assert!(text.contains("/c/c.conf:3:1") && text.contains("/c/a.conf:2:1"), "{text}");
}

#[test]
fn a_definition_in_a_definition_is_named() {
    let (line, _) = only_mistake(&[("/c/a.conf", "$A=zone\n$B=x${A}\n\n$B\n")]);
    assert!(line.starts_with("(/c/a.conf: Line 4) "), "{line}");
    assert_eq!(way(&line), ["$A is defined at /c/a.conf:1", "$B is defined at /c/a.conf:2"]);
}

#[test]
fn a_name_within_a_word_is_named() {
    let (line, _) = only_mistake(&[("/c/a.conf", "$A=one\nz$A\n")]);
    assert_eq!(way(&line), ["$A is defined at /c/a.conf:1"]);
}

#[test]
fn a_line_of_a_long_definition_is_named_with_its_use() {
    let (line, _) = only_mistake(&[
        ("/c/a.conf", "include d.conf\ninclude b.conf\n"),
        ("/c/b.conf", "\n$ALL\n"),
        ("/c/d.conf", "\n$ALL= \\\n zone\n"),
    ]);
    assert!(line.starts_with("(/c/d.conf: Line 3) "), "{line}");
    assert_eq!(
        way(&line),
        ["$ALL is used at /c/b.conf:2", "included at /c/a.conf:1", "included at /c/a.conf:2"]
    );
}

#[test]
fn each_round_of_nested_sequences_is_named() {
    let (line, text) = only_mistake(&[("/c/a.conf", "\n~SEQ(A,1,1) ~LST({B,C}, {x,y}) z$A$B\n")]);
    assert!(line.starts_with("(/c/a.conf: Line 2) "), "{line}");
    assert_eq!(way(&line), ["repeated with B=x C=y at /c/a.conf:2", "repeated with A=1 at /c/a.conf:2"]);
    assert!(text.contains("repeated with A=1 here"), "{text}");
}

#[test]
fn a_document_tells_every_step() {
    let text = "$P=priority 300\nvrrp_instance A {\n interface eth0\n virtual_router_id 1\n $P\n}\n";
    let loaded = standfast::config::load_str("a.conf", text, &standfast::config::LoadOptions::default());
    let bad = loaded.diagnostics.iter().find(|one| one.code == "out-of-range").unwrap();
    let document = standfast::diag::json::document([(bad, &loaded.sources)]);
    let read: serde_json::Value = serde_json::from_str(&document).unwrap();
    let steps = read["diagnostics"][0]["place"]["via"].as_array().unwrap();
    assert!(!steps.is_empty(), "{read:#}");
    assert!(steps.iter().all(|step| step["file"] == "a.conf" && step["line"].is_u64()), "{read:#}");
}

/// A service so long that it is read in parts, without its closing brace, and one after it that is as long.
#[test]
fn long_services_one_of_them_unclosed() {
    let service = |address: u8, close: &str| {
        let mut text = format!(
            "virtual_server 10.0.0.{address} 80 {{\n    lvs_sched rr\n    lvs_method NAT\n    protocol TCP\n"
        );
        for real in 0..3000 {
            let (high, low) = (real / 250, real % 250);
            text += &format!("    real_server 10.{address}.{high}.{low} 80 {{\n        weight 1\n    }}\n");
        }
        text + close
    };
    let text = service(1, "") + &service(2, "}\n");
    let loaded = load_str("a.conf", &text, &LoadOptions::default());
    let codes: Vec<&str> = loaded.diagnostics.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["missing-close-brace"]);
    let found: Vec<usize> =
        loaded.config.virtual_servers.iter().map(|one| one.real_servers.len()).collect();
    assert_eq!(found, [3000, 3000]);
}
