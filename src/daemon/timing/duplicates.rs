//! Addresses of IPv6 that the kernel has set and does not use, because somebody else has them (`-nodad` on their
//! lines turns the detection on). They are said, and tried again, ever more rarely.

use std::collections::HashSet;

use super::patience::Patience;
use crate::objects::address::AddressKey;
use crate::objects::interface::Interface;
use crate::time::Mono;

/// What is known of one address, when that is news.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// Somebody else has it.
    Duplicate(AddressKey),
    /// Nobody else has it any more.
    Usable(AddressKey),
}

/// The addresses that somebody else has.
#[derive(Default)]
pub struct Duplicates {
    found: HashSet<AddressKey>,
    patience: Patience,
}

impl Duplicates {
    /// Looks at what the kernel says of those of an interface's addresses that are ours.
    pub fn look(
        &mut self,
        now: Mono,
        interface: &Interface,
        is_ours: impl Fn(&AddressKey) -> bool,
    ) -> Vec<News> {
        let mut news = Vec::new();
        for assigned in interface.addresses.iter().filter(|assigned| assigned.net.addr().is_ipv6()) {
            if !assigned.duplicate && self.found.is_empty() {
                continue;
            }
            let key = AddressKey { interface: interface.name.clone(), net: assigned.net };
            if assigned.duplicate && is_ours(&key) {
                let first = self.found.is_empty();
                if self.found.insert(key.clone()) {
                    news.push(News::Duplicate(key));
                }
                self.patience.refused(now, first);
            } else if !assigned.duplicate && !assigned.tentative && self.found.remove(&key) {
                news.push(News::Usable(key));
            }
        }
        news
    }

    /// It is ours no more, or gone.
    pub fn forget(&mut self, is_ours: impl Fn(&AddressKey) -> bool) {
        self.found.retain(is_ours);
    }

    /// When they are tried again.
    pub fn deadline(&self) -> Option<Mono> {
        self.patience.deadline()
    }

    /// Those to try again, if it is time.
    pub fn expire(&mut self, now: Mono) -> impl Iterator<Item = &AddressKey> {
        let over = self.patience.is_over(now);
        self.found.iter().filter(move |_| over)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ids::IfIndex;
    use crate::objects::interface::AssignedAddress;

    fn interface(duplicate: bool, tentative: bool) -> Interface {
        let net = "2001:db8::50/64".parse().unwrap();
        Interface {
            addresses: vec![AssignedAddress {
                net,
                secondary: false,
                tentative,
                duplicate,
                protocol: None,
            }],
            ..Interface::ethernet("eth0", IfIndex(2))
        }
    }

    #[test]
    fn a_duplicate_is_said_once_and_tried_ever_more_rarely_until_it_is_none() {
        let mut duplicates = Duplicates::default();
        let key = AddressKey { interface: "eth0".into(), net: "2001:db8::50/64".parse().unwrap() };
        let mut now = Mono::ZERO + Duration::from_secs(100);
        for (nth, pause) in [1, 2, 4, 8].into_iter().enumerate() {
            let news = duplicates.look(now, &interface(true, true), |_| true);
            assert_eq!(news.len(), usize::from(nth == 0));
            assert_eq!(duplicates.deadline(), Some(now + Duration::from_secs(pause)));
            assert_eq!(duplicates.expire(now).count(), 0);
            now += Duration::from_secs(pause);
            assert_eq!(duplicates.expire(now).collect::<Vec<_>>(), [&key]);
            // It is set anew, and looked for.
            assert_eq!(duplicates.look(now, &interface(false, true), |_| true), []);
        }
        assert_eq!(duplicates.look(now, &interface(false, false), |_| true), [News::Usable(key)]);
        assert_eq!(duplicates.deadline(), None);
    }

    #[test]
    fn what_is_not_ours_is_not_our_concern() {
        let mut duplicates = Duplicates::default();
        assert_eq!(duplicates.look(Mono::ZERO, &interface(true, true), |_| false), []);
        duplicates.look(Mono::ZERO, &interface(true, true), |_| true);
        duplicates.forget(|_| false);
        assert_eq!(duplicates.expire(Mono::ZERO + Duration::from_secs(60)).count(), 0);
    }
}
