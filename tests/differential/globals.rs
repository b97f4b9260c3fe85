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
