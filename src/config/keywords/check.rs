//! Rows of the other health checks, and of what all have.

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
    )
    .doc("1.1.8", "IP", "Address to connect to."),
    row("connect_port", Lax(1, 65535), Exits, LastWins, "real server port").doc(
        "0.5.8",
        "1..65535",
        "Port to connect to.",
    ),
    row("bindto", Ip, Exits, LastWins, "kernel choice").doc("1.1.2", "IP", "Local address."),
    row("bind_port", Lax(1, 65535), Exits, LastWins, "kernel choice").doc(
        "1.2.13",
        "1..65535",
        "Local port.",
    ),
    row("bind_if", Word, Exits, LastWins, "none").doc(
        "1.3.7",
        "IFNAME",
        "Bind to device; required for link local targets.",
    ),
    row("connect_timeout", Decimal(1, 4294967295, 6), Exits, LastWins, "real server's (5)").doc(
        "0.5.3",
        "SECS 0.000001..4294.967295",
        "Connect (and read) timeout.",
    ),
    row("fwmark", Lax(0, u32::MAX as i64), Exits, LastWins, "0").doc(
        "1.2.13",
        "UINT",
        "SO_MARK of checker packets.",
    ),
];

/// `MISC_CHECK`, beside [`BASE`]
pub const MISC_CHECK: &[Keyword] =
    &[
        row("misc_path", Script, Faults, LastWins, "none (required)").doc(
            "0.5.3",
            "COMMAND with arguments (quote the whole)",
            "Script to run.",
        ),
        row("misc_timeout", Lax(0, 4294), Exits, LastWins, "0 meaning the virtual server's delay_loop")
            .doc("1.1.0", "SECS 0..4294", "Time after which the script is terminated."),
        row("misc_dynamic", Nothing, Allowed, LastWins, "off").doc(
            "1.1.8",
            "none",
            "Exit status 2..255 is success and sets the weight to status-2.",
        ),
        row("user", User, Faults, LastWins, "script_user default").doc(
            "1.3.0",
            "USER [[:]GROUP]",
            "Identity of the script.",
        ),
    ];

/// `SMTP_CHECK`, beside [`CONNECTION`]
pub const SMTP_CHECK: &[Keyword] = &[
    row("helo_name", Word, Faults, Replaces, "smtpchecker.keepalived.org").doc(
        "1.1.8",
        "STRING",
        "Name sent in HELO.",
    ),
    row("host", Block(Context::SmtpHost), Allowed, Repeats, "").doc(
        "1.1.8",
        "block",
        "Extra target; each becomes its own checker.",
    ),
];

/// `UDP_CHECK`, beside [`CONNECTION`]
pub const UDP_CHECK: &[Keyword] = &[
    row("payload", Words, Faults, LastWins, "random data").doc(
        "2.2.0",
        "HEX digits with optional spaces",
        "Datagram to send.",
    ),
    row("require_reply", Words, Allowed, LastWins, "off").doc(
        "2.1.0",
        "[HEX with x as wildcard nibble]",
        "A reply must come, optionally matching the pattern over the shorter length.",
    ),
    row("min_reply_length", Int(0, 65535), Exits, LastWins, "0").doc(
        "2.2.0",
        "0..65535",
        "Shortest accepted reply (only checked when a pattern is given).",
    ),
    row("max_reply_length", Int(0, 65535), Exits, LastWins, "255").doc(
        "2.2.0",
        "0..65535",
        "Longest accepted reply (only checked when a pattern is given).",
    ),
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
    .doc("1.3.0", "A NS CNAME SOA MX TXT AAAA RRSIG DNSKEY (case insensitive)", "Query type."),
    row("name", Word, Exits, FirstWins, "empty, i.e. the root").doc("1.3.0", "DOMAIN", "Query name."),
];

/// `FILE_CHECK`
pub const FILE_CHECK: &[Keyword] = &[
    row("track_file", Word, Exits, LastWins, "none (required)").doc(
        "2.0.0",
        "NAME of a track_file defined earlier",
        "Which file to follow.",
    ),
    row("weight", Weight(2147483647), Faults, LastWins, "weight of the track_file").doc(
        "0.5.3",
        "-2147483647..2147483647 [reverse|noreverse]",
        "Factor for the value in the file.",
    ),
];

/// `BFD_CHECK`
pub const BFD_CHECK: &[Keyword] = &[
    row("name", Words, Allowed, FirstWins, "none (required)").doc(
        "1.3.0",
        "NAME of a bfd_instance defined earlier",
        "Which session to follow.",
    ),
    row("alpha", Boolean, Allowed, LastWins, "real server's").doc("1.1.16", "[BOOL]", "Start as failed."),
];
