//! Quorum and sorry server, and the scripts that hear of it.

use super::lab::Lab;
use super::server::{Manner, Server};
use crate::support::daemon::{Recorder, Subject};
use crate::support::fifo::Pipe;
use crate::support::{ipvs, wait};

fn config(script: &str, fifo: &str, more: &str) -> String {
    let real = |number: u8| {
        format!(
            "    real_server 10.1.0.{number} 80 {{
        notify_up \"{script} up {number}\"
        notify_down \"{script} down {number} 'a b'\"
        TCP_CHECK {{
            warmup 0
            retry 1
            delay_before_retry 1
            connect_timeout 1
        }}
    }}
"
        )
    };
    format!(
        "global_defs {{
    script_user nobody
    enable_script_security
    lvs_notify_fifo {fifo}
}}
virtual_server 10.0.0.100 80 {{
    delay_loop 2
    lb_algo rr
    lb_kind NAT
    protocol TCP
    quorum 2
    quorum_up \"{script} gained\"
    quorum_down \"{script} lost\"
    sorry_server 10.1.0.4 80
{more}
{}{}}}
",
        real(2),
        real(3)
    )
}

/// Two servers, a quorum of both, a sorry server; one server fails and returns.
pub fn run_as_configured(subject: Subject) {
    let lab = Lab::new();
    for real in [&lab.reals[0], &lab.reals[1]] {
        // Leaked on purpose: it listens until the program ends.
        let _server = Server::start(real, "0.0.0.0:80", Manner::Answers(200));
    }
    let recorder = Recorder::new(&lab.director);
    // Root owns the way to it, as script security wants; whoever runs it may write the record.
    let record = lab.director.dir.join("recorded");
    std::fs::write(&record, "").unwrap();
    lab.director.sh(&format!(
        "chmod 666 {}; chmod a+rx {1} $(dirname {1})",
        record.display(),
        lab.director.dir.display()
    ));
    let script = recorder.script();
    std::fs::write(&script, format!("#!/bin/sh\necho \"$(id -un) $# $*\" >> {}\n", record.display()))
        .unwrap();
    let fifo = lab.director.dir.join("fifo");
    let mut pipe = Pipe::make(&fifo);
    let text = config(&script, &fifo.display().to_string(), "    omega");
    let mut daemon = lab.direct(subject, &text);
    let both = ["10.1.0.2:80 -m -w 1", "10.1.0.3:80 -m -w 1"];
    lab.await_reals(&both, &daemon, wait::seconds(10));
    for number in [2, 3] {
        daemon
            .await_line(&format!("TCP connection to [10.1.0.{number}]:tcp:80 success."), wait::seconds(10));
    }
    recorder.await_call("nobody 1 gained", 1);

    let block = "nft 'add table ip f; add chain ip f i { type filter hook input priority 0; }; add rule ip f i tcp dport 80 reject with tcp reset'";
    lab.reals[0].sh(block);
    lab.await_reals(&["10.1.0.4:80 -m -w 1"], &daemon, wait::seconds(10));
    recorder.await_call("nobody 3 down 2 a b", 1);
    recorder.await_call("nobody 1 lost", 1);
    lab.reals[0].sh("nft delete table ip f");
    lab.await_reals(&both, &daemon, wait::seconds(10));
    recorder.await_call("nobody 2 up 2", 1);
    recorder.await_call("nobody 1 gained", 2);
    let (service, real) = ("VS [10.0.0.100]:tcp:80", "RS [10.1.0.2]:tcp:80 [10.0.0.100]:tcp:80");
    let up_and_down = ["VS UP", "RS DOWN", "VS DOWN", "RS UP", "VS UP"].map(|line| {
        let (kind, word) = line.split_once(' ').unwrap();
        format!("{} {word}", if kind == "VS" { service } else { real })
    });
    assert_eq!(pipe.lines(), up_and_down);
    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(&lab.director), []);
    let mut calls = recorder.calls();
    // With omega the end is told too: 2.2.7 is gone before its scripts have begun, ours have a second, which is short
    // for a guest that is emulated.
    let mut told_at_the_end = vec!["nobody 1 lost", "nobody 3 down 2 a b", "nobody 3 down 3 a b"];
    for call in calls.split_off(5) {
        let place = told_at_the_end.iter().position(|told| *told == call);
        told_at_the_end.remove(place.unwrap_or_else(|| panic!("{call}\n{}", daemon.process().log())));
    }
    calls.sort();
    let expected =
        ["nobody 1 gained", "nobody 1 gained", "nobody 1 lost", "nobody 2 up 2", "nobody 3 down 2 a b"];
    assert_eq!(calls, expected, "{}", daemon.process().log());
    let told = |line: &str| daemon.process().count(line);
    for (line, times) in [
        ("Activating healthchecker for service [10.1.0.2]:tcp:80 for VS [10.0.0.100]:tcp:80", 1),
        ("Gained quorum 2+0=2 <= 2 for VS [10.0.0.100]:tcp:80", 2),
        ("TCP_CHECK on service [10.1.0.2]:tcp:80 failed after 1 retries.", 1),
        ("Removing service [10.1.0.2]:tcp:80 from VS [10.0.0.100]:tcp:80", 1),
        ("Lost quorum 2-0=2 > 1 for VS [10.0.0.100]:tcp:80", 1),
        ("Adding sorry server [10.1.0.4]:tcp:80 to VS [10.0.0.100]:tcp:80", 1),
        ("Removing alive servers from the pool for VS [10.0.0.100]:tcp:80", 1),
        ("TCP connection to [10.1.0.2]:tcp:80 success.", 2),
        ("Adding service [10.1.0.2]:tcp:80 to VS [10.0.0.100]:tcp:80", 1),
        ("Removing sorry server [10.1.0.4]:tcp:80 from VS [10.0.0.100]:tcp:80", 1),
        ("Adding alive servers to the pool for VS [10.0.0.100]:tcp:80", 1),
        ("Shutting down service [10.1.0.2]:tcp:80 from VS [10.0.0.100]:tcp:80", 1),
    ] {
        assert_eq!(told(line), times, "{line}\n{}", daemon.process().log());
    }
}

/// `rs_init_notifies`: a real server that is new and up is told like one that comes up, before its service; at a reload too.
pub fn told_at_the_start(subject: Subject) {
    let lab = Lab::new();
    let fifo = lab.director.dir.join("fifo");
    let mut pipe = Pipe::make(&fifo);
    let config = |reals: &[&str]| {
        let reals: String = reals.iter().map(|real| format!("real_server 10.1.0.{real}\n}}\n")).collect();
        format!(
            "global_defs {{\nscript_user root\nrs_init_notifies\nlvs_notify_fifo {}\n}}
virtual_server 10.0.0.100 80 {{\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n{reals}}}\n",
            fifo.display()
        )
    };
    // One that has yet to pass its check is not up.
    let check = "MISC_CHECK {\nmisc_path \"/bin/sleep 4000\"\nmisc_timeout 4000\nalpha\n}";
    let waits = &format!("4 80 {{\n{check}");
    let mut daemon = lab.direct(subject, &config(&["2 80 {", waits]));
    lab.await_reals(&["10.1.0.2:80 -m -w 1"], &daemon, wait::seconds(10));
    daemon.reload(&config(&["2 80 {", waits, "3 80 {"]));
    lab.await_reals(&["10.1.0.2:80 -m -w 1", "10.1.0.3:80 -m -w 1"], &daemon, wait::seconds(10));
    let said = ["RS [10.1.0.2]:tcp:80 [10.0.0.100]:tcp:80 UP", "VS [10.0.0.100]:tcp:80 UP"];
    let expected = [said[0], said[1], "RS [10.1.0.3]:tcp:80 [10.0.0.100]:tcp:80 UP"];
    let mut heard = Vec::new();
    wait::until("what the FIFO says", wait::seconds(10), || {
        heard.extend(pipe.lines());
        heard.len() >= expected.len()
    });
    assert_eq!(heard, expected);
    assert!(daemon.stop().success());
}
