//! The advertisement as bytes: RFC 3768 section 5 (version 2), RFC 9568 section 5 (version 3).
//!
//! The IPv4 header that the driver puts around it, as keepalived 2.2.7 does for multicast and unicast alike
//! (captures in `fixtures/captures`): 20 bytes without options, TOS 0xC0, TTL 255, no flags (DF is not set),
//! no fragment offset; the identification is 1 in an instance's first advert and grows by one with each
//! further one, priority 0 included; nothing follows the payload.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use thiserror::Error;

use super::checksum::Checksum;
use crate::config::model::{Auth, Version};
use crate::ids::{Family, Vrid};

const TYPE_ADVERTISEMENT: u8 = 1;
pub(super) const HEADER_LEN: usize = 8;
const IPV4_HEADER_LEN: usize = 20;
pub(super) const AUTH_DATA_LEN: usize = 8;
/// The IPsec authentication header with HMAC-MD5-96.
const AH_LEN: usize = 24;
const AUTH_NONE: u8 = 0;
const AUTH_PASS: u8 = 1;
const AUTH_AH: u8 = 2;
pub(super) const IPPROTO_VRRP: u8 = 112;
/// What the count in an advert can say.
pub const MOST_ADDRESSES: usize = 255;
/// What a router must send with, and what a multicast advert must arrive with.
pub const TTL: u8 = 255;

/// What we expect of an advert for one of our routers, and need to build one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    pub version: Version,
    pub family: Family,
    pub vrid: Vrid,
    pub auth: Option<Auth>,
    /// Our own interval; version 2 refuses another.
    pub interval: Duration,
    pub checksum: Checksum,
}

/// An advertisement that has passed every check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Advert<'a> {
    pub priority: u8,
    /// The sender's interval.
    pub interval: Duration,
    /// As [`Checksum::OldUnicast`] makes it.
    pub old_checksum: bool,
    family: Family,
    addresses: &'a [u8],
}

/// Why a packet was refused. Each is a counter; nothing else changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Error)]
pub enum Refusal {
    /// Too short for its header, its address count or its authentication data.
    #[error("packet too short")]
    Length,
    #[error("invalid TTL/HL {0}")]
    Ttl(u8),
    /// Of a peer with `min_ttl` and `max_ttl`.
    #[error("TTL/HL {ttl} not in range {least} - {most}")]
    TtlRange { ttl: u8, least: u8, most: u8 },
    /// The version in the packet.
    #[error("wrong version {0}")]
    Version(u8),
    /// Received, expected.
    #[error("authentication type {0} instead of {1}")]
    AuthType(u8, u8),
    #[error("unknown authentication type {0}")]
    UnknownAuthType(u8),
    #[error("wrong password")]
    Password,
    /// An authentication header where none is configured, or none where one is.
    #[error("authentication header present: {0}")]
    AuthHeader(bool),
    /// The security parameter index of the authentication header is not the sender's address.
    #[error("security parameter index {0}")]
    Spi(Ipv4Addr),
    /// The authentication header's value is not what our password makes.
    #[error("wrong authentication value")]
    Icv,
    /// The authentication header's sequence number, and the last that we have heard or sent.
    #[error("sequence number {received} after {last}")]
    Replay { received: u32, last: u32 },
    /// The sender's interval in seconds (version 2).
    #[error("advertisement interval {0}")]
    Interval(u8),
    /// The type field.
    #[error("type {0}")]
    Type(u8),
    #[error("invalid checksum")]
    Checksum,
    /// Multicast where unicast is configured, or the reverse.
    #[error("destination does not fit")]
    Destination,
    /// `check_unicast_src`, and the sender is no peer.
    #[error("unknown peer")]
    UnknownPeer,
    /// `auth_hmac`: no trailer, or none of the length that one has.
    #[error("no authentication trailer")]
    TrailerMissing,
    #[error("malformed authentication trailer")]
    TrailerMalformed,
    /// None of our keys has this id.
    #[error("unknown authentication key {0}")]
    TrailerKey(u8),
    #[error("wrong authentication HMAC")]
    TrailerHmac,
    /// Our clock is so many seconds ahead of the sender's, and so many are allowed.
    #[error("clock skew of {skew} s")]
    TrailerStale { skew: i32, window: i32 },
    /// Its sequence is not beyond the last that this sender has sent.
    #[error("replayed authentication trailer")]
    TrailerReplay,
    /// It carries our own address.
    #[error("own address")]
    OwnSource,
}

/// The virtual router that a packet speaks of, however bad the rest is.
pub fn vrid(payload: &[u8]) -> Option<Vrid> {
    payload.get(1).copied().and_then(Vrid::new)
}

impl<'a> Advert<'a> {
    /// Checks a packet in keepalived's order and reads it. Behind it Ethernet padding is tolerated, and a trailer, which
    /// over IPv6 is under the checksum.
    pub fn parse(
        payload: &'a [u8],
        source: IpAddr,
        destination: IpAddr,
        terms: &Terms,
    ) -> Result<Self, Refusal> {
        let (header, rest) = payload.split_first_chunk::<HEADER_LEN>().ok_or(Refusal::Length)?;
        let [first, _, priority, count, fifth, sixth, ..] = *header;
        let address_len = usize::from(terms.family.bits() / 8);
        let (addresses, tail) =
            rest.split_at_checked(usize::from(count) * address_len).ok_or(Refusal::Length)?;
        let version = first >> 4;
        if version != terms.version.number() {
            return Err(Refusal::Version(version));
        }
        let mut length = HEADER_LEN + addresses.len();
        let interval = match terms.version {
            Version::V2 => {
                check_auth_type(fifth, terms.auth.as_ref())?;
                if has_auth_data(terms) {
                    let auth_data = tail.first_chunk::<AUTH_DATA_LEN>().ok_or(Refusal::Length)?;
                    length += AUTH_DATA_LEN;
                    check_password(auth_data, terms.auth.as_ref())?;
                }
                let interval = Duration::from_secs(u64::from(sixth));
                if interval != terms.interval {
                    return Err(Refusal::Interval(sixth));
                }
                interval
            }
            Version::V3 => centiseconds(u16::from_be_bytes([fifth & 0x0f, sixth])),
        };
        if first & 0x0f != TYPE_ADVERTISEMENT {
            return Err(Refusal::Type(first & 0x0f));
        }
        let length = if terms.family == Family::V6 { payload.len() } else { length };
        let packet = payload.get(..length).ok_or(Refusal::Length)?;
        let old_checksum =
            terms.checksum.accept(packet, source, destination, terms.version).ok_or(Refusal::Checksum)?;
        Ok(Advert { priority, interval, old_checksum, family: terms.family, addresses })
    }

    /// The addresses that it names.
    pub fn addresses(&self) -> impl ExactSizeIterator<Item = IpAddr> + '_ {
        let family = self.family;
        self.addresses.chunks_exact(usize::from(family.bits() / 8)).map(move |bytes| match family {
            Family::V4 => {
                bytes.first_chunk().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |b: &[u8; 4]| (*b).into())
            }
            Family::V6 => {
                bytes.first_chunk().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |b: &[u8; 16]| (*b).into())
            }
        })
    }
}

fn check_auth_type(kind: u8, expected: Option<&Auth>) -> Result<(), Refusal> {
    let wanted = auth_type(expected);
    if kind > AUTH_AH {
        return Err(Refusal::UnknownAuthType(kind));
    }
    if kind != wanted {
        return Err(Refusal::AuthType(kind, wanted));
    }
    Ok(())
}

fn check_password(data: &[u8; AUTH_DATA_LEN], expected: Option<&Auth>) -> Result<(), Refusal> {
    match expected {
        Some(Auth::Pass(password)) if data != password => Err(Refusal::Password),
        _ => Ok(()),
    }
}

fn auth_type(auth: Option<&Auth>) -> u8 {
    match auth {
        None => AUTH_NONE,
        Some(Auth::Pass(_)) => AUTH_PASS,
        Some(Auth::Ah(_)) => AUTH_AH,
    }
}

/// How long an advert is that begins like this; `None` where it is not even a header.
pub(super) fn length(payload: &[u8], terms: &Terms) -> Option<usize> {
    let count = usize::from(*payload.get(3)?);
    let auth_data = if has_auth_data(terms) { AUTH_DATA_LEN } else { 0 };
    Some(HEADER_LEN + count * usize::from(terms.family.bits() / 8) + auth_data)
}

/// keepalived's version 2 over IPv6 has no place for it.
fn has_auth_data(terms: &Terms) -> bool {
    (terms.version, terms.family) == (Version::V2, Family::V4)
}

/// How many addresses an advert can name on an interface of this MTU, with `trailer` bytes behind them.
pub fn room(terms: &Terms, trailer: usize, mtu: u32) -> usize {
    let header = match terms.family {
        Family::V4 => IPV4_HEADER_LEN,
        Family::V6 => 40,
    };
    let fixed = header + HEADER_LEN + authentication_len(terms.version, terms.auth) + trailer;
    let bytes = usize::try_from(mtu).unwrap_or(usize::MAX).saturating_sub(fixed);
    (bytes / usize::from(terms.family.bits() / 8)).min(MOST_ADDRESSES)
}

/// The length of an advert with so many addresses as a socket gets it: over IPv4 with the IP header.
pub fn received_len(version: Version, family: Family, auth: Option<Auth>, addresses: usize) -> usize {
    let header = if family == Family::V4 { IPV4_HEADER_LEN } else { 0 };
    let list = addresses.min(MOST_ADDRESSES) * usize::from(family.bits() / 8);
    header + HEADER_LEN + authentication_len(version, auth) + list
}

fn authentication_len(version: Version, auth: Option<Auth>) -> usize {
    match (version, auth) {
        (Version::V2, Some(Auth::Ah(_))) => AUTH_DATA_LEN + AH_LEN,
        (Version::V2, _) => AUTH_DATA_LEN,
        (Version::V3, _) => 0,
    }
}

/// The payload of an advert, checksum included.
pub fn emit(
    terms: &Terms,
    priority: u8,
    addresses: impl ExactSizeIterator<Item = IpAddr>,
    source: IpAddr,
    destination: IpAddr,
) -> Vec<u8> {
    let count = u8::try_from(addresses.len()).unwrap_or(u8::MAX);
    let mut packet = Vec::with_capacity(HEADER_LEN + usize::from(count) * 16 + AUTH_DATA_LEN);
    packet.push((terms.version.number() << 4) | TYPE_ADVERTISEMENT);
    packet.extend([terms.vrid.get(), priority, count]);
    match terms.version {
        Version::V2 => {
            packet.push(auth_type(terms.auth.as_ref()));
            packet.push(u8::try_from(terms.interval.as_secs()).unwrap_or(u8::MAX));
        }
        Version::V3 => packet.extend((to_centiseconds(terms.interval) & 0x0fff).to_be_bytes()),
    }
    packet.extend([0, 0]);
    for address in addresses.take(usize::from(count)) {
        match address {
            IpAddr::V4(v4) => packet.extend(v4.octets()),
            IpAddr::V6(v6) => packet.extend(v6.octets()),
        }
    }
    if has_auth_data(terms) {
        match &terms.auth {
            Some(Auth::Pass(password)) => packet.extend(password),
            _ => packet.extend([0; AUTH_DATA_LEN]),
        }
    }
    terms.checksum.write(&mut packet, source, destination, terms.version);
    packet
}

/// The same packet with a trailer behind it; over IPv6 the checksum covers that too, as the kernel's does.
pub fn with_trailer(
    packet: &[u8],
    trailer: &[u8],
    source: IpAddr,
    destination: IpAddr,
    version: Version,
) -> Vec<u8> {
    let mut packet = [packet, trailer].concat();
    if source.is_ipv6() {
        Checksum::Standard.write(&mut packet, source, destination, version);
    }
    packet
}

/// Changes the priority of a packet that [`emit`] made, and its checksum by as much (RFC 1624, equation 3).
pub fn with_priority(packet: &[u8], priority: u8) -> Vec<u8> {
    let mut packet = packet.to_vec();
    let old = packet.get(2).copied().unwrap_or(priority);
    if let Some(field) = packet.get_mut(2) {
        *field = priority;
    }
    if let Some(field) = packet.get_mut(6..8)
        && let [high, low] = *field
    {
        let sum = u32::from(!u16::from_be_bytes([high, low]))
            + u32::from(!u16::from_be_bytes([old, 0]))
            + u32::from(u16::from_be_bytes([priority, 0]));
        let folded = (sum & 0xffff) + (sum >> 16);
        let folded = (folded & 0xffff) + (folded >> 16);
        field.copy_from_slice(&(!(folded as u16)).to_be_bytes());
    }
    packet
}

fn centiseconds(count: u16) -> Duration {
    Duration::from_millis(u64::from(count) * 10)
}

fn to_centiseconds(span: Duration) -> u16 {
    u16::try_from(span.as_millis() / 10).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn terms(version: Version, auth: Option<Auth>) -> Terms {
        let vrid = Vrid::new(101).unwrap();
        let checksum = Checksum::Standard;
        Terms { version, family: Family::V4, vrid, auth, interval: Duration::from_secs(1), checksum }
    }

    #[test]
    fn version_2_as_keepalived_sends_it() {
        // strace of keepalived 2.2.7: 21 65 c8 01 00 01 52 8a c0 a8 03 65 + 8 zeros; then priority 0: 1a 8b
        let ours = emit(
            &terms(Version::V2, None),
            200,
            [v4("192.168.3.101")].into_iter(),
            v4("10.0.101.1"),
            v4("224.0.0.18"),
        );
        let observed = [0x21, 0x65, 0xc8, 1, 0, 1, 0x52, 0x8a, 0xc0, 0xa8, 3, 0x65, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(ours, observed);
        let zero = with_priority(&ours, 0);
        assert_eq!(zero[2], 0);
        assert_eq!(zero[6..8], [0x1a, 0x8b]);
    }

    #[test]
    fn what_is_emitted_is_read_back() {
        for version in [Version::V2, Version::V3] {
            let terms = terms(version, (version == Version::V2).then_some(Auth::Pass(*b"xxxxxx\0\0")));
            let addresses = [v4("10.0.0.1"), v4("10.0.0.2")];
            let (from, to) = (v4("10.9.9.9"), v4("224.0.0.18"));
            let packet = emit(&terms, 77, addresses.into_iter(), from, to);
            let advert = Advert::parse(&packet, from, to, &terms).unwrap();
            assert_eq!((advert.priority, advert.interval), (77, Duration::from_secs(1)));
            assert!(advert.addresses().eq(addresses));
            for priority in 0..=255 {
                let made = emit(&terms, priority, addresses.into_iter(), from, to);
                assert_eq!(with_priority(&packet, priority), made);
            }
            // A single wrong bit anywhere is noticed.
            for bit in 0..packet.len() * 8 {
                let mut bad = packet.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                if bit / 8 != 1 {
                    assert!(
                        Advert::parse(&bad, from, to, &terms).is_err(),
                        "bit {bit} of version {version:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn version_2_over_ipv6_has_no_place_for_a_password() {
        // Captured from keepalived 2.2.7, with auth_type PASS.
        let observed: Vec<u8> = [
            &[0x21, 0x3d, 0xc8, 2, 1, 1, 0xeb, 0x9b][..],
            &"fe80::61".parse::<Ipv6Addr>().unwrap().octets(),
            &"2001:db8:9::50".parse::<Ipv6Addr>().unwrap().octets(),
        ]
        .concat();
        let (from, to) = (v4("fe80::ff:fe00:1"), v4("ff02::12"));
        let terms = Terms {
            family: Family::V6,
            vrid: Vrid::new(61).unwrap(),
            ..terms(Version::V2, Some(Auth::Pass(*b"abcd\0\0\0\0")))
        };
        let addresses = [v4("fe80::61"), v4("2001:db8:9::50")];
        assert_eq!(emit(&terms, 200, addresses.into_iter(), from, to), observed);
        assert!(Advert::parse(&observed, from, to, &terms).is_ok());
        let none = Terms { auth: None, ..terms };
        assert_eq!(Advert::parse(&observed, from, to, &none).map(|_| ()), Err(Refusal::AuthType(1, 0)));
    }

    #[test]
    fn refusals_name_their_reason() {
        let (from, to) = (v4("10.9.9.9"), v4("224.0.0.18"));
        let expected = terms(Version::V2, Some(Auth::Pass(*b"secret\0\0")));
        let parse = |sent: &Terms| {
            let packet = emit(sent, 100, [v4("10.0.0.1")].into_iter(), from, to);
            Advert::parse(&packet, from, to, &expected).map(|_| ())
        };
        assert_eq!(parse(&terms(Version::V2, None)), Err(Refusal::AuthType(0, 1)));
        assert_eq!(parse(&terms(Version::V2, Some(Auth::Pass(*b"other\0\0\0")))), Err(Refusal::Password));
        assert_eq!(parse(&terms(Version::V3, None)), Err(Refusal::Version(3)));
        let slow = Terms { interval: Duration::from_secs(2), ..expected };
        assert_eq!(parse(&slow), Err(Refusal::Interval(2)));
        assert_eq!(parse(&expected), Ok(()));
        assert_eq!(Advert::parse(&[0x21, 1, 1], from, to, &expected).map(|_| ()), Err(Refusal::Length));
    }
}
