//! Rows of `vrrp_instance` and its blocks.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::Values::*;
use super::{Context, Keyword, row};

/// `vrrp_instance`
pub const INSTANCE: &[Keyword] = &[
    row(
        "use_vmac",
        Words,
        Allowed,
        Repeats,
        "off; generated name vrrp.VRID; MAC 00:00:5e:00:01:VRID (IPv4) or 00:00:5e:00:02:VRID \
(IPv6)",
    )
    .doc(
        "1.2.3",
        "[[name] IFNAME] [MAC of 5 or 6 octets] [netlink_notify_msg] [group ID_or_NAME]",
        "Run on a private mode macvlan with the virtual MAC.",
    ),
    row("use_vmac_addr", Nothing, Allowed, LastWins, "off").doc(
        "2.2.0",
        "none",
        "Make a VMAC for each other interface that carries a VIP/eVIP (or eVIP of the other \
family).",
    ),
    row("vmac_xmit_base", Nothing, Allowed, LastWins, "off (forced on for unicast with VMAC/IPVLAN)").doc(
        "1.2.10",
        "none",
        "Send and receive adverts on the base interface rather than the VMAC.",
    ),
    row("use_ipvlan", Words, Allowed, FirstWins, "off; bridge").doc(
        "2.0.17",
        "[[name] IFNAME] [IP[/LEN]] [bridge|private|vepa] [group ID_or_NAME]",
        "Run on an L2 ipvlan; IPv4 needs an address, which also becomes the source address.",
    ),
    row("unicast_peer", Values(Peers), Allowed, Repeats, "none (multicast)").doc(
        "1.2.8",
        "value block, IP [min_ttl 0..255] [max_ttl 0..255]",
        "Send adverts to these peers instead of multicast; a TTL option also turns on \
check_unicast_src.",
    ),
    row("unicast_fault_no_peer", Nothing, Allowed, LastWins, "off").doc(
        "2.2.5",
        "none",
        "With no peers configured go to FAULT instead of falling back to multicast.",
    ),
    row("check_unicast_src", Nothing, Allowed, LastWins, "global vrrp_check_unicast_src").doc(
        "2.1.0",
        "none",
        "Drop adverts from addresses that are not peers.",
    ),
    row("old_unicast_checksum", Choice(&["never"]), Allowed, LastWins, "auto detect").doc(
        "1.3.7",
        "[never]",
        "Use the pre 1.3.7 VRRPv3 unicast checksum (pseudo header with the multicast \
address); never disables auto detection.",
    ),
    row("native_ipv6", Nothing, Allowed, LastWins, "family from the addresses").doc(
        "1.2.1",
        "none",
        "Force IPv6 and VRRPv3.",
    ),
    row("state", Words, Exits, LastWins, "MASTER if priority is 255, else BACKUP").doc(
        "0.5.3",
        "MASTER or BACKUP",
        "Initial state hint.",
    ),
    row("interface", Word, Exits, LastWins, "none (allowed only with unicast and a source address)").doc(
        "0.5.3",
        "IFNAME",
        "Interface of the instance.",
    ),
    row("vrf", Word, Exits, FirstWins, "none").doc(
        "2.2.5",
        "IFNAME",
        "VRF device for unicast without interface.",
    ),
    row("dont_track_primary", Nothing, Allowed, LastWins, "off").doc(
        "1.1.8",
        "none",
        "Ignore link state of the instance's own interface.",
    ),
    row("track_interface", Values(Tracked), Allowed, Repeats, "weight 0 (FAULT when down)").doc(
        "1.0.1",
        "value block, IFNAME [weight -253..253 [reverse]]",
        "Track other interfaces.",
    ),
    row("track_script", Values(Tracked), Allowed, Repeats, "weight of the script").doc(
        "1.1.13",
        "value block, SCRIPT [weight -253..253 [reverse|noreverse]]",
        "Track scripts.",
    ),
    row("track_file", Values(Tracked), Allowed, Repeats, "weight of the track_file (1)").doc(
        "2.0.0",
        "value block, FILE [weight -254..254 [reverse|noreverse]]",
        "Track files.",
    ),
    row("track_process", Values(Tracked), Allowed, Repeats, "weight of the process (0)").doc(
        "2.0.11",
        "value block, PROCESS [weight -254..254 [reverse|noreverse]]",
        "Track processes.",
    ),
    row("track_bfd", Values(Tracked), Allowed, Repeats, "weight of the bfd_instance (0)")
        .doc("2.0.0", "value block, BFD [weight -253..253 [reverse|noreverse]]", "Track BFD sessions.")
        .unused("runs no BFD sessions"),
    row("mcast_src_ip", Ip, Exits, LastWins, "first address of the interface").doc(
        "0.6.1",
        "IP",
        "Source address of adverts.",
    ),
    row("unicast_src_ip", Ip, Exits, LastWins, "first address of the interface").doc(
        "1.2.10",
        "IP",
        "Same as mcast_src_ip but marks the instance as unicast.",
    ),
    row("mcast_dst_ip", Multicast(None), Exits, LastWins, "vrrp_mcast_group4/6").doc(
        "2.2.5",
        "multicast IP",
        "Destination group of this instance (IPv6 must be link local scope).",
    ),
    row("track_src_ip", Nothing, Allowed, LastWins, "off").doc(
        "2.0.0",
        "none",
        "FAULT when the configured source address disappears; no effect without a configured \
source.",
    ),
    row("virtual_router_id", Int(1, 255), Exits, LastWins, "none (required)")
        .doc("0.5.3", "1..255", "VRID."),
    row("unicast_ttl", Int(0, 255), Exits, LastWins, "IPv4 255; IPv6 kernel default").doc(
        "2.1.0",
        "0..255",
        "TTL or hop limit of sent unicast adverts.",
    ),
    row("version", Lax(2, 3), Exits, FirstWins, "IPv6: 3; IPv4: vrrp_version").doc(
        "1.2.17",
        "2 or 3",
        "Protocol version.",
    ),
    row("priority", Int(1, 255), Exits, LastWins, "255 if state MASTER, else 100").doc(
        "0.5.3",
        "1..255",
        "Base priority; 255 means address owner.",
    ),
    row("advert_int", Decimal(10000, 255000000, 6), Exits, LastWins, "1").doc(
        "0.5.3",
        "SECS 0.01..255, 6 decimals",
        "Advert interval. Version 2: whole seconds up to 255 (else error and rounding). \
Version 3: 0.01..40.95 in steps of 0.01 (else error and clamp or rounding).",
    ),
    row("virtual_ipaddress", Values(Addresses), Allowed, Repeats, "none").doc(
        "0.5.3",
        "value block of addresses",
        "VIPs carried in adverts and configured while MASTER. All of one family.",
    ),
    row("virtual_ipaddress_excluded", Values(Addresses), Allowed, Repeats, "none").doc(
        "0.5.9",
        "value block of addresses",
        "Addresses configured while MASTER but not carried in adverts; may be of the other \
family.",
    ),
    row("no_virtual_ipaddress", Nothing, Allowed, LastWins, "off").doc(
        "2.2.8",
        "none",
        "Accept an instance without VIPs (even VRRPv3) without complaint.",
    ),
    row("promote_secondaries", Nothing, Allowed, LastWins, "off").doc(
        "1.3.0",
        "none",
        "Set the promote_secondaries sysctl on the interface (always done for VMAC/IPVLAN).",
    ),
    row("linkbeat_use_polling", Nothing, Allowed, LastWins, "off")
        .doc("2.0.0", "none", "Poll this instance's interface.")
        .deprecated("linkbeat_interfaces"),
    row("v3_checksum_as_v2", Boolean, Allowed, LastWins, "global v3_checksum_as_v2").doc(
        "2.2.8",
        "[BOOL]",
        "No pseudo header in VRRPv3 IPv4 checksums; received ones are then not rejected \
either way.",
    ),
    row("virtual_routes", Values(Routes), Allowed, Repeats, "none").doc(
        "1.0.1",
        "value block of routes",
        "Routes present while MASTER.",
    ),
    row("virtual_rules", Values(Rules), Allowed, Repeats, "none").doc(
        "1.2.20",
        "value block of rules",
        "Policy rules present while MASTER.",
    ),
    row("accept", Nothing, Allowed, LastWins, "on (strict mode and not owner: off)").doc(
        "1.2.17",
        "none",
        "Packets to VIPs are accepted.",
    ),
    row("no_accept", Nothing, Allowed, LastWins, "off").doc(
        "1.3.0",
        "none",
        "Drop packets addressed to VIPs while MASTER and not owner (firewall rules).",
    ),
    row("skip_check_adv_addr", Boolean, Allowed, LastWins, "global vrrp_skip_check_adv_addr").doc(
        "1.2.20",
        "[BOOL] (the value is only validated: any valid value turns it on)",
        "Skip the VIP list check for adverts from the same master.",
    ),
    row("strict_mode", Boolean, Allowed, LastWins, "vrrp_strict").doc(
        "1.2.20",
        "[BOOL]",
        "Enforce RFC rules for this instance.",
    ),
    row("preempt", Nothing, Allowed, LastWins, "on").doc("0.5.3", "none", "Allow preemption."),
    row("nopreempt", Nothing, Allowed, LastWins, "off").doc(
        "1.1.8",
        "none",
        "Do not take over from a lower priority MASTER.",
    ),
    row("preempt_delay", Decimal(0, 1000000000, 6), Exits, LastWins, "0").doc(
        "1.1.8",
        "SECS 0..1000, 6 decimals",
        "How long a lower priority MASTER is tolerated before preempting.",
    ),
    row("debug", Lax(0, 4), Exits, LastWins, "0").doc("0.5.3", "0..4", "Accepted and unused.").later(),
    row("notify_backup", Script, Exits, FirstWins, "none").doc(
        "0.5.9",
        "SCRIPT [USER [[:]GROUP]]",
        "Run when the instance becomes BACKUP.",
    ),
    row("notify_master", Script, Exits, FirstWins, "none").doc(
        "0.5.9",
        "SCRIPT [USER [[:]GROUP]]",
        "Run when the instance becomes MASTER.",
    ),
    row("notify_fault", Script, Exits, FirstWins, "none").doc(
        "0.5.9",
        "SCRIPT [USER [[:]GROUP]]",
        "Run when the instance becomes FAULT.",
    ),
    row("notify_stop", Script, Exits, FirstWins, "none").doc(
        "1.1.13",
        "SCRIPT [USER [[:]GROUP]]",
        "Run when the daemon stops.",
    ),
    row("notify_deleted", Script, Allowed, FirstWins, "off").doc(
        "2.1.0",
        "[SCRIPT [USER [[:]GROUP]]]",
        "Report DELETED instead of FAULT when a reload removes the instance; optional script.",
    ),
    row("notify", Script, Exits, FirstWins, "none").doc(
        "0.5.3",
        "SCRIPT [USER [[:]GROUP]]",
        "Run on every change after the specific script, with four arguments appended: \
INSTANCE name state priority.",
    ),
    row("notify_master_rx_lower_pri", Script, Exits, FirstWins, "none").doc(
        "2.0.6",
        "SCRIPT [USER [[:]GROUP]]",
        "Run when a MASTER hears a lower priority advert.",
    ),
    row("smtp_alert", Boolean, Allowed, LastWins, "smtp_alert_vrrp, else smtp_alert, else off").doc(
        "0.5.7",
        "[BOOL]",
        "Mail transitions.",
    ),
    row("notify_priority_changes", Boolean, Allowed, LastWins, "sync group, else global").doc(
        "2.0.16",
        "[BOOL]",
        "FIFO lines for priority changes.",
    ),
    row("lvs_sync_daemon_interface", Word, Exits, FirstWins, "none")
        .doc("0.5.5", "IFNAME", "Sync daemon that follows this instance.")
        .deprecated("lvs_sync_daemon in global_defs"),
    row("garp_master_delay", Lax(0, 4294), Exits, LastWins, "global").doc(
        "0.7.1",
        "SECS 0..4294",
        "See global vrrp_garp_master_delay.",
    ),
    row("garp_master_refresh", Lax(0, u32::MAX as i64), Exits, LastWins, "global").doc(
        "1.2.10",
        "SECS",
        "See global.",
    ),
    row("garp_master_repeat", Lax(0, u32::MAX as i64), Exits, LastWins, "global").doc(
        "1.2.14",
        "COUNT (0 becomes 1)",
        "See global.",
    ),
    row("garp_master_refresh_repeat", Lax(0, u32::MAX as i64), Exits, LastWins, "global").doc(
        "1.2.14",
        "COUNT (0 becomes 1)",
        "See global.",
    ),
    row("garp_lower_prio_delay", Lax(0, 4294), Exits, LastWins, "global (0 in strict mode)").doc(
        "1.2.20",
        "SECS 0..4294",
        "See global.",
    ),
    row("garp_lower_prio_repeat", Lax(0, i32::MAX as i64), Exits, LastWins, "global (0 in strict mode)")
        .doc("1.2.20", "COUNT 0..INT_MAX", "See global."),
    row("down_timer_adverts", Lax(1, 100), Exits, LastWins, "global (3)").doc(
        "2.2.3",
        "1..100",
        "Missed adverts before takeover.",
    ),
    row("timer_expired_backup", Int(1, 254), Allowed, LastWins, "off; 254 without value").doc(
        "2.2.8",
        "[1..254]",
        "When this MASTER's own timers ran so late that another node may have taken over, go \
to BACKUP; value is the highest priority of the others. Needs nopreempt.",
    ),
    row("thread_timer_expired", Int(1, 254), Allowed, LastWins, "off")
        .doc("2.3.2", "[1..254]", "Same as timer_expired_backup.")
        .deprecated("timer_expired_backup"),
    row("garp_extra_if", Words, Allowed, LastWins, "global vrrp_garp_extra_if").doc(
        "2.2.3",
        "[all] SECS 0..86400",
        "Periodic ARP/NA on other interfaces that carry VIPs (all: not only VMACs); 0 \
disables.",
    ),
    row("vmac_garp_intvl", Words, Allowed, LastWins, "global")
        .doc("2.2.0", "[all] SECS", "Same as garp_extra_if.")
        .deprecated("garp_extra_if"),
    row("lower_prio_no_advert", Boolean, Allowed, LastWins, "global (on in strict mode)").doc(
        "1.2.20",
        "[BOOL]",
        "Do not answer a lower priority advert.",
    ),
    row("higher_prio_send_advert", Boolean, Allowed, LastWins, "global").doc(
        "1.3.5",
        "[BOOL]",
        "Send one advert when hearing a higher priority one as MASTER.",
    ),
    row("owner_ignore_adverts", Boolean, Allowed, LastWins, "global (strict: on) for owners").doc(
        "2.3.3",
        "[BOOL]",
        "Owner drops received adverts.",
    ),
    row("kernel_rx_buf_size", Int(0, u32::MAX as i64), Allowed, LastWins, "policy").doc(
        "2.0.3",
        "BYTES",
        "Adds this size to the receive buffer of the socket.",
    ),
    row("authentication", Block(Context::Authentication), Allowed, Repeats, "none").doc(
        "0.5.3",
        "block",
        "Container of VRRPv2 authentication.",
    ),
    row("auth_hmac", Block(Context::AuthHmac), Allowed, Repeats, "none").doc(
        "2.4.0",
        "block",
        "Trailer based HMAC authentication (keepalived private extension). Excludes \
authentication.",
    ),
];

/// `authentication`
pub const AUTHENTICATION: &[Keyword] = &[
    row("auth_type", Choice(&["PASS", "AH"]), Exits, LastWins, "none").doc(
        "0.5.3",
        "PASS or AH",
        "Kind of authentication.",
    ),
    row("auth_pass", Word, Exits, LastWins, "none").doc(
        "0.5.3",
        "STRING (8 bytes used)",
        "Shared secret, zero padded.",
    ),
];

/// `auth_hmac`
pub const AUTH_HMAC: &[Keyword] = &[
    row("key", Words, Faults, Repeats, "").doc(
        "0.5.3",
        "ID 1..255, then VALUE: ASCII 32..64 bytes, hex:DIGITS, or file:PATH",
        "A signing key.",
    ),
    row("active_key", Int(1, 255), Exits, LastWins, "0 (undefined, disables)").doc(
        "2.4.0",
        "ID 1..255",
        "Key used for sending.",
    ),
    row("time_window", Int(1, 300), Exits, LastWins, "max(3 x advert_int, 5), at most 300").doc(
        "2.4.0",
        "SECS 1..300",
        "Freshness window in time mode.",
    ),
    row("anti_replay", Choice(&["time", "monotonic"]), Exits, LastWins, "time").doc(
        "2.4.0",
        "time or monotonic",
        "How replays are detected.",
    ),
    row("mode", Choice(&["enforce", "permissive", "receive-only"]), Exits, LastWins, "enforce").doc(
        "2.4.0",
        "enforce, permissive or receive-only",
        "Whether adverts without trailer are accepted and whether own adverts are signed.",
    ),
];
