//! Rows of `HTTP_GET` and `SSL_GET`.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::{Context, Keyword, row};

/// `HTTP_GET`, beside [`CONNECTION`]
pub const HTTP_GET: &[Keyword] = &[
    row("nb_get_retry", Lax(0, u32::MAX as i64), Exits, LastWins, "as retry")
        .doc("0.5.3", "UINT", "Same as retry.")
        .deprecated("retry"),
    row("virtualhost", Word, Faults, Replaces, "real server's").doc(
        "0.5.8",
        "STRING",
        "Host header default for the urls.",
    ),
    row("http_protocol", Choice(&["1.0", "1.0c", "1.0C", "1.1"]), Faults, LastWins, "1.0").doc(
        "2.0.17",
        "1.0, 1.0c or 1.0C, 1.1",
        "Version in the request; 1.0C and 1.1 add Connection: close. No other value (no 1.1k) \
exists.",
    ),
    row("enable_sni", Boolean, Allowed, LastWins, "off").doc(
        "1.4.3",
        "[BOOL]",
        "Send SNI (the virtualhost in force).",
    ),
    row("sni_name", Words, Allowed, Replaces, "virtualhost").doc(
        "after 2.4.3",
        "[NAME]",
        "Send this SNI; implies enable_sni.",
    ),
    row("fast_recovery", Boolean, Allowed, LastWins, "off").doc(
        "2.0.17",
        "[BOOL]",
        "Check the next urls without waiting while starting or recovering.",
    ),
    row("url", Block(Context::Url), Allowed, Repeats, "").doc("0.5.3", "block", "One request."),
];

/// What `SSL_GET` has of `HTTP_GET`, with its own `url`.
pub const HTTP_GET_OF_SSL: &[Keyword] = &[
    row("nb_get_retry", Lax(0, u32::MAX as i64), Exits, LastWins, "as retry")
        .doc("0.5.3", "UINT", "Same as retry.")
        .deprecated("retry"),
    row("virtualhost", Word, Faults, Replaces, "real server's").doc(
        "0.5.8",
        "STRING",
        "Host header default for the urls.",
    ),
    row("http_protocol", Choice(&["1.0", "1.0c", "1.0C", "1.1"]), Faults, LastWins, "1.0").doc(
        "2.0.17",
        "1.0, 1.0c or 1.0C, 1.1",
        "Version in the request; 1.0C and 1.1 add Connection: close. No other value (no 1.1k) \
exists.",
    ),
    row("enable_sni", Boolean, Allowed, LastWins, "off").doc(
        "1.4.3",
        "[BOOL]",
        "Send SNI (the virtualhost in force).",
    ),
    row("sni_name", Words, Allowed, Replaces, "virtualhost").doc(
        "after 2.4.3",
        "[NAME]",
        "Send this SNI; implies enable_sni.",
    ),
    row("fast_recovery", Boolean, Allowed, LastWins, "off").doc(
        "2.0.17",
        "[BOOL]",
        "Check the next urls without waiting while starting or recovering.",
    ),
    row("url", Block(Context::SslUrl), Allowed, Repeats, "").doc("0.5.3", "block", "One request."),
];

/// `SSL_GET` alone
pub const SSL_GET: &[Keyword] = &[
    row("tls_compliant", Boolean, Allowed, LastWins, "off (quiet shutdown)").doc(
        "2.2.8",
        "[BOOL]",
        "Send close_notify at the end.",
    ),
    row("tls_verify", Boolean, Allowed, LastWins, "off").doc(
        "standfast 0.1",
        "[BOOL]",
        "The server's certificate must be valid, signed by ca of SSL (without one: by an authority of the system), and of \
the name that is sent, else of the virtualhost, else of the address. keepalived does not know this word.",
    ),
];

/// `url`
pub const URL: &[Keyword] = &[
    row("path", Word, Exits, Replaces, "none (required)").doc("0.5.3", "STRING", "Request path."),
    row("digest", Words, Exits, FirstWins, "none").doc(
        "0.5.3",
        "32 hex digits",
        "Expected MD5 of the body.",
    ),
    row("status_code", Words, Allowed, Repeats, "200-299").doc(
        "0.7.6",
        "N or N-M ..., 100..599",
        "Accepted status codes.",
    ),
    row("virtualhost", Word, Faults, Replaces, "checker's").doc("0.5.8", "STRING", "Host header."),
    row("regex", Words, Allowed, Replaces, "none").doc(
        "2.0.7",
        "PATTERN (PCRE2, quoted and escaped string)",
        "Pattern that must match the body.",
    ),
    row("regex_no_match", Nothing, Allowed, LastWins, "off").doc("2.0.7", "none", "Invert regex."),
    row("regex_options", Words, Allowed, Repeats, "none").doc(
        "2.0.7",
        "list of PCRE2 option words",
        "Compile options.",
    ),
    row("regex_min_offset", Words, Allowed, LastWins, "0").doc(
        "2.0.7",
        "UINT",
        "First offset at which a match may start.",
    ),
    row("regex_max_offset", Words, Allowed, LastWins, "none").doc(
        "2.0.7",
        "UINT",
        "Last offset at which a match may start.",
    ),
    row("regex_stack", Words, Allowed, LastWins, "library default")
        .doc("2.0.7", "START MAX bytes", "JIT stack size.")
        .later(),
];

/// `url` in `SSL_GET`, beside [`URL`]
pub const SSL_URL: &[Keyword] = &[row("tls_compliant", Boolean, Allowed, LastWins, "checker's").doc(
    "2.2.8",
    "[BOOL]",
    "As above for one url.",
)];
