//! What happens to interfaces and addresses, as it happens.
//!
//! The kernel's notifications are folded into whole [`Interface`] values, so that a reader cannot miss
//! half of a change. When the kernel had to drop notifications (`ENOBUFS`) everything is dumped again
//! and the differences are told: the picture is right again, only later.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use netlink_packet_core::NetlinkPayload;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::AddressMessage;
use netlink_sys::Socket;
use netlink_sys::protocols::NETLINK_ROUTE;

use super::link;
use super::netlink::{Channel, NetlinkError, messages};
use crate::ids::{IfIndex, Name};
use crate::objects::address::AddressKey;
use crate::objects::interface::Interface;

const RTNLGRP_LINK: u32 = 1;
const RTNLGRP_IPV4_IFADDR: u32 = 5;
const RTNLGRP_IPV6_IFADDR: u32 = 9;

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// An interface is new, or something about it is.
    Interface(Arc<Interface>),
    /// No interface has this name any more.
    Gone(Name),
    /// An address was removed; by whom is for the reader to know. Follows the `Interface` that lacks it.
    AddressRemoved(AddressKey),
    /// Notifications were lost and everything was read again; the differences follow.
    Overrun,
}

/// An open subscription and the picture that it keeps up to date.
pub struct Monitor {
    socket: Socket,
    interfaces: BTreeMap<IfIndex, Arc<Interface>>,
    changes: VecDeque<Change>,
    buffer: Vec<u8>,
}

impl Monitor {
    /// Subscribes, then reads what is there, so that nothing falls in between.
    pub fn open(channel: &mut Channel) -> Result<Self, NetlinkError> {
        let mut socket = Socket::new(NETLINK_ROUTE).map_err(failed)?;
        socket.bind_auto().map_err(failed)?;
        socket.set_non_blocking(true).map_err(failed)?;
        for group in [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR] {
            socket.add_membership(group).map_err(failed)?;
        }
        // Thousands of addresses may change while we are busy. Where the limit forbids the large
        // buffer the kernel grants less, and an overrun is dealt with.
        socket.set_rx_buf_sz(4_u32 << 20).map_err(failed)?;
        let interfaces = link::dump(channel)?.into_iter().map(|(index, i)| (index, Arc::new(i))).collect();
        Ok(Monitor { socket, interfaces, changes: VecDeque::new(), buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Every interface there is.
    pub fn interfaces(&self) -> impl Iterator<Item = &Arc<Interface>> {
        self.interfaces.values()
    }

    /// The next change that has been reported; `None` when there is none for now.
    pub fn next(&mut self, channel: &mut Channel) -> Result<Option<Change>, NetlinkError> {
        while self.changes.is_empty() {
            self.buffer.clear();
            match self.socket.recv(&mut self.buffer, 0) {
                Ok(_) => self.take_datagram(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => self.resynchronise(channel)?,
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(self.changes.pop_front())
    }

    fn take_datagram(&mut self) {
        let datagram = std::mem::take(&mut self.buffer);
        for message in messages::<RouteNetlinkMessage>(&datagram) {
            // One that this kernel sends and we do not understand says nothing that we need.
            let Ok(message) = message else { continue };
            match message.payload {
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewLink(link)) => {
                    self.link_changed(link::interface(&link))
                }
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelLink(link)) => {
                    self.link_gone(link::interface(&link))
                }
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewAddress(address)) => {
                    self.address_set(&address)
                }
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelAddress(address)) => {
                    self.address_gone(&address)
                }
                _ => {}
            }
        }
        self.buffer = datagram;
    }

    fn link_changed(&mut self, mut new: Interface) {
        if let Some(old) = self.interfaces.get(&new.index) {
            new.addresses.clone_from(&old.addresses);
            if **old == new {
                return;
            }
            if old.name != new.name {
                self.changes.push_back(Change::Gone(old.name.clone()));
            }
        }
        self.put(new);
    }

    /// `RTM_DELLINK` also comes when a bridge lets a port go; then the name is that of a living device.
    fn link_gone(&mut self, gone: Interface) {
        if gone.name.is_empty() {
            return;
        }
        if let Some(old) = self.interfaces.remove(&gone.index) {
            self.changes.push_back(Change::Gone(old.name.clone()));
        }
    }

    fn address_set(&mut self, message: &AddressMessage) {
        let (Some(address), Some(old)) =
            (link::assigned(message), self.interfaces.get(&IfIndex(message.header.index)))
        else {
            return;
        };
        let mut new = Interface::clone(old);
        match new.addresses.iter_mut().find(|a| a.net == address.net) {
            Some(known) if *known == address => return,
            Some(known) => *known = address,
            None => new.addresses.push(address),
        }
        self.put(new);
    }

    fn address_gone(&mut self, message: &AddressMessage) {
        let (Some(address), Some(old)) =
            (link::assigned(message), self.interfaces.get(&IfIndex(message.header.index)))
        else {
            return;
        };
        let mut new = Interface::clone(old);
        new.addresses.retain(|a| a.net != address.net);
        let key = AddressKey { interface: new.name.clone(), net: address.net };
        self.put(new);
        self.changes.push_back(Change::AddressRemoved(key));
    }

    fn put(&mut self, interface: Interface) {
        let interface = Arc::new(interface);
        self.interfaces.insert(interface.index, interface.clone());
        self.changes.push_back(Change::Interface(interface));
    }

    fn resynchronise(&mut self, channel: &mut Channel) -> Result<(), NetlinkError> {
        self.changes.push_back(Change::Overrun);
        let now = link::dump(channel)?;
        let gone: Vec<_> =
            self.interfaces.keys().filter(|index| !now.contains_key(index)).copied().collect();
        for index in gone {
            if let Some(old) = self.interfaces.remove(&index) {
                self.changes.push_back(Change::Gone(old.name.clone()));
            }
        }
        for (index, new) in now {
            let old = self.interfaces.get(&index).cloned();
            if old.as_deref() == Some(&new) {
                continue;
            }
            if let Some(old) = &old
                && old.name != new.name
            {
                self.changes.push_back(Change::Gone(old.name.clone()));
            }
            let new = Arc::new(new);
            self.interfaces.insert(index, new.clone());
            self.changes.push_back(Change::Interface(new.clone()));
            for lost in old.iter().flat_map(|old| &old.addresses) {
                if !new.addresses.iter().any(|a| a.net == lost.net) {
                    let key = AddressKey { interface: new.name.clone(), net: lost.net };
                    self.changes.push_back(Change::AddressRemoved(key));
                }
            }
        }
        Ok(())
    }
}

impl AsFd for Monitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn failed(error: io::Error) -> NetlinkError {
    NetlinkError::socket("interface monitor")(error)
}
