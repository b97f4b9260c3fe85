//! Mistakes at a reload: small ones pass, nothing that runs is lost.

use std::collections::BTreeMap;
use std::path::PathBuf;

use standfast::config::diff::{Change, diff};
use standfast::config::host::KeyFile;
use standfast::config::model::options::HmacSecret;
use standfast::config::source::Texts;
use standfast::config::{HostFacts, LoadOptions, Loaded, host, load_from, load_str, reload_refusal};

const RUNNING: &str = "\
vrrp_instance A {
    interface eth0
    virtual_router_id 5
    virtual_ipaddress {
        10.0.0.1
        10.0.0.2
    }
}
vrrp_instance B {
    interface eth0
    virtual_router_id 6
    virtual_ipaddress {
        10.0.0.3
    }
}
virtual_server 10.0.0.1 80 {
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    real_server 10.0.1.1 80 {
        weight 1
        TCP_CHECK { }
    }
    real_server 10.0.1.2 80 {
        weight 1
    }
}
";

fn read(text: &str) -> Loaded {
    load_str("new.conf", text, &LoadOptions::default())
}

/// The refusal of the running text with one replacement, if it is one.
fn refusal(from: &str, to: &str) -> Option<String> {
    assert!(RUNNING.contains(from));
    let new = read(&RUNNING.replacen(from, to, 1));
    reload_refusal(&read(RUNNING).config, &[], &new, &[]).map(|refusal| refusal.reason)
}

#[test]
fn good_texts_pass() {
    assert_eq!(refusal("weight 1", "weight 2"), None);
    assert_eq!(refusal("        10.0.0.2\n", ""), None, "an address may be taken away on purpose");
    assert_eq!(refusal("    real_server 10.0.1.2 80 {\n        weight 1\n    }\n", ""), None);
}

#[test]
fn a_reload_never_loses_a_key() {
    let key = "auth_hmac {\n key 1 file:/key\n active_key 1\n }\n virtual_router_id 5";
    let text = RUNNING.replacen("virtual_router_id 5", key, 1);
    let secret = HmacSecret::read(&[b'k'; 32]).unwrap();
    let facts = |secret: Result<HmacSecret, String>| HostFacts {
        interfaces: ["eth0".to_owned()].into(),
        key_files: [("/key".to_owned(), KeyFile { shared: false, secret })].into(),
        ..HostFacts::default()
    };
    let refusal = |from: &str, facts: &HostFacts| {
        let (old, new) = (read(from), read(&text));
        reload_refusal(&old.config, &[], &new, &host::check(&new, facts)).map(|refusal| refusal.reason)
    };
    assert_eq!(refusal(&text, &facts(Ok(secret))), None);
    let gone = facts(Err("it cannot be read".into()));
    assert!(refusal(&text, &gone).unwrap().contains("/key"));
    assert_eq!(refusal(RUNNING, &gone), None, "nothing was signed until now");
}

#[test]
fn a_check_that_runs_is_not_lost_by_a_mistake() {
    let lost = refusal("TCP_CHECK { }", "HTTP_GET { }");
    assert!(
        lost.as_deref().is_some_and(|reason| reason.contains("a check of the real server 10.0.1.1")),
        "{lost:?}"
    );
    assert_eq!(refusal("        TCP_CHECK { }\n", ""), None, "on purpose it may go");
    let more = "TCP_CHECK { }\n        MISC_CHECK { }";
    assert_eq!(refusal("TCP_CHECK { }", more), None, "one that did not run keeps nothing back");
}

#[test]
fn small_mistakes_pass() {
    assert_eq!(refusal("    interface eth0\n", "    interface eth0\n    priority 300\n    foo\n"), None);
    assert_eq!(refusal("weight 1", "wieght 1"), None);
}

#[test]
fn broken_structure_is_refused_with_its_place() {
    let reason = refusal("    virtual_ipaddress {", "    virtual_ipaddress").unwrap();
    assert!(reason.starts_with("new.conf:4:22: ") && reason.contains("brace"), "{reason}");
    let reason = refusal("    virtual_ipaddress {", "    unicast_peers {").unwrap();
    assert!(reason.starts_with("new.conf:4:5: Unknown keyword 'unicast_peers'"), "{reason}");
    assert!(refusal("}\nvrrp_instance B", "vrrp_instance B").is_some());
}

#[test]
fn what_runs_and_is_rejected_is_refused() {
    for (from, to, place) in [
        ("virtual_router_id 5", "virtual_router_id 256", "new.conf:1:15"),
        ("virtual_router_id 6", "virtual_router_id 5", "new.conf:11:23"),
        ("10.0.0.2", "10.0.0.2222", "new.conf:6:9"),
        ("10.0.1.2 80", "10.0.1.2222 80", "new.conf:24:17"),
        ("virtual_server 10.0.0.1 80", "virtual_server 10.0.0.x 80", "new.conf:16:16"),
        ("vrrp_instance A {", "vrrp_instance {", "new.conf:1:1"),
    ] {
        let reason = refusal(from, to).unwrap_or_else(|| panic!("{to} passed"));
        assert!(reason.starts_with(place), "{to}: {reason}");
        assert!(reason.ends_with("it runs now and would be taken away"), "{reason}");
    }
}

#[test]
fn a_route_a_rule_and_an_address_that_run_and_cannot_be_read_are_refused() {
    let lines = [
        ("static_ipaddress", "10.5.0.1/24 dev eth0", "10.5.0.x/24 dev eth0"),
        ("static_routes", "10.6.0.0/16 dev eth0", "10.6.0.0/16 dve eth0"),
        ("static_rules", "from 10.6.0.0/16 table 5 preference 6", "from 10.6.0.0/16 tabel 5 preference 6"),
        ("virtual_routes", "10.7.0.0/16 dev eth0", "10.7.0.x/16 dev eth0"),
        ("virtual_rules", "from 10.7.0.0/16 table 5 preference 7", "from 10.7.0.0/16 preference 7"),
    ];
    for (block, good, bad) in lines {
        let text = |lines: &str| {
            let block = format!("{block} {{\n {lines}\n}}\n");
            let inside = if block.starts_with("virtual") { block.as_str() } else { "" };
            let outside = if inside.is_empty() { block.as_str() } else { "" };
            format!(
                "{outside}vrrp_instance A {{\n interface eth0\n virtual_router_id 5\n \
                 virtual_ipaddress {{\n 10.0.0.1\n }}\n{inside}}}\n"
            )
        };
        let refused =
            |lines: &str| reload_refusal(&read(&text(good)).config, &[], &read(&text(lines)), &[]);
        let reason = refused(bad).unwrap_or_else(|| panic!("{bad} passed")).reason;
        assert!(reason.ends_with("it runs now and would be taken away"), "{reason}");
        assert_eq!(refused(&format!("{good}\n {bad}")), None, "{block}: nothing is taken away");
        assert_eq!(refused(""), None, "{block}: meant");
    }
}

#[test]
fn a_new_object_that_is_rejected_takes_nothing_away() {
    let more = format!("{RUNNING}virtual_server 10.0.0.x 80 {{\n real_server 10.0.1.1 80 {{\n }}\n}}\n");
    assert_eq!(reload_refusal(&read(RUNNING).config, &[], &read(&more), &[]), None);
    assert_eq!(refusal("        10.0.0.2\n", "        10.0.0.2\n        10.0.0.x\n"), None);
}

#[test]
fn an_instance_that_would_end_keepalived_is_refused_though_it_is_new() {
    for (text, place) in [
        ("vrrp_instance C {\n interface eth0\n}\n", "new.conf:28:15: "),
        (
            "vrrp_instance C {\n interface eth0\n virtual_router_id 5\n virtual_ipaddress { 10.0.0.9 }\n}\n",
            "new.conf:30:",
        ),
    ] {
        let new = read(&format!("{RUNNING}{text}"));
        let reason = reload_refusal(&read(RUNNING).config, &[], &new, &[]).unwrap().reason;
        assert!(reason.starts_with(place), "{reason}");
    }
}

#[test]
fn an_interface_that_is_newly_missing_is_refused() {
    let facts = |names: &[&str]| HostFacts {
        interfaces: names.iter().map(|name| (*name).to_owned()).collect(),
        ..HostFacts::default()
    };
    let new = read(&RUNNING.replacen("interface eth0", "interface eth7", 1));
    let refusal = |old: &str, host: &[&str]| {
        let host = host::check(&new, &facts(host));
        reload_refusal(&read(old).config, &[], &new, &host).map(|refusal| refusal.reason)
    };
    assert!(refusal(RUNNING, &["eth0"]).unwrap().contains("interface eth7"));
    assert_eq!(refusal(RUNNING, &["eth0", "eth7"]), None);
    let waiting = RUNNING.replacen("interface eth0", "interface eth7", 1);
    assert_eq!(refusal(&waiting, &["eth0"]), None, "it is waited for already");
}

/// A name of no table is found out by the host, and takes away as much as a line that cannot be read.
#[test]
fn a_name_that_is_newly_unknown_is_refused() {
    let with = |lines: &str| {
        let routes = format!("virtual_routes {{\n{lines}\n }}\n virtual_router_id 5");
        RUNNING.replacen("virtual_router_id 5", &routes, 1)
    };
    let route = "10.7.0.0/16 dev eth0 scope link\n";
    let facts = HostFacts { interfaces: ["eth0".to_owned()].into(), ..HostFacts::default() };
    let refusal = |old: &str, new: &str| {
        let (old, new) = (read(&with(old)), read(&with(new)));
        reload_refusal(&old.config, &[], &new, &host::check(&new, &facts)).map(|refusal| refusal.reason)
    };
    let typo = route.replace("link", "lnik");
    assert!(refusal(route, &typo).is_some_and(|reason| reason.contains("scope lnik not found")));
    assert_eq!(refusal(&typo, &typo.replace("10.7", "10.8")), None, "it does not run");
    assert_eq!(refusal(route, &format!("{route}10.9.0.0/16 dev eth0 table nosuch")), None, "nothing goes");
    let rules = |line: &str| format!("{RUNNING}static_rules {{\n {line}\n}}\n");
    let (old, new) = (
        read(&rules("from 10.0.0.0/8 table 7 preference 5")),
        read(&rules("from 10.0.0.0/8 table x preference 5")),
    );
    assert!(reload_refusal(&old.config, &[], &new, &host::check(&new, &facts)).is_some());
}

#[test]
fn a_missing_file_is_refused() {
    let running = read(RUNNING);
    let gone = load_from("/gone.conf", &Texts::default(), &LoadOptions::default());
    let reason = reload_refusal(&running.config, &[], &gone, &[]).unwrap().reason;
    assert!(reason.contains("/gone.conf"), "{reason}");
    let texts = Texts(BTreeMap::from([(PathBuf::from("/a.conf"), b"include services.conf\n".to_vec())]));
    let empty = load_from("/a.conf", &texts, &LoadOptions::default());
    assert!(reload_refusal(&running.config, &[], &empty, &[]).unwrap().reason.starts_with("/a.conf:1:1: "));
}

#[test]
fn a_missing_include_may_cost_no_line_that_runs() {
    let running = read(RUNNING);
    let refusal = |text: String| {
        let texts = Texts(BTreeMap::from([(PathBuf::from("/a.conf"), text.into_bytes())]));
        let new = load_from("/a.conf", &texts, &LoadOptions::default());
        reload_refusal(&running.config, &[], &new, &[]).map(|refusal| refusal.reason)
    };
    assert_eq!(refusal(format!("{RUNNING}\ninclude more/*.conf\n")), None, "it costs nothing");
    let group = "vrrp_sync_group G {\n group {\n  A\n  B\n }\n}\n";
    let running = read(&format!("{RUNNING}{group}"));
    let refusal = |from: &str| {
        let text = format!("{RUNNING}{group}").replacen(from, "include more/*.conf\n", 1);
        let texts = Texts(BTreeMap::from([(PathBuf::from("/a.conf"), text.into_bytes())]));
        let new = load_from("/a.conf", &texts, &LoadOptions::default());
        reload_refusal(&running.config, &[], &new, &[]).map(|refusal| refusal.reason)
    };
    let server = "    real_server 10.0.1.2 80 {\n        weight 1\n    }\n";
    for line in ["        10.0.0.2\n", server, "        TCP_CHECK { }\n", "  B\n", group] {
        let reason = refusal(line).unwrap_or_else(|| panic!("{line:?} goes unnoticed"));
        assert!(reason.contains("would go with it"), "{line}: {reason}");
    }
}

#[test]
fn changes_are_found_by_identity_not_by_name() {
    let new = RUNNING
        .replace("vrrp_instance A", "vrrp_instance RENAMED")
        .replace("virtual_router_id 6", "virtual_router_id 7")
        .replacen(
            "real_server 10.0.1.2 80 {\n        weight 1",
            "real_server 10.0.1.3 80 {\n        weight 1",
            1,
        );
    let changes = diff(&read(RUNNING).config, &read(&new).config);
    let instances: Vec<_> = changes.instances.iter().map(|(name, change)| (&**name, *change)).collect();
    assert_eq!(instances, [("RENAMED", Change::Adjust), ("B", Change::Add), ("B", Change::Remove)]);
    assert_eq!(changes.services.len(), 1);
    assert_eq!(changes.services[0].1, Change::Adjust);
    let reals: Vec<_> =
        changes.real_servers.iter().map(|(_, (ip, _), change)| (ip.to_string(), *change)).collect();
    assert_eq!(reals, [("10.0.1.3".into(), Change::Add), ("10.0.1.2".into(), Change::Remove)]);
}

#[test]
fn an_instance_that_was_rejected_before_keeps_nothing_from_being_mended() {
    let text = |second: &str, priority: u8| {
        format!(
            "vrrp_instance A {{\n interface eth0\n virtual_router_id 1\n priority {priority}\n}}\n\
             vrrp_instance B {{\n interface eth0\n virtual_router_id {second}\n}}\n"
        )
    };
    let started = read(&text("1", 100));
    assert_eq!(started.config.instances.len(), 1, "A runs, B does not");
    let refusal = |new: &str| {
        let refusal = reload_refusal(&started.config, &started.rejected, &read(new), &[]);
        refusal.map(|refusal| refusal.reason)
    };
    assert_eq!(refusal(&text("1", 120)), None, "it is as bad as it was");
    assert_eq!(refusal(&text("256", 120)), None);
    assert_eq!(refusal(&text("2", 120)), None, "mended");
    let another = text("1", 120) + "vrrp_instance C {\n interface eth0\n virtual_router_id 1\n}\n";
    assert!(refusal(&another).is_some(), "a new mistake");
}
