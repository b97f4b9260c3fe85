//! Two thousand real servers: start, one change, stop.

use super::lab::Lab;
use crate::support::daemon::Subject;
use crate::support::wait;
use std::fmt::Write as _;
use std::time::Instant;

const SERVICES: u16 = 20;
const REALS: u16 = 100;

fn config(first_weight: u8) -> String {
    let mut text = String::new();
    for service in 0..SERVICES {
        let port = 1000 + service;
        write!(text, "virtual_server 10.0.0.100 {port} {{\n lb_algo wrr\n lb_kind NAT\n protocol TCP\n")
            .unwrap();
        for real in 0..REALS {
            let weight = if service == 0 && real == 0 { first_weight } else { 1 };
            let [high, low] = (real + 1).to_be_bytes();
            writeln!(text, " real_server 10.{}.{high}.{low} 80 {{\n weight {weight}\n TCP_CHECK {{\n warmup 1000000\n }}\n }}", 16 + service).unwrap();
        }
        text.push_str("}\n");
    }
    text
}

/// All of them enter, one changes, all of them go; the times are printed, to be compared.
pub fn two_thousand(subject: Subject) {
    let lab = Lab::new();
    let count = || lab.director.sh("grep -c Masq /proc/net/ip_vs || true").trim().parse::<usize>().unwrap();
    let all = usize::from(SERVICES) * usize::from(REALS);
    let begun = Instant::now();
    let mut daemon = lab.direct(subject, &config(1));
    wait::value(
        "all servers",
        wait::seconds(60),
        || (count() == all).then_some(()),
        || format!("{}", count()),
    );
    daemon.await_line("Startup complete", wait::seconds(20));
    println!("{}: start {:?}", subject.name(), begun.elapsed());
    let begun = Instant::now();
    daemon.reload(&config(9));
    println!("{}: reload {:?}", subject.name(), begun.elapsed());
    wait::until("the new weight", wait::seconds(20), || {
        lab.director.sh("ipvsadm -ln -t 10.0.0.100:1000 | grep 10.16.0.1:80").contains(" 9 ")
    });
    assert_eq!(count(), all);
    let begun = Instant::now();
    assert!(daemon.stop().success());
    println!("{}: stop {:?}", subject.name(), begun.elapsed());
    assert_eq!(count(), 0);
}
