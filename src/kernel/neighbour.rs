//! Unsolicited neighbour advertisement: what gratuitous ARP is to IPv4 (RFC 4861 section 7.2.6).
//!
//! As keepalived sends it (capture of 2.2.7): from the virtual address to all nodes, hop limit 255, the override flag
//! set, with the interface's MAC as the target link-layer address; 86 bytes.

use std::net::Ipv6Addr;

use smallvec::SmallVec;

use super::frames::{ETH_P_IPV6, Leaving, ethernet, ipv6_header};
use crate::ids::{IfIndex, Mac};

const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const IPPROTO_ICMPV6: u8 = 58;
const HOP_LIMIT: u8 = 255;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const ROUTER: u8 = 0x80;
const OVERRIDE: u8 = 0x20;
const TARGET_LINK_LAYER_ADDRESS: u8 = 2;
const MESSAGE_LEN: usize = 32;

/// What announces `address` as that of `mac`; `router` is whether the interface forwards.
pub fn announcement(interface: IfIndex, mac: Mac, address: Ipv6Addr, router: bool) -> Leaving {
    let frame = SmallVec::from_vec(frame(mac, address, router));
    Leaving { interface, ethertype: ETH_P_IPV6, destination: Mac::of_multicast(ALL_NODES), frame }
}

fn frame(mac: Mac, address: Ipv6Addr, router: bool) -> Vec<u8> {
    let mut message = Vec::with_capacity(MESSAGE_LEN);
    message.extend([NEIGHBOUR_ADVERTISEMENT, 0, 0, 0]);
    message.extend([if router { ROUTER | OVERRIDE } else { OVERRIDE }, 0, 0, 0]);
    message.extend(address.octets());
    // The option's length is in units of 8 bytes.
    message.extend([TARGET_LINK_LAYER_ADDRESS, 1]);
    message.extend(mac.0);
    let sum = checksum(&message, address);
    if let Some(field) = message.get_mut(2..4) {
        field.copy_from_slice(&sum.to_be_bytes());
    }
    let mut frame = Vec::with_capacity(14 + 40 + MESSAGE_LEN);
    frame.extend(ethernet(Mac::of_multicast(ALL_NODES), mac, ETH_P_IPV6));
    frame.extend(ipv6_header((0, IPPROTO_ICMPV6, HOP_LIMIT), MESSAGE_LEN, address, ALL_NODES));
    frame.extend(message);
    frame
}

/// RFC 8200 section 8.1.
fn checksum(message: &[u8], source: Ipv6Addr) -> u16 {
    let pseudo = source.segments().into_iter().chain(ALL_NODES.segments());
    let words =
        message.chunks_exact(2).filter_map(|pair| pair.first_chunk().copied().map(u16::from_be_bytes));
    let mut sum: u32 = pseudo.chain(words).map(u32::from).sum();
    sum += MESSAGE_LEN as u32 + u32::from(IPPROTO_ICMPV6);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_is_that_of_keepalived() {
        let mac = Mac([2, 0, 0, 0, 0, 1]);
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        // Captures of keepalived 2.2.7.
        let observed = "333300000001020000000001\
            86dd6000000000203aff20010db8000900000000000000000050ff02000000000000000000000000000188\
            00f87a2000000020010db80009000000000000000000500201020000000001";
        assert_eq!(hex(&frame(mac, "2001:db8:9::50".parse().unwrap(), false)), observed);
        let observed = "333300000001020000000001\
            86dd6000000000203afffe800000000000000000000000000061ff02000000000000000000000000000188\
            0056db20000000fe8000000000000000000000000000610201020000000001";
        assert_eq!(hex(&frame(mac, "fe80::61".parse().unwrap(), false)), observed);
        let router = frame(mac, "fe80::61".parse().unwrap(), true);
        assert_eq!((router[58], &router[56..58]), (0xa0, &[0xd6, 0xda][..]));
    }
}
