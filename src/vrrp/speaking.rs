//! What an instance sends: adverts, resignations, announcements.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::action::Action;
use super::ah::{self, Unsealed};
use super::instance::{Instance, Phase};
use super::note::What;
use super::wire;
use crate::config::model::Auth;
use crate::time::Mono;

impl Instance {
    pub(super) fn speak_now(&mut self, now: Mono, out: &mut Vec<Action>) {
        self.transmit(out);
        self.phase = Phase::Master { next_advert: now + self.config.advert_int };
    }

    pub(super) fn transmit(&mut self, out: &mut Vec<Action>) {
        self.build_packets();
        let Some(source) = self.source else { return };
        self.begin_round();
        for (destination, payload) in &self.packets {
            out.extend(self.packet(source, *destination, payload.clone()));
        }
        self.counters.advert_sent += self.packets.len() as u64;
    }

    pub(super) fn resign(&mut self, out: &mut Vec<Action>) {
        self.build_packets();
        let Some(source) = self.source else { return };
        self.begin_round();
        for (destination, packet) in &self.packets {
            let payload = wire::with_priority(packet, 0, source, *destination, self.config.version).into();
            out.extend(self.packet(source, *destination, payload));
        }
        self.counters.priority_zero_sent += self.packets.len() as u64;
        self.counters.advert_sent += self.packets.len() as u64;
        self.note(What::SentPriorityZero, out);
    }

    /// All peers of a round get the same identification and sequence number; keepalived counts from 1.
    fn begin_round(&mut self) {
        if !self.packets.is_empty() {
            self.identification = self.identification.wrapping_add(1);
            self.sequence = self.sequence.saturating_add(1);
        }
    }

    fn packet(&self, source: IpAddr, destination: IpAddr, advert: Arc<[u8]>) -> Option<Action> {
        let id = self.identification;
        let payload = match (self.config.auth, source, destination) {
            (Some(Auth::Ah(key)), IpAddr::V4(source), IpAddr::V4(destination)) => {
                let packet = Unsealed { source, destination, id, advert: &advert };
                ah::seal(&key, self.sequence, &packet)?.into()
            }
            _ => advert,
        };
        Some(Action::Transmit { instance: self.id, source, destination, id, payload })
    }

    fn build_packets(&mut self) {
        let (Some(source), true) = (self.source, self.packets.is_empty()) else { return };
        let terms = self.terms();
        let multicast = [self.config.multicast_group];
        let unicast = self.config.unicast_peers.iter().map(|peer| peer.address);
        let destinations: Vec<IpAddr> =
            if self.config.unicast_peers.is_empty() { multicast.to_vec() } else { unicast.collect() };
        self.packets = destinations
            .into_iter()
            .map(|destination| {
                let addresses = self.config.addresses.iter().map(|a| a.key.address());
                let packet = wire::emit(&terms, self.priority, addresses, source, destination);
                (destination, packet.into())
            })
            .collect();
    }

    pub(super) fn announce(&mut self, now: Mono, out: &mut Vec<Action>) {
        let (id, config) = (self.id, self.config.clone());
        let count = config.addresses.len() + config.excluded.len();
        self.garp.expire(now, &config.garp, count, |index| {
            let address =
                config.addresses.get(index).or_else(|| config.excluded.get(index - config.addresses.len()));
            let Some(address) = address else { return Duration::ZERO };
            out.push(Action::Announce { instance: id, address: address.key.clone() });
            match address.key.address() {
                IpAddr::V4(_) => config.garp.interval,
                IpAddr::V6(_) => config.garp.gna_interval,
            }
        });
    }
}
