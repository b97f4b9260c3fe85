//! Another router that says what it is told to say, and yields to nobody.

use crate::support::forged;
use crate::support::net::Node;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);

/// What it says of a virtual router.
#[derive(Clone, Debug)]
pub struct Claim {
    pub link: usize,
    pub version: u8,
    pub priority: u8,
    /// Hundredths of a second.
    pub interval: u16,
    pub addresses: Vec<u8>,
}

/// Speaks until it is dropped.
pub struct Rival {
    claims: Arc<Mutex<BTreeMap<u8, (Instant, Claim)>>>,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Rival {
    pub fn new(node: &Node) -> Rival {
        let sockets: [Socket; 2] = [0, 1].map(|link| {
            node.within(|| {
                let socket = Socket::new_raw(Domain::IPV4, Type::RAW, Some(Protocol::from(112))).unwrap();
                socket.set_multicast_if_v4(&address(link)).unwrap();
                socket.set_multicast_ttl_v4(255).unwrap();
                socket.set_multicast_loop_v4(false).unwrap();
                socket
            })
        });
        let claims: Arc<Mutex<BTreeMap<u8, (Instant, Claim)>>> = Arc::default();
        let end = Arc::new(AtomicBool::new(false));
        let (own, ended) = (Arc::clone(&claims), Arc::clone(&end));
        let thread = std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                let now = Instant::now();
                for (vrid, (due, claim)) in
                    own.lock().unwrap().iter_mut().filter(|(_, (due, _))| *due <= now)
                {
                    *due += Duration::from_millis(10 * u64::from(claim.interval));
                    say(&sockets, *vrid, claim);
                }
                // Resigning is said once.
                own.lock().unwrap().retain(|_, (_, claim)| claim.priority > 0);
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Rival { claims, end, thread: Some(thread) }
    }

    /// Says this from now on; nothing with `None`.
    pub fn claim(&self, vrid: u8, claim: Option<Claim>) {
        let mut claims = self.claims.lock().unwrap();
        match claim {
            Some(claim) => drop(claims.insert(vrid, (Instant::now(), claim))),
            None => drop(claims.remove(&vrid)),
        }
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _never_panics = thread.join();
        }
    }
}

fn address(link: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, link as u8, 0, 2)
}

fn say(sockets: &[Socket; 2], vrid: u8, claim: &Claim) {
    let count = claim.addresses.len() as u8;
    let interval = if claim.version == 2 { claim.interval / 100 } else { claim.interval };
    let mut packet = vec![claim.version << 4 | 1, vrid, claim.priority, count];
    packet.extend(interval.to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(claim.addresses.iter().flat_map(|last| [10, 9, 0, *last]));
    if claim.version == 2 {
        packet.extend([0; 8]);
    } else {
        // What version 3 adds up beside the packet; the sum does not mind where it stands.
        let length = packet.len() as u16;
        packet.extend(address(claim.link).octets());
        packet.extend(GROUP.octets());
        packet.extend([0, 112]);
        packet.extend(length.to_be_bytes());
    }
    let mut packet = forged::sealed(packet);
    packet.truncate(if claim.version == 2 { packet.len() } else { packet.len() - 12 });
    let to: SockAddr = SocketAddrV4::new(GROUP, 0).into();
    // Its link may be down.
    let _ = sockets[claim.link].send_to(&packet, &to);
}
