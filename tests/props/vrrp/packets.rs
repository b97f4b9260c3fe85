//! Whatever comes by the wire: what we emit is read back, and what is not right changes nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use standfast::config::model::{Auth, Config, Version, VrrpInstance};
use standfast::ids::{Family, IfIndex, Vrid};
use standfast::time::Mono;
use standfast::vrrp::action::Action;
use standfast::vrrp::ah;
use standfast::vrrp::event::{Datagram, Event};
use standfast::vrrp::router::Router;
use standfast::vrrp::wire::{self, Advert, Terms};

use super::sample::{GROUP, address, instance, interface, ip};
use super::until_advert;

const US: &str = "10.9.0.1";
const PEER: &str = "10.9.0.2";

fn terms() -> impl Strategy<Value = Terms> {
    let v2 = (1_u64..=255, proptest::option::of(any::<[u8; 8]>()))
        .prop_map(|(s, pass)| (Version::V2, Duration::from_secs(s), pass.map(Auth::Pass)));
    let v3 = (1_u64..=4095).prop_map(|cs| (Version::V3, Duration::from_millis(cs * 10), None));
    let family = prop_oneof![Just(Family::V4), Just(Family::V6)];
    (prop_oneof![v2, v3], 1_u8..=255, family).prop_map(|((version, interval, auth), vrid, family)| Terms {
        version,
        family,
        vrid: Vrid::new(vrid).unwrap(),
        auth,
        interval,
        checksum: Default::default(),
    })
}

/// A router that is backup, or master, in one of the two versions.
fn router(version: Version, master: bool) -> (Router, Mono) {
    let instance = VrrpInstance {
        version,
        auth: (version == Version::V2).then_some(Auth::Pass(*b"secret\0\0")),
        addresses: [address("e0", "10.9.0.50/24")].into(),
        ..instance("VI_1", "e0", 51, 100)
    };
    let config = Config { instances: vec![instance.into()], ..Config::default() };
    let mut out = Vec::new();
    let eth = interface("e0", 2, true, &["10.9.0.1/24"]);
    let mut router = Router::start(Mono::ZERO, Arc::new(config), &[eth], &mut out);
    let mut now = Mono::ZERO;
    if master {
        now = until_advert(&mut router, &mut out);
    }
    (router, now + Duration::from_millis(10))
}

/// A router with an authentication header that has heard number 10 of a peer of the same priority.
fn sealed_router() -> Router {
    let instance = VrrpInstance {
        auth: Some(Auth::Ah(*KEY)),
        addresses: [address("e0", "10.9.0.50/24")].into(),
        ..instance("VI_1", "e0", 51, 100)
    };
    let config = Config { instances: vec![instance.into()], ..Config::default() };
    let eth = interface("e0", 2, true, &["10.9.0.1/24"]);
    let mut router = Router::start(Mono::ZERO, Arc::new(config), &[eth], &mut Vec::new());
    hear_sealed(&mut router, Mono::ZERO, &sealed(10, 100), &sealed_header());
    assert_eq!(router.views()[0].counters.advert_received, 1);
    router
}

const KEY: &[u8; 8] = b"secret\0\0";

/// An advert of the peer with its authentication header.
fn sealed(sequence: u32, priority: u8) -> Vec<u8> {
    let terms = Terms {
        version: Version::V2,
        family: Family::V4,
        vrid: Vrid::new(51).unwrap(),
        auth: Some(Auth::Ah(*KEY)),
        interval: Duration::from_secs(1),
        checksum: Default::default(),
    };
    let advert = wire::emit(&terms, priority, [ip("10.9.0.50")].into_iter(), ip(PEER), ip(GROUP));
    let packet = ah::Unsealed {
        source: Ipv4Addr::new(10, 9, 0, 2),
        destination: Ipv4Addr::new(224, 0, 0, 18),
        id: 7,
        advert: &advert,
    };
    ah::seal(KEY, sequence, &packet).unwrap()
}

/// The IPv4 header of what [`sealed`] makes, with a checksum that nobody looks at.
fn sealed_header() -> [u8; 20] {
    [0x45, 0xc0, 0, 64, 0, 7, 0, 0, 255, 51, 0x12, 0x34, 10, 9, 0, 2, 224, 0, 0, 18]
}

fn hear_sealed(router: &mut Router, now: Mono, payload: &[u8], header: &[u8]) -> Vec<Action> {
    let mut out = Vec::new();
    let datagram = Datagram {
        received_at: now,
        interface: IfIndex(2),
        source: ip(PEER),
        destination: ip(GROUP),
        ttl: 255,
        header,
        payload,
    };
    router.handle(now, Event::Packet(datagram), &mut out);
    out
}

/// Everything that must not move: state, timers, the master; all but counters.
fn essence(router: &Router) -> String {
    let view = &router.views()[0];
    format!("{:?} {:?} {:?} {}", view.state, view.master, router.deadline(), view.priority)
}

fn hear(router: &mut Router, now: Mono, from: IpAddr, to: IpAddr, ttl: u8, payload: &[u8]) -> Vec<Action> {
    let mut out = Vec::new();
    let datagram = Datagram {
        received_at: now,
        interface: IfIndex(2),
        source: from,
        destination: to,
        ttl,
        header: &[],
        payload,
    };
    router.handle(now, Event::Packet(datagram), &mut out);
    out
}

/// The numbers in the authentication headers of what is sent until then.
fn numbers(router: &mut Router, until: Mono) -> Vec<u32> {
    let mut out = Vec::new();
    while let Some(due) = router.deadline().filter(|due| *due <= until) {
        router.expire(due, &mut out);
    }
    sent_numbers(&out)
}

fn sent_numbers(actions: &[Action]) -> Vec<u32> {
    let payloads = actions.iter().filter_map(|action| match action {
        Action::Transmit { payload, .. } => Some(payload),
        _ => None,
    });
    payloads.map(|payload| u32::from_be_bytes(payload[8..12].try_into().unwrap())).collect()
}

/// As keepalived 2.2.7 was seen to count: on from what was heard, one beyond what a lower one said, and priority 0
/// has a number too.
#[test]
fn one_sequence_number_serves_both_directions() {
    let mut router = sealed_router();
    let second = |n: u64| Mono::ZERO + Duration::from_secs(n);
    assert_eq!(numbers(&mut router, second(5)), [11, 12], "a master goes on from what it has heard");
    let out = hear_sealed(&mut router, second(5), &sealed(5, 255), &sealed_header());
    assert!(sent_numbers(&out).is_empty() && router.views()[0].counters.auth_failure == 1, "a replay");
    let out = hear_sealed(&mut router, second(5), &sealed(200, 50), &sealed_header());
    assert_eq!(sent_numbers(&out), [202]);
    let mut out = Vec::new();
    router.handle(second(5), Event::Stop, &mut out);
    assert_eq!(sent_numbers(&out), [203]);
}

/// A line in the log, or the wish to know who it was.
fn only_told(action: &Action) -> bool {
    matches!(action, Action::Note(_) | Action::Identify { .. })
}

proptest! {
    #[test]
    fn what_is_emitted_is_read_back(
        terms in terms(),
        priority: u8,
        addresses in vec(any::<u128>(), 0..=255),
        padding in vec(any::<u8>(), 0..20),
    ) {
        let addresses = addresses.into_iter().map(|bits| match terms.family {
            Family::V4 => IpAddr::V4(Ipv4Addr::from(bits as u32)),
            Family::V6 => IpAddr::V6(Ipv6Addr::from(bits)),
        });
        let addresses: Vec<IpAddr> = addresses.collect();
        let (from, to) = match terms.family {
            Family::V4 => (ip(PEER), ip(GROUP)),
            Family::V6 => (ip("fe80::2"), ip("ff02::12")),
        };
        let mut bytes = wire::emit(&terms, priority, addresses.iter().copied(), from, to);
        if terms.family == Family::V4 {
            // Over IPv6 the kernel cuts it off.
            bytes.extend(padding);
        }
        let advert = Advert::parse(&bytes, from, to, &terms).unwrap();
        prop_assert_eq!((advert.priority, advert.interval), (priority, terms.interval));
        prop_assert!(advert.addresses().eq(addresses));
    }

    #[test]
    fn arbitrary_bytes_change_nothing(
        bytes in vec(any::<u8>(), 0..64),
        aimed: bool,
        three: bool,
        master: bool,
        ttl: u8,
    ) {
        let mut bytes = bytes;
        if aimed && bytes.len() > 1 {
            (bytes[0], bytes[1]) = (if three { 0x31 } else { 0x21 }, 51);
        }
        let (mut router, now) = router(if three { Version::V3 } else { Version::V2 }, master);
        let before = essence(&router);
        let out = hear(&mut router, now, ip(PEER), ip(GROUP), ttl, &bytes);
        prop_assert!(out.iter().all(only_told), "{out:?}");
        prop_assert_eq!(before, essence(&router));
    }

    #[test]
    fn one_wrong_byte_in_a_better_masters_advert_changes_nothing(
        place in any::<prop::sample::Index>(),
        change in 1_u8..=255,
        three: bool,
        master: bool,
    ) {
        let version = if three { Version::V3 } else { Version::V2 };
        let (mut router, now) = router(version, master);
        let terms = Terms {
            version,
            family: Family::V4,
            vrid: Vrid::new(51).unwrap(),
            auth: (!three).then_some(Auth::Pass(*b"secret\0\0")),
            interval: Duration::from_secs(1),
            checksum: Default::default(),
        };
        let mut bytes = wire::emit(&terms, 200, [ip("10.9.0.50")].into_iter(), ip(PEER), ip(GROUP));
        let place = place.index(bytes.len());
        bytes[place] ^= change;
        let before = essence(&router);
        let out = hear(&mut router, now, ip(PEER), ip(GROUP), 255, &bytes);
        prop_assert!(out.iter().all(only_told), "{out:?}");
        prop_assert_eq!(before, essence(&router));
    }

    /// Any bytes behind any header, and a right packet with one wrong byte in either: nothing moves.
    #[test]
    fn a_wrong_authentication_header_changes_nothing(
        bytes in vec(any::<u8>(), 0..80),
        header in vec(any::<u8>(), 1..24),
        place in any::<prop::sample::Index>(),
        change in 1_u8..=255,
    ) {
        let mut router = sealed_router();
        let before = essence(&router);
        let mut packet = [&sealed_header()[..], &sealed(11, 200)].concat();
        // Type of service, fragment bits, TTL and checksum may change on the way; source and destination come
        // beside it.
        let fixed = [0, 2, 3, 4, 5, 9, 12, 13, 14, 15].into_iter().chain(20..packet.len());
        let places: Vec<usize> = fixed.collect();
        packet[places[place.index(places.len())]] ^= change;
        let (wrong_header, wrong_bytes) = packet.split_at(20);
        let now = Mono::ZERO + Duration::from_millis(10);
        for (header, bytes) in [(&header[..], &bytes[..]), (&sealed_header(), &bytes), (wrong_header, wrong_bytes)] {
            let out = hear_sealed(&mut router, now, bytes, header);
            prop_assert!(out.iter().all(only_told), "{out:?}");
            prop_assert_eq!(&before, &essence(&router));
        }
    }

    /// Only what is beyond all that was heard is taken.
    #[test]
    fn old_sequence_numbers_are_refused(numbers in vec(0_u32..40, 1..20)) {
        let mut router = sealed_router();
        let (mut last, mut taken) = (10, 1);
        for number in numbers {
            hear_sealed(&mut router, Mono::ZERO, &sealed(number, 100), &sealed_header());
            if number > last {
                (last, taken) = (number, taken + 1);
            }
            prop_assert_eq!(router.views()[0].counters.advert_received, taken);
        }
    }

    /// A stream of refused packets, faster than the interval, and our own source, never keeps a
    /// master from speaking in time (keepalived falls silent).
    #[test]
    fn refused_packets_do_not_silence_a_master(gap_ms in 1_u64..400, own: bool, ttl in 0_u8..255) {
        let (mut router, start) = router(Version::V2, true);
        let terms = Terms {
            version: Version::V2,
            family: Family::V4,
            vrid: Vrid::new(51).unwrap(),
            auth: Some(Auth::Pass(*b"secret\0\0")),
            interval: Duration::from_secs(1),
            checksum: Default::default(),
        };
        let from = ip(if own { US } else { PEER });
        let ttl = if own { 255 } else { ttl };
        let bytes = wire::emit(&terms, 250, [ip("10.9.0.50")].into_iter(), from, ip(GROUP));
        let end = start + Duration::from_secs(10);
        let (mut now, mut adverts) = (start, 0);
        while now < end {
            hear(&mut router, now, from, ip(GROUP), ttl, &bytes);
            let next = now + Duration::from_millis(gap_ms);
            while let Some(due) = router.deadline().filter(|due| *due <= next) {
                let mut out = Vec::new();
                router.expire(due, &mut out);
                adverts += out.iter().filter(|a| matches!(a, Action::Transmit { .. })).count();
            }
            now = next;
        }
        prop_assert!((10..=11).contains(&adverts), "{adverts} adverts in 10 s");
    }
}
