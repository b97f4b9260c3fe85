//! `virtual_server_group`: what its members become in the kernel, and what a failed check and a reload make of them.

use std::time::{Duration, Instant};

use super::lab::{Lab, service};
use crate::support::daemon::Subject;
use crate::support::echo::{self, Echo, Talk};
use crate::support::{ipvs, wait};

/// Every kind of member, with real servers of both families; and the ports that DR and NAT give.
fn config(addresses: &str) -> String {
    format!(
        "
virtual_server_group WEB {{
    {addresses}
    fd00::100-101 8080
    fwmark 7 inet
    fwmark 8 inet6
}}
virtual_server group WEB {{
    lvs_sched rr
    lvs_method TUN
    protocol TCP
    real_server 10.1.0.2 {{
        TCP_CHECK {{
            connect_port 9
            warmup 0
            delay_loop 1
        }}
    }}
    real_server fd00::2 {{
        weight 3
    }}
}}
virtual_server_group NAMES {{
    10.0.0.100 53
    10.0.0.104/31 54
}}
virtual_server group NAMES {{
    lvs_sched wrr
    lvs_method DR
    protocol UDP
    sorry_server 10.1.0.4
    sorry_server_inhibit
    real_server 10.1.0.2 {{
    }}
}}
virtual_server group NAMES {{
    lvs_sched wlc
    lvs_method NAT
    protocol TCP
    real_server 10.1.0.2 {{
    }}
    real_server 10.1.0.3 5353 {{
    }}
}}
virtual_server_group MARK {{
    fwmark 9
}}
virtual_server group MARK {{
    lvs_sched rr
    lvs_method DR
    real_server 10.1.0.3 {{
    }}
}}
"
    )
}

/// What the kernel has once the check has failed, with WEB at these IPv4 addresses.
fn expected(addresses: &[&str]) -> Vec<ipvs::Service> {
    let web = |address: &str, port: u16| {
        service(address, "-s rr", &[&format!("[fd00::2]:{port} -i -w 3 --tun-type ipip")])
    };
    let mut all: Vec<_> = addresses.iter().map(|address| web(&format!("-t {address}:80"), 80)).collect();
    all.extend(["-t [fd00::100]:8080", "-t [fd00::101]:8080"].map(|address| web(address, 8080)));
    all.extend(["-f 7", "-f 8 -6"].map(|mark| web(mark, 0)));
    for (address, port) in [("10.0.0.100", 53), ("10.0.0.104", 54), ("10.0.0.105", 54)] {
        let direct = [format!("10.1.0.2:{port} -g -w 1"), format!("10.1.0.4:{port} -g -w 0")];
        all.push(service(
            &format!("-u {address}:{port}"),
            "-s wrr",
            &direct.each_ref().map(String::as_str),
        ));
        let translated = ["10.1.0.2:0 -m -w 1", "10.1.0.3:5353 -m -w 1"];
        all.push(service(&format!("-t {address}:{port}"), "-s wlc", &translated));
    }
    all.push(service("-f 9", "-s rr", &["10.1.0.3:0 -g -w 1"]));
    all.sort();
    all
}

/// Start, one failure for all members, a reload that moves an address, the end.
pub fn members(subject: Subject) {
    let lab = Lab::new();
    let mut daemon = lab.direct(subject, &config("10.0.0.100-101 80"));
    lab.await_table(&expected(&["10.0.0.100", "10.0.0.101"]), wait::seconds(15));
    for line in [
        "Gained quorum 1+0=1 <= 1 for VS [NAMES]:0",
        "Gained quorum 1+0=1 <= 2 for VS [NAMES]:1",
        "Activating healthchecker for service [10.1.0.2]:tcp:0 for VS [WEB]:0",
        "Removing service [10.1.0.2]:tcp:0 from VS [WEB]:0",
    ] {
        assert_eq!(daemon.process().count(line), 1, "{line}\n{}", daemon.process().log());
    }
    // 2.2.7 leaves 10.0.0.100 where it was, and gives the new members real servers with port 0.
    if subject == Subject::Standfast {
        daemon.reload(&config("10.0.0.101-102 80"));
        let log = daemon.process().log();
        assert_eq!(ipvs::table(&lab.director), expected(&["10.0.0.101", "10.0.0.102"]), "{log}");
        assert!(log.contains("VS [[10.0.0.101]:tcp:80-10.0.0.102] added into group WEB"), "{log}");
    }
    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(&lab.director), [], "{}", daemon.process().log());
    let line = "Shutting down service [10.1.0.3]:none:0 from VS [MARK]:0";
    assert_eq!(daemon.process().count(line), 1, "{line}\n{}", daemon.process().log());
}

/// A line that a reload takes out of a group that drains keeps its open connection, and only that.
pub fn drains() {
    let lab = Lab::new();
    let _server = Echo::start(&lab.reals[0], "0.0.0.0:80");
    let group = |lines: &str| {
        format!(
            "
virtual_server_group WEB {{
    {lines}
}}
virtual_server group WEB {{
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    drain_timeout 600
    real_server 10.1.0.2 80 {{
    }}
}}
"
        )
    };
    let all = "10.0.0.100 80\n    10.0.0.100 81\n    fwmark 7";
    let daemon = lab.direct(Subject::Standfast, &group(all));
    let [stays, goes, mark] = ["-t 10.0.0.100:80", "-t 10.0.0.100:81", "-f 7"];
    let of = |address, weight: u8| service(address, "-s rr", &[&format!("10.1.0.2:80 -m -w {weight}")]);
    lab.await_table(&[of(mark, 1), of(stays, 1), of(goes, 1)], wait::seconds(15));
    let mut open = Talk::open(&lab.client, "10.0.0.100:81", wait::seconds(5)).unwrap();
    assert_eq!(open.say("hello").as_deref(), Some("real2"));

    daemon.reload(&group("10.0.0.100 80"));
    let line = "Draining Virtual Server [10.0.0.100]:tcp:81 of VS [WEB]:0 for 600 seconds at most";
    daemon.await_line(line, wait::seconds(2));
    // The firewall mark has no connection and does not wait.
    lab.await_table(&[of(stays, 1), of(goes, 0)], wait::seconds(5));
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(7) {
        assert_eq!(ipvs::table(&lab.director), [of(stays, 1), of(goes, 0)], "{}", daemon.process().log());
    }
    assert_eq!(open.say("still there").as_deref(), Some("real2"));
    assert_eq!(echo::ask(&lab.client, "10.0.0.100:81", wait::seconds(1)), None, "nobody new");
    assert_eq!(echo::ask(&lab.client, "10.0.0.100:80", wait::seconds(3)).as_deref(), Some("real2"));
    drop(open);
    lab.await_table(&[of(stays, 1)], wait::seconds(15));
    daemon.await_line("Removing Virtual Server [10.0.0.100]:tcp:81", wait::seconds(2));
}
