//! What an advert means to one instance: whether it is admitted, and what a backup and a master make of it.

use std::collections::HashSet;
use std::net::IpAddr;

use super::action::Action;
use super::ah;
use super::auth_hmac;
use super::checksum::Checksum;
use super::event::Datagram;
use super::instance::{Backup, Instance, Phase, Wish};
use super::note::What;
use super::strangers::News;
use super::wire::{self, Advert, Refusal, Terms};
use crate::config::model::options::HmacMode;
use crate::config::model::vrrp::OWNER;
use crate::config::model::{Auth, Version};
use crate::time::Mono;

/// Senders and reasons that are remembered as told; beyond that nothing more is told until a change.
const TOLD: usize = 32;

impl Instance {
    /// Takes a packet for this router. A refused one changes nothing but a counter.
    pub fn receive(&mut self, now: Mono, datagram: &Datagram<'_>, out: &mut Vec<Action>) -> Option<Wish> {
        if matches!(self.phase, Phase::Init | Phase::Fault) {
            return None;
        }
        if self.config.options.owner_ignore_adverts && self.config.priority == OWNER {
            return None;
        }
        if self.heard_again(datagram) || self.is_for_another_group(datagram) {
            return None;
        }
        let terms = self.terms();
        let advert = match self
            .admit(datagram)
            .and_then(|()| self.authenticate(datagram))
            .and_then(|payload| {
                self.verify_trailer(&terms, payload, datagram.source, out).map(|()| payload)
            })
            .and_then(|payload| Advert::parse(payload, datagram.source, datagram.destination, &terms))
        {
            Ok(advert) => advert,
            Err(refusal) => {
                self.refuse(refusal, datagram, out);
                return None;
            }
        };
        self.counters.advert_received += 1;
        if advert.priority == 0 {
            self.counters.rare().priority_zero_received += 1;
        }
        self.compare_addresses(&advert, datagram.source, out);
        if let Checksum::Detect(_) = terms.checksum {
            self.follow_checksum(datagram.source, advert.old_checksum, out);
        }
        match self.phase {
            Phase::Backup(_) => {
                self.heard_as_backup(datagram, &advert, out);
                self.remember(datagram);
                None
            }
            Phase::Master { .. } => self.heard_as_master(now, datagram, &advert, out),
            Phase::Init | Phase::Fault => None,
        }
    }

    /// Where several routers share VRID and interface: the packet is for this one. Multicast and unicast are
    /// kept apart, and unicast routers by the address that they send from.
    pub fn is_meant(&self, datagram: &Datagram<'_>) -> bool {
        match datagram.destination.is_multicast() {
            true => self.config.unicast_peers.is_empty(),
            false => !self.config.unicast_peers.is_empty() && self.source == Some(datagram.destination),
        }
    }

    /// A virtual router is its group's: others with its VRID may speak to other groups, and somebody here may have
    /// joined those.
    fn is_for_another_group(&self, datagram: &Datagram<'_>) -> bool {
        let multicast = self.config.unicast_peers.is_empty() && datagram.destination.is_multicast();
        multicast && datagram.destination != self.config.multicast_group
    }

    /// The checks that need more than the packet.
    fn admit(&self, datagram: &Datagram<'_>) -> Result<(), Refusal> {
        if Some(datagram.source) == self.source {
            return Err(Refusal::OwnSource);
        }
        let unicast = !self.config.unicast_peers.is_empty();
        if unicast == datagram.destination.is_multicast() {
            return Err(Refusal::Destination);
        }
        if !unicast {
            return if datagram.ttl == wire::TTL { Ok(()) } else { Err(Refusal::Ttl(datagram.ttl)) };
        }
        match self.config.unicast_peers.iter().find(|peer| peer.address == datagram.source) {
            Some(peer) => {
                let (least, most) = (peer.min_ttl.unwrap_or(0), peer.max_ttl.unwrap_or(u8::MAX));
                let ttl = datagram.ttl;
                if (least..=most).contains(&ttl) {
                    Ok(())
                } else {
                    Err(Refusal::TtlRange { ttl, least, most })
                }
            }
            None if self.config.check_unicast_src => Err(Refusal::UnknownPeer),
            None => Ok(()),
        }
    }

    /// The advert, if its authentication header is as it should be. A sequence number counts as heard whatever the
    /// advert says.
    fn authenticate<'a>(&mut self, datagram: &Datagram<'a>) -> Result<&'a [u8], Refusal> {
        let sealed = !datagram.header.is_empty();
        match self.config.auth {
            Some(Auth::Ah(key)) if sealed => {
                let (received, advert) = ah::open(&key, datagram)?;
                if received <= self.sequence {
                    return Err(Refusal::Replay { received, last: self.sequence });
                }
                self.sequence = received;
                Ok(advert)
            }
            auth if sealed == matches!(auth, Some(Auth::Ah(_))) => Ok(datagram.payload),
            _ => Err(Refusal::AuthHeader(sealed)),
        }
    }

    /// `auth_hmac`. A packet of another version is left to the check of that.
    fn verify_trailer(
        &mut self,
        terms: &Terms,
        payload: &[u8],
        from: IpAddr,
        out: &mut Vec<Action>,
    ) -> Result<(), Refusal> {
        if self.config.options.auth_hmac.is_none() {
            return Ok(());
        }
        let config = self.config.clone();
        let Some(how) = &config.options.auth_hmac else { return Ok(()) };
        if payload.first().map(|first| first >> 4) != Some(terms.version.number()) {
            return Ok(());
        }
        let (advert, Some(trailer)) = auth_hmac::split(payload, terms) else {
            let migrating = how.mode != HmacMode::Enforce;
            return if migrating { Ok(()) } else { Err(Refusal::TrailerMissing) };
        };
        let peers = &config.unicast_peers;
        if !peers.is_empty() && !peers.iter().any(|peer| peer.address == from) {
            return Err(Refusal::UnknownPeer);
        }
        let verified = self.rare().sequences.verify(how, terms, from, advert, trailer)?;
        if let Some(skew) = verified.skew
            && !std::mem::replace(&mut self.rare().skew_told, true)
        {
            self.note(What::ClockSkew { skew, window: how.time_window.as_secs(), from }, out);
        }
        Ok(())
    }

    fn refuse(&mut self, refusal: Refusal, datagram: &Datagram<'_>, out: &mut Vec<Action>) {
        let from = datagram.source;
        self.counters.rare().refuse(refusal);
        match self.rare().strangers.heard(datagram.received_at, from) {
            News::Nothing => {}
            News::Unknown => out.push(Action::Identify { instance: self.id, from }),
            News::Report(count) => {
                let (priority, vrid) = (datagram.advert().get(2).copied(), self.config.vrid);
                self.note(What::Stranger { from, mac: None, priority, vrid, refusal, count }, out);
                // For the next report.
                out.push(Action::Identify { instance: self.id, from });
            }
        }
        let told = &mut self.rare().told;
        let known = told.iter().any(|(told, by)| {
            // Each replay has another number, and each old packet another age.
            let alike = std::mem::discriminant(told) == std::mem::discriminant(&refusal);
            *by == from
                && (*told == refusal
                    || alike && matches!(refusal, Refusal::Replay { .. } | Refusal::TrailerStale { .. }))
        });
        if told.len() < TOLD && !known {
            told.push((refusal, from));
            let (version, interval) = (self.config.version, self.config.advert_int);
            self.note(What::Refused { refusal, from, version, interval }, out);
        }
    }

    fn compare_addresses(&mut self, advert: &Advert<'_>, from: IpAddr, out: &mut Vec<Action>) {
        if advert.priority == 0 || self.config.skip_check_adv_addr && self.follows(from) {
            return;
        }
        let same = advert.addresses().len() == self.named().len()
            && advert.addresses().zip(self.named()).all(|(theirs, ours)| theirs == ours.key.address());
        if same {
            return;
        }
        // Another order is the same list: sets are compared, and only when the quick look failed.
        let theirs: HashSet<IpAddr> = advert.addresses().collect();
        let missing = self.named().iter().map(|a| a.key.address()).find(|ours| !theirs.contains(ours));
        if missing.is_none() && theirs.len() == self.named().len() {
            return;
        }
        self.counters.rare().address_list += 1;
        if !self.list_told {
            self.list_told = true;
            let (ours, received) = (self.named().len(), advert.addresses().len());
            let vrid = self.config.vrid;
            self.note(What::AddressListDiffers { vrid, ours, received, missing, from }, out);
        }
    }

    /// Whether this is the master that we follow. Its list was looked at when it became that.
    fn follows(&self, from: IpAddr) -> bool {
        matches!(&self.phase, Phase::Backup(Backup { master: Some((master, _)), .. }) if *master == from)
    }

    /// Remembers the master that took over from us.
    pub fn follow(&mut self, master: IpAddr, priority: u8) {
        if let Phase::Backup(backup) = &mut self.phase {
            backup.master = Some((master, priority));
        }
    }

    fn heard_as_backup(&mut self, datagram: &Datagram<'_>, advert: &Advert<'_>, out: &mut Vec<Action>) {
        let from = datagram.source;
        if advert.priority == 0 {
            self.note(What::BackupReceivedPriorityZero, out);
            let skew = self.skew();
            if let Phase::Backup(backup) = &mut self.phase {
                (backup.since, backup.after) = (datagram.received_at, Some(skew));
            }
            return;
        }
        let delay = self.config.preempt_delay;
        let (ours, nopreempt) = (self.priority, self.config.nopreempt);
        let Phase::Backup(backup) = &mut self.phase else { return };
        let mut started = false;
        if advert.priority >= ours {
            backup.preempt_since = None;
        } else if !delay.is_zero() && !nopreempt && backup.preempt_since.is_none() {
            backup.preempt_since = Some(datagram.received_at);
            started = true;
        }
        let delayed = backup.preempt_since.is_some_and(|since| datagram.received_at < since + delay);
        if !nopreempt && advert.priority < ours && !delayed {
            self.note(What::LowerPriorityDiscarded { priority: advert.priority, from }, out);
            return;
        }
        let before = backup.master.map(|(address, _)| address);
        backup.master = Some((from, advert.priority));
        (backup.since, backup.after, backup.listening) = (datagram.received_at, None, false);
        self.wants_master = false;
        if started {
            self.note(What::PreemptDelayStarted { delay }, out);
        }
        if before != Some(from) {
            self.note(What::MasterSet { now: from, before }, out);
        }
        self.adopt_interval(advert, from, out);
    }

    /// Version 3: the master's interval rules (RFC 9568 section 6.4.2).
    fn adopt_interval(&mut self, advert: &Advert<'_>, from: IpAddr, out: &mut Vec<Action>) {
        if self.config.version == Version::V3
            && advert.interval != self.interval
            && !advert.interval.is_zero()
        {
            self.note(What::IntervalAdopted { from: self.interval, to: advert.interval }, out);
            if advert.interval != self.config.advert_int {
                let (ours, received) = (self.config.advert_int, advert.interval);
                self.note(What::IntervalDiffers { ours, received, from }, out);
            }
            self.interval = advert.interval;
        }
    }

    fn heard_as_master(
        &mut self,
        now: Mono,
        datagram: &Datagram<'_>,
        advert: &Advert<'_>,
        out: &mut Vec<Action>,
    ) -> Option<Wish> {
        let (from, priority, ours) = (datagram.source, advert.priority, self.priority);
        if priority == 0 {
            self.note(What::MasterReceivedPriorityZero { from }, out);
            self.speak_now(now, out);
            return None;
        }
        if priority == OWNER && ours == OWNER && !self.conflict_told {
            self.conflict_told = true;
            self.note(What::OwnerConflict { from }, out);
        }
        let insists = priority == OWNER && ours == OWNER && self.source.is_some_and(|own| from < own);
        if insists && self.heard_rogue(from, datagram.received_at, advert.interval, out) {
            return Some(Wish::Backup { heard: datagram.received_at });
        }
        let higher_address = self.source.is_some_and(|own| from > own);
        if priority < ours || (priority == ours && !higher_address) {
            let answered = !self.config.lower_prio_no_advert;
            self.note(What::LowerPriority { priority, ours, from, answered }, out);
            if matches!(self.config.auth, Some(Auth::Ah(_))) {
                // It may have sent another one meanwhile.
                self.sequence = self.sequence.saturating_add(1);
                self.note(What::SequenceSynced, out);
            }
            if answered {
                self.speak_now(now, out);
            }
            out.push(Action::NotifyLowerPriority { instance: self.id, name: self.config.name.clone() });
            return Some(Wish::Announce);
        }
        if priority > ours {
            self.note(What::HigherPriority { priority, ours, from }, out);
        } else {
            self.note(What::SamePriorityHigherAddress { priority, from }, out);
        }
        if self.config.higher_prio_send_advert {
            self.transmit(out);
        }
        if self.config.version == Version::V3 && !advert.interval.is_zero() {
            self.interval = advert.interval;
        }
        Some(Wish::Backup { heard: datagram.received_at })
    }
}
