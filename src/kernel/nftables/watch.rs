//! Whether somebody else changes tables of ours: the kernel's notifications of every change of any table.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use netlink_sys::Socket;

use crate::kernel::buffer::large_receive_buffer;
use crate::kernel::netlink::NetlinkError;

const NFNLGRP_NFTABLES: u32 = 7;
const NFT_MSG_NEWGEN: u16 = 15;
/// `struct nlmsghdr` and `struct nfgenmsg`.
const HEADERS: usize = 20;
/// The table's name, in a message about anything that is in a table.
const NAME: u16 = 1;
const NLA_TYPE_MASK: u16 = 0x3fff;

/// A subscription, of the namespace in which it was opened.
pub struct TableWatch {
    socket: Socket,
    name: &'static str,
    /// What this netlink port does is our own doing.
    port: u32,
    buffer: Vec<u8>,
}

impl TableWatch {
    pub(super) fn open(name: &'static str, port: u32) -> Result<Self, NetlinkError> {
        let failed = NetlinkError::socket("nftables notifications");
        let mut socket = Socket::new(netlink_sys::protocols::NETLINK_NETFILTER).map_err(&failed)?;
        socket.bind_auto().map_err(&failed)?;
        socket.set_non_blocking(true).map_err(&failed)?;
        socket.add_membership(NFNLGRP_NFTABLES).map_err(&failed)?;
        large_receive_buffer(&socket, 1 << 20).map_err(&failed)?;
        Ok(TableWatch { socket, name, port, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Reads what has happened since the last call, and says whether somebody else has changed a table of this name.
    /// Where notifications were lost somebody may have.
    ///
    /// # Errors
    /// The socket failed.
    pub fn was_touched(&mut self) -> io::Result<bool> {
        let mut touched = false;
        loop {
            self.buffer.clear();
            match self.socket.recv(&mut self.buffer, 0) {
                Ok(_) => touched |= concerns(&self.buffer, self.name, self.port),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(touched),
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => touched = true,
                Err(error) => return Err(error),
            }
        }
    }
}

impl AsFd for TableWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Whether one of the messages is about a table of this name, and not of this port's making.
fn concerns(mut datagram: &[u8], name: &str, port: u32) -> bool {
    while let Some(length) = datagram.first_chunk::<4>().map(|bytes| u32::from_ne_bytes(*bytes) as usize) {
        let Some(message) = datagram.get(..length).filter(|_| length >= HEADERS) else { return false };
        datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
        let kind = message.get(4..6).and_then(<[u8]>::first_chunk).map(|bytes| u16::from_ne_bytes(*bytes));
        let by = message.get(12..16).and_then(<[u8]>::first_chunk).map(|bytes| u32::from_ne_bytes(*bytes));
        let about = message.get(HEADERS..).and_then(name_in);
        if kind.is_some_and(|kind| kind & 0xff != NFT_MSG_NEWGEN)
            && by != Some(port)
            && about == Some(name.as_bytes())
        {
            return true;
        }
    }
    false
}

fn name_in(mut attributes: &[u8]) -> Option<&[u8]> {
    loop {
        let ([a, b, c, d], _) = attributes.split_first_chunk::<4>()?;
        let (length, kind) = (usize::from(u16::from_ne_bytes([*a, *b])), u16::from_ne_bytes([*c, *d]));
        let value = attributes.get(4..length)?;
        if kind & NLA_TYPE_MASK == NAME {
            return Some(value.strip_suffix(&[0]).unwrap_or(value));
        }
        attributes = attributes.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, port: u32, attributes: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(HEADERS + attributes.len()).unwrap().to_ne_bytes().to_vec();
        bytes.extend((10_u16 << 8 | kind).to_ne_bytes());
        bytes.extend([0; 6]);
        bytes.extend(port.to_ne_bytes());
        bytes.extend([2, 0, 0, 0]);
        bytes.extend(attributes);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn named(name: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + name.len()).unwrap();
        [&length.to_ne_bytes(), &1_u16.to_ne_bytes(), name].concat()
    }

    #[test]
    fn what_others_do_to_this_table_and_nothing_else() {
        let about = |name: &[u8], port| message(2, port, &named(name));
        let touched = |datagram: &[u8]| concerns(datagram, "ours", 7);
        assert!(touched(&about(b"ours\0", 8)));
        assert!(!touched(&about(b"ours\0", 7)), "our own doing");
        assert!(!touched(&about(b"theirs\0", 8)));
        assert!(touched(&[about(b"theirs\0", 8), about(b"ours\0", 8)].concat()));
        assert!(!touched(&message(NFT_MSG_NEWGEN, 8, &named(b"ours\0"))));
        let whole = about(b"ours\0", 8);
        for end in 0..whole.len() - 4 {
            assert!(!touched(&whole[..end]), "{end} bytes of it");
        }
    }
}
