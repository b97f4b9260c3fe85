//! `virtual_server_group`: what its members become in the kernel, and what a failed check and a reload make of them.

use super::lab::{Lab, service};
use crate::support::daemon::Subject;
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
