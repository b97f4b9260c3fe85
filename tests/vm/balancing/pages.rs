//! What a web server says, over TLS or without, and what keepalived and ours make of it.

use super::answers::{self, Case, Says, WELL};
use super::both;
use super::secure::Manner;
use crate::support::daemon::Subject;
use openssl::ssl::SslVersion;

const GOOD: &str = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nstatus: well, and 42 more\n";
const GONE: &str = "HTTP/1.0 404 Not Found\r\n\r\nnothing\n";
const SHORT: &str = "HTTP/1.0 200 OK\r\nContent-Length: 50\r\n\r\nshort\n";
const LONG: &str = "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nlonger\n";
const LOST: &str = "HTTP/1.0 404 Not Found\r\nContent-Length: 3\r\n\r\nlonger\n";
const PLAIN: &str = "HTTP_GET";
const TLS: &str = "SSL_GET";
const RSA: &str = "AES128-SHA:@SECLEVEL=0";
const TWO: &str = "fast_recovery\nurl {\npath /a\nstatus_code 200\n}\nurl {\npath /b\nstatus_code 200\n}";
const ROOT: &str = "url {\npath /\nstatus_code 200\n}";

use Says::{Lines, Nobody, Page, PageTo, Secure, Stops};

const CASES: &[Case] = &[
    Case(PLAIN, ROOT, Page(GOOD), WELL),
    Case(PLAIN, ROOT, Page(GONE), None),
    Case(PLAIN, "url {\npath /\nregex \"status: *well\"\n}", Page(GOOD), WELL),
    Case(PLAIN, "url {\npath /\nregex \"status: *ill\"\n}", Page(GOOD), None),
    Case(PLAIN, "url {\npath /\nregex \"status: *ill\"\nregex_no_match\n}", Page(GOOD), WELL),
    Case(PLAIN, "url {\npath /\nregex \"status: *well\"\nregex_no_match\n}", Page(GOOD), None),
    Case(PLAIN, "url {\npath /\nregex \"STATUS\"\n}", Page(GOOD), None),
    Case(PLAIN, "url {\npath /\nregex \"STATUS\"\nregex_options caseless\n}", Page(GOOD), WELL),
    Case(PLAIN, "url {\npath /\nregex \"well\"\nregex_min_offset 2\n}", Page(GOOD), WELL),
    Case(PLAIN, "url {\npath /\nstatus_code 404\nregex \"noth\"\n}", Page(GONE), WELL),
    // 2.2.7 counts the head too where it comes in one piece with the body; ours the body alone, in which it is at 8.
    Case(PLAIN, "url {\npath /\nregex \"well\"\nregex_max_offset 200\n}", Page(GOOD), WELL),
    Case(PLAIN, "url {\npath /\nregex \"well\"\nregex_max_offset 53\n}", Page(GOOD), WELL),
    Case(PLAIN, "url {\npath /\nregex \"well\"\nregex_max_offset 6\n}", Page(GOOD), None),
    Case(PLAIN, "url {\npath /\nregex \"well\"\nregex_min_offset 54\n}", Page(GOOD), None),
    Case(PLAIN, ROOT, Page(SHORT), WELL),
    Case(PLAIN, ROOT, Page(LONG), WELL),
    Case(PLAIN, "url {\npath /\nregex \"short\"\n}", Page(SHORT), WELL),
    Case(TLS, ROOT, Secure(Manner::Usual, SHORT), WELL),
    Case(PLAIN, ROOT, PageTo("GET / HTTP/1.0\r\n", GOOD), WELL),
    Case(PLAIN, ROOT, PageTo("Connection:", GOOD), None),
    Case(
        PLAIN,
        "http_protocol 1.0C\nurl {\npath /\nstatus_code 200\n}",
        PageTo("HTTP/1.0\r\n", GOOD),
        WELL,
    ),
    Case(
        PLAIN,
        "http_protocol 1.0c\nurl {\npath /\nstatus_code 200\n}",
        PageTo("Connection: close\r\n", GOOD),
        WELL,
    ),
    Case(
        PLAIN,
        "http_protocol 1.1\nurl {\npath /\nstatus_code 200\n}",
        PageTo("GET / HTTP/1.1\r\n", GOOD),
        WELL,
    ),
    Case(TLS, "http_protocol 1.1\nurl {\npath /\nstatus_code 200\n}", Secure(Manner::Usual, GOOD), WELL),
    Case(PLAIN, TWO, PageTo("GET /", GOOD), WELL),
    Case(PLAIN, TWO, PageTo("GET /a", GOOD), None),
    Case(PLAIN, TWO, PageTo("GET /b", GOOD), None),
    Case(TLS, TWO, Secure(Manner::Usual, GOOD), WELL),
    Case(TLS, ROOT, Secure(Manner::Only(SslVersion::TLS1, RSA), GOOD), WELL),
    Case(TLS, ROOT, Secure(Manner::Only(SslVersion::TLS1_1, RSA), GOOD), WELL),
    // Its key exchange is signed in a way that the system's library refuses.
    Case(TLS, ROOT, Secure(Manner::Only(SslVersion::TLS1, "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"), GOOD), None),
    Case(TLS, ROOT, Secure(Manner::Only(SslVersion::TLS1_2, "NULL-SHA256:@SECLEVEL=0"), GOOD), None),
    Case(TLS, ROOT, Secure(Manner::Weak, GOOD), WELL),
    Case(TLS, ROOT, Secure(Manner::Usual, GOOD), WELL),
    Case(TLS, ROOT, Secure(Manner::Usual, GONE), None),
    Case(TLS, ROOT, Secure(Manner::Old, GOOD), WELL),
    Case(TLS, ROOT, Secure(Manner::Rude, GOOD), WELL),
    Case(TLS, ROOT, Page(GOOD), None),
    Case(TLS, ROOT, Lines(&["!"]), None),
    Case(TLS, ROOT, Lines(&["."]), None),
    Case(TLS, "url {\npath /\nregex \"4[0-9]\"\n}", Secure(Manner::Usual, GOOD), WELL),
    Case(
        TLS,
        "enable_sni\nurl {\npath /\nvirtualhost a.example\nstatus_code 200\n}",
        Secure(Manner::Named("a.example"), GOOD),
        WELL,
    ),
    Case(
        TLS,
        "url {\npath /\nvirtualhost a.example\nstatus_code 200\n}",
        Secure(Manner::Named("a.example"), GOOD),
        None,
    ),
];

/// Both, at the same time. keepalived says nothing of a server that never was well, ours says why it is not.
pub fn side_by_side() {
    both::compare(|subject| answers::play(subject, CASES, subject == Subject::Standfast).without("failed"));
}

const WRONG: &str = "url {\npath /\ndigest 00000000000000000000000000000000\n}";

/// Ways to fail, and what the log says of each.
const FAILURES: &[Case] = &[
    Case(PLAIN, ROOT, Page(GONE), None),
    Case(PLAIN, WRONG, Page(GOOD), None),
    Case(PLAIN, WRONG, Page(SHORT), None),
    Case(PLAIN, WRONG, Page(LONG), None),
    Case(PLAIN, ROOT, Page(LOST), None),
    Case(PLAIN, "url {\npath /\nregex \"nowhere\"\n}", Page(LONG), None),
    Case(PLAIN, "url {\npath /\nregex \"status: *ill\"\n}", Page(GOOD), None),
    Case(PLAIN, "url {\npath /\nregex \"status: *well\"\nregex_no_match\n}", Page(GOOD), None),
    Case(PLAIN, "retry 1\nurl {\npath /\nregex \"STATUS\"\n}", Page(GOOD), None),
    Case(PLAIN, ROOT, Page("well\r\n\r\n"), None),
    Case(PLAIN, ROOT, PageTo("what nobody asks", GOOD), None),
    Case(PLAIN, ROOT, Lines(&["."]), None),
    Case(PLAIN, ROOT, Stops("HTTP/1.0 200 OK\r\n"), None),
    Case(PLAIN, ROOT, Stops("HTTP/1.0 200 OK\r\nContent-Length: 1000\r\n\r\nstat"), None),
    Case(PLAIN, ROOT, Nobody, None),
    Case(PLAIN, "connect_ip 10.1.0.99\nurl {\npath /\nstatus_code 200\n}", Nobody, None),
    Case(TLS, ROOT, Secure(Manner::Usual, GONE), None),
    Case(TLS, WRONG, Secure(Manner::Usual, GOOD), None),
    Case(TLS, ROOT, Page(GOOD), None),
    Case(TLS, ROOT, Nobody, None),
    Case("TCP_CHECK", "", Nobody, None),
    Case("TCP_CHECK", "connect_ip 10.1.0.99", Nobody, None),
    Case("TCP_CHECK", "", Page(GOOD), WELL),
];

/// Both, at the same time: every line of those that fail.
pub fn failures_side_by_side() {
    both::compare(|subject| answers::play_out(subject, FAILURES));
}
