//! `virtual_server`: each keyword to its place. What the whole means is in [`super::service_rules`].

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::cause::Causes;
use super::global::set;
use super::read::Value;
use super::real_server::RealDrafts;
use super::{Lower, Seen};
use crate::config::host::ScriptKind;
use crate::config::model::Command;
use crate::config::model::lvs::Target;
use crate::config::policy::RejectedKind;
use crate::config::syntax::Node;
use crate::diag::{Class, Diagnostic, Span};
use crate::ids::{Family, Name};
use crate::objects::ipvs::{Forwarding, Protocol, SVC_F_HASHED, SVC_F_SCHED};

/// Settings that checks take from the real server, and it from the virtual server.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct CheckDefaults {
    pub retry: Option<u32>,
    pub delay_before_retry: Option<Duration>,
    pub warmup: Option<Duration>,
    pub connect_timeout: Option<Duration>,
    pub delay_loop: Option<Duration>,
}

/// The longest name of a persistence engine, in bytes.
const LONGEST_ENGINE: usize = 15;

/// Keywords of which it is known whether they are wrong rather than missing.
const CAUSES: &[&str] = &["protocol", "lvs_method", "lb_kind", "lvs_sched", "lb_algo", "real_server"];

/// A service whose lines are being read.
pub struct OpenService {
    draft: ServiceDraft,
    /// Its keywords that count only once.
    seen: Seen,
}

/// A service as it is written.
#[derive(Debug)]
pub struct ServiceDraft {
    pub target: Target,
    /// Of a firewall mark or a group the first that is said: by `ip_family`, a mask, or a real server that is
    /// not reached by a tunnel.
    pub family: Option<Family>,
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
    pub drain_timeout: Option<Duration>,
    /// Where `return_path snat` stands.
    pub return_path_snat: Option<Option<Span>>,
    pub ha_suspend: Option<Option<Span>>,
    pub virtualhost: Option<String>,
    pub sorry: Option<SorryDraft>,
    pub real_servers: RealDrafts,
    pub smtp_alert: Option<bool>,
    pub snmp_name: Option<Name>,
}

/// `sorry_server`
#[derive(Debug)]
pub struct SorryDraft {
    pub address: IpAddr,
    pub port: Option<u16>,
    pub span: Option<Span>,
    pub port_span: Option<Span>,
    pub forwarding: Option<Forwarding>,
    pub inhibit: bool,
}

impl Lower<'_> {
    /// Begins a service with the first lines of its block.
    pub fn service(&mut self, node: &Node) {
        let Some(target) = self.target(node) else {
            self.reject(
                RejectedKind::Service(None),
                node.span_of(1),
                "the address of a virtual_server cannot be read",
            );
            return;
        };
        let draft = ServiceDraft::new(target, node.span_of(1));
        self.open_service = Some(OpenService { draft, seen: Seen::new() });
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

    /// Completes the service whose last lines were taken, if there is one. One of a group that is not defined
    /// yet waits for it.
    pub fn finish_service(&mut self, node: &Node) {
        let Some(open) = self.open_service.take_if(|_| node.name() == "virtual_server") else { return };
        match &open.draft.target {
            Target::Group(name) if !self.server_groups.contains_key(name) => {
                self.waiting_services.push(open.draft);
            }
            _ => self.complete_service(open.draft),
        }
    }

    /// Completes those whose groups stand below them, or nowhere.
    pub fn finish_waiting_services(&mut self) {
        for draft in std::mem::take(&mut self.waiting_services) {
            self.complete_service(draft);
        }
    }

    /// `IP [PORT]`, `fwmark N` or `group NAME`
    fn target(&mut self, node: &Node) -> Option<Target> {
        if let (Some(kind @ ("group" | "fwmark")), None) = (node.argument(1), node.argument(2)) {
            let message = format!("virtual_server {kind} is missing its parameter");
            let span = node.span_of(1).map(Span::after);
            self.report(
                Diagnostic::error("missing-parameter", span, message)
                    .class(Class::Exit)
                    .expected("fwmark N or group NAME"),
            );
            return None;
        }
        if let (Some("group"), Some(name)) = (node.argument(1), node.argument(2)) {
            return Some(Target::Group(name.into()));
        }
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

    /// The second word.
    pub fn port(&mut self, node: &Node, name: &str) -> Option<u16> {
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
            "ip_family" => self.ip_family(node, value, draft),
            "sorry_server" => draft.sorry = self.sorry_server(node).or(draft.sorry.take()),
            "sorry_server_inhibit" | "sorry_server_lvs_method" if draft.sorry.is_none() => {
                let message = format!("Ignoring {} used before or without sorry_server", node.name());
                self.report(
                    Diagnostic::error("wrong-order", node.span(), message)
                        .expected("sorry_server before it"),
                );
            }
            "sorry_server_inhibit" => draft.sorry.iter_mut().for_each(|sorry| sorry.inhibit = true),
            "sorry_server_lvs_method" => {
                let Some(forwarding) = self.forwarding(node) else { return };
                draft.sorry.iter_mut().for_each(|sorry| sorry.forwarding = Some(forwarding));
            }
            "quorum_up" | "quorum_down" => {
                let Some(command) = value.script() else { return };
                self.need_script(&command, node.name(), ScriptKind::CheckNotify, node.span_of(1));
                let up = node.name() == "quorum_up";
                *(if up { &mut draft.quorum_up } else { &mut draft.quorum_down }) = Some(command);
            }
            "persistence_engine" => draft.persistence_engine = self.engine(node),
            "snmp_name" => draft.snmp_name = self.snmp_name(node).or(draft.snmp_name.take()),
            "hashed" => self.hashed(node, draft),
            "sh-port" | "sh-fallback" | "mh-port" | "mh-fallback" => self.scheduler_flag(node, draft),
            _ => plain(node, value, draft),
        }
    }

    /// The service's family is that of its address, or the first that is said.
    fn ip_family(&mut self, node: &Node, value: Value, draft: &mut ServiceDraft) {
        let Some(word) = value.text() else { return };
        let family = if word == "inet" { Family::V4 } else { Family::V6 };
        if *draft.family.get_or_insert(family) == family {
            return;
        }
        let message = format!("Virtual server specified family {word} conflicts with server family");
        self.report(
            Diagnostic::error("wrong-family", node.span_of(1), message).help("the line is ignored"),
        );
    }

    /// `IP [PORT]`; with a mistake in it the line counts for nothing.
    fn sorry_server(&mut self, node: &Node) -> Option<SorryDraft> {
        let address = self.address(node, "sorry_server", 1)?;
        let port = match node.argument(2) {
            None => None,
            Some(_) => Some(self.port(node, "sorry_server")?).filter(|port| *port != 0),
        };
        let (span, port_span) = (node.span_of(1), node.span_of(2));
        Some(SorryDraft { address, port, span, port_span, forwarding: None, inhibit: false })
    }

    /// A name that is too long is cut.
    fn engine(&mut self, node: &Node) -> Option<Name> {
        let word = node.argument(1)?;
        if word.len() <= LONGEST_ENGINE {
            return Some(word.into());
        }
        let message = format!("persistence_engine name too long, truncating - {word}");
        let cut = word.get(..LONGEST_ENGINE).unwrap_or("");
        self.report(
            Diagnostic::error("name-too-long", node.span_of(1), message)
                .expected("at most 15 characters")
                .help(format!("'{cut}' is used")),
        );
        Some(cut.into())
    }

    /// Exactly one word.
    pub fn snmp_name(&mut self, node: &Node) -> Option<Name> {
        if let (Some(word), None) = (node.argument(1), node.argument(2)) {
            return Some(word.into());
        }
        let message = "snmp_name missing or extra parameters";
        let code = if node.argument(1).is_none() { "missing-parameter" } else { "extra-words" };
        self.report(
            Diagnostic::error(code, node.span(), message)
                .expected("one word")
                .help("put a name of several words in quotes"),
        );
        None
    }

    /// The kernel sets the flag itself; what is left is the complaint.
    fn hashed(&mut self, node: &Node, draft: &mut ServiceDraft) {
        if matches!(draft.scheduler.as_deref(), Some("sh" | "mh")) {
            draft.flags |= SVC_F_HASHED;
            return;
        }
        let message = "hashed only applies to sh scheduler - ignoring";
        self.report(
            Diagnostic::error("wrong-scheduler", node.span(), message)
                .help("remove the line; it has no effect"),
        );
    }

    /// `sh-port` and its like go with their scheduler only. keepalived says nothing where it is the other one
    /// of the two.
    fn scheduler_flag(&mut self, node: &Node, draft: &mut ServiceDraft) {
        let (wanted, flag) = node.name().split_once('-').unwrap_or(("", ""));
        let scheduler = draft.scheduler.as_deref();
        if scheduler == Some(wanted) {
            draft.flags |= if flag == "fallback" { SVC_F_SCHED[0] } else { SVC_F_SCHED[1] };
            return;
        }
        let class = if matches!(scheduler, Some("sh" | "mh")) { Class::Silent } else { Class::Fault };
        let message = format!("{} is only for the scheduler {wanted}; it is ignored", node.name());
        self.report(
            Diagnostic::error("wrong-scheduler", node.span(), message)
                .class(class)
                .expected(format!("lvs_sched {wanted} in a line above")),
        );
    }

    fn granularity(&mut self, node: &Node, draft: &mut ServiceDraft) {
        let word = node.argument(1).unwrap_or("");
        let written = if word.contains('.') { Family::V4 } else { Family::V6 };
        let v6 = draft.family.unwrap_or(written) == Family::V6;
        match (word.parse::<Ipv4Addr>(), word.parse::<u8>()) {
            (Ok(mask), _) if !v6 => draft.persistence_mask_v4 = Some(mask),
            (_, Ok(length @ 1..=128)) if v6 => draft.persistence_prefix_v6 = Some(length),
            _ => {
                let message = format!("Invalid persistence_granularity specified - {word}");
                self.report(
                    Diagnostic::error("bad-address", node.span_of(1), message)
                        .expected("a netmask for IPv4, a prefix length for IPv6"),
                );
                return;
            }
        }
        draft.family.get_or_insert(written);
    }
}

impl ServiceDraft {
    fn new(target: Target, span: Option<Span>) -> ServiceDraft {
        let family =
            if let Target::Address { address, .. } = target { Some(Family::of(address)) } else { None };
        ServiceDraft {
            target,
            family,
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
            drain_timeout: None,
            return_path_snat: None,
            ha_suspend: None,
            virtualhost: None,
            sorry: None,
            real_servers: RealDrafts::default(),
            smtp_alert: None,
            snmp_name: None,
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
        }
        "ops" => draft.one_packet = Some(node.span()),
        "flag-1" => draft.flags |= SVC_F_SCHED[0],
        "flag-2" => draft.flags |= SVC_F_SCHED[1],
        "flag-3" => draft.flags |= SVC_F_SCHED[2],
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
        "drain_timeout" => {
            let seconds: u32 = value.int().unwrap_or(0);
            draft.drain_timeout = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
        }
        "return_path" => {
            draft.return_path_snat = value.text().map(|_| node.span()).or(draft.return_path_snat);
        }
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
