//! The driver of the VRRP router: the one thread that owns its sockets and its clock.
//!
//! It is a thread of the runtime's blocking pool, and sleeps in the kernel: no worker, however busy with
//! checks, stands between a deadline and its advert (`docs/decisions/0001-vrrp-driver.md`).
//!
//! Each turn: wait for a socket, the interface monitor, a command or the deadline; drain the sockets;
//! then take what the monitor and the daemon have to say; then let expired timers run; then carry out
//! what the router wants. Packets come before expiry, so that a late wake-up never overlooks an advert
//! that was already there. Kernel work is done in slices (see `addresses`): a thousand addresses
//! cannot delay an advert. Nothing here blocks for longer than one slice, and nothing here decides.

mod address_book;
mod addresses;
mod announce;
mod announcements;
mod beat;
mod carry_out;
mod crowd;
mod devices;
mod duplicates;
mod firewall;
mod foresight;
mod patience;
mod receive_buffers;
mod reconfigure;
mod route_work;
mod routing;
mod scheduling;
mod settings;
mod slots;
mod sockets;

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use self::addresses::Addresses;
use self::announce::Announcer;
use self::beat::Tempo;
use self::carry_out::Unsaid;
use self::crowd::Crowd;
use self::devices::Devices;
use self::firewall::Firewall;
use self::foresight::Foresight;
use self::routing::Routing;
use self::scheduling::Scheduling;
use self::settings::Settings;
use self::sockets::{Need, Sockets};
use super::commands::{self, Inbox, Post};
use super::names::HostNames;
use crate::config::model::Config;
use crate::ids::Name;
use crate::kernel::address;
use crate::kernel::clock::{self, Alarm};
use crate::kernel::link;
use crate::kernel::memory::{self, Spare};
use crate::kernel::monitor::{Change, Monitor};
use crate::kernel::netlink::{Channel, NetlinkError};
use crate::kernel::poller::Poller;
use crate::kernel::raw::Room;
use crate::kernel::sniffer::Sniffer;
use crate::objects::interface::{Interface, Interfaces};
use crate::report::{Ident, Line, emit};
use crate::time::Mono;
use crate::vrrp::action::{Action, InstanceId, State, Subject};
use crate::vrrp::event::Event;
use crate::vrrp::router::Router;
use crate::vrrp::view::View;

const ALARM: u64 = 0;
const MONITOR: u64 = 1;
const BELL: u64 = 2;
const FIRST_SOCKET: u32 = 3;
/// Kernel requests that go together: at 20 to 30 microseconds each less than a millisecond.
const WORK_AT_ONCE: usize = 32;
/// Announcements that leave together.
const ANNOUNCED_AT_ONCE: usize = 64;
/// How long a turn begins with more of them.
const WORK_TIME: Duration = Duration::from_millis(1);
/// While addresses are set nothing is said for as long as this.
const SILENCE: Duration = Duration::from_millis(50);
/// While addresses are set the interface monitor is read this rarely; its buffer holds what comes meanwhile.
const MONITOR_PAUSE: Duration = Duration::from_millis(50);
/// Until sockets that could not be opened are tried again.
const SOCKET_PAUSE: Duration = Duration::from_secs(5);

/// What the daemon tells the driver.
#[derive(Debug)]
pub enum Command {
    /// A tracked object has a new result.
    Tracked(Event<'static>),
    /// Take over this configuration; answered when it is in force.
    Reconfigure(Arc<Config>, oneshot::Sender<()>),
    /// The state of every instance, for dumps; `clear` sets the counters to zero afterwards.
    Views { clear: bool, answer: oneshot::Sender<Vec<View>> },
    /// Every interface of the host, as the router knows it.
    Interfaces(oneshot::Sender<Vec<Arc<Interface>>>),
    /// What this thread keeps of memory that it has given up.
    Tidy(oneshot::Sender<Spare>),
    /// Tell when the next takeover is near, instead of whoever asked before.
    Foresee(oneshot::Sender<()>),
    /// Resign, give everything up and end; without `release` addresses and devices stay.
    Stop { release: bool },
}

/// The way to the driver. When the last of its clones is dropped, the driver ends and gives everything up.
pub type Commands = commands::Commands<Command>;

/// Who wants an address, a route or a rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Owner {
    /// The configuration, for as long as the daemon lives.
    Static,
    Instance(InstanceId),
}

/// What the driver tells the daemon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Report {
    /// A change of state that scripts, the sync daemon and mail hear of.
    State { subject: Subject, state: State, priority: u8 },
    /// A master heard an advert of lower priority.
    LowerPriority { name: Name, priority: u8 },
    /// The effective priority of an instance is another.
    Priority { name: Name, priority: u8 },
}

/// Why the driver could not start or go on.
#[derive(Debug, Error)]
pub enum DriverError {
    #[error("VRRP driver: {0}: {1}")]
    Io(&'static str, std::io::Error),
    #[error("VRRP driver: {0}")]
    Netlink(#[from] NetlinkError),
}

/// The driver.
pub struct Driver {
    router: Router,
    poller: Poller,
    alarm: Alarm,
    crowd: Crowd,
    tempo: Tempo,
    foresight: Foresight,
    scheduling: Scheduling,
    /// How long the last new configuration took.
    took: Duration,
    /// When there was something to do by itself, as it was seen before the last sleep.
    deadline: Option<Mono>,
    /// The same of all but the router.
    others_at: Option<Mono>,
    channel: Channel,
    monitor: Monitor,
    /// When it is to be read although addresses wait.
    monitor_at: Option<Mono>,
    sockets: Sockets,
    announcer: Announcer,
    devices: Devices,
    /// Devices that go since others take their place: the router knows those first.
    renamed: HashSet<Name>,
    firewall: Firewall,
    addresses: Addresses,
    routing: Routing,
    names: HostNames,
    settings: Settings,
    /// Track groups of which something cannot be had.
    broken_groups: HashSet<Name>,
    config: Arc<Config>,
    interfaces: Interfaces,
    inbox: Inbox<Command>,
    reports: mpsc::Sender<Report>,
    actions: Vec<Action>,
    /// What is said when the kernel has been told.
    unsaid: Vec<Unsaid>,
    /// When it is said although addresses wait.
    say_at: Option<Mono>,
    tokens: Vec<u64>,
    /// Something about interfaces or instances changed: the sockets may have to.
    rewire: bool,
    /// When sockets that could not be opened are tried again.
    rewire_at: Option<Mono>,
    lost_reports: u64,
    /// By the address of a sender whose packets are refused.
    strangers: HashMap<IpAddr, Sniffer>,
}

impl Driver {
    /// Opens everything, clears what a predecessor left behind, and starts the router, which hears first what is
    /// `known` of tracked objects.
    pub fn start(
        config: Arc<Config>,
        known: Vec<Event<'static>>,
        inbox: Inbox<Command>,
        reports: mpsc::Sender<Report>,
    ) -> Result<Self, DriverError> {
        let io = |doing| move |error| DriverError::Io(doing, error);
        let mut channel = Channel::route()?;
        let mut monitor = Monitor::open(&mut channel)?;
        let poller = Poller::new().map_err(io("poller"))?;
        let alarm = Alarm::new().map_err(io("timer"))?;
        poller.add(&alarm, ALARM).map_err(io("timer"))?;
        poller.add(&monitor, MONITOR).map_err(io("interface monitor"))?;
        poller.add(inbox.bell(), BELL).map_err(io("commands"))?;
        let announcer = Announcer::open().map_err(io("announcement socket"))?;
        let mut interfaces: Interfaces =
            monitor.interfaces().map(|i| (i.name.clone(), i.clone())).collect();
        let mut devices = Devices::default();
        let names = HostNames::read(&config.global.files);
        devices.ensure(&mut channel, config.instances.iter(), &interfaces, &names);
        while let Some(change) = monitor.next(&mut channel)? {
            note_interface(&mut interfaces, &change);
        }
        route_work::remove_left_overs(&mut channel, &config, &interfaces, false);
        carry_out::remove_left_overs(&mut channel, &config, &interfaces);
        let settings = Settings::start(&config, &interfaces);
        let mut driver = Driver {
            // Nobody is there yet: what is static comes before the elections.
            router: Router::start(clock::now(), Arc::default(), [], &mut Vec::new()),
            poller,
            alarm,
            crowd: Crowd::default(),
            tempo: Tempo::default(),
            foresight: Foresight::default(),
            scheduling: Scheduling::default(),
            took: Duration::ZERO,
            deadline: None,
            others_at: None,
            channel,
            monitor,
            monitor_at: None,
            sockets: Sockets::new(FIRST_SOCKET),
            announcer,
            devices,
            renamed: HashSet::new(),
            firewall: Firewall::default(),
            addresses: Addresses::default(),
            routing: Routing::default(),
            names,
            settings,
            broken_groups: HashSet::new(),
            config: config.clone(),
            interfaces,
            inbox,
            reports,
            actions: Vec::new(),
            unsaid: Vec::new(),
            say_at: None,
            tokens: Vec::new(),
            rewire: true,
            rewire_at: None,
            lost_reports: 0,
            strangers: HashMap::new(),
        };
        driver.firewall.follow(&config);
        driver.prepare_routing(&config);
        driver.own_statics(Some(&config));
        driver.work_off();
        while let Some(change) = driver.monitor.next(&mut driver.channel)? {
            note_interface(&mut driver.interfaces, &change);
        }
        let interfaces = driver.interfaces.values();
        driver.router = Router::start_knowing(clock::now(), config, interfaces, known, &mut driver.actions);
        Ok(driver)
    }

    /// Runs until it is told to stop, or cannot go on: then it has resigned and given everything up. Sleeps in
    /// the kernel: it wants a thread of its own.
    ///
    /// # Errors
    /// The timer, the poller or the interface monitor failed.
    pub fn run(mut self) -> Result<(), DriverError> {
        let result = self.take_turns();
        if result.is_err() {
            self.stop(true);
        }
        result
    }

    fn take_turns(&mut self) -> Result<(), DriverError> {
        clock::nap_exactly();
        self.scheduling.follow(&self.config.global.processes);
        let mut room = Room::default();
        loop {
            self.carry_out();
            let expired = self.keep_the_beat(&mut room)?;
            if self.tokens.contains(&BELL)
                && let Some(post) = self.inbox.next()
                && self.obey(post)
            {
                return Ok(());
            }
            let now = clock::now();
            if !expired {
                self.router.expire(now, &mut self.actions);
            }
            self.addresses.expire(now);
            self.firewall.expire(now);
            for owner in self.routing.expire(now) {
                self.addresses.route(owner, false);
            }
            self.rewire |= self.rewire_at.take_if(|at| *at <= now).is_some();
        }
    }

    fn tell_time(&mut self) {
        if self.router.asks_for_utc() {
            self.router.tell_utc(clock::utc());
        }
    }

    /// Sleeps until there is something to do; while kernel work is left, that is now.
    fn wait(&mut self) -> Result<(), DriverError> {
        let has_rung = self.tokens.contains(&ALARM);
        self.tokens.clear();
        if self.addresses.is_idle() && self.actions.is_empty() {
            let others = [
                self.addresses.deadline(),
                self.routing.deadline(),
                self.firewall.deadline(),
                self.rewire_at,
            ];
            self.others_at = others.into_iter().flatten().min();
            self.deadline = self.router.deadline().into_iter().chain(self.others_at).min();
            self.foresee(has_rung);
            self.sleep()?;
        } else {
            self.deadline = Some(Mono::ZERO);
            let failed = |error| DriverError::Io("poller", error);
            self.tokens.extend(self.poller.look().map_err(failed)?);
            if self.tokens.contains(&ALARM) {
                self.alarm.rang();
            }
        }
        if self.tokens.contains(&ALARM) {
            self.rise_if_late();
        }
        Ok(())
    }

    /// `max_auto_priority`: who is woken too late asks for more.
    fn rise_if_late(&mut self) {
        if let (Some(patience), Some(deadline)) = (self.scheduling.patience(), self.deadline)
            && deadline > Mono::ZERO
            && let by = clock::now().since(deadline)
            && by > patience
        {
            self.scheduling.was_late(by);
        }
    }

    /// The monitor has had something to tell for long enough.
    fn monitor_is_due(&mut self, now: Mono) -> bool {
        now >= *self.monitor_at.get_or_insert(now + MONITOR_PAUSE)
    }

    fn drain_monitor(&mut self) -> Result<(), DriverError> {
        while let Some(change) = self.monitor.next(&mut self.channel)? {
            self.interface_changed(change);
        }
        Ok(())
    }

    fn interface_changed(&mut self, change: Change) {
        let now = clock::now();
        self.routing_changed(&change);
        if let Change::Gone(name) = &change {
            self.leave_interface(name);
        }
        // With thousands of addresses most changes are our own of those, and concern no instance.
        let only_addresses = matches!(&change, Change::Interface(new)
            if self.interfaces.get(&new.name).is_some_and(|old| old.differs_in_addresses_only(new)));
        if !only_addresses {
            self.firewall.interface_changed();
        }
        note_interface(&mut self.interfaces, &change);
        match change {
            Change::Interface(interface) => {
                self.addresses.interface_returned(&interface.name);
                self.look_for_duplicates(now, &interface);
                let name = interface.name.clone();
                if !self.renamed.contains(&name) {
                    let event = Event::Interface { name, now: Some(interface) };
                    self.router.handle(now, event, &mut self.actions);
                }
                if !only_addresses {
                    self.rewire = true;
                    self.make_devices();
                    self.settings.follow(&self.config, &self.interfaces);
                }
            }
            Change::Gone(name) => {
                self.rewire = true;
                self.devices.forget(&name);
                self.settings.follow(&self.config, &self.interfaces);
                if !self.renamed.contains(&name) {
                    self.router.handle(now, Event::Interface { name, now: None }, &mut self.actions);
                }
                self.make_devices();
            }
            Change::AddressRemoved(key) => {
                if self.addresses.lost(&key) {
                    self.restore_static(&key);
                    self.router.handle(now, Event::AddressLost { key }, &mut self.actions);
                }
            }
            Change::RouteGone(_) | Change::RuleGone => {}
            Change::Overrun => {
                let text = "Netlink notifications were lost: everything was read again".to_owned();
                emit(Ident::Vrrp, Line::warn(text));
            }
        }
    }

    fn make_devices(&mut self) {
        // Those of the new configuration already while the router still has the old one.
        let instances = self.config.instances.iter();
        self.devices.ensure(&mut self.channel, instances, &self.interfaces, &self.names);
    }

    /// An interface that was renamed keeps its addresses: ours are taken from it, as nobody defends them there.
    fn leave_interface(&mut self, name: &Name) {
        let keys = self.addresses.interface_gone(name);
        let Some(interface) = self.interfaces.get(name) else { return };
        let removals: Vec<_> =
            keys.iter().map(|key| (interface.index, address::Change::Remove(key))).collect();
        // Refused where the interface was deleted, and the addresses with it.
        let _ = address::apply(&mut self.channel, &removals);
    }

    /// True when the driver has ended.
    fn obey(&mut self, post: Post<Command>) -> bool {
        let now = clock::now();
        let command = match post {
            Post::Command(command) => command,
            Post::Closed => Command::Stop { release: true },
        };
        match command {
            Command::Tracked(event) => self.router.handle(now, event, &mut self.actions),
            Command::Reconfigure(config, done) => {
                self.reconfigure(config);
                let _ = done.send(());
            }
            Command::Views { clear, answer } => {
                let _ = answer.send(self.router.views());
                if clear {
                    self.router.clear_counters();
                }
            }
            Command::Interfaces(answer) => drop(answer.send(self.router.interfaces())),
            Command::Tidy(answer) => drop(answer.send(memory::take_spare())),
            Command::Foresee(tell) => self.foresight.ask(tell),
            Command::Stop { release } => {
                self.stop(release);
                return true;
            }
        }
        false
    }

    fn stop(&mut self, release: bool) {
        self.tell_time();
        self.router.handle(clock::now(), Event::Stop, &mut self.actions);
        self.act_all();
        self.say_all();
        if release {
            self.own_statics(None);
            self.work_off();
            self.settings.end();
            self.devices.remove_all(&mut self.channel);
            self.firewall.end();
        }
    }

    /// All kernel work that stands in the queue.
    fn work_off(&mut self) {
        while !self.addresses.is_idle() {
            self.work();
            self.say_all();
        }
    }

    fn open_sockets(&mut self) {
        let needs = self.router.ways().map(|(id, config, source)| Need { id, config, source });
        for (name, error) in
            self.sockets.open_needed(&self.poller, needs, &self.interfaces, &self.config.global.buffers)
        {
            let text = format!("({name}): cannot open VRRP sockets: {error}");
            emit(Ident::Vrrp, Line::error(text));
        }
        self.rewire_at = self.sockets.incomplete().then(|| clock::now() + SOCKET_PAUSE);
    }
}

/// Removes what a driver that died without order left on the interfaces: every address and device of this
/// configuration. Blocks for a moment.
///
/// # Errors
/// The kernel's interfaces cannot be read.
pub fn clear(config: &Config) -> Result<(), NetlinkError> {
    let mut channel = Channel::route()?;
    let found = link::dump(&mut channel)?;
    let interfaces = found.into_values().map(|i| (i.name.clone(), Arc::new(i))).collect();
    route_work::remove_left_overs(&mut channel, config, &interfaces, true);
    carry_out::remove_left_overs(&mut channel, config, &interfaces);
    let mut devices = Devices::default();
    let with_device = config
        .instances
        .iter()
        .filter(|instance| devices::names(instance).any(|name| interfaces.contains_key(&name)));
    devices.ensure(&mut channel, with_device, &interfaces, &HostNames::default());
    devices.remove_all(&mut channel);
    firewall::clear(config);
    Ok(())
}

fn note_interface(interfaces: &mut Interfaces, change: &Change) {
    match change {
        Change::Interface(interface) => {
            interfaces.insert(interface.name.clone(), interface.clone());
        }
        Change::Gone(name) => {
            interfaces.remove(name);
        }
        Change::AddressRemoved(_) | Change::RouteGone(_) | Change::RuleGone | Change::Overrun => {}
    }
}
