//! Track scripts: one run, judged.

use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::timeout;

use super::child::{Running, Script};
use super::prepare::{Prepared, Way};
use crate::track::script::Ended;

/// From SIGTERM to SIGKILL for a script that took too long.
const TERM_TO_KILL: Duration = Duration::from_secs(2);

/// Runs a script; one that takes longer than `limit` gets SIGTERM, and SIGKILL 2 s later, with all its
/// children. Dropping the future kills it at once.
pub async fn run(script: &Prepared, limit: Duration, running: &Running) -> Ended {
    if script.way == Way::Read {
        return read(script, limit).await;
    }
    let mut child = match Script::start(script, &[], running) {
        Ok(child) => child,
        Err(error) => return Ended::NotStarted(error.to_string()),
    };
    if let Ok(ended) = timeout(limit, child.wait()).await {
        return match ended {
            Ok(status) => judge(status),
            Err(error) => Ended::NotStarted(error.to_string()),
        };
    }
    child.signal(Signal::SIGTERM);
    if timeout(TERM_TO_KILL, child.wait()).await.is_err() {
        child.signal(Signal::SIGKILL);
        // The kernel ends it; if it cannot (a dead disk), the next run is not held up by it.
        let _ = timeout(TERM_TO_KILL, child.wait()).await;
    }
    Ended::TimedOut
}

fn judge(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, signal) => Ended::Killed(signal.unwrap_or(0)),
    }
}

/// A readable file is a success. Opening may hang on a network file system, so it does it elsewhere.
async fn read(script: &Prepared, limit: Duration) -> Ended {
    let path = script.program.clone();
    let opened = tokio::task::spawn_blocking(move || File::open(path).is_ok());
    match timeout(limit, opened).await {
        Ok(readable) => Ended::Exited(i32::from(!readable.unwrap_or(false))),
        Err(_) => Ended::TimedOut,
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::daemon::scripts::Account;

    fn shell(text: &str) -> Prepared {
        let arguments = vec!["-c".into(), text.into()];
        Prepared {
            program: "/bin/sh".into(),
            arguments,
            account: Account::own(),
            groups: Vec::new(),
            way: Way::Execute,
        }
    }

    fn alive(pid_file: &Path) -> bool {
        let pid = std::fs::read_to_string(pid_file).unwrap();
        // A killed child stays a zombie until it is reaped by whoever inherited it.
        std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
            .is_ok_and(|stat| !stat.rsplit(')').next().unwrap().trim_start().starts_with('Z'))
    }

    async fn soon(what: &str, condition: impl Fn() -> bool) {
        let limit = tokio::time::Instant::now() + Duration::from_secs(20);
        while !condition() {
            assert!(tokio::time::Instant::now() < limit, "{what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    const LONG: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn ends() {
        let running = Running::default();
        assert_eq!(run(&shell("exit 0"), LONG, &running).await, Ended::Exited(0));
        assert_eq!(run(&shell("exit 7"), LONG, &running).await, Ended::Exited(7));
        assert_eq!(run(&shell("kill -USR1 $$"), LONG, &running).await, Ended::Killed(10));
        let missing = Prepared { program: PathBuf::from("/nonexistent"), ..shell("") };
        assert!(matches!(run(&missing, LONG, &running).await, Ended::NotStarted(_)));
        assert!(running.is_empty());
    }

    #[tokio::test]
    async fn a_file_is_read_not_run() {
        let running = Running::default();
        let file = |path: &str| Prepared { program: path.into(), way: Way::Read, ..shell("") };
        assert_eq!(run(&file("/proc/self/stat"), LONG, &running).await, Ended::Exited(0));
        assert_eq!(run(&file("/nonexistent"), LONG, &running).await, Ended::Exited(1));
    }

    #[tokio::test]
    async fn a_hanging_script_is_ended_with_its_children() {
        let dir = tempfile::tempdir().unwrap();
        let (pids, termed) = (dir.path().join("pid"), dir.path().join("termed"));
        // Deaf to SIGTERM, and so is its child: only SIGKILL to the group ends both.
        let text = format!(
            "trap '' TERM; (trap 'echo > {t}' TERM; while :; do sleep 1; done) & echo $! > {p}; wait; while :; do sleep 1; done",
            t = termed.display(),
            p = pids.display()
        );
        let running = Running::default();
        let begun = tokio::time::Instant::now();
        assert_eq!(run(&shell(&text), Duration::from_millis(300), &running).await, Ended::TimedOut);
        assert!(begun.elapsed() >= Duration::from_millis(2300), "SIGTERM first, 2 s later SIGKILL");
        assert!(termed.exists(), "the child had heard SIGTERM");
        soon("the child ends too", || !alive(&pids)).await;
        assert!(running.is_empty());
    }

    #[tokio::test]
    async fn a_dropped_run_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let pids = dir.path().join("pid");
        let script = shell(&format!("echo $$ > {}.new; mv {0}.new {0}; exec sleep 1000", pids.display()));
        let running = Running::default();
        {
            let run = run(&script, LONG, &running);
            tokio::select! {
                result = run => panic!("{result:?}"),
                () = soon("it starts", || pids.exists()) => {}
            }
        }
        soon("it is killed", || !alive(&pids)).await;
        assert!(running.is_empty());
    }
}
