//! Traps of `virtual_server`.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use super::{Lints, child, place};
use crate::config::model::check::CheckKind;
use crate::config::model::lvs::Target;
use crate::config::model::{Check, RealServer, VirtualServer};
use crate::config::syntax::Node;
use crate::objects::ipvs::Forwarding;

/// A failed server keeps its clients for longer.
const LATE: Duration = Duration::from_secs(30);

impl Lints<'_> {
    pub(super) fn services(&mut self) {
        // In the order of the text; a block that is not in the model was told of.
        let instances = &self.loaded.config.instances;
        let all = instances.iter().flat_map(|one| one.addresses.iter().chain(&one.excluded));
        let addresses: HashSet<IpAddr> = all.map(|one| one.key.address()).collect();
        let mut services = self.loaded.config.virtual_servers.iter().peekable();
        for node in self.blocks("virtual_server") {
            if let Some(service) = services.next_if(|service| is_of(service, node)) {
                self.address(service, node, &addresses);
                self.service(service, node);
            }
        }
    }

    fn service(&mut self, service: &VirtualServer, node: &Node) {
        self.persistence(service, node);
        self.return_path(service, node);
        let checked =
            service.real_servers.iter().any(|real| real.checks.iter().any(|check| has_pace(check)));
        if checked && child(node, "delay_loop").is_none() && !own_delay(node) {
            self.say(
                "delay-loop-not-set",
                node.span_of(1),
                "without delay_loop the servers are looked at once a minute",
                "write delay_loop SECONDS",
            );
        }
        if service.sorry_server.is_none() && service.real_servers.len() == 1 {
            self.say(
                "single-server",
                node.span_of(1),
                "one real server and no sorry_server: when it fails the service is gone",
                "add another real_server, or a sorry_server",
            );
        }
        if let Some(sorry) = &service.sorry_server
            && service
                .real_servers
                .iter()
                .any(|real| (real.address, real.port) == (sorry.address, sorry.port))
        {
            self.say(
                "sorry-server-is-a-real-server",
                place(node, "sorry_server"),
                format!("{}:{} is a real server of the service too", sorry.address, sorry.port),
                "when all real servers fail, so does it; name another one",
            );
        }
        let mut reals = service.real_servers.iter().peekable();
        for block in node.nodes().iter().filter(|inner| inner.name() == "real_server") {
            if let Some(real) = reals.next_if(|real| is_real(real, block)) {
                self.real_server(service, real, block);
            }
        }
    }

    /// Somebody must have the address.
    fn address(&mut self, service: &VirtualServer, node: &Node, known: &HashSet<IpAddr>) {
        let Target::Address { address, .. } = &service.target else { return };
        if !self.loaded.config.instances.is_empty() && !known.contains(address) {
            self.say(
                "service-without-address",
                node.span_of(1),
                format!("no vrrp_instance of this file has the address {address}"),
                "add it to virtual_ipaddress, unless the host has it by other means",
            );
        }
    }

    fn persistence(&mut self, service: &VirtualServer, node: &Node) {
        if service.persistence_timeout.is_some() {
            self.remind(
                "persistence-binds-clients",
                place(node, "persistence_timeout"),
                "persistence_timeout sends everything of one client to one real server",
                "a test from one machine will see one server only; clients behind one NAT count as one",
            );
        }
    }

    fn return_path(&mut self, service: &VirtualServer, node: &Node) {
        match service.forwarding {
            Forwarding::Masq if service.return_path_snat => {}
            Forwarding::Masq => self.remind(
                "nat-return-path",
                place(node, "lvs_method").or_else(|| place(node, "lb_kind")),
                "with NAT the real servers must answer through this director",
                "make the director (its virtual address) their default gateway: another route around it breaks connections; \
                 or write 'return_path snat', which keepalived does not know",
            ),
            Forwarding::DirectRoute => self.remind(
                "dr-needs-the-address",
                place(node, "lvs_method").or_else(|| place(node, "lb_kind")),
                "with DR every real server needs the virtual address too, and must not answer ARP for it",
                "put it on lo with /32 and set arp_ignore=1, arp_announce=2 there",
            ),
            _ => {}
        }
    }

    fn real_server(&mut self, service: &VirtualServer, real: &RealServer, block: &Node) {
        let name = format!("{}:{}", real.address, real.port);
        let has_check = block.nodes().iter().any(|line| line.block.is_some());
        if !has_check {
            self.say(
                "server-without-check",
                block.span_of(1),
                format!("{name} has no check: it gets clients when it is dead"),
                "add TCP_CHECK { }, or the check of its protocol",
            );
        }
        if real.weight == 0 {
            self.say(
                "server-of-weight-zero",
                place(block, "weight"),
                format!("{name} has weight 0 and gets no new clients"),
                "that is right while it drains; else give it a weight",
            );
        }
        if let Target::Address { address, .. } = &service.target
            && real.address == *address
        {
            self.say(
                "server-is-the-service",
                block.span_of(1),
                format!("{name} is the address of the service itself"),
                "name the address of the server",
            );
        }
        for check in &real.checks {
            let kind = check.kind.keyword();
            if !check.kind.uses_network() {
                continue;
            }
            if check.pace.connect_timeout > check.pace.delay_loop {
                self.say(
                    "check-timeout-longer-than-interval",
                    place(block, kind),
                    format!(
                        "{name}: a check may last {} s, but the next is due after {} s",
                        check.pace.connect_timeout.as_secs_f64(),
                        check.pace.delay_loop.as_secs_f64()
                    ),
                    "choose a connect_timeout below delay_loop",
                );
            }
            let attempts = check.pace.retry.saturating_add(1);
            let late = check.pace.delay_loop
                + (check.pace.connect_timeout + check.pace.delay_before_retry).saturating_mul(attempts);
            if late > LATE && check.pace.delay_loop <= LATE {
                self.say(
                    "failure-noticed-late",
                    place(block, kind),
                    format!("{name}: a server that does not answer keeps its clients for up to {} s", late.as_secs_f64()),
                    "that is delay_loop, and connect_timeout and delay_before_retry for each attempt: lower them",
                );
            }
            if kind == "HTTP_GET" && check.target.port() == 443 {
                self.say(
                    "plain-http-on-443",
                    place(block, kind),
                    format!("{name}: HTTP_GET speaks no TLS"),
                    "use SSL_GET",
                );
            }
            if let CheckKind::Http(http) = &check.kind
                && http.urls.iter().any(|url| url.digest.is_some())
            {
                self.remind(
                    "digest-of-a-page",
                    place(block, kind),
                    "a digest is right only as long as every byte of the page stays the same",
                    "use a page made for the check, or status_code",
                );
            }
        }
    }
}

/// Whether the block is that of the service: the first of its address and port counts.
fn is_of(service: &VirtualServer, node: &Node) -> bool {
    match (&service.target, node.argument(1)) {
        (Target::Address { address, port }, Some(word)) => {
            word.parse() == Ok(*address)
                && node.argument(2).and_then(|word| word.parse().ok()).unwrap_or(0) == *port
        }
        (Target::Fwmark { mark, .. }, Some("fwmark")) => {
            node.argument(2).and_then(|word| word.parse().ok()) == Some(*mark)
        }
        (Target::Group(name), Some("group")) => node.argument(2) == Some(name),
        _ => false,
    }
}

/// Whether the block is that of the real server. DR and TUN give it the service's port.
fn is_real(real: &RealServer, block: &Node) -> bool {
    let address = block.argument(1).and_then(|word| word.parse::<std::net::IpAddr>().ok());
    let port = block.argument(2).and_then(|word| word.parse::<u16>().ok());
    let kept = matches!(real.forwarding, Forwarding::Masq);
    address == Some(real.address) && port.is_none_or(|port| !kept || real.port == port)
}

/// Whether a check comes again and again, rather than when it hears of a change.
fn has_pace(check: &Check) -> bool {
    !matches!(check.kind, CheckKind::File(_) | CheckKind::Bfd(_))
}

/// Whether the servers or their checks say themselves how often.
fn own_delay(node: &Node) -> bool {
    node.nodes().iter().any(|inner| inner.name() == "delay_loop" || own_delay(inner))
}
