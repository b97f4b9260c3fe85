//! Health checkers: defaults, ranges, what is said of mistakes, and what is taken from around them.

use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::check::{DnsType, MiscCheck, Pace, Reply, Source, UdpCheck};
use standfast::config::model::{Check, CheckKind, UserSpec};
use standfast::config::{LoadOptions, Loaded, load_str, verdict};
use standfast::diag::{Class, Diagnostic};

pub const KINDS: [&str; 10] = [
    "TCP_CHECK {\n}",
    "HTTP_GET {\nurl {\npath /\n}\n}",
    "SSL_GET {\nurl {\npath /\n}\n}",
    "SMTP_CHECK {\n}",
    "UDP_CHECK {\n}",
    "DNS_CHECK {\n}",
    "PING_CHECK {\n}",
    "MISC_CHECK {\nmisc_path /bin/true\n}",
    "FILE_CHECK {\ntrack_file load\n}",
    "BFD_CHECK {\nname PEER\n}",
];

/// Files and sessions that the checks name.
const ABOVE: &str = "track_file load {\nfile /run/load\nweight 3 reverse\n}\n\
    bfd_instance PEER {\nneighbor_ip 10.0.0.9\n}\n\
    bfd_instance ROUTER {\nneighbor_ip 10.0.0.8\nvrrp\n}\n";

pub fn read_with(above: &str, service: &str, server: &str) -> Loaded {
    let text = format!(
        "{ABOVE}{above}virtual_server 10.0.0.1 80 {{\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n{service}\n\
         real_server 10.0.0.2 8080 {{\n{server}\n}}\n}}\n"
    );
    load_str("a.conf", &text, &LoadOptions::default())
}

pub fn read(server: &str) -> Loaded {
    read_with("", "", server)
}

pub fn checks(loaded: &Loaded) -> &[Arc<Check>] {
    &loaded.config.virtual_servers[0].real_servers[0].checks
}

/// What is said, without that something has no effect yet.
pub fn said(loaded: &Loaded) -> Vec<&Diagnostic> {
    loaded.diagnostics.iter().filter(|one| one.code != "no-effect-yet").collect()
}

/// The messages that are said of a server's checks, and keepalived's status.
pub fn complaints(server: &str) -> (Vec<String>, u8) {
    let loaded = read(server);
    let said: Vec<String> = said(&loaded).iter().map(|one| one.message.clone()).collect();
    (said, verdict(&loaded.diagnostics))
}

/// A block that is read without a complaint, as the one check that it is.
pub fn one(server: &str) -> Check {
    let loaded = read(server);
    assert_eq!(said(&loaded), Vec::<&Diagnostic>::new(), "{server}");
    assert_eq!(verdict(&loaded.diagnostics), 0);
    let [check] = checks(&loaded) else { panic!("{server}: {:?}", checks(&loaded)) };
    Check::clone(check)
}

fn udp(lines: &str) -> UdpCheck {
    let CheckKind::Udp(udp) = one(&format!("UDP_CHECK {{\n{lines}\n}}")).kind else { panic!("{lines}") };
    (*udp).clone()
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn defaults_of_each_kind() {
    for (text, retry, delay) in [
        (KINDS[0], 1, 1),
        (KINDS[1], 1, 3),
        (KINDS[2], 1, 3),
        (KINDS[3], 1, 1),
        (KINDS[4], 1, 1),
        (KINDS[5], 3, 60),
        (KINDS[6], 1, 1),
        (KINDS[7], 0, 1),
    ] {
        let check = one(text);
        let expected = Pace {
            connect_timeout: secs(5),
            retry,
            delay_before_retry: secs(delay),
            delay_loop: secs(60),
            warmup: secs(60),
        };
        assert_eq!(*check.pace, expected, "{text}");
        assert_eq!(check.target.to_string(), "10.0.0.2:8080", "{text}");
        assert_eq!((check.source, check.alpha, check.log_all_failures), (None, false, false), "{text}");
        assert!(text.starts_with(check.kind.keyword()), "{text}");
    }
    // Its own delay_loop.
    assert_eq!(one("DNS_CHECK {\ndelay_loop 4\n}").pace.delay_before_retry, secs(4));
}

#[test]
fn everything_of_the_pace_is_inherited_or_its_own() {
    let outer = "delay_loop 7\nretry 4\nconnect_timeout 2\nwarmup 0\ndelay_before_retry 0.5\nalpha";
    for text in &KINDS[..8] {
        let loaded = read_with("", outer, &format!("retry 5\n{text}"));
        let check = &checks(&loaded)[0];
        let expected = Pace {
            connect_timeout: secs(2),
            retry: 5,
            delay_before_retry: Duration::from_millis(500),
            delay_loop: secs(7),
            warmup: secs(0),
        };
        assert_eq!(*check.pace, expected, "{text}");
        assert!(check.alpha, "{text}");
        let own = "delay_loop 3\nretry 0\nwarmup 1\ndelay_before_retry 2\nalpha no\nlog_all_failures";
        let text = text.replacen("{\n", &format!("{{\n{own}\n"), 1);
        let loaded = read_with("", outer, &text);
        let check = &checks(&loaded)[0];
        let expected = Pace {
            connect_timeout: secs(2),
            retry: 0,
            delay_before_retry: secs(2),
            delay_loop: secs(3),
            warmup: secs(1),
        };
        assert_eq!(*check.pace, expected, "{text}");
        assert!(!check.alpha && check.log_all_failures, "{text}");
    }
    let all = "global_defs {\nchecker_log_all_failures\n}\n";
    assert!(checks(&read_with(all, "", KINDS[6]))[0].log_all_failures);
}

#[test]
fn connections_of_all_kinds() {
    let lines = "connect_ip 10.0.0.5\nconnect_port 25\nbindto 10.0.0.7\nbind_port 55\nbind_if eth0\nfwmark 9\n\
                 connect_timeout 1.5";
    for text in &KINDS[..7] {
        let check = one(&text.replacen("{\n", &format!("{{\n{lines}\n"), 1));
        assert_eq!(check.target.to_string(), "10.0.0.5:25", "{text}");
        let source = Source {
            address: Some(("10.0.0.7".parse().unwrap(), 55)),
            interface: Some("eth0".into()),
            mark: 9,
        };
        assert_eq!(check.source.as_deref(), Some(&source), "{text}");
        assert_eq!(check.pace.connect_timeout, Duration::from_millis(1500), "{text}");
    }
    let check = one("TCP_CHECK {\nconnect_port 44\nconnect_ip ::5\nbind_port 55\n}");
    assert_eq!(check.target.to_string(), "[::5]:44", "the order does not matter");
    assert_eq!(check.source.unwrap().address, Some(("::".parse().unwrap(), 55)));
}

#[test]
fn an_address_of_the_other_family_is_not_bound_to() {
    let family = |keyword: &str, of: &str, address: &str| {
        vec![format!("{keyword} address {address} does not match address family of {of} - skipping")]
    };
    for (lines, expected, target, bound) in [
        ("bindto ::1", family("bindto", "connect_ip", "::1"), "10.0.0.2:8080", None),
        ("connect_ip ::2\nbindto 10.0.0.7", family("bindto", "connect_ip", "10.0.0.7"), "[::2]:8080", None),
        (
            "bindto 10.0.0.7\nconnect_ip ::2",
            family("connect_ip", "bindto", "::2"),
            "10.0.0.2:8080",
            Some("10.0.0.7"),
        ),
        // The real server's family counts until another address is named.
        ("bindto ::1\nconnect_ip ::2", family("bindto", "connect_ip", "::1"), "[::2]:8080", None),
    ] {
        let text = format!("TCP_CHECK {{\n{lines}\n}}");
        assert_eq!(complaints(&text), (expected, 5), "{lines}");
        let loaded = read(&text);
        let check = &checks(&loaded)[0];
        assert_eq!(check.target.to_string(), target, "{lines}");
        let address = check.source.as_ref().and_then(|source| source.address);
        assert_eq!(address.map(|(address, _)| address.to_string()).as_deref(), bound, "{lines}");
    }
}

#[test]
fn a_link_local_target_needs_an_interface() {
    let message = "Checker link local address fe80::1 requires a bind_if".to_owned();
    for kind in &KINDS[..7] {
        let text = kind.replacen("{\n", "{\nconnect_ip fe80::1\n", 1);
        assert_eq!(complaints(&text), (vec![message.clone()], 5), "{kind}");
        assert_eq!(complaints(&text.replacen("{\n", "{\nbind_if eth0\n", 1)), (vec![], 0), "{kind}");
    }
    let text = "virtual_server fe80::9 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n\
                real_server fe80::1 80 {\nTCP_CHECK {\n}\n}\n}\n";
    let loaded = load_str("a.conf", text, &LoadOptions::default());
    assert_eq!(said(&loaded)[0].message, message);
}

#[test]
fn values_outside_their_range_leave_the_default() {
    for line in [
        "connect_ip 10.0.0.300",
        "connect_port 0",
        "connect_port 65536",
        "bindto x",
        "bind_port 0",
        "bind_if abcdefghijklmnop",
        "fwmark -1",
        "fwmark 4294967296",
        "connect_timeout 0",
        "connect_timeout 4294.967296",
        "retry -1",
        "delay_before_retry x",
        "warmup -1",
    ] {
        let loaded = read(&format!("TCP_CHECK {{\n{line}\n}}"));
        let [told] = said(&loaded)[..] else { panic!("{line}: {:?}", loaded.diagnostics) };
        assert_eq!(told.class, Class::Fault, "{line}");
        assert_eq!(checks(&loaded), [Arc::new(one(KINDS[0]))], "{line}");
    }
    assert_eq!(
        complaints("TCP_CHECK {\nbind_if abcdefghijklmnop\n}").0,
        ["Interface name abcdefghijklmnop is too long - ignoring"]
    );
}

#[test]
fn the_old_word_for_retry_has_its_new_one_wherever_it_stands() {
    let (told, status) = complaints("HTTP_GET {\nnb_get_retry 3\nurl {\npath /\n}\n}");
    assert_eq!((told, status), (vec!["nb_get_retry is deprecated - please use 'retry'".to_owned()], 5));
    let loaded = read("TCP_CHECK {\nnb_get_retry 3\n}");
    let [told] = said(&loaded)[..] else { panic!() };
    assert_eq!((told.code, told.help.as_deref()), ("unknown-keyword", Some("use 'retry'")));
}

fn smtp(check: &Check) -> (String, String, Duration, u32) {
    let CheckKind::Smtp(mail) = &check.kind else { panic!("{check:?}") };
    (mail.helo_name.clone(), check.target.to_string(), check.pace.connect_timeout, check.pace.retry)
}

#[test]
fn mail_servers_and_their_hosts() {
    let default = ("smtpchecker.keepalived.org".to_owned(), "10.0.0.2:8080".to_owned(), secs(5), 1);
    assert_eq!(smtp(&one("SMTP_CHECK {\n}")), default);
    let global = "global_defs {\nsmtp_helo_name lb.example.org\n}\n";
    assert_eq!(smtp(&checks(&read_with(global, "", KINDS[3]))[0]).0, "lb.example.org");
    // Hosts alone: each is a check, and what they say of the pace is said of all.
    let text = "SMTP_CHECK {\nretry 4\nhelo_name a\nhost {\nconnect_ip 10.0.0.3\nretry 3\nconnect_timeout 2\n}\n\
                host {\nconnect_port 26\n}\n}";
    let loaded = read(text);
    let [note] = said(&loaded)[..] else { panic!("{:?}", loaded.diagnostics) };
    assert!(note.message.contains("host block is deprecated"), "{note:?}");
    assert_eq!(verdict(&loaded.diagnostics), 0);
    let found: Vec<_> = checks(&loaded).iter().map(|check| smtp(check)).collect();
    let host = |target: &str, timeout| ("a".to_owned(), target.to_owned(), secs(timeout), 3);
    assert_eq!(found, [host("10.0.0.3:8080", 2), host("10.0.0.2:26", 5)]);
    // A block that says itself how to connect is one more.
    for line in ["connect_port 2525", "connect_timeout 3", "fwmark 3", "bindto 10.0.0.5"] {
        let loaded = read(&format!("SMTP_CHECK {{\n{line}\nhost {{\nconnect_ip 10.0.0.4\n}}\n}}"));
        let found: Vec<_> = checks(&loaded).iter().map(|check| check.target.ip().to_string()).collect();
        assert_eq!(found, ["10.0.0.2", "10.0.0.4"], "{line}");
        assert_eq!(checks(&loaded)[1].source, None, "{line}: a host has nothing of it");
    }
    assert_eq!(complaints("SMTP_CHECK {\nhelo_name\n}").1, 5);
}

#[test]
fn datagrams() {
    let default = UdpCheck { payload: None, reply: None, min_reply_length: 0, max_reply_length: 255 };
    assert_eq!(udp(""), default);
    let text = "payload 01 2 \"ff 0a\"\nrequire_reply 1x X2 ff\nmin_reply_length 3\nmax_reply_length 65535";
    let expected = UdpCheck {
        payload: Some(vec![1, 2, 0xff, 0x0a]),
        reply: Some(Reply { bytes: vec![0x10, 2, 0xff], mask: vec![0xf0, 0x0f, 0xff] }),
        min_reply_length: 3,
        max_reply_length: 65535,
    };
    assert_eq!(udp(text), expected);
    assert_eq!(udp("require_reply").reply, Some(Reply::default()), "any reply");
    for (lines, message, expected) in [
        ("payload 0x01", "Invalid hex string for UDP_CHECK payload", default.clone()),
        (
            "require_reply 0g",
            "Invalid hex string for UDP_CHECK reply",
            UdpCheck { reply: Some(Reply::default()), ..default.clone() },
        ),
        (
            "min_reply_length 256",
            "UDP_CHECK min_reply length 256 > max_reply_length 255 - will always fail",
            UdpCheck { min_reply_length: 256, ..default.clone() },
        ),
        (
            "max_reply_length 65536",
            "max_reply_length: number '65536' outside range [0, 65535]",
            default.clone(),
        ),
    ] {
        let text = format!("UDP_CHECK {{\n{lines}\n}}");
        assert_eq!(complaints(&text), (vec![message.to_owned()], 5), "{lines}");
        assert_eq!(checks(&read(&text))[0].kind, CheckKind::Udp(Arc::new(expected)), "{lines}");
    }
    assert_eq!(complaints("UDP_CHECK {\npayload\n}").1, 5);
}

#[test]
fn names_to_ask_for() {
    let dns = |loaded: &Loaded| {
        let CheckKind::Dns(dns) = &checks(loaded)[0].kind else { panic!() };
        (dns.kind, dns.name.clone())
    };
    let ask = |lines: &str| dns(&read(&format!("DNS_CHECK {{\n{lines}\n}}")));
    assert_eq!(ask(""), (DnsType::Soa, String::new()));
    for (word, kind) in [
        ("A", DnsType::A),
        ("ns", DnsType::Ns),
        ("cname", DnsType::Cname),
        ("soa", DnsType::Soa),
        ("Mx", DnsType::Mx),
        ("txt", DnsType::Txt),
        ("AAAA", DnsType::Aaaa),
        ("rrsig", DnsType::Rrsig),
        ("dnskey", DnsType::Dnskey),
    ] {
        assert_eq!(ask(&format!("type {word}")).0, kind, "{word}");
    }
    for name in ["www.example.org", "example.org.", ".", "a.b"] {
        let text = format!("DNS_CHECK {{\nname {name}\n}}");
        assert_eq!(complaints(&text), (vec![], 0), "{name}");
        assert_eq!(dns(&read(&text)).1, name);
    }
    let (told, status) = complaints("DNS_CHECK {\ntype ANY\n}");
    assert_eq!((told, status), (vec!["type 'ANY' is invalid".to_owned()], 5));
    let long = "x".repeat(64);
    for (name, wrong, status) in
        [("foo..org", "has empty label", 5), (".org", "has empty label", 5), (&long, "is too long", 0)]
    {
        let text = format!("DNS_CHECK {{\nname {name}\n}}");
        let message = format!("DNS_CHECK name '{name}' {wrong} - ignoring");
        assert_eq!(complaints(&text), (vec![message], status));
        assert_eq!(dns(&read(&text)).1, "", "the root");
    }
}

#[test]
fn scripts() {
    let misc = |loaded: &Loaded| {
        let CheckKind::Misc(misc) = &checks(loaded)[0].kind else { panic!() };
        (**misc).clone()
    };
    let found = misc(&read(
        "MISC_CHECK {\nuser nobody nogroup\nmisc_path \"/bin/x 'a b' c\"\nmisc_timeout 9\nmisc_dynamic\n}",
    ));
    assert_eq!(found.command.argv, ["/bin/x", "a b", "c"]);
    let user = UserSpec { user: "nobody".into(), group: Some("nogroup".into()) };
    assert_eq!(found.command.user, Some(user));
    assert_eq!((found.timeout, found.dynamic), (secs(9), true));
    // Without a timeout that of the service, whatever the check or the server says.
    let text = format!("delay_loop 4\n{}", KINDS[7].replacen("{\n", "{\ndelay_loop 3\n", 1));
    let MiscCheck { timeout, dynamic, command } = misc(&read_with("", "delay_loop 8", &text));
    assert_eq!((timeout, dynamic, command.user), (secs(8), false, None));
    let zero = "MISC_CHECK {\nmisc_path /bin/x\nmisc_timeout 0\n}";
    assert_eq!(misc(&read(zero)).timeout, secs(60));
    for (text, message) in [
        ("MISC_CHECK {\n}", "MISC_CHECK has no misc_path - ignoring"),
        ("MISC_CHECK {\nmisc_path\n}", "misc_path is missing its parameter"),
        ("MISC_CHECK {\nmisc_path \"\"\n}", "misc_path: the command is empty"),
    ] {
        assert_eq!(complaints(text), (vec![message.to_owned()], 5), "{text}");
        assert_eq!(checks(&read(text)), [], "{text}");
    }
    let (told, _) = complaints("MISC_CHECK {\nmisc_path /bin/x\nmisc_timeout 4295\n}");
    assert_eq!(told, ["misc_timeout: number '4295' outside range [0, 4294]"]);
    let loaded = read(KINDS[7]);
    assert_eq!(loaded.needs.scripts[0].by, "misc_path", "the host is asked for it");
}

#[test]
fn files() {
    let file = |server: &str| {
        let loaded = read(server);
        let CheckKind::File(file) = &checks(&loaded)[0].kind else { panic!() };
        (file.file.to_string(), file.weight, file.reverse)
    };
    assert_eq!(file(KINDS[8]), ("load".into(), 3, true), "the weight is the file's");
    let with = |line: &str| file(&format!("FILE_CHECK {{\ntrack_file load\n{line}\n}}"));
    assert_eq!(with("weight -2147483647"), ("load".into(), -2147483647, false));
    assert_eq!(with("weight 5 reverse"), ("load".into(), 5, true));
    assert_eq!(with("weight 0"), ("load".into(), 0, false));
    let default = file(KINDS[8]);
    for line in ["weight 2147483648", "weight 5 foo", "weight dynamic", "weight"] {
        assert_eq!(with(line), default, "{line}");
        let (told, status) = complaints(&format!("FILE_CHECK {{\ntrack_file load\n{line}\n}}"));
        assert_eq!((told.len(), status), (1, 5), "{line}: {told:?}");
    }
    for (text, message, status) in [
        ("FILE_CHECK {\n}", "FILE_CHECK has no track_file - ignoring", 5),
        ("FILE_CHECK {\ntrack_file lod\n}", "track_file lod not found", 5),
        ("FILE_CHECK {\ntrack_file\n}", "track_file is missing its parameter", 2),
    ] {
        assert_eq!(complaints(text), (vec![message.to_owned()], status), "{text}");
        assert_eq!(checks(&read(text)), [], "{text}");
    }
    let loaded = read("FILE_CHECK {\ntrack_file lod\n}");
    assert_eq!(said(&loaded)[0].related[0].1, "did you mean 'load'?");
}

#[test]
fn sessions() {
    let check = one("BFD_CHECK {\nname PEER\nalpha\n}");
    let CheckKind::Bfd(bfd) = &check.kind else { panic!() };
    assert_eq!((&*bfd.instance, check.alpha), ("PEER", true));
    let too_many = "BFD_CHECK - No or too many names specified - skipping checker";
    for (lines, message) in [
        ("", "BFD_CHECK has no name - ignoring"),
        ("name", too_many),
        ("name PEER ROUTER", too_many),
        ("name PEAR", "BFD_CHECK - BFD PEAR not configured"),
        // It is for VRRP only.
        ("name ROUTER", "BFD_CHECK - BFD ROUTER not configured"),
    ] {
        let text = format!("BFD_CHECK {{\n{lines}\n}}");
        assert_eq!(complaints(&text), (vec![message.to_owned()], 5), "{lines}");
        assert_eq!(checks(&read(&text)), [], "{lines}");
    }
    let loaded = read("BFD_CHECK {\nname PEAR\n}");
    assert_eq!(said(&loaded)[0].related[0].1, "did you mean 'PEER'?");
    let twice = format!("{0}\n{0}", KINDS[9]);
    assert_eq!(complaints(&twice), (vec!["BFD_CHECK - RS already monitoring PEER".to_owned()], 5));
    assert_eq!(checks(&read(&twice)).len(), 1);
    let (told, _) = complaints("BFD_CHECK {\nname PEER\nname PEER\n}");
    assert_eq!(told, ["name already specified - ignoring"]);
}

#[test]
fn no_kind_is_without_effect() {
    for text in KINDS {
        let loaded = read(&format!("{text}\n{text}"));
        let told: Vec<&str> = loaded
            .diagnostics
            .iter()
            .filter(|one| one.code == "no-effect-yet")
            .map(|one| one.message.as_str())
            .filter(|message| message.contains("_CHECK") || message.contains("_GET"))
            .collect();
        // Of BFD it is said where the session is defined.
        assert_eq!(told, [""; 0], "{text}");
    }
}

#[test]
fn a_check_is_small_and_equal_ones_share() {
    // 50 000 of them are 3.6 MB.
    assert!(size_of::<Check>() <= 72, "{}", size_of::<Check>());
    assert!(size_of::<CheckKind>() <= 16, "{}", size_of::<CheckKind>());
    let server = |at: u8| {
        format!(
            "real_server 10.0.0.{at} 80 {{\nHTTP_GET {{\nconnect_timeout 2\nfwmark 3\nurl {{\npath /index\n\
             status_code 200\n}}\n}}\nTCP_CHECK {{\n}}\nMISC_CHECK {{\nmisc_path /bin/x\n}}\n}}\n"
        )
    };
    let servers: String = (2..100).map(server).collect();
    let text = format!(
        "virtual_server 10.0.0.1 80 {{\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nvirtualhost v\n{servers}}}\n"
    );
    let loaded = load_str("a.conf", &text, &LoadOptions::default());
    let reals = &loaded.config.virtual_servers[0].real_servers;
    let first = &reals[0].checks;
    assert_eq!(reals.len(), 98);
    for real in reals {
        for (a, b) in real.checks.iter().zip(first) {
            assert!(Arc::ptr_eq(&a.pace, &b.pace));
            match (&a.kind, &b.kind) {
                (CheckKind::Http(c), CheckKind::Http(d)) => {
                    assert!(Arc::ptr_eq(c, d));
                    assert!(Arc::ptr_eq(a.source.as_ref().unwrap(), b.source.as_ref().unwrap()));
                }
                (CheckKind::Misc(c), CheckKind::Misc(d)) => assert!(Arc::ptr_eq(c, d)),
                (c, d) => assert_eq!(c, d),
            }
        }
    }
}
