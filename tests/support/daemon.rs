//! keepalived and standfast behind one handle: started on a node with private files, asked by signals, stopped.

use super::net::Node;
use super::process::{Process, children_of};
use super::wait;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};
use std::time::{Duration, Instant};

/// Which of the two daemons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The original: the oracle.
    Keepalived,
    /// This project's.
    Standfast,
}

/// Environment variable with the path of a program to take for standfast: another build, or keepalived itself to try
/// the harness.
pub const STAND_IN: &str = "STANDFAST_BINARY";

impl Subject {
    /// Both.
    pub const ALL: [Subject; 2] = [Subject::Keepalived, Subject::Standfast];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Subject::Keepalived => "keepalived",
            Subject::Standfast => "standfast",
        }
    }

    /// Its program.
    pub fn binary(self) -> PathBuf {
        let kept = std::env::var_os(STAND_IN).map(PathBuf::from);
        match self {
            Subject::Keepalived => PathBuf::from("/usr/sbin/keepalived"),
            Subject::Standfast => kept.unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_standfast"))),
        }
    }
}

/// Written into the node's directory, beside the configuration.
const PID_FILES: [&str; 4] = ["main.pid", "vrrp.pid", "checkers.pid", "bfd.pid"];

/// A daemon on a node.
pub struct Daemon {
    process: Process,
    forked: bool,
    config: PathBuf,
}

impl Daemon {
    /// Starts `subject` on `node` with the text of a configuration.
    pub fn start(subject: Subject, node: &Node, config: &str) -> Daemon {
        let path = node.dir.join("keepalived.conf");
        std::fs::write(&path, config).unwrap();
        Daemon::start_file(subject, node, &path, &[])
    }

    /// Starts `subject` on `node` with a configuration file and more options.
    pub fn start_file(subject: Subject, node: &Node, config: &Path, more: &[&str]) -> Daemon {
        let mut command = node.command();
        command.env("TMPDIR", &node.dir);
        command.arg(subject.binary()).args(["-n", "-l", "-D", "-G", "-f"]).arg(config);
        for (option, file) in ["-p", "-r", "-c", "-b"].into_iter().zip(PID_FILES) {
            command.arg(option).arg(node.dir.join(file));
        }
        command.args(more);
        let process = Process::spawn(&format!("{} {}", node.name, subject.name()), command);
        Daemon { process, forked: node.forks(), config: config.to_owned() }
    }

    /// Runs `subject` on `node` to its end with the given arguments only.
    pub fn run(subject: Subject, node: &Node, args: &[&str]) -> Output {
        let mut command = node.command();
        command.arg("timeout").arg("20").arg(subject.binary()).args(args);
        command.output().unwrap()
    }

    /// The daemon's main process.
    pub fn pid(&self) -> i32 {
        let started = self.process.pid();
        if !self.forked {
            return started;
        }
        children_of(started).first().copied().unwrap_or(started)
    }

    /// Its log.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Waits for a log line with `text`, and tells when it came.
    #[track_caller]
    pub fn await_line(&self, text: &str, limit: Duration) -> Instant {
        self.process.await_line(text, limit)
    }

    /// Waits until the instance has entered MASTER for the `nth` time (from 1).
    #[track_caller]
    pub fn await_master(&self, instance: &str, nth: usize, limit: Duration) -> Instant {
        self.process.await_nth(&format!("({instance}) Entering MASTER STATE"), nth, limit)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// Sends it a signal that has no name, such as a real-time one.
    pub fn raw_signal(&self, number: i32) {
        let sent = std::process::Command::new("kill")
            .arg(format!("-{number}"))
            .arg(self.pid().to_string())
            .status();
        assert!(sent.unwrap().success());
    }

    /// Writes a new configuration and asks for a reload.
    pub fn ask_for_reload(&self, config: &str) {
        std::fs::write(&self.config, config).unwrap();
        self.signal(Signal::SIGHUP);
    }

    /// The same, and returns when the daemon says that it is over.
    #[track_caller]
    pub fn reload(&self, config: &str) {
        let before = self.process.count("Reload complete");
        self.ask_for_reload(config);
        self.process.await_nth("Reload complete", before + 1, wait::seconds(20));
    }

    /// Writes a new configuration and gives what `standfast reload` says and answers.
    pub fn reload_command(&self, node: &Node, config: &str) -> Output {
        std::fs::write(&self.config, config).unwrap();
        let pid_file = node.dir.join(PID_FILES[0]).display().to_string();
        Daemon::run(Subject::Standfast, node, &["reload", "--pid", &pid_file])
    }

    /// Asks it to stop and waits for its end.
    #[track_caller]
    pub fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.process.await_end(wait::seconds(15))
    }

    /// Waits for its end without asking for it.
    #[track_caller]
    pub fn await_end(&mut self, limit: Duration) -> ExitStatus {
        self.process.await_end(limit)
    }

    /// Kills it and all its processes at once, so that nothing is cleaned up but the pid files, as by a loss of power.
    pub fn kill(&mut self) {
        if self.forked {
            let main = self.pid();
            for child in children_of(main).into_iter().chain([main]) {
                let _already_gone = kill(Pid::from_raw(child), Signal::SIGKILL);
            }
        }
        self.process.kill_family();
        for file in PID_FILES {
            let _never_written = std::fs::remove_file(self.config.with_file_name(file));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A notify script on a node that keeps the arguments of each call as one line.
pub struct Recorder {
    script: PathBuf,
    file: PathBuf,
}

impl Recorder {
    /// Makes the script.
    pub fn new(node: &Node) -> Recorder {
        use std::os::unix::fs::PermissionsExt;
        let (script, file) = (node.dir.join("record.sh"), node.dir.join("recorded"));
        std::fs::write(&script, format!("#!/bin/sh\necho \"$*\" >> {}\n", file.display())).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        Recorder { script, file }
    }

    /// The path of the script.
    pub fn script(&self) -> String {
        self.script.display().to_string()
    }

    /// The calls until now.
    pub fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until `count` calls have come whose arguments begin so.
    #[track_caller]
    pub fn await_call(&self, arguments: &str, count: usize) {
        wait::value(
            &format!("script called with {arguments:?} {count} times"),
            wait::seconds(15),
            || {
                (self.calls().iter().filter(|call| call.starts_with(arguments)).count() >= count)
                    .then_some(())
            },
            || self.calls().join("\n"),
        );
    }
}
