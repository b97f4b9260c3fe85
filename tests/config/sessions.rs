//! `bfd_instance`, `garp_group`, `linkbeat_interfaces`, `interface_up_down_delays`.

use std::time::Duration;

use standfast::config::model::interface::LinkbeatWay;
use standfast::config::{LoadOptions, Loaded, load_str};

fn read(text: &str) -> (Loaded, Vec<&'static str>) {
    let loaded = load_str("a.conf", text, &LoadOptions::default());
    let codes =
        loaded.diagnostics.iter().map(|one| one.code).filter(|code| *code != "no-effect-yet").collect();
    (loaded, codes)
}

#[test]
fn a_session_with_its_defaults() {
    let (loaded, codes) = read("bfd_instance B {\n neighbor_ip 10.0.0.2\n}\n");
    assert_eq!(codes, [] as [&str; 0]);
    let one = &loaded.config.bfd_instances[0];
    assert_eq!((one.min_rx, one.min_tx, one.idle_tx), {
        (Duration::from_millis(10), Duration::from_millis(10), Duration::from_secs(1))
    });
    assert_eq!(
        (one.multiplier, one.ttl, one.max_hops, one.passive, one.multihop),
        (5, 255, 0, false, false)
    );
    assert!(one.for_vrrp && one.for_checkers);
    let (loaded, _) = read("bfd_instance B {\n neighbour_ip 2001:db8::2\n vrrp\n}\n");
    let one = &loaded.config.bfd_instances[0];
    assert_eq!(one.ttl, 64);
    assert!(one.for_vrrp && !one.for_checkers);
}

#[test]
fn a_session_in_full() {
    let (loaded, codes) = read(
        "bfd_instance B {\n source_ip 10.0.0.1\n neighbor_ip 10.0.0.2\n min_rx 1\n min_tx 50.125\n idle_tx 2000\n\
         multiplier 255\n passive\n ttl 64\n max_hops 64\n multihop\n weight -253 reverse\n checker\n}\n",
    );
    assert_eq!(codes, [] as [&str; 0]);
    let one = &loaded.config.bfd_instances[0];
    assert_eq!((one.min_rx.as_micros(), one.min_tx.as_micros(), one.idle_tx.as_secs()), (1000, 50_125, 2));
    assert_eq!((one.multiplier, one.ttl, one.max_hops, one.weight, one.reverse), (255, 64, 64, -253, true));
    assert!(one.passive && one.multihop && !one.for_vrrp && one.for_checkers);
}

#[test]
fn sessions_that_are_wrong() {
    let body = |more: &str| read(&format!("bfd_instance B {{\n neighbor_ip 10.0.0.2\n{more}\n}}\n"));
    for (more, code) in [
        ("min_rx 0.5", "out-of-range"),
        ("idle_tx 999", "out-of-range"),
        ("multiplier 256", "out-of-range"),
        ("ttl 0", "out-of-range"),
        ("ttl 10\n max_hops 11", "out-of-range"),
    ] {
        let (loaded, codes) = body(more);
        assert_eq!(codes, [code], "{more}");
        assert_eq!(loaded.config.bfd_instances.len(), 1, "{more}: the session runs with the default");
    }
    assert_eq!(body("ttl 10\n max_hops 11").0.config.bfd_instances[0].max_hops, 10);
    let (loaded, codes) = body("source_ip 2001:db8::1");
    assert_eq!((loaded.config.bfd_instances.len(), codes), (0, vec!["wrong-family"]));
    let (loaded, codes) = read("bfd_instance B {\n ttl 5\n}\n");
    assert_eq!((loaded.config.bfd_instances.len(), codes), (0, vec!["incomplete-block"]));
    let twice = "bfd_instance B {\n neighbor_ip 10.0.0.2\n}\n";
    assert_eq!(read(&format!("{twice}{twice}")).1, ["defined-twice"]);
}

#[test]
fn groups_of_interfaces() {
    let (loaded, codes) = read(
        "garp_group {\n garp_interval 0.5\n interface eth0\n}\ngarp_group {\n gna_interval 2\n interfaces {\n  eth1 eth2\n  \
         eth0\n }\n}\n",
    );
    assert_eq!(codes, ["given-twice"], "eth0 is in the first");
    let [first, second] = &loaded.config.garp_groups[..] else { panic!("{:?}", loaded.config.garp_groups) };
    assert_eq!((first.garp_interval, first.gna_interval), (Some(Duration::from_millis(500)), None));
    assert_eq!(second.interfaces.iter().map(|name| name.to_string()).collect::<Vec<_>>(), ["eth1", "eth2"]);
    assert_eq!(read("garp_group {\n garp_interval 1\n}\n").1, ["empty-block"]);
    assert_eq!(read("garp_group {\n interface eth0\n}\n").1, ["incomplete-block"]);
}

#[test]
fn lines_of_interfaces() {
    let (loaded, codes) = read(
        "linkbeat_interfaces {\n eth0\n eth1 MII\n eth2 what\n}\ninterface_up_down_delays {\n eth0 1.5\n eth1 2 255\n eth2\n \
         eth3 256\n}\n",
    );
    assert_eq!(codes, ["unknown-value", "out-of-range"]);
    let ways: Vec<_> = loaded.config.linkbeat.iter().map(|one| one.way).collect();
    assert_eq!(ways, [None, Some(LinkbeatWay::Mii)]);
    let delays: Vec<_> = loaded.config.up_down_delays.iter().map(|one| (one.down, one.up)).collect();
    let seconds = |down: f64, up: f64| (Duration::from_secs_f64(down), Duration::from_secs_f64(up));
    assert_eq!(delays, [seconds(1.5, 0.0), seconds(2.0, 255.0), seconds(0.0, 0.0)]);
}
