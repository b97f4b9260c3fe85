//! A child process whose output is kept, line by line with the time it came, and that never outlives its handle.

use super::wait;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// One line of output.
#[derive(Debug, Clone)]
pub struct Line {
    /// When the reader saw it.
    pub at: Instant,
    /// Without the line end.
    pub text: String,
}

/// A running (or ended) child.
pub struct Process {
    name: String,
    child: Child,
    lines: Arc<Mutex<Vec<Line>>>,
    readers: Vec<JoinHandle<()>>,
    status: Option<ExitStatus>,
}

impl Process {
    /// Starts `command` with its output captured. `name` stands in failure messages.
    pub fn spawn(name: &str, mut command: Command) -> Process {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name}: {command:?}: {error}"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let readers = [
            child.stdout.take().map(|pipe| keep_lines(pipe, Arc::clone(&lines))),
            child.stderr.take().map(|pipe| keep_lines(pipe, Arc::clone(&lines))),
        ];
        Process {
            name: name.to_owned(),
            child,
            lines,
            readers: readers.into_iter().flatten().collect(),
            status: None,
        }
    }

    /// The process number on this machine.
    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// Everything written so far.
    pub fn lines(&self) -> Vec<Line> {
        self.lines.lock().unwrap().clone()
    }

    /// Everything written so far as one text.
    pub fn log(&self) -> String {
        let mut text = format!("--- {}\n", self.name);
        for line in self.lines.lock().unwrap().iter() {
            text.push_str(&line.text);
            text.push('\n');
        }
        text
    }

    /// How many lines contain `text`.
    pub fn count(&self, text: &str) -> usize {
        self.lines.lock().unwrap().iter().filter(|line| line.text.contains(text)).count()
    }

    /// Waits for the `nth` line (from 1) that contains `text`, and tells when it came.
    #[track_caller]
    pub fn await_nth(&self, text: &str, nth: usize, limit: Duration) -> Instant {
        wait::value(
            &format!("{}: line {nth} with {text:?}", self.name),
            limit,
            || self.lines().iter().filter(|line| line.text.contains(text)).nth(nth - 1).map(|line| line.at),
            || self.log(),
        )
    }

    /// Waits for a line that contains `text`.
    #[track_caller]
    pub fn await_line(&self, text: &str, limit: Duration) -> Instant {
        self.await_nth(text, 1, limit)
    }

    /// Sends a signal to the process itself; nothing happens when it has been waited for.
    pub fn signal(&self, signal: Signal) {
        if self.status.is_none() {
            let _already_gone = kill(Pid::from_raw(self.pid()), signal);
        }
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().unwrap();
        }
        self.status
    }

    /// Waits for the end of the process and of its output.
    #[track_caller]
    pub fn await_end(&mut self, limit: Duration) -> ExitStatus {
        let start = Instant::now();
        while self.ended().is_none() {
            if start.elapsed() > limit {
                panic!("{} still runs after {:.1} s\n{}", self.name, limit.as_secs_f64(), self.log());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.status.unwrap()
    }

    /// Stops, kills and reaps it together with its own children, so that none of them sees its parent die and
    /// cleans up.
    pub fn kill_family(&mut self) {
        if self.ended().is_some() {
            return;
        }
        self.signal(Signal::SIGSTOP);
        for child in children_of(self.pid()) {
            let _already_gone = kill(Pid::from_raw(child), Signal::SIGKILL);
        }
        self.signal(Signal::SIGKILL);
        self.status = self.child.wait().ok();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_family();
        for reader in self.readers.drain(..) {
            // A grandchild may still hold the pipe: its reader ends with it, nobody needs to wait.
            if reader.is_finished() {
                let _panicked = reader.join();
            }
        }
    }
}

/// The direct children of a process.
pub fn children_of(pid: i32) -> Vec<i32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

fn keep_lines(pipe: impl Read + Send + 'static, lines: Arc<Mutex<Vec<Line>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
            let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            lines.lock().unwrap().push(Line { at: Instant::now(), text });
            bytes.clear();
        }
    })
}

/// Puts a copy of a program there, ready to be started. By another process: while one of ours writes to a file, each
/// child that another thread starts holds it open for a moment, and nobody may start what is open for writing.
pub fn copy_program(from: &str, to: &Path) {
    let copied = Command::new("cp").arg(from).arg(to).status();
    assert!(copied.is_ok_and(|status| status.success()), "cp {from} {}", to.display());
}
