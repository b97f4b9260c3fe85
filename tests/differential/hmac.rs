//! `auth_hmac` between two daemons. The keepalived of this machine may be too old for it; what a newer one sends is in
//! `fixtures/captures`, and where it is new enough it takes part here.

use super::elections::Pair;
use super::interop;
use crate::support::below::Below;
use crate::support::daemon::{Daemon, Subject};
use crate::support::runner::Case;
use crate::support::wait;
use std::process::Command;

const KEY: &str = "hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

const FLAVOURS: [(&str, &str); 5] = [
    ("version_2", ""),
    ("unicast", "version 3\n unicast_src_ip 10.0.0.ME\n unicast_peer { 10.0.0.PEER }"),
    ("monotonic", "# monotonic"),
    ("ipv6", "native_ipv6"),
    ("virtual_mac", "use_vmac"),
];

pub fn cases() -> Vec<Case> {
    use Subject::{Keepalived, Standfast};
    let mut pairs = vec![("both", Standfast, Standfast)];
    if keepalived_has_it() {
        pairs.extend([
            ("keepalived_leads", Keepalived, Standfast),
            ("standfast_leads", Standfast, Keepalived),
        ]);
    }
    let mut cases = Vec::new();
    for (pair, master, backup) in pairs {
        for (flavour, lines) in FLAVOURS {
            let replay = if lines.contains("monotonic") { "anti_replay monotonic" } else { "" };
            cases.push(Case::new(format!("hmac::{pair}::{flavour}"), move || {
                interop::lead(
                    master,
                    backup,
                    Below::Cable,
                    &format!("{}\n{lines}", block("enforce", 1, replay)),
                );
            }));
        }
        cases.push(Case::new(format!("hmac::{pair}::roll_out"), move || roll_out(master, backup)));
        cases.push(Case::new(format!("hmac::{pair}::misfits"), move || misfits(master, backup)));
    }
    cases
}

/// 2.4 brought it.
fn keepalived_has_it() -> bool {
    let version = Command::new("/usr/sbin/keepalived").arg("-v").output();
    let text =
        version.map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).unwrap_or_default();
    let number = text.split("Keepalived v").nth(1).unwrap_or_default().to_owned();
    let mut parts = number.split(['.', ' ']).map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next(), parts.next()) >= (Some(2), Some(4))
}

/// Two keys, of which one signs.
fn block(mode: &str, active: u8, more: &str) -> String {
    format!(
        "auth_hmac {{\n key 1 {KEY}\n key 2 a-passphrase-of-more-than-thirty-two-bytes\n active_key {active}\n \
         mode {mode}\n {more}\n }}"
    )
}

fn text(pair: &Pair, index: usize, more: &str) -> String {
    let priority = [200, 100][index];
    let script = pair.recorders[index].script();
    format!(
        "vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority {priority}\n {more}\n \
         virtual_ipaddress {{\n 10.0.0.50/24\n }}\n notify {script}\n}}\n"
    )
}

/// Waits until the backup has heard `count` more adverts, or has refused them.
fn pass(pair: &Pair, count: usize) {
    let capture = crate::support::capture::Capture::start(&pair.nodes[1]);
    wait::until("adverts pass", wait::seconds(10), || {
        capture.frames().iter().filter(|frame| !frame.outgoing && frame.advert().is_some()).count() >= count
    });
}

/// From no authentication to one that is enforced, and on to another key: the backup never takes over.
fn roll_out(master: Subject, backup: Subject) {
    let pair = Pair::new();
    let start = |subject, index| Daemon::start(subject, &pair.nodes[index], &text(&pair, index, ""));
    let mut first = start(master, 0);
    first.await_master("I", 1, wait::seconds(10));
    let second = start(backup, 1);
    second.await_line("(I) Entering BACKUP STATE", wait::seconds(5));
    let steps = [
        block("receive-only", 1, ""),
        block("permissive", 1, ""),
        block("enforce", 1, ""),
        block("enforce", 2, ""),
    ];
    for step in steps {
        // In either order of the nodes: here the sender goes last, so that it is always understood.
        for (daemon, index) in [(&second, 1), (&first, 0)] {
            daemon.reload(&text(&pair, index, &step));
            pass(&pair, 5);
        }
    }
    let takeovers = second.process().count("Entering MASTER");
    assert_eq!(takeovers, 0, "nothing was missed\n{}", second.process().log());
    assert!(first.stop().success());
    second.await_master("I", 1, wait::seconds(5));
}

/// Pairs that do not fit: each hears nobody.
fn misfits(master: Subject, backup: Subject) {
    let misfits = [
        (String::new(), "missing authentication trailer from 10.0.0.1"),
        (block("enforce", 1, "").replace("1e1f", "1e1e"), "invalid authentication HMAC from 10.0.0.1"),
        (
            block("enforce", 3, "key 3 another-passphrase-of-more-than-thirty-two-bytes"),
            "unknown authentication key id 3 from 10.0.0.1",
        ),
    ];
    for (theirs, line) in misfits {
        let pair = Pair::new();
        let start = |subject, index, lines: &str| {
            Daemon::start(subject, &pair.nodes[index], &text(&pair, index, lines))
        };
        let first = start(master, 0, &theirs);
        first.await_master("I", 1, wait::seconds(10));
        let second = start(backup, 1, &block("enforce", 1, ""));
        second.await_line(&format!("(I) {line}"), wait::seconds(5));
        second.await_master("I", 1, wait::seconds(10));
    }
}
