//! The data-centre lab of the leaf configurations: two leaves joined by eth0, each with its own pair of real servers
//! behind it, both with an uplink to a router that learns by OSPF where the virtual address is, and a client there.

use super::example;
use crate::support::daemon::{Daemon, Subject};
use crate::support::echo::{self, Echo};
use crate::support::net::{Net, Node};
use crate::support::process::Process;
use crate::support::wait;
use std::collections::BTreeMap;
use std::time::Duration;

/// The service.
pub const SERVICE: &str = "192.168.3.101:80";
/// The virtual address as it stands on dummy1.
pub const VIP: &str = "192.168.3.101/32";
/// The instance of both files.
pub const INSTANCE: &str = "through-eth-0";

/// A leaf and what stands behind it.
pub struct Leaf {
    /// The director.
    pub node: Node,
    /// 192.168.3.211 and .212.
    pub reals: [Node; 2],
    /// Their echo servers; `None` while stopped.
    pub servers: [Option<Echo>; 2],
    /// Next hop of the router towards this leaf.
    pub next_hop: String,
    bird: Option<Process>,
}

/// The whole lab.
pub struct Lab {
    /// First and second leaf.
    pub leaves: [Leaf; 2],
    /// Learns routes by OSPF.
    pub router: Node,
    /// Asks for the service.
    pub client: Node,
    bird: Option<Process>,
    _switches: Vec<Node>,
    _net: Net,
}

impl Lab {
    /// Builds the network and starts routing and echo servers, no director yet.
    pub fn new() -> Lab {
        let net = Net::new();
        let (router, client) = (net.node("router"), net.node("client"));
        net.cable((&router, "clients", "10.9.0.1/24"), (&client, "eth0", "10.9.0.2/24"));
        client.sh("ip route add default via 10.9.0.1");
        router.sh("sysctl -q -w net.ipv4.ip_forward=1");
        let mut switches = Vec::new();
        let leaves = [1, 2].map(|number| Leaf::new(&net, &router, &mut switches, number));
        let [first, second] = &leaves;
        let members = [(&first.node, "eth0", "10.0.101.1/30"), (&second.node, "eth0", "10.0.101.2/30")];
        switches.push(net.lan("between", &members));
        let mut lab = Lab { leaves, router, client, bird: None, _switches: switches, _net: net };
        lab.bird = Some(bird(&lab.router, "10.9.0.1", &["leaf1", "leaf2"]));
        for leaf in &mut lab.leaves {
            leaf.bird = Some(bird(&leaf.node, &leaf.next_hop, &["uplink"]));
        }
        lab
    }

    /// Starts the director of a leaf (0 or 1) with its file, changed by `edit`.
    pub fn direct(&self, subject: Subject, leaf: usize, edit: impl Fn(String) -> String) -> Daemon {
        let text = std::fs::read_to_string(example(&format!("leaf-1-{}.conf", leaf + 1))).unwrap();
        Daemon::start(subject, &self.leaves[leaf].node, &edit(text))
    }

    /// How many of `count` requests each real server answered; lost requests count as `nobody`.
    pub fn ask(&self, count: usize) -> BTreeMap<String, usize> {
        let mut answers = BTreeMap::new();
        for _ in 0..count {
            let name =
                echo::ask(&self.client, SERVICE, wait::seconds(2)).unwrap_or_else(|| "nobody".to_owned());
            *answers.entry(name).or_insert(0) += 1;
        }
        answers
    }

    /// Waits until the router sends packets for the virtual address to a leaf (0 or 1).
    #[track_caller]
    pub fn await_route(&self, leaf: usize, limit: Duration) {
        let next_hop = format!("via {} ", self.leaves[leaf].next_hop);
        let route = || self.router.sh("ip route show 192.168.3.101");
        wait::value(
            "the route to the virtual address",
            limit,
            || route().contains(&next_hop).then_some(()),
            route,
        );
    }
}

impl Leaf {
    fn new(net: &Net, router: &Node, switches: &mut Vec<Node>, number: u8) -> Leaf {
        let node = net.node(&format!("leaf{number}"));
        let reals = [1, 2].map(|real| net.node(&format!("real{real}-of-leaf{number}")));
        let next_hop = format!("10.1.{number}.2");
        net.cable(
            (router, &format!("leaf{number}"), &format!("10.1.{number}.1/30")),
            (&node, "uplink", &format!("{next_hop}/30")),
        );
        let [first, second] = &reals;
        let members = [
            (&node, "eth1", "192.168.3.1/24"),
            (first, "eth0", "192.168.3.211/24"),
            (second, "eth0", "192.168.3.212/24"),
        ];
        switches.push(net.lan(&format!("behind{number}"), &members));
        node.sh(
            "sysctl -q -w net.ipv4.ip_forward=1 && ip link add dummy1 type dummy && ip link set dummy1 up",
        );
        for real in &reals {
            real.sh("ip route add default via 192.168.3.1");
        }
        std::fs::copy(example("keepalived_notify.sh"), node.dir.join("bin/keepalived_notify.sh")).unwrap();
        let mut leaf = Leaf { node, reals, servers: [None, None], next_hop, bird: None };
        leaf.serve(0);
        leaf.serve(1);
        leaf
    }

    /// Starts the echo server of a real server (0 or 1).
    pub fn serve(&mut self, real: usize) {
        self.servers[real] = Some(Echo::start(&self.reals[real], "0.0.0.0:80"));
    }

    /// Stops the echo server of a real server (0 or 1).
    pub fn silence(&mut self, real: usize) {
        self.servers[real] = None;
    }

    /// What the user's notify script wrote last.
    pub fn noted_state(&self) -> String {
        std::fs::read_to_string(self.node.dir.join("run/keepalived.state"))
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    /// Waits until the user's notify script has written `state`.
    #[track_caller]
    pub fn await_noted(&self, state: &str) {
        let what = format!("{}: the script notes {state}", self.node.name);
        wait::value(
            &what,
            wait::seconds(15),
            || (self.noted_state() == state).then_some(()),
            || self.noted_state(),
        );
    }
}

/// Starts BIRD with OSPF on the given interfaces and dummy1 announced.
fn bird(node: &Node, router_id: &str, interfaces: &[&str]) -> Process {
    let neighbours: String = interfaces
        .iter()
        .map(|name| format!("    interface \"{name}\" {{ type ptp; hello 1; dead 10; retransmit 2; }};\n"))
        .collect();
    let config = format!(
        "log stderr all;\nrouter id {router_id};\n\
         protocol device {{ scan time 1; }}\n\
         protocol kernel {{ ipv4 {{ export all; }}; }}\n\
         protocol ospf v2 {{\n  tick 1;\n  ipv4 {{ import all; export none; }};\n  area 0 {{\n{neighbours}    \
         interface \"dummy1\", \"clients\" {{ stub; }};\n  }};\n}}\n"
    );
    let file = node.dir.join("bird.conf");
    std::fs::write(&file, config).unwrap();
    let control = node.dir.join("bird.ctl");
    node.spawn("bird", &["-f", "-c", &file.display().to_string(), "-s", &control.display().to_string()])
}
