//! Each word of instances, groups and global_defs with good, bad and missing values, beside the installed keepalived (2.2.7): the same exit status of
//! the test. Words that it does not know are left out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use standfast::config::host;
use standfast::config::keywords::{Arguments, Context, Keyword};
use standfast::config::{LoadOptions, load_str, verdict};

use crate::oracle::{facts, oracle};

const VALUES: [&str; 7] = ["", "0", "-1", "255", "x", "1.5", "off"];

/// What the status is another of, and why.
const GAPS: &[(&str, &str)] = &[
    ("vrrp_skip_check_adv_addr", "2.2.7 does not mind what is no boolean; 2.4.3 and standfast do"),
    ("vrrp_strict", "the same"),
    ("vrrp_ipsets", "Debian's 2.2.7 is built without it"),
    ("vrrp_cpu_affinity", "whether there is such a processor is seen when the thread is bound to it"),
    ("checker_cpu_affinity", "the same"),
    ("bfd_cpu_affinity", "the same"),
    ("smtp_server", "the name is asked for with each mail"),
    ("reload_time_file", "keepalived watches a path that is not absolute where it happens to run"),
];

/// Words of scripts and mails are tested where those are; a name of a program would be looked for.
fn has_a_value(row: &Keyword) -> bool {
    let block = matches!(row.arguments, Arguments::Block(_) | Arguments::Values(_) | Arguments::Script);
    !block && !row.name.contains("notify_fifo") && !row.name.contains("iptables")
}

fn is_known(row: &Keyword) -> bool {
    let numbers: Option<Vec<u32>> = row.since.split('.').map(|part| part.parse().ok()).collect();
    numbers.is_some_and(|numbers| numbers <= vec![2, 2, 7])
}

fn instance(name: &str, vrid: &str, interface: &str, lines: &str) -> String {
    format!(
        "vrrp_instance {name} {{\n{interface}\n{vrid}\n{lines}\nvirtual_ipaddress {{\n198.18.0.50\n}}\n}}\n"
    )
}

fn text(context: Context, name: &str, line: &str) -> String {
    let (vrid, interface) = ("virtual_router_id 5", "interface eth0");
    match (context, name) {
        (Context::GlobalDefs, _) => {
            format!("global_defs {{\n{line}\n}}\n{}", instance("I", vrid, interface, ""))
        }
        (Context::SyncGroup, _) => {
            let other = instance("J", "virtual_router_id 6", "interface eth1", "");
            let other = other.replace("198.18.0.50", "198.18.0.60");
            let group = format!("vrrp_sync_group G {{\ngroup {{\nI\nJ\n}}\n{line}\n}}\n");
            format!("{group}{}{other}", instance("I", vrid, interface, ""))
        }
        (_, "virtual_router_id") => instance("I", line, interface, ""),
        (_, "interface") => instance("I", vrid, line, ""),
        (_, "unicast_ttl") => {
            instance("I", vrid, interface, &format!("{line}\nunicast_peer {{\n198.18.0.9\n}}"))
        }
        (_, "vmac_xmit_base") => instance("I", vrid, interface, &format!("use_vmac\n{line}")),
        _ => instance("I", vrid, interface, line),
    }
}

#[test]
fn words_with_all_kinds_of_values_have_keepaliveds_status() {
    let of = |context: Context| context.rows().map(move |row| (context, row));
    let rows = of(Context::Instance).chain(of(Context::SyncGroup)).chain(of(Context::GlobalDefs));
    let rows = rows.filter(|(_, row)| is_known(row) && has_a_value(row));
    let folder = tempfile::tempdir().unwrap();
    let mut files = BTreeMap::new();
    for (context, row) in rows {
        for (at, value) in VALUES.iter().enumerate() {
            let line = format!("{} {value}", row.name);
            let path: PathBuf = folder.path().join(format!("{}-{}-{at}.conf", context.name(), row.name));
            std::fs::write(&path, text(context, row.name, &line)).unwrap();
            files.insert(path, (row.name, line));
        }
    }
    let paths: Vec<PathBuf> = files.keys().cloned().collect();
    let (first, second) = paths.split_at(paths.len() / 2);
    let both = std::thread::scope(|scope| {
        let first = scope.spawn(|| oracle(first));
        let second = oracle(second)?;
        Some(first.join().unwrap()?.into_iter().chain(second).collect::<BTreeMap<_, _>>())
    });
    let Some(oracle) = both else {
        println!("SKIPPED: keepalived cannot be run in a namespace here, so no status was compared");
        return;
    };
    let mut wrong = Vec::new();
    for (path, (name, line)) in &files {
        let text = std::fs::read_to_string(path).unwrap();
        let loaded = load_str(path.to_str().unwrap(), &text, &LoadOptions::default());
        let host = host::check(&loaded, &facts(&loaded.needs));
        let ours = verdict(loaded.diagnostics.iter().chain(&host));
        if ours != oracle[path] && !GAPS.iter().any(|(gap, _)| gap == name) {
            let of = path.file_name().unwrap().to_string_lossy();
            wrong.push(format!("{of} '{line}': {ours}, keepalived {}", oracle[path]));
        }
    }
    assert!(files.len() > 400, "{}", files.len());
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}
