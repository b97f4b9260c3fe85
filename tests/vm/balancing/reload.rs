//! Reloads: what lives goes on, what failed stays out, only the difference is written, a broken file changes nothing.

use super::lab::{Lab, service};
use crate::support::daemon::{Daemon, Subject};
use crate::support::echo::{Echo, Talk};
use crate::support::process::Process;
use crate::support::{ipvs, wait};
use std::process::Command;
use std::time::Duration;

fn config(scheduler: &str, reals: &[(u8, u8)]) -> String {
    let reals: String = reals
        .iter()
        .map(|(number, weight)| {
            format!(
                "    real_server 10.1.0.{number} 80 {{\n        weight {weight}\n        TCP_CHECK {{\n            warmup 0\n            connect_timeout 1\n        }}\n    }}\n"
            )
        })
        .collect();
    format!(
        "virtual_server 10.0.0.100 80 {{\n    delay_loop 2\n    lb_algo {scheduler}\n    lb_kind NAT\n    protocol TCP\n{reals}}}\n"
    )
}

/// [`config`] whose checks all ask the lab's first real server, at [`ANSWERS`].
fn answered(scheduler: &str, reals: &[(u8, u8)]) -> String {
    config(scheduler, reals).replace("warmup 0", "warmup 0\n            connect_ip 10.1.0.2")
}

const ANSWERS: &str = "10.1.0.2:80";

/// An open connection lives through everything but the end of its own server; who is out stays out.
pub fn keeps_connections_and_failures(subject: Subject) {
    let lab = Lab::new();
    let _first = Echo::start(&lab.reals[0], "0.0.0.0:80");
    let third = Echo::start(&lab.reals[2], "0.0.0.0:80");
    let daemon = lab.direct(subject, &config("rr", &[(2, 1), (3, 1)]));
    daemon.await_line("Removing service [10.1.0.3]:tcp:80", wait::seconds(10));
    lab.await_reals(&["10.1.0.2:80 -m -w 1"], &daemon, wait::seconds(5));
    let mut talk = Talk::open(&lab.client, "10.0.0.100:80", wait::seconds(5)).unwrap();
    assert_eq!(talk.say("one").as_deref(), Some("real2"));

    let without_the_failed =
        [service("-t 10.0.0.100:80", "-s wlc", &["10.1.0.2:80 -m -w 5", "10.1.0.4:80 -m -w 1"])];
    daemon.reload(&config("wlc", &[(2, 5), (3, 1), (4, 1)]));
    assert_eq!(ipvs::table(&lab.director), without_the_failed, "{}", daemon.process().log());
    assert_eq!(talk.say("two").as_deref(), Some("real2"));
    daemon.reload(&config("wlc", &[(2, 5), (3, 1)]));
    lab.await_reals(&["10.1.0.2:80 -m -w 5"], &daemon, wait::seconds(2));
    assert_eq!(talk.say("three").as_deref(), Some("real2"));
    for line in [
        "Changing weight from 1 to 5 for active service [10.1.0.2]:tcp:80 of VS [10.0.0.100]:tcp:80",
        "Removing service [10.1.0.4]:tcp:80 from VS [10.0.0.100]:tcp:80",
    ] {
        assert_eq!(daemon.process().count(line), 1, "{line}\n{}", daemon.process().log());
    }
    drop(third);
    let _second = Echo::start(&lab.reals[1], "0.0.0.0:80");
    lab.await_reals(&["10.1.0.2:80 -m -w 5", "10.1.0.3:80 -m -w 1"], &daemon, wait::seconds(10));
    assert_eq!(talk.say("four").as_deref(), Some("real2"));
}

/// The commands that change IPVS in a trace: how often each number (`IPVS_CMD_*`) was sent.
fn changes(trace: &str) -> Vec<(u8, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for line in trace.lines() {
        if !line.contains("NLM_F_REQUEST") {
            continue;
        }
        for message in line.split("nlmsg_len=").skip(1) {
            let Some((_, payload)) = message.split_once("\"\\x") else { continue };
            if message.contains("NLM_F_DUMP")
                || ["nlctrl", "GENL_ID_CTRL", "nlmsg_type=0x10"].iter().any(|name| message.contains(name))
            {
                continue;
            }
            let command = u8::from_str_radix(&payload[..2], 16).unwrap();
            if matches!(command, 1..=3 | 5..=7) {
                *counts.entry(command).or_insert(0) += 1;
            }
        }
    }
    counts.into_iter().collect()
}

/// One changed weight among thirty servers is one request to the kernel.
pub fn writes_the_difference(subject: Subject) {
    let lab = Lab::new();
    let servers: Vec<(u8, u8)> = (10..40).map(|number| (number, 1)).collect();
    let _server = Echo::start(&lab.reals[0], ANSWERS);
    let before = answered("rr", &servers);
    let daemon = lab.direct(subject, &before);
    wait::until("thirty servers", wait::seconds(10), || ipvs::reals(&lab.director).len() == 30);
    one_weight_is_one_request(&lab, &daemon, subject, &before);
}

/// And so it is among four thousand.
pub fn writes_one_of_four_thousand() {
    let lab = Lab::new();
    let reals: String = (0..4000)
        .map(|number| {
            let (high, low) = (number / 250, number % 250);
            format!("    real_server 10.1.{high}.{low} 80 {{\n        weight 1\n    }}\n")
        })
        .collect();
    let before = format!(
        "virtual_server 10.0.0.100 80 {{\n    lb_algo rr\n    lb_kind NAT\n    protocol TCP\n{reals}}}\n"
    )
    .replace("10.1.0.0 80", "10.1.0.251 80");
    let daemon = lab.direct(Subject::Standfast, &before);
    daemon.await_line("Startup complete", wait::seconds(20));
    assert_eq!(ipvs::reals(&lab.director).len(), 4000);
    one_weight_is_one_request(&lab, &daemon, Subject::Standfast, &before);
}

/// Reloads with another weight of the first server that has weight 1, and counts what is sent to the kernel.
fn one_weight_is_one_request(lab: &Lab, daemon: &Daemon, subject: Subject, before: &str) {
    const EDIT_DESTINATION: u8 = 6;
    let traced = match subject {
        Subject::Standfast => daemon.pid(),
        Subject::Keepalived => {
            let file = std::fs::read_to_string(lab.director.dir.join("checkers.pid")).unwrap();
            file.trim().parse().unwrap()
        }
    };
    let trace = lab.director.dir.join("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-xx", "-s", "65536", "-e", "trace=sendto,sendmsg", "-o"]);
    command.arg(&trace).args(["-p", &traced.to_string()]);
    let strace = Process::spawn("strace", command);
    strace.await_line("attached", wait::seconds(10));
    daemon.reload(&before.replacen("weight 1", "weight 9", 1));
    wait::until("the new weight", wait::seconds(10), || {
        ipvs::reals(&lab.director).iter().any(|real| real.ends_with("-w 9"))
    });
    let text = || std::fs::read_to_string(&trace).unwrap();
    wait::value(
        "the change in the trace",
        wait::seconds(10),
        || (changes(&text()).iter().any(|(command, _)| *command == EDIT_DESTINATION)).then_some(()),
        text,
    );
    assert_eq!(changes(&text()), [(EDIT_DESTINATION, 1)], "{}", text());
}

/// A file whose structure is broken is refused as a whole; `standfast reload` says so.
pub fn refuses_a_broken_file() {
    let lab = Lab::new();
    let _server = Echo::start(&lab.reals[0], ANSWERS);
    let good = answered("rr", &[(2, 1), (3, 1)]);
    let daemon = lab.direct(Subject::Standfast, &good);
    let table = [service("-t 10.0.0.100:80", "-s rr", &["10.1.0.2:80 -m -w 1", "10.1.0.3:80 -m -w 1"])];
    lab.await_table(&table, wait::seconds(10));
    daemon.await_line("Startup complete", wait::seconds(10));

    let broken = [
        good.replacen("80 {", "80", 1),
        good.trim_end().trim_end_matches('}').to_owned(),
        good.replace("real_server 10.1.0.3", "reel_server 10.1.0.3"),
    ];
    for broken in broken {
        let refused = lab.ask_reload(&broken);
        assert_eq!(refused.status.code(), Some(3), "{refused:?}\n{broken}");
        assert_eq!(ipvs::table(&lab.director), table, "{broken}");
    }
    std::fs::remove_file(lab.director.dir.join("keepalived.conf")).unwrap();
    let file = lab.director.dir.join("main.pid").display().to_string();
    let gone =
        crate::support::daemon::Daemon::run(Subject::Standfast, &lab.director, &["reload", "-p", &file]);
    assert_eq!(gone.status.code(), Some(3), "{gone:?}");

    // A scheduler that this kernel does not have: said, and nothing that runs is harmed.
    let unknown = lab.ask_reload(&answered("twos", &[(2, 1), (3, 1)]));
    assert_eq!(unknown.status.code(), Some(5), "{unknown:?}");
    let text = String::from_utf8_lossy(&unknown.stdout).into_owned();
    assert!(
        text.contains("IPVS cmd IP_VS_SO_SET_EDIT(1155) error: No such file or directory(2)"),
        "{text}"
    );
    assert_eq!(ipvs::table(&lab.director), table);

    let taken = lab.ask_reload(&good.replacen("weight 1", "weight 4", 1));
    assert_eq!(taken.status.code(), Some(0), "{taken:?}");
    let text = String::from_utf8_lossy(&taken.stdout).into_owned();
    assert!(text.contains("Reloaded: the new configuration is in force."), "{text}");
    let reals = ["10.1.0.2:80 -m -w 4", "10.1.0.3:80 -m -w 1"];
    assert_eq!(ipvs::reals(&lab.director), reals, "in force when it says so");
    lab.await_reals(&reals, &daemon, Duration::ZERO);
}
