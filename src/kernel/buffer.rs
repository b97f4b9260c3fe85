//! Receive buffers that outlast a stall.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use super::unsafe_calls::set_int_option;

/// Makes the socket's receive buffer `bytes` large, within `net.core.rmem_max`.
pub(super) fn receive_buffer(socket: &impl AsRawFd, bytes: u32) -> io::Result<()> {
    let value = libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX);
    set_int_option(socket, libc::SOL_SOCKET, libc::SO_RCVBUF, value)
}

/// Makes the socket's receive buffer `bytes` large: beyond `net.core.rmem_max` where we are privileged
/// (`CAP_NET_ADMIN`), else as large as that limit lets it be.
pub(super) fn large_receive_buffer(socket: &(impl AsFd + AsRawFd), bytes: usize) -> io::Result<()> {
    let value = libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX);
    set_int_option(socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, value)
        .or_else(|_| set_int_option(socket, libc::SOL_SOCKET, libc::SO_RCVBUF, value))
}
