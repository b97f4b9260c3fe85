//! Adverts captured from keepalived 2.2.7 against ours for the same configuration, byte for byte; the
//! captures and the configurations that made them are in `fixtures/captures`.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::{Auth, Config, UnicastPeer, Version, VrrpInstance};
use standfast::ids::{Family, IfIndex};
use standfast::time::Mono;
use standfast::vrrp::action::{Action, State};
use standfast::vrrp::ah;
use standfast::vrrp::event::{Datagram, Event};
use standfast::vrrp::router::Router;
use standfast::vrrp::wire::{self, Refusal};

use super::sample::{address, instance, interface, ip};
use super::until_advert;

/// A packet taken apart.
pub struct Captured {
    header: Vec<u8>,
    pub payload: Vec<u8>,
}

impl Captured {
    pub fn destination(&self) -> IpAddr {
        match <[u8; 4]>::try_from(&self.header[16..]) {
            Ok(v4) => v4.into(),
            Err(_) => <[u8; 16]>::try_from(&self.header[24..]).unwrap().into(),
        }
    }

    /// As it comes to a router at its destination, or to one of the group.
    fn datagram(&self) -> Datagram<'_> {
        let sealed = self.header[9] == 51;
        Datagram {
            received_at: Mono::ZERO,
            interface: IfIndex(2),
            source: ip("10.9.0.1"),
            destination: self.destination(),
            ttl: self.header[8],
            header: if sealed { &self.header } else { &[] },
            payload: &self.payload,
        }
    }
}

pub fn read(text: &str) -> Vec<Captured> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let bytes: Vec<u8> = (0..line.len() / 2)
                .map(|n| u8::from_str_radix(&line[2 * n..2 * n + 2], 16).unwrap())
                .collect();
            let (header, payload) = bytes.split_at(if bytes[0] >> 4 == 4 { 20 } else { 40 });
            Captured { header: header.to_vec(), payload: payload.to_vec() }
        })
        .collect()
}

/// Our adverts for this instance: the first, the second, and the resignation.
fn ours(instance: VrrpInstance) -> Vec<(IpAddr, Vec<u8>)> {
    let mut out = Vec::new();
    let config = Config { instances: vec![instance.into()], ..Config::default() };
    let eth = interface("e0", 2, true, &["10.9.0.1/24", "fe80::ff:fe00:1/64"]);
    let mut router = Router::start(Mono::ZERO, Arc::new(config), &[eth], &mut out);
    let mut now = Mono::ZERO;
    for _ in 0..2 {
        now = until_advert(&mut router, &mut out);
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
        assert_eq!(captured.destination(), destination);
    }
}

const V2_PASS: &str = include_str!("../../../fixtures/captures/v2-multicast-pass.hex");
const V2_FOUR: &str = include_str!("../../../fixtures/captures/v2-multicast-four-addresses.hex");
const V2_UNICAST: &str = include_str!("../../../fixtures/captures/v2-unicast-pass.hex");
const V3_THREE: &str = include_str!("../../../fixtures/captures/v3-multicast-three-addresses.hex");
const V2_AH: &str = include_str!("../../../fixtures/captures/v2-multicast-ah.hex");
const V2_AH_UNICAST: &str = include_str!("../../../fixtures/captures/v2-unicast-ah.hex");
const V6_MULTICAST: &str = include_str!("../../../fixtures/captures/v3-ipv6-multicast.hex");
const V6_UNICAST: &str = include_str!("../../../fixtures/captures/v3-ipv6-unicast.hex");
const V3_UNICAST: &str = include_str!("../../../fixtures/captures/v3-unicast.hex");

fn v2_pass() -> VrrpInstance {
    VrrpInstance {
        auth: Some(Auth::Pass(*b"1111\0\0\0\0")),
        addresses: [address("e0", "10.9.0.50/24")].into(),
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
        unicast_peers: peer().into(),
        addresses: [address("e0", "10.9.0.60/24")].into(),
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
        unicast_peers: peer().into(),
        addresses: [address("e0", "10.9.0.80/24")].into(),
        ..instance("VI_1", "e0", 8, 100)
    };
    same(V3_UNICAST, instance);
}

fn v6_instance() -> VrrpInstance {
    VrrpInstance {
        version: Version::V3,
        family: Family::V6,
        multicast_group: ip("ff02::12"),
        ..instance("VI_6", "e0", 61, 200)
    }
}

#[test]
fn version_3_over_ipv6_multicast() {
    let addresses = ["fe80::61/128", "2001:db8:9::50/64", "2001:db8:9::51/128"];
    let addresses = addresses.iter().map(|net| address("e0", net)).collect();
    same(V6_MULTICAST, VrrpInstance { addresses, ..v6_instance() });
}

#[test]
fn version_3_over_ipv6_unicast() {
    let instance = VrrpInstance {
        vrid: standfast::ids::Vrid::new(62).unwrap(),
        priority: 100,
        advert_int: Duration::from_millis(500),
        source: Some(ip("2001:db8:9::1")),
        unicast_peers: [UnicastPeer { address: ip("2001:db8:9::2"), min_ttl: None, max_ttl: None }].into(),
        addresses: [address("e0", "2001:db8:9::50/128")].into(),
        ..v6_instance()
    };
    same(V6_UNICAST, instance);
}

#[test]
fn traffic_class_and_hop_limit_over_ipv6() {
    for (text, hop_limit) in [(V6_MULTICAST, 255), (V6_UNICAST, 64)] {
        for packet in read(text) {
            // Between them the flow label, which is the kernel's.
            assert_eq!((packet.header[0], packet.header[1] & 0xf0), (0x6c, 0));
            assert_eq!((packet.header[6], packet.header[7]), (112, hop_limit));
        }
    }
}

fn ah(key: [u8; 8], addresses: &[&str], peers: Vec<UnicastPeer>) -> VrrpInstance {
    VrrpInstance {
        auth: Some(Auth::Ah(key)),
        unicast_peers: peers.into(),
        unicast_ttl: Some(99),
        addresses: addresses.iter().map(|net| address("e0", net)).collect(),
        ..instance("VI_1", "e0", 51, 200)
    }
}

fn sealed() -> [(&'static str, VrrpInstance); 2] {
    [
        (V2_AH, ah(*b"secret12", &["10.9.0.50/24"], Vec::new())),
        (V2_AH_UNICAST, ah(*b"kld\0\0\0\0\0", &["10.9.0.50/24", "10.9.0.51/32"], peer())),
    ]
}

/// The first adverts are the same to the bit; the resignation was captured later, with a later number.
#[test]
fn authentication_headers_are_keepaliveds() {
    for (text, instance) in sealed() {
        let (captured, ours) = (read(text), ours(instance));
        assert_eq!([&captured[0].payload, &captured[1].payload], [&ours[0].1, &ours[1].1]);
        assert_eq!(captured[2].payload[24..], ours[2].1[24..], "the resignation");
        assert_eq!(captured[2].payload[8..12], [0, 0, 0, 5], "its number");
        assert_eq!(ours[2].1[8..12], [0, 0, 0, 3], "that of ours goes on too");
    }
}

/// A router that hears them; the first is refused a second time, as everything is with another key, and everything
/// that came from a route with a changed byte.
#[test]
fn captured_authentication_headers_are_understood() {
    for (text, instance) in sealed() {
        let captured = read(text);
        let Some(Auth::Ah(key)) = instance.auth else { panic!("it has a key") };
        for (packet, number) in captured.iter().zip([1, 2, 5]) {
            let (sequence, advert) = ah::open(&key, &packet.datagram()).unwrap();
            assert_eq!((sequence, advert), (number, &packet.payload[24..]));
            assert_eq!(ah::open(b"wrong", &packet.datagram()), Err(Refusal::Icv));
            for at in 0..packet.payload.len() {
                let mut bad = packet.payload.clone();
                bad[at] ^= 1;
                let datagram = Datagram { payload: &bad, ..packet.datagram() };
                assert!(ah::open(&key, &datagram).is_err(), "byte {at}");
            }
        }
        let mut out = Vec::new();
        let listener = VrrpInstance {
            priority: 50,
            source: Some(ip("10.9.0.2")),
            unicast_peers: peer_of(&instance).into(),
            ..instance
        };
        let config = Config { instances: vec![listener.into()], ..Config::default() };
        let eth = interface("e0", 2, true, &["10.9.0.2/24"]);
        let mut router = Router::start(Mono::ZERO, Arc::new(config), &[eth], &mut out);
        for packet in [&captured[0], &captured[1], &captured[0], &captured[2]] {
            router.handle(Mono::ZERO, Event::Packet(packet.datagram()), &mut out);
        }
        let counters = router.views()[0].counters;
        assert_eq!((counters.advert_received, counters.auth_failure), (3, 1));
        // Without the header it is none of ours.
        let bare = Datagram { header: &[], payload: &captured[2].payload[24..], ..captured[2].datagram() };
        router.handle(Mono::ZERO, Event::Packet(bare), &mut out);
        assert_eq!(router.views()[0].counters.auth_type_mismatch, 1);
    }
}

fn peer_of(instance: &VrrpInstance) -> Vec<UnicastPeer> {
    let back = UnicastPeer { address: ip("10.9.0.1"), min_ttl: None, max_ttl: None };
    instance.unicast_peers.iter().map(|_| back).collect()
}

/// What the driver has to put around the payload, as keepalived does.
#[test]
fn the_ip_header_around_all_of_them() {
    for text in [V2_PASS, V2_FOUR, V2_UNICAST, V3_THREE, V3_UNICAST] {
        let captured = read(text);
        for packet in &captured {
            let [version_ihl, tos, l1, l2, _, _, f1, f2, ttl, protocol, ..] = packet.header[..] else {
                panic!("a header is longer")
            };
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
    let config = Config { instances: vec![backup.into()], ..Config::default() };
    let mut out = Vec::new();
    let eth = interface("e0", 2, true, &["10.9.0.2/24"]);
    let mut router = Router::start(Mono::ZERO, Arc::new(config), &[eth], &mut out);
    for packet in read(V2_PASS) {
        router.handle(Mono::ZERO, Event::Packet(packet.datagram()), &mut out);
    }
    let view = &router.views()[0];
    assert_eq!((view.state, view.master), (State::Backup, Some((ip("10.9.0.1"), 100))));
    assert_eq!((view.counters.advert_received, view.counters.priority_zero_received), (3, 1));
    let skew = Duration::from_nanos((256 - 50) * 1_000_000_000 / 256);
    assert_eq!(router.deadline(), Some(Mono::ZERO + skew));
}
