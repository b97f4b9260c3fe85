//! Ethernet frames taken apart: as much of VRRP, ARP and neighbour discovery as the tests look at.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Instant;

/// A frame seen on an interface.
#[derive(Debug, Clone)]
pub struct Frame {
    /// When it was read.
    pub at: Instant,
    /// The interface it passed.
    pub interface: String,
    /// Whether this host sent it.
    pub outgoing: bool,
    /// From the destination address on.
    pub bytes: Vec<u8>,
}

/// A VRRP packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advert {
    /// Ethernet source.
    pub source_mac: [u8; 6],
    /// Ethernet destination.
    pub target_mac: [u8; 6],
    /// Type of service, or traffic class.
    pub tos: u8,
    /// IP identification; 0 over IPv6, as are the fragment bits.
    pub id: u16,
    /// Flags and fragment offset.
    pub fragment: u16,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// IP source.
    pub source: IpAddr,
    /// IP destination.
    pub target: IpAddr,
    /// The authentication header before it, if there is one.
    pub ah: Vec<u8>,
    /// The VRRP packet, from version and type to the end of the IP packet.
    pub vrrp: Vec<u8>,
}

impl Advert {
    /// The sender's priority.
    pub fn priority(&self) -> u8 {
        self.vrrp.get(2).copied().unwrap_or(0)
    }

    /// All that should be the same for each sender, in words; identification and authentication header are left out.
    pub fn describe(&self) -> String {
        format!(
            "{} > {} {} > {} tos {:#x} ttl {} frag {:#x} vrrp {}",
            hex(&self.source_mac[..3]),
            hex(&self.target_mac),
            self.source,
            self.target,
            self.tos,
            self.ttl,
            self.fragment,
            hex(&self.vrrp)
        )
    }
}

/// An ARP packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arp {
    /// Ethernet source.
    pub source_mac: [u8; 6],
    /// Ethernet destination.
    pub target_mac: [u8; 6],
    /// 1 request, 2 reply.
    pub operation: u16,
    /// Sender's hardware address.
    pub sender_mac: [u8; 6],
    /// Sender's protocol address.
    pub sender: Ipv4Addr,
    /// Target's hardware address.
    pub wanted_mac: [u8; 6],
    /// Target's protocol address.
    pub wanted: Ipv4Addr,
    /// Length of the frame.
    pub length: usize,
}

impl Arp {
    fn describe(&self) -> String {
        format!(
            "{} > {} operation {} {} {} asks {} {} length {}",
            hex(&self.source_mac),
            hex(&self.target_mac),
            self.operation,
            hex(&self.sender_mac),
            self.sender,
            hex(&self.wanted_mac),
            self.wanted,
            self.length
        )
    }

    /// Whether it announces its sender's own address.
    pub fn gratuitous(&self) -> bool {
        self.sender == self.wanted
    }
}

impl Frame {
    /// The Ethernet source address.
    pub fn source_mac(&self) -> Option<[u8; 6]> {
        array(&self.bytes, 6)
    }

    /// Whether it reports memberships of IPv6 groups: MLD, behind the hop-by-hop header.
    pub fn is_group_report(&self) -> bool {
        let at = |index: usize| self.bytes.get(index).copied();
        word(&self.bytes, 12) == Some(0x86dd)
            && (at(20), at(54)) == (Some(0), Some(58))
            && matches!(at(62), Some(131 | 143))
    }

    /// The frame as a VRRP packet, if it is one.
    pub fn advert(&self) -> Option<Advert> {
        let bytes = &self.bytes;
        if word(bytes, 12)? == 0x86dd {
            return self.advert_v6();
        }
        let protocol = *bytes.get(23)?;
        if word(bytes, 12)? != 0x0800 || ![112, 51].contains(&protocol) {
            return None;
        }
        let sealed = if protocol == 51 { 24 } else { 0 };
        let header = usize::from(bytes.get(14)? & 0x0f) * 4;
        let total = usize::from(word(bytes, 16)?);
        Some(Advert {
            source_mac: array(bytes, 6)?,
            target_mac: array(bytes, 0)?,
            tos: *bytes.get(15)?,
            id: word(bytes, 18)?,
            fragment: word(bytes, 20)?,
            ttl: *bytes.get(22)?,
            source: Ipv4Addr::from(array::<4>(bytes, 26)?).into(),
            target: Ipv4Addr::from(array::<4>(bytes, 30)?).into(),
            ah: bytes.get(14 + header..14 + header + sealed)?.to_vec(),
            vrrp: bytes.get(14 + header + sealed..14 + total)?.to_vec(),
        })
    }

    fn advert_v6(&self) -> Option<Advert> {
        let bytes = &self.bytes;
        let length = usize::from(word(bytes, 18)?);
        (*bytes.get(20)? == 112).then_some(())?;
        Some(Advert {
            source_mac: array(bytes, 6)?,
            target_mac: array(bytes, 0)?,
            tos: (word(bytes, 14)? >> 4) as u8,
            id: 0,
            fragment: 0,
            ttl: *bytes.get(21)?,
            source: Ipv6Addr::from(array::<16>(bytes, 22)?).into(),
            target: Ipv6Addr::from(array::<16>(bytes, 38)?).into(),
            ah: Vec::new(),
            vrrp: bytes.get(54..54 + length)?.to_vec(),
        })
    }

    /// What the frame announces, if it is a gratuitous ARP or an unsolicited neighbour advertisement to all nodes:
    /// the address, and the whole in words.
    pub fn announcement(&self) -> Option<(IpAddr, String)> {
        if let Some(arp) = self.arp().filter(Arp::gratuitous) {
            return Some((arp.sender.into(), arp.describe()));
        }
        let bytes = &self.bytes;
        let all_nodes = "ff02::1".parse::<Ipv6Addr>().unwrap().octets();
        let (class, kind) = (word(bytes, 12)?, (*bytes.get(20)?, *bytes.get(54)?));
        if class != 0x86dd || kind != (58, 136) || array(bytes, 38)? != all_nodes {
            return None;
        }
        Some((Ipv6Addr::from(array::<16>(bytes, 62)?).into(), hex(bytes)))
    }

    /// The frame as an ARP packet, if it is one.
    pub fn arp(&self) -> Option<Arp> {
        let bytes = &self.bytes;
        if word(bytes, 12)? != 0x0806 {
            return None;
        }
        Some(Arp {
            source_mac: array(bytes, 6)?,
            target_mac: array(bytes, 0)?,
            operation: word(bytes, 20)?,
            sender_mac: array(bytes, 22)?,
            sender: array::<4>(bytes, 28)?.into(),
            wanted_mac: array(bytes, 32)?,
            wanted: array::<4>(bytes, 38)?.into(),
            length: bytes.len(),
        })
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}
