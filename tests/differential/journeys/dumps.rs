//! What the two files say that signals ask for, after the same transitions: line by line, but for moments and numbers
//! of the kernel.

use super::super::facts::{Facts, same};
use super::{GLOBAL, Journey, instance};
use crate::support::daemon::{Daemon, Subject};
use crate::support::runner::Case;
use crate::support::{forged, wait};
use nix::sys::signal::Signal;

pub fn cases() -> Vec<Case> {
    vec![
        same("journeys::dumps", dumps),
        same("journeys::statistics", statistics),
        Case::new("journeys::another_interval_is_counted_original", || {
            assert_eq!(another_interval(Subject::Keepalived), "");
        }),
        Case::new("journeys::another_interval_is_counted_ours", || {
            assert_eq!(another_interval(Subject::Standfast), "Advertisement Interval: 1");
        }),
    ]
}

/// How lines begin that are of the moment, of the host, or deliberately not ours.
const LEFT_OUT: [&str; 18] = [
    " libnftnl version",
    " data_use_instance",
    "   fd_in ",
    "   Password = ",
    "   Result = ",
    "   Insecure = ",
    "   Init state = ",
    "   Current processes = ",
    "   Fork delay timer ",
    "   Terminate delay timer ",
    "   VRRP instances :",
    "   MAC broadcast = ",
    "   Seen up = ",
    "   Delayed state change running = ",
    "   NIC netlink status update",
    "   Reset ",
    "   Original ",
    "   rp_filter ",
];

/// What follows these words is of the moment, or of the interface that was made for the test.
const MASKED: [&str; 4] =
    ["   Last transition = 1", "   Read timeout = 1", "   IPv6 address = fe80", "   MAC = "];

/// A script of 2.2.7 is what a link leads to, the time out of one that has none is 0, and flags may be nameless. What
/// counts faults has 2.4's label.
const LEVELLED: [(&str, &str); 7] = [
    ("Number of interface and track script faults", "Number of tracker faults"),
    ("'/usr/bin/", "'/bin/"),
    ("no broadcast, ", ""),
    ("not UP, not RUNNING", "not UP or not RUNNING"),
    ("UP, not RUNNING", "not UP or not RUNNING"),
    ("   Timeout = 0 sec", "   Timeout = 1 sec"),
    ("   Flags:", "   Flags: none"),
];

/// The lines of a dump, without the section of sockets, which ours has not.
fn lines(dump: &str) -> Vec<String> {
    let mut left_out = false;
    let mut lines = Vec::new();
    for line in dump.lines() {
        if line.starts_with("------<") {
            left_out = line.contains("Sockpool");
        }
        if left_out || LEFT_OUT.iter().any(|beginning| line.starts_with(beginning)) {
            continue;
        }
        if let Some(words) = MASKED.iter().find(|words| line.starts_with(**words)) {
            lines.push((*words).to_owned());
            continue;
        }
        let levelled =
            LEVELLED.iter().find(|(theirs, _)| line.contains(theirs) && line != "   Flags: none");
        lines.push(levelled.map_or(line.to_owned(), |(theirs, ours)| line.replace(theirs, ours)));
    }
    lines
}

fn data(journey: &Journey) -> Vec<String> {
    let path = journey.router.node.dir.join("keepalived.data");
    let _not_the_first = std::fs::remove_file(&path);
    journey.daemon.signal(Signal::SIGUSR1);
    // Of the last section.
    let last = " Name = peer0\n";
    let text = wait::value(
        "the dump",
        wait::seconds(5),
        || std::fs::read_to_string(&path).ok().filter(|text| text.contains(last)),
        || journey.daemon.process().log(),
    );
    lines(&text.replace(&journey.router.node.dir.display().to_string(), "@DIR@"))
}

/// Notes each object of the dump by itself.
fn note(journey: &mut Journey, when: &str) {
    let lines = data(journey);
    let begins = |line: &String| {
        line.starts_with("---")
            || line.starts_with(" VRRP ") && line.contains(" = ")
            || line.starts_with(" Name = ")
    };
    let mut objects = lines.as_slice();
    while let Some((first, rest)) = objects.split_first() {
        let end = rest.iter().position(begins).unwrap_or(rest.len());
        journey.facts.list(format!("{when}: {first}"), &rest[..end]);
        objects = &rest[end..];
    }
}

/// MASTER, FAULT, MASTER again, after a reload; a group, a backup that hears its master, and all that is tracked.
fn dumps(subject: Subject) -> Facts {
    let text = format!(
        "{GLOBAL}vrrp_script check {{\n script /usr/bin/true\n interval 1\n weight 10\n}}\n\
         vrrp_script fails {{\n script /usr/bin/false\n interval 1\n}}\n\
         vrrp_script slow {{\n script \"/usr/bin/sleep 100\"\n interval 1\n timeout 90\n weight 1\n}}\n\
         vrrp_track_process proc {{\n process nonesuch\n weight 3\n}}\n\
         track_file four {{\n file @DIR@/four\n}}\n\
         vrrp_sync_group G {{\n group {{\n I\n J\n }}\n notify @SCRIPT@\n track_interface {{\n up0 weight 5\n }}\n \
         sync_group_tracking_weight\n}}\n{}{}{}{}",
        instance(
            "I",
            51,
            "priority 100\n track_script {\n check\n }\n track_file {\n four weight 2\n }\n track_process {\n proc\n }\n \
             virtual_ipaddress {\n 10.0.0.50/24\n 10.0.0.51 dev eth1\n }\n virtual_ipaddress_excluded {\n 10.0.0.60\n }\n \
             virtual_routes {\n 10.60.1.0/24 via 10.0.0.2\n }",
        ),
        instance("J", 52, "interface eth1\n priority 100\n use_vmac"),
        instance(
            "K",
            53,
            "interface eth1\n priority 100\n nopreempt\n track_script {\n check weight -5\n }"
        ),
        instance("L", 54, "priority 100\n track_script {\n fails\n slow\n }"),
    );
    let prepare = |router: &super::Router| {
        router
            .node
            .sh("ip link add up0 type veth peer name peer0; ip link set peer0 up; ip link set up0 up");
        std::fs::write(router.node.dir.join("four"), "4").unwrap();
    };
    let mut journey = Journey::start(subject, prepare, &text);
    let better = instance("K", 53, "interface eth1\n priority 200").replace("@SCRIPT@", "/usr/bin/true");
    let better = Daemon::start(Subject::Keepalived, &journey.router.neighbour, &better);
    better.await_master("K", 1, wait::seconds(10));
    journey.await_told("INSTANCE \"L\" FAULT 100");
    let masters = [(51, 123), (52, 105)];
    journey.settle("at the start", &masters);
    // It was master until the better one came.
    wait::until("K hears its master", wait::seconds(10), || {
        data(&journey).iter().any(|line| line == "   Master router = 10.1.0.2")
    });
    note(&mut journey, "MASTER");
    journey.router.node.sh("ip link set eth0 down");
    for told in ["INSTANCE \"I\" FAULT 123", "INSTANCE \"J\" FAULT 105", "GROUP \"G\" FAULT 0"] {
        journey.await_told(told);
    }
    note(&mut journey, "FAULT");
    journey.again();
    journey.router.node.sh("ip link set eth0 up");
    journey.settle("again", &masters);
    note(&mut journey, "MASTER again");
    journey.reload(&text.replace("priority 100\n use_vmac", "priority 101\n use_vmac"));
    journey.settle("after a reload", &[(51, 123), (52, 106)]);
    note(&mut journey, "after a reload");
    journey.finish()
}

fn send(journey: &Journey, packet: &[u8], ttl: u8) {
    let neighbour = &journey.router.neighbour;
    forged::send_to(neighbour, [10, 0, 0, 2], [10, 0, 0, 2], [224, 0, 0, 18], ttl, packet);
}

/// An advert for J, which has 40 s between adverts, with something wrong.
fn packet(priority: u8, spoil: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut packet = vec![0x21, 52, priority, 1, 0, 40, 0, 0, 10, 0, 0, 50];
    packet.extend([0; 8]);
    spoil(&mut packet);
    forged::sealed(packet)
}

/// What J has counted.
fn stats(journey: &Journey) -> String {
    let path = journey.router.node.dir.join("keepalived.stats");
    let _not_the_first = std::fs::remove_file(&path);
    journey.daemon.signal(Signal::SIGUSR2);
    let text = wait::value(
        "the statistics",
        wait::seconds(5),
        || {
            let text = std::fs::read_to_string(&path).ok()?;
            let (_, of_backup) = text.split_once("VRRP Instance: J")?;
            let (_, last) = of_backup.split_once("Priority Zero:")?;
            (last.contains("Sent: ") && last.ends_with('\n')).then(|| of_backup.to_owned())
        },
        || journey.daemon.process().log(),
    );
    text.trim_end().to_owned()
}

/// A backup of long patience, beside another instance.
fn patient(subject: Subject) -> Journey {
    let text = format!(
        "{GLOBAL}{}{}",
        instance(
            "I",
            51,
            "priority 200\n version 2\n advert_int 3\n virtual_ipaddress {\n 10.0.0.50/24\n }"
        ),
        instance(
            "J",
            52,
            "priority 100\n version 2\n advert_int 40\n virtual_ipaddress {\n 10.0.0.50/24\n }"
        ),
    );
    let journey = Journey::start(subject, |_| {}, &text);
    journey.await_told("INSTANCE \"J\" BACKUP 100");
    journey.daemon.await_line("(J) Entering BACKUP STATE", wait::seconds(5));
    journey
}

/// An advert with another interval: as what it is counted.
fn another_interval(subject: Subject) -> String {
    let journey = patient(subject);
    send(&journey, &packet(200, |packet| packet[5] = 41), 255);
    journey.daemon.await_line("(J) advertisement interval mismatch", wait::seconds(5));
    let counted = stats(&journey);
    counted.lines().filter(|line| line.ends_with(": 1")).map(str::trim).collect::<Vec<_>>().join(", ")
}

/// The same packets to both: which of them are counted as what.
fn statistics(subject: Subject) -> Facts {
    let mut journey = patient(subject);
    let good = packet(200, |_| ());
    send(&journey, &good, 255);
    send(&journey, &good, 254);
    send(&journey, &packet(200, |packet| packet[0] = 0x22), 255);
    send(
        &journey,
        &packet(200, |packet| {
            packet[0] = 0x31;
            packet.truncate(12);
        }),
        255,
    );
    send(&journey, &packet(200, |packet| packet[4] = 1), 255);
    send(&journey, &packet(200, |packet| packet[4] = 9), 255);
    send(&journey, &packet(200, |packet| packet[11] = 51), 255);
    send(&journey, &packet(200, |packet| packet[3] = 2), 255);
    send(&journey, &packet(200, |packet| packet.truncate(16)), 255);
    send(&journey, &packet(50, |_| ()), 255);
    send(&journey, &good, 255);
    wait::until("the last of them has been heard", wait::seconds(5), || {
        stats(&journey).contains("Received: 4")
    });
    journey.facts.note("what J has counted", stats(&journey));
    // The master says that it leaves.
    send(&journey, &packet(0, |_| ()), 255);
    journey.await_told("INSTANCE \"J\" MASTER 100");
    journey.facts.note("J as MASTER", stats(&journey));
    send(&journey, &packet(220, |_| ()), 255);
    journey.daemon.process().await_nth("(J) Entering BACKUP STATE", 2, wait::seconds(5));
    journey.facts.note("J as BACKUP again", stats(&journey));
    journey.finish()
}
