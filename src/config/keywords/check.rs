//! Rows of the health checks.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::{Context, Keyword, row};

/// What every check over the network has: `TCP_CHECK`, `HTTP_GET`, and so on.
pub const CONNECTION: &[Keyword] = &[
    row(
        "connect_ip",
        Ip,
        Exits,
        LastWins,
        "real server address (port is reset unless connect_port follows)",
    ),
    row("connect_port", Lax(1, 65535), Exits, LastWins, "real server port"),
    row("bindto", Ip, Exits, LastWins, "kernel choice"),
    row("bind_port", Lax(1, 65535), Exits, LastWins, "kernel choice"),
    row("bind_if", Word, Exits, LastWins, "none"),
    row("connect_timeout", Decimal(1, 4294967295, 6), Exits, LastWins, "real server's (5)"),
    row("fwmark", Lax(0, u32::MAX as i64), Exits, LastWins, "0"),
    row("retry", Lax(0, u32::MAX as i64), Exits, LastWins, "real server's, else 1"),
    row("delay_before_retry", Decimal(0, 4294967295, 6), Exits, LastWins, "real server's, else 1 s"),
    row("warmup", Decimal(0, 4294967295, 6), Exits, LastWins, "real server's, else delay_loop"),
    row("delay_loop", Decimal(0, 4294967295, 6), Exits, LastWins, "real server's (60)"),
    row("alpha", Boolean, Allowed, LastWins, "real server's"),
    row("log_all_failures", Boolean, Allowed, LastWins, "off"),
];

/// What every check has that only runs a program: `MISC_CHECK`.
pub const BASE: &[Keyword] = &[
    row("retry", Lax(0, u32::MAX as i64), Exits, LastWins, "real server's, else 1"),
    row("delay_before_retry", Decimal(0, 4294967295, 6), Exits, LastWins, "real server's, else 1 s"),
    row("warmup", Decimal(0, 4294967295, 6), Exits, LastWins, "real server's, else delay_loop"),
    row("delay_loop", Decimal(0, 4294967295, 6), Exits, LastWins, "real server's (60)"),
    row("alpha", Boolean, Allowed, LastWins, "real server's"),
    row("log_all_failures", Boolean, Allowed, LastWins, "off"),
];

/// `HTTP_GET`, beside [`CONNECTION`]
pub const HTTP_GET: &[Keyword] = &[
    row("nb_get_retry", Lax(0, u32::MAX as i64), Exits, LastWins, "as retry").deprecated("retry"),
    row("virtualhost", Word, Faults, Replaces, "real server's"),
    row("http_protocol", Choice(&["1.0", "1.0c", "1.0C", "1.1"]), Faults, LastWins, "1.0"),
    row("enable_sni", Boolean, Allowed, LastWins, "off").later(),
    row("sni_name", Words, Allowed, Replaces, "virtualhost").later(),
    row("fast_recovery", Boolean, Allowed, LastWins, "off"),
    row("url", Block(Context::Url), Allowed, Repeats, ""),
];

/// What `SSL_GET` has of `HTTP_GET`, with its own `url`.
pub const HTTP_GET_OF_SSL: &[Keyword] = &[
    row("nb_get_retry", Lax(0, u32::MAX as i64), Exits, LastWins, "as retry").deprecated("retry"),
    row("virtualhost", Word, Faults, Replaces, "real server's"),
    row("http_protocol", Choice(&["1.0", "1.0c", "1.0C", "1.1"]), Faults, LastWins, "1.0"),
    row("enable_sni", Boolean, Allowed, LastWins, "off").later(),
    row("sni_name", Words, Allowed, Replaces, "virtualhost").later(),
    row("fast_recovery", Boolean, Allowed, LastWins, "off"),
    row("url", Block(Context::SslUrl), Allowed, Repeats, ""),
];

/// `SSL_GET` alone
pub const SSL_GET: &[Keyword] =
    &[row("tls_compliant", Boolean, Allowed, LastWins, "off (quiet shutdown)").later()];

/// `url`
pub const URL: &[Keyword] = &[
    row("path", Word, Exits, Replaces, "none (required)"),
    row("digest", Words, Exits, FirstWins, "none"),
    row("status_code", Words, Allowed, Repeats, "200-299"),
    row("virtualhost", Word, Faults, Replaces, "checker's"),
    row("regex", Words, Allowed, Replaces, "none").later(),
    row("regex_no_match", Nothing, Allowed, LastWins, "off").later(),
    row("regex_options", Words, Allowed, Repeats, "none").later(),
    row("regex_min_offset", Int(0, u32::MAX as i64), Allowed, LastWins, "0").later(),
    row("regex_max_offset", Int(0, u32::MAX as i64), Allowed, LastWins, "none").later(),
    row("regex_stack", Words, Allowed, LastWins, "library default").later(),
];

/// `url` in `SSL_GET`, beside [`URL`]
pub const SSL_URL: &[Keyword] = &[row("tls_compliant", Boolean, Allowed, LastWins, "checker's").later()];

/// `MISC_CHECK`, beside [`BASE`]
pub const MISC_CHECK: &[Keyword] = &[
    row("misc_path", Script, Faults, LastWins, "none (required)").later(),
    row("misc_timeout", Lax(0, 4294), Exits, LastWins, "0 meaning the virtual server's delay_loop").later(),
    row("misc_dynamic", Nothing, Allowed, LastWins, "off").later(),
    row("user", User, Faults, LastWins, "script_user default").later(),
];

/// `SMTP_CHECK`, beside [`CONNECTION`]
pub const SMTP_CHECK: &[Keyword] = &[
    row("helo_name", Word, Faults, Replaces, "smtpchecker.keepalived.org").later(),
    row("host", Block(Context::SmtpHost), Allowed, Repeats, "").later(),
];

/// `UDP_CHECK`, beside [`CONNECTION`]
pub const UDP_CHECK: &[Keyword] = &[
    row("payload", Words, Faults, LastWins, "random data").later(),
    row("require_reply", Words, Allowed, LastWins, "off").later(),
    row("min_reply_length", Int(0, 65535), Exits, LastWins, "0").later(),
    row("max_reply_length", Int(0, 65535), Exits, LastWins, "255").later(),
];

/// `DNS_CHECK`, beside [`CONNECTION`]
pub const DNS_CHECK: &[Keyword] = &[
    row(
        "type",
        AnyCase(&["A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA", "RRSIG", "DNSKEY"]),
        Exits,
        LastWins,
        "SOA",
    )
    .later(),
    row("name", Word, Exits, FirstWins, "empty, i.e. the root").later(),
];

/// `FILE_CHECK`
pub const FILE_CHECK: &[Keyword] = &[
    row("track_file", Word, Exits, LastWins, "none (required)").later(),
    row("weight", Weight(2147483647), Faults, LastWins, "weight of the track_file").later(),
];

/// `BFD_CHECK`
pub const BFD_CHECK: &[Keyword] = &[
    row("name", Words, Allowed, LastWins, "none (required)").later(),
    row("alpha", Boolean, Allowed, LastWins, "real server's").later(),
];
