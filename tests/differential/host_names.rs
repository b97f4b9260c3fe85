//! Names that a host has for numbers of routes, rules and devices, in iproute2's files.

use super::facts::{Facts, same};
use super::lifecycle::Router;
use crate::support::daemon::{Daemon, Subject};
use crate::support::net::Node;
use crate::support::runner::Case;
use crate::support::wait;
use std::path::{Path, PathBuf};

pub fn cases() -> Vec<Case> {
    vec![
        same("host_names::of_the_administrator", of_the_administrator),
        Case::new("host_names::elsewhere", elsewhere),
    ]
}

/// File and lines: each name is in one only.
const NAMES: [(&str, &str); 6] = [
    ("rt_tables", "0x5a edge"),
    ("rt_realms", "77 corp\n0 cosmos"),
    ("group", "5 uplinks"),
    ("rt_dsfield", "0x14 gold"),
    ("rt_scopes", "99 campus"),
    ("rt_protos", "222 ours\n99 openr"),
];

/// The last of each list is there in the end; what stands before it may not be.
const OBJECTS: &str = "virtual_routes {
 10.60.0.0/16 dev eth0 table edge protocol ours realms corp tos gold scope campus no_track
 10.61.0.0/16 dev eth0 realms cosmos/corp protocol openr no_track
 10.62.0.0/16 dev eth0 table nobody
 10.63.0.0/16 dev eth0 protocol nobody no_track
 10.64.0.0/16 dev eth0 realms corp/nobody
 10.65.0.0/16 dev eth0 scope nobody
 10.66.0.0/16 dev eth0 tos nobody
 10.67.0.0/16 dev eth0
}
virtual_rules {
 from 10.60.0.0/24 tos gold table edge preference 600 realms corp
 from 10.61.0.0/24 table nobody preference 602
 from 10.62.0.0/24 table edge suppress_ifgroup nobody preference 603
 from 10.63.0.0/24 table edge suppress_ifgroup uplinks preference 604
}";

fn config(global: &str, objects: &str) -> String {
    format!(
        "global_defs {{\n {global}\n}}\nvrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 255\n \
         virtual_ipaddress {{\n 10.0.0.50/24\n }}\n {objects}\n}}\n"
    )
}

fn write_names(place: &Path) {
    std::fs::create_dir_all(place).unwrap();
    for (file, line) in NAMES {
        std::fs::write(place.join(file), format!("# ours\n{line}\n")).unwrap();
    }
}

/// In numbers: whoever looks does not have the names.
fn note_objects(facts: &mut Facts, when: &str, node: &Node) {
    let shown = [("routes", "ip -N -d route show table all"), ("rules", "ip -N rule")];
    for (what, command) in shown {
        let text = node.sh(command);
        let lines: Vec<&str> = text.lines().filter(|line| !line.contains(" proto 2 ")).collect();
        facts.list(format!("{what} {when}"), &lines);
    }
}

fn await_master(daemon: &Daemon, node: &Node) {
    daemon.await_master("I", 1, wait::seconds(10));
    wait::value(
        "the last rule",
        wait::seconds(5),
        || node.sh("ip rule").contains("604:").then_some(()),
        || format!("{}\n{:?}", node.sh("ip rule"), daemon.process().lines()),
    );
}

fn of_the_administrator(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    write_names(&node.dir.join("etc/iproute2"));
    let mut facts = Facts::default();
    let text = config("", OBJECTS);
    let path = node.dir.join("tested.conf");
    std::fs::write(&path, &text).unwrap();
    let tested = Daemon::run(subject, node, &["-t", "-f", path.to_str().unwrap()]);
    facts.note("status of -t", tested.status.to_string());
    let mut daemon = Daemon::start(subject, node, &text);
    await_master(&daemon, node);
    note_objects(&mut facts, "as MASTER", node);
    if subject == Subject::Standfast {
        let (wrong, said) = (OBJECTS.matches("nobody").count(), daemon.process().count("nobody"));
        assert_eq!(said, wrong, "one line for each: {:?}", daemon.process().lines());
    }
    facts.note("exit status", daemon.stop().to_string());
    note_objects(&mut facts, "after the stop", node);
    facts
}

/// `iproute_usr_dir` and `iproute_etc_dir`, of which 2.2.7 knows nothing; the second counts.
fn elsewhere() {
    let router = Router::new();
    let node = &router.node;
    let [usr, etc]: [PathBuf; 2] = ["delivered", "written"].map(|name| node.dir.join(name));
    write_names(&usr);
    std::fs::create_dir_all(&etc).unwrap();
    std::fs::write(etc.join("rt_tables"), "91 edge\n").unwrap();
    let global = format!("iproute_usr_dir {}\n iproute_etc_dir {}", usr.display(), etc.display());
    let objects = OBJECTS.lines().filter(|line| !line.contains("nobody")).collect::<Vec<_>>().join("\n");
    let text = config(&global, &format!("{objects}\n use_vmac group uplinks"));
    let daemon = Daemon::start(Subject::Standfast, node, &text);
    await_master(&daemon, node);
    let routes = node.sh("ip -N route show table all");
    assert!(routes.contains("table 91 proto 222 scope 99 realm 77"), "{routes}");
    assert!(node.sh("ip -N rule").contains("lookup 91 suppress_ifgroup 5"), "{}", node.sh("ip -N rule"));
    let device = node.sh("ip -d link show vrrp.51");
    assert!(device.contains("group 5 "), "{device}");
    // A reload reads them anew.
    std::fs::write(etc.join("rt_tables"), "92 later\n").unwrap();
    daemon.reload(&text.replace("preference 604", "preference 605").replace("table edge", "table later"));
    let rule = "from 10.63.0.0/24 lookup 92 suppress_ifgroup 5";
    wait::until(rule, wait::seconds(5), || node.sh("ip -N rule").contains(rule));
    daemon.reload(&config("", "virtual_rules {\n from 10.63.0.0/24 table later preference 605\n}"));
    daemon.await_line("table later not found", wait::seconds(5));
    wait::until("the rule is gone", wait::seconds(5), || !node.sh("ip rule").contains("605:"));
}
