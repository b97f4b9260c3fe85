//! Exit statuses: of the configuration test, of wrong command lines, of configurations that cannot run.

use super::facts::{Facts, same};
use super::lifecycle::Router;
use crate::support::daemon::{Daemon, Subject};
use crate::support::runner::Case;

const GOOD: &str =
    "vrrp_instance I {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress { 10.0.0.50 }\n}\n";

/// Configurations for `-t`, by name.
const FILES: [(&str, &str); 14] = [
    ("good", GOOD),
    ("empty", ""),
    (
        "unknown_keyword",
        "vrrp_instance I {\n interface eth0\n virtual_router_id 51\n wrong_word 3\n virtual_ipaddress { 10.0.0.50 }\n}\n",
    ),
    ("unknown_block", "wrong_block X {\n nothing 1\n}\n"),
    ("no_router_id", "vrrp_instance I {\n interface eth0\n virtual_ipaddress { 10.0.0.50 }\n}\n"),
    (
        "router_id_256",
        "vrrp_instance I {\n interface eth0\n virtual_router_id 256\n virtual_ipaddress { 10.0.0.50 }\n}\n",
    ),
    (
        "no_such_interface",
        "vrrp_instance I {\n interface eth7\n virtual_router_id 51\n virtual_ipaddress { 10.0.0.50 }\n}\n",
    ),
    ("no_address", "vrrp_instance I {\n interface eth0\n virtual_router_id 51\n}\n"),
    (
        "missing_brace",
        "vrrp_instance I {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress { 10.0.0.50 }\n",
    ),
    (
        "priority_300",
        "vrrp_instance I {\n interface eth0\n virtual_router_id 51\n priority 300\n virtual_ipaddress { 10.0.0.50 }\n}\n",
    ),
    (
        "bad_address",
        "vrrp_instance I {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress { 10.0.0.500 }\n}\n",
    ),
    (
        "script_security",
        "vrrp_script s {\n script /usr/bin/true\n}\nvrrp_instance I {\n interface eth0\n virtual_router_id 51\n track_script { s }\n virtual_ipaddress { 10.0.0.50 }\n}\n",
    ),
    (
        "service",
        "virtual_server 10.0.0.9 80 {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n real_server 10.0.0.2 80 {\n TCP_CHECK {\n connect_timeout 3\n }\n }\n}\n",
    ),
    ("service_without_protocol", "virtual_server 10.0.0.9 80 {\n real_server 10.0.0.2 80 {\n }\n}\n"),
];

/// Lines that say how strict an include is; the last word is that of the include.
const STRICTNESS: [(&str, &str); 11] = [
    ("", "include"),
    ("", "includer"),
    ("", "includem"),
    ("", "includew"),
    ("", "includeb"),
    ("", "includea"),
    ("include_check", "include"),
    ("include_check match", "include"),
    ("include_check wildcard_match", "include"),
    ("include_check +brace_match", "include"),
    ("include_check +brace_match +match -brace_match", "include"),
];

/// What they include from a folder that has `a.conf` and the folder `sub`.
const INCLUDED: [&str; 17] = [
    "a.conf",
    "sub",
    "x.conf",
    "x*.conf",
    "x[12].conf",
    "absent/*.conf",
    "a.conf/*.conf",
    "su*/x.conf",
    "ab*/x.conf",
    "{a,x}.conf",
    "{x,y}.conf",
    "{x}.conf",
    "{a,x}*.conf",
    "{x,y}*.conf",
    "{x*,a}.conf",
    "{x,a*}.conf",
    "absent/{a,b}*.conf",
];

/// Command lines that end at once.
const COMMANDS: [&[&str]; 6] = [
    &["-v"],
    &["--version"],
    &["-h"],
    &["--no-such-option"],
    &["--signum=STOP"],
    &["-n", "-l", "-f", "/nonexistent/keepalived.conf"],
];

pub fn cases() -> Vec<Case> {
    vec![
        same("exit_codes::of_the_test", of_the_test),
        same("exit_codes::of_the_users_files", of_the_users_files),
        same("exit_codes::of_command_lines", of_command_lines),
        same("exit_codes::of_includes", of_includes),
    ]
}

fn of_the_test(subject: Subject) -> Facts {
    let router = Router::new();
    let mut facts = Facts::default();
    for (name, text) in FILES {
        let file = router.node.dir.join(format!("{name}.conf"));
        std::fs::write(&file, text).unwrap();
        let output = Daemon::run(subject, &router.node, &["-t", "-f", &file.display().to_string()]);
        facts.note(format!("-t of {name}"), output.status.to_string());
    }
    let missing = Daemon::run(subject, &router.node, &["-t", "-f", "/nonexistent/keepalived.conf"]);
    facts.note("-t of a missing file", missing.status.to_string());
    facts
}

fn of_the_users_files(subject: Subject) -> Facts {
    let router = Router::new();
    let mut facts = Facts::default();
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/examples");
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "conf"));
    files.sort();
    for file in files {
        let output = Daemon::run(subject, &router.node, &["-t", "-f", &file.display().to_string()]);
        facts.note(
            format!("-t of {}", file.file_name().unwrap().to_string_lossy()),
            output.status.to_string(),
        );
    }
    facts
}

fn of_includes(subject: Subject) -> Facts {
    let router = Router::new();
    let dir = &router.node.dir;
    std::fs::create_dir(dir.join("sub")).unwrap();
    std::fs::write(dir.join("a.conf"), "").unwrap();
    let mut names = Vec::new();
    for (row, (check, keyword)) in STRICTNESS.iter().enumerate() {
        for (column, pattern) in INCLUDED.iter().enumerate() {
            let text = format!("global_defs {{\n {check}\n}}\n{keyword} {pattern}\n{GOOD}");
            std::fs::write(dir.join(format!("test-{row}-{column}")), text).unwrap();
            names.push((format!("test-{row}-{column}"), format!("{check} {keyword} {pattern}")));
        }
    }
    // All of them in one go: each by itself would take longer to be started than to be read.
    let files: Vec<&str> = names.iter().map(|(file, _)| file.as_str()).collect();
    let statuses = router.node.sh(&format!(
        "cd {}; for file in {}; do timeout 20 {} -t -f $PWD/$file >/dev/null 2>&1; echo $?; done",
        dir.display(),
        files.join(" "),
        subject.binary().display()
    ));
    let mut facts = Facts::default();
    for ((_, name), status) in names.iter().zip(statuses.lines()) {
        facts.note(name, status);
    }
    facts.note("how many", statuses.lines().count().to_string());
    facts
}

fn of_command_lines(subject: Subject) -> Facts {
    let router = Router::new();
    let mut facts = Facts::default();
    for args in COMMANDS {
        let output = Daemon::run(subject, &router.node, args);
        facts.note(args.join(" "), output.status.to_string());
    }
    facts
}
