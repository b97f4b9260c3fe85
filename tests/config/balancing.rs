//! `virtual_server`, `virtual_server_group` and `SSL`: what they mean, their defaults, and each complaint.

use std::net::IpAddr;

use standfast::config::model::lvs::{GroupMember, Target};
use standfast::config::model::{RealServer, VirtualServer};
use standfast::config::policy::{RejectedKind, reload_refusal};
use standfast::config::{LoadOptions, Loaded, load_str, verdict};
use standfast::ids::Family;
use standfast::objects::ipvs::{Forwarding, Protocol, SVC_F_HASHED, Tunnel};

fn read(text: &str) -> Loaded {
    load_str("test.conf", text, &LoadOptions::default())
}

/// What most services say.
const USUAL: &str = "lvs_sched rr\nlvs_method NAT\nprotocol TCP";

/// A service with what most say, then these lines.
fn service(inside: &str) -> Loaded {
    read(&format!("virtual_server 10.1.0.1 80 {{\n{USUAL}\n{inside}\nreal_server 10.0.0.2 80 {{\n}}\n}}\n"))
}

/// A service by firewall mark.
fn marked(inside: &str) -> Loaded {
    read(&format!("virtual_server fwmark 5 {{\nlvs_sched rr\nlvs_method NAT\n{inside}\n}}\n"))
}

/// A group of these lines, and a service of it.
fn group(lines: &str, inside: &str) -> Loaded {
    read(&format!(
        "virtual_server_group G {{\n{lines}\n}}\nvirtual_server group G {{\nlvs_sched rr\n{inside}\n}}\n"
    ))
}

const REAL: &str = "real_server 10.0.0.2 80 {\n}";
const REAL_6: &str = "real_server 2001:db8::2 80 {\n}";

#[track_caller]
fn only(loaded: &Loaded) -> &VirtualServer {
    let [service] = &loaded.config.virtual_servers[..] else { panic!("{:?}", loaded.diagnostics) };
    service
}

#[track_caller]
fn only_real(loaded: &Loaded) -> &RealServer {
    let [real] = &only(loaded).real_servers[..] else { panic!("{:?}", loaded.diagnostics) };
    real
}

fn codes(loaded: &Loaded) -> Vec<&'static str> {
    loaded.diagnostics.iter().map(|one| one.code).filter(|code| *code != "no-effect-yet").collect()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn addresses(first: &str, last: &str, port: u16) -> GroupMember {
    GroupMember::Addresses { first: ip(first), last: ip(last), port }
}

#[test]
fn lines_of_a_group() {
    for (line, expected) in [
        ("10.1.0.1 80", addresses("10.1.0.1", "10.1.0.1", 80)),
        ("10.1.0.1", addresses("10.1.0.1", "10.1.0.1", 0)),
        ("10.1.0.1 0", addresses("10.1.0.1", "10.1.0.1", 0)),
        ("10.1.0.1-3 80", addresses("10.1.0.1", "10.1.0.3", 80)),
        ("10.1.0.9-10.1.1.3 80", addresses("10.1.0.9", "10.1.1.3", 80)),
        ("10.1.0.1-10.1.0.1 80", addresses("10.1.0.1", "10.1.0.1", 80)),
        ("10.1.0.0/30 80", addresses("10.1.0.0", "10.1.0.3", 80)),
        ("10.1.0.7/32 80", addresses("10.1.0.7", "10.1.0.7", 80)),
        ("10.1.0.0-10.1.255.255", addresses("10.1.0.0", "10.1.255.255", 0)),
        ("2001:db8::1-1f 80", addresses("2001:db8::1", "2001:db8::1f", 80)),
        ("2001:db8::/126 80", addresses("2001:db8::", "2001:db8::3", 80)),
        ("fwmark 0", GroupMember::Fwmark { mark: 0, family: None }),
        ("fwmark 4294967295 inet", GroupMember::Fwmark { mark: u32::MAX, family: Some(Family::V4) }),
        ("fwmark 5 inet6", GroupMember::Fwmark { mark: 5, family: Some(Family::V6) }),
    ] {
        let loaded = read(&format!("virtual_server_group G {{\n{line}\n}}\n"));
        assert_eq!(codes(&loaded), [""; 0], "{line}");
        let [group] = &loaded.config.server_groups[..] else { panic!("{line}") };
        assert_eq!((&*group.name, &group.members[..]), ("G", &[expected][..]), "{line}");
    }
    for (line, code, status) in [
        ("10.1.0.1/30 80", "bad-address", 5),
        ("10.1.0.0/33 80", "bad-address", 5),
        ("0.0.0.0/0 80", "bad-address", 5),
        ("10.1.0.5-3 80", "bad-address", 5),
        ("10.1.0.4-4 80", "bad-address", 5),
        ("10.1.0.4-10.1.0.3 80", "bad-address", 5),
        ("10.1.0.1-256 80", "bad-address", 5),
        ("10.1.0.1- 80", "bad-address", 5),
        ("10.1.0.1-2001:db8::1 80", "bad-address", 5),
        ("2001:db8::1-10000 80", "bad-address", 5),
        ("2001:db8::1-g 80", "bad-address", 5),
        ("www.example.org 80", "bad-address", 5),
        ("10.1.0.1 65536", "out-of-range", 5),
        ("10.1.0.1 http", "bad-number", 5),
        ("fwmark x", "bad-number", 5),
        ("fwmark -1", "out-of-range", 5),
        ("fwmark 4294967296", "out-of-range", 5),
        ("fwmark 5 ipv4", "unknown-value", 5),
        ("fwmark", "missing-parameter", 2),
        ("10.1.0.0-10.2.0.0", "bad-address", 0),
        ("2001:db8::/64 80", "bad-address", 0),
    ] {
        let loaded = read(&format!("virtual_server_group G {{\n{line}\n10.9.0.1 80\n}}\n"));
        assert_eq!((codes(&loaded), verdict(&loaded.diagnostics)), (vec![code], status), "{line}");
        assert_eq!(loaded.config.server_groups[0].members.len(), 1, "the others stay: {line}");
        assert_eq!(loaded.rejected[0].kind, RejectedKind::Member("G".into()));
    }
}

#[test]
fn a_group_as_a_whole() {
    let empty = read("virtual_server_group G {\n10.1.0.1 x\n}\n");
    assert_eq!(codes(&empty), ["bad-number"], "one mistake, one message");
    assert_eq!(codes(&read("virtual_server_group G {\n}\n")), ["empty-group"]);
    assert!(empty.config.server_groups.is_empty());
    let both = "10.1.0.1 80\n2001:db8::1 80";
    let unclear = read(&format!("virtual_server_group G {{\n{both}\nfwmark 5\n}}\n"));
    assert_eq!((codes(&unclear), verdict(&unclear.diagnostics)), (vec!["wrong-family"], 5));
    assert!(unclear.config.server_groups.is_empty());
    let clear = read(&format!("virtual_server_group G {{\n{both}\nfwmark 5 inet\n}}\n"));
    assert_eq!(codes(&clear), [""; 0]);
    let twice =
        read("virtual_server_group G {\n10.1.0.1 80\n}\nvirtual_server_group G {\n10.1.0.2 80\n}\n");
    assert_eq!((codes(&twice), verdict(&twice.diagnostics)), (vec!["given-twice"], 0));
    assert_eq!(twice.config.server_groups[0].members, [addresses("10.1.0.1", "10.1.0.1", 80)]);
}

#[test]
fn services_of_a_group() {
    let usual = format!("{USUAL}\n{REAL}");
    let loaded = group("10.1.0.1 80\n10.1.0.2 81\nfwmark 5", &usual);
    assert_eq!(codes(&loaded), ["given-twice"], "lvs_sched, twice in this test");
    let service = only(&loaded);
    assert_eq!((&service.target, service.protocol), (&Target::Group("G".into()), Protocol::Tcp));
    let used = service.group.as_ref().unwrap();
    assert_eq!((used.number, used.family, used.group.members.len()), (0, Family::V4, 3));
    // The group may stand below; keepalived's test says nothing of one that stands nowhere.
    let below =
        format!("virtual_server group G {{\n{usual}\n}}\nvirtual_server_group G {{\n10.1.0.1 80\n}}\n");
    assert_eq!(read(&below).config.virtual_servers.len(), 1);
    let nowhere =
        read(&format!("virtual_server_group H {{\nfwmark 1\n}}\nvirtual_server group G {{\n{usual}\n}}\n"));
    assert_eq!((codes(&nowhere), verdict(&nowhere.diagnostics)), (vec!["no-such-server-group"], 0));
    assert_eq!(nowhere.rejected[0].kind, RejectedKind::Service(Some(Target::Group("G".into()))));
    // One for each protocol.
    let both = "virtual_server_group G {\n10.1.0.1 53\n}\n".to_owned()
        + &["TCP", "UDP"]
            .map(|protocol| {
                format!(
                    "virtual_server group G {{\nlvs_sched rr\nlvs_method DR\nprotocol {protocol}\n{}\n}}\n",
                    "real_server 10.0.0.2 {\n}"
                )
            })
            .concat();
    let both = read(&both);
    assert_eq!(codes(&both), [""; 0]);
    let numbers: Vec<_> =
        both.config.virtual_servers.iter().map(|one| one.group.as_ref().unwrap().number).collect();
    assert_eq!(numbers, [0, 1]);
}

#[test]
fn families_of_a_group_and_its_servers() {
    let (four, six) = ("10.1.0.1 80", "2001:db8::1 80");
    let mixed = format!("{four}\n{six}");
    let (nat, tunnel) = ("lvs_method NAT\nprotocol TCP", "lvs_method TUN\nprotocol TCP");
    for (lines, inside, expected) in [
        (four, format!("{nat}\n{REAL}"), [""; 0].as_slice()),
        (six, format!("{nat}\n{REAL_6}"), &[]),
        (six, format!("{nat}\n{REAL}"), &["wrong-family"]),
        (four, format!("{nat}\n{REAL_6}"), &["wrong-family"]),
        (&mixed, format!("{nat}\n{REAL}"), &["wrong-family"]),
        (&mixed, format!("{tunnel}\n{REAL}\n{REAL_6}"), &[]),
        (&mixed, format!("{tunnel}\nip_family inet\n{REAL}"), &["wrong-family"]),
    ] {
        let loaded = group(lines, &inside);
        assert_eq!(codes(&loaded), expected, "{lines} {inside}");
        assert_eq!(verdict(&loaded.diagnostics), 0, "keepalived says so only when it runs");
        assert_eq!(loaded.config.virtual_servers.is_empty(), !expected.is_empty(), "{lines} {inside}");
    }
    let sorry = group(&mixed, &format!("{nat}\nsorry_server 2001:db8::9 80\n{REAL}"));
    assert_eq!((codes(&sorry), verdict(&sorry.diagnostics)), (vec!["wrong-family", "wrong-family"], 5));
    let family = |loaded: &Loaded| only(loaded).group.as_ref().unwrap().family;
    let marks = |inside: &str| family(&group("fwmark 5", &format!("lvs_method TUN\n{inside}")));
    assert_eq!(marks(REAL_6), Family::V6, "of the first real server");
    assert_eq!(marks(&format!("ip_family inet\n{REAL_6}")), Family::V4);
    assert_eq!(family(&group(&format!("{six}\nfwmark 5"), &format!("{tunnel}\n{REAL}"))), Family::V6);
}

#[test]
fn rules_of_a_group_s_service() {
    let both = "10.1.0.1 80\n10.1.0.2 81";
    for (lines, inside, expected, status) in [
        (both, "lvs_method NAT", vec!["no-protocol"], 5),
        ("fwmark 5", "lvs_method NAT", vec![], 0),
        ("fwmark 5", "lvs_method NAT\nprotocol TCP", vec!["protocol-with-fwmark"], 5),
        ("10.1.0.1", "lvs_method NAT\nprotocol TCP", vec!["port-zero"], 5),
        (both, "lvs_method NAT\nprotocol TCP\nops", vec!["ops-without-udp"], 5),
        ("fwmark 5", "lvs_method NAT\nops", vec![], 0),
        (both, "lvs_method NAT\nprotocol TCP\nha_suspend", vec![], 0),
        ("fwmark 5", "lvs_method NAT\nha_suspend", vec!["suspend-with-fwmark"], 5),
        ("10.1.0.1 80", "lvs_method DR\nprotocol TCP", vec![], 0),
        (both, "lvs_method DR\nprotocol TCP", vec!["port-ignored"], 5),
        ("10.1.0.1 80\nfwmark 5", "lvs_method DR\nprotocol TCP", vec!["port-ignored"], 5),
        ("10.1.0.1 80", "lvs_method DR\nprotocol TCP\nsorry_server 10.0.0.9 99", vec!["port-ignored"], 5),
        ("10.1.0.1 80", "lvs_method DR\nprotocol TCP\nsorry_server 10.0.0.9 80", vec![], 0),
        (both, "lvs_method NAT\nprotocol TCP\nsorry_server 2001:db8::9 80", vec!["wrong-family"], 5),
    ] {
        let loaded = group(lines, &format!("{inside}\n{REAL}"));
        assert_eq!((codes(&loaded), verdict(&loaded.diagnostics)), (expected, status), "{lines} {inside}");
        assert_eq!(only_real(&loaded).port, 80, "as written");
    }
    let without = group(both, "lvs_method NAT\nprotocol TCP\nreal_server 10.0.0.2 {\n}");
    assert_eq!(only_real(&without).port, 0, "packets keep theirs");
}

#[test]
fn a_reload_does_not_lose_an_address_of_a_group() {
    let text = |line: &str| format!("virtual_server_group G {{\n10.1.0.1 80\n{line}\n}}\n");
    let old = read(&text("10.1.0.2 80"));
    let refused = |line: &str| reload_refusal(&old.config, &[], &read(&text(line)), &[]).is_some();
    assert!(refused("10.1.0.2 8o"));
    assert!(!refused("10.1.0.2 80\n10.1.0.3 8o"), "nothing that runs goes");
    assert!(!refused(""), "on purpose");
}

#[test]
fn a_reload_does_not_lose_a_mark_of_ipv6() {
    let old = marked(REAL_6);
    let refused = |inside: &str| reload_refusal(&old.config, &[], &marked(inside), &[]).is_some();
    assert!(refused("real_server 2001:db8::z 80 {\n}"), "the only one, misspelt");
    assert!(refused(&format!("{}\nreal_server 2001:db8::2 8o {{\n}}", REAL_6.replace("::2", "::3"))));
    assert!(!refused(REAL_6));
}

#[test]
fn ip_family() {
    let family = |loaded: &Loaded| match only(loaded).target {
        Target::Fwmark { family, .. } => family,
        _ => panic!(),
    };
    assert_eq!(family(&marked(REAL)), Family::V4);
    assert_eq!(family(&marked(REAL_6)), Family::V6);
    assert_eq!(family(&marked(&format!("ip_family inet6\n{REAL_6}"))), Family::V6);
    assert_eq!(family(&marked(&format!("lvs_method TUN\nip_family inet\n{REAL_6}"))), Family::V4);
    assert_eq!(family(&marked(&format!("persistence_granularity 64\n{REAL_6}"))), Family::V6);
    assert_eq!(family(&marked(&format!("lvs_method TUN\n{REAL_6}\n{REAL}"))), Family::V4);
    assert_eq!(family(&marked(&format!("lvs_method TUN\n{REAL_6}"))), Family::V6);
    for (inside, expected) in [
        (format!("ip_family inet\nip_family inet6\n{REAL}"), vec!["given-twice", "wrong-family"]),
        (format!("{REAL}\nip_family inet6"), vec!["wrong-family"]),
        (format!("ip_family ipv4\n{REAL}"), vec!["unknown-value"]),
        (format!("{REAL}\n{REAL_6}"), vec!["wrong-family"]),
        (format!("sorry_server 2001:db8::9 80\n{REAL}"), vec!["wrong-family"]),
    ] {
        let loaded = marked(&inside);
        assert_eq!((codes(&loaded), verdict(&loaded.diagnostics)), (expected, 5), "{inside}");
        assert_eq!((family(&loaded), only(&loaded).real_servers.len()), (Family::V4, 1), "{inside}");
    }
    for inside in ["ip_family inet6", "persistence_granularity 64"] {
        let loaded = marked(&format!("{inside}\n{REAL}"));
        assert!(loaded.config.virtual_servers.is_empty(), "{inside}");
        assert_eq!(codes(&loaded), ["wrong-family"], "one message: {inside}");
    }
    assert_eq!(codes(&service("ip_family inet6")), ["wrong-family"]);
    assert_eq!(verdict(&marked(&format!("ip_family\n{REAL}")).diagnostics), 2);
}

#[test]
fn the_method_that_a_real_server_gets() {
    let text = "virtual_server 10.1.0.1 80 {\nlvs_sched rr\nprotocol TCP\nreal_server 10.0.0.1 80 {\n}\nlvs_method DR\n\
                real_server 10.0.0.2 80 {\n}\nreal_server 10.0.0.3 80 {\nlvs_method NAT\n}\nlvs_method NAT\n\
                real_server 10.0.0.4 80 {\n}\n}\n";
    let loaded = read(text);
    let methods: Vec<_> = only(&loaded).real_servers.iter().map(|real| real.forwarding).collect();
    assert_eq!(methods, [Forwarding::Masq, Forwarding::DirectRoute, Forwarding::Masq, Forwarding::Masq]);
    let above = "lvs_method TUN\nreal_server 2001:db8::2 80 {\n}\nlvs_method NAT";
    assert_eq!(only(&service(above)).real_servers.len(), 2, "what stands above counts");
    assert_eq!(
        codes(&service("real_server 2001:db8::2 80 {\n}\nlvs_method TUN")),
        ["wrong-family", "given-twice"]
    );
}

#[test]
fn methods() {
    let tunnel = |kind, port, flags| Forwarding::Tunnel(Tunnel { kind, port, flags });
    for (words, expected) in [
        ("NAT", Forwarding::Masq),
        ("DR", Forwarding::DirectRoute),
        ("TUN", tunnel(0, 0, 0)),
        ("TUN type ipip", tunnel(0, 0, 0)),
        ("TUN type gue port 5555", tunnel(1, 5555, 0)),
        ("TUN type gue port 5555 remcsum", tunnel(1, 5555, 2)),
        ("TUN type gre csum", tunnel(2, 0, 1)),
    ] {
        let loaded = service(&format!("real_server 10.0.0.9 80 {{\nlvs_method {words}\n}}"));
        assert_eq!(codes(&loaded), [""; 0], "{words}");
        assert_eq!(only(&loaded).real_servers[0].forwarding, expected, "{words}");
    }
    for (words, code) in [
        ("nat", "unknown-value"),
        ("NAT type ipip", "unknown-value"),
        ("DR 5", "unknown-value"),
        ("TUN type", "unknown-value"),
        ("TUN type sit", "unknown-value"),
        ("TUN type gue", "bad-tunnel"),
        ("TUN type ipip port 5", "bad-tunnel"),
        ("TUN csum", "bad-tunnel"),
        ("TUN type gre remcsum", "bad-tunnel"),
    ] {
        let loaded = service(&format!("real_server 10.0.0.9 80 {{\nlvs_method {words}\n}}"));
        assert_eq!((codes(&loaded), verdict(&loaded.diagnostics)), (vec![code], 5), "{words}");
        assert_eq!(
            only(&loaded).real_servers[0].forwarding,
            Forwarding::Masq,
            "the line is ignored: {words}"
        );
    }
}

#[test]
fn scheduler_flags() {
    for (lines, flags, expected, status) in [
        ("lvs_sched sh\nsh-port\nsh-fallback", 0x18, vec![], 0),
        ("lvs_sched mh\nmh-port", 0x10, vec![], 0),
        ("lvs_sched mh\nsh-port", 0, vec!["wrong-scheduler"], 0),
        ("lvs_sched sh\nmh-fallback", 0, vec!["wrong-scheduler"], 0),
        ("sh-port\nlvs_sched sh", 0, vec!["wrong-scheduler"], 5),
        ("lvs_sched rr\nflag-1\nflag-2\nflag-3", 0x38, vec![], 0),
        ("lvs_sched sh\nhashed", SVC_F_HASHED, vec![], 0),
        ("lvs_sched sh\nsh-port\nlvs_sched rr", 0x10, vec!["given-twice"], 0),
        ("lvs_sched rr\nhashed", 0, vec!["wrong-scheduler"], 5),
    ] {
        let text =
            format!("virtual_server 10.1.0.1 80 {{\nlvs_method NAT\nprotocol TCP\n{lines}\n{REAL}\n}}\n");
        let loaded = read(&text);
        assert_eq!((codes(&loaded), verdict(&loaded.diagnostics)), (expected, status), "{lines}");
        assert_eq!(only(&loaded).flags, flags, "{lines}");
    }
}

#[test]
fn names_and_sorry_servers() {
    let loaded = service(
        "persistence_engine sipsipsipsipsipsip\nsnmp_name web\nreal_server 10.0.0.9 80 {\nsnmp_name r\n}",
    );
    assert_eq!(codes(&loaded), ["name-too-long"]);
    assert_eq!(only(&loaded).persistence_engine.as_deref(), Some("sipsipsipsipsip"));
    assert_eq!(only(&loaded).snmp_name.as_deref(), Some("web"));
    let [named, plain] = &only(&loaded).real_servers[..] else { panic!() };
    assert_eq!(named.options.as_ref().unwrap().snmp_name.as_deref(), Some("r"));
    assert_eq!(plain.options, None, "what few have costs the others nothing");
    for (inside, expected, status) in [
        ("snmp_name", vec!["missing-parameter"], 5),
        ("snmp_name a b", vec!["extra-words"], 5),
        ("snmp_name a\nsnmp_name b", vec!["given-twice"], 5),
        ("sorry_server 10.0.0.9 http", vec!["bad-number"], 5),
        ("sorry_server elsewhere", vec!["bad-address"], 5),
        ("sorry_server_inhibit", vec!["wrong-order"], 5),
        ("sorry_server_lvs_method DR", vec!["wrong-order"], 5),
        ("sorry_server 2001:db8::9 80", vec!["wrong-family"], 5),
        ("sorry_server 2001:db8::9 80\nsorry_server_lvs_method TUN", vec![], 0),
    ] {
        let loaded = service(inside);
        assert_eq!((codes(&loaded), verdict(&loaded.diagnostics)), (expected, status), "{inside}");
        assert_eq!(only(&loaded).sorry_server.is_some(), status == 0, "{inside}");
    }
}

#[test]
fn defaults() {
    let loaded = service("");
    let one = only(&loaded);
    assert_eq!((one.quorum, one.hysteresis, one.flags, one.persistence_timeout), (1, 0, 0, None));
    assert_eq!((one.persistence_prefix_v6, one.persistence_mask_v4.octets()), (128, [255; 4]));
    assert!(!one.alpha && !one.omega && !one.ha_suspend);
    assert_eq!((one.smtp_alert, &one.snmp_name, &one.persistence_engine), (false, &None, &None));
    assert!(one.group.is_none() && one.sorry_server.is_none() && one.virtualhost.is_none());
    let real = only_real(&loaded);
    assert_eq!((real.weight, real.upper_threshold, real.lower_threshold), (1, 0, 0));
    assert!(!real.inhibit_on_failure && real.checks.is_empty() && real.options.is_none());
    assert!(real.smtp_alert, "mail of a real server is asked for unless somebody says no");
    assert_eq!(loaded.config.ssl, None);
}

#[test]
fn ranges() {
    let highest = "4294967295";
    for (line, expected) in [
        ("quorum 2", vec![]),
        ("quorum 0", vec!["out-of-range"]),
        ("quorum 4294967296", vec!["out-of-range"]),
        ("quorum 2x", vec!["bad-number"]),
        ("weight 0", vec!["out-of-range"]),
        ("weight 2147483648", vec!["out-of-range"]),
        ("retry 0", vec!["out-of-range"]),
        ("retry 2x", vec!["bad-number"]),
        ("delay_loop 0", vec!["out-of-range"]),
        ("delay_loop 0.000001", vec![]),
        ("delay_loop 1.1234567", vec!["bad-number"]),
        ("connect_timeout 4294.967295", vec![]),
        ("connect_timeout 4294.967296", vec!["out-of-range"]),
        ("warmup 0", vec![]),
        ("delay_before_retry -1", vec!["bad-number"]),
        ("persistence_timeout 2678400", vec![]),
        ("persistence_timeout 2678401", vec!["out-of-range"]),
        ("persistence_timeout 0", vec!["out-of-range"]),
        ("hysteresis 1", vec![]),
    ] {
        let loaded = read(&format!(
            "virtual_server 10.1.0.1 80 {{\n{USUAL}\n{line}\nreal_server 10.0.0.2 80 {{\nweight 5\n}}\n}}\n"
        ));
        let told: Vec<_> =
            codes(&loaded).into_iter().filter(|code| *code != "hysteresis-too-high").collect();
        assert_eq!(told, expected, "{line}");
    }
    let weights = |inside: &str| {
        let loaded = service(&format!("weight 7\nreal_server 10.0.0.9 80 {{\n{inside}\n}}"));
        let first = &only(&loaded).real_servers[0];
        (first.weight, first.upper_threshold, first.lower_threshold)
    };
    assert_eq!(weights(""), (7, 0, 0), "the service's weight, wherever it stands");
    assert_eq!(weights("weight 0"), (0, 0, 0));
    assert_eq!(weights("weight 2147483648"), (7, 0, 0));
    assert_eq!(weights(&format!("uthreshold {highest}\nlthreshold 5x")), (7, u32::MAX, 5));
    let timeout = |line: &str| only(&service(line)).persistence_timeout;
    assert_eq!(timeout("persistence_timeout"), Some(360));
    assert_eq!(timeout("persistence_timeout 50"), Some(50));
    assert_eq!(timeout("persistence_granularity 255.255.255.0"), Some(360), "implied");
}

#[test]
fn mail_is_asked_for_by_the_nearest_word() {
    for (global, service, real, expected) in [
        ("", "", "", (false, true)),
        ("smtp_alert", "", "", (true, true)),
        ("smtp_alert off", "", "", (false, false)),
        ("smtp_alert\nsmtp_alert_checker off", "", "", (false, false)),
        ("smtp_alert_checker off", "smtp_alert", "", (true, false)),
        ("smtp_alert_checker off", "", "smtp_alert", (false, true)),
        ("", "smtp_alert on", "smtp_alert no", (true, false)),
    ] {
        let loaded = read(&format!(
            "global_defs {{\n{global}\n}}\nvirtual_server 10.1.0.1 80 {{\n{USUAL}\n{service}\n\
             real_server 10.0.0.2 80 {{\n{real}\n}}\n}}\n"
        ));
        assert_eq!(
            (only(&loaded).smtp_alert, only_real(&loaded).smtp_alert),
            expected,
            "{global} {service} {real}"
        );
    }
}

#[test]
fn a_real_server_costs_little() {
    // With the one check that nearly all have.
    assert!(size_of::<RealServer>() <= 144, "{}", size_of::<RealServer>());
}

#[test]
fn lines_that_name_nothing() {
    for (line, code) in [
        ("virtual_server group", "missing-parameter"),
        ("virtual_server fwmark", "missing-parameter"),
        ("virtual_server_group", "missing-parameter"),
        ("virtual_server_group G H", "extra-words"),
    ] {
        let loaded = read(&format!("{line} {{\n10.0.0.1 80\n}}\n"));
        let told = loaded.diagnostics.iter().find(|one| one.code == code);
        assert!(told.is_some(), "{line}: {:?}", loaded.diagnostics);
        assert_eq!(verdict(&loaded.diagnostics), 2, "{line}");
    }
}

#[test]
fn key_material() {
    let loaded = read("SSL {\npassword secret\npassword other\nca /ca\ncertificate\nkey /key\n}\n");
    assert_eq!(
        (codes(&loaded), verdict(&loaded.diagnostics)),
        (vec!["given-twice", "missing-parameter"], 5)
    );
    let ssl = loaded.config.ssl.as_ref().unwrap();
    assert_eq!(ssl.password.as_deref(), Some("other"));
    assert_eq!((ssl.ca.as_deref(), ssl.key.as_deref()), (Some("/ca"), Some("/key")));
    assert_eq!(ssl.certificate, None);
    assert!(!format!("{ssl:?}").contains("other"), "nobody's business");
    let twice = read("SSL {\nca /a\nkey /k\n}\nSSL {\nca /b\n}\n");
    assert_eq!((codes(&twice), verdict(&twice.diagnostics)), (vec!["given-twice"], 5));
    let ssl = twice.config.ssl.as_ref().unwrap();
    assert_eq!((ssl.ca.as_deref(), &ssl.key), (Some("/b"), &None), "as a whole");
}

#[test]
fn replies_come_back_where_that_is_asked_for() {
    let asked = |loaded: &Loaded| only(loaded).return_path_snat;
    assert!(!asked(&service("")));
    let loaded = service("return_path snat");
    assert!(asked(&loaded));
    assert_eq!(codes(&loaded), Vec::<&str>::new());
    for wrong in ["return_path", "return_path dnat", "return_path SNAT"] {
        let loaded = service(wrong);
        assert_eq!(verdict(&loaded.diagnostics), 5, "{wrong}");
        assert!(!asked(&loaded), "{wrong}");
    }
    // Without NAT there is nothing to do; one server of many by NAT is enough.
    for method in ["DR", "TUN"] {
        let by = |lines: &str| {
            let usual = format!("lvs_sched rr\nlvs_method {method}\nprotocol TCP\nreturn_path snat");
            read(&format!("virtual_server 10.1.0.1 80 {{\n{usual}\n{lines}\n{REAL}\n}}\n"))
        };
        let without = by("");
        assert_eq!(codes(&without), ["return-path-without-nat"], "{method}");
        let sorry = "sorry_server 10.9.9.9 80\nsorry_server_lvs_method NAT";
        let with = by(sorry);
        assert_eq!(codes(&with), Vec::<&str>::new(), "{method}");
    }
}

#[test]
fn without_a_weight_the_quorum_is_lowered() {
    let weightless = |rest: &str| {
        read(&format!(
            "virtual_server 10.1.0.1 80 {{\n{USUAL}\nhysteresis 3\nreal_server 10.0.0.2 80 {{\nweight 0\n}}\n{rest}\n}}\n"
        ))
    };
    let loaded = weightless("");
    assert_eq!(codes(&loaded), ["quorum-too-high"]);
    assert!(loaded.diagnostics[0].message.ends_with(
        "Warning - quorum 1 for [10.1.0.1]:tcp:80 exceeds total weight of real servers 0, reducing quorum to 0"
    ));
    assert_eq!((only(&loaded).quorum, only(&loaded).hysteresis), (0, 0));
    assert_eq!(verdict(&loaded.diagnostics), 5);
    let other = weightless("real_server 10.0.0.3 80 {\nweight 4\n}\nquorum 4");
    assert_eq!((codes(&other), only(&other).quorum, only(&other).hysteresis), (vec![], 4, 3));
}

#[test]
fn a_port_of_0_is_none() {
    let loaded = service("real_server 10.0.0.3 0 {\nTCP_CHECK {\n}\n}\nsorry_server 10.0.0.9 0");
    assert_eq!(loaded.diagnostics, []);
    let service = only(&loaded);
    let ports: Vec<u16> = service.real_servers.iter().map(|real| real.port).collect();
    assert_eq!(ports, [80, 80]);
    assert_eq!(service.real_servers[0].checks[0].target.port(), 80);
    assert_eq!(service.sorry_server.as_ref().map(|sorry| sorry.port), Some(80));
}

#[test]
fn how_long_a_removed_server_drains() {
    let limit = |lines: &str| only(&service(lines)).drain_timeout.map(|limit| limit.as_secs());
    assert_eq!(limit(""), None);
    assert_eq!(limit("drain_timeout 30"), Some(30));
    assert_eq!(limit("drain_timeout 30\ndrain_timeout 0"), None, "the last one counts");
    for wrong in ["drain_timeout", "drain_timeout soon", "drain_timeout 604801", "drain_timeout -1"] {
        let loaded = service(wrong);
        assert_eq!(verdict(&loaded.diagnostics), 5, "{wrong}");
        assert_eq!(only(&loaded).drain_timeout, None, "{wrong}");
    }
}
