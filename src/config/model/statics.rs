//! Objects that stay for the daemon's life, whatever state VRRP is in.

use std::sync::Arc;

use crate::ids::Name;
use crate::objects::address::{AddressAttributes, AddressKey};
use crate::objects::route::Route;
use crate::objects::rule::Rule;

/// `static_ipaddress`, `static_routes`, `static_rules`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Statics {
    pub addresses: Vec<StaticAddress>,
    pub routes: Vec<Route>,
    pub rules: Vec<Rule>,
}

impl Statics {
    /// The interfaces of what names this track group.
    pub fn interfaces_of(&self, group: &str) -> impl Iterator<Item = &Name> {
        let is_in = move |named: &Option<Name>| named.as_deref() == Some(group);
        let of_addresses = self.addresses.iter().filter(move |one| is_in(&one.track_group));
        let of_routes = self.routes.iter().filter(move |one| is_in(&one.track_group));
        let of_rules = self.rules.iter().filter(move |one| is_in(&one.track_group));
        of_addresses
            .map(|one| &one.key.interface)
            .chain(of_routes.filter_map(|one| one.interface.as_ref()))
            .chain(of_rules.filter_map(|one| one.matches.input.as_ref()))
    }
}

/// A line of `static_ipaddress`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StaticAddress {
    /// On `default_interface` where the line names none.
    pub key: AddressKey,
    pub attributes: Arc<AddressAttributes>,
    /// `no_track`: its removal by others is not noticed.
    pub no_track: bool,
    pub track_group: Option<Name>,
}

/// `track_group`: instances that go to FAULT when a static object cannot be restored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrackGroup {
    pub name: Name,
    /// All defined.
    pub members: Vec<Name>,
}
