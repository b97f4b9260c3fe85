//! Lines of the log that tools read, beside those of the states.

use super::facts::{Facts, said, same};
use super::lifecycle::Router;
use crate::support::daemon::{Daemon, Subject};
use crate::support::runner::Case;
use crate::support::wait;

pub fn cases() -> Vec<Case> {
    vec![same("log_lines::sources", sources), same("log_lines::addresses_at_a_reload", addresses)]
}

fn config(lines: &str, addresses: &str) -> String {
    format!(
        "vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 255\n {lines}\n \
         virtual_ipaddress {{\n {addresses}\n }}\n}}\n"
    )
}

/// The address of the interface is there, goes, and comes back.
fn sources(subject: Subject) -> Facts {
    let router = Router::new();
    let daemon = Daemon::start(subject, &router.node, &config("", "10.0.0.50"));
    daemon.await_master("I", 1, wait::seconds(10));
    router.node.sh("ip addr del 10.0.0.1/24 dev eth0");
    daemon.await_line("Entering FAULT STATE", wait::seconds(5));
    router.node.sh("ip addr add 10.0.0.1/24 dev eth0");
    daemon.await_line("(I) Entering BACKUP STATE", wait::seconds(5));
    let mut facts = Facts::default();
    facts.list("log", &said(daemon.process(), &["ssigned address", "Entering"]));
    facts
}

/// A master loses addresses, gets others, and comes under the filter.
fn addresses(subject: Subject) -> Facts {
    let router = Router::new();
    let more = "virtual_ipaddress_excluded {\n 10.0.0.60\n}";
    let daemon = Daemon::start(subject, &router.node, &config(more, "10.0.0.50\n 10.0.0.51"));
    daemon.await_master("I", 1, wait::seconds(10));
    daemon.reload(&config("", "10.0.0.52\n 10.0.0.50"));
    router.node.await_address("eth0", "10.0.0.52/32", true, wait::seconds(5));
    router.node.await_address("eth0", "10.0.0.60/32", false, wait::seconds(5));
    wait::until("it has been said", wait::seconds(5), || daemon.process().count("setting VIPs.") == 2);
    let mut facts = Facts::default();
    facts.list("log", &said(daemon.process(), &["no longer exist", "setting VIPs", "setting E-VIPs"]));
    facts
}
