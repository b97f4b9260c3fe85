//! Health checks of a real server.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::ids::Name;

/// One checker with every default and inherited value resolved (checker, real server, virtual server,
/// built-in, in this order).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    pub kind: CheckKind,
    /// `connect_ip`, `connect_port`: the real server's unless given.
    pub target: SocketAddr,
    /// `bindto`, `bind_port`
    pub bind: Option<(IpAddr, u16)>,
    /// `bind_if`
    pub bind_interface: Option<Name>,
    /// `fwmark`, 0 is none.
    pub fwmark: u32,
    /// Default 5 s.
    pub connect_timeout: Duration,
    /// Further attempts before a server that was up is taken down.
    pub retry: u32,
    pub delay_before_retry: Duration,
    pub delay_loop: Duration,
    /// The first check comes after 1 s and a random part of this. Default is `delay_loop`.
    pub warmup: Duration,
    pub alpha: bool,
    /// `log_all_failures`
    pub log_all_failures: bool,
}

/// What is asked of the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CheckKind {
    Tcp(TcpCheck),
    Http(HttpGet),
}

/// `TCP_CHECK`: nothing beyond the common options.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TcpCheck;

/// `HTTP_GET`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HttpGet {
    /// Never empty.
    pub urls: Vec<HttpUrl>,
    /// `http_protocol`
    pub protocol: HttpProtocol,
    /// `fast_recovery`
    pub fast_recovery: bool,
}

/// `http_protocol`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum HttpProtocol {
    /// `1.0`
    #[default]
    V1_0,
    /// `1.0C`: with `Connection: close`.
    V1_0Close,
    /// `1.1`: with `Connection: close`.
    V1_1,
}

/// One `url` block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HttpUrl {
    /// `path`, default `/`.
    pub path: String,
    /// MD5 of the body.
    pub digest: Option<[u8; 16]>,
    /// Accepted codes; empty is 200 to 299, with or without a digest.
    pub status: Vec<StatusRange>,
    /// `virtualhost` of url, checker, real server or virtual server; `None` is `IP:PORT`.
    pub virtualhost: Option<String>,
}

/// Inclusive, 100 to 599.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StatusRange {
    pub first: u16,
    pub last: u16,
}
