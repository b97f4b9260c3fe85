//! A directory with everything that a daemon needs, and the daemon in a namespace of its own.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// Long enough for a busy machine; nothing waits so long unless it fails.
pub const LIMIT: Duration = Duration::from_secs(30);

pub fn program() -> &'static str {
    env!("CARGO_BIN_EXE_standfast")
}

/// Runs the program to its end under the name `called`.
pub fn run(called: &str, words: &[&str]) -> Output {
    Command::new(program()).arg0(called).args(words).stdin(Stdio::null()).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
pub fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(start.elapsed() < LIMIT, "still not: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub struct House {
    dir: TempDir,
}

impl House {
    /// With a configuration of one instance on one end of a cable; `more` goes into the instance.
    pub fn new(more: &str) -> House {
        let house = House { dir: TempDir::with_prefix("standfast-cli-").unwrap() };
        house.configure(more);
        house
    }

    pub fn configure(&self, more: &str) {
        let text = format!(
            "vrrp_instance V {{\n  interface in0\n  virtual_router_id 9\n  priority 100\n  advert_int 1\n  \
             virtual_ipaddress {{\n    10.9.9.9/32\n  }}\n{more}\n}}\n"
        );
        fs::write(self.path("k.conf"), text).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// What is in the directory, the log of the test itself aside.
    pub fn pid_file(&self, name: &str) -> Option<i32> {
        self.read(name).strip_suffix('\n')?.parse().ok()
    }

    /// The daemon's command line in a new namespace. `exec` keeps the process id.
    pub fn command(&self, words: &[&str]) -> Command {
        let cable = "ip link add in0 type veth peer name out0 && ip link set in0 up && ip link set out0 up && \
                     ip address add 10.9.9.1/24 dev in0 && exec \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["-n", "sh", "-c", cable, "sh", program()]).args(words);
        command.arg("-f").arg(self.path("k.conf"));
        for (option, file) in [("-p", "k.pid"), ("-r", "v.pid"), ("-c", "c.pid"), ("-b", "b.pid")] {
            command.arg(option).arg(self.path(file));
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Starts the daemon in the foreground with its log in the file `log`, and waits until it runs.
    pub fn start(&self, command: Command) -> Daemon {
        let mut command = command;
        command.stderr(File::create(self.path("log")).unwrap());
        let daemon = Daemon(command.spawn().unwrap());
        self.await_log("Startup complete");
        daemon
    }

    #[track_caller]
    pub fn await_log(&self, line: &str) {
        until(line, || self.read("log").contains(line).then_some(()));
    }

    /// `standfast reload`: status and everything that it said.
    pub fn reload(&self) -> (Option<i32>, String) {
        let output =
            Command::new(program()).arg("reload").arg("-p").arg(self.path("k.pid")).output().unwrap();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    }
}

/// Never outlives the test.
pub struct Daemon(Child);

impl Daemon {
    pub fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    #[track_caller]
    pub fn end(mut self, signal: Signal) -> ExitStatus {
        self.signal(signal);
        self.await_end()
    }

    #[track_caller]
    pub fn await_end(&mut self) -> ExitStatus {
        until("the daemon's end", || self.0.try_wait().unwrap())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended, as it should.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The file of another process below `/proc`.
pub fn proc_text(pid: i32, file: &str) -> String {
    let mut text = String::new();
    // No such process is an answer too.
    let _ = File::open(format!("/proc/{pid}/{file}")).and_then(|mut file| file.read_to_string(&mut text));
    text
}
