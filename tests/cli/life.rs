//! Start, reload, stop.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::house::{House, LIMIT, proc_text, text, until};

#[test]
fn foreground_pid_files_and_a_second_one() {
    let house = House::new("");
    let daemon = house.start(house.command(&["-n", "-l", "-G", "surprise"]));
    assert_eq!(house.pid_file("k.pid"), Some(daemon.pid()));
    assert_eq!(house.pid_file("v.pid"), Some(daemon.pid()));
    assert!(!house.path("c.pid").exists(), "no virtual server, no checkers");
    for line in [
        "Starting Keepalived v",
        "Command line: '",
        "Configuration file ",
        "Unexpected argument(s): surprise",
    ] {
        assert!(house.read("log").contains(line), "{line}");
    }
    let stamp = house.read("log").lines().next().unwrap().to_owned();
    assert_eq!(stamp.find(": Starting"), Some(24), "ctime's form: {stamp}");

    let second = house.command(&["-n", "-l", "-G"]).output().unwrap();
    assert_eq!(second.status.code(), Some(0), "as keepalived");
    let said = text(&second.stderr);
    assert!(
        said.contains(&format!("Another process has pid file {} locked", house.path("k.pid").display())),
        "{said}"
    );
    assert!(said.contains("daemon is already running"), "{said}");

    assert_eq!(daemon.end(Signal::SIGTERM).code(), Some(0));
    assert!(!house.path("k.pid").exists() && !house.path("v.pid").exists());
    assert!(house.read("log").contains("Stopped Keepalived v"));
}

#[test]
fn background() {
    let house = House::new("");
    // Left behind by one that was killed.
    fs::write(house.path("k.pid"), "4194305\n").unwrap();
    let status = house.command(&["-G", "-D"]).status().unwrap();
    assert_eq!(status.code(), Some(0), "whoever starts it does not wait for its end");
    let pid = until("its pid", || house.pid_file("k.pid").filter(|pid| *pid != 4_194_305));
    let ended = |pid| proc_text(pid, "stat").is_empty() || proc_text(pid, "stat").contains(") Z ");
    let stop = Stop(pid);
    assert_eq!(fs::read_link(format!("/proc/{pid}/cwd")).unwrap().to_str(), Some("/"));
    for descriptor in 0..3 {
        let leads_to = fs::read_link(format!("/proc/{pid}/fd/{descriptor}")).unwrap();
        assert_eq!(leads_to.to_str(), Some("/dev/null"));
    }
    let stat = proc_text(pid, "stat");
    let session = stat.rsplit(')').next().unwrap().split_whitespace().nth(3).unwrap();
    let ours = nix::unistd::getsid(None).unwrap().to_string();
    assert_ne!(session, ours, "a session of its own");
    assert!(
        proc_text(pid, "cmdline").contains(house.path("k.conf").to_str().unwrap()),
        "neutron looks there"
    );
    assert_eq!(fs::metadata(house.path("k.pid")).unwrap().permissions().mode() & 0o777, 0o644);
    assert!(proc_text(pid, "status").contains("Umask:\t0177"));
    drop(stop);
    until("its end", || ended(pid).then_some(()));
    until("no pid file is left", || {
        (!house.path("k.pid").exists() && !house.path("v.pid").exists()).then_some(())
    });
}

/// Asks a daemon that is not our child to end, also when the test fails.
struct Stop(i32);

impl Drop for Stop {
    fn drop(&mut self) {
        // It may have gone by itself.
        let _ = kill(Pid::from_raw(self.0), Signal::SIGTERM);
    }
}

#[test]
fn a_pid_file_that_cannot_be_written() {
    let house = House::new("");
    let mut command = house.command(&["-n", "-l", "-G"]);
    command.args(["-p", "/proc/nowhere/k.pid"]);
    let refused = command.output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("/proc/nowhere/k.pid"), "{}", text(&refused.stderr));
}

#[test]
fn reloads_are_answered() {
    let house = House::new("");
    let daemon = house.start(house.command(&["-n", "-l", "-G"]));
    house.configure("garp_master_delay 3");
    let (status, said) = house.reload();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("Reloaded"), "{said}");

    house.configure("frobnicate 3");
    let (status, said) = house.reload();
    assert_eq!(status, Some(5), "{said}");
    assert!(said.contains("frobnicate"), "{said}");

    fs::write(house.path("k.conf"), "vrrp_instance V {\n  interface in0\n").unwrap();
    let (status, said) = house.reload();
    assert_eq!(status, Some(3), "{said}");
    assert!(said.contains("NOT reloaded"), "{said}");

    // A plain signal does the same, and one more at the same time is no harm.
    house.configure("");
    daemon.signal(Signal::SIGHUP);
    assert_eq!(house.reload().0, Some(0));
    assert_eq!(daemon.end(Signal::SIGINT).code(), Some(0));
    let left: Vec<_> =
        fs::read_dir(house.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name == "k.conf" || name == "log"), "{left:?}");
}

#[test]
fn the_service_manager_is_told() {
    let house = House::new("");
    let manager = UnixDatagram::bind(house.path("notify")).unwrap();
    manager.set_read_timeout(Some(LIMIT)).unwrap();
    let receive = || {
        let mut buffer = [0; 4096];
        let length = manager.recv(&mut buffer).unwrap();
        text(&buffer[..length])
    };
    let mut command = house.command(&["-n", "-l", "-G"]);
    command.env("NOTIFY_SOCKET", house.path("notify")).env("WATCHDOG_USEC", "60000000");
    let daemon = house.start(command);
    let ready = receive();
    assert!(
        ready.contains("READY=1\n") && ready.contains(&format!("MAINPID={}\n", daemon.pid())),
        "{ready}"
    );
    daemon.signal(Signal::SIGHUP);
    let next = |wanted: &str| loop {
        let said = receive();
        if said.contains(wanted) {
            return said;
        }
    };
    assert!(next("RELOADING=1").contains("MONOTONIC_USEC="), "as Type=notify-reload needs it");
    next("READY=1");
    daemon.signal(Signal::SIGTERM);
    next("STOPPING=1");
}

/// The thread that defends the address hangs in a system call; everything else goes on.
#[test]
fn the_watchdog_is_fed_only_while_the_driver_answers() {
    let house = House::new("");
    let manager = UnixDatagram::bind(house.path("notify")).unwrap();
    let mut command = house.command(&["-n", "-l", "-G"]);
    command.env("NOTIFY_SOCKET", house.path("notify")).env("WATCHDOG_USEC", "600000");
    let daemon = house.start(command);
    let fed_within = |limit| {
        manager.set_read_timeout(Some(limit)).unwrap();
        let mut buffer = [0; 4096];
        while let Ok(length) = manager.recv(&mut buffer) {
            if text(&buffer[..length]).contains("WATCHDOG=1") {
                return true;
            }
        }
        false
    };
    assert!(fed_within(LIMIT) && fed_within(LIMIT));

    let tasks = fs::read_dir(format!("/proc/{}/task", daemon.pid())).unwrap();
    let numbers = tasks.map(|task| task.unwrap().file_name().into_string().unwrap());
    let task_text = |task: &str, file: &str| {
        fs::read_to_string(format!("/proc/{}/task/{task}/{file}", daemon.pid())).unwrap()
    };
    let driver = numbers.into_iter().find(|task| task_text(task, "comm").trim() == "vrrp").unwrap();
    let mut tracer = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "-e", "inject=all:delay_enter=600000000", "-p", &driver])
        .spawn()
        .unwrap();
    until("it hangs", || task_text(&driver, "status").contains("(tracing stop)").then_some(()));
    // What was sent before, or is on its way.
    manager.set_nonblocking(true).unwrap();
    while fed_within(LIMIT) {}
    manager.set_nonblocking(false).unwrap();
    let _ = fed_within(Duration::from_secs(1));
    let fed = fed_within(Duration::from_secs(2));
    let _ = tracer.kill();
    let _ = tracer.wait();
    assert!(!fed);
    assert!(fed_within(LIMIT), "it hangs no more");
    assert_eq!(daemon.end(Signal::SIGTERM).code(), Some(0));
}

#[test]
fn scripts_hear_of_the_stop() {
    let house = House::new("");
    let (script, heard) = (house.path("notify.sh"), house.path("heard"));
    fs::write(&script, format!("#!/bin/sh\necho \"$*\" >> {}\n", heard.display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    house.configure(&format!("  notify \"{} own\"\n  notify_stop \"{0} stopped\"", script.display()));
    let daemon = house.start(house.command(&["-n", "-l", "-G", "-u", "022"]));
    until("the first state", || house.read("heard").contains("own INSTANCE V BACKUP 100").then_some(()));
    until("master", || house.read("heard").contains("own INSTANCE V MASTER 100").then_some(()));
    assert_eq!(daemon.end(Signal::SIGTERM).code(), Some(0));
    let heard = house.read("heard");
    let lines: Vec<&str> = heard.lines().collect();
    assert_eq!(
        lines,
        ["own INSTANCE V BACKUP 100", "own INSTANCE V MASTER 100", "stopped", "own INSTANCE V STOP 100"]
    );
}

/// A terminal that somebody stopped takes nothing either.
#[test]
fn a_console_that_takes_nothing_stops_nothing() {
    let house = House::new("");
    let (_reader, writer) = nix::unistd::pipe().unwrap();
    let flags = |flags| fcntl(&writer, FcntlArg::F_SETFL(flags)).unwrap();
    flags(OFlag::O_NONBLOCK);
    while nix::unistd::write(&writer, &[b'x'; 4096]).is_ok() {}
    // The daemon would block in it as in any terminal.
    flags(OFlag::empty());
    let mut command = house.command(&["-n", "-l", "-G", "-D"]);
    command.stderr(writer);
    let mut child = command.spawn().unwrap();
    let stop = Stop(i32::try_from(child.id()).unwrap());
    until("it runs", || house.pid_file("v.pid"));
    assert_eq!(house.reload().0, Some(0));
    drop(stop);
    let status = until("its end", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}

/// Whether the namespace of the daemon holds the virtual address.
fn holds_address(pid: i32) -> bool {
    let asked = Command::new("nsenter")
        .args(["-t", &pid.to_string(), "-n", "ip", "-o", "address", "show"])
        .output()
        .unwrap();
    text(&asked.stdout).contains("10.9.9.9/32")
}

/// The kernel refuses the driver its timer: it cannot go on, and nothing may stay behind undefended.
#[test]
fn a_driver_that_fails_gives_everything_up_and_ends_the_daemon() {
    let house = House::new("");
    let mut daemon = house.start(house.command(&["-n", "-l"]));
    house.await_log("Entering MASTER STATE");
    until("the address", || holds_address(daemon.pid()).then_some(()));
    // Holds the namespace when the daemon has gone.
    let mut holder = Command::new("nsenter")
        .args(["-t", &daemon.pid().to_string(), "-n", "sleep", "infinity"])
        .spawn()
        .unwrap();
    until("a holder of the namespace", || {
        let ours = fs::read_link(format!("/proc/{}/ns/net", daemon.pid())).ok()?;
        (fs::read_link(format!("/proc/{}/ns/net", holder.id())).ok()? == ours).then_some(())
    });
    let mut tracer = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=timerfd_settime"])
        .args(["-e", "inject=timerfd_settime:error=EIO", "-p", &daemon.pid().to_string()])
        .spawn()
        .unwrap();
    let status = daemon.await_end();
    let left_behind = holds_address(i32::try_from(holder.id()).unwrap());
    for child in [&mut tracer, &mut holder] {
        let _ = child.kill();
        let _ = child.wait();
    }
    let log = house.read("log");
    assert_eq!(status.code(), Some(1), "for systemd to start it again\n{log}");
    assert!(!left_behind, "{log}");
    assert!(log.contains("VRRP driver failed (VRRP driver: timer: Input/output error"), "{log}");
    assert!(log.contains("ending, so that nothing is held undefended"), "{log}");
    assert!(!house.path("k.pid").exists() && !house.path("v.pid").exists());
}

#[test]
fn what_the_start_needed_is_given_back() {
    let house = House::new("");
    let daemon = house.start(house.command(&["-n", "-l", "-G"]));
    let mapped = || {
        let status = proc_text(daemon.pid(), "status");
        let line = status.lines().find_map(|line| line.strip_prefix("RssFile:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    house.await_log("Startup complete");
    let most = mapped();
    until("most of the program is not mapped", || (mapped() * 3 < most * 2).then_some(()));
    assert_eq!(daemon.end(Signal::SIGTERM).code(), Some(0), "it comes again where it is needed");
}
