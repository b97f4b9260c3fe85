//! Virtual servers, their real servers and checks.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::page::Page;
use crate::config::model::lvs::Target;
use crate::config::model::{CheckKind, RealServer, VirtualServer};
use crate::objects::ipvs::Forwarding;

pub(super) fn write(page: &mut Page, service: &VirtualServer) {
    let mut all = String::new();
    let text = &mut all;
    text.push_str(" ------< Virtual server >------\n");
    let _ = match &service.target {
        Target::Address { address, port } => writeln!(text, " VS VIP = {address}, VPORT = {port}"),
        Target::Fwmark { mark, .. } => writeln!(text, " VS FWMARK = {mark}"),
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
        let kind = match &check.kind {
            CheckKind::Tcp(_) => "TCP_CHECK",
            CheckKind::Http(_) => "HTTP_GET",
        };
        let target: IpAddr = check.target.ip();
        let _ = writeln!(
            text,
            "     Health checker = {kind}, dest = [{target}]:{}, connect timeout = {}, retry = {}, delay before retry = {}",
            check.target.port(),
            check.connect_timeout.as_secs_f64(),
            check.retry,
            check.delay_before_retry.as_secs_f64(),
        );
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
