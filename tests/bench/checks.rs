//! What health checks cost, how much memory they hold, and how soon a dead server is noticed; in the virtual machine.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use nix::sys::time::TimeValLike;
use nix::time::ClockId;

use super::Plan;
use super::cost::{count_calls, processor_time, smaps};
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
/// Connections of the kernel's share.
const ROUNDS_OF_FLOOR: usize = 500;
/// Seconds for which system calls are counted: the counting is slow.
const TRACED: Duration = Duration::from_secs(3);

const WEB: &str = "{\n            url {\n                path /\n                status_code 200\n            }\n            \
                   connect_timeout 3\n            retry 1\n            delay_before_retry 1\n        }\n";

/// Instructions and system calls a check.
pub fn measure_cost(plan: &Plan, table: &mut Table) {
    let tcp = "TCP_CHECK {\n            connect_timeout 3\n        }\n".to_owned();
    for (name, manner, check, seconds) in [
        ("TCP_CHECK", Manner::Silent, tcp, 6),
        ("HTTP_GET", Manner::Web, format!("HTTP_GET {WEB}"), 6),
        ("SSL_GET", Manner::Secure, format!("SSL_GET {WEB}"), 2),
    ] {
        let results = plan.interleaved(&format!("VM: cost of {name}"), |subject| {
            let bed = surroundings();
            let servers = Servers::listen(&bed.director, manner);
            let text = pools::text(COSTED, COSTED, &Shape { delay_loop: 1, check: &check, weight: 1 });
            let daemon = Running::start(subject, &bed.director, &text, &["-C"]);
            wait::until("the checks are running", wait::seconds(60), || servers.answered() > 3 * COSTED);
            let (answered, spent) = (servers.answered(), processor_time(&daemon));
            std::thread::sleep(Duration::from_secs(seconds));
            let (answered, spent) = (servers.answered() - answered, processor_time(&daemon) - spent);
            let calls = count_calls(&daemon, &bed, TRACED, || servers.answered());
            (spent / answered as f64, calls)
        });
        let middle = |of: fn(&(f64, f64)) -> f64| {
            results.iter().map(|(_, rounds)| median(rounds.iter().map(of).collect())).collect()
        };
        table.row(format!("VM: instructions a {name}"), "1000", middle(|round| round.0));
        table.row(format!("VM: system calls a {name}"), "", middle(|round| round.1));
    }
    let floor = floor(plan.subjects[0]);
    table.row("VM: of a TCP_CHECK, the kernel's share", "1000", vec![floor; plan.subjects.len()]);
}

/// Memory while thousands of servers are checked once a minute.
pub fn measure_memory(plan: &Plan, table: &mut Table) {
    let mut of_first = None;
    for count in [1, 2_000, 10_000] {
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
        let written: Vec<f64> = middle(|round| round.0);
        let first = of_first.get_or_insert_with(|| written.clone());
        if count > 1 {
            let beyond = written.iter().zip(first).map(|(written, first)| written - *first).collect();
            table.row(format!("VM: written private memory, {count} checks, beyond 1"), "KiB", beyond);
        }
        table.row(format!("VM: written private memory, {count} checks"), "KiB", written);
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

/// What the kernel alone takes for a connection that is opened, awaited and closed, in thousands of instructions: no
/// `TCP_CHECK` can be cheaper. Every packet passes by IPVS, whose services are there as they are for the checks.
fn floor(subject: Subject) -> f64 {
    let bed = surroundings();
    let text = pools::text(COSTED, COSTED, &Shape { delay_loop: 600, check: "", weight: 1 });
    let _daemon = Running::start(subject, &bed.director, &text, &["-C"]);
    wait::until("the services are there", wait::seconds(60), || reals(&bed.director) == COSTED);
    let _servers = Servers::listen(&bed.director, Manner::Silent);
    bed.director.within(|| {
        let clock = ClockId::CLOCK_THREAD_CPUTIME_ID;
        let mut spent = 0;
        for number in 0..ROUNDS_OF_FLOOR {
            let target: SocketAddr = format!("10.1.0.{}:80", number % COSTED + 1).parse().unwrap();
            let before = clock.now().unwrap();
            drop(TcpStream::connect(target).unwrap());
            spent += (clock.now().unwrap() - before).num_nanoseconds();
            // The server takes them one after the other, as it gets the checks.
            std::thread::sleep(Duration::from_millis(1));
        }
        spent as f64 / ROUNDS_OF_FLOOR as f64 / 1e3
    })
}
