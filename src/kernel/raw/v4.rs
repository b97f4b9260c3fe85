//! Over IPv4. The sender writes its own IP header: type of service 0xC0, an identification that counts from 1 for each
//! router, no fragment bits, TTL 255.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol as SocketProtocol, Socket, Type};

use super::{
    IPPROTO_AH, Mode, Outgoing, Protocol, Received, SocketSpec, TOS_INTERNETWORK_CONTROL, never_receive,
};
use crate::kernel::unsafe_calls::{
    TOGETHER, send_alone, send_together, set_int_option, set_multicast_interface,
};

const IP_MULTICAST_ALL: libc::c_int = 49;
const IP_HEADER_LEN: usize = 20;
const TTL: u8 = 255;

/// The length of the next packet.
pub(super) fn receive(receiver: &Socket, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    loop {
        match recv(receiver.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT) {
            Ok(length) => return Ok(Some(length)),
            Err(Errno::EAGAIN) => return Ok(None),
            // ENETDOWN is told once when the interface goes down; the monitor tells it too.
            Err(Errno::EINTR | Errno::ENETDOWN) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Sends each payload with its IP header before it, as many as [`TOGETHER`]; returns how many have left, or the error
/// of the first.
pub(super) fn send(sender: &Socket, protocol: Protocol, packets: &[Outgoing<'_>]) -> io::Result<usize> {
    if let [packet] = packets {
        let (destination, header, flags) = prepare(protocol, packet)?;
        return send_alone(sender, destination, [&header, packet.payload], flags).map(|()| 1);
    }
    let mut headers = [[0; IP_HEADER_LEN]; TOGETHER];
    let mut flags = 0;
    for (header, packet) in headers.iter_mut().zip(packets) {
        // All to the group, or none: a socket is for one of both.
        (_, *header, flags) = prepare(protocol, packet)?;
    }
    let packets = headers.iter().zip(packets).filter_map(|(header, packet)| match packet.destination {
        IpAddr::V4(destination) => Some((destination, &header[..], packet.payload)),
        IpAddr::V6(_) => None,
    });
    send_together(sender, packets, flags)
}

/// Where a packet goes, its IP header, and how it is sent.
fn prepare(
    protocol: Protocol,
    packet: &Outgoing<'_>,
) -> io::Result<(Ipv4Addr, [u8; IP_HEADER_LEN], libc::c_int)> {
    let (IpAddr::V4(source), IpAddr::V4(destination)) = (packet.source, packet.destination) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let kind = (packet.ttl.unwrap_or(TTL), protocol.number());
    let header = ip_header(source, destination, kind, packet.id, packet.payload.len());
    let direct = if destination.is_multicast() { libc::MSG_DONTROUTE } else { 0 };
    Ok((destination, header, libc::MSG_DONTWAIT | direct))
}

pub(super) fn open_receiver(spec: &SocketSpec) -> io::Result<Socket> {
    let socket = raw_socket(spec.protocol)?;
    set_int_option(&socket, libc::IPPROTO_IP, IP_MULTICAST_ALL, 0)?;
    socket.bind_device(Some(spec.listen.name.as_bytes()))?;
    let IpAddr::V4(address) = spec.mode.address() else { return Err(io::ErrorKind::InvalidInput.into()) };
    match spec.mode {
        Mode::Multicast(_) => {
            socket.join_multicast_v4_n(&address, &InterfaceIndexOrAddress::Index(spec.listen.index.0))?;
        }
        Mode::Unicast(_) => socket.set_freebind_v4(true)?,
    }
    socket.bind(&SocketAddrV4::new(address, 0).into())?;
    Ok(socket)
}

pub(super) fn open_sender(spec: &SocketSpec) -> io::Result<Socket> {
    let socket = raw_socket(spec.protocol)?;
    set_int_option(&socket, libc::IPPROTO_IP, IP_MULTICAST_ALL, 0)?;
    socket.set_header_included_v4(true)?;
    socket.bind_device(Some(spec.transmit.name.as_bytes()))?;
    if let Mode::Multicast(_) = spec.mode {
        // An index instead of an address: the interface may have several, or lose one.
        set_multicast_interface(&socket, spec.transmit.index.0)?;
        socket.set_multicast_loop_v4(false)?;
    }
    socket.set_tos_v4(u32::from(TOS_INTERNETWORK_CONTROL))?;
    never_receive(&socket)?;
    Ok(socket)
}

fn raw_socket(protocol: Protocol) -> io::Result<Socket> {
    let number = SocketProtocol::from(i32::from(protocol.number()));
    let socket = Socket::new_raw(Domain::IPV4, Type::RAW, Some(number))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The kernel has checked version, header length and total length of what it hands to a raw socket.
pub(super) fn parse(packet: &[u8]) -> Received<'_> {
    let header_len = packet.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
    let (header, payload) = packet.split_at_checked(header_len).unwrap_or((&[], &[]));
    let address = |at: usize| {
        header
            .get(at..)
            .and_then(|rest| rest.first_chunk::<4>())
            .map_or(Ipv4Addr::UNSPECIFIED, |b| (*b).into())
    };
    let covered = header.get(9) == Some(&IPPROTO_AH);
    Received {
        source: address(12).into(),
        destination: address(16).into(),
        ttl: header.get(8).copied().unwrap_or(0),
        header: if covered { header } else { &[] },
        payload,
    }
}

/// The kernel fills in the checksum.
fn ip_header(
    source: Ipv4Addr,
    destination: Ipv4Addr,
    (ttl, protocol): (u8, u8),
    id: u16,
    payload: usize,
) -> [u8; IP_HEADER_LEN] {
    let total = u16::try_from(IP_HEADER_LEN + payload).unwrap_or(u16::MAX).to_be_bytes();
    let id = id.to_be_bytes();
    let ([a, b, c, d], [e, f, g, h]) = (source.octets(), destination.octets());
    [
        0x45,
        TOS_INTERNETWORK_CONTROL,
        total[0],
        total[1],
        id[0],
        id[1],
        0,
        0,
        ttl,
        protocol,
        0,
        0,
        a,
        b,
        c,
        d,
        e,
        f,
        g,
        h,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::raw::IPPROTO_VRRP;

    #[test]
    fn header_is_that_of_keepalived() {
        // From an strace of keepalived 2.2.7; the last two bytes before the addresses are the checksum.
        let observed = [
            0x45, 0xc0, 0x00, 0x28, 0x00, 0x01, 0x00, 0x00, 0xff, 0x70, 0, 0, 10, 0, 0x65, 1, 0xe0, 0, 0,
            0x12,
        ];
        let ours = ip_header(
            Ipv4Addr::new(10, 0, 101, 1),
            Ipv4Addr::new(224, 0, 0, 18),
            (255, IPPROTO_VRRP),
            1,
            20,
        );
        assert_eq!(ours, observed);
        let received = parse(&observed);
        assert_eq!(received.source, IpAddr::from([10, 0, 101, 1]));
        assert!(received.header.is_empty());
        assert_eq!((received.ttl, received.payload), (255, &[][..]));
        assert_eq!(parse(&[0x4f, 1, 2]).payload, &[] as &[u8]);
    }
}
