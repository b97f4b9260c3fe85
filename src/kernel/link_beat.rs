//! Whether a link has a beat, asked of its driver: for drivers that do not tell the kernel of it.

use std::io;

use socket2::{Domain, Socket, Type};

use super::unsafe_calls;

/// The basic mode status register of a transceiver (IEEE 802.3, clause 22.2.4.2), and its bit for the link.
const STATUS: u16 = 1;
const LINK: u16 = 1 << 2;

/// How to ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// The status register of the transceiver, by `SIOCGMIIREG`.
    Mii,
    /// `ETHTOOL_GLINK`
    Ethtool,
    /// `IFF_RUNNING`
    Flags,
}

/// The way to the drivers of the network namespace in which it was opened.
pub struct LinkBeat(Socket);

impl LinkBeat {
    pub fn open() -> io::Result<Self> {
        Socket::new(Domain::IPV4, Type::DGRAM, None).map(LinkBeat)
    }

    /// Whether the interface is up and its link has a beat. `ENODEV`: there is none of this name; another error: its
    /// driver does not answer to this.
    pub fn ask(&self, interface: &str, way: Way) -> io::Result<bool> {
        let flags = unsafe_calls::interface_flags(&self.0, interface)?;
        let has = |flag: libc::c_int| libc::c_int::from(flags) & flag != 0;
        let beat = match way {
            Way::Mii => self.status(interface)? & LINK != 0,
            Way::Ethtool => unsafe_calls::ethtool_link(&self.0, interface)?,
            Way::Flags => has(libc::IFF_RUNNING),
        };
        Ok(beat && has(libc::IFF_UP))
    }

    /// What the transceiver says now: its bit for a link that was lost stays until it is read.
    fn status(&self, interface: &str) -> io::Result<u16> {
        unsafe_calls::transceiver_register(&self.0, interface, STATUS)?;
        match unsafe_calls::transceiver_register(&self.0, interface, STATUS)? {
            // Nobody answers on that bus.
            0 | u16::MAX => Err(io::ErrorKind::Unsupported.into()),
            status => Ok(status),
        }
    }
}
