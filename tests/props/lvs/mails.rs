//! What is mailed of services, real servers and their checks.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::{Config, VirtualServer};
use standfast::lvs::event::Event;

use super::kernel::Kernel;
use super::node::Node;
use super::sample::*;

/// The second check's target of each real server.
const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 8, 8));

fn mailing(service: VirtualServer) -> VirtualServer {
    VirtualServer { smtp_alert: true, ..service }
}

/// Of the real server 1, and of the service.
fn of_real(state: &str, body: &str) -> (String, String) {
    let subject = format!("Realserver [10.0.1.1]:tcp:80 of virtual server [10.0.0.1]:tcp:80 - {state}");
    (subject, format!("=> {body} <="))
}

fn of_service(state: &str, body: &str) -> (String, String) {
    (format!("Virtualserver [10.0.0.1]:tcp:80 - {state}"), format!("=> {body} <="))
}

/// A real server with two checks, of which first one fails, then both, then one, then none.
fn two_checks(no_checker_emails: bool) -> Vec<(String, String)> {
    let mut real = real(1);
    real.checks.push(Arc::new(tcp(OTHER)));
    let mut config: Config = Arc::unwrap_or_clone(config([service(1, [real])]));
    config.global.no_checker_emails = no_checker_emails;
    let mut node = Node::start(Arc::new(config), Kernel::default());
    node.run(DELAY_LOOP * 2, |_, _| true);
    node.run(DELAY_LOOP * 2, |address, _| address != OTHER);
    node.run(DELAY_LOOP * 2, |_, _| false);
    node.run(DELAY_LOOP * 2, |address, _| address != OTHER);
    node.run(DELAY_LOOP * 2, |_, _| true);
    node.mailed()
}

#[test]
fn each_change_of_a_check_says_how_its_server_stands() {
    let failed = |state| of_real(state, "TCP CHECK failed on service");
    let succeeded = |state| of_real(state, "TCP CHECK succeed on service");
    assert_eq!(two_checks(false), [failed("DOWN"), failed("DOWN"), succeeded("DOWN"), succeeded("UP")]);
    assert_eq!(two_checks(true), [failed("DOWN"), succeeded("UP")]);
}

#[test]
fn a_quorum_is_mailed_where_it_is_asked_for() {
    let of_two =
        |omega| VirtualServer { quorum: 2, omega, ..mailing(service(1, [real(1), weight(2, real(2))])) };
    let mut node = Node::start(config([of_two(true)]), Kernel::default());
    assert_eq!(node.mailed(), [of_service("UP", "Starting with quorum up 2+0=2 <= 3")]);
    node.run(Duration::from_secs(1), |_, _| false);
    assert!(node.mailed().contains(&of_service("DOWN", "Lost quorum 2+0=2 <= 0")));
    node.run(DELAY_LOOP * 2, |_, _| true);
    assert!(node.mailed().iter().any(|mail| mail.1.starts_with("=> Gained quorum 2+0=2 <= ")));
    // The first leaves 2, with the second it is lost.
    node.handle(Event::Reconfigure(config([])));
    let mails = node.mailed();
    assert_eq!(mails.first().unwrap(), &of_real("DOWN", "Removing"));
    assert_eq!((mails.len(), mails.last().unwrap()), (3, &of_service("DOWN", "Lost quorum 2+0=2 <= 0")));

    let mut node = Node::start(config([of_two(true)]), Kernel::default());
    node.mailed();
    node.handle(Event::Stop);
    assert_eq!(node.mailed().first().unwrap(), &of_real("DOWN", "Shutting down"));
    let mut node = Node::start(config([of_two(false)]), Kernel::default());
    node.mailed();
    node.handle(Event::Stop);
    assert_eq!(node.mailed(), [], "nothing without omega");
}

#[test]
fn the_first_result_of_a_script_is_mailed() {
    let first = |kind, alpha: bool, well: bool| {
        let mut real = checked_by(1, kind);
        Arc::make_mut(&mut real.checks[0]).alpha = alpha;
        let mut node = Node::start(config([service(1, [real])]), Kernel::default());
        node.run(Duration::from_secs(1), |_, _| well);
        node.mailed()
    };
    assert_eq!(first(script(), false, true), [of_real("UP", "MISC CHECK succeeded on service")]);
    assert_eq!(first(script(), true, false), [of_real("DOWN", "MISC CHECK failed on service")]);
    let other = || tcp(OTHER).kind;
    assert_eq!(first(other(), false, true), [], "it was up");
    assert_eq!(first(other(), true, false), [], "it was down");
    assert_eq!(first(other(), true, true), [of_real("UP", "TCP CHECK succeed on service")]);
}
