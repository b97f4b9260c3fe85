//! What a backup hears again and again, second after second: an advert that says what the one before it said is known
//! by its bytes, and not read anew.

use std::net::IpAddr;
use std::num::NonZeroU64;

use super::event::Datagram;
use super::instance::{Instance, Phase};
use super::wire;
use crate::config::model::Version;

/// The first eight bytes of an advert that was taken: all but the addresses, which were ours in our order. Of the same
/// sender, the same bytes have the same checksum.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Familiar(NonZeroU64);

impl Instance {
    /// Takes a packet that says what its sender's last one said; false where it may say something else, and nothing is
    /// done yet.
    pub(super) fn heard_again(&mut self, datagram: &Datagram<'_>) -> bool {
        let Phase::Backup(backup) = &self.phase else { return false };
        let (Some(familiar), Some((master, priority))) = (backup.familiar, backup.master) else {
            return false;
        };
        let same = datagram.source == master
            && priority >= self.priority
            && self.gist(datagram).is_some_and(|gist| gist == familiar);
        if let Phase::Backup(backup) = &mut self.phase
            && same
        {
            self.counters.advert_received += 1;
            self.wants_master = false;
            (backup.since, backup.after) = (datagram.received_at, None);
            (backup.listening, backup.preempt_since) = (false, None);
        }
        same
    }

    /// Will know this packet again, which was taken, where there is nothing to it that is different each time.
    pub(super) fn remember(&mut self, datagram: &Datagram<'_>) {
        let plain = self.config.auth.is_none()
            && self.config.options.auth_hmac.is_none()
            && self.config.unicast_peers.is_empty();
        let gist = if plain { self.gist(datagram) } else { None };
        let priority = datagram.payload.get(2).copied().unwrap_or(0);
        if let Phase::Backup(backup) = &mut self.phase {
            // Priority 0 is heard, but makes nobody our master.
            let taken = backup.master == Some((datagram.source, priority));
            backup.familiar = gist.filter(|_| taken);
        }
    }

    /// The first bytes of a packet that is to our group and has our own addresses behind them, and no more.
    fn gist(&self, datagram: &Datagram<'_>) -> Option<Familiar> {
        let (head, rest) = datagram.payload.split_first_chunk::<{ wire::HEADER_LEN }>()?;
        let named = self.named();
        let ours = datagram.ttl == wire::TTL
            && datagram.destination == self.config.multicast_group
            && datagram.header.is_empty()
            && Some(datagram.source) != self.source
            && usize::from(head[3]) == named.len();
        let tail = named.iter().filter(|_| ours).try_fold(rest, |rest, ours| match ours.key.address() {
            IpAddr::V4(ours) => rest.strip_prefix(&ours.octets()),
            IpAddr::V6(ours) => rest.strip_prefix(&ours.octets()),
        })?;
        let whole = match self.config.version {
            Version::V2 => tail == [0; wire::AUTH_DATA_LEN],
            Version::V3 => tail.is_empty(),
        };
        NonZeroU64::new(u64::from_ne_bytes(*head)).filter(|_| ours && whole).map(Familiar)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::super::action::Action;
    use super::super::dialogue::{US, at, eth0, instance};
    use super::super::event::Event;
    use super::super::router::Router;
    use super::super::view::View;
    use super::*;
    use crate::config::model::{Config, VrrpInstance};
    use crate::time::Mono;

    const MASTER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9));

    fn backup(config: VrrpInstance) -> Router {
        let config = Config { instances: vec![config.into()], ..Config::default() };
        Router::start(at(0.0), config.into(), &[eth0(true, Some(US))], &mut Vec::new())
    }

    fn advert(config: &VrrpInstance, priority: u8) -> Vec<u8> {
        let terms = wire::Terms {
            version: config.version,
            family: config.family,
            vrid: config.vrid,
            auth: None,
            interval: config.advert_int,
            checksum: Default::default(),
        };
        let addresses = config.addresses.iter().map(|address| address.key.address());
        wire::emit(&terms, priority, addresses, MASTER, config.multicast_group)
    }

    fn hear(
        router: &mut Router,
        now: Mono,
        payload: &[u8],
        (source, destination, ttl): (IpAddr, IpAddr, u8),
    ) -> (Vec<Action>, Vec<View>, Option<Mono>) {
        let interface = eth0(true, None).index;
        let datagram =
            Datagram { received_at: now, interface, source, destination, ttl, header: &[], payload };
        let mut out = Vec::new();
        router.handle(now, Event::Packet(datagram), &mut out);
        (out, router.views(), router.deadline())
    }

    fn knows(router: &Router) -> bool {
        router
            .instances
            .iter()
            .flatten()
            .any(|instance| matches!(&instance.phase, Phase::Backup(backup) if backup.familiar.is_some()))
    }

    fn forget(router: &mut Router) {
        for instance in router.instances.iter_mut().flatten() {
            if let Phase::Backup(backup) = &mut instance.phase {
                backup.familiar = None;
            }
        }
    }

    proptest! {
        /// Whatever comes after: who knows the last packet again and who reads each do and say the same.
        #[test]
        fn what_is_known_again_means_what_it_meant(
            old_version: bool,
            ours in 1..=254_u8,
            packets in proptest::collection::vec(
                (1..=255_u8, 0..4_u8, 0..24_usize, 0..3_u8, 0..3_u8, any::<bool>()), 1..12),
        ) {
            let mut config = instance("A", 1, ours);
            config.version = if old_version { Version::V2 } else { Version::V3 };
            let mut knowing = backup(config.clone());
            let mut reading = knowing.clone();
            let first = advert(&config, 200);
            for (number, (priority, change, place, from, to, far)) in packets.into_iter().enumerate() {
                let mut payload = match change {
                    0 | 1 => first.clone(),
                    _ => advert(&config, if change == 2 { priority } else { 0 }),
                };
                if change == 1 && let Some(byte) = payload.get_mut(place) {
                    *byte ^= priority;
                }
                let source = [MASTER, MASTER, "10.0.0.77".parse().unwrap()][usize::from(from)];
                let group = config.multicast_group;
                let destination = [group, group, "224.0.0.19".parse().unwrap()][usize::from(to)];
                let way = (source, destination, if far && to == 1 { 254 } else { 255 });
                let now = at(0.1 + 0.4 * number as f64);
                forget(&mut reading);
                prop_assert_eq!(
                    hear(&mut knowing, now, &payload, way),
                    hear(&mut reading, now, &payload, way)
                );
            }
        }
    }

    #[test]
    fn a_master_is_known_again_until_the_configuration_is_another() {
        for version in [Version::V2, Version::V3] {
            let config = VrrpInstance { version, ..instance("A", 1, 100) };
            let mut router = backup(config.clone());
            let way = (MASTER, config.multicast_group, 255);
            hear(&mut router, at(0.1), &advert(&config, 200), way);
            assert!(knows(&router), "{version:?}");
            let deadline = router.deadline();
            hear(&mut router, at(0.6), &advert(&config, 200), way);
            assert!(router.deadline() > deadline);
            assert_eq!(router.views()[0].counters.advert_received, 2);
            let same = Config { instances: vec![config.into()], ..Config::default() };
            router.handle(at(0.7), Event::Reconfigure(same.into()), &mut Vec::new());
            assert!(!knows(&router));
        }
    }

    #[test]
    fn who_is_no_master_of_ours_is_not_known() {
        let config = instance("A", 1, 100);
        let mut router = backup(config.clone());
        let way = (MASTER, config.multicast_group, 255);
        for priority in [0, 50] {
            hear(&mut router, at(0.1), &advert(&config, priority), way);
            assert!(!knows(&router), "{priority}");
        }
    }
}
