//! `standfast reload`: send `SIGHUP`, wait for the answer, say what became of it.
//!
//! The daemon writes what became of each reload into a small file beside its pid file, whoever asked
//! for it; so a plain `kill -HUP` works as ever. The file says when that reload began on the clock that
//! all processes share (`CLOCK_MONOTONIC`): the answer to our signal is the first reload that began
//! after we sent it, even if others reload at the same time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::pidfile::running_daemon;
use crate::cli::{Print, Reload};
use crate::kernel::clock;
use crate::time::Mono;

/// Where the daemon's pid is found if nobody says otherwise.
const DEFAULT_PID_FILES: [&str; 2] = ["/run/keepalived.pid", "/run/keepalived/keepalived.pid"];
/// How often the answer is looked for.
const STEP: Duration = Duration::from_millis(20);

/// What became of a reload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReloadOutcome {
    /// The new configuration runs.
    Applied,
    /// It runs, but some of it is not as written.
    AppliedWithWarnings,
    /// The old configuration goes on.
    Refused,
}

impl ReloadOutcome {
    const ALL: [ReloadOutcome; 3] =
        [ReloadOutcome::Applied, ReloadOutcome::AppliedWithWarnings, ReloadOutcome::Refused];

    const fn as_str(self) -> &'static str {
        match self {
            ReloadOutcome::Applied => "applied",
            ReloadOutcome::AppliedWithWarnings => "applied-with-warnings",
            ReloadOutcome::Refused => "refused",
        }
    }

    /// The exit status of `standfast reload`.
    pub const fn status(self) -> u8 {
        match self {
            ReloadOutcome::Applied => 0,
            ReloadOutcome::Refused => 3,
            ReloadOutcome::AppliedWithWarnings => 5,
        }
    }
}

/// The daemon's account of one reload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReloadReport {
    /// When the daemon took up the request, before it read the file.
    pub begun: Mono,
    pub outcome: ReloadOutcome,
    /// Diagnostics, changes: what the caller is to read. Each may have several lines.
    pub messages: Vec<String>,
}

impl ReloadReport {
    /// Writes the account beside the pid file, in one step: nobody sees half of it. A small write to
    /// the run-time directory, but a blocking one.
    pub fn publish(&self, pid_file: &Path) -> io::Result<()> {
        let path = report_path(pid_file);
        let new = path.with_extension("reload-report-new");
        fs::write(&new, self.to_text())?;
        fs::rename(new, path)
    }

    /// Removes the account: at the end of the daemon.
    pub fn withdraw(pid_file: &Path) {
        // There is none unless somebody reloaded.
        let _ = fs::remove_file(report_path(pid_file));
    }

    fn to_text(&self) -> String {
        let mut text = format!("begun {}\noutcome {}\n", self.begun.as_nanos(), self.outcome.as_str());
        for line in self.messages.iter().flat_map(|message| message.lines()) {
            text.push_str("message ");
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    fn from_text(text: &str) -> Option<ReloadReport> {
        let mut lines = text.lines();
        let begun = lines.next()?.strip_prefix("begun ")?.parse().ok()?;
        let word = lines.next()?.strip_prefix("outcome ")?;
        let outcome = ReloadOutcome::ALL.into_iter().find(|outcome| outcome.as_str() == word)?;
        let messages = lines.filter_map(|line| line.strip_prefix("message ")).map(Into::into).collect();
        Some(ReloadReport { begun: Mono::from_nanos(begun), outcome, messages })
    }

    fn read(pid_file: &Path) -> Option<ReloadReport> {
        ReloadReport::from_text(&fs::read_to_string(report_path(pid_file)).ok()?)
    }
}

/// `keepalived.pid` has its account in `keepalived.pid.reload-report`; octavia takes every `*.pid` for
/// a daemon, so the name must end otherwise.
fn report_path(pid_file: &Path) -> PathBuf {
    let mut name = pid_file.as_os_str().to_owned();
    name.push(".reload-report");
    PathBuf::from(name)
}

/// Carries out `standfast reload`.
pub fn run(request: &Reload) -> Print {
    match reload(request) {
        Ok(report) => tell(&report),
        Err(text) => Print { text, to_stderr: true, status: 1 },
    }
}

fn reload(request: &Reload) -> Result<ReloadReport, String> {
    let (pid_file, pid) = find_daemon(request.pid_file.as_deref())?;
    let asked = clock::now();
    match kill(pid, Signal::SIGHUP) {
        Ok(()) => {}
        Err(Errno::EPERM) => return Err(format!("Process {pid} may only be reloaded by its user or root")),
        Err(errno) => return Err(format!("Process {pid} cannot be signalled: {errno}")),
    }
    let patience = Duration::from_secs(request.timeout);
    while clock::now().since(asked) < patience {
        std::thread::park_timeout(STEP);
        if let Some(report) = ReloadReport::read(&pid_file).filter(|report| report.begun >= asked) {
            return Ok(report);
        }
        if running_daemon(&pid_file).is_ok_and(|pid| pid.is_none()) {
            return Err(format!("The daemon (process {pid}) ended while it was reloading: see its log"));
        }
    }
    Err(format!(
        "No answer from process {pid} within {} s: it may still be reloading, see its log",
        request.timeout
    ))
}

fn find_daemon(given: Option<&Path>) -> Result<(PathBuf, Pid), String> {
    let candidates: Vec<PathBuf> = match given {
        Some(path) => vec![path.to_owned()],
        None => DEFAULT_PID_FILES.map(PathBuf::from).to_vec(),
    };
    for path in &candidates {
        match running_daemon(path) {
            Ok(Some(pid)) => {
                let pid = i32::try_from(pid).ok().filter(|pid| *pid > 1);
                let pid = pid.ok_or_else(|| format!("{}: no process id in it", path.display()))?;
                return Ok((path.clone(), Pid::from_raw(pid)));
            }
            Ok(None) => {}
            Err(error) => return Err(format!("{}: {error}", path.display())),
        }
    }
    let names: Vec<_> = candidates.iter().map(|path| path.display().to_string()).collect();
    Err(format!("No running daemon: nobody holds {}", names.join(" or ")))
}

fn tell(report: &ReloadReport) -> Print {
    let summary = match report.outcome {
        ReloadOutcome::Applied => "Reloaded: the new configuration is in force.",
        ReloadOutcome::AppliedWithWarnings => {
            "Reloaded with warnings: the new configuration is in force, but for what is said above."
        }
        ReloadOutcome::Refused => {
            "NOT reloaded: the new configuration was refused, the running one goes on unchanged."
        }
    };
    let mut text = report.messages.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(summary);
    let to_stderr = report.outcome == ReloadOutcome::Refused;
    Print { text, to_stderr, status: report.outcome.status() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcome: ReloadOutcome) -> ReloadReport {
        let messages = vec!["k.conf:3: unknown\n   foo\n   ^^^".into(), "message in a message".into()];
        ReloadReport { begun: Mono::from_nanos(77), outcome, messages }
    }

    #[test]
    fn an_account_survives_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let pid_file = dir.path().join("k.pid");
        for outcome in ReloadOutcome::ALL {
            report(outcome).publish(&pid_file).unwrap();
            let read = ReloadReport::read(&pid_file).unwrap();
            assert_eq!((read.begun, read.outcome), (Mono::from_nanos(77), outcome));
            assert_eq!(read.messages.join("\n"), report(outcome).messages.join("\n"));
        }
        ReloadReport::withdraw(&pid_file);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left");
        for broken in ["", "begun x\noutcome applied", "begun 1\noutcome maybe", "begun 1"] {
            assert_eq!(ReloadReport::from_text(broken), None, "{broken}");
        }
    }

    #[test]
    fn words_and_statuses() {
        let refused = tell(&report(ReloadOutcome::Refused));
        assert_eq!((refused.status, refused.to_stderr), (3, true));
        assert!(refused.text.contains("k.conf:3") && refused.text.contains("NOT reloaded"));
        assert_eq!(tell(&report(ReloadOutcome::AppliedWithWarnings)).status, 5);
        assert_eq!(tell(&report(ReloadOutcome::Applied)).status, 0);
    }

    #[test]
    fn nobody_there() {
        let dir = tempfile::tempdir().unwrap();
        let pid_file = dir.path().join("k.pid");
        fs::write(&pid_file, format!("{}\n", std::process::id())).unwrap();
        let answer = run(&Reload { pid_file: Some(pid_file), timeout: 1 });
        assert_eq!(answer.status, 1);
        assert!(
            answer.text.starts_with("No running daemon"),
            "an unlocked file is left behind: {}",
            answer.text
        );
    }
}
