//! keepalived and standfast on one director, in the steps of `docs/swap.md`.

use super::{VIP, assert_nothing_held, await_master, configure, install, pair};
use crate::support::systemd::Director;

/// A command of the document, run as it stands there.
#[track_caller]
fn documented(director: &Director, command: &str) {
    let document = include_str!("../../../docs/swap.md");
    let line = format!("sudo {command}");
    let found = document.lines().any(|text| text.split('#').next().is_some_and(|text| text.trim() == line));
    assert!(found, "docs/swap.md does not say: {line}");
    director.sh(&format!("{command} 2>&1"));
}

/// Beside keepalived, in its place, under its name, and the way back from each.
pub fn there_and_back() {
    let director = Director::boot("swap", &configure());
    director.sh("systemctl enable --now keepalived 2>&1");
    await_master(&director);
    beside(&director);
    in_its_place(&director);
    under_its_name(&director);

    director.sh("dpkg --purge standfast standfast-keepalived");
    assert_eq!(director.traces("standfast"), "");
    assert!(director.holds(VIP), "{}", director.journal());
}

/// Installing changes nothing; then either one stops the other.
#[track_caller]
fn beside(director: &Director) {
    let before = director.show("keepalived", "MainPID");
    install(director, "standfast");
    assert_eq!(director.show("keepalived", "MainPID"), before, "{}", director.journal());
    assert_eq!(director.state("standfast"), pair("inactive", "disabled"));

    for (ours, theirs) in [("standfast", "keepalived"), ("keepalived", "standfast")] {
        director.sh(&format!("systemctl start {ours}"));
        assert_eq!(director.state(theirs).0, "inactive", "{}", director.journal());
        assert_eq!(director.show(theirs, "Result"), "success");
        await_master(director);
    }
}

#[track_caller]
fn in_its_place(director: &Director) {
    documented(director, "systemctl disable --now keepalived");
    assert_nothing_held(director);
    documented(director, "systemctl enable --now standfast");
    assert_eq!(director.state("standfast"), pair("active", "enabled"));
    await_master(director);

    documented(director, "systemctl disable --now standfast");
    assert_nothing_held(director);
    documented(director, "systemctl enable --now keepalived");
    assert_eq!(director.state("keepalived").0, "active");
    await_master(director);
}

/// The second package takes over an enabled keepalived, its remains may go, and keepalived can return.
#[track_caller]
fn under_its_name(director: &Director) {
    // apt's order.
    director.sh("dpkg --remove keepalived");
    assert_nothing_held(director);
    install(director, "standfast-keepalived");
    assert_eq!(director.state("standfast"), pair("active", "enabled"), "{}", director.journal());
    assert_eq!(director.state("keepalived"), pair("active", "alias"));
    await_master(director);
    director.sh("dpkg --purge keepalived");
    assert_eq!(director.state("standfast"), pair("active", "enabled"), "{}", director.journal());

    let version = director.sh("keepalived --version 2>&1");
    assert!(version.contains("Keepalived v"), "{version}");
    for command in ["reload", "restart", "disable", "enable"] {
        director.sh(&format!("systemctl {command} keepalived 2>&1"));
    }
    assert_eq!(director.state("standfast"), pair("active", "enabled"), "{}", director.journal());
    await_master(director);

    director.sh("dpkg --remove standfast-keepalived");
    install(director, "keepalived");
    documented(director, "systemctl disable --now standfast");
    documented(director, "systemctl enable --now keepalived");
    await_master(director);
}
