//! Hears the adverts that the kernel gives to a macvlan instead of its parent.
//!
//! A macvlan in private mode takes every multicast frame that comes in with its own MAC as the source: those
//! of the other router, whose virtual MAC is the same. The parent never sees them. A member of the group on
//! the macvlan would, but would also report its membership with the virtual MAC, which must not leave a
//! backup; a packet socket sees the frame without being a member.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};
use socket2::{Domain, SockFilter, Socket, Type};

use crate::ids::IfIndex;
use crate::kernel::unsafe_calls::bind_packet_socket;

const ETH_P_IP: u16 = 0x0800;
const ETH_P_IPV6: u16 = 0x86dd;
const MINIMAL_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;

pub(super) struct VmacReceiver(Socket);

impl VmacReceiver {
    /// Opens it on the macvlan with this index, for adverts to `group` with this number in their IP header.
    pub fn open(index: IfIndex, group: IpAddr, protocol: u8) -> io::Result<Self> {
        // Without a protocol until the filter is there: nothing else is ever queued.
        let socket = Socket::new(Domain::PACKET, Type::DGRAM, None)?;
        socket.set_nonblocking(true)?;
        socket.attach_filter(&only_adverts(group, protocol))?;
        let family = if group.is_ipv4() { ETH_P_IP } else { ETH_P_IPV6 };
        bind_packet_socket(&socket, index.0, family)?;
        Ok(VmacReceiver(socket))
    }

    /// The next whole IP packet; `None` when there is none for now.
    pub fn receive<'b>(&self, buffer: &'b mut [u8]) -> io::Result<Option<&'b [u8]>> {
        loop {
            let length = match recv(self.0.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT) {
                Ok(length) => length,
                Err(Errno::EAGAIN) => return Ok(None),
                Err(Errno::EINTR | Errno::ENETDOWN) => continue,
                Err(errno) => return Err(errno.into()),
            };
            if let Some(whole) = whole(buffer.get(..length).unwrap_or_default()) {
                return Ok(buffer.get(..whole));
            }
        }
    }
}

impl AsFd for VmacReceiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The length of the IP packet in a frame's contents, without the padding of a short frame; `None` for what
/// the kernel would not hand to a raw socket. Its header checksum is not looked at: VRRP has its own.
fn whole(packet: &[u8]) -> Option<usize> {
    let byte = |at: usize| packet.get(at).copied();
    let word = |at: usize| Some(u16::from_be_bytes([byte(at)?, byte(at + 1)?]));
    let total = match byte(0)? >> 4 {
        4 => {
            let header = usize::from(byte(0)? & 0x0f) * 4;
            let total = usize::from(word(2)?);
            let in_one_piece = word(6)? & 0x3fff == 0;
            (header >= MINIMAL_HEADER && total >= header && in_one_piece).then_some(total)?
        }
        6 => IPV6_HEADER + usize::from(word(4)?),
        _ => return None,
    };
    (total <= packet.len()).then_some(total)
}

/// "The IP protocol is this one and the destination is the group", as the kernel's packet filter says it.
fn only_adverts(group: IpAddr, protocol: u8) -> Vec<SockFilter> {
    const BYTE_AT: u16 = (libc::BPF_LD | libc::BPF_B | libc::BPF_ABS) as u16;
    const WORD_AT: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const JUMP_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let (protocol_at, destination_at, words): (u32, u32, Vec<u32>) = match group {
        IpAddr::V4(group) => (9, 16, vec![u32::from(group)]),
        IpAddr::V6(group) => {
            (6, 24, (0..4).rev().map(|word| (u128::from(group) >> (32 * word)) as u32).collect())
        }
    };
    let mut filter = vec![SockFilter::new(BYTE_AT, 0, 0, protocol_at)];
    // Where it fits go on, else jump over the rest and "take it" to "drop it".
    let left = |words: usize| u8::try_from(2 * words + 1).unwrap_or(0);
    filter.push(SockFilter::new(JUMP_EQUAL, 0, left(words.len()), u32::from(protocol)));
    for (at, word) in words.iter().enumerate() {
        filter.push(SockFilter::new(WORD_AT, 0, 0, destination_at + 4 * at as u32));
        filter.push(SockFilter::new(JUMP_EQUAL, 0, left(words.len() - at - 1), *word));
    }
    filter.extend([SockFilter::new(RETURN, 0, 0, u32::MAX), SockFilter::new(RETURN, 0, 0, 0)]);
    filter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_cut_and_pieces_are_left_alone() {
        let mut packet = [0_u8; 46];
        packet[..10].copy_from_slice(&[0x45, 0xc0, 0, 40, 0, 1, 0, 0, 255, 112]);
        assert_eq!(whole(&packet), Some(40));
        assert_eq!(whole(&packet[..39]), None, "cut short");
        packet[6] = 0x20;
        assert_eq!(whole(&packet), None, "a fragment");
        packet[6] = 0x40;
        assert_eq!(whole(&packet), Some(40), "must not be fragmented, and is not");
        packet[0] = 0x44;
        assert_eq!(whole(&packet), None, "a header that is too short");
        assert_eq!(whole(&[]), None);
        let mut packet = [0_u8; 60];
        packet[..8].copy_from_slice(&[0x6c, 0, 0, 0, 0, 16, 112, 255]);
        assert_eq!(whole(&packet), Some(56), "IPv6 has no padding of its own");
        assert_eq!(whole(&packet[..55]), None);
    }
}
