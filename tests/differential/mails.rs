//! Mails of instances and groups, as a mail server sees them.

use super::facts::{Facts, same};
use super::lifecycle::Router;
use crate::support::daemon::{Daemon, Subject};
use crate::support::runner::Case;
use crate::support::sink::Sink;
use crate::support::wait;
use std::time::Instant;

pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        same("mails::states_and_groups", states),
        same("mails::nearest_word", nearest_word),
        same("mails::names_by_default", names_by_default),
        same("mails::no_faults", no_faults),
        Case::new("mails::stop_and_names_ours", stop_and_names),
        Case::new("mails::one_refused_recipient_ours", one_refused),
        Case::new("mails::a_hanging_server_ours", hanging_server),
    ];
    for command in ["HELO", "MAIL", "RCPT", "DATA"] {
        cases.push(same(format!("mails::refused_{}", command.to_lowercase()), move |subject| {
            refused(subject, command)
        }));
    }
    cases
}

/// On the router itself: its mails come through whatever its links do.
const AT: &str = "127.0.0.1:25";
const SERVER: &str = "smtp_server 127.0.0.1\n notification_email {\n a@example.org b@example.org\n c@example.org\n }\n \
                      notification_email_from lb@example.org\n router_id R1\n smtp_helo_name director.example";

fn instance(name: &str, vrid: u8, interface: u8, more: &str) -> String {
    format!(
        "vrrp_instance {name} {{\n interface eth{interface}\n virtual_router_id {vrid}\n priority 200\n version 3\n \
         advert_int 0.5\n {more}\n virtual_ipaddress {{\n 10.{interface}.0.{vrid}\n }}\n}}\n"
    )
}

fn globals(more: &str) -> String {
    format!("global_defs {{\n {more}\n}}\n")
}

/// Start, a group that fails and comes back, two instances that a reload removes.
fn states(subject: Subject) -> Facts {
    let router = Router::new();
    let sink = Sink::start(&router.node, AT);
    let group = "vrrp_sync_group G {\n group {\n I\n J\n }\n}\n";
    let stay = globals(&format!("{SERVER}\n smtp_alert"))
        + group
        + &instance("I", 51, 0, "")
        + &instance("J", 52, 1, "");
    let leave = instance("K", 53, 1, "notify_deleted") + &instance("L", 54, 1, "state MASTER");
    let daemon = Daemon::start(subject, &router.node, &(stay.clone() + &leave));
    for name in ["Instance I", "Instance J", "Instance K", "Instance L", "Group G"] {
        sink.await_mails(&format!("{name} - Entering MASTER state"), 1);
    }
    router.node.sh("ip link set eth0 down");
    sink.await_mails("Group G - Entering FAULT state", 1);
    sink.await_mails("Instance J - Entering FAULT state", 1);
    router.node.sh("ip link set eth0 up");
    for name in ["Instance I", "Instance J", "Group G"] {
        sink.await_mails(&format!("{name} - Entering MASTER state"), 2);
    }
    daemon.reload(&stay);
    sink.await_mails("Instance K", 3);
    sink.await_mails("Instance L", 3);
    let mut facts = Facts::default();
    facts.list("mails", &sink.mails());
    wait::until("each is logged", wait::seconds(5), || {
        daemon.process().count("SMTP alert successfully sent.") == sink.mails().len()
    });
    facts
}

/// `smtp_alert` of the instance or group, else `smtp_alert_vrrp`, else the global one.
fn nearest_word(subject: Subject) -> Facts {
    let mut facts = Facts::default();
    for global in ["", "smtp_alert", "smtp_alert\n smtp_alert_vrrp off", "smtp_alert off\n smtp_alert_vrrp"]
    {
        let router = Router::new();
        let sink = Sink::start(&router.node, AT);
        let group = "vrrp_sync_group G {\n group {\n I\n J\n }\n smtp_alert off\n}\n\
                     vrrp_sync_group H {\n group {\n K\n L\n }\n}\n";
        let text = globals(&format!("{SERVER}\n {global}"))
            + group
            + &instance("I", 51, 0, "smtp_alert")
            + &instance("J", 52, 1, "smtp_alert no")
            + &instance("K", 53, 0, "")
            + &instance("L", 54, 1, "");
        let daemon = Daemon::start(subject, &router.node, &text);
        for name in ["I", "J", "K", "L"] {
            daemon.await_master(name, 1, wait::seconds(10));
        }
        sink.await_mails("Instance I - Entering MASTER state", 1);
        // The last word of those that may be mailed of.
        router.node.sh("ip link set eth1 down");
        sink.await_mails("Instance I - Entering FAULT state", 1);
        let mut subjects = sink.subjects();
        subjects.retain(|subject| !subject.contains("FAULT"));
        subjects.sort();
        facts.list(global, &subjects);
    }
    facts
}

/// Without `router_id`, `notification_email_from` and `smtp_helo_name`.
fn names_by_default(subject: Subject) -> Facts {
    let router = Router::new();
    let sink = Sink::start(&router.node, "127.0.0.1:2525");
    let server = "smtp_server localhost 2525\n notification_email {\n a@example.org\n }\n smtp_alert_vrrp";
    let daemon = Daemon::start(subject, &router.node, &(globals(server) + &instance("I", 51, 0, "")));
    daemon.await_master("I", 1, wait::seconds(10));
    sink.await_mails("Instance I - Entering MASTER state", 1);
    let mut facts = Facts::default();
    facts.list("mails", &sink.mails());
    facts
}

/// A backup and a master of which one link is down for a while.
fn no_faults(subject: Subject) -> Facts {
    let router = Router::new();
    let rival = instance("I", 51, 0, "").replace("priority 200", "priority 250");
    let rival = Daemon::start(subject, &router.neighbour, &rival);
    rival.await_master("I", 1, wait::seconds(10));
    let sink = Sink::start(&router.node, AT);
    let text = globals(&format!("{SERVER}\n smtp_alert\n no_email_faults"))
        + &instance("I", 51, 0, "track_interface {\n eth1\n }")
        + &instance("J", 52, 1, "");
    let daemon = Daemon::start(subject, &router.node, &text);
    sink.await_mails("Instance I - Entering BACKUP state", 1);
    sink.await_mails("Instance J - Entering MASTER state", 1);
    router.node.sh("ip link set eth1 down");
    for name in ["I", "J"] {
        daemon.await_line(&format!("({name}) Entering FAULT STATE"), wait::seconds(5));
    }
    router.node.sh("ip link set eth1 up");
    sink.await_mails("Instance J - Entering MASTER state", 2);
    let mut facts = Facts::default();
    facts.list("mails", &sink.mails());
    facts
}

/// What is said to a server that does not want it, and what the log says.
fn refused(subject: Subject, command: &str) -> Facts {
    let router = Router::new();
    let sink = Sink::refusing(&router.node, AT, command);
    // With one recipient: of several ours goes on with the next.
    let server = SERVER.replace(" b@example.org\n c@example.org", "");
    let text = globals(&format!("{server}\n smtp_alert")) + &instance("I", 51, 0, "");
    let daemon = Daemon::start(subject, &router.node, &text);
    sink.await_mails("QUIT", 2);
    let line =
        format!("Error processing {command} cmd on SMTP server [127.0.0.1]:25. SMTP status code = 550");
    daemon.process().await_nth(&line, 2, wait::seconds(5));
    let mut facts = Facts::default();
    facts.list("told", &sink.mails());
    facts
}

/// The last mails are sent; addresses with names are addresses on the way (2.2.7 does neither).
fn stop_and_names() {
    let router = Router::new();
    let sink = Sink::start(&router.node, AT);
    let server = "smtp_server 127.0.0.1\n notification_email {\n \"Joe B <joe@example.org>\" a@example.org\n }\n \
                  notification_email_from \"Load Balancer <lb@example.org>\"\n router_id R1\n smtp_helo_name d";
    let text = globals(&format!("{server}\n smtp_alert"))
        + "vrrp_sync_group G {\n group {\n I\n J\n }\n}\n"
        + &instance("I", 51, 0, "")
        + &instance("J", 52, 1, "");
    let mut daemon = Daemon::start(Subject::Standfast, &router.node, &text);
    sink.await_mails("Group G - Entering MASTER state", 1);
    assert!(daemon.stop().success());
    let subjects = sink.subjects();
    let last: Vec<&String> = subjects.iter().filter(|subject| subject.ends_with("Stopping")).collect();
    assert_eq!(last.len(), 3, "{subjects:#?}");
    let mails = sink.mails();
    let mail = mails.iter().find(|mail| mail.contains("Instance I - Stopping")).unwrap();
    assert_eq!(
        mail.replace("\r\n", "\n"),
        "HELO d\nMAIL FROM:<lb@example.org>\nRCPT TO:<joe@example.org>\nRCPT TO:<a@example.org>\nDATA\n\
         From: Load Balancer <lb@example.org>\nSubject: [R1] VRRP Instance I - Stopping\nX-Mailer: Keepalived\n\
         To: Joe B <joe@example.org>, a@example.org\n\n=> VRRP Instance stopping <=\n\n.\nQUIT\n"
    );
}

/// Two of three get it, and the log names the third.
fn one_refused() {
    let router = Router::new();
    let sink = Sink::refusing(&router.node, AT, "RCPT TO:<b@example.org>");
    let text = globals(&format!("{SERVER}\n smtp_alert")) + &instance("I", 51, 0, "");
    let daemon = Daemon::start(Subject::Standfast, &router.node, &text);
    sink.await_mails("Subject: [R1] VRRP Instance I - Entering MASTER state", 1);
    daemon.await_line("SMTP status code = 550 (recipient b@example.org)", wait::seconds(5));
    let sent = || daemon.process().count("SMTP alert successfully sent.") >= 2;
    wait::until("it counts as sent", wait::seconds(5), sent);
}

/// It holds up neither the states nor the stop, and a reload sends what waits elsewhere.
fn hanging_server() {
    let router = Router::new();
    let (silent, sink) = (Sink::start(&router.node, AT), Sink::start(&router.node, "127.0.0.1:26"));
    silent.speak(false);
    let text = |server: &str, patience: u8| {
        globals(&format!("{server}\n smtp_alert\n smtp_connect_timeout {patience}"))
            + &instance("I", 51, 0, "")
    };
    let mut daemon = Daemon::start(Subject::Standfast, &router.node, &text(SERVER, 2));
    daemon.await_master("I", 1, wait::seconds(10));
    // The first is under way in vain, the second waits for it.
    daemon.reload(&text(&SERVER.replace("smtp_server 127.0.0.1", "smtp_server 127.0.0.1 26"), 60));
    sink.await_mails("Instance I - Entering MASTER state", 1);
    daemon.await_line(
        "Timeout reading data to remote SMTP server [127.0.0.1]:25. The alert \"[R1] VRRP Instance I - Entering BACKUP \
         state\" is lost",
        wait::seconds(5),
    );
    sink.speak(false);
    let asked = Instant::now();
    assert!(daemon.stop().success());
    assert!(asked.elapsed() < wait::seconds(7), "{:?}", asked.elapsed());
    daemon.await_line("1 SMTP alerts not sent in 3 s before the end", wait::seconds(1));
}
