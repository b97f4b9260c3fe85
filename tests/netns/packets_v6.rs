//! VRRP sockets over IPv6 and neighbour advertisements on a wire.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use standfast::ids::{Family, Mac, Vrid};
use standfast::kernel::frames::FrameSocket;
use standfast::kernel::neighbour;
use standfast::kernel::raw::{Device, Mode, Outgoing, Protocol, SocketSpec, VrrpSocket};
use standfast::kernel::sniffer::Sniffer as Sender;
use standfast::kernel::vmac::{VmacSpec, Vmacs};

use crate::hosts::{Hosts, Sniffer, channel, interface, ip, ip_output, wait_for};
use crate::packets::{device, next, open, packet, spec};

const GROUP: IpAddr = IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12));
const SOON: Duration = Duration::from_secs(5);

/// With IPv6: `fe80::1` and `2001:db8::1` on the left, `::2` on the right, no duplicate detection.
fn hosts() -> Hosts {
    let hosts = Hosts::new();
    with_v6("left0", 1);
    hosts.right(|| with_v6("right0", 2));
    hosts
}

fn with_v6(name: &str, last: u8) {
    for conf in ["default", name] {
        std::fs::write(format!("/proc/sys/net/ipv6/conf/{conf}/addr_gen_mode"), "1").unwrap();
        std::fs::write(format!("/proc/sys/net/ipv6/conf/{conf}/disable_ipv6"), "0").unwrap();
    }
    std::fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "0").unwrap();
    ip(&format!("-6 address add fe80::{last}/64 dev {name} nodad"));
    ip(&format!("-6 address add 2001:db8::{last}/64 dev {name} nodad"));
    // The kernel makes the routes by which they hear in its own time; until then it answers solicitations, and drops
    // what follows.
    wait_for("the addresses to hear", || {
        let local = ip_output("-6 route show table local");
        [format!("fe80::{last} "), format!("2001:db8::{last} ")]
            .iter()
            .all(|own| local.contains(own.as_str()))
    });
}

fn v6(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The next frame whose IPv6 payload is `next_header`.
fn frame_of(sniffer: &Sniffer, next_header: u8) -> Option<Vec<u8>> {
    loop {
        let frame = sniffer.frame(SOON)?;
        if frame[12..14] == [0x86, 0xdd] && frame[20] == next_header {
            return Some(frame);
        }
    }
}

#[test]
fn multicast_both_ways_and_not_to_ourselves() {
    let hosts = hosts();
    let left = open("left0", Mode::Multicast(GROUP));
    let (right, sniffer) = hosts.right(|| (open("right0", Mode::Multicast(GROUP)), Sniffer::new()));
    let advert = Outgoing { ttl: None, ..packet(v6("fe80::1"), GROUP, 0, 1, b"from left") };
    left.send(&[advert]).unwrap();
    assert_eq!(next(&right), (v6("fe80::1"), 255, b"from left".to_vec()));
    right.send(&[packet(v6("fe80::2"), GROUP, 7, 1, b"from right")]).unwrap();
    assert_eq!(next(&left), (v6("fe80::2"), 7, b"from right".to_vec()), "our own does not come back");

    let frame = frame_of(&sniffer, 112).unwrap();
    assert_eq!(frame[..6], [0x33, 0x33, 0, 0, 0, 0x12]);
    // The flow label is the kernel's.
    assert_eq!((frame[14], frame[15] & 0xf0), (0x6c, 0), "version and traffic class");
    assert_eq!((frame[18..22].to_vec(), &frame[54..]), (vec![0, 9, 112, 255], &b"from left"[..]));
}

#[test]
fn the_destination_is_known() {
    let hosts = hosts();
    let right = hosts.right(|| open("right0", Mode::Multicast(GROUP)));
    open("left0", Mode::Multicast(GROUP)).send(&[packet(v6("fe80::1"), GROUP, 255, 1, b"x")]).unwrap();
    assert!(crate::hosts::readable(&right.receivers().next().unwrap(), SOON));
    let mut buffer = [0; 64];
    let received = right.receive(&mut buffer).unwrap().unwrap();
    assert_eq!((received.destination, received.header), (GROUP, &[][..]));
}

#[test]
fn sockets_outlive_the_link() {
    let hosts = hosts();
    let left = open("left0", Mode::Multicast(GROUP));
    let right = hosts.right(|| open("right0", Mode::Multicast(GROUP)));
    ip("link set left0 down");
    assert!(left.send(&[packet(v6("fe80::1"), GROUP, 255, 1, b"lost")]).is_err());
    assert_eq!(left.receive(&mut [0; 64]).unwrap(), None, "told as nothing to read");
    ip("link set left0 up");
    wait_for("carrier", || interface("left0").is_some_and(|i| i.up));
    // The addresses went with the link.
    ip("-6 address add fe80::1/64 dev left0 nodad");
    left.send(&[packet(v6("fe80::1"), GROUP, 255, 2, b"back")]).unwrap();
    assert_eq!(next(&right).2, b"back");
    right.send(&[packet(v6("fe80::2"), GROUP, 255, 1, b"answer")]).unwrap();
    assert_eq!(next(&left).2, b"answer");
}

#[test]
fn unicast_to_peers_of_both_scopes() {
    let hosts = hosts();
    for (one, two) in [("2001:db8::1", "2001:db8::2"), ("fe80::1", "fe80::2")] {
        let (one, two) = (v6(one), v6(two));
        let left = open("left0", Mode::Unicast(one));
        let right = hosts.right(|| open("right0", Mode::Unicast(two)));
        left.send(&[packet(one, two, 77, 1, b"peer")]).unwrap();
        assert_eq!(next(&right), (one, 77, b"peer".to_vec()));
        left.send(&[Outgoing { ttl: None, ..packet(one, two, 0, 1, b"peer") }]).unwrap();
        assert_eq!(next(&right).1, 64, "keepalived leaves it to the kernel");
    }
    // One that binds before the address is there, and sends from one that has gone.
    let early = open("left0", Mode::Unicast(v6("2001:db8::77")));
    let right = hosts.right(|| open("right0", Mode::Unicast(v6("2001:db8::2"))));
    early.send(&[packet(v6("2001:db8::77"), v6("2001:db8::2"), 255, 1, b"gone")]).unwrap();
    assert_eq!(next(&right), (v6("2001:db8::77"), 255, b"gone".to_vec()));
}

/// Its hardware address is found out from the adverts of a sender, and from nothing else that it or somebody else sends.
#[test]
fn whose_adverts_they_are_is_found_out() {
    let hosts = hosts();
    let index = interface("left0").unwrap().index;
    let theirs = hosts.right(|| interface("right0").unwrap().mac);
    let v4: IpAddr = "10.0.0.2".parse().unwrap();
    for (sender, group, protocol) in [
        (v6("fe80::2"), GROUP, Protocol::Vrrp),
        (v4, "224.0.0.18".parse().unwrap(), Protocol::Vrrp),
        (v4, "224.0.0.18".parse().unwrap(), Protocol::Ah),
    ] {
        let other = if sender.is_ipv4() { "10.0.0.3".parse().unwrap() } else { v6("fe80::102") };
        let (sought, not_heard) =
            (Sender::open(index, sender).unwrap(), Sender::open(index, other).unwrap());
        hosts.right(|| {
            let device = device("right0");
            let more = SocketSpec { protocol, ..spec(device, Mode::Multicast(group)) };
            let socket = VrrpSocket::open(&more, None).unwrap();
            assert_eq!(sought.address(), None, "nothing has been said yet");
            socket.send(&[packet(sender, group, 255, 1, b"an advert")]).unwrap();
        });
        wait_for("the sender to be known", || sought.address() == theirs && theirs.is_some());
        assert_eq!(not_heard.address(), None);
    }
}

#[test]
fn a_neighbour_advertisement_is_learnt() {
    let hosts = hosts();
    let vip: Ipv6Addr = "2001:db8::50".parse().unwrap();
    hosts.right(|| ip("-6 neighbour add 2001:db8::50 lladdr 02:00:00:00:00:99 nud stale dev right0"));
    let device = interface("left0").unwrap();
    let mac: Mac = device.mac.unwrap();
    let sent =
        FrameSocket::open().unwrap().send_all(&[neighbour::announcement(device.index, mac, vip, true)]);
    assert!(sent.iter().all(Result::is_ok) && sent.len() == 1, "{sent:?}");
    hosts.right(|| {
        wait_for("the neighbour to learn", || {
            let known = ip_output("-6 neighbour show 2001:db8::50");
            known.contains(&mac.to_string()) && known.contains("router")
        });
    });
}

/// The device of a virtual MAC sends with its own MAC and its parent's address, and has no address itself.
#[test]
fn adverts_leave_a_virtual_mac_and_are_heard_behind_another() {
    let hosts = hosts();
    let mac = Mac::of_virtual_router(Family::V6, Vrid::new(61).unwrap());
    let make = |parent: &str| {
        let parent = device(parent);
        let spec = VmacSpec {
            name: "vrrp.61".into(),
            family: Family::V6,
            mac,
            parent: parent.name.clone(),
            parent_index: parent.index,
            group: None,
            vrf: None,
        };
        let mut vmacs = Vmacs::default();
        vmacs.ensure(&mut channel(), &spec).unwrap();
        wait_for("the device to be up", || interface("vrrp.61").is_some_and(|i| i.up));
        parent
    };
    let virtual_device = || Device { mac: Some(mac), ..device("vrrp.61") };
    let parent = make("left0");
    let from_virtual = SocketSpec {
        transmit: virtual_device(),
        vmac: Some(virtual_device()),
        ..spec(parent, Mode::Multicast(GROUP))
    };
    let left = VrrpSocket::open(&from_virtual, None).unwrap();
    let (right, sniffer) = hosts.right(|| {
        let parent = make("right0");
        let spec = SocketSpec { vmac: Some(virtual_device()), ..spec(parent, Mode::Multicast(GROUP)) };
        (VrrpSocket::open(&spec, None).unwrap(), Sniffer::new())
    });
    left.send(&[packet(v6("fe80::1"), GROUP, 255, 1, b"virtual")]).unwrap();
    let frame = frame_of(&sniffer, 112).unwrap();
    assert_eq!((&frame[6..12], frame[14], frame[21]), (&mac.0[..], 0x6c, 255));
    let heard = || {
        let mut buffer = [0; 64];
        right.receive(&mut buffer).unwrap().map(|r| (r.source, r.ttl, r.payload.to_vec()))
    };
    wait_for("the advert that the other device took", || {
        heard() == Some((v6("fe80::1"), 255, b"virtual".to_vec()))
    });
}
