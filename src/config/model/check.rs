//! Health checks of a real server.
//!
//! A file may hold 50 000 real servers with a check each, most of them alike: what equal checks can have in common
//! they share.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::pattern::Pattern;
use super::script::Command;
use crate::ids::Name;

/// One checker with every default and inherited value resolved (checker, real server, virtual server,
/// built-in, in this order).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    pub kind: CheckKind,
    /// `connect_ip`, `connect_port`: the real server's unless given. Of checks over the network.
    pub target: SocketAddr,
    /// `bindto`, `bind_port`, `bind_if`, `fwmark`; few checks have one of them.
    pub source: Option<Arc<Source>>,
    /// Not of `FILE_CHECK` and `BFD_CHECK`, which hear of a change when it comes.
    pub pace: Arc<Pace>,
    pub alpha: bool,
    /// `log_all_failures`
    pub log_all_failures: bool,
}

impl Check {
    /// Whether one goes on as the other after a reload: it asks the same in the same way. How often, how many times and
    /// what is told of it may differ.
    pub fn goes_on_as(&self, other: &Check) -> bool {
        let Check { kind, target, source, pace, alpha: _, log_all_failures: _ } = self;
        *kind == other.kind
            && *target == other.target
            && *source == other.source
            && pace.connect_timeout == other.pace.connect_timeout
    }
}

/// How the packets of a check leave. Default: as the kernel likes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Source {
    /// `bindto`, `bind_port`; of the target's family.
    pub address: Option<(IpAddr, u16)>,
    /// `bind_if`
    pub interface: Option<Name>,
    /// `fwmark`, 0 is none.
    pub mark: u32,
}

/// How often, how long, how many times. Default: what most checks have where nothing is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pace {
    /// Default 5 s.
    pub connect_timeout: Duration,
    /// Further attempts before a server that was up is taken down. Default 1; `DNS_CHECK` 3, `MISC_CHECK` 0.
    pub retry: u32,
    /// Default 1 s; `HTTP_GET` and `SSL_GET` 3 s, `DNS_CHECK` its `delay_loop`.
    pub delay_before_retry: Duration,
    /// Default 60 s.
    pub delay_loop: Duration,
    /// The first check comes after 1 s and a random part of this. Default is `delay_loop`.
    pub warmup: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            connect_timeout: Duration::from_secs(5),
            retry: 1,
            delay_before_retry: Duration::from_secs(1),
            delay_loop: Duration::from_secs(60),
            warmup: Duration::from_secs(60),
        }
    }
}

/// What is asked of the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CheckKind {
    Tcp(TcpCheck),
    Http(Arc<HttpGet>),
    /// `SSL_GET`: the same over TLS.
    Ssl(Arc<HttpGet>),
    Smtp(Arc<SmtpCheck>),
    Udp(Arc<UdpCheck>),
    Dns(Arc<DnsCheck>),
    /// `PING_CHECK`: an ICMP echo; nothing beyond the common options.
    Ping,
    Misc(Arc<MiscCheck>),
    File(Arc<FileCheck>),
    Bfd(Arc<BfdCheck>),
}

impl CheckKind {
    /// As the language calls it.
    pub const fn keyword(&self) -> &'static str {
        match self {
            CheckKind::Tcp(_) => "TCP_CHECK",
            CheckKind::Http(_) => "HTTP_GET",
            CheckKind::Ssl(_) => "SSL_GET",
            CheckKind::Smtp(_) => "SMTP_CHECK",
            CheckKind::Udp(_) => "UDP_CHECK",
            CheckKind::Dns(_) => "DNS_CHECK",
            CheckKind::Ping => "PING_CHECK",
            CheckKind::Misc(_) => "MISC_CHECK",
            CheckKind::File(_) => "FILE_CHECK",
            CheckKind::Bfd(_) => "BFD_CHECK",
        }
    }

    /// Whether [`Check::target`] and [`Check::source`] mean something.
    pub const fn uses_network(&self) -> bool {
        !matches!(self, CheckKind::Misc(_) | CheckKind::File(_) | CheckKind::Bfd(_))
    }
}

/// `TCP_CHECK`: nothing beyond the common options.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TcpCheck;

/// `HTTP_GET`, `SSL_GET`
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HttpGet {
    /// Never empty.
    pub urls: Vec<HttpUrl>,
    /// `http_protocol`
    pub protocol: HttpProtocol,
    /// `fast_recovery`
    pub fast_recovery: bool,
    /// `enable_sni`, `sni_name`; means nothing without TLS.
    pub sni: Option<Sni>,
    /// `tls_verify`; means nothing without TLS.
    pub verify: bool,
}

/// The name that a TLS client sends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sni {
    /// `enable_sni`: the virtual host of the url.
    VirtualHost,
    /// `sni_name NAME`
    Name(String),
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
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HttpUrl {
    /// `path`; never empty.
    pub path: String,
    /// MD5 of the body.
    pub digest: Option<[u8; 16]>,
    /// Accepted codes; empty is 200 to 299, with or without a digest.
    pub status: Vec<StatusRange>,
    /// `virtualhost` of url, checker, real server or virtual server; `None` is `IP:PORT`.
    pub virtualhost: Option<String>,
    /// `regex` and its like.
    pub pattern: Option<Box<Pattern>>,
    /// `tls_compliant` of url or checker: TLS is ended with `close_notify`.
    pub tls_compliant: bool,
}

/// Inclusive, 100 to 599.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StatusRange {
    pub first: u16,
    pub last: u16,
}

/// `SMTP_CHECK`; each of its `host` blocks is a check of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SmtpCheck {
    /// `helo_name`, else `smtp_helo_name` of `global_defs`, else `smtpchecker.keepalived.org`.
    pub helo_name: String,
}

/// `UDP_CHECK`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UdpCheck {
    /// `payload`; `None` is 32 bytes of anything.
    pub payload: Option<Vec<u8>>,
    /// `require_reply`; `None`: silence is well.
    pub reply: Option<Reply>,
    /// `min_reply_length`, in bytes, default 0; asked for only together with a reply's bytes, as the greatest length.
    pub min_reply_length: u16,
    /// `max_reply_length`, in bytes, default 255. One below the least length is always a failure.
    pub max_reply_length: u16,
}

/// How a reply begins. A shorter reply is compared as far as it goes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reply {
    /// Empty: any reply.
    pub bytes: Vec<u8>,
    /// The bits that count, as long as `bytes`.
    pub mask: Vec<u8>,
}

/// `DNS_CHECK`
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DnsCheck {
    pub kind: DnsType,
    /// `name` as written; empty is the root.
    pub name: String,
}

/// `type` of `DNS_CHECK`; the numbers are those of RFC 1035, 3596 and 4034.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u16)]
pub enum DnsType {
    A = 1,
    Ns = 2,
    Cname = 5,
    #[default]
    Soa = 6,
    Mx = 15,
    Txt = 16,
    Aaaa = 28,
    Rrsig = 46,
    Dnskey = 48,
}

/// `MISC_CHECK`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MiscCheck {
    pub command: Command,
    /// `misc_timeout`, whole seconds up to 4294; default, and 0, is the virtual server's `delay_loop`.
    pub timeout: Duration,
    /// `misc_dynamic`: a status from 2 on is a success, and the weight is 2 less.
    pub dynamic: bool,
}

/// `FILE_CHECK`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileCheck {
    /// `track_file`: one of [`super::Config::track_files`].
    pub file: Name,
    /// `weight`, -2147483647 to 2147483647, default the file's: times the value in the file it is added to the
    /// server's weight. With 0 any other value than 0 in the file is a failure.
    pub weight: i32,
    /// `weight N reverse`
    pub reverse: bool,
}

/// `BFD_CHECK`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BfdCheck {
    /// `name`: one of [`super::Config::bfd_instances`], and one that the checkers hear of.
    pub instance: Name,
}
