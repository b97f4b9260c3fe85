//! Virtual servers and their groups, and the real servers.

use std::sync::Arc;

use std::fmt::Display;

use super::page::Page;
use super::{Host, command, yes};
use crate::config::model::lvs::{GroupMember, ServerGroup, Target};
use crate::config::model::{CheckKind, RealServer, VirtualServer};
use crate::ids::Family;
use crate::lvs::view::{RealView, ServiceView};
use crate::objects::ipvs::{Forwarding, SVC_F_HASHED, SVC_F_ONEPACKET, SVC_F_SCHED, Tunnel};

/// `virtual_server_group`, once for each.
pub(super) fn write_groups(page: &mut Page, services: &[Arc<VirtualServer>]) {
    let mut done: Vec<&str> = Vec::new();
    for service in services {
        if let Some(used) = &service.group
            && !done.contains(&&*used.group.name)
        {
            done.push(&used.group.name);
            write_group(page, &used.group);
        }
    }
}

fn write_group(page: &mut Page, group: &ServerGroup) {
    page.top("------< Virtual server group >------");
    let has = |family| yes(group.members.iter().any(|member| member.family() == Some(family)));
    let (v4, v6) = (has(Family::V4), has(Family::V6));
    page.value("Virtual Server Group", format_args!("{}, IPv4 = {v4}, IPv6 = {v6}", group.name));
    for member in &group.members {
        match member {
            GroupMember::Addresses { first, last, port } if first == last => {
                page.field("VIP", format_args!("{first}, VPORT = {port}"));
            }
            GroupMember::Addresses { first, last, port } => {
                page.field("VIP Range", format_args!("{first}-{last}, VPORT = {port}"));
            }
            GroupMember::Fwmark { mark, .. } => page.field("FWMARK", mark),
        }
    }
}

pub(super) fn write(page: &mut Page, service: &VirtualServer, view: Option<&ServiceView>, host: &Host<'_>) {
    page.top("------< Virtual server >------");
    match &service.target {
        Target::Address { address, port } => {
            page.value("VS VIP", format_args!("{address}, VPORT = {port}"));
        }
        Target::Fwmark { mark, .. } => page.value("VS FWMARK", mark),
        Target::Group(name) => {
            let number = service.group.as_ref().map_or(0, |group| group.number);
            page.value("VS GROUP", format_args!("[{name}]:{number}"));
        }
    }
    if let Some(name) = &service.virtualhost {
        page.field("VirtualHost", name);
    }
    if let Some(name) = &service.snmp_name {
        page.field("SNMP name", format_args!("'{name}'"));
    }
    let has = |family| {
        let members = service.group.iter().flat_map(|used| &used.group.members);
        members.into_iter().any(|member| member.family() == Some(family))
    };
    page.field(
        "Address family",
        match family(service) {
            _ if has(Family::V4) && has(Family::V6) => "IPv4 & IPv6",
            Family::V4 => "inet",
            Family::V6 => "inet6",
        },
    );
    page.field("delay_loop", format_args!("{:.6}", service.delay_loop.as_secs_f64()));
    write_scheduling(page, service);
    match (&service.target, service.group.as_ref().map(|used| used.group.members.as_slice())) {
        (Target::Fwmark { .. }, _) => page.field("protocol", "none"),
        (_, Some(members)) if members.iter().all(|member| matches!(member, GroupMember::Fwmark { .. })) => {
            page.field("protocol", "none");
        }
        _ => page.field("protocol", service.protocol.to_string().to_uppercase()),
    }
    let upper = |value| if value { "ON" } else { "OFF" };
    page.field_as("alpha is", upper(service.alpha));
    page.field_as("omega is", upper(service.omega));
    page.field("quorum", format_args!("{}, hysteresis = {}", service.quorum, service.hysteresis));
    for (which, script) in [("up", &service.quorum_up), ("down", &service.quorum_down)] {
        if let Some(script) = script {
            page.field(&format!("Quorum {which} notify script"), command(script, host));
        }
    }
    if let Some(limit) = service.drain_timeout {
        page.field("drain timeout", limit.as_secs());
    }
    if service.return_path_snat {
        page.field("return path", "snat");
    }
    if service.ha_suspend {
        page.line("Using HA suspend");
    }
    page.field("Using smtp notification", yes(service.smtp_alert));
    page.field("default forwarding method", forwarding(service.forwarding));
    if let Some(sorry) = &service.sorry_server {
        let protocol = service.protocol;
        page.field("sorry server", format_args!("[{}]:{protocol}:{}", sorry.address, sorry.port));
        page.item(format_args!("forwarding method = {}", forwarding(sorry.forwarding)));
        page.item(format_args!("Inhibit on failure is {}", upper(sorry.inhibit)));
    }
    if let Some(view) = view {
        page.field("alive", 1);
        page.field("quorum_state_up", u8::from(view.quorum_up));
    }
    for (nth, server) in service.real_servers.iter().enumerate() {
        write_real(page, server, view.and_then(|view| view.reals.get(nth)), host);
    }
}

fn family(service: &VirtualServer) -> Family {
    match (&service.target, &service.group) {
        (Target::Address { address, .. }, _) => Family::of(*address),
        (Target::Fwmark { family, .. }, _) => *family,
        (Target::Group(_), used) => used.as_ref().map_or(Family::V4, |used| used.family),
    }
}

/// Scheduler and persistence.
fn write_scheduling(page: &mut Page, service: &VirtualServer) {
    page.field("lvs_sched", &service.scheduler);
    let set = |flag: u32| super::enabled(service.flags & flag != 0);
    page.field("Hashed", set(SVC_F_HASHED));
    let [first, second, _] = SVC_F_SCHED;
    match &*service.scheduler {
        // The kernel's names of the same flags.
        name @ ("sh" | "mh") => {
            page.field(&format!("{name}-port"), set(second));
            page.field(&format!("{name}-fallback"), set(first));
        }
        _ => {
            for (number, flag) in (1..).zip(SVC_F_SCHED) {
                page.field(&format!("flag-{number}"), set(flag));
            }
        }
    }
    page.field("One packet scheduling", set(SVC_F_ONEPACKET));
    if let Some(timeout) = service.persistence_timeout {
        page.field("persistence timeout", timeout);
        let granularity: Option<Box<dyn Display>> = match family(service) {
            Family::V4 if service.persistence_mask_v4.to_bits() == u32::MAX => None,
            Family::V4 => Some(Box::new(service.persistence_mask_v4)),
            Family::V6 if service.persistence_prefix_v6 == 128 => None,
            Family::V6 => Some(Box::new(service.persistence_prefix_v6)),
        };
        if let Some(granularity) = granularity {
            page.field("persistence granularity", granularity);
        }
    }
}

fn write_real(page: &mut Page, server: &RealServer, view: Option<&RealView>, host: &Host<'_>) {
    let RealServer { address, port, weight, .. } = server;
    page.line("------< Real server >------");
    match view.map(|view| view.weight) {
        // Twice the same, as keepalived has it.
        Some(now) => {
            page.field("RIP", format_args!("{address}, RPORT = {port}, WEIGHT = {now} EFF WEIGHT = {now}"));
        }
        None => page.field("RIP", format_args!("{address}, RPORT = {port}, WEIGHT = {weight}")),
    }
    page.field("forwarding method", forwarding(server.forwarding));
    let (lower, upper) = (server.lower_threshold, server.upper_threshold);
    page.field("connection limit range", format_args!("{lower} -> {upper}"));
    page.field_as("Inhibit on failure is", if server.inhibit_on_failure { "ON" } else { "OFF" });
    for (up, which) in [(true, "up"), (false, "down")] {
        if let Some(script) = server.notify(up) {
            page.item(format_args!("RS {which} notify script = {}", command(script, host)));
        }
    }
    if let Some(name) = server.options.as_ref().and_then(|options| options.snmp_name.as_ref()) {
        page.field("SNMP name", name);
    }
    page.field("Using smtp notification", yes(server.smtp_alert));
    if let Some(view) = view {
        page.field("initial weight", weight);
        page.field("effective weight", view.weight);
        page.field("alive", u8::from(view.up));
        page.field("num failed checkers", view.failed);
        page.field("RS set", u8::from(view.set));
    }
    let files = server.checks.iter().filter_map(|check| match &check.kind {
        CheckKind::File(file) => {
            Some(format!("{}, weight {}{}", file.file, file.weight, super::instance::reverse(file.reverse)))
        }
        _ => None,
    });
    page.list("Tracked Files", files);
    let sessions = server.checks.iter().filter_map(|check| match &check.kind {
        CheckKind::Bfd(bfd) => Some(&bfd.instance),
        _ => None,
    });
    page.list("Tracked BFDs", sessions);
}

fn forwarding(method: Forwarding) -> String {
    match method {
        Forwarding::Masq => "NAT".into(),
        Forwarding::DirectRoute => "DR".into(),
        Forwarding::LocalNode => "LOCAL".into(),
        Forwarding::Bypass => "BYPASS".into(),
        Forwarding::Tunnel(Tunnel { kind, port, flags }) => {
            let checksum = match flags {
                0 => "no checksum",
                1 => "checksum",
                _ => "remote checksum",
            };
            match kind {
                0 => "TUN, type = IPIP".into(),
                1 => format!("TUN, type = GUE, port = {port}, {checksum}"),
                _ => format!("TUN, type = GRE, {checksum}"),
            }
        }
    }
}
