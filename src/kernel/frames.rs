//! Whole Ethernet frames of our own: announcements, and adverts that leave a virtual MAC interface over IPv6.

use std::io;
use std::net::Ipv6Addr;

use smallvec::SmallVec;
use socket2::{Domain, Socket, Type};

use super::unsafe_calls::{send_frame, send_frames};
use crate::ids::{IfIndex, Mac};

/// EtherType of ARP.
pub const ETH_P_ARP: u16 = 0x0806;
/// EtherType of IPv6.
pub const ETH_P_IPV6: u16 = 0x86dd;

/// A socket that frames leave by, whatever the interface.
pub struct FrameSocket(Socket);

impl FrameSocket {
    /// Opens it; it never receives, as its protocol is 0.
    pub fn open() -> io::Result<Self> {
        let socket = Socket::new_raw(Domain::PACKET, Type::RAW, None)?;
        socket.set_nonblocking(true)?;
        Ok(FrameSocket(socket))
    }

    /// Sends a frame, which begins with its Ethernet header.
    pub fn send(
        &self,
        interface: IfIndex,
        ethertype: u16,
        destination: Mac,
        frame: &[u8],
    ) -> io::Result<()> {
        send_frame(&self.0, interface.0, ethertype, destination.0, frame)
    }

    /// Sends all of them, in order, by as few calls as it takes, and says what became of each. Where one finds no room,
    /// see [`is_full`], those behind it are not tried.
    pub fn send_all(&self, frames: &[Leaving]) -> Vec<io::Result<()>> {
        let mut results = Vec::with_capacity(frames.len());
        while let Some(rest) = frames.get(results.len()..).filter(|rest| !rest.is_empty()) {
            match send_frames(&self.0, rest) {
                // The call that begins with the one that was refused says why.
                Ok(sent) => results.extend((0..sent.max(1)).map(|_| Ok(()))),
                Err(error) if is_full(&error) => {
                    results.resize_with(frames.len(), || Err(full()));
                }
                Err(error) => results.push(Err(error)),
            }
        }
        results
    }
}

/// Whether a frame has not left because those before it are still on their way: the interface is slow, or the kernel has
/// no time for it. It may leave in a moment.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::ENOBUFS))
}

/// What [`is_full`] is true for.
pub fn full() -> io::Error {
    io::Error::from_raw_os_error(libc::EAGAIN)
}

/// Bytes of the longest announcement: one over IPv6.
const LONGEST: usize = 86;

/// A frame, which begins with its Ethernet header, and where it is to go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leaving {
    /// The interface that it leaves by.
    pub interface: IfIndex,
    /// The EtherType.
    pub ethertype: u16,
    /// The hardware address that it goes to.
    pub destination: Mac,
    /// All of it.
    pub frame: SmallVec<[u8; LONGEST]>,
}

/// An Ethernet header.
pub fn ethernet(destination: Mac, source: Mac, ethertype: u16) -> [u8; 14] {
    let ([a, b, c, d, e, f], [g, h, i, j, k, l], [m, n]) =
        (destination.0, source.0, ethertype.to_be_bytes());
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n]
}

/// An IPv6 header: traffic class, next header and hop limit; length of what follows; ends. No flow label.
pub fn ipv6_header(
    (class, next_header, hop_limit): (u8, u8, u8),
    payload: usize,
    source: Ipv6Addr,
    destination: Ipv6Addr,
) -> impl Iterator<Item = u8> {
    let [high, low] = u16::try_from(payload).unwrap_or(u16::MAX).to_be_bytes();
    let first = [0x60 | (class >> 4), class << 4, 0, 0, high, low, next_header, hop_limit];
    first.into_iter().chain(source.octets()).chain(destination.octets())
}
