//! What clients notice: nothing, whatever the forwarding, when the file is read again, a real server drains, the daemon
//! is started again, or the other director takes over.

use super::lab::Lab;
use crate::support::daemon::{Daemon, Subject};
use crate::support::echo::{self, Echo, Talk};
use crate::support::net::{Net, Node};
use crate::support::{ipvs, wait};
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub fn block(target: &str, method: &str, port: &str, options: &str, reals: &[(&str, u8)]) -> String {
    let reals: String = reals
        .iter()
        .map(|(address, weight)| {
            format!("    real_server {address} {port} {{\n        weight {weight}\n    }}\n")
        })
        .collect();
    format!("virtual_server {target} {{\n    lvs_method {method}\n{options}{reals}}}\n")
}

/// Says something in each, and expects the server that answered before.
pub fn all_live(talks: &mut [(Talk, String)], word: &str, daemon: &Daemon) {
    for (talk, server) in talks {
        let said = talk.say(word);
        assert_eq!(said.as_deref(), Some(server.as_str()), "{word}\n{}", daemon.process().log());
    }
}

pub fn open(client: &Node, addresses: &[&str]) -> Vec<(Talk, String)> {
    let connect = |address: &&str| {
        let mut talk =
            Talk::open(client, address, wait::seconds(10)).unwrap_or_else(|| panic!("{address}"));
        let server = talk.say("first").unwrap_or_else(|| panic!("{address} does not answer"));
        (talk, server)
    };
    addresses.iter().map(connect).collect()
}

/// Reloads with other weights, another scheduler, one more real server; then a start after a stop with `-I`.
fn survive(
    subject: Subject,
    director: &Node,
    client: &Node,
    addresses: &[&str],
    config: impl Fn(&str, u8, bool) -> String,
) {
    let path = director.dir.join("keepalived.conf");
    std::fs::write(&path, config("rr", 1, false)).unwrap();
    let start = || Daemon::start_file(subject, director, &path, &["-I"]);
    let mut daemon = start();
    daemon.await_line("Startup complete", wait::seconds(10));
    let count = addresses.len();
    wait::until("the services with two real servers each", wait::seconds(10), || {
        let table = ipvs::table(director);
        table.len() == count && table.iter().all(|service| service.reals.len() == 2)
    });
    let mut talks = open(client, addresses);
    for (round, (scheduler, weight, more)) in
        [("rr", 7, false), ("wlc", 7, true), ("wrr", 2, false)].into_iter().enumerate()
    {
        daemon.reload(&config(scheduler, weight, more));
        all_live(&mut talks, &format!("reload {round}"), &daemon);
    }
    let before = ipvs::table(director);
    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(director), before, "-I leaves it as it is");
    let daemon = start();
    daemon.await_line("Startup complete", wait::seconds(10));
    all_live(&mut talks, "after the restart", &daemon);
    assert_eq!(ipvs::table(director), before);
}

/// Gives everybody IPv6, with fd00::100 for the service.
fn with_ipv6(lab: &Lab) {
    lab.client.enable_ipv6("eth0", "fd00::9/64");
    lab.director.enable_ipv6("eth0", "fd00::1/64");
    lab.director.enable_ipv6("eth1", "fd01::1/64");
    lab.director
        .sh("sysctl -q -w net.ipv6.conf.all.forwarding=1; ip addr add fd00::100/128 dev eth0 nodad");
    for (real, number) in lab.reals.iter().zip(2..) {
        real.enable_ipv6("eth1", &format!("fd01::{number}/64"));
        real.sh("ip -6 route add default via fd01::1");
    }
}

/// NAT by address and by firewall mark, over IPv4 and IPv6.
pub fn translated(subject: Subject) {
    let lab = Lab::new();
    with_ipv6(&lab);
    let _servers = lab.reals.each_ref().map(|real| Echo::start(real, "[::]:80"));
    lab.director.sh("nft 'add table ip m; add chain ip m p { type filter hook prerouting priority -150; };
         add rule ip m p ip daddr 10.0.0.100 tcp dport 81 meta mark set 9'
         nft 'add table ip6 m; add chain ip6 m p { type filter hook prerouting priority -150; };
         add rule ip6 m p ip6 daddr fd00::100 tcp dport 81 meta mark set 10'");
    survive(
        subject,
        &lab.director,
        &lab.client,
        &["10.0.0.100:80", "10.0.0.100:81", "[fd00::100]:80", "[fd00::100]:81"],
        |scheduler, weight, more| {
            let reals = [("10.1.0.2", weight), ("10.1.0.3", 1), ("10.1.0.4", 3)];
            let six = [("fd01::2", weight), ("fd01::3", 1), ("fd01::4", 3)];
            let kept = if more { 3 } else { 2 };
            let sched = format!("    lvs_sched {scheduler}\n");
            let tcp = format!("{sched}    protocol TCP\n");
            block("10.0.0.100 80", "NAT", "80", &tcp, &reals[..kept])
                + &block("fwmark 9", "NAT", "80", &sched, &reals[..kept])
                + &block("fd00::100 80", "NAT", "80", &tcp, &six[..kept])
                + &block("fwmark 10", "NAT", "80", &format!("{sched}    ip_family inet6\n"), &six[..kept])
        },
    );
}

/// Everybody on one wire, with IPv6: what DR and TUN need. The virtual addresses are 10.0.0.100 and fd00::100 (DR),
/// 10.0.0.101 and fd00::101 (TUN).
struct Flat {
    directors: [Node; 2],
    client: Node,
    reals: [Node; 3],
    _lan: Node,
    _net: Net,
}

impl Flat {
    fn new() -> Flat {
        let net = Net::new();
        let directors = ["one", "two"].map(|name| net.node(name));
        let client = net.node("client");
        let reals = [2, 3, 4].map(|number| net.node(&format!("real{number}")));
        let lan = net.lan(
            "lan",
            &[
                (&directors[0], "eth0", "10.0.0.1/24"),
                (&directors[1], "eth0", "10.0.0.8/24"),
                (&client, "eth0", "10.0.0.9/24"),
                (&reals[0], "eth0", "10.0.0.2/24"),
                (&reals[1], "eth0", "10.0.0.3/24"),
                (&reals[2], "eth0", "10.0.0.4/24"),
            ],
        );
        let everybody = [(&directors[0], 1), (&directors[1], 8), (&client, 9)];
        let servers = reals.iter().zip(2..);
        for (node, number) in everybody.into_iter().chain(servers) {
            node.enable_ipv6("eth0", &format!("fd00::{number}/64"));
        }
        for real in &reals {
            real.sh("modprobe -q ipip; modprobe -q ip6_tunnel; ip link set tunl0 up; ip link set ip6tnl0 up
                 echo 0 >/proc/sys/net/ipv6/conf/ip6tnl0/disable_ipv6
                 echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore; echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce
                 for i in all tunl0 eth0; do echo 0 >/proc/sys/net/ipv4/conf/$i/rp_filter; done
                 ip addr add 10.0.0.100/32 dev lo; ip addr add 10.0.0.101/32 dev tunl0
                 ip addr add fd00::100/128 dev lo nodad; ip addr add fd00::101/128 dev ip6tnl0 nodad");
        }
        for director in &directors {
            director.sh("sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        }
        Flat { directors, client, reals, _lan: lan, _net: net }
    }
}

/// DR and TUN, over IPv4 and IPv6.
pub fn direct(subject: Subject) {
    let flat = Flat::new();
    let _servers = flat.reals.each_ref().map(|real| Echo::start(real, "[::]:80"));
    // As keepalived sets them: a tunnel that came from the virtual address would find it at the other end, too.
    flat.directors[0].sh("ip addr add 10.0.0.100/32 dev eth0; ip addr add 10.0.0.101/32 dev eth0
         ip addr add fd00::100/128 dev eth0 nodad preferred_lft 0
         ip addr add fd00::101/128 dev eth0 nodad preferred_lft 0");
    let addresses = ["10.0.0.100:80", "10.0.0.101:80", "[fd00::100]:80", "[fd00::101]:80"];
    survive(subject, &flat.directors[0], &flat.client, &addresses, |scheduler, weight, more| {
        let options = format!("    lvs_sched {scheduler}\n    protocol TCP\n");
        let kept = if more { 3 } else { 2 };
        let four = [("10.0.0.2", weight), ("10.0.0.3", 1), ("10.0.0.4", 3)];
        let six = [("fd00::2", weight), ("fd00::3", 1), ("fd00::4", 3)];
        block("10.0.0.100 80", "DR", "80", &options, &four[..kept])
            + &block("10.0.0.101 80", "TUN", "80", &options, &four[..kept])
            + &block("fd00::100 80", "DR", "80", &options, &six[..kept])
            + &block("fd00::101 80", "TUN", "80", &options, &six[..kept])
    });
}

/// The master is cut off: the other director has its connections by the sync daemon, and they go on.
pub fn failover(subject: Subject) {
    let flat = Flat::new();
    let _servers = flat.reals.each_ref().map(|real| Echo::start(real, "[::]:80"));
    let config = |priority: u8| {
        format!(
            "global_defs {{\n    lvs_sync_daemon eth0 inst VI_1 id 11\n}}
vrrp_instance VI_1 {{
    interface eth0
    virtual_router_id 51
    priority {priority}
    advert_int 1
    virtual_ipaddress {{ 10.0.0.100/32 }}
}}
"
        ) + &block(
            "10.0.0.100 80",
            "DR",
            "80",
            "    lvs_sched rr\n    protocol TCP\n",
            &[("10.0.0.2", 1), ("10.0.0.3", 1), ("10.0.0.4", 1)],
        )
    };
    let [one, two] = &flat.directors;
    let _first = Daemon::start(subject, one, &config(200));
    let second = Daemon::start(subject, two, &config(100));
    one.await_address("eth0", "10.0.0.100/32", true, wait::seconds(15));
    wait::until("the backup listens to the master's connections", wait::seconds(10), || {
        one.sh("ipvsadm -L --daemon").contains("master sync daemon (mcast=eth0, syncid=11")
            && two.sh("ipvsadm -L --daemon").contains("backup sync daemon (mcast=eth0, syncid=11")
    });
    let mut talks = open(&flat.client, &["10.0.0.100:80"; 3]);
    let servers: std::collections::BTreeSet<String> =
        talks.iter().map(|(_, server)| server.clone()).collect();
    assert_eq!(servers.len(), 3, "{servers:?}");
    // The kernel tells of a connection after its third packet.
    all_live(&mut talks, "second", &second);
    let known = || two.sh("ipvsadm -Lcn");
    wait::value(
        "the three connections on the other director",
        wait::seconds(10),
        || (known().matches("ESTABLISHED").count() == 3).then_some(()),
        known,
    );
    one.sh("ip link set eth0 down");
    second.await_master("VI_1", 1, wait::seconds(15));
    two.await_address("eth0", "10.0.0.100/32", true, wait::seconds(5));
    all_live(&mut talks, "after the failover", &second);
}

/// Clients that come one after the other: who answered, and how many got none.
#[derive(Default)]
struct Clients {
    answers: Mutex<Vec<String>>,
    stop: AtomicBool,
}

impl Clients {
    fn run(&self, client: &Node, address: &str) {
        while !self.stop.load(Ordering::Relaxed) {
            let answer = echo::ask(client, address, wait::seconds(3));
            self.answers.lock().unwrap().push(answer.unwrap_or_else(|| "nobody".to_owned()));
        }
    }

    fn since(&self, begun: usize) -> Vec<String> {
        self.answers.lock().unwrap()[begun..].to_vec()
    }

    /// Waits for so many more.
    fn await_more(&self, more: usize) -> Vec<String> {
        let begun = self.since(0).len();
        wait::until("more clients", wait::seconds(20), || self.since(begun).len() >= more);
        self.since(begun)
    }
}

/// Ends the clients also when the test fails.
struct Ending<'a>(&'a Clients);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

/// A removed real server keeps its open connection and gets no new one; it leaves when that one is closed, or at the
/// end of `drain_timeout`. No client has an error.
pub fn drains(vip: &str, servers: &str) {
    let lab = Lab::new();
    with_ipv6(&lab);
    let _servers = lab.reals.each_ref().map(|real| Echo::start(real, "[::]:80"));
    let ip: IpAddr = vip.parse().unwrap();
    let at = SocketAddr::new(ip, 80).to_string();
    let real = |number: u8| format!("{servers}{number}");
    let config = |seconds: u32, numbers: &[u8]| {
        let reals: Vec<(String, u8)> = numbers.iter().map(|n| (real(*n), 1)).collect();
        let reals: Vec<(&str, u8)> =
            reals.iter().map(|(address, weight)| (address.as_str(), *weight)).collect();
        let options = format!("    lvs_sched rr\n    protocol TCP\n    drain_timeout {seconds}\n");
        block(&format!("{vip} 80"), "NAT", "80", &options, &reals)
    };
    let daemon = lab.direct(Subject::Standfast, &config(600, &[2, 3, 4]));
    daemon.await_line("Startup complete", wait::seconds(10));
    let talk_with = |wanted: &str| {
        let talk = || {
            let mut talk = Talk::open(&lab.client, &at, wait::seconds(5))?;
            (talk.say("hello").as_deref() == Some(wanted)).then_some(talk)
        };
        wait::value(&format!("a connection to {wanted}"), wait::seconds(10), talk, String::new)
    };
    let shown = |number: u8, weight: u8| {
        let server = SocketAddr::new(real(number).parse().unwrap(), 80);
        format!("{server} -m -w {weight}")
    };
    let clients = Clients::default();
    std::thread::scope(|scope| {
        let _ending = Ending(&clients);
        scope.spawn(|| clients.run(&lab.client, &at));
        let answers = clients.await_more(12);
        for server in ["real2", "real3", "real4"] {
            assert!(answers.iter().any(|answer| answer == server), "{answers:?}");
        }
        let mut open = talk_with("real3");
        daemon.reload(&config(600, &[2, 4]));
        assert_eq!(ipvs::reals(&lab.director), [shown(2, 1), shown(3, 0), shown(4, 1)]);
        let answers = clients.await_more(20);
        // One may have been on its way when the file was read.
        assert!(answers.iter().skip(1).all(|answer| answer != "real3"), "{answers:?}");
        assert_eq!(open.say("still there").as_deref(), Some("real3"));
        // For as long as the connection is open.
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_secs(7) {
            assert_eq!(ipvs::reals(&lab.director), [shown(2, 1), shown(3, 0), shown(4, 1)]);
        }
        assert_eq!(open.say("and still").as_deref(), Some("real3"));
        drop(open);
        lab.await_reals(&[&shown(2, 1), &shown(4, 1)], &daemon, wait::seconds(15));
        let service = format!("service [{}]:tcp:80", real(3));
        let line = format!("Removing {service} from VS [{vip}]:tcp:80: its connections have ended");
        daemon.await_line(&line, wait::seconds(2));

        // One that is never closed is cut off at the end of the time.
        let open = talk_with("real4");
        daemon.reload(&config(4, &[2]));
        let service = format!("service [{}]:tcp:80", real(4));
        let line = format!("Draining {service} of VS [{vip}]:tcp:80 for 4 seconds at most");
        let begun = daemon.await_line(&line, wait::seconds(2));
        let line = format!("Removing {service} from VS [{vip}]:tcp:80: drain_timeout is over");
        let ended = daemon.await_line(&line, wait::seconds(10));
        assert!(ended - begun > Duration::from_secs(3), "{:?}", ended - begun);
        lab.await_reals(&[&shown(2, 1)], &daemon, wait::seconds(2));
        drop(open);
        // And back again.
        daemon.reload(&config(4, &[2, 3, 4]));
        let answers = clients.await_more(12);
        assert!(answers.iter().any(|answer| answer == "real3"), "{answers:?}");
    });
    let answers = clients.since(0);
    assert!(answers.iter().all(|answer| answer != "nobody"), "of {}: {answers:?}", answers.len());

    // The whole service goes, with its last connection.
    daemon.reload(&config(600, &[2, 3]));
    lab.await_reals(&[&shown(2, 1), &shown(3, 1)], &daemon, wait::seconds(15));
    let mut open = talk_with("real3");
    let other =
        block("10.0.0.100 99", "NAT", "99", "    lvs_sched rr\n    protocol TCP\n", &[("10.1.0.4", 1)]);
    daemon.reload(&other);
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_secs(7) {
        let table = ipvs::table(&lab.director);
        assert!(table.iter().any(|service| service.address == format!("-t {at}")), "{table:?}");
    }
    assert_eq!(open.say("still there").as_deref(), Some("real3"));
    assert_eq!(echo::ask(&lab.client, &at, wait::seconds(1)), None, "nobody new");
    drop(open);
    let gone = || ipvs::reals(&lab.director) == ["10.1.0.4:99 -m -w 1"];
    wait::until("the service is gone", wait::seconds(15), gone);
    daemon.await_line(&format!("Removing Virtual Server [{vip}]:tcp:80"), wait::seconds(2));
}
