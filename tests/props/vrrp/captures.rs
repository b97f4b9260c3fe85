//! Adverts captured from keepalived 2.2.7 against ours for the same configuration, byte for byte; the
//! captures and the configurations that made them are in `fixtures/captures`.

use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::{Auth, Config, UnicastPeer, Version, VrrpInstance};
use standfast::ids::IfIndex;
use standfast::time::Mono;
use standfast::vrrp::action::{Action, State};
use standfast::vrrp::event::{Datagram, Event};
use standfast::vrrp::router::Router;
use standfast::vrrp::wire;

use super::sample::{address, instance, interface, ip};

/// An IPv4 packet taken apart.
struct Captured {
    header: [u8; 20],
    payload: Vec<u8>,
}

fn read(text: &str) -> Vec<Captured> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let bytes: Vec<u8> = (0..line.len() / 2)
                .map(|n| u8::from_str_radix(&line[2 * n..2 * n + 2], 16).unwrap())
                .collect();
            let (header, payload) = bytes.split_first_chunk::<20>().unwrap();
            Captured { header: *header, payload: payload.to_vec() }
        })
        .collect()
}

/// Our adverts for this instance: the first, the second, and the resignation.
fn ours(instance: VrrpInstance) -> Vec<(std::net::IpAddr, Vec<u8>)> {
    let mut out = Vec::new();
    let config = Config { instances: vec![instance], ..Config::default() };
    let eth = interface("e0", 2, true, &["10.9.0.1/24"]);
    let mut router = Router::start(Mono::ZERO, Arc::new(config), &[eth], &mut out);
    let mut now = Mono::ZERO;
    for _ in 0..2 {
        now = router.deadline().unwrap();
        router.expire(now, &mut out);
    }
    router.handle(now, Event::Stop, &mut out);
    out.into_iter()
        .filter_map(|action| match action {
            Action::Transmit { destination, payload, .. } => Some((destination, payload.to_vec())),
            _ => None,
        })
        .collect()
}

fn same(text: &str, instance: VrrpInstance) {
    let captured = read(text);
    let ours = ours(instance);
    assert_eq!(captured.len(), 3);
    assert_eq!(ours.len(), 3);
    for (captured, (destination, payload)) in captured.iter().zip(ours) {
        assert_eq!(captured.payload, payload);
        assert_eq!(
            captured.header[16..],
            destination.to_string().parse::<std::net::Ipv4Addr>().unwrap().octets()
        );
    }
}

const V2_PASS: &str = include_str!("../../../fixtures/captures/v2-multicast-pass.hex");
const V2_FOUR: &str = include_str!("../../../fixtures/captures/v2-multicast-four-addresses.hex");
const V2_UNICAST: &str = include_str!("../../../fixtures/captures/v2-unicast-pass.hex");
const V3_THREE: &str = include_str!("../../../fixtures/captures/v3-multicast-three-addresses.hex");
const V3_UNICAST: &str = include_str!("../../../fixtures/captures/v3-unicast.hex");

fn v2_pass() -> VrrpInstance {
    VrrpInstance {
        auth: Some(Auth::Pass(*b"1111\0\0\0\0")),
        addresses: vec![address("e0", "10.9.0.50/24")],
        ..instance("VI_1", "e0", 51, 100)
    }
}

fn peer() -> Vec<UnicastPeer> {
    vec![UnicastPeer { address: ip("10.9.0.2"), min_ttl: None, max_ttl: None }]
}

#[test]
fn version_2_multicast_with_password() {
    same(V2_PASS, v2_pass());
}

#[test]
fn version_2_multicast_with_four_addresses_in_the_order_of_the_file() {
    let addresses = ["10.9.0.52/32", "10.9.0.50/24", "10.9.0.51/32", "192.0.2.7/32"];
    let addresses = addresses.iter().map(|net| address("e0", net)).collect();
    same(V2_FOUR, VrrpInstance { addresses, ..instance("VI_1", "e0", 51, 100) });
}

#[test]
fn version_2_unicast_with_a_password_cut_to_8_bytes() {
    let instance = VrrpInstance {
        auth: Some(Auth::Pass(*b"kldpassx")),
        source: Some(ip("10.9.0.1")),
        unicast_peers: peer(),
        addresses: vec![address("e0", "10.9.0.60/24")],
        ..instance("VI_1", "e0", 50, 101)
    };
    same(V2_UNICAST, instance);
}

#[test]
fn version_3_multicast_with_three_addresses_and_half_a_second() {
    let addresses = ["10.9.0.70/24", "10.9.0.71/24", "10.9.0.72/24"];
    let instance = VrrpInstance {
        version: Version::V3,
        advert_int: Duration::from_millis(500),
        addresses: addresses.iter().map(|net| address("e0", net)).collect(),
        ..instance("VI_1", "e0", 7, 150)
    };
    same(V3_THREE, instance);
}

#[test]
fn version_3_unicast_with_the_peer_in_the_pseudo_header() {
    let instance = VrrpInstance {
        version: Version::V3,
        unicast_peers: peer(),
        addresses: vec![address("e0", "10.9.0.80/24")],
        ..instance("VI_1", "e0", 8, 100)
    };
    same(V3_UNICAST, instance);
}

/// What the driver has to put around the payload, as keepalived does.
#[test]
fn the_ip_header_around_all_of_them() {
    for text in [V2_PASS, V2_FOUR, V2_UNICAST, V3_THREE, V3_UNICAST] {
        let captured = read(text);
        for packet in &captured {
            let [version_ihl, tos, l1, l2, _, _, f1, f2, ttl, protocol, ..] = packet.header;
            assert_eq!((version_ihl, tos, ttl, protocol), (0x45, 0xc0, wire::TTL, 112));
            assert_eq!((f1, f2), (0, 0), "no flags, no fragment");
            assert_eq!(usize::from(u16::from_be_bytes([l1, l2])), 20 + packet.payload.len());
        }
        let ids: Vec<[u8; 2]> = captured.iter().map(|p| [p.header[4], p.header[5]]).collect();
        assert_eq!(ids[..2], [[0, 1], [0, 2]], "the identification counts from 1");
    }
}

/// A captured advert is accepted, and its priority 0 too.
#[test]
fn captured_adverts_are_understood() {
    let backup = VrrpInstance { priority: 50, ..v2_pass() };
    let config = Config { instances: vec![backup], ..Config::default() };
    let mut out = Vec::new();
    let eth = interface("e0", 2, true, &["10.9.0.2/24"]);
    let mut router = Router::start(Mono::ZERO, Arc::new(config), &[eth], &mut out);
    for packet in read(V2_PASS) {
        let datagram = Datagram {
            received_at: Mono::ZERO,
            interface: IfIndex(2),
            source: ip("10.9.0.1"),
            destination: ip("224.0.0.18"),
            ttl: packet.header[8],
            header: &[],
            payload: &packet.payload,
        };
        router.handle(Mono::ZERO, Event::Packet(datagram), &mut out);
    }
    let view = &router.views()[0];
    assert_eq!((view.state, view.master), (State::Backup, Some((ip("10.9.0.1"), 100))));
    assert_eq!((view.counters.advert_received, view.counters.priority_zero_received), (3, 1));
    let skew = Duration::from_nanos((256 - 50) * 1_000_000_000 / 256);
    assert_eq!(router.deadline(), Some(Mono::ZERO + skew));
}
