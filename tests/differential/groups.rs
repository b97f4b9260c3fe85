//! Sync groups: how their members start, wait for each other, fail, recover, and announce.

use super::facts::{Facts, same};
use super::lifecycle::Router;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Recorder, Subject};
use crate::support::runner::Case;
use crate::support::{forged, wait};
use std::time::Duration;

pub fn cases() -> Vec<Case> {
    vec![
        same("groups::all_want_master", |subject| start(subject, "state MASTER", "state MASTER")),
        same("groups::one_wants_master", |subject| start(subject, "state MASTER", "state BACKUP")),
        same("groups::nobody_wants_master", |subject| start(subject, "", "")),
        same("groups::one_member_only", one_member_only),
        same("groups::a_member_hears_a_better_master", better_master),
        same("groups::a_better_master_takes_all", better_master_comes),
        same("groups::both_in_fault", both_in_fault),
        same("groups::all_announce_after_a_claim", claim),
        same("groups::weights_beside_an_owner", weights_beside_an_owner),
        Case::new("groups::weight_of_an_interface_original", || {
            assert_eq!(weight_of_an_interface(Subject::Keepalived), 210);
        }),
        Case::new("groups::weight_of_an_interface_ours", || {
            assert_eq!(weight_of_an_interface(Subject::Standfast), 200);
        }),
        Case::new("groups::fault_of_those_that_wait_original", || {
            assert_eq!(
                fault_of_those_that_wait(Subject::Keepalived),
                ["GROUP G FAULT 0", "INSTANCE I FAULT 200"]
            );
        }),
        Case::new("groups::fault_of_those_that_wait_ours", || {
            let told = ["GROUP G FAULT 0", "INSTANCE I FAULT 200", "INSTANCE J FAULT 200"];
            assert_eq!(fault_of_those_that_wait(Subject::Standfast), told);
        }),
    ]
}

/// `I` on eth0 and `J` on eth1, priority 200.
fn group(recorder: &Recorder, i: &str, j: &str) -> String {
    let script = recorder.script();
    let instance = |name: &str, interface: u8, more: &str| {
        format!(
            "vrrp_instance {name} {{\n interface eth{interface}\n virtual_router_id {}\n priority 200\n {more}\n \
             virtual_ipaddress {{ 10.{interface}.0.50/24 }}\n notify {script}\n}}\n",
            51 + interface
        )
    };
    format!(
        "vrrp_sync_group G {{\n group {{ I J }}\n notify {script}\n}}\n{}{}",
        instance("I", 0, i),
        instance("J", 1, j)
    )
}

/// The neighbour's router with the VRID of `J`, better than ours.
fn rival(subject: Subject, router: &Router) -> Daemon {
    let text = "vrrp_instance J {\n interface eth1\n virtual_router_id 52\n priority 250\n \
                virtual_ipaddress { 10.1.0.50/24 }\n}\n";
    Daemon::start(subject, &router.neighbour, text)
}

fn sorted(recorder: &Recorder) -> Vec<String> {
    let mut calls = recorder.calls();
    calls.sort();
    calls
}

/// Initial states, and how long it takes until the group is master.
fn start(subject: Subject, i: &str, j: &str) -> Facts {
    let router = Router::new();
    let recorder = Recorder::new(&router.node);
    let daemon = Daemon::start(subject, &router.node, &group(&recorder, i, j));
    let mut facts = Facts::default();
    for member in ["I", "J"] {
        let backup = daemon.await_line(&format!("({member}) Entering BACKUP STATE"), wait::seconds(5));
        let master = daemon.await_master(member, 1, wait::seconds(15));
        facts.time(format!("{member} from BACKUP to MASTER"), master - backup, Duration::from_millis(400));
    }
    for call in ["INSTANCE I MASTER", "INSTANCE J MASTER", "GROUP G MASTER"] {
        recorder.await_call(call, 1);
    }
    facts.list("script calls, sorted", &sorted(&recorder));
    facts
}

fn one_member_only(subject: Subject) -> Facts {
    let router = Router::new();
    let recorder = Recorder::new(&router.node);
    let text = group(&recorder, "", "").replace("{ I J }", "{ I }");
    let mut daemon = Daemon::start(subject, &router.node, &text);
    daemon.await_master("I", 1, wait::seconds(15));
    daemon.await_master("J", 1, wait::seconds(15));
    for call in ["INSTANCE I MASTER", "INSTANCE J MASTER", "GROUP G MASTER"] {
        recorder.await_call(call, 1);
    }
    router.node.sh("ip link set eth0 down");
    recorder.await_call("GROUP G FAULT", 1);
    let mut facts = Facts::default();
    facts.note("exit status", daemon.stop().to_string());
    facts.list("script calls, sorted", &sorted(&recorder));
    facts
}

/// The timer of one member expires, the other hears a better master: both wait until that is gone.
fn better_master(subject: Subject) -> Facts {
    let router = Router::new();
    let recorder = Recorder::new(&router.node);
    let mut rival = rival(subject, &router);
    rival.await_master("J", 1, wait::seconds(15));
    let capture = Capture::start(&router.node);
    let daemon = Daemon::start(subject, &router.node, &group(&recorder, "", ""));
    wait::until("nine adverts of the better one", wait::seconds(20), || {
        capture.adverts_received("eth1").len() >= 9
    });
    let mut facts = Facts::default();
    facts.note("adverts of ours", capture.adverts_sent("eth0").len().to_string());
    rival.stop();
    for member in ["I", "J"] {
        daemon.await_master(member, 1, wait::seconds(15));
    }
    recorder.await_call("GROUP G MASTER", 1);
    recorder.await_call("INSTANCE I MASTER", 1);
    recorder.await_call("INSTANCE J MASTER", 1);
    facts.list("script calls, sorted", &sorted(&recorder));
    facts
}

/// Both are master; a better master of one of them comes. Nobody resigns.
fn better_master_comes(subject: Subject) -> Facts {
    let router = Router::new();
    let recorder = Recorder::new(&router.node);
    let daemon = Daemon::start(subject, &router.node, &group(&recorder, "", ""));
    for member in ["I", "J"] {
        daemon.await_master(member, 1, wait::seconds(15));
    }
    let capture = Capture::start(&router.node);
    let rival = rival(subject, &router);
    rival.await_master("J", 1, wait::seconds(15));
    recorder.await_call("GROUP G BACKUP", 2);
    for interface in ["eth0", "eth1"] {
        let number = &interface[3..];
        router.node.await_address(interface, &format!("10.{number}.0.50/24"), false, wait::seconds(5));
    }
    let mut facts = Facts::default();
    for interface in ["eth0", "eth1"] {
        let sent = capture.adverts_sent(interface);
        let zeros = sent.iter().filter(|(_, advert)| advert.priority() == 0).count();
        facts.note(format!("resignations on {interface}"), zeros.to_string());
    }
    facts.list("script calls, sorted", &sorted(&recorder));
    facts
}

/// The group comes back when its last member does.
fn both_in_fault(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let daemon = Daemon::start(subject, node, &group(&recorder, "", ""));
    for member in ["I", "J"] {
        daemon.await_master(member, 1, wait::seconds(15));
    }
    node.sh("ip link set eth0 down");
    recorder.await_call("GROUP G FAULT", 1);
    recorder.await_call("INSTANCE J FAULT", 1);
    node.sh("ip link set eth1 down");
    daemon.await_line("Netlink reports eth1 down", wait::seconds(5));
    node.sh("ip link set eth0 up");
    daemon.await_line("Netlink reports eth0 up", wait::seconds(5));
    let before = daemon.process().count("Entering BACKUP STATE");
    node.sh("ip link set eth1 up");
    for member in ["I", "J"] {
        daemon.await_master(member, 2, wait::seconds(15));
    }
    for call in ["INSTANCE I MASTER", "INSTANCE J MASTER", "GROUP G MASTER"] {
        recorder.await_call(call, 2);
    }
    let mut facts = Facts::default();
    facts.note("back before the second link", before.to_string());
    facts.list("script calls, sorted", &sorted(&recorder));
    facts
}

/// What a group tracks with a weight, when one of its members owns its address.
fn weights_beside_an_owner(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    node.sh("ip link add up0 type veth peer name peer0; ip link set peer0 up; ip link set up0 up");
    let (file, flag) = (node.dir.join("file"), node.dir.join("flag"));
    std::fs::write(&file, "0").unwrap();
    std::fs::write(&flag, "").unwrap();
    let tracks =
        "track_interface { up0 weight 10 }\n track_file { F weight 5 }\n track_script { S weight 20 }";
    let text = group(&recorder, "", "").replacen("priority 200", "priority 255", 1).replacen(
        "group { I J }",
        &format!("group {{ I J }}\n {tracks}"),
        1,
    );
    let text = format!(
        "track_file F {{\n file {}\n}}\nvrrp_script S {{\n script \"/usr/bin/test -e {}\"\n interval 1\n}}\n{text}",
        file.display(),
        flag.display()
    );
    let daemon = Daemon::start(subject, node, &text);
    let mut facts = Facts::default();
    let mut masters = 0;
    let mut is_master = |when: &str| {
        masters += 1;
        recorder.await_call("GROUP G MASTER", masters);
        for member in ["I", "J"] {
            daemon.await_master(member, masters, wait::seconds(15));
            recorder.await_call(&format!("INSTANCE {member} MASTER"), masters);
        }
        facts.calls(format!("script calls {when}"), recorder.calls());
    };
    is_master("at the start");
    let link = |state: &str| drop(node.sh(&format!("ip link set up0 {state}")));
    link("down");
    recorder.await_call("GROUP G FAULT", 1);
    link("up");
    is_master("after the link");
    std::fs::write(&file, "3").unwrap();
    recorder.await_call("GROUP G FAULT", 2);
    std::fs::write(&file, "0").unwrap();
    is_master("after the file");
    std::fs::remove_file(&flag).unwrap();
    recorder.await_call("GROUP G FAULT", 3);
    std::fs::write(&flag, "").unwrap();
    is_master("after the script");
    facts
}

/// What the member says on the wire that gives up0 a weight, which both daemons say that they ignore.
fn weight_of_an_interface(subject: Subject) -> u8 {
    let router = Router::new();
    let recorder = Recorder::new(&router.node);
    router.node.sh("ip link add up0 type veth peer name peer0; ip link set peer0 up; ip link set up0 up");
    let text = group(&recorder, "track_interface { up0 weight 10 }", "");
    let capture = Capture::start(&router.node);
    let daemon = Daemon::start(subject, &router.node, &text);
    daemon.await_line("due to SYNC group", wait::seconds(5));
    daemon.await_master("I", 1, wait::seconds(15));
    let said = || capture.adverts_sent("eth0").last().map(|(_, advert)| advert.priority());
    wait::until("adverts", wait::seconds(10), || capture.adverts_sent("eth0").len() >= 2);
    said().unwrap()
}

/// The first result of the script of `I` is a failure: who is told, before the script of the stop.
fn fault_of_those_that_wait(subject: Subject) -> Vec<String> {
    let router = Router::new();
    let recorder = Recorder::new(&router.node);
    let text = group(&recorder, "track_script { ill }", "");
    let text = format!("vrrp_script ill {{\n script /usr/bin/false\n interval 1\n}}\n{text}");
    let mut daemon = Daemon::start(subject, &router.node, &text);
    recorder.await_call("GROUP G FAULT", 1);
    recorder.await_call("INSTANCE I FAULT", 1);
    if subject == Subject::Standfast {
        recorder.await_call("INSTANCE J FAULT", 1);
    }
    daemon.stop();
    let mut told = sorted(&recorder);
    told.retain(|call| !call.contains("STOP"));
    told
}

/// A claim of lower priority against one member: who announces, how often.
fn claim(subject: Subject) -> Facts {
    let router = Router::new();
    let recorder = Recorder::new(&router.node);
    let quiet =
        "garp_master_delay 0\n garp_master_repeat 1\n garp_lower_prio_repeat 2\n garp_lower_prio_delay 1";
    let daemon = Daemon::start(subject, &router.node, &group(&recorder, quiet, quiet));
    for member in ["I", "J"] {
        daemon.await_master(member, 1, wait::seconds(15));
    }
    let capture = Capture::start(&router.node);
    forged::send(&router.neighbour, [10, 0, 0, 2], [10, 0, 0, 2], &forged::advert(51, 100));
    daemon.await_line("lower priority 100", wait::seconds(5));
    let adverts = capture.adverts_sent("eth0").len();
    wait::until("four adverts more", wait::seconds(9), || {
        capture.adverts_sent("eth0").len() >= adverts + 4
    });
    let mut facts = Facts::default();
    for interface in ["eth0", "eth1"] {
        let seen = capture.announcements(interface);
        facts.note(format!("announcements on {interface}"), seen.len().to_string());
    }
    facts
}
