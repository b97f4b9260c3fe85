//! Over IPv6. The kernel hands up and takes what stands behind the IP header; addresses and hop limit go beside it.
//! The checksum is ours: the kernel would drop what is wrong uncounted.
//!
//! An advert leaves a VMAC as a whole frame. So the VMAC needs no link-local address: keepalived gives it that of its
//! parent, and then needs firewall rules that keep the VMAC from answering for it.

use std::cell::RefCell;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv6Addr, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn6, recvmsg, sendmsg, setsockopt,
    sockopt::Ipv6RecvPacketInfo,
};
use socket2::{Domain, Protocol as SocketProtocol, Socket, Type};

use super::{IPPROTO_VRRP, Mode, Outgoing, Received, SocketSpec, TOS_INTERNETWORK_CONTROL, never_receive};
use crate::ids::{IfIndex, Mac};
use crate::kernel::frames::{ETH_P_IPV6, FrameSocket, ethernet, ipv6_header};

const HOP_LIMIT: u8 = 255;
const HEADER_LEN: usize = 40;

/// Who sent a packet to whom.
#[derive(Clone, Copy)]
pub(super) struct From {
    source: Ipv6Addr,
    destination: Ipv6Addr,
    hop_limit: u8,
}

impl From {
    pub fn with(self, payload: &[u8]) -> Received<'_> {
        Received {
            source: self.source.into(),
            destination: self.destination.into(),
            ttl: self.hop_limit,
            header: &[],
            payload,
        }
    }
}

pub(super) struct Receiver {
    socket: Socket,
    /// Room for what comes beside a packet, kept for its memory.
    beside: RefCell<Vec<u8>>,
}

impl Receiver {
    pub fn open(spec: &SocketSpec) -> io::Result<Self> {
        let socket = raw_socket()?;
        socket.set_multicast_all_v6(false)?;
        socket.bind_device(Some(spec.listen.name.as_bytes()))?;
        let IpAddr::V6(address) = spec.mode.address() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        match spec.mode {
            Mode::Multicast(_) => socket.join_multicast_v6(&address, spec.listen.index.0)?,
            Mode::Unicast(_) => socket.set_freebind_v6(true)?,
        }
        socket.bind(&at(address, spec.listen.index).into())?;
        socket.set_recv_hoplimit_v6(true)?;
        setsockopt(&socket, Ipv6RecvPacketInfo, &true)?;
        Ok(Receiver { socket, beside: RefCell::new(cmsg_space!(libc::in6_pktinfo, libc::c_int)) })
    }

    /// The next packet's ends, and the length of what it carries.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<(From, usize)>> {
        let mut beside = self.beside.borrow_mut();
        loop {
            let mut parts = [IoSliceMut::new(buffer)];
            let received = recvmsg::<SockaddrIn6>(
                self.socket.as_raw_fd(),
                &mut parts,
                Some(&mut beside),
                MsgFlags::MSG_DONTWAIT,
            );
            let received = match received {
                Ok(received) => received,
                Err(Errno::EAGAIN) => return Ok(None),
                Err(Errno::EINTR | Errno::ENETDOWN) => continue,
                Err(errno) => return Err(errno.into()),
            };
            let (mut destination, mut hop_limit) = (Ipv6Addr::UNSPECIFIED, 0);
            for message in received.cmsgs()? {
                match message {
                    ControlMessageOwned::Ipv6PacketInfo(info) => {
                        destination = info.ipi6_addr.s6_addr.into()
                    }
                    ControlMessageOwned::Ipv6HopLimit(limit) => {
                        hop_limit = u8::try_from(limit).unwrap_or(0)
                    }
                    _ => {}
                }
            }
            let source = received.address.map_or(Ipv6Addr::UNSPECIFIED, |address| address.ip());
            return Ok(Some((From { source, destination, hop_limit }, received.bytes)));
        }
    }
}

impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

pub(super) enum Sender {
    Socket(Socket, IfIndex),
    /// Whole frames from this device with this address.
    Frames(FrameSocket, IfIndex, Mac),
}

impl Sender {
    pub fn open(spec: &SocketSpec) -> io::Result<Self> {
        let index = spec.transmit.index;
        if spec.transmit != spec.listen
            && let Some(mac) = spec.transmit.mac
        {
            return Ok(Sender::Frames(FrameSocket::open()?, index, mac));
        }
        let socket = raw_socket()?;
        socket.set_multicast_all_v6(false)?;
        socket.bind_device(Some(spec.transmit.name.as_bytes()))?;
        match spec.mode {
            Mode::Multicast(_) => {
                socket.set_multicast_if_v6(index.0)?;
                socket.set_multicast_loop_v6(false)?;
                socket.set_multicast_hops_v6(u32::from(HOP_LIMIT))?;
            }
            // A router resigns when its address has gone, too.
            Mode::Unicast(_) => socket.set_freebind_v6(true)?,
        }
        socket.set_tclass_v6(u32::from(TOS_INTERNETWORK_CONTROL))?;
        never_receive(&socket)?;
        Ok(Sender::Socket(socket, index))
    }

    pub fn send(&self, source: Ipv6Addr, destination: Ipv6Addr, packet: &Outgoing<'_>) -> io::Result<()> {
        match self {
            Sender::Socket(socket, index) => send(socket, *index, source, destination, packet),
            Sender::Frames(socket, index, mac) => {
                let to = Mac::of_multicast(destination);
                let hop_limit = packet.ttl.unwrap_or(HOP_LIMIT);
                let mut frame = Vec::with_capacity(14 + HEADER_LEN + packet.payload.len());
                frame.extend(ethernet(to, *mac, ETH_P_IPV6));
                let kind = (TOS_INTERNETWORK_CONTROL, IPPROTO_VRRP, hop_limit);
                frame.extend(ipv6_header(kind, packet.payload.len(), source, destination));
                frame.extend(packet.payload);
                socket.send(*index, ETH_P_IPV6, to, &frame)
            }
        }
    }
}

fn send(
    socket: &Socket,
    index: IfIndex,
    source: Ipv6Addr,
    destination: Ipv6Addr,
    packet: &Outgoing<'_>,
) -> io::Result<()> {
    let flags = if destination.is_multicast() {
        MsgFlags::from_bits_retain(libc::MSG_DONTROUTE)
    } else {
        MsgFlags::empty()
    };
    let from = libc::in6_pktinfo {
        ipi6_addr: libc::in6_addr { s6_addr: source.octets() },
        // With a device the kernel looks for the source there; to a peer the route decides.
        ipi6_ifindex: if source.is_unicast_link_local() { index.0 } else { 0 },
    };
    let hop_limit = packet.ttl.map(libc::c_int::from);
    let mut beside = vec![ControlMessage::Ipv6PacketInfo(&from)];
    beside.extend(hop_limit.as_ref().map(ControlMessage::Ipv6HopLimit));
    let to = SockaddrIn6::from(at(destination, index));
    let parts = [IoSlice::new(packet.payload)];
    sendmsg(socket.as_raw_fd(), &parts, &beside, flags | MsgFlags::MSG_DONTWAIT, Some(&to))?;
    Ok(())
}

/// As keepalived binds and sends: only where an address means nothing without its link the index stands beside it.
fn at(address: Ipv6Addr, index: IfIndex) -> SocketAddrV6 {
    let needs_link = address.is_multicast() || address.is_unicast_link_local();
    SocketAddrV6::new(address, 0, 0, if needs_link { index.0 } else { 0 })
}

fn raw_socket() -> io::Result<Socket> {
    let socket =
        Socket::new_raw(Domain::IPV6, Type::RAW, Some(SocketProtocol::from(i32::from(IPPROTO_VRRP))))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A whole packet, whose length was checked.
pub(super) fn parse(packet: &[u8]) -> Option<Received<'_>> {
    let (header, payload) = packet.split_first_chunk::<HEADER_LEN>()?;
    let address = |at: usize| header.get(at..)?.first_chunk::<16>().map(|bytes| Ipv6Addr::from(*bytes));
    let from = From { source: address(8)?, destination: address(24)?, hop_limit: *header.get(7)? };
    Some(from.with(payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_of_keepalived_is_taken_apart() {
        // Captured from keepalived 2.2.7: link-local to ff02::12, hop limit 255.
        let mut packet = vec![0x6c, 0x04, 0x4b, 0xd4, 0, 8, 0x70, 0xff];
        packet.extend("fe80::ff:fe00:1".parse::<Ipv6Addr>().unwrap().octets());
        packet.extend("ff02::12".parse::<Ipv6Addr>().unwrap().octets());
        packet.extend([0x31, 0x3d, 0xc8, 0, 0, 0x64, 1, 2]);
        let received = parse(&packet).unwrap();
        assert_eq!(received.source, "fe80::ff:fe00:1".parse::<IpAddr>().unwrap());
        assert_eq!(received.destination, "ff02::12".parse::<IpAddr>().unwrap());
        assert_eq!((received.ttl, received.payload.len(), received.header.len()), (255, 8, 0));
        assert_eq!(parse(&packet[..39]), None);
    }
}
