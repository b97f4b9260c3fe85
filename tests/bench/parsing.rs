//! What it costs to read and check a configuration: processor time and peak memory of the whole program run with
//! `-t`, for files of different shapes and sizes.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};

use super::Plan;
use super::lateness::Bed;
use super::pools;
use super::support::daemon::Subject;
use super::support::net::Node;
use super::table::{Table, median};

/// The option with which this program only runs another one, and says what that took.
pub const WEIGH: &str = "--weigh";

/// Interfaces with 250 virtual routers each.
const INTERFACES: usize = 8;

/// A file to read.
struct Shape {
    name: &'static str,
    count: usize,
    write: fn(&Node, usize) -> String,
}

const SHAPES: [Shape; 8] = [
    Shape { name: "reals, 10 a service", count: 1_000, write: |_, count| pools::checked(count, 10) },
    Shape { name: "reals, 10 a service", count: 10_000, write: |_, count| pools::checked(count, 10) },
    Shape { name: "reals, 10 a service", count: 50_000, write: |_, count| pools::checked(count, 10) },
    Shape { name: "reals in one service", count: 1_000, write: |_, count| pools::checked(count, count) },
    Shape { name: "reals in one service", count: 10_000, write: |_, count| pools::checked(count, count) },
    Shape { name: "reals in one service", count: 50_000, write: |_, count| pools::checked(count, count) },
    Shape { name: "instances", count: 2_000, write: |_, count| instances(count) },
    Shape { name: "includes of a service with 10 reals", count: 1_000, write: includes },
];

/// Measures all shapes, and by which power of the size the time grows between the sizes of one: 1 is linear.
pub fn measure(plan: &Plan, table: &mut Table) {
    let mut before: Option<(&str, usize, Vec<f64>)> = None;
    for shape in &SHAPES {
        let what = format!("-t, {} {}", shape.count, shape.name);
        let results = plan.interleaved(&what, |subject| {
            let bed = Bed::new();
            for number in 0..INTERFACES {
                bed.director
                    .sh(&format!("ip link add port{number} type bridge && ip link set port{number} up"));
            }
            weigh(subject, &bed.director, &(shape.write)(&bed.director, shape.count))
        });
        let (times, peaks): (Vec<f64>, Vec<f64>) = results
            .into_iter()
            .map(|(_, rounds)| {
                let (times, peaks) = rounds.into_iter().unzip();
                (median(times), median(peaks))
            })
            .unzip();
        if let Some((name, count, smaller)) = &before
            && *name == shape.name
        {
            let size = (shape.count as f64 / *count as f64).ln();
            let exponents = smaller.iter().zip(&times).map(|(small, large)| (large / small).ln() / size);
            table.row(format!("{what}, growth exponent since {count}"), "", exponents.collect());
        }
        table.row(format!("{what}, processor time"), "ms", times.clone());
        table.row(format!("{what}, peak memory"), "KiB", peaks);
        before = Some((shape.name, shape.count, times));
    }
}

/// Milliseconds of processor time and kibibytes of memory of one run. By a process between, because the system
/// keeps only the largest of all that one has waited for.
fn weigh(subject: Subject, node: &Node, config: &str) -> (f64, f64) {
    let path = node.dir.join("read.conf");
    std::fs::write(&path, config).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(WEIGH).arg(subject.binary()).arg("-t").arg("-f").arg(&path);
    let output = node.within(|| command.stderr(Stdio::inherit()).output().unwrap());
    let text = String::from_utf8(output.stdout).unwrap();
    let mut figures = text.split_whitespace().map(|figure| figure.parse::<f64>().unwrap());
    let (status, time, peak) = (figures.next().unwrap(), figures.next().unwrap(), figures.next().unwrap());
    assert_eq!(status as i32, 0, "{}: the file is not right", subject.name());
    (time, peak)
}

/// Runs a program, quiet, and prints its status, milliseconds of processor time, and kibibytes at its peak.
pub fn weigh_here(arguments: impl Iterator<Item = String>) {
    let words: Vec<String> = arguments.collect();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().unwrap();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let time: f64 = [usage.user_time(), usage.system_time()]
        .iter()
        .map(|time| time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3)
        .sum();
    println!("{} {time} {}", status.code().unwrap_or(-1), usage.max_rss());
}

fn instances(count: usize) -> String {
    let instance = |number: usize| {
        let (port, vrid) = (number / 250, number % 250 + 1);
        format!(
            "vrrp_instance V{number} {{\n    interface port{port}\n    virtual_router_id {vrid}\n    priority 100\n    \
             advert_int 1\n    virtual_ipaddress {{\n        10.9.{port}.{vrid}/32\n    }}\n}}\n"
        )
    };
    (0..count).map(instance).collect()
}

/// So many files with a service of 10 real servers each, and one that includes them all.
fn includes(node: &Node, count: usize) -> String {
    let folder: PathBuf = node.dir.join("parts");
    std::fs::create_dir_all(&folder).unwrap();
    let whole = pools::checked(10 * count, 10);
    let parts = whole.split_inclusive("\n}\n").enumerate();
    let include = |(number, part): (usize, &str)| {
        let file = folder.join(format!("{number}.conf"));
        std::fs::write(&file, part).unwrap();
        format!("include {}\n", file.display())
    };
    parts.map(include).collect()
}
