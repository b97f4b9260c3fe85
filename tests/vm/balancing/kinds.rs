//! What services of every kind become in the kernel, keepalived's beside ours: protocols, flags, persistence, ports,
//! families, groups, weights.

use super::lab::Lab;
use crate::support::daemon::Subject;
use crate::support::{ipvs, wait};

/// A service: what stands behind `virtual_server`, its lines, its real servers.
struct Kind(&'static str, &'static str, &'static [&'static str]);

const FOUR: &[&str] = &["10.1.0.2 80"];
const SIX: &[&str] = &["fd00::2 80"];
const BOTH: &[&str] = &["fd00::2", "10.1.0.3"];

const KINDS: &[Kind] = &[
    Kind("10.0.0.100 80", "lvs_sched wrr\nlvs_method DR\nprotocol SCTP", FOUR),
    Kind(
        "fd00::100 80",
        "lvs_sched wlc\nlvs_method NAT\nprotocol sctp\npersistence_timeout 40",
        &["fd00::2 81"],
    ),
    // Flags of schedulers.
    Kind("10.0.0.100 80", "lvs_sched sh\nhashed\nlvs_method NAT\nprotocol UDP", FOUR),
    Kind("10.0.0.100 81", "lvs_sched mh\nmh-port\nlvs_method NAT\nprotocol UDP", FOUR),
    Kind("10.0.0.100 82", "lvs_sched mh\nmh-fallback\nhashed\nlvs_method NAT\nprotocol UDP", FOUR),
    Kind("10.0.0.100 83", "lvs_sched rr\nflag-1\nlvs_method NAT\nprotocol UDP", FOUR),
    Kind("10.0.0.100 84", "lvs_sched rr\nflag-1\nflag-2\nflag-3\nlvs_method NAT\nprotocol UDP", FOUR),
    Kind("10.0.0.100 85", "sh-port\nlvs_sched sh\nlvs_method NAT\nprotocol UDP", FOUR),
    Kind("10.0.0.100 86", "lvs_sched mh\nsh-port\nlvs_method NAT\nprotocol UDP", FOUR),
    Kind("10.0.0.100 87", "lvs_sched rr\nhashed\nlvs_method NAT\nprotocol UDP", FOUR),
    Kind("10.0.0.100 88", "lvs_sched sh\nflag-1\nlvs_method NAT\nprotocol UDP", FOUR),
    Kind("10.0.0.100 89", "lvs_sched rr\nops\npersistence_timeout 10\nlvs_method NAT\nprotocol UDP", FOUR),
    Kind("10.0.0.100 90", "lvs_sched sh\nsh-port\nlvs_sched rr\nlvs_method NAT\nprotocol UDP", FOUR),
    Kind(
        "10.0.0.100 91",
        "lvs_sched sh\nsh-port\nlvs_sched mh\nmh-fallback\nlvs_method NAT\nprotocol UDP",
        FOUR,
    ),
    // Persistence.
    Kind(
        "10.0.0.101 80",
        "lvs_sched rr\nlvs_method NAT\nprotocol TCP\npersistence_granularity 255.255.255.0",
        FOUR,
    ),
    Kind(
        "10.0.0.101 81",
        "lvs_sched rr\nlvs_method NAT\nprotocol TCP\npersistence_timeout\npersistence_granularity 255.255.255.255",
        FOUR,
    ),
    Kind("10.0.0.101 82", "lvs_sched rr\nlvs_method NAT\nprotocol TCP\npersistence_timeout 0", FOUR),
    Kind("10.0.0.101 83", "lvs_sched rr\nlvs_method NAT\nprotocol TCP\npersistence_timeout 2678401", FOUR),
    Kind(
        "10.0.0.101 85",
        "lvs_sched rr\nlvs_method NAT\nprotocol TCP\npersistence_timeout 5\npersistence_engine sip",
        FOUR,
    ),
    Kind("fd00::101 86", "lvs_sched rr\nlvs_method NAT\nprotocol TCP\npersistence_granularity 64", SIX),
    Kind("fd00::101 87", "lvs_sched rr\nlvs_method NAT\nprotocol TCP\npersistence_granularity 129", SIX),
    Kind(
        "fd00::101 88",
        "lvs_sched rr\nlvs_method NAT\nprotocol TCP\npersistence_granularity 255.255.0.0",
        SIX,
    ),
    Kind("fd00::101 89", "lvs_sched rr\nlvs_method NAT\nprotocol TCP\npersistence_granularity 1", SIX),
    Kind(
        "fd00::101 90",
        "lvs_sched rr\nlvs_method NAT\nprotocol TCP\npersistence_timeout 7\npersistence_granularity 128",
        SIX,
    ),
    // Ports.
    Kind("10.0.0.102", "lvs_sched rr\nlvs_method DR\nprotocol TCP", &["10.1.0.2"]),
    Kind(
        "10.0.0.103",
        "lvs_sched rr\nlvs_method NAT\nprotocol TCP\npersistence_timeout 9",
        &["10.1.0.2", "10.1.0.3 99"],
    ),
    Kind(
        "10.0.0.104 80",
        "lvs_sched rr\nlvs_method NAT\nprotocol TCP\npersistence_timeout 9",
        &["10.1.0.2 0", "10.1.0.3"],
    ),
    // Families.
    Kind("10.0.0.105 80", "lvs_sched wrr\nlvs_method TUN\nprotocol TCP", BOTH),
    Kind("fd00::105 80", "lvs_sched wrr\nlvs_method TUN\nprotocol TCP", BOTH),
    Kind("fwmark 5", "lvs_sched wrr\nlvs_method TUN", BOTH),
    Kind("fwmark 6", "lvs_sched wrr\nlvs_method TUN", &["fd00::2"]),
    Kind("fwmark 7", "lvs_sched wrr\nlvs_method TUN", &["10.1.0.2", "fd00::2"]),
    Kind("fwmark 8", "lvs_sched wrr\nlvs_method DR", &["fd00::2 0", "fd00::3"]),
    Kind("fwmark 9", "ip_family inet6\nlvs_sched wrr\nlvs_method TUN", BOTH),
    Kind("fwmark 10", "lvs_sched wrr\nlvs_method TUN\npersistence_granularity 64", BOTH),
    Kind("fwmark 11", "lvs_sched wrr\nlvs_method TUN", &["10.1.0.2", "fd00::2 { lvs_method DR }"]),
    Kind("fwmark 12", "lvs_sched wrr\nlvs_method TUN\nsorry_server fd00::9", &["10.1.0.2"]),
    Kind("fwmark 13", "lvs_sched wrr\nlvs_method DR\npersistence_timeout 50", &["10.1.0.2"]),
    // Groups.
    Kind("group MIXED", "lvs_sched rr\nlvs_method TUN\nprotocol TCP", &["10.1.0.2 80", "fd00::2 80"]),
    Kind("group FOUR", "lvs_sched rr\nlvs_method NAT\nprotocol TCP", &["10.1.0.2 80", "10.1.0.3"]),
    Kind("group FOUR", "lvs_sched rr\nlvs_method NAT\nprotocol UDP", &["10.1.0.2 80", "10.1.0.3"]),
    Kind(
        "group SIX",
        "lvs_sched rr\nlvs_method DR\nprotocol SCTP\npersistence_granularity 56",
        &["fd00::2", "fd00::3"],
    ),
    Kind("group MARKS", "lvs_sched rr\nlvs_method TUN", &["fd00::2", "10.1.0.2"]),
    Kind("group OTHERS", "lvs_sched rr\nlvs_method TUN", &["10.1.0.2", "fd00::2"]),
    // Weights.
    Kind(
        "10.0.0.106 80",
        "lvs_sched rr\nlvs_method NAT\nprotocol TCP\nweight 7",
        &["10.1.0.2 80", "10.1.0.3 80 { weight 0 }"],
    ),
    Kind(
        "10.0.0.106 81",
        "lvs_sched rr\nlvs_method NAT\nprotocol TCP\nquorum 9\nhysteresis 9",
        &["10.1.0.2 80", "10.1.0.3 80"],
    ),
    Kind(
        "10.0.0.106 82",
        "lvs_sched rr\nlvs_method NAT\nprotocol TCP\nsorry_server 10.1.0.9 80",
        &["10.1.0.2 80 { weight 0 }", "10.1.0.3 80 { weight 0 }"],
    ),
    Kind("10.0.0.106 83", "", &["10.1.0.2 80"]),
];

const GROUPS: &str = "
virtual_server_group MIXED {
    10.0.0.110-112 80
    fd00::110 80
    fwmark 21 inet
    10.0.0.114 443
    fwmark 22 inet6
}
virtual_server_group FOUR {
    10.0.0.120 80
    10.0.0.122/31 90
}
virtual_server_group SIX {
    fd00::120-122 80
}
virtual_server_group MARKS {
    fwmark 23
    fwmark 24 inet6
}
virtual_server_group OTHERS {
    fwmark 25
}
";

fn config() -> String {
    let mut text = GROUPS.to_owned();
    for Kind(place, lines, reals) in KINDS {
        text.push_str(&format!("virtual_server {place} {{\n{lines}\n"));
        for real in *reals {
            let (real, words) = real.split_once(" { ").unwrap_or((real, "}"));
            text.push_str(&format!("real_server {real} {{\n{}\n}}\n", words.trim_end_matches([' ', '}'])));
        }
        text.push_str("}\n");
    }
    text
}

/// How many services and real servers that makes.
const TABLE: (usize, usize) = (61, 92);

fn table(subject: Subject) -> Vec<ipvs::Service> {
    let lab = Lab::new();
    lab.director.sh("modprobe -a -q ip_vs_pe_sip sctp");
    let mut daemon = lab.direct(subject, &config());
    let count = |table: &[ipvs::Service]| {
        (table.len(), table.iter().map(|service| service.reals.len()).sum::<usize>())
    };
    let whole = || Some(ipvs::table(&lab.director)).filter(|table| count(table) == TABLE);
    let table = wait::value("the whole table", wait::seconds(20), whole, || {
        let table = ipvs::table(&lab.director);
        format!("{:?} {table:#?}\n{}", count(&table), daemon.process().log())
    });
    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(&lab.director), [], "{}", daemon.process().log());
    table
}

/// Both, at the same time.
pub fn side_by_side() {
    let [theirs, mut ours] = std::thread::scope(|scope| {
        Subject::ALL
            .map(|subject| scope.spawn(move || table(subject)))
            .map(|table| table.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    // 2.2.7 takes no mask for the IPv6 addresses of a group.
    let masked = ours.iter_mut().filter(|service| service.options.contains("-M 56"));
    assert_eq!(
        masked.map(|service| service.options.truncate("-s rr -p 360".len())).count(),
        3,
        "a mask each"
    );
    for (theirs, ours) in theirs.iter().zip(&ours) {
        assert_eq!(theirs, ours);
    }
}
