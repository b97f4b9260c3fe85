//! Notify scripts: one at a time for each subject, in order, and nobody waits for them.
//!
//! keepalived starts all scripts of a change at once and does not look whether the last ones have
//! ended, so `notify_master` and `notify_backup` of a quick flap may run at the same time and end in the
//! wrong order. Here a subject's scripts queue. A script that does not end while others wait behind it
//! is given a limited time; then the next one starts beside it, as in keepalived: a script that hangs
//! (or was written to run for ever) must not keep the news of a takeover from the rest.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::sync::Notify as Bell;
use tokio::time::{Instant, timeout};

use super::child::{Running, Script};
use super::prepare::Prepared;
use crate::daemon::supervise::Supervisor;
use crate::report::{Ident, Line, emit};

/// Scripts that may wait for one subject; beyond it the oldest is dropped: the latest state matters.
const WAITING: usize = 32;
/// How long a script may hold up those behind it.
const PATIENCE: Duration = Duration::from_secs(10);
/// What scripts get at the end of the daemon before SIGTERM, and again before SIGKILL.
const GRACE: Duration = Duration::from_secs(1);

/// One script of a state change, with the arguments that are appended to its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invocation {
    pub script: Arc<Prepared>,
    /// `TYPE NAME STATE PRIORITY` for the generic `notify`; nothing for the others.
    pub extra: Vec<String>,
}

impl Invocation {
    /// `notify_master` and its like: only the arguments in the configuration.
    pub fn specific(script: Arc<Prepared>) -> Invocation {
        Invocation { script, extra: Vec::new() }
    }

    /// The generic `notify`: `kind` is `INSTANCE` or `GROUP`, `state` as scripts know it, `priority` the
    /// effective one of the moment (0 for a group).
    pub fn generic(script: Arc<Prepared>, kind: &str, name: &str, state: &str, priority: u8) -> Invocation {
        Invocation { script, extra: vec![kind.into(), name.into(), state.into(), priority.to_string()] }
    }
}

/// Runs notify scripts. Clones share the queues.
#[derive(Clone, Debug)]
pub struct Runner {
    shared: Arc<Shared>,
    supervisor: Supervisor,
}

#[derive(Debug)]
struct Shared {
    ident: Ident,
    patience: Duration,
    /// What waits, by subject. A subject that is in here has a task that works its queue off.
    queues: Mutex<BTreeMap<String, VecDeque<Invocation>>>,
    running: Running,
    /// Rung when something was queued and when a subject's work is done.
    bell: Bell,
    closed: AtomicBool,
}

impl Runner {
    /// A runner whose lines are logged for `ident`.
    pub fn new(ident: Ident, supervisor: Supervisor) -> Runner {
        Runner::with_patience(ident, supervisor, PATIENCE)
    }

    fn with_patience(ident: Ident, supervisor: Supervisor, patience: Duration) -> Runner {
        let shared = Shared {
            ident,
            patience,
            queues: Mutex::default(),
            running: Running::default(),
            bell: Bell::new(),
            closed: AtomicBool::new(false),
        };
        Runner { shared: Arc::new(shared), supervisor }
    }

    /// Queues the scripts of one change of `subject` (such as `INSTANCE VI_1`), in their order.
    /// Returns at once.
    pub fn notify(&self, subject: &str, scripts: impl IntoIterator<Item = Invocation>) {
        let mut scripts: VecDeque<Invocation> = scripts.into_iter().collect();
        if scripts.is_empty() || self.shared.closed.load(Ordering::Acquire) {
            return;
        }
        let mut queues = self.shared.queues();
        if let Some(queue) = queues.get_mut(subject) {
            queue.append(&mut scripts);
            let dropped = queue.len().saturating_sub(WAITING);
            queue.drain(..dropped);
            drop(queues);
            if dropped > 0 {
                let text = format!("{dropped} notify scripts of {subject} dropped: too many wait");
                emit(self.shared.ident, Line::warn(text));
            }
            self.shared.bell.notify_waiters();
            return;
        }
        queues.insert(subject.to_owned(), scripts);
        drop(queues);
        let (shared, subject) = (Arc::clone(&self.shared), subject.to_owned());
        let name = format!("scripts of {subject}");
        // Its end leaves the subject's entry behind, and nobody else would work that off.
        self.supervisor.spawn_restarting(name, move || work_off(Arc::clone(&shared), subject.clone()));
    }

    /// The running scripts, to be ended with the others' at the end.
    pub fn running(&self) -> &Running {
        &self.shared.running
    }

    /// At the end of the daemon: takes nothing more, gives what is queued and runs 1 s, then SIGTERM,
    /// and after another second SIGKILL. Returns as soon as all have ended.
    pub async fn stop(&self) {
        self.shared.closed.store(true, Ordering::Release);
        if timeout(GRACE, self.shared.idle()).await.is_ok() {
            return;
        }
        emit(self.shared.ident, Line::info("Notify scripts still run - terminating them"));
        // What has not begun by now never will.
        self.shared.queues().values_mut().for_each(VecDeque::clear);
        self.shared.running.signal(Signal::SIGTERM);
        if timeout(GRACE, self.shared.idle()).await.is_err() {
            self.shared.running.signal(Signal::SIGKILL);
            // Killed ones end at once, but for those that the kernel itself cannot end.
            let _ = timeout(GRACE, self.shared.idle()).await;
        }
    }
}

impl Shared {
    fn queues(&self) -> MutexGuard<'_, BTreeMap<String, VecDeque<Invocation>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next script of a subject. `None`: its work is done, and the subject is forgotten.
    fn next(&self, subject: &str) -> Option<Invocation> {
        let mut queues = self.queues();
        let next = queues.get_mut(subject).and_then(VecDeque::pop_front);
        if next.is_none() {
            queues.remove(subject);
        }
        next
    }

    fn someone_waits(&self, subject: &str) -> bool {
        self.queues().get(subject).is_some_and(|queue| !queue.is_empty())
    }

    async fn idle(&self) {
        loop {
            let rung = self.bell.notified();
            tokio::pin!(rung);
            // From here on no ring is missed.
            rung.as_mut().enable();
            if self.queues().is_empty() && self.running.is_empty() {
                return;
            }
            rung.await;
        }
    }

    /// Waits for the script's end, but only until its patience is over if somebody waits behind it.
    /// False: it still runs.
    async fn ended(&self, subject: &str, script: &mut Script, since: Instant) -> bool {
        loop {
            let rung = self.bell.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            let waiting = self.someone_waits(subject);
            let patience = since + self.patience;
            tokio::select! {
                _ = script.wait() => return true,
                () = tokio::time::sleep_until(patience), if waiting => return false,
                () = rung => {}
            }
        }
    }
}

async fn work_off(shared: Arc<Shared>, subject: String) {
    // Those that outlived their patience: watched until they end, so that they can be killed at stop.
    let mut overdue = tokio::task::JoinSet::new();
    while let Some(invocation) = shared.next(&subject) {
        let name = invocation.script.program.display().to_string();
        let mut script = match Script::start(&invocation.script, &invocation.extra, &shared.running) {
            Ok(script) => script,
            Err(error) => {
                emit(shared.ident, Line::warn(format!("Unable to run notify script {name}: {error}")));
                continue;
            }
        };
        let since = Instant::now();
        if !shared.ended(&subject, &mut script, since).await {
            let text = format!(
                "Notify script {name} of {subject} still runs after {} s - not waiting for it any more",
                since.elapsed().as_secs()
            );
            emit(shared.ident, Line::warn(text));
            overdue.spawn(async move { script.wait().await });
        }
    }
    shared.bell.notify_waiters();
    watch_overdue(&shared, overdue).await;
}

async fn watch_overdue(
    shared: &Shared,
    mut overdue: tokio::task::JoinSet<std::io::Result<std::process::ExitStatus>>,
) {
    while overdue.join_next().await.is_some() {
        shared.bell.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::{Path, PathBuf};

    use super::super::account::Account;
    use super::super::prepare::Way;
    use super::*;
    use crate::config::model::UserSpec;

    fn script(dir: &Path, name: &str, text: &str) -> Arc<Prepared> {
        let program = dir.join(name);
        fs::write(&program, text).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Arc::new(Prepared {
            program,
            arguments: Vec::new(),
            account: Account::own(),
            groups: Vec::new(),
            way: Way::Execute,
        })
    }

    async fn wait_for(what: &str, condition: impl Fn() -> bool) {
        let limit = Instant::now() + Duration::from_secs(20);
        while !condition() {
            assert!(Instant::now() < limit, "{what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn read(path: &PathBuf) -> String {
        fs::read_to_string(path).unwrap_or_default()
    }

    #[tokio::test]
    async fn arguments_surroundings_and_account() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let out = dir.path().join("out");
        let text = format!(
            "#!/bin/bash\n{{ printf '<%s>' \"$@\"; echo; id -u; id -G; \
             readlink /proc/$$/fd/{{0,1,2}}; for fd in /proc/$$/fd/*; do [ -L $fd ] && printf '%s ' ${{fd##*/}}; done; echo; \
             cut -d' ' -f5 /proc/$$/stat; echo $$; env | grep -cE '^(NOTIFY_SOCKET)='; }} > {}.new\nmv {0}.new {0}\n",
            out.display()
        );
        let mut prepared = (*script(dir.path(), "record", &text)).clone();
        prepared.arguments = vec!["own".into(), "a b".into()];
        let as_root = Account::own().uid == 0;
        if as_root {
            let nobody = UserSpec { user: "nobody".into(), group: None };
            prepared.account = Account::find(&nobody).unwrap();
        }
        let (supervisor, _fatal) = Supervisor::new();
        let runner = Runner::new(Ident::Vrrp, supervisor);
        let generic = Invocation::generic(Arc::new(prepared.clone()), "INSTANCE", "VI_1", "MASTER", 107);
        runner.notify("INSTANCE VI_1", [generic]);
        wait_for("it ran", || out.exists()).await;
        let text = read(&out);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "<own><a b><INSTANCE><VI_1><MASTER><107>");
        assert_eq!(lines[1], prepared.account.uid.to_string());
        if as_root {
            assert_eq!(lines[2], prepared.account.gid.to_string(), "no supplementary groups");
        }
        // Its own stdout is the file that it writes to.
        assert_eq!((lines[3], lines[5]), ("/dev/null", "/dev/null"));
        // 255 is bash's own: the script it reads.
        let descriptors: Vec<&str> = lines[6].split(' ').filter(|fd| !fd.is_empty()).collect();
        assert!(descriptors.iter().all(|fd| ["0", "1", "2", "10", "255"].contains(fd)), "{descriptors:?}");
        assert_eq!(lines[7], lines[8], "leader of its process group");
        assert_eq!(lines[9], "0");
        runner.stop().await;
    }

    #[tokio::test]
    async fn supplementary_groups_where_they_are_asked_for() {
        if Account::own().uid != 0 {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let out = dir.path().join("out");
        let text = format!("#!/bin/sh\n{{ id -u; id -G; }} > {}.new\nmv {0}.new {0}\n", out.display());
        let mut prepared = (*script(dir.path(), "who", &text)).clone();
        prepared.account = Account { uid: 65534, gid: 65534 };
        prepared.groups = vec![65534, 4711, 4712];
        let (supervisor, _fatal) = Supervisor::new();
        let runner = Runner::new(Ident::Vrrp, supervisor);
        runner.notify(
            "INSTANCE VI_1",
            [Invocation::generic(Arc::new(prepared), "INSTANCE", "VI_1", "MASTER", 1)],
        );
        wait_for("it ran", || out.exists()).await;
        assert_eq!(read(&out), "65534\n65534 4711 4712\n");
        runner.stop().await;
    }

    #[tokio::test]
    async fn one_at_a_time_in_order_for_a_subject_and_side_by_side_for_two() {
        let dir = tempfile::tempdir().unwrap();
        let (out, go) = (dir.path().join("out"), dir.path().join("go"));
        let text = format!(
            "#!/bin/sh\necho \"begin $*\" >> {o}\nwhile ! [ -e {g} ]; do sleep 0.01; done\necho \"end $*\" >> {o}\n",
            o = out.display(),
            g = go.display()
        );
        let slow = script(dir.path(), "slow", &text);
        let (supervisor, _fatal) = Supervisor::new();
        let runner = Runner::new(Ident::Vrrp, supervisor);
        let call =
            |name: &str, state: &str| Invocation::generic(Arc::clone(&slow), "INSTANCE", name, state, 100);
        let specific = Invocation { extra: vec!["specific".into()], script: Arc::clone(&slow) };
        runner.notify("INSTANCE A", [specific, call("A", "MASTER")]);
        runner.notify("INSTANCE A", [call("A", "BACKUP")]);
        wait_for("the first begins", || read(&out).contains("begin")).await;
        runner.notify("INSTANCE B", [call("B", "MASTER")]);
        wait_for("B does not wait for A", || read(&out).contains("begin INSTANCE B")).await;
        assert!(!read(&out).contains("begin INSTANCE A"), "A's second waits for its first");
        fs::write(&go, "").unwrap();
        wait_for("all end", || read(&out).matches("end").count() == 4).await;
        let text = read(&out);
        let of_a: Vec<&str> = text.lines().filter(|line| !line.contains(" B ")).collect();
        assert_eq!(
            of_a,
            [
                "begin specific",
                "end specific",
                "begin INSTANCE A MASTER 100",
                "end INSTANCE A MASTER 100",
                "begin INSTANCE A BACKUP 100",
                "end INSTANCE A BACKUP 100",
            ]
        );
        runner.stop().await;
        assert!(runner.running().is_empty());
    }

    #[tokio::test]
    async fn a_hanging_script_does_not_keep_the_news_from_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let hang = script(dir.path(), "hang", "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done\n");
        let tell = script(dir.path(), "tell", &format!("#!/bin/sh\necho told > {}\n", out.display()));
        let missing = Arc::new(Prepared { program: dir.path().join("missing"), ..(*tell).clone() });
        let (supervisor, _fatal) = Supervisor::new();
        let runner = Runner::with_patience(Ident::Vrrp, supervisor, Duration::from_millis(200));
        runner.notify("INSTANCE A", [Invocation::specific(hang)]);
        runner.notify("INSTANCE A", [Invocation::specific(missing), Invocation::specific(tell)]);
        wait_for("the next one runs", || read(&out) == "told\n").await;
        assert!(!runner.running().is_empty(), "the hanging one still does");
        let begun = Instant::now();
        runner.stop().await;
        assert!(runner.running().is_empty(), "it was killed, deaf as it is");
        assert!(begun.elapsed() >= GRACE * 2, "after its grace");
    }

    #[tokio::test]
    async fn too_many_waiting_keep_the_latest() {
        let dir = tempfile::tempdir().unwrap();
        let (out, go) = (dir.path().join("out"), dir.path().join("go"));
        let text = format!(
            "#!/bin/sh\nwhile ! [ -e {} ]; do sleep 0.01; done\necho \"$1\" >> {}\n",
            go.display(),
            out.display()
        );
        let slow = script(dir.path(), "slow", &text);
        let (supervisor, _fatal) = Supervisor::new();
        let runner = Runner::new(Ident::Vrrp, supervisor);
        let call =
            |number: usize| Invocation { script: Arc::clone(&slow), extra: vec![number.to_string()] };
        runner.notify("A", [call(0)]);
        wait_for("the first runs", || !runner.running().is_empty()).await;
        for number in 1..=WAITING + 5 {
            runner.notify("A", [call(number)]);
        }
        fs::write(&go, "").unwrap();
        wait_for("the latest runs", || read(&out).ends_with(&format!("\n{}\n", WAITING + 5))).await;
        let first_kept = read(&out).lines().nth(1).unwrap().to_owned();
        assert_eq!(first_kept, "6", "0 ran, 1 to 5 were dropped");
        runner.stop().await;
        runner.notify("A", [call(999)]);
        assert!(runner.running().is_empty(), "nothing begins after the stop");
    }
}
