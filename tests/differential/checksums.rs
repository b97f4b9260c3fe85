//! A unicast peer with the checksum that keepalived had until 1.3.6: found out, and answered alike.

use super::elections::Pair;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Subject};
use crate::support::runner::Case;
use crate::support::wait;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("checksums::old_peer_original", || {
            assert!(!hears(Subject::Keepalived), "keepalived answers alike: one difference less");
        }),
        Case::new("checksums::old_peer_ours", || assert!(hears(Subject::Standfast))),
    ]
}

/// A keepalived with the old checksum leads, goes and comes back: does it hear the one that took over, and follow it?
fn hears(subject: Subject) -> bool {
    let pair = Pair::new();
    let start = |subject, index: usize, priority, lines: &str| -> Daemon {
        let (me, peer) = if index == 0 { (1, 2) } else { (2, 1) };
        let lines = format!(
            "{lines}\n version 3\n advert_int 0.5\n unicast_src_ip 10.0.0.{me}\n unicast_peer {{ 10.0.0.{peer} }}"
        );
        pair.start(subject, index, priority, &lines)
    };
    let mut old = start(Subject::Keepalived, 0, 200, "old_unicast_checksum");
    old.await_master("I", 1, wait::seconds(10));
    let second = start(subject, 1, 100, "");
    second.await_line("(I) Setting unicast VRRPv3 checksum to old version", wait::seconds(5));
    assert!(old.stop().success());
    second.await_master("I", 1, wait::seconds(5));
    let old = start(Subject::Keepalived, 0, 50, "old_unicast_checksum");
    old.await_line("(I) Entering BACKUP STATE", wait::seconds(5));
    let capture = Capture::start(&pair.nodes[0]);
    let became_master = || old.process().count("Entering MASTER STATE") > 0;
    // More than it waits for a silent master.
    wait::until("a MASTER, or eight adverts", wait::seconds(10), || {
        became_master() || capture.adverts_received("eth0").len() >= 8
    });
    !became_master()
}
