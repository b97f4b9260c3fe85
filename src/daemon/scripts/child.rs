//! One started script: its process group, its end.

use std::collections::BTreeSet;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use super::account::Account;
use super::prepare::{Prepared, Way};
use crate::kernel::exec;

/// Never handed on: the first three for safety's sake, as keepalived does; the others are between
/// systemd and us.
const WITHHELD: [&str; 6] =
    ["IFS", "LD_PRELOAD", "LD_LIBRARY_PATH", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/// The process groups of all scripts that run, so that the end of the daemon can be theirs.
#[derive(Clone, Debug, Default)]
pub struct Running(Arc<Mutex<BTreeSet<i32>>>);

impl Running {
    /// Sends a signal to every running script and its children.
    pub fn signal(&self, signal: Signal) {
        for group in self.lock().iter() {
            // It may have ended by now.
            let _ = killpg(Pid::from_raw(*group), signal);
        }
    }

    /// No script runs.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<i32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running script. Dropping it kills it with all its children.
#[derive(Debug)]
pub struct Script {
    child: Child,
    group: i32,
    running: Running,
    ended: bool,
}

impl Script {
    /// Starts a script with `extra` arguments behind its own: no standard streams, its own process
    /// group, no supplementary groups but those that were asked for, our directory and umask.
    ///
    /// Call it on a worker of the runtime (see [`exec::leash`]).
    ///
    /// # Errors
    /// It cannot be started, or it is one that is only read.
    pub fn start(script: &Prepared, extra: &[String], running: &Running) -> io::Result<Script> {
        let mut command = match script.way {
            Way::Execute => Command::new(&script.program),
            Way::Shell => {
                let mut shell = Command::new("/bin/sh");
                shell.arg(&script.program);
                shell
            }
            Way::Read => return Err(io::ErrorKind::Unsupported.into()),
        };
        command.args(&script.arguments).args(extra);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        for name in WITHHELD {
            command.env_remove(name);
        }
        command.process_group(0);
        let own = Account::own();
        if own.uid == 0 && !script.groups.is_empty() {
            let Account { uid, gid } = script.account;
            exec::run_as(command.as_std_mut(), uid, gid, script.groups.clone());
        } else if own.uid == 0 || own != script.account {
            // As root this also empties the supplementary groups; as somebody else it can only fail,
            // and that is said.
            command.gid(script.account.gid).uid(script.account.uid);
        }
        exec::leash(command.as_std_mut());
        let child = command.spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).ok_or(io::ErrorKind::NotFound)?;
        running.lock().insert(group);
        Ok(Script { child, group, running: running.clone(), ended: false })
    }

    /// Waits for its end. May be dropped and called again.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.ended = true;
        self.running.lock().remove(&self.group);
        status
    }

    /// Sends a signal to it and its children.
    pub fn signal(&self, signal: Signal) {
        if !self.ended {
            // It may have ended a moment ago.
            let _ = killpg(Pid::from_raw(self.group), signal);
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        self.running.lock().remove(&self.group);
    }
}
