//! What has been counted for one instance, in the terms of keepalived's statistics file.

use super::wire::Refusal;

/// Counters since the start; none is ever taken back but by an explicit clear.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    pub advert_received: u64,
    pub advert_sent: u64,
    pub became_master: u64,
    pub released_master: u64,
    pub packet_length: u64,
    pub ttl: u64,
    pub invalid_type: u64,
    pub advert_interval: u64,
    /// Accepted adverts whose addresses are not ours.
    pub address_list: u64,
    pub auth_invalid_type: u64,
    pub auth_type_mismatch: u64,
    pub auth_failure: u64,
    /// Of `auth_hmac`: no trailer; none of its form; an unknown key; a wrong HMAC; too old or too new; replayed.
    pub trailer_missing: u64,
    pub trailer_malformed: u64,
    pub trailer_key: u64,
    pub trailer_hmac: u64,
    pub trailer_stale: u64,
    pub trailer_replay: u64,
    pub priority_zero_received: u64,
    pub priority_zero_sent: u64,
    pub version: u64,
    pub checksum: u64,
    /// Multicast for unicast or the reverse, or an unknown peer.
    pub destination: u64,
    /// Adverts with our own address.
    pub own_source: u64,
    /// Adverts that were due while we were held up, and were not sent.
    pub skipped: u64,
}

impl Counters {
    /// Counts a refused packet by its reason.
    pub fn refuse(&mut self, refusal: Refusal) {
        let counter = match refusal {
            Refusal::Length => &mut self.packet_length,
            Refusal::Ttl(_) | Refusal::TtlRange { .. } => &mut self.ttl,
            Refusal::Version(_) => &mut self.version,
            Refusal::AuthType(..) | Refusal::AuthHeader(_) => &mut self.auth_type_mismatch,
            Refusal::UnknownAuthType(_) => &mut self.auth_invalid_type,
            Refusal::Password | Refusal::Spi(_) | Refusal::Icv | Refusal::Replay { .. } => {
                &mut self.auth_failure
            }
            Refusal::TrailerMissing => &mut self.trailer_missing,
            Refusal::TrailerMalformed => &mut self.trailer_malformed,
            Refusal::TrailerKey(_) => &mut self.trailer_key,
            Refusal::TrailerHmac => &mut self.trailer_hmac,
            Refusal::TrailerStale { .. } => &mut self.trailer_stale,
            Refusal::TrailerReplay => &mut self.trailer_replay,
            Refusal::Interval(_) => &mut self.advert_interval,
            Refusal::Type(_) => &mut self.invalid_type,
            Refusal::Checksum => &mut self.checksum,
            Refusal::Destination | Refusal::UnknownPeer => &mut self.destination,
            Refusal::OwnSource => &mut self.own_source,
        };
        *counter += 1;
    }
}

/// The counters of one instance, kept small: thousands of instances count few things.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub advert_received: u64,
    pub advert_sent: u64,
    pub became_master: u64,
    pub released_master: u64,
    rare: Option<Box<Counters>>,
}

impl Tally {
    /// For whatever has no place of its own.
    pub fn rare(&mut self) -> &mut Counters {
        self.rare.get_or_insert_default()
    }

    /// All of them.
    pub fn total(&self) -> Counters {
        Counters {
            advert_received: self.advert_received,
            advert_sent: self.advert_sent,
            became_master: self.became_master,
            released_master: self.released_master,
            ..self.rare.as_deref().copied().unwrap_or_default()
        }
    }
}
