//! The tests against running kernels and daemons: `differential` on this machine's kernel in namespaces, `vm` in a
//! virtual machine that has IPVS, and the `demo`.
//!
//! `cargo test --test system -- [--demo] [--jobs N] [FILTER...]`; a filter is part of a test's name. One program for
//! all of it, since the virtual machine is booted once and runs this very program inside.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by a panic, waits on the wall clock and runs programs"
)]

#[path = "../demo/mod.rs"]
mod demo;
#[path = "../differential/mod.rs"]
mod differential;
#[path = "../support/mod.rs"]
mod support;
#[path = "../vm/mod.rs"]
mod vm;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::runner::{self, Case};
use support::vm as machine;

/// The whole virtual machine must be through by then.
const MACHINE_LIMIT: Duration = Duration::from_secs(28 * 60);

struct Options {
    filters: Vec<String>,
    exact: bool,
    list: bool,
    demo: bool,
    inside: bool,
    jobs: usize,
}

fn options() -> Options {
    let mut options =
        Options { filters: Vec::new(), exact: false, list: false, demo: false, inside: false, jobs: 8 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--exact" => options.exact = true,
            "--list" => options.list = true,
            "--demo" => options.demo = true,
            "--inside" => options.inside = true,
            "--jobs" => {
                options.jobs = words.next().and_then(|number| number.parse().ok()).unwrap_or(options.jobs)
            }
            "--format" => drop(words.next()),
            option if option.starts_with('-') => {}
            _ => options.filters.push(word),
        }
    }
    options
}

impl Options {
    fn selects(&self, case: &Case) -> bool {
        self.filters.is_empty()
            || self.filters.iter().any(|filter| {
                if self.exact { case.name == *filter } else { case.name.contains(filter.as_str()) }
            })
    }
}

fn main() -> ExitCode {
    let options = options();
    let all = [differential::cases(), vm::cases()].into_iter().flatten();
    if options.list {
        for case in all {
            println!("{}: test", case.name);
        }
        return ExitCode::SUCCESS;
    }
    if !nix::unistd::geteuid().is_root() {
        return skip("network namespaces need root");
    }
    support::net::sweep();
    if options.demo {
        return demonstrate(&options);
    }
    let (chosen, other): (Vec<Case>, Vec<Case>) = all.partition(|case| options.selects(case));
    if !options.inside && chosen.iter().any(|case| case.name.starts_with(vm::SERVICE)) {
        support::shelf::stock();
    }
    let passed = if options.inside || machine::own_kernel_serves() {
        runner::run(chosen, other.len(), options.jobs)
    } else {
        let (inside, outside): (Vec<Case>, Vec<Case>) =
            chosen.into_iter().partition(|case| case.name.starts_with("vm::"));
        let machine = std::thread::spawn(move || run_in_machine(&inside));
        let here = outside.is_empty() || runner::run(outside, other.len(), options.jobs);
        here & machine.join().is_ok_and(|passed| passed)
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_in_machine(cases: &[Case]) -> bool {
    if cases.is_empty() {
        return true;
    }
    let mut args: Vec<String> = ["--inside", "--jobs", "6", "--exact"].map(str::to_owned).to_vec();
    args.extend(cases.iter().map(|case| case.name.clone()));
    match boot(&args, |line| println!("{line}")) {
        Ok(passed) => passed,
        Err(missing) => {
            println!("SKIPPED: {} tests in the virtual machine: {missing}", cases.len());
            std::env::var_os("CI").is_none()
        }
    }
}

fn demonstrate(options: &Options) -> ExitCode {
    if options.inside || machine::own_kernel_serves() {
        demo::run();
        return ExitCode::SUCCESS;
    }
    println!("This kernel has no IPVS: starting a virtual machine that has.");
    let booted = Arc::new(AtomicBool::new(false));
    let progress = Arc::clone(&booted);
    let patience = std::thread::spawn(move || {
        for second in 1.. {
            std::thread::sleep(Duration::from_secs(1));
            if progress.load(Ordering::Relaxed) {
                return;
            }
            println!("  ... it boots ({second} s)");
        }
    });
    let outcome = boot(&["--inside".to_owned(), "--demo".to_owned()], |line| {
        booted.store(true, Ordering::Relaxed);
        println!("{line}");
    });
    booted.store(true, Ordering::Relaxed);
    let _panicked = patience.join();
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(missing) => skip(&missing),
    }
}

/// Runs this program in the virtual machine; the error says what is missing for one.
fn boot(args: &[String], line: impl FnMut(&str)) -> Result<bool, String> {
    let kernel = machine::kernel()?;
    let (status, messages) = machine::boot(&kernel, &machine::TWO_PROCESSORS, args, MACHINE_LIMIT, line);
    if status == Some(0) {
        let _already_gone = std::fs::remove_file(messages);
        return Ok(true);
    }
    let log = std::fs::read_to_string(&messages).unwrap_or_default();
    let tail: Vec<&str> = log.lines().rev().take(60).collect();
    println!("the virtual machine ended with status {status:?}; its kernel said last:");
    tail.into_iter().rev().for_each(|line| println!("  {line}"));
    Ok(false)
}

/// Says loudly that nothing was tested; that is a failure where tests are the purpose.
fn skip(reason: &str) -> ExitCode {
    println!("SKIPPED: {reason}");
    if std::env::var_os("CI").is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
