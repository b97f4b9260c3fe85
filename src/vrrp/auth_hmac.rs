//! `auth_hmac`: a trailer of 28 bytes behind the advert, keepalived's extension in the form of 2.4.2 and later.
//!
//! ```text
//! type (1: HMAC-SHA256 cut to 128 bits) | key id | 0 0 | sequence (8 bytes) | HMAC (16 bytes)
//! ```
//!
//! The sequence is the sender's wall clock: 32 bits of seconds since 1970, 16 of a second's fraction, and 16 that only
//! tell apart what has the same time. It is compared as RFC 1982 says, so that its wrap in 2106 is none.
//!
//! Signed is: family (4 or 6), version, VRID, a zero, the source address in 16 bytes; then the advert and the trailer,
//! with zeros for the checksum and for the HMAC itself. The destination is not in it, so that one trailer serves all
//! peers; nor is the IP header. Captures of 2.4.3 are in `fixtures/captures`.

use std::net::IpAddr;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::wire::{Refusal, Terms};
use crate::config::model::options::{AntiReplay, AuthHmac, HmacMode};

/// Bytes of the trailer.
pub const LEN: usize = 28;
const HMAC_SHA256_128: u8 = 1;
/// Where the HMAC stands in it.
const HMAC_AT: usize = 12;
const CHECKSUM: std::ops::Range<usize> = 6..8;
/// Senders whose last sequence is remembered; only who has the key gets here.
const SENDERS: usize = 256;

/// What an instance remembers: the clock, the last sequence that it sent, and the last of each sender.
#[derive(Clone, Debug, Default)]
pub struct Sequences {
    /// The wall clock as the driver last told it, since 1970.
    pub utc: Duration,
    sent: Option<u64>,
    /// The latest speaker last.
    heard: Vec<(IpAddr, u64)>,
}

/// A trailer that is right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verified {
    /// How far our clock is ahead of the sender's, when that is more than half of what is allowed; seconds.
    pub skew: Option<i32>,
}

/// The packet's parts: the advert, and what stands behind it if that is a trailer.
pub fn split<'a>(payload: &'a [u8], terms: &Terms) -> (&'a [u8], Option<&'a [u8; LEN]>) {
    let trailer = super::wire::length(payload, terms)
        .and_then(|length| payload.split_at_checked(length))
        .and_then(|(advert, rest)| Some((advert, rest.try_into().ok()?)));
    match trailer {
        Some((advert, trailer)) => (advert, Some(trailer)),
        None => (payload, None),
    }
}

impl Sequences {
    /// The trailer of an advert from `source`; none where we only receive.
    pub fn sign(
        &mut self,
        how: &AuthHmac,
        terms: &Terms,
        source: IpAddr,
        advert: &[u8],
    ) -> Option<[u8; LEN]> {
        if how.mode == HmacMode::ReceiveOnly {
            return None;
        }
        let key = how.secret(how.active_key)?;
        let mut trailer = [0; LEN];
        let (head, hmac) = trailer.split_at_mut(HMAC_AT);
        let (kind, sequence) = head.split_at_mut(4);
        kind.copy_from_slice(&[HMAC_SHA256_128, how.active_key, 0, 0]);
        sequence.copy_from_slice(&self.next(how).to_be_bytes());
        let sum = mac(key, terms, source, advert, head)?.finalize().into_bytes();
        hmac.copy_from_slice(sum.get(..LEN - HMAC_AT)?);
        Some(trailer)
    }

    /// Judges a trailer from `source`. What cannot be right is refused before anything is computed; nothing of it
    /// is believed, or remembered, before the HMAC is found right.
    pub fn verify(
        &mut self,
        how: &AuthHmac,
        terms: &Terms,
        source: IpAddr,
        advert: &[u8],
        trailer: &[u8; LEN],
    ) -> Result<Verified, Refusal> {
        let [kind, key, zero_a, zero_b, a, b, c, d, e, f, g, h, hmac @ ..] = *trailer;
        if kind != HMAC_SHA256_128 || (zero_a, zero_b) != (0, 0) {
            return Err(Refusal::TrailerMalformed);
        }
        let sequence = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        let skew = self.ahead_of(sequence);
        let timed = how.anti_replay == AntiReplay::Time;
        if timed && !how.is_fresh(skew) {
            return Err(Refusal::TrailerStale { skew, window: how.window() });
        }
        let secret = how.secret(key).ok_or(Refusal::TrailerKey(key))?;
        let (head, _) = trailer.split_at(HMAC_AT);
        mac(secret, terms, source, advert, head)
            .and_then(|mac| mac.verify_truncated_left(&hmac).ok())
            .ok_or(Refusal::TrailerHmac)?;
        self.remember(how, source, sequence)?;
        let near_the_edge = timed && skew.unsigned_abs() > how.window().unsigned_abs() / 2;
        Ok(Verified { skew: near_the_edge.then_some(skew) })
    }

    /// Grows with every advert. Where our clock was ahead and has been set right, the sequence starts again from the
    /// clock as soon as receivers would find it too far ahead; those that only look for growth never do.
    fn next(&mut self, how: &AuthHmac) -> u64 {
        let clock = sequence_at(self.utc);
        let next = match self.sent {
            Some(sent) if !is_after(clock, sent) => {
                let ahead = self.ahead_of(sent).saturating_neg();
                let stranded = how.anti_replay == AntiReplay::Time && ahead > how.window();
                if stranded { clock } else { sent.wrapping_add(1) }
            }
            _ => clock,
        };
        self.sent = Some(next);
        next
    }

    fn remember(&mut self, how: &AuthHmac, source: IpAddr, sequence: u64) -> Result<(), Refusal> {
        let place = self.heard.iter().position(|(sender, _)| *sender == source);
        if let Some(last) = place.and_then(|place| self.heard.get(place)).map(|(_, last)| *last) {
            // One beyond the window says nothing about what is in it: its sender's clock was set right.
            let counts = how.anti_replay == AntiReplay::Monotonic || how.is_fresh(self.ahead_of(last));
            if counts && !is_after(sequence, last) {
                return Err(Refusal::TrailerReplay);
            }
        }
        match place {
            Some(place) => drop(self.heard.remove(place)),
            None if self.heard.len() >= SENDERS => drop(self.heard.remove(0)),
            None => {}
        }
        self.heard.push((source, sequence));
        Ok(())
    }

    /// Seconds by which our clock is ahead of a sequence's.
    fn ahead_of(&self, sequence: u64) -> i32 {
        let seconds = |sequence: u64| (sequence >> 32) as u32;
        seconds(sequence_at(self.utc)).wrapping_sub(seconds(sequence)) as i32
    }
}

impl AuthHmac {
    /// Seconds.
    fn window(&self) -> i32 {
        i32::try_from(self.time_window.as_secs()).unwrap_or(i32::MAX)
    }

    fn is_fresh(&self, skew: i32) -> bool {
        skew.unsigned_abs() <= self.window().unsigned_abs()
    }
}

fn sequence_at(utc: Duration) -> u64 {
    let fraction = (u64::from(utc.subsec_nanos()) << 16) / 1_000_000_000;
    (utc.as_secs() << 32) | (fraction << 16)
}

/// RFC 1982, section 3.2.
fn is_after(one: u64, other: u64) -> bool {
    one != other && one.wrapping_sub(other) < 1 << 63
}

fn mac(key: &[u8], terms: &Terms, source: IpAddr, advert: &[u8], head: &[u8]) -> Option<Hmac<Sha256>> {
    let mut scope = [0; 20];
    let (about, address) = scope.split_at_mut(4);
    let family = match source {
        IpAddr::V4(v4) => {
            address.get_mut(..4)?.copy_from_slice(&v4.octets());
            4
        }
        IpAddr::V6(v6) => {
            address.copy_from_slice(&v6.octets());
            6
        }
    };
    about.copy_from_slice(&[family, terms.version.number(), terms.vrid.get(), 0]);
    Some(
        Hmac::<Sha256>::new_from_slice(key)
            .ok()?
            .chain_update(scope)
            .chain_update(advert.get(..CHECKSUM.start)?)
            .chain_update([0; 2])
            .chain_update(advert.get(CHECKSUM.end..)?)
            .chain_update(head)
            .chain_update([0; LEN - HMAC_AT]),
    )
}
