//! `ha_suspend`: checks only where the virtual address is.

use super::lab::Lab;
use crate::support::daemon::Subject;
use crate::support::echo::Echo;
use crate::support::wait;
use std::time::Duration;

const CONFIG: &str = "virtual_server 10.0.0.101 80 {
    delay_loop 1
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    ha_suspend
    real_server 10.1.0.2 80 {
        TCP_CHECK {
            warmup 0
            retry 0
            connect_timeout 2
        }
    }
}
";

/// Nothing is asked before the address comes; what is known when it goes stays; it is asked again when it is back.
pub fn follows_the_address(subject: Subject) {
    let lab = Lab::new();
    let daemon = lab.direct(subject, CONFIG);
    daemon.await_line("Startup complete", wait::seconds(10));
    let there = ["10.1.0.2:80 -m -w 1"];
    lab.await_reals(&there, &daemon, wait::seconds(5));
    let address = |verb: &str| lab.director.sh(&format!("ip addr {verb} 10.0.0.101/32 dev eth0"));
    let about = |verb: &str| {
        format!("{verb} healthchecker for service [10.1.0.2]:tcp:80 for VS [10.0.0.101]:tcp:80")
    };

    address("add");
    daemon.await_line(&about("Activating"), wait::seconds(5));
    // Nobody listens.
    lab.await_reals(&[], &daemon, wait::seconds(10));
    let server = Echo::start(&lab.reals[0], "0.0.0.0:80");
    lab.await_reals(&there, &daemon, wait::seconds(10));

    address("del");
    daemon.await_line(&about("Suspending"), wait::seconds(5));
    drop(server);
    // Three times delay_loop.
    let watched = std::time::Instant::now();
    while watched.elapsed() < Duration::from_secs(3) {
        assert_eq!(crate::support::ipvs::reals(&lab.director), there, "{}", daemon.process().log());
    }
    address("add");
    lab.await_reals(&[], &daemon, wait::seconds(10));
    assert_eq!(daemon.process().count(&about("Activating")), 2, "{}", daemon.process().log());
    assert_eq!(daemon.process().count(&about("Suspending")), 1, "{}", daemon.process().log());
}
