//! How large the receive buffers of VRRP sockets are where the file says something about them, as `ss -m` shows it
//! where the kernel tells of raw sockets.

use crate::differential::facts::{Facts, same};
use crate::differential::lifecycle::Router;
use crate::support::daemon::{Daemon, Subject};
use crate::support::net::Net;
use crate::support::process::children_of;
use crate::support::runner::Case;
use crate::support::{vm, wait};

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
    let mut cases: Vec<Case> = FLAVOURS.into_iter().map(case).collect();
    let events = same("vm::receive_buffers::process_monitor", process_monitor);
    let run = events.run;
    // Elsewhere the first namespace is the machine's own, which tests leave alone.
    let inside = move || if vm::inside() { run() } else { println!("SKIPPED: no virtual machine") };
    cases.push(Case::new(events.name, inside));
    cases
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

/// The subscription to the kernel's process events, which are sent in its first network namespace only.
fn process_monitor(subject: Subject) -> Facts {
    let net = Net::new();
    let tag = &subject.name()[..1];
    let node = net.machine(&format!("{tag}-events"));
    let (interface, peer) = (format!("{tag}7"), format!("{tag}8"));
    let other = net.node(&peer);
    net.cable((&node, &interface, "10.7.0.1/24"), (&other, &peer, "10.7.0.2/24"));
    let mut facts = Facts::default();
    for (name, lines) in [("a size", ""), ("a size by force", "process_monitor_rcv_bufs_force")] {
        let text = format!(
            "global_defs {{\n process_monitor_rcv_bufs 70000\n {lines}\n}}\nvrrp_track_process sleeps {{\n process \
             sleep\n weight 1\n}}\nvrrp_instance I {{\n interface {interface}\n virtual_router_id 51\n priority 100\n \
             track_process {{\n sleeps\n }}\n virtual_ipaddress {{\n 10.7.0.50/24\n }}\n}}\n"
        );
        let mut daemon = Daemon::start(subject, &node, &text);
        daemon.await_line("proc_events has confirmed", wait::seconds(15));
        let processes: Vec<i32> = children_of(daemon.pid()).into_iter().chain([daemon.pid()]).collect();
        let shown = node.sh("ss -f netlink -anmO");
        // NETLINK_CONNECTOR, and the process that has it.
        let is_it = |line: &&str| processes.iter().any(|pid| line.contains(&format!(" 11:{pid} ")));
        let size = |line: &str| line.split(",rb").nth(1)?.split(',').next().map(str::to_owned);
        let mut sizes: Vec<String> = shown.lines().filter(is_it).filter_map(size).collect();
        sizes.dedup();
        facts.list(name, &sizes);
        assert_eq!(sizes.len(), 1, "{shown}");
        assert!(daemon.stop().success());
    }
    facts
}
