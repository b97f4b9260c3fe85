//! What stands in the kernel after start and after stop: ours as keepalived writes it, others' as we found it.

use super::lab::{Lab, service};
use crate::support::daemon::Subject;
use crate::support::{ipvs, wait};

const FOREIGN: &str = "ipvsadm -A -t 10.9.9.9:99 -s lc; ipvsadm -a -t 10.9.9.9:99 -r 10.9.9.1:99 -m -w 7";

const EVERY_KIND: &str = "
virtual_server 10.0.0.100 80 {
    lb_algo rr
    lb_kind NAT
    protocol TCP
    real_server 10.1.0.2 8080 { weight 3 }
    real_server 10.1.0.3 8081 { uthreshold 100
        lthreshold 50 }
}
virtual_server 10.0.0.100 443 {
    lvs_sched wrr
    lvs_method DR
    persistence_timeout 50
    persistence_granularity 255.255.255.0
    protocol TCP
    real_server 10.1.0.2 443 { weight 10 }
    real_server 10.1.0.3 443 { weight 0 }
}
virtual_server 10.0.0.100 53 {
    lb_algo wlc
    lb_kind TUN
    protocol UDP
    real_server 10.1.0.2 53 { weight 1 }
}
virtual_server 10.0.0.100 81 {
    lb_algo sh
    sh-port
    sh-fallback
    lb_kind NAT
    protocol TCP
    real_server 10.1.0.4 { weight 2 }
    sorry_server 10.1.0.3 80
}
virtual_server fwmark 9 {
    lb_algo lc
    lb_kind DR
    real_server 10.1.0.2 { weight 4 }
}
virtual_server fd00::100 80 {
    lb_algo rr
    lb_kind DR
    protocol TCP
    persistence_timeout
    real_server fd00::2 80 { weight 5 }
}
";

fn foreign() -> ipvs::Service {
    service("-t 10.9.9.9:99", "-s lc", &["10.9.9.1:99 -m -w 7"])
}

fn every_kind() -> Vec<ipvs::Service> {
    let mut all = vec![
        foreign(),
        service("-t 10.0.0.100:80", "-s rr", &["10.1.0.2:8080 -m -w 3", "10.1.0.3:8081 -m -w 1"]),
        service(
            "-t 10.0.0.100:443",
            "-s wrr -p 50 -M 255.255.255.0",
            &["10.1.0.2:443 -g -w 10", "10.1.0.3:443 -g -w 0"],
        ),
        service("-u 10.0.0.100:53", "-s wlc", &["10.1.0.2:53 -i -w 1 --tun-type ipip"]),
        service("-t 10.0.0.100:81", "-s sh -b sh-fallback,sh-port", &["10.1.0.4:81 -m -w 2"]),
        service("-f 9", "-s lc", &["10.1.0.2:0 -g -w 4"]),
        service("-t [fd00::100]:80", "-s rr -p 360", &["[fd00::2]:80 -g -w 5"]),
    ];
    all.sort();
    all
}

/// Every kind of service beside a foreign one; a reload without a change; the end.
pub fn start_and_stop(subject: Subject) {
    let lab = Lab::new();
    lab.director.sh(FOREIGN);
    let mut daemon = lab.direct(subject, EVERY_KIND);
    lab.await_table(&every_kind(), wait::seconds(10));
    daemon.reload(EVERY_KIND);
    assert_eq!(ipvs::table(&lab.director), every_kind());
    let thresholds = lab.director.sh("ipvsadm -L -n --thresholds");
    let words = thresholds.lines().find(|line| line.contains("10.1.0.3:8081")).map(str::split_whitespace);
    let words: Vec<&str> = words.into_iter().flatten().skip(2).take(2).collect();
    assert_eq!(words, ["100", "50"], "{thresholds}");
    assert!(daemon.stop().success());
    assert_eq!(
        ipvs::table(&lab.director),
        [foreign()],
        "what is not ours stays\n{}",
        daemon.process().log()
    );
    for line in [
        "Shutting down service [10.1.0.2]:tcp:8080 from VS [10.0.0.100]:tcp:80",
        "Shutting down service [10.1.0.2]:none:0 from VS FWM 9",
        "Shutting down service [fd00::2]:tcp:80 from VS [fd00::100]:tcp:80",
    ] {
        assert_eq!(daemon.process().count(line), 1, "{line}\n{}", daemon.process().log());
    }
}

/// `-I` leaves the table to whoever comes next.
pub fn left_behind(subject: Subject) {
    let lab = Lab::new();
    let path = lab.director.dir.join("keepalived.conf");
    std::fs::write(&path, EVERY_KIND).unwrap();
    let mut daemon = crate::support::daemon::Daemon::start_file(subject, &lab.director, &path, &["-I"]);
    let ours: Vec<_> = every_kind().into_iter().filter(|service| *service != foreign()).collect();
    lab.await_table(&ours, wait::seconds(10));
    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(&lab.director), ours);
}

/// `lvs_timeouts` are set, changed by a reload, and put back at the end.
pub fn timeouts() {
    let lab = Lab::new();
    let shown = || {
        let text = lab.director.sh("ipvsadm -L --timeout");
        text.trim().rsplit(": ").next().unwrap_or_default().to_owned()
    };
    let before = shown();
    let with = |line: &str| format!("global_defs {{\n{line}\n}}\n{EVERY_KIND}");
    let mut daemon = lab.direct(Subject::Standfast, &with("lvs_timeouts tcp 901 udp 301"));
    daemon.await_line("Startup complete", wait::seconds(10));
    let words: Vec<&str> = before.split(' ').collect();
    assert_eq!(shown(), format!("901 {} 301", words[1]));
    daemon.reload(&with("lvs_timeouts tcp 902"));
    assert_eq!(shown(), format!("902 {} {}", words[1], words[2]));
    // Somebody else's come back only where they are not ours.
    lab.director.sh("ipvsadm --set 77 78 79");
    wait::until("ours is set again", wait::seconds(20), || shown() == "902 78 79");
    let line = "IPVS: somebody else has changed lvs_timeouts: it is put right";
    assert_eq!(daemon.process().count(line), 1, "{}", daemon.process().log());
    // A successor knows what there was before.
    daemon.kill();
    let mut daemon = lab.direct(Subject::Standfast, &with("lvs_timeouts udp 303"));
    daemon.await_line("Startup complete", wait::seconds(10));
    assert_eq!(shown(), format!("{} {} 303", words[0], words[1]));
    assert!(daemon.stop().success());
    assert_eq!(shown(), before);
}

/// A killed predecessor's table, out of date: what stays wrong in keepalived is put right here.
pub fn adopted(subject: Subject) {
    let lab = Lab::new();
    lab.director.sh(FOREIGN);
    lab.director.sh("ipvsadm -A -t 10.0.0.100:80 -s wlc -p 99
         ipvsadm -a -t 10.0.0.100:80 -r 10.1.0.2:8080 -m -w 77
         ipvsadm -a -t 10.0.0.100:80 -r 10.1.0.77:8080 -m -w 1
         ipvsadm -A -f 9 -s lc
         ipvsadm -a -f 9 -r 10.1.0.2 -i -w 4");
    let mut daemon = lab.direct(subject, EVERY_KIND);
    match subject {
        Subject::Standfast => lab.await_table(&every_kind(), wait::seconds(10)),
        Subject::Keepalived => {
            let stray = || ipvs::table(&lab.director).iter().any(|service| service.reals.len() == 3);
            wait::until("the stray real server stays beside the two", wait::seconds(10), stray);
        }
    }
    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(&lab.director), [foreign()]);
}

/// `lvs_flush` at the start takes foreign services along, and so does `lvs_flush_on_stop` at the end; with `VS` only
/// ours go, and nothing is said of single real servers.
pub fn flushed(subject: Subject) {
    let lab = Lab::new();
    let with = |words: &str| format!("global_defs {{\n{words}\n}}\n{EVERY_KIND}");
    let ours: Vec<_> = every_kind().into_iter().filter(|service| *service != foreign()).collect();
    lab.director.sh(FOREIGN);
    let mut daemon = lab.direct(subject, &with("lvs_flush\nlvs_flush_on_stop VS"));
    lab.await_table(&ours, wait::seconds(10));
    lab.director.sh(FOREIGN);
    daemon.reload(&with("lvs_flush\nlvs_flush_on_stop VS"));
    assert_eq!(ipvs::table(&lab.director), every_kind(), "a reload flushes nothing");
    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(&lab.director), [foreign()], "{}", daemon.process().log());
    assert_eq!(daemon.process().count("Shutting down service"), 0, "{}", daemon.process().log());

    let mut daemon = lab.direct(subject, &with("lvs_flush_on_stop"));
    lab.await_table(&every_kind(), wait::seconds(10));
    assert!(daemon.stop().success());
    assert_eq!(daemon.process().count("Shutting down service"), 0, "{}", daemon.process().log());
    assert_eq!(ipvs::table(&lab.director), [], "{}", daemon.process().log());
}
