//! Gratuitous ARP and unsolicited neighbour advertisements, sent.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use crate::ids::Name;
use crate::kernel::frames::{FrameSocket, Leaving};
use crate::kernel::{arp, neighbour, sysctl};
use crate::objects::address::AddressKey;
use crate::objects::interface::Interface;
use crate::report::Line;
use crate::time::Mono;

/// Whether an interface forwards is looked up as rarely as keepalived looks it up.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The socket that all announcements leave by, and what they say of this host.
pub(super) struct Announcer {
    socket: FrameSocket,
    /// Whether an interface forwards, and when that was seen.
    routers: HashMap<Name, (Mono, bool)>,
}

impl Announcer {
    pub fn open() -> io::Result<Self> {
        Ok(Announcer { socket: FrameSocket::open()?, routers: HashMap::new() })
    }

    /// One packet for each address, all at once, and what became of it; none where its interface has no use for
    /// it.
    pub fn announce<'k>(
        &mut self,
        now: Mono,
        addresses: impl Iterator<Item = (&'k Interface, &'k AddressKey)>,
    ) -> impl Iterator<Item = (&'k AddressKey, io::Result<()>)> {
        let (keys, frames) = self.frames(now, addresses);
        keys.into_iter().zip(self.socket.send_all(&frames))
    }

    /// Those packets, and what each announces.
    pub fn frames<'k>(
        &mut self,
        now: Mono,
        addresses: impl Iterator<Item = (&'k Interface, &'k AddressKey)>,
    ) -> (Vec<&'k AddressKey>, Vec<Leaving>) {
        let most = addresses.size_hint().1.unwrap_or_default();
        let (mut keys, mut frames) = (Vec::with_capacity(most), Vec::with_capacity(most));
        for (interface, key) in addresses {
            let usable = interface.up && !interface.no_arp;
            let Some(mac) = interface.mac.filter(|_| usable) else { continue };
            frames.push(match key.address() {
                IpAddr::V4(address) => arp::announcement(interface.index, mac, address),
                IpAddr::V6(address) => {
                    let router = self.is_router(now, &interface.name);
                    neighbour::announcement(interface.index, mac, address, router)
                }
            });
            keys.push(key);
        }
        (keys, frames)
    }

    fn is_router(&mut self, now: Mono, interface: &Name) -> bool {
        if let Some((seen, router)) = self.routers.get(interface)
            && now.since(*seen) < LOOK_AGAIN
        {
            return *router;
        }
        let router =
            sysctl::read(&["net", "ipv6", "conf", interface, "forwarding"]).is_ok_and(|v| v != "0");
        self.routers.insert(interface.clone(), (now, router));
        router
    }
}

/// What is said of the packet that announced an address.
pub(super) fn line(key: &AddressKey, error: Option<io::Error>) -> Line {
    let what = if key.address().is_ipv4() { "gratuitous ARP" } else { "unsolicited Neighbour Advert" };
    let text = format!("Sending {what} on {} for {}", key.interface, key.address());
    match error {
        None => Line::detail(text),
        Some(error) => Line::warn(format!("{text}: {error}")),
    }
}
