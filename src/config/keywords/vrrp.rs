//! Rows of the VRRP blocks, of what they track, and of BFD.

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
        "off; generated name vrrp.VRID; MAC 00:00:5e:00:01:VRID (IPv4) or 00:00:5e:00:02:VRID (IPv6)",
    ),
    row("use_vmac_addr", Nothing, Allowed, LastWins, "off").later(),
    row("vmac_xmit_base", Nothing, Allowed, LastWins, "off (forced on for unicast with VMAC/IPVLAN)"),
    row("use_ipvlan", Words, Allowed, FirstWins, "off; bridge").later(),
    row("unicast_peer", Values(Peers), Allowed, Repeats, "none (multicast)"),
    row("unicast_fault_no_peer", Nothing, Allowed, LastWins, "off").later(),
    row("check_unicast_src", Nothing, Allowed, LastWins, "global vrrp_check_unicast_src"),
    row("old_unicast_checksum", Choice(&["never"]), Allowed, LastWins, "auto detect").later(),
    row("native_ipv6", Nothing, Allowed, LastWins, "family from the addresses").later(),
    row("state", Words, Exits, LastWins, "MASTER if priority is 255, else BACKUP"),
    row("interface", Word, Exits, LastWins, "none (allowed only with unicast and a source address)"),
    row("vrf", Word, Exits, FirstWins, "none").later(),
    row("dont_track_primary", Nothing, Allowed, LastWins, "off"),
    row("track_interface", Values(Tracked), Allowed, Repeats, "weight 0 (FAULT when down)"),
    row("track_script", Values(Tracked), Allowed, Repeats, "weight of the script"),
    row("track_file", Values(Tracked), Allowed, Repeats, "weight of the track_file (1)").later(),
    row("track_process", Values(Tracked), Allowed, Repeats, "weight of the process (0)").later(),
    row("track_bfd", Values(Tracked), Allowed, Repeats, "weight of the bfd_instance (0)").later(),
    row("mcast_src_ip", Ip, Exits, LastWins, "first address of the interface"),
    row("unicast_src_ip", Ip, Exits, LastWins, "first address of the interface"),
    row("mcast_dst_ip", Multicast(None), Exits, LastWins, "vrrp_mcast_group4/6"),
    row("track_src_ip", Nothing, Allowed, LastWins, "off").later(),
    row("virtual_router_id", Int(1, 255), Exits, LastWins, "none (required)"),
    row("unicast_ttl", Int(0, 255), Exits, LastWins, "IPv4 255; IPv6 kernel default"),
    row("version", Lax(2, 3), Exits, FirstWins, "IPv6: 3; IPv4: vrrp_version"),
    row("priority", Int(1, 255), Exits, LastWins, "255 if state MASTER, else 100"),
    row("advert_int", Decimal(10000, 255000000, 6), Exits, LastWins, "1"),
    row("virtual_ipaddress", Values(Addresses), Allowed, Repeats, "none"),
    row("virtual_ipaddress_excluded", Values(Addresses), Allowed, Repeats, "none"),
    row("no_virtual_ipaddress", Nothing, Allowed, LastWins, "off"),
    row("promote_secondaries", Nothing, Allowed, LastWins, "off"),
    row("linkbeat_use_polling", Nothing, Allowed, LastWins, "off")
        .later()
        .deprecated("linkbeat_interfaces"),
    row("v3_checksum_as_v2", Boolean, Allowed, LastWins, "global v3_checksum_as_v2").later(),
    row("virtual_routes", Values(Routes), Allowed, Repeats, "none").later(),
    row("virtual_rules", Values(Rules), Allowed, Repeats, "none").later(),
    row("accept", Nothing, Allowed, LastWins, "on (strict mode and not owner: off)"),
    row("no_accept", Nothing, Allowed, LastWins, "off")
        .unused("filters nothing that comes for a virtual address"),
    row("skip_check_adv_addr", Boolean, Allowed, LastWins, "global vrrp_skip_check_adv_addr"),
    row("strict_mode", Boolean, Allowed, LastWins, "vrrp_strict").later(),
    row("preempt", Nothing, Allowed, LastWins, "on"),
    row("nopreempt", Nothing, Allowed, LastWins, "off"),
    row("preempt_delay", Decimal(0, 1000000000, 6), Exits, LastWins, "0"),
    row("debug", Lax(0, 4), Exits, LastWins, "0").later(),
    row("notify_backup", Script, Exits, FirstWins, "none"),
    row("notify_master", Script, Exits, FirstWins, "none"),
    row("notify_fault", Script, Exits, FirstWins, "none"),
    row("notify_stop", Script, Exits, FirstWins, "none"),
    row("notify_deleted", Script, Allowed, FirstWins, "off"),
    row("notify", Script, Exits, FirstWins, "none"),
    row("notify_master_rx_lower_pri", Script, Exits, FirstWins, "none"),
    row("smtp_alert", Boolean, Allowed, LastWins, "smtp_alert_vrrp, else smtp_alert, else off")
        .unused("sends no mail"),
    row("notify_priority_changes", Boolean, Allowed, LastWins, "sync group, else global").later(),
    row("lvs_sync_daemon_interface", Word, Exits, FirstWins, "none")
        .deprecated("lvs_sync_daemon in global_defs"),
    row("garp_master_delay", Lax(0, 4294), Exits, LastWins, "global"),
    row("garp_master_refresh", Lax(0, u32::MAX as i64), Exits, LastWins, "global"),
    row("garp_master_repeat", Lax(0, u32::MAX as i64), Exits, LastWins, "global"),
    row("garp_master_refresh_repeat", Lax(0, u32::MAX as i64), Exits, LastWins, "global"),
    row("garp_lower_prio_delay", Lax(0, 4294), Exits, LastWins, "global (0 in strict mode)"),
    row("garp_lower_prio_repeat", Lax(0, i32::MAX as i64), Exits, LastWins, "global (0 in strict mode)"),
    row("down_timer_adverts", Lax(1, 100), Exits, LastWins, "global (3)"),
    row("timer_expired_backup", Int(1, 254), Allowed, LastWins, "off; 254 without value").later(),
    row("thread_timer_expired", Int(1, 254), Allowed, LastWins, "off")
        .later()
        .deprecated("timer_expired_backup"),
    row("garp_extra_if", Words, Allowed, LastWins, "global vrrp_garp_extra_if").later(),
    row("vmac_garp_intvl", Words, Allowed, LastWins, "global").later().deprecated("garp_extra_if"),
    row("lower_prio_no_advert", Boolean, Allowed, LastWins, "global (on in strict mode)"),
    row("higher_prio_send_advert", Boolean, Allowed, LastWins, "global"),
    row("owner_ignore_adverts", Boolean, Allowed, LastWins, "global (strict: on) for owners").later(),
    row("kernel_rx_buf_size", Int(0, u32::MAX as i64), Allowed, LastWins, "policy").later(),
    row("authentication", Block(Context::Authentication), Allowed, Repeats, "none"),
    row("auth_hmac", Block(Context::AuthHmac), Allowed, Repeats, "none").later(),
];

/// `authentication`
pub const AUTHENTICATION: &[Keyword] = &[
    row("auth_type", Choice(&["PASS", "AH"]), Exits, LastWins, "none"),
    row("auth_pass", Word, Exits, LastWins, "none"),
];

/// `auth_hmac`
pub const AUTH_HMAC: &[Keyword] = &[
    row("key", Words, Faults, Repeats, "").later(),
    row("active_key", Int(1, 255), Exits, LastWins, "0 (undefined, disables)").later(),
    row("time_window", Int(1, 300), Exits, LastWins, "max(3 x advert_int, 5), at most 300").later(),
    row("anti_replay", Choice(&["time", "monotonic"]), Exits, LastWins, "time").later(),
    row("mode", Choice(&["enforce", "permissive", "receive-only"]), Exits, LastWins, "enforce").later(),
];

/// `vrrp_sync_group`
pub const SYNC_GROUP: &[Keyword] = &[
    row("group", Values(Names), Allowed, FirstWins, ""),
    row("track_interface", Values(Tracked), Allowed, Repeats, ""),
    row("track_script", Values(Tracked), Allowed, Repeats, ""),
    row("track_file", Values(Tracked), Allowed, Repeats, "").later(),
    row("track_process", Values(Tracked), Allowed, Repeats, "").later(),
    row("track_bfd", Values(Tracked), Allowed, Repeats, "").later(),
    row("notify_backup", Script, Exits, FirstWins, "none"),
    row("notify_master", Script, Exits, FirstWins, "none"),
    row("notify_fault", Script, Exits, FirstWins, "none"),
    row("notify_stop", Script, Exits, FirstWins, "none"),
    row("notify", Script, Exits, FirstWins, "none"),
    row("smtp_alert", Boolean, Allowed, LastWins, "smtp_alert_vrrp, else smtp_alert, else off")
        .unused("sends no mail"),
    row("global_tracking", Nothing, Allowed, LastWins, "off").deprecated("sync_group_tracking_weight"),
    row("sync_group_tracking_weight", Nothing, Allowed, LastWins, "off"),
    row("notify_priority_changes", Boolean, Allowed, LastWins, "vrrp_notify_priority_changes").later(),
];

/// `track_group`
pub const TRACK_GROUP: &[Keyword] = &[row("group", Values(Names), Allowed, FirstWins, "").later()];

/// `garp_group`
pub const GARP_GROUP: &[Keyword] = &[
    row("garp_interval", Decimal(0, 4294967295, 6), Exits, LastWins, "unset").later(),
    row("gna_interval", Decimal(0, 4294967295, 6), Exits, LastWins, "unset").later(),
    row("interface", Word, Exits, Repeats, "").later(),
    row("interfaces", Values(Names), Allowed, Repeats, "").later(),
];

/// `vrrp_script`
pub const SCRIPT: &[Keyword] = &[
    row("script", Script, Faults, LastWins, "none (required)"),
    row("interval", Decimal(1000, 4294967000000, 3), Exits, LastWins, "1"),
    row("timeout", Decimal(0, 4294967295, 3), Exits, LastWins, "same as interval"),
    row("weight", Weight(253), Exits, LastWins, "0"),
    row("rise", Lax(1, i32::MAX as i64), Exits, LastWins, "1"),
    row("fall", Lax(1, i32::MAX as i64), Exits, LastWins, "1"),
    row("user", User, Exits, LastWins, "script_user default"),
    row("init_fail", Nothing, Allowed, LastWins, "off (first result decides)"),
];

/// `vrrp_track_process`
pub const TRACK_PROCESS: &[Keyword] = &[
    row("process", Words, Exits, FirstWins, "none (required)").later(),
    row(
        "param_match",
        Choice(&["initial", "partial"]),
        Allowed,
        LastWins,
        "none (exact if parameters are given)",
    )
    .later(),
    row("weight", Weight(254), Faults, FirstWins, "0").later(),
    row("quorum", Lax(1, 65535), Exits, LastWins, "1").later(),
    row("quorum_max", Lax(0, 65535), Exits, LastWins, "unlimited").later(),
    row("delay", Decimal(1, 3600000000, 6), Exits, LastWins, "0").later(),
    row("terminate_delay", Decimal(1, 3600000000, 6), Exits, LastWins, "0").later(),
    row("fork_delay", Decimal(1, 3600000000, 6), Exits, LastWins, "0").later(),
    row("full_command", Nothing, Allowed, LastWins, "off (compare the comm name)").later(),
];

/// `track_file`
pub const TRACK_FILE: &[Keyword] = &[
    row("file", Word, Faults, FirstWins, "none (required)").later(),
    row("weight", Weight(254), Faults, FirstWins, "1").later(),
    row("init_file", Words, Allowed, LastWins, "do not create; value 0").later(),
];

/// `bfd_instance`
pub const BFD: &[Keyword] = &[
    row("source_ip", Ip, Exits, LastWins, "kernel choice").later(),
    row("neighbor_ip", Ip, Exits, LastWins, "none (required)").later(),
    row("neighbour_ip", Ip, Exits, LastWins, "none (required)").later(),
    row("min_rx", Decimal(1000000, 4294967000000, 3), Exits, LastWins, "10").later(),
    row("min_tx", Decimal(1000000, 4294967000000, 3), Exits, LastWins, "10").later(),
    row("idle_tx", Decimal(1000000000, 4294967000000, 3), Exits, LastWins, "1000").later(),
    row("multiplier", Int(1, 255), Exits, LastWins, "5").later(),
    row("passive", Nothing, Allowed, LastWins, "active").later(),
    row("ttl", Int(1, 255), Exits, LastWins, "255 (IPv6: 64)").later(),
    row("hoplimit", Int(1, 255), Exits, LastWins, "64 (IPv4: 255)").later(),
    row("max_hops", Int(-1, 255), Exits, LastWins, "0").later(),
    row("multihop", Boolean, Allowed, LastWins, "off (port 3784)").later(),
    row("weight", Weight(253), Exits, LastWins, "0").later(),
    row("vrrp", Nothing, Allowed, LastWins, "both vrrp and checker").later(),
    row("checker", Nothing, Allowed, LastWins, "both vrrp and checker").later(),
];
