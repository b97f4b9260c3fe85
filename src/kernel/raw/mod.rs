//! The sockets that advertisements come and go by: `IPPROTO_VRRP`, and over IPv4 the authentication header too.
//!
//! As keepalived does (strace of 2.2.7), one socket receives and another sends. What differs between the
//! families is in [`v4`] and [`v6`].

mod room;
mod v4;
mod v6;
mod vmac_receiver;

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use socket2::{SockFilter, Socket};

pub use self::room::Room;
use self::vmac_receiver::VmacReceiver;
use super::buffer::{large_receive_buffer, receive_buffer};
pub use super::unsafe_calls::TOGETHER;
use crate::ids::{Family, IfIndex, Mac, Name};

/// `IPPROTO_VRRP`
pub const IPPROTO_VRRP: u8 = 112;
/// `IPPROTO_AH`: the authentication header of IPsec.
pub const IPPROTO_AH: u8 = 51;
/// Type of service and traffic class: internetwork control.
const TOS_INTERNETWORK_CONTROL: u8 = 0xc0;
/// A thousand routers on one segment may all speak while we are held up.
const RECEIVE_BUFFER: usize = 1 << 20;

/// Which packets a socket is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    /// Those to this group, by this interface.
    Multicast(IpAddr),
    /// Those to this address of ours.
    Unicast(IpAddr),
}

impl Mode {
    fn address(self) -> IpAddr {
        match self {
            Mode::Multicast(address) | Mode::Unicast(address) => address,
        }
    }
}

/// An interface by its names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Device {
    pub name: Name,
    pub index: IfIndex,
    /// `None` where it is not Ethernet.
    pub mac: Option<Mac>,
}

/// What stands behind the IP header.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Protocol {
    Vrrp,
    /// VRRP behind an authentication header; IPv4 only.
    Ah,
}

impl Protocol {
    const fn number(self) -> u8 {
        match self {
            Protocol::Vrrp => IPPROTO_VRRP,
            Protocol::Ah => IPPROTO_AH,
        }
    }
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
    pub protocol: Protocol,
}

/// Open sockets: one to send, one to receive, and one more to receive where there is a VMAC.
pub struct VrrpSocket {
    ways: Ways,
    vmac: Option<VmacReceiver>,
}

enum Ways {
    V4 { receiver: Socket, sender: Socket, protocol: Protocol },
    V6 { receiver: v6::Receiver, sender: v6::Sender },
}

/// One packet to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    pub source: IpAddr,
    pub destination: IpAddr,
    /// TTL or hop limit; `None`: 255 over IPv4 and to a group, the kernel's default to an IPv6 peer.
    pub ttl: Option<u8>,
    /// The identification in the IPv4 header.
    pub id: u16,
    /// What stands behind the IP header.
    pub payload: &'a [u8],
}

/// One received packet, cut at its IP header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Received<'a> {
    pub source: IpAddr,
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// The IPv4 header where an authentication header follows, which covers it; else empty.
    pub header: &'a [u8],
    pub payload: &'a [u8],
}

impl VrrpSocket {
    /// Opens and binds them, with receive buffers as of [`VrrpSocket::set_receive_buffer`]. Errors are the kernel's: `EPERM` without `CAP_NET_RAW`, `ENODEV` when the
    /// interface has just gone.
    pub fn open(spec: &SocketSpec, receive_buffer: Option<u32>) -> io::Result<Self> {
        let vmac = match (&spec.vmac, spec.mode) {
            (Some(vmac), Mode::Multicast(group)) => {
                Some(VmacReceiver::open(vmac.index, group, spec.protocol.number())?)
            }
            _ => None,
        };
        let ways = match Family::of(spec.mode.address()) {
            Family::V4 => Ways::V4 {
                receiver: v4::open_receiver(spec)?,
                sender: v4::open_sender(spec)?,
                protocol: spec.protocol,
            },
            Family::V6 => Ways::V6 { receiver: v6::Receiver::open(spec)?, sender: v6::Sender::open(spec)? },
        };
        let socket = VrrpSocket { ways, vmac };
        socket.set_receive_buffer(receive_buffer)?;
        Ok(socket)
    }

    /// Sets the receive buffers to so many bytes, within the system's limit; `None` is one that outlasts a stall.
    pub fn set_receive_buffer(&self, bytes: Option<u32>) -> io::Result<()> {
        self.receivers().try_for_each(|receiver| match bytes {
            Some(bytes) => receive_buffer(&receiver, bytes),
            None => large_receive_buffer(&receiver, RECEIVE_BUFFER),
        })
    }

    /// The next packet, or `None` when there is none for now. `buffer` should hold a whole packet:
    /// 2 kB are plenty for IPv4 and 5 kB for 255 IPv6 addresses, longer ones are cut and then refused by
    /// their length.
    pub fn receive<'b>(&self, buffer: &'b mut [u8]) -> io::Result<Option<Received<'b>>> {
        match &self.ways {
            Ways::V4 { receiver, .. } => {
                if let Some(length) = v4::receive(receiver, buffer)? {
                    return Ok(Some(v4::parse(buffer.get(..length).unwrap_or_default())));
                }
            }
            Ways::V6 { receiver, .. } => {
                if let Some((from, length)) = receiver.receive(buffer)? {
                    return Ok(Some(from.with(buffer.get(..length).unwrap_or_default())));
                }
            }
        }
        let Some(vmac) = &self.vmac else { return Ok(None) };
        let whole = vmac.receive(buffer)?;
        Ok(match self.ways {
            Ways::V4 { .. } => whole.map(v4::parse),
            Ways::V6 { .. } => whole.and_then(v6::parse),
        })
    }

    /// Takes packets, several with one call where that is possible; false when there are no more for now. They are cut
    /// as by [`VrrpSocket::receive`].
    pub fn receive_several(&self, room: &mut Room, mut each: impl FnMut(Received<'_>)) -> io::Result<bool> {
        if let Ways::V4 { receiver, .. } = &self.ways {
            let mut found = false;
            let more = room.receive(receiver, |packet| {
                found = true;
                each(v4::parse(packet));
            })?;
            if more || found || self.vmac.is_none() {
                return Ok(more || found && self.vmac.is_some());
            }
        }
        self.receive_one(room, each)
    }

    /// Takes the next packet, if there is one; false when there is none for now.
    pub fn receive_one(&self, room: &mut Room, each: impl FnMut(Received<'_>)) -> io::Result<bool> {
        let received = self.receive(room.whole())?;
        let found = received.is_some();
        received.into_iter().for_each(each);
        Ok(found)
    }

    /// Sends packets, in order: several at once where that is possible. Returns how many have left, one at least; an
    /// error is that of the first.
    pub fn send(&self, packets: &[Outgoing<'_>]) -> io::Result<usize> {
        let Some(first) = packets.first() else { return Ok(0) };
        match (&self.ways, first.source, first.destination) {
            (Ways::V4 { sender, protocol, .. }, ..) => v4::send(sender, *protocol, packets),
            (Ways::V6 { sender, .. }, IpAddr::V6(source), IpAddr::V6(destination)) => {
                sender.send(source, destination, first).map(|()| 1)
            }
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Those that packets come in by.
    pub fn receivers(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let receiver = match &self.ways {
            Ways::V4 { receiver, .. } => receiver.as_fd(),
            Ways::V6 { receiver, .. } => receiver.as_fd(),
        };
        std::iter::once(receiver).chain(self.vmac.iter().map(AsFd::as_fd))
    }
}

/// A sender never reads: a filter of one instruction, "accept 0 bytes", drops whatever arrives.
fn never_receive(socket: &Socket) -> io::Result<()> {
    const RETURN_CONSTANT: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    socket.attach_filter(&[SockFilter::new(RETURN_CONSTANT, 0, 0, 0)])
}
