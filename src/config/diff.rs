//! What a reload changes, object by object.

use std::collections::HashMap;
use std::net::IpAddr;

use super::model::lvs::Target;
use super::model::{Config, VirtualServer};
use crate::ids::Name;
use crate::objects::ipvs::Protocol;

/// What happens to one object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Nothing differs.
    Keep,
    /// It goes on with other settings.
    Adjust,
    Add,
    Remove,
}

/// What makes a service the same one across a reload.
pub fn service_key(service: &VirtualServer) -> (Target, Protocol) {
    (service.target.clone(), service.protocol)
}

/// The changes from one configuration to another.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// By the new name, or the old one of those that go.
    pub instances: Vec<(Name, Change)>,
    pub services: Vec<(Target, Change)>,
    /// Of services that stay.
    pub real_servers: Vec<(Target, (IpAddr, u16), Change)>,
}

/// Compares two configurations.
pub fn diff(old: &Config, new: &Config) -> Changes {
    let mut changes = Changes::default();
    pairs(
        &old.instances,
        &new.instances,
        |one| one.identity(),
        |one, change| {
            changes.instances.push((one.name.clone(), change));
        },
    );
    let mut kept = Vec::new();
    pairs(
        &old.virtual_servers,
        &new.virtual_servers,
        |one| service_key(one),
        |one, change| {
            if matches!(change, Change::Keep | Change::Adjust) {
                kept.push(one);
            }
            changes.services.push((one.target.clone(), change));
        },
    );
    let before: HashMap<_, _> = old.virtual_servers.iter().map(|one| (service_key(one), one)).collect();
    for service in kept {
        let Some(before) = before.get(&service_key(service)) else { continue };
        let of = |one: &super::model::RealServer| (one.address, one.port);
        pairs(&before.real_servers, &service.real_servers, of, |one, change| {
            if change != Change::Keep {
                changes.real_servers.push((service.target.clone(), of(one), change));
            }
        });
    }
    changes
}

/// Walks the new ones, then the old ones that are gone.
fn pairs<'a, T: PartialEq, K: std::hash::Hash + Eq>(
    old: &'a [T],
    new: &'a [T],
    key: impl Fn(&T) -> K,
    mut each: impl FnMut(&'a T, Change),
) {
    let mut before: HashMap<K, &T> = old.iter().map(|one| (key(one), one)).collect();
    for one in new {
        let change = match before.remove(&key(one)) {
            None => Change::Add,
            Some(same) if same == one => Change::Keep,
            Some(_) => Change::Adjust,
        };
        each(one, change);
    }
    for one in old.iter().filter(|one| before.contains_key(&key(one))) {
        each(one, Change::Remove);
    }
}
