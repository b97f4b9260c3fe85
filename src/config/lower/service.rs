//! `virtual_server` and `real_server`: each keyword to its place. What the whole means is in
//! [`super::service_rules`].

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::cause::Causes;
use super::check::CheckDraft;
use super::global::set;
use super::read::Value;
use super::{Lower, Seen};
use crate::config::host::ScriptKind;
use crate::config::model::Command;
use crate::config::model::lvs::Target;
use crate::config::policy::RejectedKind;
use crate::config::syntax::Node;
use crate::diag::{Diagnostic, Span};
use crate::ids::{Family, Name};
use crate::objects::ipvs::{Forwarding, Protocol, Tunnel};

/// `IP_VS_SVC_F_SCHED1` to `3`; what they mean depends on the scheduler.
const SCHED_FLAGS: [u32; 3] = [0x0008, 0x0010, 0x0020];

/// Settings that checks take from the real server, and it from the virtual server.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckDefaults {
    pub retry: Option<u32>,
    pub delay_before_retry: Option<Duration>,
    pub warmup: Option<Duration>,
    pub connect_timeout: Option<Duration>,
    pub delay_loop: Option<Duration>,
}

/// Keywords of which it is known whether they are wrong rather than missing.
const CAUSES: &[&str] = &["protocol", "lvs_method", "lb_kind", "lvs_sched", "lb_algo", "real_server"];

/// A service whose lines are being read.
pub struct OpenService {
    draft: ServiceDraft,
    /// It becomes part of the model.
    effective: bool,
    /// Its keywords that count only once.
    seen: Seen,
}

/// A service as it is written.
#[derive(Debug)]
pub struct ServiceDraft {
    pub target: Target,
    pub span: Option<Span>,
    /// What was told already of its keywords.
    pub causes: Causes,
    pub defaults: CheckDefaults,
    pub protocol: Option<(Protocol, Option<Span>)>,
    pub scheduler: Option<Name>,
    pub flags: u32,
    pub one_packet: Option<Option<Span>>,
    pub forwarding: Option<Forwarding>,
    pub persistence_timeout: Option<u32>,
    pub persistence_mask_v4: Option<Ipv4Addr>,
    pub persistence_prefix_v6: Option<u8>,
    pub persistence_engine: Option<Name>,
    pub quorum: u32,
    pub quorum_span: Option<Span>,
    pub hysteresis: u32,
    pub hysteresis_span: Option<Span>,
    pub weight: u32,
    pub quorum_up: Option<Command>,
    pub quorum_down: Option<Command>,
    pub inhibit: bool,
    pub alpha: bool,
    pub omega: bool,
    pub ha_suspend: Option<Option<Span>>,
    pub virtualhost: Option<String>,
    pub sorry: Option<SorryDraft>,
    pub real_servers: Vec<RealDraft>,
    pub smtp_alert: Option<bool>,
}

/// `sorry_server`
#[derive(Debug)]
pub struct SorryDraft {
    pub address: IpAddr,
    pub port: Option<u16>,
    pub forwarding: Option<Forwarding>,
    pub inhibit: bool,
}

/// A real server as it is written.
#[derive(Debug)]
pub struct RealDraft {
    pub address: IpAddr,
    pub port: Option<u16>,
    pub span: Option<Span>,
    pub port_span: Option<Span>,
    pub weight: Option<u32>,
    pub forwarding: Option<Forwarding>,
    pub upper_threshold: u32,
    pub lower_threshold: u32,
    pub inhibit: Option<bool>,
    pub alpha: Option<bool>,
    pub notify_up: Option<Command>,
    pub notify_down: Option<Command>,
    pub smtp_alert: Option<bool>,
    pub virtualhost: Option<String>,
    pub defaults: CheckDefaults,
    pub checks: Vec<CheckDraft>,
}

impl Lower<'_> {
    /// Begins a service with the first lines of its block.
    pub fn service(&mut self, node: &Node) {
        if node.argument(1) == Some("group") {
            self.group_service(node);
            return;
        }
        let Some(target) = self.target(node) else {
            self.reject(
                RejectedKind::Service(None),
                node.span_of(1),
                "the address of a virtual_server cannot be read",
            );
            return;
        };
        self.open(ServiceDraft::new(target, node.span_of(1)), true, node);
    }

    fn open(&mut self, draft: ServiceDraft, effective: bool, node: &Node) {
        self.open_service = Some(OpenService { draft, effective, seen: Seen::new() });
        self.service_lines(node);
    }

    /// Takes lines of the block of the open service.
    pub fn service_lines(&mut self, node: &Node) {
        let Some(mut open) = self.open_service.take() else { return };
        for node in node.nodes() {
            self.one(node, &mut open.seen, &mut |lower, node, value| {
                lower.service_keyword(node, value, &mut open.draft);
            });
        }
        self.add_causes(node, CAUSES, &mut open.draft.causes);
        self.open_service = Some(open);
    }

    /// Completes the service whose last lines were taken, if there is one.
    pub fn finish_service(&mut self, node: &Node) {
        let Some(open) = self.open_service.take_if(|_| node.name() == "virtual_server") else { return };
        if open.effective {
            self.complete_service(open.draft);
        }
    }

    /// Services of a `virtual_server_group` do not run yet; their blocks are checked all the same.
    fn group_service(&mut self, node: &Node) {
        let name = node.argument(2).unwrap_or("");
        let message = format!("virtual_server group {name} is accepted, but has no effect yet");
        self.report(
            Diagnostic::warning("no-effect-yet", node.span_of(1), message)
                .class(crate::diag::Class::Silent),
        );
        let target = Target::Fwmark { mark: 0, family: Family::V4 };
        self.open(ServiceDraft::new(target, node.span_of(1)), false, node);
    }

    /// `IP [PORT]` or `fwmark N`
    fn target(&mut self, node: &Node) -> Option<Target> {
        if node.argument(1) == Some("fwmark") {
            let mark = self.int(node, "fwmark", 2, (1, i64::from(u32::MAX)), false)?;
            return Some(Target::Fwmark { mark: u32::try_from(mark).ok()?, family: Family::V4 });
        }
        let word = node.argument(1)?;
        let Ok(address) = word.parse::<IpAddr>() else {
            let message = format!("Invalid virtual server IP address {word} - skipping");
            self.report(
                Diagnostic::error("bad-address", node.span_of(1), message)
                    .expected("IP [PORT], fwmark N or group NAME"),
            );
            return None;
        };
        let port = match node.argument(2) {
            None => 0,
            Some(_) => self.port(node, "virtual_server")?,
        };
        Some(Target::Address { address, port })
    }

    fn port(&mut self, node: &Node, name: &str) -> Option<u16> {
        self.int(node, name, 2, (0, 65_535), false).and_then(|port| u16::try_from(port).ok())
    }

    fn service_keyword(&mut self, node: &Node, value: Value, draft: &mut ServiceDraft) {
        match node.name() {
            "real_server" => self.real_server(node, draft),
            "lb_kind" | "lvs_method" => draft.forwarding = self.forwarding(node).or(draft.forwarding),
            "protocol" => draft.protocol = Some((protocol(node), node.span_of(1))),
            "persistence_timeout" => {
                let seconds = if node.argument(1).is_some() { value.int() } else { Some(360) };
                draft.persistence_timeout = seconds.or(draft.persistence_timeout);
            }
            "persistence_granularity" => self.granularity(node, draft),
            "sorry_server" => {
                let port = node.argument(2).and_then(|_| self.port(node, "sorry_server"));
                if let Some(address) = self.address(node, "sorry_server", 1) {
                    draft.sorry = Some(SorryDraft { address, port, forwarding: None, inhibit: false });
                }
            }
            "sorry_server_inhibit" | "sorry_server_lvs_method" if draft.sorry.is_none() => {
                let message = format!("Ignoring {} used before or without sorry_server", node.name());
                self.report(
                    Diagnostic::error("wrong-order", node.span(), message)
                        .expected("sorry_server before it"),
                );
            }
            "sorry_server_inhibit" => draft.sorry.iter_mut().for_each(|sorry| sorry.inhibit = true),
            "sorry_server_lvs_method" => {
                let forwarding = self.forwarding(node);
                draft.sorry.iter_mut().for_each(|sorry| sorry.forwarding = forwarding);
            }
            "quorum_up" | "quorum_down" => {
                let Some(command) = value.script() else { return };
                self.need_script(&command, node.name(), ScriptKind::CheckNotify, node.span_of(1));
                let up = node.name() == "quorum_up";
                *(if up { &mut draft.quorum_up } else { &mut draft.quorum_down }) = Some(command);
            }
            "sh-port" | "sh-fallback" | "mh-port" | "mh-fallback" => self.scheduler_flag(node, draft),
            _ => plain(node, value, draft),
        }
    }

    /// `sh-port` and its like go with their scheduler only.
    fn scheduler_flag(&mut self, node: &Node, draft: &mut ServiceDraft) {
        let (wanted, flag) = node.name().split_once('-').unwrap_or(("", ""));
        if draft.scheduler.as_deref() == Some(wanted) {
            draft.flags |= if flag == "fallback" { SCHED_FLAGS[0] } else { SCHED_FLAGS[1] };
            return;
        }
        let message = format!("{} is only for the scheduler {wanted}; it is ignored", node.name());
        self.report(
            Diagnostic::error("wrong-scheduler", node.span(), message)
                .expected(format!("lvs_sched {wanted} in a line above")),
        );
    }

    /// `NAT`, `DR`, or `TUN [type ipip|gue|gre] [port N] [nocsum|csum|remcsum]`
    fn forwarding(&mut self, node: &Node) -> Option<Forwarding> {
        let word = node.argument(1)?;
        match word {
            "NAT" => return Some(Forwarding::Masq),
            "DR" => return Some(Forwarding::DirectRoute),
            "TUN" => {}
            _ => {
                let message = format!("PARSER : unknown [{word}] routing method for virtual server.");
                let mut diagnostic =
                    Diagnostic::error("unknown-value", node.span_of(1), message).expected("NAT, DR or TUN");
                if matches!(word.to_ascii_uppercase().as_str(), "NAT" | "DR" | "TUN") {
                    diagnostic = diagnostic.help(format!(
                        "write '{}': the case of the letters counts",
                        word.to_ascii_uppercase()
                    ));
                }
                self.report(diagnostic);
                return None;
            }
        }
        let mut tunnel = Tunnel::default();
        let mut port = None;
        let mut checksum = None;
        let mut at = 2;
        while let Some(word) = node.argument(at) {
            match (word, node.argument(at + 1)) {
                ("type", Some("ipip")) => tunnel.kind = 0,
                ("type", Some("gue")) => tunnel.kind = 1,
                ("type", Some("gre")) => tunnel.kind = 2,
                ("port", Some(_)) => port = self.int(node, "port", at + 1, (1, 65_535), false),
                ("nocsum", _) => checksum = Some(0),
                ("csum", _) => checksum = Some(1),
                ("remcsum", _) => checksum = Some(2),
                _ => {
                    self.unknown_option(
                        node,
                        at,
                        "TUN",
                        "type ipip|gue|gre, port N, nocsum, csum or remcsum",
                    );
                    return None;
                }
            }
            at += if matches!(word, "type" | "port") { 2 } else { 1 };
        }
        let good = match tunnel.kind {
            1 => port.is_some(),
            0 => port.is_none() && checksum.is_none(),
            _ => port.is_none() && checksum != Some(2),
        };
        if !good {
            let message = "these options of TUN do not go together";
            let (expected, kind) = match tunnel.kind {
                1 => ("a port", "gue"),
                0 => ("neither port nor checksum", "ipip"),
                _ => ("neither port nor remcsum", "gre"),
            };
            self.report(
                Diagnostic::error("bad-tunnel", node.span_of(1), message)
                    .expected(format!("{expected} with type {kind}")),
            );
            return None;
        }
        tunnel.port = port.and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
        tunnel.flags = checksum.unwrap_or(0);
        Some(Forwarding::Tunnel(tunnel))
    }

    fn granularity(&mut self, node: &Node, draft: &mut ServiceDraft) {
        let word = node.argument(1).unwrap_or("");
        let v6 = matches!(draft.target, Target::Address { address: IpAddr::V6(_), .. });
        match (word.parse::<Ipv4Addr>(), word.parse::<u8>()) {
            (Ok(mask), _) if !v6 => draft.persistence_mask_v4 = Some(mask),
            (_, Ok(length @ 1..=128)) if v6 => draft.persistence_prefix_v6 = Some(length),
            _ => {
                let message = format!("Invalid persistence_granularity specified - {word}");
                self.report(
                    Diagnostic::error("bad-address", node.span_of(1), message)
                        .expected("a netmask for IPv4, a prefix length for IPv6"),
                );
            }
        }
    }

    fn real_server(&mut self, node: &Node, service: &mut ServiceDraft) {
        let target = service.target.clone();
        let Some(word) = node.argument(1) else {
            self.reject(
                RejectedKind::RealServer(target, None),
                node.span(),
                "a real_server has no address",
            );
            return;
        };
        let Ok(address) = word.parse::<IpAddr>() else {
            let message = format!("Invalid real server ip address {word} - skipping");
            self.report(Diagnostic::error("bad-address", node.span_of(1), message).expected("IP [PORT]"));
            let reason = format!("the address of real_server '{word}' cannot be read");
            self.reject(RejectedKind::RealServer(target, None), node.span_of(1), reason);
            return;
        };
        let port = match node.argument(2) {
            None => None,
            Some(_) => match self.port(node, "real_server") {
                Some(port) => Some(port),
                None => {
                    let reason = format!("the port of real_server '{word}' cannot be read");
                    self.reject(RejectedKind::RealServer(target, None), node.span_of(2), reason);
                    return;
                }
            },
        };
        let mut draft = RealDraft {
            address,
            port,
            span: node.span_of(1),
            port_span: node.span_of(2),
            weight: None,
            forwarding: None,
            upper_threshold: 0,
            lower_threshold: 0,
            inhibit: None,
            alpha: None,
            notify_up: None,
            notify_down: None,
            smtp_alert: None,
            virtualhost: None,
            defaults: CheckDefaults::default(),
            checks: Vec::new(),
        };
        self.each(node.nodes(), |lower, node, value| lower.real_keyword(node, value, &mut draft));
        service.real_servers.push(draft);
    }

    fn real_keyword(&mut self, node: &Node, value: Value, draft: &mut RealDraft) {
        if shared(node, &value, &mut draft.defaults) {
            return;
        }
        match node.name() {
            "weight" => draft.weight = value.int().or(draft.weight),
            "lvs_method" => draft.forwarding = self.forwarding(node).or(draft.forwarding),
            "uthreshold" => set(&mut draft.upper_threshold, value.int()),
            "lthreshold" => set(&mut draft.lower_threshold, value.int()),
            "inhibit_on_failure" => draft.inhibit = Some(value.yes()),
            "alpha" => draft.alpha = Some(value.yes()),
            "smtp_alert" => draft.smtp_alert = Some(value.yes()),
            "virtualhost" => draft.virtualhost = value.text(),
            "notify_up" | "notify_down" => {
                let Some(command) = value.script() else { return };
                self.need_script(&command, node.name(), ScriptKind::CheckNotify, node.span_of(1));
                let up = node.name() == "notify_up";
                *(if up { &mut draft.notify_up } else { &mut draft.notify_down }) = Some(command);
            }
            name if name.ends_with("_CHECK") || name.ends_with("_GET") => self.check(node, draft),
            _ => {}
        }
    }
}

impl ServiceDraft {
    fn new(target: Target, span: Option<Span>) -> ServiceDraft {
        ServiceDraft {
            target,
            span,
            causes: Causes::new(),
            defaults: CheckDefaults::default(),
            protocol: None,
            scheduler: None,
            flags: 0,
            one_packet: None,
            forwarding: None,
            persistence_timeout: None,
            persistence_mask_v4: None,
            persistence_prefix_v6: None,
            persistence_engine: None,
            quorum: 1,
            quorum_span: None,
            hysteresis: 0,
            hysteresis_span: None,
            weight: 1,
            quorum_up: None,
            quorum_down: None,
            inhibit: false,
            alpha: false,
            omega: false,
            ha_suspend: None,
            virtualhost: None,
            sorry: None,
            real_servers: Vec::new(),
            smtp_alert: None,
        }
    }
}

/// Settings that services, real servers and checks have alike. `false`: the keyword is none of them.
pub fn shared(node: &Node, value: &Value, defaults: &mut CheckDefaults) -> bool {
    match node.name() {
        "retry" | "nb_get_retry" => defaults.retry = value.int().or(defaults.retry),
        "delay_before_retry" => {
            defaults.delay_before_retry = value.decimal().or(defaults.delay_before_retry)
        }
        "warmup" => defaults.warmup = value.decimal().or(defaults.warmup),
        "connect_timeout" => defaults.connect_timeout = value.decimal().or(defaults.connect_timeout),
        "delay_loop" => defaults.delay_loop = value.decimal().or(defaults.delay_loop),
        _ => return false,
    }
    true
}

/// Keywords that are only stored.
fn plain(node: &Node, value: Value, draft: &mut ServiceDraft) {
    if shared(node, &value, &mut draft.defaults) {
        return;
    }
    match node.name() {
        "lb_algo" | "lvs_sched" => {
            draft.scheduler = value.text().map(Into::into);
            draft.flags = 0;
        }
        "ops" => draft.one_packet = Some(node.span()),
        "flag-1" => draft.flags |= SCHED_FLAGS[0],
        "flag-2" => draft.flags |= SCHED_FLAGS[1],
        "flag-3" => draft.flags |= SCHED_FLAGS[2],
        "persistence_engine" => draft.persistence_engine = value.text().map(Into::into),
        "quorum" => {
            set(&mut draft.quorum, value.int());
            draft.quorum_span = node.span_of(1);
        }
        "hysteresis" => {
            set(&mut draft.hysteresis, value.int());
            draft.hysteresis_span = node.span_of(1);
        }
        "weight" => set(&mut draft.weight, value.int()),
        "inhibit_on_failure" => draft.inhibit = true,
        "alpha" => draft.alpha = true,
        "omega" => draft.omega = true,
        "ha_suspend" => draft.ha_suspend = Some(node.span()),
        "virtualhost" => draft.virtualhost = value.text(),
        "smtp_alert" => draft.smtp_alert = Some(value.yes()),
        _ => {}
    }
}

fn protocol(node: &Node) -> Protocol {
    match node.argument(1).unwrap_or("").to_ascii_uppercase().as_str() {
        "UDP" => Protocol::Udp,
        "SCTP" => Protocol::Sctp,
        _ => Protocol::Tcp,
    }
}
