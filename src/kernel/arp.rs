//! Gratuitous ARP: one request that everybody on the segment learns from.
//!
//! As keepalived sends it (strace of 2.2.7): a request, sender and target both the virtual address,
//! target hardware address and Ethernet destination broadcast, from the interface's own MAC, 42 bytes.

use std::net::Ipv4Addr;

use pnet_base::MacAddr;
use pnet_packet::arp::{ArpHardwareTypes, ArpOperations, MutableArpPacket};
use pnet_packet::ethernet::EtherTypes;
use smallvec::SmallVec;

use super::frames::{ETH_P_ARP, Leaving, ethernet};
use crate::ids::{IfIndex, Mac};

const ETHERNET_LEN: usize = 14;
const ARP_LEN: usize = 28;

/// What announces `address` as that of `mac`.
pub fn announcement(interface: IfIndex, mac: Mac, address: Ipv4Addr) -> Leaving {
    let frame = SmallVec::from_slice(&frame(mac, address));
    Leaving { interface, ethertype: ETH_P_ARP, destination: Mac::BROADCAST, frame }
}

fn frame(mac: Mac, address: Ipv4Addr) -> [u8; ETHERNET_LEN + ARP_LEN] {
    let mut frame = [0; ETHERNET_LEN + ARP_LEN];
    let (head, body) = frame.split_at_mut(ETHERNET_LEN);
    let [a, b, c, d, e, f] = mac.0;
    let own = MacAddr::new(a, b, c, d, e, f);
    head.copy_from_slice(&ethernet(Mac::BROADCAST, mac, ETH_P_ARP));
    if let Some(mut arp) = MutableArpPacket::new(body) {
        arp.set_hardware_type(ArpHardwareTypes::Ethernet);
        arp.set_protocol_type(EtherTypes::Ipv4);
        arp.set_hw_addr_len(6);
        arp.set_proto_addr_len(4);
        arp.set_operation(ArpOperations::Request);
        arp.set_sender_hw_addr(own);
        arp.set_sender_proto_addr(address);
        arp.set_target_hw_addr(MacAddr::broadcast());
        arp.set_target_proto_addr(address);
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_is_that_of_keepalived() {
        let mac = Mac([0xf6, 0xae, 0x55, 0x60, 0x01, 0x48]);
        let ours = frame(mac, Ipv4Addr::new(192, 168, 3, 101));
        // The beginning from an strace of keepalived 2.2.7, the end from a capture of it.
        let observed = [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf6, 0xae, 0x55, 0x60, 0x01, 0x48, 0x08, 0x06, 0x00, 0x01,
            0x08, 0x00, 0x06, 0x04, 0x00, 0x01, 0xf6, 0xae, 0x55, 0x60, 0x01, 0x48, 0xc0, 0xa8, 0x03, 0x65,
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc0, 0xa8, 0x03, 0x65,
        ];
        assert_eq!(ours, observed);
    }
}
