//! Random histories: results of checks, weights by scripts and files, BFD sessions, addresses that come and go, new
//! configurations, connections that end, kernel errors, people with ipvsadm, a network namespace that is lost.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use standfast::config::model::{Check, CheckKind, Config, RealServer, VirtualServer};
use standfast::lvs::drain::Counts;
use standfast::lvs::event::Event;
use standfast::objects::ipvs::{Connections, DestKey, Op};

use super::kernel::{Kernel, holding};
use super::node::Node;
use super::sample::*;

/// This service is never in a configuration.
const FOREIGN: u8 = 200;

#[derive(Clone, Debug)]
enum Step {
    /// Time passes; the real servers with a bit set in the mask answer, and scripts say this weight.
    Run(u8, u16, Option<u32>),
    /// The tracked file has this number in it.
    File(i32),
    /// The session is up or down.
    Bfd(bool),
    Reconfigure(Arc<Config>),
    /// The kernel refuses some of the next operations.
    Refuse(Vec<bool>),
    /// These addresses of services are here.
    Addresses(u8),
    /// So many connections are counted at every real server.
    Count(u32, u32),
    /// A look at the table takes so long, in seconds; real servers answer meanwhile as in `Run`.
    SlowLook(u8, u16),
    /// The namespace is another one: the table is empty, and for a while everything is refused.
    Lose(usize),
    /// Somebody deletes a service; the daemon looks again.
    Delete(u8),
    /// Somebody changes a service's pool; the daemon looks again.
    Meddle(u8, u8),
}

fn any_real(n: u8) -> impl Strategy<Value = RealServer> {
    let more = proptest::collection::vec(any_kind(), 0..3);
    (0u32..4, any::<(bool, bool, bool)>(), 0u32..3, more).prop_map(
        move |(heavy, (alphas, inhibits, web), retry, more)| {
            let mut real = weight(heavy, real(n));
            let address = real.address;
            real.checks.extend(more.into_iter().map(|kind| Arc::new(Check { kind, ..tcp(address) })));
            if web {
                real.checks.push(Arc::new(http(real.address, &["/", "/b"])));
            }
            real.checks
                .iter_mut()
                .for_each(|check| Arc::make_mut(&mut Arc::make_mut(check).pace).retry = retry);
            let real = if alphas { alpha(real) } else { real };
            if inhibits { inhibit(real) } else { real }
        },
    )
}

/// What is not simply asked for an answer.
fn any_kind() -> impl Strategy<Value = CheckKind> {
    let factor = prop_oneof![-3i32..4, Just(i32::MAX), Just(-i32::MAX)];
    prop_oneof![
        Just(script()),
        Just(bfd_check()),
        (factor, any::<bool>()).prop_map(|(weight, reverse)| file_check(weight, reverse)),
    ]
}

fn any_number() -> impl Strategy<Value = i32> {
    prop_oneof![4 => -4i32..5, 1 => any::<i32>()]
}

fn any_word() -> impl Strategy<Value = Option<u32>> {
    proptest::option::of(0u32..254)
}

fn any_service(n: u8) -> impl Strategy<Value = VirtualServer> {
    let reals = (any::<[bool; 6]>(), (0..6u8).map(any_real).collect::<Vec<_>>());
    let stays = (proptest::option::of(1u64..30), any::<(bool, bool)>(), more_members(n));
    (reals, 1u32..6, 0u32..3, any::<(bool, bool, bool)>(), prop_oneof!["rr", "wlc"], stays).prop_map(
        move |(
            (chosen, reals),
            quorum,
            hysteresis,
            (has_sorry, sorry_inhibit, omega),
            scheduler,
            stays,
        )| {
            let reals = reals.into_iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(real, _)| real);
            let (drain, (suspends, of_group), more) = stays;
            let mut service = if of_group { grouped(n, more, reals) } else { service(n, reals) };
            service.drain_timeout = drain.map(Duration::from_secs);
            service.ha_suspend = suspends && !of_group;
            (service.quorum, service.hysteresis, service.omega) = (quorum, hysteresis, omega);
            service.scheduler = scheduler.as_str().into();
            service.sorry_server = sorry().filter(|_| has_sorry);
            if let Some(sorry) = &mut service.sorry_server {
                sorry.inhibit = sorry_inhibit;
            }
            service
        },
    )
}

/// Those that a group has beside its first: one of its own, and one that all groups would have.
fn more_members(n: u8) -> impl Strategy<Value = Vec<u8>> {
    let own = proptest::bool::ANY.prop_map(move |chosen| chosen.then_some(n + 10));
    let shared = proptest::bool::ANY.prop_map(|chosen| chosen.then_some(20));
    (own, shared).prop_map(|(own, shared)| own.into_iter().chain(shared).collect())
}

fn any_config() -> impl Strategy<Value = Arc<Config>> {
    let services: Vec<_> = (0..4).map(|n| proptest::option::weighted(0.7, any_service(n))).collect();
    services.prop_map(|services| tracking(services.into_iter().flatten()))
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1u8..25, any::<u16>(), any_word()).prop_map(|(secs, alive, says)| Step::Run(secs, alive, says)),
        3 => any_number().prop_map(Step::File),
        2 => any::<bool>().prop_map(Step::Bfd),
        2 => any_config().prop_map(Step::Reconfigure),
        1 => proptest::collection::vec(any::<bool>(), 1..6).prop_map(Step::Refuse),
        1 => any::<u8>().prop_map(Step::Addresses),
        2 => (0u32..3, 0u32..3).prop_map(|(active, inactive)| Step::Count(active, inactive)),
        1 => (1u8..25, any::<u16>()).prop_map(|(secs, alive)| Step::SlowLook(secs, alive)),
        1 => (0usize..20).prop_map(Step::Lose),
        1 => (0u8..4).prop_map(Step::Delete),
        1 => (0u8..4, 0u8..6).prop_map(|(service, real)| Step::Meddle(service, real)),
    ]
}

fn answers(alive: u16) -> impl Fn(IpAddr, usize) -> bool {
    move |address, _| match address {
        IpAddr::V4(address) => alive & (1 << address.octets()[3]) != 0,
        IpAddr::V6(_) => false,
    }
}

fn take(node: &mut Node, step: Step) {
    match step {
        Step::Run(secs, alive, says) => {
            node.says = says;
            node.run(Duration::from_secs(secs.into()), answers(alive));
        }
        Step::File(value) => node.handle(Event::File { name: "f".into(), value }),
        Step::Bfd(up) => node.handle(Event::Bfd { name: "b".into(), up }),
        Step::Reconfigure(config) => node.handle(Event::Reconfigure(config)),
        Step::Refuse(refusals) => node.refusals.extend(refusals),
        Step::Addresses(which) => {
            let here = (0..4).filter(|n| which & (1 << n) != 0).map(|n| IpAddr::from([10, 0, 0, n]));
            node.handle(Event::Addresses(Arc::new(here.collect())));
        }
        Step::Count(active, inactive) => {
            let counts = node.kernel.services.iter().flat_map(|(key, (_, pool))| {
                pool.keys().map(|real| ((*key, *real), Connections { active, inactive }))
            });
            let counts: Counts = counts.collect();
            node.handle(Event::Counted { asked: node.now, counts: Arc::new(counts) });
        }
        Step::SlowLook(secs, alive) => {
            let (seen, since) = (node.kernel.dump(), node.table.moment());
            node.run(Duration::from_secs(secs.into()), answers(alive));
            node.table.observe(seen, since);
            node.reconcile();
        }
        Step::Lose(refused) => {
            node.kernel.services.clear();
            node.refusals.extend(std::iter::repeat_n(true, refused));
            look(node);
        }
        Step::Delete(n) => {
            node.kernel.services.remove(&service_key(n));
            look(node);
        }
        Step::Meddle(service, real) => {
            if let Some((found, pool)) = node.kernel.services.get_mut(&service_key(service)) {
                found.timeout = 77;
                if pool.remove(&real_key(real)).is_none()
                    && let Some(value) = pool.values().next().cloned()
                {
                    pool.insert(real_key(100 + real), value);
                }
            }
            look(node);
        }
    }
}

/// The daemon looks at the table, and puts right what it finds.
fn look(node: &mut Node) {
    let since = node.table.moment();
    node.table.observe(node.kernel.dump(), since);
    node.reconcile();
}

/// The kernel obeys again, and time passes until nothing is left to be tried.
fn heal(node: &mut Node) {
    node.refusals.clear();
    node.reconcile();
    while let Some(again) = node.table.retry_at() {
        node.now = node.now.max(again);
        node.reconcile();
    }
}

/// How the world stays in the end.
#[derive(Clone, Copy, Debug)]
struct World {
    alive: u16,
    says: Option<u32>,
    number: i32,
    session: bool,
}

impl World {
    /// The real server's weight if it is up.
    fn weight(self, real: &RealServer) -> Option<u32> {
        let mut sum = i128::from(real.weight);
        for check in &real.checks {
            let well = match &check.kind {
                CheckKind::File(file) => {
                    let sign = if file.reverse { -1 } else { 1 };
                    let product = i128::from(self.number) * i128::from(file.weight) * sign;
                    sum += product.min(i32::MAX.into());
                    let fits = if file.weight == 0 { (self.number == 0) != file.reverse } else { true };
                    fits && product > i128::from(i32::MIN)
                }
                CheckKind::Bfd(_) => self.session,
                kind => {
                    if let (CheckKind::Misc(_), Some(says)) = (kind, self.says) {
                        sum += i128::from(says) - i128::from(real.weight);
                    }
                    answers(self.alive)(real.address, 0)
                }
            };
            if !well {
                return None;
            }
        }
        Some(u32::try_from(sum.clamp(0, i32::MAX.into())).unwrap())
    }
}

/// What the table must hold, said a second time and in another way: from how the world is. `None` where the
/// past decides, because the live weight is within the hysteresis.
fn expected(service: &VirtualServer, world: World) -> Option<Vec<(DestKey, u32)>> {
    let weight = |real: &RealServer| world.weight(real);
    let total: u32 = service.real_servers.iter().map(|real| real.weight).sum();
    let live: u64 = service.real_servers.iter().filter_map(weight).map(u64::from).sum();
    let need = u64::from(service.quorum.min(total).max(1));
    let slack = u64::from(service.hysteresis).min(need - 1);
    let sorry = service.sorry_server.as_ref();
    if sorry.is_some() && live > 0 && live >= need - slack && live < need + slack {
        return None;
    }
    let in_use = sorry.is_some() && live < need + slack;
    let mut pool = Vec::new();
    for real in &service.real_servers {
        let key = DestKey { address: real.address, port: real.port };
        if let Some(weight) = weight(real).filter(|_| !in_use) {
            pool.push((key, weight));
        } else if real.inhibit_on_failure {
            pool.push((key, 0));
        }
    }
    if let Some(sorry) = sorry.filter(|sorry| in_use || sorry.inhibit) {
        pool.push((DestKey { address: sorry.address, port: sorry.port }, u32::from(in_use)));
    }
    pool.sort_unstable();
    Some(pool)
}

/// As many as `PROPTEST_CASES` says; without it a few.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(128)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    /// Whatever happened: once the kernel obeys, it holds what is wanted and nothing else of ours, the
    /// foreign service is as it was, and there is nothing more to do.
    #[test]
    fn the_table_becomes_what_is_wanted(
        first in any_config(),
        steps in proptest::collection::vec(any_step(), 1..20),
    ) {
        let foreign = Node::start(config([service(FOREIGN, [real(1)])]), Kernel::default()).kernel;
        let mut node = Node::start(first, foreign.clone());
        // With its namespace the foreign service is lost for good.
        let lost = steps.iter().any(|step| matches!(step, Step::Lose(_)));
        let foreign = if lost { Kernel::default() } else { foreign };
        for step in steps {
            take(&mut node, step);
        }
        heal(&mut node);
        let mut wanted = holding(node.director.desired_all());
        wanted.services.extend(foreign.services.clone());
        prop_assert_eq!(&node.kernel, &wanted);
        node.written();
        node.table.adopt(node.kernel.dump());
        node.reconcile();
        prop_assert_eq!(node.written(), Vec::<Op>::new());

        node.handle(Event::Stop);
        heal(&mut node);
        prop_assert_eq!(&node.kernel, &foreign);
    }

    /// After any history, checks that agree for long enough, the file and the session decide the table alone.
    #[test]
    fn long_enough_the_same_answers_decide(
        first in any_config(),
        steps in proptest::collection::vec(any_step(), 0..10),
        last in any_config(),
        (alive, says) in (any::<u16>(), any_word()),
        (number, session) in (any_number(), any::<bool>()),
    ) {
        let mut node = Node::start(first, Kernel::default());
        for step in steps {
            take(&mut node, step);
        }
        take(&mut node, Step::File(number));
        node.handle(Event::Reconfigure(Arc::clone(&last)));
        take(&mut node, Step::Bfd(session));
        take(&mut node, Step::Addresses(u8::MAX));
        take(&mut node, Step::Run(60, alive, says));
        heal(&mut node);
        let keys = last.virtual_servers.iter().flat_map(|service| standfast::lvs::plan::service_keys(service));
        prop_assert_eq!(node.kernel.services.keys().copied().collect::<BTreeSet<_>>(), keys.collect());
        let world = World { alive, says, number, session };
        let mut seen = BTreeSet::new();
        for (n, service) in last.virtual_servers.iter().enumerate() {
            // Of two services with one address the first has it.
            for key in standfast::lvs::plan::service_keys(service).filter(|key| seen.insert(*key)) {
                let found = node.kernel.weights(key);
                if let Some(expected) = expected(service, world) {
                    prop_assert_eq!(found, expected, "service {}", n);
                }
            }
        }
    }
}
