//! The virtual addresses: what the owning instances want, what we have set, and the work in between.
//!
//! Work is queued and done in slices between two looks at the sockets and the clock, so that a takeover
//! with a thousand addresses never delays an advertisement. Announcements have a queue of their own: those of one
//! slice leave together, and none before its address is set. What the kernel refuses is asked for again, ever more rarely.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Owner;
use super::address_book::{Book, Known};
use super::announcements::{Announcements, Turn};
use super::duplicates::{Duplicates, News};
use super::patience::Patience;
use super::slots::Slots;
use crate::config::model::{VirtualAddress, VrrpInstance};
use crate::ids::Name;
use crate::objects::address::{AddressAttributes, AddressKey};
use crate::objects::interface::Interface;
use crate::time::Mono;
use crate::vrrp::action::InstanceId;

/// Pieces of work that stay without new memory; a takeover of thousands needs more, once.
const REMEMBERED: usize = 256;

/// One piece of work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Work {
    Add(AddressKey, Arc<AddressAttributes>),
    Remove(AddressKey),
    /// Remove and add: the kernel changes few attributes in place.
    Replace(AddressKey, Arc<AddressAttributes>),
    /// The turn of the owner's routes and rules: after its addresses are set, before they are removed.
    Routing(Owner),
}

/// Desired and actual addresses, and the queue that leads from one to the other.
#[derive(Default)]
pub struct Addresses {
    book: Book,
    /// The configuration of each instance that has its addresses: the lists stand there already.
    owning: Slots<Arc<VrrpInstance>>,
    /// What the configuration sets for itself.
    statics: Vec<VirtualAddress>,
    /// Interfaces that are missing and were wanted; others come and go by the thousand on some hosts.
    away: FxHashSet<Name>,
    queue: VecDeque<Work>,
    announcements: Announcements,
    /// What the kernel refused, and when it is asked for all of it again.
    refused: FxHashMap<AddressKey, Work>,
    patience: Patience,
    duplicates: Duplicates,
}

impl Addresses {
    /// The instance has exactly the addresses of `config` from now on; without one it gives everything up. With
    /// `routing` its routes and rules have their turn in between.
    pub fn own(&mut self, instance: InstanceId, config: Option<&Arc<VrrpInstance>>, routing: bool) {
        let before = self.owning.put(instance, config.cloned());
        self.change(
            Owner::Instance(instance),
            list_of(before.as_deref()),
            list_of(config.map(|c| &**c)),
            routing,
        );
    }

    /// The same for what is static.
    pub fn own_statics(&mut self, list: Vec<VirtualAddress>, routing: bool) {
        let before = std::mem::take(&mut self.statics);
        self.change(Owner::Static, before.iter(), list.iter(), routing);
        self.statics = list;
    }

    fn change<'a>(
        &mut self,
        owner: Owner,
        before: impl Iterator<Item = &'a VirtualAddress> + Clone,
        now: impl Iterator<Item = &'a VirtualAddress> + Clone,
        routing: bool,
    ) {
        if !routing && self.has_all(before.clone(), now.clone()) {
            return;
        }
        let count = now.clone().count();
        if let Some(first) = now.clone().next() {
            self.book.reserve(&first.key.interface, count);
        }
        self.queue.reserve(count);
        for address in now.clone() {
            let known = self.book.know(&address.key, &address.attributes);
            if !known.owners.contains(&owner) {
                known.owners.push(owner);
            }
            known.attributes = address.attributes.clone();
            match &known.set {
                Some(set) if *set == address.attributes => {}
                Some(_) => {
                    self.queue.push_back(Work::Replace(address.key.clone(), address.attributes.clone()));
                }
                None => self.queue.push_back(Work::Add(address.key.clone(), address.attributes.clone())),
            }
        }
        if routing {
            self.queue.push_back(Work::Routing(owner));
        }
        // Most give up nothing: they have just become master.
        let mut before = before.peekable();
        if before.peek().is_none() {
            return;
        }
        let kept: FxHashSet<&AddressKey> = now.map(|address| &address.key).collect();
        for address in before.filter(|address| !kept.contains(&address.key)) {
            if self.book.disown(&address.key, owner) {
                self.queue.push_back(Work::Remove(address.key.clone()));
            }
        }
    }

    /// It has exactly this already: most instances, when a configuration is read again.
    fn has_all<'a>(
        &self,
        mut before: impl Iterator<Item = &'a VirtualAddress>,
        mut now: impl Iterator<Item = &'a VirtualAddress>,
    ) -> bool {
        let same = now.by_ref().all(|address| {
            before.next().is_some_and(|had| had.key == address.key)
                && self.book.set(&address.key) == Some(&*address.attributes)
        });
        same && before.next().is_none()
    }

    /// An address of ours went away, by somebody else's hand or with its interface.
    pub fn lost(&mut self, key: &AddressKey) -> bool {
        self.book.unset(key) && self.book.wanted(key).is_some()
    }

    /// Set it again, if it is still wanted.
    pub fn restore(&mut self, key: &AddressKey) {
        if let Some(wanted) = self.book.wanted(key) {
            self.queue.push_back(Work::Add(key.clone(), wanted.attributes.clone()));
        }
    }

    /// An interface that was away is back: everything that is wanted on it is set.
    pub fn interface_returned(&mut self, interface: &Name) {
        if !self.away.remove(interface) {
            return;
        }
        for (net, known) in self.book.on(interface).filter(|(_, known)| known.is_wanted()) {
            let key = AddressKey { interface: interface.clone(), net };
            self.queue.push_back(Work::Add(key, known.attributes.clone()));
        }
    }

    /// No interface has this name any more. Returns what was set on it: if it was only renamed, it is there still.
    pub fn interface_gone(&mut self, interface: &Name) -> Vec<AddressKey> {
        if self.book.on(interface).any(|(_, known)| known.is_wanted()) {
            self.away.insert(interface.clone());
        }
        self.refused.retain(|key, _| key.interface != *interface);
        let key = |net| AddressKey { interface: interface.clone(), net };
        let set = self.book.on(interface).filter(|(_, known)| known.set.is_some());
        let mut were: Vec<_> = set.map(|(net, _)| key(net)).collect();
        were.retain(|key| self.book.unset(key));
        were
    }

    /// Whether this owner wants the address.
    pub fn is_wanted_by(&self, key: &AddressKey, owner: Owner) -> bool {
        self.book.wanted(key).is_some_and(|wanted| wanted.owners.contains(&owner))
    }

    /// What the kernel says of ours on this interface that somebody else may have.
    pub fn look_for_duplicates(&mut self, now: Mono, interface: &Interface) -> Vec<News> {
        let book = &self.book;
        let news = self.duplicates.look(now, interface, |key| book.is_set(key));
        for usable in &news {
            if let News::Usable(key) = usable {
                self.announcements.push(key.clone());
            }
        }
        news
    }

    /// Wanted, and neither set nor about to be.
    pub fn is_missing(&self, key: &AddressKey) -> bool {
        self.refused.contains_key(key) || (self.away.contains(&key.interface) && !self.book.is_set(key))
    }

    /// The owner's routes and rules have their turn; first of all when they had one and it was not enough.
    pub fn route(&mut self, owner: Owner, at_once: bool) {
        match at_once {
            true => self.queue.push_front(Work::Routing(owner)),
            false if self.queue.contains(&Work::Routing(owner)) => {}
            false => self.queue.push_back(Work::Routing(owner)),
        }
    }

    /// Whether an IPv6 address on this interface is wanted.
    pub fn wants_v6_on(&self, interface: &Name) -> bool {
        self.book.on(interface).any(|(net, known)| known.is_wanted() && net.addr().is_ipv6())
    }

    pub fn announce(&mut self, key: AddressKey) {
        self.announcements.push(key);
    }

    #[cfg(test)]
    fn is_set(&self, key: &AddressKey) -> bool {
        self.book.is_set(key)
    }

    /// Nothing is left to do.
    pub fn is_idle(&self) -> bool {
        self.is_settled() && self.announcements.is_idle()
    }

    /// The kernel has been told everything.
    pub fn is_settled(&self) -> bool {
        self.queue.is_empty()
    }

    /// The next at most `limit` addresses to announce, up to the first that still waits for the kernel. Nobody is
    /// told of one that the kernel has refused.
    pub fn next_announcements(&mut self, limit: usize) -> Vec<AddressKey> {
        let mut announcements = std::mem::take(&mut self.announcements);
        let turn = |key: &AddressKey| {
            let known = self.book.get(key);
            match (known.is_some_and(Known::is_wanted), known.is_some_and(|known| known.set.is_some())) {
                (true, true) => Turn::Come,
                (true, false) if !self.is_settled() && !self.is_missing(key) => Turn::Later,
                _ => Turn::Never,
            }
        };
        let next = announcements.next(limit, turn);
        self.announcements = announcements;
        next
    }

    /// So many of those addresses have been announced, and these not for want of room: they wait, unless that goes on for
    /// too long. Gives those that wait no more.
    pub fn announced(&mut self, now: Mono, left: usize, full: Vec<AddressKey>) -> Vec<AddressKey> {
        self.announcements.came_back(now, left, full)
    }

    /// The kernel has refused this piece of work. True the first time: then it is worth a word.
    pub fn refused(&mut self, now: Mono, work: Work) -> bool {
        self.patience.refused(now, self.refused.is_empty());
        work.key().cloned().is_some_and(|key| self.refused.insert(key, work).is_none())
    }

    /// When [`Addresses::expire`] has something to do.
    pub fn deadline(&self) -> Option<Mono> {
        let others = [self.duplicates.deadline(), self.announcements.deadline()];
        self.patience.deadline().into_iter().chain(others.into_iter().flatten()).min()
    }

    /// Queues what was refused, if it is time.
    pub fn expire(&mut self, now: Mono) {
        self.announcements.expire(now);
        let book = &self.book;
        self.duplicates.forget(|key| book.is_set(key));
        let again = self
            .duplicates
            .expire(now)
            .filter_map(|key| Some(Work::Replace(key.clone(), book.wanted(key)?.attributes.clone())));
        self.queue.extend(again);
        if !self.patience.is_over(now) {
            return;
        }
        self.refused.retain(|_, work| sensible(work, book));
        self.queue.extend(self.refused.values().cloned());
    }

    /// The next at most `limit` pieces of work that still make sense.
    pub fn slice(&mut self, limit: usize) -> Vec<Work> {
        let mut slice = Vec::with_capacity(limit.min(self.queue.len()));
        while slice.len() < limit {
            let Some(work) = self.queue.pop_front() else { break };
            let last = matches!(work, Work::Routing(_));
            if sensible(&work, &self.book) {
                slice.push(work);
            }
            // It may bring a slice of its own, and what follows waits for all of it.
            if last {
                break;
            }
        }
        if self.queue.is_empty() {
            self.queue.shrink_to(REMEMBERED);
        }
        slice
    }

    /// The kernel has taken this piece of work.
    pub fn done(&mut self, work: &Work) {
        // Its announcement, in its own time, was of an address that was not there.
        if !self.refused.is_empty()
            && let Some(key) = work.key()
            && self.refused.remove(key).is_some()
            && !matches!(work, Work::Remove(_))
            && self.book.wanted(key).is_some_and(|wanted| wanted.owners.iter().any(|o| *o != Owner::Static))
        {
            self.announcements.push(key.clone());
        }
        match work {
            Work::Add(key, attributes) | Work::Replace(key, attributes) => {
                // Done when nobody wants it any more: its removal is in the queue.
                self.book.know(key, attributes).set = Some(attributes.clone());
            }
            Work::Remove(key) => drop(self.book.unset(key)),
            Work::Routing(_) => {}
        }
    }
}

impl Work {
    /// The address that it is about.
    pub fn key(&self) -> Option<&AddressKey> {
        match self {
            Work::Add(key, _) | Work::Remove(key) | Work::Replace(key, _) => Some(key),
            Work::Routing(_) => None,
        }
    }
}

/// The addresses of an instance, those outside its adverts too.
fn list_of(config: Option<&VrrpInstance>) -> impl Iterator<Item = &VirtualAddress> + Clone {
    config.into_iter().flat_map(|config| config.addresses.iter().chain(&config.excluded))
}

fn sensible(work: &Work, book: &Book) -> bool {
    match work {
        Work::Add(key, _) => book.wanted(key).is_some_and(|known| known.set.is_none()),
        Work::Replace(key, _) => book.wanted(key).is_some(),
        Work::Remove(key) => book.wanted(key).is_none(),
        Work::Routing(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::patience::FIRST_PAUSE;
    use super::*;
    use crate::config::{LoadOptions, load_str};

    fn address(text: &str) -> VirtualAddress {
        VirtualAddress {
            key: AddressKey { interface: "eth0".into(), net: text.parse().unwrap() },
            attributes: Arc::default(),
            no_track: false,
        }
    }

    /// The instance has these, or gives up what it had.
    fn own<const N: usize>(addresses: &mut Addresses, instance: u32, list: [&VirtualAddress; N]) {
        let text = "vrrp_instance A {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress {\n 10.9.9.9\n }\n}\n";
        let config = load_str("a.conf", text, &LoadOptions::default()).config;
        let mut config = (*config.instances[0]).clone();
        config.addresses = list.into_iter().cloned().collect();
        let config = Arc::new(config);
        addresses.own(InstanceId(instance), (N > 0).then_some(&config), false);
    }

    fn drain(addresses: &mut Addresses) -> Vec<Work> {
        let slice = addresses.slice(usize::MAX);
        slice.iter().for_each(|work| addresses.done(work));
        slice
    }

    #[test]
    fn owning_sets_and_giving_up_removes() {
        let mut addresses = Addresses::default();
        let a = address("10.0.0.1/32");
        own(&mut addresses, 1, [&a]);
        assert_eq!(drain(&mut addresses), [Work::Add(a.key.clone(), a.attributes.clone())]);
        own(&mut addresses, 1, [&a]);
        assert_eq!(drain(&mut addresses), []);
        own(&mut addresses, 1, []);
        assert_eq!(drain(&mut addresses), [Work::Remove(a.key.clone())]);
        assert!(addresses.is_idle());
    }

    #[test]
    fn an_address_of_two_owners_stays_until_both_give_it_up() {
        let mut addresses = Addresses::default();
        let a = address("10.0.0.1/32");
        own(&mut addresses, 1, [&a]);
        own(&mut addresses, 2, [&a]);
        drain(&mut addresses);
        own(&mut addresses, 1, []);
        assert_eq!(drain(&mut addresses), []);
        own(&mut addresses, 2, []);
        assert_eq!(drain(&mut addresses), [Work::Remove(a.key)]);
    }

    #[test]
    fn work_that_lost_its_sense_is_not_done() {
        let mut addresses = Addresses::default();
        let a = address("10.0.0.1/32");
        own(&mut addresses, 1, [&a]);
        addresses.announce(a.key.clone());
        own(&mut addresses, 1, []);
        assert_eq!(drain(&mut addresses), [Work::Remove(a.key.clone())], "harmless where it was never set");
        assert_eq!(addresses.next_announcements(9), []);
        own(&mut addresses, 1, [&a]);
        drain(&mut addresses);
        assert!(addresses.lost(&a.key));
        addresses.restore(&a.key);
        assert_eq!(drain(&mut addresses), [Work::Add(a.key, a.attributes)]);
    }

    #[test]
    fn announcements_follow_the_slice_that_sets_their_addresses() {
        let mut addresses = Addresses::default();
        let (a, b, c) = (address("10.0.0.1/32"), address("10.0.0.2/32"), address("10.0.0.3/32"));
        own(&mut addresses, 1, [&a, &b, &c]);
        for address in [&a, &b, &c] {
            addresses.announce(address.key.clone());
        }
        assert_eq!(addresses.next_announcements(9), [], "nothing is set");
        for work in addresses.slice(2) {
            addresses.done(&work);
        }
        assert_eq!(addresses.next_announcements(1), std::slice::from_ref(&a.key));
        assert_eq!(addresses.next_announcements(9), std::slice::from_ref(&b.key));
        let refused = addresses.slice(2).remove(0);
        assert!(!addresses.is_idle());
        addresses.refused(Mono::ZERO, refused);
        assert_eq!(
            addresses.next_announcements(9),
            [],
            "the kernel has refused it, and nobody waits for it"
        );
        assert!(addresses.is_idle());
    }

    #[test]
    fn giving_up_and_taking_back_at_once_changes_nothing() {
        let mut addresses = Addresses::default();
        let a = address("10.0.0.1/32");
        own(&mut addresses, 1, [&a]);
        drain(&mut addresses);
        own(&mut addresses, 1, []);
        own(&mut addresses, 1, [&a]);
        assert_eq!(drain(&mut addresses), []);
    }

    #[test]
    fn changed_lists_are_reconciled() {
        let mut addresses = Addresses::default();
        let (a, b) = (address("10.0.0.1/32"), address("10.0.0.2/32"));
        own(&mut addresses, 1, [&a]);
        drain(&mut addresses);
        own(&mut addresses, 1, [&b]);
        assert_eq!(drain(&mut addresses), [Work::Add(b.key, b.attributes), Work::Remove(a.key)]);
    }

    #[test]
    fn what_is_refused_is_asked_for_again_ever_more_rarely() {
        let mut addresses = Addresses::default();
        let a = address("10.0.0.1/32");
        let add = Work::Add(a.key.clone(), a.attributes.clone());
        own(&mut addresses, 1, [&a]);
        let mut now = Mono::ZERO + Duration::from_secs(100);
        for (nth, pause) in [1, 2, 4, 8, 16, 32, 60, 60].into_iter().enumerate() {
            assert_eq!(addresses.slice(9), std::slice::from_ref(&add));
            assert_eq!(addresses.refused(now, add.clone()), nth == 0, "said once");
            assert!(!addresses.is_set(&a.key), "and nobody is told of it");
            assert_eq!(addresses.deadline(), Some(now + Duration::from_secs(pause)));
            addresses.expire(now + Duration::from_millis(pause * 1000 - 1));
            assert!(addresses.is_idle());
            now += Duration::from_secs(pause);
            addresses.expire(now);
        }
        assert_eq!(drain(&mut addresses), std::slice::from_ref(&add));
        assert_eq!(
            addresses.next_announcements(9),
            std::slice::from_ref(&a.key),
            "only now it can be announced"
        );
        assert_eq!(addresses.deadline(), None);
        // It is over: the next refusal is news.
        addresses.lost(&a.key);
        addresses.restore(&a.key);
        addresses.slice(9);
        assert!(addresses.refused(now, add));
        assert_eq!(addresses.deadline(), Some(now + FIRST_PAUSE));
    }

    #[test]
    fn what_nobody_wants_any_more_is_not_asked_for_again() {
        let mut addresses = Addresses::default();
        let a = address("10.0.0.1/32");
        own(&mut addresses, 1, [&a]);
        let work = addresses.slice(9).remove(0);
        addresses.refused(Mono::ZERO, work);
        own(&mut addresses, 1, []);
        drain(&mut addresses);
        addresses.expire(Mono::ZERO + FIRST_PAUSE);
        assert!(addresses.is_idle());
        assert_eq!(addresses.deadline(), None);
    }
}
