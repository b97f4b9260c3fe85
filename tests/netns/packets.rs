//! VRRP sockets and gratuitous ARP on a wire.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use standfast::ids::{IfIndex, Mac};
use standfast::kernel::arp;
use standfast::kernel::frames::FrameSocket;
use standfast::kernel::raw::{Device, Mode, Outgoing, Protocol, Room, SocketSpec, VrrpSocket};

use crate::hosts::{Hosts, Sniffer, index, interface, ip, readable};

const GROUP: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18));
const LEFT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const RIGHT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
const SOON: Duration = Duration::from_secs(5);

pub fn device(name: &str) -> Device {
    Device { name: name.into(), index: index(name), mac: None }
}

pub fn spec(device: Device, mode: Mode) -> SocketSpec {
    SocketSpec { listen: device.clone(), transmit: device, vmac: None, mode, protocol: Protocol::Vrrp }
}

pub fn open(name: &str, mode: Mode) -> VrrpSocket {
    VrrpSocket::open(&spec(device(name), mode), None).unwrap()
}

pub fn packet(source: IpAddr, destination: IpAddr, ttl: u8, id: u16, payload: &[u8]) -> Outgoing<'_> {
    Outgoing { source, destination, ttl: Some(ttl), id, payload }
}

fn hosts() -> Hosts {
    let hosts = Hosts::new();
    ip("address add 10.0.0.1/24 dev left0");
    hosts.right(|| ip("address add 10.0.0.2/24 dev right0"));
    hosts
}

/// The payload of the next packet, with its source and TTL.
pub fn next(socket: &VrrpSocket) -> (IpAddr, u8, Vec<u8>) {
    let mut buffer = [0; 2048];
    loop {
        if let Some(packet) = socket.receive(&mut buffer).unwrap() {
            return (packet.source, packet.ttl, packet.payload.to_vec());
        }
        assert!(readable(&socket.receivers().next().unwrap(), SOON), "no packet");
    }
}

#[test]
fn multicast_both_ways_and_not_to_ourselves() {
    let hosts = hosts();
    let left = open("left0", Mode::Multicast(GROUP));
    let (right, sniffer) = hosts.right(|| (open("right0", Mode::Multicast(GROUP)), Sniffer::new()));
    left.send(&[packet(LEFT, GROUP, 255, 7, b"from left")]).unwrap();
    assert_eq!(next(&right), (LEFT, 255, b"from left".to_vec()));
    right.send(&[packet(RIGHT, GROUP, 255, 1, b"from right")]).unwrap();
    assert_eq!(next(&left), (RIGHT, 255, b"from right".to_vec()), "our own packet does not come back");

    let frame = loop {
        let frame = sniffer.frame(SOON).expect("the packet");
        if frame.ends_with(b"from left") {
            break frame;
        }
    };
    assert_eq!(frame[..6], [0x01, 0x00, 0x5e, 0, 0, 18]);
    assert_eq!(frame[14..24], [0x45, 0xc0, 0, 29, 0, 7, 0, 0, 255, 112], "TOS, id, no flags, TTL");
    let sum =
        frame[14..34].chunks(2).fold(0u32, |sum, word| sum + u32::from(word[0]) * 256 + u32::from(word[1]));
    assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff, "the kernel filled in the checksum");
}

#[test]
fn sockets_outlive_the_link() {
    let hosts = hosts();
    let left = open("left0", Mode::Multicast(GROUP));
    let right = hosts.right(|| open("right0", Mode::Multicast(GROUP)));
    ip("link set left0 down");
    assert!(left.send(&[packet(LEFT, GROUP, 255, 1, b"lost")]).is_err());
    assert_eq!(left.receive(&mut [0; 64]).unwrap(), None, "told as nothing to read");
    ip("link set left0 up");
    crate::hosts::wait_for("carrier", || interface("left0").is_some_and(|i| i.up));
    left.send(&[packet(LEFT, GROUP, 255, 2, b"back")]).unwrap();
    assert_eq!(next(&right).2, b"back");
    right.send(&[packet(RIGHT, GROUP, 255, 1, b"answer")]).unwrap();
    assert_eq!(next(&left).2, b"answer");
}

#[test]
fn each_interface_has_its_own_packets() {
    let hosts = hosts();
    ip("link add left1 type veth peer name end1");
    ip("link set left1 up");
    ip("link set end1 up");
    for (mode, destination) in [(Mode::Multicast(GROUP), GROUP), (Mode::Unicast(LEFT), LEFT)] {
        let (first, second) = (open("left0", mode), open("left1", mode));
        let right = hosts.right(|| open("right0", mode));
        right.send(&[packet(RIGHT, destination, 255, 1, b"for left0")]).unwrap();
        assert_eq!(next(&first).2, b"for left0");
        // The kernel walks its sockets for each arrival: what was for the second too would be there by now,
        // or with the next.
        right.send(&[packet(RIGHT, destination, 255, 2, b"for left0")]).unwrap();
        next(&first);
        assert_eq!(second.receive(&mut [0; 64]).unwrap(), None);
    }
}

#[test]
fn unicast_to_a_peer() {
    let hosts = hosts();
    let left = open("left0", Mode::Unicast(LEFT));
    let right = hosts.right(|| open("right0", Mode::Unicast(RIGHT)));
    left.send(&[packet(LEFT, RIGHT, 64, 1, b"peer")]).unwrap();
    assert_eq!(next(&right), (LEFT, 64, b"peer".to_vec()));
    // One that binds before the address is there.
    hosts.right(|| open("right0", Mode::Unicast(Ipv4Addr::new(10, 0, 0, 77).into())));
}

#[test]
fn many_leave_together_up_to_one_that_cannot() {
    let hosts = hosts();
    let left = open("left0", Mode::Multicast(GROUP));
    let (right, sniffer) = hosts.right(|| (open("right0", Mode::Multicast(GROUP)), Sniffer::new()));
    let too_long = [0; 2000];
    let mut packets: Vec<_> = (1..=3).map(|id| packet(LEFT, GROUP, 255, id, b"one of them")).collect();
    packets.push(packet(LEFT, GROUP, 255, 4, &too_long));
    packets.push(packet(LEFT, GROUP, 255, 5, b"the last"));
    assert_eq!(left.send(&packets).unwrap(), 3);
    assert_eq!(left.send(&packets[3..]).unwrap_err().raw_os_error(), Some(libc::EMSGSIZE));
    assert_eq!(left.send(&packets[4..]).unwrap(), 1);
    for expected in [&b"one of them"[..], b"one of them", b"one of them", b"the last"] {
        assert_eq!(next(&right), (LEFT, 255, expected.to_vec()));
    }
    let mut ids = Vec::new();
    while ids.len() < 4 {
        let frame = sniffer.frame(SOON).expect("the packet");
        if frame[23] == 112 {
            ids.push(frame[19]);
        }
    }
    assert_eq!(ids, [1, 2, 3, 5], "each with its own header");
    // More than go at once are taken in several goes.
    let many: Vec<_> = (0..100).map(|id| packet(LEFT, GROUP, 255, id, b"many")).collect();
    let mut rest = &many[..];
    while !rest.is_empty() {
        let sent = left.send(rest).unwrap();
        assert!(sent > 0);
        rest = &rest[sent..];
    }
    for _ in &many {
        assert_eq!(next(&right).2, b"many");
    }
    assert_eq!(right.receive(&mut [0; 64]).unwrap(), None);
}

#[test]
fn many_are_taken_together() {
    let hosts = hosts();
    let left = open("left0", Mode::Multicast(GROUP));
    let right = hosts.right(|| open("right0", Mode::Multicast(GROUP)));
    let mut room = Room::default();
    let long = [b'x'; 1400];
    for round in 0..2_u8 {
        let texts: Vec<Vec<u8>> = (0..40).map(|number| vec![round, number]).collect();
        for text in &texts {
            left.send(&[packet(LEFT, GROUP, 255, 1, text)]).unwrap();
        }
        left.send(&[packet(LEFT, GROUP, 7, 1, &long)]).unwrap();
        let (mut taken, mut calls) = (Vec::new(), 0);
        while taken.len() < 41 {
            assert!(readable(&right.receivers().next().unwrap(), SOON), "no packet");
            let more = right
                .receive_several(&mut room, |packet| taken.push((packet.ttl, packet.payload.to_vec())));
            calls += 1;
            assert_eq!(more.unwrap(), taken.len() < 41, "after {} of them", taken.len());
        }
        assert_eq!(taken.pop(), Some((7, long.to_vec())));
        assert!(taken.into_iter().map(|(_, text)| text).eq(texts), "in order");
        assert_eq!(calls, 3);
        assert!(!right.receive_several(&mut room, |_| panic!("nothing is there")).unwrap());
    }
    left.send(&[packet(LEFT, GROUP, 255, 1, b"one")]).unwrap();
    assert!(readable(&right.receivers().next().unwrap(), SOON), "no packet");
    let mut taken = Vec::new();
    assert!(right.receive_one(&mut room, |packet| taken.extend_from_slice(packet.payload)).unwrap());
    assert_eq!(taken, b"one");
    assert!(!right.receive_one(&mut room, |_| panic!("nothing is there")).unwrap());
}

#[test]
fn a_group_of_the_operators_choice() {
    let hosts = hosts();
    let group = Ipv4Addr::new(239, 1, 2, 3).into();
    let left = open("left0", Mode::Multicast(group));
    let right = hosts.right(|| open("right0", Mode::Multicast(group)));
    left.send(&[packet(LEFT, group, 255, 1, b"elsewhere")]).unwrap();
    assert_eq!(next(&right).2, b"elsewhere");
}

#[test]
fn a_missing_interface_is_an_error() {
    let _hosts = hosts();
    let device = Device { name: "nowhere0".into(), index: standfast::ids::IfIndex(9999), mac: None };
    for group in [GROUP, "ff02::12".parse().unwrap()] {
        let error = VrrpSocket::open(&spec(device.clone(), Mode::Multicast(group)), None).err();
        assert_eq!(error.expect("there is no such interface").raw_os_error(), Some(libc::ENODEV));
    }
}

#[test]
fn gratuitous_arp_is_learnt() {
    let hosts = hosts();
    let vip = Ipv4Addr::new(10, 0, 0, 50);
    hosts.right(|| ip("neighbour add 10.0.0.50 lladdr 02:00:00:00:00:99 nud stale dev right0"));
    let device = interface("left0").unwrap();
    let mac: Mac = device.mac.unwrap();
    let sniffer = hosts.right(Sniffer::new);
    // One that cannot leave keeps none from leaving.
    let nowhere = arp::announcement(IfIndex(9_999), mac, vip);
    let frames = [nowhere.clone(), arp::announcement(device.index, mac, vip), nowhere];
    let sent = FrameSocket::open().unwrap().send_all(&frames);
    let errors: Vec<_> =
        sent.iter().map(|sent| sent.as_ref().err().and_then(|e| e.raw_os_error())).collect();
    assert_eq!(errors, [Some(libc::ENXIO), None, Some(libc::ENXIO)]);
    let frame = loop {
        let frame = sniffer.frame(SOON).expect("the announcement");
        if frame[12..14] == [8, 6] {
            break frame;
        }
    };
    assert_eq!((&frame[..6], &frame[6..12], frame.len()), (&[0xff; 6][..], &mac.0[..], 42));
    hosts.right(|| {
        crate::hosts::wait_for("the neighbour to learn", || {
            crate::hosts::ip_output("neighbour show 10.0.0.50").contains(&mac.to_string())
        });
    });
}
