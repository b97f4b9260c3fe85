//! What happens to processes, as it happens: the kernel's process events connector (`CN_IDX_PROC`).
//!
//! It needs `CAP_NET_ADMIN` in the initial user, process and network namespace. In another network namespace there is
//! no such socket; in another process namespace the kernel takes the request and says nothing: only its confirmation
//! means that events will come.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use netlink_sys::{Socket, SocketAddr};

use super::buffer::{large_receive_buffer, receive_buffer};
use crate::objects::process::Pid;

const NETLINK_CONNECTOR: isize = 11;
/// Index and value of the connector, and its multicast group.
const CN_IDX_PROC: u32 = 1;
const CN_VAL_PROC: u32 = 1;
const PROC_CN_MCAST_LISTEN: u32 = 1;
const NLMSG_DONE: u16 = 3;
/// `struct nlmsghdr`, `struct cn_msg`, `struct proc_event` without what differs by event.
const NETLINK_HEADER: usize = 16;
const CONNECTOR_HEADER: usize = 20;
const EVENT_HEADER: usize = 16;

/// One thing that happened. Threads are no processes here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProcessEvent {
    /// The kernel will tell of everything from here on.
    Confirmed,
    Forked {
        parent: Pid,
        child: Pid,
    },
    /// It runs another program or has another name.
    Became(Pid),
    Ended(Pid),
    /// Events were lost.
    Overrun,
}

/// An open subscription.
pub struct ProcessEvents {
    socket: Socket,
    waiting: VecDeque<ProcessEvent>,
    buffer: Vec<u8>,
}

impl ProcessEvents {
    /// Subscribes, with a receive buffer of so many bytes: `force` is beyond the system's limit, where we may.
    ///
    /// # Errors
    /// There are no such events here, or we may not have them.
    pub fn open(bytes: u32, force: bool) -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_CONNECTOR)?;
        socket.bind(&SocketAddr::new(0, CN_IDX_PROC))?;
        socket.set_non_blocking(true)?;
        if force {
            large_receive_buffer(&socket, usize::try_from(bytes).unwrap_or(usize::MAX))?;
        } else {
            receive_buffer(&socket, bytes)?;
        }
        socket.send_to(&subscription(), &SocketAddr::new(0, 0), 0)?;
        Ok(ProcessEvents { socket, waiting: VecDeque::new(), buffer: Vec::with_capacity(4096) })
    }

    /// The next event; `None` when there is none now.
    ///
    /// # Errors
    /// The socket failed.
    pub fn receive(&mut self) -> io::Result<Option<ProcessEvent>> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(Some(event));
            }
            self.buffer.clear();
            match self.socket.recv_from(&mut self.buffer, 0) {
                // Only the kernel's word counts.
                Ok((_, from)) if from.port_number() == 0 => read(&self.buffer, &mut self.waiting),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    return Ok(Some(ProcessEvent::Overrun));
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl AsFd for ProcessEvents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn subscription() -> Vec<u8> {
    let length = NETLINK_HEADER + CONNECTOR_HEADER + 4;
    let mut message = Vec::with_capacity(length);
    message.extend(u32::try_from(length).unwrap_or(0).to_ne_bytes());
    message.extend(NLMSG_DONE.to_ne_bytes());
    // No flags, no sequence number, no sender.
    message.extend([0; 10]);
    message.extend(CN_IDX_PROC.to_ne_bytes());
    message.extend(CN_VAL_PROC.to_ne_bytes());
    message.extend([0; 8]);
    message.extend(4_u16.to_ne_bytes());
    message.extend([0; 2]);
    message.extend(PROC_CN_MCAST_LISTEN.to_ne_bytes());
    message
}

/// The events in one datagram.
fn read(mut datagram: &[u8], out: &mut VecDeque<ProcessEvent>) {
    while let Some(length) = number(datagram, 0) {
        let length = length as usize;
        let Some(message) = datagram.get(..length).filter(|_| length >= NETLINK_HEADER) else { return };
        out.extend(event(message));
        datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
}

fn event(message: &[u8]) -> Option<ProcessEvent> {
    let connector = message.get(NETLINK_HEADER..)?;
    if (number(connector, 0)?, number(connector, 4)?) != (CN_IDX_PROC, CN_VAL_PROC) {
        return None;
    }
    let event = connector.get(CONNECTOR_HEADER..)?;
    let data = event.get(EVENT_HEADER..)?;
    // Each process or thread by its own number and that of its process.
    let process = |at: usize| Some((number(data, at)?, number(data, at + 4)?));
    let leader = |at: usize| process(at).filter(|(id, process)| id == process).map(|(id, _)| id);
    match number(event, 0)? {
        // The answer to the subscription: an errno.
        0 if number(data, 0)? == 0 => Some(ProcessEvent::Confirmed),
        0x1 => Some(ProcessEvent::Forked { parent: process(0)?.1, child: leader(8)? }),
        // A thread that runs another program becomes its process.
        0x2 => Some(ProcessEvent::Became(process(0)?.1)),
        0x200 => Some(ProcessEvent::Became(leader(0)?)),
        0x8000_0000 => Some(ProcessEvent::Ended(leader(0)?)),
        _ => None,
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(what: u32, data: &[u32]) -> Vec<u8> {
        let mut payload = Vec::new();
        for word in [what, 0, 0, 0].iter().chain(data) {
            payload.extend(word.to_ne_bytes());
        }
        let mut bytes = subscription();
        bytes.truncate(NETLINK_HEADER + CONNECTOR_HEADER);
        bytes.extend(payload);
        let length = u32::try_from(bytes.len()).unwrap();
        bytes[..4].copy_from_slice(&length.to_ne_bytes());
        bytes
    }

    fn events(bytes: &[u8]) -> Vec<ProcessEvent> {
        let mut out = VecDeque::new();
        read(bytes, &mut out);
        out.into()
    }

    #[test]
    fn of_processes_and_not_of_threads() {
        let cases = [
            (0, vec![0], Some(ProcessEvent::Confirmed)),
            (0, vec![1], None),
            (1, vec![10, 10, 11, 11], Some(ProcessEvent::Forked { parent: 10, child: 11 })),
            (1, vec![12, 10, 11, 11], Some(ProcessEvent::Forked { parent: 10, child: 11 })),
            (1, vec![10, 10, 11, 10], None),
            (2, vec![11, 11], Some(ProcessEvent::Became(11))),
            (0x200, vec![11, 11, 0, 0, 0, 0], Some(ProcessEvent::Became(11))),
            (0x200, vec![12, 11, 0, 0, 0, 0], None),
            (0x8000_0000, vec![11, 11, 0, 17], Some(ProcessEvent::Ended(11))),
            (0x8000_0000, vec![12, 11, 0, 17], None),
            (4, vec![11, 11, 0, 0], None),
        ];
        for (what, data, expected) in cases {
            assert_eq!(
                events(&message(what, &data)),
                expected.into_iter().collect::<Vec<_>>(),
                "{what} {data:?}"
            );
        }
    }

    #[test]
    fn several_in_one_datagram_and_none_in_rubbish() {
        let mut both = message(2, &[1, 1]);
        both.extend(message(2, &[2, 2]));
        assert_eq!(events(&both), [ProcessEvent::Became(1), ProcessEvent::Became(2)]);
        for end in 0..both.len() {
            assert!(events(&both[..end]).len() < 2);
        }
        assert_eq!(events(&[0; 64]), []);
        assert_eq!(events(&[0xff; 64]), []);
    }
}
