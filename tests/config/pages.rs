//! `HTTP_GET` and `SSL_GET`: urls, TLS, patterns.

use standfast::config::model::check::{HttpProtocol, Sni, StatusRange};
use standfast::config::model::pattern::{Pattern, PatternOption, PatternOptions};
use standfast::config::model::{CheckKind, HttpGet, HttpUrl};

use super::checkers::{KINDS, checks, complaints, one, read, read_with, said};

fn url(lines: &str) -> HttpUrl {
    http(&format!("HTTP_GET {{\nurl {{\npath /\n{lines}\n}}\n}}")).urls.remove(0)
}

fn http(server: &str) -> HttpGet {
    match one(server).kind {
        CheckKind::Http(pages) | CheckKind::Ssl(pages) => (*pages).clone(),
        kind => panic!("{kind:?}"),
    }
}

#[test]
fn pages_with_and_without_tls() {
    let text = "GET {\nvirtualhost outer\nhttp_protocol 1.0c\nfast_recovery\nenable_sni\n\
                url {\npath /a\nstatus_code 200 300-302\nstatus_code 404\ndigest 000102030405060708090a0b0c0d0e0f\n}\n\
                url {\npath /b\nvirtualhost inner\n}\n}";
    for name in ["HTTP_", "SSL_"] {
        let pages = http(&format!("{name}{text}"));
        assert_eq!((pages.protocol, pages.fast_recovery), (HttpProtocol::V1_0Close, true));
        assert_eq!(pages.sni, Some(Sni::VirtualHost));
        let range = |first, last| StatusRange { first, last };
        let a = HttpUrl {
            path: "/a".into(),
            digest: Some(std::array::from_fn(|at| u8::try_from(at).unwrap())),
            status: vec![range(200, 200), range(300, 302), range(404, 404)],
            virtualhost: Some("outer".into()),
            ..HttpUrl::default()
        };
        let b = HttpUrl { path: "/b".into(), virtualhost: Some("inner".into()), ..HttpUrl::default() };
        assert_eq!(pages.urls, [a, b]);
    }
    for (word, protocol) in
        [("1.0", HttpProtocol::V1_0), ("1.0C", HttpProtocol::V1_0Close), ("1.1", HttpProtocol::V1_1)]
    {
        assert_eq!(
            http(&format!("HTTP_GET {{\nhttp_protocol {word}\nurl {{\npath /\n}}\n}}")).protocol,
            protocol
        );
    }
    let sni = |lines: &str| http(&format!("SSL_GET {{\n{lines}\nurl {{\npath /\n}}\n}}")).sni;
    assert_eq!(sni(""), None);
    assert_eq!(sni("sni_name www.example.org"), Some(Sni::Name("www.example.org".into())));
    assert_eq!(sni("sni_name"), Some(Sni::VirtualHost));
    assert_eq!(sni("sni_name a\nenable_sni off"), None);
}

#[test]
fn certificates_count_where_it_says_so() {
    let verified = |lines: &str| http(&format!("SSL_GET {{\n{lines}\nurl {{\npath /\n}}\n}}")).verify;
    assert!(!verified("") && !verified("tls_verify off"));
    assert!(verified("tls_verify") && verified("tls_verify yes"));
}

#[test]
fn tls_is_ended_as_url_or_check_says() {
    let text = "SSL_GET {\ntls_compliant\nurl {\npath /a\n}\nurl {\npath /b\ntls_compliant off\n}\n}";
    let ended: Vec<bool> = http(text).urls.iter().map(|url| url.tls_compliant).collect();
    assert_eq!(ended, [true, false]);
    assert!(!http(KINDS[2]).urls[0].tls_compliant);
    let loaded = read("HTTP_GET {\ntls_compliant\nurl {\npath /\n}\n}");
    assert_eq!(said(&loaded)[0].code, "unknown-keyword");
}

#[test]
fn a_host_of_server_or_service_is_that_of_the_url() {
    for (service, server, expected) in [
        ("", "", None),
        ("virtualhost service", "", Some("service")),
        ("virtualhost service", "virtualhost server\n", Some("server")),
    ] {
        let loaded = read_with("", service, &format!("{server}{}", KINDS[2]));
        let CheckKind::Ssl(pages) = &checks(&loaded)[0].kind else { panic!() };
        assert_eq!(pages.urls[0].virtualhost.as_deref(), expected);
    }
}

#[test]
fn mistakes_in_a_url() {
    for kind in ["HTTP_GET", "SSL_GET"] {
        let (told, _) = complaints(&format!("{kind} {{\n}}"));
        assert_eq!(told, [format!("{kind} has no url specified - ignoring")]);
        assert_eq!(checks(&read(&format!("{kind} {{\n}}"))), []);
    }
    let text = "HTTP_GET {\nhttp_protocol 1.1k\nurl {\npath /\ndigest zz\nstatus_code 99 200-x 300-200 200- 600\n\
                virtualhost\n}\n}";
    let (told, status) = complaints(text);
    assert_eq!(told.len(), 8, "{told:?}");
    assert_eq!(status, 5);
    let loaded = read(text);
    let CheckKind::Http(pages) = &checks(&loaded)[0].kind else { panic!() };
    assert_eq!(pages.urls, [HttpUrl { path: "/".into(), ..HttpUrl::default() }]);
    let (told, _) = complaints("HTTP_GET {\nurl {\n}\n}");
    assert_eq!(told, ["a url without path is ignored"]);
}

#[test]
fn patterns() {
    let found = url(
        "regex \"a b\\\\.c\" # what follows is no part\nregex_options caseless multiline\nregex_options utf\n\
         regex_no_match\nregex_min_offset 10\nregex_max_offset 200\nregex_stack 32 1024",
    );
    let options = PatternOptions::default()
        .with(PatternOption::Caseless)
        .with(PatternOption::Multiline)
        .with(PatternOption::Utf);
    let expected = Pattern {
        text: "a b\\.c".into(),
        no_match: true,
        options,
        min_offset: 10,
        max_offset: Some(200),
        stack: Some((32, 1024)),
        ..Pattern::default()
    };
    assert_eq!(found.pattern.as_deref(), Some(&expected));
    assert!(options.has(PatternOption::Utf) && !options.has(PatternOption::Ucp));
    assert_eq!(url("").pattern, None);
    let plain = Pattern { text: "x".into(), ..Pattern::default() };
    assert_eq!(url("regex 'x'").pattern.as_deref(), Some(&plain));
}

#[test]
fn mistakes_in_patterns_are_only_told() {
    for (lines, message) in [
        ("regex a(b", "the regex cannot be used: missing closing parenthesis (at byte 3)"),
        ("regex_no_match", "regex_no_match means nothing without regex"),
        ("regex x\nregex_options caseles", "unknown regex option 'caseles' - ignoring"),
        ("regex x\nregex_min_offset -1", "regex_min_offset: invalid number '-1'"),
        ("regex x\nregex_max_offset", "regex_max_offset: invalid number ''"),
        (
            "regex x\nregex_min_offset 9\nregex_max_offset 5",
            "regex_max_offset 5 is below regex_min_offset 9 - ignoring both",
        ),
        ("regex x\nregex_stack 9 5", "regex_stack 9 5 is no stack - ignoring"),
        ("regex x\nregex_stack 9", "regex_stack: invalid number ''"),
    ] {
        let text = format!("HTTP_GET {{\nurl {{\npath /\n{lines}\n}}\n}}");
        assert_eq!(complaints(&text), (vec![message.to_owned()], 0), "{lines}");
        let loaded = read(&text);
        let CheckKind::Http(pages) = &checks(&loaded)[0].kind else { panic!() };
        let expected = match lines {
            "regex a(b" | "regex_no_match" => None,
            _ => Some(Pattern { text: "x".into(), ..Pattern::default() }),
        };
        assert_eq!(pages.urls[0].pattern.as_deref(), expected.as_ref(), "{lines}");
    }
    for line in ["regex", "regex a b"] {
        let text = format!("HTTP_GET {{\nurl {{\npath /\n{line}\n}}\n}}");
        assert_eq!(complaints(&text), (vec!["regex takes one pattern".to_owned()], 5), "{line}");
    }
}
