//! Strict mode: what it takes back, and what it asks for.

use standfast::config::model::{InitialState, Version, VrrpInstance};
use standfast::config::{LoadOptions, Loaded, load_str, verdict};

/// An instance with this, after this at the top.
fn with(top: &str, inside: &str) -> Loaded {
    let text = format!("{top}\nvrrp_instance A {{\n interface eth0\n virtual_router_id 5\n {inside}\n}}\n");
    load_str("strict.conf", &text, &LoadOptions::default())
}

fn instance(loaded: &Loaded) -> &VrrpInstance {
    loaded.config.instances.first().unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

fn codes(loaded: &Loaded) -> Vec<&'static str> {
    loaded.diagnostics.iter().map(|one| one.code).collect()
}

const GLOBAL: &str = "global_defs {\n vrrp_strict\n}";
const VIP: &str = "virtual_ipaddress {\n 10.0.0.1\n }";
const VIP6: &str = "virtual_ipaddress {\n fe80::1\n }";

#[test]
fn strict_mode_takes_back_what_the_protocol_forbids() {
    for (inside, address) in [
        ("authentication {\n auth_type PASS\n auth_pass a\n }", VIP),
        ("preempt_delay 5", VIP),
        ("accept", VIP),
        ("down_timer_adverts 4", VIP),
        ("garp_lower_prio_repeat 3", VIP),
        ("lower_prio_no_advert off", VIP),
        ("higher_prio_send_advert on", VIP),
        ("state MASTER\n priority 254", VIP),
        ("state BACKUP\n priority 255", VIP),
        ("use_vmac v 02:00:00:00:00:09", VIP),
        ("use_vmac\n vmac_xmit_base", VIP),
        ("no_virtual_ipaddress", VIP),
        ("version 2", VIP6),
    ] {
        let inside = format!("{inside}\n {address}");
        assert_eq!(codes(&with("", &inside)), [""; 0], "{inside}");
        let strict = with("", &format!("strict_mode\n {inside}"));
        assert_eq!(codes(&strict), ["against-strict-mode"], "{inside}");
        assert_eq!(verdict(&strict.diagnostics), 5);
        let global = with(GLOBAL, &format!("strict_mode off\n {inside}"));
        assert_eq!(codes(&global), [""; 0], "the instance's own word counts: {inside}");
    }
    let strict = with(GLOBAL, VIP);
    assert!(instance(&strict).options.strict_mode && instance(&strict).lower_prio_no_advert);
    assert_eq!(instance(&strict).garp.lower_prio_repeat, 0);
}

#[test]
fn the_owner_begins_as_master_and_nobody_else() {
    for (inside, state, told) in [
        ("state MASTER\n priority 100", Some(InitialState::Backup), 1),
        ("state BACKUP\n priority 255", Some(InitialState::Master), 1),
        ("state MASTER\n priority 255", Some(InitialState::Master), 0),
        ("state MASTER", Some(InitialState::Master), 0),
        ("state BACKUP", Some(InitialState::Backup), 0),
        ("priority 255", None, 0),
        // Once it is a backup, what a master cannot say counts.
        ("state MASTER\n priority 100\n nopreempt", Some(InitialState::Backup), 1),
    ] {
        let loaded = with(GLOBAL, &format!("{inside}\n {VIP}"));
        assert_eq!((instance(&loaded).state, codes(&loaded).len()), (state, told), "{inside}");
        assert_eq!(instance(&loaded).nopreempt, inside.contains("nopreempt"));
    }
}

#[test]
fn ipv6_has_version_3_and_then_its_words() {
    let accepts = with(GLOBAL, &format!("version 2\n accept\n {VIP6}"));
    assert_eq!(codes(&accepts), ["against-strict-mode"], "the version, not the word");
    assert!(instance(&accepts).version == Version::V3 && instance(&accepts).accept);
}

#[test]
fn the_mac_of_a_virtual_router_is_the_protocols() {
    let mac = |top: &str| {
        let loaded = with(top, &format!("use_vmac v 02:00:00:00:00:09\n {VIP}"));
        instance(&loaded).vmac.as_ref().unwrap().mac.to_string()
    };
    assert_eq!((mac(""), mac(GLOBAL)), ("02:00:00:00:00:09".into(), "00:00:5e:00:01:05".into()));
}

#[test]
fn who_has_no_address_does_not_run() {
    for inside in ["", "no_virtual_ipaddress", "virtual_ipaddress_excluded {\n 10.0.0.1\n }"] {
        let loaded = with(GLOBAL, inside);
        assert!(codes(&loaded).contains(&"instance-incomplete"), "{inside}: {:?}", loaded.diagnostics);
        assert!(loaded.config.instances.is_empty());
    }
    assert_eq!(codes(&with("", "")), ["no-address"], "elsewhere it is worth a word");
}

#[test]
fn unicast_is_said_and_kept() {
    let peers = "unicast_src_ip 10.0.0.1\n unicast_peer {\n 10.0.0.2\n }";
    let loaded = with(GLOBAL, &format!("{peers}\n {VIP}"));
    assert_eq!(codes(&loaded), ["unicast-in-strict-mode"]);
    assert_eq!((instance(&loaded).unicast_peers.len(), verdict(&loaded.diagnostics)), (1, 5));
    assert_eq!(codes(&with("", &format!("{peers}\n {VIP}"))), [""; 0]);
}
