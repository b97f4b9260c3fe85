//! What a configuration may cost, whatever stands in it: memory is a small multiple of the text, and the stack
//! does not grow with it. Memory is what the allocator gave; a busy machine changes nothing.
//!
//! `LONG=1` (`make test-long`) feeds texts of 100 MiB, else of one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and what helps it is no test function in clippy's eyes"
)]
#![cfg(test)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use allocation_counter::measure;
use standfast::config::source::Texts;
use standfast::config::{LoadOptions, Loaded, host, lint, load_bytes, load_from, verdict};
use standfast::diag::render;

const MIB: usize = 1024 * 1024;
/// Less than the main thread of any system has.
const STACK: usize = 512 * 1024;
/// What the messages and the tables may take beside the text.
const ANYWAY: usize = 16 * MIB;

fn size() -> usize {
    if std::env::var_os("LONG").is_some() { 100 * MIB } else { MIB }
}

/// Bytes at the most at one time; the work is done on a small stack.
fn peak(work: impl FnOnce() -> Loaded + Send + 'static) -> (usize, Vec<&'static str>) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        let mut codes = Vec::new();
        let used = measure(|| {
            let loaded = work();
            let host = host::check(&loaded, &host::HostFacts::default());
            let lints = lint::lint(&loaded);
            let all = || loaded.diagnostics.iter().chain(&host).chain(&lints);
            assert!([0, 2, 4, 5, 6].contains(&verdict(all())));
            for one in loaded.diagnostics.iter().rev().take(20) {
                assert!(!render::terminal(one, &loaded.sources, false).is_empty());
            }
            codes = all().map(|one| one.code).collect();
        });
        (usize::try_from(used.bytes_max).unwrap(), codes)
    });
    thread.unwrap().join().unwrap()
}

fn filled(part: &str, size: usize) -> Vec<u8> {
    part.bytes().cycle().take(size).collect()
}

fn options() -> LoadOptions {
    lint::options(LoadOptions::default())
}

/// A text of nothing but `part`: what reading it may take for each of its bytes.
fn holds(part: &'static str, multiple: usize) {
    let size = size();
    let text = filled(part, size);
    let (peak, codes) = peak(move || load_bytes("a", &text, &options()));
    let (used, most) = (peak / MIB, (multiple * size + ANYWAY) / MIB);
    assert!(used <= most, "{part:?}: {used} MiB for {} MiB, more than {most}", size / MIB);
    assert!(codes.len() <= 3 * 1001, "{part:?}: {} messages", codes.len());
}

#[test]
fn braces() {
    // A brace is an item of sixteen bytes, in a list that doubles when it is full; there are twenty million at most.
    for part in ["{", "}", "{}", "}{", "{{{{}", "{\n", "}\n"] {
        holds(part, 52);
    }
}

#[test]
fn blocks_that_nobody_closes() {
    for part in ["a {\n", "a{", "vrrp_instance A {\n", "global_defs {\n", "virtual_server 1.1.1.1 1 {\n"] {
        holds(part, 40);
    }
    for part in [
        "virtual_server 1.1.1.1 1 {real_server 1.1.1.1 1 {",
        "vrrp_instance A { virtual_ipaddress { ",
        "vrrp_instance A {\n virtual_routes {\n  10.0.0.0/8 nexthop via 1.1.1.1 nexthop via {\n",
    ] {
        holds(part, 40);
    }
}

#[test]
fn lines_and_words() {
    for part in
        ["\n", "x\n", "x ", "\"", "\"x", "\\", "#", "$", "${", "${A}", "~SEQ(", "@x ", "\0", "\u{feff}"]
    {
        holds(part, 52);
    }
}

/// What a few lines ask for without end is cut off, and said.
#[test]
fn little_text_asks_for_much() {
    let most = 4 * MIB;
    let options = LoadOptions { most_produced: most, ..options() };
    let mut doubling = String::from("$A0=x y\n");
    let mut lines = String::from("$L0= \\\na \\\nb\n");
    for step in 1..60 {
        doubling += &format!("$A{step}=${{A{0}}}${{A{0}}}\n", step - 1);
        lines += &format!("$L{step}= \\\n$L{0} \\\n$L{0}\n", step - 1);
    }
    doubling += "$A59\n";
    lines += "$L59\n";
    let mut depth = String::from("~SEQ(A, 1, 9) ");
    depth = depth.repeat(60) + "x\n";
    for text in [
        doubling,
        lines,
        depth,
        "~SEQ(A, 1, 1000000000) x\n".to_owned(),
        "~SEQ(A, 1, 1000000000) ~SEQ(B, 1, 1000000000) vrrp_instance $A$B {\n}\n".to_owned(),
        "~SEQ(A, -9223372036854775807, 9223372036854775807) $X=$A\n".to_owned(),
    ] {
        let (options, name) = (options.clone(), text.chars().take(60).collect::<String>());
        let (peak, codes) = peak(move || load_bytes("a", text.as_bytes(), &options));
        assert!(codes.contains(&"too-much-text"), "{name}");
        // A line of a word costs many times its word; how many lines there are is bounded.
        assert!(peak < 40 * most, "{name}: {} MiB", peak / MIB);
    }
}

#[test]
fn files_that_include_each_other() {
    let options = LoadOptions { most_produced: MIB, ..options() };
    let files = |pairs: &[(&str, &str)]| -> Texts {
        let named = pairs.iter().map(|(name, text)| (PathBuf::from(name), text.as_bytes().to_vec()));
        Texts(named.collect::<BTreeMap<_, _>>())
    };
    // A ring; a file that includes everything; and a tree in which each file includes the next one twice.
    let ring = files(&[("a", "include b\n"), ("b", "include c\n"), ("c", "include a\n")]);
    let all = files(&[("a", "include *\ninclude *\n"), ("b", "include *\n"), ("c", "include *\nx\n")]);
    let doubling: Vec<(String, String)> =
        (0..60).map(|at| (format!("f{at}"), format!("include f{0}\ninclude f{0}\n", at + 1))).collect();
    let mut doubling: Vec<(&str, &str)> = doubling.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    doubling.push(("f60", "x\n"));
    let chain: Vec<(String, String)> =
        (0..500).map(|at| (format!("f{at}"), format!("include f{}\n", at + 1))).collect();
    let chain: Vec<(&str, &str)> = chain.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    for (what, first, texts, code) in [
        ("ring", "a", ring, "include-loop"),
        ("all", "a", all, "include-loop"),
        ("doubling", "f0", files(&doubling), "too-much-text"),
        ("chain", "f0", files(&chain), "include-loop"),
    ] {
        let options = options.clone();
        let (peak, codes) = peak(move || load_from(first, &texts, &options));
        assert!(codes.contains(&code), "{what}: {codes:?}");
        assert!(peak < ANYWAY, "{what}: {} MiB", peak / MIB);
    }
}

/// A block in a block in a block, as deep as the text is long, closed again or not.
#[test]
fn deep_nesting_needs_no_stack() {
    let depth = size() / 8;
    let nested = |open: &str, close: &str| open.repeat(depth) + &close.repeat(depth);
    for (open, close) in [("{", "}"), ("a {", "}"), ("vrrp_instance A {", "}"), ("\"{", "}\"")] {
        let text = nested(open, close);
        let size = text.len();
        let (peak, _) = peak(move || load_bytes("a", text.as_bytes(), &options()));
        assert!(peak < 52 * size + ANYWAY, "{open}: {} MiB for {} MiB", peak / MIB, size / MIB);
    }
}
