//! Adverts made by hand, of whomever.

use super::net::Node;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::net::{Ipv4Addr, SocketAddrV4};

/// A version 2 packet with its checksum in place.
pub fn sealed(mut packet: Vec<u8>) -> Vec<u8> {
    let sum: u32 = packet.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !((folded & 0xffff) + (folded >> 16)) as u16;
    packet[6..8].copy_from_slice(&checksum.to_be_bytes());
    packet
}

/// A version 2 advert without authentication for 10.0.0.50, once a second.
pub fn advert(vrid: u8, priority: u8) -> Vec<u8> {
    let mut packet = vec![0x21, vrid, priority, 1, 0, 1, 0, 0, 10, 0, 0, 50];
    packet.extend([0; 8]);
    sealed(packet)
}

/// Sends it by the interface of `node` that has the address `own` to the group, as if it were from `source`.
pub fn send(node: &Node, own: [u8; 4], source: [u8; 4], packet: &[u8]) {
    send_to(node, own, source, [224, 0, 0, 18], 255, packet);
}

/// Sends it to this receiver with this TTL.
pub fn send_to(node: &Node, own: [u8; 4], source: [u8; 4], receiver: [u8; 4], ttl: u8, packet: &[u8]) {
    let socket = node.within(|| {
        let socket = Socket::new_raw(Domain::IPV4, Type::RAW, Some(Protocol::from(112))).unwrap();
        socket.set_multicast_if_v4(&Ipv4Addr::from(own)).unwrap();
        socket.set_header_included_v4(true).unwrap();
        socket
    });
    // The kernel fills in the lengths, the identification and the checksum.
    let mut bytes = vec![0x45, 0xc0, 0, 0, 0, 0, 0, 0, ttl, 112, 0, 0];
    bytes.extend(source);
    bytes.extend(receiver);
    bytes.extend(packet);
    let receiver: SockAddr = SocketAddrV4::new(Ipv4Addr::from(receiver), 0).into();
    socket.send_to(&bytes, &receiver).unwrap();
}
