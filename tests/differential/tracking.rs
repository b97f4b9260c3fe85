//! Scripts that decide about states and priorities, and groups that move together.

use super::facts::{Facts, grepped, said, same};
use super::lifecycle::Router;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Recorder, Subject};
use crate::support::net::Node;
use crate::support::runner::Case;
use crate::support::wait;
use std::os::unix::fs::PermissionsExt;

pub fn cases() -> Vec<Case> {
    vec![
        same("tracking::script_fails_and_recovers", |subject| script(subject, "", true)),
        same("tracking::script_with_rise_and_fall", |subject| script(subject, "rise 2\n fall 2", true)),
        same("tracking::script_lowers_priority", |subject| weight(subject, -20, 100, 80)),
        same("tracking::script_raises_priority", |subject| weight(subject, 30, 130, 100)),
        same("tracking::script_that_hangs", hanging),
        same("tracking::first_success_with_init_fail", first_success),
        same("tracking::sync_group", sync_group),
        same("tracking::weights_both_ways", weights_both_ways),
    ]
}

/// One success is enough at the start, whatever `rise` says.
fn first_success(subject: Subject) -> Facts {
    let router = Router::new();
    good(&router.node, true);
    let options = "init_fail\n rise 9\n weight 10";
    let daemon =
        Daemon::start(subject, &router.node, &config(&checker(&router.node), options, "/usr/bin/true"));
    daemon.await_master("I", 1, wait::seconds(15));
    let mut facts = Facts::default();
    facts.list("log", &said(daemon.process(), &["VRRP_Script(", "Changing effective priority"]));
    facts
}

/// A script that succeeds while the file `good` is there.
fn checker(node: &Node) -> String {
    let path = node.dir.join("check.sh");
    std::fs::write(&path, format!("#!/bin/sh\ntest -e {}\n", node.dir.join("good").display())).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn good(node: &Node, good: bool) {
    let path = node.dir.join("good");
    if good { std::fs::write(path, "").unwrap() } else { std::fs::remove_file(path).unwrap() }
}

fn config(script: &str, options: &str, notify: &str) -> String {
    format!(
        "vrrp_script check {{\n script \"{script}\"\n interval 1\n {options}\n}}\n\
         vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 100\n track_script {{ check }}\n \
         virtual_ipaddress {{ 10.0.0.50/24 }}\n notify {notify}\n}}\n"
    )
}

fn script(subject: Subject, options: &str, recovers: bool) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    good(node, true);
    let daemon = Daemon::start(subject, node, &config(&checker(node), options, &recorder.script()));
    daemon.await_master("I", 1, wait::seconds(15));
    good(node, false);
    recorder.await_call("INSTANCE I FAULT", 1);
    node.await_address("eth0", "10.0.0.50/24", false, wait::seconds(5));
    if recovers {
        good(node, true);
        daemon.await_master("I", 2, wait::seconds(15));
        recorder.await_call("INSTANCE I MASTER", 2);
    }
    let mut facts = Facts::default();
    facts.calls("script calls", recorder.calls());
    facts.list("log", &grepped(daemon.process()));
    facts
}

fn weight(subject: Subject, weight: i16, while_good: u8, while_bad: u8) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    good(node, true);
    let capture = Capture::start(node);
    let text = config(&checker(node), &format!("weight {weight}"), &recorder.script());
    let daemon = Daemon::start(subject, node, &text);
    daemon.await_master("I", 1, wait::seconds(15));
    let last = || capture.adverts_sent("eth0").last().map(|(_, advert)| advert.priority());
    wait::until("the priority of a good script", wait::seconds(10), || last() == Some(while_good));
    good(node, false);
    wait::until("the priority of a bad script", wait::seconds(10), || last() == Some(while_bad));
    let mut facts = Facts::default();
    facts.calls("script calls", recorder.calls());
    facts.list("log", &grepped(daemon.process()));
    facts
}

fn hanging(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let text = config("/usr/bin/sleep 30", "timeout 1", &recorder.script());
    let mut daemon = Daemon::start(subject, node, &text);
    // `timed_out` before 2.4, `timed out` since.
    daemon.await_line("VRRP_Script(check) timed", wait::seconds(15));
    let mut facts = Facts::default();
    facts.note("exit status", daemon.stop().to_string());
    facts.note("masters", daemon.process().count("Entering MASTER").to_string());
    facts
}

/// Two instances on two interfaces: one link goes, both leave, both return.
fn sync_group(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let script = recorder.script();
    let instance = |name: &str, interface: &str, vrid: u8, address: &str| {
        format!(
            "vrrp_instance {name} {{\n interface {interface}\n virtual_router_id {vrid}\n priority 200\n \
             virtual_ipaddress {{ {address} }}\n notify {script}\n}}\n"
        )
    };
    let text = format!(
        "vrrp_sync_group G {{\n group {{ I J }}\n notify {script}\n}}\n{}{}",
        instance("I", "eth0", 51, "10.0.0.50/24"),
        instance("J", "eth1", 52, "10.1.0.50/24")
    );
    let capture = Capture::start(node);
    let mut daemon = Daemon::start(subject, node, &text);
    for member in ["I", "J"] {
        daemon.await_master(member, 1, wait::seconds(15));
    }
    recorder.await_call("GROUP G MASTER", 1);
    node.sh("ip link set eth0 down");
    recorder.await_call("GROUP G FAULT", 1);
    node.await_address("eth1", "10.1.0.50/24", false, wait::seconds(5));
    let resigned = capture.adverts_sent("eth1").iter().any(|(_, advert)| advert.priority() == 0);
    node.sh("ip link set eth0 up");
    for member in ["I", "J"] {
        daemon.await_master(member, 2, wait::seconds(15));
    }
    recorder.await_call("GROUP G MASTER", 2);
    recorder.await_call("INSTANCE J MASTER", 2);
    recorder.await_call("INSTANCE I MASTER", 2);
    let mut facts = Facts::default();
    facts.note("the partner resigned", resigned.to_string());
    facts.note("exit status", daemon.stop().to_string());
    recorder.await_call("GROUP G STOP", 1);
    let mut calls = recorder.calls();
    calls.sort();
    facts.list("script calls, sorted", &calls);
    facts
}

/// A script and an interface with weights of both signs, reversed and not, while they are well and when they fail.
fn weights_both_ways(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    good(node, true);
    let mut text =
        format!("vrrp_script check {{\n script \"{}\"\n interval 1\n fall 1\n}}\n", checker(node));
    let mut names = Vec::new();
    for tracked in ["track_script { check", "track_interface { eth1"] {
        for weight in ["9", "9 reverse", "-7", "-7 reverse", "0", "0 reverse"] {
            let number = names.len() + 1;
            names.push(format!("I{number}"));
            // It hears nobody, and waits so long that it never becomes master here.
            text += &format!(
                "vrrp_instance I{number} {{\n interface eth0\n virtual_router_id {number}\n priority 100\n \
                 advert_int 40\n {tracked} weight {weight} }}\n virtual_ipaddress {{ 10.0.0.{}/24 }}\n}}\n",
                100 + number
            );
        }
    }
    let daemon = Daemon::start(subject, node, &text);
    let nth = |line: &str, nth| daemon.process().await_nth(line, nth, wait::seconds(10));
    nth("(I1) Changing effective priority from 100 to 109", 1);
    nth("(I5) Entering BACKUP STATE", 1);
    good(node, false);
    node.sh("ip link set eth1 down");
    for name in ["I1", "I2", "I3", "I4"] {
        nth(
            &format!("({name}) Changing effective priority"),
            if matches!(name, "I1" | "I2") { 2 } else { 1 },
        );
    }
    nth("(I5) Entering FAULT STATE", 1);
    nth("(I6) Entering BACKUP STATE", 1);
    nth("(I11) Entering FAULT STATE", 1);
    nth("(I12) Entering BACKUP STATE", 1);
    let mut facts = Facts::default();
    facts.calls("log", said(daemon.process(), &["Changing effective priority"]));
    facts
}
