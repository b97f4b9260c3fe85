//! How the kernel schedules what speaks VRRP: a process of keepalived, a thread of ours.

use std::path::PathBuf;

use nix::sys::signal::Signal;

use super::lifecycle::Router;
use crate::support::daemon::{Daemon, Subject};
use crate::support::process::children_of;
use crate::support::runner::Case;
use crate::support::wait;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("scheduling::as_the_file_says", as_the_file_says),
        Case::new("scheduling::goes_without_saying", goes_without_saying),
        Case::new("scheduling::rises_when_late", rises_when_late),
    ]
}

fn config(words: &str, more: &str) -> String {
    format!(
        "global_defs {{\n{words}\n}}\nvrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 100\n \
         advert_int 1\n virtual_ipaddress {{\n 10.0.0.50/24\n }}\n{more}}}\n"
    )
}

/// The directory of `/proc` of what speaks VRRP.
fn speaker(subject: Subject, daemon: &Daemon) -> PathBuf {
    let parent = PathBuf::from(format!("/proc/{}", daemon.pid()));
    match subject {
        Subject::Keepalived => {
            let mut child = None;
            wait::until("there is a process for VRRP", wait::seconds(5), || {
                child = children_of(daemon.pid()).first().copied();
                child.is_some()
            });
            PathBuf::from(format!("/proc/{}", child.unwrap()))
        }
        Subject::Standfast => {
            let threads =
                std::fs::read_dir(parent.join("task")).unwrap().map(|thread| thread.unwrap().path());
            let named =
                |thread: &PathBuf| std::fs::read_to_string(thread.join("comm")).unwrap() == "vrrp\n";
            threads.filter(named).collect::<Vec<_>>().pop().unwrap()
        }
    }
}

/// What there is to compare of one task.
#[derive(PartialEq, Eq, Debug, Clone)]
struct Seen {
    nice: String,
    real_time: String,
    policy: String,
    processors: String,
    locked: bool,
    /// How long it may run without a pause, in microseconds.
    limit: String,
}

fn look(task: &std::path::Path) -> Seen {
    let stat = std::fs::read_to_string(task.join("stat")).unwrap();
    // The name may have blanks; what follows it begins with the third field.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let field = |number: usize| fields[number - 3].to_owned();
    let status = std::fs::read_to_string(task.join("status")).unwrap();
    let line = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_once(':').unwrap().1.trim().to_owned()
    };
    Seen {
        nice: field(19),
        real_time: field(40),
        policy: field(41),
        processors: line("Cpus_allowed_list"),
        locked: line("VmLck") != "0 kB",
        limit: soft_limit(task),
    }
}

/// The one that is warned of. At the other one the kernel kills, which ours does not ask for.
fn soft_limit(task: &std::path::Path) -> String {
    let limits = std::fs::read_to_string(task.join("limits")).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max realtime timeout")).unwrap();
    line.split_whitespace().next().unwrap().to_owned()
}

/// Both at the start with these words.
fn seen_with(words: &str) -> [Seen; 2] {
    [Subject::Keepalived, Subject::Standfast].map(|subject| {
        let router = Router::new();
        let daemon = Daemon::start(subject, &router.node, &config(words, ""));
        daemon.await_line("Entering BACKUP STATE", wait::seconds(10));
        let task = speaker(subject, &daemon);
        let mut last = look(&task);
        // The word may come before the deed.
        wait::until("what is seen stays", wait::seconds(5), || {
            let before = std::mem::replace(&mut last, look(&task));
            before == last
        });
        last
    })
}

fn as_the_file_says() {
    for words in [
        "vrrp_rt_priority 10\nvrrp_rlimit_rttime 100000",
        "vrrp_rt_priority 20\nvrrp_priority -5",
        "vrrp_rt_priority 10\nvrrp_rlimit_rtime 200000",
        "vrrp_priority -7\nvrrp_cpu_affinity 0",
        "vrrp_priority 0\nvrrp_no_swap",
    ] {
        let [original, ours] = seen_with(words);
        assert_eq!(ours, original, "{words}");
    }
}

/// Ours alone: the lowest real-time priority, unless it is declined, and what a reload makes of it. What is started
/// from it is as ordinary as ever.
fn goes_without_saying() {
    let router = Router::new();
    let notes = router.node.dir.join("stat");
    let script = format!(" notify \"/bin/sh -c 'cat /proc/self/stat > {}'\"\n", notes.display());
    let daemon = Daemon::start(Subject::Standfast, &router.node, &config("", &script));
    daemon.await_line("Entering BACKUP STATE", wait::seconds(10));
    let task = speaker(Subject::Standfast, &daemon);
    let policy = || {
        let seen = look(&task);
        (seen.policy, seen.real_time, seen.nice)
    };
    let is = |policy: &(String, String, String), wanted: [&str; 3]| {
        [policy.0.as_str(), &policy.1, &policy.2] == wanted
    };
    let becomes = |wanted: [&str; 3]| {
        wait::until(&format!("{wanted:?}"), wait::seconds(5), || is(&policy(), wanted));
    };
    becomes(["2", "1", "0"]);
    wait::until("the script has run", wait::seconds(5), || {
        std::fs::read_to_string(&notes).is_ok_and(|text| text.ends_with('\n'))
    });
    let stat = std::fs::read_to_string(&notes).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    assert_eq!((fields[41 - 3], fields[40 - 3], fields[19 - 3]), ("0", "0", "0"), "{stat}");
    for (words, wanted) in [
        ("vrrp_priority -3", ["0", "0", "-3"]),
        ("", ["2", "1", "-3"]),
        ("max_auto_priority -1", ["0", "0", "0"]),
        ("vrrp_rt_priority 30", ["2", "30", "0"]),
    ] {
        daemon.reload(&config(words, &script));
        becomes(wanted);
    }
}

/// Held up for longer than `min_auto_priority_delay`: both say so, and rise by one.
fn rises_when_late() {
    for (subject, from) in [(Subject::Keepalived, 0), (Subject::Standfast, 1)] {
        let router = Router::new();
        let words = "max_auto_priority 3\nmin_auto_priority_delay 300000";
        let daemon = Daemon::start(subject, &router.node, &config(words, ""));
        daemon.await_master("I", 1, wait::seconds(10));
        let task = speaker(subject, &daemon);
        let pid = nix::unistd::Pid::from_raw(match subject {
            Subject::Keepalived => task.file_name().unwrap().to_str().unwrap().parse().unwrap(),
            Subject::Standfast => daemon.pid(),
        });
        // It has set its timers when it has announced its address and sleeps.
        daemon.await_line("Sending gratuitous ARP on eth0 for 10.0.0.50", wait::seconds(5));
        wait::until("it sleeps", wait::seconds(5), || {
            std::fs::read_to_string(task.join("stat")).unwrap().contains(") S ")
        });
        nix::sys::signal::kill(pid, Signal::SIGSTOP).unwrap();
        // The host is held up for so long that an advert is late by more than the delay.
        std::thread::sleep(std::time::Duration::from_millis(1_800));
        nix::sys::signal::kill(pid, Signal::SIGCONT).unwrap();
        daemon.await_line("A thread timer expired", wait::seconds(5));
        daemon.await_line(&format!("Set realtime priority {}", from + 1), wait::seconds(5));
        wait::until("it has risen", wait::seconds(5), || look(&task).real_time == (from + 1).to_string());
    }
}
