//! Packet filtering by nftables: two tables of our own, `ip` and `ip6`, with keepalived's names, sets and rules.
//!
//! Every change is one batch, which the kernel takes whole or not at all: there is no moment at which a packet passes
//! that neither the old nor the new state lets pass. Where sets come or go the table is made anew in its own place;
//! else only elements are written.

mod rules;
mod table;

use netlink_packet_netfilter::none::ControlMessage;
use netlink_packet_netfilter::{NetfilterHeader, NetfilterMessage, NetfilterProtoFamily};

use self::table::{Message, Table};
use super::netlink::{Channel, NetlinkError};
use crate::ids::Family;
use crate::objects::filter::{Filter, FilterStyle};

const SUBSYSTEM: u16 = libc::NFNL_SUBSYS_NFTABLES as u16;

/// The tables, as we have left them.
pub struct Nftables {
    channel: Channel,
    style: FilterStyle,
    tables: Vec<Table>,
    /// What goes in the next batch, first.
    obsolete: Vec<Message>,
}

impl Nftables {
    /// Removes what a predecessor left under this name.
    pub fn open(style: FilterStyle) -> Result<Self, NetlinkError> {
        let channel = Channel::open(netlink_sys::protocols::NETLINK_NETFILTER)?;
        let mut nftables = Nftables { channel, style, tables: Vec::new(), obsolete: Vec::new() };
        nftables.remove_left_overs()?;
        Ok(nftables)
    }

    /// Tables look like this from the next change on: the old ones go with it.
    pub fn restyle(&mut self, style: FilterStyle) {
        if self.style == style {
            return;
        }
        for table in self.tables.drain(..) {
            self.obsolete.extend(table::remove(table.family, &self.style.table));
        }
        self.style = style;
    }

    /// Makes the tables filter this and nothing else. What the kernel refuses changes nothing.
    pub fn apply(&mut self, filter: &Filter) -> Result<(), NetlinkError> {
        let wanted: Vec<Table> =
            [Family::V4, Family::V6].into_iter().filter_map(|family| Table::of(filter, family)).collect();
        let mut messages = self.obsolete.clone();
        for table in &wanted {
            let before = self.tables.iter().find(|before| before.family == table.family);
            let change = before.and_then(|before| table.change_from(before, &self.style));
            messages.extend(change.unwrap_or_else(|| table.make(&self.style)));
        }
        for gone in &self.tables {
            if !wanted.iter().any(|table| table.family == gone.family) {
                messages.extend(table::remove(gone.family, &self.style.table));
            }
        }
        self.commit(messages)?;
        self.tables = wanted;
        self.obsolete.clear();
        Ok(())
    }

    /// Whether there is anything of ours in the kernel.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.obsolete.is_empty()
    }

    fn remove_left_overs(&mut self) -> Result<(), NetlinkError> {
        let both = [Family::V4, Family::V6].map(|family| table::remove(family, &self.style.table));
        self.commit(both.concat())
    }

    fn commit(&mut self, messages: Vec<Message>) -> Result<(), NetlinkError> {
        if messages.is_empty() {
            return Ok(());
        }
        self.channel.batch(control(ControlMessage::BatchBegin), messages, control(ControlMessage::BatchEnd))
    }
}

fn control(message: ControlMessage) -> Message {
    Message::from(NetfilterMessage::new(
        NetfilterHeader::new(NetfilterProtoFamily::Unspec, 0, SUBSYSTEM),
        message,
    ))
}
