//! Services of a `virtual_server_group`: many of the kernel's, with one set of real servers and checks.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::Config;
use standfast::config::{LoadOptions, load_str};
use standfast::ids::Family;
use standfast::lvs::event::Event;
use standfast::objects::ipvs::{DestKey, Op, Protocol, ServiceKey};

use super::kernel::Kernel;
use super::node::Node;

fn read(text: &str) -> Arc<Config> {
    Arc::new(load_str("test.conf", text, &LoadOptions::default()).config)
}

/// A group G of these lines, and a TCP service of it.
fn group(lines: &str, inside: &str) -> String {
    format!(
        "virtual_server_group G {{\n{lines}\n}}\nvirtual_server group G {{\nlvs_sched rr\nprotocol TCP\n{inside}\n}}\n"
    )
}

const REALS: &str =
    "real_server 10.0.0.2 80 {\nTCP_CHECK {\nwarmup 0\ndelay_loop 10\n}\n}\nreal_server 10.0.0.3 {\n}\n";

fn tcp(address: &str, port: u16) -> ServiceKey {
    ServiceKey::Address { protocol: Protocol::Tcp, address: address.parse().unwrap(), port }
}

fn mark(mark: u32, family: Family) -> ServiceKey {
    ServiceKey::Fwmark { mark, family }
}

fn server(address: &str, port: u16) -> DestKey {
    DestKey { address: address.parse().unwrap(), port }
}

/// The services that the kernel has, each with its pool.
fn table(node: &Node) -> Vec<(ServiceKey, Vec<(DestKey, u32)>)> {
    let mut keys: Vec<_> = node.kernel.services.keys().copied().collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| (key, node.kernel.weights(key))).collect()
}

fn but(server: &'static str) -> impl Fn(IpAddr, usize) -> bool {
    move |address, _| address != server.parse::<IpAddr>().unwrap()
}

/// What an operation does, to which service or destination.
fn short(op: &Op) -> (&'static str, ServiceKey, Option<DestKey>) {
    match op {
        Op::NewService(key, _) => ("new", *key, None),
        Op::SetService(key, _) => ("set", *key, None),
        Op::DelService(key) => ("gone", *key, None),
        Op::NewDest(key, one, _) => ("new", *key, Some(*one)),
        Op::SetDest(key, one, _) => ("set", *key, Some(*one)),
        Op::DelDest(key, one) => ("gone", *key, Some(*one)),
        Op::NewDaemon(_) | Op::DelDaemon(_) => panic!("{op:?}"),
    }
}

#[test]
fn a_service_for_each_member() {
    let text = group(
        "10.1.0.1-3 80\n2001:db8::1 81\nfwmark 7 inet\nfwmark 8 inet6",
        &format!("lvs_method TUN\n{REALS}"),
    );
    let mut node = Node::start(read(&text), Kernel::default());
    let pool = |port| vec![(server("10.0.0.2", port), 1), (server("10.0.0.3", port), 1)];
    assert_eq!(
        table(&node),
        [
            (tcp("10.1.0.1", 80), pool(80)),
            (tcp("10.1.0.2", 80), pool(80)),
            (tcp("10.1.0.3", 80), pool(80)),
            (tcp("2001:db8::1", 81), pool(81)),
            (mark(7, Family::V4), pool(0)),
            (mark(8, Family::V6), pool(0)),
        ]
    );
    assert_eq!(
        node.heard(),
        [
            "Gained quorum 1+0=1 <= 2 for VS [G]:0",
            "Activating healthchecker for service [10.0.0.2]:tcp:80 for VS [G]:0",
        ]
    );
    // One check for all of them.
    node.written();
    node.run(Duration::from_secs(1), but("10.0.0.2"));
    assert_eq!(
        node.heard(),
        [
            "TCP_CHECK on service [10.0.0.2]:tcp:80 failed.",
            "Removing service [10.0.0.2]:tcp:80 from VS [G]:0",
        ]
    );
    assert_eq!(node.written().len(), 6, "a change is one write for each");
    assert!(
        table(&node).iter().all(
            |(_, pool)| matches!(pool[..], [(one, 1)] if one.address == server("10.0.0.3", 0).address)
        )
    );
    node.handle(Event::Stop);
    assert_eq!(table(&node), []);
}

#[test]
fn ports_of_nat_and_of_direct_routing() {
    let lines = "10.1.0.1 80\n10.1.0.2 81\nfwmark 5";
    let node = Node::start(read(&group(lines, &format!("lvs_method NAT\n{REALS}"))), Kernel::default());
    let written = vec![(server("10.0.0.2", 80), 1), (server("10.0.0.3", 0), 1)];
    assert!(table(&node).iter().all(|(_, pool)| *pool == written), "{:?}", table(&node));
    let node = Node::start(read(&group(lines, &format!("lvs_method DR\n{REALS}"))), Kernel::default());
    for (key, port) in [(tcp("10.1.0.1", 80), 80), (tcp("10.1.0.2", 81), 81), (mark(5, Family::V4), 0)] {
        assert_eq!(
            node.kernel.weights(key),
            [(server("10.0.0.2", port), 1), (server("10.0.0.3", port), 1)]
        );
    }
}

#[test]
fn the_sorry_server_of_a_group() {
    let inside = "lvs_method DR\nsorry_server 10.0.0.9 99\nsorry_server_inhibit\nreal_server 10.0.0.2 {\nTCP_CHECK {\n\
                  connect_port 9\nwarmup 0\n}\n}";
    let mut node = Node::start(read(&group("10.1.0.1 80\n10.1.0.2 81", inside)), Kernel::default());
    let pools =
        |node: &Node| [80, 81].map(|port| node.kernel.weights(tcp(&format!("10.1.0.{}", port - 79), port)));
    let expected = |real: Option<u32>, sorry| {
        [80, 81].map(|port| {
            let real = real.map(|weight| (server("10.0.0.2", port), weight));
            real.into_iter().chain([(server("10.0.0.9", port), sorry)]).collect::<Vec<_>>()
        })
    };
    assert_eq!(pools(&node), expected(Some(1), 0));
    node.heard();
    node.run(Duration::from_secs(1), |_, _| false);
    assert_eq!(pools(&node), expected(None, 1));
    assert_eq!(
        node.heard(),
        [
            "TCP_CHECK on service [10.0.0.2]:tcp:0 failed.",
            "Removing service [10.0.0.2]:tcp:0 from VS [G]:0",
            "Lost quorum 1-0=1 > 0 for VS [G]:0",
            "Enabling sorry server [10.0.0.9]:tcp:99 to VS [G]:0",
            "Removing alive servers from the pool for VS [G]:0",
        ]
    );
}

#[test]
fn a_reload_writes_the_members_that_differ() {
    let inside = format!("lvs_method NAT\n{REALS}");
    let mut node = Node::start(read(&group("10.1.0.1-2 80\nfwmark 5", &inside)), Kernel::default());
    node.run(Duration::from_secs(1), but("10.0.0.2"));
    node.heard();
    node.written();
    node.handle(Event::Reconfigure(read(&group("10.1.0.2-3 80\nfwmark 6", &inside))));
    assert_eq!(
        node.heard(),
        [
            "VS [[10.1.0.1]:tcp:80-10.1.0.2] in group G no longer exists",
            "VS [5] in group G no longer exists",
            "VS [[10.1.0.2]:tcp:80-10.1.0.3] added into group G",
            "VS [FWM 6] added into group G",
        ],
        "the real servers stay as they were"
    );
    let written: Vec<_> = node.written().iter().map(short).collect();
    let (third, six) = (tcp("10.1.0.3", 80), mark(6, Family::V4));
    assert_eq!(
        written,
        [
            ("new", third, None),
            ("new", six, None),
            ("new", third, Some(server("10.0.0.3", 0))),
            ("new", six, Some(server("10.0.0.3", 0))),
            ("gone", tcp("10.1.0.1", 80), None),
            ("gone", mark(5, Family::V4), None),
        ]
    );
}

#[test]
fn an_address_belongs_to_the_first_service() {
    let single = "virtual_server 10.1.0.1 80 {\nlvs_sched wlc\nlvs_method NAT\nprotocol TCP\nreal_server 10.0.0.7 80 {\n}\n}\n";
    let grouped = group("10.1.0.1-2 80\n10.1.0.2 80", &format!("lvs_method NAT\n{REALS}"));
    let mut node = Node::start(read(&(single.to_owned() + &grouped)), Kernel::default());
    let own = vec![(server("10.0.0.7", 80), 1)];
    let shared = vec![(server("10.0.0.2", 80), 1), (server("10.0.0.3", 0), 1)];
    let said = "VS [G]:0: [10.1.0.1]:tcp:80 left to the virtual server that is first for it";
    assert_eq!(node.heard().iter().filter(|line| *line == said).count(), 1);
    assert_eq!(table(&node), [(tcp("10.1.0.1", 80), own.clone()), (tcp("10.1.0.2", 80), shared.clone())]);
    // When the first service goes the other one has the address, and back again.
    node.handle(Event::Reconfigure(read(&grouped)));
    assert_eq!(
        table(&node),
        [(tcp("10.1.0.1", 80), shared.clone()), (tcp("10.1.0.2", 80), shared.clone())]
    );
    assert!(!node.written().iter().any(|op| matches!(op, Op::DelService(_))), "it is never gone");
    node.handle(Event::Reconfigure(read(&(single.to_owned() + &grouped))));
    assert_eq!(table(&node), [(tcp("10.1.0.1", 80), own), (tcp("10.1.0.2", 80), shared)]);
}

#[test]
fn one_group_for_two_protocols() {
    let both = group("10.1.0.1 53", &format!("lvs_method NAT\n{REALS}"))
        + "virtual_server group G {\nlvs_sched rr\n\
               lvs_method NAT\nprotocol UDP\nreal_server 10.0.0.9 53 {\n}\n}\n";
    let mut node = Node::start(read(&both), Kernel::default());
    let udp =
        ServiceKey::Address { protocol: Protocol::Udp, address: "10.1.0.1".parse().unwrap(), port: 53 };
    assert_eq!(node.kernel.weights(udp), [(server("10.0.0.9", 53), 1)]);
    assert_eq!(node.kernel.weights(tcp("10.1.0.1", 53)).len(), 2);
    let said = node.heard();
    assert!(said.iter().any(|line| line == "Gained quorum 1+0=1 <= 1 for VS [G]:1"), "{said:?}");
}
