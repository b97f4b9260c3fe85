//! VRRP and ARP on the wire with the kernel's own timestamps: when the packet passed, not when we came to read it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IoSliceMut;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::unistd::{Pid, gettid};
use socket2::{Domain, Protocol, Socket, Type};

use super::lateness::router;
use super::support::frame::{Advert, Frame};
use super::support::net::Node;

/// Bytes; everything that a takeover of thousands says, as nobody reads it before that is over.
const BUFFER: usize = 64 << 20;

/// A packet that passed.
#[derive(Clone)]
pub struct Seen {
    /// Nanoseconds of the wall clock.
    pub at: i64,
    /// What it was.
    pub what: Packet,
}

/// As much of a packet as the measurements need.
#[derive(Clone)]
pub enum Packet {
    /// A VRRP advertisement.
    Advert(Advert),
    /// A gratuitous ARP packet for this address.
    Announcement(Ipv4Addr),
}

/// A listener on all interfaces of a node; it ends with its handle.
pub struct Wire {
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
    /// The kernel's number of the reader.
    number: Pid,
}

impl Wire {
    /// Listens from now on to what arrives at `node` and what leaves it.
    pub fn listen(node: &Node) -> Wire {
        let socket = node.within(|| {
            let every_protocol = i32::from((nix::libc::ETH_P_ALL as u16).to_be());
            let socket =
                Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(every_protocol))).unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
            setsockopt(&socket, sockopt::RcvBufForce, &BUFFER).unwrap();
            setsockopt(&socket, sockopt::ReceiveTimestampns, &true).unwrap();
            socket
        });
        let seen = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (number, told) = std::sync::mpsc::channel();
        let (kept, stopped) = (Arc::clone(&seen), Arc::clone(&stop));
        let reader = std::thread::spawn(move || {
            number.send(gettid()).unwrap();
            while !stopped.load(Ordering::Relaxed) {
                if let Some(packet) = receive(&socket) {
                    kept.lock().unwrap().push(packet);
                }
            }
        });
        Wire { seen, stop, reader: Some(reader), number: told.recv().unwrap() }
    }

    /// Everything until now.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// When each address has first been announced after this moment (nanoseconds of the wall clock).
    pub fn announced_after(&self, moment: i64) -> BTreeMap<Ipv4Addr, i64> {
        let mut first = BTreeMap::new();
        for seen in self.seen.lock().unwrap().iter().filter(|seen| seen.at > moment) {
            if let Packet::Announcement(address) = seen.what {
                first.entry(address).or_insert(seen.at);
            }
        }
        first
    }

    /// From now on packets are read when nobody else wants the processor: the kernel has noted the time of each, and
    /// whoever is measured on the only processor of a virtual machine is not to pay for our reading.
    pub fn stand_back(&self) {
        let arguments = ["--idle", "--pid", "0", &self.number.to_string()];
        let status = Command::new("chrt").args(arguments).status().unwrap();
        assert!(status.success(), "chrt: {status}");
    }

    /// Forgets everything until now.
    pub fn forget(&self) {
        self.seen.lock().unwrap().clear();
    }

    /// All adverts until now, with their times.
    pub fn adverts(&self) -> Vec<(i64, Advert)> {
        let adverts = self.seen().into_iter().filter_map(|seen| match seen.what {
            Packet::Advert(advert) => Some((seen.at, advert)),
            Packet::Announcement(_) => None,
        });
        adverts.collect()
    }

    /// How many virtual routers have been heard, each sender's counted for itself.
    pub fn senders(&self) -> usize {
        let seen = self.seen.lock().unwrap();
        let adverts = seen.iter().filter_map(|seen| match &seen.what {
            Packet::Advert(advert) => Some(router(advert)),
            Packet::Announcement(_) => None,
        });
        adverts.collect::<BTreeSet<_>>().len()
    }

    /// Waits for the first packet that `wanted` gives something for.
    #[track_caller]
    pub fn await_first<T>(&self, what: &str, limit: Duration, wanted: impl Fn(&Seen) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = self.seen.lock().unwrap().iter().find_map(&wanted) {
                return found;
            }
            assert!(start.elapsed() < limit, "after {limit:?} still not on the wire: {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            let _panicked = reader.join();
        }
    }
}

fn receive(socket: &Socket) -> Option<Seen> {
    let mut buffer = [0; 2048];
    let mut control = nix::cmsg_space!(nix::sys::time::TimeSpec);
    let mut parts = [IoSliceMut::new(&mut buffer)];
    let message =
        recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::empty()).ok()?;
    let at = message.cmsgs().ok()?.find_map(|entry| match entry {
        ControlMessageOwned::ScmTimestampns(time) => Some(time.tv_sec() * 1_000_000_000 + time.tv_nsec()),
        _ => None,
    })?;
    let length = message.bytes;
    let bytes = buffer[..length].to_vec();
    let frame = Frame { at: Instant::now(), interface: String::new(), outgoing: false, bytes };
    let what = match frame.advert() {
        Some(advert) => Packet::Advert(advert),
        None => frame.arp().filter(|arp| arp.gratuitous()).map(|arp| Packet::Announcement(arp.sender))?,
    };
    Some(Seen { at, what })
}
