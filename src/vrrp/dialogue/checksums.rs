//! Version 3 over IPv4 with the checksums that others make.

use super::*;
use crate::config::model::UnicastPeer;
use crate::config::model::options::{InstanceOptions, OldChecksum};
use crate::vrrp::checksum::Checksum;

const OTHER: &str = "10.0.0.3";
const OLD: Checksum = Checksum::OldUnicast(std::net::Ipv4Addr::new(224, 0, 0, 18));

fn unicast(options: InstanceOptions) -> VrrpInstance {
    let peer = |text| UnicastPeer { address: ip(text), min_ttl: None, max_ttl: None };
    VrrpInstance {
        version: Version::V3,
        unicast_peers: [peer(PEER), peer(OTHER)].into(),
        options: options.into(),
        ..instance("A", 1, 200)
    }
}

/// A master of that kind, and the time.
fn master(options: InstanceOptions) -> (Talk, f64) {
    let mut talk = Talk::alone(unicast(options));
    talk.due(3.21875);
    (talk, 3.21875)
}

/// The peer sends an advert with this checksum, to us alone or to the group; was it taken?
fn taken(talk: &mut Talk, now: f64, to: &str, checksum: Checksum) -> bool {
    let terms = Terms { checksum, ..talk.terms };
    let payload = wire::emit(&terms, 100, [ip("192.168.0.1")].into_iter(), ip(PEER), ip(to));
    let datagram = Datagram {
        received_at: at(now),
        interface: IfIndex(2),
        source: ip(PEER),
        destination: ip(to),
        ttl: 255,
        header: &[],
        payload: &payload,
    };
    talk.event(at(now), Event::Packet(datagram)).contains(&"lower".into())
}

/// By the next adverts: which checksum each receiver gets.
fn sent(talk: &mut Talk) -> Vec<Checksum> {
    let mut out = Vec::new();
    talk.router.expire(talk.router.deadline().unwrap(), &mut out);
    let adverts = out.iter().filter_map(|action| match action {
        Action::Transmit { source, destination, payload, .. } => Some((*source, *destination, payload)),
        _ => None,
    });
    let which = |(source, destination, payload): (IpAddr, IpAddr, &Arc<[u8]>)| {
        let fits = |how: &Checksum| {
            let mut again = payload.to_vec();
            how.write(&mut again, source, destination, Version::V3);
            again[..] == payload[..]
        };
        [Checksum::Standard, Checksum::AsV2, OLD].into_iter().find(fits).unwrap()
    };
    adverts.map(which).collect()
}

#[test]
fn a_peer_with_the_old_checksum_is_found_out_and_answered_alike() {
    let (mut talk, start) = master(InstanceOptions::default());
    assert_eq!(sent(&mut talk), [Checksum::Standard, Checksum::Standard]);
    assert!(taken(&mut talk, start + 1.1, US, OLD));
    assert_eq!(sent(&mut talk), [OLD, Checksum::Standard], "the other peer is asked nothing of");
    assert!(!taken(&mut talk, start + 2.2, US, Checksum::AsV2));
    assert!(taken(&mut talk, start + 2.3, US, Checksum::Standard), "and it may be replaced by a newer one");
    assert_eq!(sent(&mut talk), [Checksum::Standard, Checksum::Standard]);
}

#[test]
fn the_old_checksum_always_or_never() {
    let options = |old_unicast_checksum| InstanceOptions { old_unicast_checksum, ..Default::default() };
    let (mut talk, start) = master(options(OldChecksum::Always));
    assert_eq!(sent(&mut talk), [OLD, OLD]);
    assert!(taken(&mut talk, start + 1.1, US, OLD));
    assert!(!taken(&mut talk, start + 1.2, US, Checksum::Standard));
    let (mut talk, start) = master(options(OldChecksum::Never));
    assert!(!taken(&mut talk, start + 1.1, US, OLD));
    assert!(taken(&mut talk, start + 1.2, US, Checksum::Standard));
    assert_eq!(sent(&mut talk), [Checksum::Standard, Checksum::Standard]);
}

#[test]
fn without_the_pseudo_header_and_both_are_heard() {
    let options = InstanceOptions { v3_checksum_as_v2: true, ..Default::default() };
    let multicast = VrrpInstance { unicast_peers: Box::default(), ..unicast(options) };
    let mut talk = Talk::alone(multicast);
    talk.due(3.21875);
    assert_eq!(sent(&mut talk), [Checksum::AsV2]);
    assert!(taken(&mut talk, 4.3, GROUP, Checksum::AsV2));
    assert!(taken(&mut talk, 4.4, GROUP, Checksum::Standard));
    assert_eq!(sent(&mut talk), [Checksum::AsV2], "whoever else is there");
}

#[test]
fn priority_zero_keeps_the_checksum() {
    let options = InstanceOptions { v3_checksum_as_v2: true, ..Default::default() };
    let (mut talk, _) = master(options);
    let mut out = Vec::new();
    talk.router.handle(at(4.0), Event::Stop, &mut out);
    let resigned = out.iter().find_map(|action| match action {
        Action::Transmit { payload, .. } => Some(payload.to_vec()),
        _ => None,
    });
    let mut again = resigned.clone().unwrap();
    assert_eq!(again[2], 0);
    Checksum::AsV2.write(&mut again, ip(US), ip(PEER), Version::V3);
    assert_eq!(Some(again), resigned);
}
