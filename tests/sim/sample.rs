//! Configurations and interfaces as the tests of the router need them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::{Version, VirtualAddress, VrrpInstance};
use standfast::ids::{Family, IfIndex, Vrid};
use standfast::objects::address::AddressKey;
use standfast::objects::interface::{AssignedAddress, Interface};

/// keepalived's group.
pub const GROUP: &str = "224.0.0.18";

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// `ADDRESS/LENGTH` on an interface.
pub fn address(interface: &str, net: &str) -> VirtualAddress {
    VirtualAddress {
        key: AddressKey { interface: interface.into(), net: net.parse().unwrap() },
        attributes: Arc::default(),
        no_track: false,
    }
}

/// Version 2, one second, no authentication, no virtual address; everything else is keepalived's default.
pub fn instance(name: &str, interface: &str, vrid: u8, priority: u8) -> VrrpInstance {
    VrrpInstance {
        name: name.into(),
        interface: interface.into(),
        state: None,
        vrid: Vrid::new(vrid).unwrap(),
        priority,
        version: Version::V2,
        family: Family::V4,
        advert_int: Duration::from_secs(1),
        nopreempt: false,
        preempt_delay: Duration::ZERO,
        auth: None,
        source: None,
        unicast_peers: Box::default(),
        multicast_group: ip(GROUP),
        check_unicast_src: false,
        unicast_ttl: None,
        vmac: None,
        addresses: Box::default(),
        excluded: Box::default(),
        track_interfaces: Box::default(),
        track_scripts: Box::default(),
        dont_track_primary: false,
        garp: Arc::default(),
        lower_prio_no_advert: false,
        higher_prio_send_advert: false,
        skip_check_adv_addr: false,
        down_timer_adverts: 3,
        accept: true,
        promote_secondaries: false,
        notify: Arc::default(),
        smtp_alert: None,
        options: Arc::default(),
    }
}

/// An Ethernet interface with these addresses (`ADDRESS/LENGTH`).
pub fn interface(name: &str, index: u32, up: bool, addresses: &[&str]) -> Arc<Interface> {
    let assigned = |net: &&str| AssignedAddress {
        net: net.parse().unwrap(),
        secondary: false,
        tentative: false,
        duplicate: false,
        protocol: None,
    };
    Arc::new(Interface {
        up,
        addresses: addresses.iter().map(assigned).collect(),
        ..Interface::ethernet(name, IfIndex(index))
    })
}
