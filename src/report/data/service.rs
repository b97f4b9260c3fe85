//! Virtual servers, their real servers and checks.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::page::Page;
use crate::config::model::lvs::{GroupMember, Target};
use crate::config::model::{CheckKind, RealServer, ServerGroup, Ssl, VirtualServer};
use crate::ids::Family;
use crate::objects::ipvs::Forwarding;

pub(super) fn write(page: &mut Page, service: &VirtualServer) {
    let mut all = String::new();
    let text = &mut all;
    text.push_str(" ------< Virtual server >------\n");
    let _ = match &service.target {
        Target::Address { address, port } => writeln!(text, " VS VIP = {address}, VPORT = {port}"),
        Target::Fwmark { mark, .. } => writeln!(text, " VS FWMARK = {mark}"),
        Target::Group(name) => {
            let number = service.group.as_ref().map_or(0, |group| group.number);
            writeln!(text, " VS GROUP = [{name}]:{number}")
        }
    };
    let _ = writeln!(
        text,
        "   delay_loop = {}\n   lvs_sched = {}\n   protocol = {}\n   alpha is {}\n   omega is {}\n   quorum = {}, hysteresis = {}\n   \
         default forwarding method = {}",
        service.delay_loop.as_secs_f64(),
        service.scheduler,
        service.protocol.to_string().to_uppercase(),
        if service.alpha { "ON" } else { "OFF" },
        if service.omega { "ON" } else { "OFF" },
        service.quorum,
        service.hysteresis,
        forwarding(service.forwarding),
    );
    if let Some(name) = &service.snmp_name {
        let _ = writeln!(text, "   SNMP name = '{name}'");
    }
    if let Some(timeout) = service.persistence_timeout {
        let _ = writeln!(text, "   persistence timeout = {timeout}");
    }
    if let Some(sorry) = &service.sorry_server {
        let _ = writeln!(text, "   Sorry server = [{}]:{}", sorry.address, sorry.port);
    }
    for server in &service.real_servers {
        write_real(text, server);
    }
    page.text(&all);
}

fn write_real(text: &mut String, server: &RealServer) {
    let RealServer { address, port, weight, .. } = server;
    let _ = writeln!(
        text,
        "   ------< Real server >------\n   RIP = {address}, RPORT = {port}, WEIGHT = {weight}\n     forwarding method = {}",
        forwarding(server.forwarding)
    );
    for check in &server.checks {
        let kind = check.kind.keyword();
        if !check.kind.uses_network() {
            let _ = writeln!(text, "     Health checker = {kind}{}", about_local(&check.kind));
            continue;
        }
        let target: IpAddr = check.target.ip();
        let _ = writeln!(
            text,
            "     Health checker = {kind}, dest = [{target}]:{}, connect timeout = {}, retry = {}, delay before retry = {}",
            check.target.port(),
            check.pace.connect_timeout.as_secs_f64(),
            check.pace.retry,
            check.pace.delay_before_retry.as_secs_f64(),
        );
    }
}

/// What a check has that connects to nothing.
fn about_local(kind: &CheckKind) -> String {
    match kind {
        CheckKind::Misc(misc) => format!(
            ", script = {}, timeout = {}, dynamic = {}",
            super::words(&misc.command),
            misc.timeout.as_secs(),
            if misc.dynamic { "YES" } else { "NO" }
        ),
        CheckKind::File(file) => {
            let reverse = if file.reverse { " reverse" } else { "" };
            format!(", track file = {}, weight = {}{reverse}", file.file, file.weight)
        }
        CheckKind::Bfd(bfd) => format!(", name = {}", bfd.instance),
        _ => String::new(),
    }
}

/// Without the password, which is nobody's business.
pub(super) fn write_ssl(page: &mut Page, ssl: &Ssl) {
    page.title("SSL definitions");
    let files = [("CA-file", &ssl.ca), ("Certificate file", &ssl.certificate), ("Key file", &ssl.key)];
    for (label, file) in files {
        if let Some(file) = file {
            page.top(format!("{label} : {file}"));
        }
    }
}

pub(super) fn write_group(page: &mut Page, group: &ServerGroup) {
    let has = |family| super::yes(group.members.iter().any(|member| member.family() == Some(family)));
    let (name, four, six) = (&group.name, has(Family::V4), has(Family::V6));
    page.top("------< Virtual server group >------");
    page.top(format!("Virtual Server Group = {name}, IPv4 = {four}, IPv6 = {six}"));
    for member in &group.members {
        match member {
            GroupMember::Addresses { first, last, port } if first == last => {
                page.line(format!("VIP = {first}, VPORT = {port}"));
            }
            GroupMember::Addresses { first, last, port } => {
                page.line(format!("VIP Range = {first}-{last}, VPORT = {port}"));
            }
            GroupMember::Fwmark { mark, family } => {
                let family = family.map(|family| format!(" {family}")).unwrap_or_default();
                page.line(format!("FWMARK = {mark}{family}"));
            }
        }
    }
}

fn forwarding(method: Forwarding) -> &'static str {
    match method {
        Forwarding::Masq => "NAT",
        Forwarding::DirectRoute => "DR",
        Forwarding::Tunnel(_) => "TUN",
        Forwarding::LocalNode => "LOCAL",
        Forwarding::Bypass => "BYPASS",
    }
}
