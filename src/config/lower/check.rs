//! `TCP_CHECK` and `HTTP_GET`: what they say, and what they take from their real server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::Lower;
use super::read::Value;
use super::service::{CheckDefaults, shared};
use crate::config::model::check::HttpProtocol;
use crate::config::model::{Check, CheckKind, HttpGet, HttpUrl, StatusRange, TcpCheck};
use crate::config::syntax::Node;
use crate::diag::Diagnostic;
use crate::ids::{Family, Name};

/// A check as it is written.
#[derive(Debug)]
pub struct CheckDraft {
    kind: CheckKind,
    connect_ip: Option<IpAddr>,
    connect_port: Option<u16>,
    bind: Option<IpAddr>,
    bind_port: u16,
    bind_interface: Option<Name>,
    fwmark: u32,
    defaults: CheckDefaults,
    alpha: Option<bool>,
    log_all_failures: Option<bool>,
    virtualhost: Option<String>,
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
}

impl Lower<'_> {
    /// Reads one. `None`: there is nothing that could be checked.
    pub fn check(&mut self, node: &Node) -> Option<CheckDraft> {
        let http = node.name() == "HTTP_GET";
        let mut urls = Vec::new();
        let mut protocol = HttpProtocol::default();
        let mut fast_recovery = false;
        let mut draft = CheckDraft {
            kind: CheckKind::Tcp(TcpCheck),
            connect_ip: None,
            connect_port: None,
            bind: None,
            bind_port: 0,
            bind_interface: None,
            fwmark: 0,
            defaults: CheckDefaults::default(),
            alpha: None,
            log_all_failures: None,
            virtualhost: None,
        };
        self.each(node.nodes(), |lower, node, value| match node.name() {
            "url" => urls.extend(lower.url(node)),
            "fast_recovery" => fast_recovery = value.yes(),
            "http_protocol" => {
                protocol = match node.argument(1) {
                    Some("1.1") => HttpProtocol::V1_1,
                    Some("1.0c" | "1.0C") => HttpProtocol::V1_0Close,
                    _ => HttpProtocol::V1_0,
                }
            }
            _ => connection(node, value, &mut draft),
        });
        if let (Some(bind), Some(connect)) = (draft.bind, draft.connect_ip)
            && Family::of(bind) != Family::of(connect)
        {
            let message =
                format!("{}: bindto {bind} has another family than connect_ip {connect}", node.name());
            self.report(Diagnostic::error("wrong-family", node.span(), message));
            draft.bind = None;
        }
        if http {
            if urls.is_empty() {
                let message = format!("{} has no url specified - ignoring", node.name());
                self.report(
                    Diagnostic::error("missing-parameter", node.span(), message)
                        .expected("url { path PATH }"),
                );
                return None;
            }
            draft.kind = CheckKind::Http(HttpGet { urls, protocol, fast_recovery });
        }
        Some(draft)
    }

    fn url(&mut self, node: &Node) -> Option<HttpUrl> {
        let mut url = HttpUrl { path: String::new(), digest: None, status: Vec::new(), virtualhost: None };
        self.each(node.nodes(), |lower, node, value| match node.name() {
            "path" => url.path = value.text().unwrap_or_default(),
            "digest" => url.digest = lower.digest(node),
            "status_code" => lower.status_codes(node, &mut url.status),
            "virtualhost" => url.virtualhost = value.text(),
            _ => {}
        });
        if url.path.is_empty() {
            let message = "a url without path is ignored";
            self.report(Diagnostic::error("missing-parameter", node.span(), message).expected("path PATH"));
            return None;
        }
        Some(url)
    }

    fn digest(&mut self, node: &Node) -> Option<[u8; 16]> {
        let word = node.argument(1)?;
        let pairs: Vec<&[u8]> = word.as_bytes().chunks(2).collect();
        let octets: Option<Vec<u8>> = pairs
            .into_iter()
            .map(|pair| {
                u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok().filter(|_| pair.len() == 2)
            })
            .collect();
        let digest = octets.and_then(|octets| <[u8; 16]>::try_from(octets).ok());
        if digest.is_none() {
            let message = format!("digest '{word}' is no MD5 digest");
            self.report(
                Diagnostic::error("bad-digest", node.span_of(1), message).expected("32 hexadecimal digits"),
            );
        }
        digest
    }

    /// `N`, `N-M`, several of them.
    fn status_codes(&mut self, node: &Node, found: &mut Vec<StatusRange>) {
        for at in 1..node.line.count() {
            let word = node.argument(at).unwrap_or("");
            let (first, last) = word.split_once('-').unwrap_or((word, word));
            match (first.parse::<u16>(), last.parse::<u16>()) {
                (Ok(first @ 100..=599), Ok(last @ 100..=599)) if first <= last => {
                    found.push(StatusRange { first, last });
                }
                _ => {
                    let message = format!("status_code '{word}' is invalid");
                    self.report(
                        Diagnostic::error("out-of-range", node.span_of(at), message)
                            .expected("codes from 100 to 599, or ranges of them as 200-299"),
                    );
                }
            }
        }
    }
}

fn connection(node: &Node, value: Value, draft: &mut CheckDraft) {
    if shared(node, &value, &mut draft.defaults) {
        return;
    }
    match node.name() {
        "connect_ip" => draft.connect_ip = value.ip(),
        "connect_port" => draft.connect_port = value.int().or(draft.connect_port),
        "bindto" => draft.bind = value.ip(),
        "bind_port" => draft.bind_port = value.int().unwrap_or(0),
        "bind_if" => draft.bind_interface = value.text().map(Into::into),
        "fwmark" => draft.fwmark = value.int().unwrap_or(0),
        "alpha" => draft.alpha = Some(value.yes()),
        "log_all_failures" => draft.log_all_failures = Some(value.yes()),
        "virtualhost" => draft.virtualhost = value.text(),
        _ => {}
    }
}

impl CheckDraft {
    /// The check of the model, with everything inherited.
    pub fn complete(self, around: &Surroundings<'_>) -> Check {
        let (retry, delay) = match self.kind {
            CheckKind::Tcp(_) => (1, Duration::from_secs(1)),
            CheckKind::Http(_) => (1, Duration::from_secs(3)),
        };
        let (own, outer) = (self.defaults, around.defaults);
        let delay_loop = own.delay_loop.or(outer.delay_loop).unwrap_or(Duration::from_secs(60));
        let address = self.connect_ip.unwrap_or(around.server.ip());
        let any = match address {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let bind = self.bind.filter(|bind| Family::of(*bind) == Family::of(address));
        let mut kind = self.kind;
        if let CheckKind::Http(http) = &mut kind {
            for url in &mut http.urls {
                let outer = || self.virtualhost.as_deref().or(around.virtualhost).map(str::to_owned);
                url.virtualhost = url.virtualhost.take().or_else(outer);
            }
        }
        Check {
            kind,
            target: SocketAddr::new(address, self.connect_port.unwrap_or(around.server.port())),
            bind: (bind.is_some() || self.bind_port != 0).then(|| (bind.unwrap_or(any), self.bind_port)),
            bind_interface: self.bind_interface,
            fwmark: self.fwmark,
            connect_timeout: own
                .connect_timeout
                .or(outer.connect_timeout)
                .unwrap_or(Duration::from_secs(5)),
            retry: own.retry.or(outer.retry).unwrap_or(retry),
            delay_before_retry: own.delay_before_retry.or(outer.delay_before_retry).unwrap_or(delay),
            delay_loop,
            warmup: own.warmup.or(outer.warmup).unwrap_or(delay_loop),
            alpha: self.alpha.unwrap_or(around.alpha),
            log_all_failures: self.log_all_failures.unwrap_or(around.log_all_failures),
        }
    }
}
