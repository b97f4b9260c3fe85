//! The interfaces of the host, and how long a change of one must last.

use std::collections::HashSet;
use std::net::IpAddr;

use super::Host;
use super::instance::weight;
use super::page::Page;
use crate::config::model::{Config, VrrpInstance};
use crate::ids::Name;
use crate::objects::interface::Interface;

const NO_WEIGHT: &str = "weight 0";

/// Before the daemon runs only those of `interface_up_down_delays`.
pub(super) fn write(page: &mut Page, config: &Config, host: &Host<'_>) {
    if host.interfaces.is_empty() && config.up_down_delays.is_empty() {
        return;
    }
    page.title("Interfaces");
    if host.interfaces.is_empty() {
        for delay in &config.up_down_delays {
            page.value("Name", &delay.interface);
            write_delays(page, config, &delay.interface);
        }
    }
    let addresses = config.instances.iter().flat_map(|one| one.addresses.iter().chain(&one.excluded));
    let virtuals: HashSet<IpAddr> = addresses.map(|address| address.key.net.addr()).collect();
    for interface in host.interfaces {
        page.value("Name", &interface.name);
        page.field("index", interface.index.0);
        let is_virtual = |address| virtuals.contains(&address);
        let shown = |address: Option<IpAddr>| address.map_or("(none)".to_owned(), |one| one.to_string());
        page.field("IPv4 address", shown(interface.source_v4(is_virtual).map(IpAddr::V4)));
        page.field("IPv6 address", shown(interface.source_v6(is_virtual).map(IpAddr::V6)));
        if let Some(mac) = interface.mac.filter(|_| !interface.loopback) {
            page.field("MAC", mac);
        }
        page.field("State", state(interface));
        write_delays(page, config, &interface.name);
        write_device(page, config, host, interface);
        page.field("MTU", interface.mtu);
        match (interface.loopback, interface.mac) {
            (true, _) => page.field("HW Type", "LOOPBACK"),
            (false, Some(_)) => page.field("HW Type", "ETHERNET"),
            (false, None) => {}
        }
        let trackers = config.instances.iter().filter_map(|one| tracker(config, one, &interface.name));
        page.list("Tracking VRRP instances :", trackers);
    }
}

/// Link and flags in keepalived's words. Which of up and running it is not makes no difference to VRRP.
fn state(interface: &Interface) -> String {
    let flags = [
        (interface.loopback, ", loopback"),
        (interface.no_arp && !interface.loopback, ", no ARP"),
        (!interface.multicast, ", no multicast"),
    ];
    let flags: String = flags.iter().filter(|(has, _)| *has).map(|(_, word)| *word).collect();
    format!("{}{flags}", link(interface))
}

fn link(interface: &Interface) -> &'static str {
    if interface.up { "UP, RUNNING" } else { "not UP or not RUNNING" }
}

fn write_delays(page: &mut Page, config: &Config, name: &Name) {
    let delay = config.up_down_delays.iter().find(|delay| delay.interface == *name);
    let (up, down) = delay.map_or((0, 0), |delay| (delay.up.as_micros(), delay.down.as_micros()));
    page.field("Up debounce timer", format_args!("{up}us"));
    page.field("Down debounce timer", format_args!("{down}us"));
}

/// What an interface of ours stands on.
fn write_device(page: &mut Page, config: &Config, host: &Host<'_>, interface: &Interface) {
    let Some(instance) = config.instances.iter().find(|one| one.device() == Some(&interface.name)) else {
        return;
    };
    let Some(parent) = host.interface(&instance.interface) else { return };
    let kind = if instance.vmac.is_some() { "VMAC type private" } else { "IPVLAN" };
    page.line(format_args!("{kind}, underlying interface = {}, state = {}", parent.name, link(parent)));
    page.line("I/f created by keepalived");
}

/// An instance that depends on it, with its weight, which counts in no sync group that does not ask for it.
fn tracker(config: &Config, instance: &VrrpInstance, name: &Name) -> Option<String> {
    let group = config.sync_groups.iter().find(|group| group.members.contains(&instance.name));
    let lists =
        group.map(|group| &*group.track_interfaces).into_iter().chain([&*instance.track_interfaces]);
    let own = instance.interface == *name || instance.device() == Some(name);
    if let Some(tracked) = lists.flatten().find(|tracked| tracked.name == *name) {
        let counts = group.is_none_or(|group| group.tracking_weight);
        let shown = if counts { weight(tracked).to_string() } else { NO_WEIGHT.to_owned() };
        return Some(format!("{}, {shown}", instance.name));
    }
    let mut addresses = instance.addresses.iter().chain(&instance.excluded);
    let used = addresses.any(|address| !address.no_track && address.key.interface == *name);
    let depends = own && !instance.dont_track_primary || used && !own;
    depends.then(|| format!("{}, {NO_WEIGHT}", instance.name))
}
