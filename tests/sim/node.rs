//! One host: a router, its interfaces, and a kernel that only remembers which addresses are set.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::{Config, Version};
use standfast::ids::{IfIndex, Name};
use standfast::objects::address::AddressKey;
use standfast::objects::interface::Interface;
use standfast::time::Mono;
use standfast::vrrp::action::{Action, State, Subject};
use standfast::vrrp::event::{Datagram, Event};
use standfast::vrrp::router::Router;
use standfast::vrrp::view::View;

use super::mutants::Fault;
use super::sample;

/// Segments, each with an interface of every node.
pub const SEGMENTS: usize = 2;

/// A packet on its way or in a socket's queue.
#[derive(Clone, Debug)]
pub struct Packet {
    pub segment: usize,
    pub from: IpAddr,
    pub to: IpAddr,
    pub payload: Arc<[u8]>,
}

pub struct Node {
    pub number: usize,
    pub config: Arc<Config>,
    /// `None`: the daemon is not running.
    pub router: Option<Router>,
    pub link: [bool; SEGMENTS],
    /// What it sends there is lost.
    pub mute: [bool; SEGMENTS],
    /// The kernel refuses to set addresses.
    pub refusing: bool,
    /// The kernel's number of each interface.
    index: [u32; SEGMENTS],
    /// Does not run until then; packets wait.
    pub stalled: Option<Mono>,
    pub inbox: VecDeque<Packet>,
    /// What scripts would say.
    pub healthy: bool,
    /// The addresses that are set; those of a killed daemon stay.
    pub set: BTreeSet<AddressKey>,
    /// Not all that is wanted is set, and that is not the router's fault.
    lost: bool,
    /// The last state that scripts were told, by instance.
    pub told: BTreeMap<String, State>,
    /// Its clock runs this many millionths faster.
    pub ppm: i64,
    /// The configuration is not one that the plan of the cluster has.
    pub odd: bool,
    /// A reload may bring a new member into a group that is master already.
    pub mixed: bool,
    /// When a master of higher priority was last heard, by VRID; its resignation takes that back.
    pub better: BTreeMap<u8, Mono>,
    /// By its own clock: until then it takes no packet.
    deaf_until: Mono,
    /// When each router last sent an advert, by VRID.
    pub spoke: BTreeMap<u8, Mono>,
    /// The least interval that anybody goes by.
    pub shortest_interval: Duration,
    /// Calls after which nothing was looked at, since nothing but adverts came of them.
    unchecked: u32,
    /// What the last calls wanted, besides what the node did itself.
    pub out: Vec<Action>,
    /// In what way its core is broken.
    fault: Option<Fault>,
}

pub fn own_address(segment: usize, node: usize) -> IpAddr {
    IpAddr::from([10, segment as u8, 0, node as u8 + 1])
}

pub fn interface_name(segment: usize) -> &'static str {
    ["eth0", "eth1"][segment]
}

impl Node {
    pub fn new(
        number: usize,
        config: Arc<Config>,
        ppm: i64,
        shortest_interval: Duration,
        fault: Option<Fault>,
    ) -> Self {
        Node {
            number,
            config,
            router: None,
            link: [true; SEGMENTS],
            mute: [false; SEGMENTS],
            refusing: false,
            index: std::array::from_fn(|segment| segment as u32 + 2),
            stalled: None,
            inbox: VecDeque::new(),
            healthy: true,
            set: BTreeSet::new(),
            lost: false,
            told: BTreeMap::new(),
            ppm,
            odd: false,
            mixed: false,
            better: BTreeMap::new(),
            deaf_until: Mono::ZERO,
            spoke: BTreeMap::new(),
            shortest_interval,
            unchecked: 0,
            out: Vec::new(),
            fault,
        }
    }

    /// The configuration as the core has it.
    fn read(&self) -> Arc<Config> {
        self.fault.map_or_else(|| self.config.clone(), |fault| Arc::new(fault.read(&self.config)))
    }

    /// The node's own clock at the world's time.
    pub fn clock(&self, world: Mono) -> Mono {
        let nanos = i128::from(world.as_nanos());
        Mono::from_nanos((nanos + nanos * i128::from(self.ppm) / 1_000_000) as u64)
    }

    /// The first moment of the world at which the node's clock shows this.
    fn world_time(&self, own: Mono) -> Mono {
        let guess = i128::from(own.as_nanos()) * 1_000_000 / (1_000_000 + i128::from(self.ppm));
        let mut world = Mono::from_nanos(guess as u64);
        while self.clock(world) < own {
            world += Duration::from_nanos(1);
        }
        world
    }

    fn interface(&self, segment: usize) -> Arc<Interface> {
        let net = format!("{}/24", own_address(segment, self.number));
        sample::interface(interface_name(segment), self.index[segment], self.link[segment], &[&net])
    }

    /// When it wants to run next.
    pub fn due(&self) -> Option<Mono> {
        let router = self.router.as_ref()?;
        let wanted = if self.inbox.is_empty() { None } else { Some(Mono::ZERO) };
        let sleeps = self.fault.is_some_and(|fault| fault.sleeps(&self.views()));
        let deadline = router.deadline().filter(|_| !sleeps);
        let wanted = wanted.into_iter().chain(deadline.map(|own| self.world_time(own))).min()?;
        Some(self.stalled.map_or(wanted, |until| until.max(wanted)))
    }

    pub fn is_awake(&self) -> bool {
        self.router.is_some() && self.stalled.is_none()
    }

    /// Starts the daemon. What a killed predecessor left is removed first, as the driver does.
    pub fn start(&mut self, now: Mono) {
        self.set.clear();
        self.told.clear();
        self.better.clear();
        self.spoke.clear();
        self.inbox.clear();
        self.stalled = None;
        self.deaf_until = self.clock(now) + self.config.global.vrrp_startup_delay;
        let interfaces: Vec<_> = (0..SEGMENTS).map(|segment| self.interface(segment)).collect();
        let mut out = Vec::new();
        self.router = Some(Router::start(self.clock(now), self.read(), &interfaces, &mut out));
        self.remember(now, out);
        self.script(now);
    }

    /// SIGKILL: nothing is said, nothing removed.
    pub fn kill(&mut self) {
        self.router = None;
        self.stalled = None;
        self.inbox.clear();
    }

    pub fn stop(&mut self, now: Mono) {
        self.event(now, Event::Stop);
        self.router = None;
        self.stalled = None;
        self.inbox.clear();
        assert!(self.set.is_empty(), "addresses stay after stop");
        assert!(self.told.values().all(|state| *state == State::Stop), "STOP was not told to all");
    }

    pub fn set_link(&mut self, now: Mono, segment: usize, up: bool) {
        self.link[segment] = up;
        let interface = self.interface(segment);
        let name = interface_name(segment).into();
        self.event(now, Event::Interface { name, now: Some(interface) });
    }

    /// The interface goes, and one of the same name comes, with what was set on the first gone.
    pub fn recreate(&mut self, now: Mono, segment: usize) {
        let name: Name = interface_name(segment).into();
        self.set.retain(|key| key.interface != name);
        self.lost |= self.set != self.wanted();
        self.event(now, Event::Interface { name: name.clone(), now: None });
        self.index[segment] += 10;
        self.event(now, Event::Interface { name, now: Some(self.interface(segment)) });
        self.refuse(self.refusing);
    }

    /// The kernel begins to refuse addresses, or takes all that it has refused.
    pub fn refuse(&mut self, refuses: bool) {
        self.refusing = refuses;
        self.lost |= refuses;
        if !refuses {
            self.reconcile();
            self.lost = false;
        }
    }

    pub fn script(&mut self, now: Mono) {
        for script in self.config.clone().track_scripts.iter() {
            self.event(now, Event::Script { name: script.name.clone(), healthy: self.healthy });
        }
    }

    pub fn reload(&mut self, now: Mono, config: Config) {
        self.mixed = true;
        self.config = Arc::new(config);
        self.better.retain(|vrid, _| self.config.instances.iter().any(|i| i.vrid.get() == *vrid));
        self.event(now, Event::Reconfigure(self.read()));
        let config = &self.config;
        self.told.retain(|name, _| config.instances.iter().any(|i| *i.name == **name));
        self.script(now);
    }

    pub fn lose(&mut self, now: Mono, key: &AddressKey) {
        self.set.remove(key);
        self.event(now, Event::AddressLost { key: key.clone() });
    }

    /// One turn of the driver: drain, then expire.
    pub fn turn(&mut self, now: Mono) {
        self.stalled = None;
        let overslept = self.overslept(now);
        let before = self.out.len();
        if self.fault == Some(Fault::SleepsUnnoticed) {
            let deadline = self.router.as_ref().and_then(Router::deadline);
            self.expire(now, deadline.unwrap_or(Mono::ZERO).min(self.clock(now)));
        }
        while let Some(packet) = self.inbox.pop_front() {
            self.hear(now, &packet);
            if self.fault.is_some_and(|fault| fault.misses(&self.views(), &packet.payload)) {
                continue;
            }
            let datagram = Datagram {
                received_at: self.clock(now),
                interface: IfIndex(self.index[packet.segment]),
                source: packet.from,
                destination: packet.to,
                ttl: 255,
                header: &[],
                payload: &packet.payload,
            };
            self.event(now, Event::Packet(datagram));
        }
        if !self.fault.is_some_and(|fault| fault.sleeps(&self.views())) {
            self.expire(now, self.clock(now));
        }
        for action in &self.out[before..] {
            if let Action::Transmit { payload, .. } = action {
                let fights = overslept.contains(&payload[1]) && payload[2] != 0;
                assert!(!fights, "router {} speaks before it listens", payload[1]);
            }
        }
    }

    fn expire(&mut self, now: Mono, own: Mono) {
        let Some(router) = &mut self.router else { return };
        let mut out = Vec::new();
        router.expire(own, &mut out);
        self.remember(now, out);
    }

    /// Masters that must take it that their peers gave up waiting; an owner need not.
    fn overslept(&self, now: Mono) -> BTreeSet<u8> {
        let own = self.clock(now);
        let shortest = self.shortest_interval * 4;
        if self.spoke.values().all(|spoke| own.since(*spoke) <= shortest) {
            return BTreeSet::new();
        }
        let is_late = |view: &View| {
            let config = &view.config;
            let skew =
                if config.version == Version::V2 { Duration::from_secs(1) } else { config.advert_int };
            let spoke = self.spoke.get(&config.vrid.get()).copied().unwrap_or(own);
            own.since(spoke) > config.advert_int * 4 + skew
        };
        let views = self.views();
        let masters = views.iter().filter(|v| v.state == State::Master && v.priority != 255 && is_late(v));
        masters.map(|view| view.config.vrid.get()).collect()
    }

    /// Keeps in mind who is better than us.
    fn hear(&mut self, now: Mono, packet: &Packet) {
        if self.config.sync_groups.is_empty() || self.clock(now) < self.deaf_until {
            return;
        }
        let (vrid, priority) = (packet.payload[1], packet.payload[2]);
        let own = self.clock(now);
        let heard = |view: &View| view.config.vrid.get() == vrid && priority > view.priority;
        if priority == 0 {
            self.better.remove(&vrid);
        } else if self.views().iter().any(heard) {
            self.better.insert(vrid, own);
        }
    }

    /// Nobody in the group of a new master hears a better one.
    fn check_takeover(&self, now: Mono, name: &str) {
        let own = self.clock(now);
        let group = self.config.sync_groups.iter().find(|group| group.members.iter().any(|m| **m == *name));
        for member in group.into_iter().flat_map(|group| &group.members) {
            let Some(instance) = self.config.instances.iter().find(|i| i.name == *member) else { continue };
            let Some(heard) = self.better.get(&instance.vrid.get()) else { continue };
            let quiet = own.since(*heard) >= self.shortest_interval * 3;
            assert!(quiet, "{name} is MASTER though {member} heard a better one at {heard:?}");
        }
    }

    fn event(&mut self, now: Mono, event: Event<'_>) {
        let own = self.clock(now);
        let Some(router) = &mut self.router else { return };
        let mut out = Vec::new();
        router.handle(own, event, &mut out);
        self.remember(now, out);
    }

    /// Does what an action asks of the host itself; the rest is for the world.
    fn remember(&mut self, now: Mono, out: Vec<Action>) {
        let out = match self.fault {
            Some(fault) => fault.spoil(&self.views(), out),
            None => out,
        };
        for action in &out {
            match action {
                Action::Own { .. } => self.reconcile(),
                Action::Restore { address } if !self.refusing => {
                    self.set.insert(address.clone());
                }
                Action::Announce { address, .. } => {
                    // What the kernel refused is not announced by the driver.
                    let known = self.lost || self.set.contains(address);
                    assert!(known, "{address:?} is announced, but not set");
                }
                Action::Notify { subject: Subject::Instance(name), state, .. } => {
                    self.told.insert(name.to_string(), *state);
                    if *state == State::Master {
                        self.check_takeover(now, name);
                    }
                }
                Action::Transmit { payload, .. } => {
                    self.spoke.insert(payload[1], self.clock(now));
                }
                _ => {}
            }
        }
        let quiet = |action: &Action| {
            matches!(action, Action::Transmit { .. } | Action::Announce { .. } | Action::Note(_))
        };
        self.unchecked += 1;
        // Where nothing seems to have changed a look now and then is enough.
        let look = self.unchecked >= 50 || !out.iter().all(quiet);
        self.out.extend(out);
        if look {
            self.check();
        }
    }

    /// The kernel's addresses as the router wants them.
    fn reconcile(&mut self) {
        let mut wanted = self.wanted();
        match self.fault {
            Some(Fault::KeepsAddresses) => wanted.extend(self.set.iter().cloned()),
            Some(Fault::ForgetsAnAddress) => drop(wanted.pop_last()),
            _ => {}
        }
        if self.refusing {
            self.set.retain(|key| wanted.contains(key));
        } else {
            self.set = wanted;
        }
    }

    fn wanted(&self) -> BTreeSet<AddressKey> {
        let views = self.views();
        let masters = views.iter().filter(|view| view.state == State::Master).map(|view| &view.config);
        masters
            .flat_map(|config| config.addresses.iter().chain(&config.excluded).map(|a| a.key.clone()))
            .collect()
    }

    pub fn views(&self) -> Vec<View> {
        self.router.as_ref().map(Router::views).unwrap_or_default()
    }

    /// What holds after every call, whatever the world does.
    pub fn check(&mut self) {
        self.unchecked = 0;
        // What a killed daemon left stays until the next one comes.
        if self.router.is_none() {
            return;
        }
        let views = self.views();
        let wanted = self.wanted();
        assert!(self.set.is_subset(&wanted), "addresses are set only where we are master");
        assert!(self.lost || self.set == wanted, "addresses are set wherever we are master");
        for view in &views {
            if let Some(told) = self.told.get(&*view.config.name).filter(|told| **told != State::Stop) {
                assert_eq!(*told, view.state, "scripts of {} were told", view.config.name);
            }
        }
        for group in &self.config.sync_groups {
            let members = || views.iter().filter(|view| group.members.contains(&view.config.name));
            let follows = |view: &View| view.state == State::Backup && view.master.is_some();
            let torn = members().any(follows) && members().any(|view| view.state == State::Master);
            assert!(!torn, "group {}: one member follows a master, another is one", group.name);
            let states: BTreeSet<_> = members().map(|view| view.state.as_str()).collect();
            let halved = states.contains("FAULT") && states.len() > 1;
            assert!(!halved, "group {}: one member is in FAULT, another is not: {states:?}", group.name);
        }
        let disagreement = self.disagreement(&views);
        assert!(disagreement.is_none() || self.mixed, "{disagreement:?}");
        self.mixed &= disagreement.is_some();
    }

    /// A group whose members are in different states.
    pub fn disagreement(&self, views: &[View]) -> Option<String> {
        self.config.sync_groups.iter().find_map(|group| {
            let states: BTreeSet<_> = views
                .iter()
                .filter(|view| group.members.contains(&view.config.name))
                .map(|view| view.state.as_str())
                .collect();
            (states.len() > 1).then(|| format!("group {} disagrees: {states:?}", group.name))
        })
    }
}
