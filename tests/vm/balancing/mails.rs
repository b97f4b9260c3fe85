//! Mails of real servers and services, as a mail server sees keepalived's and ours.

use super::lab::{Lab, close, of_kind, open};
use super::secure;
use super::server::{Manner, Server};
use super::speakers::{Datagrams, Mail, dns_reply};
use crate::support::daemon::Subject;
use crate::support::sink::Sink;
use crate::support::{ipvs, wait};
use std::collections::BTreeSet;
use std::net::TcpListener;

/// On the director itself.
pub const AT: &str = "127.0.0.1:2525";
pub const SERVER: &str = "smtp_server 127.0.0.1 2525\n notification_email {\n a@example.org\n }\n \
                      notification_email_from lb@example.org\n router_id R1\n smtp_helo_name director.example";

/// Plays it with both and compares what their mail servers were told.
fn compare(play: impl Fn(Subject) -> Vec<String> + Sync) {
    let play = &play;
    let [theirs, ours] = std::thread::scope(|scope| {
        Subject::ALL
            .map(|subject| scope.spawn(move || play(subject)))
            .map(|mails| mails.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    // The words of 2.4.3.
    let newer = |mail: &String| mail.replace(": HTTP request failed", ": HTTP/SSL request failed");
    let theirs: Vec<String> = theirs.iter().map(newer).collect();
    let count = |mails: &[String], mail: &String| mails.iter().filter(|other| *other == mail).count();
    let unlike: Vec<_> = (theirs.iter().chain(&ours).collect::<BTreeSet<_>>().into_iter())
        .map(|mail| (count(&theirs, mail), count(&ours, mail), mail))
        .filter(|(theirs, ours, _)| theirs != ours)
        .collect();
    assert!(unlike.is_empty(), "how often theirs, how often ours: {unlike:#?}");
}

const PAGE: &str = "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nwell";

/// One real server of each kind of check goes and comes back; nothing is said of `smtp_alert`, but for one quorum.
pub fn kinds_side_by_side() {
    compare(kinds);
}

fn kinds(subject: Subject) -> Vec<String> {
    let lab = Lab::new();
    let sink = Sink::start(&lab.director, AT);
    let _mail = Mail::start(&lab.reals[0], "0.0.0.0:25");
    let _web = Server::start(&lab.reals[0], "0.0.0.0:80", Manner::Answers(200));
    let listener = lab.reals[0].within(|| TcpListener::bind("0.0.0.0:443").unwrap());
    let context = secure::context(secure::Manner::Usual);
    std::thread::spawn(move || secure::serve(&listener, &context, secure::Manner::Usual, PAGE));
    let _tcp = Server::start(&lab.reals[1], "0.0.0.0:8001", Manner::Answers(200));
    let _echo = Datagrams::start(&lab.reals[1], "0.0.0.0:5000", |_| Some(vec![1]));
    let _names = Datagrams::start(&lab.reals[2], "0.0.0.0:53", |question| dns_reply(question, 0));
    let file = lab.director.dir.join("works");
    let script = lab.director.dir.join("works.sh");
    std::fs::write(&file, "").unwrap();
    std::fs::write(&script, format!("#!/bin/sh\n[ -e {} ]\n", file.display())).unwrap();
    lab.director.sh(&format!("chmod 755 {}", script.display()));
    let number = lab.director.dir.join("number");
    let number_is = |value: u8| std::fs::write(&number, format!("{value}\n")).unwrap();
    number_is(0);
    let misc = format!("MISC_CHECK {{\n misc_path {}\n misc_timeout 10\n }}", script.display());
    let services = [
        of_kind("tcp", 25, 0, "SMTP_CHECK {\n }", ""),
        of_kind("tcp", 80, 0, "HTTP_GET {\n url {\n path /\n status_code 200\n }\n }", ""),
        of_kind("tcp", 443, 0, "SSL_GET {\n url {\n path /\n status_code 200\n }\n }", ""),
        of_kind("tcp", 83, 2, "FILE_CHECK {\n track_file number\n weight 0\n }", ""),
        of_kind("tcp", 81, 0, "PING_CHECK {\n }", "smtp_alert"),
        of_kind("tcp", 8001, 1, "inhibit_on_failure\n TCP_CHECK {\n }", ""),
        of_kind("udp", 5000, 1, "UDP_CHECK {\n payload 0102\n require_reply 01\n }", ""),
        of_kind("udp", 53, 2, "DNS_CHECK {\n type A\n name www.example\n }", ""),
        of_kind("tcp", 82, 2, &misc, ""),
    ];
    let text = format!(
        "global_defs {{\n script_user root\n {SERVER}\n}}\ntrack_file number {{\n file {}\n weight 5\n}}\n{}",
        number.display(),
        services.concat()
    );
    let daemon = lab.direct(subject, &text);
    for line in [
        "SMTP server [10.1.0.2]",
        "Web server",
        "ICMP connection to",
        "TCP connection to",
        "UDP connection to",
        "Misc check for",
    ] {
        daemon.await_line(line, wait::seconds(20));
    }
    let all = |state: &str, quorum: &str| {
        for name in [
            "2]:tcp:25",
            "2]:tcp:80",
            "2]:tcp:443",
            "2]:tcp:81",
            "3]:tcp:8001",
            "3]:udp:5000",
            "4]:udp:53",
            "4]:tcp:82",
        ] {
            let service = format!("10.0.0.100{}", &name[1..]);
            sink.await_mails(
                &format!("Realserver [10.1.0.{name} of virtual server [{service} - {state}"),
                1,
            );
        }
        sink.await_mails(quorum, 1);
    };
    // Of a file no mail comes.
    number_is(1);
    daemon.await_line("Removing service [10.1.0.4]:tcp:83", wait::seconds(20));
    number_is(0);
    daemon.await_line("Adding service [10.1.0.4]:tcp:83", wait::seconds(20));
    std::fs::remove_file(&file).unwrap();
    for real in &lab.reals {
        close(real, "25, 80, 443, 8001");
    }
    all("DOWN", "Lost quorum");
    std::fs::write(&file, "").unwrap();
    lab.reals.iter().for_each(open);
    all("UP", "Gained quorum");
    sink.mails()
}

fn with_quorum() -> String {
    let check = "TCP_CHECK {\n connect_port 8001\n }";
    let real = |number: u8| format!("    real_server 10.1.0.{number} 90 {{\n {check}\n }}\n");
    let more = "quorum 2\n hysteresis 1\n sorry_server 10.1.0.9 90\n smtp_alert\n omega";
    let text = of_kind("tcp", 90, 0, check, more);
    let end = text.rfind('}').unwrap();
    format!("{}{}{}}}\n", &text[..end], real(3), real(4))
}

fn services() -> String {
    let two = "TCP_CHECK {\n connect_port 8001\n }\n TCP_CHECK {\n connect_port 8002\n }";
    let alpha = "TCP_CHECK {\n connect_port 8003\n alpha\n }";
    let plain = "TCP_CHECK {\n connect_port 8001\n }";
    [
        of_kind("tcp", 91, 0, two, ""),
        of_kind("tcp", 92, 0, alpha, "smtp_alert"),
        of_kind("tcp", 93, 0, plain, "smtp_alert off"),
        of_kind("tcp", 94, 0, &format!("smtp_alert off\n {plain}"), ""),
        of_kind("tcp", 95, 0, &format!("smtp_alert\n {plain}"), "smtp_alert off"),
        of_kind("tcp", 96, 0, "MISC_CHECK {\n misc_path /bin/false\n misc_timeout 30\n alpha\n }", ""),
        of_kind(
            "tcp",
            97,
            0,
            "MISC_CHECK {\n misc_path \"/bin/sleep 100\"\n misc_timeout 2\n alpha\n }",
            "",
        ),
    ]
    .concat()
}

/// A quorum and a sorry server, two checks of one server, an alpha check; then a reload without the first service.
fn changes(subject: Subject, global: &str) -> Vec<String> {
    let lab = Lab::new();
    let sink = Sink::start(&lab.director, AT);
    let listening = [(0, 8001), (0, 8002), (0, 8003), (1, 8001), (2, 8001)];
    let _servers = listening.map(|(real, port)| {
        Server::start(&lab.reals[real], &format!("0.0.0.0:{port}"), Manner::Answers(200))
    });
    let head = format!("global_defs {{\n {SERVER}\n {global}\n}}\n");
    close(&lab.reals[0], "8003");
    let mut daemon = lab.direct(subject, &(head.clone() + &with_quorum() + &services()));
    daemon.await_line("TCP_CHECK on service [10.1.0.2]:tcp:92 failed", wait::seconds(20));
    wait::until("the others are well", wait::seconds(20), || {
        daemon.process().count("TCP connection to [10.1.0.") >= 8
    });
    for port in [96, 97] {
        daemon.await_line(&format!("Misc check for [[10.1.0.2]:tcp:{port}"), wait::seconds(20));
    }
    open(&lab.reals[0]);
    sink.await_mails("Realserver [10.1.0.2]:tcp:92 of virtual server [10.0.0.100]:tcp:92 - UP", 1);
    sink.await_mails("Virtualserver [10.0.0.100]:tcp:92 - UP", 1);

    // One check of two, then both, then one, then none.
    let down = |port: &str, count| {
        wait::until("it is logged", wait::seconds(20), || {
            daemon.process().count(&format!("TCP_CHECK on service [10.1.0.2]:tcp:{port} failed")) >= count
        });
    };
    close(&lab.reals[0], "8002");
    down("91", 1);
    close(&lab.reals[0], "8001, 8002");
    down("91", 2);
    down("90", 1);
    sink.await_mails("Realserver [10.1.0.2]:tcp:95", 1);
    close(&lab.reals[0], "8001");
    let up = |port: &str, count| {
        wait::until("it is logged", wait::seconds(20), || {
            daemon.process().count(&format!("TCP connection to [10.1.0.2]:tcp:{port} success")) >= count
        });
    };
    up("91", 3);
    close(&lab.reals[1], "8001");
    close(&lab.reals[2], "8001");
    sink.await_mails("Virtualserver [10.0.0.100]:tcp:90 - DOWN", 1);
    let of_quorum = |state: &str| {
        for number in [2, 3, 4] {
            sink.await_mails(
                &format!(
                    "Realserver [10.1.0.{number}]:tcp:90 of virtual server [10.0.0.100]:tcp:90 - {state}"
                ),
                1,
            );
        }
    };
    of_quorum("DOWN");
    lab.reals.iter().for_each(open);
    of_quorum("UP");
    // It started with one.
    sink.await_mails("Virtualserver [10.0.0.100]:tcp:90 - UP", 2);
    sink.await_mails("Realserver [10.1.0.2]:tcp:95", 2);
    up("91", 4);
    daemon.reload(&(head + &services()));
    wait::until("the service is gone", wait::seconds(10), || {
        ipvs::table(&lab.director).iter().all(|service| !service.address.ends_with(":90"))
    });
    sink.await_mails("=> Removing <=", 3);
    sink.await_mails("Virtualserver [10.0.0.100]:tcp:90 - DOWN", 2);
    let mails = sink.mails();
    let _status = daemon.stop();
    mails
}

/// With a mail at each change of a check, and of a real server only.
pub fn changes_side_by_side() {
    compare(|subject| changes(subject, ""));
}

/// The same where only changes of real servers are mailed.
pub fn real_servers_side_by_side() {
    compare(|subject| changes(subject, "no_checker_emails\n smtp_alert_checker"));
}

/// With `omega` the last mails are sent at the end; without, there are none (2.2.7 ends before it sends any).
pub fn end() {
    let lab = Lab::new();
    let sink = Sink::start(&lab.director, AT);
    let _servers =
        lab.reals.each_ref().map(|real| Server::start(real, "0.0.0.0:8001", Manner::Answers(200)));
    let head = format!("global_defs {{\n {SERVER}\n}}\n");
    let other = of_kind("tcp", 91, 0, "TCP_CHECK {\n connect_port 8001\n }", "smtp_alert");
    let mut daemon = lab.direct(Subject::Standfast, &(head + &with_quorum() + &other));
    sink.await_mails("Starting with quorum up", 2);
    assert!(daemon.stop().success());
    let mails = sink.mails();
    let of_end = |text: &str| mails.iter().filter(|mail| mail.contains(text)).count();
    let log = daemon.process().log();
    assert_eq!(of_end("of virtual server [10.0.0.100]:tcp:90 - DOWN"), 3, "{mails:#?}\n{log}");
    let ends = (of_end("=> Shutting down <="), of_end("=> Lost quorum 2+1=1 <= 0 <="));
    assert_eq!(ends, (3, 1), "{mails:#?}\n{log}");
    assert_eq!(mails.len(), 6, "{mails:#?}\n{log}");
}
