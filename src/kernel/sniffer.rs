//! Finds out the hardware address of a sender of adverts: a raw IP socket does not tell it.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};
use socket2::{Domain, SockFilter, Socket, Type};

use super::frames::ETH_P_IPV6;
use super::raw::{IPPROTO_AH, IPPROTO_VRRP};
use super::unsafe_calls::bind_packet_socket;
use crate::ids::{IfIndex, Mac};

const ETH_P_IP: u16 = 0x0800;
/// Where the source stands in an Ethernet header.
const SOURCE: usize = 6;

/// Waits for a frame of one sender. It is asked when the answer is wanted, and wakes nobody.
pub struct Sniffer(Socket);

impl Sniffer {
    /// Opens it on the interface with this index, for adverts of `sender`.
    pub fn open(index: IfIndex, sender: IpAddr) -> io::Result<Self> {
        // Without a protocol until the filter is there: nothing else is ever queued.
        let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
        socket.set_nonblocking(true)?;
        // One frame is enough.
        socket.set_recv_buffer_size(1)?;
        socket.attach_filter(&only_adverts_of(sender))?;
        let protocol = if sender.is_ipv4() { ETH_P_IP } else { ETH_P_IPV6 };
        bind_packet_socket(&socket, index.0, protocol)?;
        Ok(Sniffer(socket))
    }

    /// The sender's hardware address, if a frame of it has come.
    pub fn address(&self) -> Option<Mac> {
        let mut header = [0; SOURCE + 6];
        loop {
            return match recv(self.0.as_raw_fd(), &mut header, MsgFlags::MSG_DONTWAIT) {
                Ok(length) if length == header.len() => {
                    header.get(SOURCE..).and_then(|bytes| bytes.first_chunk()).map(|bytes| Mac(*bytes))
                }
                Err(Errno::EINTR | Errno::ENETDOWN) => continue,
                _ => None,
            };
        }
    }
}

/// "It carries an advert, with an authentication header or without, and the source is the sender", as the kernel's packet
/// filter says it, behind an Ethernet header.
fn only_adverts_of(sender: IpAddr) -> Vec<SockFilter> {
    const BYTE_AT: u16 = (libc::BPF_LD | libc::BPF_B | libc::BPF_ABS) as u16;
    const WORD_AT: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const JUMP_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let (protocol, source, words) = match sender {
        IpAddr::V4(address) => (14 + 9, 14 + 12, vec![u32::from(address)]),
        IpAddr::V6(address) => {
            let bits = u128::from(address);
            (14 + 6, 14 + 8, [96, 64, 32, 0].map(|shift| (bits >> shift) as u32).to_vec())
        }
    };
    // Over the load and the comparison of each word, and over what accepts.
    let mut to_refusal = (2 * words.len() + 1) as u8;
    let mut program = vec![
        SockFilter::new(BYTE_AT, 0, 0, protocol),
        SockFilter::new(JUMP_EQUAL, 1, 0, u32::from(IPPROTO_AH)),
        SockFilter::new(JUMP_EQUAL, 0, to_refusal, u32::from(IPPROTO_VRRP)),
    ];
    for (word, place) in words.into_iter().zip((source..).step_by(4)) {
        to_refusal -= 2;
        program.push(SockFilter::new(WORD_AT, 0, 0, place));
        program.push(SockFilter::new(JUMP_EQUAL, 0, to_refusal, word));
    }
    program.push(SockFilter::new(RETURN, 0, 0, u32::MAX));
    program.push(SockFilter::new(RETURN, 0, 0, 0));
    program
}
