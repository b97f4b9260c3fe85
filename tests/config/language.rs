//! The lexical rules: comments, conditions, definitions, sequences, includes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use standfast::config::source::Texts;
use standfast::config::{LoadOptions, Loaded, load_bytes, load_from, load_str, verdict};
use standfast::diag::render;

fn read(text: &str) -> Loaded {
    load_str("a.conf", text, &LoadOptions { config_id: "low".into(), ..LoadOptions::default() })
}

fn codes(loaded: &Loaded) -> Vec<&'static str> {
    loaded.diagnostics.iter().map(|one| one.code).collect()
}

/// An instance with these lines in it.
fn instance(lines: &str) -> String {
    format!(
        "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress {{ 10.0.0.1 }}\n{lines}\n}}\n"
    )
}

#[test]
fn comments_end_a_word_without_a_blank() {
    let loaded =
        read(&instance("priority 101#x\nadvert_int 2!y\n! z\n# \"\nnotify_master \"/bin/x # y\" # z"));
    assert_eq!(codes(&loaded), Vec::<&str>::new());
    let one = &loaded.config.instances[0];
    assert_eq!((one.priority, one.advert_int), (101, Duration::from_secs(2)));
    assert_eq!(one.notify.master.as_ref().unwrap().argv, ["/bin/x", "#", "y"]);
}

#[test]
fn an_escaped_comment_sign_is_a_character() {
    let loaded = read(&instance("authentication {\nauth_type PASS\nauth_pass a\\#b\\!c\n}"));
    assert_eq!(codes(&loaded), Vec::<&str>::new());
    assert_eq!(
        loaded.config.instances[0].auth,
        Some(standfast::config::model::Auth::Pass(*b"a#b!c\0\0\0"))
    );
}

#[test]
fn a_password_keeps_its_bytes() {
    let mut text = instance("authentication {\nauth_type PASS\nauth_pass caf@\n}").into_bytes();
    for byte in &mut text {
        if *byte == b'@' {
            *byte = 0xe9;
        }
    }
    let loaded = load_bytes("a.conf", &text, &LoadOptions::default());
    assert_eq!(codes(&loaded), Vec::<&str>::new());
    assert_eq!(
        loaded.config.instances[0].auth,
        Some(standfast::config::model::Auth::Pass(*b"caf\xe9\0\0\0\0"))
    );
}

#[test]
fn dos_lines() {
    let text = instance("priority 7").replace('\n', "\r\n");
    let loaded = read(&text);
    assert_eq!(codes(&loaded), Vec::<&str>::new());
    assert_eq!(loaded.config.instances[0].priority, 7);
}

#[test]
fn conditions_choose_lines() {
    let loaded =
        read(&instance("@low priority 10\n@high priority 20\n@^high advert_int 3\n@^low advert_int 4"));
    assert_eq!(codes(&loaded), Vec::<&str>::new());
    let one = &loaded.config.instances[0];
    assert_eq!((one.priority, one.advert_int), (10, Duration::from_secs(3)));
}

#[test]
fn definitions_are_put_in_place() {
    let loaded = read(&format!(
        "$IF=eth1\n$NET=10.0\n$PRI=$BASE\n$BASE=9\n{}",
        instance(
            "priority ${BASE}9\ntrack_interface {\n$IF\n}\nvirtual_ipaddress_excluded {\n${NET}.1.2/24 dev $IF\n}",
        )
    ));
    assert_eq!(codes(&loaded), Vec::<&str>::new());
    let one = &loaded.config.instances[0];
    assert_eq!(one.priority, 99);
    assert_eq!(&*one.track_interfaces[0].name, "eth1");
    assert_eq!(one.excluded[0].key.net.to_string(), "10.0.1.2/24");
    assert_eq!(&*one.excluded[0].key.interface, "eth1");
}

#[test]
fn a_mistake_in_a_definition_shows_both_places() {
    let loaded = read(&format!("$PRI=300\n{}", instance("priority $PRI")));
    let [mistake] = &loaded.diagnostics[..] else { panic!("{:?}", loaded.diagnostics) };
    let text = render::terminal(mistake, &loaded.sources, false);
    assert!(text.contains("a.conf:6:10"), "{text}");
    assert!(text.contains("a.conf:1:6") && text.contains("$PRI is defined here"), "{text}");
    let line = render::log_line(mistake, &loaded.sources);
    assert!(
        line.starts_with("(a.conf: Line 6) ") && line.ends_with(" - $PRI is defined at a.conf:1"),
        "{line}"
    );
}

#[test]
fn a_definition_of_itself_is_one_mistake() {
    for text in ["$A=$A\n$A\n", "$A=x$B\n$B=$A\nglobal_defs {\nrouter_id $A\n}\n"] {
        let loaded = read(text);
        assert_eq!(codes(&loaded), ["definition-loop"], "{text}");
        assert_eq!(verdict(&loaded.diagnostics), 5);
    }
}

#[test]
fn an_undefined_name_in_braces_breaks_no_block() {
    let loaded = read(&instance("virtual_ipaddress_excluded {\n10.9.30.${UNDEF}\n10.0.0.3\n}\npriority 7"));
    assert_eq!(codes(&loaded), ["bad-address", "undefined-name"]);
    assert!(!loaded.structure_broken);
    let one = &loaded.config.instances[0];
    assert_eq!((one.priority, one.excluded.len()), (7, 1));
}

#[test]
fn definitions_of_several_lines() {
    let text = format!(
        "$PASS= \\\nauthentication {{ \\\n auth_type PASS \\\n auth_pass secret \\\n}}\n{}",
        instance("$PASS\npriority 3")
    );
    let loaded = read(&text);
    assert_eq!(codes(&loaded), Vec::<&str>::new());
    assert!(loaded.config.instances[0].auth.is_some());
    assert_eq!(loaded.config.instances[0].priority, 3);
}

#[test]
fn sequences_repeat_lines_and_blocks() {
    let text = "$RS= \\\nreal_server 10.0.0.$N 80 { \\\n weight $N \\\n}\n\
                virtual_server 10.0.0.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n~SEQ(N, 2, 2, 6) $RS\n}\n\
                vrrp_instance A {\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress {\n~SEQx(N, 9, 11) fe80::$N\n\
                ~LST({A,B}, {1,2}, {3,4}) fd00::${A}:$B\n}\n}\n";
    let loaded = read(text);
    assert_eq!(codes(&loaded), Vec::<&str>::new());
    let reals: Vec<_> = loaded.config.virtual_servers[0]
        .real_servers
        .iter()
        .map(|r| (r.address.to_string(), r.weight))
        .collect();
    assert_eq!(reals, [("10.0.0.2".into(), 2), ("10.0.0.4".into(), 4), ("10.0.0.6".into(), 6)]);
    let vips: Vec<_> =
        loaded.config.instances[0].addresses.iter().map(|a| a.key.address().to_string()).collect();
    assert_eq!(vips, ["fe80::9", "fe80::a", "fe80::b", "fd00::1:2", "fd00::3:4"]);
}

#[test]
fn a_sequence_without_end_ends() {
    let loaded = read("~SEQ(A, 1, 3000000000) ~SEQ(B, 1, 3000000000) x $A $B");
    assert!(codes(&loaded).contains(&"too-much-text"));
}

#[test]
fn predefined_names() {
    let options = LoadOptions {
        config_id: "low".into(),
        environment: BTreeMap::from([("SITE".into(), "north".into())]),
        random_seed: 1,
        ..LoadOptions::default()
    };
    let text = "global_defs {\nrouter_id ${_INSTANCE}-${_ENV SITE}${_HASH}${_BANG}\nlvs_timeouts tcp ${_RANDOM 5 7}\n}\n";
    let loaded = load_str("/etc/keepalived/a.conf", text, &options);
    assert_eq!(codes(&loaded), Vec::<&str>::new());
    assert_eq!(loaded.config.global.router_id.as_deref(), Some("low-north#!"));
    assert!((5..=7).contains(&loaded.config.global.lvs_timeouts.tcp.unwrap()));
}

#[test]
fn includes_keep_their_places() {
    let texts = Texts(BTreeMap::from([
        (PathBuf::from("/c/a.conf"), b"include d/*.conf\ninclude none.conf\n".to_vec()),
        (PathBuf::from("/c/d/1.conf"), instance("priority 300").into_bytes()),
        (PathBuf::from("/c/d/2.conf"), b"global_defs {\nrouter_id ${_PWD}\n}\n".to_vec()),
    ]));
    let loaded = load_from("/c/a.conf", &texts, &LoadOptions::default());
    assert_eq!(codes(&loaded), ["include-empty", "out-of-range"]);
    let line = render::log_line(&loaded.diagnostics[1], &loaded.sources);
    assert!(line.starts_with("(/c/d/1.conf: Line 5) "), "{line}");
    assert_eq!(loaded.config.global.router_id.as_deref(), Some("/c/d"));
    assert_eq!(verdict(&loaded.diagnostics[..1]), 0);
    let strict = LoadOptions { strict_includes: true, ..LoadOptions::default() };
    let loaded = load_from("/c/a.conf", &texts, &strict);
    assert!(loaded.include_failed);
    assert_eq!(verdict(&loaded.diagnostics), 6);
}

#[test]
fn an_include_of_itself_ends() {
    let texts = Texts(BTreeMap::from([(PathBuf::from("/c/a.conf"), b"include a.conf\n".to_vec())]));
    let loaded = load_from("/c/a.conf", &texts, &LoadOptions::default());
    assert_eq!(codes(&loaded), ["include-loop"]);
}

#[test]
fn a_missing_file_is_said_and_answers_zero() {
    let loaded = load_from("/c/a.conf", &Texts::default(), &LoadOptions::default());
    assert!(loaded.missing);
    assert_eq!((codes(&loaded), verdict(&loaded.diagnostics)), (vec!["config-missing"], 0));
}

#[test]
fn a_missing_argument_exits_as_keepalived_does() {
    let loaded = read(&instance("priority"));
    assert_eq!((codes(&loaded), verdict(&loaded.diagnostics)), (vec!["missing-parameter"], 2));
    assert_eq!(loaded.config.instances.len(), 1, "and the rest is read");
}

#[test]
fn numbers_out_of_range_fall_back() {
    let loaded = read(&instance("priority 256\nadvert_int 0\ngarp_master_delay 7x\nunicast_ttl -1"));
    assert_eq!(codes(&loaded), ["out-of-range", "out-of-range", "bad-number", "out-of-range"]);
    let one = &loaded.config.instances[0];
    assert_eq!((one.priority, one.advert_int), (100, Duration::from_secs(1)));
    assert_eq!(one.garp.master_delay, Duration::from_secs(7), "the digits of a lenient number count");
}

#[test]
fn checks_inherit_from_real_server_and_service() {
    let loaded = read(
        "virtual_server 10.0.0.1 80 {\nlvs_sched rr\nlvs_method DR\nprotocol tcp\ndelay_loop 7\nretry 4\nconnect_timeout 2\nwarmup 0\n\
         virtualhost v\nreal_server 10.0.0.2 {\nretry 5\nHTTP_GET {\nurl {\npath /\nstatus_code 200 300-302\n}\nconnect_port 81\n}\n}\n\
         real_server 10.0.0.3 8080 {\nTCP_CHECK {\ndelay_loop 1.5\nretry 0\n}\n}\n}\n",
    );
    assert_eq!(codes(&loaded), ["port-ignored"]);
    let service = &loaded.config.virtual_servers[0];
    let [first, second] = &service.real_servers[..] else { panic!() };
    assert_eq!((first.port, second.port), (80, 80), "DR has the service's port");
    let check = &first.checks[0];
    assert_eq!((check.pace.retry, check.pace.delay_before_retry), (5, Duration::from_secs(3)));
    assert_eq!((check.pace.delay_loop, check.pace.warmup), (Duration::from_secs(7), Duration::ZERO));
    assert_eq!(check.pace.connect_timeout, Duration::from_secs(2));
    assert_eq!(check.target.to_string(), "10.0.0.2:81");
    let standfast::config::model::CheckKind::Http(http) = &check.kind else { panic!() };
    assert_eq!(http.urls[0].virtualhost.as_deref(), Some("v"));
    assert_eq!(http.urls[0].status.len(), 2);
    let check = &second.checks[0];
    assert_eq!((check.pace.retry, check.pace.delay_loop), (0, Duration::from_millis(1500)));
    assert_eq!(check.target.to_string(), "10.0.0.3:8080", "the written port is checked");
}
