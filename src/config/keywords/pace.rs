//! Rows of what all health checks have: how often, how long, how many times.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::{Keyword, row};

/// Every check
pub const PACE: &[Keyword] = &[
    row("warmup", Decimal(0, 4294967295, 6), Exits, LastWins, "real server's, else delay_loop").doc(
        "1.2.13",
        "SECS",
        "Bound of the random first delay.",
    ),
    row("delay_loop", Decimal(0, 4294967295, 6), Exits, LastWins, "real server's (60)").doc(
        "0.5.3",
        "SECS",
        "Time between checks.",
    ),
    row("alpha", Boolean, Allowed, LastWins, "real server's").doc(
        "1.1.16",
        "[BOOL]",
        "Checker starts as failed.",
    ),
    row("log_all_failures", Boolean, Allowed, LastWins, "off").doc(
        "2.0.11",
        "[BOOL]",
        "Log every failure while up.",
    ),
];

/// `TCP_CHECK`, `SMTP_CHECK`, `UDP_CHECK`, `PING_CHECK`
pub const RETRY: &[Keyword] =
    &[
        row("retry", Lax(0, u32::MAX as i64), Exits, LastWins, "real server's, else 1").doc(
            "1.1.8",
            "UINT",
            "Failures tolerated in addition to the first before DOWN.",
        ),
        row("delay_before_retry", Decimal(0, 4294967295, 6), Exits, LastWins, "real server's, else 1 s")
            .doc("0.5.3", "SECS", "Pause before a retry."),
    ];

/// `HTTP_GET`, `SSL_GET`
pub const RETRY_OF_HTTP: &[Keyword] =
    &[
        row("retry", Lax(0, u32::MAX as i64), Exits, LastWins, "real server's, else 1").doc(
            "1.1.8",
            "UINT",
            "Failures tolerated in addition to the first before DOWN.",
        ),
        row("delay_before_retry", Decimal(0, 4294967295, 6), Exits, LastWins, "real server's, else 3 s")
            .doc("0.5.3", "SECS", "Pause before a retry."),
    ];

/// `DNS_CHECK`
pub const RETRY_OF_DNS: &[Keyword] = &[
    row("retry", Lax(0, u32::MAX as i64), Exits, LastWins, "real server's, else 3").doc(
        "1.1.8",
        "UINT",
        "Failures tolerated in addition to the first before DOWN.",
    ),
    row("delay_before_retry", Decimal(0, 4294967295, 6), Exits, LastWins, "real server's, else delay_loop")
        .doc("0.5.3", "SECS", "Pause before a retry."),
];

/// `MISC_CHECK`
pub const RETRY_OF_MISC: &[Keyword] =
    &[
        row("retry", Lax(0, u32::MAX as i64), Exits, LastWins, "real server's, else 0").doc(
            "1.1.8",
            "UINT",
            "Failures tolerated in addition to the first before DOWN.",
        ),
        row("delay_before_retry", Decimal(0, 4294967295, 6), Exits, LastWins, "real server's, else 1 s")
            .doc("0.5.3", "SECS", "Pause before a retry."),
    ];

/// `host` of `SMTP_CHECK`
pub const PACE_OF_HOST: &[Keyword] =
    &[
        row("retry", Lax(0, u32::MAX as i64), Exits, LastWins, "of the enclosing checker").doc(
            "1.1.8",
            "UINT",
            "Acts on the enclosing checker.",
        ),
        row("delay_before_retry", Decimal(0, 4294967295, 6), Exits, LastWins, "of the enclosing checker")
            .doc("0.5.3", "SECS", "Acts on the enclosing checker."),
        row("warmup", Decimal(0, 4294967295, 6), Exits, LastWins, "of the enclosing checker").doc(
            "1.2.13",
            "SECS",
            "Acts on the enclosing checker.",
        ),
        row("delay_loop", Decimal(0, 4294967295, 6), Exits, LastWins, "of the enclosing checker").doc(
            "0.5.3",
            "SECS",
            "Acts on the enclosing checker.",
        ),
        row("alpha", Boolean, Allowed, LastWins, "of the enclosing checker").doc(
            "1.1.16",
            "[BOOL]",
            "Acts on the enclosing checker.",
        ),
        row("log_all_failures", Boolean, Allowed, LastWins, "of the enclosing checker").doc(
            "2.0.11",
            "[BOOL]",
            "Acts on the enclosing checker.",
        ),
    ];
