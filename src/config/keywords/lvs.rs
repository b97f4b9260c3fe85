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
    .doc("1.2.20", "inet or inet6", "Family of a fwmark service."),
    row("retry", Int(1, u32::MAX as i64), Exits, LastWins, "unset (checker default)").doc(
        "1.1.8",
        "1..UINT32_MAX",
        "Default retries for all checkers of the service.",
    ),
    row("delay_before_retry", Decimal(0, 4294967295, 6), Exits, LastWins, "unset (checker default)").doc(
        "0.5.3",
        "SECS, 6 decimals",
        "Default pause before a retry.",
    ),
    row("warmup", Decimal(0, 4294967295, 6), Exits, LastWins, "unset (delay_loop)").doc(
        "1.2.13",
        "SECS, 6 decimals",
        "Upper bound of the random delay of the first check; 0 disables.",
    ),
    row("connect_timeout", Decimal(1, 4294967295, 6), Exits, LastWins, "5").doc(
        "0.5.3",
        "SECS 0.000001..4294.967295",
        "Default connect timeout.",
    ),
    row("delay_loop", Decimal(1, 4294967295, 6), Exits, LastWins, "60").doc(
        "0.5.3",
        "SECS >= 0.000001",
        "Default time between checks.",
    ),
    row("inhibit_on_failure", Nothing, Allowed, LastWins, "off").doc(
        "0.6.8",
        "none",
        "Default: set weight 0 instead of removing failed real servers.",
    ),
    row("lb_algo", Choice(SCHEDULERS), Exits, LastWins, "wlc (with an error message)").doc(
        "0.5.3",
        "rr wrr lc wlc lblc sh mh dh fo ovf lblcr sed nq twos",
        "Scheduler.",
    ),
    row("lvs_sched", Choice(SCHEDULERS), Exits, LastWins, "wlc (with an error message)").doc(
        "1.1.5",
        "same list",
        "Scheduler.",
    ),
    row("hashed", Nothing, Allowed, LastWins, "off").doc(
        "1.3.0",
        "none",
        "Accepted for compatibility; does nothing useful.",
    ),
    row("ops", Nothing, Allowed, LastWins, "off").doc("1.2.8", "none", "One packet scheduling."),
    row("flag-1", Nothing, Allowed, LastWins, "off").doc("1.3.0", "none", "Scheduler flag 1."),
    row("flag-2", Nothing, Allowed, LastWins, "off").doc("1.3.0", "none", "Scheduler flag 2."),
    row("flag-3", Nothing, Allowed, LastWins, "off").doc("1.3.0", "none", "Scheduler flag 3."),
    row("sh-port", Nothing, Allowed, LastWins, "off").doc(
        "1.3.0",
        "none",
        "Include the port in the sh hash; only honoured when lvs_sched sh came earlier.",
    ),
    row("sh-fallback", Nothing, Allowed, LastWins, "off").doc(
        "1.3.0",
        "none",
        "sh falls back when the chosen server is unavailable.",
    ),
    row("mh-port", Nothing, Allowed, LastWins, "off").doc(
        "2.0.20",
        "none",
        "Include the port in the mh hash; only after lvs_sched mh.",
    ),
    row("mh-fallback", Nothing, Allowed, LastWins, "off").doc(
        "2.0.20",
        "none",
        "mh falls back when the chosen server is unavailable.",
    ),
    row("lb_kind", Words, Exits, LastWins, "NAT (with an error message)").doc(
        "0.5.3",
        "NAT, DR, or TUN [type ipip|gue|gre] [port N] [nocsum|csum|remcsum]",
        "Forwarding method.",
    ),
    row("lvs_method", Words, Exits, LastWins, "NAT (with an error message)").doc(
        "1.1.5",
        "NAT, DR, or TUN [type ipip|gue|gre] [port N] [nocsum|csum|remcsum]",
        "Default forwarding method; gue needs port and others must not have one; ipip takes \
no checksum option; gre takes no remcsum.",
    ),
    row("persistence_engine", Word, Exits, LastWins, "none").doc(
        "1.2.20",
        "NAME (15 chars)",
        "Persistence engine, in practice sip.",
    ),
    row("persistence_timeout", Int(1, 2678400), Allowed, LastWins, "0 (off); 360 without value").doc(
        "0.5.3",
        "[SECS 1..2678400]",
        "Persistent service timeout.",
    ),
    row("persistence_granularity", Words, Exits, LastWins, "host").doc(
        "0.5.7",
        "IPv4 netmask or IPv6 prefix length 1..128",
        "Mask for persistence; implies persistence_timeout 360 if unset.",
    ),
    row(
        "protocol",
        AnyCase(&["TCP", "UDP", "SCTP"]),
        Exits,
        LastWins,
        "UDP for address services (with an error message)",
    )
    .doc("0.5.3", "TCP, UDP or SCTP (case insensitive)", "Transport."),
    row("drain_timeout", Int(0, 604_800), Faults, LastWins, "0 (off)").doc(
        "standfast 0.1",
        "SECS 0..604800",
        "A real server that a reload removes, alone, with its service or with a line of its group, stays with weight 0 \
until its connections have ended, at most so long. keepalived does not know this word.",
    ),
    row("return_path", Choice(&["snat"]), Faults, LastWins, "off").doc(
        "standfast 0.1",
        "snat",
        "Connections reach NAT real servers from the director's own address, so that replies come back \
through it whatever the real servers' routes are. keepalived does not know this word.",
    ),
    row("ha_suspend", Nothing, Allowed, LastWins, "off").doc(
        "1.0.0",
        "none",
        "Run checkers only while the VIP is configured on this host.",
    ),
    row("smtp_alert", Boolean, Allowed, LastWins, "smtp_alert_checker, else smtp_alert, else off")
        .doc("0.5.7", "[BOOL]", "Mail quorum changes."),
    row("virtualhost", Word, Faults, Replaces, "none").doc(
        "0.5.8",
        "STRING",
        "Default Host for HTTP checks.",
    ),
    row("snmp_name", Words, Allowed, Replaces, "none")
        .doc("2.2.3", "STRING", "Label shown in SNMP.")
        .later(),
    row("alpha", Nothing, Allowed, LastWins, "off").doc(
        "1.1.16",
        "none",
        "Real servers start as down until their checks succeed.",
    ),
    row("omega", Nothing, Allowed, LastWins, "off").doc("1.1.16", "none", "Run down notifies at shutdown."),
    row("quorum_up", Script, Exits, FirstWins, "none").doc(
        "1.1.16",
        "SCRIPT [USER [[:]GROUP]]",
        "Run when quorum is gained.",
    ),
    row("quorum_down", Script, Exits, FirstWins, "none").doc(
        "1.1.16",
        "SCRIPT [USER [[:]GROUP]]",
        "Run when quorum is lost.",
    ),
    row("quorum", Lax(1, u32::MAX as i64), Exits, LastWins, "1").doc(
        "1.1.16",
        "1..UINT_MAX",
        "Total live weight needed.",
    ),
    row("hysteresis", Lax(0, u32::MAX as i64), Exits, LastWins, "0").doc(
        "1.1.16",
        "0..UINT_MAX",
        "Slack around quorum.",
    ),
    row("weight", Lax(1, 2147483647), Exits, LastWins, "1").doc(
        "0.5.3",
        "1..2147483647",
        "Default real server weight.",
    ),
    row("sorry_server", Words, Exits, LastWins, "none").doc(
        "0.5.3",
        "IP [PORT]",
        "Server used when quorum is lost.",
    ),
    row("sorry_server_inhibit", Nothing, Allowed, LastWins, "off").doc(
        "1.2.13",
        "none",
        "Apply inhibit behaviour to the sorry server.",
    ),
    row("sorry_server_lvs_method", Words, Allowed, LastWins, "virtual server's").doc(
        "1.3.6",
        "as lvs_method",
        "Forwarding method of the sorry server.",
    ),
    row("real_server", Block(Context::RealServer), Exits, Repeats, "").doc(
        "0.5.3",
        "IP [PORT] block",
        "A real server.",
    ),
];

/// `real_server`
pub const REAL_SERVER: &[Keyword] = &[
    row("weight", Lax(0, 2147483647), Exits, LastWins, "virtual server weight (1)").doc(
        "0.5.3",
        "0..2147483647",
        "Weight in IPVS.",
    ),
    row("lvs_method", Words, Exits, LastWins, "virtual server's").doc(
        "1.1.5",
        "as virtual_server.lvs_method",
        "Forwarding method.",
    ),
    row("uthreshold", Lax(0, u32::MAX as i64), Exits, LastWins, "0 (none)").doc(
        "1.1.13",
        "UINT",
        "Upper connection threshold.",
    ),
    row("lthreshold", Lax(0, u32::MAX as i64), Exits, LastWins, "0 (none)").doc(
        "1.1.13",
        "UINT",
        "Lower connection threshold.",
    ),
    row("inhibit_on_failure", Boolean, Allowed, LastWins, "virtual server's").doc(
        "0.6.8",
        "[BOOL]",
        "Weight 0 instead of removal on failure.",
    ),
    row("notify_up", Script, Exits, FirstWins, "none").doc(
        "1.0.0",
        "SCRIPT [USER [[:]GROUP]]",
        "Run when the server comes up.",
    ),
    row("notify_down", Script, Exits, FirstWins, "none").doc(
        "1.0.0",
        "SCRIPT [USER [[:]GROUP]]",
        "Run when the server goes down.",
    ),
    row("alpha", Boolean, Allowed, LastWins, "virtual server's").doc("1.1.16", "[BOOL]", "Start as down."),
    row("retry", Int(1, u32::MAX as i64), Exits, LastWins, "virtual server's, else checker default").doc(
        "1.1.8",
        "1..UINT32_MAX",
        "Default retries for the checkers.",
    ),
    row(
        "delay_before_retry",
        Decimal(0, 4294967295, 6),
        Exits,
        LastWins,
        "virtual server's, else checker default",
    )
    .doc("0.5.3", "SECS", "Default pause before a retry."),
    row("warmup", Decimal(0, 4294967295, 6), Exits, LastWins, "virtual server's, else delay_loop").doc(
        "1.2.13",
        "SECS",
        "Bound of the random first delay.",
    ),
    row("connect_timeout", Decimal(1, 4294967295, 6), Exits, LastWins, "virtual server's (5)").doc(
        "0.5.3",
        "SECS 0.000001..4294.967295",
        "Default connect timeout.",
    ),
    row("delay_loop", Decimal(0, 4294967295, 6), Exits, LastWins, "virtual server's (60)").doc(
        "0.5.3",
        "SECS",
        "Default time between checks.",
    ),
    row("smtp_alert", Boolean, Allowed, LastWins, "smtp_alert_checker, else smtp_alert, else ON").doc(
        "0.5.7",
        "[BOOL]",
        "Mail state changes.",
    ),
    row("virtualhost", Word, Faults, Replaces, "virtual server's").doc(
        "0.5.8",
        "STRING",
        "Host for HTTP checks.",
    ),
    row("snmp_name", Words, Allowed, Replaces, "none")
        .doc("2.2.3", "STRING", "Label shown in SNMP.")
        .later(),
    row("MISC_CHECK", Block(Context::MiscCheck), Allowed, Repeats, "").doc(
        "0.5.3",
        "block",
        "Script checker.",
    ),
    row("SMTP_CHECK", Block(Context::SmtpCheck), Allowed, Repeats, "").doc(
        "1.1.8",
        "block",
        "SMTP greeting and HELO checker.",
    ),
    row("TCP_CHECK", Block(Context::TcpCheck), Allowed, Repeats, "").doc(
        "0.5.3",
        "block",
        "TCP connect checker.",
    ),
    row("PING_CHECK", Block(Context::PingCheck), Allowed, Repeats, "").doc(
        "2.1.0",
        "block",
        "ICMP echo checker; may widen net.ipv4.ping_group_range to start at 0.",
    ),
    row("UDP_CHECK", Block(Context::UdpCheck), Allowed, Repeats, "").doc(
        "2.1.0",
        "block",
        "UDP datagram checker.",
    ),
    row("HTTP_GET", Block(Context::HttpGet), Allowed, Repeats, "").doc("0.5.3", "block", "HTTP checker."),
    row("SSL_GET", Block(Context::SslGet), Allowed, Repeats, "").doc("0.5.3", "block", "HTTPS checker."),
    row("DNS_CHECK", Block(Context::DnsCheck), Allowed, Repeats, "").doc(
        "1.3.0",
        "block",
        "DNS query checker.",
    ),
    row("FILE_CHECK", Block(Context::FileCheck), Allowed, Repeats, "").doc(
        "2.1.0",
        "block",
        "Tracks a track_file.",
    ),
    row("BFD_CHECK", Block(Context::BfdCheck), Allowed, Repeats, "")
        .doc("2.0.0", "block", "Follows a bfd_instance.")
        .unused("runs no BFD sessions"),
];
