//! The homework pair: direct routing to two real servers, persistence, and a master that stops or comes late.

use super::example;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Subject};
use crate::support::echo::{self, Echo};
use crate::support::net::{Net, Node};
use crate::support::{ipvs, wait};
use std::collections::BTreeSet;
use std::time::Duration;

const SERVICE: &str = "172.28.128.200:80";
const VIP: &str = "172.28.128.200/32";

struct Lab {
    master: Node,
    backup: Node,
    client: Node,
    _reals: [(Node, Echo); 2],
    _switch: Node,
    _net: Net,
}

impl Lab {
    fn new() -> Lab {
        let net = Net::new();
        let (master, backup, client) = (net.node("master"), net.node("backup"), net.node("client"));
        let reals = [net.node("real10"), net.node("real60")];
        let members = [
            (&master, "eth1", "172.28.128.1/24"),
            (&backup, "eth1", "172.28.128.2/24"),
            (&reals[0], "eth0", "172.28.128.10/24"),
            (&reals[1], "eth0", "172.28.128.60/24"),
            (&client, "eth0", "172.28.128.100/24"),
        ];
        let switch = net.lan("lan", &members);
        let reals = reals.map(|real| {
            real.sh("sysctl -q -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2");
            real.sh("ip addr add 172.28.128.200/32 dev lo");
            let server = Echo::start(&real, "0.0.0.0:80");
            (real, server)
        });
        Lab { master, backup, client, _reals: reals, _switch: switch, _net: net }
    }

    fn direct(&self, subject: Subject, node: &Node, file: &str) -> Daemon {
        let text = std::fs::read_to_string(example(file)).unwrap();
        Daemon::start(subject, node, &text)
    }
}

fn full_table() -> ipvs::Service {
    ipvs::Service {
        address: format!("-t {SERVICE}"),
        options: "-s rr -p 9600".to_owned(),
        reals: vec!["172.28.128.10:80 -g -w 1".to_owned(), "172.28.128.60:80 -g -w 1".to_owned()],
    }
}

/// The backup starts first, the master comes and goes.
pub fn failover(subject: Subject) {
    let lab = Lab::new();
    let backup = lab.direct(subject, &lab.backup, "rh1-backup.conf");
    backup.await_master("RH_1", 1, wait::seconds(10));
    lab.backup.await_address("eth1", VIP, true, wait::seconds(5));

    let mut master = lab.direct(subject, &lab.master, "rh1-master.conf");
    master.await_master("RH_1", 1, wait::seconds(10));
    lab.master.await_address("eth1", VIP, true, wait::seconds(5));
    lab.backup.await_address("eth1", VIP, false, wait::seconds(5));
    assert_eq!(ipvs::table(&lab.master), [full_table()]);

    let answers: BTreeSet<_> = (0..50).map(|_| echo::ask(&lab.client, SERVICE, wait::seconds(2))).collect();
    assert_eq!(answers.len(), 1, "persistence keeps one client on one real server: {answers:?}");
    assert!(!answers.contains(&None), "every request is answered");

    let capture = Capture::start(&lab.master);
    let stopped = std::time::Instant::now();
    assert!(master.stop().success());
    let taken = backup.await_master("RH_1", 2, wait::seconds(10));
    let zeros = capture.adverts_sent("eth1").iter().filter(|(_, advert)| advert.priority() == 0).count();
    assert_eq!(zeros, 1, "a master that stops says so once");
    let skew = Duration::from_millis((256 - 99) * 1000 / 256);
    let passed = taken - stopped;
    assert!(passed >= skew, "the backup waits for its skew time, not only {passed:?}");
    assert!(
        passed < skew + wait::seconds(1),
        "priority 0 spares the master-down time, yet {passed:?} passed"
    );
    assert!(!lab.master.has("eth1", VIP));
    assert_eq!(ipvs::table(&lab.master), []);
    assert!(echo::ask(&lab.client, SERVICE, wait::seconds(3)).is_some(), "the backup serves");
}

/// The file with the forgotten brace: the test complains, the daemon runs all of it.
pub fn missing_brace(subject: Subject) {
    let lab = Lab::new();
    let file = example("rh1-as-written.conf").display().to_string();
    let test = Daemon::run(subject, &lab.master, &["-t", "-f", &file]);
    assert_eq!(test.status.code(), Some(5), "{}", String::from_utf8_lossy(&test.stderr));
    let master = lab.direct(subject, &lab.master, "rh1-as-written.conf");
    master.await_master("RH_1", 1, wait::seconds(10));
    lab.master.await_address("eth1", VIP, true, wait::seconds(5));
    let table = || ipvs::table(&lab.master);
    let what = "the service as if nothing were missing";
    wait::value(
        what,
        wait::seconds(5),
        || (table() == [full_table()]).then_some(()),
        || format!("{:#?}", table()),
    );
}
