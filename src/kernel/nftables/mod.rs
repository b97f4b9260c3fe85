//! Packet filtering by nftables, and the return path of balanced traffic: two tables of our own each, `ip` and `ip6`.
//!
//! Every change is one batch, which the kernel takes whole or not at all: there is no moment at which a packet passes
//! that neither the old nor the new state lets pass. Where sets come or go the table is made anew in its own place;
//! else only elements are written.

mod filter;
mod return_path;
mod rules;
mod table;
mod watch;

use std::collections::BTreeSet;

use netlink_packet_netfilter::none::ControlMessage;
use netlink_packet_netfilter::{NetfilterHeader, NetfilterMessage, NetfilterProtoFamily};

use self::table::{Message, Table};
pub use self::watch::TableWatch;
use super::netlink::{Channel, NetlinkError};
use crate::ids::Family;
use crate::objects::filter::{Filter, FilterStyle};
use crate::objects::return_path::ReturnPath;

const SUBSYSTEM: u16 = libc::NFNL_SUBSYS_NFTABLES as u16;

/// The tables of one name, as we have left them.
pub struct Nftables {
    channel: Channel,
    tables: Vec<Table>,
    /// These names have been looked after: what a predecessor left there is gone.
    known: BTreeSet<String>,
    watch: Option<TableWatch>,
}

impl Nftables {
    /// Changes nothing yet.
    pub fn open() -> Result<Self, NetlinkError> {
        let channel = Channel::open(netlink_sys::protocols::NETLINK_NETFILTER)?;
        Ok(Nftables { channel, tables: Vec::new(), known: BTreeSet::new(), watch: None })
    }

    /// The same, for the return path, with what tells of others' changes to its tables.
    pub fn open_watched() -> Result<Self, NetlinkError> {
        let mut nftables = Self::open()?;
        nftables.watch = Some(TableWatch::open(return_path::TABLE, nftables.channel.port()?)?);
        Ok(nftables)
    }

    /// What tells of others' changes; once.
    pub fn watch(&mut self) -> Option<TableWatch> {
        self.watch.take()
    }

    /// Makes the tables filter this and nothing else; what a predecessor left under this name goes with the first
    /// change. What the kernel refuses changes nothing.
    pub fn filter(&mut self, filter: &Filter, style: &FilterStyle) -> Result<(), NetlinkError> {
        self.apply(&style.table, |family| filter::table(filter, style, family))
    }

    /// Makes the tables translate this and nothing else, in the same way. Established connections keep their
    /// translation, whatever becomes of the rules.
    pub fn translate(&mut self, path: &ReturnPath) -> Result<(), NetlinkError> {
        self.apply(return_path::TABLE, |family| return_path::table(path, family))
    }

    /// Somebody else has touched the tables: the next change makes them anew.
    pub fn forget(&mut self) {
        self.tables.clear();
        self.known.clear();
    }

    /// Whether there is anything of ours in the kernel.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// Removes everything of ours.
    pub fn clear(&mut self) -> Result<(), NetlinkError> {
        let messages = self.tables.iter().flat_map(|gone| table::remove(gone.family, &gone.name)).collect();
        self.commit(messages)?;
        self.tables.clear();
        Ok(())
    }

    fn apply(
        &mut self,
        name: &str,
        table_of: impl Fn(Family) -> Option<Table>,
    ) -> Result<(), NetlinkError> {
        let wanted: Vec<Table> = [Family::V4, Family::V6].into_iter().filter_map(table_of).collect();
        match self.commit(self.difference(name, &wanted)) {
            // Somebody has changed what was ours: all of it is made anew.
            Err(NetlinkError::Refused(libc::ENOENT | libc::EEXIST)) if !self.tables.is_empty() => {
                self.forget();
                self.commit(self.difference(name, &wanted))?;
            }
            result => result?,
        }
        self.tables = wanted;
        self.known.insert(name.to_owned());
        Ok(())
    }

    fn difference(&self, name: &str, wanted: &[Table]) -> Vec<Message> {
        let mut messages = Vec::new();
        for family in [Family::V4, Family::V6] {
            let (same, other) = match of(family, &self.tables) {
                Some(had) if had.name == name => (Some(had), None),
                other => (None, other),
            };
            messages.extend(other.into_iter().flat_map(|gone| table::remove(family, &gone.name)));
            match (of(family, wanted), same) {
                (Some(now), had) => {
                    let change = had.and_then(|had| now.change_from(had));
                    messages.extend(change.unwrap_or_else(|| now.make()));
                }
                (None, Some(_)) => messages.extend(table::remove(family, name)),
                (None, None) if !self.known.contains(name) => messages.extend(table::remove(family, name)),
                (None, None) => {}
            }
        }
        messages
    }

    fn commit(&mut self, messages: Vec<Message>) -> Result<(), NetlinkError> {
        if messages.is_empty() {
            return Ok(());
        }
        self.channel.batch(control(ControlMessage::BatchBegin), messages, control(ControlMessage::BatchEnd))
    }
}

fn of(family: Family, tables: &[Table]) -> Option<&Table> {
    tables.iter().find(|table| table.family == family)
}

fn control(message: ControlMessage) -> Message {
    Message::from(NetfilterMessage::new(
        NetfilterHeader::new(NetfilterProtoFamily::Unspec, 0, SUBSYSTEM),
        message,
    ))
}
