//! What thousands take of memory, and what reloads leave of it, as the allocator counts it: what the kernel shows depends
//! on where the pieces lie.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(test)]

#[path = "bench/pools.rs"]
mod pools;
#[path = "bench/steady.rs"]
#[expect(dead_code, reason = "shared with the benches, which use all of it")]
mod steady;

use std::sync::Arc;
use std::time::Duration;

use allocation_counter::{AllocationInfo, measure};
use standfast::config::model::Config;
use standfast::config::{LoadOptions, load_str};
use standfast::health::outcome::{Outcome, Success};
use standfast::lvs::action::Action;
use standfast::lvs::director::Director;
use standfast::lvs::event::Event;
use standfast::objects::interface::Interface;
use standfast::reconcile::ipvs::Table;
use standfast::time::Mono;
use standfast::vrrp::action::State;
use standfast::vrrp::event::Event as VrrpEvent;
use standfast::vrrp::router::Router;

/// Bytes of one of thousands, with its part of the configuration, its state, and the room in tables that double.
const A_ROUTER: i64 = 860;
/// The same of a real server that is checked, without and with what is known of the kernel's table.
const A_CHECKED_SERVER: i64 = 330;
const A_PROGRAMMED_SERVER: i64 = 460;

#[test]
fn a_router_among_a_thousand_is_small() {
    let mut masters = None;
    let used = measure(|| masters = Some(steady::masters(1)));
    let count = i64::from(steady::INTERFACES * steady::ROUTERS_EACH);
    let each = used.bytes_current / count;
    assert!(each <= A_ROUTER, "{each} bytes: {used:?}");
}

#[test]
fn a_checked_server_among_ten_thousand_is_small() {
    const COUNT: usize = 10_000;
    let text = pools::checked(COUNT, 100);
    let (mut node, mut table) = (None, Table::default());
    let used = measure(|| node = Some(Balancing::start(Arc::new(read(&text)))));
    let mut node = node.unwrap();
    let each = |used: AllocationInfo| used.bytes_current / COUNT as i64;
    let checked = each(used);
    assert!(checked <= A_CHECKED_SERVER, "{checked} bytes: {used:?}");
    let used = measure(|| node.program(&mut table));
    let programmed = checked + each(used);
    assert!(programmed <= A_PROGRAMMED_SERVER, "{programmed} bytes: {used:?}");
    // Being asked takes no more.
    let used = measure(|| node.pass(Duration::from_secs(20)));
    assert_eq!(used.bytes_current, 0, "{used:?}");
}

/// The text of a host with some of everything; in every other one a router has an address more, a server another weight,
/// and one server more is checked.
fn host(odd: bool) -> String {
    let mut text = String::from("global_defs {\n vrrp_version 3\n}\n");
    for number in 1..=200 {
        let more = if odd && number == 200 { " 10.1.2.1/32\n" } else { "" };
        text.push_str(&format!(
            "vrrp_instance VI_{number} {{\n interface eth0\n virtual_router_id {number}\n priority 200\n advert_int 1\n \
             virtual_ipaddress {{\n 10.1.1.{number}/32\n{more} }}\n}}\n"
        ));
    }
    let check = "TCP_CHECK {\n            connect_timeout 3\n        }\n";
    let shape = pools::Shape { delay_loop: 6, check, weight: 1 + u32::from(odd) };
    text + &pools::text(400 + usize::from(odd), 100, &shape)
}

#[test]
fn reloads_leave_nothing() {
    let texts = [host(false), host(true)];
    let mut config = Arc::new(read(&texts[0]));
    let interface: Arc<Interface> = steady::interface(0, 1);
    let mut router = Router::start(Mono::ZERO, config.clone(), [&interface], &mut Vec::new());
    let (mut node, mut table) = (Balancing::start(config.clone()), Table::default());
    node.program(&mut table);
    let mut reload = |turn: usize| {
        let mut new = read(&texts[turn % 2]);
        new.keep(&config);
        config = Arc::new(new);
        let mut actions = Vec::new();
        router.handle(node.now, VrrpEvent::Reconfigure(config.clone()), &mut actions);
        node.director.handle(node.now, Event::Reconfigure(config.clone()), &mut node.actions);
        node.program(&mut table);
        node.pass(Duration::from_secs(10));
        while let Some(at) = router.deadline().filter(|at| *at <= node.now) {
            router.expire(at, &mut actions);
            actions.clear();
        }
    };
    (1..=10).for_each(&mut reload);
    let used = measure(|| (11..=60).for_each(&mut reload));
    assert_eq!((used.bytes_current, used.count_current), (0, 0), "{used:?}");
    assert!(router.views().iter().all(|view| view.state == State::Master));
}

fn read(text: &str) -> Config {
    let loaded = load_str("memory.conf", text, &LoadOptions::default());
    assert_eq!(loaded.diagnostics, []);
    loaded.config
}

/// A director, and servers that are always well.
struct Balancing {
    director: Director,
    actions: Vec<Action>,
    now: Mono,
}

impl Balancing {
    fn start(config: Arc<Config>) -> Self {
        let mut actions = Vec::new();
        let director = Director::new(Mono::ZERO, config, 7, [], &mut actions);
        // What is to be said has been said; what is to be programmed, is asked for anew.
        Balancing { director, actions: Vec::new(), now: Mono::ZERO }
    }

    /// The kernel takes all that is wanted.
    fn program(&mut self, table: &mut Table) {
        self.actions = Vec::new();
        for (key, pool) in self.director.desired_all() {
            table.want(key, pool);
        }
        for op in table.pending(self.now) {
            table.done(self.now, &op, Ok(()));
        }
    }

    /// Time passes, and every check in it passes too.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.director.deadline().filter(|at| *at <= end) {
            self.director.expire(at, &mut self.actions);
            for action in std::mem::take(&mut self.actions) {
                if let Action::Probe { checker, generation, .. } = action {
                    let outcome = Outcome::Success(Success::Connected);
                    let probed = Event::Probed { checker, generation, outcome };
                    self.director.handle(at, probed, &mut self.actions);
                }
            }
            self.actions = Vec::new();
        }
        self.now = end;
    }
}
