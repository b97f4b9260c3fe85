//! Routes, rules, static objects, and what instances say beyond the protocol's core.

use std::time::Duration;

use standfast::config::model::VrrpInstance;
use standfast::config::model::options::{IpvlanMode, OldChecksum};
use standfast::config::{LoadOptions, Loaded, load_str};
use standfast::objects::route::{Encap, Metric, Named, RouteKind};
use standfast::objects::rule::RuleAction;

fn read(text: &str) -> Loaded {
    load_str("test.conf", text, &LoadOptions::default())
}

/// An instance with this beside what it needs, after this at the top.
fn with(top: &str, inside: &str) -> Loaded {
    read(&format!(
        "{top}\nvrrp_instance A {{\n interface eth0\n virtual_router_id 5\n virtual_ipaddress {{\n 10.0.0.1\n \
         }}\n {inside}\n}}\n"
    ))
}

fn instance(loaded: &Loaded) -> &VrrpInstance {
    loaded.config.instances.first().unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

fn codes(loaded: &Loaded) -> Vec<&'static str> {
    let told = loaded.diagnostics.iter().map(|one| one.code);
    told.filter(|code| !matches!(*code, "no-effect-yet" | "untracked-route")).collect()
}

#[test]
fn a_route_with_everything() {
    let loaded = with(
        "",
        "virtual_routes {\n 10.1.0.0/16 via 198.18.0.9 dev eth0 src 10.0.0.1 metric 50 table vpn mtu lock 1400 \
         rtt 100ms scope link\n blackhole 10.2.0.0/16 no_track protocol static\n 10.3.0.0/16 dev eth0 nexthop via \
         198.18.0.9 weight 3 encap mpls 30/40 nexthop via 198.18.0.8\n }",
    );
    assert_eq!(codes(&loaded), [""; 0]);
    let [plain, hole, paths] = instance(&loaded).options.routes.as_slice() else { panic!() };
    assert_eq!(plain.destination.unwrap().to_string(), "10.1.0.0/16");
    assert_eq!(plain.table, Some(Named::Name("vpn".into())), "hosts have names of their own");
    assert_eq!(plain.scope, Some(Named::Number(253)));
    assert_eq!(plain.metrics.mtu, Some(Metric { locked: true, value: 1400 }));
    assert_eq!(plain.metrics.rtt, Some(Metric { locked: false, value: 800 }), "eighths of a millisecond");
    assert!(plain.tracked);
    assert_eq!((hole.kind, hole.tracked), (RouteKind::Blackhole, false));
    assert_eq!(hole.protocol, Named::Number(4));
    let [first, second] = paths.nexthops.as_slice() else { panic!() };
    assert_eq!((first.weight, second.weight), (3, 1));
    assert_eq!(first.encap, Some(Encap::Mpls(vec![30, 40])));
}

#[test]
fn a_route_with_a_mistake_is_lost() {
    for (line, code) in [
        ("10.1.0.0/16 dev eth0 mtu x", "bad-number"),
        ("10.1.0.0/16 dev eth0 hoplimit 256", "out-of-range"),
        ("10.1.0.0/16 dev eth0 rtt 961s", "out-of-range"),
        ("10.1.0.0/16 via fe80::1", "wrong-family"),
        ("10.1.0.0/16 dev eth0 pref low", "wrong-family"),
        ("10.1.0.0/16 dev eth0 scope 256", "unknown-value"),
        ("10.1.0.0/16 foo", "unknown-value"),
        ("dev eth0", "unknown-value"),
        ("10.1.0.0/16 via", "missing-parameter"),
    ] {
        let loaded = with("", &format!("virtual_routes {{\n {line}\n }}"));
        assert_eq!(codes(&loaded), [code], "{line}");
        assert!(instance(&loaded).options.routes.is_empty(), "{line}");
    }
    for (line, code) in [
        ("10.1.0.0/16 dev eth0 protocol 20", "foreign-protocol"),
        ("10.1.0.0/33 dev eth0", "bad-address"),
        ("10.1.0.0/16 dev eth0 features foo", "unknown-value"),
        ("10.1.0.0/16 dev eth0 rtt 0.0001s", "bad-number"),
        ("10.1.0.0/16 gw 198.18.0.9 dev eth0", "deprecated"),
        ("10.1.0.0/16 dev eth0 as to 10.0.0.9", "unknown-value"),
    ] {
        let loaded = with("", &format!("virtual_routes {{\n {line}\n }}"));
        assert_eq!(codes(&loaded), [code], "{line}");
        assert_eq!(instance(&loaded).options.routes.len(), 1, "{line} is kept");
    }
}

#[test]
fn rules() {
    let loaded = with(
        "",
        "virtual_rules {\n not from 10.0.0.0/8 fwmark 5/0xff table main preference 0x64 uidrange 5-6\n from any \
         goto 500\n inet6 blackhole\n }",
    );
    assert_eq!(codes(&loaded), ["rule-without-preference", "rule-without-preference"]);
    let [table, goto, hole] = instance(&loaded).options.rules.as_slice() else { panic!() };
    assert_eq!(table.action, RuleAction::Table(Named::Number(254)));
    assert_eq!((table.preference, table.matches.inverted), (100, true));
    assert_eq!(table.matches.fwmark, Some((5, Some(0xff))));
    assert_eq!(table.matches.uids, Some((5, 6)));
    assert_eq!((goto.preference, hole.preference), (16_384, 16_384), "each family counts down by itself");
    for line in [
        "from 10.0.0.0/8 preference 100",
        "from 10.0.0.0/8 preference 100 table 0",
        "from 10.0.0.0/8 preference 100 goto 50",
        "from 10.0.0.0/8 preference 100 realms 5 blackhole",
        "from 10.0.0.0/8 preference 100 table 5 sport 5",
        "from 10.0.0.0/8 preference 100 table 5 ip_proto tcp",
    ] {
        let loaded = with("", &format!("virtual_rules {{\n {line}\n }}"));
        assert_eq!(codes(&loaded), ["unknown-value"], "{line}");
        assert!(instance(&loaded).options.rules.is_empty(), "{line}");
    }
}

#[test]
fn static_objects_and_their_group() {
    let group = "track_group G {\n group {\n A\n }\n}\n";
    let loaded = with(
        &format!(
            "{group}static_ipaddress {{\n 10.9.0.1/24 track_group G\n}}\nstatic_routes {{\n 10.1.0.0/16 dev eth0 \
             track_group H\n}}\nstatic_rules {{\n from any table 5 preference 5 track_group G\n}}"
        ),
        "",
    );
    assert_eq!(codes(&loaded), ["no-such-track-group", "track-group-without-interface"]);
    let statics = &loaded.config.statics;
    assert_eq!(&*statics.addresses[0].key.interface, "eth0", "default_interface");
    assert_eq!(statics.addresses[0].track_group.as_deref(), Some("G"));
    assert_eq!(statics.routes[0].track_group, None);
    assert_eq!(loaded.config.track_groups[0].members, ["A".into()]);
    let unknown = with("track_group G {\n group {\n B\n }\n}\n", "");
    assert_eq!(codes(&unknown), ["no-such-instance"]);
}

#[test]
fn what_is_tracked_is_defined_above() {
    let top = "track_file f {\n file /tmp/f\n weight 3 reverse\n init_file 7 overwrite\n}\nvrrp_track_process p {\n \
               process nginx -g x\n quorum 2\n}\nbfd_instance b {\n neighbor_ip 10.0.0.9\n}\n";
    let inside = "track_file {\n f\n }\n track_process {\n p weight 254\n }\n track_bfd {\n b weight 5\n }";
    let loaded = with(top, inside);
    assert_eq!(codes(&loaded), [""; 0]);
    let tracked = &instance(&loaded).options.tracked;
    assert_eq!((tracked.files[0].weight, tracked.files[0].reverse), (3, true), "the file's own");
    assert_eq!(tracked.processes[0].weight, 254);
    let process = &loaded.config.track_processes[0];
    assert_eq!((process.quorum, process.full_command), (2, true), "parameters imply the whole command");
    assert_eq!(process.parameters, ["-g", "x"]);
    assert_eq!(loaded.config.track_files[0].init.map(|init| (init.value, init.overwrite)), Some((7, true)));
    assert_eq!(codes(&with("", inside)), ["no-such-file", "no-such-process", "no-such-bfd"]);
    let below = read("vrrp_track_process p {\n process x\n quorum 3\n quorum_max 2\n}\n");
    assert_eq!(codes(&below), ["out-of-range"]);
    assert_eq!(below.config.track_processes[0].quorum_max, None);
}

#[test]
fn options_of_an_instance() {
    let loaded = with(
        "global_defs {\n vrrp_garp_extra_if all 600\n}",
        "use_ipvlan iv0 10.0.0.5/24 private\n kernel_rx_buf_size 5000\n unicast_peer {\n 198.18.0.7 min_ttl 5\n }\n \
         old_unicast_checksum never",
    );
    assert_eq!(codes(&loaded), [""; 0]);
    let options = &instance(&loaded).options;
    let ipvlan = options.ipvlan.as_ref().unwrap();
    assert_eq!((&*ipvlan.name, ipvlan.mode), ("iv0", IpvlanMode::Private));
    assert_eq!(options.kernel_rx_buf_size, Some(5000));
    assert_eq!(options.old_unicast_checksum, OldChecksum::Never);
    assert!(instance(&loaded).check_unicast_src, "a peer has min_ttl");
    assert!(!instance(&with("", "unicast_peer {\n 198.18.0.7\n }")).check_unicast_src);
    assert_eq!(
        (options.garp_extra_if.interval, options.garp_extra_if.all),
        (Duration::from_secs(600), true)
    );
    for (inside, code) in [
        ("use_ipvlan", "ipvlan-without-address"),
        ("use_ipvlan\n mcast_src_ip 10.0.0.5", "ipvlan-without-address"),
        ("use_vmac\n use_ipvlan 10.0.0.5/24", "vmac-with-ipvlan"),
        ("use_ipvlan 10.0.0.5 bridge vepa", "given-twice"),
        ("vrf blue", "vrf-not-alone"),
        ("use_vmac name", "missing-parameter"),
        ("unicast_peer {\n 198.18.0.7\n }\n unicast_peer {\n 198.18.0.7\n }", "given-twice"),
        ("garp_extra_if all", "missing-parameter"),
        ("garp_extra_if 86401", "out-of-range"),
        ("kernel_rx_buf_size", "bad-number"),
        ("native_ipv6", "wrong-family"),
        ("timer_expired_backup 5", "preempts-after-timer"),
        ("owner_ignore_adverts", "not-the-owner"),
        ("track_interface {\n eth1 weight 5 noreverse\n }", "unknown-value"),
        ("unicast_peer {\n 198.18.0.7 min_ttl 5 max_ttl 4\n }", "out-of-range"),
        ("unicast_peer {\n 198.18.0.7 min_ttl\n }", "missing-parameter"),
        ("priority 255\n track_interface {\n eth1 weight 5\n }", "weight-without-effect"),
    ] {
        assert_eq!(codes(&with("", inside)), [code], "{inside}");
    }
}

#[test]
fn a_scope_of_an_address_is_one_that_every_host_has() {
    let scope = |word: &str| {
        let loaded = with("", &format!("virtual_ipaddress_excluded {{\n 10.0.0.9/24 scope {word}\n }}"));
        (instance(&loaded).excluded[0].attributes.scope, codes(&loaded))
    };
    assert_eq!(scope("link"), (253, vec![]));
    assert_eq!(scope("99"), (99, vec![]));
    assert_eq!(scope("campus"), (0, vec!["unknown-value"]));
}

#[test]
fn an_ipvlan_speaks_with_its_address() {
    let heard_by = |inside: &str| {
        let loaded = with("", inside);
        let instance = instance(&loaded);
        (instance.listens_on().to_string(), instance.own_source().map(|source| source.to_string()))
    };
    let own = |device: &str, source: &str| (device.to_owned(), Some(source.to_owned()));
    assert_eq!(heard_by("use_ipvlan 10.0.0.5/24"), own("vrrp.5", "10.0.0.5"));
    assert_eq!(heard_by("use_ipvlan iv0 10.0.0.5\n mcast_src_ip 10.0.0.7"), own("iv0", "10.0.0.7"));
    assert_eq!(heard_by("use_ipvlan 10.0.0.5\n unicast_peer { 10.0.0.2 }"), own("vrrp.5", "10.0.0.5"));
    // What is for another address of the host comes by the interface below.
    let elsewhere = "use_ipvlan 10.0.0.5\n unicast_src_ip 10.0.0.1\n unicast_peer { 10.0.0.2 }";
    assert_eq!(heard_by(elsewhere), own("eth0", "10.0.0.1"));
    assert_eq!(heard_by("use_ipvlan\n mcast_src_ip 10.0.0.7"), ("vrrp.5".to_owned(), None));
    let named = with("global_defs {\n vmac_prefix lab\n}", "use_ipvlan 10.0.0.5");
    assert_eq!(&*instance(&named).options.ipvlan.as_ref().unwrap().name, "lab.5");
    let grouped = with("", "use_vmac vip0 group 5");
    assert_eq!(instance(&grouped).vmac.as_ref().unwrap().group, Some(Named::Number(5)));
}

#[test]
fn a_signed_trailer() {
    let key = "key 1 hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let loaded = with("", &format!("auth_hmac {{\n {key}\n active_key 1\n mode permissive\n }}"));
    assert_eq!(codes(&loaded), [""; 0]);
    let hmac = instance(&loaded).options.auth_hmac.as_ref().unwrap();
    assert_eq!(hmac.time_window, Duration::from_secs(5), "three intervals, but 5 s at least");
    assert!(!format!("{hmac:?}").contains("30, 31"), "keys are not shown");
    let short = with("", "auth_hmac {\n key 1 short\n active_key 1\n }");
    assert_eq!(codes(&short), ["bad-key", "hmac-without-key"]);
    assert!(instance(&short).options.auth_hmac.is_none());
}

#[test]
fn global_words_that_keepalived_wants_alone() {
    for (line, code) in [
        ("vrrp_rx_bufs_multiplier", "missing-parameter"),
        ("reload_time_file", "missing-parameter"),
        ("smtp_connect_timeout 0", "out-of-range"),
        ("vrrp_mcast_group6 ff05::12", "multicast-not-link-local"),
    ] {
        assert_eq!(codes(&read(&format!("global_defs {{\n {line}\n}}\n"))), [code], "{line}");
    }
    assert_eq!(
        codes(&read("global_defs {\n vrrp_mcast_group6 ff02::13\n smtp_connect_timeout 1\n}\n")),
        [""; 0]
    );
}

#[test]
fn native_ipv6_is_of_version_3_and_the_addresses_say_the_rest() {
    use standfast::config::model::Version;
    use standfast::ids::Family;
    let read_v6 = |words: &str| {
        read(&format!(
            "vrrp_instance A {{\n interface eth0\n virtual_router_id 5\n {words}\n virtual_ipaddress {{\n fe80::5\n }}\n}}\n"
        ))
    };
    for (words, version) in
        [("native_ipv6", Version::V3), ("version 2\n native_ipv6", Version::V3), ("version 2", Version::V2)]
    {
        let loaded = read_v6(words);
        assert_eq!(codes(&loaded), [""; 0], "{words}");
        assert_eq!((instance(&loaded).family, instance(&loaded).version), (Family::V6, version), "{words}");
    }
}

/// One device for each interface and family; names number on, also past those of other instances.
#[test]
fn devices_of_single_addresses() {
    let text = "vrrp_instance A {\n interface eth0\n virtual_router_id 41\n use_vmac\n use_vmac_addr\n \
                virtual_ipaddress {\n 10.0.0.50\n 10.1.0.51 dev eth1\n 10.1.0.52 dev eth1\n }\n \
                virtual_ipaddress_excluded {\n 2001:db8::77\n }\n}\n\
                vrrp_instance B {\n interface eth0\n virtual_router_id 43\n virtual_ipaddress {\n 10.0.0.60\n \
                10.1.0.61 dev eth1 use_vmac\n }\n}\n";
    let loaded = load_str("a.conf", text, &LoadOptions::default());
    assert_eq!(loaded.diagnostics, []);
    let seen: Vec<Vec<String>> = loaded
        .config
        .instances
        .iter()
        .map(|instance| {
            let devices = instance.options.address_vmacs.iter();
            let devices = devices.map(|device| format!("{} {} {}", device.name, device.parent, device.mac));
            let addresses = instance.addresses.iter().chain(&instance.excluded);
            let addresses = addresses.map(|a| format!("{} {}", a.key.address(), a.key.interface));
            devices.chain(addresses).collect()
        })
        .collect();
    let expected: [&[&str]; 2] = [
        &[
            "vrrp1.41 eth1 00:00:5e:00:01:29",
            "vrrp6.41 eth0 00:00:5e:00:02:29",
            "10.0.0.50 vrrp.41",
            "10.1.0.51 vrrp1.41",
            "10.1.0.52 vrrp1.41",
            "2001:db8::77 vrrp6.41",
        ],
        &["vrrp.43 eth1 00:00:5e:00:01:2b", "10.0.0.60 eth0", "10.1.0.61 vrrp.43"],
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_vrf_stands_for_the_interface() {
    let text = |inside: &str| {
        format!(
            "vrrp_instance I {{\n virtual_router_id 7\n unicast_src_ip 198.18.0.1\n unicast_peer {{\n \
             198.18.0.2\n }}\n virtual_ipaddress {{\n {inside} }}\n vrf blue\n}}\n"
        )
    };
    let loaded = load_str("vrf.conf", &text("198.18.0.50/24 dev eth0\n"), &LoadOptions::default());
    let [instance] = loaded.config.instances.as_slice() else { panic!("{:?}", loaded.diagnostics) };
    assert_eq!((&*instance.interface, instance.options.vrf.as_deref()), ("blue", Some("blue")));
    // Nobody could announce an address there.
    let loaded =
        load_str("vrf.conf", &text("198.18.0.51\n 198.18.0.50/24 dev eth0\n"), &LoadOptions::default());
    assert_eq!(loaded.config.instances[0].addresses.len(), 1);
    let said: Vec<_> = loaded.diagnostics.iter().map(|one| (one.code, &*one.message)).collect();
    let message = "(I) without interface, and the address 198.18.0.51 has none - ignoring";
    assert!(
        said.iter().any(|(code, said)| *code == "missing-parameter" && said.contains(message)),
        "{said:?}"
    );
}
