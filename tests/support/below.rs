//! What an interface may be instead of the end of a cable.

use super::net::Node;

/// What it stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Below {
    /// It is the end of a cable itself.
    Cable,
    /// A VLAN of the cable.
    Vlan,
    /// A macvlan on the cable.
    Macvlan,
    /// The end of a cable in a VRF.
    Vrf,
}

impl Below {
    /// Its name in those of cases.
    pub fn name(self) -> &'static str {
        match self {
            Below::Cable => "cable",
            Below::Vlan => "vlan",
            Below::Macvlan => "macvlan",
            Below::Vrf => "vrf",
        }
    }

    /// Puts it below the interface, which keeps its name, its MAC and this address.
    pub fn put(self, node: &Node, interface: &str, address: &str) {
        let kind = match self {
            Below::Cable => return,
            Below::Vlan => "vlan id 5",
            Below::Macvlan => "macvlan mode bridge",
            Below::Vrf => {
                node.sh(&format!(
                    "ip link add red type vrf table 100 && ip link set red up && ip link set {interface} master red"
                ));
                return;
            }
        };
        let shown = node.sh(&format!("ip -o link show {interface}"));
        // A macvlan has another than what it stands on.
        let mac = shown.split_whitespace().skip_while(|word| *word != "link/ether").nth(1).unwrap();
        let base = format!("{}ff{}", &mac[..12], &mac[14..]);
        node.sh(&format!(
            "ip link set {interface} down && ip addr flush dev {interface} && \
             ip link set {interface} name base0 address {base} && ip link set base0 up && \
             ip link add link base0 name {interface} address {mac} type {kind} && \
             ip addr add {address} dev {interface} && ip link set {interface} up"
        ));
    }
}
