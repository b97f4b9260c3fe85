//! IPvlan interfaces: L2, with the MAC of the interface below, for instances that must not show another one.
//!
//! Device and settings are those of keepalived 2.2.7 (strace, `ip` and `sysctl -a` before and after).

use std::collections::BTreeMap;

use ipnet::IpNet;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{IpVlanFlags, IpVlanMode, LinkAttribute};
use rtnetlink::{LinkIpVlan, LinkMessageBuilder, LinkUnspec};

use super::netlink::{Channel, NetlinkError};
use super::vmac::{self, DeviceError, Ensured, one, set};
use super::{address, link};
use crate::ids::{Family, IfIndex, Name};
use crate::objects::address::{AddressAttributes, AddressKey};
use crate::objects::interface::{Interface, IpvlanMode};

/// The device that is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IpvlanSpec {
    pub name: Name,
    /// Of the instance that it is for.
    pub family: Family,
    pub mode: IpvlanMode,
    /// Its own address.
    pub address: Option<IpNet>,
    pub parent: Name,
    pub parent_index: IfIndex,
    /// `None`: that of the parent.
    pub group: Option<u32>,
    /// The VRF that the parent is in.
    pub vrf: Option<IfIndex>,
}

/// The devices that we have made or adopted.
#[derive(Default)]
pub struct Ipvlans(BTreeMap<Name, (IfIndex, IpvlanSpec)>);

impl Ipvlans {
    /// Makes sure that the device is there, set up and up, with its address and none that it had from us before.
    pub fn ensure(&mut self, channel: &mut Channel, spec: &IpvlanSpec) -> Result<Ensured, DeviceError> {
        if let Some((index, made)) = self.0.get_mut(&spec.name)
            && *made == (IpvlanSpec { vrf: made.vrf, ..spec.clone() })
        {
            vmac::enslave(channel, *index, spec.vrf)?;
            made.vrf = spec.vrf;
            return Ok(Ensured::Moved);
        }
        let before = self.0.get(&spec.name).cloned();
        let elsewhere =
            |made: &IpvlanSpec| made.parent_index != spec.parent_index || made.family != spec.family;
        match before {
            Some((_, made)) if elsewhere(&made) => self.drop_device(channel, &spec.name)?,
            Some((index, made)) if made.address != spec.address => {
                made.address
                    .map_or(Ok(()), |net| change_address(channel, (index, &spec.name), net, false))?;
            }
            _ => {}
        }
        let (ensured, index) = ensure(channel, spec)?;
        self.0.insert(spec.name.clone(), (index, spec.clone()));
        Ok(ensured)
    }

    /// True if this very device is there and ours.
    pub fn has(&self, spec: &IpvlanSpec) -> bool {
        self.0.get(&spec.name).is_some_and(|(_, made)| made == spec)
    }

    /// Somebody removed it.
    pub fn forget(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Removes one that is not wanted any more, and with it its addresses.
    pub fn drop_device(&mut self, channel: &mut Channel, name: &str) -> Result<(), DeviceError> {
        match self.0.remove(name) {
            Some((index, _)) => {
                vmac::remove(channel, index).map_err(|e| DeviceError::Netlink("removal", e))
            }
            None => Ok(()),
        }
    }

    /// Names of the devices that are there.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.0.keys()
    }
}

fn ensure(channel: &mut Channel, spec: &IpvlanSpec) -> Result<(Ensured, IfIndex), DeviceError> {
    let look_up = |e| DeviceError::Netlink("look-up", e);
    let ensured = match link::by_name(channel, &spec.name).map_err(look_up)? {
        Some(device)
            if matches(&device, spec) && link::is_l2_ipvlan(channel, &spec.name).map_err(look_up)? =>
        {
            // A mode is that of all ipvlans of the parent.
            let message = described(spec).build();
            one(channel, RouteNetlinkMessage::NewLink(message), 0)
                .map_err(|e| DeviceError::Netlink("mode", e))?;
            if device.master != spec.vrf {
                vmac::enslave(channel, device.index, spec.vrf)?;
            }
            Ensured::Adopted
        }
        Some(_) => return Err(DeviceError::NameTaken(spec.name.clone(), "ipvlan", spec.parent.clone())),
        None => {
            create(channel, spec)?;
            Ensured::Created
        }
    };
    let device = link::by_name(channel, &spec.name).map_err(look_up)?;
    let index = device.ok_or(DeviceError::Netlink("look-up", NetlinkError::Refused(libc::ENODEV)))?.index;
    if spec.family == Family::V4 {
        set(&["net", "ipv6", "conf", &spec.name, "disable_ipv6"], "1", true)?;
    }
    set(&["net", "ipv4", "conf", &spec.name, "promote_secondaries"], "1", false)?;
    let up = LinkMessageBuilder::<LinkUnspec>::new().index(index.0).up().build();
    one(channel, RouteNetlinkMessage::SetLink(up), 0).map_err(|e| DeviceError::Netlink("set up", e))?;
    if let Some(net) = spec.address {
        change_address(channel, (index, &spec.name), net, true)?;
    }
    Ok((ensured, index))
}

fn change_address(
    channel: &mut Channel,
    (index, name): (IfIndex, &Name),
    net: IpNet,
    wanted: bool,
) -> Result<(), DeviceError> {
    let key = AddressKey { interface: name.clone(), net };
    let attributes = match net {
        IpNet::V4(_) => AddressAttributes::default(),
        // For adverts at once, and for nothing else.
        IpNet::V6(_) => AddressAttributes {
            flags: libc::IFA_F_NODAD,
            preferred_lft: Some(0),
            ..AddressAttributes::default()
        },
    };
    let change = match wanted {
        true => address::Change::Add(&key, &attributes),
        false => address::Change::Remove(&key),
    };
    let result = address::apply(channel, &[(index, change)]).pop().unwrap_or(Ok(()));
    result.map_err(|e| DeviceError::Netlink("address", e))
}

fn matches(device: &Interface, spec: &IpvlanSpec) -> bool {
    &*device.kind == "ipvlan" && device.parent == Some(spec.parent_index)
}

fn flags(mode: IpvlanMode) -> IpVlanFlags {
    match mode {
        IpvlanMode::Bridge => IpVlanFlags::empty(),
        IpvlanMode::Private => IpVlanFlags::Private,
        IpvlanMode::Vepa => IpVlanFlags::Vepa,
    }
}

fn described(spec: &IpvlanSpec) -> LinkMessageBuilder<LinkIpVlan> {
    LinkIpVlan::new(&spec.name, spec.parent_index.0, IpVlanMode::L2).flag(flags(spec.mode))
}

fn create(channel: &mut Channel, spec: &IpvlanSpec) -> Result<(), DeviceError> {
    let mut message = described(spec).build();
    message.attributes.extend(vmac::group(channel, spec.group, &spec.parent)?);
    message.attributes.extend(spec.vrf.map(|vrf| LinkAttribute::Controller(vrf.0)));
    one(channel, RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL)
        .map_err(|e| DeviceError::Netlink("creation", e))
}
