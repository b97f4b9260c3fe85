//! The sockets that advertisements come and go by: `IPPROTO_VRRP` over IPv4.
//!
//! As keepalived does (strace of 2.2.7), one socket receives and another sends. The sender writes its own IP
//! header: type of service 0xC0, an identification that counts from 1 for each router, no fragment bits,
//! TTL 255.

use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockAddr, SockFilter, Socket, Type};

use super::buffer::large_receive_buffer;
use super::unsafe_calls::set_int_option;
use super::vmac_receiver::VmacReceiver;
use crate::ids::{IfIndex, Name};

/// `IPPROTO_VRRP`
pub const IPPROTO_VRRP: u8 = 112;
const TOS_INTERNETWORK_CONTROL: u8 = 0xc0;
const IP_MULTICAST_ALL: libc::c_int = 49;
const IP_HEADER_LEN: usize = 20;

/// Which packets a socket is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    /// Those to this group, by this interface.
    Multicast(Ipv4Addr),
    /// Those to this address of ours.
    Unicast(Ipv4Addr),
}

/// An interface by both of its names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Device {
    pub name: Name,
    pub index: IfIndex,
}

/// Identity of a pair of sockets: instances with the same share it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SocketSpec {
    /// Where adverts are received.
    pub listen: Device,
    /// Where they leave: another one for a VMAC.
    pub transmit: Device,
    /// The VMAC interface, which takes the adverts of the other router away from its parent.
    pub vmac: Option<Device>,
    pub mode: Mode,
}

/// Open sockets: one to send, one to receive, and one more to receive where there is a VMAC.
pub struct VrrpSocket {
    receiver: Socket,
    vmac: Option<VmacReceiver>,
    sender: Socket,
}

/// One received packet, cut at its IP header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Received<'a> {
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    pub ttl: u8,
    pub payload: &'a [u8],
}

impl VrrpSocket {
    /// Opens and binds them. Errors are the kernel's: `EPERM` without `CAP_NET_RAW`, `ENODEV` when the
    /// interface has just gone.
    pub fn open(spec: &SocketSpec) -> io::Result<Self> {
        let vmac = match (&spec.vmac, spec.mode) {
            (Some(vmac), Mode::Multicast(group)) => Some(VmacReceiver::open(vmac.index, group)?),
            _ => None,
        };
        Ok(VrrpSocket { receiver: open_receiver(spec)?, vmac, sender: open_sender(spec)? })
    }

    /// The next packet, or `None` when there is none for now. `buffer` should hold a whole packet:
    /// 2 kB are plenty, longer ones are cut and then refused by their length.
    pub fn receive<'b>(&self, buffer: &'b mut [u8]) -> io::Result<Option<Received<'b>>> {
        let length = loop {
            match recv(self.receiver.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT) {
                Ok(length) => break length,
                Err(Errno::EAGAIN) => {
                    let Some(vmac) = &self.vmac else { return Ok(None) };
                    return Ok(vmac.receive(buffer)?.map(parse));
                }
                // ENETDOWN is told once when the interface goes down; the monitor tells it too.
                Err(Errno::EINTR | Errno::ENETDOWN) => {}
                Err(errno) => return Err(errno.into()),
            }
        };
        Ok(Some(parse(buffer.get(..length).unwrap_or_default())))
    }

    /// Sends `payload` with its IP header before it. `id` is the IP identification.
    pub fn send(
        &self,
        source: Ipv4Addr,
        destination: Ipv4Addr,
        ttl: u8,
        id: u16,
        payload: &[u8],
    ) -> io::Result<()> {
        let header = ip_header(source, destination, ttl, id, payload.len());
        let to = SockAddr::from(SocketAddrV4::new(destination, 0));
        let flags = if destination.is_multicast() { libc::MSG_DONTROUTE } else { 0 } | libc::MSG_DONTWAIT;
        let parts = [IoSlice::new(&header), IoSlice::new(payload)];
        self.sender.send_to_vectored_with_flags(&parts, &to, flags)?;
        Ok(())
    }
}

impl VrrpSocket {
    /// Those that packets come in by.
    pub fn receivers(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        std::iter::once(self.receiver.as_fd()).chain(self.vmac.iter().map(AsFd::as_fd))
    }
}

fn open_receiver(spec: &SocketSpec) -> io::Result<Socket> {
    let socket = raw_socket()?;
    set_int_option(&socket, libc::IPPROTO_IP, IP_MULTICAST_ALL, 0)?;
    socket.bind_device(Some(spec.listen.name.as_bytes()))?;
    // A thousand routers on one segment may all speak while we are held up.
    large_receive_buffer(&socket, 1 << 20)?;
    match spec.mode {
        Mode::Multicast(group) => {
            socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(spec.listen.index.0))?;
            socket.bind(&SocketAddrV4::new(group, 0).into())?;
        }
        Mode::Unicast(source) => {
            socket.set_freebind_v4(true)?;
            socket.bind(&SocketAddrV4::new(source, 0).into())?;
        }
    }
    Ok(socket)
}

fn open_sender(spec: &SocketSpec) -> io::Result<Socket> {
    let socket = raw_socket()?;
    set_int_option(&socket, libc::IPPROTO_IP, IP_MULTICAST_ALL, 0)?;
    socket.set_header_included_v4(true)?;
    socket.bind_device(Some(spec.transmit.name.as_bytes()))?;
    if let Mode::Multicast(_) = spec.mode {
        // An index instead of an address: the interface may have several, or lose one.
        set_multicast_interface(&socket, spec.transmit.index)?;
        socket.set_multicast_loop_v4(false)?;
    }
    socket.set_tos_v4(u32::from(TOS_INTERNETWORK_CONTROL))?;
    // It never reads: a filter of one instruction, "accept 0 bytes", drops whatever arrives.
    const RETURN_CONSTANT: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    socket.attach_filter(&[SockFilter::new(RETURN_CONSTANT, 0, 0, 0)])?;
    Ok(socket)
}

fn raw_socket() -> io::Result<Socket> {
    let socket = Socket::new_raw(Domain::IPV4, Type::RAW, Some(Protocol::from(i32::from(IPPROTO_VRRP))))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn set_multicast_interface(socket: &Socket, index: IfIndex) -> io::Result<()> {
    super::unsafe_calls::set_multicast_interface(socket, index.0)
}

/// The kernel has checked version, header length and total length of what it hands to a raw socket.
fn parse(packet: &[u8]) -> Received<'_> {
    let header_len = packet.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
    let (header, payload) = packet.split_at_checked(header_len).unwrap_or((&[], &[]));
    let address = |at: usize| {
        header
            .get(at..)
            .and_then(|rest| rest.first_chunk::<4>())
            .map_or(Ipv4Addr::UNSPECIFIED, |b| (*b).into())
    };
    Received {
        source: address(12),
        destination: address(16),
        ttl: header.get(8).copied().unwrap_or(0),
        payload,
    }
}

/// The kernel fills in the checksum.
fn ip_header(
    source: Ipv4Addr,
    destination: Ipv4Addr,
    ttl: u8,
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
        IPPROTO_VRRP,
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

    #[test]
    fn header_is_that_of_keepalived() {
        // From an strace of keepalived 2.2.7; the last two bytes before the addresses are the checksum.
        let observed = [
            0x45, 0xc0, 0x00, 0x28, 0x00, 0x01, 0x00, 0x00, 0xff, 0x70, 0, 0, 10, 0, 0x65, 1, 0xe0, 0, 0,
            0x12,
        ];
        let ours = ip_header(Ipv4Addr::new(10, 0, 101, 1), Ipv4Addr::new(224, 0, 0, 18), 255, 1, 20);
        assert_eq!(ours, observed);
        let received = parse(&observed);
        assert_eq!(received.source, Ipv4Addr::new(10, 0, 101, 1));
        assert_eq!((received.ttl, received.payload), (255, &[][..]));
        assert_eq!(parse(&[0x4f, 1, 2]).payload, &[] as &[u8]);
    }
}
