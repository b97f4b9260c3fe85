//! What a server says, and what keepalived and ours make of it: good, bad and odd answers, one service for each.

use super::both::{self, Story};
use super::lab::{Lab, service};
use super::secure::{self, Manner};
use crate::support::daemon::Subject;
use crate::support::net::Node;
use crate::support::{ipvs, wait};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};

/// What a server does.
#[derive(Clone, Copy)]
pub enum Says {
    /// The first when somebody connects, then one after each line; `.` is silence, `!` the end.
    Lines(&'static [&'static str]),
    /// These datagrams after each one.
    Datagrams(fn(&[u8]) -> Vec<Vec<u8>>),
    /// A script's last command.
    Script(&'static str),
    /// This page, whatever is asked for.
    Page(&'static str),
    /// The same to requests with this in them; others get nothing.
    PageTo(&'static str, &'static str),
    /// This, and then silence.
    Stops(&'static str),
    /// Nobody listens.
    Nobody,
    /// The page over TLS.
    Secure(Manner, &'static str),
}

/// A check, what it meets, and whether the server is well: with which weight.
pub struct Case(pub &'static str, pub &'static str, pub Says, pub Option<u32>);

pub const WELL: Option<u32> = Some(4);
const MAIL: &str = "SMTP_CHECK";
const NAMES: &str = "DNS_CHECK";
const ECHO: &str = "UDP_CHECK";
const MISC: &str = "MISC_CHECK";

/// The question as a reply with these flags.
fn reply(question: &[u8], flags: u8, code: u8) -> Vec<u8> {
    let mut reply = question.to_vec();
    (reply[2], reply[3]) = (flags, code);
    reply
}

fn strange(question: &[u8]) -> Vec<u8> {
    let mut reply = reply(question, 0x81, 3);
    reply[0] ^= 1;
    reply
}

use Says::{Datagrams, Lines, Script};

const CASES: &[Case] = &[
    Case(MAIL, "", Lines(&["220 a", "250 b", "221 c"]), WELL),
    Case(MAIL, "", Lines(&["220 ", "250 ", "221 "]), WELL),
    Case(MAIL, "", Lines(&["220-a\r\n220 b", "250 b", "221 c"]), None),
    Case(MAIL, "", Lines(&["220 a", "250-b\r\n250 c", "221 c"]), None),
    Case(MAIL, "", Lines(&["220 a", "250 b", "500 c"]), WELL),
    Case(MAIL, "", Lines(&["220 a", "250 b", "!"]), None),
    Case(MAIL, "", Lines(&["220 a", "250 b", "."]), None),
    Case(MAIL, "", Lines(&["220 a", "251 b", "221 c"]), None),
    Case(MAIL, "", Lines(&["220 a", "!"]), None),
    Case(MAIL, "", Lines(&["220 a", "."]), None),
    Case(MAIL, "", Lines(&["!"]), None),
    Case(MAIL, "", Lines(&["."]), None),
    Case(MAIL, "", Lines(&["2200 a", "250 b", "221 c"]), None),
    Case(MAIL, "", Lines(&["hello", "250 b", "221 c"]), None),
    Case(MAIL, "", Lines(&["", "250 b", "221 c"]), None),
    Case(MAIL, "", Lines(&[" 220 a", "250 b", "221 c"]), None),
    Case(NAMES, "", Datagrams(|q| vec![reply(q, 0x81, 0)]), WELL),
    Case(NAMES, "", Datagrams(|q| vec![reply(q, 0x83, 0)]), WELL),
    Case(NAMES, "", Datagrams(|q| vec![reply(q, 0x81, 2)]), None),
    Case(NAMES, "", Datagrams(|q| vec![reply(q, 0x81, 0x85)]), None),
    Case(NAMES, "", Datagrams(|q| vec![reply(q, 0x81, 0xf0)]), WELL),
    Case(NAMES, "", Datagrams(|q| vec![reply(q, 0x01, 0)]), None),
    Case(NAMES, "", Datagrams(|q| vec![strange(q)]), None),
    Case(NAMES, "", Datagrams(|q| vec![strange(q), reply(q, 0x81, 0)]), WELL),
    Case(NAMES, "", Datagrams(|q| vec![reply(q, 0x81, 0)[..12].to_vec()]), WELL),
    Case(NAMES, "", Datagrams(|q| vec![vec![], reply(q, 0x81, 0)]), WELL),
    Case(NAMES, "type AAAA\nname www.example", Datagrams(|q| vec![reply(q, 0x81, 0)]), WELL),
    Case(ECHO, "", Datagrams(|_| vec![]), WELL),
    Case(ECHO, "", Datagrams(|_| vec![vec![1; 600]]), WELL),
    Case(ECHO, "require_reply", Datagrams(|_| vec![]), None),
    Case(ECHO, "require_reply", Datagrams(|_| vec![vec![1; 600]]), WELL),
    Case(ECHO, "require_reply 0102", Datagrams(|_| vec![vec![1, 2, 3]]), WELL),
    Case(ECHO, "require_reply 0102", Datagrams(|_| vec![vec![1]]), WELL),
    Case(ECHO, "require_reply 0102", Datagrams(|_| vec![vec![1, 3]]), None),
    Case(ECHO, "require_reply 0102", Datagrams(|_| vec![vec![1; 256]]), None),
    Case(ECHO, "require_reply 01", Datagrams(|_| vec![vec![1; 255]]), WELL),
    Case(ECHO, "require_reply 01", Datagrams(|_| vec![vec![1; 256]]), None),
    Case(
        ECHO,
        "require_reply 01\nmin_reply_length 2\nmax_reply_length 3",
        Datagrams(|_| vec![vec![1]]),
        None,
    ),
    Case(
        ECHO,
        "require_reply 01\nmin_reply_length 2\nmax_reply_length 3",
        Datagrams(|_| vec![vec![1; 2]]),
        WELL,
    ),
    Case(
        ECHO,
        "require_reply 01\nmin_reply_length 2\nmax_reply_length 3",
        Datagrams(|_| vec![vec![1; 4]]),
        None,
    ),
    Case(ECHO, "min_reply_length 2\nrequire_reply", Datagrams(|_| vec![vec![1]]), WELL),
    Case(ECHO, "require_reply xX1x", Datagrams(|_| vec![vec![9, 0x15]]), WELL),
    Case(ECHO, "require_reply xx1x", Datagrams(|_| vec![vec![9, 0x25]]), None),
    Case(ECHO, "require_reply 01", Datagrams(|_| vec![vec![2], vec![1]]), None),
    Case(ECHO, "payload 00fe\nrequire_reply 00fe", Datagrams(|q| vec![q.to_vec()]), WELL),
    Case(MISC, "", Script("exit 0"), WELL),
    Case(MISC, "", Script("exit 1"), None),
    Case(MISC, "", Script("exit 2"), None),
    Case(MISC, "", Script("exit 255"), None),
    Case(MISC, "", Script("kill -15 $$"), None),
    Case(MISC, "misc_timeout 1", Script("exec sleep 100"), None),
    Case(MISC, "misc_timeout 1", Script("trap '' TERM; while :; do sleep 1; done"), None),
    Case(MISC, "misc_dynamic", Script("exit 0"), WELL),
    Case(MISC, "misc_dynamic", Script("exit 1"), None),
    Case(MISC, "misc_dynamic", Script("exit 2"), Some(0)),
    Case(MISC, "misc_dynamic", Script("exit 3"), Some(1)),
    Case(MISC, "misc_dynamic", Script("exit 255"), Some(253)),
    Case(MISC, "misc_dynamic", Script("kill -9 $$"), None),
];

impl Case {
    /// Sets up what is met; the check that meets it.
    fn set_up(&self, port: u16, node: &Node, director: &Node) -> String {
        let Case(kind, lines, says, _) = self;
        let address = format!("10.1.0.2:{port}");
        match *says {
            Lines(replies) => {
                let listener = node.within(|| TcpListener::bind(&address).unwrap());
                std::thread::spawn(move || {
                    for stream in listener.incoming().flatten() {
                        std::thread::spawn(move || converse(stream, replies));
                    }
                });
            }
            Says::Page(page) => {
                let listener = node.within(|| TcpListener::bind(&address).unwrap());
                std::thread::spawn(move || {
                    listener.incoming().flatten().for_each(|stream| secure::answer(stream, page));
                });
            }
            Says::PageTo(wanted, page) => {
                let listener = node.within(|| TcpListener::bind(&address).unwrap());
                std::thread::spawn(move || {
                    listener.incoming().flatten().for_each(|it| secure::answer_to(wanted, it, page));
                });
            }
            Says::Stops(begun) => {
                let listener = node.within(|| TcpListener::bind(&address).unwrap());
                std::thread::spawn(move || {
                    let talk = |mut stream: TcpStream| {
                        let _gone = stream.write_all(begun.as_bytes());
                        // Until the other end gives up.
                        let _gone = std::io::copy(&mut stream, &mut std::io::sink());
                    };
                    listener
                        .incoming()
                        .flatten()
                        .for_each(|stream| drop(std::thread::spawn(move || talk(stream))));
                });
            }
            Says::Nobody => {}
            Says::Secure(manner, page) => {
                let listener = node.within(|| TcpListener::bind(&address).unwrap());
                let context = secure::context(manner);
                std::thread::spawn(move || secure::serve(&listener, &context, manner, page));
            }
            Datagrams(answers) => {
                let socket = node.within(|| UdpSocket::bind(&address).unwrap());
                std::thread::spawn(move || {
                    let mut datagram = [0; 2048];
                    while let Ok((length, peer)) = socket.recv_from(&mut datagram) {
                        for answer in answers(&datagram[..length]) {
                            let _gone = socket.send_to(&answer, peer);
                        }
                    }
                });
            }
            Script(last) => {
                let script = director.dir.join(format!("script-{port}.sh"));
                std::fs::write(&script, format!("#!/bin/sh\n{last}\n")).unwrap();
                director.sh(&format!("chmod 755 {}", script.display()));
                return format!("{kind} {{\nmisc_path {}\n{lines}\n}}", script.display());
            }
        }
        format!("{kind} {{\n{lines}\n}}")
    }
}

fn converse(mut stream: TcpStream, replies: &[&str]) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    for reply in replies {
        match *reply {
            "!" => return,
            // Until the other end gives up.
            "." => {}
            reply => {
                let _gone = stream.write_all(format!("{reply}\r\n").as_bytes());
            }
        }
        if !matches!(lines.next(), Some(Ok(_))) {
            return;
        }
    }
    // Whoever asks on is not answered.
    while let Some(Ok(_)) = lines.next() {}
}

/// Each is asked once, at the start; whoever is well comes in, and with `said` the log has a line of all others.
pub fn play(subject: Subject, cases: &'static [Case], said: bool) -> Story {
    play_from(subject, cases, said, "alpha")
}

/// The same with those in at the start that are asked: whoever is not well goes, and all that fails is in the log.
pub fn play_out(subject: Subject, cases: &'static [Case]) -> Story {
    play_from(subject, cases, true, "retry 2")
}

fn play_from(subject: Subject, cases: &'static [Case], said: bool, start: &str) -> Story {
    let lab = Lab::new();
    let log = if start == "alpha" { "" } else { " checker_log_all_failures\n" };
    let mut text = format!("global_defs {{\n script_user root\n{log}}}\n");
    let mut wanted = Vec::new();
    for (port, case) in (2001..).zip(cases) {
        let check = case.set_up(port, &lab.reals[0], &lab.director);
        text.push_str(&format!(
            "virtual_server 10.0.0.100 {port} {{
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    {start}
    delay_loop 300
    warmup 0
    connect_timeout 5
    real_server 10.1.0.2 {port} {{
        weight 4
        {check}
    }}
}}
"
        ));
        let real = case.3.map(|weight| format!("10.1.0.2:{port} -m -w {weight}"));
        let reals: Vec<&str> = real.iter().map(String::as_str).collect();
        wanted.push(service(&format!("-t 10.0.0.100:{port}"), "-s rr", &reals));
    }
    wanted.sort();
    let daemon = lab.direct(subject, &text);
    // Of those that fail the log has a line.
    let failed = |port: u16| {
        let named = [format!("[10.1.0.2]:tcp:{port}"), format!("[10.1.0.2]:{port}")];
        let lines = daemon.process().lines();
        lines.iter().any(|line| {
            let text = &line.text;
            !text.contains("Activating")
                && named.iter().any(|name| text.ends_with(name) || text.contains(name))
        })
    };
    let missing = || {
        let found = ipvs::table(&lab.director);
        let mut missing = Vec::new();
        for (port, Case(kind, lines, _, well)) in (2001..).zip(cases) {
            let address = format!("-t 10.0.0.100:{port}");
            let service =
                |table: &[ipvs::Service]| table.iter().find(|one| one.address == address).cloned();
            let as_wanted = service(&found) == service(&wanted);
            if !as_wanted || said && well.is_none() && !failed(port) {
                missing.push(format!("{port}: {kind} {lines:?}: {:?}", service(&found)));
            }
        }
        missing
    };
    wait::value(
        "all are judged",
        wait::seconds(20),
        || missing().is_empty().then_some(()),
        || format!("{:#?}\n{}", missing(), daemon.process().log()),
    );
    both::told(&daemon, &lab.director, None)
}

/// Both, at the same time.
pub fn side_by_side() {
    both::compare(|subject| play(subject, CASES, true));
}
