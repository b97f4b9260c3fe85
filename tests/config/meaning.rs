//! The meaning of a file, not only its verdict: what the installed keepalived (2.2.7) shows with `-d` and what
//! this reader shows agree field by field, in both directions: a label that only one of them has is a
//! difference.
//!
//! The files are the examples, those of `fixtures/meaning`, which write every setting that the dump shows, and
//! the published ones that keepalived accepts, where they exist. Where keepalived cannot be run the test says so.

mod fields;
mod surroundings;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use fields::{Object, Objects};
use standfast::config::model::Command;
use standfast::report::data::{self, Host};
use surroundings::{HOST_NAME, Surroundings, load_here};

/// Facts of the run, and what one of the two does not show on purpose. A label, or all that begin with it.
const LEFT_OUT: &[(&str, &str)] = &[
    ("Number of config faults", "tracked objects that are down at the moment"),
    ("Num member fault", "of the moment"),
    ("Status", "of the moment"),
    ("Result", "of the moment"),
    ("State", "of the moment"),
    ("Init state", "of the moment"),
    ("Bfd is", "of the moment"),
    ("Current processes", "of the moment"),
    ("Have quorum", "of the moment"),
    ("No sockets allocated", "of the moment"),
    ("GARP next time", "of the moment"),
    ("GNA next time", "of the moment"),
    ("Next gratuitous ARP for such secondary", "of the moment"),
    ("No reload scheduled", "of the moment"),
    ("Debug level", "how much keepalived says of itself"),
    ("Insecure", "a fact of the script's file"),
    ("Password", "is nobody's business"),
    ("libnftnl version", "no library of ours"),
    ("VRRP instances", "a second list of the trackers in keepalived, always empty"),
    ("Tracking VRRP instances", "the same"),
];

/// Objects of a file that differ, each with the reason. One that agrees must go from this list.
const GAPS: &[(&str, &str)] = &[
    (
        "088.conf VRRP Instance = LAN_VI1",
        "of another user than root 2.2.7 finds no script by its bare name",
    ),
    ("088.conf VRRP Instance = WAN_VI1", "the same"),
    ("111.conf Global definitions #1", "2.2.7 loses its way after an undefined name in braces"),
    ("111.conf VRRP Instance = VI_6", "what the global definitions lost"),
    ("089.conf VRRP Script = chk_pid", "2.2.7 runs, and shows, what a link leads to"),
    (
        "099.conf Global definitions #1",
        "a fifo before 'script_user' is root's to keepalived: the order counts",
    ),
    ("instances.conf VRRP Instance = VM", "no virtual MACs of single addresses are made yet"),
    ("routing.conf VRRP Instance = R6", "2.2.7 takes a rule with the word 'inet6' for a prohibition"),
];

fn left_out(label: &str) -> bool {
    LEFT_OUT.iter().any(|(left, _)| label.starts_with(left))
}

fn differences(theirs: &Object, ours: &Object) -> Vec<String> {
    let labels: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    labels
        .into_iter()
        .filter(|label| !left_out(label) && theirs.get(*label) != ours.get(*label))
        .filter(|label| match (theirs.get(*label), ours.get(*label)) {
            // A name that a resolver knows.
            (Some(_), Some(ours)) if *label == "Smtp server" => ours.parse::<IpAddr>().is_ok(),
            (Some(theirs), Some(ours)) => !fields::same_script(theirs, ours),
            _ => true,
        })
        .map(|label| {
            let show = |object: &Object| object.get(label).map_or("-".to_owned(), |v| format!("{v:?}"));
            format!("    {label}: {}, keepalived {}", show(ours), show(theirs))
        })
        .collect()
}

/// What this reader makes of the file.
fn ours(file: &Path, surroundings: &Surroundings) -> Objects {
    let config = load_here(file).config;
    let default = config.global.script_user.clone();
    let account = |command: Option<&Command>| {
        surroundings.account(command.and_then(|command| command.user.as_ref()).or(default.as_ref()))
    };
    fields::objects(&data::vrrp(&config, &[], &Host { name: HOST_NAME, account: &account }))
}

/// Each object of a file, with the fields that differ.
type Found = Vec<(String, Vec<String>)>;

/// What differs in one file; `None` where keepalived ends before it shows anything.
fn compare(file: &Path, surroundings: &Surroundings) -> Option<Found> {
    let theirs = surroundings.keepalived(file)?;
    let ours = ours(file, surroundings);
    let empty = Object::default();
    let names: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    let found = names.iter().map(|name| {
        let (theirs, ours) = (theirs.get(*name), ours.get(*name));
        let differences = match (theirs, ours) {
            (Some(_), None) => vec!["    is not there".to_owned()],
            (None, Some(_)) => vec!["    keepalived has none".to_owned()],
            _ => differences(theirs.unwrap_or(&empty), ours.unwrap_or(&empty)),
        };
        let file = file.file_name().unwrap().to_string_lossy();
        (format!("{file} {name}"), differences)
    });
    Some(found.collect())
}

#[test]
fn files_mean_what_they_mean_to_keepalived() {
    let surroundings = Surroundings::new();
    let files = Mutex::new(surroundings.files().to_vec());
    let results = Mutex::new(Vec::new());
    let next = || files.lock().unwrap().pop();
    std::thread::scope(|scope| {
        // More than there are processors: each waits for its keepalived most of the time.
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(file) = next() {
                    let result = compare(&file, &surroundings);
                    results.lock().unwrap().push((file, result));
                }
            });
        }
    });
    judge(&results.into_inner().unwrap());
}

fn judge(results: &[(PathBuf, Option<Found>)]) {
    let (mut objects, mut wrong, mut silent) = (0, Vec::new(), Vec::new());
    for (file, result) in results {
        let Some(found) = result else {
            silent.push(file.display().to_string());
            continue;
        };
        objects += found.len();
        for (name, differences) in found {
            let listed = GAPS.iter().any(|(gap, _)| gap == name);
            if differences.is_empty() == listed {
                wrong.push(format!("{name}\n{}", differences.join("\n")));
            }
        }
    }
    if objects == 0 {
        println!("SKIPPED: keepalived cannot be run in a namespace here, so no meaning was compared");
        return;
    }
    wrong.sort();
    silent.sort();
    println!("{objects} objects compared; keepalived showed nothing of {}", silent.join(" "));
    assert!(results.len() - silent.len() >= 10, "few files were compared, not {silent:?}");
    assert!(wrong.is_empty(), "{} of {objects} differ:\n{}", wrong.len(), wrong.join("\n"));
}
