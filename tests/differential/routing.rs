//! Routes, rules and what is static: the same file on both, and what `ip` shows as BACKUP, as MASTER, after a reload and
//! after the stop; what somebody deletes.

use super::facts::{Facts, same};
use super::lifecycle::Router;
use crate::support::daemon::{Daemon, Recorder, Subject};
use crate::support::net::Node;
use crate::support::runner::Case;
use crate::support::wait;
use nix::sys::signal::Signal;

pub fn cases() -> Vec<Case> {
    vec![
        same("routing::from_start_to_stop", from_start_to_stop),
        same("routing::addresses_with_every_word", addresses_with_every_word),
        same("routing::reload", reload),
        same("routing::statics_come_back", statics_come_back),
        same("routing::track_group", track_group),
        Case::new("routing::virtual_ones_deleted_original", || deleted(Subject::Keepalived)),
        Case::new("routing::virtual_ones_deleted_ours", || deleted(Subject::Standfast)),
        Case::new("routing::left_behind", left_behind),
        Case::new("routing::alike", alike),
        Case::new("routing::overrun", overrun),
    ]
}

const STATICS: &str = "global_defs {
 default_interface eth1
}
static_ipaddress {
 10.5.9.1/24
 239.9.9.1/32 autojoin
 10.5.0.1/24 dev eth1 brd + scope link label eth1:s
 2001:db8:5::1/64 dev eth1
 10.6.0.1 dev eth1 peer 10.6.0.2
}
static_routes {
 10.50.0.0/16 via 10.1.0.9 dev eth1 metric 5
 2001:db8:50::/48 via fe80::9 dev eth1
 blackhole 10.51.0.0/16
 10.53.0.0/16 gw 10.1.0.9 dev eth1 dsfield 0x10 ttl-propagate enabled
}
static_rules {
 from 10.5.0.0/24 table 50 preference 500
 to 2001:db8::/32 table 51 preference 501
 from 10.5.1.0/24 dsfield 0x10 table 50 sup_pl 4 sup_group 2 preference 503
}
";

const ROUTES: &str = "10.60.0.0/16 via 10.0.0.9 dev eth0 src 10.0.0.50 metric 10 table 60
 10.61.0.0/16 via 10.0.0.9
 default via 10.0.0.8 dev eth0 metric 77
 10.62.0.0/16 nexthop via 10.0.0.9 dev eth0 weight 2 nexthop via 10.1.0.9 dev eth1 weight 1 onlink
 10.63.0.0/16 dev eth0 mtu lock 1400 advmss 1300 rtt 300ms rttvar 250ms window 1000 hoplimit 20 initcwnd 10 initrwnd 11 features ecn quickack 1 congctl lock reno cwnd lock 30 ssthresh 40 rto_min 200ms reordering 4 scope link tos 0x10
 prohibit 10.64.0.0/16
 10.65.0.0/16 encap ip id 5 dst 10.9.9.9 tos 4 ttl 7 dev eth0
 10.66.0.0/16 encap ip6 id 5 dst 2001:db8::9 hoplimit 7 dev eth0
 2001:db8:60::/48 via fe80::1 dev eth0 pref high metric 99
 2001:db8:61::/48 dev eth0 nexthop via fe80::1 dev eth0 nexthop via fe80::2 dev eth0 weight 5
 10.67.0.0/16 dev eth0 append
 10.71.0.0/16 via 10.0.0.7 dev eth0 append
 10.71.0.0/16 via 10.0.0.8 dev eth0 append
 10.71.0.0/16 via 10.0.0.6 dev eth0 prepend
 10.68.0.0/16 dev eth0 add no_track protocol 99
 local 10.69.0.1 dev eth0 table 70 scope host
 unicast 10.70.0.0/16 dev eth0 realms 3/5 fastopen_no_cookie 1
 10.73.0.0/16 gw 10.0.0.9 dev eth0 dsfield AF11 ttl-propagate disabled";

const RULES: &str = "from 10.60.0.0/16 table 60 preference 600
 to 10.61.0.0/16 iif eth0 oif eth1 fwmark 0x10/0xff tos 0x10 blackhole preference 601
 from 10.62.0.0/16 goto 700 preference 602
 prohibit fwmark 7 preference 603
 unreachable fwmark 8 preference 604
 nop preference 605 no_track protocol 77
 table 60 suppress_prefixlength 4 suppress_ifgroup 2 preference 606 realms 3/4
 not from 10.3.0.0/16 table 60 preference 607 uidrange 5-10 tunnel-id 12
 l3mdev preference 608
 ipproto 6 sport 5-10 dport 7-8 table 60 preference 609
 from 2001:db8::/32 table 61 preference 610
 from 10.66.0.0/24 dsfield 0x10 table 60 sup_pl 8 sup_group 3 preference 612
 from any to any table 60 preference 611";

/// `eth0`, `eth1` with both families, and something of others beside ours.
fn router() -> Router {
    let router = Router::new();
    for interface in ["eth0", "eth1"] {
        router.node.sh(&format!("echo 0 > /proc/sys/net/ipv6/conf/{interface}/disable_ipv6"));
    }
    router.node.sh("ip route add 10.60.0.0/16 via 10.0.0.9 dev eth0 table 60");
    router.node.sh("ip route add 10.99.0.0/16 via 10.0.0.9 dev eth0 proto bird");
    router.node.sh("ip rule add from 10.99.0.0/16 table 99 preference 600");
    router
}

fn instance(script: &str, more: &str) -> String {
    format!(
        "vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 200\n \
         virtual_ipaddress {{\n 10.0.0.50/24\n }}\n notify {script}\n {more}\n}}\n"
    )
}

fn with_objects(script: &str, routes: &str, rules: &str) -> String {
    instance(script, &format!("virtual_routes {{\n {routes}\n }}\n virtual_rules {{\n {rules}\n }}"))
}

/// Everything that is in the kernel's routing, but for what the kernel makes itself.
fn note_routing(facts: &mut Facts, when: &str, node: &Node) {
    for (what, command) in [
        ("routes", "ip -4 -d route show table all; ip -6 -d route show table all"),
        ("rules", "ip -4 rule; ip -6 rule"),
    ] {
        let text = node.sh(command);
        let lines: Vec<&str> = text.lines().filter(|line| !line.contains("proto kernel")).collect();
        facts.list(format!("{what} {when}"), &lines);
    }
    for interface in ["eth0", "eth1"] {
        // The kernel's own addresses lose their tentative flag in their own time.
        let text = node.sh(&format!("ip -d -o addr show dev {interface}"));
        let lines: Vec<&str> = text.lines().filter(|line| !line.contains("scope link tentative")).collect();
        let lines: Vec<String> = lines
            .iter()
            .filter(|line| !line.contains("inet6 fe80"))
            .map(|line| {
                // The index of the interface is the namespace's business.
                line.split_once(": ").map_or("", |(_, rest)| rest).to_owned()
            })
            .collect();
        facts.list(format!("addresses of {interface} {when}"), &lines);
    }
    let sysctl = "cat /proc/sys/net/ipv4/conf/eth[01]/promote_secondaries";
    facts.note(format!("promote_secondaries {when}"), node.sh(sysctl));
}

fn await_text(node: &Node, command: &str, text: &str, there: bool) {
    let what = format!("'{text}' in '{command}': {there}");
    let holds = || (node.sh(command).contains(text) == there).then_some(());
    wait::value(&what, wait::seconds(10), holds, || node.sh(command));
}

fn from_start_to_stop(subject: Subject) -> Facts {
    let router = router();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let mut facts = Facts::default();
    note_routing(&mut facts, "before", node);
    let config = format!("{STATICS}{}", with_objects(&recorder.script(), ROUTES, RULES));
    let config = config.replace("priority 200", "priority 200\n promote_secondaries");
    let mut daemon = Daemon::start(subject, node, &config);
    daemon.await_line("(I) Entering BACKUP STATE", wait::seconds(10));
    await_text(node, "ip -6 rule", "501:", true);
    note_routing(&mut facts, "as BACKUP", node);
    daemon.await_master("I", 1, wait::seconds(10));
    await_text(node, "ip rule", "611:", true);
    note_routing(&mut facts, "as MASTER", node);
    node.sh("ip link set eth0 down");
    recorder.await_call("INSTANCE I FAULT", 1);
    await_text(node, "ip -6 rule", "610:", false);
    await_text(node, "ip rule", "611:", false);
    node.await_address("eth0", "10.0.0.50/24", false, wait::seconds(5));
    // What was on eth0 went with the link, ours and others'.
    let left = node.sh("ip route show table all proto keepalived; ip rule");
    facts.note("left in FAULT", left);
    facts.note("exit status", daemon.stop().to_string());
    if subject == Subject::Keepalived {
        // 2.2 leaves an address with a peer.
        node.sh("ip addr del 10.6.0.1 peer 10.6.0.2 dev eth1");
    }
    note_routing(&mut facts, "after the stop", node);
    let lines = daemon.process().lines();
    let objects = lines.iter().filter_map(|line| line.text.split("(I) ").nth(1));
    let objects: Vec<&str> = objects.filter(|text| text.starts_with("setting")).collect();
    facts.list("log", &objects);
    facts
}

fn addresses_with_every_word(subject: Subject) -> Facts {
    let router = router();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let mut facts = Facts::default();
    let excluded = "virtual_ipaddress_excluded {
 10.7.0.1/24 dev eth1 noprefixroute
 10.9.0.1/24 preferred_lft 100
 10.9.1.1/24 brd -
 10.9.2.1/24 scope 5 brd +
 10.9.3.1/32 peer 10.9.3.2 label eth0:p
 10.9.4.1/24 scope site brd 10.9.4.77 home
 10.9.5.1/24 -nodad
 239.9.9.3/32 dev eth1 autojoin
 ff05::9/128 autojoin
 2001:db8::1/64 -nodad
 2001:db8::2/64 dev eth1 home
 2001:db8::3/64 mngtmpaddr
 2001:db8::4/64 noprefixroute
 2001:db8::6/128 preferred_lft forever
 2001:db8::7/64 preferred_lft 0
 2001:db8::8
 2001:db8::9 peer 2001:db8::a
 }";
    let config = instance(&recorder.script(), excluded);
    let config = config.replace("10.0.0.50/24\n", "10.0.0.50/24\n 239.9.9.2/32 autojoin\n");
    let mut daemon = Daemon::start(subject, node, &config);
    daemon.await_master("I", 1, wait::seconds(10));
    let expected = "2001:db8::9";
    await_text(node, "ip -6 addr show dev eth0", expected, true);
    wait::until("no address is tentative", wait::seconds(10), || {
        !node.sh("ip -6 addr show").contains("tentative")
    });
    note_routing(&mut facts, "as MASTER", node);
    facts.note("exit status", daemon.stop().to_string());
    let text = node.sh("ip -o addr show");
    let ours = ["10.9.", "2001:", "239.9.", "ff05:"];
    let left: Vec<&str> =
        text.lines().filter(|line| ours.iter().any(|address| line.contains(address))).collect();
    if subject == Subject::Standfast {
        assert_eq!(left, [""; 0], "keepalived 2.2 leaves those with a peer");
    }
    facts
}

fn reload(subject: Subject) -> Facts {
    let router = router();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let mut facts = Facts::default();
    let config = format!("{STATICS}{}", with_objects(&recorder.script(), ROUTES, RULES));
    let mut daemon = Daemon::start(subject, node, &config);
    daemon.await_master("I", 1, wait::seconds(10));
    await_text(node, "ip rule", "611:", true);
    let changed = config
        .replace(" 10.61.0.0/16 via 10.0.0.9\n", " 10.72.0.0/16 via 10.0.0.9 dev eth0\n")
        .replace("metric 77", "metric 78")
        .replace("from 10.62.0.0/16 goto 700 preference 602", "from 10.62.0.0/16 goto 701 preference 602")
        .replace("10.5.0.1/24 dev eth1", "10.5.0.2/24 dev eth1")
        .replace("10.50.0.0/16 via", "10.52.0.0/16 via")
        .replace("table 50 preference 500", "table 50 preference 502");
    daemon.reload(&changed);
    await_text(node, "ip rule", "502:", true);
    await_text(node, "ip rule", "goto 701", true);
    await_text(node, "ip route", "10.72.0.0/16", true);
    await_text(node, "ip route", "metric 78", true);
    await_text(node, "ip route", "10.50.0.0/16", false);
    await_text(node, "ip addr show dev eth1", "10.5.0.1", false);
    note_routing(&mut facts, "after the reload", node);
    daemon.reload(&instance(&recorder.script(), ""));
    await_text(node, "ip rule", "502:", false);
    await_text(node, "ip rule", "611:", false);
    await_text(node, "ip -6 rule", "610:", false);
    await_text(node, "ip route show table all proto keepalived", "1", false);
    await_text(node, "ip -6 route show proto keepalived", "2001", false);
    await_text(node, "ip -6 addr show dev eth1", "2001:db8:5::1", false);
    facts.calls("script calls", recorder.calls());
    facts.note("exit status", daemon.stop().to_string());
    facts
}

/// Of what names no track group 2.2.7 puts back addresses only.
fn statics_come_back(subject: Subject) -> Facts {
    let router = router();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let mut facts = Facts::default();
    let tracked = "track_group G { group { I } }
static_ipaddress { 10.5.0.1/24 dev eth1 track_group G }
static_routes {
 10.50.0.0/16 via 10.1.0.9 dev eth1 track_group G
 2001:db8:50::/48 via fe80::9 dev eth1 track_group G
}
static_rules {
 from 10.5.0.0/24 iif eth1 table 50 preference 500 track_group G
 to 2001:db8::/32 iif eth1 table 51 preference 501 track_group G
}
";
    let statics = match subject {
        Subject::Keepalived => tracked.to_owned(),
        Subject::Standfast => {
            tracked.lines().skip(1).collect::<Vec<_>>().join("\n").replace("track_group G", "")
        }
    };
    let daemon = Daemon::start(subject, node, &format!("{statics}\n{}", instance(&recorder.script(), "")));
    daemon.await_master("I", 1, wait::seconds(10));
    for (command, text, deletion) in [
        ("ip addr show dev eth1", "10.5.0.1/24", "ip addr del 10.5.0.1/24 dev eth1"),
        ("ip route", "10.50.0.0/16", "ip route del 10.50.0.0/16"),
        ("ip -6 route", "2001:db8:50::/48", "ip route del 2001:db8:50::/48"),
        ("ip rule", "500:", "ip rule del preference 500"),
        ("ip -6 rule", "501:", "ip -6 rule del preference 501"),
    ] {
        await_text(node, command, text, true);
        node.sh(deletion);
        await_text(node, command, text, true);
    }
    note_routing(&mut facts, "at last", node);
    facts.calls("script calls", recorder.calls());
    facts
}

fn track_group(subject: Subject) -> Facts {
    let router = router();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let mut facts = Facts::default();
    let statics = "track_group G { group { I } }
static_ipaddress { 10.5.0.1/24 dev eth1 track_group G }
static_routes { 10.50.0.0/16 via 10.1.0.9 dev eth1 track_group G }
static_rules { from 10.5.0.0/24 iif eth1 table 50 preference 500 track_group G }
";
    let daemon = Daemon::start(subject, node, &format!("{statics}{}", instance(&recorder.script(), "")));
    daemon.await_master("I", 1, wait::seconds(10));
    node.sh("ip addr del 10.5.0.1/24 dev eth1");
    await_text(node, "ip addr show dev eth1", "10.5.0.1/24", true);
    node.sh("ip link set eth1 down");
    recorder.await_call("INSTANCE I FAULT", 1);
    await_text(node, "ip route", "10.50.0.0/16", false);
    node.sh("ip link set eth1 up");
    daemon.await_master("I", 2, wait::seconds(15));
    await_text(node, "ip route", "10.50.0.0/16", true);
    note_routing(&mut facts, "at last", node);
    recorder.await_call("INSTANCE I MASTER", 2);
    facts.calls("script calls", recorder.calls());
    facts
}

/// keepalived leaves MASTER and comes back; ours stays.
fn deleted(subject: Subject) {
    let router = router();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let (routes, rules) = (
        "10.61.0.0/16 via 10.0.0.9 dev eth0\n 2001:db8:62::/48 dev eth0 nexthop via fe80::1 dev eth0 nexthop via fe80::2 dev eth0",
        "from 10.61.0.0/16 table 60 preference 601",
    );
    let daemon = Daemon::start(subject, node, &with_objects(&recorder.script(), routes, rules));
    daemon.await_master("I", 1, wait::seconds(10));
    let mut masters = 1;
    let mut gone = vec![
        ("ip route", "10.61.0.0/16", "ip route del 10.61.0.0/16"),
        ("ip rule", "601:", "ip rule del preference 601"),
    ];
    if subject == Subject::Standfast {
        gone.push(("ip -6 route", "via fe80::2", "ip -6 route del 2001:db8:62::/48 via fe80::2 dev eth0"));
        gone.push(("ip route", "via 10.0.0.9", "ip route replace 10.61.0.0/16 via 10.0.0.33 dev eth0"));
    }
    for (command, text, deletion) in gone {
        await_text(node, command, text, true);
        node.sh(deletion);
        if subject == Subject::Keepalived {
            masters += 1;
            daemon.await_master("I", masters, wait::seconds(10));
        }
        await_text(node, command, text, true);
    }
    let backups = recorder.calls().iter().filter(|call| call.contains("INSTANCE I BACKUP")).count();
    match subject {
        Subject::Keepalived => recorder.await_call("INSTANCE I MASTER", 3),
        Subject::Standfast => {
            assert_eq!(backups, 1, "the start: {:?}", recorder.calls());
            let hops = node.sh("ip -6 route show 2001:db8:62::/48");
            assert_eq!(hops.matches("nexthop").count(), 2, "whole again: {hops}");
            daemon
                .await_line("rule from 10.61.0.0/16 table 60 preference 601 was removed", wait::seconds(5));
        }
    }
}

/// What a killed predecessor left is gone before the election, what is static and what is of others stays.
fn left_behind() {
    let router = router();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let config = format!("{STATICS}{}", with_objects(&recorder.script(), ROUTES, RULES));
    let before = node.sh("ip -4 route show table all | grep -v keepalived");
    let mut daemon = Daemon::start(Subject::Standfast, node, &config);
    daemon.await_master("I", 1, wait::seconds(10));
    await_text(node, "ip rule", "611:", true);
    daemon.kill();
    assert!(node.sh("ip route show table all proto keepalived").contains("10.63.0.0/16"));
    let mut daemon = Daemon::start(Subject::Standfast, node, &config);
    daemon.await_line("(I) Entering BACKUP STATE", wait::seconds(5));
    let routes = node.sh("ip route show table all proto keepalived");
    assert_eq!(routes.lines().count(), 4, "the static ones alone: {routes}");
    let rules = node.sh("ip rule; ip -6 rule");
    assert_eq!(rules.matches("proto keepalived").count(), 3, "the static ones alone: {rules}");
    assert!(rules.contains("from 10.99.0.0/16"), "{rules}");
    daemon.await_master("I", 1, wait::seconds(10));
    daemon.stop();
    let after = node.sh("ip -4 route show table all | grep -v keepalived");
    // A route without tracking and of another protocol is known by nothing after a crash.
    let after: Vec<&str> = after.lines().filter(|line| !line.contains("10.68.0.0/16")).collect();
    let before: Vec<&str> = before.lines().collect();
    assert_eq!(after, before);
}

/// Routes to one place of which one names no gateway: 2.2.7 leaves that one behind.
fn alike() {
    let router = router();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let routes = "10.67.0.0/16 dev eth0\n 10.67.0.0/16 via 10.0.0.7 dev eth0 append\n 10.67.0.0/16 via 10.0.0.6 dev eth0";
    let mut daemon = Daemon::start(Subject::Standfast, node, &with_objects(&recorder.script(), routes, ""));
    daemon.await_master("I", 1, wait::seconds(10));
    await_text(node, "ip route", "10.0.0.6", true);
    let order = node.sh("ip route show 10.67.0.0/16");
    let order: Vec<&str> = order.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    assert_eq!(order, ["10.0.0.6", "eth0", "10.0.0.7"]);
    daemon.stop();
    assert_eq!(node.sh("ip route show 10.67.0.0/16"), "");
}

/// Notifications that the daemon cannot take, because it stands still, are lost with that of a deleted route: all is read
/// again, and the route is back.
fn overrun() {
    let router = router();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let statics = "static_routes {\n 10.50.0.0/16 via 10.1.0.9 dev eth1\n}\nstatic_rules {\n from 10.5.0.0/24 table 50 preference 500\n}\n";
    let config = format!("{statics}{}", instance(&recorder.script(), ""));
    let daemon = Daemon::start(Subject::Standfast, node, &config);
    daemon.await_master("I", 1, wait::seconds(10));
    let flood: Vec<String> = ["add", "del"]
        .iter()
        .cycle()
        .take(6)
        .flat_map(|verb| {
            (0..2500).map(move |n| format!("addr {verb} 10.8.{}.{}/32 dev lo", n / 250, n % 250 + 1))
        })
        .collect();
    let batch = node.dir.join("flood");
    std::fs::write(&batch, flood.join("\n")).unwrap();
    daemon.signal(Signal::SIGSTOP);
    node.sh(&format!("ip -batch {}", batch.display()));
    node.sh("ip route del 10.50.0.0/16; ip rule del preference 500");
    daemon.signal(Signal::SIGCONT);
    daemon.await_line("Netlink notifications were lost", wait::seconds(10));
    await_text(node, "ip route", "10.50.0.0/16", true);
    await_text(node, "ip rule", "500:", true);
}
