//! What instances, groups and trackers mean together.

use super::Example::{Laid, Within};
use super::{Code, code};
use crate::config::keywords::Context::{GlobalDefs, Instance, VirtualServer};

pub const VRRP: &[Code] = &[
    code(
        "instance-incomplete",
        "The instance cannot run; the others do. keepalived does not start.",
        Laid("vrrp_instance VI_1 { interface eth0; virtual_ipaddress { 192.0.2.10/24 } }"),
    ),
    code(
        "vrid-twice",
        "Two instances with one VRID on one interface; the second is left out.",
        Laid(
            "vrrp_instance VI_1 { interface eth0; virtual_router_id 51; virtual_ipaddress { 192.0.2.10/24 } } vrrp_instance VI_2 { interface eth0; virtual_router_id 51; virtual_ipaddress { 192.0.2.11/24 } }",
        ),
    ),
    code(
        "defined-twice",
        "A second object of the same name or address; the first counts.",
        Within(VirtualServer, "real_server 198.51.100.1 80 { }; real_server 198.51.100.1 80 { }"),
    ),
    code(
        "no-address",
        "An instance without an address.",
        Laid("vrrp_instance VI_1 { interface eth0; virtual_router_id 51 }"),
    ),
    code(
        "nopreempt-with-master",
        "`nopreempt` and `state MASTER`: nopreempt is dropped.",
        Within(Instance, "state MASTER; nopreempt"),
    ),
    code(
        "preempt-delay-without-effect",
        "`preempt_delay` with `state MASTER` or `nopreempt`.",
        Within(Instance, "state MASTER; preempt_delay 60"),
    ),
    code(
        "auth-with-v3",
        "Version 3 has no authentication.",
        Within(Instance, "version 3; authentication { auth_type PASS; auth_pass secret }"),
    ),
    code(
        "auth-with-v6",
        "AH is for IPv4 only.",
        Within(
            Instance,
            "version 2; virtual_ipaddress { fe80::10; 2001:db8::10/64 }; authentication { auth_type AH; auth_pass secret }",
        ),
    ),
    code(
        "unicast-without-peers",
        "A word for unicast, and no peers.",
        Within(Instance, "unicast_src_ip 192.0.2.1"),
    ),
    code(
        "peer-is-self",
        "A unicast peer with this host's own address.",
        Within(Instance, "unicast_src_ip 192.0.2.1; unicast_peer { 192.0.2.1; 192.0.2.2 }"),
    ),
    code(
        "vmac-unicast",
        "Unicast with a virtual MAC sends from the interface below it.",
        Within(Instance, "use_vmac; unicast_src_ip 192.0.2.1; unicast_peer { 192.0.2.2 }"),
    ),
    code(
        "vmac-word-without-vmac",
        "`vmac_xmit_base` without `use_vmac`.",
        Within(Instance, "vmac_xmit_base"),
    ),
    code(
        "vmac-name-taken",
        "Another instance has a VMAC of this name.",
        Laid(
            "vrrp_instance VI_1 { interface eth0; use_vmac vip; virtual_router_id 51; virtual_ipaddress { 192.0.2.10/24 } } vrrp_instance VI_2 { interface eth0; use_vmac vip; virtual_router_id 52; virtual_ipaddress { 192.0.2.11/24 } }",
        ),
    ),
    code(
        "promote-with-vmac",
        "A VMAC always promotes secondaries.",
        Within(Instance, "use_vmac; promote_secondaries"),
    ),
    code(
        "tracks-own-interface",
        "An instance follows its own interface anyway.",
        Within(Instance, "track_interface { eth0 }"),
    ),
    code(
        "no-such-script",
        "`track_script` names nothing that is defined above.",
        Laid(
            "vrrp_script check_web { script /usr/local/bin/script } vrrp_instance VI_1 { interface eth0; virtual_router_id 51; virtual_ipaddress { 192.0.2.10/24 }; track_script { check_web; chekc_web } }",
        ),
    ),
    code(
        "no-such-file",
        "`track_file`, or a `FILE_CHECK`, names nothing that is defined above.",
        Within(Instance, "track_file { maintenance }"),
    ),
    code(
        "no-such-process",
        "`track_process` names nothing that is defined above.",
        Within(Instance, "track_process { nginx }"),
    ),
    code(
        "no-such-bfd",
        "`track_bfd`, or a `BFD_CHECK`, names nothing that is defined above, or a session that is not for it.",
        Within(Instance, "track_bfd { PEER }"),
    ),
    code(
        "no-such-track-group",
        "A static object names a `track_group` that is not defined above.",
        Laid("static_routes { 198.51.100.0/24 via 192.0.2.254 dev eth0 track_group ROUTES }"),
    ),
    code(
        "track-group-without-interface",
        "A static route or rule with a `track_group` needs an interface.",
        Laid(
            "track_group ROUTES { group { VI_1 } } static_routes { 198.51.100.0/24 via 192.0.2.254 no_track track_group ROUTES }",
        ),
    ),
    code(
        "weight-without-effect",
        "A weight of an address owner, or of a member of a sync group without `sync_group_tracking_weight`.",
        Within(Instance, "priority 255; track_interface { eth1 weight 10 }"),
    ),
    code(
        "untracked-route",
        "Whether a route without `dev` is there cannot be seen.",
        Within(Instance, "virtual_routes { 198.51.100.0/24 via 192.0.2.254 }"),
    ),
    code(
        "first-not-link-local",
        "With `strict_mode` the first address of IPv6 is a link-local one.",
        Within(Instance, "strict_mode; virtual_ipaddress { 2001:db8::10/64; fe80::10 }"),
    ),
    code(
        "version-of-v4",
        "`version 2` of an instance that a line above made one of IPv6.",
        Within(Instance, "native_ipv6; version 2; virtual_ipaddress { fe80::10 }"),
    ),
    code(
        "against-strict-mode",
        "A keyword that `strict_mode` forbids; it is taken back.",
        Within(Instance, "strict_mode; preempt_delay 60"),
    ),
    code(
        "unicast-in-strict-mode",
        "The RFCs know multicast only. The instance speaks unicast all the same; keepalived 2.4 would not start.",
        Within(Instance, "strict_mode; unicast_peer { 192.0.2.2 }"),
    ),
    code(
        "ipvlan-without-address",
        "An IPv4 ipvlan needs an address of its own.",
        Within(Instance, "use_ipvlan"),
    ),
    code(
        "vmac-with-ipvlan",
        "An instance is on a VMAC or on an ipvlan.",
        Within(Instance, "use_vmac; use_ipvlan 192.0.2.2/24"),
    ),
    code(
        "vrf-not-alone",
        "`vrf` is for unicast without an interface.",
        Within(Instance, "interface eth0; vrf blue"),
    ),
    code(
        "preempts-after-timer",
        "`timer_expired_backup` needs `nopreempt`.",
        Within(Instance, "timer_expired_backup 50"),
    ),
    code(
        "not-the-owner",
        "`owner_ignore_adverts` and the priority contradict each other.",
        Within(Instance, "owner_ignore_adverts"),
    ),
    code(
        "hmac-without-key",
        "`active_key` is none of the keys; `auth_hmac` is left out.",
        Within(
            Instance,
            "version 3; auth_hmac { key 1 hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f; active_key 2 }",
        ),
    ),
    code(
        "auth-with-hmac",
        "`authentication` beside `auth_hmac` is left out.",
        Within(
            Instance,
            "authentication { auth_type PASS; auth_pass secret }; auth_hmac { key 1 hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f; active_key 1 }",
        ),
    ),
    code(
        "unused-script",
        "A `vrrp_script` that nothing tracks.",
        Laid("vrrp_script check { script /usr/local/bin/script }"),
    ),
    code(
        "no-such-instance",
        "A name that no instance has.",
        Laid(
            "vrrp_instance VI_1 { interface eth0; virtual_router_id 51; virtual_ipaddress { 192.0.2.10/24 } } vrrp_instance VI_2 { interface eth0; virtual_router_id 52; virtual_ipaddress { 192.0.2.11/24 } } vrrp_sync_group VG_1 { group { VI_1; VI_2; V1_3 } }",
        ),
    ),
    code("empty-block", "A block with nothing in it.", Within(GlobalDefs, "notification_email { }")),
    code(
        "tracked-by-group-too",
        "An interface that a sync group follows and an instance of it too.",
        Laid(
            "vrrp_instance VI_1 { interface eth0; virtual_router_id 51; virtual_ipaddress { 192.0.2.10/24 }; track_interface { eth1 } } vrrp_instance VI_2 { interface eth0; virtual_router_id 52; virtual_ipaddress { 192.0.2.11/24 } } vrrp_sync_group VG_1 { group { VI_1; VI_2 }; track_interface { eth1 } }",
        ),
    ),
    code(
        "lonely-group",
        "A sync group of one.",
        Laid(
            "vrrp_instance VI_1 { interface eth0; virtual_router_id 51; virtual_ipaddress { 192.0.2.10/24 } } vrrp_sync_group VG_1 { group { VI_1 } }",
        ),
    ),
    code(
        "rule-without-preference",
        "A routing rule without `preference`.",
        Within(Instance, "virtual_rules { from 192.0.2.0/24 table 100 }"),
    ),
    code(
        "incomplete-block",
        "A block without the keyword that makes it something.",
        Laid("track_file maintenance { weight 10 }"),
    ),
];
