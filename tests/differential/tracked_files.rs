//! Files whose number decides about states and priorities: the same edits under both.

use super::facts::{Facts, said, same};
use super::lifecycle::Router;
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Recorder, Subject};
use crate::support::net::Node;
use crate::support::runner::Case;
use crate::support::wait;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

pub fn cases() -> Vec<Case> {
    vec![
        same("tracked_files::weights", weights),
        same("tracked_files::on_the_wire", on_the_wire),
        same("tracked_files::init_file", init_file),
        same("tracked_files::groups", groups),
        same("tracked_files::reload", reload),
        Case::new("tracked_files::a_directory_that_comes_later_ours", directory_later),
    ]
}

/// What is logged of files, priorities and states.
const WORDS: [&str; 5] = [
    "Changing effective priority",
    "Setting effective priority",
    "tracked file ",
    "Entering ",
    "Invalid number",
];

fn value(node: &Node) -> PathBuf {
    node.dir.join("value")
}

fn file(node: &Node, name: &str, options: &str) -> String {
    format!("track_file {name} {{\n file {}\n {options}\n}}\n", value(node).display())
}

/// An instance that hears nobody and waits so long that it never becomes master here.
fn patient(name: &str, vrid: usize, priority: u8, tracked: &str) -> String {
    format!(
        "vrrp_instance {name} {{\n interface eth0\n virtual_router_id {vrid}\n priority {priority}\n advert_int 40\n \
         {tracked}\n virtual_ipaddress {{\n 10.0.0.{}/24\n }}\n}}\n",
        100 + vrid
    )
}

fn tracks(what: &str) -> String {
    format!("track_file {{\n {what}\n }}")
}

fn weights(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let weights =
        ["weight 2", "weight -3", "weight 1 reverse", "weight 0", "weight 0 reverse", "weight 0 noreverse"];
    let mut text = file(node, "F", "") + &file(node, "R", "weight 3 reverse");
    for (index, weight) in weights.iter().enumerate() {
        text += &patient(&format!("I{index}"), index + 1, 100, &tracks(&format!("F {weight}")));
    }
    text += &patient("R0", 20, 100, &tracks("R"));
    text += &patient("R1", 21, 100, &tracks("R weight 2"));
    text += &patient("R2", 22, 100, &tracks("R weight 2 noreverse"));
    text += &patient("both", 23, 100, &tracks("F\n R weight -1 reverse"));
    text += &patient("owner", 24, 255, &tracks("F"));
    text += &patient("owner5", 25, 255, &tracks("F weight 5"));
    text += &patient("last", 30, 100, &tracks("F"));
    let daemon = Daemon::start(subject, node, &text);
    daemon.await_line("(last) Entering BACKUP STATE", wait::seconds(10));
    daemon.await_line("(owner) Entering MASTER STATE", wait::seconds(10));
    daemon.await_line("Startup complete", wait::seconds(10));
    let at_start = said(daemon.process(), &WORDS).len();
    let path = value(node);
    let other = node.dir.join("other");
    let write = |text: &str| std::fs::write(&path, text).unwrap();
    let replace = |text: &str| {
        std::fs::write(&other, text).unwrap();
        std::fs::rename(&other, &path).unwrap();
    };
    // Each with the priority that the last instance then has.
    let steps: [(&str, &dyn Fn(), u8); 14] = [
        ("new", &|| write("7\n"), 107),
        ("zero", &|| write("0"), 100),
        ("negative", &|| write("-7\n"), 93),
        ("large", &|| write("400"), 254),
        ("less", &|| write("127"), 227),
        ("gone", &|| std::fs::remove_file(&path).unwrap(), 100),
        ("octal", &|| write("010"), 108),
        ("digits and more", &|| write(" \n 12abc 9\n"), 112),
        ("replaced", &|| replace("20\n"), 120),
        ("no number", &|| write("abc"), 100),
        ("hexadecimal", &|| write("0x10"), 116),
        ("out of range", &|| write("99999999999"), 0),
        ("empty", &|| write(""), 100),
        ("past the lowest", &|| write("-254"), 1),
    ];
    let lines = |text: &str| daemon.process().count(text);
    for (name, edit, priority) in steps {
        let ending = match priority {
            0 => "Invalid number".to_owned(),
            1 => "(last): tracked file F now FAULT state".to_owned(),
            _ => {
                format!("(last) Changing effective priority from {} to {priority}", last_priority(&daemon))
            }
        };
        let before = lines(&ending);
        edit();
        wait::until(&format!("{name}: {ending}"), wait::seconds(10), || lines(&ending) > before);
    }
    write("-253");
    daemon.await_line("(last) Setting effective priority to 1", wait::seconds(10));
    daemon.process().await_nth("(last) Entering BACKUP STATE", 2, wait::seconds(10));
    let mut facts = Facts::default();
    let said = said(daemon.process(), &WORDS);
    let chosen = |line: &&String| {
        // The owner is master again at once, before or after the next lines of others. With two files past the
        // lowest keepalived has a word for each step.
        !(line.starts_with("Invalid")
            || line.contains("(owner) Entering")
            || line.starts_with("(both)") && !line.contains("Changing"))
    };
    let of_instances: Vec<&String> = said.iter().skip(at_start).filter(chosen).collect();
    facts.list("log", &of_instances);
    facts
}

fn last_priority(daemon: &Daemon) -> u8 {
    let said = said(daemon.process(), &["(last) Changing effective priority"]);
    said.last().and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(100)
}

fn on_the_wire(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let instance = format!(
        "vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 100\n track_file {{\n F weight 2\n }}\n \
         virtual_ipaddress {{\n 10.0.0.50/24\n }}\n notify {}\n}}\n",
        recorder.script()
    );
    let path = value(node);
    std::fs::write(&path, "5").unwrap();
    let capture = Capture::start(node);
    let daemon = Daemon::start(subject, node, &(file(node, "F", "") + &instance));
    daemon.await_master("I", 1, wait::seconds(15));
    let last = || capture.adverts_sent("eth0").last().map(|(_, advert)| advert.priority());
    let becomes = |text: &str, priority| {
        std::fs::write(&path, text).unwrap();
        wait::until(&format!("an advert with {priority} for {text}"), wait::seconds(10), || {
            last() == Some(priority)
        });
    };
    wait::until("the first advert", wait::seconds(5), || last() == Some(110));
    becomes("20", 140);
    becomes("-30", 40);
    becomes("-127", 0);
    recorder.await_call("INSTANCE I FAULT", 1);
    node.await_address("eth0", "10.0.0.50/24", false, wait::seconds(5));
    std::fs::write(&path, "1").unwrap();
    daemon.await_master("I", 2, wait::seconds(15));
    recorder.await_call("INSTANCE I MASTER", 2);
    wait::until("adverts again", wait::seconds(5), || last() == Some(102));
    let mut facts = Facts::default();
    let mut priorities: Vec<String> =
        capture.adverts_sent("eth0").iter().map(|(_, advert)| advert.priority().to_string()).collect();
    priorities.dedup();
    facts.list("priorities on the wire", &priorities);
    facts.calls("script calls", recorder.calls());
    facts.list("log", &said(daemon.process(), &WORDS));
    facts
}

fn init_file(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let path = |name: &str| node.dir.join(name);
    let mut text = String::new();
    let files = [
        ("plain", ""),
        ("made", "init_file"),
        ("with", "init_file 7"),
        ("kept", "init_file 8"),
        ("over", "init_file 9 overwrite"),
    ];
    for (name, options) in files {
        text += &format!("vrrp_track_file {name} {{\n file {}\n {options}\n}}\n", path(name).display());
    }
    for name in ["kept", "over"] {
        std::fs::write(path(name), "1234567\n").unwrap();
        std::fs::set_permissions(path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    text += &patient("I", 1, 100, &tracks("plain\n made\n with\n over"));
    let daemon = Daemon::start(subject, node, &text);
    daemon.await_line("(I) Entering BACKUP STATE", wait::seconds(10));
    let mut facts = Facts::default();
    for (name, _) in files {
        let content = std::fs::read_to_string(path(name)).unwrap_or_else(|error| error.kind().to_string());
        let mode = std::fs::metadata(path(name)).map(|found| format!("{:o}", found.mode()));
        facts.note(name, format!("{content:?} {}", mode.unwrap_or_default()));
    }
    if subject == Subject::Standfast {
        // 2.2.7 makes them again at a reload, 2.4.3 does not.
        std::fs::remove_file(path("over")).unwrap();
        daemon.await_line("(I) Changing effective priority from 116 to 107", wait::seconds(10));
        daemon.reload(&text);
        assert!(!path("over").exists());
    }
    facts
}

fn groups(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let group = |name: &str, members: &str, more: &str| {
        format!("vrrp_sync_group {name} {{\n group {{\n {members}\n }}\n {more}\n}}\n")
    };
    let text = file(node, "F", "")
        + &group("W", "A\n B", &format!("{}\n sync_group_tracking_weight", tracks("F weight 2")))
        + &group("M", "C\n D", "global_tracking")
        + &group("N", "E\n G", "")
        + &group("X", "H\n K", &tracks("F weight 3"))
        + &group("Z", "L\n P", &tracks("F weight 0"))
        + &group("Y", "Q\n R", "")
        + &patient("A", 1, 100, &tracks("F"))
        + &patient("B", 2, 110, "")
        + &patient("C", 3, 100, &tracks("F weight -1"))
        + &patient("D", 4, 100, "")
        + &patient("E", 5, 100, &tracks("F"))
        + &patient("G", 6, 100, "")
        + &patient("H", 7, 100, "")
        + &patient("K", 8, 90, "")
        + &patient("L", 9, 100, "")
        + &patient("P", 10, 100, "")
        + &patient("Q", 11, 100, &tracks("F weight 5"))
        + &patient("R", 12, 100, "");
    let daemon = Daemon::start(subject, node, &text);
    for name in ["A", "B", "C", "D", "E", "G", "H", "K", "L", "P", "Q", "R"] {
        daemon.await_line(&format!("({name}) Entering BACKUP STATE"), wait::seconds(10));
    }
    let raised = ["(A) Changing", "(B) Changing", "(C) Changing", "(H) Changing", "(K) Changing"];
    let edits = [("7", "FAULT", 1), ("0", "BACKUP", 2)];
    for (value_now, state, times) in edits {
        std::fs::write(value(node), value_now).unwrap();
        for line in raised {
            daemon.process().await_nth(line, times, wait::seconds(10));
        }
        for group in ["N", "Z"] {
            let moved = format!("VRRP_Group({group}) Syncing instances to {state} state");
            daemon.process().await_nth(&moved, 1, wait::seconds(10));
        }
    }
    for member in ["E", "G", "L", "P"] {
        daemon.process().await_nth(&format!("({member}) Entering BACKUP STATE"), 2, wait::seconds(10));
    }
    // keepalived is silent about a partner that was backup and is in FAULT now.
    let words = ["effective priority", "leaving FAULT", "Entering BACKUP", "Syncing instances"];
    let mut facts = Facts::default();
    facts.calls("log", said(daemon.process(), &words));
    facts
}

fn reload(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let other = node.dir.join("other");
    let instance = |tracked: &str| {
        format!(
            "vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 100\n {tracked}\n \
             virtual_ipaddress {{\n 10.0.0.50/24\n }}\n}}\n"
        )
    };
    std::fs::write(value(node), "5").unwrap();
    std::fs::write(&other, "11").unwrap();
    let capture = Capture::start(node);
    let daemon = Daemon::start(subject, node, &(file(node, "F", "") + &instance(&tracks("F"))));
    daemon.await_master("I", 1, wait::seconds(15));
    let last = || capture.adverts_sent("eth0").last().map(|(_, advert)| advert.priority());
    let await_priority = |priority| {
        wait::until(&format!("{priority} is sent"), wait::seconds(10), || last() == Some(priority))
    };
    await_priority(105);
    daemon.reload(&(file(node, "F", "") + &instance(&tracks("F weight 4"))));
    await_priority(120);
    std::fs::write(value(node), "6").unwrap();
    await_priority(124);
    let moved = format!("track_file F {{\n file {}\n}}\n", other.display());
    daemon.reload(&(moved.clone() + &instance(&tracks("F weight 4"))));
    await_priority(144);
    std::fs::write(value(node), "60").unwrap();
    std::fs::write(&other, "10").unwrap();
    await_priority(140);
    daemon.reload(&(moved + &instance("")));
    await_priority(100);
    let mut facts = Facts::default();
    let mut priorities: Vec<String> =
        capture.adverts_sent("eth0").iter().map(|(_, advert)| advert.priority().to_string()).collect();
    priorities.dedup();
    facts.list("priorities on the wire", &priorities);
    facts.note("masters", daemon.process().count("Entering MASTER").to_string());
    facts
}

/// keepalived forgets a file whose directory is not there when it starts; we look for it.
fn directory_later() {
    let router = Router::new();
    let node = &router.node;
    let directory = node.dir.join("later");
    let path = directory.join("value");
    let text = format!("track_file F {{\n file {}\n}}\n", path.display());
    let daemon = Daemon::start(Subject::Standfast, node, &(text + &patient("I", 1, 100, &tracks("F"))));
    daemon.await_line("(I) Entering BACKUP STATE", wait::seconds(10));
    daemon.await_line("does not exist", wait::seconds(10));
    for round in 1..=2 {
        std::fs::create_dir(&directory).unwrap();
        std::fs::write(&path, "9").unwrap();
        daemon.process().await_nth(
            "(I) Changing effective priority from 100 to 109",
            round,
            wait::seconds(10),
        );
        std::fs::remove_dir_all(&directory).unwrap();
        daemon.process().await_nth(
            "(I) Changing effective priority from 109 to 100",
            round,
            wait::seconds(10),
        );
    }
}
