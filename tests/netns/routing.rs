//! Routes and rules: every word of their lines in the kernel, found again there, and gone.

use standfast::config::{LoadOptions, load_str};
use standfast::ids::{IfIndex, Name};
use standfast::kernel::monitor::{Change as News, Monitor};
use standfast::kernel::netlink::Channel;
use standfast::kernel::routing::{self, Change, Done, Lookup, Missing, Prepared};
use standfast::objects::route::List;
use standfast::objects::routing::RoutingObject;

use crate::hosts::{channel, index, ip, ip_output, lone_host};

/// Knows the interfaces of the lone host, and a name of each list.
struct Host;

impl Lookup for Host {
    fn interface(&self, name: &Name) -> Option<IfIndex> {
        ["left0", "right0"].contains(&&**name).then(|| index(name))
    }

    fn number(&self, list: List, name: &Name) -> Option<u32> {
        match (list, &**name) {
            (List::Tables, "vpn") => Some(1000),
            (List::Realms, "inside") => Some(7),
            (List::Groups, "lan") => Some(3),
            _ => None,
        }
    }

    fn vrf(&self, name: &Name) -> Option<u32> {
        (&**name == "blue").then_some(90)
    }
}

fn objects(routes: &str, rules: &str) -> Vec<RoutingObject> {
    let text = format!("static_routes {{\n{routes}\n}}\nstatic_rules {{\n{rules}\n}}\n");
    let statics = load_str("test.conf", &text, &LoadOptions::default()).config.statics;
    let routes = statics.routes.into_iter().map(|route| RoutingObject::Route(Box::new(route)));
    let rules = statics.rules.into_iter().map(|rule| RoutingObject::Rule(Box::new(rule)));
    routes.chain(rules).collect()
}

fn prepared(routes: &str, rules: &str) -> Vec<Prepared> {
    objects(routes, rules).iter().map(|object| Prepared::new(object, &Host).unwrap()).collect()
}

fn add(channel: &mut Channel, object: &Prepared) -> Result<Done, Option<i32>> {
    let result = routing::apply(channel, &[Change::Add(object)]).remove(0);
    result.map_err(|error| error.errno())
}

/// Two interfaces with addresses, and IPv6 on the left one.
fn host() -> Channel {
    lone_host();
    std::fs::write("/proc/sys/net/ipv6/conf/left0/disable_ipv6", "0").unwrap();
    ip("address add 10.0.0.1/24 dev left0");
    ip("address add 10.1.0.1/24 dev right0");
    routing::channel().unwrap()
}

/// The line, and what `ip -d` shows of it.
const ROUTES: &[(&str, &str)] = &[
    (
        "10.60.0.0/16 via 10.0.0.9 dev left0 src 10.0.0.1 metric 10 table 60",
        "unicast 10.60.0.0/16 via 10.0.0.9 dev left0 table 60 proto keepalived scope global src 10.0.0.1 metric 10",
    ),
    (
        "10.61.0.0/16 via 10.0.0.9",
        "unicast 10.61.0.0/16 via 10.0.0.9 dev left0 proto keepalived scope global",
    ),
    (
        "default via 10.0.0.8 dev left0 metric 77",
        "unicast default via 10.0.0.8 dev left0 proto keepalived scope global metric 77",
    ),
    (
        "10.62.0.0/16 nexthop via 10.0.0.9 dev left0 weight 256 nexthop via 10.9.0.9 dev right0 onlink",
        "unicast 10.62.0.0/16 proto keepalived scope global \n\tnexthop via 10.0.0.9 dev left0 weight 256 \n\tnexthop via 10.9.0.9 dev right0 weight 1 onlink",
    ),
    (
        "10.63.0.0/16 dev left0 mtu lock 1400 advmss 1300 rtt lock 300ms rttvar 250ms window 1000 hoplimit 20 initcwnd 10 initrwnd 11 features ecn quickack 1 congctl lock reno cwnd lock 30 ssthresh 40 rto_min 200ms reordering 4",
        "mtu lock 1400 window 1000 rtt lock 300ms rttvar 250ms ssthresh 40 cwnd lock 30 advmss 1300 reordering 4 hoplimit 20 initcwnd 10 features ecn rto_min 200ms initrwnd 11 quickack 1 congctl lock reno",
    ),
    (
        "10.64.0.0/16 dev left0 scope link tos 0x10",
        "unicast 10.64.0.0/16 tos 0x10 dev left0 proto keepalived scope link",
    ),
    ("prohibit 10.65.0.0/16", "prohibit 10.65.0.0/16 proto keepalived scope global"),
    ("blackhole 10.65.1.0/24", "blackhole 10.65.1.0/24 proto keepalived scope global"),
    ("throw 10.65.2.0/24", "throw 10.65.2.0/24 proto keepalived scope global"),
    ("unreachable 10.65.3.0/24", "unreachable 10.65.3.0/24 proto keepalived scope global"),
    (
        "local 10.65.4.1 dev left0 table 70 scope host",
        "local 10.65.4.1 dev left0 table 70 proto keepalived scope host",
    ),
    (
        "10.66.0.0/16 encap ip id 5 dst 10.9.9.9 tos 4 ttl 7 dev left0",
        "encap ip id 5 src 0.0.0.0 dst 10.9.9.9 ttl 7 tos 4 dev left0",
    ),
    (
        "10.67.0.0/16 encap ip6 id 5 dst 2001:db8::9 hoplimit 7 tc 3 dev left0",
        "encap ip6 id 5 src :: dst 2001:db8::9 hoplimit 7 tc 3 dev left0",
    ),
    ("10.68.0.0/16 dev left0 realms 3/inside fastopen_no_cookie 1", "realms 3/7 fastopen_no_cookie 1"),
    ("10.69.0.0/16 dev left0 table vpn", "10.69.0.0/16 dev left0 table 1000 proto keepalived"),
    ("10.70.0.0/16 dev left0 vrf blue", "10.70.0.0/16 dev left0 table 90 proto keepalived"),
    (
        "10.71.0.0/16 via 10.99.0.1 dev left0 onlink",
        "10.71.0.0/16 via 10.99.0.1 dev left0 proto keepalived scope global onlink",
    ),
    (
        "2001:db8:60::/48 via fe80::1 dev left0 pref high metric 99",
        "unicast 2001:db8:60::/48 via fe80::1 dev left0 proto keepalived scope global metric 99 pref high",
    ),
    (
        "2001:db8:61::/48 dev left0 expires 1000",
        "unicast 2001:db8:61::/48 dev left0 proto keepalived scope global metric 1024 expires",
    ),
    (
        "2001:db8:62::/48 nexthop via fe80::1 dev left0 nexthop via fe80::2 dev left0 weight 5",
        "\n\tnexthop via fe80::1 dev left0 weight 1 \n\tnexthop via fe80::2 dev left0 weight 5",
    ),
    (
        "inet6 default via fe80::3 dev left0",
        "unicast default via fe80::3 dev left0 proto keepalived scope global metric 1024",
    ),
    ("2001:db8:63::/48 from 2001:db8:1::/64 dev left0", "2001:db8:63::/48 from 2001:db8:1::/64 dev left0"),
];

const RULES: &[(&str, &str)] = &[
    ("from 10.60.0.0/16 table 60 preference 600", "600:\tfrom 10.60.0.0/16 lookup 60 proto keepalived"),
    (
        "to 10.61.0.0/16 iif left0 oif right0 fwmark 0x10/0xff tos 0x10 blackhole preference 601",
        "601:\tfrom all to 10.61.0.0/16 tos 0x10 fwmark 0x10/0xff iif left0 oif right0 blackhole proto keepalived",
    ),
    (
        "from 10.62.0.0/16 goto 700 preference 602",
        "602:\tfrom 10.62.0.0/16 goto 700 [unresolved] proto keepalived",
    ),
    ("prohibit preference 603", "603:\tfrom all prohibit proto keepalived"),
    ("unreachable preference 604 fwmark 7", "604:\tfrom all fwmark 0x7 unreachable proto keepalived"),
    ("nop preference 605 protocol 77 no_track", "605:\tfrom all nop proto 77"),
    (
        "table 60 suppress_prefixlength 4 suppress_ifgroup lan preference 606 realms 3/inside",
        "606:\tfrom all lookup 60 suppress_prefixlength 4 suppress_ifgroup 3 realms 3/7 proto keepalived",
    ),
    (
        "not from 10.3.0.0/16 table vpn preference 607 uidrange 5-10 tunnel-id 12",
        "607:\tnot from 10.3.0.0/16 uidrange 5-10 tun_id 12 lookup 1000 proto keepalived",
    ),
    ("l3mdev preference 608", "608:\tfrom all lookup [l3mdev-table] proto keepalived"),
    (
        "ipproto 6 sport 5-10 dport 7-8 table 60 preference 609",
        "609:\tfrom all ipproto tcp sport 5-10 dport 7-8 lookup 60 proto keepalived",
    ),
    (
        "from 2001:db8::/32 iif absent0 table 61 preference 610",
        "610:\tfrom 2001:db8::/32 iif absent0 [detached] lookup 61 proto keepalived",
    ),
];

fn shown(what: &str) -> String {
    format!("{}{}", ip_output(&format!("-4 {what}")), ip_output(&format!("-6 {what}")))
}

#[test]
fn every_word_of_a_route_reaches_the_kernel_and_goes_again() {
    let mut channel = host();
    for (line, expected) in ROUTES {
        let object = prepared(line, "").remove(0);
        assert!(!routing::dump(&mut channel).unwrap().has(&object), "{line}");
        assert_eq!(add(&mut channel, &object), Ok(Done::Changed), "{line}");
        let now = shown("-d route show table all").replace(" table main", "");
        assert!(now.contains(expected), "{line}: {now}");
        assert!(routing::dump(&mut channel).unwrap().has(&object), "{line}: not known again in {now}");
        assert_eq!(routing::apply(&mut channel, &[Change::Remove(&object)]), [Ok(Done::Changed)], "{line}");
        assert_eq!(shown("route show table all proto 18"), "", "{line}");
    }
}

#[test]
fn every_word_of_a_rule_reaches_the_kernel_and_goes_again() {
    let mut channel = host();
    let before = shown("rule show");
    for (line, expected) in RULES {
        let object = prepared("", line).remove(0);
        assert!(!routing::dump(&mut channel).unwrap().has(&object), "{line}");
        assert_eq!(add(&mut channel, &object), Ok(Done::Changed), "{line}");
        let now = shown("-d rule show");
        assert!(now.contains(expected), "{line}: {now}");
        assert!(routing::dump(&mut channel).unwrap().has(&object), "{line}: not known again in {now}");
        assert_eq!(add(&mut channel, &object), Ok(Done::Existed), "{line}");
        assert_eq!(routing::apply(&mut channel, &[Change::Remove(&object)]), [Ok(Done::Changed)], "{line}");
        assert_eq!(shown("rule show"), before, "{line}");
    }
}

#[test]
fn thousands_go_in_one_breath_and_each_has_its_answer() {
    let mut channel = host();
    let lines: Vec<String> = (0..2000)
        .map(|n| match n {
            700 => "10.9.0.0/16 via 10.88.0.1 dev left0".to_owned(),
            _ => format!("10.{}.{}.0/24 via 10.0.0.9 dev left0", 64 + n / 250, n % 250),
        })
        .collect();
    let objects = prepared(&lines.join("\n"), "");
    let additions: Vec<_> = objects.iter().map(Change::Add).collect();
    for (n, result) in routing::apply(&mut channel, &additions).into_iter().enumerate() {
        let errno = result.err().and_then(|error| error.errno());
        assert_eq!(errno, (n == 700).then_some(libc::ENETUNREACH), "number {n}");
    }
    let present = routing::dump(&mut channel).unwrap();
    for (n, object) in objects.iter().enumerate() {
        assert_eq!(present.has(object), n != 700, "number {n}");
    }
    let removals: Vec<_> = objects.iter().map(Change::Remove).collect();
    assert!(routing::apply(&mut channel, &removals).iter().all(Result::is_ok), "one was never there");
    assert_eq!(shown("route show table all proto 18"), "");
}

#[test]
fn what_others_have_is_not_ours_and_stays() {
    let mut channel = host();
    ip("route add 10.60.0.0/16 via 10.0.0.9 dev left0");
    ip("rule add from 10.60.0.0/16 table 60 preference 600");
    let lines = ("10.60.0.0/16 via 10.0.0.9 dev left0", "from 10.60.0.0/16 table 60 preference 600");
    let objects = prepared(lines.0, lines.1);
    let foreign = (shown("route show 10.60.0.0/16"), shown("rule show"));
    let present = routing::dump(&mut channel).unwrap();
    assert!(objects.iter().all(|object| !present.has(object)));
    for object in &objects {
        assert_eq!(add(&mut channel, object), Ok(Done::Changed));
    }
    let present = routing::dump(&mut channel).unwrap();
    assert!(objects.iter().all(|object| present.has(object)));
    for object in &objects {
        assert_eq!(routing::apply(&mut channel, &[Change::Remove(object)]), [Ok(Done::Changed)]);
        assert_eq!(
            routing::apply(&mut channel, &[Change::Remove(object)]),
            [Ok(Done::Changed)],
            "gone already"
        );
    }
    assert_eq!((shown("route show 10.60.0.0/16"), shown("rule show")), foreign);
}

#[test]
fn routes_alike_keep_their_order() {
    let mut channel = host();
    ip("route add 10.60.0.0/16 via 10.0.0.7 dev left0");
    let lines = "10.60.0.0/16 via 10.0.0.8 dev left0 prepend\n10.60.0.0/16 via 10.0.0.9 dev left0 append\n\
                 10.60.0.0/16 via 10.0.0.6 dev left0 add";
    let objects = prepared(lines, "");
    let changes: Vec<_> = objects.iter().map(Change::Add).collect();
    let done = [Ok(Done::Changed), Ok(Done::Changed), Ok(Done::Existed)];
    assert_eq!(routing::apply(&mut channel, &changes), done, "'add' gives way to what is there");
    let order: Vec<String> = shown("route show 10.60.0.0/16")
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2).map(str::to_owned))
        .collect();
    assert_eq!(order, ["10.0.0.8", "10.0.0.7", "10.0.0.9"]);
    let present = routing::dump(&mut channel).unwrap();
    assert_eq!(objects.iter().map(|object| present.has(object)).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn what_the_host_lacks_is_named() {
    lone_host();
    let missing = |routes, rules| Prepared::new(&objects(routes, rules)[0], &Host).unwrap_err();
    assert_eq!(missing("10.60.0.0/16 dev away0", ""), Missing::Interface("away0".into()));
    assert_eq!(missing("10.60.0.0/16 dev left0 table moon", ""), Missing::Number("moon".into()));
    assert_eq!(missing("10.60.0.0/16 dev left0 vrf red", ""), Missing::Vrf("red".into()));
    assert_eq!(missing("", "table moon preference 5"), Missing::Number("moon".into()));
    drop(channel());
}

/// What the monitor has to say of routes and rules after `what` was done.
fn news_of(monitor: &mut Monitor, what: &str) -> Vec<News> {
    let mut channel = channel();
    ip(what);
    // The kernel has told of it when `ip` ends.
    let all = std::iter::from_fn(|| monitor.next(&mut channel).unwrap());
    all.filter(|change| matches!(change, News::RouteGone(_) | News::RuleGone)).collect()
}

#[test]
fn the_monitor_tells_what_of_ours_may_be_gone_and_nothing_else() {
    let mut channel = host();
    let mut monitor = Monitor::open(&mut channel).unwrap();
    monitor.watch_routing(true).unwrap();
    let lines = "10.60.0.0/16 via 10.0.0.9 dev left0\n10.61.0.0/16 dev left0 table vpn metric 7\n\
                 2001:db8:61::/48 dev left0";
    let objects = prepared(lines, "from 10.60.0.0/16 table 60 preference 600");
    for object in &objects {
        assert_eq!(add(&mut channel, object), Ok(Done::Changed));
    }
    let gone = |at: usize| vec![News::RouteGone(objects[at].route_key().unwrap().clone())];
    let nothing: Vec<News> = Vec::new();
    assert_eq!(news_of(&mut monitor, "route add 10.70.0.0/16 via 10.0.0.9 dev left0 proto bird"), nothing);
    assert_eq!(news_of(&mut monitor, "route del 10.70.0.0/16"), nothing, "none of ours");
    assert_eq!(news_of(&mut monitor, "route replace 10.60.0.0/16 via 10.0.0.7 dev left0"), gone(0));
    assert_eq!(news_of(&mut monitor, "route del 10.61.0.0/16 table 1000 metric 7"), gone(1));
    assert_eq!(news_of(&mut monitor, "-6 route del 2001:db8:61::/48"), gone(2));
    assert_eq!(news_of(&mut monitor, "rule del preference 600"), [News::RuleGone]);
    let present = routing::dump(&mut channel).unwrap();
    assert!(!objects.iter().any(|object| present.has(object)));
    monitor.watch_routing(false).unwrap();
    assert_eq!(add(&mut channel, &objects[1]), Ok(Done::Changed));
    assert_eq!(news_of(&mut monitor, "route del 10.61.0.0/16 table 1000 metric 7"), nothing);
}

#[test]
fn a_vrf_has_its_table() {
    lone_host();
    let mut channel = channel();
    assert_eq!(standfast::kernel::link::vrf_table(&mut channel, "blue"), Ok(None));
    assert_eq!(standfast::kernel::link::vrf_table(&mut channel, "left0"), Ok(None), "another device");
}
