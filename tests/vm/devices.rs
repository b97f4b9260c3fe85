//! Devices that this machine's own kernel may not have: ipvlans, and virtual MACs on VLANs, on macvlans and in VRFs. Each
//! scenario is one of the differential tests, on both daemons.

use crate::differential::{facts::same, interop, lifecycle};
use crate::support::below::Below;
use crate::support::runner::Case;

/// From start to stop, as in `differential::lifecycle`.
const IPVLANS: [(&str, &str); 6] = [
    ("plain", "use_ipvlan 10.0.0.5/24\n virtual_ipaddress { 10.0.0.50/24\n 10.1.0.50/24 dev eth1 }"),
    ("named_private", "use_ipvlan vip0 10.0.0.5/24 private\n virtual_ipaddress { 10.0.0.50 }"),
    (
        "vepa_with_source",
        "use_ipvlan vepa 10.0.0.5/24\n mcast_src_ip 10.0.0.7\n virtual_ipaddress { 10.0.0.50/24 }",
    ),
    ("unicast", "use_ipvlan 10.0.0.5/24\n unicast_peer { 10.0.0.2 }\n virtual_ipaddress { 10.0.0.50/24 }"),
    ("ipv6", "use_ipvlan\n virtual_ipaddress { fe80::50\n 2001:db8::50/64 }"),
    ("ipv6_with_address", "use_ipvlan 2001:db8::5/64\n virtual_ipaddress { fe80::50 }"),
];

/// The same on other parents.
const VMACS: [(Below, &str, &str); 10] = [
    (Below::Vlan, "virtual_mac", PLAIN),
    (Below::Vlan, "of_addresses", OF_ADDRESSES),
    (Below::Vlan, "ipv6", OVER_IPV6),
    (Below::Macvlan, "virtual_mac", PLAIN),
    (Below::Macvlan, "xmit_base", XMIT_BASE),
    (Below::Vrf, "virtual_mac", PLAIN),
    (Below::Vrf, "xmit_base", XMIT_BASE),
    (Below::Vrf, "of_addresses", OF_ADDRESSES),
    (Below::Vrf, "ipv6", OVER_IPV6),
    (Below::Vrf, "ipvlan", "use_ipvlan 10.0.0.5/24\n virtual_ipaddress { 10.0.0.50/24 }"),
];
const PLAIN: &str = "use_vmac\n virtual_ipaddress { 10.0.0.50/24 }";
const XMIT_BASE: &str = "use_vmac vip0\n vmac_xmit_base\n virtual_ipaddress { 10.0.0.50/24 }";
const OF_ADDRESSES: &str =
    "use_vmac\n use_vmac_addr\n virtual_ipaddress { 10.0.0.50/24\n 10.1.0.50/24 dev eth1 }";
const OVER_IPV6: &str = "use_vmac\n virtual_ipaddress { fe80::50\n 2001:db8::50/64 }";

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (below, name, lines) in VMACS {
        cases.push(same(format!("vm::parents::{}::{name}", below.name()), move |subject| {
            lifecycle::observe(subject, below, lines)
        }));
    }
    for (pair, master, backup) in interop::PAIRS {
        for (name, lines) in [("virtual_mac", "use_vmac"), ("ipv6_virtual_mac", "native_ipv6\n use_vmac")] {
            cases.push(Case::new(format!("vm::parents::vrf::{pair}::{name}"), move || {
                interop::lead(master, backup, Below::Vrf, lines)
            }));
        }
    }
    for (name, lines) in IPVLANS {
        cases.push(same(format!("vm::ipvlan::{name}"), move |subject| {
            lifecycle::observe(subject, Below::Cable, lines)
        }));
    }
    for (pair, master, backup) in interop::PAIRS {
        for (name, lines) in [
            ("multicast", "use_ipvlan 10.0.0.10ME/24"),
            ("unicast", "use_ipvlan 10.0.0.10ME/24\n unicast_peer { 10.0.0.10PEER }"),
            ("ipv6", "use_ipvlan # over ipv6"),
        ] {
            cases.push(Case::new(format!("vm::ipvlan::{pair}::{name}"), move || {
                interop::lead(master, backup, Below::Cable, lines)
            }));
        }
    }
    cases
}
