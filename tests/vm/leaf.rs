//! Two leaves serve one service: failover by a link that goes down, NAT over two reals, health checks.

use super::example;
use crate::support::daemon::{Daemon, Subject};
use crate::support::echo::{self, Echo};
use crate::support::net::{Net, Node};
use crate::support::{ipvs, wait};
use std::collections::BTreeMap;
use std::time::Duration;

const VIP: &str = "192.168.3.101:80";

struct Lab {
    net: Net,
    leaves: [Node; 2],
    reals: [Node; 2],
    client: Node,
}

impl Lab {
    fn new() -> Lab {
        let net = Net::new();
        let leaves = [net.node("leaf1"), net.node("leaf2")];
        let reals = [net.node("real1"), net.node("real2")];
        let client = net.node("client");
        net.cable((&leaves[0], "eth0", "10.0.101.1/30"), (&leaves[1], "eth0", "10.0.101.2/30"));
        Lab { net, leaves, reals, client }
    }
}

pub fn run(subject: Subject) {
    let lab = Lab::new();
    println!("{}", lab.leaves[0].sh("ip -o link; ipvsadm -Sn"));
}
