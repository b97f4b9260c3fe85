//! What health checks cost, how much memory they hold, and how soon a dead server is noticed; in the virtual machine.

use std::time::{Duration, Instant};

use super::Plan;
use super::cost::{count_calls, processor_time, smaps};
use super::floor::{self, Work};
use super::lateness::Bed;
use super::pools::{self, Shape};
use super::programming::reals;
use super::servers::{Manner, Servers};
use super::subject::Running;
use super::support::daemon::Subject;
use super::support::wait;
use super::table::{Table, median};

/// Real servers, each checked once a second, in a cost.
const COSTED: usize = 100;
/// Real servers that die together.
const DYING: usize = 500;
/// Seconds for which system calls are counted: the counting is slow.
const TRACED: Duration = Duration::from_secs(3);

const WEB: &str = "{\n            url {\n                path /\n                status_code 200\n            }\n            \
                   connect_timeout 3\n            retry 1\n            delay_before_retry 1\n        }\n";

/// Instructions and system calls a check.
pub fn measure_cost(plan: &Plan, table: &mut Table) {
    let tcp = "TCP_CHECK {\n            connect_timeout 3\n        }\n".to_owned();
    for (name, manner, check, seconds, work) in [
        ("TCP_CHECK", Manner::Silent, tcp, 10, Some(Work::Connect)),
        ("HTTP_GET", Manner::Web, format!("HTTP_GET {WEB}"), 10, Some(Work::Page)),
        ("SSL_GET", Manner::Secure, format!("SSL_GET {WEB}"), 2, None),
    ] {
        let results = plan.interleaved(&format!("VM: cost of {name}"), |subject| {
            let bed = surroundings();
            let servers = Servers::listen(&bed.director, manner);
            let text = pools::text(COSTED, COSTED, &Shape { delay_loop: 1, check: &check, weight: 1 });
            let daemon = Running::start(subject, &bed.director, &text, &["-C"]);
            cost_of(&daemon, &bed, &servers, seconds)
        });
        let middle = |of: fn(&(f64, f64)) -> f64| {
            results.iter().map(|(_, rounds)| median(rounds.iter().map(of).collect())).collect()
        };
        let floor = work.map(|work| floor(work, manner, 1));
        for (what, unit, figures, floor) in [
            ("instructions", "1000", middle(|round| round.0), floor.map(|floor| floor.0)),
            ("system calls", "", middle(|round| round.1), floor.map(|floor| floor.1)),
        ] {
            table.row_on_floor(format!("VM: {what} a {name}"), unit, figures, floor);
        }
        if let Some(work) = work {
            let (instructions, _) = self::floor(work, manner, COSTED);
            let floors = vec![instructions; plan.subjects.len()];
            table.row(format!("VM: floor of a {name}, {COSTED} at once"), "1000", floors);
        }
    }
}

/// Thousands of instructions and system calls a check, of whoever makes the checks.
///
/// The servers are another process and none of it is in here, but one thing cannot be told apart: what goes over the
/// loopback is received by the kernel at once, in the time of whoever has sent it. So the three packets of the opening
/// handshake, and the request, are paid by the checker on both ends; the answer and the server's FIN are paid by the
/// server. That is so for all alike. In ten seconds standfast looks once whether the kernel's table is as it should be.
fn cost_of(checker: &Running, bed: &Bed, servers: &Servers, seconds: u64) -> (f64, f64) {
    wait::until("the checks are running", wait::seconds(60), || servers.answered() > 3 * COSTED);
    let (answered, spent) = (servers.answered(), processor_time(checker));
    std::thread::sleep(Duration::from_secs(seconds));
    let (answered, spent) = (servers.answered() - answered, processor_time(checker) - spent);
    let calls = count_calls(checker, bed, TRACED, || servers.answered());
    (spent / answered as f64, calls)
}

/// Memory while thousands of servers are checked once a minute.
pub fn measure_memory(plan: &Plan, table: &mut Table) {
    for count in [2_000, 10_000] {
        let results = plan.interleaved(&format!("VM: memory, {count} checks"), |subject| {
            let bed = surroundings();
            let servers = Servers::listen(&bed.director, Manner::Silent);
            let check = "TCP_CHECK {\n            connect_timeout 3\n        }\n";
            let text = pools::text(count, 100, &Shape { delay_loop: 60, check, weight: 1 });
            let daemon = Running::start(subject, &bed.director, &text, &["-C"]);
            // Once around and a little more, so that every checker has been at work.
            wait::until("all have been asked", Duration::from_secs(600), || {
                servers.answered() > count + count / 10
            });
            (smaps(&daemon, "Private_Dirty:"), smaps(&daemon, "Pss:"))
        });
        let middle = |of: fn(&(f64, f64)) -> f64| {
            results.iter().map(|(_, rounds)| median(rounds.iter().map(of).collect())).collect()
        };
        table.row(format!("VM: written private memory, {count} checks"), "KiB", middle(|round| round.0));
        table.row(format!("VM: proportional memory, {count} checks"), "KiB", middle(|round| round.1));
    }
}

/// Hundreds of servers die at once; when half of them, and the last one, have left the kernel's table.
pub fn measure_detection(plan: &Plan, table: &mut Table) {
    let results = plan.interleaved("VM: detection", |subject: Subject| {
        let bed = surroundings();
        let servers = Servers::listen(&bed.director, Manner::Silent);
        let check = "TCP_CHECK {\n            connect_timeout 3\n            retry 0\n        }\n";
        let text = pools::text(DYING, DYING, &Shape { delay_loop: 1, check, weight: 1 });
        let _daemon = Running::start(subject, &bed.director, &text, &["-C"]);
        wait::until("the checks are running", wait::seconds(60), || servers.answered() > 3 * DYING);
        assert_eq!(reals(&bed.director), DYING);
        drop(servers);
        let (start, mut half) = (Instant::now(), None);
        loop {
            let left = reals(&bed.director);
            let passed = start.elapsed().as_secs_f64();
            if left <= DYING / 2 {
                half.get_or_insert(passed);
            }
            if left == 0 {
                return (half.unwrap_or(passed), passed);
            }
            assert!(passed < 60.0, "{left} dead servers are in the table yet");
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let middle = |of: fn(&(f64, f64)) -> f64| {
        results.iter().map(|(_, rounds)| median(rounds.iter().map(of).collect())).collect()
    };
    let what = format!("VM: {DYING} servers die, checked once a second");
    table.row(format!("{what}, half of them out"), "s", middle(|round| round.0));
    table.row(format!("{what}, the last one out"), "s", middle(|round| round.1));
}

/// A director that is its own real servers: the kernel's share of a connection is the smallest that there is.
fn surroundings() -> Bed {
    let bed = Bed::new();
    bed.director.sh("ip route add local 10.1.0.0/16 dev lo");
    bed
}

/// The same as [`cost_once`] of a program that only asks. Every packet passes by IPVS, whose services are there as they
/// are for the checks.
fn floor(work: Work, manner: Manner, at_once: usize) -> (f64, f64) {
    let bed = surroundings();
    bed.director.within(|| floor::program(COSTED, COSTED));
    let servers = Servers::listen(&bed.director, manner);
    let program = floor::start(&bed.director, work, COSTED, at_once);
    cost_of(&program, &bed, &servers, 10)
}
