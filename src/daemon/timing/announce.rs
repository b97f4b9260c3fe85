//! Gratuitous ARP and unsolicited neighbour advertisements, sent.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use crate::ids::Name;
use crate::kernel::frames::FrameSocket;
use crate::kernel::{arp, neighbour, sysctl};
use crate::objects::address::AddressKey;
use crate::objects::interface::Interface;
use crate::report::{Ident, Line, emit};
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

    /// One packet for this address, unless its interface has no use for it.
    pub fn announce(&mut self, now: Mono, interface: &Interface, key: &AddressKey) {
        let Some(mac) = interface.mac.filter(|_| interface.up && !interface.no_arp) else { return };
        let (what, sent) = match key.address() {
            IpAddr::V4(address) => {
                ("gratuitous ARP", arp::announce(&self.socket, interface.index, mac, address))
            }
            IpAddr::V6(address) => {
                let router = self.is_router(now, &interface.name);
                let sent = neighbour::announce(&self.socket, interface.index, mac, address, router);
                ("unsolicited Neighbour Advert", sent)
            }
        };
        let text = format!("Sending {what} on {} for {}", key.interface, key.address());
        match sent {
            Ok(()) => emit(Ident::Vrrp, Line::detail(text)),
            Err(error) => emit(Ident::Vrrp, Line::warn(format!("{text}: {error}"))),
        }
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
