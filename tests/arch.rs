//! The rules of the house that the compiler does not know: who may know whom, where the world may be touched,
//! how long a file may be. The table in `src/lib.rs` states them, `docs/architecture.md` gives the reasons.

#![cfg(test)]

#[path = "arch/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use source::{Named, code_only, lines_with_word, paths, without_tests};

/// Lines that a file may have at most.
const LONGEST_FILE: usize = 600;

/// A directory or file directly under `src`, and the modules that it may name.
struct Room {
    name: &'static str,
    may_know: &'static [&'static str],
    pure: bool,
}

const fn pure(name: &'static str, may_know: &'static [&'static str]) -> Room {
    Room { name, may_know, pure: true }
}

const fn worldly(name: &'static str, may_know: &'static [&'static str]) -> Room {
    Room { name, may_know, pure: false }
}

/// The table of `src/lib.rs`. `daemon`, `cli` and `main` may know everybody and are not in it.
const ROOMS: &[Room] = &[
    pure("time", &[]),
    pure("ids", &[]),
    pure("objects", &["ids"]),
    pure("diag", &[]),
    pure("pcre", &[]),
    pure("config", &["ids", "diag", "objects", "pcre"]),
    pure("vrrp", &["config::model", "objects", "ids", "time"]),
    pure("lvs", &["config::model", "health", "objects", "ids", "time"]),
    pure("health", &["config::model", "objects", "ids", "time"]),
    pure("track", &["config::model", "objects", "ids", "time"]),
    pure("manual", &["config", "diag"]),
    pure("reconcile", &["config::model", "objects", "ids", "time"]),
    worldly("smtp", &[]),
    worldly("probe", &["config::model", "health", "ids", "pcre", "smtp", "time"]),
    worldly("kernel", &["objects", "ids", "time"]),
    worldly(
        "report",
        &[
            "config",
            "diag",
            "vrrp",
            "lvs",
            "health",
            "track",
            "reconcile",
            "objects",
            "ids",
            "smtp",
            "time",
        ],
    ),
];

const OMNISCIENT: &[&str] = &["daemon", "cli", "main", "lib"];

/// What a pure module may not name: clocks, sockets, files, threads, queues, chance, the system, the log.
const WORLD: &[&str] = &[
    "tokio",
    "futures_util",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::UdpSocket",
    "std::os",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::sync::mpsc",
    "std::sync::Mutex",
    "std::sync::RwLock",
    "std::sync::atomic",
    "rand",
    "libc",
    "nix",
    "socket2",
    "glob",
    "signal_hook",
    "signal_hook_tokio",
    "sd_notify",
    "tracing",
    "tracing_subscriber",
    "rtnetlink",
    "netlink_proto",
    "netlink_sys",
    "netlink_packet_core",
    "netlink_packet_generic",
    "netlink_packet_route",
];

/// Packages that talk to the kernel: only `kernel` names them.
const KERNEL_ONLY: &[&str] = &[
    "rtnetlink",
    "netlink_proto",
    "netlink_sys",
    "netlink_packet_core",
    "netlink_packet_generic",
    "netlink_packet_route",
];

/// Pure modules have one place each that reads the world, or none.
const SANCTIONED: &[&str] = &["src/config/source.rs"];

/// The only files with `unsafe`: system calls, and the calls of a C library that has no safe wrapper.
const UNSAFE_FILES: &[&str] = &["src/kernel/unsafe_calls.rs", "src/pcre.rs"];

/// The wall clock steps when somebody sets it: it stands in log lines, and in the trailers of `auth_hmac`, whose
/// protocol wants it, and in the dates of mails. Who may name it, word by word; everything else goes by the monotonic clock.
const WALL_CLOCK: &[(&str, &[&str])] = &[
    ("SystemTime", &[]),
    ("CLOCK_REALTIME", &[]),
    ("CLOCK_REALTIME_COARSE", &[]),
    ("CLOCK_TAI", &[]),
    ("chrono", &["src/kernel/clock.rs"]),
    ("ChronoUtc", &[]),
    ("ChronoLocal", &["src/report/log.rs"]),
    ("UNIX_EPOCH", &["src/kernel/clock.rs"]),
    ("local_date", &["src/kernel/clock.rs", "src/daemon/mails/mod.rs"]),
    (
        "utc",
        &["src/kernel/clock.rs", "src/daemon/timing/mod.rs", "src/vrrp/router.rs", "src/vrrp/auth_hmac.rs"],
    ),
];

/// Names that say nothing about what a file is for.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "misc", "manager", "common"];

struct File {
    path: String,
    text: String,
}

/// Every breach in the files, one line each: `path:line: what`.
fn breaches(files: &[File]) -> Vec<String> {
    let prepared: Vec<(&File, String, Vec<String>)> = files
        .iter()
        .map(|file| {
            let (code, test_modules) = without_tests(&code_only(&file.text));
            (file, code, test_modules)
        })
        .collect();
    let test_files: BTreeSet<String> = prepared
        .iter()
        .flat_map(|(file, _, modules)| modules.iter().map(|name| child_module(&file.path, name)))
        .chain(files.iter().flat_map(placed_test_modules))
        .collect();

    let mut found = Vec::new();
    for (file, code, _) in &prepared {
        check_text(file, &mut found);
        let in_library = file.path.starts_with("src/");
        if in_library {
            check_unsafe(file, &mut found);
        }
        if test_files.contains(file.path.trim_end_matches(".rs")) {
            continue;
        }
        if !file.text.starts_with("//!") {
            found.push(format!(
                "{}:1: no head comment (`//!`) that says what the file is and why",
                file.path
            ));
        }
        if in_library {
            check_wall_clock(file, code, &mut found);
            check_paths(file, code, &mut found);
        }
    }
    found
}

/// Path, without `.rs`, of the file of a module that is declared in `path`.
fn child_module(path: &str, name: &str) -> String {
    let stem = path.trim_end_matches(".rs");
    let directory = ["/mod", "/lib", "/main"].iter().find_map(|end| stem.strip_suffix(end)).unwrap_or(stem);
    format!("{directory}/{name}")
}

/// Paths, without `.rs`, of the test modules whose place is written out.
fn placed_test_modules(file: &File) -> Vec<String> {
    let directory = file.path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
    let placed = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
    let names = placed.filter_map(|pair| pair[1].strip_prefix("#[path = \"")?.strip_suffix(".rs\"]"));
    names.map(|name| format!("{directory}/{name}")).collect()
}

fn check_text(file: &File, found: &mut Vec<String>) {
    let path = &file.path;
    let lines = file.text.lines().count();
    if lines > LONGEST_FILE {
        found.push(format!("{path}: {lines} lines, {LONGEST_FILE} at most"));
    }
    let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if EMPTY_NAMES.contains(&stem) {
        found.push(format!("{path}: `{stem}` does not say what is in it"));
    }
    // Written in two parts, so that this file does not find itself.
    let unwanted = [
        concat!("allow(dead", "_code"),
        concat!("allow(unu", "sed"),
        concat!("todo", "!("),
        concat!("unimpl", "emented!("),
        concat!("#[ign", "ore"),
        concat!("/wo", "rk/"),
        concat!("/tmp/br", "ief"),
    ];
    for (index, line) in file.text.lines().enumerate() {
        for word in unwanted.iter().filter(|word| line.contains(**word)) {
            found.push(format!("{path}:{}: `{word}` has no place here", index + 1));
        }
    }
}

fn check_unsafe(file: &File, found: &mut Vec<String>) {
    if UNSAFE_FILES.contains(&file.path.as_str()) {
        return;
    }
    for line in lines_with_word(&code_only(&file.text), "unsafe") {
        found.push(format!("{}:{line}: `unsafe` stands in {} only", file.path, UNSAFE_FILES.join(" and ")));
    }
}

fn check_wall_clock(file: &File, code: &str, found: &mut Vec<String>) {
    for (word, _) in WALL_CLOCK.iter().filter(|(_, known)| !known.contains(&file.path.as_str())) {
        for line in lines_with_word(code, word) {
            found.push(format!("{}:{line}: `{word}` is the wall clock, which steps", file.path));
        }
    }
}

fn check_paths(file: &File, code: &str, found: &mut Vec<String>) {
    let here = module_of(&file.path);
    let Some(room_name) = here.first() else { return };
    let room = ROOMS.iter().find(|room| room.name == room_name);
    if room.is_none() && !OMNISCIENT.contains(&room_name.as_str()) {
        found.push(format!("{}: `{room_name}` is missing in the table of tests/arch.rs", file.path));
        return;
    }
    for named in paths(code) {
        let Named { line, path } = &named;
        if let Some(inside) = within_crate(&here, path) {
            let target = inside.join("::");
            if let Some(room) = room
                && inside.first() != Some(room_name)
                && !inside.is_empty()
                && !room.may_know.iter().any(|known| leads(known, &target))
            {
                found.push(format!("{}:{line}: `{}` may not know `{target}`", file.path, room.name));
            }
            continue;
        }
        let written = path.join("::");
        let forbidden = |list: &[&str]| list.iter().any(|world| leads(world, &written));
        if room.is_some_and(|room| room.pure)
            && forbidden(WORLD)
            && !SANCTIONED.contains(&file.path.as_str())
        {
            found.push(format!("{}:{line}: `{room_name}` is pure and names `{written}`", file.path));
        } else if room_name != "kernel" && forbidden(KERNEL_ONLY) {
            found.push(format!("{}:{line}: only `kernel` speaks netlink, not `{room_name}`", file.path));
        }
    }
}

/// Whether `path` is `prefix` or something in it.
fn leads(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The module that a file is: `src/vrrp/wire/v2.rs` is `vrrp::wire::v2`.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs");
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    inside.split('/').map(str::to_owned).collect()
}

/// The path below the crate's root, if it leads into the crate.
fn within_crate(here: &[String], path: &[String]) -> Option<Vec<String>> {
    let ups = path.iter().take_while(|word| *word == "super").count();
    match path.first()?.as_str() {
        "crate" | "standfast" => Some(path.iter().skip(1).cloned().collect()),
        "super" => {
            let base = here.iter().take(here.len().saturating_sub(ups));
            Some(base.chain(path.iter().skip(ups)).cloned().collect())
        }
        _ => None,
    }
}

fn rust_files(root: &Path, directory: &str) -> Vec<File> {
    let mut pending = vec![root.join(directory)];
    let mut found = Vec::new();
    while let Some(place) = pending.pop() {
        for entry in std::fs::read_dir(&place).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push(File { path, text });
            }
        }
    }
    found
}

#[test]
fn the_house_keeps_its_rules() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut files = rust_files(&root, "src");
    assert!(files.len() > 30, "only {} files found under src", files.len());
    files.extend(rust_files(&root, "tests"));
    let found = breaches(&files);
    assert!(found.is_empty(), "{} breaches:\n{}", found.len(), found.join("\n"));
}

#[test]
fn every_module_of_the_library_is_in_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = std::fs::read_to_string(root.join("src/lib.rs")).unwrap();
    let declared: BTreeSet<&str> =
        map.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let known: BTreeSet<&str> = ROOMS.iter().map(|room| room.name).chain(["daemon", "cli"]).collect();
    assert_eq!(declared, known);
    for name in declared.iter().filter(|name| **name != "cli") {
        assert!(map.contains(&format!("[`{name}`]")), "the map in src/lib.rs leaves out `{name}`");
    }
}

#[cfg(test)]
mod planted {
    use super::*;

    fn found_in(path: &str, text: &str) -> Vec<String> {
        breaches(&[File { path: path.to_owned(), text: format!("//! Head.\n{text}") }])
    }

    #[track_caller]
    fn one(path: &str, text: &str, expected: &str) {
        let found = found_in(path, text);
        assert!(found.len() == 1 && found[0].contains(expected), "wanted `{expected}`, got {found:?}");
    }

    #[test]
    fn a_core_that_knows_the_kernel() {
        one("src/vrrp/a.rs", "use crate::kernel::raw;", "`vrrp` may not know `kernel::raw`");
        one("src/vrrp/a/b.rs", "fn f() { super::super::super::daemon::run() }", "not know `daemon::run`");
        one("src/lvs/a.rs", "use crate::{time::Mono, daemon};", "not know `daemon`");
        one("src/vrrp/a.rs", "use crate::config::lex::Token;", "not know `config::lex::Token`");
        one("src/kernel/a.rs", "use crate::config::model::Config;", "`kernel` may not know");
        one("src/probe/a.rs", "use crate::kernel::ipvs;", "`probe` may not know");
    }

    #[test]
    fn a_core_that_touches_the_world() {
        one("src/vrrp/a.rs", "use std::time::{Duration, Instant};", "names `std::time::Instant`");
        one("src/health/a.rs", "fn f() { tokio::spawn(x) }", "names `tokio::spawn`");
        one("src/config/lower/a.rs", "use std::fs;", "names `std::fs`");
        one("src/track/a.rs", "fn f() { tracing::info!(\"x\") }", "names `tracing::info`");
        one(
            "src/report/a.rs",
            "use netlink_packet_route::link::LinkMessage;",
            "only `kernel` speaks netlink",
        );
    }

    #[test]
    fn a_timer_by_the_wall_clock() {
        one("src/daemon/a.rs", "fn f() { std::time::SystemTime::now() }", "`SystemTime` is the wall clock");
        one("src/kernel/a.rs", "fn f() { get(ClockId::CLOCK_REALTIME) }", "`CLOCK_REALTIME` is the wall");
        one(
            "src/daemon/a.rs",
            "use crate::kernel::clock;\nfn f() { clock::utc() }",
            ":3: `utc` is the wall",
        );
        assert_eq!(found_in("src/kernel/clock.rs", "fn utc() { UNIX_EPOCH }"), [""; 0]);
    }

    #[test]
    fn what_is_permitted() {
        let none: [&str; 0] = [];
        assert_eq!(found_in("src/vrrp/a.rs", "use std::net::IpAddr;\nuse std::time::Duration;"), none);
        assert_eq!(found_in("src/vrrp/a.rs", "use super::event::Event;\nuse crate::config::model;"), none);
        assert_eq!(found_in("src/config/source.rs", "use std::fs;"), none);
        assert_eq!(
            found_in("src/daemon/mod.rs", "use crate::{kernel, vrrp, lvs};\nuse tokio::time;"),
            none
        );
        assert_eq!(
            found_in("src/vrrp/a.rs", "// crate::kernel\nconst A: &str = \"crate::kernel::x\";"),
            none
        );
        assert_eq!(found_in("src/vrrp/a.rs", "#[cfg(test)]\nmod tests { use std::fs; }"), none);
    }

    #[test]
    fn a_file_that_is_only_tests_may_do_as_it_likes() {
        let parent =
            File { path: "src/vrrp/mod.rs".into(), text: "//! V.\n#[cfg(test)]\nmod dialogue;\n".into() };
        let child = File { path: "src/vrrp/dialogue.rs".into(), text: "use std::fs;\n".into() };
        assert_eq!(breaches(&[child, parent]), [""; 0]);
    }

    #[test]
    fn unsafe_in_another_place() {
        one("src/kernel/raw.rs", "fn f() { unsafe { g() } }", "`unsafe` stands in");
        for path in UNSAFE_FILES {
            assert_eq!(found_in(path, "fn f() { unsafe { g() } }"), [""; 0]);
        }
        assert_eq!(found_in("src/kernel/raw.rs", "use super::unsafe_calls::g; // unsafe"), [""; 0]);
    }

    #[test]
    fn a_file_without_a_head_or_too_long_or_named_for_nothing() {
        let bare = File { path: "src/vrrp/a.rs".into(), text: "fn f() {}\n".into() };
        assert!(breaches(&[bare])[0].contains("no head comment"));
        one("src/vrrp/a.rs", &"\n".repeat(600), "601 lines");
        one("src/vrrp/utils.rs", "", "does not say what is in it");
        one("src/vrrp/a.rs", concat!("fn f() { todo", "!() }"), "has no place here");
    }

    #[test]
    fn a_module_that_the_table_does_not_know() {
        one("src/novel/a.rs", "", "missing in the table");
    }
}
