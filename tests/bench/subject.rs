//! A daemon under measurement: started without a shell between, so that its process is known from the first moment.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::support::daemon::Subject;
use super::support::net::Node;
use super::support::process::children_of;

/// A running daemon, or a floor.
pub struct Running {
    child: Child,
    /// When it was asked for, in nanoseconds of the wall clock (that of packet timestamps).
    pub started: i64,
    config: PathBuf,
}

impl Running {
    /// Starts `subject` on `node`, quiet, in the foreground.
    pub fn start(subject: Subject, node: &Node, config: &str, more: &[&str]) -> Running {
        let path = Running::config(node);
        std::fs::write(&path, config).unwrap();
        let mut command = Command::new(subject.binary());
        command.args(["-n", "-G", "-f"]).arg(&path);
        for (option, file) in [("-p", "main"), ("-r", "vrrp"), ("-c", "checkers"), ("-b", "bfd")] {
            let file = node.dir.join(format!("{file}.pid"));
            // Left by a killed predecessor; keepalived takes a process that nobody has waited for as alive.
            let _there_may_be_none = std::fs::remove_file(&file);
            command.arg(option).arg(file);
        }
        command.args(more).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Running::spawn(node, command)
    }

    /// Starts any program on `node`.
    pub fn spawn(node: &Node, mut command: Command) -> Running {
        let (started, child) = node.within(|| (wall_clock(), command.spawn().unwrap()));
        Running { child, started, config: Running::config(node) }
    }

    fn config(node: &Node) -> PathBuf {
        node.dir.join("keepalived.conf")
    }

    /// Its process and the processes that it started, oldest first.
    pub fn processes(&self) -> Vec<i32> {
        let main = self.child.id() as i32;
        let mut all = vec![main];
        all.extend(children_of(main));
        all
    }

    /// Sends a signal to the main process.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Asks it to end and waits until all its processes have, those too that it does not wait for itself: see
    /// [`adopt_orphans`].
    pub fn stop(&mut self) {
        let processes = self.processes();
        self.signal(Signal::SIGTERM);
        self.child.wait().unwrap();
        for process in processes {
            // Those that it has waited for are nobody's any more.
            let _not_ours = waitpid(Pid::from_raw(process), None);
        }
    }

    /// Replaces its configuration and asks it to read that.
    pub fn reload(&self, config: &str) {
        std::fs::write(&self.config, config).unwrap();
        self.signal(Signal::SIGHUP);
    }

    /// Ends all its processes so that none can clean up; gives when, in nanoseconds of the wall clock.
    pub fn kill(&mut self) -> i64 {
        if self.child.try_wait().unwrap().is_some() {
            return wall_clock();
        }
        let processes = self.processes();
        for signal in [Signal::SIGSTOP, Signal::SIGKILL] {
            for &process in processes.iter().rev() {
                let _already_gone = kill(Pid::from_raw(process), signal);
            }
        }
        let at = wall_clock();
        self.child.wait().unwrap();
        // The next daemon must find the locks of the pid files free.
        super::support::wait::until("all its processes have ended", Duration::from_secs(10), || {
            processes.iter().all(|&process| has_ended(process))
        });
        at
    }
}

/// Whether a process is gone, or only waits for its parent to notice.
fn has_ended(process: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'))
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// From now on processes that outlive their parent are this program's, and so is what they have cost.
pub fn adopt_orphans() {
    nix::sys::prctl::set_child_subreaper(true).unwrap();
}

/// Nanoseconds since 1970.
pub fn wall_clock() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i64
}

/// Virtual routers on one interface; the next interface has the next ones.
pub const ROUTERS_EACH: usize = 250;

/// The address of the `number`th virtual router, counted from 0.
pub fn address_of(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 200, (number / ROUTERS_EACH) as u8, (number % ROUTERS_EACH + 1) as u8)
}

/// So many virtual routers on eth0 and the interfaces after it, VRRP version 3, `interval` in seconds, and more text
/// at the end.
pub fn routers(count: usize, priority: u8, interval: f64, more: &str) -> String {
    let mut text = String::from("global_defs {\n    vrrp_version 3\n    vrrp_garp_master_delay 1\n}\n");
    for number in 0..count {
        let (interface, vrid) = (number / ROUTERS_EACH, number % ROUTERS_EACH + 1);
        text.push_str(&format!(
            "vrrp_instance VI_{} {{\n    interface eth{interface}\n    virtual_router_id {vrid}\n    \
             priority {priority}\n    advert_int {interval}\n    \
             virtual_ipaddress {{\n        {}/32\n    }}\n}}\n",
            number + 1,
            address_of(number)
        ));
    }
    text + more
}
