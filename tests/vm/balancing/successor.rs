//! Whatever the kernel holds at the start, and whatever others do to it later: ours becomes right, theirs stays, and
//! connections live on.

use super::lab::{Lab, service};
use crate::support::daemon::{Daemon, Subject};
use crate::support::echo::{Echo, Talk};
use crate::support::{ipvs, wait};

fn virtual_server(port: u16, weight: u8) -> String {
    format!(
        "virtual_server 10.0.0.100 {port} {{
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    real_server 10.1.0.2 {port} {{
        weight {weight}
    }}
    real_server 10.1.0.3 {port} {{
    }}
}}
"
    )
}

fn table(port: u16, weight: u8) -> ipvs::Service {
    let reals = [format!("10.1.0.2:{port} -m -w {weight}"), format!("10.1.0.3:{port} -m -w 1")];
    service(&format!("-t 10.0.0.100:{port}"), "-s rr", &reals.each_ref().map(String::as_str))
}

const FOREIGN: &str = "ipvsadm -A -t 10.9.9.9:99 -s lc; ipvsadm -a -t 10.9.9.9:99 -r 10.9.9.1:99 -m -w 7";

fn foreign() -> ipvs::Service {
    service("-t 10.9.9.9:99", "-s lc", &["10.9.9.1:99 -m -w 7"])
}

/// Killed, and started with another file; stopped with `-I`, and started again: what is gone from the file goes, the
/// rest is adopted, and a connection through it lives.
pub fn takes_over() {
    let lab = Lab::new();
    let _servers = [0, 1].map(|index| Echo::start(&lab.reals[index], "0.0.0.0:80"));
    lab.director.sh(FOREIGN);
    let path = lab.director.dir.join("keepalived.conf");
    let start = |config: &str| {
        std::fs::write(&path, config).unwrap();
        Daemon::start_file(Subject::Standfast, &lab.director, &path, &["-I"])
    };
    let mut daemon = start(&(virtual_server(80, 1) + &virtual_server(81, 1) + &virtual_server(82, 1)));
    lab.await_table(&[table(80, 1), table(81, 1), table(82, 1), foreign()], wait::seconds(10));
    let mut talk = Talk::open(&lab.client, "10.0.0.100:80", wait::seconds(5)).unwrap();
    let server = talk.say("one").unwrap();

    daemon.kill();
    let mut daemon = start(&(virtual_server(80, 5) + &virtual_server(82, 1)));
    lab.await_table(&[table(80, 5), table(82, 1), foreign()], wait::seconds(10));
    let line = "Removing Virtual Server [10.0.0.100]:tcp:81, left by a predecessor";
    assert_eq!(daemon.process().count(line), 1, "{}", daemon.process().log());
    assert_eq!(talk.say("two").as_deref(), Some(&*server));

    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(&lab.director), [table(80, 5), table(82, 1), foreign()], "-I leaves it");
    let mut daemon = start(&virtual_server(80, 5));
    lab.await_table(&[table(80, 5), foreign()], wait::seconds(10));
    assert_eq!(talk.say("three").as_deref(), Some(&*server));
    assert!(daemon.stop().success());

    // Without -I everything of ours goes, and nothing is left to be told to a successor.
    let mut daemon = lab.direct(Subject::Standfast, &virtual_server(80, 5));
    daemon.await_line("Startup complete", wait::seconds(10));
    assert_eq!(talk.say("four").as_deref(), Some(&*server));
    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(&lab.director), [foreign()]);
    assert!(!lab.director.dir.join("checkers.ipvs").exists());
}

/// Killed, and started with a file without virtual servers: everything of ours goes, the settings are what they were, and
/// what is foreign stays.
pub fn leaves_nothing() {
    let lab = Lab::new();
    lab.director.sh(FOREIGN);
    let timeouts = || lab.director.sh("ipvsadm -L --timeout");
    let before = timeouts();
    let with = "global_defs {\n    lvs_timeouts tcp 901\n    lvs_sync_daemon eth1 id 7\n}\n";
    let mut daemon = lab
        .direct(Subject::Standfast, &format!("{with}{}{}", virtual_server(80, 1), virtual_server(81, 1)));
    lab.await_table(&[table(80, 1), table(81, 1), foreign()], wait::seconds(10));
    let sync = || lab.director.sh("ipvsadm -L --daemon");
    wait::until("the sync daemon runs", wait::seconds(10), || sync().contains("backup sync daemon"));
    assert_ne!(timeouts(), before);
    daemon.kill();
    let vrrp = "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    priority 100
    virtual_ipaddress {\n        10.0.0.50/24\n    }\n}\n";
    let mut daemon = lab.direct(Subject::Standfast, vrrp);
    lab.await_table(&[foreign()], wait::seconds(10));
    for port in [80, 81] {
        let line = format!("Removing Virtual Server [10.0.0.100]:tcp:{port}, left by a predecessor");
        daemon.await_line(&line, wait::seconds(2));
    }
    daemon.await_line("Startup complete", wait::seconds(10));
    assert_eq!((timeouts(), sync()), (before, String::new()));
    assert!(!lab.director.dir.join("checkers.ipvs").exists());
    // With services again it begins as ever.
    daemon.reload(&format!("{vrrp}{}", virtual_server(80, 1)));
    lab.await_table(&[table(80, 1), foreign()], wait::seconds(10));
    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(&lab.director), [foreign()]);
}

/// What others change of ours is right again within a bounded time; what is theirs is theirs.
pub fn puts_right() {
    let lab = Lab::new();
    let sync = "global_defs {\n    lvs_sync_daemon eth1 id 7\n}\n";
    let daemon = lab
        .direct(Subject::Standfast, &format!("{sync}{}{}", virtual_server(80, 1), virtual_server(81, 1)));
    let ours = [table(80, 1), table(81, 1)];
    lab.await_table(&ours, wait::seconds(10));
    daemon.await_line("Startup complete", wait::seconds(10));
    lab.director.sh(&format!(
        "{FOREIGN}
         ipvsadm -e -t 10.0.0.100:80 -r 10.1.0.2:80 -m -w 99
         ipvsadm -d -t 10.0.0.100:80 -r 10.1.0.3:80
         ipvsadm -a -t 10.0.0.100:80 -r 10.1.0.77:80 -m
         ipvsadm -D -t 10.0.0.100:81
         ipvsadm --stop-daemon backup"
    ));
    let everything = [table(80, 1), table(81, 1), foreign()];
    // Looked at every ten seconds, or every minute at least.
    lab.await_table(&everything, wait::seconds(20));
    wait::value(
        "the sync daemon is back",
        wait::seconds(12),
        || lab.director.sh("ipvsadm -L --daemon").contains("backup sync daemon").then_some(()),
        || daemon.process().log(),
    );
    for port in [80, 81] {
        let line = format!("IPVS: somebody else has changed VS [10.0.0.100]:tcp:{port}: it is put right");
        assert_eq!(daemon.process().count(&line), 1, "{}", daemon.process().log());
    }
    lab.director.sh("ipvsadm -C");
    lab.await_table(&ours, wait::seconds(20));
}
