//! The installed keepalived, beside this reader, on the project's own files: the same exit status.
//!
//! keepalived runs in a network namespace of its own that has the interfaces the files name. Where it is
//! not installed, or namespaces cannot be made, the test says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use standfast::config::host::{self, DEFAULT_USER, HostFacts, Program};
use standfast::config::{LoadOptions, load, verdict};
use standfast::diag::render;

/// Interfaces that the files name.
const INTERFACES: &[&str] = &["eth0", "eth1", "eth2", "ens3", "ens192", "dummy1"];

/// Files on which the status differs from the installed keepalived's (2.2.7), each with the reason.
const GAPS: &[(&str, &str)] = &[
    (
        "duplicate-address.conf",
        "2.2.7 says nothing of an address that stands twice; 2.4.3 and standfast do",
    ),
    (
        "unterminated-quote.conf",
        "2.2.7 drops the word and ends for want of it; standfast reads it to the line's end",
    ),
];

fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found = Vec::new();
    for folder in ["examples", "config"] {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        found.extend(
            entries
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|e| e == "conf")),
        );
    }
    found.sort();
    assert!(found.len() > 20, "{found:?}");
    found
}

/// Runs keepalived on all files within one namespace; `None` when that cannot be done here.
pub fn oracle(files: &[PathBuf]) -> Option<BTreeMap<PathBuf, u8>> {
    let mut script = String::from("set -e\nip link set lo up\n");
    for (at, name) in INTERFACES.iter().enumerate() {
        script += &format!(
            "ip link add {name} type veth peer name peer{at}\nip link set {name} up\nip link set peer{at} up\n"
        );
        script += &format!("ip address add 198.18.{at}.1/24 dev {name}\n");
    }
    script += "set +e\nfor file in \"$@\"; do\ntimeout -s KILL 10 keepalived -t -f \"$file\" >/dev/null 2>&1\necho \"$? $file\"\ndone\n";
    let output = Command::new("unshare")
        .args(["--net", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", &script, "sh"])
        .args(files)
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let found: BTreeMap<PathBuf, u8> = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(status, file)| Some((PathBuf::from(file), status.parse().ok()?)))
        .collect();
    let runs = found.len() == files.len() && !found.values().any(|status| *status == 127);
    runs.then_some(found)
}

pub fn facts(needs: &host::Needs) -> HostFacts {
    let names = |file: &str| -> BTreeSet<String> {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.lines().filter_map(|line| line.split(':').next()).map(str::to_owned).collect()
    };
    let mut interfaces: BTreeSet<String> = INTERFACES.iter().map(|name| (*name).to_owned()).collect();
    interfaces.insert("lo".into());
    let found = |program: &str| {
        let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
        if program.contains('/') {
            Path::new(program).is_file()
        } else {
            folders.iter().any(|folder| Path::new(folder).join(program).is_file())
        }
    };
    let programs = needs.programs().map(|(program, _)| program).filter(|program| found(program));
    HostFacts {
        interfaces,
        users: names("/etc/passwd"),
        groups: names("/etc/group"),
        namespaces: BTreeSet::new(),
        programs: programs.map(|program| (program.to_owned(), Program::Usable)).collect(),
        ..HostFacts::default()
    }
}

#[test]
fn exit_statuses_are_the_installed_keepaliveds() {
    let files = files();
    let Some(oracle) = oracle(&files) else {
        println!("SKIPPED: keepalived cannot be run in a namespace here, so no status was compared");
        return;
    };
    let mut wrong = Vec::new();
    for (file, expected) in &oracle {
        let loaded = load(
            file.to_str().unwrap(),
            &LoadOptions { config_id: "node".into(), ..LoadOptions::default() },
        );
        let facts = facts(&loaded.needs);
        // 2.2.7 kills itself when it looks at a script as another user than root (see the corpus' README).
        let blind = facts.users.contains(DEFAULT_USER) && !loaded.needs.scripts.is_empty();
        let host = host::check(&loaded, &facts);
        let ours = verdict(loaded.diagnostics.iter().chain(&host));
        let listed = GAPS.iter().any(|(name, _)| file.ends_with(name));
        if !blind && (ours == *expected) == listed {
            let all = loaded.diagnostics.iter().chain(&host);
            let lines: Vec<String> = all
                .map(|one| format!("    {:?} {}", one.class, render::log_line(one, &loaded.sources)))
                .collect();
            wrong.push(format!("{}: {ours}, keepalived {expected}\n{}", file.display(), lines.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}
