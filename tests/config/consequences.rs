//! One mistake is one message: what follows from it stands in its advice, and keepalived's words stay whole.

use standfast::config::host::{self, HostFacts, Program};
use standfast::config::{LoadOptions, Loaded, RejectedKind, load_str, verdict};
use standfast::diag::render;

const INSTANCE: &str = "\
vrrp_instance A {
    interface eth0
    virtual_router_id 5
    virtual_ipaddress {
        10.0.0.1
    }
}
";

const SERVICE: &str = "\
virtual_server 10.0.0.1 80 {
    lvs_sched rr
    lvs_method DR
    protocol TCP
    real_server 10.0.0.2 80 { }
}
";

fn read(text: &str) -> Loaded {
    load_str("a.conf", text, &LoadOptions::default())
}

#[test]
fn what_follows_from_a_mistake_is_no_second_message() {
    let cases = [
        (INSTANCE, "virtual_router_id 5", "virtual_router_id 256", "out-of-range", "(A) cannot run"),
        (INSTANCE, "virtual_router_id 5", "virtual_router_i 5", "unknown-keyword", "(A) cannot run"),
        (INSTANCE, "interface eth0", "interface", "missing-parameter", "(A) cannot run"),
        (INSTANCE, "10.0.0.1", "10.0.0.300", "bad-address", "(A) has no address"),
        (INSTANCE, "virtual_ipaddress", "virtual_ipadress", "unknown-block", "(A) has no address"),
        (SERVICE, "protocol", "protocl", "unknown-keyword", "UDP is used"),
        (SERVICE, "DR", "DDR", "unknown-value", "NAT is used"),
        (SERVICE, "lvs_sched", "lvs_shed", "unknown-keyword", "'wlc' is used"),
        (SERVICE, "real_server", "real_sever", "unknown-block", "the service has none and is left out"),
    ];
    for (good, from, to, code, consequence) in cases {
        assert_eq!(read(good).diagnostics, []);
        let loaded = read(&good.replace(from, to));
        let codes: Vec<&str> = loaded.diagnostics.iter().map(|one| one.code).collect();
        assert_eq!(codes, [code], "{to}");
        let help = loaded.diagnostics[0].help.as_deref().unwrap_or_default();
        assert!(help.ends_with(&format!("as it is, {consequence}")), "{to}: {help}");
    }
}

/// Habits from other languages: one message each, with what to write.
#[test]
fn slips_of_a_new_user_are_one_message_with_advice() {
    const CHECK: &str = "real_server 10.0.0.2 80 { \n HTTP_GET {\n url {\n path /\n }\n }\n }";
    let group = format!("vrrp_sync_group G {{\n group {{\n A\n B\n }}\n}}\n{INSTANCE}");
    let more = |from: &str, to: &str| INSTANCE.replace(from, to);
    for (text, code, advice) in [
        (more("interface", "priority = 7\n    interface"), "bad-number", "remove the '='"),
        (more("10.0.0.1", "10.0.0.1,\n10.0.0.2"), "bad-address", "write '10.0.0.1':"),
        (
            more("10.0.0.1", "$VIP"),
            "bad-address",
            "$VIP is not defined; define it in a line above: $VIP=VALUE",
        ),
        (
            more("{\n        10.0.0.1\n    }", "10.0.0.1"),
            "missing-open-brace",
            "write 'virtual_ipaddress { 10.0.0.1 }'",
        ),
        (
            more("{\n        10.0.0.1\n    }", "= 10.0.0.1"),
            "missing-open-brace",
            "write 'virtual_ipaddress { 10.0.0.1 }'",
        ),
        (group, "no-such-instance", "there is no other vrrp_instance"),
        (
            SERVICE
                .replace("real_server 10.0.0.2 80 { }", CHECK)
                .replace(" url {\n path /\n }\n", " path /\n"),
            "unknown-keyword",
            "'path' is valid in url, not in HTTP_GET; as it is, the check is left out",
        ),
    ] {
        let loaded = read(&text);
        let codes: Vec<&str> = loaded.diagnostics.iter().map(|one| one.code).collect();
        assert_eq!(codes, [code], "{text}");
        let help = loaded.diagnostics[0].help.as_deref().unwrap_or_default();
        assert!(help.starts_with(advice), "{help}");
    }
}

#[test]
fn a_script_that_is_named_too_early_is_one_message() {
    let tracks = INSTANCE.replace("interface", "track_script {\n chk\n}\n    interface");
    let script = "vrrp_script chk {\n script /usr/bin/true\n}\nglobal_defs {\n script_user root\n \
                  enable_script_security\n}\n";
    let loaded = read(&format!("{tracks}{script}"));
    let codes: Vec<&str> = loaded.diagnostics.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["no-such-script"]);
    assert_eq!(read(&format!("{script}{tracks}")).diagnostics, []);
}

/// Without those of what has no effect yet.
fn codes(text: &str) -> Vec<&'static str> {
    let loaded = read(text);
    assert_eq!(verdict(&loaded.diagnostics), 5, "{text}\n{:?}", loaded.diagnostics);
    let codes = loaded.diagnostics.iter().map(|one| one.code).filter(|code| *code != "no-effect-yet");
    codes.collect()
}

/// A block that is left out is told of once, whoever names it; nobody else is suspected.
#[test]
fn who_names_what_was_refused_is_no_second_message() {
    let group = "vrrp_sync_group G {\n group {\n A\n B\n }\n}\n";
    let statics = "track_group T {\n group {\n A\n }\n}\n";
    let daemon = "global_defs {\n lvs_sync_daemon eth0 A\n}\n";
    let other = INSTANCE.replace("instance A", "instance B").replace("_id 5", "_id 6");
    for (from, to, code) in [
        ("_id 5", "_id 256", "out-of-range"),
        ("virtual_router_id 5", "", "instance-incomplete"),
        ("interface eth0", "", "instance-incomplete"),
        ("interface eth0", "interface averylongnameindeed", "name-too-long"),
        ("vrrp_instance", "vrrp_instanc", "unknown-block"),
        ("_id 5", "_id 6", "vrid-twice"),
    ] {
        let wrong = INSTANCE.replace(from, to);
        for users in [group, statics, daemon] {
            for text in [format!("{other}{wrong}{users}"), format!("{users}{other}{wrong}")] {
                assert_eq!(codes(&text), [code], "{text}");
            }
        }
        let both = format!("{other}{wrong}{group}").replace("\n B\n", "\n C\n");
        assert_eq!(codes(&both), [code, "no-such-instance"], "of C nothing was told: {to}");
    }
    let group = group.replace(" B\n", "");
    assert_eq!(codes(&format!("{}{group}", INSTANCE.replace("_id 5", "_id 256"))), ["out-of-range"]);
    assert_eq!(codes(&format!("{INSTANCE}{}", group.replace(" A\n", " C\n D\n"))), ["no-such-instance"; 2]);
}

#[test]
fn who_tracks_what_was_refused_is_no_second_message() {
    let tracks = |what: &str| {
        let track = format!("{what} {{\n x\n }}\n");
        let other = INSTANCE.replace("instance A", "instance B").replace("_id 5", "_id 6");
        let instances =
            [INSTANCE, &other].map(|one| one.replace("interface", &format!("{track}    interface")));
        let group = format!("vrrp_sync_group G {{\n group {{\n A\n B\n }}\n {track}}}\n");
        format!("{}{group}", instances.concat())
    };
    for (block, keyword, wrong, code) in [
        ("vrrp_script x", "track_script", "scrip /bin/true", "unknown-keyword"),
        ("vrrp_script x", "track_script", "script", "missing-parameter"),
        ("vrrp_script x", "track_script", "interval 5", "missing-parameter"),
        ("vrrp_scrip x", "track_script", "script /bin/true", "unknown-block"),
        ("track_file x", "track_file", "fil /tmp/x", "unknown-keyword"),
        ("track_file x", "track_file", "file", "missing-parameter"),
        ("vrrp_track_process x", "track_process", "proces nginx", "unknown-keyword"),
        ("vrrp_track_process x", "track_process", "quorum 1", "incomplete-block"),
        ("bfd_instance x", "track_bfd", "neighbor_ip 10.0.0.300", "bad-address"),
        ("bfd_instance x", "track_bfd", "neighbor_ip 10.0.0.9\n source_ip 2001:db8::1", "wrong-family"),
    ] {
        let text = format!("{block} {{\n {wrong}\n}}\n{}", tracks(keyword));
        assert_eq!(codes(&text), [code], "{text}");
        // Nothing of that name is written.
        let unknown = codes(&text.replacen(" x {", " y {", 1));
        assert_eq!(unknown.len(), 4, "{unknown:?}");
    }
}

#[test]
fn a_service_of_what_was_refused_is_no_second_message() {
    let of_group = SERVICE.replace("10.0.0.1 80 {\n    lvs", "group V {\n    lvs");
    for (entry, code) in
        [("10.0.0.300 80", "bad-address"), ("10.0.0.9 x", "bad-number"), ("", "empty-group")]
    {
        let text = format!("virtual_server_group V {{\n {entry}\n}}\n{of_group}");
        assert_eq!(codes(&text), [code], "{text}");
    }
    let text = format!("virtual_server_grup V {{\n 10.0.0.1 80\n}}\n{of_group}");
    assert_eq!(codes(&text), ["unknown-block"]);
    let checks = |check: &str| SERVICE.replace("{ }", &format!("{{\n {check}\n }}"));
    let of_file = checks("FILE_CHECK {\n track_file x\n }");
    assert_eq!(codes(&format!("track_file x {{\n fil /tmp/x\n}}\n{of_file}")), ["unknown-keyword"]);
    let of_session = checks("BFD_CHECK {\n name x\n }");
    let session = "bfd_instance x {\n neighbor_ip 10.0.0.300\n}\n";
    assert_eq!(codes(&format!("{session}{of_session}")), ["bad-address"]);
}

#[test]
fn what_is_simply_missing_is_said() {
    for (line, code) in [
        ("    virtual_router_id 5\n", "instance-incomplete"),
        ("    interface eth0\n", "instance-incomplete"),
        ("        10.0.0.1\n", "no-address"),
    ] {
        let loaded = read(&INSTANCE.replace(line, ""));
        assert!(loaded.diagnostics.iter().any(|one| one.code == code), "{line}: {:?}", loaded.diagnostics);
    }
}

/// A reload is refused for it as before, though it is no message of its own.
#[test]
fn the_instance_is_rejected_all_the_same() {
    let loaded = read(&INSTANCE.replace("_id 5", "_id 256"));
    assert!(loaded.config.instances.is_empty());
    assert_eq!(loaded.rejected[0].kind, RejectedKind::Instance(Some("A".into())));
}

#[test]
fn a_block_without_effect_is_one_message() {
    let loaded = read("bfd_instance x {\n neighbor_ip 10.0.0.9\n}\n");
    let messages: Vec<&str> = loaded.diagnostics.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(messages, ["'bfd_instance' has no effect yet: standfast runs no BFD sessions"]);
}

#[test]
fn a_feature_that_is_not_there_is_one_message() {
    let text = "bfd_instance x {\n neighbor_ip 10.0.0.9\n}\nvrrp_instance A {\n interface eth0\n \
                virtual_router_id 5\n virtual_ipaddress { 10.0.0.5 }\n track_bfd {\n x\n }\n}\n";
    let loaded = read(text);
    let messages: Vec<&str> = loaded.diagnostics.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(messages, ["'bfd_instance' has no effect yet: standfast runs no BFD sessions"]);
    assert_eq!(loaded.config.instances[0].options.tracked.bfds.len(), 1, "kept for the day it does");
}

#[test]
fn the_line_about_script_security_ends_as_keepaliveds() {
    let script = "    notify \"/bin/true\"\n}\n";
    let loaded = read(&format!("{}{script}", INSTANCE.strip_suffix("}\n").unwrap()));
    let programs = [("/bin/true".to_owned(), Program::Usable)].into();
    let interfaces = ["eth0".to_owned()].into();
    let found = host::check(&loaded, &HostFacts { interfaces, programs, ..HostFacts::default() });
    let lines: Vec<String> = found.iter().map(|one| render::log_line(one, &loaded.sources)).collect();
    let wanted = "SECURITY VIOLATION - scripts are being executed but script_security not enabled.";
    assert!(lines.iter().any(|line| line == wanted), "{lines:?}");
}

#[test]
fn a_line_of_any_length_is_read_whole() {
    let loaded =
        read(&INSTANCE.replace("    interface eth0", &format!("{}interface eth0", " ".repeat(5000))));
    assert_eq!(loaded.diagnostics, []);
    assert_eq!(&*loaded.config.instances[0].interface, "eth0");
}

#[test]
fn a_script_that_cannot_run_is_told_where_it_is_named() {
    let text = "\
vrrp_script check {
    interval 5
    script \"/no/check\"
}
vrrp_instance A {
    interface eth0
    virtual_router_id 5
    notify_master /no/before
    virtual_ipaddress {
        10.0.0.1
    }
    track_script {
        check
    }
    notify_master /no/master
    notify /no/any
}
vrrp_sync_group G {
    group {
        A
    }
    notify_fault /no/fault
}
";
    let loaded = read(text);
    let facts = HostFacts { interfaces: ["eth0".to_owned()].into(), ..HostFacts::default() };
    let found = host::check(&loaded, &facts);
    let places: Vec<(&str, u32)> = found
        .iter()
        .filter(|one| one.code == "script-unusable")
        .map(|one| {
            let span = one.span.unwrap();
            (loaded.sources.text(span), loaded.sources.place(span).unwrap().line)
        })
        .collect();
    let wanted = [("/no/before", 8), ("/no/any", 16), ("/no/fault", 22), ("\"/no/check\"", 3)];
    let bare = |text: &str| text.trim_matches('"').to_owned();
    let sorted = |list: &[(&str, u32)]| {
        let mut list: Vec<_> = list.iter().map(|(text, line)| (bare(text), *line)).collect();
        list.sort();
        list
    };
    assert_eq!(sorted(&places), sorted(&wanted));
}
