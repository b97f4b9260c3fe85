//! Generic netlink: families are found by name, and have a number of their own in each running kernel.

use netlink_packet_core::NetlinkMessage;
use netlink_packet_generic::GenlMessage;
use netlink_packet_generic::ctrl::nlas::GenlCtrlAttrs;
use netlink_packet_generic::ctrl::{GenlCtrl, GenlCtrlCmd};

use super::netlink::{Channel, NetlinkError};

/// The number of a family; `None` where the kernel has none of this name. Asking makes the kernel load
/// the module that announces the name, where it may.
pub fn resolve(channel: &mut Channel, name: &str) -> Result<Option<u16>, NetlinkError> {
    let question =
        GenlCtrl { cmd: GenlCtrlCmd::GetFamily, nlas: vec![GenlCtrlAttrs::FamilyName(name.to_owned())] };
    let answers = match channel.get(NetlinkMessage::from(GenlMessage::from_payload(question))) {
        Err(NetlinkError::Refused(libc::ENOENT)) => return Ok(None),
        answers => answers?,
    };
    Ok(answers.iter().flat_map(|answer| &answer.payload.nlas).find_map(|attribute| match attribute {
        GenlCtrlAttrs::FamilyId(id) => Some(*id),
        _ => None,
    }))
}
