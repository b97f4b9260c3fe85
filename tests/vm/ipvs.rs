//! The kernel's table through our own hands, beside what ipvsadm reads and writes.

use crate::support::runner::Case;
use nix::sched::{CloneFlags, unshare};
use standfast::ids::Family;
use standfast::kernel::ipvs::{Ipvs, IpvsError, Timeouts};
use standfast::objects::ipvs::{
    DestKey, Destination, Forwarding, Op, Pool, Protocol, SVC_F_HASHED, SVC_F_PERSISTENT, Service,
    ServiceKey, SyncDaemon, SyncRole, Tunnel,
};
use std::io::Write as _;
use std::net::IpAddr;
use std::process::{Command, Stdio};
use std::time::Instant;

/// One case for each side of the module.
pub fn cases() -> Vec<Case> {
    let scenarios: [(&str, fn()); 4] = [
        ("shows_in_ipvsadm", shows_in_ipvsadm),
        ("adopts_what_ipvsadm_made", adopts_what_ipvsadm_made),
        ("says_what_the_kernel_refused", says_what_the_kernel_refused),
        ("thousand_destinations", thousand_destinations),
    ];
    scenarios
        .into_iter()
        .map(|(name, run)| {
            Case::new(format!("vm::ipvs::{name}"), move || {
                // Each case has a thread of its own, and so a namespace of its own that goes with it.
                unshare(CloneFlags::CLONE_NEWNET).unwrap();
                // Without any address the kernel takes no destination for a unicast one: EINVAL.
                ip("link set lo up");
                run();
            })
        })
        .collect()
}

fn ipvsadm(words: &str) -> String {
    let output = Command::new("ipvsadm").args(words.split_whitespace()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ipvsadm {words}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn ip(words: &str) {
    assert!(Command::new("ip").args(words.split(' ')).status().unwrap().success(), "ip {words}");
}

fn restore(table: &str) {
    let mut child = Command::new("ipvsadm").arg("-R").stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(table.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "ipvsadm -R");
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    lines
}

fn service_of(protocol: Protocol, address: &str, port: u16) -> ServiceKey {
    ServiceKey::Address { protocol, address: address.parse().unwrap(), port }
}

fn plain(scheduler: &str) -> Service {
    let netmask = u32::MAX;
    Service { scheduler: scheduler.into(), persistence_engine: None, flags: 0, timeout: 0, netmask }
}

fn dest(address: &str, port: u16) -> DestKey {
    DestKey { address: address.parse().unwrap(), port }
}

fn weighted(forwarding: Forwarding, weight: u32) -> Destination {
    Destination { forwarding, weight, upper_threshold: 0, lower_threshold: 0 }
}

fn all_well(results: Vec<Result<(), IpvsError>>) {
    for result in results {
        assert_eq!(result, Ok(()));
    }
}

const TABLE: &str = "
    -A -t 10.0.0.1:80 -s wrr -p 50
    -a -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 3
    -a -t 10.0.0.1:80 -r 10.0.1.2:80 -g -w 0
    -a -t 10.0.0.1:80 -r 10.0.1.3:80 -i -w 1 --tun-type ipip
    -a -t 10.0.0.1:80 -r 10.0.1.4:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum
    -A -u 10.0.0.1:53 -s rr -p 300 -M 255.255.255.0
    -A -t [2001:db8::1]:80 -s lc -p 60 -M 64
    -a -t [2001:db8::1]:80 -r [2001:db8::7]:80 -g -w 1
    -A -f 7 -s wlc
    -a -f 7 -r 10.0.1.9:0 -g -w 1
    -A -f 8 -6 -s wlc
";

/// What [`TABLE`] is as values, services and the destinations of each in ipvsadm's order.
fn table() -> Vec<(ServiceKey, Pool)> {
    let gue = Forwarding::Tunnel(Tunnel { kind: 1, port: 6080, flags: 1 });
    let ipip = Forwarding::Tunnel(Tunnel::default());
    let class_c = u32::from_ne_bytes([255, 255, 255, 0]);
    let persistent = |scheduler: &str, timeout, netmask| Service {
        flags: SVC_F_PERSISTENT,
        timeout,
        netmask,
        ..plain(scheduler)
    };
    let pool = |service, destinations| Pool { service, destinations };
    let web = vec![
        (dest("10.0.1.1", 80), weighted(Forwarding::Masq, 3)),
        (dest("10.0.1.2", 80), weighted(Forwarding::DirectRoute, 0)),
        (dest("10.0.1.3", 80), weighted(ipip, 1)),
        (dest("10.0.1.4", 80), weighted(gue, 1)),
    ];
    let web6 = vec![(dest("2001:db8::7", 80), weighted(Forwarding::DirectRoute, 1))];
    let marked = vec![(dest("10.0.1.9", 0), weighted(Forwarding::DirectRoute, 1))];
    vec![
        (service_of(Protocol::Tcp, "10.0.0.1", 80), pool(persistent("wrr", 50, u32::MAX), web)),
        (service_of(Protocol::Udp, "10.0.0.1", 53), pool(persistent("rr", 300, class_c), Vec::new())),
        (service_of(Protocol::Tcp, "2001:db8::1", 80), pool(persistent("lc", 60, 64), web6)),
        (ServiceKey::Fwmark { mark: 7, family: Family::V4 }, pool(plain("wlc"), marked)),
        (
            ServiceKey::Fwmark { mark: 8, family: Family::V6 },
            pool(Service { netmask: 128, ..plain("wlc") }, Vec::new()),
        ),
    ]
}

fn shows_in_ipvsadm() {
    let mut ipvs = Ipvs::open().unwrap();
    let info = ipvs.info().unwrap();
    assert!(info.version >= (1, 2, 1) && info.connection_table_size > 0, "{info:?}");
    let mut ops = Vec::new();
    for (key, pool) in table() {
        ops.push(Op::NewService(key, pool.service));
        ops.extend(pool.destinations.into_iter().map(|(dest, value)| Op::NewDest(key, dest, value)));
    }
    all_well(ipvs.apply(&ops));
    assert_eq!(sorted(&ipvsadm("-S -n")), sorted(TABLE));

    let web = service_of(Protocol::Tcp, "10.0.0.1", 80);
    let changes = [
        Op::SetService(web, plain("rr")),
        Op::SetDest(web, dest("10.0.1.1", 80), weighted(Forwarding::Masq, 9)),
        // Out of a tunnel of its own kind into the plain one, by leaving the kind out.
        Op::SetDest(web, dest("10.0.1.4", 80), weighted(Forwarding::Tunnel(Tunnel::default()), 1)),
        Op::DelDest(web, dest("10.0.1.2", 80)),
        Op::DelService(service_of(Protocol::Udp, "10.0.0.1", 53)),
    ];
    all_well(ipvs.apply(&changes));
    let changed = TABLE
        .replace("-s wrr -p 50", "-s rr")
        .replace("-m -w 3", "-m -w 9")
        .replace("--tun-type gue --tun-port 6080 --tun-csum", "--tun-type ipip")
        .replace("-a -t 10.0.0.1:80 -r 10.0.1.2:80 -g -w 0", "")
        .replace("-A -u 10.0.0.1:53 -s rr -p 300 -M 255.255.255.0", "");
    assert_eq!(sorted(&ipvsadm("-S -n")), sorted(&changed));

    ipvs.set_timeouts(Timeouts { tcp: 901, tcp_fin: 0, udp: 301 }).unwrap();
    assert!(ipvsadm("-L -n --timeout").contains("901 120 301"));
    ipvs.flush().unwrap();
    assert_eq!(ipvsadm("-S -n"), "");
}

fn adopts_what_ipvsadm_made() {
    restore(TABLE);
    let mut ipvs = Ipvs::open().unwrap();
    let mut found = ipvs.dump().unwrap();
    for (_, pool) in &mut found {
        assert_eq!(
            pool.service.flags & SVC_F_HASHED,
            SVC_F_HASHED,
            "the kernel marks what is in its table"
        );
        pool.service.flags &= !SVC_F_HASHED;
    }
    let mut wanted = table();
    found.sort_unstable_by_key(|(key, _)| *key);
    wanted.sort_unstable_by_key(|(key, _)| *key);
    assert_eq!(found, wanted);

    ipvsadm("--set 902 122 302");
    assert_eq!(ipvs.timeouts().unwrap(), Timeouts { tcp: 902, tcp_fin: 122, udp: 302 });
    synchronises(&mut ipvs);
}

/// Sync daemons, started by us and by ipvsadm.
fn synchronises(ipvs: &mut Ipvs) {
    ip("link add sync0 up type dummy");
    let group: IpAddr = "224.0.0.81".parse().unwrap();
    let master = SyncDaemon {
        role: SyncRole::Master,
        interface: "sync0".into(),
        sync_id: 51,
        max_len: 1400,
        group: None,
        port: 0,
        ttl: 0,
    };
    all_well(ipvs.apply(&[Op::NewDaemon(master.clone())]));
    ipvsadm("--start-daemon backup --mcast-interface sync0 --syncid 5");
    let mut found = ipvs.daemons().unwrap();
    found.sort_unstable_by_key(|daemon| daemon.role);
    let master = SyncDaemon { group: Some(group), port: 8848, ttl: 1, ..master };
    let [first, second] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(*first, master);
    assert_eq!((second.role, second.sync_id), (SyncRole::Backup, 5));
    all_well(ipvs.apply(&[Op::DelDaemon(SyncRole::Master), Op::DelDaemon(SyncRole::Backup)]));
    assert_eq!(ipvs.daemons().unwrap(), []);
}

fn says_what_the_kernel_refused() {
    let mut ipvs = Ipvs::open().unwrap();
    let key = service_of(Protocol::Tcp, "10.0.0.1", 80);
    let real = weighted(Forwarding::Masq, 1);
    let ops = [
        Op::NewDest(key, dest("10.0.1.1", 80), real.clone()),
        Op::DelService(key),
        Op::NewService(key, plain("no-such-one")),
        Op::NewService(key, plain("rr")),
        Op::NewService(key, plain("rr")),
        Op::SetDest(key, dest("10.0.1.1", 80), real.clone()),
        Op::DelDest(key, dest("10.0.1.1", 80)),
        Op::NewDest(key, dest("10.0.1.1", 80), real.clone()),
        Op::NewDest(key, dest("10.0.1.1", 80), real),
        Op::DelDaemon(SyncRole::Master),
    ];
    let answers: Vec<_> = ipvs
        .apply(&ops)
        .into_iter()
        .map(|result| result.map_err(|error| (error.errno, error.already())))
        .collect();
    let wanted = [
        Err((libc::ESRCH, false)),
        Err((libc::ESRCH, true)),
        Err((libc::ENOENT, false)),
        Ok(()),
        Err((libc::EEXIST, true)),
        Err((libc::ENOENT, false)),
        Err((libc::ENOENT, true)),
        Ok(()),
        Err((libc::EEXIST, true)),
        Err((libc::ESRCH, true)),
    ];
    assert_eq!(answers, wanted);
    assert_eq!(sorted(&ipvsadm("-S -n")).len(), 2);
    assert_eq!(ipvs.destinations(&service_of(Protocol::Udp, "10.9.9.9", 9)).unwrap(), []);
}

fn thousand_destinations() {
    let mut ipvs = Ipvs::open().unwrap();
    let key = service_of(Protocol::Tcp, "10.0.0.1", 80);
    let reals: Vec<_> = (0..1000_u16)
        .map(|number| {
            let [high, low] = number.to_be_bytes();
            (DestKey { address: [10, 1, high, low].into(), port: 80 }, weighted(Forwarding::Masq, 1))
        })
        .collect();
    all_well(ipvs.apply(&[Op::NewService(key, plain("rr"))]));
    let each = |op: fn(ServiceKey, DestKey, Destination) -> Op| -> Vec<Op> {
        reals.iter().map(|(dest, value)| op(key, *dest, value.clone())).collect()
    };
    let mut timed = |what: &str, ops: Vec<Op>| {
        let start = Instant::now();
        all_well(ipvs.apply(&ops));
        println!("1000 destinations {what} in one batch: {:?}", start.elapsed());
    };
    timed("added", each(Op::NewDest));
    timed("edited", each(|key, dest, value| Op::SetDest(key, dest, Destination { weight: 2, ..value })));
    timed("edited again", each(Op::SetDest));
    let start = Instant::now();
    let found = ipvs.dump().unwrap();
    println!("1000 destinations read: {:?}", start.elapsed());
    assert_eq!(found[0].1.destinations, reals, "in the order in which they came");

    let start = Instant::now();
    for op in each(|key, dest, _| Op::DelDest(key, dest)) {
        all_well(ipvs.apply(&[op]));
    }
    println!("1000 destinations deleted one by one: {:?}", start.elapsed());
    assert_eq!(ipvs.destinations(&key).unwrap(), []);
}
