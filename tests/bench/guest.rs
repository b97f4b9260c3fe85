//! What needs IPVS, and what is counted in instructions: in a virtual machine where one instruction takes one
//! nanosecond of the guest's time, so that neither this machine's noise nor its speed is in the figures.

use std::io::Write;
use std::time::{Duration, Instant};

use super::cost::processor_time;
use super::lateness::{Bed, add_rows, gaps, start_masters};
use super::servers::{Manner, Servers};
use super::support::daemon::Subject;
use super::support::vm;
use super::support::wait;
use super::table::{Table, median};
use super::{Plan, checks, programming};

/// One processor; one instruction takes one nanosecond. It has random numbers: where the kernel waits for its own to be
/// random, which may take minutes, it makes them by a far longer way, and every connection takes several.
const COUNTED: [&str; 10] = [
    "-accel",
    "tcg",
    "-smp",
    "1",
    "-icount",
    "shift=0,sleep=off",
    "-rtc",
    "clock=vm",
    "-cpu",
    "qemu64,+rdrand",
];
/// The machine must be through by then.
const LIMIT: Duration = Duration::from_secs(30 * 60);
/// Virtual routers beside the load.
const ROUTERS: usize = 100;
/// Servers that are checked once a second.
const CHECKED: usize = 1_000;
/// Virtual servers, and real servers in each, that are read again.
const POOLS: (usize, usize) = (100, 100);

/// A real server of weight 2 without connections in the kernel's table.
const NEW_WEIGHT: &str = " 2      0          0";

/// What is measured inside: the name for several groups, that of the group, and how.
pub const GROUPS: [(&str, &str, Measure); 10] = [
    ("guest", "quiet", measure_quiet),
    ("guest", "beside", measure_checks),
    ("guest", "reload", measure_reload),
    ("guest", "checks", checks::measure_cost),
    ("guest", "memory", checks::measure_memory),
    ("guest", "detection", checks::measure_detection),
    ("guest", "programming", programming::measure),
    ("guest-scale", "guest-scale-cost", super::scale::measure_cost),
    ("guest-scale", "guest-scale-takeover", super::scale::measure_takeover),
    ("guest-scale", "guest-scale-lateness", super::scale::measure_lateness),
];

/// Boots the machine, measures inside, and adds the rows.
pub fn run(plan: &Plan, table: &mut Table) {
    let kernel = match vm::kernel() {
        Ok(kernel) => kernel,
        Err(missing) => {
            eprintln!("left out, no virtual machine: {missing}");
            return;
        }
    };
    let mut arguments = vec!["--in-guest".to_owned(), "--rounds".to_owned(), "1".to_owned()];
    if let [only] = plan.subjects[..] {
        arguments.extend(["--only".to_owned(), only.name().to_owned()]);
    }
    arguments.extend(plan.groups.iter().cloned());
    if plan.most < usize::MAX {
        arguments.extend(["--most".to_owned(), plan.most.to_string()]);
    }
    let (status, messages) = vm::boot(&kernel, &COUNTED, &arguments, LIMIT, |line| {
        table.take_line(line);
        eprintln!("guest: {line}");
    });
    assert_eq!(status, Some(0), "the guest failed; its kernel's messages are in {}", messages.display());
}

/// Measures something and adds its rows.
type Measure = fn(&Plan, &mut Table);

/// The measurements inside.
pub fn measure(plan: &Plan) {
    for (all, group, measure) in GROUPS {
        if !plan.wants(all) && !plan.wants(group) {
            continue;
        }
        let mut table = Table::new(&plan.subjects);
        measure(plan, &mut table);
        print!("{}", table.lines());
        std::io::stdout().flush().unwrap();
    }
}

fn measure_quiet(plan: &Plan, table: &mut Table) {
    let what = format!("VM: advert late, {ROUTERS} at 0.1 s");
    let results = plan.interleaved(&what, |subject| {
        let bed = Bed::new();
        let (daemon, wire) = start_masters(subject, &bed, ROUTERS, "");
        let before = processor_time(&daemon);
        std::thread::sleep(Duration::from_secs(10));
        let spent = processor_time(&daemon) - before;
        let adverts = wire.adverts();
        (gaps(&adverts), spent / adverts.len() as f64)
    });
    let instructions = |rounds: &[(Vec<f64>, f64)]| median(rounds.iter().map(|round| round.1).collect());
    let counted: Vec<f64> = results.iter().map(|(_, rounds)| instructions(rounds)).collect();
    table.row("VM: instructions an advert", "1000", counted);
    let late = results.into_iter().map(|(subject, rounds)| {
        let gaps: Vec<Vec<f64>> = rounds.into_iter().map(|(gaps, _)| gaps).collect();
        (subject, gaps)
    });
    add_rows(table, &what, late.collect());
}

fn measure_checks(plan: &Plan, table: &mut Table) {
    let what = format!("VM: advert late, beside {CHECKED} checks/s");
    let results = plan.interleaved(&what, |subject| {
        let bed = Bed::new();
        bed.observer.sh("ip route add local 10.9.0.0/16 dev lo");
        bed.director.sh("ip route add 10.9.0.0/16 via 10.0.0.2");
        let servers = Servers::listen(&bed.observer, Manner::Silent);
        let (_daemon, wire) = start_masters(subject, &bed, ROUTERS, &checked_pool());
        wait::until("the checks are running", wait::seconds(30), || servers.answered() > CHECKED);
        wire.forget();
        let (before, start) = (servers.answered(), Instant::now());
        std::thread::sleep(Duration::from_secs(10));
        let rate = (servers.answered() - before) as f64 / start.elapsed().as_secs_f64();
        eprintln!("{}: {rate:.0} checks a second", subject.name());
        gaps(&wire.adverts())
    });
    add_rows(table, &what, results);
}

fn measure_reload(plan: &Plan, table: &mut Table) {
    let total = POOLS.0 * POOLS.1;
    let what = format!("VM: advert late, reload of {total} reals");
    let mut times: Vec<Vec<f64>> = Vec::new();
    let results = plan.interleaved(&what, |subject| {
        let bed = Bed::new();
        let (late, time) = reload_once(subject, &bed, total);
        times.push(vec![time]);
        late
    });
    add_rows(table, &what, results);
    if times.len() == plan.subjects.len() {
        let took = times.into_iter().map(median).collect();
        table.row(format!("VM: reload of {total} reals, one weight changed"), "s", took);
    }
}

/// Lateness of adverts during one reload, and the seconds until the kernel has the one change in it.
fn reload_once(subject: Subject, bed: &Bed, total: usize) -> (Vec<f64>, f64) {
    let (daemon, wire) = start_masters(subject, bed, ROUTERS, &pools(1));
    wait::until("the kernel has all real servers", wait::seconds(120), || {
        bed.director.sh("grep -c '^  ->' /proc/net/ip_vs || true").trim() == (total + 1).to_string()
    });
    std::thread::sleep(Duration::from_secs(2));
    wire.forget();
    let start = Instant::now();
    daemon.reload(&super::subject::routers(ROUTERS, 200, super::lateness::INTERVAL, &pools(2)));
    // Asked seldom: to print the table takes the kernel a while, on the only processor.
    while bed.director.sh(&format!("grep -m 1 '{NEW_WEIGHT}' /proc/net/ip_vs || true")).is_empty() {
        assert!(start.elapsed() < wait::seconds(120), "the kernel never got the new weight");
        std::thread::sleep(Duration::from_millis(250));
    }
    let took = start.elapsed().as_secs_f64();
    std::thread::sleep(Duration::from_secs(5));
    (gaps(&wire.adverts()), took)
}

/// One virtual server whose real servers are each checked once a second.
fn checked_pool() -> String {
    let mut text = String::from(
        "virtual_server 10.200.1.1 80 {\n    delay_loop 1\n    lb_algo rr\n    lb_kind NAT\n    protocol TCP\n",
    );
    for number in 0..CHECKED {
        let (high, low) = (number / 250, number % 250 + 1);
        text.push_str(&format!(
            "    real_server 10.9.{high}.{low} 80 {{\n        TCP_CHECK {{\n            connect_timeout 1\n        \
             }}\n    }}\n"
        ));
    }
    text + "}\n"
}

/// Many virtual servers without checks; the last real server of the last one has `weight`, all others 1.
fn pools(weight: usize) -> String {
    let (services, servers) = POOLS;
    let mut text = String::new();
    for service in 1..=services {
        text.push_str(&format!(
            "virtual_server 10.200.2.{service} 80 {{\n    lb_algo rr\n    lb_kind NAT\n    protocol TCP\n"
        ));
        for server in 1..=servers {
            let weight = if (service, server) == POOLS { weight } else { 1 };
            text.push_str(&format!(
                "    real_server 10.9.{service}.{server} 80 {{\n        weight {weight}\n    }}\n"
            ));
        }
        text.push_str("}\n");
    }
    text
}
