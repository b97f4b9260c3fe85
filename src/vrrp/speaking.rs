//! What an instance sends: adverts, resignations, announcements.

use std::net::IpAddr;
use std::sync::Arc;

use super::action::Action;
use super::ah::{self, Unsealed};
use super::auth_hmac;
use super::garp::Block;
use super::instance::{Instance, Phase};
use super::note::What;
use super::wire::{self, Terms};
use crate::config::model::Auth;
use crate::objects::address::AddressKey;
use crate::time::Mono;

impl Instance {
    pub(super) fn speak_now(&mut self, now: Mono, out: &mut Vec<Action>) {
        self.transmit(out);
        self.phase = Phase::Master { next_advert: now + self.config.advert_int };
    }

    pub(super) fn transmit(&mut self, out: &mut Vec<Action>) {
        self.advertise(None, out);
    }

    pub(super) fn resign(&mut self, out: &mut Vec<Action>) {
        if self.advertise(Some(0), out) {
            self.counters.rare().priority_zero_sent += self.packets.len() as u64;
            self.note(What::SentPriorityZero, out);
        }
    }

    /// One advert to all; false where there is no source to send it from.
    fn advertise(&mut self, priority: Option<u8>, out: &mut Vec<Action>) -> bool {
        self.build_packets();
        let Some(source) = self.source else { return false };
        self.begin_round();
        let version = self.config.version;
        let trailer = self.sign(source, priority);
        for (destination, packet) in &self.packets {
            let to = *destination;
            let changed = priority.map(|priority| wire::with_priority(packet, priority));
            let signed = trailer.map(|trailer| {
                wire::with_trailer(changed.as_deref().unwrap_or(packet), &trailer, source, to, version)
            });
            let payload = signed.or(changed).map_or_else(|| packet.clone(), Into::into);
            out.extend(self.packet(source, to, payload));
        }
        self.counters.advert_sent += self.packets.len() as u64;
        true
    }

    /// The trailer of this round, one for all peers: what it covers is the same for each.
    fn sign(&mut self, source: IpAddr, priority: Option<u8>) -> Option<[u8; auth_hmac::LEN]> {
        let how = self.config.options.auth_hmac.as_ref()?;
        let terms = self.terms();
        let (_, packet) = self.packets.first()?;
        let changed = priority.map(|priority| wire::with_priority(packet, priority));
        let sequences = &mut self.rare.get_or_insert_default().sequences;
        sequences.sign(how, &terms, source, changed.as_deref().unwrap_or(packet))
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
                let addresses = self.named().iter().map(|a| a.key.address());
                let terms = Terms { checksum: self.checksum_for(destination), ..terms };
                let packet = wire::emit(&terms, self.priority, addresses, source, destination);
                (destination, packet.into())
            })
            .collect();
    }

    /// What is to be announced now, and how many times.
    pub fn take_announcements(&mut self) -> impl Iterator<Item = (&AddressKey, u32)> {
        let Block { rounds, extra } = self.garp.take();
        let config = &self.config;
        let own = config.vmac.as_ref().map_or(&config.interface, |vmac| &vmac.name);
        let all = config.options.garp_extra_if.all;
        self.config.addresses.iter().chain(&self.config.excluded).filter_map(move |address| {
            let elsewhere = extra > 0 && address.key.interface != *own;
            let options = &config.options;
            let on_vmac =
                || options.address_vmacs.iter().any(|device| device.name == address.key.interface);
            let counts = elsewhere && (all || on_vmac());
            let rounds = if counts { rounds.max(extra) } else { rounds };
            (rounds > 0).then_some((&address.key, rounds))
        })
    }
}
