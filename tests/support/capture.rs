//! A capture of all that passes the interfaces of a node, both ways, with the times at which the kernel had it: on a
//! busy machine it is read later.

use super::frame::{Advert, Frame};
use super::net::Node;
use nix::net::if_::if_indextoname;
use nix::sys::socket::{ControlMessageOwned, LinkAddr, MsgFlags, recvmsg, setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::HashMap;
use std::io::IoSliceMut;
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// Of a frame in the socket's queue.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A running capture; it ends with its handle.
pub struct Capture {
    frames: Arc<Mutex<Vec<Frame>>>,
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl Capture {
    /// Starts to capture on all interfaces of `node`; nothing sent after the return is missed.
    pub fn start(node: &Node) -> Capture {
        let frames = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let socket = node.within(|| {
            let every_protocol = i32::from((nix::libc::ETH_P_ALL as u16).to_be());
            let socket =
                Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(every_protocol))).unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
            socket.set_recv_buffer_size(1 << 20).unwrap();
            setsockopt(&socket, sockopt::ReceiveTimestampns, &true).unwrap();
            socket
        });
        let (ready, started) = mpsc::channel();
        let reader = {
            let (frames, stop) = (Arc::clone(&frames), Arc::clone(&stop));
            let namespace =
                std::fs::File::open(std::path::Path::new("/run/netns").join(&node.netns)).unwrap();
            std::thread::spawn(move || {
                nix::sched::setns(namespace, nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
                ready.send(()).unwrap();
                read_frames(&socket, &frames, &stop);
            })
        };
        started.recv().unwrap();
        Capture { frames, stop, reader: Some(reader) }
    }

    /// All frames until now.
    pub fn frames(&self) -> Vec<Frame> {
        self.frames.lock().unwrap().clone()
    }

    /// The VRRP packets that left by `interface`.
    pub fn adverts_sent(&self, interface: &str) -> Vec<(Instant, Advert)> {
        self.decoded(interface, true, Frame::advert)
    }

    /// The VRRP packets that came in by `interface`.
    pub fn adverts_received(&self, interface: &str) -> Vec<(Instant, Advert)> {
        self.decoded(interface, false, Frame::advert)
    }

    /// What gratuitous ARP and unsolicited neighbour advertisements announced by `interface`: the address, and the
    /// whole frame in words.
    pub fn announcements(&self, interface: &str) -> Vec<(Instant, (IpAddr, String))> {
        self.decoded(interface, true, Frame::announcement)
    }

    fn decoded<T>(
        &self,
        interface: &str,
        outgoing: bool,
        decode: impl Fn(&Frame) -> Option<T>,
    ) -> Vec<(Instant, T)> {
        let frames = self.frames.lock().unwrap();
        let own = frames.iter().filter(|frame| frame.outgoing == outgoing && frame.interface == interface);
        own.filter_map(|frame| Some((frame.at, decode(frame)?))).collect()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            let _panicked = reader.join();
        }
    }
}

fn read_frames(socket: &Socket, frames: &Mutex<Vec<Frame>>, stop: &AtomicBool) {
    let mut names = HashMap::new();
    let mut buffer = [0; 2048];
    while !stop.load(Ordering::Relaxed) {
        let Some((length, link, at)) = receive(socket, &mut buffer) else { continue };
        let index = link.ifindex() as u32;
        let interface = names.entry(index).or_insert_with(|| {
            let name = if_indextoname(index).ok();
            name.map_or_else(|| format!("index {index}"), |name| name.to_string_lossy().into_owned())
        });
        frames.lock().unwrap().push(Frame {
            at,
            interface: interface.clone(),
            outgoing: link.pkttype() == nix::libc::PACKET_OUTGOING,
            bytes: buffer[..length].to_vec(),
        });
    }
}

/// A frame's length, from where it is, and when the kernel had it.
fn receive(socket: &Socket, buffer: &mut [u8]) -> Option<(usize, LinkAddr, Instant)> {
    let mut control = nix::cmsg_space!(nix::sys::time::TimeSpec);
    let mut parts = [IoSliceMut::new(buffer)];
    let message =
        recvmsg::<LinkAddr>(socket.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::empty()).ok()?;
    let since_epoch = message.cmsgs().ok()?.find_map(|entry| match entry {
        ControlMessageOwned::ScmTimestampns(time) => Some(Duration::from(time)),
        _ => None,
    })?;
    let ago = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.saturating_sub(since_epoch);
    // Frames do not wait that long: the wall clock was set.
    let ago = if ago > LONGEST_WAIT { Duration::ZERO } else { ago };
    Some((message.bytes, message.address?, Instant::now().checked_sub(ago)?))
}
