//! `notify_fifo` and its relatives: lines, owners, readers, and what is left behind.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::facts::{Facts, same};
use super::lifecycle::Router;
use crate::support::daemon::{Daemon, Recorder, Subject};
use crate::support::fifo::Pipe;
use crate::support::runner::Case;
use crate::support::{forged, wait};

pub fn cases() -> Vec<Case> {
    vec![
        same("fifos::lines_and_files", lines_and_files),
        same("fifos::claims_of_lower_priority", claims_of_lower_priority),
        Case::new("fifos::lower_priority_original", || {
            assert!(lower_priority_is_told(Subject::Keepalived))
        }),
        Case::new("fifos::lower_priority_ours", || assert!(!lower_priority_is_told(Subject::Standfast))),
        Case::new("fifos::not_a_fifo_ours", not_a_fifo),
        Case::new("fifos::reader_stays_and_hears_the_end_ours", reader_stays),
    ]
}

/// A master hears claims of lower priority: what its script and the FIFO are told of each.
fn claims_of_lower_priority(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let path = node.dir.join("fifo");
    let mut pipe = Pipe::make(&path);
    let text = format!(
        "global_defs {{\n script_user root\n vrrp_notify_fifo {}\n}}\n\
         vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 200\n \
         notify_master_rx_lower_pri \"{} lower\"\n virtual_ipaddress {{ 10.0.0.50 }}\n}}\n",
        path.display(),
        recorder.script(),
    );
    let daemon = Daemon::start(subject, node, &text);
    daemon.await_master("I", 1, wait::seconds(10));
    for count in 1..=2 {
        forged::send(&router.neighbour, [10, 0, 0, 2], [10, 0, 0, 2], &forged::advert(51, 100));
        recorder.await_call("lower", count);
    }
    let mut told = pipe.lines();
    wait::until("the FIFO has both", wait::seconds(5), || {
        told.extend(pipe.lines());
        told.iter().filter(|line| line.contains("LOWER_PRI")).count() >= 2
    });
    let mut facts = Facts::default();
    facts.calls("script calls", recorder.calls());
    facts.list("lines", &told);
    facts
}

/// The same, where nobody asks for it: whether the FIFO is told, by the time that it is told of the stop.
fn lower_priority_is_told(subject: Subject) -> bool {
    let router = Router::new();
    let node = &router.node;
    let path = node.dir.join("fifo");
    let mut pipe = Pipe::make(&path);
    let text = format!(
        "global_defs {{\n vrrp_notify_fifo {}\n}}\n\
         vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 200\n virtual_ipaddress {{ 10.0.0.50 }}\n}}\n",
        path.display(),
    );
    let mut daemon = Daemon::start(subject, node, &text);
    daemon.await_master("I", 1, wait::seconds(10));
    forged::send(&router.neighbour, [10, 0, 0, 2], [10, 0, 0, 2], &forged::advert(51, 100));
    daemon.await_line("lower priority 100", wait::seconds(5));
    daemon.stop();
    let told = pipe.lines();
    assert!(told.iter().any(|line| line == "INSTANCE \"I\" STOP 200"), "{told:?}");
    told.iter().any(|line| line == "INSTANCE \"I\" MASTER_RX_LOWER_PRI 200")
}

fn owner_and_mode(path: &Path) -> String {
    match std::fs::metadata(path) {
        Ok(file) => format!("{}:{} {:o}", file.uid(), file.gid(), file.mode()),
        Err(error) => error.kind().to_string(),
    }
}

fn lines_and_files(subject: Subject) -> Facts {
    let router = Router::new();
    let node = &router.node;
    let recorder = Recorder::new(node);
    let (made, found) = (node.dir.join("made"), node.dir.join("found"));
    let read = node.dir.join("read");
    let reader = node.dir.join("reader.sh");
    std::fs::write(&reader, format!("#!/bin/sh\necho \"$1\" > {0}\ncat \"$2\" >> {0}\n", read.display()))
        .unwrap();
    std::fs::set_permissions(&reader, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut found_pipe = Pipe::make(&found);
    let text = format!(
        "global_defs {{\n script_user root\n vrrp_notify_fifo {made}\n vrrp_notify_fifo_script \"{reader} own\"\n \
         notify_fifo {found}\n}}\n\
         vrrp_sync_group G {{\n group {{ I }}\n}}\n\
         vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 200\n notify {notify}\n \
         virtual_ipaddress {{ 10.0.0.50/24 }}\n}}\n",
        made = made.display(),
        reader = reader.display(),
        found = found.display(),
        notify = recorder.script(),
    );
    let mut daemon = Daemon::start(subject, node, &text);
    daemon.await_master("I", 1, wait::seconds(10));
    recorder.await_call("INSTANCE I MASTER", 1);
    let has_read = || std::fs::read_to_string(&read).unwrap_or_default();
    wait::until("the reader has read", wait::seconds(5), || {
        has_read().contains("GROUP \"G\" MASTER 0\n") && has_read().contains("INSTANCE \"I\" MASTER 200\n")
    });
    let mut facts = Facts::default();
    facts.note("the one that was made", owner_and_mode(&made));
    facts.note("the one that was found", owner_and_mode(&found));
    facts.calls("lines that the reader read", has_read().lines().map(str::to_owned).collect());
    facts.note("exit status", daemon.stop().to_string());
    facts.note("the one that was made, at last", owner_and_mode(&made));
    facts.note("the one that was found, at last", owner_and_mode(&found));
    facts.calls("lines that anybody can read", found_pipe.lines());
    facts
}

/// A reload that changes nothing about it leaves the reader alone, and it hears of the stop.
fn reader_stays() {
    let router = Router::new();
    let node = &router.node;
    let (fifo, read, reader) = (node.dir.join("fifo"), node.dir.join("read"), node.dir.join("reader.sh"));
    std::fs::write(&reader, format!("#!/bin/sh\necho begun >> {0}\ncat \"$1\" >> {0}\n", read.display()))
        .unwrap();
    std::fs::set_permissions(&reader, std::fs::Permissions::from_mode(0o755)).unwrap();
    let text = |fifo: &Path, priority: u8| {
        format!(
            "global_defs {{\n notify_fifo {}\n notify_fifo_script {}\n vrrp_notify_priority_changes\n}}\n\
             vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority {priority}\n \
             virtual_ipaddress {{ 10.0.0.50/24 }}\n}}\n",
            fifo.display(),
            reader.display(),
        )
    };
    let has_read = || std::fs::read_to_string(&read).unwrap_or_default();
    let until = |line: &str| {
        wait::until(line, wait::seconds(10), || has_read().contains(&format!("{line}\n")));
    };
    let mut daemon = Daemon::start(Subject::Standfast, node, &text(&fifo, 200));
    until("INSTANCE \"I\" MASTER 200");
    daemon.reload(&text(&fifo, 150));
    until("INSTANCE \"I\" MASTER_PRIORITY 150");
    // Another path is another reader.
    let other = node.dir.join("other");
    daemon.reload(&text(&other, 140));
    until("INSTANCE \"I\" MASTER_PRIORITY 140");
    assert!(!fifo.exists() && other.exists());
    daemon.reload(
        &text(&other, 140).replace("vrrp_notify", "fifo_write_vrrp_states_on_reload\n vrrp_notify"),
    );
    until("INSTANCE \"I\" MASTER 140");
    assert!(daemon.stop().success());
    let expected = [
        "begun",
        "INSTANCE \"I\" BACKUP 200",
        "INSTANCE \"I\" MASTER 200",
        "INSTANCE \"I\" MASTER_PRIORITY 150",
        "begun",
        "INSTANCE \"I\" MASTER_PRIORITY 140",
        "INSTANCE \"I\" MASTER 140",
        "INSTANCE \"I\" STOP 140",
    ];
    assert_eq!(has_read().lines().collect::<Vec<_>>(), expected);
    assert!(!other.exists());
}

/// What stands there and is no pipe is left alone. 2.2.7 writes into it; 2.4.3 does as we do.
fn not_a_fifo() {
    let router = Router::new();
    let node = &router.node;
    let file = node.dir.join("file");
    std::fs::write(&file, "precious").unwrap();
    let text = format!(
        "global_defs {{\n vrrp_notify_fifo {}\n}}\n\
         vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 200\n \
         virtual_ipaddress {{ 10.0.0.50/24 }}\n}}\n",
        file.display(),
    );
    let mut daemon = Daemon::start(Subject::Standfast, node, &text);
    daemon.await_master("I", 1, wait::seconds(10));
    daemon.await_line("is not a fifo we own - not using", wait::seconds(5));
    daemon.stop();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
}
