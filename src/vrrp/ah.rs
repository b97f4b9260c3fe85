//! `auth_type AH`: RFC 2402's header between the IP header and a version 2 advert, with HMAC-MD5-96.
//!
//! As keepalived 2.2.7 does it (captures in `fixtures/captures`, and packets made by hand): the security parameter
//! index is the sender's address; of the IP header type of service, fragment bits and checksum count as zero, and the
//! TTL too unless the packet goes to a group. The sequence number is one for both directions: a router goes on from the
//! last that it has heard, and refuses what is not beyond the last that it has heard or sent.

use std::net::{IpAddr, Ipv4Addr};

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;

use super::event::Datagram;
use super::wire::{IPPROTO_VRRP, Refusal, TTL};

/// Bytes of the header.
pub const LEN: usize = 24;
const ICV_AT: usize = 12;
const IPPROTO_AH: u8 = 51;
const IP_HEADER: usize = 20;
/// Its length in words of 4 bytes, less 2.
const LENGTH: u8 = 4;

/// A packet as it is to leave: the IPv4 header's ends and identification, and the advert.
#[derive(Clone, Copy, Debug)]
pub struct Unsealed<'a> {
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    pub id: u16,
    pub advert: &'a [u8],
}

/// What stands behind the IP header: authentication header and advert. `None` if it is longer than a packet.
pub fn seal(key: &[u8], sequence: u32, packet: &Unsealed<'_>) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(LEN + packet.advert.len());
    bytes.extend([IPPROTO_VRRP, LENGTH, 0, 0]);
    bytes.extend(packet.source.octets());
    bytes.extend(sequence.to_be_bytes());
    bytes.extend([0; LEN - ICV_AT]);
    bytes.extend(packet.advert);
    let total = u16::try_from(IP_HEADER + bytes.len()).ok()?.to_be_bytes();
    let id = packet.id.to_be_bytes();
    let mut header = [0; IP_HEADER];
    let (fixed, ends) = header.split_at_mut(12);
    let start = [0x45, 0, total[0], total[1], id[0], id[1], 0, 0, TTL, IPPROTO_AH, 0, 0];
    fixed.copy_from_slice(&start);
    let (from, to) = ends.split_at_mut(4);
    from.copy_from_slice(&packet.source.octets());
    to.copy_from_slice(&packet.destination.octets());
    immutable(&mut header);
    let sum = mac(key, &header, &bytes)?.finalize().into_bytes();
    bytes.get_mut(ICV_AT..LEN)?.copy_from_slice(sum.get(..LEN - ICV_AT)?);
    Some(bytes)
}

/// Checks a packet's authentication header; gives its sequence number, which is the caller's to judge, and the advert.
pub fn open<'a>(key: &[u8], datagram: &Datagram<'a>) -> Result<(u32, &'a [u8]), Refusal> {
    let (ah, advert) = datagram.payload.split_first_chunk::<LEN>().ok_or(Refusal::Length)?;
    let mut header: [u8; IP_HEADER] = datagram.header.try_into().map_err(|_| Refusal::Length)?;
    let [_, _, _, _, a, b, c, d, e, f, g, h, icv @ ..] = *ah;
    let index = Ipv4Addr::new(a, b, c, d);
    if IpAddr::V4(index) != datagram.source {
        return Err(Refusal::Spi(index));
    }
    immutable(&mut header);
    let mut blank = *ah;
    blank.iter_mut().skip(ICV_AT).for_each(|byte| *byte = 0);
    let mac = mac(key, &header, &blank).ok_or(Refusal::Icv)?.chain_update(advert);
    mac.verify_truncated_left(&icv).map_err(|_| Refusal::Icv)?;
    Ok((u32::from_be_bytes([e, f, g, h]), advert))
}

/// Makes zero what routers on the way may change.
fn immutable(header: &mut [u8; IP_HEADER]) {
    let [_, tos, _, _, _, _, flags, offset, ttl, _, high, low, .., first, _, _, _] = header;
    (*tos, *flags, *offset, *high, *low) = (0, 0, 0, 0, 0);
    // To a group keepalived covers it.
    if !(224..240).contains(first) {
        *ttl = 0;
    }
}

fn mac(key: &[u8], header: &[u8; IP_HEADER], rest: &[u8]) -> Option<Hmac<Md5>> {
    Some(Hmac::<Md5>::new_from_slice(key).ok()?.chain_update(header).chain_update(rest))
}
