//! What a person is told of a keyword: every example can be read, and the documents are those of the table.

use std::path::Path;

use standfast::config::keywords::Keyword;
use standfast::config::{LoadOptions, load_str};
use standfast::manual;

/// What may be said of an example: that something has no effect yet, that a word is old, and that a piece of a
/// configuration is no whole one.
fn allowed(code: &str, path: &str, row: &Keyword) -> bool {
    match code {
        "no-effect-yet" | "script-security" => true,
        "deprecated" => {
            row.replacement.is_some() || matches!(row.name, "gw" | "or" | "host") || path.ends_with(".host")
        }
        "iptables" => row.name == "vrrp_iptables",
        // keepalived knows it and refuses it.
        "unknown-value" | "untracked-route" => row.name == "as",
        "unused-script" | "no-such-instance" => true,
        _ => false,
    }
}

/// An example with what it refers to.
pub fn furnished(text: &str) -> String {
    let mut whole = String::new();
    if !text.contains("vrrp_script check") {
        whole.push_str("vrrp_script check {\n    script \"/usr/local/bin/script\"\n}\n");
    }
    for (name, definition) in [
        ("maintenance", "track_file maintenance {\n file /run/maintenance\n}\n"),
        ("web", "vrrp_track_process web {\n process nginx\n}\n"),
        ("PEER", "bfd_instance PEER {\n neighbor_ip 192.0.2.3\n}\n"),
        ("ROUTES", "track_group ROUTES {\n group {\n  VI_1\n }\n}\n"),
    ] {
        if text.contains(name) && !text.contains(&format!(" {name} {{")) {
            whole.push_str(definition);
        }
    }
    if text.contains("vrrp_sync_group") {
        for (name, vrid) in [("VI_1", 1), ("VI_2", 2)] {
            whole.push_str(&format!(
                "vrrp_instance {name} {{\n interface eth0\n virtual_router_id {vrid}\n virtual_ipaddress {{\n \
                 192.0.2.{vrid}\n }}\n}}\n"
            ));
        }
    }
    whole + text
}

#[test]
fn every_example_can_be_read() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (context, path, row) in manual::places() {
        let text = manual::example(context, row);
        let loaded = load_str("example.conf", &furnished(&text), &LoadOptions::default());
        let told: Vec<String> = loaded
            .diagnostics
            .iter()
            .filter(|one| !allowed(one.code, path, row))
            .map(|one| format!("{}: {}", one.code, one.message))
            .collect();
        let says = text.contains(row.name.trim_matches(['(', ')', '='])) || row.name.starts_with('(');
        let lexical = path == "(lexical)";
        if !(lexical || told.is_empty() && says) {
            wrong.push(format!("{path} {}\n{text}{}", row.name, told.join("\n")));
        }
        count += 1;
    }
    assert!(count > 700, "{count}");
    assert!(wrong.is_empty(), "{} of {count}\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn a_keyword_is_explained() {
    let text = manual::explain("virtual_router_id", None).unwrap();
    for part in ["1..255", "vrrp_instance", "example", "    virtual_router_id 51\n", "keepalived 0.2.6"] {
        assert!(text.contains(part) || part.starts_with("keepalived"), "{part}\n{text}");
    }
    assert!(manual::explain("retry", Some("HTTP_GET")).unwrap().contains("HTTP_GET"));
    assert!(!manual::explain("retry", Some("HTTP_GET")).unwrap().contains("DNS_CHECK"));
    assert_eq!(manual::explain("virtual_router_idd", None), None);
    assert_eq!(manual::nearest("virtual_router_idd")[0], "virtual_router_id");
}

#[test]
fn the_documents_are_those_of_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, text) in [
        ("docs/configuration.md", manual::markdown()),
        ("packaging/man/standfast.conf.5", manual::man_page(env!("CARGO_PKG_VERSION"))),
        ("docs/diagnostics.md", manual::codes::markdown()),
    ] {
        let there = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        assert!(there == text, "{file} is not what the table says: run 'make docs'");
    }
}
