//! Configurations to play with.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::bfd::BfdInstance;
use standfast::config::model::check::{BfdCheck, FileCheck, MiscCheck, Pace};
use standfast::config::model::lvs::{GroupMember, GroupUse, RealOptions, ServerGroup, SorryServer, Target};
use standfast::config::model::{
    Check, CheckKind, Command, Config, HttpGet, HttpUrl, RealServer, TcpCheck, TrackFile, VirtualServer,
};
use standfast::ids::{Family, Name};
use standfast::objects::ipvs::{DestKey, Forwarding, Protocol, ServiceKey};

pub const DELAY_LOOP: Duration = Duration::from_secs(10);

pub fn command(name: &str) -> Option<Command> {
    Some(Command { argv: vec![name.into()], user: None })
}

/// The service `10.0.0.n:80`.
pub fn service_key(n: u8) -> ServiceKey {
    ServiceKey::Address { protocol: Protocol::Tcp, address: [10, 0, 0, n].into(), port: 80 }
}

/// The real server `10.0.1.n:80`.
pub fn real_key(n: u8) -> DestKey {
    DestKey { address: [10, 0, 1, n].into(), port: 80 }
}

/// The sorry server of all samples.
pub fn sorry_key() -> DestKey {
    DestKey { address: [10, 0, 9, 9].into(), port: 80 }
}

/// A TCP service with scripts for everything.
pub fn service(n: u8, reals: impl IntoIterator<Item = RealServer>) -> VirtualServer {
    VirtualServer {
        target: Target::Address { address: [10, 0, 0, n].into(), port: 80 },
        protocol: Protocol::Tcp,
        scheduler: "rr".into(),
        flags: 0,
        forwarding: Forwarding::Masq,
        persistence_timeout: None,
        persistence_mask_v4: Ipv4Addr::BROADCAST,
        persistence_prefix_v6: 128,
        persistence_engine: None,
        delay_loop: DELAY_LOOP,
        quorum: 1,
        hysteresis: 0,
        quorum_up: command("quorum_up"),
        quorum_down: command("quorum_down"),
        alpha: false,
        omega: false,
        drain_timeout: None,
        return_path_snat: false,
        ha_suspend: false,
        virtualhost: None,
        sorry_server: None,
        real_servers: reals.into_iter().collect(),
        smtp_alert: false,
        snmp_name: None,
        group: None,
    }
}

/// The same, of a group with this address and the addresses `10.0.0.n:80` of `more`.
pub fn grouped(
    n: u8,
    more: impl IntoIterator<Item = u8>,
    reals: impl IntoIterator<Item = RealServer>,
) -> VirtualServer {
    let name = Name::from(format!("G{n}"));
    let member = |n: u8| {
        let address = [10, 0, 0, n].into();
        GroupMember::Addresses { first: address, last: address, port: 80 }
    };
    let members = std::iter::once(n).chain(more).map(member).collect();
    let group = Arc::new(ServerGroup { name: name.clone(), members });
    VirtualServer {
        target: Target::Group(name),
        group: Some(GroupUse { group, number: 0, family: Family::V4 }),
        ..service(n, reals)
    }
}

pub fn sorry() -> Option<SorryServer> {
    let DestKey { address, port } = sorry_key();
    Some(SorryServer { address, port, forwarding: Forwarding::Masq, inhibit: false })
}

/// A real server with one TCP check.
pub fn real(n: u8) -> RealServer {
    let DestKey { address, port } = real_key(n);
    RealServer {
        address,
        port,
        weight: 1,
        forwarding: Forwarding::Masq,
        upper_threshold: 0,
        lower_threshold: 0,
        inhibit_on_failure: false,
        smtp_alert: true,
        checks: smallvec::smallvec![Arc::new(tcp(address))],
        options: Some(Box::new(RealOptions {
            notify_up: command(&format!("up {n}")),
            notify_down: command(&format!("down {n}")),
            snmp_name: None,
        })),
    }
}

/// Every 10 s, one retry after 1 s, first probe after 1 s.
pub fn tcp(address: IpAddr) -> Check {
    Check {
        kind: CheckKind::Tcp(TcpCheck),
        target: (address, 80).into(),
        source: None,
        pace: Arc::new(Pace { delay_loop: DELAY_LOOP, warmup: Duration::ZERO, ..Pace::default() }),
        alpha: false,
        log_all_failures: false,
    }
}

/// As [`tcp`], asking for these paths.
pub fn http(address: IpAddr, paths: &[&str]) -> Check {
    let url = |path: &&str| HttpUrl { path: (*path).into(), ..HttpUrl::default() };
    let urls = paths.iter().map(url).collect();
    let kind = CheckKind::Http(Arc::new(HttpGet { urls, ..HttpGet::default() }));
    Check { kind, ..tcp(address) }
}

pub fn alpha(mut real: RealServer) -> RealServer {
    real.checks.iter_mut().for_each(|check| Arc::make_mut(check).alpha = true);
    real
}

pub fn inhibit(mut real: RealServer) -> RealServer {
    real.inhibit_on_failure = true;
    real
}

pub fn weight(weight: u32, mut real: RealServer) -> RealServer {
    real.weight = weight;
    real
}

pub fn config(services: impl IntoIterator<Item = VirtualServer>) -> Arc<Config> {
    Arc::new(Config { virtual_servers: services.into_iter().map(Arc::new).collect(), ..Config::default() })
}

/// `MISC_CHECK` with `misc_dynamic`, without retries.
pub fn script() -> CheckKind {
    let command = command("/bin/x").unwrap();
    CheckKind::Misc(Arc::new(MiscCheck { command, timeout: Duration::from_secs(3), dynamic: true }))
}

/// `FILE_CHECK` of the file `f`.
pub fn file_check(weight: i32, reverse: bool) -> CheckKind {
    CheckKind::File(Arc::new(FileCheck { file: "f".into(), weight, reverse }))
}

/// `BFD_CHECK` of the session `b`.
pub fn bfd_check() -> CheckKind {
    CheckKind::Bfd(Arc::new(BfdCheck { instance: "b".into() }))
}

/// A real server of weight 10 with this one check.
pub fn checked_by(n: u8, kind: CheckKind) -> RealServer {
    let mut server = weight(10, real(n));
    first_check(&mut server).kind = kind;
    server
}

/// With the file `f` and the session `b` in it.
pub fn tracking(services: impl IntoIterator<Item = VirtualServer>) -> Arc<Config> {
    let mut config = Arc::unwrap_or_clone(config(services));
    config.track_files =
        vec![TrackFile { name: "f".into(), path: "/f".into(), weight: 1, reverse: false, init: None }];
    config.bfd_instances = vec![session("b")];
    Arc::new(config)
}

/// A BFD session of this name.
pub fn session(name: &str) -> BfdInstance {
    BfdInstance {
        name: name.into(),
        neighbour: [10, 0, 1, 1].into(),
        source: None,
        min_rx: DELAY_LOOP,
        min_tx: DELAY_LOOP,
        idle_tx: DELAY_LOOP,
        multiplier: 5,
        passive: false,
        ttl: 255,
        max_hops: 0,
        multihop: false,
        weight: 0,
        reverse: false,
        for_vrrp: false,
        for_checkers: true,
    }
}

/// To be changed: the first check of a real server.
pub fn first_check(server: &mut RealServer) -> &mut Check {
    Arc::make_mut(&mut server.checks[0])
}

/// Without checks: it asks for no time.
pub fn idle(n: u8) -> RealServer {
    RealServer { checks: smallvec::SmallVec::new(), ..real(n) }
}
