//! standfast's own package and unit on a director that never had keepalived.

use super::{CONFIG, VIP, WITHOUT_KEEPALIVED, assert_nothing_held, await_master, configure, install, pair};
use crate::support::systemd::Director;

/// The unit's thirty seconds would be long to wait for.
const WATCHED: &str = r"
mkdir -p etc/systemd/system/standfast.service.d
printf '[Service]\nWatchdogSec=12\n' >etc/systemd/system/standfast.service.d/watched.conf
";

/// Installed, it runs, and after a reboot too; it outlives what happens to it; upgraded, removed, installed again and
/// purged without a trace.
pub fn a_fresh_director() {
    let director = Director::boot("fresh", &format!("{WITHOUT_KEEPALIVED}{}{WATCHED}", configure()));
    install(&director, "standfast");
    assert_eq!(director.state("standfast"), pair("active", "enabled"), "{}", director.journal());
    assert_eq!(director.show("standfast", "StatusText"), "Running");
    let wanted = director.show("multi-user.target", "Wants");
    assert!(wanted.contains("standfast.service"), "{wanted}");
    await_master(&director);
    let logged = director.sh("journalctl -q -t Keepalived_vrrp -o cat");
    assert!(logged.contains("(V) Entering MASTER STATE"), "{logged}");

    capabilities_are_those_of_the_unit(&director);
    scripts_write_where_they_may(&director);
    reloads(&director);
    restarts(&director);
    upgrades_and_stops(&director);
    goes(&director);
}

/// The watchdog is fed while all is well; a daemon that dies, or hangs, is started again and defends what it finds.
#[track_caller]
fn restarts(director: &Director) {
    let fed = director.show("standfast", "WatchdogTimestampMonotonic");
    let feeding = "systemctl show --property WatchdogTimestampMonotonic --value standfast";
    director.until("the watchdog is fed again", &format!("[ $({feeding}) != {fed} ]"));
    assert_eq!(director.show("standfast", "NRestarts"), "0", "{}", director.journal());

    director.sh("systemctl kill --signal KILL --kill-whom main standfast");
    await_restart(director, 1);
    director.until("it knows what it finds", "journalctl -q | grep -q 'left behind by a predecessor'");
    await_master(director);

    director.sh("systemctl kill --signal STOP --kill-whom main standfast");
    director
        .until("systemd has had enough", "journalctl -q | grep -q 'standfast.service: Watchdog timeout'");
    await_restart(director, 2);
    await_master(director);
}

/// An upgrade puts the new program in charge, but starts nothing that was stopped.
#[track_caller]
fn upgrades_and_stops(director: &Director) {
    let before = director.show("standfast", "MainPID");
    install(director, "standfast");
    let after = director.show("standfast", "MainPID");
    assert!(after != before && after != "0", "{before} {after}\n{}", director.journal());
    await_master(director);

    director.sh("systemctl stop standfast");
    assert_eq!(director.show("standfast", "Result"), "success");
    assert_nothing_held(director);
    assert_eq!(director.sh("cd /run; ls | grep 'pid$' || true"), "");
    director.until("the script heard of the stop", "grep -q 'INSTANCE V STOP 100' /var/lib/noted/calls");
    install(director, "standfast");
    assert_eq!(director.state("standfast"), pair("inactive", "enabled"));
}

/// Removing stops it, installing again starts it, purging leaves nothing but the operator's file.
#[track_caller]
fn goes(director: &Director) {
    director.sh("systemctl start standfast");
    await_master(director);
    director.sh("dpkg --remove standfast");
    assert_nothing_held(director);
    director.sh("! pidof standfast");
    install(director, "standfast");
    assert_eq!(director.state("standfast"), pair("active", "enabled"), "{}", director.journal());

    director.sh("dpkg --purge standfast");
    assert_nothing_held(director);
    director.sh("! pidof standfast; rm -r /etc/systemd/system/standfast.service.d");
    assert_eq!(director.traces("standfast"), "");
    assert_eq!(director.show("standfast", "LoadState"), "not-found");
    director.sh("[ -s /etc/keepalived/keepalived.conf ]");
}

#[track_caller]
fn await_restart(director: &Director, number: u32) {
    let asked = ["NRestarts", "SubState"].map(|name| format!("$(systemctl show -P {name} standfast)"));
    let condition = format!("[ \"{}\" = '{number} running' ]", asked.join(" "));
    director.until("systemd has started it again", &condition);
}

/// `systemctl reload` fails where the file was refused, and only there; the daemon goes on in any case.
#[track_caller]
fn reloads(director: &Director) {
    let daemon = director.show("standfast", "MainPID");
    let write =
        |text: &str| std::fs::write(director.file("/etc/keepalived/keepalived.conf"), text).unwrap();
    write(&CONFIG.replace("priority 100", "priority 120"));
    director.sh("systemctl reload standfast");
    director.sh("standfast reload");

    write(&format!("{CONFIG}unheard_of 1\n"));
    director.sh("systemctl reload standfast");

    write(&CONFIG.replace("vrrp_instance V {", "vrrp_instance V"));
    let refused = director.try_sh("systemctl reload standfast");
    assert!(!refused.status.success(), "{}", director.journal());
    let status = director.show("standfast", "StatusText");
    assert!(status.starts_with("Reload refused"), "{status}");
    assert_eq!(director.show("standfast", "ActiveState"), "active");

    write(CONFIG);
    director.sh("systemctl reload standfast");
    assert_eq!(director.show("standfast", "StatusText"), "Running");
    assert_eq!(director.show("standfast", "MainPID"), daemon);
    assert!(director.holds(VIP));
}

/// As `linux/capability.h` numbers those that the unit names.
const NUMBERS: [(&str, u32); 14] = [
    ("chown", 0),
    ("dac_override", 1),
    ("fowner", 3),
    ("kill", 5),
    ("setgid", 6),
    ("setuid", 7),
    ("net_bind_service", 10),
    ("net_broadcast", 11),
    ("net_admin", 12),
    ("net_raw", 13),
    ("ipc_lock", 14),
    ("sys_module", 16),
    ("sys_ptrace", 19),
    ("sys_nice", 23),
];

#[track_caller]
fn capabilities_are_those_of_the_unit(director: &Director) {
    let unit = include_str!("../../../packaging/systemd/standfast.service");
    let named = unit.lines().filter_map(|line| line.strip_prefix("CapabilityBoundingSet="));
    let mask = named.flat_map(str::split_whitespace).fold(0_u64, |mask, name| {
        let name = name.trim_start_matches("CAP_").to_lowercase();
        let number = NUMBERS.iter().find(|(known, _)| *known == name);
        mask | 1 << number.unwrap_or_else(|| panic!("{name} has no number here")).1
    });
    let daemon = director.show("standfast", "MainPID");
    let status = director.sh(&format!("cat /proc/{daemon}/status"));
    for set in ["CapPrm", "CapEff", "CapBnd"] {
        assert!(status.contains(&format!("{set}:\t{mask:016x}\n")), "{mask:016x}\n{status}");
    }
    // One thread is scheduled by SCHED_RR: the unit allows it.
    director
        .sh(&format!("awk '{{ sub(/.*\\) /, \"\"); print $39 }}' /proc/{daemon}/task/*/stat | grep -qx 2"));
}

#[track_caller]
fn scripts_write_where_they_may(director: &Director) {
    let expected = "INSTANCE V MASTER 100 keepalived_script";
    director.until("the script ran as its user", &format!("grep -qx '{expected}' /var/lib/noted/calls"));
    director.sh("[ ! -e /var/lib/not-ours ]");
}
