//! The connection synchronisation daemon follows its VRRP instance.

use super::lab::Lab;
use crate::support::daemon::Subject;
use crate::support::wait;
use std::time::Duration;

fn config(sync: &str, up: &str) -> String {
    format!(
        "global_defs {{
{sync}}}
vrrp_instance VI_1 {{
    interface eth0
    virtual_router_id 51
    priority 100
    advert_int 1
    virtual_ipaddress {{ 10.0.0.101/32 }}
    track_interface {{ {up} }}
}}
virtual_server 10.0.0.100 80 {{
    lb_algo rr
    lb_kind NAT
    protocol TCP
    real_server 10.1.0.2 80 {{ weight 1 }}
}}
"
    )
}

/// Backup, master, backup by a failed link, gone with the configuration, gone with the daemon.
pub fn follows_the_instance(subject: Subject) {
    let lab = Lab::new();
    let with = config("    lvs_sync_daemon eth1 VI_1\n", "eth1");
    let mut daemon = lab.direct(subject, &with);
    let said = || lab.director.sh("ipvsadm -L --daemon");
    let await_role = |role: &str, limit: Duration| {
        let as_expected = || {
            let text = said();
            let right = if role.is_empty() {
                text.trim().is_empty()
            } else {
                text.lines().count() == 1 && text.contains(role)
            };
            right.then_some(())
        };
        wait::value(&format!("sync daemon {role:?}"), limit, as_expected, || {
            format!("{}\n{}", said(), daemon.process().log())
        });
    };
    await_role("backup sync daemon (mcast=eth1, syncid=51", wait::seconds(10));
    daemon.await_master("VI_1", 1, wait::seconds(10));
    await_role("master sync daemon (mcast=eth1, syncid=51", wait::seconds(5));
    daemon.reload(&with);
    await_role("master sync daemon (mcast=eth1, syncid=51", wait::seconds(5));
    lab.director.sh("ip link set eth0 down");
    daemon.await_line("(VI_1) Entering FAULT STATE", wait::seconds(10));
    await_role("backup sync daemon (mcast=eth1, syncid=51", wait::seconds(5));
    lab.director.sh("ip link set eth0 up");
    daemon.await_master("VI_1", 2, wait::seconds(10));
    await_role("master sync daemon (mcast=eth1, syncid=51", wait::seconds(5));
    if subject == Subject::Standfast {
        daemon.reload(&config("", "eth1"));
        await_role("", wait::seconds(5));
        daemon.reload(&with);
        await_role("master sync daemon (mcast=eth1, syncid=51", wait::seconds(5));
    }
    let daemon_log = |daemon: &crate::support::daemon::Daemon| daemon.process().log();
    let ended = daemon.stop();
    assert!(ended.success());
    assert_eq!(said().trim(), "", "{}", daemon_log(&daemon));
}
