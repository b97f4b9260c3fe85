//! Rows of `virtual_server` and `real_server`.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::{Context, Keyword, SCHEDULERS, row};

/// `virtual_server`
pub const VIRTUAL_SERVER: &[Keyword] = &[
    row(
        "ip_family",
        Choice(&["inet", "inet6"]),
        Exits,
        LastWins,
        "from addresses or real servers; inet for fwmark when unknown",
    )
    .later(),
    row("retry", Int(1, u32::MAX as i64), Exits, LastWins, "unset (checker default)"),
    row("delay_before_retry", Decimal(0, 4294967295, 6), Exits, LastWins, "unset (checker default)"),
    row("warmup", Decimal(0, 4294967295, 6), Exits, LastWins, "unset (delay_loop)"),
    row("connect_timeout", Decimal(1, 4294967295, 6), Exits, LastWins, "5"),
    row("delay_loop", Decimal(1, 4294967295, 6), Exits, LastWins, "60"),
    row("inhibit_on_failure", Nothing, Allowed, LastWins, "off"),
    row("lb_algo", Choice(SCHEDULERS), Exits, LastWins, "wlc (with an error message)"),
    row("lvs_sched", Choice(SCHEDULERS), Exits, LastWins, "wlc (with an error message)"),
    row("hashed", Nothing, Allowed, LastWins, "off").later(),
    row("ops", Nothing, Allowed, LastWins, "off"),
    row("flag-1", Nothing, Allowed, LastWins, "off"),
    row("flag-2", Nothing, Allowed, LastWins, "off"),
    row("flag-3", Nothing, Allowed, LastWins, "off"),
    row("sh-port", Nothing, Allowed, LastWins, "off"),
    row("sh-fallback", Nothing, Allowed, LastWins, "off"),
    row("mh-port", Nothing, Allowed, LastWins, "off"),
    row("mh-fallback", Nothing, Allowed, LastWins, "off"),
    row("lb_kind", Words, Exits, LastWins, "NAT (with an error message)"),
    row("lvs_method", Words, Exits, LastWins, "NAT (with an error message)"),
    row("persistence_engine", Word, Exits, LastWins, "none"),
    row("persistence_timeout", Int(1, 2678400), Allowed, LastWins, "0 (off); 360 without value"),
    row("persistence_granularity", Words, Exits, LastWins, "host"),
    row(
        "protocol",
        AnyCase(&["TCP", "UDP", "SCTP"]),
        Exits,
        LastWins,
        "UDP for address services (with an error message)",
    ),
    row("ha_suspend", Nothing, Allowed, LastWins, "off").unused("checks also without the address"),
    row("smtp_alert", Boolean, Allowed, LastWins, "smtp_alert_checker, else smtp_alert, else off")
        .unused("sends no mail"),
    row("virtualhost", Word, Faults, Replaces, "none"),
    row("snmp_name", Word, Allowed, Replaces, "none").later(),
    row("alpha", Nothing, Allowed, LastWins, "off"),
    row("omega", Nothing, Allowed, LastWins, "off"),
    row("quorum_up", Script, Exits, FirstWins, "none"),
    row("quorum_down", Script, Exits, FirstWins, "none"),
    row("quorum", Lax(1, u32::MAX as i64), Exits, LastWins, "1"),
    row("hysteresis", Lax(0, u32::MAX as i64), Exits, LastWins, "0"),
    row("weight", Lax(1, 2147483647), Exits, LastWins, "1"),
    row("sorry_server", Words, Exits, LastWins, "none"),
    row("sorry_server_inhibit", Nothing, Allowed, LastWins, "off"),
    row("sorry_server_lvs_method", Words, Allowed, LastWins, "virtual server's"),
    row("real_server", Block(Context::RealServer), Exits, Repeats, ""),
];

/// `real_server`
pub const REAL_SERVER: &[Keyword] = &[
    row("weight", Lax(0, 2147483647), Exits, LastWins, "virtual server weight (1)"),
    row("lvs_method", Words, Exits, LastWins, "virtual server's"),
    row("uthreshold", Lax(0, u32::MAX as i64), Exits, LastWins, "0 (none)"),
    row("lthreshold", Lax(0, u32::MAX as i64), Exits, LastWins, "0 (none)"),
    row("inhibit_on_failure", Boolean, Allowed, LastWins, "virtual server's"),
    row("notify_up", Script, Exits, FirstWins, "none"),
    row("notify_down", Script, Exits, FirstWins, "none"),
    row("alpha", Boolean, Allowed, LastWins, "virtual server's"),
    row("retry", Int(1, u32::MAX as i64), Exits, LastWins, "virtual server's, else checker default"),
    row(
        "delay_before_retry",
        Decimal(0, 4294967295, 6),
        Exits,
        LastWins,
        "virtual server's, else checker default",
    ),
    row("warmup", Decimal(0, 4294967295, 6), Exits, LastWins, "virtual server's, else delay_loop"),
    row("connect_timeout", Decimal(1, 4294967295, 6), Exits, LastWins, "virtual server's (5)"),
    row("delay_loop", Decimal(0, 4294967295, 6), Exits, LastWins, "virtual server's (60)"),
    row("smtp_alert", Boolean, Allowed, LastWins, "smtp_alert_checker, else smtp_alert, else ON")
        .unused("sends no mail"),
    row("virtualhost", Word, Faults, Replaces, "virtual server's"),
    row("snmp_name", Word, Allowed, Replaces, "none").later(),
    row("MISC_CHECK", Block(Context::MiscCheck), Allowed, Repeats, "").later(),
    row("SMTP_CHECK", Block(Context::SmtpCheck), Allowed, Repeats, "").later(),
    row("TCP_CHECK", Block(Context::TcpCheck), Allowed, Repeats, ""),
    row("PING_CHECK", Block(Context::PingCheck), Allowed, Repeats, "").later(),
    row("UDP_CHECK", Block(Context::UdpCheck), Allowed, Repeats, "").later(),
    row("HTTP_GET", Block(Context::HttpGet), Allowed, Repeats, ""),
    row("SSL_GET", Block(Context::SslGet), Allowed, Repeats, "").later(),
    row("DNS_CHECK", Block(Context::DnsCheck), Allowed, Repeats, "").later(),
    row("FILE_CHECK", Block(Context::FileCheck), Allowed, Repeats, "").later(),
    row("BFD_CHECK", Block(Context::BfdCheck), Allowed, Repeats, "").later(),
];
