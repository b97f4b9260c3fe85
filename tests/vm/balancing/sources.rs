//! `connect_ip`, `connect_port`, `bindto`, `bind_port`, `bind_if` and `fwmark`: where the packets of a check really go,
//! and what they carry, seen where they leave and where they arrive.

use super::lab::{Lab, service};
use super::server::{Manner, Server};
use super::speakers::{Datagrams, Mail, dns_reply};
use crate::support::daemon::Subject;
use crate::support::net::Node;
use crate::support::wait;

/// A kind of check, its block's own lines, its port, and how its packets are told from others.
const KINDS: [(&str, &str, u16, &str); 6] = [
    ("TCP_CHECK", "", 1001, "tcp"),
    ("HTTP_GET", "url {\npath /\n}", 1002, "tcp"),
    ("SMTP_CHECK", "", 1003, "tcp"),
    ("UDP_CHECK", "require_reply", 1004, "udp"),
    ("DNS_CHECK", "type A\nname x.example", 1005, "udp"),
    ("PING_CHECK", "", 1006, "icmp"),
];

/// Two ways lead to this address: the ordinary one to the first real server, the other to the client.
const TARGET: &str = "10.7.0.1";

/// Each real server comes in when its check has succeeded; nobody listens where it is.
fn config() -> String {
    let mut text = String::new();
    // A port alone, of every address.
    text.push_str(&plain("TCP_CHECK", 1011, "10.1.0.4 1011", "bind_port 7011"));
    for (kind, lines, port, _) in KINDS {
        let own = format!(
            "connect_ip {TARGET}\nconnect_port {port}\nbindto 10.0.0.50\nbind_port {}\nbind_if eth0\nfwmark 9",
            port + 6000
        );
        text.push_str(&plain(kind, port, "10.1.0.3 80", &format!("{own}\n{lines}")));
    }
    text
}

fn plain(kind: &str, port: u16, server: &str, lines: &str) -> String {
    format!(
        "virtual_server 10.0.0.100 {port} {{
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    alpha
    delay_loop 2
    warmup 0
    connect_timeout 2
    real_server {server} {{
        {kind} {{
            {lines}
        }}
    }}
}}
"
    )
}

/// What 2.2.7 goes without: `bind_if` of the one; `bindto`, `bind_port`, `bind_if` and `fwmark` of the other.
const NOT_IN_THE_ORIGINAL: [&str; 2] = ["UDP_CHECK", "PING_CHECK"];

/// What a packet of this check is recognised by: its target, and then its source.
fn to_and_from(port: u16, protocol: &str) -> (String, String) {
    let from = port + 6000;
    match protocol {
        // An echo has an identifier instead of ports.
        "icmp" => (
            format!("ip daddr {TARGET} icmp type echo-request"),
            format!("ip saddr 10.0.0.50 icmp id {from}"),
        ),
        _ => (
            format!("ip daddr {TARGET} {protocol} dport {port}"),
            format!("ip saddr 10.0.0.50 {protocol} sport {from}"),
        ),
    }
}

/// Counts on this hook what is as it should be (`good`), and then what else goes to the same target.
fn count(node: &Node, hook: &str, more: &str) {
    let mut rules = format!(
        "add table ip f\nadd chain ip f c {{ type filter hook {hook} priority 0; policy accept; }}\n"
    );
    for (kind, _, port, protocol) in KINDS {
        let (to, from) = to_and_from(port, protocol);
        rules.push_str(&format!(
            "add rule ip f c {to} {from} {more} counter accept comment \"good {kind}\"\n"
        ));
        rules.push_str(&format!("add rule ip f c {to} counter comment \"other {kind}\"\n"));
    }
    let file = node.dir.join("count.nft");
    std::fs::write(&file, rules).unwrap();
    node.sh(&format!("nft -f {}", file.display()));
}

/// What was counted, as `good TCP_CHECK` with a number.
fn counted(node: &Node) -> Vec<(String, u64)> {
    let text = node.sh("nft list chain ip f c");
    let number = |line: &str| line.split("packets ").nth(1)?.split(' ').next()?.parse().ok();
    let name = |line: &str| Some(line.split("comment \"").nth(1)?.trim_end_matches('"').to_owned());
    text.lines().filter_map(|line| Some((name(line)?, number(line)?))).collect()
}

/// Every kind of check over the network, with every option at once.
pub fn as_configured(subject: Subject) {
    let lab = Lab::new();
    lab.director.sh(&format!(
        "ip addr add 10.0.0.50/32 dev eth0; ip route add {TARGET} via 10.1.0.2; ip route add {TARGET} via 10.0.0.9 metric 9"
    ));
    for node in [&lab.client, &lab.reals[0]] {
        node.sh(&format!("ip addr add {TARGET}/32 dev lo"));
    }
    let _tcp = Server::start(&lab.client, "10.7.0.1:1001", Manner::Hangs);
    let _web = Server::start(&lab.client, "10.7.0.1:1002", Manner::Answers(200));
    let _mail = Mail::start(&lab.client, "10.7.0.1:1003");
    let _echo = Datagrams::start(&lab.client, "10.7.0.1:1004", |_| Some(vec![1]));
    let _names = Datagrams::start(&lab.client, "10.7.0.1:1005", |question| dns_reply(question, 0));
    let alone = Server::start(&lab.reals[2], "0.0.0.0:1011", Manner::Hangs);
    count(&lab.director, "output", "oifname \"eth0\" meta mark 9");
    count(&lab.client, "input", "iifname \"eth0\"");
    let daemon = lab.direct(subject, &config());
    let mut wanted = vec![service("-t 10.0.0.100:1011", "-s rr", &["10.1.0.4:1011 -m -w 1"])];
    for (kind, _, port, _) in KINDS {
        // The first real server answers to echoes, too.
        let up = subject == Subject::Standfast || kind != "UDP_CHECK";
        let real = up.then_some("10.1.0.3:80 -m -w 1");
        wanted.push(service(&format!("-t 10.0.0.100:{port}"), "-s rr", real.as_slice()));
    }
    wanted.sort();
    let found = || crate::support::ipvs::table(&lab.director);
    wait::value(
        "all are up",
        wait::seconds(25),
        || (found() == wanted).then_some(()),
        || format!("{:#?}\n{:#?}\n{}", found(), counted(&lab.director), daemon.process().log()),
    );
    let port = alone.peers().first().unwrap().port();
    // Without an address 2.2.7 forgets the port.
    assert_eq!(port == 7011, subject == Subject::Standfast, "{port}");
    for node in [&lab.director, &lab.client] {
        for (name, packets) in counted(node) {
            let (good, kind) = (name.starts_with("good "), name.rsplit(' ').next().unwrap());
            if subject == Subject::Standfast || !NOT_IN_THE_ORIGINAL.contains(&kind) {
                assert_eq!(packets > 0, good, "{}: {name}: {packets}", node.name);
            } else if node.name == "director" {
                assert_eq!(packets > 0, !good, "not any more as 2.2.7: {name}: {packets}");
            }
        }
    }
}
