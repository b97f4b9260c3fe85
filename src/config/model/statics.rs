//! Objects that stay for the daemon's life, whatever state VRRP is in.

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

/// A line of `static_ipaddress`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StaticAddress {
    /// On `default_interface` where the line names none.
    pub key: AddressKey,
    pub attributes: AddressAttributes,
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
