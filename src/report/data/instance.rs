//! `vrrp_instance`

use std::fmt::Display;

use super::page::{Page, seconds};
use super::{Host, address, command, enabled, routing, yes};
use crate::config::model::options::{AntiReplay, AuthHmac, HmacMode, OldChecksum};
use crate::config::model::vrrp::OWNER;
use crate::config::model::{
    Auth, Config, InitialState, Tracked, TrackedObjects, Version, VirtualAddress, VrrpInstance,
};
use crate::ids::{Family, Mac};
use crate::vrrp::action::State;
use crate::vrrp::note::Fault;
use crate::vrrp::view::View;

pub(super) fn write(
    page: &mut Page,
    config: &Config,
    instance: &VrrpInstance,
    view: Option<&View>,
    host: &Host<'_>,
) {
    page.value("VRRP Instance", &instance.name);
    write_place(page, config, instance, view, host);
    write_announcements(page, instance);
    write_election(page, instance, view);
    if instance.version == Version::V2 {
        let auth = match instance.auth {
            None => "none",
            Some(Auth::Pass(_)) => "SIMPLE_PASSWORD",
            Some(Auth::Ah(_)) => "IPSEC_AH",
        };
        page.field("Authentication type", auth);
    }
    if let Some(hmac) = &instance.options.auth_hmac {
        write_auth_hmac(page, hmac);
    }
    if let Some(size) = instance.options.kernel_rx_buf_size {
        page.field("Kernel rx buffer size", size);
    }
    write_addresses(page, instance, view.is_some_and(|view| view.state == State::Master));
    write_unicast(page, instance);
    page.list("Virtual Routes :", instance.options.routes.iter().map(routing::route));
    page.list("Virtual Rules :", instance.options.rules.iter().map(routing::rule));
    let plain = (&*instance.track_interfaces, &*instance.track_scripts);
    tracked_lists(page, plain, &instance.options.tracked, "Tracked processes :");
    write_notify(page, config, instance, host);
}

/// Where it is, on which interface and with which address.
/// Never shows a key.
fn write_auth_hmac(page: &mut Page, hmac: &AuthHmac) {
    page.field("Authentication extension", "HMAC-SHA256-128");
    page.field("  Keys", format_args!("{}, active key id = {}", hmac.keys.len(), hmac.active_key));
    let mode = match hmac.mode {
        HmacMode::Enforce => "enforce",
        HmacMode::Permissive => "permissive",
        HmacMode::ReceiveOnly => "receive-only",
    };
    page.field("  Mode", mode);
    match hmac.anti_replay {
        AntiReplay::Time => {
            let window = hmac.time_window.as_secs();
            page.field("  Anti replay", format_args!("time, window = {window} sec"));
        }
        AntiReplay::Monotonic => page.field("  Anti replay", "monotonic"),
    }
}

/// Since when it is in its state, and what comes next unless something happens before.
fn write_times(page: &mut Page, view: &View, host: &Host<'_>) {
    if let Some(at) = view.entered {
        page.field("Last transition", (host.moment)(at));
    }
    match view.timeout {
        Some(at) => page.field("Read timeout", (host.moment)(at)),
        None => page.field("Read timeout", "DISABLED"),
    }
    page.field("Master down timer", format_args!("{} usecs", view.master_down.as_micros()));
}

fn write_place(
    page: &mut Page,
    config: &Config,
    instance: &VrrpInstance,
    view: Option<&View>,
    host: &Host<'_>,
) {
    let options = &instance.options;
    page.field("VRRP Version", instance.version.number());
    if let Some(group) = config.sync_groups.iter().find(|group| group.members.contains(&instance.name)) {
        page.field("Sync group", &group.name);
    }
    if instance.family == Family::V6 {
        page.line("Using Native IPv6");
    }
    if let Some(view) = view {
        page.field("State", view.state.as_str());
        if let Some((address, priority)) = view.master {
            page.field("Master router", address);
            page.field("Master priority", priority);
            if instance.version == Version::V3 {
                page.field("Master advert int", format_args!("{:.2} sec", view.interval.as_secs_f64()));
            }
        }
    }
    let unicast = !instance.unicast_peers.is_empty();
    let mut flags = Vec::new();
    if unicast {
        flags.push("Using unicast");
    }
    if options.unicast_fault_no_peer {
        flags.push("If unicast go to fault state if no peers");
    }
    page.line(if flags.is_empty() { "Flags: none" } else { "Flags:" });
    for flag in flags {
        page.item(flag);
    }
    let wanted = match view {
        Some(view) => view.state,
        None if wants_master(config, instance) => State::Master,
        None => State::Backup,
    };
    page.field("Wantstate", wanted.as_str());
    let of_file = |view: &View| view.faults.iter().filter(|fault| matches!(fault, Fault::NoPeers)).count();
    page.field("Number of config faults", view.map_or(0, of_file));
    if let Some(view) = view {
        page.field("Number of tracker faults", tracker_faults(view));
        page.field("Number of track scripts init", pending_scripts(view));
        write_times(page, view, host);
    }
    match (&instance.vmac, &options.ipvlan) {
        (Some(vmac), _) => {
            let (name, base) = (&vmac.name, vmac.xmit_base);
            let up = host.interface(name).map_or(String::new(), |made| format!("is_up = {}, ", made.up));
            page.field_as("Use VMAC, i/f name", format_args!("{name}, {up}xmit_base = {base}"));
            if vmac.mac != Mac::of_virtual_router(instance.family, instance.vrid) {
                page.item(format_args!("MAC = {}", vmac.mac));
            }
            if options.vmac_addr {
                page.line("Use VMAC for VIPs on other interfaces");
            }
            let base = if vmac.xmit_base { ", xmit base i/f" } else { "" };
            page.field("Interface", format_args!("{name}, vmac on {}{base}", instance.interface));
        }
        (None, Some(ipvlan)) => {
            page.field_as("Use IPVLAN, i/f name", &ipvlan.name);
            page.field("Interface", format_args!("{}, ipvlan on {}", ipvlan.name, instance.interface));
        }
        (None, None) if options.vrf.is_some() => {}
        (None, None) => page.field("Interface", &instance.interface),
    }
    if let Some(vrf) = &options.vrf {
        page.field("VRF", vrf);
    }
    if instance.dont_track_primary {
        page.line("VRRP interface tracking disabled");
    }
    if instance.skip_check_adv_addr {
        page.line("Skip checking advert IP addresses");
    }
    if options.strict_mode {
        page.line("Enforcing strict VRRP compliance");
    }
    match (instance.source, view.and_then(|view| view.source)) {
        (Some(source), _) => page.field("Using src_ip", format_args!("{source} (from configuration)")),
        (None, Some(source)) => page.field("Using src_ip", source),
        (None, None) => page.field("Using src_ip", "none"),
    }
    if !unicast {
        let group = instance.multicast_group;
        // Of IPv6 it means little without its interface.
        let own = host.interface(instance.device().unwrap_or(&instance.interface));
        match own.filter(|_| group.is_ipv6()) {
            Some(own) => page.line(format_args!("Multicast address {group}, ifindex {}", own.index.0)),
            None => page.line(format_args!("Multicast address {group}")),
        }
    }
}

/// What keeps it in FAULT, but for mistakes in the file and scripts without a result.
pub(super) fn tracker_faults(view: &View) -> usize {
    let counts = |fault: &&Fault| !matches!(fault, Fault::NoPeers | Fault::ScriptPending(_));
    view.faults.iter().filter(counts).count()
}

/// Track scripts without weight of which there is no result yet.
pub(super) fn pending_scripts(view: &View) -> usize {
    view.faults.iter().filter(|fault| matches!(fault, Fault::ScriptPending(_))).count()
}

/// At the start: of a group only where all own their addresses.
fn wants_master(config: &Config, instance: &VrrpInstance) -> bool {
    let owner = |instance: &VrrpInstance| instance.priority == OWNER;
    let wanted = instance.state.map_or(owner(instance), |state| state == InitialState::Master);
    let group = config.sync_groups.iter().find(|group| group.members.contains(&instance.name));
    let owners = group.is_none_or(|group| {
        config.instances.iter().filter(|one| group.members.contains(&one.name)).all(|one| owner(one))
    });
    wanted && owners
}

/// Gratuitous ARP, and adverts in answer to adverts.
fn write_announcements(page: &mut Page, instance: &VrrpInstance) {
    let garp = &instance.garp;
    page.field("Gratuitous ARP delay", garp.master_delay.as_secs());
    page.field("Gratuitous ARP repeat", garp.master_repeat);
    page.field("Gratuitous ARP refresh", garp.master_refresh.as_secs());
    page.field("Gratuitous ARP refresh repeat", garp.master_refresh_repeat);
    page.field("Gratuitous ARP lower priority delay", garp.lower_prio_delay.as_secs());
    page.field("Gratuitous ARP lower priority repeat", garp.lower_prio_repeat);
    page.field("Down timer adverts", instance.down_timer_adverts);
    let extra = instance.options.garp_extra_if;
    if !extra.interval.is_zero() && has_secondary(instance) {
        let which = if extra.all { "i/f" } else { "VMAC" };
        page.field(&format!("Gratuitous ARP for each secondary {which}"), extra.interval.as_secs());
    }
    page.field("Send advert after receive lower priority advert", !instance.lower_prio_no_advert);
    page.field("Send advert after receive higher priority advert", instance.higher_prio_send_advert);
}

/// An address elsewhere than on the instance's own interface; a VMAC there unless all interfaces count.
fn has_secondary(instance: &VrrpInstance) -> bool {
    let own = instance.vmac.as_ref().map_or(&instance.interface, |vmac| &vmac.name);
    let options = &instance.options;
    instance.addresses.iter().chain(&instance.excluded).map(|address| &address.key).any(|key| {
        let with_vmac = options.address_vmacs.iter().any(|device| device.name == key.interface);
        key.interface != *own && (options.garp_extra_if.all || with_vmac)
    })
}

fn write_election(page: &mut Page, instance: &VrrpInstance, view: Option<&View>) {
    page.field("Virtual Router ID", instance.vrid);
    page.field("Priority", instance.priority);
    if let Some(view) = view {
        page.field("Effective priority", view.priority);
        page.field("Total priority", view.priority);
    }
    let (secs, millis) = (instance.advert_int.as_secs(), instance.advert_int.as_millis());
    match instance.version {
        Version::V2 => page.field("Advert interval", format_args!("{secs} sec")),
        Version::V3 => page.field("Advert interval", format_args!("{millis} milli-sec")),
    }
    if let Some(view) = view.filter(|view| view.state == State::Backup && instance.version == Version::V3) {
        page.field("Master advert interval", format_args!("{} milli-sec", view.interval.as_millis()));
    }
    page.field("Accept", enabled(instance.accept));
    page.field("Preempt", enabled(!instance.nopreempt));
    if !instance.preempt_delay.is_zero() {
        page.field("Preempt delay", format_args!("{} secs", seconds(instance.preempt_delay)));
    }
    page.field("Promote_secondaries", enabled(instance.promote_secondaries));
}

fn write_addresses(page: &mut Page, instance: &VrrpInstance, set: bool) {
    let line = |address: &VirtualAddress| {
        let made = instance.vmac.as_ref().map(|vmac| &vmac.name);
        let made = made.or(instance.options.ipvlan.as_ref().map(|ipvlan| &ipvlan.name));
        let parent = (made == Some(&address.key.interface)).then_some(&instance.interface);
        let text = address::line(&address.key, &address.attributes, address.no_track, parent);
        if set { text + " set" } else { text }
    };
    let count = instance.addresses.len();
    page.list(&format!("Virtual IP ({count}):"), instance.addresses.iter().map(line));
    page.list("Virtual IP Excluded :", instance.excluded.iter().map(line));
}

fn write_unicast(page: &mut Page, instance: &VrrpInstance) {
    if instance.unicast_peers.is_empty() {
        return;
    }
    // Of IPv6 the kernel's.
    if let Some(ttl) = instance.unicast_ttl.or((instance.family == Family::V4).then_some(255)) {
        page.field("Unicast TTL", ttl);
    }
    page.line(format_args!("Check unicast src : {}", yes(instance.check_unicast_src)));
    let peers = instance.unicast_peers.iter().map(|peer| {
        let (min, max) = (peer.min_ttl.unwrap_or(0), peer.max_ttl.unwrap_or(255));
        format!("{} min_ttl {min} max_ttl {max}", peer.address)
    });
    page.list("Unicast Peer :", peers);
    let checksum = match instance.options.old_unicast_checksum {
        OldChecksum::Detect => "no",
        OldChecksum::Always => "config",
        OldChecksum::Never => "never",
    };
    page.field("Unicast checksum compatibility", checksum);
}

fn write_notify(page: &mut Page, config: &Config, instance: &VrrpInstance, host: &Host<'_>) {
    let notify = &instance.notify;
    page.field("Using smtp notification", yes(instance.smtp_alert == Some(true)));
    page.field("Notify deleted", if notify.deleted_state { "Deleted" } else { "Fault" });
    for (label, script) in [
        ("Backup", &notify.backup),
        ("Master", &notify.master),
        ("Fault", &notify.fault),
        ("Stop", &notify.stop),
        ("Deleted", &notify.deleted),
        ("Generic", &notify.any),
        ("Master rx lower pri", &notify.master_rx_lower_pri),
    ] {
        if let Some(script) = script {
            page.field(&format!("{label} state transition script"), command(script, host));
        }
    }
    let group = config.sync_groups.iter().find(|group| group.members.contains(&instance.name));
    let told = instance
        .options
        .notify_priority_changes
        .or_else(|| group.and_then(|group| group.options.notify_priority_changes))
        .unwrap_or(config.global.vrrp_notify_priority_changes);
    page.field("Notify priority changes", told);
}

/// What an instance or a group tracks. The title of processes is not the same for both.
pub(super) fn tracked_lists(
    page: &mut Page,
    (interfaces, scripts): (&[Tracked], &[Tracked]),
    objects: &TrackedObjects,
    processes: &str,
) {
    let list = |page: &mut Page, title: &str, list: &[Tracked], between: &str| {
        page.list(
            title,
            list.iter().map(|tracked| format!("{}{between}{}", tracked.name, weight(tracked))),
        );
    };
    list(page, "Tracked interfaces :", interfaces, " ");
    list(page, "Tracked scripts :", scripts, " ");
    list(page, "Tracked files :", &objects.files, ", ");
    list(page, processes, &objects.processes, ", ");
    list(page, "Tracked BFDs :", &objects.bfds, ": ");
}

/// `weight N [reverse]`
pub(super) fn weight(tracked: &Tracked) -> impl Display {
    format!("weight {}{}", tracked.weight, reverse(tracked.reverse))
}

pub(super) fn reverse(reverse: bool) -> &'static str {
    if reverse { " reverse" } else { "" }
}
