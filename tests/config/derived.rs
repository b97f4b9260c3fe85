//! Values that follow from others: as the installed keepalived shows them (see `meaning`), here without it.

use standfast::config::model::Config;
use standfast::config::{LoadOptions, load_str};
use standfast::objects::route::Placement;

fn read(text: &str) -> Config {
    load_str("derived.conf", text, &LoadOptions::default()).config
}

/// An instance that says this, too.
fn instance(more: &str) -> String {
    format!(
        "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 1\n{more}\nvirtual_ipaddress {{\n192.0.2.1 dev eth0\n}}\n}}\n"
    )
}

#[test]
fn the_parent_of_a_virtual_mac_stands_for_it() {
    let on = |more: &str| read(&instance(more)).instances[0].addresses[0].key.interface.to_string();
    assert_eq!(on("use_vmac v1"), "v1");
    assert_eq!(on(""), "eth0");
}

#[test]
fn a_priority_that_cannot_be_read_makes_no_owner() {
    let priority = |more: &str| read(&instance(&format!("state MASTER\n{more}"))).instances[0].priority;
    assert_eq!(priority("priority often"), 100);
    assert_eq!(priority("priority 0"), 100);
    assert_eq!(priority(""), 255);
}

#[test]
fn strict_mode_leaves_packets_to_the_owner() {
    let accepts = |more: &str| read(&instance(more)).instances[0].accept;
    assert!(accepts(""));
    assert!(!accepts("strict_mode on"));
    assert!(accepts("strict_mode on\npriority 255"));
}

#[test]
fn vrrp_min_garp_changes_what_is_at_its_default_there() {
    let garp = |text: &str| {
        let garp = read(&format!("global_defs {{\n{text}\n}}")).global.garp.values;
        (garp.master_delay.as_secs(), garp.master_repeat, garp.master_refresh_repeat)
    };
    assert_eq!(garp("vrrp_min_garp"), (0, 1, 0));
    assert_eq!(garp("vrrp_min_garp off"), (5, 5, 1));
    assert_eq!(garp("vrrp_garp_master_repeat 7\nvrrp_min_garp"), (0, 7, 0));
    assert_eq!(garp("vrrp_min_garp\nvrrp_garp_master_delay 5"), (5, 1, 0));
}

#[test]
fn no_value_and_no_process() {
    let most = |text: &str| read(&format!("global_defs {{\n{text}\n}}")).global.processes.max_auto_priority;
    assert_eq!(
        (most("max_auto_priority"), most("max_auto_priority 7"), most("")),
        (Some(99), Some(7), None)
    );
    let process = read("vrrp_track_process P {\nprocess p\nquorum_max 0\n}").track_processes.remove(0);
    assert_eq!((process.quorum, process.quorum_max), (0, Some(0)));
}

#[test]
fn only_unicast_routes_have_a_place_among_others() {
    let text = "static_routes {\nappend 192.0.2.0/24 dev eth0\nappend blackhole 198.51.100.0/24\n}";
    let places: Vec<Placement> = read(text).statics.routes.iter().map(|route| route.placement).collect();
    assert_eq!(places, [Placement::Append, Placement::Add]);
}
