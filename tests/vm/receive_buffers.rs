//! How large the receive buffers of VRRP sockets are where the file says something about them, as `ss -m` shows it
//! where the kernel tells of raw sockets.

use crate::differential::facts::{Facts, same};
use crate::differential::lifecycle::Router;
use crate::support::daemon::{Daemon, Subject};
use crate::support::runner::Case;
use crate::support::wait;

/// Global lines, and those of the first instance.
const FLAVOURS: [(&str, &str, &str); 5] = [
    ("mtu", "vrrp_rx_bufs_policy MTU", ""),
    ("mtu_times_eight", "vrrp_rx_bufs_policy mtu\n vrrp_rx_bufs_multiplier 8", "kernel_rx_buf_size 7000"),
    ("advert", "vrrp_rx_bufs_policy ADVERT\n vrrp_rx_bufs_multiplier 100", ""),
    ("size", "vrrp_rx_bufs_policy 5000", "kernel_rx_buf_size 7000"),
    ("beyond_the_limit", "vrrp_rx_bufs_policy 4000000000", ""),
];

pub fn cases() -> Vec<Case> {
    let case = |(name, global, lines)| {
        same(format!("vm::receive_buffers::{name}"), move |subject| observe(subject, global, lines))
    };
    FLAVOURS.into_iter().map(case).collect()
}

fn observe(subject: Subject, global: &str, lines: &str) -> Facts {
    let router = Router::new();
    router.enable_ipv6();
    router.node.sh("ip link set eth1 mtu 9000");
    let instance = |number: u8, interface: &str, lines: &str, addresses: &str| {
        format!(
            "vrrp_instance I{number} {{\n interface {interface}\n virtual_router_id {number}\n {lines}\n \
             virtual_ipaddress {{\n {addresses}\n }}\n}}\n"
        )
    };
    let text = [
        format!("global_defs {{\n {global}\n}}\n"),
        instance(1, "eth0", lines, "10.0.0.50\n 10.0.0.51\n 10.0.0.52"),
        instance(2, "eth0", "", "10.0.0.60"),
        instance(3, "eth1", "version 3", "10.1.0.60"),
        instance(4, "eth0", "unicast_peer { 10.0.0.9 }", "10.0.0.70"),
        instance(5, "eth0", "", "fe80::70\n 2001:db8::1"),
    ];
    let mut daemon = Daemon::start(subject, &router.node, &text.concat());
    for number in 1..=5 {
        daemon.await_line(&format!("(I{number}) Entering BACKUP STATE"), wait::seconds(15));
    }
    let sockets = || -> Vec<String> {
        let shown = router.node.sh("ss -awnmO");
        let receivers = shown.lines().filter(|line| {
            ["224.0.0.18%", "10.0.0.1%", "[ff02::12]%"].iter().any(|local| line.contains(local))
        });
        let mut sizes: Vec<String> = receivers
            .map(|line| {
                let local = line.split_whitespace().nth(3).unwrap_or_default();
                let size = line.split(",rb").nth(1).and_then(|rest| rest.split(',').next());
                format!("{local} {}", size.unwrap_or_default())
            })
            .collect();
        sizes.sort();
        sizes
    };
    wait::until("four sockets", wait::seconds(5), || sockets().len() == 4);
    let mut facts = Facts::default();
    facts.list("receive buffers", &sockets());
    assert!(daemon.stop().success());
    facts
}
