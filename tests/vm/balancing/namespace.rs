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

/// The namespace is deleted and made again by its name: what is wanted is made there again, and nothing is said
/// meanwhile.
pub fn made_again() {
    let net = Net::new();
    let first = net.node("first");
    let lab = Lab::new();
    let _server = crate::support::echo::Echo::start(&lab.reals[0], "0.0.0.0:80");
    let named = lab.director.dir.join("run/netns");
    std::fs::create_dir_all(&named).unwrap();
    let holder = first.spawn("sleep", &["infinity"]);
    wait::until("the holder is there", wait::seconds(5), || {
        let inode = |path: String| std::fs::read_link(path).ok();
        inode(format!("/proc/{}/ns/net", holder.pid())) != inode("/proc/self/ns/net".to_owned())
    });
    std::os::unix::fs::symlink(format!("/proc/{}/ns/net", holder.pid()), named.join("blue")).unwrap();
    let mut daemon = lab.direct(Subject::Standfast, &config("blue", ""));
    let expected = [service(&format!("-t {VIP}:80"), "-s rr", &["10.1.0.2:80 -m -w 1"])];
    wait::until("the first table", wait::seconds(15), || ipvs::table(&first) == expected);

    // What the daemon sees as /run is its own: so `ip` goes there.
    let pid = daemon.process().pid();
    let there = |line: &str| lab.director.sh(&format!("nsenter --target {pid} --mount sh -c '{line}'"));
    let await_table = |what: &str, daemon: &Daemon| {
        let found = || ipvs::parse(&there("ip netns exec blue ipvsadm -S -n"));
        let as_expected = || (found() == expected).then_some(());
        wait::value(what, wait::seconds(15), as_expected, || {
            format!("{:#?}\n{}", found(), daemon.process().log())
        });
    };
    const GONE: &str = "IPVS: network namespace blue is gone: it is waited for";
    const BACK: &str = "IPVS: network namespace blue is there again";
    there("rm /run/netns/blue");
    daemon.await_line(GONE, wait::seconds(5));
    // A server that fails meanwhile has failed when it is there again; a reload goes through, and says what waits.
    let reloaded = lab.ask_reload(&config("blue", "quorum 1"));
    let said = format!("{reloaded:?}");
    assert_eq!(reloaded.status.code(), Some(5), "{said}");
    assert!(said.contains("the network namespace is gone"), "{said}");
    // In one step: IPVS refuses servers where there never was an address.
    let add = |name: &str| {
        let made = format!("ip netns add {name} && ip -n {name} link set lo up && touch /run/netns/blue");
        format!("{made} && mount --bind /run/netns/{name} /run/netns/blue")
    };
    there(&add("second"));
    daemon.await_line(BACK, wait::seconds(5));
    await_table("the table of the second", &daemon);

    // Replaced between two looks.
    there(&format!("ip netns del blue && ip netns del second && {}", add("third")));
    wait::until("it is seen", wait::seconds(5), || daemon.process().count(BACK) == 2);
    await_table("the table of the third", &daemon);
    // Our sockets do not keep a deleted one alive: its device is gone from its neighbour.
    there("ip link add n0 netns blue type veth peer name n1; ip netns del third; ip netns del blue");
    wait::until("the namespace has ended", wait::seconds(10), || {
        lab.director.try_sh("ip link show n1").status.code() == Some(1)
    });
    assert!(daemon.stop().success());
    let log = daemon.process().log();
    assert_eq!((daemon.process().count(GONE), daemon.process().count(BACK)), (3, 2), "{log}");
    assert_eq!(daemon.process().count("IPVS"), 5, "{log}");
    assert_eq!(ipvs::table(&first), expected, "what is out of reach stays as it was");
    let left: Vec<_> =
        std::fs::read_dir(&lab.director.dir).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with("ipvs")), "{left:?}");
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
