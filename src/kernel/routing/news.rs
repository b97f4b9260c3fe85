//! What the kernel says of routes and rules as they change.

use netlink_packet_core::{NLM_F_REPLACE, NetlinkHeader, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;

use super::super::monitor::Change;
use super::super::netlink::messages;
use super::Lenient;
use super::footprint::RouteFootprint;
use crate::objects::address::PROTOCOL_KEEPALIVED;

const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;
const RTM_NEWRULE: u16 = 32;
const RTM_DELRULE: u16 = 33;

/// The messages that are told of here.
pub(in super::super) const KINDS: [u16; 4] = [RTM_NEWROUTE, RTM_DELROUTE, RTM_NEWRULE, RTM_DELRULE];

/// What of our kind may be gone after these notifications.
pub(in super::super) fn gone(datagram: &[u8]) -> Vec<Change> {
    let mut changes = Vec::new();
    if !matters(datagram) {
        return changes;
    }
    for message in messages::<Lenient>(datagram).flatten() {
        let replaces = replaces(&message.header);
        let NetlinkPayload::InnerMessage(Lenient(Some(message))) = message.payload else { continue };
        match message {
            RouteNetlinkMessage::DelRoute(route)
                if u8::from(route.header.protocol) == PROTOCOL_KEEPALIVED =>
            {
                changes.push(Change::RouteGone(RouteFootprint::of(&route).key().clone()));
            }
            RouteNetlinkMessage::NewRoute(route) if replaces => {
                changes.push(Change::RouteGone(RouteFootprint::of(&route).key().clone()));
            }
            RouteNetlinkMessage::DelRule(_) => changes.push(Change::RuleGone),
            _ => {}
        }
    }
    changes
}

fn replaces(header: &NetlinkHeader) -> bool {
    header.flags & NLM_F_REPLACE != 0
}

/// A look at the first header, before anything is taken apart: most routes that come and go are those of a
/// routing daemon.
fn matters(datagram: &[u8]) -> bool {
    let Some([kind, flags]) =
        datagram.get(4..8).and_then(|bytes| bytes.as_chunks::<2>().0.first_chunk::<2>())
    else {
        return false;
    };
    match u16::from_ne_bytes(*kind) {
        RTM_NEWROUTE => u16::from_ne_bytes(*flags) & NLM_F_REPLACE != 0,
        // `rtm_protocol` is the sixth byte behind the header.
        RTM_DELROUTE => datagram.get(21) == Some(&PROTOCOL_KEEPALIVED),
        RTM_DELRULE => true,
        _ => false,
    }
}
