//! The user's own files: what they mean, and what is said about them.

use std::net::IpAddr;
use std::time::Duration;

use standfast::config::model::check::CheckKind;
use standfast::config::model::lvs::Target;
use standfast::config::model::vrrp::InitialState;
use standfast::config::{LoadOptions, Loaded, load, verdict};
use standfast::diag::{Severity, render};
use standfast::objects::ipvs::Forwarding;

fn example(name: &str) -> Loaded {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/examples/").to_owned() + name;
    load(&path, &LoadOptions::default())
}

/// Code and line of each.
fn said(loaded: &Loaded) -> Vec<(&'static str, u32)> {
    let line = |span| loaded.sources.place(span).map_or(0, |place| place.line);
    loaded.diagnostics.iter().map(|one| (one.code, one.span.map_or(0, line))).collect()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_missing_brace_is_one_mistake_and_costs_nothing() {
    let loaded = example("rh1-as-written.conf");
    assert_eq!(said(&loaded), [("missing-open-brace", 25)]);
    let [mistake] = &loaded.diagnostics[..] else { panic!("{:?}", loaded.diagnostics) };
    assert_eq!(mistake.severity, Severity::Error);
    assert!(mistake.message.contains("the opening brace of 'virtual_server' is missing"), "{mistake:?}");
    let text = render::terminal(mistake, &loaded.sources, false);
    assert!(text.contains("rh1-as-written.conf:25:33") && text.contains("^ expected '{'"), "{text}");
    assert_eq!(verdict(&loaded.diagnostics), 5);

    let good = example("rh1-master.conf");
    assert_eq!(said(&good), []);
    assert_eq!(loaded.config, good.config, "the model is that of the file with the brace");
    let [service] = &loaded.config.virtual_servers[..] else { panic!() };
    assert_eq!(service.target, Target::Address { address: ip("172.28.128.200"), port: 80 });
    assert_eq!((service.persistence_timeout, service.forwarding), (Some(9600), Forwarding::DirectRoute));
    let reals: Vec<_> = service.real_servers.iter().map(|real| real.address).collect();
    assert_eq!(reals, [ip("172.28.128.10"), ip("172.28.128.60")]);
    assert_eq!(service.real_servers[0].checks[0].pace.connect_timeout, Duration::from_secs(10));
    let [instance] = &loaded.config.instances[..] else { panic!() };
    assert_eq!((instance.vrid.get(), instance.priority), (50, 100));
    assert_eq!(instance.state, Some(InitialState::Master));
}

#[test]
fn unknown_words_are_one_warning_each_with_advice() {
    let loaded = example("nginx-two-vips-nat.conf");
    let expected = [
        ("unknown-keyword", 44),
        ("deprecated", 78),
        ("deprecated", 89),
        ("unknown-keyword", 95),
        ("deprecated", 101),
    ];
    assert_eq!(said(&loaded), expected);
    let helps: Vec<_> = loaded.diagnostics.iter().map(|one| one.help.clone().unwrap_or_default()).collect();
    assert_eq!(helps[0], "did you mean 'lvs_sync_daemon_interface'?");
    assert!(helps[3].contains("remove the line"), "{helps:?}");
    assert!(!loaded.structure_broken);

    let [first, second] = &loaded.config.instances[..] else { panic!() };
    assert_eq!(first.unicast_peers[0].address, ip("192.168.56.102"));
    assert_eq!(first.source, Some(ip("192.166.56.101")), "the author's typo is kept");
    assert_eq!(first.track_scripts[0].name.as_ref(), "check_lb");
    assert!(second.unicast_peers.is_empty());
    assert_eq!(loaded.config.sync_groups[0].members.len(), 2);
    assert_eq!(loaded.config.track_scripts[0].command.argv, ["pidof", "nginx"]);
    assert_eq!(loaded.config.track_scripts[0].timeout, Duration::from_secs(2), "the interval's");
    let check = &loaded.config.virtual_servers[0].real_servers[2].checks[0];
    assert_eq!((check.pace.retry, check.pace.delay_before_retry), (3, Duration::from_secs(3)));
    let CheckKind::Http(http) = &check.kind else { panic!() };
    assert_eq!(http.urls[0].path, "/probe");
    assert!(http.urls[0].status.is_empty());
}

#[test]
fn a_digest_is_read() {
    let loaded = example("nginx-dr-digest.conf");
    let CheckKind::Http(http) = &loaded.config.virtual_servers[0].real_servers[0].checks[0].kind else {
        panic!()
    };
    let hex: String = http.urls[0].digest.unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "a635f6f309228a052994bdba46681855");
    assert_eq!(said(&loaded).iter().filter(|(code, _)| *code == "unknown-keyword").count(), 3);
}

#[test]
fn the_leaf_lab_runs_with_defaults() {
    let loaded = example("leaf-1-1.conf");
    assert_eq!(said(&loaded), []);
    let instance = &loaded.config.instances[0];
    assert_eq!(instance.advert_int, Duration::from_secs(1));
    assert_eq!(instance.auth, None);
    assert_eq!(instance.addresses[0].key.interface.as_ref(), "dummy1");
    assert_eq!(instance.addresses[0].key.net.to_string(), "192.168.3.101/32");
    assert_eq!(instance.notify.any.as_ref().unwrap().argv, ["/usr/local/bin/keepalived_notify.sh"]);
    let service = &loaded.config.virtual_servers[0];
    assert_eq!(service.delay_loop, Duration::from_secs(60));
    let check = &service.real_servers[0].checks[0];
    assert_eq!((check.pace.retry, check.pace.delay_before_retry), (1, Duration::from_secs(1)));
    assert_eq!(
        (check.pace.delay_loop, check.pace.warmup),
        (Duration::from_secs(60), Duration::from_secs(60))
    );
    assert_eq!(example("leaf-1-2.conf").config.instances[0].priority, 100);
}

#[test]
fn a_virtual_mac_gets_keepaliveds_name() {
    let instance = &example("evpn.conf").config.instances[0];
    let vmac = instance.vmac.as_ref().unwrap();
    assert_eq!((&*vmac.name, vmac.mac.to_string().as_str()), ("vrrp.50", "00:00:5e:00:01:32"));
    assert!(vmac.xmit_base && instance.nopreempt);
    assert_eq!(&*instance.addresses[0].key.interface, "vrrp.50");
}

#[test]
fn braces_on_their_own_lines() {
    let loaded = example("kld-vm-1.conf");
    assert_eq!(said(&loaded), []);
    assert_eq!(loaded.config.global.router_id.as_deref(), Some("KLD-VM-1"));
    assert_eq!(loaded.config.instances[0].addresses[0].key.net.to_string(), "192.168.0.254/24");
    assert!(loaded.config.instances[0].auth.is_some());
}
