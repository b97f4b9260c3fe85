//! What instances and sync groups say beyond the protocol's core.

use std::time::Duration;

use super::track::TrackedObjects;
use crate::ids::{Family, Mac, Name};
pub use crate::objects::interface::IpvlanMode;
use crate::objects::route::{Named, Route};
use crate::objects::rule::Rule;

/// Of `vrrp_instance`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct InstanceOptions {
    pub tracked: TrackedObjects,
    /// `virtual_routes`
    pub routes: Vec<Route>,
    /// `virtual_rules`
    pub rules: Vec<Rule>,
    /// `use_ipvlan`; never together with a VMAC.
    pub ipvlan: Option<Ipvlan>,
    /// `use_vmac_addr`: other interfaces that carry an address get a VMAC too.
    pub vmac_addr: bool,
    /// The devices of addresses that have one for themselves.
    pub address_vmacs: Vec<AddressVmac>,
    /// `vrf`: the device of unicast without an interface.
    pub vrf: Option<Name>,
    /// `unicast_fault_no_peer`: FAULT instead of multicast where there is no peer.
    pub unicast_fault_no_peer: bool,
    pub old_unicast_checksum: OldChecksum,
    /// `v3_checksum_as_v2`
    pub v3_checksum_as_v2: bool,
    /// `track_src_ip`: FAULT when the configured source address goes.
    pub track_src_ip: bool,
    /// `strict_mode`
    pub strict_mode: bool,
    /// `timer_expired_backup`: the greatest priority of the others, 1 to 254.
    pub timer_expired_backup: Option<u8>,
    /// `garp_extra_if`; zero is never.
    pub garp_extra_if: ExtraGarp,
    /// `owner_ignore_adverts`
    pub owner_ignore_adverts: bool,
    /// `kernel_rx_buf_size`, bytes.
    pub kernel_rx_buf_size: Option<u32>,
    /// `notify_priority_changes`; `None` is the sync group's, else the global one.
    pub notify_priority_changes: Option<bool>,
    /// `linkbeat_use_polling`
    pub linkbeat_use_polling: bool,
    pub auth_hmac: Option<AuthHmac>,
}

/// Of `vrrp_sync_group`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GroupOptions {
    pub tracked: TrackedObjects,
    /// `notify_priority_changes`; `None` is the global one.
    pub notify_priority_changes: Option<bool>,
}

/// `use_ipvlan [NAME] [IP[/LEN]] [bridge|private|vepa] [group GROUP]`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ipvlan {
    pub name: Name,
    /// The device's own; also the source of adverts, unless the instance names one.
    pub address: Option<ipnet::IpNet>,
    pub mode: IpvlanMode,
    /// `None` is the group of the interface below.
    pub group: Option<Named>,
}

/// A VMAC for addresses that are not on the instance's own interface: `use_vmac` on their lines, or `use_vmac_addr`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressVmac {
    pub name: Name,
    /// Of its addresses.
    pub family: Family,
    pub mac: Mac,
    /// The interface that their lines name, else the instance's.
    pub parent: Name,
}

/// `old_unicast_checksum [never]`
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum OldChecksum {
    /// Found out from what is received.
    #[default]
    Detect,
    Always,
    Never,
}

/// `garp_extra_if [all] SECONDS`
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct ExtraGarp {
    /// Up to a day.
    pub interval: Duration,
    /// Not only on VMACs.
    pub all: bool,
}

/// `auth_hmac`: a signed trailer, keepalived's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthHmac {
    pub keys: Vec<HmacKey>,
    /// One of [`Self::keys`].
    pub active_key: u8,
    /// 1 to 300 s; where it is not given three intervals, but 5 s at least.
    pub time_window: Duration,
    pub anti_replay: AntiReplay,
    pub mode: HmacMode,
}

impl AuthHmac {
    /// The key of this id, once it was read.
    pub fn secret(&self, id: u8) -> Option<&[u8]> {
        self.keys.iter().find(|key| key.id == id).and_then(|key| match &key.secret {
            HmacSecret::Bytes(bytes) => Some(&**bytes),
            HmacSecret::File(_) => None,
        })
    }
}

/// `key ID VALUE`
#[derive(Clone, PartialEq, Eq)]
pub struct HmacKey {
    /// 1 to 255.
    pub id: u8,
    pub secret: HmacSecret,
}

impl std::fmt::Debug for HmacKey {
    /// Never shows the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HmacKey({})", self.id)
    }
}

/// Where the key is.
#[derive(Clone, PartialEq, Eq)]
pub enum HmacSecret {
    /// 32 to 64 bytes.
    Bytes(Vec<u8>),
    /// A file that holds them; the daemon reads it whenever it reads the configuration.
    File(String),
}

/// Bytes of a key.
const KEY: std::ops::RangeInclusive<usize> = 32..=64;

impl HmacSecret {
    /// Reads `hex:DIGITS`, or the key itself, of 32 to 64 bytes.
    pub fn read(text: &[u8]) -> Option<Self> {
        let bytes = match text.strip_prefix(b"hex:") {
            Some(digits) => digits.chunks(2).map(hex_byte).collect::<Option<Vec<u8>>>()?,
            None => text.to_vec(),
        };
        KEY.contains(&bytes.len()).then_some(HmacSecret::Bytes(bytes))
    }
}

impl std::fmt::Debug for HmacSecret {
    /// Never shows the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HmacSecret::Bytes(_) => f.write_str("Bytes(********)"),
            HmacSecret::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

fn hex_byte(pair: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let [high, low] = pair else { return None };
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// `anti_replay`
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum AntiReplay {
    #[default]
    Time,
    Monotonic,
}

/// `mode` of `auth_hmac`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum HmacMode {
    #[default]
    Enforce,
    /// Adverts without a trailer are taken.
    Permissive,
    /// Own adverts have no trailer.
    ReceiveOnly,
}
