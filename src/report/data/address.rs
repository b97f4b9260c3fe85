//! One address, virtual or static.

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::ids::Name;
use crate::objects::address::{AddressAttributes, AddressKey};

/// What `ip address` calls the flags; `-nodad` is not shown, since all have it.
const FLAGS: &[(u32, &str)] =
    &[(0x10, "home"), (0x100, "mngtmpaddr"), (0x200, "noprefixroute"), (0x400, "autojoin")];

/// In keepalived's order; `parent` is what the interface stands on where it is a virtual MAC's.
pub(super) fn line(
    key: &AddressKey,
    attributes: &AddressAttributes,
    no_track: bool,
    parent: Option<&Name>,
) -> String {
    let net = key.net;
    let whole = net.prefix_len() == net.max_prefix_len();
    let mut text = if whole { net.addr().to_string() } else { net.to_string() };
    if let Some(broadcast) = attributes.broadcast {
        let _ = write!(text, " brd {broadcast}");
    }
    let _ = write!(text, " dev {}", key.interface);
    if let Some(parent) = parent {
        let _ = write!(text, "@{parent}");
    }
    let _ = write!(text, " scope {}", scope(attributes.scope));
    if let Some(label) = &attributes.label {
        let _ = write!(text, " label {label}");
    }
    if let Some(peer) = attributes.peer {
        let _ = write!(text, " peer {peer}");
    }
    for (_, word) in FLAGS.iter().filter(|(flag, _)| attributes.flags & flag != 0) {
        let _ = write!(text, " {word}");
    }
    if no_track {
        text.push_str(" no_track");
    }
    let _ = match (net.addr(), attributes.preferred_lft) {
        (IpAddr::V4(_), _) => Ok(()),
        (_, None) => write!(text, " preferred_lft forever"),
        (_, Some(0)) => write!(text, " deprecated"),
        (_, Some(seconds)) => write!(text, " preferred_lft {seconds}"),
    };
    text
}

/// `rt_scopes`
fn scope(number: u8) -> String {
    match number {
        0 => "global".into(),
        200 => "site".into(),
        253 => "link".into(),
        254 => "host".into(),
        255 => "nowhere".into(),
        other => other.to_string(),
    }
}
