//! keepalived's faults that are not copied: for each a scenario that shows ours and, where it is cheap, that the
//! original still has it.

use super::elections::Pair;
use super::facts::{Facts, same};
use super::lifecycle::Router;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Recorder, Subject};
use crate::support::forged::sealed;
use crate::support::net::Node;
use crate::support::runner::Case;
use crate::support::wait;
use nix::sys::signal::Signal;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("faults::bad_packets_original", || assert!(under_bad_packets(Subject::Keepalived) < 3)),
        Case::new("faults::bad_packets_ours", || assert!(under_bad_packets(Subject::Standfast) >= 5)),
        Case::new("faults::reload_refused", reload_refused),
        Case::new("faults::reload_ends_the_original", reload_ends_the_original),
        Case::new("faults::frozen_master", frozen_master),
        Case::new("faults::frozen_for_less_than_peers_wait", frozen_for_less_than_peers_wait),
        Case::new("faults::frozen_backup", frozen_backup),
        Case::new("faults::interface_comes_and_goes", interface_comes_and_goes),
        Case::new("faults::interface_renamed", interface_renamed),
        Case::new("faults::reload_keeps_the_adverts_coming", reload_keeps_the_adverts_coming),
        Case::new("faults::virtual_mac_pair", virtual_mac_pair),
        Case::new("faults::five_hundred_instances", five_hundred_instances),
        same("faults::instance_removed_by_a_reload", instance_removed),
        same("faults::virtual_mac_deleted", virtual_mac_deleted),
        Case::new("faults::foreign_unicast_source", foreign_unicast_source),
    ]
}

fn instance(name: &str, interface: &str, vrid: u16, more: &str) -> String {
    format!(
        "vrrp_instance {name} {{\n interface {interface}\n virtual_router_id {vrid}\n priority 200\n {more}\n \
         virtual_ipaddress {{ 10.0.0.{vrid}/24 }}\n}}\n"
    )
}

/// A packet that is right but for what `spoil` does to it before the checksum is made.
fn advert(spoil: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut packet = vec![0x21, 51, 250, 1, 1, 1, 0, 0, 10, 0, 0, 51];
    packet.extend(*b"secret\0\0");
    spoil(&mut packet);
    sealed(packet)
}

/// Adverts that a MASTER sends in six seconds of bad packets, of each kind many in every second.
fn under_bad_packets(subject: Subject) -> usize {
    let router = Router::new();
    let node = &router.node;
    let config = instance("I", "eth0", 51, "authentication { auth_type PASS\n auth_pass secret }");
    let daemon = Daemon::start(subject, node, &config);
    daemon.await_master("I", 1, wait::seconds(10));
    let socket = router.neighbour.within(|| {
        let socket = Socket::new_raw(Domain::IPV4, Type::RAW, Some(Protocol::from(112))).unwrap();
        socket.set_multicast_if_v4(&Ipv4Addr::new(10, 0, 0, 2)).unwrap();
        socket
    });
    let bad = [
        (64, advert(|_| ())),
        (255, advert(|packet| packet[0] = 0x31)),
        (255, advert(|packet| packet[0] = 0x22)),
        (255, advert(|packet| packet[4] = 0)),
        (255, advert(|packet| packet[4] = 9)),
        (255, advert(|packet| packet[5] = 2)),
        (255, advert(|packet| packet[12] = b'x')),
        (255, advert(|packet| packet[3] = 9)),
        (255, {
            let mut packet = advert(|_| ());
            packet[7] ^= 1;
            packet
        }),
    ];
    let group: SockAddr = SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 18), 0).into();
    let capture = Capture::start(node);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(6) {
        for (ttl, packet) in &bad {
            socket.set_multicast_ttl_v4(*ttl).unwrap();
            socket.send_to(packet, &group).unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let sent = capture.adverts_sent("eth0").len();
    if subject == Subject::Standfast {
        assert_eq!(daemon.process().count("Entering BACKUP STATE"), 1, "{}", daemon.process().log());
        assert!(daemon.process().lines().len() < 60, "told once each\n{}", daemon.process().log());
        let named =
            "10.0.0.2 (MAC 02:00:00:00:00:02, priority 250) sends adverts for VRID 51 that are refused";
        assert_eq!(
            daemon.process().count(named),
            1,
            "who it is, once a minute\n{}",
            daemon.process().log()
        );
        daemon.signal(Signal::SIGUSR2);
        daemon.await_line("Printing VRRP stats", wait::seconds(5));
        let file = node.dir.join("keepalived.stats");
        let counted = |text: &str| text.matches(": 0\n").count();
        let stats = wait::value(
            "statistics",
            wait::seconds(5),
            || std::fs::read_to_string(&file).ok().filter(|text| text.contains("Priority Zero")),
            || "no file",
        );
        // Received, Released master, Address List and both of Priority Zero.
        assert_eq!(counted(&stats), 5, "every reason has been counted\n{stats}");
        // SIGRTMAX-1: prints, and clears for the next time.
        daemon.raw_signal(63);
        daemon.await_line("Printing and clearing VRRP stats", wait::seconds(5));
        daemon.signal(Signal::SIGUSR2);
        wait::until("counters cleared", wait::seconds(5), || {
            std::fs::read_to_string(&file).is_ok_and(|text| counted(&text) > 10)
        });
    }
    sent
}

fn reload_refused() {
    let router = Router::new();
    let node = &router.node;
    let good = instance("I", "eth0", 51, "");
    let daemon = Daemon::start(Subject::Standfast, node, &good);
    daemon.await_master("I", 1, wait::seconds(10));
    node.await_address("eth0", "10.0.0.51/24", true, wait::seconds(5));
    let capture = Capture::start(node);
    let bad = [
        ("missing interface", instance("I", "eth7", 51, "")),
        ("another on a missing interface", format!("{good}{}", instance("J", "eth7", 52, ""))),
        ("doubled VRID", format!("{good}{}", instance("J", "eth0", 51, ""))),
        ("VRID out of range", good.replace("id 51", "id 256")),
        ("unknown block", instance("I", "eth0", 51, "unicast_peers {\n 10.0.0.2\n }")),
        ("missing brace", good.trim_end().trim_end_matches('}').to_owned()),
        ("missing include", format!("include /nowhere.conf\n{}", instance("K", "eth0", 53, ""))),
        ("nothing at all", "}".to_owned()),
    ];
    let mut wrong = String::new();
    for (what, text) in &bad {
        let answer = daemon.reload_command(node, text);
        let said = String::from_utf8_lossy(&answer.stdout) + String::from_utf8_lossy(&answer.stderr);
        if answer.status.code() != Some(3) || !said.contains("refused") {
            writeln!(wrong, "{what}: {} {said}", answer.status).unwrap();
        }
        if !node.has("eth0", "10.0.0.51/24") {
            writeln!(wrong, "{what}: the address is gone").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}\n{}", daemon.process().log());
    let answer = daemon.reload_command(node, &instance("I", "eth0", 51, "garp_master_delay 3"));
    assert_eq!(answer.status.code(), Some(0), "{answer:?}");
    let before = capture.adverts_sent("eth0").len();
    wait::until("two more adverts", wait::seconds(5), || capture.adverts_sent("eth0").len() >= before + 2);
    assert!(capture.adverts_sent("eth0").iter().all(|(_, advert)| advert.priority() == 200));
    assert_eq!(daemon.process().count("Entering "), 2, "{}", daemon.process().log());
}

fn reload_ends_the_original() {
    let router = Router::new();
    let node = &router.node;
    let good = instance("I", "eth0", 51, "");
    let mut daemon = Daemon::start(Subject::Keepalived, node, &good);
    daemon.await_master("I", 1, wait::seconds(10));
    node.await_address("eth0", "10.0.0.51/24", true, wait::seconds(5));
    std::fs::write(node.dir.join("keepalived.conf"), format!("{good}{}", instance("J", "eth0", 51, "")))
        .unwrap();
    daemon.signal(Signal::SIGHUP);
    assert_eq!(daemon.await_end(wait::seconds(15)).code(), Some(2));
    assert!(node.has("eth0", "10.0.0.51/24"), "stays behind, undefended");
}

/// Frozen until the other has taken over, then let go: it listens, and takes over by the normal election.
fn frozen_master() {
    let pair = Pair::new();
    let first = pair.start(Subject::Standfast, 0, 200, "");
    first.await_master("I", 1, wait::seconds(10));
    let second = pair.start(Subject::Standfast, 1, 100, "");
    second.await_line("(I) Entering BACKUP STATE", wait::seconds(5));
    first.signal(Signal::SIGSTOP);
    second.await_master("I", 1, wait::seconds(10));
    pair.await_holder(1, true, wait::seconds(5));
    let capture = Capture::start(&pair.nodes[0]);
    first.signal(Signal::SIGCONT);
    let thawed = Instant::now();
    let again = first.await_master("I", 2, wait::seconds(10));
    assert!(again - thawed > Duration::from_secs(2), "listened for {:?} only", again - thawed);
    let early = |at: &Instant| *at - thawed < Duration::from_secs(2);
    let adverts = capture.adverts_sent("eth0").iter().filter(|(at, _)| early(at)).count();
    let arps = capture.announcements("eth0").iter().filter(|(at, _)| early(at)).count();
    assert_eq!((adverts, arps), (0, 0), "{}", first.process().log());
    pair.await_holder(1, false, wait::seconds(5));
    pair.await_holder(0, true, wait::seconds(5));
}

/// Nobody has noticed: it goes on as if nothing had been, and does not make up for what it has missed.
fn frozen_for_less_than_peers_wait() {
    let pair = Pair::new();
    let first = pair.start(Subject::Standfast, 0, 200, "");
    first.await_master("I", 1, wait::seconds(10));
    let second = pair.start(Subject::Standfast, 1, 100, "");
    second.await_line("(I) Entering BACKUP STATE", wait::seconds(5));
    let capture = Capture::start(&pair.nodes[0]);
    wait::until("an advert", wait::seconds(5), || !capture.adverts_sent("eth0").is_empty());
    first.signal(Signal::SIGSTOP);
    let frozen = Instant::now();
    std::thread::sleep(Duration::from_millis(2300));
    let thawed = Instant::now();
    first.signal(Signal::SIGCONT);
    assert!(frozen.elapsed() < Duration::from_millis(2800), "this machine is too slow to tell anything");
    let since = |at: &Instant| at.checked_duration_since(thawed);
    let after = || -> Vec<Duration> {
        capture.adverts_sent("eth0").iter().filter_map(|(at, _)| since(at)).collect()
    };
    wait::until("three adverts", wait::seconds(8), || after().len() >= 3);
    let times = after();
    assert!(times[0] < Duration::from_millis(500), "the first at once: {times:?}");
    assert!(times[2] - times[0] > Duration::from_millis(1500), "no burst: {times:?}");
    let arps = capture.announcements("eth0").iter().filter_map(|(at, _)| since(at)).count();
    assert!(arps <= 5, "at most the second block of announcements: {arps}");
    for (daemon, states) in [(&first, 2), (&second, 1)] {
        assert_eq!(daemon.process().count("Entering "), states, "{}", daemon.process().log());
    }
}

/// The adverts wait in its socket: it reads them before it looks at its timer.
fn frozen_backup() {
    let pair = Pair::new();
    let first = pair.start(Subject::Standfast, 0, 200, "");
    first.await_master("I", 1, wait::seconds(10));
    let second = pair.start(Subject::Standfast, 1, 100, "");
    second.await_line("(I) Entering BACKUP STATE", wait::seconds(5));
    let capture = Capture::start(&pair.nodes[1]);
    second.signal(Signal::SIGSTOP);
    wait::until("more adverts than it waits for", wait::seconds(15), || {
        capture.adverts_received("eth0").len() >= 6
    });
    let heard = capture.adverts_received("eth0").len();
    second.signal(Signal::SIGCONT);
    wait::until("as many again", wait::seconds(15), || capture.adverts_received("eth0").len() >= heard + 5);
    assert!(capture.adverts_sent("eth0").is_empty(), "{}", second.process().log());
    assert_eq!(second.process().count("Entering "), 1, "{}", second.process().log());
    assert_eq!(first.process().count("Entering "), 2, "{}", first.process().log());
}

fn add_eth9(node: &Node) {
    node.sh("ip link add eth9 type veth peer name peer9 && ip addr add 10.9.0.1/24 dev eth9 && \
         ip link set peer9 up && ip link set eth9 up");
}

/// Absent at start, deleted and made again: the others run on, and it takes part each time it is there.
fn interface_comes_and_goes() {
    let router = Router::new();
    let node = &router.node;
    let text = instance("I", "eth0", 51, "") + &instance("J", "eth9", 52, "");
    let mut daemon = Daemon::start(Subject::Standfast, node, &text);
    daemon.await_master("I", 1, wait::seconds(10));
    daemon.await_line("(J) Entering FAULT STATE (init)", wait::seconds(5));
    for time in 1..=2 {
        add_eth9(node);
        daemon.await_master("J", time, wait::seconds(10));
        node.await_address("eth9", "10.0.0.52/24", true, wait::seconds(5));
        let capture = Capture::start(node);
        wait::until("adverts on it", wait::seconds(5), || capture.adverts_sent("eth9").len() >= 2);
        node.sh("ip link del eth9");
        daemon.process().await_nth("(J) Entering FAULT STATE", time + 1, wait::seconds(5));
    }
    assert_eq!(daemon.process().count("(I) Entering"), 2, "{}", daemon.process().log());
    assert!(daemon.stop().success());
}

/// Its address must not stay on a device that nobody watches any more.
fn interface_renamed() {
    let router = Router::new();
    let node = &router.node;
    add_eth9(node);
    let daemon = Daemon::start(Subject::Standfast, node, &instance("J", "eth9", 52, ""));
    daemon.await_master("J", 1, wait::seconds(10));
    node.await_address("eth9", "10.0.0.52/24", true, wait::seconds(5));
    node.sh("ip link set eth9 down && ip link set eth9 name other && ip link set other up");
    daemon.process().await_nth("(J) Entering FAULT STATE", 1, wait::seconds(5));
    node.await_address("other", "10.0.0.52/24", false, wait::seconds(5));
    node.sh("ip link set other down && ip link set other name eth9 && ip link set eth9 up");
    daemon.await_master("J", 2, wait::seconds(10));
    node.await_address("eth9", "10.0.0.52/24", true, wait::seconds(5));
}

fn reload_keeps_the_adverts_coming() {
    let router = Router::new();
    let node = &router.node;
    let config = |priority: u8, interval: u8, more: &str| {
        format!(
            "vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority {priority}\n \
             advert_int {interval}\n virtual_ipaddress {{ 10.0.0.51/24\n {more} }}\n}}\n"
        )
    };
    let daemon = Daemon::start(Subject::Standfast, node, &config(200, 1, ""));
    daemon.await_master("I", 1, wait::seconds(10));
    let capture = Capture::start(node);
    for (priority, interval, more) in
        [(150, 1, ""), (150, 1, "10.0.0.60/24"), (150, 1, ""), (250, 2, ""), (200, 1, "10.0.0.61/24")]
    {
        daemon.reload(&config(priority, interval, more));
        let before = capture.adverts_sent("eth0").len();
        wait::until("two more adverts", wait::seconds(8), || {
            capture.adverts_sent("eth0").len() >= before + 2
        });
    }
    node.await_address("eth0", "10.0.0.61/24", true, wait::seconds(5));
    assert!(!node.has("eth0", "10.0.0.60/24"));
    let adverts = capture.adverts_sent("eth0");
    for pair in adverts.windows(2) {
        let limit = Duration::from_secs(u64::from(pair[0].1.vrrp[5])) + Duration::from_millis(500);
        assert!(pair[1].0 - pair[0].0 < limit, "{:?} without an advert", pair[1].0 - pair[0].0);
    }
    assert!(adverts.iter().all(|(_, advert)| advert.priority() != 0));
    assert_eq!(daemon.process().count("Entering "), 2, "{}", daemon.process().log());
}

/// Two of ours with the same virtual MAC hear each other, and the backup keeps it to itself.
fn virtual_mac_pair() {
    let pair = Pair::new();
    let capture = Capture::start(&pair.nodes[1]);
    let first = pair.start(Subject::Standfast, 0, 200, "use_vmac");
    first.await_master("I", 1, wait::seconds(10));
    let second = pair.start(Subject::Standfast, 1, 100, "use_vmac");
    second.await_line("(I) Entering BACKUP STATE", wait::seconds(10));
    let mark = capture.frames().len();
    wait::until("more adverts than a backup waits for", wait::seconds(10), || {
        let heard = capture.frames().into_iter().skip(mark);
        heard.filter(|frame| frame.interface == "eth0" && frame.advert().is_some()).count() >= 5
    });
    assert_eq!(second.process().count("Entering MASTER"), 0, "{}", second.process().log());
    let leaked = capture.frames().into_iter().filter(|frame| {
        frame.outgoing && frame.source_mac().is_some_and(|mac| mac[..5] == [0, 0, 0x5e, 0, 1])
    });
    let leaked: Vec<_> = leaked.collect();
    assert!(leaked.is_empty(), "left the backup: {leaked:?}");
}

fn five_hundred_instances() {
    let router = Router::new();
    let node = &router.node;
    let mut text = String::new();
    for number in 0..500 {
        let (interface, vrid) = if number < 250 { ("eth0", number + 1) } else { ("eth1", number - 249) };
        write!(
            text,
            "vrrp_instance I{number} {{\n interface {interface}\n virtual_router_id {vrid}\n priority 200\n \
             virtual_ipaddress {{ 10.7.{}.{}/32 }}\n}}\n",
            number / 250,
            vrid
        )
        .unwrap();
    }
    let capture = Capture::start(node);
    let mut daemon = Daemon::start(Subject::Standfast, node, &text);
    wait::until("500 masters", wait::seconds(20), || {
        daemon.process().count("Entering MASTER STATE") == 500
    });
    let held = || node.addresses("eth0").len() + node.addresses("eth1").len();
    wait::until("500 addresses", wait::seconds(10), || held() == 502);
    let stopping = Instant::now();
    assert!(daemon.stop().success());
    assert!(stopping.elapsed() < wait::seconds(5), "took {:?}", stopping.elapsed());
    assert_eq!(held(), 2);
    let zeros = |interface| {
        capture.adverts_sent(interface).iter().filter(|(_, advert)| advert.priority() == 0).count()
    };
    assert_eq!(zeros("eth0") + zeros("eth1"), 500);
}

/// It resigns, and its own script is told.
fn instance_removed(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let stays = instance("I", "eth0", 51, "");
    let goes = instance("J", "eth1", 52, &format!("notify {}", recorder.script()));
    let daemon = Daemon::start(subject, node, &format!("{stays}{goes}"));
    daemon.await_master("I", 1, wait::seconds(10));
    daemon.await_master("J", 1, wait::seconds(10));
    node.await_address("eth1", "10.0.0.52/24", true, wait::seconds(5));
    recorder.await_call("INSTANCE J MASTER", 1);
    let capture = Capture::start(node);
    daemon.reload(&stays);
    node.await_address("eth1", "10.0.0.52/24", false, wait::seconds(5));
    recorder.await_call("INSTANCE J FAULT", 1);
    wait::until("the other goes on", wait::seconds(5), || capture.adverts_sent("eth0").len() >= 2);
    let mut facts = Facts::default();
    let last: Vec<String> =
        capture.adverts_sent("eth1").iter().map(|(_, advert)| advert.priority().to_string()).collect();
    facts.note("it resigned", last.contains(&"0".to_owned()).to_string());
    facts.calls("script calls", recorder.calls());
    facts
}

fn virtual_mac_deleted(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let more = format!("use_vmac\n notify {}", recorder.script());
    let daemon = Daemon::start(subject, node, &instance("I", "eth0", 51, &more));
    daemon.await_master("I", 1, wait::seconds(10));
    recorder.await_call("INSTANCE I MASTER", 1);
    node.sh("ip link del vrrp.51");
    daemon.await_master("I", 2, wait::seconds(15));
    node.await_address("vrrp.51", "10.0.0.51/24", true, wait::seconds(5));
    let capture = Capture::start(node);
    wait::until("adverts by it", wait::seconds(5), || capture.adverts_sent("vrrp.51").len() >= 2);
    recorder.await_call("INSTANCE I MASTER", 2);
    let mut facts = Facts::default();
    facts.calls("script calls", recorder.calls());
    facts
}

/// As one of the published configurations has it: the source address is not the host's. keepalived 2.2.7 takes
/// that for a fault, 2.4 and we speak with it.
fn foreign_unicast_source() {
    let router = Router::new();
    let node = &router.node;
    let capture = Capture::start(node);
    let more = "unicast_src_ip 10.66.0.1\n unicast_peer { 10.0.0.2 }";
    let daemon = Daemon::start(Subject::Standfast, node, &instance("I", "eth0", 51, more));
    daemon.await_master("I", 1, wait::seconds(10));
    wait::until("adverts", wait::seconds(5), || capture.adverts_sent("eth0").len() >= 2);
    let of_ours = |source| source == std::net::IpAddr::from([10, 66, 0, 1]);
    assert!(capture.adverts_sent("eth0").iter().all(|(_, advert)| of_ours(advert.source)));
}
