//! The checkers that do not speak HTTP, keepalived's beside ours: the same servers fail and return in the same ways, and
//! the table, the lines of the log and the calls of the scripts are the same after each step.

use super::both::{self, Story};
use super::lab::{Lab, of_kind, service};
use super::speakers::{Datagrams, Mail, dns_reply};
use crate::support::daemon::{Recorder, Subject};
use crate::support::{ipvs, wait};
use std::path::Path;

/// The server of this one keeps its place.
const INHIBITED: u16 = 5000;

/// A service of one real server with one checker.
struct Checked {
    protocol: &'static str,
    port: u16,
    /// Which of the lab's real servers it is.
    real: usize,
    check: String,
}

/// One of each kind; the script of `MISC_CHECK` ends with the status in the file.
fn checked(status: &Path) -> [Checked; 5] {
    let of = |protocol, port, real, check: &str| Checked {
        protocol,
        port,
        real,
        check: check.replacen("{", "{\n log_all_failures", 1),
    };
    [
        of("tcp", 25, 0, "SMTP_CHECK {\n helo_name director.example\n }"),
        of("udp", 5000, 1, "UDP_CHECK {\n payload 0102\n require_reply 0aXb\n }"),
        of("udp", 53, 2, "DNS_CHECK {\n type A\n name www.example\n retry 1\n delay_before_retry 1\n }"),
        of("tcp", 80, 0, "PING_CHECK {\n }"),
        of(
            "tcp",
            81,
            1,
            &format!(
                "MISC_CHECK {{\n misc_path \"{} x\"\n misc_dynamic\n misc_timeout 3\n retry 2\n }}",
                status.with_file_name("status.sh").display()
            ),
        ),
    ]
}

fn config(script: &str, services: &[Checked]) -> String {
    let mut text = "global_defs {\n script_user root\n}\n".to_owned();
    for Checked { protocol, port, real, check } in services {
        let inhibit = if INHIBITED == *port { "inhibit_on_failure" } else { "" };
        let words = format!(
            "weight 4
        notify_up \"{script} up {port}\"
        notify_down \"{script} down {port}\"
        {inhibit}
        {check}"
        );
        text.push_str(&of_kind(protocol, *port, *real, &words, ""));
    }
    text
}

const NOBODY: &str = "nft 'add table ip f
add chain ip f i { type filter hook input priority 0; }
add rule ip f i tcp flags & (syn | ack) == syn tcp dport 25 reject with tcp reset
add rule ip f i udp dport { 53, 5000 } reject
add rule ip f i icmp type echo-request drop'";

/// One daemon through all of it: what it said, and what its scripts were called with.
fn story(subject: Subject) -> Story {
    const IN: bool = true;
    let lab = Lab::new();
    let mail = Mail::start(&lab.reals[0], "0.0.0.0:25");
    let echo = Datagrams::start(&lab.reals[1], "0.0.0.0:5000", |_| Some(vec![0x0a, 0x5b, 0x01]));
    let names = Datagrams::start(&lab.reals[2], "0.0.0.0:53", |question| dns_reply(question, 0));
    let recorder = Recorder::new(&lab.director);
    let status = lab.director.dir.join("status");
    let script = status.with_file_name("status.sh");
    std::fs::write(&script, format!("#!/bin/sh\nread status < {}\n[ \"$status\" != kill ] || kill -9 $$\n[ \"$status\" != hang ] || sleep 100\nexit $status\n", status.display())).unwrap();
    lab.director.sh(&format!("chmod 755 {}", script.display()));
    // In one step: a reader never finds it empty.
    let misc = |word: &str| {
        let next = status.with_file_name("next");
        std::fs::write(&next, format!("{word}\n")).unwrap();
        std::fs::rename(&next, &status).unwrap();
    };
    misc("0");
    let services = checked(&status);
    let mut daemon = lab.direct(subject, &config(&recorder.script(), &services));
    let table = |present: bool, misc: Option<u32>| {
        let one = |checked: &Checked| {
            let flag = if checked.protocol == "tcp" { "-t" } else { "-u" };
            let weight = match checked.port {
                81 => misc,
                INHIBITED => Some(if present { 4 } else { 0 }),
                _ => present.then_some(4),
            };
            let real =
                weight.map(|weight| format!("10.1.0.{}:{} -m -w {weight}", checked.real + 2, checked.port));
            service(
                &format!("{flag} 10.0.0.100:{}", checked.port),
                "-s rr",
                &real.as_deref().into_iter().collect::<Vec<_>>(),
            )
        };
        let mut table: Vec<ipvs::Service> = services.iter().map(one).collect();
        table.sort();
        table
    };
    let step = |what: &str, present, misc| {
        let wanted = table(present, misc);
        wait::value(
            what,
            wait::seconds(20),
            || (ipvs::table(&lab.director) == wanted).then_some(()),
            || format!("{:#?}\n{}", ipvs::table(&lab.director), daemon.process().log()),
        );
    };
    let reply = "echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all";

    step("all are well", IN, Some(4));
    for line in ["SMTP server [10.1.0.2]", "UDP connection to", "ICMP connection to", "Misc check for"] {
        daemon.await_line(line, wait::seconds(20));
    }
    mail.say(("554 not today", "250 well"));
    echo.say(|_| Some(vec![0x0a, 0x5c, 0x01]));
    names.say(|question| dns_reply(question, 3));
    lab.reals[0].sh(reply);
    misc("1");
    step("all answer badly", !IN, None);
    mail.say(("220 well", "250 well"));
    echo.say(|_| Some(vec![0x0a]));
    names.say(|question| dns_reply(question, 0));
    lab.reals[0].sh(&reply.replace('1', "0"));
    misc("0");
    step("all are well again", IN, Some(4));
    mail.say(("220 well", "550 who are you"));
    echo.say(|_| None);
    names.say(|_| None);
    lab.reals[0].sh(reply);
    misc("hang");
    step("nobody answers", !IN, None);
    mail.say(("220 well", "250 well"));
    echo.say(|_| Some(vec![0x0a, 0x0b]));
    names.say(|question| dns_reply(question, 0));
    lab.reals[0].sh(&reply.replace('1', "0"));
    misc("12");
    step("the script comes back with a weight", IN, Some(10));
    misc("0");
    step("all are well once more", IN, Some(4));
    // 2.2.7 takes a status that is no weight for the configured one, whatever it was before, and drifts away.
    misc("kill");
    for real in &lab.reals {
        real.sh(NOBODY);
    }
    step("nobody is there", !IN, None);
    for real in &lab.reals {
        real.sh("nft delete table ip f");
    }
    misc("2");
    step("the weight of the script is 0", IN, Some(0));
    for (word, weight) in [("255", 253), ("3", 1), ("0", 4)] {
        misc(word);
        step(word, IN, Some(weight));
    }
    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(&lab.director), [], "{}", daemon.process().log());
    both::told(&daemon, &lab.director, Some(&recorder))
}

/// Both, at the same time.
pub fn side_by_side() {
    both::compare(story);
}
