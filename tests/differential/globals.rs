//! Words of `global_defs` that are about the host and the log.

use super::facts::{Facts, same};
use super::lifecycle::Router;
use crate::support::daemon::{Daemon, Subject};
use crate::support::runner::Case;
use crate::support::{forged, wait};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

pub fn cases() -> Vec<Case> {
    vec![
        same("globals::umask", |subject| umask(subject, "umask 027")),
        same("globals::umask_of_its_own", |subject| umask(subject, "")),
        same("globals::umask_at_a_reload", umask_at_a_reload),
        same("globals::local_igmp", local_igmp),
        same("globals::unknown_vrids", |subject| unknown_vrids(subject, "log_unknown_vrids")),
        same("globals::huge_pages", huge_pages),
        same("globals::unknown_vrids_unsaid", |subject| unknown_vrids(subject, "")),
        same("globals::pid_dir", pid_dir),
        same("globals::groups_of_a_script", its_own_group),
        Case::new("globals::supplementary_groups", supplementary_groups),
        Case::new("globals::random_seed", random_seed),
    ]
}

fn config(global: &str, lines: &str) -> String {
    format!(
        "global_defs {{\n{global}\n}}\nvrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 255\n \
         {lines}\n virtual_ipaddress {{ 10.0.0.50 }}\n}}\n"
    )
}

/// What scripts inherit of huge pages; standfast does without them itself.
fn huge_pages(subject: Subject) -> Facts {
    let router = Router::new();
    let [script, seen] = ["pages.sh", "pages"].map(|name| router.node.dir.join(name));
    write_script(
        &script,
        &format!("grep THP_enabled /proc/self/status > {0}.new\nmv {0}.new {0}", seen.display()),
    );
    let daemon =
        Daemon::start(subject, &router.node, &config("", &format!("notify_master {}", script.display())));
    wait::until("the script has run", wait::seconds(10), || seen.exists());
    if subject == Subject::Standfast {
        let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
        assert!(status.contains("THP_enabled:\t0"), "{status}");
    }
    let mut facts = Facts::default();
    facts.note("huge pages of a script", std::fs::read_to_string(&seen).unwrap());
    facts
}

/// What scripts may leave to others.
fn umask(subject: Subject, global: &str) -> Facts {
    let router = Router::new();
    let [script, seen] = umask_script(&router);
    let lines = format!("notify_master {}", script.display());
    let _daemon = Daemon::start(subject, &router.node, &config(global, &lines));
    wait::until("the script has run", wait::seconds(10), || seen.exists());
    let mut facts = Facts::default();
    facts.note("umask", std::fs::read_to_string(&seen).unwrap());
    facts
}

/// A script that writes its umask into a file.
fn umask_script(router: &Router) -> [PathBuf; 2] {
    let [script, seen] = ["umask.sh", "umask"].map(|name| router.node.dir.join(name));
    write_script(&script, &format!("umask > {0}.new\nmv {0}.new {0}", seen.display()));
    [script, seen]
}

fn write_script(path: &Path, lines: &str) {
    std::fs::write(path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The end of the daemon is the first that scripts hear after it.
fn umask_at_a_reload(subject: Subject) -> Facts {
    let router = Router::new();
    let [script, seen] = umask_script(&router);
    let lines = format!("notify_stop {}", script.display());
    let mut daemon = Daemon::start(subject, &router.node, &config("umask 027", &lines));
    daemon.await_master("I", 1, wait::seconds(10));
    daemon.reload(&config("umask 022", &lines));
    assert!(daemon.stop().success());
    wait::until("the script has run", wait::seconds(5), || seen.exists());
    let mut facts = Facts::default();
    facts.note("umask", std::fs::read_to_string(&seen).unwrap());
    facts
}

/// Words that say where a daemon and its processes are, and those that standfast, one process, says that it does without.
fn pid_dir(subject: Subject) -> Facts {
    const WITHOUT_EFFECT: [&str; 6] = [
        "process_names",
        "process_name",
        "vrrp_process_name",
        "config_save_dir",
        "child_wait_time",
        "namespace_with_ipsets",
    ];
    let router = Router::new();
    let node = &router.node;
    let path = node.dir.join("keepalived.conf");
    let global = format!(
        "process_names\n process_name kp\n vrrp_process_name kv\n config_save_dir {0}\n tmp_config_directory {0}",
        node.dir.join("run").display()
    );
    let text = format!("use_pid_dir\nchild_wait_time 2\nnamespace_with_ipsets\n{}", config(&global, ""));
    std::fs::write(&path, text).unwrap();
    let tested = Daemon::run(subject, node, &["-t", "-f", path.to_str().unwrap()]);
    let mut facts = Facts::default();
    facts.note("status of -t", tested.status.to_string());
    let binary = subject.binary();
    let mut process =
        node.spawn(binary.to_str().unwrap(), &["-n", "-l", "-D", "-G", "-f", path.to_str().unwrap()]);
    process.await_line("Entering MASTER STATE", wait::seconds(10));
    let pid_files = || node.sh(&format!("cd {}/run && find . -name '*.pid' | sort", node.dir.display()));
    facts.note("pid files", pid_files());
    let main = std::fs::read_to_string(node.dir.join("run/keepalived/keepalived.pid")).unwrap();
    facts.note("the main one is right", (main.trim() == process.pid().to_string()).to_string());
    if subject == Subject::Standfast {
        for word in WITHOUT_EFFECT {
            let said = process.count(&format!("'{word}' is accepted, but has no effect yet"));
            assert_eq!(said, 1, "{word}: {:?}", process.lines());
        }
    }
    node.sh(&format!("kill {}", process.pid()));
    facts.note("exit status", process.await_end(wait::seconds(15)).to_string());
    facts.note("pid files at the end", pid_files());
    facts
}

/// What a script hears of the groups of its user, who is in two.
fn groups_of_a_script(subject: Subject, global: &str) -> String {
    let router = Router::new();
    let node = &router.node;
    std::fs::create_dir_all(node.dir.join("etc")).unwrap();
    let groups = std::fs::read_to_string("/etc/group").unwrap() + "watchers:x:4242:nobody\n";
    std::fs::write(node.dir.join("etc/group"), groups).unwrap();
    // The node's directory is nobody else's: its `bin` and `run` are bound where everybody may go.
    write_script(&node.dir.join("bin/groups.sh"), "id -G > /run/seen.new\nmv /run/seen.new /run/seen");
    let seen = node.dir.join("run/seen");
    std::fs::set_permissions(seen.parent().unwrap(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let global = format!("{global}\n script_user nobody\n enable_script_security");
    let text = config(&global, "notify_master /usr/local/bin/groups.sh");
    let daemon = Daemon::start(subject, node, &text);
    wait::value(
        "the script has run",
        wait::seconds(10),
        || seen.exists().then_some(()),
        || daemon.process().log(),
    );
    std::fs::read_to_string(&seen).unwrap()
}

/// Without `set_supplementary_groups`.
fn its_own_group(subject: Subject) -> Facts {
    let mut facts = Facts::default();
    facts.note("groups", groups_of_a_script(subject, ""));
    facts
}

/// With it, of which 2.2.7 knows nothing.
fn supplementary_groups() {
    let groups = groups_of_a_script(Subject::Standfast, "set_supplementary_groups");
    assert!(groups.split_whitespace().any(|group| group == "4242"), "{groups}");
}

/// The seed of what runs is that of the next reading. (keepalived's parent reads for its children, and does not keep it.)
fn random_seed() {
    let router = Router::new();
    let node = &router.node;
    // The second route tells which reading it is.
    let text = |reading: u32, seed: u32| {
        let routes = format!("10.7.0.0/16 dev eth0 metric $X\n 10.8.0.0/16 dev eth0 metric {reading}");
        let instance = config(&format!("random_seed {seed}"), &format!("virtual_routes {{\n {routes}\n}}"));
        format!("$X=${{_RANDOM 1 65000}}\n{instance}")
    };
    let daemon = Daemon::start(Subject::Standfast, node, &text(1, 7));
    daemon.await_master("I", 1, wait::seconds(10));
    let [first, again, other] = [(2, 7), (3, 8), (4, 7)].map(|(reading, seed)| {
        daemon.reload(&text(reading, seed));
        let all = || node.sh("ip route show 10.7.0.0/16; ip route show 10.8.0.0/16");
        let new = format!("10.8.0.0/16 dev eth0 proto keepalived metric {reading} ");
        let done = || (all().contains(&new) && all().lines().count() == 2).then_some(());
        wait::value("the new routes", wait::seconds(5), done, all);
        all().lines().next().unwrap().to_owned()
    });
    assert_eq!(first, again, "both read with 7");
    assert_ne!(again, other, "read with 8");
}

/// The kernel's setting from before the start to after the stop.
fn local_igmp(subject: Subject) -> Facts {
    let router = Router::new();
    let mut facts = Facts::default();
    let look = |facts: &mut Facts, when: &str| {
        facts.note(when, router.node.sh("cat /proc/sys/net/ipv4/igmp_link_local_mcast_reports"));
    };
    look(&mut facts, "before");
    let mut daemon = Daemon::start(subject, &router.node, &config("disable_local_igmp", ""));
    daemon.await_master("I", 1, wait::seconds(10));
    look(&mut facts, "while it runs");
    daemon.ask_for_reload(&config("", ""));
    daemon.await_line("Cannot change disable_local_igmp at a reload", wait::seconds(5));
    look(&mut facts, "after a reload without it");
    facts.note("exit status", daemon.stop().to_string());
    look(&mut facts, "after the stop");
    facts
}

/// Another virtual router speaks on the link.
fn unknown_vrids(subject: Subject, global: &str) -> Facts {
    let router = Router::new();
    let daemon = Daemon::start(subject, &router.node, &config(global, ""));
    daemon.await_master("I", 1, wait::seconds(10));
    forged::send(&router.neighbour, [10, 0, 0, 2], [10, 0, 0, 2], &forged::advert(77, 100));
    // What follows has been heard, so that was too.
    forged::send(&router.neighbour, [10, 0, 0, 2], [10, 0, 0, 2], &forged::advert(51, 100));
    daemon.await_line("forcing new election", wait::seconds(5));
    let mut facts = Facts::default();
    let said = daemon.process().count("Unknown VRID(77) received on interface(eth0)");
    facts.note("said", said.to_string());
    facts
}
