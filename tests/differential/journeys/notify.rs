//! Who is told what, with which arguments and in which order: all kinds of scripts, and the FIFO over reloads.

use super::super::facts::{Facts, same};
use super::{GLOBAL, Journey, instance};
use crate::support::daemon::Subject;
use crate::support::runner::Case;
use crate::support::wait;

pub fn cases() -> Vec<Case> {
    vec![
        same("journeys::scripts", scripts),
        same("journeys::fifo", fifo),
        same("journeys::priorities_told_where_asked", |subject| priorities(subject, "")),
        same("journeys::priorities_told_unless_declined", |subject| {
            priorities(subject, "vrrp_notify_priority_changes")
        }),
        Case::new("journeys::masters_told_again_original", || {
            assert_eq!(masters_told_again(Subject::Keepalived), 1);
        }),
        Case::new("journeys::masters_told_again_ours", || {
            assert_eq!(masters_told_again(Subject::Standfast), 3);
        }),
    ]
}

/// A line for each kind of script, with arguments of its own.
fn kinds(name: &str, kinds: &[&str]) -> String {
    let line =
        |kind: &&str| format!("notify_{kind} \"@SCRIPT@ {name} {kind} 'one word' \\\"two words\\\" $\"\n ");
    kinds.iter().map(line).collect()
}

/// Instances and a group go through all states; a reload gives scripts, takes them, and removes instances.
fn scripts(subject: Subject) -> Facts {
    let all = ["master", "backup", "fault", "stop"];
    let deleted = ["master", "backup", "fault", "stop", "deleted"];
    let text = |own: &[&str], of_group: &[&str], living: &[u8]| {
        let group = format!(
            "vrrp_sync_group G {{\n group {{\n I51\n I52\n }}\n notify \"@SCRIPT@ group\"\n {}}}\n",
            kinds("G", of_group)
        );
        let of = |vrid: u8| match vrid {
            51 => instance(
                "I51",
                51,
                &format!("priority 100\n track_interface {{\n eth1\n }}\n {}", kinds("I51", own)),
            ),
            52 => instance("I52", 52, &format!("priority 100\n {}", kinds("I52", own))),
            53 => instance("I53", 53, &format!("priority 255\n state MASTER\n {}", kinds("I53", &deleted))),
            54 => instance("I54", 54, &format!("priority 100\n notify_deleted\n {}", kinds("I54", &all))),
            55 => instance("I55", 55, &format!("priority 100\n {}", kinds("I55", &all))),
            57 | 67 => instance("moves", vrid, &format!("priority 100\n {}", kinds("moves", &all))),
            _ => instance("I56", 56, "priority 100")
                .replace("notify @SCRIPT@\n", "notify \"@SCRIPT@ a 'b c' d\" root\n"),
        };
        format!("{GLOBAL}{group}{}", living.iter().map(|vrid| of(*vrid)).collect::<String>())
    };
    let everybody = [51, 52, 53, 54, 55, 56, 57];
    let mut journey = Journey::start(subject, |_| {}, &text(&all, &all, &everybody));
    let masters: Vec<(u8, u8)> = everybody.map(|vrid| (vrid, if vrid == 53 { 255 } else { 100 })).to_vec();
    journey.settle("at the start", &masters);
    journey.await_told("GROUP \"G\" MASTER 0");
    journey.router.node.sh("ip link set eth1 down");
    journey.await_told("GROUP \"G\" FAULT 0");
    journey.await_told("INSTANCE \"I52\" FAULT 100");
    journey.note_calls(
        "until FAULT",
        &["group GROUP G FAULT", "G fault", "I51 fault", "I52 fault", "INSTANCE I52 FAULT"],
    );
    journey.router.node.sh("ip link set eth1 up");
    journey.again();
    journey.settle("again", &masters);
    journey.reload(&text(&["fault"], &["backup", "fault"], &[51, 52, 53, 55, 56, 67]));
    journey
        .settle("with fewer scripts", &[(51, 100), (52, 100), (53, 255), (55, 100), (56, 100), (67, 100)]);
    journey.router.node.sh("ip link set eth1 down");
    wait::until("FAULT for the second time", wait::seconds(10), || {
        journey.told().iter().filter(|line| *line == "GROUP \"G\" FAULT 0").count() == 2
    });
    journey.router.node.sh("ip link set eth1 up");
    journey.again();
    journey.settle("again with fewer scripts", &masters[..2]);
    journey.reload(&text(&all, &all, &[51, 52, 56, 67]));
    journey.settle("with fewer instances", &[(51, 100), (52, 100), (56, 100)]);
    journey.note_calls("before the stop", &["I53 deleted", "INSTANCE I55 FAULT", "INSTANCE I54 DELETED"]);
    journey.finish()
}

/// Who tells of its priority: by its own word, its group's, or the one of all. The file that all track says more,
/// and then less; one of them is in FAULT meanwhile.
fn priorities(subject: Subject, global: &str) -> Facts {
    let group = |name: &str, members: &str, word: &str| {
        format!(
            "vrrp_sync_group {name} {{\n group {{\n {members}\n }}\n sync_group_tracking_weight\n {word}\n}}\n"
        )
    };
    let (asks, declines) = ("notify_priority_changes", "notify_priority_changes off");
    let each = [
        (51, ""),
        (52, asks),
        (53, declines),
        (54, ""),
        (55, asks),
        (56, declines),
        (57, ""),
        (58, asks),
        (59, declines),
        (60, "notify_priority_changes on\n track_interface {\n none0\n }"),
    ];
    let each = each.map(|(vrid, word)| {
        let lines = format!("priority 100\n track_file {{\n file\n }}\n {word}");
        instance(&format!("I{vrid}"), vrid, &lines)
    });
    let text = format!(
        "global_defs {{\n script_user root\n vrrp_notify_fifo @DIR@/fifo\n {global}\n}}\n\
         track_file file {{\n file @DIR@/file\n weight 1\n}}\n{}{}{}",
        group("ASKS", "I54\n I55\n I56", asks),
        group("DECLINES", "I57\n I58\n I59", declines),
        each.concat()
    );
    let write = |router: &super::Router, number: i8| {
        std::fs::write(router.node.dir.join("file"), number.to_string()).unwrap();
    };
    let prepare = |router: &super::Router| {
        write(router, 0);
        router.node.sh("ip link add none0 type veth peer name none1");
    };
    let mut journey = Journey::start(subject, prepare, &text);
    let all = |priority: u8| (51..=59).map(|vrid| (vrid, priority)).collect::<Vec<_>>();
    journey.settle("at the start", &all(100));
    for (number, priority) in [(20, 120), (-30, 70)] {
        journey.again();
        write(&journey.router, number);
        journey.settle("with another number", &all(priority));
    }
    let told = journey.told();
    let mut told: Vec<String> = told.into_iter().filter(|line| line.contains("_PRIORITY")).collect();
    told.sort_by_key(|line| line.split('"').nth(1).map(str::to_owned));
    journey.facts.list("priorities told", &told);
    journey.finish()
}

const REPEAT: &str = "fifo_write_vrrp_states_on_reload";

/// What the FIFO is told at each reload, of states and groups. Nobody is master: see below.
fn fifo(subject: Subject) -> Facts {
    let text = |global: &str, priority: u8, more: &str| {
        let patient = |vrid: u8, lines: &str| {
            let lines = format!("version 3\n advert_int 40\n priority {priority}\n {lines}");
            instance(&format!("I{vrid}"), vrid, &lines)
        };
        format!(
            "global_defs {{\n script_user root\n {global}\n}}\nvrrp_sync_group G {{\n group {{\n I51\n I52\n }}\n}}\n{}{}{}",
            patient(51, ""),
            patient(52, ""),
            patient(53, more)
        )
    };
    let own = "vrrp_notify_fifo @DIR@/fifo";
    let again = &format!("{own}\n {REPEAT}");
    let down = "track_interface {\n none0\n }";
    let prepare =
        |router: &super::Router| drop(router.node.sh("ip link add none0 type veth peer name none1"));
    let journey = Journey::start(subject, prepare, &text(own, 100, ""));
    journey.await_told("INSTANCE \"I51\" BACKUP 100");
    journey.await_told("INSTANCE \"I53\" BACKUP 100");
    for (global, priority, more) in [
        (own, 100, ""),
        (own, 110, ""),
        (again, 110, ""),
        (again, 120, ""),
        ("", 120, ""),
        ("notify_fifo @DIR@/fifo", 120, ""),
        (&format!("notify_fifo @DIR@/fifo\n {REPEAT}"), 120, ""),
        (own, 120, down),
        (again, 120, down),
        (again, 130, down),
        (again, 130, ""),
        (own, 130, ""),
    ] {
        journey.reload(&text(global, priority, more));
        if global.contains(REPEAT) {
            let of_last = |line: &String| {
                line.starts_with("INSTANCE \"I53\"") && line.contains(&priority.to_string())
            };
            wait::until("the states again", wait::seconds(5), || journey.told().iter().any(of_last));
        }
    }
    journey.finish()
}

/// How often the FIFO hears of a master that two reloads do not change.
fn masters_told_again(subject: Subject) -> usize {
    let global = GLOBAL.replace("\n}\n", &format!("\n {REPEAT}\n}}\n"));
    let text = format!("{global}{}", instance("I", 51, "priority 255"));
    let mut journey = Journey::start(subject, |_| {}, &text);
    for when in ["at first", "after a reload", "after another"] {
        journey.settle(when, &[(51, 255)]);
        if when != "after another" {
            journey.reload(&text);
        }
    }
    assert!(journey.daemon.stop().success());
    journey.told().iter().filter(|line| *line == "INSTANCE \"I\" MASTER 255").count()
}
