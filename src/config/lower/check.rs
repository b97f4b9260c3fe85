//! Health checks: what all have in common, and what they take from their real server. What one kind alone
//! has is in `check_http` and its like.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::Lower;
use super::read::{LONGEST_INTERFACE, Value};
use super::real_server::RealBlock;
use super::service::{CheckDefaults, shared};
use crate::config::model::check::{
    BfdCheck, DnsCheck, FileCheck, HttpGet, MiscCheck, Pace, SmtpCheck, Source, UdpCheck,
};
use crate::config::model::{Check, CheckKind, TcpCheck};
use crate::config::syntax::Node;
use crate::diag::Diagnostic;
use crate::ids::{Family, Name};

/// How many different values are looked at for one that is equal.
const RECENT: usize = 8;

/// A check as it is written.
#[derive(Clone, Debug)]
pub struct CheckDraft {
    pub kind: CheckKind,
    place: Place,
    /// Most checks say the same.
    defaults: Arc<CheckDefaults>,
    alpha: Option<bool>,
    log_all_failures: Option<bool>,
}

/// Where a check connects to, and from where; the rest is the real server's.
#[derive(Clone, Debug, Default)]
pub struct Place {
    address: Option<IpAddr>,
    port: Option<u16>,
    source: Option<Arc<Source>>,
}

/// What a check gets from around it.
pub struct Surroundings<'a> {
    /// Where the real server listens, as written.
    pub server: SocketAddr,
    /// Real server's settings over those of the virtual server.
    pub defaults: CheckDefaults,
    pub alpha: bool,
    pub log_all_failures: bool,
    pub virtualhost: Option<&'a str>,
    /// The virtual server's own.
    pub delay_loop: Option<Duration>,
}

/// What checks have in common is held once.
#[derive(Default)]
pub struct Shared {
    paces: Recent<Pace>,
    pub defaults: Recent<CheckDefaults>,
    sources: Recent<Source>,
    pub pages: Recent<HttpGet>,
    pub mails: Recent<SmtpCheck>,
    pub datagrams: Recent<UdpCheck>,
    pub questions: Recent<DnsCheck>,
    pub commands: Recent<MiscCheck>,
    pub files: Recent<FileCheck>,
    pub sessions: Recent<BfdCheck>,
}

/// The last few different values. Equal checks stand near to each other: in the real servers of a service.
pub struct Recent<T>(Vec<Arc<T>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Recent(Vec::new())
    }
}

impl<T: PartialEq> Recent<T> {
    /// The value, or an equal one that is there already.
    pub fn share(&mut self, value: T) -> Arc<T> {
        if let Some(known) = self.0.iter().find(|known| ***known == value) {
            return Arc::clone(known);
        }
        let value = Arc::new(value);
        if self.0.len() >= RECENT {
            self.0.remove(0);
        }
        self.0.push(Arc::clone(&value));
        value
    }
}

/// What blocks of checks have in common, while they are read.
#[derive(Debug)]
pub struct Common {
    pub connection: Connection,
    pub defaults: CheckDefaults,
    pub alpha: Option<bool>,
    pub log_all_failures: Option<bool>,
}

/// How to connect, as it is written.
#[derive(Debug)]
pub struct Connection {
    /// Of the real server.
    server: IpAddr,
    address: Option<IpAddr>,
    port: Option<u16>,
    bind: Option<IpAddr>,
    bind_port: u16,
    interface: Option<Name>,
    mark: u32,
}

impl Common {
    pub fn new(real: &RealBlock) -> Common {
        Common {
            connection: Connection::to(real.address),
            defaults: CheckDefaults::default(),
            alpha: None,
            log_all_failures: None,
        }
    }
}

impl Connection {
    pub fn to(server: IpAddr) -> Connection {
        let (address, port, bind, bind_port, interface, mark) = Default::default();
        Connection { server, address, port, bind, bind_port, interface, mark }
    }

    fn target(&self) -> IpAddr {
        self.address.unwrap_or(self.server)
    }

    fn source(self) -> Option<Source> {
        let any = match self.target() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let bound = self.bind.is_some() || self.bind_port != 0;
        let source = Source {
            address: bound.then(|| (self.bind.unwrap_or(any), self.bind_port)),
            interface: self.interface,
            mark: self.mark,
        };
        (source != Source::default()).then_some(source)
    }
}

impl Lower<'_> {
    /// Reads a block of a real server: most are one check, a block with `host` in it several, and one that
    /// cannot be used is none.
    pub fn check(&mut self, node: &Node, real: &mut RealBlock) {
        let before = real.checks.len();
        match node.name() {
            "TCP_CHECK" => self.simple_check(node, real, CheckKind::Tcp(TcpCheck)),
            "PING_CHECK" => self.simple_check(node, real, CheckKind::Ping),
            "HTTP_GET" | "SSL_GET" => self.http_get(node, real),
            "SMTP_CHECK" => self.smtp_check(node, real),
            "UDP_CHECK" => self.udp_check(node, real),
            "DNS_CHECK" => self.dns_check(node, real),
            "MISC_CHECK" => self.misc_check(node, real),
            "FILE_CHECK" => self.file_check(node, real),
            "BFD_CHECK" => self.bfd_check(node, real),
            _ => {}
        }
        if real.checks.len() == before {
            real.lost_check.get_or_insert(node.span());
        }
    }

    /// One that has nothing of its own.
    fn simple_check(&mut self, node: &Node, real: &mut RealBlock, kind: CheckKind) {
        let mut common = Common::new(real);
        self.each(node.nodes(), |lower, node, value| lower.common(node, &value, &mut common));
        self.add_check(node, real, common, kind);
    }

    /// Puts a check over the network to its real server.
    pub fn add_check(&mut self, node: &Node, real: &mut RealBlock, mut common: Common, kind: CheckKind) {
        let connection = std::mem::replace(&mut common.connection, Connection::to(real.address));
        let place = self.place(node, connection);
        real.checks.push(self.draft(&common, kind, place));
    }

    /// The check of this kind.
    pub fn draft(&mut self, common: &Common, kind: CheckKind, place: Place) -> CheckDraft {
        let Common { alpha, log_all_failures, defaults, .. } = *common;
        CheckDraft { kind, place, defaults: self.checks.defaults.share(defaults), alpha, log_all_failures }
    }

    /// What the block says of how to connect.
    pub fn place(&mut self, node: &Node, connection: Connection) -> Place {
        let target = connection.target();
        if let IpAddr::V6(address) = target
            && address.is_unicast_link_local()
            && connection.interface.is_none()
        {
            let message = format!("Checker link local address {address} requires a bind_if");
            self.report(
                Diagnostic::error("link-local-without-interface", node.span(), message)
                    .expected("bind_if INTERFACE"),
            );
        }
        let (address, port) = (connection.address, connection.port);
        let source = connection.source().map(|source| self.checks.sources.share(source));
        Place { address, port, source }
    }

    /// A keyword that many kinds of checks have.
    pub fn common(&mut self, node: &Node, value: &Value, common: &mut Common) {
        if shared(node, value, &mut common.defaults) {
            return;
        }
        match node.name() {
            "alpha" => common.alpha = Some(value.yes()),
            "log_all_failures" => common.log_all_failures = Some(value.yes()),
            _ => self.connection(node, value, &mut common.connection),
        }
    }

    /// The address that comes first decides about the family.
    pub fn connection(&mut self, node: &Node, value: &Value, connection: &mut Connection) {
        match node.name() {
            "connect_ip" => {
                let Some(address) = value.ip() else { return };
                if connection.bind.is_none_or(|bind| self.same_family(node, address, bind, "bindto")) {
                    connection.address = Some(address);
                }
            }
            "bindto" => {
                let Some(bind) = value.ip() else { return };
                if self.same_family(node, bind, connection.target(), "connect_ip") {
                    connection.bind = Some(bind);
                }
            }
            "connect_port" => connection.port = value.int().or(connection.port),
            "bind_port" => connection.bind_port = value.int().unwrap_or(connection.bind_port),
            "fwmark" => connection.mark = value.int().unwrap_or(connection.mark),
            "bind_if" => connection.interface = self.interface_name(node).or(connection.interface.take()),
            _ => {}
        }
    }

    fn same_family(&mut self, node: &Node, address: IpAddr, other: IpAddr, keyword: &str) -> bool {
        if Family::of(address) == Family::of(other) {
            return true;
        }
        let message = format!(
            "{} address {address} does not match address family of {keyword} - skipping",
            node.name()
        );
        self.report(
            Diagnostic::error("wrong-family", node.span_of(1), message)
                .expected(format!("an {} address", Family::of(other))),
        );
        false
    }

    fn interface_name(&mut self, node: &Node) -> Option<Name> {
        let name = node.argument(1)?;
        if name.len() <= LONGEST_INTERFACE {
            return Some(name.into());
        }
        let message = format!("Interface name {name} is too long - ignoring");
        self.report(
            Diagnostic::error("name-too-long", node.span_of(1), message)
                .expected(format!("at most {LONGEST_INTERFACE} characters")),
        );
        None
    }

    /// The check of the model, with everything inherited.
    pub fn complete_check(&mut self, draft: &CheckDraft, around: &Surroundings<'_>) -> Check {
        let (own, outer) = (&*draft.defaults, &around.defaults);
        let kind = self.inherit(draft.kind.clone(), around);
        let delay_loop = own.delay_loop.or(outer.delay_loop).unwrap_or(Pace::default().delay_loop);
        let (retry, delay) = match kind {
            CheckKind::Http(_) | CheckKind::Ssl(_) => (1, Duration::from_secs(3)),
            CheckKind::Dns(_) => (3, delay_loop),
            CheckKind::Misc(_) => (0, Duration::from_secs(1)),
            _ => (Pace::default().retry, Pace::default().delay_before_retry),
        };
        let timeout = own.connect_timeout.or(outer.connect_timeout);
        let pace = Pace {
            connect_timeout: timeout.unwrap_or(Pace::default().connect_timeout),
            retry: own.retry.or(outer.retry).unwrap_or(retry),
            delay_before_retry: own.delay_before_retry.or(outer.delay_before_retry).unwrap_or(delay),
            delay_loop,
            warmup: own.warmup.or(outer.warmup).unwrap_or(delay_loop),
        };
        let Place { address, port, source } = &draft.place;
        Check {
            kind,
            target: SocketAddr::new(
                address.unwrap_or(around.server.ip()),
                port.unwrap_or(around.server.port()),
            ),
            source: source.clone(),
            pace: self.checks.paces.share(pace),
            alpha: draft.alpha.unwrap_or(around.alpha),
            log_all_failures: draft.log_all_failures.unwrap_or(around.log_all_failures),
        }
    }

    /// What a kind of its own takes from around it.
    fn inherit(&mut self, kind: CheckKind, around: &Surroundings<'_>) -> CheckKind {
        match kind {
            CheckKind::Http(pages) => CheckKind::Http(self.with_host(pages, around.virtualhost)),
            CheckKind::Ssl(pages) => CheckKind::Ssl(self.with_host(pages, around.virtualhost)),
            CheckKind::Misc(misc) if misc.timeout.is_zero() => {
                let timeout = around.delay_loop.unwrap_or(Pace::default().delay_loop);
                let misc = MiscCheck { timeout, ..Arc::unwrap_or_clone(misc) };
                CheckKind::Misc(self.checks.commands.share(misc))
            }
            kind => kind,
        }
    }
}
