//! A netlink channel for changes and dumps: pipelined, answered, typed.
//!
//! Many requests go out in one message, and the kernel works them off while we are in `send`. Of those that
//! change something only the last of a message asks for an acknowledgement: the kernel answers each that it
//! refuses anyway, and it answers in order. The calls block, for microseconds a request.

use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkDeserializable, NetlinkMessage,
    NetlinkPayload, NetlinkSerializable,
};
use netlink_sys::{Socket, SocketAddr};
use nix::errno::Errno;
use thiserror::Error;

use super::buffer::large_receive_buffer;

/// How many requests are on their way at a time: their answers must fit the receive buffer.
const PIPELINE: usize = 256;
/// Bytes of one send; a single larger message still goes alone.
const CHUNK_BYTES: usize = 64 * 1024;
/// The kernel answers while we send; an answer that takes this long will not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a request failed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum NetlinkError {
    /// The kernel refused: errno.
    #[error("{}", Errno::from_raw(*.0).desc())]
    Refused(i32),
    /// The socket failed: errno, and what we were doing.
    #[error("netlink {doing}: {}", Errno::from_raw(*.errno).desc())]
    Socket { errno: i32, doing: &'static str },
    /// What came back could not be understood.
    #[error("netlink answer not understood: {0}")]
    Malformed(String),
}

impl NetlinkError {
    /// The errno, where there is one.
    pub fn errno(&self) -> Option<i32> {
        match self {
            NetlinkError::Refused(errno) | NetlinkError::Socket { errno, .. } => Some(*errno),
            NetlinkError::Malformed(_) => None,
        }
    }

    pub(super) fn socket(doing: &'static str) -> impl Fn(io::Error) -> NetlinkError {
        move |error| NetlinkError::Socket { errno: error.raw_os_error().unwrap_or(libc::EIO), doing }
    }
}

/// An open channel of one netlink protocol.
pub struct Channel {
    socket: Socket,
    sequence: u32,
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
}

impl Channel {
    /// Opens a channel for links and addresses.
    pub fn route() -> Result<Self, NetlinkError> {
        Self::open(netlink_sys::protocols::NETLINK_ROUTE)
    }

    /// Opens a channel; `protocol` is `NETLINK_ROUTE`, `NETLINK_GENERIC`, ...
    pub fn open(protocol: isize) -> Result<Self, NetlinkError> {
        let mut socket = Socket::new(protocol).map_err(NetlinkError::socket("socket"))?;
        socket.bind_auto().map_err(NetlinkError::socket("bind"))?;
        socket.connect(&SocketAddr::new(0, 0)).map_err(NetlinkError::socket("connect"))?;
        large_receive_buffer(&socket, 1 << 20).map_err(NetlinkError::socket("receive buffer"))?;
        socket2::SockRef::from(&socket)
            .set_read_timeout(Some(PATIENCE))
            .map_err(NetlinkError::socket("receive timeout"))?;
        // Answers without the request's text: shorter, and an error still carries its number.
        socket.set_cap_ack(true).map_err(NetlinkError::socket("capped answers"))?;
        Ok(Channel { socket, sequence: 0, outgoing: Vec::new(), incoming: Vec::with_capacity(128 * 1024) })
    }

    /// Where a datagram is put, of another socket too: nothing in it is needed between two calls.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        &mut self.incoming
    }

    /// The number that the kernel gives as the author of our changes.
    pub(super) fn port(&self) -> Result<u32, NetlinkError> {
        let mut address = SocketAddr::new(0, 0);
        self.socket.get_address(&mut address).map_err(NetlinkError::socket("own address"))?;
        Ok(address.port_number())
    }

    /// Sends every request and returns every answer, in order.
    pub fn transact<P>(
        &mut self,
        requests: impl IntoIterator<Item = NetlinkMessage<P>>,
    ) -> Vec<Result<(), NetlinkError>>
    where
        P: NetlinkSerializable + NetlinkDeserializable,
    {
        let mut requests = requests.into_iter().peekable();
        let mut results = Vec::with_capacity(requests.size_hint().0);
        while requests.peek().is_some() {
            let first = self.sequence.wrapping_add(1);
            let (mut count, mut last_flags) = (0, 0);
            self.outgoing.clear();
            while count < PIPELINE && self.outgoing.len() < CHUNK_BYTES {
                let Some(request) = requests.next() else { break };
                // Bytes 6 and 7 of a message's header are its flags.
                last_flags = self.outgoing.len() + 6;
                self.append(request, NLM_F_REQUEST);
                count += 1;
            }
            self.acknowledge(last_flags);
            self.exchange::<P>(first, count, &mut results);
        }
        results
    }

    /// Sends requests that the kernel takes together or not at all; the first that it refuses is the reason.
    pub fn batch<P>(
        &mut self,
        begin: NetlinkMessage<P>,
        requests: Vec<NetlinkMessage<P>>,
        end: NetlinkMessage<P>,
    ) -> Result<(), NetlinkError>
    where
        P: NetlinkSerializable + NetlinkDeserializable,
    {
        self.outgoing.clear();
        self.append(begin, NLM_F_REQUEST);
        let first = self.sequence;
        let count = requests.len();
        requests.into_iter().for_each(|request| self.append(request, NLM_F_REQUEST | NLM_F_ACK));
        self.append(end, NLM_F_REQUEST);
        self.send()?;
        let (mut missing, mut outcome) = (count, Ok(()));
        while missing > 0 {
            self.receive(|message: NetlinkMessage<P>| {
                let index = message.header.sequence_number.wrapping_sub(first) as usize;
                let NetlinkPayload::Error(answer) = &message.payload else { return };
                if index > count {
                    return;
                }
                if let (Some(code), Ok(())) = (answer.code, &outcome) {
                    outcome = Err(NetlinkError::Refused(code.get().saturating_abs()));
                }
                // An answer to the beginning may be the only one.
                missing = if index == 0 { 0 } else { missing.saturating_sub(1) };
            })?;
        }
        outcome
    }

    /// Sends one request and collects every object of the answer. A dump that the kernel says changed
    /// in between is taken again.
    pub fn dump<P>(&mut self, request: NetlinkMessage<P>) -> Result<Vec<P>, NetlinkError>
    where
        P: NetlinkSerializable + NetlinkDeserializable + Clone,
    {
        for _ in 0..8 {
            if let Some(objects) = self.collect(request.clone(), NLM_F_REQUEST | NLM_F_DUMP)? {
                return Ok(objects);
            }
        }
        // It changes faster than we can read: the monitor brings what the last try missed.
        self.collect(request, NLM_F_REQUEST | NLM_F_DUMP).map(Option::unwrap_or_default)
    }

    /// Sends one request that is answered by objects and an acknowledgement.
    pub fn get<P>(&mut self, request: NetlinkMessage<P>) -> Result<Vec<P>, NetlinkError>
    where
        P: NetlinkSerializable + NetlinkDeserializable + Clone,
    {
        self.collect(request, NLM_F_REQUEST | NLM_F_ACK).map(Option::unwrap_or_default)
    }

    fn append<P: NetlinkSerializable>(&mut self, mut request: NetlinkMessage<P>, flags: u16) {
        self.sequence = self.sequence.wrapping_add(1);
        request.header.flags |= flags;
        request.header.sequence_number = self.sequence;
        request.finalize();
        let start = self.outgoing.len();
        // The next message begins at a multiple of four (NLMSG_ALIGN).
        let length = request.header.length as usize;
        self.outgoing.resize(start + length.next_multiple_of(4), 0);
        if let Some(space) = self.outgoing.get_mut(start..) {
            request.serialize(space);
        }
    }

    /// The message whose flags stand here in the outgoing bytes is answered whatever becomes of it.
    fn acknowledge(&mut self, flags: usize) {
        let place = self.outgoing.get_mut(flags..).and_then(<[u8]>::first_chunk_mut::<2>);
        if let Some(place) = place {
            *place = (u16::from_ne_bytes(*place) | NLM_F_ACK).to_ne_bytes();
        }
    }

    /// Sends what is outgoing and waits for the answer to the last of `count` requests.
    fn exchange<P>(&mut self, first: u32, count: usize, results: &mut Vec<Result<(), NetlinkError>>)
    where
        P: NetlinkDeserializable,
    {
        let base = results.len();
        // Whom the kernel does not mention it has obeyed, once it has answered the last.
        results.resize(base + count, Ok(()));
        let mut answered = 0;
        let outcome = self.send().and_then(|()| {
            while answered < count {
                self.receive(|message: NetlinkMessage<P>| {
                    let index = message.header.sequence_number.wrapping_sub(first) as usize;
                    if let NetlinkPayload::Error(answer) = &message.payload
                        && index < count
                        && let Some(slot) = results.get_mut(base + index)
                    {
                        if let Some(code) = answer.code {
                            *slot = Err(NetlinkError::Refused(code.get().saturating_abs()));
                        }
                        answered = index + 1;
                    }
                })?;
            }
            Ok(())
        });
        if let Err(error) = outcome {
            for slot in results.iter_mut().skip(base + answered) {
                *slot = Err(error.clone());
            }
        }
    }

    /// `None`: interrupted, take it again.
    fn collect<P>(&mut self, request: NetlinkMessage<P>, flags: u16) -> Result<Option<Vec<P>>, NetlinkError>
    where
        P: NetlinkSerializable + NetlinkDeserializable,
    {
        self.outgoing.clear();
        self.append(request, flags);
        let sequence = self.sequence;
        self.send()?;
        let (mut objects, mut end, mut interrupted) = (Vec::new(), None, false);
        while end.is_none() {
            self.receive(|message: NetlinkMessage<P>| {
                if message.header.sequence_number != sequence {
                    return;
                }
                interrupted |= message.header.flags & NLM_F_DUMP_INTR != 0;
                match message.payload {
                    NetlinkPayload::InnerMessage(object) => objects.push(object),
                    NetlinkPayload::Done(done) if done.code != 0 => {
                        end = Some(Err(NetlinkError::Refused(done.code.saturating_abs())));
                    }
                    NetlinkPayload::Done(_) => end = Some(Ok(())),
                    NetlinkPayload::Error(answer) => {
                        end = Some(match answer.code {
                            None => Ok(()),
                            Some(code) => Err(NetlinkError::Refused(code.get().saturating_abs())),
                        });
                    }
                    _ => {}
                }
            })?;
        }
        end.unwrap_or(Ok(()))?;
        Ok((!interrupted).then_some(objects))
    }

    fn send(&mut self) -> Result<(), NetlinkError> {
        loop {
            match self.socket.send(&self.outgoing, 0) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(NetlinkError::socket("send")(error)),
            }
        }
    }

    /// Reads one datagram and hands on each message in it.
    fn receive<P>(&mut self, mut each: impl FnMut(NetlinkMessage<P>)) -> Result<(), NetlinkError>
    where
        P: NetlinkDeserializable,
    {
        self.incoming.clear();
        loop {
            match self.socket.recv(&mut self.incoming, 0) {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(NetlinkError::socket("receive")(error)),
            }
        }
        for message in messages(&self.incoming) {
            each(message?);
        }
        Ok(())
    }
}

impl AsRawFd for Channel {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.socket.as_raw_fd()
    }
}

/// The messages in one datagram.
pub fn messages<P>(
    mut datagram: &[u8],
) -> impl Iterator<Item = Result<NetlinkMessage<P>, NetlinkError>> + '_
where
    P: NetlinkDeserializable,
{
    std::iter::from_fn(move || {
        let length = datagram.first_chunk::<4>().map(|bytes| u32::from_ne_bytes(*bytes) as usize)?;
        let Some(message) = datagram.get(..length).filter(|_| length >= 16) else {
            datagram = &[];
            return Some(Err(NetlinkError::Malformed("message longer than its datagram".into())));
        };
        datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(
            NetlinkMessage::deserialize(message)
                .map_err(|error| NetlinkError::Malformed(error.to_string())),
        )
    })
}
