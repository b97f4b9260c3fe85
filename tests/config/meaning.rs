//! The meaning of a file, not only its verdict: the instances that the installed keepalived (2.2.7) shows with
//! `-d` and those that this reader shows agree field by field.
//!
//! keepalived runs in a network namespace of its own that has the interfaces the files name, but not their
//! scripts. Where it cannot be run the test says so; the published files are used where they exist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use standfast::config::{LoadOptions, load};
use standfast::report::data;

/// Facts of the run, of the interfaces or of the scripts, and what this dump does not show on purpose.
const LEFT_OUT: &[(&str, &str)] = &[
    ("Using src_ip", "the interface's first address, known when it runs"),
    ("Number of config faults", "tracked objects that are down at the moment"),
    ("State", "of the moment"),
    ("Password", "is nobody's business"),
    ("Tracked scripts", "the surroundings have no scripts, so keepalived drops them"),
    ("Backup state transition script", "the same"),
    ("Master state transition script", "the same"),
    ("Fault state transition script", "the same"),
    ("Stop state transition script", "the same"),
    ("Generic state transition script", "the same"),
    ("Sync group", "a group that names a missing instance is judged by the verdict"),
];

/// Instances that differ, each with the reason. One that agrees must go from this list.
const GAPS: &[(&str, &str)] = &[
    ("016.conf VI_YRMCDS", "the dump does not show the label of an address yet"),
    ("040.conf V_I", "the dump does not show the broadcast address yet"),
    ("076.conf VE", "the dump does not show the label of an address yet"),
    ("088.conf LAN_VI1", "the state wanted at start: open"),
    ("088.conf WAN_VI1", "the state wanted at start: open"),
    ("168.conf VI_1", "the dump shows the title of an empty list"),
    ("196.conf VI_1", "the state wanted at start, and accept: open"),
    ("evpn.conf test", "the dump's words about a virtual MAC differ"),
];

/// The names of the interfaces come first, then a dash, then the files.
const SCRIPT: &str = r#"
ip link set lo up
n=0
while [ "$1" != - ]; do
  ip link add "$1" type veth peer name peer$n && ip link set "$1" up && ip link set peer$n up
  ip address add 198.18.$n.1/24 dev "$1"
  n=$((n+1)); shift
done 2>/dev/null
shift
mount -t tmpfs tmpfs /run
for file in "$@"; do
  rm -f /run/*; mkfifo /run/said
  timeout -k 1 30 keepalived -n -d -l -G -P -f "$file" -p /run/k -r /run/v -c /run/c -b /run/b >/run/said 2>&1 &
  echo "FILE $file"
  { sed -u '/< Interfaces >/q'; kill $!; cat >/dev/null; } </run/said
  wait
done
"#;

type Fields = BTreeMap<String, String>;

/// Instance, then label, then value; the lines of a list are the value of its title.
fn instances(dump: &str) -> BTreeMap<String, Fields> {
    let mut found: BTreeMap<String, Fields> = BTreeMap::new();
    let (mut current, mut title) = (None, String::new());
    for line in dump.lines() {
        if let Some(name) = line.strip_prefix(" VRRP Instance = ") {
            current = Some(found.entry(name.to_owned()).or_default());
            title.clear();
        } else if !line.starts_with("  ") {
            current = None;
        } else if let Some(fields) = &mut current {
            if let Some(item) = line.strip_prefix("     ") {
                let value = fields.entry(title.clone()).or_default();
                value.push_str(item.trim_end());
                value.push('\n');
                continue;
            }
            let line = line.trim();
            let (label, value) = match line.split_once(" = ") {
                Some(pair) => pair,
                None => line.split_once(['(', ':']).unwrap_or((line, "")),
            };
            title = label.trim().to_owned();
            fields.insert(title.clone(), value.to_owned());
        }
    }
    found
}

/// keepalived's words for each file; `None` when it cannot be run here.
fn oracle(interfaces: &BTreeSet<String>, files: &[PathBuf]) -> Option<BTreeMap<PathBuf, String>> {
    let output = Command::new("unshare")
        .args([
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--mount-proc",
            "--kill-child",
            "sh",
            "-c",
            SCRIPT,
            "sh",
        ])
        .args(interfaces)
        .arg("-")
        .args(files)
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let mut found: BTreeMap<PathBuf, String> = BTreeMap::new();
    let mut current = None;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some(file) = line.strip_prefix("FILE ") {
            current = Some(found.entry(PathBuf::from(file)).or_default());
        } else if let Some(text) = &mut current {
            // Behind the time, which has a fixed width.
            text.push_str(line.get(26..).unwrap_or(""));
            text.push('\n');
        }
    }
    found.values().any(|text| text.contains("VRRP Topology")).then_some(found)
}

/// The files, and the interfaces they want.
fn surroundings() -> (BTreeSet<String>, Vec<PathBuf>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut interfaces: BTreeSet<String> =
        ["eth0", "eth1", "eth2", "ens3", "ens192", "dummy1"].map(str::to_owned).into();
    let mut files: Vec<PathBuf> = std::fs::read_dir(root.join("fixtures/examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "conf"))
        .collect();
    let corpus =
        root.ancestors().map(|up| up.join("shared/corpus")).find(|up| up.join("index.tsv").exists());
    let Some(corpus) = corpus else {
        println!(
            "SKIPPED: there is no ../shared/corpus beside the repository: only the examples are compared"
        );
        return (interfaces, files);
    };
    let index = std::fs::read_to_string(corpus.join("index.tsv")).unwrap();
    for row in index.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        let accepted = |status: &str| matches!(status, "0" | "6");
        // One in four: keepalived needs about half a second to start and stop.
        let chosen = row[4].contains("vrrp_instance")
            && row[0].get(..3).and_then(|n| n.parse::<u32>().ok()).is_some_and(|n| n % 4 == 0);
        if chosen && accepted(row[5]) && accepted(row[6]) {
            interfaces.extend(
                row[10].split(',').filter(|name| !["-", "lo", ""].contains(name)).map(str::to_owned),
            );
            files.push(corpus.join(row[0]));
        }
    }
    files.sort();
    (interfaces, files)
}

fn compare(theirs: &Fields, ours: &Fields) -> Vec<String> {
    let labels = ours.keys().filter(|label| !LEFT_OUT.iter().any(|(left, _)| left == label));
    labels
        .filter(|label| theirs.get(*label) != ours.get(*label))
        .map(|label| {
            format!("    {label}: {:?}, keepalived {:?}", ours[label], theirs.get(label).map_or("-", |v| v))
        })
        .collect()
}

#[test]
fn instances_mean_what_they_mean_to_keepalived() {
    let (interfaces, files) = surroundings();
    let Some(oracle) = oracle(&interfaces, &files) else {
        println!("SKIPPED: keepalived cannot be run in a namespace here, so no meaning was compared");
        return;
    };
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for (file, said) in &oracle {
        let theirs = instances(said);
        let loaded = load(
            file.to_str().unwrap(),
            &LoadOptions { config_id: "node".into(), ..LoadOptions::default() },
        );
        let ours = instances(&data::vrrp(&loaded.config, &[]));
        for (name, fields) in &theirs {
            compared += 1;
            let differences = match ours.get(name) {
                Some(mine) => compare(fields, mine),
                None => vec!["    is not there".to_owned()],
            };
            let key = format!("{} {name}", file.file_name().unwrap().to_string_lossy());
            let listed = GAPS.iter().any(|(gap, _)| *gap == key);
            if differences.is_empty() == listed {
                wrong.push(format!("{key}\n{}", differences.join("\n")));
            }
        }
    }
    assert!(compared >= 8, "only {compared} instances were compared");
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
}
