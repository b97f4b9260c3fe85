//! `vrrp_instance`, `vrrp_sync_group`, `vrrp_script`.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::options::{AddressVmac, GroupOptions, InstanceOptions};
use super::script::Command;
use crate::ids::{Family, Mac, Name, Vrid};
use crate::objects::address::{AddressAttributes, AddressKey};
use crate::objects::route::Named;

/// One virtual router on this host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VrrpInstance {
    pub name: Name,
    /// The interface that is named in the file; with `use_vmac` the parent of the macvlan.
    pub interface: Name,
    /// `state`; `None` when the file does not say.
    pub state: Option<InitialState>,
    pub vrid: Vrid,
    /// 1 to 255; 255 is the address owner. When the file does not say: 255 with `state MASTER`, else 100.
    pub priority: u8,
    pub version: Version,
    /// That of the first virtual address.
    pub family: Family,
    /// v2: whole seconds, 1 to 255. v3: 0.01 to 40.95 s in hundredths.
    pub advert_int: Duration,
    /// `nopreempt`
    pub nopreempt: bool,
    /// `preempt_delay`, 0 to 1000 s.
    pub preempt_delay: Duration,
    /// `authentication`; version 2 only.
    pub auth: Option<Auth>,
    /// `mcast_src_ip` or `unicast_src_ip`; `None` is the interface's first address.
    pub source: Option<IpAddr>,
    /// `unicast_peer`; empty is multicast.
    pub unicast_peers: Box<[UnicastPeer]>,
    /// `mcast_dst_ip`, `vrrp_mcast_group4`, `vrrp_mcast_group6`: where adverts go without peers.
    pub multicast_group: IpAddr,
    /// `check_unicast_src`
    pub check_unicast_src: bool,
    /// `unicast_ttl`, 0 to 255; `None` is 255.
    pub unicast_ttl: Option<u8>,
    /// `use_vmac`
    pub vmac: Option<Box<Vmac>>,
    /// `virtual_ipaddress`: in the advert, in the file's order.
    pub addresses: Box<[VirtualAddress]>,
    /// `virtual_ipaddress_excluded`: set and announced alike, never in the advert.
    pub excluded: Box<[VirtualAddress]>,
    /// `track_interface`
    pub track_interfaces: Box<[Tracked]>,
    /// `track_script`: names of `vrrp_script`, all defined.
    pub track_scripts: Box<[Tracked]>,
    /// `dont_track_primary`
    pub dont_track_primary: bool,
    /// The same one for all that say the same.
    pub garp: Arc<Garp>,
    /// `lower_prio_no_advert`
    pub lower_prio_no_advert: bool,
    /// `higher_prio_send_advert`
    pub higher_prio_send_advert: bool,
    /// `skip_check_adv_addr`
    pub skip_check_adv_addr: bool,
    /// `down_timer_adverts`, 1 to 100, default 3.
    pub down_timer_adverts: u8,
    /// `accept`/`no_accept`, version 3.
    pub accept: bool,
    /// `promote_secondaries`
    pub promote_secondaries: bool,
    /// Shared like [`Self::garp`].
    pub notify: Arc<Notify>,
    /// `smtp_alert`
    pub smtp_alert: Option<bool>,
    /// What no core asks for yet.
    /// The same one for all that say nothing of it.
    pub options: Arc<InstanceOptions>,
}

/// `state MASTER|BACKUP`
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InitialState {
    Master,
    Backup,
}

/// Protocol version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Version {
    /// RFC 3768
    #[default]
    V2,
    /// RFC 9568, RFC 5798
    V3,
}

/// What makes an instance the same one across a reload: not its name, but where and how it is on the wire,
/// and its virtual MAC.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct InstanceIdentity {
    pub family: Family,
    pub interface: Name,
    pub vrid: Vrid,
    pub way: Way,
    /// The name of its device does not matter.
    pub vmac: Option<Mac>,
    pub ipvlan: Option<Name>,
}

/// How adverts travel.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Way {
    /// To this group.
    Multicast(IpAddr),
    /// From this address, if one is configured.
    Unicast(Option<IpAddr>),
}

/// The priority of the router that owns the addresses (RFC 9568 section 5.2.4): never changed by trackers,
/// master without waiting.
pub const OWNER: u8 = 255;

impl VrrpInstance {
    /// Packets for its addresses are not taken, unless it is their owner.
    pub fn is_filtered(&self) -> bool {
        !self.accept && self.priority != OWNER
    }

    /// What a reload knows it by.
    pub fn identity(&self) -> InstanceIdentity {
        InstanceIdentity {
            family: self.family,
            interface: self.interface.clone(),
            vrid: self.vrid,
            way: if self.unicast_peers.is_empty() {
                Way::Multicast(self.multicast_group)
            } else {
                Way::Unicast(self.source)
            },
            vmac: self.vmac.as_ref().map(|vmac| vmac.mac),
            ipvlan: self.options.ipvlan.as_ref().map(|ipvlan| ipvlan.name.clone()),
        }
    }

    /// The device that is made for it: a VMAC or an ipvlan.
    pub fn device(&self) -> Option<&Name> {
        let ipvlan = || self.options.ipvlan.as_ref().map(|ipvlan| &ipvlan.name);
        self.vmac.as_ref().map(|vmac| &vmac.name).or_else(ipvlan)
    }

    /// The interfaces beside its own that its addresses, routes and rules name, unless they are `no_track`; some of them
    /// several times. Of a virtual MAC for single addresses what it stands on.
    pub fn used_interfaces(&self) -> impl Iterator<Item = &Name> {
        let options = &self.options;
        fn below<'a>(vmacs: &'a [AddressVmac], name: &'a Name) -> &'a Name {
            vmacs.iter().find(|vmac| vmac.name == *name).map_or(name, |vmac| &vmac.parent)
        }
        let addresses = self.addresses.iter().chain(&self.excluded).filter(|address| !address.no_track);
        let routes = options.routes.iter().filter(|route| route.tracked);
        let rules = options.rules.iter().filter(|rule| rule.tracked);
        let names = addresses
            .map(move |address| below(&options.address_vmacs, &address.key.interface))
            .chain(routes.filter_map(|route| route.interface.as_ref()))
            .chain(rules.flat_map(|rule| rule.matches.input.iter().chain(&rule.matches.output)));
        names.filter(|name| **name != self.interface && self.device() != Some(*name))
    }

    /// The interface by which adverts come. An ipvlan hears all that its parent hears, but of unicast only what is
    /// for its own address, which its parent hears no more.
    pub fn listens_on(&self) -> &Name {
        match &self.options.ipvlan {
            Some(ipvlan) if self.unicast_peers.is_empty() || self.own_source() == self.ipvlan_address() => {
                &ipvlan.name
            }
            _ => &self.interface,
        }
    }

    /// The source that the file gives: in words, or as the address of an ipvlan.
    pub fn own_source(&self) -> Option<IpAddr> {
        let of_ipvlan = self.ipvlan_address();
        match (self.family, &self.options.ipvlan) {
            // Without an address of its own it has none, as in keepalived.
            (Family::V4, Some(_)) => of_ipvlan.map(|own| self.source.unwrap_or(own)),
            _ => self.source.or(of_ipvlan),
        }
    }

    fn ipvlan_address(&self) -> Option<IpAddr> {
        let net = self.options.ipvlan.as_ref()?.address?;
        Some(net.addr()).filter(|address| Family::of(*address) == self.family)
    }
}

impl Version {
    /// 2 or 3, as in the packet.
    pub const fn number(self) -> u8 {
        match self {
            Version::V2 => 2,
            Version::V3 => 3,
        }
    }
}

/// `authentication { auth_type ...  auth_pass ... }`
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// `auth_type PASS`: the first 8 bytes, padded with zeros.
    Pass([u8; 8]),
    /// `auth_type AH`: HMAC-MD5-96 in an IPsec authentication header.
    Ah([u8; 8]),
}

impl std::fmt::Debug for Auth {
    /// Never shows the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Auth::Pass(_) => "Pass(********)",
            Auth::Ah(_) => "Ah(********)",
        })
    }
}

/// One line of `unicast_peer`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnicastPeer {
    pub address: IpAddr,
    /// `min_ttl`, `max_ttl`: adverts outside are refused; `None` is not checked.
    pub min_ttl: Option<u8>,
    pub max_ttl: Option<u8>,
}

/// `use_vmac [NAME] [MAC]`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vmac {
    /// The macvlan's name. Lowering fills in keepalived's default (`vrrp.VRID`, numbered on if taken).
    pub name: Name,
    /// The virtual router MAC unless the file gives another.
    pub mac: Mac,
    /// `vmac_xmit_base`, or unicast: adverts leave by the parent, with its MAC.
    pub xmit_base: bool,
    /// `group`; `None` is that of the parent.
    pub group: Option<Named>,
}

/// One line of `virtual_ipaddress`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VirtualAddress {
    /// Interface (the line's `dev`, else the instance's own: the VMAC with `use_vmac`) and prefix
    /// (/32 or /128 unless given).
    pub key: AddressKey,
    /// Shared: nearly all have the same.
    pub attributes: Arc<AddressAttributes>,
    /// `no_track`: its removal by others is not noticed.
    pub no_track: bool,
}

/// A tracked object and what its failure does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tracked {
    pub name: Name,
    /// -253 to 253; 0: failure means FAULT. Lowering fills in the script's own weight where the
    /// `track_script` line gives none.
    pub weight: i16,
    /// `reverse`: success and failure change places.
    pub reverse: bool,
}

/// Gratuitous ARP and unsolicited neighbour advertisement. Defaults are keepalived's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Garp {
    /// `garp_master_delay`: the second block follows the first after this; zero is no second block. 5 s.
    pub master_delay: Duration,
    /// `garp_master_repeat`: packets for each address in a block. 5.
    pub master_repeat: u32,
    /// `garp_master_refresh`: zero is never. 0.
    pub master_refresh: Duration,
    /// `garp_master_refresh_repeat`. 1.
    pub master_refresh_repeat: u32,
    /// `garp_lower_prio_delay`: after an advert of lower priority. As `vrrp_garp_master_delay`, whatever the instance says.
    pub lower_prio_delay: Duration,
    /// `garp_lower_prio_repeat`. As `vrrp_garp_master_repeat`.
    pub lower_prio_repeat: u32,
    /// `vrrp_garp_interval`: least gap between two gratuitous ARPs of an instance. Zero.
    pub interval: Duration,
    /// `vrrp_gna_interval`: the same for neighbour advertisements. Zero.
    pub gna_interval: Duration,
}

impl Default for Garp {
    fn default() -> Self {
        Garp {
            master_delay: Duration::from_secs(5),
            master_repeat: 5,
            master_refresh: Duration::ZERO,
            master_refresh_repeat: 1,
            lower_prio_delay: Duration::from_secs(5),
            lower_prio_repeat: 5,
            interval: Duration::ZERO,
            gna_interval: Duration::ZERO,
        }
    }
}

/// The scripts of an instance or a group; most have none.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Notify {
    pub master: Option<Box<Command>>,
    pub backup: Option<Box<Command>>,
    pub fault: Option<Box<Command>>,
    pub stop: Option<Box<Command>>,
    pub deleted: Option<Box<Command>>,
    /// `notify_deleted` as a flag or a script: say DELETED instead of FAULT when a reload removes it.
    pub deleted_state: bool,
    /// `notify`: gets type, name, state and priority after its own arguments.
    pub any: Option<Box<Command>>,
    /// `notify_master_rx_lower_pri`
    pub master_rx_lower_pri: Option<Box<Command>>,
}

/// `vrrp_sync_group`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyncGroup {
    pub name: Name,
    /// Names of instances, all defined, none in two groups.
    pub members: Vec<Name>,
    pub track_interfaces: Vec<Tracked>,
    pub track_scripts: Vec<Tracked>,
    /// `sync_group_tracking_weight` (old name `global_tracking`)
    pub tracking_weight: bool,
    pub notify: Arc<Notify>,
    pub smtp_alert: Option<bool>,
    /// What no core asks for yet.
    pub options: GroupOptions,
}

/// `vrrp_script`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrackScript {
    pub name: Name,
    pub command: Command,
    /// Default 1 s.
    pub interval: Duration,
    /// Default is the interval.
    pub timeout: Duration,
    /// -253 to 253, default 0.
    pub weight: i16,
    pub reverse: bool,
    /// Successes in a row before a failed script counts as up again. Default 1.
    pub rise: u32,
    /// Failures in a row before it counts as failed. Default 1.
    pub fall: u32,
    /// `init_fail`
    pub init_fail: bool,
}
