//! Values that are not used.

use super::Example::Within;
use super::{Code, code};
use crate::config::keywords::Context::{GlobalDefs, Instance, RealServer, VirtualServer};

pub const VALUES: &[Code] = &[
    code("out-of-range", "A number outside the range, which is shown.", Within(Instance, "priority 300")),
    code(
        "bad-number",
        "No number. Of `7x` the 7 is used where keepalived does so.",
        Within(Instance, "priority high"),
    ),
    code(
        "unknown-value",
        "A word that is none of those expected.",
        Within(Instance, "lower_prio_no_advert maybe"),
    ),
    code(
        "bad-address",
        "No address, or no prefix length.",
        Within(Instance, "virtual_ipaddress { 192.0.2.256/24 }"),
    ),
    code(
        "wrong-family",
        "IPv4 where IPv6 is meant, or the reverse.",
        Within(Instance, "virtual_ipaddress { 192.0.2.10/24; 2001:db8::10/64 }"),
    ),
    code(
        "name-too-long",
        "A name of an interface, a label or a persistence engine over 15 characters.",
        Within(Instance, "interface provider-uplink0"),
    ),
    code(
        "bad-path",
        "Not an absolute path where one is needed.",
        Within(GlobalDefs, "reload_time_file reload.time"),
    ),
    code(
        "bad-policy",
        "Words that exclude each other.",
        Within(GlobalDefs, "vrrp_rx_bufs_policy MTU ADVERT"),
    ),
    code(
        "bad-hex",
        "Bytes that are not written in hexadecimal digits.",
        Within(RealServer, "UDP_CHECK { payload 0x01 }"),
    ),
    code(
        "bad-regex",
        "A regular expression or something that goes with it is of no use.",
        Within(RealServer, "HTTP_GET { url { path /; regex \"status: (ok\" } }"),
    ),
    code(
        "bad-domain-name",
        "A name that no name server can be asked for; the root is asked for instead.",
        Within(RealServer, "DNS_CHECK { name example..org }"),
    ),
    code(
        "link-local-without-interface",
        "A link local address means nothing without `bind_if`.",
        Within(RealServer, "TCP_CHECK { connect_ip fe80::1 }"),
    ),
    code(
        "bad-digest",
        "Not 32 hexadecimal digits.",
        Within(RealServer, "HTTP_GET { url { path /; digest 123 } }"),
    ),
    code(
        "password-too-long",
        "VRRP carries 8 bytes of a password.",
        Within(Instance, "authentication { auth_type PASS; auth_pass long-secret }"),
    ),
    code(
        "bad-advert-interval",
        "An interval that the version of VRRP cannot carry; the nearest one is used.",
        Within(Instance, "advert_int 0.5"),
    ),
    code(
        "bad-multicast-group",
        "A multicast group that does not fit the instance.",
        Within(Instance, "mcast_dst_ip ff02::18"),
    ),
    code(
        "bad-key",
        "A key of `auth_hmac` that is not 32 to 64 bytes.",
        Within(
            Instance,
            "version 3; auth_hmac { key 1 secret; key 2 hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f; active_key 2 }",
        ),
    ),
    code(
        "broadcast-with-peer",
        "A point-to-point address has no broadcast address.",
        Within(Instance, "virtual_ipaddress { 192.0.2.10 peer 192.0.2.11 brd + }"),
    ),
    code(
        "broadcast-without-room",
        "`broadcast +` needs a prefix length up to 30.",
        Within(Instance, "virtual_ipaddress { 192.0.2.10/32 brd + }"),
    ),
    code(
        "multicast-not-link-local",
        "`vrrp_mcast_group6` is not of ff02::/16.",
        Within(GlobalDefs, "vrrp_mcast_group6 ff05::18"),
    ),
    code(
        "foreign-protocol",
        "A route or rule with a protocol other than 18 cannot be tracked.",
        Within(Instance, "virtual_routes { 198.51.100.0/24 via 192.0.2.254 dev eth0 protocol static }"),
    ),
    code(
        "bad-tunnel",
        "Options of TUN that do not go together.",
        Within(VirtualServer, "real_server 198.51.100.1 80 { lvs_method TUN type gue }"),
    ),
    code("loopback", "The loopback interface cannot carry VRRP.", Within(Instance, "interface lo")),
    code("iptables", "`vrrp_iptables`: nftables is used.", Within(GlobalDefs, "vrrp_iptables")),
];
