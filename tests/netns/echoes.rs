//! `PING_CHECK` over the kernel's sockets for echoes.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use standfast::config::model::check::Pace;
use standfast::config::model::{Check, CheckKind};
use standfast::health::outcome::{Failure, Outcome, Success};
use standfast::kernel::sysctl;
use standfast::probe::{Tls, probe};

use crate::hosts::{ip, lone_host};

const GROUPS: [&str; 3] = ["net", "ipv4", "ping_group_range"];
const PATIENCE: Duration = Duration::from_millis(300);

fn ask(address: &str) -> Outcome {
    let address: IpAddr = address.parse().unwrap();
    let check = Check {
        kind: CheckKind::Ping,
        target: (address, 80).into(),
        source: None,
        pace: Arc::new(Pace { connect_timeout: PATIENCE, ..Pace::default() }),
        alpha: false,
        log_all_failures: false,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(probe(&check, 0, &Tls::default()))
}

#[test]
fn who_answers_an_echo_is_alive() {
    lone_host();
    sysctl::write(&["net", "ipv6", "conf", "lo", "disable_ipv6"], "0").unwrap();
    ip("link set lo up");
    sysctl::write(&GROUPS, "0\t2147483647").unwrap();
    for address in ["127.0.0.1", "::1"] {
        assert_eq!(ask(address), Outcome::Success(Success::Answered), "{address}");
    }
    // Somebody is there, and says nothing.
    ip("address add 10.7.0.1/24 dev left0");
    ip("neigh add 10.7.0.2 lladdr 02:00:00:00:00:77 dev left0");
    let start = Instant::now();
    assert_eq!(ask("10.7.0.2"), Outcome::Failure(Failure::ReadTimeout));
    assert!(start.elapsed() >= PATIENCE);
    // Nobody can be there.
    assert_eq!(ask("10.99.0.1"), Outcome::Failure(Failure::Connect(libc::ENETUNREACH)));
    ip("route add unreachable 10.98.0.0/16");
    assert_eq!(ask("10.98.0.1"), Outcome::Failure(Failure::Connect(libc::EHOSTUNREACH)));
}

#[test]
fn without_leave_nothing_is_known() {
    lone_host();
    ip("link set lo up");
    sysctl::write(&GROUPS, "1\t0").unwrap();
    let outcome = ask("127.0.0.1");
    assert!(matches!(outcome, Outcome::Undecided(_)), "{outcome:?}");
}
