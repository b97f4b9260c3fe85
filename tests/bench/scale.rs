//! Thousands of virtual routers: what an advert costs their MASTER and their BACKUP, what a router takes of memory, how
//! late adverts come, how long a takeover of all at once takes, and what reloads leave behind.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::Plan;
use super::cost::{count_calls, processor_time, smaps};
use super::floor::{self, Work};
use super::lateness::{Bed, Hog, add_rows, gaps_of, router, start_masters_every};
use super::subject::{Running, address_of, routers};
use super::support::daemon::Subject;
use super::support::vm;
use super::support::wait;
use super::table::{Table, median};
use super::wire::Wire;

/// How many routers.
const COUNTS: [usize; 5] = [1, 100, 250, 1_000, 2_000];
/// Seconds between adverts, where the row says nothing else.
const INTERVAL: f64 = 1.0;
/// The priority of the daemon under measurement where it is BACKUP; its neighbour has 200.
const BACKUP_PRIORITY: u8 = 100;
/// Routers that take over at once, and the seconds between adverts. A thousand at 10 ms are more than this bench
/// could send.
const TAKEOVERS: [(usize, f64); 8] =
    [(1, 1.0), (200, 1.0), (1_000, 1.0), (1, 0.1), (200, 0.1), (1_000, 0.1), (1, 0.01), (200, 0.01)];
/// Adverts a second that are too many for the virtual machine.
const TOO_MANY: f64 = 15_000.0;
/// Virtual addresses of one router that takes over.
const ADDRESSES: [usize; 3] = [1, 200, 5_000];
/// After that long nothing of the start is left to do: six seconds after the last change of state memory is given back,
/// once, which is no part of an advert.
const CALM: Duration = Duration::from_secs(8);
/// Reloads without which growth is told, and those over which it is.
const RELOADS: (usize, usize) = (20, 200);

/// Names a row; what a virtual machine has counted says so.
fn name(what: &str) -> String {
    if vm::inside() { format!("VM: {what}") } else { what.to_owned() }
}

/// The median of one figure of every round, one a subject.
fn medians<T>(results: &[(Subject, Vec<T>)], figure: impl Fn(&T) -> f64) -> Vec<f64> {
    results.iter().map(|(_, rounds)| median(rounds.iter().map(&figure).collect())).collect()
}

/// Processor time an advert in every role; system calls and memory on the machine itself.
pub fn measure_cost(plan: &Plan, table: &mut Table) {
    for role in [Role::Master, Role::BackupOf(Subject::Standfast), Role::BackupOf(Subject::Keepalived)] {
        let mut of_first = None;
        for count in COUNTS.into_iter().filter(|count| *count <= plan.most) {
            let what = format!("{count} as {}", role.name());
            let results = plan.interleaved(&name(&what), |subject| cost_once(subject, count, role));
            // One instruction takes one nanosecond there.
            let unit = if vm::inside() { "1000" } else { "us" };
            let figure = if vm::inside() { "instructions an advert" } else { "time an advert" };
            let floor = vm::inside().then(|| floor_of(count, role));
            let times = medians(&results, |cost| cost.time);
            table.row_on_floor(name(&format!("{what}: {figure}")), unit, times, floor);
            if !vm::inside() {
                table.row(format!("{what}: calls an advert"), "", medians(&results, |cost| cost.calls));
                table.row(format!("{what}: resident"), "KiB", medians(&results, |cost| cost.resident));
                let own = medians(&results, |cost| cost.own);
                let first = of_first.get_or_insert_with(|| own.clone());
                if count > 1 {
                    let beyond = own.iter().zip(first).map(|(own, first)| own - *first).collect();
                    table.row(format!("{what}: own memory beyond that of 1"), "KiB", beyond);
                }
                table.row(format!("{what}: own memory"), "KiB", own);
            }
        }
    }
}

/// What one run costs.
struct Cost {
    /// Microseconds an advert.
    time: f64,
    /// System calls an advert; 0 where they are not counted.
    calls: f64,
    /// KiB; pages that several processes use count as their share.
    resident: f64,
    /// Written pages, KiB; those that its processes share count once.
    own: f64,
}

/// What a daemon is, of all its routers.
#[derive(Clone, Copy)]
enum Role {
    Master,
    /// This one is their MASTER. keepalived's adverts come one by one, ours in handfuls.
    BackupOf(Subject),
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Role::Master => "MASTER",
            Role::BackupOf(Subject::Standfast) => "BACKUP",
            Role::BackupOf(Subject::Keepalived) => "BACKUP of keepalived",
        }
    }

    /// The daemon and its neighbour, if it has one.
    fn start(self, subject: Subject, bed: &Bed, count: usize) -> (Vec<Running>, Wire) {
        match self {
            Role::Master => {
                let (daemon, wire) = start_masters_every(INTERVAL, subject, bed, count, "");
                (vec![daemon], wire)
            }
            Role::BackupOf(master) => backups(master, subject, bed, count, INTERVAL),
        }
    }
}

fn backups(
    master: Subject,
    subject: Subject,
    bed: &Bed,
    count: usize,
    interval: f64,
) -> (Vec<Running>, Wire) {
    backups_with(master, subject, bed, count, &|priority| routers(count, priority, interval, ""))
}

fn backups_with(
    master: Subject,
    subject: Subject,
    bed: &Bed,
    count: usize,
    config: &dyn Fn(u8) -> String,
) -> (Vec<Running>, Wire) {
    let (neighbour, wire) = neighbour(master, bed, count, &config(200));
    let daemon = Running::start(subject, &bed.director, &config(BACKUP_PRIORITY), &["-P"]);
    std::thread::sleep(Duration::from_secs(5));
    wire.forget();
    (vec![daemon, neighbour], wire)
}

fn neighbour(master: Subject, bed: &Bed, count: usize, config: &str) -> (Running, Wire) {
    let wire = Wire::listen(&bed.observer);
    let neighbour = Running::start(master, &bed.observer, config, &["-P"]);
    wait::until("the neighbour is MASTER of all", wait::seconds(60), || wire.senders() == count);
    (neighbour, wire)
}

fn cost_once(subject: Subject, count: usize, role: Role) -> Cost {
    let bed = Bed::for_routers(count);
    let (daemons, wire) = role.start(subject, &bed, count);
    let daemon = &daemons[0];
    std::thread::sleep(CALM);
    wire.forget();
    let time = time_of(daemon, &wire, count);
    let (resident, own) = (smaps(daemon, "Pss:"), smaps(daemon, "Pss_Anon:"));
    wire.forget();
    let calls = match vm::inside() {
        true => 0.0,
        false => count_calls(daemon, &bed, Duration::from_secs(5), || wire.adverts().len()),
    };
    Cost { time, calls, resident, own }
}

/// Microseconds an advert.
fn time_of(daemon: &Running, wire: &Wire, count: usize) -> f64 {
    let before = processor_time(daemon);
    // Of one router so few adverts come that each timer between them would count.
    let time = if vm::inside() && count == 1 { 120 } else { 10 };
    std::thread::sleep(Duration::from_secs(time));
    (processor_time(daemon) - before) / wire.adverts().len() as f64
}

/// The same of a program that only makes the system calls of this role.
fn floor_of(count: usize, role: Role) -> f64 {
    let bed = Bed::for_routers(count);
    let config = routers(count, 200, INTERVAL, "");
    let (program, _neighbour, wire) = match role {
        Role::Master => {
            let wire = Wire::listen(&bed.observer);
            (floor::start(&bed.director, Work::Speak, count, 1), None, wire)
        }
        Role::BackupOf(master) => {
            let (neighbour, wire) = neighbour(master, &bed, count, &config);
            (floor::start(&bed.director, Work::Hear, count, 1), Some(neighbour), wire)
        }
    };
    wait::until("all are heard", wait::seconds(60), || wire.senders() == count);
    std::thread::sleep(Duration::from_secs(2));
    wire.forget();
    time_of(&program, &wire, count)
}

/// Lateness of thousands, on a quiet machine, on a busy one and while the configuration is read again.
pub fn measure_lateness(plan: &Plan, table: &mut Table) {
    let loads = [
        (100, 0.01, Load::None),
        (1_000, INTERVAL, Load::None),
        (1_000, INTERVAL, Load::Hogs),
        (2_000, INTERVAL, Load::None),
        (2_000, INTERVAL, Load::Hogs),
        (2_000, INTERVAL, Load::Reload),
    ];
    for (count, interval, load) in loads.into_iter().filter(|load| load.0 <= plan.most) {
        let what = name(&format!("{count} at {interval} s{}", load.name()));
        let results = plan.interleaved(&what, |subject| late_once(subject, count, interval, load));
        let missing =
            medians(&results, |late| late.iter().filter(|gap| **gap > interval * 500.0).count() as f64);
        add_rows(table, &format!("{what}: late"), results);
        table.row(format!("{what}: adverts skipped"), "", missing);
    }
}

#[derive(Clone, Copy)]
enum Load {
    None,
    /// Four threads that want the processors.
    Hogs,
    /// Five reloads, each with another priority of the last router.
    Reload,
}

impl Load {
    fn name(self) -> &'static str {
        match self {
            Load::None => "",
            Load::Hogs => ", 4 CPU hogs",
            Load::Reload => ", 5 reloads",
        }
    }
}

fn late_once(subject: Subject, count: usize, interval: f64, load: Load) -> Vec<f64> {
    let bed = Bed::for_routers(count);
    let (daemon, wire) = start_masters_every(interval, subject, &bed, count, "");
    let hogs = if matches!(load, Load::Hogs) { 4 } else { 0 };
    let _hogs: Vec<Hog> = (0..hogs).map(|_| Hog::start()).collect();
    for turn in 0..5 {
        if matches!(load, Load::Reload) {
            daemon.reload(&one_changed(count, interval, 150 + turn));
        }
        std::thread::sleep(Duration::from_secs(3));
    }
    gaps_of(&wire.adverts(), interval)
}

/// The last router has this priority, all others 200.
fn one_changed(count: usize, interval: f64, priority: u8) -> String {
    let text = routers(count, 200, interval, "");
    let (before, after) = text.rsplit_once("priority 200").unwrap();
    format!("{before}priority {priority}{after}")
}

/// How long after its own timer each of many routers has announced its address, and one router each of many addresses.
pub fn measure_takeover(plan: &Plan, table: &mut Table) {
    let feasible = |count: usize, interval: f64| !vm::inside() || count as f64 / interval < TOO_MANY;
    for (count, interval) in
        TAKEOVERS.into_iter().filter(|takeover| takeover.0 <= plan.most && feasible(takeover.0, takeover.1))
    {
        let what = name(&format!("takeover of {count} at {interval} s"));
        let results = plan.interleaved(&what, |subject| {
            let bed = Bed::for_routers(count);
            let (daemons, wire) = backups(Subject::Standfast, subject, &bed, count, interval);
            last_announced(daemons, &wire, &(0..count).map(address_of).collect::<Vec<_>>())
        });
        table.row(format!("{what}: last VIP"), "ms", medians(&results, |late| *late));
    }
    for count in ADDRESSES {
        let what = name(&format!("takeover of one with {count} VIPs"));
        let results = plan.interleaved(&what, |subject| {
            let bed = Bed::new();
            let (daemons, wire) = backups_with(Subject::Standfast, subject, &bed, 1, &|priority| {
                with_addresses(count, priority)
            });
            last_announced(daemons, &wire, &(0..count).map(extra_address).collect::<Vec<_>>())
        });
        table.row(format!("{what}: last VIP"), "ms", medians(&results, |late| *late));
    }
}

/// Kills the MASTER; milliseconds from the first advert of its successor (less what its predecessor's adverts were
/// apart) until the last of these addresses has been announced.
fn last_announced(mut daemons: Vec<Running>, wire: &Wire, addresses: &[Ipv4Addr]) -> f64 {
    wire.stand_back();
    // Every router has been heard once more by then.
    std::thread::sleep(Duration::from_secs(2));
    let mut neighbour = daemons.pop().unwrap();
    let killed = neighbour.kill();
    // Asked seldom: to look through it takes the processor of whoever is measured.
    wait::until("every address is announced", wait::seconds(60), || {
        std::thread::sleep(Duration::from_secs(1));
        let announced = wire.announced_after(killed);
        addresses.iter().all(|address| announced.contains_key(address))
    });
    let announced = wire.announced_after(killed);
    let (mut last, mut first) = (BTreeMap::new(), BTreeMap::new());
    for (at, advert) in wire.adverts() {
        let (_, vrid) = router(&advert);
        let key = (advert.vrrp.get(8..12).map(<[u8]>::to_vec), vrid);
        match advert.priority() {
            BACKUP_PRIORITY if at > killed => drop(first.entry(key).or_insert(at)),
            // Heard too late once before: 10 ms are little where two processors are shared.
            BACKUP_PRIORITY => {}
            _ => drop(last.insert(key, at)),
        }
    }
    let timer =
        first.iter().filter_map(|(key, at)| Some(at - last.get(key)?)).min().expect("adverts of both");
    let timers_end: BTreeMap<_, i64> =
        last.into_iter().map(|((address, _), at)| (address, at + timer)).collect();
    let only = timers_end.values().copied().max().unwrap();
    let late = addresses.iter().map(|address| {
        let end = timers_end.get(&Some(address.octets().to_vec())).copied().unwrap_or(only);
        announced.get(address).map_or(0, |at| at - end)
    });
    late.max().unwrap_or(0) as f64 / 1e6
}

/// The `number`th address of one router with many.
fn extra_address(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 210, (number / 250) as u8, (number % 250 + 1) as u8)
}

/// One router; all addresses but the first stand outside the advert, which has no room for so many.
fn with_addresses(count: usize, priority: u8) -> String {
    let list: String = (1..count).map(|number| format!("        {}/32\n", extra_address(number))).collect();
    let excluded =
        if count > 1 { format!("    virtual_ipaddress_excluded {{\n{list}    }}\n") } else { list };
    format!(
        "global_defs {{\n    vrrp_version 3\n    vrrp_garp_master_delay 1\n}}\n\
         vrrp_instance VI_1 {{\n    interface eth0\n    virtual_router_id 1\n    priority {priority}\n    \
         advert_int {INTERVAL}\n    virtual_ipaddress {{\n        {}/32\n    }}\n{excluded}}}\n",
        extra_address(0)
    )
}

/// What many reloads leave behind, each with another number of addresses in the last router.
pub fn measure_growth(plan: &Plan, table: &mut Table) {
    const COUNT: usize = 100;
    let what = format!("{} reloads of {COUNT}", RELOADS.1);
    let results = plan.interleaved(&what, |subject| {
        let bed = Bed::for_routers(COUNT);
        let (daemon, wire) = start_masters_every(0.1, subject, &bed, COUNT, "");
        let mut before = [0.0; 3];
        let spent = processor_time(&daemon);
        for turn in 1..=RELOADS.0 + RELOADS.1 {
            reload_with(&daemon, &wire, COUNT, turn % 2);
            if turn == RELOADS.0 {
                before = holdings(&daemon);
            }
        }
        let after = holdings(&daemon);
        let each = (processor_time(&daemon) - spent) / 1e3 / (RELOADS.0 + RELOADS.1) as f64;
        let [resident, own, descriptors] = [0, 1, 2].map(|which| after[which] - before[which]);
        [resident, own, descriptors, each]
    });
    let rows = [
        ("growth of resident memory", "KiB"),
        ("growth of own memory", "KiB"),
        ("growth of descriptors", ""),
        ("processor time each", "ms"),
    ];
    for (place, (figure, unit)) in rows.into_iter().enumerate() {
        table.row(format!("{what}: {figure}"), unit, medians(&results, |all| all[place]));
    }
}

/// Reads a configuration in which the last router has so many more addresses; returns when it says so.
fn reload_with(daemon: &Running, wire: &Wire, count: usize, more: usize) {
    let text = routers(count, 200, 0.1, "");
    let last = format!("{}/32\n", address_of(count - 1));
    let more_text = format!("{last}        10.201.0.1/32\n").repeat(more);
    let text = if more > 0 { text.replace(&last, &more_text) } else { text };
    wire.forget();
    daemon.reload(&text);
    let vrid = count as u8;
    wait::until("the new configuration is in force", wait::seconds(30), || {
        std::thread::sleep(Duration::from_millis(20));
        let adverts = wire.adverts();
        adverts
            .iter()
            .any(|(_, advert)| router(advert).1 == vrid && advert.vrrp.get(3) == Some(&(more as u8 + 1)))
    });
}

/// Resident memory and written pages in KiB, and descriptors, of all processes.
fn holdings(daemon: &Running) -> [f64; 3] {
    let of = |pid: i32| std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    let descriptors = daemon.processes().into_iter().map(of).sum::<usize>() as f64;
    [smaps(daemon, "Rss:"), smaps(daemon, "Pss_Anon:"), descriptors]
}
