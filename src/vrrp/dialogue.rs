//! The router as a dialogue: this happens at that time, exactly these actions follow, then nothing more.

mod checksums;
mod hearing;
#[cfg(test)]
mod reload;
mod tracking;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::action::{Action, State, Subject};
use super::event::{Datagram, Event};
use super::router::Router;
use super::wire::{self, Terms};
use crate::config::model::{
    Auth, Config, Garp, InitialState, SyncGroup, Tracked, Version, VirtualAddress, VrrpInstance,
};
use crate::ids::{Family, IfIndex, Name, Vrid};
use crate::objects::address::AddressKey;
use crate::objects::interface::{AssignedAddress, Interface};
use crate::time::Mono;

pub(super) const US: &str = "10.0.0.1";
pub(super) const PEER: &str = "10.0.0.2";
const GROUP: &str = "224.0.0.18";

pub(super) fn at(seconds: f64) -> Mono {
    Mono::ZERO + Duration::from_secs_f64(seconds)
}

pub(super) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(super) fn instance(name: &str, vrid: u8, priority: u8) -> VrrpInstance {
    VrrpInstance {
        name: name.into(),
        interface: "eth0".into(),
        state: None,
        vrid: Vrid::new(vrid).unwrap(),
        priority,
        version: Version::V2,
        family: Family::V4,
        advert_int: Duration::from_secs(1),
        nopreempt: false,
        preempt_delay: Duration::ZERO,
        auth: None,
        source: None,
        unicast_peers: Box::default(),
        multicast_group: ip(GROUP),
        check_unicast_src: false,
        unicast_ttl: None,
        vmac: None,
        addresses: vec![VirtualAddress {
            key: AddressKey {
                interface: "eth0".into(),
                net: format!("192.168.0.{vrid}/32").parse().unwrap(),
            },
            attributes: Arc::default(),
            no_track: false,
        }]
        .into(),
        excluded: Box::default(),
        track_interfaces: Box::default(),
        track_scripts: Box::default(),
        dont_track_primary: false,
        garp: Arc::new(Garp {
            master_delay: Duration::ZERO,
            master_repeat: 1,
            lower_prio_delay: Duration::ZERO,
            lower_prio_repeat: 1,
            ..Garp::default()
        }),
        lower_prio_no_advert: false,
        higher_prio_send_advert: false,
        skip_check_adv_addr: false,
        down_timer_adverts: 3,
        accept: true,
        promote_secondaries: false,
        notify: Arc::default(),
        smtp_alert: None,
        options: Default::default(),
    }
}

pub(super) fn eth0(up: bool, address: Option<&str>) -> Arc<Interface> {
    Arc::new(Interface {
        up,
        addresses: address
            .map(|a| AssignedAddress {
                net: format!("{a}/24").parse().unwrap(),
                secondary: false,
                tentative: false,
                duplicate: false,
                protocol: None,
            })
            .into_iter()
            .collect(),
        ..Interface::ethernet("eth0", IfIndex(2))
    })
}

/// A router and the words for what it does.
pub(super) struct Talk {
    pub(super) router: Router,
    pub(super) terms: Terms,
}

impl Talk {
    pub(super) fn start(config: Config) -> (Self, Vec<String>) {
        let mut out = Vec::new();
        let first = config.instances.first().unwrap();
        let terms = Terms {
            version: first.version,
            family: Family::V4,
            vrid: first.vrid,
            auth: first.auth,
            interval: first.advert_int,
            checksum: Default::default(),
        };
        let router = Router::start(at(0.0), Arc::new(config), &[eth0(true, Some(US))], &mut out);
        (Talk { router, terms }, words(&out))
    }

    pub(super) fn alone(instance: VrrpInstance) -> Self {
        let (talk, said) = Self::start(Config { instances: vec![instance.into()], ..Config::default() });
        assert_eq!(said, ["A BACKUP"]);
        talk
    }

    pub(super) fn event(&mut self, now: Mono, event: Event<'_>) -> Vec<String> {
        let mut out = Vec::new();
        self.router.handle(now, event, &mut out);
        words(&out)
    }

    pub(super) fn link(&mut self, now: Mono, interface: Option<Arc<Interface>>) -> Vec<String> {
        self.event(now, Event::Interface { name: "eth0".into(), now: interface })
    }

    pub(super) fn hear(&mut self, now: Mono, from: &str, priority: u8) -> Vec<String> {
        self.hear_as(now, from, priority, self.terms, 255)
    }

    pub(super) fn hear_as(
        &mut self,
        now: Mono,
        from: &str,
        priority: u8,
        terms: Terms,
        ttl: u8,
    ) -> Vec<String> {
        let address = ip(&format!("192.168.0.{}", terms.vrid.get()));
        let payload = wire::emit(&terms, priority, [address].into_iter(), ip(from), ip(GROUP));
        let (source, destination) = (ip(from), ip(GROUP));
        let interface = IfIndex(2);
        let datagram = Datagram {
            received_at: now,
            interface,
            source,
            destination,
            ttl,
            header: &[],
            payload: &payload,
        };
        self.event(now, Event::Packet(datagram))
    }

    /// Lets time pass until the next deadline, which must be then, and tells what happens.
    pub(super) fn due(&mut self, when: f64) -> Vec<String> {
        let deadline = self.router.deadline().expect("nothing is due");
        assert_eq!(deadline, at(when), "the next deadline");
        let mut out = Vec::new();
        self.router.expire(deadline, &mut out);
        words(&out)
    }

    pub(super) fn state(&self) -> State {
        self.router.views()[0].state
    }
}

/// Everything but notes, in short.
pub(super) fn words(actions: &[Action]) -> Vec<String> {
    actions
        .iter()
        .filter_map(|action| match action {
            Action::Transmit { payload, .. } => Some(format!("advert {}:{}", payload[1], payload[2])),
            Action::Own { instance, owned } => {
                Some(format!("{} {}", if *owned { "own" } else { "drop" }, instance.0))
            }
            Action::Announce { address, .. } => Some(format!("arp {}", address.address())),
            Action::Notify { subject: Subject::Instance(name), state, .. } => {
                Some(format!("{name} {}", state.as_str()))
            }
            Action::Notify { subject: Subject::Group(name), state, .. } => {
                Some(format!("group {name} {}", state.as_str()))
            }
            Action::NotifyLowerPriority { .. } => Some("lower".into()),
            Action::Restore { address } => Some(format!("restore {}", address.address())),
            Action::RestoreObject { object, .. } => Some(format!("restore {object}")),
            Action::Late { .. } => Some("late".into()),
            Action::Identify { .. } | Action::Note(_) => None,
        })
        .collect()
}

#[test]
fn a_backup_alone_becomes_master_after_exactly_the_master_down_interval() {
    let mut talk = Talk::alone(instance("A", 1, 100));
    assert_eq!(talk.due(3.609375), ["advert 1:100", "own 0", "A MASTER", "arp 192.168.0.1"]);
    assert_eq!(talk.due(4.609375), ["advert 1:100"]);
    assert_eq!(talk.due(5.609375), ["advert 1:100"]);
}

#[test]
fn version_3_counts_its_skew_in_intervals() {
    let fast = VrrpInstance {
        version: Version::V3,
        advert_int: Duration::from_millis(100),
        ..instance("A", 1, 100)
    };
    let mut talk = Talk::alone(fast);
    assert_eq!(talk.due(0.3609375).first().unwrap(), "advert 1:100");
    assert_eq!(talk.due(0.4609375), ["advert 1:100"]);
}

#[test]
fn an_owner_does_not_wait() {
    let (mut talk, said) =
        Talk::start(Config { instances: vec![instance("A", 1, 255).into()], ..Config::default() });
    assert_eq!(said, [""; 0], "and does not say that it is a backup");
    assert!(talk.due(0.000001).contains(&"A MASTER".into()));
}

#[test]
fn adverts_of_equal_or_higher_priority_keep_a_backup() {
    let mut talk = Talk::alone(instance("A", 1, 100));
    assert_eq!(talk.hear(at(3.0), PEER, 100), [""; 0]);
    assert_eq!(talk.hear(at(4.0), PEER, 200), [""; 0]);
    assert_eq!(talk.router.deadline(), Some(at(7.609375)));
    assert_eq!(talk.hear(at(5.0), PEER, 99), [""; 0], "discarded: the timer goes on");
    assert_eq!(talk.router.deadline(), Some(at(7.609375)));
    assert!(talk.due(7.609375).contains(&"A MASTER".into()));
}

#[test]
fn a_resignation_shortens_the_wait_to_the_skew_time() {
    let mut talk = Talk::alone(instance("A", 1, 100));
    talk.hear(at(1.0), PEER, 200);
    talk.hear(at(2.0), PEER, 0);
    assert!(talk.due(2.609375).contains(&"A MASTER".into()));
}

#[test]
fn nopreempt_follows_a_lower_master() {
    let mut talk = Talk::alone(VrrpInstance { nopreempt: true, ..instance("A", 1, 100) });
    talk.hear(at(3.0), PEER, 1);
    assert_eq!(talk.router.deadline(), Some(at(6.609375)));
}

#[test]
fn preempt_delay_follows_a_lower_master_for_a_while() {
    let mut talk =
        Talk::alone(VrrpInstance { preempt_delay: Duration::from_secs(4), ..instance("A", 1, 100) });
    for second in [1.0, 2.0, 3.0, 4.0, 4.9, 5.5, 6.5, 7.5] {
        talk.hear(at(second), PEER, 50);
    }
    assert!(
        talk.due(4.9 + 3.609375).contains(&"A MASTER".into()),
        "the advert of 5.5 s came after the delay"
    );
}

#[test]
fn a_master_yields_to_higher_priority_and_to_a_higher_address() {
    for (priority, from, yields) in [(101, "10.0.0.0", true), (100, PEER, true), (100, "10.0.0.0", false)] {
        let mut talk = Talk::alone(instance("A", 1, 100));
        talk.due(3.609375);
        let said = talk.hear(at(4.0), from, priority);
        if yields {
            assert_eq!(said, ["drop 0", "A BACKUP"], "no priority 0 after a lost election");
            assert_eq!(talk.router.deadline(), Some(at(7.609375)));
        } else {
            assert_eq!(said, ["advert 1:100", "lower", "arp 192.168.0.1"]);
            assert_eq!(talk.state(), State::Master);
        }
    }
}

#[test]
fn refused_packets_change_nothing() {
    let mut talk =
        Talk::alone(VrrpInstance { auth: Some(Auth::Pass(*b"secret\0\0")), ..instance("A", 1, 100) });
    talk.due(3.609375);
    let good = talk.terms;
    let strangers = [
        (Terms { auth: Some(Auth::Pass(*b"wrong\0\0\0")), ..good }, 255, PEER),
        (Terms { auth: None, ..good }, 255, PEER),
        (Terms { version: Version::V3, ..good }, 255, PEER),
        (Terms { interval: Duration::from_secs(2), ..good }, 255, PEER),
        (good, 254, PEER),
        (good, 255, US),
    ];
    for step in 0..20_u32 {
        for (terms, ttl, from) in strangers {
            assert_eq!(talk.hear_as(at(3.7 + f64::from(step) / 1000.0), from, 250, terms, ttl), [""; 0]);
        }
    }
    assert_eq!(talk.router.deadline(), Some(at(4.609375)), "the advert timer runs on");
    let counters = talk.router.views()[0].counters;
    assert_eq!((counters.auth_failure, counters.auth_type_mismatch, counters.version), (20, 20, 20));
    assert_eq!((counters.advert_interval, counters.ttl, counters.own_source), (20, 20, 20));
    assert_eq!(counters.advert_received, 0);
}

#[test]
fn link_down_and_up() {
    let mut talk = Talk::alone(instance("A", 1, 100));
    talk.due(3.609375);
    assert_eq!(talk.link(at(4.0), Some(eth0(false, Some(US)))), ["advert 1:0", "drop 0", "A FAULT"]);
    assert_eq!(talk.router.deadline(), None);
    assert_eq!(talk.hear(at(4.1), PEER, 50), [""; 0]);
    assert_eq!(talk.link(at(5.0), Some(eth0(true, Some(US)))), ["A BACKUP"]);
    assert!(talk.due(8.609375).contains(&"A MASTER".into()));
    assert_eq!(
        talk.link(at(9.0), Some(eth0(true, None))),
        ["advert 1:0", "drop 0", "A FAULT"],
        "no source address"
    );
    assert_eq!(talk.link(at(9.5), Some(eth0(true, Some(US)))), ["A BACKUP"]);
    assert_eq!(talk.link(at(9.6), None), ["A FAULT"]);
}

#[test]
fn an_interface_may_appear_later() {
    let late = VrrpInstance { interface: "eth7".into(), ..instance("A", 1, 100) };
    let (mut talk, said) = Talk::start(Config { instances: vec![late.into()], ..Config::default() });
    assert_eq!(said, ["A FAULT"]);
    let eth7 =
        Interface { name: "eth7".into(), index: IfIndex(7), ..Interface::clone(&eth0(true, Some(US))) };
    assert_eq!(
        talk.event(at(1.0), Event::Interface { name: "eth7".into(), now: Some(Arc::new(eth7)) }),
        ["A BACKUP"]
    );
}

#[test]
fn a_removed_address_comes_back_at_once_and_the_master_stays() {
    let mut talk = Talk::alone(instance("A", 1, 100));
    talk.due(3.609375);
    let key = || AddressKey { interface: "eth0".into(), net: "192.168.0.1/32".parse().unwrap() };
    let expected = ["restore 192.168.0.1", "arp 192.168.0.1"];
    for _ in 0..3 {
        assert_eq!(talk.event(at(4.0), Event::AddressLost { key: key() }), expected);
    }
    assert_eq!(
        talk.event(at(4.0), Event::AddressLost { key: key() }),
        ["advert 1:0", "drop 0", "A BACKUP"],
        "somebody insists"
    );
    assert!(talk.due(4.609375).contains(&"A MASTER".into()));
}

#[test]
fn a_stalled_master_listens_before_it_speaks() {
    let mut talk = Talk::alone(instance("A", 1, 100));
    talk.due(3.609375);
    assert_eq!(
        talk.hear(at(20.0), PEER, 50),
        ["drop 0", "A BACKUP"],
        "no fight over what was taken meanwhile"
    );
    assert!(talk.due(23.609375).contains(&"A MASTER".into()));
    let mut out = Vec::new();
    talk.router.expire(at(26.0), &mut out);
    assert_eq!(
        words(&out),
        ["advert 1:100", "late"],
        "late by less than its peers wait: one advert, no burst"
    );
    assert_eq!(talk.router.deadline(), Some(at(27.0)));
}

#[test]
fn stop_resigns_and_tells_everybody() {
    let mut talk = Talk::alone(instance("A", 1, 100));
    talk.due(3.609375);
    assert_eq!(talk.event(at(4.0), Event::Stop), ["advert 1:0", "drop 0", "A STOP"]);
    assert_eq!(talk.router.deadline(), None);
}

pub(super) fn pair() -> Config {
    let group = SyncGroup {
        name: "G".into(),
        members: vec!["A".into(), "B".into()],
        track_interfaces: Vec::new(),
        track_scripts: Vec::new(),
        tracking_weight: false,
        notify: Arc::default(),
        smtp_alert: None,
        options: Default::default(),
    };
    let tracked = Tracked { name: "nginx".into(), weight: 0, reverse: false };
    let a = VrrpInstance { track_scripts: [tracked].into(), ..instance("A", 1, 50) };
    Config {
        instances: vec![a.into(), instance("B", 2, 60).into()],
        sync_groups: vec![group],
        ..Config::default()
    }
}

#[test]
fn a_group_moves_together() {
    let (mut talk, said) = Talk::start(pair());
    assert_eq!(said, [""; 0], "waits for the script's first result");
    let script = |healthy| Event::Script { name: "nginx".into(), healthy };
    assert_eq!(talk.event(at(1.0), script(true)), ["A BACKUP", "B BACKUP", "group G BACKUP"]);
    assert_eq!(talk.due(1.0 + 3.765625), [""; 0], "B alone is not enough");
    let said = talk.due(1.0 + 3.8046875);
    let expected =
        ["advert 1:50", "own 0", "A MASTER", "advert 2:60", "own 1", "B MASTER", "group G MASTER"];
    assert_eq!(said[..7], expected);
    assert_eq!(said[7..], ["arp 192.168.0.2", "arp 192.168.0.1"]);
    assert_eq!(
        talk.event(at(6.0), script(false)),
        ["advert 1:0", "drop 0", "A FAULT", "advert 2:0", "drop 1", "B FAULT", "group G FAULT"],
        "the partner resigns too"
    );
    assert_eq!(talk.event(at(7.0), script(true)), ["A BACKUP", "B BACKUP", "group G BACKUP"]);
}

#[test]
fn weights_change_the_priority_on_the_wire() {
    let tracked = |name: &str, weight| Tracked { name: name.into(), weight, reverse: false };
    let weighted = VrrpInstance {
        track_scripts: [tracked("up", 10), tracked("down", -30)].into(),
        ..instance("A", 1, 100)
    };
    let mut talk = Talk::alone(weighted);
    talk.due(3.609375);
    let script = |name: &str, healthy| Event::Script { name: Name::from(name), healthy };
    talk.event(at(4.0), script("up", true));
    assert_eq!(talk.due(4.609375), ["advert 1:110"]);
    talk.event(at(5.0), script("down", false));
    assert_eq!(talk.due(5.609375), ["advert 1:80"]);
    talk.event(at(6.0), script("down", true));
    assert_eq!(talk.due(6.609375), ["advert 1:110"]);
}

#[test]
fn a_reload_keeps_the_master_and_ends_what_is_gone() {
    let both = Config {
        instances: vec![instance("A", 1, 100).into(), instance("B", 2, 100).into()],
        ..Config::default()
    };
    let (mut talk, _) = Talk::start(both);
    talk.due(3.609375);
    let renamed = VrrpInstance { priority: 120, ..instance("renamed", 1, 100) };
    let new = Config { instances: vec![renamed.into(), instance("C", 3, 100).into()], ..Config::default() };
    let said = talk.event(at(4.0), Event::Reconfigure(Arc::new(new)));
    assert_eq!(said, ["advert 2:0", "drop 1", "B FAULT", "advert 1:100", "own 0", "C BACKUP"]);
    assert_eq!(talk.due(5.0), ["advert 1:120"]);
    assert_eq!(talk.router.views().len(), 2);
}

#[test]
fn unicast_speaks_to_each_peer_and_to_nobody_else() {
    use crate::config::model::UnicastPeer;
    let peer = |address: &str| UnicastPeer { address: ip(address), min_ttl: None, max_ttl: None };
    let unicast = VrrpInstance {
        unicast_peers: [peer("10.0.0.2"), peer("10.0.0.3")].into(),
        ..instance("A", 1, 100)
    };
    let mut talk = Talk::alone(unicast);
    let said = talk.due(3.609375);
    assert_eq!(said[..2], ["advert 1:100", "advert 1:100"]);
    assert_eq!(talk.hear(at(4.0), PEER, 200), [""; 0], "multicast is refused");
    assert_eq!(talk.router.views()[0].counters.destination, 1);
}

#[test]
fn an_owner_that_yields_to_another_owner_waits_like_anybody() {
    let (mut talk, _) =
        Talk::start(Config { instances: vec![instance("A", 1, 255).into()], ..Config::default() });
    talk.due(0.000001);
    assert_eq!(talk.hear(at(1.0), PEER, 255), ["drop 0", "A BACKUP"]);
    assert_eq!(talk.router.deadline(), Some(at(1.0 + 3.00390625)), "and no storm of adverts");
    let backup = VrrpInstance { state: Some(InitialState::Backup), ..instance("A", 1, 255) };
    let talk = Talk::alone(backup);
    assert_eq!(talk.router.deadline(), Some(at(3.00390625)), "state BACKUP waits even as owner");
}

#[test]
fn a_backup_that_looks_too_late_listens_once() {
    let mut talk = Talk::alone(instance("A", 1, 100));
    let mut expire = |seconds| {
        let mut out = Vec::new();
        talk.router.expire(at(seconds), &mut out);
        (words(&out), talk.router.deadline())
    };
    assert_eq!(
        expire(10.0),
        (vec!["late".to_owned()], Some(at(11.609375))),
        "an interval and the skew time"
    );
    assert!(expire(20.0).0.contains(&"A MASTER".into()), "once is enough");
}

#[test]
fn a_start_delay_is_silent_and_deaf() {
    let mut config = Config { instances: vec![instance("A", 1, 100).into()], ..Config::default() };
    config.global.vrrp_startup_delay = Duration::from_secs(2);
    let (mut talk, said) = Talk::start(config);
    assert_eq!(said, ["A BACKUP"]);
    assert_eq!(talk.hear(at(1.0), PEER, 200), [""; 0]);
    assert_eq!(talk.router.views()[0].master, None);
    assert_eq!(talk.due(2.0), [""; 0]);
    assert!(talk.due(5.609375).contains(&"A MASTER".into()));
}

#[test]
fn a_member_that_a_reload_adds_catches_up_with_the_masters() {
    for better_master in [false, true] {
        let mut alone = pair();
        alone.instances.truncate(1);
        Arc::make_mut(&mut alone.instances[0]).track_scripts = Box::default();
        let mut both = pair();
        Arc::make_mut(&mut both.instances[0]).track_scripts = Box::default();
        alone.sync_groups[0].members.truncate(1);
        let (mut talk, _) = Talk::start(alone);
        assert!(talk.due(3.8046875).contains(&"group G MASTER".into()));
        let said = talk.event(at(4.0), Event::Reconfigure(Arc::new(both)));
        assert_eq!(said, ["own 0", "B BACKUP"], "the group stays master");
        if better_master {
            let terms = Terms { vrid: Vrid::new(2).unwrap(), ..talk.terms };
            let said = talk.hear_as(at(4.5), PEER, 200, terms, 255);
            assert_eq!(said, ["drop 0", "A BACKUP", "group G BACKUP"]);
        } else {
            for second in [4.8046875, 5.8046875, 6.8046875] {
                assert_eq!(talk.due(second), ["advert 1:50"]);
            }
            assert_eq!(talk.due(7.765625), ["advert 2:60", "own 1", "B MASTER", "arp 192.168.0.2"]);
        }
    }
}

#[test]
fn claims_of_lower_priority_cannot_make_us_flood() {
    let mut talk = Talk::alone(instance("A", 1, 100));
    talk.due(3.609375);
    let announcements: usize = (0..500)
        .map(|ms| talk.hear(at(4.0 + f64::from(ms) / 1000.0), "10.0.0.0", 50))
        .map(|said| said.iter().filter(|word| word.starts_with("arp")).count())
        .sum();
    assert_eq!(announcements, 1);
}

#[test]
fn unicast_routers_that_share_a_vrid_are_told_apart_by_their_address() {
    use crate::config::model::UnicastPeer;
    let unicast = |name: &str, source: &str, priority| VrrpInstance {
        source: Some(ip(source)),
        unicast_peers: [UnicastPeer { address: ip(PEER), min_ttl: None, max_ttl: None }].into(),
        ..instance(name, 1, priority)
    };
    let instances = vec![unicast("A", US, 100).into(), unicast("B", "10.0.0.7", 90).into()];
    let (mut talk, _) = Talk::start(Config { instances, ..Config::default() });
    let to = ip("10.0.0.7");
    let payload = wire::emit(&talk.terms, 200, [ip("192.168.0.1")].into_iter(), ip(PEER), to);
    let datagram = Datagram {
        received_at: at(1.0),
        interface: IfIndex(2),
        source: ip(PEER),
        destination: to,
        ttl: 255,
        header: &[],
        payload: &payload,
    };
    talk.event(at(1.0), Event::Packet(datagram));
    let masters: Vec<_> = talk.router.views().iter().map(|view| view.master).collect();
    assert_eq!(masters, [None, Some((ip(PEER), 200))]);
}
