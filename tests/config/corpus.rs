//! Published configurations: the verdict must be that of keepalived 2.4.3.
//!
//! The files are not part of the repository; they lie beside it in `../shared/corpus`, with the verdicts and
//! with what their surroundings had. Where they are absent the test says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use standfast::config::host::{self, HostFacts, Program};
use standfast::config::{LoadOptions, Loaded, load, verdict};
use standfast::diag::{Class, render};

use crate::published::{folder, strings};

/// Files on which the verdict differs, each with the reason. A file that agrees must go from this list.
const GAPS: &[(&str, &str)] = &[
    (
        "171.conf",
        "2.4.3 does not expand a sequence that a definition within a sequence gives; 2.2.7 and standfast do",
    ),
    ("171.conf low", "the same"),
];

struct Surroundings {
    interfaces: BTreeSet<String>,
    users: BTreeSet<String>,
    stubs: BTreeSet<String>,
    namespaces: BTreeSet<String>,
    folder: PathBuf,
}

impl Surroundings {
    /// A path as it was where the verdicts were made: the files lay in `/corpus`.
    fn there(&self, program: &str) -> String {
        program.replacen(&*self.folder.to_string_lossy(), "/corpus", 1)
    }

    fn facts(&self, needs: &host::Needs) -> HostFacts {
        let mut programs = BTreeMap::new();
        for (program, _) in needs.programs() {
            let bare = !program.contains('/');
            let kind = if bare || self.stubs.contains(&self.there(program)) || Path::new(program).is_file()
            {
                Program::Usable
            } else {
                continue;
            };
            programs.insert(program.to_owned(), kind);
        }
        HostFacts {
            interfaces: self.interfaces.clone(),
            users: self.users.clone(),
            groups: self.users.clone(),
            namespaces: self.namespaces.clone(),
            programs,
            ..HostFacts::default()
        }
    }
}

/// The reference was built without SNMP and D-Bus: their keywords were unknown to it.
fn not_in_reference_build(loaded: &Loaded) -> bool {
    let words = ["'enable_snmp", "'snmp_", "'enable_traps", "'enable_dbus", "'dbus_", "'vrrp_ipsets"];
    let unused = loaded.diagnostics.iter().filter(|one| one.code == "no-effect-yet");
    unused.into_iter().any(|one| words.iter().any(|word| one.message.contains(word)))
}

#[test]
fn verdicts_are_keepaliveds() {
    let Some(folder) = folder() else { return };
    let index = std::fs::read_to_string(folder.join("index.tsv")).unwrap();
    let furnish = std::fs::read_to_string(folder.join("furnish.json")).unwrap();
    let rows: Vec<Vec<&str>> = index.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    let mut interfaces: BTreeSet<String> = strings(&furnish, "more_interfaces").into_iter().collect();
    interfaces.extend(rows.iter().flat_map(|row| row[10].split(',')).map(str::to_owned));
    interfaces.insert("lo".into());
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut users: BTreeSet<String> =
        passwd.lines().filter_map(|line| line.split(':').next()).map(str::to_owned).collect();
    users.extend(strings(&furnish, "users"));
    users.extend(["keepalived_script".into(), "root".into(), "0".into()]);
    let stubs = strings(&furnish, "script_stubs").into_iter().collect();
    let namespaces = strings(&furnish, "network_namespaces").into_iter().collect();
    let surroundings = Surroundings { interfaces, users, stubs, namespaces, folder: folder.clone() };

    let (mut wrong, mut right) = (Vec::new(), 0);
    for row in &rows {
        for (id, expected) in [("", row[6]), ("low", row[12])] {
            if expected == "-" {
                continue;
            }
            let path = folder.join(row[0]);
            let id = if id.is_empty() { "node" } else { id };
            let options = LoadOptions { config_id: id.into(), ..LoadOptions::default() };
            let loaded = load(path.to_str().unwrap(), &options);
            let more = host::check(&loaded, &surroundings.facts(&loaded.needs));
            let mut ours = verdict(loaded.diagnostics.iter().chain(&more)).to_string();
            let over = more.iter().any(|one| one.class == Class::Over);
            if ours == "0" && !over && not_in_reference_build(&loaded) {
                ours = "5".into();
            }
            let name = if id == "low" { format!("{} low", row[0]) } else { row[0].to_owned() };
            let listed = GAPS.iter().any(|(file, _)| *file == name);
            if (ours == expected) == listed {
                let lines: Vec<String> = loaded
                    .diagnostics
                    .iter()
                    .chain(&more)
                    .filter(|one| one.class != Class::Silent)
                    .map(|one| format!("    {:?} {}", one.class, render::log_line(one, &loaded.sources)))
                    .take(6)
                    .collect();
                wrong.push(format!("{} {id}: {ours}, keepalived {expected}\n{}", row[0], lines.join("\n")));
            } else {
                right += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{right} as expected, {} not:\n{}", wrong.len(), wrong.join("\n"));
}
