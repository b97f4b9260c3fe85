//! What a virtual server means as a whole: defaults, corrections, real servers that do not fit.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::Lower;
use super::check::Surroundings;
use super::real_server::{RealDraft, RealDrafts};
use super::service::{CheckDefaults, ServiceDraft, SorryDraft};
use super::service_scope::{Scope, ServiceName};
use crate::config::model::lvs::{RealOptions, SorryServer, Target};
use crate::config::model::{RealServer, VirtualServer};
use crate::config::policy::RejectedKind;
use crate::diag::{Class, Diagnostic, Span};
use crate::ids::Family;
use crate::objects::ipvs::{Forwarding, Protocol, SVC_F_ONEPACKET};

/// `persistence_timeout` without a value, and where persistence is needed and not asked for.
const DEFAULT_PERSISTENCE: u32 = 360;

/// What holds for the service as a whole.
struct Whole {
    /// As keepalived's log names it.
    name: ServiceName,
    scope: Scope,
    protocol: Protocol,
    forwarding: Forwarding,
}

impl Lower<'_> {
    /// Completes one and puts it into the model.
    pub fn complete_service(&mut self, mut draft: ServiceDraft) {
        if !self.sorry_fits(&draft) {
            draft.sorry = None;
        }
        let Some(scope) = self.scope(&draft) else { return };
        let reals = std::mem::take(&mut draft.real_servers);
        let protocol = self.protocol_of(&draft, &scope);
        let name = scope.name(&draft.target, Some(protocol));
        if reals.len() == 0 {
            let message = format!("Virtual server {name} has no real servers - ignoring");
            if !self.follows(&draft.causes, &["real_server"], "the service has none and is left out") {
                self.report(
                    Diagnostic::error("no-real-servers", draft.span, message)
                        .expected("real_server IP [PORT] { }"),
                );
            }
            let reason = format!("virtual_server {name} has no real servers");
            self.reject(RejectedKind::Service(Some(draft.target.clone())), draft.span, reason);
            return;
        }
        // As keepalived: tunnels to both families are no reason for IPv6.
        if let Target::Fwmark { family, .. } = &mut draft.target {
            *family = draft.family.or_else(|| reals.family()).unwrap_or(Family::V4);
        }
        let scheduler = draft.scheduler.clone().unwrap_or_else(|| {
            if !self.follows(&draft.causes, &["lvs_sched", "lb_algo"], "'wlc' is used") {
                self.default_used(
                    &draft,
                    "no-scheduler",
                    format!("Virtual server {name}: no scheduler set, setting default 'wlc'"),
                    "lvs_sched NAME",
                );
            }
            "wlc".into()
        });
        let forwarding = draft.forwarding.unwrap_or_else(|| {
            if !self.follows(&draft.causes, &["lvs_method", "lb_kind"], "NAT is used") {
                self.default_used(
                    &draft,
                    "no-forwarding",
                    format!("Virtual server {name}: no forwarding method set, setting default NAT"),
                    "lvs_method NAT, DR or TUN",
                );
            }
            Forwarding::Masq
        });
        let whole = Whole { name, scope, protocol, forwarding };
        let persistence_timeout = self.persistence(&draft, &whole);
        let flags = self.flags(&draft, &whole);
        let defaults = draft.defaults;
        let real_servers = self.real_servers(reals, &draft, &whole);
        let (quorum, hysteresis) = self.quorum(&draft, &real_servers, &whole.name);
        let ha_suspend = self.ha_suspend(&draft, &whole);
        let sorry_server = draft.sorry.take().map(|sorry| self.sorry_server_of(sorry, &draft, &whole));
        self.return_path(&draft, (&real_servers, sorry_server.as_ref()), &whole.name);
        let mail = self.mail_of_checkers();
        let service = VirtualServer {
            protocol,
            scheduler,
            flags,
            forwarding,
            persistence_timeout,
            persistence_mask_v4: draft.persistence_mask_v4.unwrap_or(Ipv4Addr::BROADCAST),
            persistence_prefix_v6: draft.persistence_prefix_v6.unwrap_or(128),
            persistence_engine: draft.persistence_engine,
            delay_loop: defaults.delay_loop.unwrap_or(Duration::from_secs(60)),
            quorum,
            hysteresis,
            quorum_up: draft.quorum_up,
            quorum_down: draft.quorum_down,
            alpha: draft.alpha,
            omega: draft.omega,
            drain_timeout: draft.drain_timeout,
            return_path_snat: draft.return_path_snat.is_some(),
            ha_suspend,
            virtualhost: draft.virtualhost,
            sorry_server,
            real_servers,
            smtp_alert: draft.smtp_alert.or(mail).unwrap_or(false),
            snmp_name: draft.snmp_name,
            group: whole.scope.group,
            target: draft.target,
        };
        self.add_service(service, draft.span, &whole.name);
    }

    /// What `global_defs` says of the mail of all services and real servers.
    fn mail_of_checkers(&self) -> Option<bool> {
        let global = &self.loaded.config.global;
        global.smtp_alert_checker.or(global.smtp_alert)
    }

    fn add_service(&mut self, service: VirtualServer, span: Option<Span>, name: &ServiceName) {
        let index = &mut self.services;
        if let Some(first) = index.get(&(service.target.clone(), service.protocol)).copied() {
            let message = format!("virtual_server {name} is defined twice; the second one is ignored");
            let mut diagnostic = Diagnostic::error("defined-twice", span, message).class(Class::Silent);
            if let Some(first) = first {
                diagnostic = diagnostic.related(first, "the first one");
            }
            self.report(diagnostic);
            return;
        }
        index.insert((service.target.clone(), service.protocol), span);
        self.loaded.config.virtual_servers.push(Arc::new(service));
    }

    fn default_used(&mut self, draft: &ServiceDraft, code: &'static str, message: String, expected: &str) {
        self.report(Diagnostic::warning(code, draft.span, message).expected(expected));
    }

    fn protocol_of(&mut self, draft: &ServiceDraft, scope: &Scope) -> Protocol {
        match draft.protocol {
            Some((protocol, _)) if scope.addresses => protocol,
            Some((protocol, span)) => {
                let name = scope.name(&draft.target, Some(protocol));
                let message = format!(
                    "Warning: Virtual server {name}: protocol specified for fwmark - protocol will be ignored"
                );
                self.report(
                    Diagnostic::warning("protocol-with-fwmark", span, message).help("remove the line"),
                );
                Protocol::Tcp
            }
            None if scope.addresses => {
                if !self.follows(&draft.causes, &["protocol"], "UDP is used") {
                    let name = scope.name(&draft.target, None);
                    let message = format!("Virtual server {name}: no protocol set - defaulting to UDP");
                    self.default_used(draft, "no-protocol", message, "protocol TCP, UDP or SCTP");
                }
                Protocol::Udp
            }
            None => Protocol::Tcp,
        }
    }

    fn persistence(&mut self, draft: &ServiceDraft, whole: &Whole) -> Option<u32> {
        let granular = draft.persistence_mask_v4.is_some() || draft.persistence_prefix_v6.is_some();
        let timeout = draft.persistence_timeout.or(granular.then_some(DEFAULT_PERSISTENCE));
        if timeout.is_none() && whole.scope.any_port {
            let name = &whole.name;
            let message =
                format!("Virtual server {name}: port zero only valid for persistent services - setting");
            self.default_used(draft, "port-zero", message, "a port, or persistence_timeout SECONDS");
            return Some(DEFAULT_PERSISTENCE);
        }
        timeout
    }

    fn flags(&mut self, draft: &ServiceDraft, whole: &Whole) -> u32 {
        let Some(span) = draft.one_packet else { return draft.flags };
        if whole.protocol == Protocol::Udp || !whole.scope.addresses {
            return draft.flags | SVC_F_ONEPACKET;
        }
        let message =
            format!("Virtual server {}: one packet scheduling requires UDP - resetting", whole.name);
        self.report(Diagnostic::error("ops-without-udp", span, message).expected("protocol UDP"));
        draft.flags
    }

    fn ha_suspend(&mut self, draft: &ServiceDraft, whole: &Whole) -> bool {
        let Some(span) = draft.ha_suspend else { return false };
        if whole.scope.addresses {
            return true;
        }
        let message =
            format!("Virtual server {}: cannot use ha_suspend with fwmarks - clearing", whole.name);
        self.report(Diagnostic::error("suspend-with-fwmark", span, message).help("remove the line"));
        false
    }

    /// It changes nothing where no server is reached by NAT.
    fn return_path(
        &mut self,
        draft: &ServiceDraft,
        (reals, sorry): (&[RealServer], Option<&SorryServer>),
        name: &ServiceName,
    ) {
        let Some(span) = draft.return_path_snat else { return };
        let methods = reals.iter().map(|real| real.forwarding).chain(sorry.map(|sorry| sorry.forwarding));
        if !{ methods }.any(|method| method == Forwarding::Masq) {
            let message = format!("Virtual server {name}: return_path snat has no effect without NAT");
            self.report(
                Diagnostic::warning("return-path-without-nat", span, message)
                    .expected("lvs_method NAT")
                    .help("remove the line: with DR and TUN replies go straight to the client, as they should"),
            );
        }
    }

    fn quorum(&mut self, draft: &ServiceDraft, reals: &[RealServer], name: &ServiceName) -> (u32, u32) {
        let total = reals.iter().fold(0_u32, |sum, real| sum.saturating_add(real.weight));
        let mut quorum = draft.quorum;
        if quorum > total {
            let message = format!(
                "Warning - quorum {quorum} for {name} exceeds total weight of real servers {total}, reducing quorum to {total}"
            );
            self.report(
                Diagnostic::warning("quorum-too-high", draft.quorum_span.or(draft.span), message).expected(
                    if total == 0 {
                        "a real server with a weight: without one there is no quorum".to_owned()
                    } else {
                        format!("at most {total}, the sum of the weights")
                    },
                ),
            );
            quorum = total;
        }
        let mut hysteresis = draft.hysteresis;
        if total == 0 {
            return (0, 0);
        }
        if hysteresis >= quorum {
            if hysteresis > 0 {
                let message = format!(
                    "Virtual server {name}: hysteresis {hysteresis} >= quorum {quorum}; setting hysteresis to {}",
                    quorum - 1
                );
                self.report(
                    Diagnostic::warning("hysteresis-too-high", draft.hysteresis_span, message)
                        .expected(format!("at most {}, one less than the quorum", quorum - 1)),
                );
            }
            hysteresis = hysteresis.min(quorum - 1);
        }
        (quorum, hysteresis)
    }

    fn real_servers(
        &mut self,
        reals: RealDrafts,
        service: &ServiceDraft,
        whole: &Whole,
    ) -> Vec<RealServer> {
        let mut found: Vec<RealServer> = Vec::with_capacity(reals.len());
        let mut seen: FxHashMap<(IpAddr, u16), Option<Span>> = FxHashMap::default();
        seen.reserve(reals.len());
        for real in reals.into_pieces() {
            let forwarding = real.forwarding.unwrap_or(whole.forwarding);
            let port = self.real_port(&real, service, whole, forwarding);
            let span = real.span;
            if let Some(first) = seen.insert((real.address, port), span) {
                let message = format!(
                    "Duplicate real server [{}]:{port} in virtual server {} - ignoring",
                    real.address, whole.name
                );
                self.report(
                    Diagnostic::error("defined-twice", span, message)
                        .first_at(first)
                        .help("remove it, or correct its address or port"),
                );
                continue;
            }
            found.push(self.real_server_of(&real, port, service, forwarding));
        }
        found
    }

    /// DR and TUN leave the packet as it is: the real server gets the service's port.
    fn real_port(
        &mut self,
        real: &RealDraft,
        service: &ServiceDraft,
        whole: &Whole,
        forwarding: Forwarding,
    ) -> u16 {
        let of_service = port_of(&service.target);
        let Some(written) = real.port else { return of_service };
        if !forwarding.keeps_port() {
            return written;
        }
        self.port_ignored(real, written, service, whole);
        // Each member of a group has a port of its own.
        if whole.scope.group.is_some() { written } else { of_service }
    }

    fn port_ignored(&mut self, real: &RealDraft, written: u16, service: &ServiceDraft, whole: &Whole) {
        let name = &whole.name;
        let server = || {
            let protocol = whole.scope.protocol_name(whole.protocol);
            format!("[{}]:{protocol}:{written}", real.address)
        };
        if whole.scope.marks {
            let message = format!(
                "WARNING - fwmark virtual server {name}, real server {} has port specified - port will be ignored",
                server()
            );
            self.report(
                Diagnostic::warning("port-ignored", real.port_span, message)
                    .help("remove the port: DR and TUN cannot change it"),
            );
        }
        let different = whole.scope.ports(&service.target).find(|port| *port != written);
        if let Some(port) = different {
            let message = format!(
                "WARNING - virtual server {name} and real server {} ports don't match - resetting",
                server()
            );
            self.report(
                Diagnostic::warning("port-ignored", real.port_span, message)
                    .expected(format!("{port}, the service's port: DR and TUN cannot change it")),
            );
        }
    }

    /// As a real server, but whatever the order of the lines.
    fn sorry_fits(&mut self, draft: &ServiceDraft) -> bool {
        let (Some(sorry), Some(family)) = (&draft.sorry, draft.family) else { return true };
        let tunnel = matches!(sorry.forwarding.or(draft.forwarding), Some(Forwarding::Tunnel(_)));
        if tunnel || family == Family::of(sorry.address) {
            return true;
        }
        let message = format!(
            "Address family of virtual server and sorry server {} don't match - skipping sorry server.",
            sorry.address
        );
        self.report(
            Diagnostic::error("wrong-family", sorry.span, message)
                .expected(format!("an {family} address"))
                .help("only TUN carries one family in the other"),
        );
        false
    }

    /// What is used when the quorum is lost.
    fn sorry_server_of(&mut self, sorry: SorryDraft, service: &ServiceDraft, whole: &Whole) -> SorryServer {
        let forwarding = sorry.forwarding.unwrap_or(whole.forwarding);
        let of_service = port_of(&service.target);
        let mut port = sorry.port.unwrap_or(of_service);
        if let Some(written) = sorry.port.filter(|_| forwarding.keeps_port()) {
            let differs =
                whole.scope.marks || whole.scope.ports(&service.target).any(|port| port != written);
            if differs {
                let message = format!(
                    "WARNING - virtual server {}, sorry server has port specified - port will be ignored",
                    whole.name
                );
                self.report(
                    Diagnostic::warning("port-ignored", sorry.port_span, message)
                        .expected("the service's port: DR and TUN cannot change it"),
                );
            }
            port = if whole.scope.group.is_some() { written } else { of_service };
        }
        SorryServer { address: sorry.address, port, forwarding, inhibit: sorry.inhibit }
    }

    fn real_server_of(
        &mut self,
        real: &RealDraft,
        port: u16,
        service: &ServiceDraft,
        forwarding: Forwarding,
    ) -> RealServer {
        let block = &real.block;
        let global = &self.loaded.config.global;
        let alpha = block.alpha.unwrap_or(service.alpha);
        let around = Surroundings {
            server: SocketAddr::new(real.address, real.port.unwrap_or(port)),
            defaults: inherit(*block.defaults, service.defaults),
            alpha,
            log_all_failures: global.checker_log_all_failures,
            virtualhost: block.virtualhost.as_deref().or(service.virtualhost.as_deref()),
            delay_loop: service.defaults.delay_loop,
        };
        if let Some(span) = block.lost_check {
            let server = (real.address, port);
            let reason = format!("a check of the real server {} cannot be used", real.address);
            self.reject(RejectedKind::Check(service.target.clone(), server), span, reason);
        }
        let checks =
            block.checks.iter().map(|check| Arc::new(self.complete_check(check, &around))).collect();
        let mail = self.mail_of_checkers();
        RealServer {
            address: real.address,
            port,
            weight: block.weight.unwrap_or(service.weight),
            forwarding,
            upper_threshold: block.upper_threshold,
            lower_threshold: block.lower_threshold,
            inhibit_on_failure: block.inhibit.unwrap_or(service.inhibit),
            smtp_alert: block.smtp_alert.or(mail).unwrap_or(true),
            checks,
            options: block.options.clone().filter(|options| **options != RealOptions::default()),
        }
    }
}

/// 0 where the packets may have any, or the members of a group have their own.
fn port_of(target: &Target) -> u16 {
    if let Target::Address { port, .. } = target { *port } else { 0 }
}

fn inherit(own: CheckDefaults, outer: CheckDefaults) -> CheckDefaults {
    CheckDefaults {
        retry: own.retry.or(outer.retry),
        delay_before_retry: own.delay_before_retry.or(outer.delay_before_retry),
        warmup: own.warmup.or(outer.warmup),
        connect_timeout: own.connect_timeout.or(outer.connect_timeout),
        delay_loop: own.delay_loop.or(outer.delay_loop),
    }
}
