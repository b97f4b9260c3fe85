//! `return_path snat`: the tables of nftables, and `net.ipv4.vs.conntrack`, without which IPVS hides its connections from
//! them. Blocking; the executor does it with its batches.

use std::io;

use thiserror::Error;

use super::executor::at;
use crate::config::model::global::IpvsNamespace;
use crate::kernel::netlink::NetlinkError;
use crate::kernel::netns::NetnsError;
use crate::kernel::nftables::{Nftables, TableWatch};
use crate::kernel::sysctl;
use crate::objects::return_path::ReturnPath;
use crate::report::{Ident, Line, emit};

const CONNTRACK: [&str; 4] = ["net", "ipv4", "vs", "conntrack"];
const ON: &str = "1";

/// What stands in the kernel for it.
pub(super) struct Translation {
    /// Where IPVS is.
    place: Option<IpvsNamespace>,
    tables: Option<Nftables>,
    held: ReturnPath,
    /// What `net.ipv4.vs.conntrack` was before us; a predecessor may have found it.
    before: Option<String>,
    /// A predecessor has left its tables.
    left: bool,
    /// What was last said of a failure.
    failed: Option<String>,
}

#[derive(Debug, Error)]
enum Failure {
    #[error("nftables: {0}")]
    Netlink(#[from] NetlinkError),
    #[error("net.ipv4.vs.conntrack: {0}")]
    Setting(#[from] io::Error),
    #[error(transparent)]
    Namespace(#[from] NetnsError),
}

impl Translation {
    /// `before` is what a predecessor found, that has left its tables.
    pub fn new(place: Option<IpvsNamespace>, before: Option<String>) -> Self {
        let left = before.is_some();
        Translation { place, tables: None, held: ReturnPath::default(), before, left, failed: None }
    }

    /// What a successor has to know of it: it goes into the record before anything changes.
    pub fn before(&mut self, wanted: &ReturnPath) -> Option<&str> {
        if !wanted.is_empty() && self.before.is_none() {
            // Where there is no such setting the first attempt to write it says so.
            self.before = at(self.place.as_ref(), || sysctl::read(&CONNTRACK)).ok().and_then(Result::ok);
        }
        self.before.as_deref()
    }

    /// Before services and real servers come: their connections find the way back.
    pub fn widen(&mut self, wanted: &ReturnPath) {
        if wanted.is_empty() {
            return;
        }
        let both = self.held.union(wanted);
        let result = self.switch_on().and_then(|()| self.translate(both));
        self.say(result);
    }

    /// After services and real servers have gone.
    pub fn narrow(&mut self, wanted: &ReturnPath) {
        let result = match wanted.is_empty() {
            true => self.end(),
            false if self.failed.is_some() => return,
            false => self.translate(wanted.clone()),
        };
        self.say(result);
    }

    /// Somebody else has touched the tables.
    pub fn forget(&mut self) {
        self.held = ReturnPath::default();
        if let Some(tables) = &mut self.tables {
            tables.forget();
        }
    }

    /// What tells of others' changes, once there is something to change; once.
    pub fn watch(&mut self) -> Option<TableWatch> {
        self.tables.as_mut()?.watch()
    }

    fn switch_on(&self) -> Result<(), Failure> {
        if let Some(old) = at(self.place.as_ref(), || sysctl::write(&CONNTRACK, ON))?? {
            let text = format!("net.ipv4.vs.conntrack is now 1, for return_path snat (it was {old})");
            emit(Ident::Checkers, Line::info(text));
        }
        Ok(())
    }

    fn translate(&mut self, path: ReturnPath) -> Result<(), Failure> {
        if self.held == path && self.tables.is_some() {
            return Ok(());
        }
        self.tables()?.translate(&path)?;
        (self.held, self.left) = (path, false);
        Ok(())
    }

    fn tables(&mut self) -> Result<&mut Nftables, Failure> {
        Ok(match &mut self.tables {
            Some(tables) => tables,
            none => none.insert(at(self.place.as_ref(), Nftables::open_watched)??),
        })
    }

    /// Nothing is left of it.
    fn end(&mut self) -> Result<(), Failure> {
        if self.left || !self.held.is_empty() {
            self.tables()?.translate(&ReturnPath::default())?;
            (self.held, self.left) = (ReturnPath::default(), false);
        }
        let Some(before) = &self.before else { return Ok(()) };
        if at(self.place.as_ref(), || sysctl::write(&CONNTRACK, before))??.is_some() {
            emit(Ident::Checkers, Line::info(format!("net.ipv4.vs.conntrack is {before} again")));
        }
        self.before = None;
        Ok(())
    }

    fn say(&mut self, result: Result<(), Failure>) {
        let failed = result.err().map(|error| format!("return_path snat: {error}"));
        if let Some(text) = failed.as_ref().filter(|_| failed != self.failed) {
            emit(Ident::Checkers, Line::error(text.clone()));
        }
        self.failed = failed;
    }
}
