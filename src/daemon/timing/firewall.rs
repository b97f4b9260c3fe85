//! `no_accept` and what virtual MACs must not say: the packet filter that the owning instances and the devices want.
//!
//! It filters an address before that is set, and until it is removed.

use std::collections::{BTreeMap, BTreeSet};

use super::devices;
use super::patience::Patience;
use crate::config::model::{Config, VrrpInstance};
use crate::ids::{Family, Name};
use crate::kernel::netlink::NetlinkError;
use crate::kernel::nftables::Nftables;
use crate::objects::address::AddressKey;
use crate::objects::filter::{Filter, FilterStyle};
use crate::objects::interface::Interfaces;
use crate::report::{Ident, Line, emit};
use crate::time::Mono;
use crate::vrrp::action::InstanceId;

/// keepalived's name of the tables.
const TABLE: &str = "keepalived";

/// What is filtered for whom.
#[derive(Default)]
pub(super) struct Firewall {
    /// None where the configuration needs no filter.
    style: Option<FilterStyle>,
    tables: Option<Nftables>,
    /// Addresses of owning instances that are not accepted.
    held: BTreeMap<InstanceId, Vec<AddressKey>>,
    /// These give theirs up as soon as they are removed.
    leaving: BTreeSet<InstanceId>,
    /// Device and parent.
    devices: Vec<(Family, Name, Name)>,
    /// The kernel cannot do what they need.
    without_devices: bool,
    /// What is wanted may be something else now.
    changed: bool,
    patience: Patience,
    /// What was last said of a failure.
    failed: Option<String>,
}

impl Firewall {
    /// Takes over what a configuration needs; says once that it is done by nftables.
    pub fn follow(&mut self, config: &Config) {
        self.devices = config
            .instances
            .iter()
            .flat_map(|one| devices::vmacs(one))
            .map(|device| (device.family, device.name, device.parent))
            .collect();
        let needed = !self.devices.is_empty() || config.instances.iter().any(|one| one.is_filtered());
        let filtering = &config.global.filtering;
        if needed && self.style.is_none() {
            let asked = match &filtering.iptables {
                _ if filtering.nftables => None,
                Some(_) => Some("vrrp_iptables specified - using nftables"),
                None => Some(
                    "use_vmac or no_accept/strict specified, but no firewall configured - using nftables",
                ),
            };
            if let Some(text) = asked {
                emit(Ident::Vrrp, Line::info(text));
            }
        }
        self.style = needed.then(|| FilterStyle {
            table: filtering.table.clone().unwrap_or_else(|| TABLE.to_owned()),
            priority: filtering.priority,
            counters: filtering.counters,
        });
        self.changed = true;
    }

    /// The instance has its addresses from now on, or gives them up.
    pub fn own(&mut self, instance: InstanceId, config: Option<&VrrpInstance>) {
        match config {
            Some(config) => {
                self.leaving.remove(&instance);
                let keys = config.addresses.iter().chain(&config.excluded).map(|a| a.key.clone());
                let keys: Vec<AddressKey> = keys.filter(|_| config.is_filtered()).collect();
                self.changed |= match keys.is_empty() {
                    true => self.held.remove(&instance).is_some(),
                    false => self.held.insert(instance, keys.clone()) != Some(keys),
                };
            }
            None => drop(self.held.contains_key(&instance).then(|| self.leaving.insert(instance))),
        }
    }

    /// An interface came or went: its number may be another.
    pub fn interface_changed(&mut self) {
        self.changed |= self.style.is_some();
    }

    /// Makes the kernel filter what is wanted now; `idle` when every address that goes has gone.
    pub fn settle(&mut self, now: Mono, interfaces: &Interfaces, idle: bool) {
        if idle && !self.leaving.is_empty() {
            for instance in std::mem::take(&mut self.leaving) {
                self.held.remove(&instance);
            }
            self.changed = true;
        }
        if !std::mem::take(&mut self.changed) {
            return;
        }
        let filter = self.wanted(interfaces);
        match self.apply(&filter) {
            Ok(()) => self.failed = None,
            Err(error) => {
                self.patience.refused(now, self.failed.is_none());
                self.say(format!("cannot filter packets by nftables: {error}"));
            }
        }
    }

    /// When the kernel is asked again for what it refused.
    pub fn deadline(&self) -> Option<Mono> {
        self.patience.deadline()
    }

    /// Asks again, if it is time.
    pub fn expire(&mut self, now: Mono) {
        self.changed |= self.patience.is_over(now);
    }

    /// Removes everything.
    pub fn end(&mut self) {
        self.held.clear();
        self.leaving.clear();
        if let Some(tables) = self.tables.as_mut().filter(|tables| !tables.is_empty())
            && let Err(error) = tables.clear()
        {
            emit(Ident::Vrrp, Line::error(format!("cannot remove the nftables tables: {error}")));
        }
    }

    fn wanted(&self, interfaces: &Interfaces) -> Filter {
        let index = |name: &Name| interfaces.get(name).map(|interface| interface.index);
        let mut filter = Filter::default();
        for key in self.held.values().flatten() {
            if let Some(interface) = index(&key.interface) {
                filter.refuse(key.address(), interface);
            }
        }
        for (family, device, parent) in self.devices.iter().filter(|_| !self.without_devices) {
            if let (Some(device), Some(parent)) = (index(device), index(parent)) {
                filter.devices.insert((*family, device), parent);
            }
        }
        filter
    }

    fn apply(&mut self, filter: &Filter) -> Result<(), NetlinkError> {
        let (tables, style) = match (&mut self.tables, &self.style) {
            (Some(tables), Some(style)) => (tables, style),
            (Some(tables), None) => return tables.clear(),
            (None, Some(style)) => (self.tables.insert(Nftables::open()?), style),
            (None, None) => return Ok(()),
        };
        let result = tables.filter(filter, style);
        let lacks_something =
            matches!(&result, Err(NetlinkError::Refused(libc::ENOENT | libc::EOPNOTSUPP)));
        if lacks_something && !filter.devices.is_empty() {
            // The addresses are what counts.
            let devices = BTreeMap::new();
            tables.filter(&Filter { devices, ..filter.clone() }, style)?;
            self.without_devices = true;
            let text = "this kernel has no nft_dup: virtual MACs report groups themselves".to_owned();
            emit(Ident::Vrrp, Line::warn(text));
            return Ok(());
        }
        result
    }

    fn say(&mut self, text: String) {
        if self.failed.as_ref() != Some(&text) {
            emit(Ident::Vrrp, Line::error(text.clone()));
            self.failed = Some(text);
        }
    }
}

/// Removes the tables that a driver that died without order left.
pub(super) fn clear(config: &Config) {
    let mut firewall = Firewall::default();
    firewall.follow(config);
    if let Some(style) = firewall.style
        && let Err(error) = Nftables::open().and_then(|mut nft| nft.filter(&Filter::default(), &style))
    {
        emit(Ident::Vrrp, Line::error(format!("cannot remove the nftables tables: {error}")));
    }
}
