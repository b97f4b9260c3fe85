//! `return_path snat`: whose source becomes the director's.

use std::net::IpAddr;
use std::time::Duration;

use standfast::config::model::{RealServer, VirtualServer};
use standfast::lvs::event::Event;
use standfast::objects::ipvs::{Forwarding, Protocol, Tunnel};
use standfast::objects::return_path::ReturnPath;

use super::kernel::Kernel;
use super::node::Node;
use super::sample::*;

fn snat(n: u8, reals: impl IntoIterator<Item = RealServer>) -> VirtualServer {
    VirtualServer { return_path_snat: true, ..service(n, reals) }
}

fn by(forwarding: Forwarding, n: u8) -> RealServer {
    RealServer { forwarding, ..real(n) }
}

fn path(services: &[u8], reals: &[IpAddr]) -> ReturnPath {
    let service = |n: &u8| (Protocol::Tcp, IpAddr::from([10, 0, 0, *n]), 80);
    ReturnPath {
        services: services.iter().map(service).collect(),
        marks: [].into(),
        reals: reals.iter().copied().collect(),
    }
}

fn real_at(n: u8) -> IpAddr {
    real_key(n).address
}

#[test]
fn only_where_it_is_asked_for_and_by_nat() {
    let (direct, tunnel) = (Forwarding::DirectRoute, Forwarding::Tunnel(Tunnel::default()));
    let mixed = VirtualServer {
        sorry_server: sorry(),
        ..snat(1, [real(1), by(direct, 2), by(tunnel, 3), by(Forwarding::Masq, 4)])
    };
    let node = Node::start(config([mixed, service(2, [real(5)])]), Kernel::default());
    let expected = path(&[1], &[real_at(1), real_at(4), sorry_key().address]);
    assert_eq!(node.director.return_path(), expected);
    let none = Node::start(config([service(1, [real(1)])]), Kernel::default());
    assert!(none.director.return_path().is_empty());
    let direct = Node::start(config([snat(1, [by(direct, 1)])]), Kernel::default());
    assert!(direct.director.return_path().is_empty(), "nothing goes by NAT");
}

#[test]
fn who_drains_belongs_to_it_until_the_end() {
    let draining = |reals: Vec<RealServer>| VirtualServer {
        drain_timeout: Some(Duration::from_secs(60)),
        ..snat(1, reals)
    };
    let idle = |n| RealServer { checks: smallvec::SmallVec::new(), ..real(n) };
    let mut node = Node::start(config([draining(vec![idle(1), idle(2)])]), Kernel::default());
    node.handle(Event::Reconfigure(config([draining(vec![idle(1)])])));
    let both = path(&[1], &[real_at(1), real_at(2)]);
    assert_eq!(node.director.return_path(), both);
    node.now += Duration::from_secs(61);
    node.expire();
    assert_eq!(node.director.return_path(), path(&[1], &[real_at(1)]));
    node.handle(Event::Reconfigure(config([service(1, [idle(1)])])));
    assert!(node.director.return_path().is_empty());
}
