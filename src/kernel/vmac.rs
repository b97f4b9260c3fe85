//! Virtual MAC interfaces: a macvlan in private mode with the virtual router's MAC, and the settings
//! that make it answer for its own addresses only.
//!
//! Device and settings are those of keepalived 2.2.7 (strace and `sysctl -a` before and after). One thing
//! differs: keepalived joins the multicast group on the macvlan and needs a firewall rule that keeps the
//! IGMP report with the virtual MAC from leaving; we receive on the parent, so there is no such report.

use std::collections::BTreeMap;
use std::io;

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NetlinkMessage};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    AfSpecInet6, AfSpecUnspec, In6AddrGenMode, LinkAttribute, LinkMessage, MacVlanMode,
};
use rtnetlink::{LinkMacVlan, LinkMessageBuilder, LinkUnspec};
use thiserror::Error;

use super::netlink::{Channel, NetlinkError};
use super::{link, sysctl};
use crate::ids::{Family, IfIndex, Mac, Name};
use crate::objects::interface::Interface;

/// The device that is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VmacSpec {
    pub name: Name,
    /// Of the addresses that it is for.
    pub family: Family,
    pub mac: Mac,
    pub parent: Name,
    pub parent_index: IfIndex,
    /// `None`: that of the parent.
    pub group: Option<u32>,
    /// The VRF that the parent is in.
    pub vrf: Option<IfIndex>,
}

/// What `ensure` had to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ensured {
    Created,
    /// One with this name, parent and MAC was there.
    Adopted,
    /// It was ours and followed its parent into a VRF or out of one.
    Moved,
}

/// Why there is no such device, be it a VMAC or an ipvlan.
#[derive(Debug, Error)]
pub enum DeviceError {
    /// The name belongs to something else.
    #[error("an interface named {0} exists and is no {1} of {2}")]
    NameTaken(Name, &'static str, Name),
    /// The kernel refused.
    #[error("{0}: {1}")]
    Netlink(&'static str, NetlinkError),
    /// A setting could not be written.
    #[error("{0}: {1}")]
    Sysctl(String, io::Error),
}

/// The devices that we have made or adopted, and every setting that we changed for them.
#[derive(Default)]
pub struct Vmacs {
    devices: BTreeMap<Name, (IfIndex, VmacSpec)>,
    changed: sysctl::Changed,
}

impl Vmacs {
    /// Makes sure that the device is there, set up and up.
    pub fn ensure(&mut self, channel: &mut Channel, spec: &VmacSpec) -> Result<Ensured, DeviceError> {
        if let Some((index, made)) = self.devices.get_mut(&spec.name)
            && *made == (VmacSpec { vrf: made.vrf, ..spec.clone() })
        {
            enslave(channel, *index, spec.vrf)?;
            made.vrf = spec.vrf;
            return Ok(Ensured::Moved);
        }
        // The kernel puts a macvlan of a macvlan on what that stands on.
        let below =
            link::below_macvlan(channel, &spec.parent).map_err(|e| DeviceError::Netlink("look-up", e))?;
        let stands_on = below.as_ref().map_or(spec.parent_index, |(index, _)| *index);
        let existing =
            link::by_name(channel, &spec.name).map_err(|e| DeviceError::Netlink("look-up", e))?;
        let ensured = match existing {
            Some(device) if matches(&device, spec, stands_on) => {
                if device.master != spec.vrf {
                    enslave(channel, device.index, spec.vrf)?;
                }
                Ensured::Adopted
            }
            Some(device) if &*device.kind == "macvlan" && device.parent == Some(stands_on) => {
                remove(channel, device.index).map_err(|e| DeviceError::Netlink("replace", e))?;
                create(channel, spec)?;
                Ensured::Created
            }
            Some(_) => {
                let what = "virtual MAC interface";
                return Err(DeviceError::NameTaken(spec.name.clone(), what, spec.parent.clone()));
            }
            None => {
                create(channel, spec)?;
                Ensured::Created
            }
        };
        self.set_up(channel, spec, below.and_then(|(_, name)| name))?;
        Ok(ensured)
    }

    /// True if this very device is there and ours.
    pub fn has(&self, spec: &VmacSpec) -> bool {
        self.devices.get(&spec.name).is_some_and(|(_, made)| made == spec)
    }

    /// The devices that are there.
    pub fn made(&self) -> impl Iterator<Item = &VmacSpec> {
        self.devices.values().map(|(_, made)| made)
    }

    /// True if a device of this name is ours.
    pub fn owns(&self, name: &str) -> bool {
        self.devices.contains_key(name)
    }

    /// Somebody removed it.
    pub fn forget(&mut self, name: &str) {
        self.devices.remove(name);
    }

    /// Removes one device that is not wanted any more.
    pub fn drop_device(&mut self, channel: &mut Channel, name: &str) -> Result<(), DeviceError> {
        match self.devices.remove(name) {
            Some((index, _)) => remove(channel, index).map_err(|e| DeviceError::Netlink("removal", e)),
            None => Ok(()),
        }
    }

    /// Names of the devices that are there.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.devices.keys()
    }

    /// Puts every setting back as it was found; the devices must have been removed.
    pub fn restore_settings(&mut self) -> Vec<DeviceError> {
        self.changed
            .restore_all()
            .into_iter()
            .map(|(name, error)| DeviceError::Sysctl(name, error))
            .collect()
    }

    /// `below` is what its parent stands on, if that is a macvlan itself: what comes for the VMAC passes it too.
    fn set_up(
        &mut self,
        channel: &mut Channel,
        spec: &VmacSpec,
        below: Option<Name>,
    ) -> Result<(), DeviceError> {
        let device = link::by_name(channel, &spec.name)
            .map_err(|e| DeviceError::Netlink("look-up", e))?
            .ok_or(DeviceError::Netlink("look-up", NetlinkError::Refused(libc::ENODEV)))?;
        // No IPv6: no duplicate detection, no multicast report may leave it.
        set(&["net", "ipv6", "conf", &spec.name, "disable_ipv6"], "1", true)?;
        for (setting, value) in settings(spec.family) {
            set(&["net", "ipv4", "conf", &spec.name, setting], value, false)?;
        }
        if spec.family == Family::V4 {
            self.clear_all_rp_filter(&spec.name)?;
            for parent in [Some(&spec.parent), below.as_ref()].into_iter().flatten() {
                for setting in ["arp_ignore", "arp_filter"] {
                    self.change(&["net", "ipv4", "conf", parent, setting], "1")?;
                }
            }
        }
        no_address_generation(channel, device.index)?;
        let up = LinkMessageBuilder::<LinkUnspec>::new().index(device.index.0).up().build();
        one(channel, RouteNetlinkMessage::SetLink(up), 0).map_err(|e| DeviceError::Netlink("set up", e))?;
        self.devices.insert(spec.name.clone(), (device.index, spec.clone()));
        Ok(())
    }

    /// The reverse path filter of `all` would override the VMAC's own. Its value moves to `default` and to
    /// each interface that had a weaker one, so that nothing else is weakened.
    fn clear_all_rp_filter(&mut self, new: &str) -> Result<(), DeviceError> {
        let all = ["net", "ipv4", "conf", "all", "rp_filter"];
        let strength = |value: &str| value.parse::<u8>().unwrap_or(0);
        let Ok(value) = sysctl::read(&all) else { return Ok(()) };
        if strength(&value) == 0 {
            return Ok(());
        }
        let ours: Vec<Name> = self.devices.keys().cloned().collect();
        let entries = std::fs::read_dir("/proc/sys/net/ipv4/conf")
            .map_err(|error| DeviceError::Sysctl("net/ipv4/conf".into(), error))?;
        for name in entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
            if name == "all" || name == new || ours.iter().any(|own| **own == *name) {
                continue;
            }
            let setting = ["net", "ipv4", "conf", name.as_str(), "rp_filter"];
            if sysctl::read(&setting).is_ok_and(|own| strength(&own) < strength(&value)) {
                self.change(&setting, &value)?;
            }
        }
        self.change(&all, "0")
    }

    fn change(&mut self, setting: &sysctl::Setting<'_>, value: &str) -> Result<(), DeviceError> {
        self.changed.set(setting, value).map_err(|error| DeviceError::Sysctl(setting.join("/"), error))
    }
}

/// Lets the device carry IPv6 addresses, or takes all of them from it and silences it: a router reports its
/// memberships by every interface that has IPv6, and the virtual MAC must not leave a backup.
pub fn carry_ipv6(name: &str, on: bool) -> Result<(), DeviceError> {
    set(&["net", "ipv6", "conf", name, "disable_ipv6"], if on { "0" } else { "1" }, false)
}

/// What a VMAC is set to under `net/ipv4/conf`.
fn settings(family: Family) -> &'static [(&'static str, &'static str)] {
    match family {
        Family::V4 => {
            &[("arp_ignore", "1"), ("accept_local", "1"), ("rp_filter", "0"), ("promote_secondaries", "1")]
        }
        // It is not to answer for the host's IPv4 addresses.
        Family::V6 => &[("arp_ignore", "1")],
    }
}

pub(super) fn set(setting: &sysctl::Setting<'_>, value: &str, may_lack: bool) -> Result<(), DeviceError> {
    match sysctl::pin(setting, value) {
        Ok(()) => Ok(()),
        // A kernel without IPv6 has nothing to disable.
        Err(error) if may_lack && error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(DeviceError::Sysctl(setting.join("/"), error)),
    }
}

fn matches(device: &Interface, spec: &VmacSpec, stands_on: IfIndex) -> bool {
    &*device.kind == "macvlan" && device.parent == Some(stands_on) && device.mac == Some(spec.mac)
}

fn create(channel: &mut Channel, spec: &VmacSpec) -> Result<(), DeviceError> {
    let mut message = LinkMacVlan::new(&spec.name, spec.parent_index.0, MacVlanMode::Private)
        .address(spec.mac.0.to_vec())
        .build();
    message.attributes.extend(group(channel, spec.group, &spec.parent)?);
    message.attributes.extend(spec.vrf.map(|vrf| LinkAttribute::Controller(vrf.0)));
    one(channel, RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL)
        .map_err(|e| DeviceError::Netlink("creation", e))
}

/// The group of a new device, unless it is the one that the kernel gives.
pub(super) fn group(
    channel: &mut Channel,
    wanted: Option<u32>,
    parent: &str,
) -> Result<Option<LinkAttribute>, DeviceError> {
    let of_parent = || link::group(channel, parent).map_err(|e| DeviceError::Netlink("look-up", e));
    let group = wanted.map_or_else(of_parent, |group| Ok(Some(group)))?;
    Ok(group.filter(|group| *group != 0).map(LinkAttribute::Group))
}

/// Puts a device into a VRF, or takes it out of the one that it is in.
pub(super) fn enslave(
    channel: &mut Channel,
    index: IfIndex,
    vrf: Option<IfIndex>,
) -> Result<(), DeviceError> {
    let mut message = LinkMessage::default();
    message.header.index = index.0;
    message.attributes.push(LinkAttribute::Controller(vrf.map_or(0, |vrf| vrf.0)));
    one(channel, RouteNetlinkMessage::SetLink(message), 0).map_err(|e| DeviceError::Netlink("VRF", e))
}

pub(super) fn remove(channel: &mut Channel, index: IfIndex) -> Result<(), NetlinkError> {
    let mut message = LinkMessage::default();
    message.header.index = index.0;
    match one(channel, RouteNetlinkMessage::DelLink(message), 0) {
        Err(error) if error.errno() == Some(libc::ENODEV) => Ok(()),
        result => result,
    }
}

fn no_address_generation(channel: &mut Channel, index: IfIndex) -> Result<(), DeviceError> {
    let mut message = LinkMessage::default();
    message.header.index = index.0;
    message.attributes.push(LinkAttribute::AfSpecUnspec(vec![AfSpecUnspec::Inet6(vec![
        AfSpecInet6::AddrGenMode(In6AddrGenMode::None),
    ])]));
    match one(channel, RouteNetlinkMessage::SetLink(message), 0) {
        // No IPv6 in this kernel, or none on this device.
        Err(error)
            if matches!(error.errno(), Some(libc::EAFNOSUPPORT | libc::EINVAL | libc::EOPNOTSUPP)) =>
        {
            Ok(())
        }
        result => result.map_err(|e| DeviceError::Netlink("address generation mode", e)),
    }
}

pub(super) fn one(
    channel: &mut Channel,
    message: RouteNetlinkMessage,
    flags: u16,
) -> Result<(), NetlinkError> {
    let mut request = NetlinkMessage::from(message);
    request.header.flags = flags;
    channel.transact(vec![request]).pop().unwrap_or(Ok(()))
}
