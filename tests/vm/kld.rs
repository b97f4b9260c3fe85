//! Two hosts of a cloud provider, one address: a ping goes on while the master's daemon is stopped and started.

use super::example;
use crate::support::daemon::{Daemon, Subject};
use crate::support::net::{Net, Node};
use crate::support::process::Process;
use crate::support::wait;

const VIP: &str = "192.168.0.254/24";

/// Stop and start of the master's daemon under a ping.
pub fn run(subject: Subject) {
    let net = Net::new();
    let (first, second, client) = (net.node("vm1"), net.node("vm2"), net.node("client"));
    let members = [
        (&first, "ens3", "192.168.0.11/24"),
        (&second, "ens3", "192.168.0.12/24"),
        (&client, "ens3", "192.168.0.1/24"),
    ];
    let _switch = net.lan("cloud", &members);
    let start = |node: &Node, file: &str| {
        Daemon::start(subject, node, &std::fs::read_to_string(example(file)).unwrap())
    };
    let mut master = start(&first, "kld-vm-1.conf");
    let backup = start(&second, "kld-vm-2.conf");
    master.await_master("VI_254", 1, wait::seconds(10));
    first.await_address("ens3", VIP, true, wait::seconds(5));
    let ping = client.spawn("ping", &["-n", "-i", "0.2", "192.168.0.254"]);
    await_replies(&ping, 5);

    assert!(master.stop().success());
    backup.await_master("VI_254", 1, wait::seconds(10));
    second.await_address("ens3", VIP, true, wait::seconds(5));
    assert!(!first.has("ens3", VIP));
    await_replies(&ping, 10);

    let master = start(&first, "kld-vm-1.conf");
    master.await_master("VI_254", 1, wait::seconds(10));
    second.await_address("ens3", VIP, false, wait::seconds(5));
    assert!(first.has("ens3", VIP));
    await_replies(&ping, 10);
}

/// Waits for `more` replies than there are now.
#[track_caller]
fn await_replies(ping: &Process, more: usize) {
    let now = ping.count("icmp_seq=");
    ping.await_nth("bytes from", now + more, wait::seconds(10));
}
