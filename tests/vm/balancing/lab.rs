//! One director between a client and three real servers, without VRRP: the address of the service is simply there.

use crate::support::daemon::{Daemon, Subject};
use crate::support::net::{Net, Node};
use crate::support::{ipvs, wait};
use std::process::Output;

/// Where clients find the service.
pub const VIP: &str = "10.0.0.100";

/// The network of the scenarios about load balancing.
pub struct Lab {
    pub director: Node,
    pub client: Node,
    /// 10.1.0.2 to 10.1.0.4, with the director as their gateway.
    pub reals: [Node; 3],
    _front: Node,
    _back: Node,
    _net: Net,
}

impl Lab {
    pub fn new() -> Lab {
        let net = Net::new();
        let (director, client) = (net.node("director"), net.node("client"));
        let reals = [2, 3, 4].map(|number| net.node(&format!("real{number}")));
        let front =
            net.lan("front", &[(&director, "eth0", "10.0.0.1/24"), (&client, "eth0", "10.0.0.9/24")]);
        let members = [
            (&director, "eth1", "10.1.0.1/24"),
            (&reals[0], "eth1", "10.1.0.2/24"),
            (&reals[1], "eth1", "10.1.0.3/24"),
            (&reals[2], "eth1", "10.1.0.4/24"),
        ];
        let back = net.lan("back", &members);
        director.sh(&format!("sysctl -q -w net.ipv4.ip_forward=1; ip addr add {VIP}/32 dev eth0"));
        for real in &reals {
            real.sh("ip route add default via 10.1.0.1");
        }
        Lab { director, client, reals, _front: front, _back: back, _net: net }
    }

    /// Starts the daemon on the director.
    pub fn direct(&self, subject: Subject, config: &str) -> Daemon {
        Daemon::start(subject, &self.director, config)
    }

    /// Waits until the director's table is this one.
    #[track_caller]
    pub fn await_table(&self, expected: &[ipvs::Service], limit: std::time::Duration) {
        let found = || ipvs::table(&self.director);
        let as_expected = || (found() == expected).then_some(());
        wait::value(&format!("{expected:#?}"), limit, as_expected, || format!("{:#?}", found()));
    }

    /// Waits until the only service has these real servers.
    #[track_caller]
    pub fn await_reals(&self, expected: &[&str], daemon: &Daemon, limit: std::time::Duration) {
        let found = || ipvs::reals(&self.director);
        let as_expected = || (found() == expected).then_some(());
        wait::value(&format!("{expected:#?}"), limit, as_expected, || {
            format!("{:#?}\n{}", found(), daemon.process().log())
        });
    }

    /// Writes a new file and runs `standfast reload`.
    pub fn ask_reload(&self, config: &str) -> Output {
        let dir = &self.director.dir;
        std::fs::write(dir.join("keepalived.conf"), config).unwrap();
        let pid_file = dir.join("main.pid").display().to_string();
        Daemon::run(Subject::Standfast, &self.director, &["reload", "-p", &pid_file])
    }
}

/// A service as `ipvsadm -Sn` shows it.
pub fn service(address: &str, options: &str, reals: &[&str]) -> ipvs::Service {
    ipvs::Service {
        address: address.to_owned(),
        options: options.to_owned(),
        reals: reals.iter().map(ToString::to_string).collect(),
    }
}

/// A service that is checked every second, with one of the lab's real servers; `words` say how, and `more` stands above it.
pub fn of_kind(protocol: &str, port: u16, real: usize, words: &str, more: &str) -> String {
    let (number, upper) = (real + 2, protocol.to_uppercase());
    format!(
        "virtual_server 10.0.0.100 {port} {{
    lvs_sched rr
    lvs_method NAT
    protocol {upper}
    delay_loop 1
    warmup 0
    retry 1
    delay_before_retry 1
    connect_timeout 5
    {more}
    real_server 10.1.0.{number} {port} {{
        {words}
    }}
}}
"
    )
}

/// Nobody is at these ports any more, and whoever was closed before and is not among them is back: in one step.
pub fn close(real: &Node, ports: &str) {
    real.sh(&format!(
        "nft 'add table ip f
delete table ip f
add table ip f
add chain ip f i {{ type filter hook input priority 0; }}
add rule ip f i tcp flags & (syn | ack) == syn tcp dport {{ {ports} }} reject with tcp reset
add rule ip f i udp dport {{ 53, 5000 }} reject
add rule ip f i icmp type echo-request drop'"
    ));
}

/// The end of that.
pub fn open(real: &Node) {
    real.sh("nft delete table ip f");
}
