//! Virtual MAC interfaces: the device, its settings, its silence.

use std::time::Duration;

use standfast::ids::{Family, Mac, Vrid};
use standfast::kernel::vmac::{DeviceError, Ensured, VmacSpec, Vmacs, carry_ipv6};

use crate::hosts::{Hosts, Sniffer, channel, index, interface, ip, ip_output, lone_host, wait_for};

fn spec() -> VmacSpec {
    VmacSpec {
        name: "vrrp.51".into(),
        family: Family::V4,
        mac: Mac::of_virtual_router(Family::V4, Vrid::new(51).unwrap()),
        parent: "left0".into(),
        parent_index: index("left0"),
        group: None,
        vrf: None,
    }
}

fn setting(device: &str, name: &str) -> String {
    std::fs::read_to_string(format!("/proc/sys/net/ipv4/conf/{device}/{name}")).unwrap().trim().to_owned()
}

fn set(device: &str, name: &str, value: &str) {
    std::fs::write(format!("/proc/sys/net/ipv4/conf/{device}/{name}"), value).unwrap();
}

#[test]
fn made_adopted_removed_and_everything_put_back() {
    lone_host();
    set("all", "rp_filter", "1");
    set("right0", "rp_filter", "2");
    let (mut channel, mut vmacs) = (channel(), Vmacs::default());
    assert_eq!(vmacs.ensure(&mut channel, &spec()).unwrap(), Ensured::Created);
    let shown = ip_output("-details link show vrrp.51");
    assert!(shown.contains("macvlan mode private"), "{shown}");
    assert!(shown.contains("00:00:5e:00:01:33"), "{shown}");
    assert!(shown.contains("addrgenmode none"), "{shown}");
    wait_for("the device to be up", || interface("vrrp.51").is_some_and(|i| i.up));
    for (name, value) in
        [("arp_ignore", "1"), ("accept_local", "1"), ("rp_filter", "0"), ("promote_secondaries", "1")]
    {
        assert_eq!(setting("vrrp.51", name), value, "{name}");
    }
    assert_eq!((setting("left0", "arp_ignore"), setting("left0", "arp_filter")), ("1".into(), "1".into()));
    let filters = ["all", "default", "left0", "right0"].map(|device| setting(device, "rp_filter"));
    assert_eq!(filters, ["0", "1", "1", "2"], "nothing but the VMAC is filtered less than before");

    // A successor finds the device of a killed predecessor.
    let mut successor = Vmacs::default();
    assert_eq!(successor.ensure(&mut channel, &spec()).unwrap(), Ensured::Adopted);
    assert!(successor.has(&spec()));

    vmacs.drop_device(&mut channel, "vrrp.51").unwrap();
    assert!(vmacs.restore_settings().is_empty());
    assert!(interface("vrrp.51").is_none());
    assert_eq!((setting("left0", "arp_ignore"), setting("left0", "arp_filter")), ("0".into(), "0".into()));
    let filters = ["all", "default", "left0", "right0"].map(|device| setting(device, "rp_filter"));
    assert_eq!(filters, ["1", "0", "0", "2"]);
    successor.drop_device(&mut channel, "vrrp.51").unwrap();
}

#[test]
fn a_foreign_device_is_left_alone_and_a_stale_one_replaced() {
    lone_host();
    let (mut channel, mut vmacs) = (channel(), Vmacs::default());
    ip("link add vrrp.51 type bridge");
    assert!(matches!(vmacs.ensure(&mut channel, &spec()), Err(DeviceError::NameTaken(..))));
    assert!(ip_output("-details link show vrrp.51").contains("bridge"));
    ip("link del vrrp.51");
    ip("link add vrrp.51 link left0 type macvlan mode private");
    assert_eq!(vmacs.ensure(&mut channel, &spec()).unwrap(), Ensured::Created, "another MAC");
    assert_eq!(interface("vrrp.51").unwrap().mac, Some(spec().mac));
}

/// Frames with the virtual MAC that arrive while nothing happens: duplicate detection, router solicitations
/// and multicast reports come within the first second and a half.
fn virtual_frames(sniffer: &Sniffer) -> usize {
    let from_virtual = |frame: &&Vec<u8>| frame[6..10] == [0, 0, 0x5e, 0];
    sniffer.frames(Duration::from_millis(1500)).iter().filter(from_virtual).count()
}

#[test]
fn on_the_backup_nothing_leaves_with_the_virtual_mac() {
    let hosts = Hosts::new();
    for which in ["all", "default"] {
        std::fs::write(format!("/proc/sys/net/ipv6/conf/{which}/disable_ipv6"), "0").unwrap();
    }
    let sniffer = hosts.right(Sniffer::new);
    // That the test can see such frames at all: a plain macvlan, as an administrator would make it.
    ip("link add plain0 link left0 address 00:00:5e:00:01:63 type macvlan mode private");
    ip("link set plain0 up");
    assert!(virtual_frames(&sniffer) > 0, "the sniffer hears nothing");
    ip("link del plain0");
    sniffer.frames(Duration::from_millis(100));

    let mut vmacs = Vmacs::default();
    vmacs.ensure(&mut channel(), &spec()).unwrap();
    assert_eq!(virtual_frames(&sniffer), 0);

    // On a router, too, which is a member of groups that a host is none of.
    for forwarding in ["0", "1"] {
        std::fs::write("/proc/sys/net/ipv6/conf/all/forwarding", forwarding).unwrap();
        sniffer.frames(Duration::from_millis(100));
        vmacs.ensure(&mut channel(), &spec_v6()).unwrap();
        assert_eq!(virtual_frames(&sniffer), 0, "IPv6, forwarding {forwarding}");
        // Nor when it has been master: its addresses go without a word.
        carry_ipv6("vrrp.61", true).unwrap();
        ip("-6 address add 2001:db8::50/128 dev vrrp.61 nodad");
        ip("-6 address add fe80::50/128 dev vrrp.61 nodad");
        virtual_frames(&sniffer);
        carry_ipv6("vrrp.61", false).unwrap();
        assert_eq!(interface("vrrp.61").unwrap().addresses, []);
        assert_eq!(virtual_frames(&sniffer), 0, "no longer master, forwarding {forwarding}");
        vmacs.drop_device(&mut channel(), "vrrp.61").unwrap();
    }
}

fn spec_v6() -> VmacSpec {
    VmacSpec {
        name: "vrrp.61".into(),
        family: Family::V6,
        mac: Mac::of_virtual_router(Family::V6, Vrid::new(61).unwrap()),
        ..spec()
    }
}

#[test]
fn the_group_is_that_of_the_line_or_of_the_parent() {
    lone_host();
    ip("link set left0 group 7");
    let (mut channel, mut vmacs) = (channel(), Vmacs::default());
    vmacs.ensure(&mut channel, &spec()).unwrap();
    assert!(ip_output("link show vrrp.51").contains("group 7 "), "{}", ip_output("link show vrrp.51"));
    vmacs.drop_device(&mut channel, "vrrp.51").unwrap();
    vmacs.ensure(&mut channel, &VmacSpec { group: Some(9), ..spec() }).unwrap();
    assert!(ip_output("link show vrrp.51").contains("group 9 "), "{}", ip_output("link show vrrp.51"));
}

#[test]
fn on_a_macvlan_it_stands_beside_it_and_is_known_again() {
    lone_host();
    ip("link add mv0 link left0 type macvlan mode bridge");
    ip("link set mv0 up");
    let spec = VmacSpec { parent: "mv0".into(), parent_index: index("mv0"), ..spec() };
    let (mut channel, mut vmacs) = (channel(), Vmacs::default());
    assert_eq!(vmacs.ensure(&mut channel, &spec).unwrap(), Ensured::Created);
    assert_eq!(interface("vrrp.51").unwrap().parent, Some(index("left0")));
    for parent in ["left0", "mv0"] {
        assert_eq!(
            (setting(parent, "arp_ignore"), setting(parent, "arp_filter")),
            ("1".into(), "1".into())
        );
    }
    assert_eq!(Vmacs::default().ensure(&mut channel, &spec).unwrap(), Ensured::Adopted);
    vmacs.drop_device(&mut channel, "vrrp.51").unwrap();
    assert!(vmacs.restore_settings().is_empty());
    assert_eq!((setting("left0", "arp_ignore"), setting("mv0", "arp_filter")), ("0".into(), "0".into()));
}
