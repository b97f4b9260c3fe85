//! The interface monitor: what happens, in order, and after an overrun too.

use std::time::Duration;

use ipnet::IpNet;
use standfast::kernel::address::{Change as AddressChange, apply};
use standfast::kernel::link;
use standfast::kernel::monitor::{Change, Monitor};
use standfast::kernel::netlink::Channel;
use standfast::objects::address::{AddressAttributes, AddressKey};

use crate::hosts::{channel, index, ip, lone_host, readable};

/// Changes up to and with the first that satisfies `last`.
fn until(monitor: &mut Monitor, channel: &mut Channel, last: impl Fn(&Change) -> bool) -> Vec<Change> {
    let mut seen = Vec::new();
    loop {
        while let Some(change) = monitor.next(channel).unwrap() {
            let end = last(&change);
            seen.push(change);
            if end {
                return seen;
            }
        }
        assert!(readable(monitor, Duration::from_secs(5)), "only {seen:?}");
    }
}

fn is(change: &Change, name: &str) -> bool {
    matches!(change, Change::Interface(i) if &*i.name == name)
}

fn gone(change: &Change, name: &str) -> bool {
    matches!(change, Change::Gone(gone) if &**gone == name)
}

fn start() -> (Channel, Monitor) {
    let mut channel = channel();
    let monitor = Monitor::open(&mut channel).unwrap();
    (channel, monitor)
}

/// The monitor's picture is what a dump says.
fn assert_current(monitor: &Monitor, channel: &mut Channel) {
    let ours: Vec<_> = monitor.interfaces().map(|i| (**i).clone()).collect();
    let dumped: Vec<_> = link::dump(channel).unwrap().into_values().collect();
    assert_eq!(ours, dumped);
}

#[test]
fn addresses_come_and_go() {
    lone_host();
    let (mut channel, mut monitor) = start();
    let net: IpNet = "10.0.0.1/24".parse().unwrap();
    ip("address add 10.0.0.1/24 dev left0");
    let seen = until(
        &mut monitor,
        &mut channel,
        |c| matches!(c, Change::Interface(i) if i.addresses.iter().any(|a| a.net == net)),
    );
    assert!(is(seen.last().unwrap(), "left0"));
    ip("address del 10.0.0.1/24 dev left0");
    let key = AddressKey { interface: "left0".into(), net };
    let seen = until(&mut monitor, &mut channel, |c| *c == Change::AddressRemoved(key.clone()));
    let Some(Change::Interface(before)) = seen.iter().rev().nth(1) else { panic!("{seen:?}") };
    assert_eq!(before.addresses, []);
    assert_current(&monitor, &mut channel);
}

#[test]
fn one_that_is_replaced_at_once_is_not_lost() {
    lone_host();
    ip("address add 10.0.0.1/32 dev left0");
    ip("address add 10.0.0.2/32 dev left0");
    let (mut channel, mut monitor) = start();
    let key = |net: &str| AddressKey { interface: "left0".into(), net: net.parse().unwrap() };
    let (kept, lost) = (key("10.0.0.1/32"), key("10.0.0.2/32"));
    let (left, plain) = (index("left0"), AddressAttributes::default());
    let replace = [(left, AddressChange::Remove(&kept)), (left, AddressChange::Add(&kept, &plain))];
    assert_eq!(apply(&mut channel, &replace), [Ok(()), Ok(())]);
    ip("address del 10.0.0.2/32 dev left0");
    let seen = until(&mut monitor, &mut channel, |c| *c == Change::AddressRemoved(lost.clone()));
    assert!(!seen.contains(&Change::AddressRemoved(kept)), "{seen:?}");
    assert_current(&monitor, &mut channel);
}

#[test]
fn down_and_up() {
    lone_host();
    let (mut channel, mut monitor) = start();
    let is_up =
        |up: bool| move |c: &Change| matches!(c, Change::Interface(i) if &*i.name == "left0" && i.up == up);
    ip("link set right0 down");
    until(&mut monitor, &mut channel, is_up(false));
    ip("link set right0 up");
    until(&mut monitor, &mut channel, is_up(true));
}

#[test]
fn renamed_deleted_and_made_again() {
    lone_host();
    let (mut channel, mut monitor) = start();
    let first = index("right0");
    ip("link set right0 down");
    ip("link set right0 name other0");
    let seen = until(&mut monitor, &mut channel, |c| is(c, "other0"));
    assert!(seen.iter().any(|c| gone(c, "right0")), "{seen:?}");
    ip("link del other0");
    until(&mut monitor, &mut channel, |c| gone(c, "other0"));
    ip("link add left0 type veth peer name right0");
    let seen = until(&mut monitor, &mut channel, |c| is(c, "right0"));
    let Some(Change::Interface(again)) = seen.last() else { panic!("{seen:?}") };
    assert_ne!(again.index, first);
}

#[test]
fn a_port_that_leaves_its_bridge_is_not_gone() {
    lone_host();
    let (mut channel, mut monitor) = start();
    ip("link add bridge0 type bridge");
    ip("link set right0 master bridge0");
    ip("link set right0 nomaster");
    ip("link del bridge0");
    let seen = until(&mut monitor, &mut channel, |c| gone(c, "bridge0"));
    assert!(!seen.iter().any(|c| gone(c, "right0")), "{seen:?}");
    assert!(
        seen.iter()
            .all(|c| !matches!(c, Change::Interface(i) if &*i.name == "right0" && &*i.kind != "veth")),
        "{seen:?}"
    );
    assert_current(&monitor, &mut channel);
}

#[test]
fn an_overrun_is_made_good() {
    lone_host();
    ip("address add 10.0.0.1/32 dev left0");
    let (mut channel, mut monitor) = start();
    let mut other = crate::hosts::channel();
    let left = index("left0");
    let plain = AddressAttributes::default();
    let keys: Vec<AddressKey> = (0..3000u32)
        .map(|n| AddressKey {
            interface: "left0".into(),
            net: IpNet::new(std::net::Ipv4Addr::from(0x0a02_0000 + n).into(), 32).unwrap(),
        })
        .collect();
    let adds: Vec<_> = keys.iter().map(|key| (left, AddressChange::Add(key, &plain))).collect();
    let removals: Vec<_> = keys.iter().map(|key| (left, AddressChange::Remove(key))).collect();
    // Far more than the buffer holds; the last that it holds says that addresses were removed which the
    // end of the flood, lost, has set again.
    for _ in 0..4 {
        assert!(apply(&mut other, &adds).iter().all(Result::is_ok));
        assert!(apply(&mut other, &removals).iter().all(Result::is_ok));
    }
    ip("address del 10.0.0.1/32 dev left0");
    ip("link set right0 down");
    ip("link set right0 name other0");
    let lost = AddressKey { interface: "left0".into(), net: "10.0.0.1/32".parse().unwrap() };
    let seen = until(&mut monitor, &mut channel, |c| *c == Change::AddressRemoved(lost.clone()));
    let mut seen = seen;
    while let Some(change) = monitor.next(&mut channel).unwrap() {
        seen.push(change);
    }
    let overrun = seen.iter().position(|c| *c == Change::Overrun).expect("no overrun");
    let after = &seen[overrun..];
    assert!(after.iter().any(|c| gone(c, "right0")));
    assert!(after.iter().any(|c| is(c, "other0")));
    assert!(!after.iter().any(|c| matches!(c, Change::AddressRemoved(key) if *key != lost)), "old news");
    assert_current(&monitor, &mut channel);
}
