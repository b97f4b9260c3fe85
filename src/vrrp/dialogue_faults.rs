//! Dialogues about links that flap, sources that go, several owners, small packets and late starts.

use std::sync::Arc;
use std::time::Duration;

use super::action::{Action, State};
use super::dialogue::{PEER, Talk, at, eth0, instance, ip, words};
use super::event::{Datagram, Event};
use super::note::{Fault, Note, What};
use super::router::Router;
use super::wire::{self, Terms};
use crate::config::model::interface::UpDownDelay;
use crate::config::model::options::InstanceOptions;
use crate::config::model::{Config, InitialState, SyncGroup, Tracked, UnicastPeer, Version, VrrpInstance};
use crate::ids::{ANY_INTERFACE, Family, IfIndex, Vrid};
use crate::objects::interface::{AssignedAddress, Interface};

const MASTER_AT: f64 = 3.609375;

#[test]
fn a_link_that_flaps_is_left_alone() {
    let delay = UpDownDelay {
        interface: "eth0".into(),
        down: Duration::from_millis(1_500),
        up: Duration::from_secs(1),
    };
    let instances = vec![instance("A", 1, 100).into()];
    let (mut talk, _) = Talk::start(Config { instances, up_down_delays: vec![delay], ..Config::default() });
    talk.due(MASTER_AT);
    let (down, up) = (|| Some(eth0(false, Some("10.0.0.1"))), || Some(eth0(true, Some("10.0.0.1"))));
    assert_eq!(talk.link(at(4.0), down()), [""; 0]);
    assert_eq!(talk.link(at(4.5), up()), [""; 0]);
    talk.due(4.609375);
    assert_eq!(talk.link(at(5.0), down()), [""; 0]);
    talk.due(5.609375);
    assert_eq!(talk.due(6.5), ["advert 1:0", "drop 0", "A FAULT"]);
    assert_eq!(talk.link(at(7.0), up()), [""; 0]);
    assert_eq!(talk.link(at(7.5), down()), [""; 0]);
    assert_eq!(talk.link(at(7.6), up()), [""; 0]);
    assert_eq!(talk.due(8.6), ["A BACKUP"]);
}

#[test]
fn the_source_that_is_tracked_goes_and_comes() {
    let mut config = VrrpInstance { source: Some(ip("10.0.0.9")), ..instance("A", 1, 100) };
    Arc::make_mut(&mut config.options).track_src_ip = true;
    let interface = |addresses: &[&str]| {
        let one = eth0(true, Some("10.0.0.1"));
        let mut all = one.addresses.clone();
        for address in addresses {
            let mut next = one.addresses[0];
            next.net = format!("{address}/24").parse().unwrap();
            all.push(next);
        }
        Some(Arc::new(Interface { addresses: all, ..(*one).clone() }))
    };
    let (mut talk, said) = Talk::start(Config { instances: vec![config.into()], ..Config::default() });
    assert_eq!(said, ["A FAULT"]);
    assert_eq!(talk.link(at(1.0), interface(&["10.0.0.9"])), ["A BACKUP"]);
    talk.due(1.0 + MASTER_AT);
    assert_eq!(talk.link(at(5.0), interface(&["10.0.0.9", "10.0.0.8"])), [""; 0]);
    assert_eq!(talk.link(at(5.1), interface(&[])), ["advert 1:0", "drop 0", "A FAULT"]);
}

#[test]
fn unicast_without_peers_may_be_a_fault() {
    let mut config = instance("A", 1, 100);
    Arc::make_mut(&mut config.options).unicast_fault_no_peer = true;
    let (_, said) = Talk::start(Config { instances: vec![config.into()], ..Config::default() });
    assert_eq!(said, ["A FAULT"]);
}

#[test]
fn an_owner_that_is_told_to_hears_nobody() {
    let mut config = instance("A", 1, 255);
    Arc::make_mut(&mut config.options).owner_ignore_adverts = true;
    let (mut talk, _) = Talk::start(Config { instances: vec![config.into()], ..Config::default() });
    talk.due(0.000001);
    assert_eq!(talk.hear(at(0.5), PEER, 255), [""; 0]);
    assert_eq!(talk.state(), State::Master);
}

#[test]
fn an_owner_that_another_owner_does_not_hear_yields_until_it_is_gone() {
    let (mut talk, _) =
        Talk::start(Config { instances: vec![instance("A", 1, 255).into()], ..Config::default() });
    talk.due(0.000001);
    // Ours is the higher address: the other should yield, and does not.
    assert_eq!(talk.hear(at(0.5), "10.0.0.0", 255)[0], "advert 1:255");
    assert_eq!(talk.hear(at(1.4), "10.0.0.0", 255)[0], "advert 1:255");
    assert_eq!(talk.hear(at(1.8), "10.0.0.0", 255), ["drop 0", "A BACKUP"]);
    assert_eq!(talk.hear(at(2.8), "10.0.0.0", 255), [""; 0]);
    assert_eq!(talk.router.views()[0].priority, 254);
    // A change of facts does not raise it.
    assert_eq!(talk.link(at(3.0), Some(eth0(true, Some("10.0.0.3")))), [""; 0]);
    assert_eq!(talk.router.views()[0].priority, 254);
    let said = talk.due(2.8 + 3.0 + 2.0 / 256.0);
    assert_eq!(said[..3], ["advert 1:255", "own 0", "A MASTER"]);
}

#[test]
fn an_owner_waits_after_a_fault() {
    let (mut talk, _) =
        Talk::start(Config { instances: vec![instance("A", 1, 255).into()], ..Config::default() });
    talk.due(0.000001);
    talk.link(at(1.0), Some(eth0(false, Some("10.0.0.1"))));
    assert_eq!(talk.link(at(2.0), Some(eth0(true, Some("10.0.0.1")))), ["A BACKUP"]);
    assert!(talk.due(5.00390625).contains(&"A MASTER".into()));
}

#[test]
fn an_owner_does_not_wait_longer_than_for_its_script() {
    let script = Tracked { name: "s".into(), weight: 0, reverse: false };
    let owner = VrrpInstance { track_scripts: vec![script].into(), ..instance("A", 1, 255) };
    let (mut talk, said) = Talk::start(Config { instances: vec![owner.into()], ..Config::default() });
    assert_eq!((said, talk.state()), (vec![], State::Init));
    let well = Event::Script { name: "s".into(), healthy: true };
    assert_eq!(talk.event(at(1.0), well), [""; 0], "it does not say that it is a backup");
    assert!(talk.due(1.000001).contains(&"A MASTER".into()));
}

#[test]
fn an_owner_waits_with_its_group_unless_all_are_owners() {
    let start = |priorities: [u8; 2], state: Option<InitialState>| {
        let [a, b] = priorities;
        let of = |name, vrid, priority| VrrpInstance { state, ..instance(name, vrid, priority) };
        let instances = vec![of("A", 1, a).into(), of("B", 2, b).into()];
        let sync_groups = super::dialogue::pair().sync_groups;
        Talk::start(Config { instances, sync_groups, ..Config::default() })
    };
    let told = ["A BACKUP", "B BACKUP", "group G BACKUP"];
    assert_eq!(start([255, 255], None).1, told);
    let (mut talk, said) = start([255, 100], Some(InitialState::Master));
    assert_eq!(said, told);
    assert_eq!(talk.due(3.00390625), [""; 0], "B is not ready yet");
    assert!(talk.due(3.609375).contains(&"A MASTER".into()));
    let (mut talk, said) = start([255, 255], Some(InitialState::Master));
    assert_eq!(said, ["group G BACKUP"]);
    assert!(talk.due(0.000001).contains(&"B MASTER".into()));
}

#[test]
fn an_owner_that_a_reload_frees_of_its_fault_waits_too() {
    let broken = Tracked { name: "eth7".into(), weight: 0, reverse: false };
    let owner = |tracked: &[Tracked]| {
        let owner = VrrpInstance { track_interfaces: tracked.to_vec().into(), ..instance("A", 1, 255) };
        Config { instances: vec![owner.into()], ..Config::default() }
    };
    let (mut talk, said) = Talk::start(owner(&[broken]));
    assert_eq!(said, ["A FAULT"]);
    assert_eq!(talk.event(at(1.0), Event::Reconfigure(Arc::new(owner(&[])))), ["A BACKUP"]);
    assert!(talk.due(4.00390625).contains(&"A MASTER".into()));
}

#[test]
fn an_owner_that_stops_in_time_is_forgotten() {
    let (mut talk, _) =
        Talk::start(Config { instances: vec![instance("A", 1, 255).into()], ..Config::default() });
    talk.due(0.000001);
    for second in [0.5, 5.0, 9.0] {
        assert_eq!(talk.hear(at(second), "10.0.0.0", 255)[0], "advert 1:255", "at {second}");
        assert_eq!(talk.hear(at(second + 0.9), "10.0.0.0", 255)[0], "advert 1:255", "after {second}");
    }
    assert_eq!(talk.state(), State::Master);
}

#[test]
fn what_does_not_fit_into_a_packet_is_set_but_not_named() {
    let mut config = instance("A", 1, 100);
    let first = config.addresses[0].clone();
    let more = (0..300_u32).map(|n| {
        let mut address = first.clone();
        address.key.net = format!("172.16.{}.{}/32", n / 250, n % 250).parse().unwrap();
        address
    });
    config.addresses = std::iter::once(first.clone()).chain(more).collect();
    let named = |mtu: u32, config: &VrrpInstance| {
        let interface = Arc::new(Interface { mtu, ..(*eth0(true, Some("10.0.0.1"))).clone() });
        let config = Arc::new(Config { instances: vec![config.clone().into()], ..Config::default() });
        let mut out = Vec::new();
        let mut router = Router::start(at(0.0), config, &[interface], &mut out);
        router.expire(router.deadline().unwrap(), &mut out);
        let own = router.views()[0].id;
        assert_eq!(router.desired_addresses(own).count(), 301, "all are set");
        let told = out.iter().any(|action| {
            matches!(action, Action::Note(Note { what: What::AddressesBeyondPacket { .. }, .. }))
        });
        assert!(told);
        let payload = out.iter().find_map(|action| match action {
            Action::Transmit { payload, .. } => Some(payload.clone()),
            _ => None,
        });
        let payload = payload.unwrap();
        assert!(payload.len() + 20 <= mtu as usize);
        usize::from(payload[3])
    };
    assert_eq!(named(1500, &config), 255);
    assert_eq!(named(576, &config), (576 - 20 - 8 - 8) / 4);
    config.version = Version::V3;
    assert_eq!(named(576, &config), (576 - 20 - 8) / 4);
}

#[test]
fn a_new_mtu_makes_a_new_packet() {
    let mut config = instance("A", 1, 100);
    let first = config.addresses[0].clone();
    let more = (1..=20_u8).map(|n| {
        let mut address = first.clone();
        address.key.net = format!("172.16.0.{n}/32").parse().unwrap();
        address
    });
    config.addresses = std::iter::once(first.clone()).chain(more).collect();
    let mut talk = Talk::alone(config);
    talk.due(MASTER_AT);
    let small = Interface { mtu: 68, ..(*eth0(true, Some("10.0.0.1"))).clone() };
    talk.link(at(4.0), Some(Arc::new(small)));
    let mut out = Vec::new();
    talk.router.expire(at(4.609375), &mut out);
    let named = out.iter().find_map(|action| match action {
        Action::Transmit { payload, .. } => Some(payload[3]),
        _ => None,
    });
    assert_eq!(named, Some((68 - 36) / 4));
}

#[test]
fn a_delay_counts_from_the_boot_or_the_start_whichever_ends_later() {
    let started = |startup: u64, boot: u64, now: f64| {
        let mut config = Config { instances: vec![instance("A", 1, 100).into()], ..Config::default() };
        config.global.vrrp_startup_delay = Duration::from_secs(startup);
        config.global.vrrp_delay_after_boot = Duration::from_secs(boot);
        let router =
            Router::start(at(now), Arc::new(config), &[eth0(true, Some("10.0.0.1"))], &mut Vec::new());
        router.deadline().unwrap()
    };
    assert_eq!(started(0, 60, 10.0), at(60.0));
    assert_eq!(started(70, 60, 10.0), at(80.0));
    assert_eq!(started(2, 60, 59.0), at(61.0));
    assert_eq!(started(0, 60, 600.0), at(600.0 + MASTER_AT), "long up: no delay");
}

#[test]
fn a_better_peer_waits_less_for_a_master_that_runs_late() {
    // Silent for 3.3 s: longer than a peer of 250 waits (3.02 s), shorter than one of our own priority (3.61 s).
    for (others, listens) in [(None, false), (Some(250), true)] {
        let mut config = VrrpInstance { nopreempt: true, ..instance("A", 1, 100) };
        Arc::make_mut(&mut config.options).timer_expired_backup = others;
        let mut talk = Talk::alone(config);
        talk.due(MASTER_AT);
        let mut out = Vec::new();
        talk.router.expire(at(MASTER_AT + 3.3), &mut out);
        assert_eq!(talk.state() == State::Backup, listens, "{others:?}");
    }
}

#[test]
fn state_master_below_255_waits_like_anybody() {
    let config = VrrpInstance { state: Some(InitialState::Master), ..instance("A", 1, 100) };
    let mut talk = Talk::alone(config);
    assert!(talk.due(MASTER_AT).contains(&"A MASTER".into()));
}

#[test]
fn an_interface_that_is_made_anew_is_another_one() {
    let mut talk = Talk::alone(instance("A", 1, 100));
    talk.due(MASTER_AT);
    assert_eq!(talk.link(at(4.0), None), ["advert 1:0", "drop 0", "A FAULT"]);
    let mut anew = (*eth0(true, Some("10.0.0.7"))).clone();
    anew.index = crate::ids::IfIndex(77);
    assert_eq!(talk.link(at(5.0), Some(Arc::new(anew))), ["A BACKUP"]);
    // A packet by the old index is nobody's; one by the new is.
    assert_eq!(talk.hear(at(6.0), PEER, 200), [""; 0]);
    assert_eq!(talk.router.deadline(), Some(at(5.0 + MASTER_AT)));
    let said = talk.event(at(6.0), Event::Interface { name: "eth0".into(), now: None });
    assert_eq!(said, ["A FAULT"]);
}

#[test]
fn a_link_local_address_that_another_host_has_is_no_source_and_is_said() {
    let mut config = instance("A", 1, 100);
    (config.family, config.version) = (Family::V6, Version::V3);
    (config.multicast_group, config.addresses[0].key.net) =
        (ip("ff02::12"), "2001:db8::50/64".parse().unwrap());
    let link = |up: bool, tentative: bool, duplicate: bool| {
        let mut all = eth0(up, Some("10.0.0.1")).addresses.clone();
        all.push(AssignedAddress { net: "fe80::1/64".parse().unwrap(), tentative, duplicate, ..all[0] });
        Some(Arc::new(Interface { addresses: all, ..(*eth0(up, None)).clone() }))
    };
    let (mut talk, said) = Talk::start(Config { instances: vec![config.into()], ..Config::default() });
    assert_eq!(said, ["A FAULT"]);
    let told = |out: &[Action]| {
        let is_it = |fault: &Fault| *fault == Fault::DuplicateAddress("eth0".into(), ip("fe80::1"));
        let note = |action: &Action| matches!(action, Action::Note(Note { what: What::Fault(fault), .. }) if is_it(fault));
        out.iter().filter(|action| note(action)).count()
    };
    let mut link_now = |when: f64, interface| {
        let mut out = Vec::new();
        let event = Event::Interface { name: "eth0".into(), now: interface };
        talk.router.handle(at(when), event, &mut out);
        (words(&out), told(&out))
    };
    assert_eq!(link_now(1.0, link(true, true, false)), (vec![], 0), "the kernel still looks");
    assert_eq!(link_now(2.0, link(true, true, true)), (vec![], 1), "in FAULT already, yet it is said");
    assert_eq!(link_now(2.5, link(true, true, true)).1, 0, "once");
    assert_eq!(link_now(3.0, link(true, false, false)).0, ["A BACKUP"]);
    assert_eq!(link_now(4.0, link(true, true, true)), (vec!["A FAULT".to_owned()], 1));
}

#[test]
fn a_master_that_a_reload_brings_into_a_failed_group_fails_with_it() {
    let broken = VrrpInstance { interface: "eth7".into(), ..instance("B", 2, 100) };
    let apart =
        Config { instances: vec![instance("A", 1, 100).into(), broken.into()], ..Config::default() };
    let (mut talk, said) = Talk::start(apart.clone());
    assert_eq!(said, ["A BACKUP", "B FAULT"]);
    talk.due(MASTER_AT);
    let group = SyncGroup {
        name: "G".into(),
        members: vec!["A".into(), "B".into()],
        ..super::dialogue::pair().sync_groups.remove(0)
    };
    let together = Config { sync_groups: vec![group], ..apart.clone() };
    let said = talk.event(at(4.0), Event::Reconfigure(Arc::new(together)));
    assert_eq!(said, ["own 0", "advert 1:0", "drop 0", "A FAULT", "group G FAULT"]);
    let said = talk.event(at(5.0), Event::Reconfigure(Arc::new(apart)));
    assert_eq!(said, ["A BACKUP"], "and comes back when it leaves the group");
}

#[test]
fn a_master_that_comes_into_a_group_in_fault_is_no_news_of_the_group() {
    let broken = VrrpInstance { interface: "eth7".into(), ..instance("B", 2, 100) };
    let group = |members: &[&str]| SyncGroup {
        name: "G".into(),
        members: members.iter().map(|name| (*name).into()).collect(),
        ..super::dialogue::pair().sync_groups.remove(0)
    };
    let with = |members: &[&str]| Config {
        instances: vec![instance("A", 1, 100).into(), broken.clone().into(), instance("C", 3, 100).into()],
        sync_groups: vec![group(members)],
        ..Config::default()
    };
    let (mut talk, _) = Talk::start(with(&["A", "B"]));
    talk.due(MASTER_AT);
    let said = talk.event(at(4.0), Event::Reconfigure(Arc::new(with(&["A", "B", "C"]))));
    assert_eq!(said, ["own 2", "advert 3:0", "drop 2", "C FAULT"]);
    let said = talk.event(at(5.0), Event::Reconfigure(Arc::new(with(&["A", "C"]))));
    assert_eq!(said, ["A BACKUP", "C BACKUP", "group G BACKUP"]);
}

#[test]
fn a_group_that_a_reload_makes_is_what_its_members_are() {
    let broken = VrrpInstance { interface: "eth7".into(), ..instance("A", 1, 100) };
    let apart = |first: VrrpInstance, second: VrrpInstance| Config {
        instances: vec![first.into(), second.into()],
        ..Config::default()
    };
    let told = |apart: Config, seconds: f64| {
        let (mut talk, _) = Talk::start(apart.clone());
        if seconds > MASTER_AT {
            talk.due(MASTER_AT);
        }
        let group = super::dialogue::pair().sync_groups.remove(0);
        let together = Config { sync_groups: vec![group], ..apart };
        let mut said = talk.event(at(seconds), Event::Reconfigure(Arc::new(together.clone())));
        said.extend(talk.event(at(seconds), Event::Reconfigure(Arc::new(together))));
        said.retain(|word| !word.starts_with("own "));
        said
    };
    let (a, b) = (instance("A", 1, 100), instance("B", 2, 100));
    assert_eq!(told(apart(a.clone(), b.clone()), 1.0), ["group G BACKUP"], "once");
    let second = VrrpInstance { interface: "eth7".into(), ..b.clone() };
    assert_eq!(told(apart(broken, second), 1.0), ["group G FAULT"]);
    assert_eq!(told(apart(a, b), 4.0), [""; 0], "of masters nothing is told");
}

#[test]
fn unicast_without_an_interface_needs_no_more_than_its_source() {
    let peer = UnicastPeer { address: ip(PEER), min_ttl: None, max_ttl: None };
    let options = InstanceOptions { track_src_ip: true, ..InstanceOptions::default() };
    let mut talk = Talk::alone(VrrpInstance {
        interface: "".into(),
        source: Some(ip("10.0.0.1")),
        unicast_peers: [peer].into(),
        options: options.into(),
        ..instance("A", 1, 100)
    });
    talk.due(MASTER_AT);
    let payload = wire::emit(&talk.terms, 200, [ip("192.168.0.1")].into_iter(), ip(PEER), ip("10.0.0.1"));
    let heard = |interface| Datagram {
        received_at: at(4.0),
        interface,
        source: ip(PEER),
        destination: ip("10.0.0.1"),
        ttl: 255,
        header: &[],
        payload: &payload,
    };
    assert_eq!(talk.event(at(4.0), Event::Packet(heard(ANY_INTERFACE))), ["drop 0", "A BACKUP"]);
    talk.due(4.0 + MASTER_AT);
    let said = talk.link(at(8.0), Some(eth0(true, None)));
    assert_eq!(said, ["advert 1:0", "drop 0", "A FAULT"], "track_src_ip looks at all interfaces");
    assert_eq!(talk.link(at(9.0), Some(eth0(true, Some("10.0.0.1")))), ["A BACKUP"]);
}

#[test]
fn a_reload_makes_no_group_of_a_master_and_of_one_that_follows_another() {
    let apart = Config {
        instances: vec![instance("A", 1, 100).into(), instance("B", 2, 50).into()],
        ..Config::default()
    };
    let (mut talk, _) = Talk::start(apart.clone());
    let terms = Terms { vrid: Vrid::new(2).unwrap(), ..talk.terms };
    for second in [1.0, 2.0, 3.0] {
        talk.hear_as(at(second), PEER, 200, terms, 255);
    }
    talk.due(MASTER_AT);
    talk.hear_as(at(4.0), PEER, 200, terms, 255);
    let states: Vec<State> = talk.router.views().iter().map(|view| view.state).collect();
    assert_eq!(states, [State::Master, State::Backup]);
    let group = super::dialogue::pair().sync_groups;
    let said =
        talk.event(at(4.5), Event::Reconfigure(Arc::new(Config { sync_groups: group, ..apart.clone() })));
    assert_eq!(said, ["own 0", "drop 0", "A BACKUP", "group G BACKUP"]);
}

#[test]
fn a_reload_during_the_start_delay_makes_nobody_hasty() {
    let mut config = Config { instances: vec![instance("A", 1, 255).into()], ..Config::default() };
    config.global.vrrp_startup_delay = Duration::from_secs(2);
    let (mut talk, _) = Talk::start(config.clone());
    Arc::make_mut(&mut config.instances[0]).priority = 100;
    talk.event(at(1.0), Event::Reconfigure(Arc::new(config.clone())));
    talk.due(2.0);
    assert_eq!(talk.router.deadline(), Some(at(2.0 + MASTER_AT)), "no owner any more: it listens first");
    Arc::make_mut(&mut config.instances[0]).priority = 90;
    talk.event(at(3.0), Event::Reconfigure(Arc::new(config)));
    assert_eq!(talk.router.deadline(), Some(at(2.0 + 3.6484375)), "the timer runs on");
}

#[test]
fn a_longer_interval_is_announced_before_it_begins() {
    let with = |seconds| VrrpInstance { advert_int: Duration::from_secs(seconds), ..instance("A", 1, 100) };
    let reload = |seconds| {
        let config = Config { instances: vec![with(seconds).into()], ..Config::default() };
        Event::Reconfigure(Arc::new(config))
    };
    let mut talk = Talk::alone(with(2));
    let master_at = 6.609375;
    talk.due(master_at);
    let (just_spoken, soon) = (at(master_at + 0.01), at(master_at + 0.02));
    assert_eq!(
        talk.event(just_spoken, reload(5)),
        ["advert 1:100", "own 0"],
        "or its peers give up waiting"
    );
    assert_eq!(talk.router.deadline(), Some(just_spoken + Duration::from_secs(5)));
    assert_eq!(talk.event(soon, reload(1)), ["advert 1:100", "own 0"]);
    assert_eq!(talk.router.deadline(), Some(soon + Duration::from_secs(1)));
}

#[test]
fn unknown_routers_are_told_of_once_a_minute_where_that_is_asked_for() {
    let terms = Terms { vrid: Vrid::new(2).unwrap(), ..Talk::alone(instance("A", 1, 100)).terms };
    let payload = wire::emit(&terms, 100, [ip("192.168.0.2")].into_iter(), ip(PEER), ip("224.0.0.18"));
    for (asked, expected) in [(false, vec![]), (true, vec![1, 61])] {
        let mut config = Config { instances: vec![instance("A", 1, 100).into()], ..Config::default() };
        config.global.log_unknown_vrids = asked;
        let (mut talk, _) = Talk::start(config);
        let mut tells = |second: &i32| {
            let (now, mut out) = (at(f64::from(*second)), Vec::new());
            let datagram = Datagram {
                received_at: now,
                interface: IfIndex(2),
                source: ip(PEER),
                destination: ip("224.0.0.18"),
                ttl: 255,
                header: &[],
                payload: &payload,
            };
            talk.router.handle(now, Event::Packet(datagram), &mut out);
            let unknown = |note: &Note| matches!(note.what, What::UnknownRouter { vrid: 2, .. });
            out.iter().any(|action| matches!(action, Action::Note(note) if unknown(note)))
        };
        let told: Vec<i32> = (1..=100).filter(|second| tells(second)).collect();
        assert_eq!(told, expected);
    }
}
