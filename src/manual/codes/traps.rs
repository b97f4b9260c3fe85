//! What `standfast check` warns of. The meaning is in the table of lints.

use super::Example::{self, Laid, Within};
use crate::config::keywords::Context::{GlobalDefs, Instance};

pub const TRAPS: &[(&str, Example)] = &[
    ("master-without-priority", Within(Instance, "state MASTER")),
    ("priority-not-set", Within(Instance, "state BACKUP")),
    ("master-with-low-priority", Within(Instance, "state MASTER; priority 90")),
    ("priority-255", Within(Instance, "priority 255")),
    ("slow-adverts", Within(Instance, "priority 100; advert_int 20")),
    (
        "password-in-clear",
        Within(Instance, "priority 100; authentication { auth_type PASS; auth_pass secret }"),
    ),
    ("strict-drops-traffic", Within(Instance, "priority 100; strict_mode")),
    ("address-without-mask", Within(Instance, "priority 100; virtual_ipaddress { 192.0.2.10 }")),
    (
        "address-of-two-instances",
        Laid(
            "vrrp_instance VI_1 { interface eth0; virtual_router_id 51; priority 100; virtual_ipaddress { 192.0.2.10/24 } } vrrp_instance VI_2 { interface eth1; virtual_router_id 52; priority 100; virtual_ipaddress { 192.0.2.10/24 } }",
        ),
    ),
    ("weight-beyond-the-end", Within(Instance, "priority 100; track_interface { eth1 weight -100 }")),
    ("unicast-without-source", Within(Instance, "priority 100; unicast_peer { 192.0.2.3 }")),
    (
        "group-of-different-states",
        Laid(
            "vrrp_instance VI_1 { interface eth0; virtual_router_id 51; state MASTER; priority 150; virtual_ipaddress { 192.0.2.10/24 } } vrrp_instance VI_2 { interface eth0; virtual_router_id 52; priority 100; state BACKUP; virtual_ipaddress { 192.0.2.11/24 } } vrrp_sync_group VG_1 { group { VI_1; VI_2 } }",
        ),
    ),
    (
        "group-of-different-preemption",
        Laid(
            "vrrp_instance VI_1 { interface eth0; virtual_router_id 51; priority 100; nopreempt; virtual_ipaddress { 192.0.2.10/24 } } vrrp_instance VI_2 { interface eth0; virtual_router_id 52; priority 100; state BACKUP; virtual_ipaddress { 192.0.2.11/24 } } vrrp_sync_group VG_1 { group { VI_1; VI_2 } }",
        ),
    ),
    (
        "group-of-different-intervals",
        Laid(
            "vrrp_instance VI_1 { interface eth0; virtual_router_id 51; priority 100; advert_int 1; virtual_ipaddress { 192.0.2.10/24 } } vrrp_instance VI_2 { interface eth0; virtual_router_id 52; priority 100; advert_int 2; virtual_ipaddress { 192.0.2.11/24 } } vrrp_sync_group VG_1 { group { VI_1; VI_2 } }",
        ),
    ),
    (
        "no-router-id",
        Within(GlobalDefs, "notification_email { admin@example.org }; smtp_server 192.0.2.25"),
    ),
    ("mail-without-server", Within(GlobalDefs, "router_id one; notification_email { admin@example.org }")),
    (
        "timeout-longer-than-interval",
        Laid(
            "vrrp_script check { script /usr/local/bin/script; interval 2; fall 2; rise 2; user nobody; timeout 5 } vrrp_instance VI_1 { interface eth0; virtual_router_id 51; priority 100; virtual_ipaddress { 192.0.2.10/24 } ; track_script { check } }",
        ),
    ),
    (
        "script-runs-seldom",
        Laid(
            "vrrp_script check { script /usr/local/bin/script; interval 90; fall 2; rise 2; user nobody } vrrp_instance VI_1 { interface eth0; virtual_router_id 51; priority 100; virtual_ipaddress { 192.0.2.10/24 } ; track_script { check } }",
        ),
    ),
    (
        "one-failure-is-a-failover",
        Laid(
            "vrrp_script check { script /usr/local/bin/script; interval 2; user nobody } vrrp_instance VI_1 { interface eth0; virtual_router_id 51; priority 100; virtual_ipaddress { 192.0.2.10/24 } ; track_script { check } }",
        ),
    ),
    (
        "script-without-user",
        Laid(
            "vrrp_script check { script /usr/local/bin/script; interval 2; fall 2; rise 2 } vrrp_instance VI_1 { interface eth0; virtual_router_id 51; priority 100; virtual_ipaddress { 192.0.2.10/24 } ; track_script { check } }",
        ),
    ),
    (
        "shell-words-without-shell",
        Laid(
            "vrrp_script check { script \"/usr/bin/pgrep nginx | /usr/bin/wc\"; interval 2; fall 2; rise 2; user nobody } vrrp_instance VI_1 { interface eth0; virtual_router_id 51; priority 100; virtual_ipaddress { 192.0.2.10/24 } ; track_script { check } }",
        ),
    ),
    (
        "delay-loop-not-set",
        Laid(
            "virtual_server 192.0.2.10 80 { lvs_sched rr; lvs_method TUN; protocol TCP; real_server 198.51.100.1 80 { TCP_CHECK { connect_timeout 2 } }; real_server 198.51.100.2 80 { TCP_CHECK { connect_timeout 2 } } }",
        ),
    ),
    (
        "single-server",
        Laid(
            "virtual_server 192.0.2.10 80 { delay_loop 5; lvs_sched rr; lvs_method TUN; protocol TCP; real_server 198.51.100.1 80 { TCP_CHECK { connect_timeout 2 } } }",
        ),
    ),
    (
        "sorry-server-is-a-real-server",
        Laid(
            "virtual_server 192.0.2.10 80 { delay_loop 5; lvs_sched rr; lvs_method TUN; protocol TCP; sorry_server 198.51.100.1 80; real_server 198.51.100.1 80 { TCP_CHECK { connect_timeout 2 } }; real_server 198.51.100.2 80 { TCP_CHECK { connect_timeout 2 } } }",
        ),
    ),
    (
        "service-without-address",
        Laid(
            "virtual_server 192.0.2.20 80 { delay_loop 5; lvs_sched rr; lvs_method TUN; protocol TCP; real_server 198.51.100.1 80 { TCP_CHECK { connect_timeout 2 } }; real_server 198.51.100.2 80 { TCP_CHECK { connect_timeout 2 } } } vrrp_instance VI_1 { interface eth0; virtual_router_id 51; priority 100; virtual_ipaddress { 192.0.2.10/24 }  }",
        ),
    ),
    (
        "persistence-binds-clients",
        Laid(
            "virtual_server 192.0.2.10 80 { delay_loop 5; lvs_sched rr; lvs_method TUN; protocol TCP; persistence_timeout 300; real_server 198.51.100.1 80 { TCP_CHECK { connect_timeout 2 } }; real_server 198.51.100.2 80 { TCP_CHECK { connect_timeout 2 } } }",
        ),
    ),
    (
        "nat-return-path",
        Laid(
            "virtual_server 192.0.2.10 80 { delay_loop 5; lvs_sched rr; lvs_method NAT; protocol TCP; real_server 198.51.100.1 80 { TCP_CHECK { connect_timeout 2 } }; real_server 198.51.100.2 80 { TCP_CHECK { connect_timeout 2 } } }",
        ),
    ),
    (
        "dr-needs-the-address",
        Laid(
            "virtual_server 192.0.2.10 80 { delay_loop 5; lvs_sched rr; lvs_method DR; protocol TCP; real_server 198.51.100.1 80 { TCP_CHECK { connect_timeout 2 } }; real_server 198.51.100.2 80 { TCP_CHECK { connect_timeout 2 } } }",
        ),
    ),
    (
        "server-without-check",
        Laid(
            "virtual_server 192.0.2.10 80 { delay_loop 5; lvs_sched rr; lvs_method TUN; protocol TCP; real_server 198.51.100.1 80 { TCP_CHECK { connect_timeout 2 } }; real_server 198.51.100.2 80 { weight 1 } }",
        ),
    ),
    (
        "server-of-weight-zero",
        Laid(
            "virtual_server 192.0.2.10 80 { delay_loop 5; lvs_sched rr; lvs_method TUN; protocol TCP; real_server 198.51.100.1 80 { TCP_CHECK { connect_timeout 2 } }; real_server 198.51.100.2 80 { weight 0; TCP_CHECK { connect_timeout 2 } } }",
        ),
    ),
    (
        "server-is-the-service",
        Laid(
            "virtual_server 192.0.2.10 80 { delay_loop 5; lvs_sched rr; lvs_method TUN; protocol TCP; real_server 198.51.100.1 80 { TCP_CHECK { connect_timeout 2 } }; real_server 192.0.2.10 80 { TCP_CHECK { connect_timeout 2 } } }",
        ),
    ),
    (
        "check-timeout-longer-than-interval",
        Laid(
            "virtual_server 192.0.2.10 80 { delay_loop 5; lvs_sched rr; lvs_method TUN; protocol TCP; real_server 198.51.100.1 80 { TCP_CHECK { connect_timeout 2 } }; real_server 198.51.100.2 80 { TCP_CHECK { connect_timeout 8 } } }",
        ),
    ),
    (
        "failure-noticed-late",
        Laid(
            "virtual_server 192.0.2.10 80 { delay_loop 5; lvs_sched rr; lvs_method TUN; protocol TCP; real_server 198.51.100.1 80 { TCP_CHECK { connect_timeout 2 } }; real_server 198.51.100.2 80 { TCP_CHECK { connect_timeout 4; retry 9; delay_before_retry 1 } } }",
        ),
    ),
    (
        "plain-http-on-443",
        Laid(
            "virtual_server 192.0.2.10 443 { delay_loop 5; lvs_sched rr; lvs_method TUN; protocol TCP; sorry_server 198.51.100.9 443; real_server 198.51.100.1 443 { HTTP_GET { connect_timeout 2; url { path /; status_code 200 } } } }",
        ),
    ),
    (
        "digest-of-a-page",
        Laid(
            "virtual_server 192.0.2.10 80 { delay_loop 5; lvs_sched rr; lvs_method TUN; protocol TCP; real_server 198.51.100.1 80 { TCP_CHECK { connect_timeout 2 } }; real_server 198.51.100.2 80 { HTTP_GET { connect_timeout 2; url { path /; digest 640205b7b0fc66c1ea91c463fac6334d } } } }",
        ),
    ),
];
