//! `return_path snat`: real servers whose default route leads elsewhere, each through another leaf, answer through the
//! director all the same.

use super::traffic::{all_live, block, open};
use crate::support::daemon::{Daemon, Subject};
use crate::support::echo::{self, Echo};
use crate::support::net::{Net, Node};
use crate::support::wait;
use socket2::{Domain, SockAddr, Socket, Type};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

/// The director and two leaves between the clients' network and the real servers'. The routes of the real servers lead
/// through the first leaf, the second one, and the director.
struct Leaves {
    director: Node,
    client: Node,
    reals: [Node; 3],
    _leaves: [Node; 2],
    _lans: [Node; 2],
    _net: Net,
}

impl Leaves {
    fn new() -> Leaves {
        let net = Net::new();
        let (director, client) = (net.node("director"), net.node("client"));
        let leaves = ["leaf1", "leaf2"].map(|name| net.node(name));
        let reals = [2, 3, 4].map(|number| net.node(&format!("real{number}")));
        let front = net.lan(
            "front",
            &[
                (&director, "eth0", "10.0.0.1/24"),
                (&leaves[0], "eth0", "10.0.0.21/24"),
                (&leaves[1], "eth0", "10.0.0.22/24"),
                (&client, "eth0", "10.0.0.9/24"),
            ],
        );
        let back = net.lan(
            "back",
            &[
                (&director, "eth1", "10.1.0.1/24"),
                (&leaves[0], "eth1", "10.1.0.21/24"),
                (&leaves[1], "eth1", "10.1.0.22/24"),
                (&reals[0], "eth1", "10.1.0.2/24"),
                (&reals[1], "eth1", "10.1.0.3/24"),
                (&reals[2], "eth1", "10.1.0.4/24"),
            ],
        );
        client.enable_ipv6("eth0", "fd00::9/64");
        for (router, number) in [(&director, 1), (&leaves[0], 21), (&leaves[1], 22)] {
            router.enable_ipv6("eth0", &format!("fd00::{number}/64"));
            router.enable_ipv6("eth1", &format!("fd01::{number}/64"));
            router.sh("sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        }
        for ((real, number), way) in reals.iter().zip(2..).zip([21, 22, 1]) {
            real.enable_ipv6("eth1", &format!("fd01::{number}/64"));
            real.sh(&format!(
                "ip route add default via 10.1.0.{way}; ip -6 route add default via fd01::{way}"
            ));
        }
        client.sh("modprobe -q sctp; ip route add 10.1.0.0/24 via 10.0.0.1");
        director.sh(
            "for address in 10.0.0.100 10.0.0.101 10.0.0.102; do ip addr add $address/32 dev eth0; done
             ip addr add fd00::100/128 dev eth0 nodad
             nft 'add table ip m; add chain ip m p { type filter hook prerouting priority -150; };
                  add rule ip m p ip daddr 10.0.0.100 tcp dport 81 meta mark set 9'",
        );
        Leaves { director, client, reals, _leaves: leaves, _lans: [front, back], _net: net }
    }

    /// Who answers so many clients that come one after the other.
    fn answers(&self, address: &str, count: usize) -> BTreeSet<String> {
        let ask = || echo::ask(&self.client, address, Duration::from_secs(2));
        (0..count).map(|_| ask().unwrap_or_else(|| "nobody".to_owned())).collect()
    }

    fn conntrack(&self) -> String {
        self.director.sh("cat /proc/sys/net/ipv4/vs/conntrack").trim().to_owned()
    }

    fn tables(&self) -> String {
        self.director.sh("nft list tables")
    }
}

/// Services of every kind: by address, by firewall mark, of a group, all ports of an address.
const SERVICES: [&str; 6] =
    ["10.0.0.100:80", "10.0.0.100:81", "10.0.0.101:80", "10.0.0.102:80", "[fd00::100]:80", "10.0.0.100:82"];

/// With the keyword or without, another weight, and the number of real servers.
fn config(line: &str, weight: u8, count: usize) -> String {
    let four = [("10.1.0.2", 1), ("10.1.0.3", weight), ("10.1.0.4", 1)];
    let six = [("fd01::2", 1), ("fd01::3", weight), ("fd01::4", 1)];
    let with = |more: &str| format!("    lvs_sched rr\n    {line}\n{more}");
    let tcp = with("    protocol TCP\n");
    let udp = with("    protocol UDP\n");
    let sctp = with("    protocol SCTP\n");
    let everywhere =
        with("    protocol TCP\n    persistence_timeout 1\n    persistence_granularity 255.255.255.255\n");
    format!(
        "virtual_server_group G {{\n    10.0.0.101 80\n    10.0.0.100 82\n}}\n{}{}{}{}{}{}{}",
        block("10.0.0.100 80", "NAT", "80", &tcp, &four[..count]),
        block("fwmark 9", "NAT", "80", &with(""), &four[..count]),
        block("group G", "NAT", "80", &tcp, &four[..count]),
        block("10.0.0.102", "NAT", "", &everywhere, &four[..count]),
        block("fd00::100 80", "NAT", "80", &tcp, &six[..count]),
        block("10.0.0.100 53", "NAT", "53", &udp, &four[..count]),
        block("10.0.0.100 83", "NAT", "83", &sctp, &four[..count]),
    )
}

const SNAT: &str = "return_path snat";
const OURS: &str = "table ip standfast_return_path\ntable ip6 standfast_return_path\n";

/// A socket on this node. One before it on the same port may live on for a moment after it was closed here: in a child
/// that another thread has just made.
fn bound<T: Send>(node: &Node, bind: impl Fn() -> std::io::Result<T> + Sync) -> T {
    let at_last = || node.within(|| bind().ok());
    wait::value("the port to be free", wait::seconds(10), at_last, String::new)
}

/// Who a server of this node thinks is asking.
fn peer_of(leaves: &Leaves, real: &Node, at: &str, through: &str) -> String {
    let at: SocketAddr = at.parse().unwrap();
    let through: SocketAddr = through.parse().unwrap();
    let listener = bound(real, || TcpListener::bind(at));
    std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            let (mut stream, peer) = listener.accept().unwrap();
            stream.write_all(b"x").unwrap();
            peer.ip().to_string()
        });
        let asked = leaves.client.within(|| TcpStream::connect_timeout(&through, wait::seconds(5)));
        let mut byte = [0];
        asked.unwrap().read_exact(&mut byte).unwrap();
        server.join().unwrap()
    })
}

/// Whether the answer to a datagram comes back; of three clients, once for each real server.
fn datagrams_come_back(leaves: &Leaves) -> Vec<bool> {
    let servers: Vec<UdpSocket> =
        leaves.reals.iter().map(|real| bound(real, || UdpSocket::bind("0.0.0.0:53"))).collect();
    let mut found = Vec::new();
    for _ in 0..servers.len() {
        let client = leaves.client.within(|| UdpSocket::bind("10.0.0.9:0").unwrap());
        client.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        client.connect("10.0.0.100:53").unwrap();
        client.send(b"hello").unwrap();
        let mut buffer = [0; 16];
        // One of the servers has it.
        let (server, from) = wait::value(
            "the datagram at a server",
            wait::seconds(5),
            || {
                servers.iter().find_map(|server| {
                    server.set_nonblocking(true).unwrap();
                    server.recv_from(&mut buffer).ok().map(|(_, from)| (server, from))
                })
            },
            String::new,
        );
        server.send_to(b"hello", from).unwrap();
        found.push(client.recv(&mut buffer).is_ok());
    }
    found
}

fn sctp() -> Socket {
    Socket::new(Domain::IPV4, Type::STREAM, Some(socket2::Protocol::from(libc::IPPROTO_SCTP))).unwrap()
}

/// How many of three associations with the service come about.
fn associations(leaves: &Leaves) -> usize {
    let to = |text: &str| SockAddr::from(text.parse::<SocketAddr>().unwrap());
    let _servers = leaves.reals.each_ref().map(|real| {
        bound(real, || {
            let server = sctp();
            server.bind(&to("0.0.0.0:83"))?;
            server.listen(8)?;
            Ok(server)
        })
    });
    let connect = || sctp().connect_timeout(&to("10.0.0.100:83"), wait::seconds(2)).is_ok();
    (0..3).filter(|_| leaves.client.within(connect)).count()
}

/// Without the keyword only the real server behind the director answers; with it all of them do, whatever the service, and
/// connections live through reloads, through others' meddling and through a restart. Afterwards nothing is left.
pub fn comes_back() {
    let leaves = Leaves::new();
    let _servers = leaves.reals.each_ref().map(|real| Echo::start(real, "[::]:80"));
    let path = leaves.director.dir.join("keepalived.conf");
    let start = |config: &str| {
        std::fs::write(&path, config).unwrap();
        let daemon = Daemon::start_file(Subject::Standfast, &leaves.director, &path, &["-I"]);
        daemon.await_line("Startup complete", wait::seconds(10));
        daemon
    };
    let everybody: BTreeSet<String> = ["real2", "real3", "real4"].map(String::from).into();
    let daemon = start(&config("", 1, 3));
    let elsewhere: BTreeSet<String> = ["nobody", "real4"].map(String::from).into();
    for address in ["10.0.0.100:80", "10.0.0.100:81", "[fd00::100]:80"] {
        assert_eq!(leaves.answers(address, 4), elsewhere, "{address}");
    }
    assert_eq!(datagrams_come_back(&leaves).into_iter().filter(|back| *back).count(), 1);
    assert_eq!(associations(&leaves), 1);
    let (before, foreign) = (leaves.conntrack(), leaves.tables());
    assert_eq!(before, "0");

    daemon.reload(&config(SNAT, 1, 3));
    assert_eq!((leaves.conntrack().as_str(), leaves.tables()), ("1", format!("{foreign}{OURS}")));
    let line = "net.ipv4.vs.conntrack is now 1, for return_path snat (it was 0)";
    daemon.await_line(line, wait::seconds(2));
    for address in SERVICES.iter().filter(|address| **address != "10.0.0.102:80") {
        assert_eq!(leaves.answers(address, 6), everybody, "{address}\n{}", daemon.process().log());
    }
    assert_eq!(datagrams_come_back(&leaves), [true; 3]);
    assert_eq!(associations(&leaves), 3);
    // Only what is balanced is touched.
    let real = &leaves.reals[2];
    assert_eq!(peer_of(&leaves, real, "10.1.0.4:90", "10.0.0.102:90"), "10.1.0.1");
    assert_eq!(peer_of(&leaves, real, "10.1.0.4:90", "10.1.0.4:90"), "10.0.0.9");

    let mut talks = open(&leaves.client, &SERVICES.repeat(3));
    for (round, (weight, count)) in [(3, 3), (1, 3), (1, 3)].into_iter().enumerate() {
        daemon.reload(&config(SNAT, weight, count));
        all_live(&mut talks, &format!("reload {round}"), &daemon);
    }
    // Somebody else takes it away.
    leaves
        .director
        .sh("nft delete table ip standfast_return_path; nft flush table ip6 standfast_return_path");
    let put_right = "somebody else has changed the tables of return_path snat: they are put right";
    daemon.await_line(put_right, wait::seconds(5));
    wait::until("the tables are back", wait::seconds(5), || {
        leaves.director.sh("nft list ruleset").matches("masquerade").count() == 4
    });
    all_live(&mut talks, "after the tables came back", &daemon);
    assert_eq!(leaves.answers("10.0.0.100:80", 6), everybody);
    leaves.director.sh("sysctl -q -w net.ipv4.vs.conntrack=0");
    wait::until("the setting is back", wait::seconds(20), || leaves.conntrack() == "1");

    // It stays with the services, and the next one takes over.
    let mut daemon = daemon;
    assert!(daemon.stop().success());
    assert_eq!((leaves.conntrack().as_str(), leaves.tables()), ("1", format!("{foreign}{OURS}")));
    assert_eq!(leaves.answers("10.0.0.100:80", 6), everybody);
    let mut daemon = start(&config(SNAT, 2, 3));
    all_live(&mut talks, "after the restart", &daemon);
    // Killed; its successor has not got the word.
    daemon.kill();
    let mut daemon = start(&config("", 1, 3));
    assert_eq!((leaves.conntrack(), leaves.tables()), (before.clone(), foreign.clone()));
    assert!(daemon.stop().success());

    // An end without -I leaves nothing.
    std::fs::write(&path, config(SNAT, 1, 3)).unwrap();
    let mut daemon = Daemon::start_file(Subject::Standfast, &leaves.director, &path, &[]);
    daemon.await_line("Startup complete", wait::seconds(10));
    assert_eq!(leaves.answers("[fd00::100]:80", 6), everybody);
    assert!(daemon.stop().success());
    assert_eq!((leaves.conntrack(), leaves.tables()), (before, foreign), "{}", daemon.process().log());
}
