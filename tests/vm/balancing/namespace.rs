//! `net_namespace_ipvs`: the table of another network namespace than the daemon's.

use super::lab::{Lab, VIP, service};
use crate::support::daemon::{Daemon, Subject};
use crate::support::net::{Net, Node};
use crate::support::{ipvs, wait};

fn config(name: &str, line: &str) -> String {
    format!(
        "net_namespace_ipvs {name}
virtual_server {VIP} 80 {{
    delay_loop 1
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    {line}
    real_server 10.1.0.2 80 {{
        TCP_CHECK {{
            warmup 0
            connect_timeout 2
        }}
    }}
}}
"
    )
}

/// The table is the other's, the checks are our own namespace's.
pub fn other(subject: Subject) {
    let net = Net::new();
    let elsewhere = net.node("elsewhere");
    let lab = Lab::new();
    // What a daemon on the director sees as /run is the node's own.
    let holder = elsewhere.spawn("sleep", &["infinity"]);
    let named = lab.director.dir.join("run/netns");
    std::fs::create_dir_all(&named).unwrap();
    std::os::unix::fs::symlink(format!("/proc/{}/ns/net", holder.pid()), named.join("blue")).unwrap();
    wait::until("the holder is there", wait::seconds(5), || {
        let inode = |path: String| std::fs::read_link(path).ok();
        inode(format!("/proc/{}/ns/net", holder.pid())) != inode("/proc/self/ns/net".to_owned())
    });

    let mut daemon = lab.direct(subject, &config("blue", ""));
    let table = |reals: &[&str]| [service(&format!("-t {VIP}:80"), "-s rr", reals)];
    let await_reals = |reals: &[&str], daemon: &Daemon| {
        let expected = table(reals);
        let found = || ipvs::table(&elsewhere);
        wait::value(
            &format!("{expected:#?}"),
            wait::seconds(10),
            || (found() == expected).then_some(()),
            || format!("{:#?}\n{}", found(), daemon.process().log()),
        );
    };
    // Nobody listens there yet.
    await_reals(&[], &daemon);
    let _server = crate::support::echo::Echo::start(&lab.reals[0], "0.0.0.0:80");
    await_reals(&["10.1.0.2:80 -m -w 1"], &daemon);
    assert_eq!(ipvs::table(&lab.director), [], "nothing in our own");
    if subject == Subject::Standfast {
        translated_there(&lab, &elsewhere, &daemon);
        let refused = lab.ask_reload(&config("green", ""));
        assert_eq!(refused.status.code(), Some(3), "{refused:?}");
        daemon.await_line("Cannot change net_namespace_ipvs at a reload", wait::seconds(5));
    }
    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(&elsewhere), [], "{}", daemon.process().log());
    if subject == Subject::Standfast {
        assert_eq!(translation(&elsewhere), (String::new(), "0".to_owned()));
    }
}

/// The tables of nftables, and whether IPVS shows its connections to connection tracking.
fn translation(node: &Node) -> (String, String) {
    let setting = node.sh("cat /proc/sys/net/ipv4/vs/conntrack");
    (node.sh("nft list tables"), setting.trim().to_owned())
}

/// `return_path snat` is where IPVS is, and somebody who meddles there is heard.
fn translated_there(lab: &Lab, elsewhere: &Node, daemon: &Daemon) {
    let ours = ("table ip standfast_return_path\n".to_owned(), "1".to_owned());
    daemon.reload(&config("blue", "return_path snat"));
    assert_eq!(translation(elsewhere), ours, "{}", daemon.process().log());
    elsewhere.sh("nft flush ruleset; sysctl -q -w net.ipv4.vs.conntrack=0");
    wait::value(
        "the tables and the setting are back",
        wait::seconds(20),
        || (translation(elsewhere) == ours).then_some(()),
        || daemon.process().log(),
    );
    assert_eq!(lab.director.sh("nft list tables"), "", "nothing in our own");
}
