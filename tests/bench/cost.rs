//! What the daemon costs: system calls and processor time an advert, memory and wake-ups at rest.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;

use super::Plan;
use super::lateness::{Bed, start_masters};
use super::subject::Running;
use super::support::daemon::Subject;
use super::table::{Table, median};

/// Routers whose adverts are counted.
const ROUTERS: usize = 100;

/// System calls and processor time an advert.
pub fn measure_adverts(plan: &Plan, table: &mut Table) {
    let results = plan.interleaved("cost of an advert", |subject| {
        let bed = Bed::new();
        let (daemon, wire) = start_masters(subject, &bed, ROUTERS, "");
        let before = processor_time(&daemon);
        std::thread::sleep(Duration::from_secs(5));
        let spent = processor_time(&daemon) - before;
        let processor = spent / wire.adverts().len() as f64;
        let calls = count_calls(&daemon, &bed, Duration::from_secs(5), || wire.adverts().len());
        (calls, processor)
    });
    rows(table, results, [("system calls an advert", ""), ("processor time an advert", "us")]);
}

fn rows(table: &mut Table, results: Vec<(Subject, Vec<(f64, f64)>)>, names: [(&str, &str); 2]) {
    let (first, second): (Vec<f64>, Vec<f64>) = results
        .into_iter()
        .map(|(_, rounds)| {
            let (first, second) = rounds.into_iter().unzip();
            (median(first), median(second))
        })
        .unzip();
    for ((what, unit), figures) in names.into_iter().zip([first, second]) {
        table.row(what, unit, figures);
    }
}

/// Microseconds that all threads of the daemon have run, those that have ended too.
pub fn processor_time(daemon: &Running) -> f64 {
    let of_process = |process: i32| {
        let clock = clock_getcpuclockid(Pid::from_raw(process)).unwrap();
        let time = clock.now().unwrap();
        time.tv_sec() as f64 * 1e6 + time.tv_nsec() as f64 / 1e3
    };
    daemon.processes().into_iter().map(of_process).sum()
}

/// `/proc` directories of all threads of all processes of the daemon.
fn threads(daemon: &Running) -> Vec<PathBuf> {
    let tasks = daemon
        .processes()
        .into_iter()
        .filter_map(|pid| std::fs::read_dir(format!("/proc/{pid}/task")).ok());
    tasks.flatten().filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// System calls of the daemon for each of what `done` counts, counted by strace for some time.
pub fn count_calls(daemon: &Running, bed: &Bed, time: Duration, done: impl Fn() -> usize) -> f64 {
    let file = bed.director.dir.join("strace");
    let mut command = Command::new("strace");
    command.args(["-f", "-c", "-o"]).arg(&file);
    for process in daemon.processes() {
        command.args(["-p", &process.to_string()]);
    }
    let mut strace = command.stderr(Stdio::piped()).spawn().unwrap();
    // It has to be read from its disk first, and that takes its time.
    let mut said = BufReader::new(strace.stderr.take().unwrap()).lines();
    for _ in daemon.processes() {
        said.find(|line| line.as_ref().unwrap().contains("attached")).expect("strace attaches").unwrap();
    }
    let before = done();
    std::thread::sleep(time);
    let done = done() - before;
    kill(Pid::from_raw(strace.id() as i32), Signal::SIGINT).unwrap();
    strace.wait().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let total = text.lines().find(|line| line.ends_with(" total")).expect("strace's sum");
    // Columns: share, seconds, microseconds a call, calls.
    let calls: f64 = total.split_whitespace().nth(3).and_then(|word| word.parse().ok()).expect("a number");
    calls / done as f64
}

/// Memory and wake-ups of one router with the default interval of a second.
pub fn measure_idle(plan: &Plan, table: &mut Table) {
    let names = [
        ("written private memory, one instance", "KiB"),
        ("resident memory, one instance", "KiB"),
        ("proportional memory, one instance", "KiB"),
        ("processes", ""),
        ("wake-ups, one instance", "/s"),
    ];
    let results = plan.interleaved("at rest", |subject| {
        let bed = Bed::new();
        let config = super::subject::routers(1, 200, 1.0, "");
        let daemon = Running::start(subject, &bed.director, &config, &["-P"]);
        std::thread::sleep(Duration::from_secs(6));
        let (wakes, start) = (wake_ups(&daemon), Instant::now());
        std::thread::sleep(Duration::from_secs(10));
        let rate = (wake_ups(&daemon) - wakes) / start.elapsed().as_secs_f64();
        let memory = |field: &str| smaps(&daemon, field);
        [memory("Private_Dirty:"), memory("Rss:"), memory("Pss:"), daemon.processes().len() as f64, rate]
    });
    for (place, (what, unit)) in names.into_iter().enumerate() {
        let figure = |rounds: &Vec<[f64; 5]>| median(rounds.iter().map(|round| round[place]).collect());
        table.row(what, unit, results.iter().map(|(_, rounds)| figure(rounds)).collect());
    }
}

/// One field of all processes' memory maps, in KiB.
pub fn smaps(daemon: &Running, field: &str) -> f64 {
    let of_process = |pid: i32| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
        let line = text.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap()
    };
    daemon.processes().into_iter().map(of_process).sum()
}

/// How often all threads have gone to sleep by themselves.
fn wake_ups(daemon: &Running) -> f64 {
    let of_thread = |thread: PathBuf| {
        let text = std::fs::read_to_string(thread.join("status")).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.and_then(|count| count.trim().parse::<f64>().ok()).unwrap_or(0.0)
    };
    threads(daemon).into_iter().map(of_thread).sum()
}
