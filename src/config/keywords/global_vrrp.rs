//! Rows of `global_defs` that concern VRRP.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::{Keyword, row};
use crate::ids::Family;

/// `global_defs`: VRRP
pub const GLOBAL_VRRP: &[Keyword] = &[
    row("vrrp_process_name", Word, Exits, LastWins, "unchanged")
        .doc("2.0.16", "NAME (max 15 chars)", "Name of the VRRP process.")
        .later(),
    row("use_symlink_paths", Boolean, Allowed, LastWins, "off (script paths are resolved with realpath)")
        .doc("2.3.0", "[BOOL]", "Keep symlinks in script path names.")
        .later(),
    row(
        "dynamic_interfaces",
        Choice(&["allow_if_changes"]),
        Allowed,
        LastWins,
        "off (all interfaces must exist)",
    )
    .doc(
        "2.0.0",
        "[allow_if_changes]",
        "Permit interfaces that do not exist yet or are recreated; allow_if_changes also \
permits type or parent changes.",
    ),
    row("default_interface", Word, Faults, LastWins, "eth0").doc(
        "1.2.24",
        "IFNAME",
        "Interface for static addresses without dev.",
    ),
    row("vrrp_mcast_group4", Multicast(Some(Family::V4)), Exits, LastWins, "224.0.0.18").doc(
        "1.2.10",
        "IPv4 multicast",
        "Group address for IPv4 adverts.",
    ),
    row("vrrp_mcast_group6", Multicast(Some(Family::V6)), Exits, LastWins, "ff02::12").doc(
        "1.2.10",
        "IPv6 multicast",
        "Group address for IPv6 adverts.",
    ),
    row("vrrp_garp_master_delay", Lax(0, 4294), Exits, LastWins, "5").doc(
        "1.2.20",
        "SECS 0..4294",
        "Delay to the second block of gratuitous ARP/NA after becoming MASTER; 0 means no \
second block. Only instances parsed later inherit it.",
    ),
    row("vrrp_garp_master_repeat", Lax(0, u32::MAX as i64), Exits, LastWins, "5").doc(
        "1.2.20",
        "COUNT 1..UINT_MAX",
        "Messages per VIP in each block; 0 is turned into 1 with an error.",
    ),
    row("vrrp_garp_master_refresh", Lax(0, u32::MAX as i64), Exits, LastWins, "0 (off)").doc(
        "1.2.20",
        "SECS",
        "Repeat interval of gratuitous ARP/NA while MASTER.",
    ),
    row("vrrp_garp_master_refresh_repeat", Lax(0, u32::MAX as i64), Exits, LastWins, "1").doc(
        "1.2.20",
        "COUNT 1..UINT_MAX",
        "Messages per VIP at each refresh; 0 becomes 1 with an error.",
    ),
    row("vrrp_garp_lower_prio_delay", Lax(0, 4294), Exits, LastWins, "value of vrrp_garp_master_delay")
        .doc(
            "1.2.20",
            "SECS 0..4294",
            "Delay to the second block after a lower priority advert was seen while MASTER.",
        ),
    row(
        "vrrp_garp_lower_prio_repeat",
        Lax(0, i32::MAX as i64),
        Exits,
        LastWins,
        "value of vrrp_garp_master_repeat",
    )
    .doc(
        "1.2.20",
        "COUNT 0..INT_MAX",
        "Messages per VIP when a lower priority advert is seen while MASTER; 0 sends none.",
    ),
    row("vrrp_down_timer_adverts", Lax(1, 100), Exits, LastWins, "3").doc(
        "2.2.3",
        "1..100",
        "Default count of missed adverts before the master is declared dead.",
    ),
    row("vrrp_garp_interval", Decimal(1, 4294967295, 6), Exits, LastWins, "0 (no pacing)").doc(
        "1.2.21",
        "SECS, 6 decimals, > 0",
        "Minimum gap between gratuitous ARPs on an interface without a garp_group; 1 s or \
more logs a notice.",
    ),
    row("vrrp_gna_interval", Decimal(1, 4294967295, 6), Exits, LastWins, "0 (no pacing)").doc(
        "1.2.21",
        "SECS, 6 decimals, > 0",
        "Same for unsolicited NA.",
    ),
    row("vrrp_min_garp", Boolean, Allowed, LastWins, "off").doc(
        "2.0.12",
        "[BOOL]",
        "Changes those still at default: master_repeat 1, refresh 0, refresh_repeat 0, \
master_delay 0 (one message, no second block).",
    ),
    row("vrrp_garp_extra_if", Words, Allowed, LastWins, "0 (off)").doc(
        "2.2.3",
        "[all] SECS 1..86400",
        "Default of garp_extra_if: periodic ARP/NA on interfaces of VIPs that are not the \
instance's own.",
    ),
    row("vrrp_vmac_garp_intvl", Words, Allowed, LastWins, "0")
        .doc("2.2.0", "[all] SECS", "Same as vrrp_garp_extra_if.")
        .deprecated("vrrp_garp_extra_if"),
    row("vrrp_lower_prio_no_advert", Boolean, Allowed, LastWins, "off (on in strict mode)").doc(
        "1.2.20",
        "[BOOL]",
        "Default: do not answer a lower priority advert with an advert.",
    ),
    row("vrrp_higher_prio_send_advert", Boolean, Allowed, LastWins, "off").doc(
        "1.3.5",
        "[BOOL]",
        "Default: a MASTER that hears a higher priority advert sends one more advert before \
backing down.",
    ),
    row("vrrp_version", Lax(2, 3), Exits, LastWins, "2 (IPv6 instances: 3)").doc(
        "1.2.20",
        "2 or 3",
        "Default protocol version of IPv4 instances.",
    ),
    row("vrrp_iptables", Words, Allowed, FirstWins, "unset").doc(
        "1.2.20",
        "[IN_CHAIN [OUT_CHAIN]]",
        "Use iptables chains for no_accept and VMAC filtering; no argument means INPUT and \
OUTPUT. In builds without iptables it logs an error and turns on nftables instead.",
    ),
    row(
        "vrrp_ipsets",
        Words,
        Allowed,
        LastWins,
        "keepalived, keepalived6, keepalived_if6, keepalived_igmp, keepalived_mld, \
keepalived_nd when iptables is used",
    )
    .doc(
        "1.2.20",
        "[ADDR [ADDR6 [IFACE6 [IGMP [MLD [ND]]]]]]",
        "Names of ipsets used with iptables; no argument turns ipsets off; missing names are \
derived.",
    )
    .later(),
    row("vrrp_check_unicast_src", Nothing, Allowed, LastWins, "off").doc(
        "1.2.20",
        "none",
        "Default for all unicast instances: drop adverts whose source is not a configured \
peer.",
    ),
    row("vrrp_skip_check_adv_addr", Boolean, Allowed, LastWins, "off").doc(
        "1.2.20",
        "[BOOL]",
        "Default: only compare the address list when the sender changed. Inherited by \
instances parsed later.",
    ),
    row("vrrp_strict", Boolean, Allowed, LastWins, "off").doc(
        "1.2.20",
        "[BOOL]",
        "Default of strict_mode.",
    ),
    row("vrrp_priority", Lax(-20, 19), Faults, LastWins, "0 (unchanged)").doc(
        "1.2.20",
        "-20..19",
        "Nice value of the VRRP process.",
    ),
    row("vrrp_no_swap", Nothing, Allowed, LastWins, "off").doc(
        "1.2.20",
        "none",
        "Lock the VRRP process in memory.",
    ),
    row("vrrp_rt_priority", Lax(1, 99), Faults, LastWins, "0 (off)").doc(
        "2.0.0",
        "1..99",
        "SCHED_RR priority of the VRRP process; outside the range is clamped with an error.",
    ),
    row("vrrp_cpu_affinity", Words, Faults, LastWins, "unset").doc(
        "2.0.17",
        "CPU [CPU...]",
        "CPUs for the VRRP process.",
    ),
    row("vrrp_rlimit_rttime", Lax(1, u32::MAX as i64), Exits, LastWins, "10000").doc(
        "2.1.0",
        "USECS 1..UINT32_MAX",
        "RLIMIT_RTTIME used with realtime scheduling; 1 becomes 2.",
    ),
    row("vrrp_rlimit_rtime", Lax(1, u32::MAX as i64), Exits, LastWins, "10000")
        .doc("2.0.0", "USECS", "Same as vrrp_rlimit_rttime.")
        .renamed("vrrp_rlimit_rttime"),
    row("vrrp_notify_fifo", Words, Faults, FirstWins, "none").doc(
        "1.3.6",
        "PATH [USER [GROUP]]",
        "FIFO for VRRP events; ignored if equal to notify_fifo.",
    ),
    row("vrrp_notify_fifo_script", Script, Faults, FirstWins, "none").doc(
        "1.3.6",
        "SCRIPT [USER [[:]GROUP]]",
        "Program run to read vrrp_notify_fifo.",
    ),
    row("vrrp_notify_priority_changes", Boolean, Allowed, LastWins, "off").doc(
        "2.0.16",
        "[BOOL]",
        "Default: write MASTER_PRIORITY/BACKUP_PRIORITY lines to the FIFOs when an effective \
priority changes.",
    ),
    row("vrrp_netlink_cmd_rcv_bufs", Int(0, u32::MAX as i64), Faults, LastWins, "system default")
        .doc("2.0.0", "BYTES", "Receive buffer of the VRRP netlink command socket.")
        .later(),
    row("vrrp_netlink_cmd_rcv_bufs_force", Boolean, Allowed, LastWins, "off")
        .doc("2.0.0", "[BOOL]", "Use SO_RCVBUFFORCE for it.")
        .later(),
    row("vrrp_netlink_monitor_rcv_bufs", Int(0, u32::MAX as i64), Faults, LastWins, "system default")
        .doc("2.0.0", "BYTES", "Receive buffer of the VRRP netlink monitor socket.")
        .later(),
    row("vrrp_netlink_monitor_rcv_bufs_force", Boolean, Allowed, LastWins, "off")
        .doc("2.0.0", "[BOOL]", "Use SO_RCVBUFFORCE for it.")
        .later(),
    row("vrrp_rx_bufs_policy", Words, Faults, Repeats, "system default").doc(
        "2.0.3",
        "MTU or ADVERT or BYTES (case insensitive words)",
        "Size of VRRP receive sockets: sum over the instances of multiplier x MTU, multiplier \
x advert size, or a fixed number.",
    ),
    row("vrrp_rx_bufs_multiplier", Int(1, u32::MAX as i64), Allowed, LastWins, "3").doc(
        "2.0.3",
        "COUNT >= 1",
        "Multiplier of the policy.",
    ),
    row("vrrp_startup_delay", Decimal(1000, 4294967295, 6), Exits, LastWins, "0").doc(
        "2.0.14",
        "SECS 0.001..4294.967295",
        "Time after start before instances act and listen; 60 s or more logs a notice.",
    ),
    row("vrrp_delay_after_boot", Decimal(1000, 4294967295, 6), Exits, LastWins, "0").doc(
        "2.4.0",
        "SECS 0.001..4294.967295",
        "Like vrrp_startup_delay but counted from system boot.",
    ),
    row("vrrp_owner_ignore_adverts", Boolean, Allowed, LastWins, "off (on in strict mode)").doc(
        "2.3.3",
        "[BOOL]",
        "Default: an address owner (priority 255) drops received adverts.",
    ),
    row("vmac_prefix", Word, Exits, FirstWins, "vrrp").doc(
        "2.2.0",
        "STRING",
        "Prefix of generated VMAC interface names.",
    ),
    row("vmac_addr_prefix", Word, Exits, FirstWins, "vmac_prefix").doc(
        "2.2.0",
        "STRING",
        "Prefix of VMACs made for VIPs on other interfaces.",
    ),
];
