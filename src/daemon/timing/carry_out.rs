//! What the router wants, done: adverts at once and in order, addresses and announcements in slices.

use std::net::IpAddr;

use super::addresses::Work;
use super::announce;
use super::duplicates::News;
use super::sockets::Advert;
use super::{ANNOUNCED_AT_ONCE, Driver, Owner, Report, SILENCE, WORK_AT_ONCE, WORK_TIME};
use crate::config::model::Config;
use crate::kernel::address::{self, Change};
use crate::kernel::clock;
use crate::kernel::frames;
use crate::kernel::netlink::Channel;
use crate::kernel::raw::Outgoing;
use crate::kernel::sniffer::Sniffer;
use crate::objects::address::AddressKey;
use crate::objects::interface::{Interface, Interfaces};
use crate::report::{self, Ident, Line, emit, vrrp};
use crate::time::Mono;
use crate::vrrp::action::{Action, InstanceId};
use crate::vrrp::note::What;
use crate::vrrp::router::AT_ONCE;

/// Actions that are remembered without new memory: an advert of as many routers as speak in one turn.
const REMEMBERED: usize = AT_ONCE;
/// The same of words: in a steady state there are none.
const WORDS: usize = 16;

/// What is to be said, in order.
pub(super) enum Unsaid {
    /// A note, a report, or what follows one.
    Action(Action),
    Line(Line),
    /// The announcement of an address, and what became of it.
    Announced(AddressKey, Option<std::io::Error>),
}

/// Senders whose hardware address is being found out, of all routers.
const MOST_STRANGERS: usize = 16;

impl Driver {
    /// All actions that have come up, then one slice of kernel work.
    pub(super) fn carry_out(&mut self) {
        self.act_all();
        self.settle_firewall();
        self.work();
        self.say_in_time();
        self.settle_firewall();
        self.look_for_lost();
        self.tell_track_groups();
    }

    /// Before addresses are set, and after they are removed.
    fn settle_firewall(&mut self) {
        self.firewall.settle(clock::now(), &self.interfaces, self.addresses.is_idle());
    }

    /// Sockets that are needed are there before anybody speaks; those that are not, until everybody has.
    pub(super) fn act_all(&mut self) {
        let rewire = std::mem::take(&mut self.rewire) | self.router.take_ways_changed();
        if rewire {
            self.open_sockets();
        }
        self.transmit();
        let mut actions = std::mem::take(&mut self.actions);
        for action in actions.drain(..) {
            self.act(action);
        }
        actions.shrink_to(REMEMBERED);
        self.actions = actions;
        if rewire {
            self.sockets.close_unneeded(&self.poller);
        }
    }

    /// The adverts among what is to be done.
    pub(super) fn transmit(&mut self) {
        let adverts = self.actions.iter().filter_map(|action| match action {
            Action::Transmit { instance, source, destination, id, payload } => {
                let (source, destination, id) = (*source, *destination, *id);
                let packet = Outgoing { source, destination, ttl: None, id, payload };
                Some(Advert { instance: *instance, packet })
            }
            _ => None,
        });
        let router = &self.router;
        self.sockets.send(adverts, |instance, error| {
            let name = router.config_of(instance).map_or_else(|| "?".into(), |c| c.name.clone());
            let errno = error.raw_os_error().unwrap_or(0);
            emit(Ident::Vrrp, Line::info(format!("({name}): send advert error {errno} ({error})")));
        });
    }

    /// What the kernel is to do; adverts have left already. All else waits until it is done: a log line wakes its
    /// writer, a report wakes its reader, and a takeover would wait for both.
    fn act(&mut self, action: Action) {
        match action {
            Action::Transmit { .. } => {}
            Action::Own { instance, owned } => {
                let config = self.router.config_of(instance).filter(|_| owned).cloned();
                self.firewall.own(instance, config.as_deref());
                self.own_instance(instance, config.as_ref());
            }
            Action::Announce { address, .. } => self.addresses.announce(address),
            Action::Restore { address } => self.addresses.restore(&address),
            Action::RestoreObject { instance, .. } => {
                self.addresses.route(Owner::Instance(instance), false)
            }
            other => self.unsaid.push(Unsaid::Action(other)),
        }
    }

    /// Readers of the log and of notifications take the processor: they are woken when a takeover is done, or for
    /// a moment now and then.
    fn say_in_time(&mut self) {
        if self.unsaid.is_empty() {
            return;
        }
        let now = clock::now();
        if self.addresses.is_settled() || now >= *self.say_at.get_or_insert(now + SILENCE) {
            self.say_all();
        }
    }

    /// Everything that there is to say by now, in the order in which it came up.
    pub(super) fn say_all(&mut self) {
        self.say_at = None;
        let mut unsaid = std::mem::take(&mut self.unsaid);
        for said in unsaid.drain(..) {
            match said {
                Unsaid::Action(action) => self.say(action),
                Unsaid::Line(line) => emit(Ident::Vrrp, line),
                Unsaid::Announced(key, error) => emit(Ident::Vrrp, announce::line(&key, error)),
            }
        }
        unsaid.shrink_to(WORDS);
        self.unsaid = unsaid;
    }

    fn say(&mut self, action: Action) {
        match action {
            Action::Transmit { .. }
            | Action::Own { .. }
            | Action::Announce { .. }
            | Action::Restore { .. }
            | Action::RestoreObject { .. } => {}
            Action::Notify { subject, state, priority } => {
                self.tell(Report::State { subject, state, priority })
            }
            Action::NotifyLowerPriority { instance, name } => {
                let priority = self.router.config_of(instance).map_or(0, |config| config.priority);
                self.tell(Report::LowerPriority { name, priority });
            }
            Action::Identify { instance, from } => self.identify(instance, from),
            Action::Note(mut note) => {
                if let What::Stranger { from, mac, .. } = &mut note.what {
                    *mac = self.strangers.remove(from).and_then(|sniffer| sniffer.address());
                }
                if report::shows_detail() || !vrrp::is_detail(&note.what) {
                    emit(Ident::Vrrp, vrrp::render(&note));
                }
                if let What::PriorityChanged { to, .. } = note.what {
                    self.tell(Report::Priority { name: note.about, priority: to });
                }
            }
            Action::Late { by } => {
                let text = format!("timers ran {:.3} s late: this host was held up", by.as_secs_f64());
                emit(Ident::Vrrp, Line::warn(text));
            }
        }
    }

    /// Listens for the next frame of a sender whose packet was refused.
    fn identify(&mut self, instance: InstanceId, from: IpAddr) {
        let listens_on = self.router.config_of(instance).and_then(|c| self.interfaces.get(c.listens_on()));
        let Some(interface) = listens_on else { return };
        if self.strangers.len() >= MOST_STRANGERS {
            self.strangers.clear();
        }
        // Without it the report only lacks the hardware address.
        if let Ok(sniffer) = Sniffer::open(interface.index, from) {
            self.strangers.insert(from, sniffer);
        }
    }

    fn tell(&mut self, report: Report) {
        if self.reports.try_send(report).is_err() {
            self.lost_reports += 1;
            let text = format!("notifications come faster than they are taken: {} lost", self.lost_reports);
            emit(Ident::Vrrp, Line::warn(text));
        }
    }

    /// As many slices as a turn has time for.
    pub(super) fn work(&mut self) {
        if self.addresses.is_idle() {
            return;
        }
        let until = clock::now() + WORK_TIME;
        while !self.addresses.is_idle() {
            self.work_once();
            if clock::now() >= until {
                break;
            }
        }
    }

    /// One slice: requests that stand side by side go to the kernel together, and so do the announcements of what is
    /// set by then.
    fn work_once(&mut self) {
        let slice = self.addresses.slice(WORK_AT_ONCE);
        let mut rest = slice.as_slice();
        while let Some(first) = rest.first() {
            if let Work::Routing(owner) = first {
                self.route(*owner);
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            let is_change = |work: &&Work| !matches!(work, Work::Routing(_));
            let (now, later) = rest.split_at(rest.iter().take_while(is_change).count());
            self.change_addresses(now);
            rest = later;
        }
        self.announce();
    }

    pub(super) fn look_for_duplicates(&mut self, now: Mono, interface: &Interface) {
        for news in self.addresses.look_for_duplicates(now, interface) {
            let line = match news {
                News::Duplicate(key) => Line::error(format!(
                    "{} on {} is not usable: somebody else on the link has it; it is tried again",
                    key.net, key.interface
                )),
                News::Usable(key) => Line::info(format!("{} on {} is usable now", key.net, key.interface)),
            };
            emit(Ident::Vrrp, line);
        }
    }

    /// An address that is there for the daemon's life comes back at once.
    pub(super) fn restore_static(&mut self, key: &AddressKey) {
        let mut statics = self.config.statics.addresses.iter();
        if self.addresses.is_wanted_by(key, Owner::Static)
            && !statics.any(|address| address.key == *key && address.no_track)
        {
            let text = format!("Restoring deleted static address {} dev {}", key.net, key.interface);
            emit(Ident::Vrrp, Line::info(text));
            self.addresses.restore(key);
        }
    }

    fn announce(&mut self) {
        let keys = self.addresses.next_announcements(ANNOUNCED_AT_ONCE);
        if keys.is_empty() {
            return;
        }
        let known = keys.iter().filter_map(|key| Some((&**self.interfaces.get(&key.interface)?, key)));
        let now = clock::now();
        let (mut left, mut full) = (0_usize, Vec::new());
        for (key, sent) in self.announcer.announce(now, known) {
            left += usize::from(sent.is_ok());
            if sent.as_ref().is_err_and(frames::is_full) {
                full.push(key.clone());
            } else if sent.is_err() || report::shows_detail() {
                self.unsaid.push(Unsaid::Announced(key.clone(), sent.err()));
            }
        }
        let given_up = self.addresses.announced(now, left, full).into_iter();
        self.unsaid.extend(given_up.map(|key| Unsaid::Announced(key, Some(frames::full()))));
    }

    fn change_addresses(&mut self, slice: &[Work]) {
        let mut changes = Vec::with_capacity(slice.len());
        let mut owners = Vec::with_capacity(slice.len());
        for work in slice {
            let Some(key) = work.key() else { continue };
            let Some(interface) = self.interfaces.get(&key.interface) else {
                // Its interface is gone, and the address with it; it is set when the interface returns.
                self.addresses.interface_gone(&key.interface);
                continue;
            };
            if key.address().is_ipv6() && !matches!(work, Work::Remove(_)) {
                self.devices.carry_ipv6(&interface.name, true);
            } else if self.devices.carries_ipv6(&interface.name)
                && !self.addresses.wants_v6_on(&interface.name)
            {
                self.devices.carry_ipv6(&interface.name, false);
            }
            match work {
                Work::Add(key, attributes) => changes.push((interface.index, Change::Add(key, attributes))),
                Work::Remove(key) => changes.push((interface.index, Change::Remove(key))),
                Work::Replace(key, attributes) => {
                    changes.push((interface.index, Change::Remove(key)));
                    owners.push(work);
                    changes.push((interface.index, Change::Add(key, attributes)));
                }
                Work::Routing(_) => continue,
            }
            owners.push(work);
        }
        let results = address::apply(&mut self.channel, &changes);
        for ((work, (_, change)), result) in owners.into_iter().zip(&changes).zip(results) {
            match result {
                Ok(()) => self.addresses.done(work),
                Err(error) => {
                    // The first half of a replacement was done all the same.
                    if let (Change::Add(key, _), Work::Replace(..)) = (change, work) {
                        self.addresses.lost(key);
                    }
                    let (verb, key) = match change {
                        Change::Add(key, _) => ("set", key),
                        Change::Remove(key) => ("remove", key),
                    };
                    if self.addresses.refused(clock::now(), work.clone()) {
                        let text = format!("cannot {verb} {} on {}: {error}", key.net, key.interface);
                        self.unsaid.push(Unsaid::Line(Line::error(text)));
                    }
                }
            }
        }
    }
}

/// Addresses of the configuration that a killed predecessor left behind: nobody may own them before the
/// election. keepalived removes them at start too.
pub(super) fn remove_left_overs(channel: &mut Channel, config: &Config, interfaces: &Interfaces) {
    let keys =
        config.instances.iter().flat_map(|instance| instance.addresses.iter().chain(&instance.excluded));
    let found: Vec<_> = keys
        .filter_map(|address| {
            let interface = interfaces.get(&address.key.interface)?;
            let there = interface.addresses.iter().any(|assigned| assigned.net == address.key.net);
            there.then_some((interface.index, Change::Remove(&address.key)))
        })
        .collect();
    for ((_, change), result) in found.iter().zip(address::apply(channel, &found)) {
        let (Change::Remove(key) | Change::Add(key, _)) = change;
        let text = match result {
            Ok(()) => format!("removed {} from {}: left behind by a predecessor", key.net, key.interface),
            Err(error) => format!("cannot remove {} from {}: {error}", key.net, key.interface),
        };
        emit(Ident::Vrrp, Line::info(text));
    }
}
