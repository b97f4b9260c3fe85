//! The meaning of a file, not only its verdict: what the installed keepalived (2.2.7) shows with `-d` and what
//! this reader shows agree field by field, in both directions: a label that only one of them has is a
//! difference.
//!
//! The files are the examples, those of `fixtures/meaning`, which write every setting that the dump shows, and
//! the published ones that keepalived accepts, where they exist. Where keepalived cannot be run the test says so.

mod vrrp;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use standfast::config::model::Command;
use standfast::report::data::{self, Host};
use standfast::track::news::Standing;

use crate::fields::{Objects, differences, same_script};
use crate::surroundings::{HOST_NAME, Surroundings, interfaces, load_here};

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

/// What BFD's process says of its sessions.
const BFD_LABELS: &[&str] = &[
    "------< BFD Topology",
    "BFD Instance =",
    "Neighbor IP",
    "Source IP",
    "Required min RX",
    "Desired min TX",
    "Desired idle TX",
    "Detection multiplier",
    "TTL =",
    "hoplimit =",
    "max_hops",
    "passive",
    "send event to",
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
    (
        "099.conf Global definitions #1",
        "a fifo before 'script_user' is root's to keepalived: the order counts",
    ),
    (
        "inheritance.conf VRRP Instance = UNICAST",
        "'vrrp_check_unicast_src' counts for each packet in keepalived, not in the instance",
    ),
    ("instances.conf VRRP Instance = VM", "no virtual MACs of single addresses are made yet"),
    ("routing.conf VRRP Instance = R6", "2.2.7 takes a rule with the word 'inet6' for a prohibition"),
];

/// What this reader makes of the file.
fn ours(file: &Path, surroundings: &Surroundings) -> Objects {
    let config = load_here(file).config;
    let default = config.global.script_user.clone();
    let account = |command: Option<&Command>| {
        surroundings.account(command.and_then(|command| command.user.as_ref()).or(default.as_ref()))
    };
    vrrp::objects(&data::vrrp(&config, &[], &Standing::default(), &Host::at_rest(HOST_NAME, &account)))
}

/// What keepalived makes of it; `None` where it ends before it shows anything.
fn theirs(file: &Path, surroundings: &Surroundings) -> Option<Objects> {
    let loaded = load_here(file);
    // The text up to where all is said of the interfaces (`lo`, and two for each pair) and of so many BFD sessions.
    let run = |options: &str, sessions: usize| {
        let mut awaited = [
            ("   Reset promote_secondaries counter", 1 + 2 * interfaces(&loaded).len()),
            ("   send event to checker process", sessions),
        ];
        let whole = |line: &str| {
            for (last, count) in &mut awaited {
                *count = count.saturating_sub(usize::from(line.starts_with(*last)));
            }
            awaited.iter().all(|(_, count)| *count == 0)
        };
        let (text, whole) = surroundings.run(file, ["-s KILL 10", options], whole);
        whole.then_some(text)
    };
    let mut found = vrrp::objects(&run("-P -B", 0)?);
    let sessions = loaded.config.bfd_instances.len();
    if sessions > 0 {
        // The processes of VRRP and BFD write side by side: a second run for what only with BFD's is there.
        let text = run("-P", sessions)?;
        let of_bfd = |line: &&str| BFD_LABELS.iter().any(|label| line.trim().starts_with(label));
        let (of_bfd, of_vrrp): (Vec<&str>, Vec<&str>) = text.lines().partition(of_bfd);
        let of_vrrp = vrrp::objects(&of_vrrp.join("\n")).into_iter();
        found.extend(of_vrrp.filter(|(name, _)| name.starts_with("VRRP Track BFD")));
        found.extend(vrrp::objects(&of_bfd.join("\n")));
    }
    Some(found)
}

/// Each object of a file, with the fields that differ.
type Found = Vec<(String, Vec<String>)>;

/// What differs in one file; `None` where keepalived ends before it shows anything.
fn compare(file: &Path, surroundings: &Surroundings) -> Option<Found> {
    let left_out = |_: &str, label: &str| LEFT_OUT.iter().any(|(left, _)| label.starts_with(left));
    let same = |label: &str, theirs: &str, ours: &str| match label {
        // A name that a resolver knows.
        "Smtp server" => ours.parse::<IpAddr>().is_err(),
        _ => same_script(theirs, ours),
    };
    let found = differences(&theirs(file, surroundings)?, &ours(file, surroundings), left_out, same);
    let file = file.file_name().unwrap().to_string_lossy();
    Some(found.into_iter().map(|(name, lines)| (format!("{file} {name}"), lines)).collect())
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
