//! The checksum of an advert (RFC 9568 section 5.2.8), and the other ones that keepalived knows for version 3 over IPv4.

use std::net::{IpAddr, Ipv4Addr};

use super::action::Action;
use super::instance::Instance;
use super::note::What;
use super::wire::IPPROTO_VRRP;
use crate::config::model::Version;
use crate::config::model::options::OldChecksum;

/// Which one is sent, and which are taken. But for version 3 over IPv4 it is always [`Checksum::Standard`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Checksum {
    /// Over the packet; for version 3, and over IPv6, with a pseudo header.
    #[default]
    Standard,
    /// `v3_checksum_as_v2`: sent without the pseudo header, and taken with it or without.
    AsV2,
    /// `old_unicast_checksum`: the pseudo header names this group and not the receiver, as keepalived's did until 1.3.6.
    OldUnicast(Ipv4Addr),
    /// Sent as [`Checksum::Standard`]; the old one of unicast is taken too.
    Detect(Ipv4Addr),
}

impl Checksum {
    /// The destination in the pseudo header of what is sent; `None` is no pseudo header.
    fn names(self, version: Version, destination: IpAddr) -> Option<IpAddr> {
        match self {
            Checksum::AsV2 => None,
            Checksum::OldUnicast(group) => Some(group.into()),
            _ => (version == Version::V3 || destination.is_ipv6()).then_some(destination),
        }
    }

    /// Puts it into a packet.
    pub(super) fn write(self, packet: &mut [u8], source: IpAddr, destination: IpAddr, version: Version) {
        if let Some(field) = packet.get_mut(6..8) {
            field.fill(0);
        }
        let sum = sum(packet, source, self.names(version, destination)).to_be_bytes();
        if let Some(field) = packet.get_mut(6..8) {
            field.copy_from_slice(&sum);
        }
    }

    /// Whether that of a packet is the old one of unicast; `None` where it is none that is taken.
    pub(super) fn accept(
        self,
        packet: &[u8],
        source: IpAddr,
        destination: IpAddr,
        version: Version,
    ) -> Option<bool> {
        let right = |named| sum(packet, source, named) == 0;
        if right(self.names(version, destination)) {
            return Some(matches!(self, Checksum::OldUnicast(_)));
        }
        match self {
            Checksum::AsV2 if right(Some(destination)) => Some(false),
            Checksum::Detect(group) if right(Some(group.into())) => Some(true),
            _ => None,
        }
    }
}

impl Instance {
    /// What the configuration says.
    pub(super) fn checksum(&self) -> Checksum {
        let (config, options) = (&self.config, &self.config.options);
        let IpAddr::V4(group) = config.multicast_group else { return Checksum::Standard };
        match (config.version, options.old_unicast_checksum) {
            (Version::V2, _) => Checksum::Standard,
            _ if options.v3_checksum_as_v2 => Checksum::AsV2,
            _ if config.unicast_peers.is_empty() => Checksum::Standard,
            (_, OldChecksum::Always) => Checksum::OldUnicast(group),
            (_, OldChecksum::Detect) => Checksum::Detect(group),
            (_, OldChecksum::Never) => Checksum::Standard,
        }
    }

    /// What this receiver of ours understands.
    pub(super) fn checksum_for(&self, receiver: IpAddr) -> Checksum {
        match self.checksum() {
            Checksum::Detect(group) if self.old_peers.contains(&receiver) => Checksum::OldUnicast(group),
            other => other,
        }
    }

    /// An advert was taken: its sender is answered in its own way from now on.
    pub(super) fn follow_checksum(&mut self, from: IpAddr, old: bool, out: &mut Vec<Action>) {
        let is_peer = || self.config.unicast_peers.iter().any(|peer| peer.address == from);
        if old == self.old_peers.contains(&from) || !is_peer() {
            return;
        }
        match old {
            true => self.old_peers.push(from),
            false => self.old_peers.retain(|peer| *peer != from),
        }
        self.packets.clear();
        self.note(What::PeerChecksum { old }, out);
    }

    /// Those that are no peers any more.
    pub(super) fn forget_old_peers(&mut self) {
        let peers = &self.config.unicast_peers;
        self.old_peers.retain(|old| peers.iter().any(|peer| peer.address == *old));
    }
}

/// Over a packet whose checksum stands in it the result is 0 where it is right. `named` is the destination in the pseudo
/// header.
fn sum(packet: &[u8], source: IpAddr, named: Option<IpAddr>) -> u16 {
    let mut sum = ones_sum(packet);
    if let Some(destination) = named {
        sum += match (source, destination) {
            (IpAddr::V4(from), IpAddr::V4(to)) => ones_sum(&from.octets()) + ones_sum(&to.octets()),
            (IpAddr::V6(from), IpAddr::V6(to)) => ones_sum(&from.octets()) + ones_sum(&to.octets()),
            _ => 0,
        };
        sum += u64::from(IPPROTO_VRRP) + packet.len() as u64;
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

fn ones_sum(bytes: &[u8]) -> u64 {
    bytes
        .chunks(2)
        .map(|pair| match *pair {
            [high, low] => u64::from(u16::from_be_bytes([high, low])),
            [high] => u64::from(high) << 8,
            _ => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
    const EVERY: [Checksum; 4] =
        [Checksum::Standard, Checksum::AsV2, Checksum::OldUnicast(GROUP), Checksum::Detect(GROUP)];

    /// What `taker` says of the unicast packet that `sender` makes.
    fn met(sender: Checksum, taker: Checksum) -> Option<bool> {
        let [from, to] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from);
        let mut packet = [0x31, 51, 100, 1, 0, 50, 0, 0, 10, 0, 0, 50];
        sender.write(&mut packet, from, to, Version::V3);
        taker.accept(&packet, from, to, Version::V3)
    }

    #[test]
    fn who_takes_whose() {
        let old = Some(true);
        let new = Some(false);
        let rows = EVERY.map(|taker| EVERY.map(|sender| met(sender, taker)));
        assert_eq!(rows[0], [new, None, None, new], "standard");
        assert_eq!(rows[1], [new, new, None, new], "v3_checksum_as_v2");
        assert_eq!(rows[2], [None, None, old, None], "old_unicast_checksum");
        assert_eq!(rows[3], [new, None, old, new], "neither");
    }

    #[test]
    fn old_ones_are_keepaliveds() {
        // Captured from keepalived 2.2.7 with old_unicast_checksum, the group as it is and 224.0.0.99.
        let [from, to] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from);
        for (last, observed) in [(18, [0x75, 0xd7]), (99, [0x75, 0x86])] {
            let how = Checksum::OldUnicast(Ipv4Addr::new(224, 0, 0, last));
            let mut ours = [0x31, 0x33, 0x64, 1, 0, 0x32, 0, 0, 10, 0, 0, 0x32];
            how.write(&mut ours, from, to, Version::V3);
            assert_eq!(ours[6..8], observed);
        }
    }
}
