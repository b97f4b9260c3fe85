//! What few files ask for, as the kernel has it afterwards: flags of schedulers, tunnels, persistence, the sync daemon's
//! settings.

use super::lab::{Lab, service};
use crate::support::daemon::Subject;
use crate::support::{ipvs, wait};

const EVERY_OPTION: &str = "
global_defs {
    lvs_sync_daemon eth1 id 7 maxlen 1200 port 8900 ttl 3 group 224.0.0.99
    lvs_timeouts tcp 901 tcpfin 121 udp 301
}
virtual_server 10.0.0.100 80 {
    lvs_sched sh
    hashed
    sh-port
    sh-fallback
    lvs_method TUN type gue port 6080 remcsum
    protocol TCP
    real_server 10.1.0.2 80 {
        uthreshold 9
        lthreshold 3
    }
    real_server 10.1.0.3 80 {
        lvs_method TUN type gre csum
    }
    real_server 10.1.0.4 80 {
        lvs_method TUN type ipip
    }
    real_server 10.1.0.5 80 {
        lvs_method TUN type gue port 6081 csum
    }
    real_server 10.1.0.6 80 {
        lvs_method DR
    }
    real_server 10.1.0.7 80 {
        lvs_method NAT
    }
}
virtual_server 10.0.0.100 81 {
    lvs_sched mh
    mh-port
    mh-fallback
    lvs_method NAT
    protocol SCTP
    real_server 10.1.0.2 81 {
    }
}
virtual_server 10.0.0.100 82 {
    lvs_sched rr
    ops
    flag-3
    lvs_method NAT
    protocol UDP
    real_server 10.1.0.2 82 {
    }
}
virtual_server 10.0.0.100 5060 {
    lvs_sched rr
    lvs_method NAT
    protocol UDP
    persistence_engine sip
    persistence_timeout 120
    real_server 10.1.0.2 5060 {
    }
}
virtual_server 10.0.0.100 84 {
    lvs_sched wlc
    lvs_method NAT
    protocol TCP
    persistence_granularity 255.255.0.0
    sorry_server 10.1.0.4 84
    sorry_server_lvs_method TUN type gue port 7000 nocsum
    sorry_server_inhibit
    real_server 10.1.0.2 84 {
    }
}
virtual_server fd00::100 85 {
    lvs_sched sed
    lvs_method DR
    protocol TCP
    persistence_timeout 77
    persistence_granularity 64
    real_server fd00::2 85 {
    }
}
virtual_server 10.0.0.100 0 {
    lvs_sched nq
    lvs_method DR
    protocol TCP
    real_server 10.1.0.2 {
    }
}
";

/// The schedulers that no service of [`EVERY_OPTION`] has, each with a service of its own from this port on. `twos` is not
/// in the kernel.
const SCHEDULERS: [&str; 7] = ["wrr", "lc", "lblc", "lblcr", "dh", "fo", "ovf"];
const FIRST_PORT: u16 = 90;

/// [`EVERY_OPTION`] and a service for each other scheduler.
fn config() -> String {
    let mut text = EVERY_OPTION.to_owned();
    for (port, scheduler) in (FIRST_PORT..).zip(SCHEDULERS) {
        text.push_str(&format!(
            "virtual_server 10.0.0.100 {port} {{\n lvs_sched {scheduler}\n lvs_method DR\n protocol TCP\n \
             real_server 10.1.0.2 {port} {{\n }}\n}}\n"
        ));
    }
    text
}

/// The table of it.
fn expected() -> Vec<ipvs::Service> {
    let others = (FIRST_PORT..).zip(SCHEDULERS).map(|(port, scheduler)| {
        let (address, real) = (format!("-t 10.0.0.100:{port}"), format!("10.1.0.2:{port} -g -w 1"));
        service(&address, &format!("-s {scheduler}"), &[&real])
    });
    let mut all: Vec<_> = others.collect();
    all.extend([
        service(
            "-t 10.0.0.100:80",
            "-s sh -b sh-fallback,sh-port",
            &[
                "10.1.0.2:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum",
                "10.1.0.3:80 -i -w 1 --tun-type gre --tun-csum",
                "10.1.0.4:80 -i -w 1 --tun-type ipip",
                "10.1.0.5:80 -i -w 1 --tun-type gue --tun-port 6081 --tun-csum",
                "10.1.0.6:80 -g -w 1",
                "10.1.0.7:80 -m -w 1",
            ],
        ),
        // ipvsadm cannot save SCTP services by `-t`.
        service("--sctp-service 10.0.0.100:81", "-s mh -b mh-fallback,mh-port", &["10.1.0.2:81 -m -w 1"]),
        service("-u 10.0.0.100:82", "-s rr -o -b flag-3", &["10.1.0.2:82 -m -w 1"]),
        service("-u 10.0.0.100:5060", "-s rr -p 120 --pe sip", &["10.1.0.2:5060 -m -w 1"]),
        service(
            "-t 10.0.0.100:84",
            "-s wlc -p 360 -M 255.255.0.0",
            &["10.1.0.2:84 -m -w 1", "10.1.0.4:84 -i -w 0 --tun-type gue --tun-port 7000 --tun-nocsum"],
        ),
        service("-t [fd00::100]:85", "-s sed -p 77 -M 64", &["[fd00::2]:85 -g -w 1"]),
        service("-t 10.0.0.100:0", "-s nq -p 360", &["10.1.0.2:0 -g -w 1"]),
    ]);
    all.sort();
    all
}

/// Every option of a service and of a real server that is the kernel's business, and a reload that changes each.
pub fn every_option(subject: Subject) {
    let lab = Lab::new();
    lab.director.sh("modprobe -a -q ip_vs_sed ip_vs_nq ip_vs_pe_sip");
    lab.director.sh(&format!("modprobe -a -q ip_vs_{}", SCHEDULERS.join(" ip_vs_")));
    let shown = |what: &str| lab.director.sh(&format!("ipvsadm -L --{what}"));
    let thresholds = || {
        let text = lab.director.sh("ipvsadm -L -n --thresholds");
        let line = text.lines().find(|line| line.contains("10.1.0.2:80 ")).unwrap_or_default().to_owned();
        line.split_whitespace().skip(2).take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut daemon = lab.direct(subject, &config());
    lab.await_table(&expected(), wait::seconds(10));
    assert_eq!(thresholds(), ["9", "3"]);
    assert_eq!(shown("timeout").trim(), "Timeout (tcp tcpfin udp): 901 121 301");
    let settings = "(mcast=eth1, syncid=7, maxlen=1200, group=224.0.0.99, port=8900, ttl=3)";
    let both = format!("master sync daemon {settings}\nbackup sync daemon {settings}");
    wait::value(
        "both sync daemons",
        wait::seconds(5),
        || (shown("daemon").trim() == both).then_some(()),
        || shown("daemon"),
    );
    // 2.2.7 does not edit a tunnel's type at a reload, nor a service's engine.
    if subject == Subject::Standfast {
        let other = config()
            .replace("    sh-port\n", "")
            .replace("type gue port 6080 remcsum", "type gue port 6090 nocsum")
            .replace("type gre csum", "type ipip")
            .replace("uthreshold 9", "uthreshold 8")
            .replace("    flag-3\n", "")
            .replace("    persistence_engine sip\n", "")
            .replace("granularity 64", "granularity 60");
        daemon.reload(&other);
        let mut expected = expected();
        for service in &mut expected {
            service.options = service
                .options
                .replace(",sh-port", "")
                .replace(" -b flag-3", "")
                .replace(" --pe sip", "")
                .replace("-M 64", "-M 60");
            for real in &mut service.reals {
                *real = real
                    .replace("--tun-port 6080 --tun-remcsum", "--tun-port 6090 --tun-nocsum")
                    .replace("gre --tun-csum", "ipip");
            }
        }
        assert_eq!(ipvs::table(&lab.director), expected, "{}", daemon.process().log());
        assert_eq!(thresholds(), ["8", "3"]);
    }
    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(&lab.director), []);
    assert_eq!(shown("daemon").trim(), "", "{}", daemon.process().log());
    assert_eq!(shown("timeout").trim(), "Timeout (tcp tcpfin udp): 900 120 300");
}

/// Real servers of both families behind one service: tunnels only, and only where no synchronization runs.
pub fn both_families(subject: Subject) {
    let lab = Lab::new();
    let reals = "    real_server 10.1.0.2 86 {\n    }\n    real_server fd00::2 86 {\n    }\n";
    let head = "    lvs_sched rr\n    lvs_method TUN\n    protocol TCP\n";
    let four = format!("virtual_server 10.0.0.100 86 {{\n{head}{reals}}}\n");
    let six = format!("virtual_server fd00::100 86 {{\n{head}{reals}}}\n");
    let mut daemon = lab.direct(subject, &(four + &six));
    let reals = ["10.1.0.2:86 -i -w 1 --tun-type ipip", "[fd00::2]:86 -i -w 1 --tun-type ipip"];
    let table =
        [service("-t 10.0.0.100:86", "-s rr", &reals), service("-t [fd00::100]:86", "-s rr", &reals)];
    lab.await_table(&table, wait::seconds(10));
    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(&lab.director), []);
}
