//! A small test runner: cases by name, several at a time, with the words of Rust's own runner. The cases of one boot
//! of the virtual machine run in one process, which Rust's runner has no way to arrange.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Instant;

/// A named test.
pub struct Case {
    /// Name with its group, as in `vm::leaf`.
    pub name: String,
    /// The test: it fails by a panic.
    pub run: Box<dyn Fn() + Send + Sync>,
    /// It disturbs the others, and runs when they are done.
    pub alone: bool,
}

impl Case {
    /// A test by name.
    pub fn new(name: impl Into<String>, run: impl Fn() + Send + Sync + 'static) -> Case {
        Case { name: name.into(), run: Box::new(run), alone: false }
    }

    /// A test that runs when all others are done.
    pub fn alone(name: impl Into<String>, run: impl Fn() + Send + Sync + 'static) -> Case {
        Case { alone: true, ..Case::new(name, run) }
    }
}

/// Runs the cases, `jobs` at a time, and prints each result and the sum. Gives whether all passed.
pub fn run(cases: Vec<Case>, left_out: usize, jobs: usize) -> bool {
    let start = Instant::now();
    let total = cases.len();
    println!("\nrunning {total} tests");
    let (last, first): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(|case| case.alone);
    let mut failures = run_beside(first, jobs);
    failures.extend(run_beside(last, 1));
    if !failures.is_empty() {
        println!("\nfailures:");
        for name in &failures {
            println!("    {name}");
        }
    }
    println!(
        "\ntest result: {}. {} passed; {} failed; 0 ignored; 0 measured; {left_out} filtered out; finished in {:.2}s\n",
        if failures.is_empty() { "ok" } else { "FAILED" },
        total - failures.len(),
        failures.len(),
        start.elapsed().as_secs_f64()
    );
    failures.is_empty()
}

/// Gives the names of those that failed.
fn run_beside(cases: Vec<Case>, jobs: usize) -> Vec<String> {
    let waiting = Mutex::new(VecDeque::from(cases));
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let Some(case) = waiting.lock().unwrap().pop_front() else { return };
                    if !run_one(&case) {
                        failures.lock().unwrap().push(case.name);
                    }
                }
            });
        }
    });
    failures.into_inner().unwrap()
}

fn run_one(case: &Case) -> bool {
    let start = Instant::now();
    // The thread's name is what a panic message begins with.
    let passed = std::thread::scope(|scope| {
        let named = std::thread::Builder::new().name(case.name.clone());
        let thread =
            named.spawn_scoped(scope, || catch_unwind(AssertUnwindSafe(&case.run)).is_ok()).unwrap();
        thread.join().is_ok_and(|passed| passed)
    });
    let verdict = if passed { "ok" } else { "FAILED" };
    println!("test {} ... {verdict} <{:.1}s>", case.name, start.elapsed().as_secs_f64());
    passed
}

/// A number that the environment gives: which seed, how many.
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text}: no number")))
}
