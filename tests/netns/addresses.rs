//! Addresses set and removed in batches.

use ipnet::IpNet;
use standfast::ids::IfIndex;
use standfast::kernel::address::{Change, apply};
use standfast::objects::address::{AddressAttributes, AddressKey, PROTOCOL_KEEPALIVED};

use crate::hosts::{channel, index, interface, ip, ip_output, lone_host};

fn key(net: &str) -> AddressKey {
    AddressKey { interface: "left0".into(), net: net.parse().unwrap() }
}

fn nets() -> Vec<IpNet> {
    interface("left0").unwrap().addresses.iter().map(|a| a.net).collect()
}

#[test]
fn many_at_once_answered_in_order() {
    lone_host();
    let (mut channel, left) = (channel(), index("left0"));
    let keys: Vec<AddressKey> =
        (0..1000).map(|n| key(&format!("10.1.{}.{}/32", n / 250, n % 250 + 1))).collect();
    let plain = AddressAttributes::default();
    let adds: Vec<_> = keys
        .iter()
        .enumerate()
        .map(|(n, key)| (if n == 700 { IfIndex(9999) } else { left }, Change::Add(key, &plain)))
        .collect();
    for (n, result) in apply(&mut channel, &adds).iter().enumerate() {
        let errno = result.as_ref().err().and_then(|e| e.errno());
        assert_eq!(errno, (n == 700).then_some(libc::ENODEV), "number {n}");
    }
    assert_eq!(nets().len(), 999);
    let again = apply(&mut channel, &[(left, Change::Add(&keys[0], &plain))]);
    assert_eq!(again, [Ok(())], "there already");

    let removals: Vec<_> = keys.iter().map(|key| (left, Change::Remove(key))).collect();
    assert!(apply(&mut channel, &removals).iter().all(Result::is_ok), "one of them was never there");
    assert_eq!(nets(), []);
    let gone = apply(&mut channel, &[(IfIndex(9999), Change::Remove(&keys[0]))]);
    assert_eq!(gone, [Ok(())], "nor its interface");
}

#[test]
fn attributes_as_keepalived_sets_them() {
    lone_host();
    let (mut channel, left) = (channel(), index("left0"));
    let (plain, full) = (key("10.0.0.1/24"), key("10.0.1.1/24"));
    let attributes = AddressAttributes {
        scope: 253,
        label: Some("left0:vip".into()),
        broadcast: Some("10.0.1.255".parse().unwrap()),
        ..AddressAttributes::default()
    };
    let default = AddressAttributes::default();
    let changes = [(left, Change::Add(&plain, &default)), (left, Change::Add(&full, &attributes))];
    assert_eq!(apply(&mut channel, &changes), [Ok(()), Ok(())]);
    let shown = ip_output("-4 -oneline address show dev left0");
    assert!(shown.contains("10.0.0.1/24 scope global left0\\"), "no broadcast of itself: {shown}");
    assert!(shown.contains("10.0.1.1/24 brd 10.0.1.255 scope link left0:vip\\"), "{shown}");
    for address in interface("left0").unwrap().addresses {
        assert_eq!(address.protocol, Some(PROTOCOL_KEEPALIVED));
    }
}

#[test]
fn removal_leaves_an_equal_address_of_another_prefix() {
    lone_host();
    ip("address add 10.0.0.1/24 dev left0");
    let (mut channel, left) = (channel(), index("left0"));
    assert_eq!(apply(&mut channel, &[(left, Change::Remove(&key("10.0.0.1/32")))]), [Ok(())]);
    assert_eq!(nets(), ["10.0.0.1/24".parse().unwrap()]);
}

#[test]
fn an_address_with_a_peer_goes_too() {
    lone_host();
    let (mut channel, left) = (channel(), index("left0"));
    let peer: IpNet = "10.0.9.9/32".parse().unwrap();
    let attributes = AddressAttributes { peer: Some(peer), ..AddressAttributes::default() };
    for key in [key("10.0.0.1/32"), key("10.0.0.1/24")] {
        assert_eq!(apply(&mut channel, &[(left, Change::Add(&key, &attributes))]), [Ok(())]);
        assert!(ip_output("address show dev left0").contains("inet 10.0.0.1 peer 10.0.9.9/32"));
        assert_eq!(apply(&mut channel, &[(left, Change::Remove(&key))]), [Ok(())]);
        assert_eq!(nets(), []);
    }
}

#[test]
fn ipv6_without_duplicate_detection() {
    lone_host();
    std::fs::write("/proc/sys/net/ipv6/conf/left0/disable_ipv6", "0").unwrap();
    let (mut channel, left) = (channel(), index("left0"));
    const IFA_F_NODAD: u32 = 2;
    let attributes =
        AddressAttributes { flags: IFA_F_NODAD, preferred_lft: Some(0), ..AddressAttributes::default() };
    let key = key("2001:db8::1/128");
    for _ in 0..2 {
        assert_eq!(apply(&mut channel, &[(left, Change::Add(&key, &attributes))]), [Ok(())]);
    }
    let shown = ip_output("-6 -oneline address show dev left0 to 2001:db8::/64");
    assert!(shown.contains("2001:db8::1/128 scope global nodad deprecated"), "{shown}");
    assert_eq!(apply(&mut channel, &[(left, Change::Remove(&key))]), [Ok(())]);
    assert!(!nets().contains(&key.net));
}
