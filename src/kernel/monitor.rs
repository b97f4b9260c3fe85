//! What happens to interfaces and addresses, as it happens.
//!
//! The kernel's notifications are folded into whole [`Interface`] values, so that a reader cannot miss
//! half of a change. Of addresses that change together the reader hears once; a link that goes and comes
//! back is told both times. When the kernel had to drop notifications (`ENOBUFS`) everything is dumped again
//! and the differences are told: the picture is right again, only later.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use ipnet::IpNet;
use netlink_packet_core::NetlinkPayload;
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::{LinkAttribute, LinkMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::Socket;
use netlink_sys::protocols::NETLINK_ROUTE;
use rustc_hash::FxHashSet;

use super::address_edits::AddressEdits;
use super::buffer::large_receive_buffer;
use super::link;
use super::netlink::{Channel, NetlinkError, messages};
use super::routing::{self, RouteKey};
use crate::ids::{IfIndex, Name};
use crate::objects::address::AddressKey;
use crate::objects::interface::Interface;

const RTNLGRP_LINK: u32 = 1;
const RTNLGRP_IPV4_IFADDR: u32 = 5;
const RTNLGRP_IPV6_IFADDR: u32 = 9;
/// `RTNLGRP_IPV4_ROUTE`, `_IPV4_RULE`, `_IPV6_ROUTE`, `_IPV6_RULE`
const ROUTING_GROUPS: [u32; 4] = [7, 8, 11, 19];
/// Bytes; a notification takes about 1 kB of it.
const RECEIVE_BUFFER: usize = 4 << 20;

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// An interface is new, or something about it is.
    Interface(Arc<Interface>),
    /// No interface has this name any more.
    Gone(Name),
    /// An address was removed, by whom is for the reader to know, and has not come back: nothing more is
    /// known when this is told, so that one that is replaced is not lost in between. Follows the
    /// `Interface` that lacks it.
    AddressRemoved(AddressKey),
    /// A route was removed, or another put into its place; told only while routing is watched.
    RouteGone(RouteKey),
    /// A rule was removed; told only while routing is watched.
    RuleGone,
    /// Notifications were lost and everything was read again; the differences follow. Of routes and rules
    /// nothing is kept here: whoever has some looks for them.
    Overrun,
}

/// An open subscription and the picture that it keeps up to date.
pub struct Monitor {
    socket: Socket,
    interfaces: BTreeMap<IfIndex, Arc<Interface>>,
    changes: VecDeque<Change>,
    /// Changes of addresses that `interfaces` does not show yet.
    edits: BTreeMap<IfIndex, AddressEdits>,
    /// Addresses that were removed and may still turn out to have come back.
    removed: Vec<AddressKey>,
    /// Notifications were lost and the dump that makes up for them has not succeeded yet.
    stale: bool,
    /// Routes and rules are listened to as well.
    routing: bool,
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
        // Thousands of addresses may change while we are busy.
        large_receive_buffer(&socket, RECEIVE_BUFFER).map_err(failed)?;
        let interfaces = link::dump(channel)?.into_iter().map(|(index, i)| (index, Arc::new(i))).collect();
        Ok(Monitor {
            socket,
            interfaces,
            changes: VecDeque::new(),
            edits: BTreeMap::new(),
            removed: Vec::new(),
            stale: false,
            routing: false,
        })
    }

    /// Whether removals of routes and rules are told: a router with a million routes has many that are no
    /// business of ours.
    pub fn watch_routing(&mut self, watch: bool) -> Result<(), NetlinkError> {
        if watch != self.routing {
            for group in ROUTING_GROUPS {
                match watch {
                    true => self.socket.add_membership(group).map_err(failed)?,
                    false => self.socket.drop_membership(group).map_err(failed)?,
                }
            }
            self.routing = watch;
        }
        Ok(())
    }

    /// Every interface there is.
    pub fn interfaces(&self) -> impl Iterator<Item = &Arc<Interface>> {
        self.interfaces.values()
    }

    /// The next change that has been reported; `None` when there is none for now. After an error it may
    /// be called again: a picture that could not be read anew is read anew then.
    pub fn next(&mut self, channel: &mut Channel) -> Result<Option<Change>, NetlinkError> {
        while self.changes.is_empty() {
            if self.stale {
                self.resynchronise(channel)?;
                continue;
            }
            match self.read(channel)? {
                Read::Datagram => self.take_datagram(channel),
                Read::Nothing if self.edits.is_empty() && self.removed.is_empty() => return Ok(None),
                Read::Nothing => {
                    self.tell_edited();
                    self.tell_removed();
                }
                Read::Overrun => self.stale = true,
            }
        }
        Ok(self.changes.pop_front())
    }

    /// Reads one datagram into the channel's room.
    fn read(&self, channel: &mut Channel) -> Result<Read, NetlinkError> {
        loop {
            let room = channel.room();
            room.clear();
            match self.socket.recv(room, 0) {
                Ok(_) => return Ok(Read::Datagram),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Read::Nothing),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => return Ok(Read::Overrun),
                Err(error) => return Err(failed(error)),
            }
        }
    }

    fn take_datagram(&mut self, channel: &mut Channel) {
        let datagram = std::mem::take(channel.room());
        if self.routing {
            self.changes.extend(routing::gone(&datagram));
        }
        for message in messages::<RouteNetlinkMessage>(&datagram).filter(|_| !is_routing(&datagram)) {
            // One that this kernel sends and we do not understand says nothing that we need.
            let Ok(message) = message else { continue };
            match message.payload {
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewLink(link)) if is_whole(&link) => {
                    self.link_changed(link::interface(&link))
                }
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelLink(link)) if is_whole(&link) => {
                    self.link_gone(IfIndex(link.header.index))
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
        *channel.room() = datagram;
    }

    fn link_changed(&mut self, mut new: Interface) {
        if let Some(edits) = self.edits.remove(&new.index) {
            self.tell_addresses(new.index, edits);
        }
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

    fn link_gone(&mut self, index: IfIndex) {
        self.edits.remove(&index);
        if let Some(old) = self.interfaces.remove(&index) {
            self.changes.push_back(Change::Gone(old.name.clone()));
        }
    }

    fn address_set(&mut self, message: &AddressMessage) {
        let index = IfIndex(message.header.index);
        if let Some(address) = link::assigned(message)
            && self.interfaces.contains_key(&index)
        {
            self.edits.entry(index).or_default().set(address);
        }
    }

    fn address_gone(&mut self, message: &AddressMessage) {
        let index = IfIndex(message.header.index);
        if let Some(address) = link::assigned(message)
            && let Some(interface) = self.interfaces.get(&index)
        {
            self.edits.entry(index).or_default().remove(address.net);
            self.removed.push(AddressKey { interface: interface.name.clone(), net: address.net });
        }
    }

    fn tell_edited(&mut self) {
        for (index, edits) in std::mem::take(&mut self.edits) {
            self.tell_addresses(index, edits);
        }
    }

    fn tell_addresses(&mut self, index: IfIndex, edits: AddressEdits) {
        let Some(interface) = self.interfaces.get_mut(&index) else { return };
        let Some(addresses) = edits.apply(&interface.addresses) else { return };
        Arc::make_mut(interface).addresses = addresses;
        self.changes.push_back(Change::Interface(interface.clone()));
    }

    fn tell_removed(&mut self) {
        let mut removed = std::mem::take(&mut self.removed);
        if removed.is_empty() {
            return;
        }
        removed.sort_unstable();
        removed.dedup();
        let here: FxHashSet<(&str, IpNet)> = (self.interfaces.values())
            .flat_map(|interface| interface.addresses.iter().map(|a| (&*interface.name, a.net)))
            .collect();
        removed.retain(|key| !here.contains(&(&*key.interface, key.net)));
        self.changes.extend(removed.into_iter().map(Change::AddressRemoved));
    }

    fn put(&mut self, interface: Interface) {
        let interface = Arc::new(interface);
        self.interfaces.insert(interface.index, interface.clone());
        self.changes.push_back(Change::Interface(interface));
    }

    /// What is still queued is older than the dump and would turn the picture back: away with it first.
    fn resynchronise(&mut self, channel: &mut Channel) -> Result<(), NetlinkError> {
        while !matches!(self.read(channel)?, Read::Nothing) {}
        let now = link::dump(channel)?;
        self.stale = false;
        self.edits.clear();
        self.changes.push_back(Change::Overrun);
        // Every name that nobody has any more, or somebody else has, before the interfaces: two may
        // have swapped their names.
        for (index, old) in &self.interfaces {
            if now.get(index).is_none_or(|new| new.name != old.name) {
                self.changes.push_back(Change::Gone(old.name.clone()));
            }
        }
        let before = std::mem::take(&mut self.interfaces);
        for (index, new) in now {
            match before.get(&index) {
                Some(old) if **old == new => {
                    self.interfaces.insert(index, old.clone());
                }
                old => self.replaced(old, new),
            }
        }
        Ok(())
    }

    fn replaced(&mut self, old: Option<&Arc<Interface>>, new: Interface) {
        let lost: Vec<_> = old
            .iter()
            .flat_map(|old| &old.addresses)
            .filter(|address| !new.addresses.iter().any(|a| a.net == address.net))
            .map(|address| AddressKey { interface: new.name.clone(), net: address.net })
            .collect();
        self.put(new);
        self.removed.extend(lost);
    }
}

impl AsFd for Monitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// What a look at the socket brought.
enum Read {
    Datagram,
    Nothing,
    Overrun,
}

/// One datagram holds notifications of one kind.
fn is_routing(datagram: &[u8]) -> bool {
    let kind = datagram.get(4..6).and_then(|bytes| bytes.first_chunk::<2>());
    kind.is_some_and(|kind| routing::KINDS.contains(&u16::from_ne_bytes(*kind)))
}

/// A bridge tells of its ports in messages of its own family, `RTM_DELLINK` when it lets one go, and
/// wireless drivers send events with little more than a name: neither describes the interface.
fn is_whole(link: &LinkMessage) -> bool {
    link.header.interface_family == AddressFamily::Unspec
        && link.attributes.iter().any(|attribute| matches!(attribute, LinkAttribute::Mtu(_)))
}

fn failed(error: io::Error) -> NetlinkError {
    NetlinkError::socket("interface monitor")(error)
}
