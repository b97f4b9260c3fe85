//! The course notes: two instances that fall together when nginx dies, HTTP checks with and without a digest.

use super::example;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Subject};
use crate::support::http::{self, Http};
use crate::support::net::{Net, Node};
use crate::support::process::Process;
use crate::support::{ipvs, wait};
use md5::{Digest, Md5};
use std::collections::BTreeSet;
use std::time::Duration;

const SERVICE: &str = "192.168.56.205:80";
/// A check every 6 s, and 3 more tries 3 s apart before a server leaves; the first comes within 7 s.
const NEXT_CHECK: Duration = Duration::from_secs(25);

/// Two instances in a sync group on two directors, NAT over three real servers.
pub fn sync_group(subject: Subject) {
    let net = Net::new();
    let (mut own, mut peer, client) = (net.node("own"), net.node("peer"), net.node("client"));
    let reals = [1, 2, 3].map(|number| net.node(&format!("real{number}")));
    let _front = net.lan(
        "front",
        &[
            (&own, "eth1", "192.168.56.101/24"),
            (&peer, "eth1", "192.168.56.102/24"),
            (&client, "eth1", "192.168.56.9/24"),
        ],
    );
    let _back = net.lan(
        "back",
        &[
            (&own, "eth2", "192.168.33.101/24"),
            (&peer, "eth2", "192.168.33.102/24"),
            (&reals[0], "eth2", "192.168.33.1/24"),
            (&reals[1], "eth2", "192.168.33.2/24"),
            (&reals[2], "eth2", "192.168.33.3/24"),
        ],
    );
    let servers = reals.each_ref().map(|real| {
        real.sh("ip route add default via 192.168.33.205");
        Http::start(real, "0.0.0.0:80", &real.name)
    });
    for node in [&mut own, &mut peer] {
        node.isolate_processes();
        // Debian's pidof is a link to killall5, which keepalived follows: under that name it never finds anything.
        let line =
            format!("cp \"$(readlink -f \"$(command -v pidof)\")\" {}/bin/pidof", node.dir.display());
        node.sh(&line);
        node.sh("sysctl -q -w net.ipv4.ip_forward=1");
    }
    let mut nginx = start_nginx(&own);
    let _peers_nginx = start_nginx(&peer);
    // The file's source address is foreign to its author's host by a slip of the pen; here the host has it.
    own.sh("ip addr add 192.166.56.101/32 dev eth1");
    let text = std::fs::read_to_string(example("nginx-two-vips-nat.conf")).unwrap();
    let first = Daemon::start(subject, &own, &text);
    for instance in ["VIP1", "VIP2"] {
        first.await_master(instance, 1, wait::seconds(15));
    }
    await_vips(&own, true);
    let second = Daemon::start(subject, &peer, &mirrored(&text));
    second.await_line("(VIP1) Entering BACKUP STATE", wait::seconds(10));
    assert_eq!(ipvs::table(&own), [table("-s wrr -p 50", "-m", &[1, 2, 3])]);
    let answers: BTreeSet<_> = (0..6).map(|_| http::get(&client, SERVICE, wait::seconds(2))).collect();
    assert!(
        answers.len() == 1 && !answers.contains(&None),
        "one client stays with one server: {answers:?}"
    );

    let capture = Capture::start(&peer);
    let heard = || capture.adverts_received("eth1").len().min(capture.adverts_received("eth2").len());
    wait::until("adverts of both enough for a takeover, were they not heard", wait::seconds(15), || {
        heard() >= 5
    });
    let masters = second.process().count("Entering MASTER STATE");
    assert_eq!(
        masters,
        0,
        "the peer hears both instances\n{}{}",
        second.process().log(),
        first.process().log()
    );

    nginx.kill_family();
    await_vips(&own, false);
    for instance in ["VIP1", "VIP2"] {
        first.await_line(&format!("({instance}) Entering FAULT STATE"), wait::seconds(10));
        second.await_master(instance, 1, wait::seconds(15));
    }
    await_vips(&peer, true);
    assert!(http::get(&client, SERVICE, wait::seconds(3)).is_some(), "the peer serves");

    let _nginx = start_nginx(&own);
    for instance in ["VIP1", "VIP2"] {
        first.await_master(instance, 2, wait::seconds(20));
    }
    await_vips(&own, true);
    await_vips(&peer, false);

    servers[1].answer_with(500);
    await_table(&own, &table("-s wrr -p 50", "-m", &[1, 3]));
    servers[1].answer_with(204);
    await_table(&own, &table("-s wrr -p 50", "-m", &[1, 2, 3]));
}

/// A digest that no server's body has: all leave; with the digest of the body, all stay.
pub fn digest(subject: Subject) {
    let net = Net::new();
    let director = net.node("director");
    let reals = [1, 2, 3].map(|number| net.node(&format!("real{number}")));
    let _lan = net.lan(
        "lan",
        &[
            (&director, "eth2", "192.168.33.101/24"),
            (&reals[0], "eth2", "192.168.33.1/24"),
            (&reals[1], "eth2", "192.168.33.2/24"),
            (&reals[2], "eth2", "192.168.33.3/24"),
        ],
    );
    let body = "I am well\n";
    let _servers = reals.each_ref().map(|real| Http::start(real, "0.0.0.0:80", body));
    let text = std::fs::read_to_string(example("nginx-dr-digest.conf")).unwrap();
    let mut daemon = Daemon::start(subject, &director, &text);
    await_table(&director, &table("-s wrr -p 50", "-g", &[1, 2, 3]));
    await_table(&director, &table("-s wrr -p 50", "-g", &[]));
    assert!(daemon.stop().success());

    let own: String = Md5::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    let _daemon =
        Daemon::start(subject, &director, &text.replace("a635f6f309228a052994bdba46681855", &own));
    await_table(&director, &table("-s wrr -p 50", "-g", &[1, 2, 3]));
    // Longer than the first run needed to throw all of them out.
    let start = std::time::Instant::now();
    wait::until("all checks have run", wait::seconds(60), || {
        assert_eq!(ipvs::table(&director), [table("-s wrr -p 50", "-g", &[1, 2, 3])]);
        start.elapsed() > Duration::from_secs(12)
    });
}

/// The second director's file: source and peer exchanged as the file's comment asks, lower priorities.
fn mirrored(text: &str) -> String {
    text.replace("192.166.56.101", "192.168.56.MINE")
        .replace("192.168.56.102", "192.168.56.101")
        .replace("192.168.56.MINE", "192.168.56.102")
        .replace("priority 100", "priority 50")
        .replace("priority 200", "priority 100")
}

fn start_nginx(node: &Node) -> Process {
    let config = node.dir.join("nginx.conf");
    let dir = node.dir.display();
    std::fs::write(
        &config,
        format!("daemon off; master_process off; pid {dir}/nginx.pid; error_log stderr;\nevents {{}}\n"),
    )
    .unwrap();
    let nginx = node.spawn("nginx", &["-c", &config.display().to_string(), "-e", "stderr"]);
    let running = || node.dir.join("nginx.pid").exists().then_some(());
    wait::value("nginx runs", wait::seconds(10), running, || nginx.log());
    std::fs::remove_file(node.dir.join("nginx.pid")).unwrap();
    nginx
}

fn table(options: &str, method: &str, reals: &[u8]) -> ipvs::Service {
    let reals = reals.iter().map(|number| format!("192.168.33.{number}:80 {method} -w 1")).collect();
    ipvs::Service { address: format!("-t {SERVICE}"), options: options.to_owned(), reals }
}

#[track_caller]
fn await_table(node: &Node, expected: &ipvs::Service) {
    let found = || ipvs::table(node);
    let matches = || (found() == std::slice::from_ref(expected)).then_some(());
    wait::value(&format!("{expected:?}"), NEXT_CHECK + wait::seconds(3), matches, || {
        format!("{:?}", found())
    });
}

#[track_caller]
fn await_vips(node: &Node, present: bool) {
    node.await_address("eth1", "192.168.56.205/32", present, wait::seconds(10));
    node.await_address("eth2", "192.168.33.205/32", present, wait::seconds(10));
}
