//! A virtual address with a virtual MAC in a fabric that blocks a MAC which moves too often.

use super::example;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Subject};
use crate::support::net::Net;
use crate::support::wait;
use std::time::Duration;

const VIRTUAL_MAC: [u8; 6] = [0, 0, 0x5e, 0, 1, 50];

/// The file's own host is the backup first: nothing leaves it with the virtual MAC until it takes over.
pub fn run(subject: Subject) {
    let net = Net::new();
    let (own, peer) = (net.node("own"), net.node("peer"));
    let _switch =
        net.lan("fabric", &[(&own, "ens192", "10.50.50.51/24"), (&peer, "ens192", "10.50.50.52/24")]);
    let text = std::fs::read_to_string(example("evpn.conf")).unwrap();
    let mirrored = text
        .replace("10.50.50.51", "OWN")
        .replace("10.50.50.52", "10.50.50.51")
        .replace("OWN", "10.50.50.52");
    let mut first = Daemon::start(subject, &peer, &mirrored);
    first.await_master("test", 1, wait::seconds(10));

    let capture = Capture::start(&own);
    let second = Daemon::start(subject, &own, &text);
    second.await_line("(test) Entering BACKUP STATE (init)", wait::seconds(10));
    let link = own.sh("ip -d -o link show vrrp.50");
    assert!(link.contains("00:00:5e:00:01:32") && link.contains("macvlan mode private"), "{link}");
    // Three adverts of the master: time enough for anything the backup would send on its own.
    let heard = || capture.adverts_received("ens192").len();
    wait::until("four adverts heard by the backup", wait::seconds(15), || heard() >= 4);
    let moved = |capture: &Capture| {
        let frames = capture.frames();
        let left = frames.iter().filter(|frame| frame.outgoing && frame.interface == "ens192");
        left.filter(|frame| frame.source_mac() == Some(VIRTUAL_MAC)).count()
    };
    assert_eq!(moved(&capture), 0, "a frame with the virtual MAC left the backup");
    assert!(!own.has("vrrp.50", "10.50.50.50/32"));

    assert!(first.stop().success());
    second.await_master("test", 1, wait::seconds(10));
    own.await_address("vrrp.50", "10.50.50.50/32", true, wait::seconds(5));
    wait::until("the virtual MAC is announced", wait::seconds(10), || moved(&capture) >= 5);
    wait::until("adverts leave", wait::seconds(5), || !capture.adverts_sent("ens192").is_empty());
    for (_, advert) in capture.adverts_sent("ens192") {
        assert_ne!(
            advert.source_mac, VIRTUAL_MAC,
            "vmac_xmit_base: adverts leave with the MAC of the interface"
        );
        assert_eq!(
            (advert.source.to_string(), advert.target.to_string()),
            ("10.50.50.51".into(), "10.50.50.52".into())
        );
    }

    let returned = Daemon::start(subject, &peer, &mirrored);
    returned.await_line("(test) Entering BACKUP STATE (init)", wait::seconds(10));
    let sent = capture.adverts_sent("ens192").len();
    wait::until("five more adverts", wait::seconds(15) + Duration::from_secs(5), || {
        capture.adverts_sent("ens192").len() >= sent + 5
    });
    assert_eq!(
        returned.process().count("Entering MASTER STATE"),
        0,
        "nopreempt: who holds the address keeps it"
    );
}
