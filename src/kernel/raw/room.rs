//! Where packets are put that are received: one, or several with one call.

use std::io::{self, IoSliceMut};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, recvmmsg};

/// Packets that one call takes.
const TOGETHER: usize = 16;
/// The longest advert over IPv4, with an authentication header or a signature, is shorter by a quarter.
const PLACE: usize = 1536;

/// Room for a packet of any length, or for several over IPv4. Kept, so that nothing is allocated for a packet.
pub struct Room {
    places: Box<[[u8; PLACE]; TOGETHER]>,
    headers: MultiHeaders<SockaddrIn>,
}

impl Default for Room {
    fn default() -> Self {
        Room {
            places: Box::new([[0; PLACE]; TOGETHER]),
            headers: MultiHeaders::preallocate(TOGETHER, None),
        }
    }
}

impl Room {
    /// All of it, for one packet.
    pub(super) fn whole(&mut self) -> &mut [u8] {
        self.places.as_flattened_mut()
    }

    /// Takes the packets that are there, as many as one call takes, from a socket of IPv4; false where there were fewer.
    pub(super) fn receive(
        &mut self,
        socket: &impl AsRawFd,
        mut each: impl FnMut(&[u8]),
    ) -> io::Result<bool> {
        let mut lengths = [0; TOGETHER];
        let mut count = 0;
        loop {
            let mut parts = self.places.each_mut().map(|place| [IoSliceMut::new(place)]);
            match recvmmsg(
                socket.as_raw_fd(),
                &mut self.headers,
                parts.iter_mut(),
                MsgFlags::MSG_DONTWAIT,
                None,
            ) {
                Ok(received) => {
                    for (length, received) in lengths.iter_mut().zip(received) {
                        *length = received.bytes;
                        count += 1;
                    }
                    break;
                }
                Err(Errno::EAGAIN) => break,
                // ENETDOWN is told once when the interface goes down; the monitor tells it too.
                Err(Errno::EINTR | Errno::ENETDOWN) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        for (place, length) in self.places.iter().zip(lengths).take(count) {
            each(place.get(..length).unwrap_or_default());
        }
        Ok(count == TOGETHER)
    }
}
