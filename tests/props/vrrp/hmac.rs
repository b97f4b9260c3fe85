//! `auth_hmac` against captures of keepalived 2.4.3, byte for byte, and against what an attacker may send.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use standfast::config::model::options::{
    AntiReplay, AuthHmac, HmacKey, HmacMode, HmacSecret, InstanceOptions,
};
use standfast::config::model::{Config, UnicastPeer, Version, VrrpInstance};
use standfast::ids::{Family, IfIndex};
use standfast::time::Mono;
use standfast::vrrp::action::{Action, State};
use standfast::vrrp::counters::Counters;
use standfast::vrrp::event::{Datagram, Event};
use standfast::vrrp::note::What;
use standfast::vrrp::router::Router;

use super::captures::{Captured, read};
use super::sample::{address, instance, interface, ip};
use super::until_advert;

const V2: &str = include_str!("../../../fixtures/captures/v2-multicast-hmac.hex");
const V3_UNICAST: &str = include_str!("../../../fixtures/captures/v3-unicast-hmac.hex");
const V6: &str = include_str!("../../../fixtures/captures/v3-ipv6-multicast-hmac.hex");
const TRAILER: usize = 28;
const WINDOW: u64 = 5;

fn hmac(active_key: u8) -> AuthHmac {
    let key = |id, secret: &str| HmacKey { id, secret: HmacSecret::read(secret.as_bytes()).unwrap() };
    AuthHmac {
        keys: vec![
            key(1, "hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
            key(7, "a-passphrase-of-more-than-thirty-two-bytes"),
        ],
        active_key,
        time_window: Duration::from_secs(WINDOW),
        anti_replay: AntiReplay::Time,
        mode: HmacMode::Enforce,
    }
}

fn with(hmac: AuthHmac, instance: VrrpInstance) -> VrrpInstance {
    let options = InstanceOptions { auth_hmac: Some(hmac), ..InstanceOptions::default() };
    VrrpInstance { options: options.into(), ..instance }
}

/// The three that were captured, with the peers' addresses seen from the sender.
fn captured() -> [(Vec<Captured>, VrrpInstance); 3] {
    let addresses = |nets: &[&str]| nets.iter().map(|net| address("e0", net)).collect();
    let peer = |text| UnicastPeer { address: ip(text), min_ttl: None, max_ttl: None };
    let v2 = VrrpInstance {
        addresses: addresses(&["10.9.0.50/24", "10.9.0.51/24"]),
        ..instance("VI_1", "e0", 41, 255)
    };
    let v3 = VrrpInstance {
        version: Version::V3,
        source: Some(ip("10.9.0.1")),
        unicast_peers: [peer("10.9.0.2"), peer("10.9.0.3")].into(),
        addresses: addresses(&["10.9.0.60/24"]),
        ..instance("VI_1", "e0", 42, 255)
    };
    let v6 = VrrpInstance {
        version: Version::V3,
        family: Family::V6,
        multicast_group: ip("ff02::12"),
        addresses: addresses(&["fe80::50/64", "2001:db8::50/64"]),
        ..instance("VI_1", "e0", 43, 255)
    };
    [(read(V2), with(hmac(1), v2)), (read(V3_UNICAST), with(hmac(7), v3)), (read(V6), with(hmac(1), v6))]
}

/// The sender's clock when it signed.
fn utc_of(payload: &[u8]) -> Duration {
    let trailer = &payload[payload.len() - TRAILER..];
    let seconds = u32::from_be_bytes(trailer[4..8].try_into().unwrap());
    let fraction = u64::from(u16::from_be_bytes(trailer[8..10].try_into().unwrap()));
    Duration::new(seconds.into(), u32::try_from((fraction * 1_000_000_000).div_ceil(1 << 16)).unwrap())
}

fn start(instance: VrrpInstance, own: &[&str]) -> Router {
    let config = Config { instances: vec![instance.into()], ..Config::default() };
    Router::start(Mono::ZERO, Arc::new(config), &[interface("e0", 2, true, own)], &mut Vec::new())
}

fn sent(out: &mut Vec<Action>) -> Vec<(IpAddr, Vec<u8>)> {
    out.drain(..)
        .filter_map(|action| match action {
            Action::Transmit { destination, payload, .. } => Some((destination, payload.to_vec())),
            _ => None,
        })
        .collect()
}

#[test]
fn trailers_are_keepaliveds() {
    for (captured, instance) in captured() {
        let mut router = start(instance.clone(), &["10.9.0.1/24", "fe80::1/64"]);
        let mut out = Vec::new();
        let copies = instance.unicast_peers.len().max(1);
        for (round, packets) in captured.chunks(copies).enumerate() {
            router.tell_utc(utc_of(&packets[0].payload));
            match round {
                2 => router.handle(Mono::ZERO, Event::Stop, &mut out),
                _ => drop(until_advert(&mut router, &mut out)),
            }
            let sent = sent(&mut out);
            assert_eq!(sent.len(), copies);
            for (captured, (destination, payload)) in packets.iter().zip(sent) {
                assert_eq!((captured.destination(), &captured.payload), (destination, &payload));
            }
        }
    }
}

/// A peer of the captured sender, at the moment of a capture.
struct Listener {
    router: Router,
    source: IpAddr,
    out: Vec<Action>,
}

impl Listener {
    fn of(instance: &VrrpInstance, change: impl FnOnce(&mut AuthHmac)) -> Self {
        let (ours, source) = match instance.family {
            Family::V4 => (["10.9.0.2/24"], ip("10.9.0.1")),
            Family::V6 => (["fe80::2/64"], ip("fe80::1")),
        };
        let mut hmac = instance.options.auth_hmac.clone().unwrap();
        change(&mut hmac);
        let back = UnicastPeer { address: source, min_ttl: None, max_ttl: None };
        let listener = VrrpInstance {
            priority: 50,
            source: (!instance.unicast_peers.is_empty()).then(|| ip("10.9.0.2")),
            unicast_peers: instance.unicast_peers.iter().take(1).map(|_| back).collect(),
            ..instance.clone()
        };
        let router = start(with(hmac, listener), &ours);
        Listener { router, source, out: Vec::new() }
    }

    fn hear_from(
        &mut self,
        source: IpAddr,
        captured: &Captured,
        payload: &[u8],
        utc: Duration,
    ) -> Counters {
        self.router.tell_utc(utc);
        let datagram = Datagram {
            received_at: Mono::ZERO,
            interface: IfIndex(2),
            source,
            destination: captured.destination(),
            ttl: 255,
            header: &[],
            payload,
        };
        self.router.handle(Mono::ZERO, Event::Packet(datagram), &mut self.out);
        self.router.views()[0].counters
    }

    fn hear(&mut self, captured: &Captured, payload: &[u8], utc: Duration) -> Counters {
        self.hear_from(self.source, captured, payload, utc)
    }
}

#[test]
fn captured_trailers_are_understood_once_and_in_order() {
    for (captured, instance) in captured() {
        let copies = instance.unicast_peers.len().max(1);
        let of = |n: usize| &captured[n * copies];
        let mut listener = Listener::of(&instance, |_| {});
        for (n, received, replayed) in [(1, 1, 0), (1, 1, 1), (0, 1, 2), (2, 2, 2)] {
            let counters = listener.hear(of(n), &of(n).payload, utc_of(&of(2).payload));
            assert_eq!((counters.advert_received, counters.trailer_replay), (received, replayed), "{n}");
        }
        assert_eq!(listener.router.views()[0].state, State::Backup);
        // Another daemon's start, with nothing remembered: old packets are only taken while they are fresh.
        let mut listener = Listener::of(&instance, |_| {});
        let late = utc_of(&of(0).payload) + Duration::from_secs(WINDOW + 1);
        assert_eq!(listener.hear(of(0), &of(0).payload, late).trailer_stale, 1);
        let early = utc_of(&of(0).payload) - Duration::from_secs(WINDOW + 1);
        assert_eq!(listener.hear(of(0), &of(0).payload, early).trailer_stale, 2);
        let mut unclocked = Listener::of(&instance, |hmac| hmac.anti_replay = AntiReplay::Monotonic);
        assert_eq!(unclocked.hear(of(0), &of(0).payload, Duration::ZERO).advert_received, 1);
    }
}

#[test]
fn another_key_sender_or_no_trailer() {
    for (captured, instance) in captured() {
        let packet = &captured[0];
        let now = utc_of(&packet.payload);
        let bare = &packet.payload[..packet.payload.len() - TRAILER];
        let mut strict = Listener::of(&instance, |_| {});
        if instance.family == Family::V4 {
            // Over IPv6 the checksum covers the trailer.
            assert_eq!(strict.hear(packet, bare, now).trailer_missing, 1);
            for mode in [HmacMode::Permissive, HmacMode::ReceiveOnly] {
                let mut lenient = Listener::of(&instance, |hmac| hmac.mode = mode);
                assert_eq!(lenient.hear(packet, bare, now).advert_received, 1, "{mode:?}");
            }
        }
        let other: IpAddr = if instance.family == Family::V4 { ip("10.9.0.9") } else { ip("fe80::9") };
        let counters = strict.hear_from(other, packet, &packet.payload, now);
        assert_eq!(counters.trailer_hmac + counters.destination, 1, "another sender: {counters:?}");
        let mut rotated = Listener::of(&instance, |hmac| {
            hmac.keys.retain(|key| key.id != hmac.active_key);
        });
        assert_eq!(rotated.hear(packet, &packet.payload, now).trailer_key, 1);
        let mut lenient = Listener::of(&instance, |hmac| {
            hmac.mode = HmacMode::ReceiveOnly;
            for key in &mut hmac.keys {
                key.secret = HmacSecret::Bytes(vec![0; 32]);
            }
        });
        let counters = lenient.hear(packet, &packet.payload, now);
        assert_eq!(counters.trailer_hmac, 1, "a trailer that is there must be right in any mode");
        assert!(strict.router.views()[0].master.is_none());
    }
}

#[test]
fn a_receiver_only_sends_no_trailer() {
    for (_, instance) in captured() {
        let mut quiet = hmac(1);
        quiet.mode = HmacMode::ReceiveOnly;
        let plain = VrrpInstance { options: Arc::default(), ..instance.clone() };
        let adverts = |instance| {
            let mut router = start(instance, &["10.9.0.1/24", "fe80::1/64"]);
            let mut out = Vec::new();
            until_advert(&mut router, &mut out);
            sent(&mut out)
        };
        assert_eq!(adverts(with(quiet, instance)), adverts(plain));
    }
}

#[test]
fn a_node_without_the_key_follows() {
    for (captured, instance) in captured() {
        let mut listener = Listener::of(&instance, |_| {});
        let plain = VrrpInstance { options: Arc::default(), priority: 50, ..instance.clone() };
        let plain = match instance.unicast_peers.is_empty() {
            true => plain,
            false => VrrpInstance { source: Some(ip("10.9.0.2")), ..plain },
        };
        listener.router = start(plain, &["10.9.0.2/24", "fe80::2/64"]);
        let packet = &captured[0];
        assert_eq!(listener.hear(packet, &packet.payload, Duration::ZERO).advert_received, 1);
    }
}

#[test]
fn a_clock_that_drifts_is_told_of_once_before_it_is_too_late() {
    let (captured, instance) = captured().into_iter().next().unwrap();
    let mut listener = Listener::of(&instance, |_| {});
    for packet in &captured {
        listener.hear(packet, &packet.payload, utc_of(&packet.payload) + Duration::from_secs(3));
    }
    let skews: Vec<_> = listener
        .out
        .iter()
        .filter_map(|action| match action {
            Action::Note(note) => Some(&note.what),
            _ => None,
        })
        .filter(|what| matches!(what, What::ClockSkew { .. }))
        .collect();
    assert_eq!(skews, [&What::ClockSkew { skew: 3, window: WINDOW, from: ip("10.9.0.1") }]);
}

/// A sender whose clock jumps, and a listener whose clock is right: `jumps` are seconds, each followed by an advert.
fn heard_after(anti_replay: AntiReplay, jumps: &[i64]) -> Vec<bool> {
    let (captured, instance) = captured().into_iter().next().unwrap();
    let mut how = hmac(1);
    how.anti_replay = anti_replay;
    let mut sender = start(with(how, instance.clone()), &["10.9.0.1/24"]);
    let mut listener = Listener::of(&instance, |hmac| hmac.anti_replay = anti_replay);
    let mut right = Duration::from_secs(1_700_000_000);
    let mut before = 0;
    jumps
        .iter()
        .map(|jump| {
            right += Duration::from_secs(1);
            let wrong = Duration::from_secs(right.as_secs().checked_add_signed(*jump).unwrap());
            sender.tell_utc(wrong);
            let mut out = Vec::new();
            until_advert(&mut sender, &mut out);
            let advert = sent(&mut out).remove(0).1;
            let received = listener.hear(&captured[0], &advert, right).advert_received;
            std::mem::replace(&mut before, received) != received
        })
        .collect()
}

#[test]
fn a_clock_step_that_is_set_right_is_recovered_from() {
    use AntiReplay::{Monotonic, Time};
    assert_eq!(heard_after(Time, &[0, 3600, 0, 0]), [true, false, true, true]);
    assert_eq!(heard_after(Time, &[0, -3600, 0, 0]), [true, false, true, true]);
    assert_eq!(heard_after(Time, &[4, 0, 0]), [true, true, true], "within the window it goes on counting");
    assert_eq!(heard_after(Monotonic, &[0, 3600, 0, -3600]), [true, true, true, true]);
}

proptest! {
    /// Whatever is changed on the way, nothing of it is believed.
    #[test]
    fn a_changed_packet_changes_nothing(which in 0_usize..3, at in 0_usize..100, bit in 0_u32..8) {
        let (captured, instance) = captured().into_iter().nth(which).unwrap();
        let packet = &captured[0];
        let mut bad = packet.payload.clone();
        let at = at % bad.len();
        bad[at] ^= 1 << bit;
        let mut listener = Listener::of(&instance, |_| {});
        let counters = listener.hear(packet, &bad, utc_of(&packet.payload));
        prop_assert_eq!(counters.advert_received, 0);
        prop_assert!(listener.router.views()[0].master.is_none());
        // The checksum is not signed, as it may be the kernel's: with a wrong one the sequence still counts as heard.
        let right = listener.hear(packet, &packet.payload, utc_of(&packet.payload)).advert_received;
        prop_assert_eq!(right, u64::from(!(6..8).contains(&at)));
    }

    /// Sequences grow whatever the clock does, as long as it does not jump past the window; those that need no
    /// clock always.
    #[test]
    fn sequences_grow(steps in proptest::collection::vec(-5_i64..=5, 1..40), monotonic: bool) {
        let (_, instance) = captured().into_iter().next().unwrap();
        let mut how = hmac(1);
        how.anti_replay = if monotonic { AntiReplay::Monotonic } else { AntiReplay::Time };
        how.time_window = Duration::from_secs(300);
        let mut router = start(with(how, instance), &["10.9.0.1/24"]);
        let mut clock = 4_294_967_290_i64; // The seconds are about to wrap.
        let mut last: Option<u64> = None;
        for step in steps {
            clock += step;
            router.tell_utc(Duration::from_secs(clock.unsigned_abs()));
            let mut out = Vec::new();
            until_advert(&mut router, &mut out);
            let advert = sent(&mut out).remove(0).1;
            let sequence = advert[advert.len() - TRAILER + 4..][..8].try_into().unwrap();
            let sequence = u64::from_be_bytes(sequence);
            if let Some(last) = last {
                let ahead = sequence.wrapping_sub(last);
                prop_assert!(ahead > 0 && ahead < 1 << 63, "{sequence} after {last}");
            }
            last = Some(sequence);
        }
    }
}
