//! Rows of `global_defs`, but those of VRRP.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::Values::*;
use super::{Keyword, row};

/// `global_defs`
pub const GLOBAL_DEFS: &[Keyword] = &[
    row("process_names", Nothing, Allowed, LastWins, "kernel default (all keepalived)")
        .doc(
            "2.0.16",
            "none",
            "Give the three child processes the names keepalived_vrrp, keepalived_lvs and \
keepalived_bfd (the manual says _ipvs; the program uses _lvs).",
        )
        .later(),
    row("process_name", Word, Exits, LastWins, "keepalived")
        .doc("2.0.16", "NAME (max 15 chars)", "Name of the parent process; can change at reload.")
        .later(),
    row("checker_process_name", Word, Exits, LastWins, "unchanged")
        .doc("2.2.0", "NAME (max 15 chars)", "Name of the health checker process.")
        .later(),
    row("lvs_process_name", Word, Exits, LastWins, "unchanged")
        .doc("2.0.16", "NAME", "Same as checker_process_name.")
        .later()
        .renamed("checker_process_name"),
    row("bfd_process_name", Word, Exits, LastWins, "unchanged")
        .doc("2.0.16", "NAME (max 15 chars)", "Name of the BFD process.")
        .later(),
    row("set_supplementary_groups", Boolean, Allowed, LastWins, "off").doc(
        "after 2.4.3",
        "[BOOL]",
        "Give scripts the supplementary groups of their user by default.",
    ),
    row("router_id", Word, Faults, LastWins, "local host name (FQDN lookup)").doc(
        "1.1.8",
        "STRING",
        "Identifier used in e-mail subjects (and SNMP).",
    ),
    row(
        "notification_email_from",
        Word,
        Faults,
        LastWins,
        "user@localname, only set when an SMTP server is configured",
    )
    .doc("0.5.3", "ADDRESS (quote it if it has a display name)", "Sender address of alert mails."),
    row("smtp_server", Words, Exits, LastWins, "unset (no mail is sent); port 25").doc(
        "0.5.3",
        "HOST or IP [PORT]",
        "Where alert mails are sent.",
    ),
    row("smtp_helo_name", Word, Allowed, LastWins, "local name").doc("1.2.20", "STRING", "Name in HELO."),
    row("smtp_connect_timeout", Lax(0, 4294), Exits, LastWins, "30").doc(
        "0.5.3",
        "SECS 0..4294",
        "Timeout for each SMTP step; 0 is turned into 1 with an error.",
    ),
    row("notification_email", Values(Names), Allowed, Repeats, "empty").doc(
        "0.5.3",
        "value block of addresses",
        "Recipients of alert mails.",
    ),
    row(
        "smtp_alert",
        Boolean,
        Allowed,
        LastWins,
        "unset (VRRP/group/VS alerts off, real server alerts on)",
    )
    .doc("0.5.7", "[BOOL]", "Default for all smtp_alert settings."),
    row("startup_script", Script, Faults, FirstWins, "none")
        .doc("2.1.0", "SCRIPT [USER [[:]GROUP]]", "Run once before the children start; start waits for it.")
        .later(),
    row("startup_script_timeout", Lax(1, 1000), Faults, LastWins, "10")
        .doc("2.1.0", "SECS 1..1000", "Time after which the startup script is killed.")
        .later(),
    row("shutdown_script", Script, Faults, FirstWins, "none")
        .doc("2.1.0", "SCRIPT [USER [[:]GROUP]]", "Run once after the children have ended.")
        .later(),
    row("shutdown_script_timeout", Lax(1, 1000), Faults, LastWins, "10")
        .doc("2.1.0", "SECS 1..1000", "Time after which the shutdown script is killed.")
        .later(),
    row("max_auto_priority", Lax(-1, 99), Allowed, LastWins, "0 (never raise, and log a NOTICE at start)")
        .doc(
            "2.1.0",
            "[-1..99]",
            "Highest realtime priority the daemon may give itself when late; no value means the \
system maximum; -1 only silences the start NOTICE.",
        ),
    row("min_auto_priority_delay", Lax(1, 10000000), Faults, LastWins, "1000000").doc(
        "2.1.0",
        "USECS 1..10000000",
        "How late a timer must be before the automatic priority is raised.",
    ),
    row("smtp_alert_vrrp", Boolean, Allowed, LastWins, "unset (smtp_alert)").doc(
        "2.0.0",
        "[BOOL]",
        "Default of smtp_alert for instances and sync groups.",
    ),
    row("smtp_alert_checker", Boolean, Allowed, LastWins, "unset (smtp_alert)").doc(
        "2.0.0",
        "[BOOL]",
        "Default of smtp_alert for virtual and real servers.",
    ),
    row("checker_log_all_failures", Boolean, Allowed, LastWins, "off").doc(
        "2.0.11",
        "[BOOL]",
        "Log each failed check while a server is up, not only the deciding one.",
    ),
    row("checker_share_probes", Boolean, Allowed, LastWins, "off").doc(
        "standfast 0.1",
        "[BOOL]",
        "Checkers that would ask the same address the same question equally often are \
answered by one probe. keepalived does not know this word.",
    ),
    row("checker_probes_per_target", Int(0, 65_535), Faults, LastWins, "0 (any number)").doc(
        "standfast 0.1",
        "N 0..65535",
        "At most so many probes to one address at a time; others wait for their turn. \
keepalived does not know this word.",
    ),
    row("no_email_faults", Nothing, Allowed, LastWins, "off").doc(
        "2.0.0",
        "none",
        "Do not mail transitions to FAULT.",
    ),
    row("disable_local_igmp", Nothing, Allowed, LastWins, "off").doc(
        "2.2.0",
        "none",
        "Clears the kernel sysctl igmp_link_local_mcast_reports; cannot change at reload.",
    ),
    row("v3_checksum_as_v2", Nothing, Allowed, LastWins, "off").doc(
        "2.2.8",
        "none (argument ignored)",
        "Default of the instance setting: leave the pseudo header out of VRRPv3 IPv4 \
checksums.",
    ),
    row("lvs_timeouts", Words, Allowed, Repeats, "kernel values unchanged").doc(
        "1.2.24",
        "[tcp SECS] [tcpfin SECS] [udp SECS], 0..2678400, at least one pair",
        "Set the IPVS connection timeouts.",
    ),
    row("lvs_flush", Nothing, Allowed, LastWins, "off").doc(
        "1.2.23",
        "none",
        "Remove all IPVS services of the netns at start.",
    ),
    row("lvs_flush_on_stop", Choice(&["VS"]), Allowed, LastWins, "off (remove entries one by one)").doc(
        "2.2.0",
        "[VS]",
        "At stop flush the whole IPVS table, or with VS remove whole virtual servers without \
removing each real server first.",
    ),
    row("lvs_flush_onstop", Choice(&["VS"]), Allowed, LastWins, "off")
        .doc("2.0.15", "[VS]", "Same as lvs_flush_on_stop.")
        .renamed("lvs_flush_on_stop"),
    row(
        "lvs_sync_daemon",
        Words,
        Faults,
        FirstWins,
        "no sync daemon; id = VRID of the instance or 0; kernel defaults for the rest (port \
8848, group 224.0.0.81)",
    )
    .doc(
        "1.2.20",
        "IFNAME [[inst] INSTANCE] [id 0..255] [maxlen 1..65507] [port 1..65535] [ttl 1..255] \
[group MCAST_IP]",
        "Run the IPVS connection sync daemon; with an instance it follows MASTER/BACKUP, \
without it both roles run.",
    ),
    row("nftables", Words, Allowed, FirstWins, "keepalived (used automatically when needed)").doc(
        "2.0.11",
        "[TABLE]",
        "Use nftables with this table; cannot change at reload.",
    ),
    row("nftables_priority", Int(i32::MIN as i64, i32::MAX as i64), Exits, LastWins, "-1").doc(
        "2.0.11",
        "INT32",
        "Priority of the base chains.",
    ),
    row("nftables_ifindex", Nothing, Allowed, LastWins, "off, unless implied")
        .doc("2.0.11", "none", "Use ifindex rather than ifname in the IPv6 link local sets.")
        .later(),
    row("nftables_ipvs", Words, Allowed, FirstWins, "off; name keepalived_ipvs")
        .doc(
            "2.2.2",
            "[TABLE]",
            "Give every virtual server group one fwmark set by nftables so that IPVS only holds \
one fwmark service per group; cannot change at reload.",
        )
        .later(),
    row("nftables_ipvs_priority", Int(i32::MIN as i64, i32::MAX as i64), Exits, LastWins, "-1")
        .doc("2.2.2", "INT32", "Chain priority of that table.")
        .later(),
    row("nftables_ipvs_start_fwmark", Int(1, u32::MAX as i64), Exits, LastWins, "1000")
        .doc(
            "2.2.2",
            "1..UINT32_MAX",
            "First fwmark to hand out (resets to 1000 by a later nftables_ipvs).",
        )
        .later(),
    row("nftables_counters", Nothing, Allowed, LastWins, "off").doc(
        "2.0.11",
        "none",
        "Add counters to generated rules.",
    ),
    row("notify_fifo", Words, Faults, FirstWins, "none").doc(
        "1.3.6",
        "PATH [USER [GROUP]]",
        "FIFO that gets both VRRP and LVS events.",
    ),
    row("notify_fifo_script", Script, Faults, FirstWins, "none").doc(
        "1.3.6",
        "SCRIPT [USER [[:]GROUP]]",
        "Program run to read notify_fifo; FIFO path is appended as last argument.",
    ),
    row("fifo_write_vrrp_states_on_reload", Nothing, Allowed, LastWins, "off").doc(
        "2.2.5",
        "none",
        "Write unchanged instance and group states to the FIFOs after a reload.",
    ),
    row("lvs_notify_fifo", Words, Faults, FirstWins, "none").doc(
        "1.3.6",
        "PATH [USER [GROUP]]",
        "FIFO for checker events; ignored if equal to notify_fifo.",
    ),
    row("lvs_notify_fifo_script", Script, Faults, FirstWins, "none").doc(
        "1.3.6",
        "SCRIPT [USER [[:]GROUP]]",
        "Program run to read lvs_notify_fifo; dropped if VRRP has the same FIFO with a \
script.",
    ),
    row("checker_priority", Lax(-20, 19), Faults, LastWins, "0")
        .doc("1.2.20", "-20..19", "Nice value of the checker process.")
        .later(),
    row("checker_no_swap", Nothing, Allowed, LastWins, "off")
        .doc("1.2.20", "none", "Lock the checker process in memory.")
        .later(),
    row("checker_rt_priority", Lax(1, 99), Faults, LastWins, "0")
        .doc("2.0.0", "1..99", "SCHED_RR priority of the checker process (clamped).")
        .later(),
    row("checker_cpu_affinity", Words, Faults, LastWins, "unset")
        .doc("2.0.17", "CPU [CPU...]", "CPUs for the checker process.")
        .later(),
    row("checker_rlimit_rttime", Lax(1, u32::MAX as i64), Exits, LastWins, "10000")
        .doc("2.1.0", "USECS 1..UINT32_MAX", "RLIMIT_RTTIME of the checker process.")
        .later(),
    row("checker_rlimit_rtime", Lax(1, u32::MAX as i64), Exits, LastWins, "10000")
        .doc("2.0.0", "USECS", "Same as checker_rlimit_rttime.")
        .later()
        .renamed("checker_rlimit_rttime"),
    row("bfd_priority", Lax(-20, 19), Faults, LastWins, "0")
        .doc("2.0.0", "-20..19", "Nice value of the BFD process.")
        .later(),
    row("bfd_no_swap", Nothing, Allowed, LastWins, "off")
        .doc("2.0.0", "none", "Lock the BFD process in memory.")
        .later(),
    row("bfd_rt_priority", Lax(1, 99), Faults, LastWins, "0")
        .doc("2.0.0", "1..99", "SCHED_RR priority of the BFD process (clamped).")
        .later(),
    row("bfd_cpu_affinity", Words, Faults, LastWins, "unset")
        .doc("2.0.17", "CPU [CPU...]", "CPUs for the BFD process.")
        .later(),
    row("bfd_rlimit_rttime", Lax(1, u32::MAX as i64), Exits, LastWins, "10000")
        .doc("2.1.0", "USECS 1..UINT32_MAX", "RLIMIT_RTTIME of the BFD process.")
        .later(),
    row("bfd_rlimit_rtime", Lax(1, u32::MAX as i64), Exits, LastWins, "10000")
        .doc("2.0.0", "USECS", "Same as bfd_rlimit_rttime.")
        .later()
        .renamed("bfd_rlimit_rttime"),
    row("snmp_socket", Words, Faults, FirstWins, "unix:/var/agentx/master (library default)")
        .doc("1.2.20", "AGENTX ADDRESS", "Where to reach the SNMP master agent.")
        .later(),
    row("enable_traps", Nothing, Allowed, LastWins, "off").doc("1.2.5", "none", "Send SNMP traps.").later(),
    row("enable_snmp_vrrp", Nothing, Allowed, LastWins, "off (on with -x)")
        .doc("2.0.0", "none", "Serve the VRRP part of KEEPALIVED-MIB.")
        .later(),
    row("enable_snmp_keepalived", Nothing, Allowed, LastWins, "off")
        .doc("1.2.20", "none", "Same as enable_snmp_vrrp.")
        .later()
        .renamed("enable_snmp_vrrp"),
    row("enable_snmp_rfc", Nothing, Allowed, LastWins, "off")
        .doc("1.2.20", "none", "Serve both RFC 2787 and RFC 6527 MIBs.")
        .later(),
    row("enable_snmp_rfcv2", Nothing, Allowed, LastWins, "off (on with -x)")
        .doc("1.2.20", "none", "Serve VRRP-MIB (RFC 2787).")
        .later(),
    row("enable_snmp_rfcv3", Nothing, Allowed, LastWins, "off (on with -x)")
        .doc("1.2.20", "none", "Serve VRRPV3-MIB (RFC 6527).")
        .later(),
    row("enable_snmp_checker", Nothing, Allowed, LastWins, "off (on with -x)")
        .doc("1.2.20", "none", "Serve the checker part of KEEPALIVED-MIB.")
        .later(),
    row("snmp_vs_stats_update_interval", Decimal(1000, 30000000, 6), Exits, LastWins, "5")
        .doc(
            "2.3.0",
            "SECS 0.001..30",
            "Minimum age before virtual server statistics are read again for SNMP.",
        )
        .later(),
    row(
        "snmp_rs_stats_update_interval",
        Decimal(1000, 30000000, 6),
        Exits,
        LastWins,
        "value of snmp_vs_stats_update_interval",
    )
    .doc("2.3.0", "SECS 0.001..30", "Same for real server statistics.")
    .later(),
    row("enable_dbus", Nothing, Allowed, LastWins, "off")
        .doc("1.3.0", "none", "Offer the D-Bus interface.")
        .later(),
    row("dbus_service_name", Word, Faults, LastWins, "org.keepalived.Vrrp1")
        .doc("1.3.7", "NAME", "Bus name to own.")
        .later(),
    row("dbus_no_interface_name", Word, Faults, LastWins, "none")
        .doc("2.3.0", "NAME", "Path element used for instances without an interface.")
        .later(),
    row(
        "script_user",
        User,
        Faults,
        LastWins,
        "keepalived_script if it exists, else the daemon's own uid/gid",
    )
    .doc(
        "1.3.0",
        "USER [[:]GROUP]",
        "Default identity of scripts; must come before the scripts it shall affect.",
    ),
    row("enable_script_security", Nothing, Allowed, LastWins, "off").doc(
        "1.3.0",
        "none",
        "Refuse root scripts whose path is writable by non-root and do not fall back to root \
as default user.",
    ),
    row("process_monitor_rcv_bufs", Int(0, u32::MAX as i64), Faults, LastWins, "system default").doc(
        "2.0.11",
        "BYTES",
        "Receive buffer of the process connector socket.",
    ),
    row("process_monitor_rcv_bufs_force", Boolean, Allowed, LastWins, "off").doc(
        "2.0.11",
        "[BOOL]",
        "Use SO_RCVBUFFORCE for it.",
    ),
    row("lvs_netlink_cmd_rcv_bufs", Int(0, u32::MAX as i64), Faults, LastWins, "system default")
        .doc("2.0.0", "BYTES", "Receive buffer of the checker netlink command socket.")
        .later(),
    row("lvs_netlink_cmd_rcv_bufs_force", Boolean, Allowed, LastWins, "off")
        .doc("2.0.0", "[BOOL]", "Use SO_RCVBUFFORCE for it.")
        .later(),
    row("lvs_netlink_monitor_rcv_bufs", Int(0, u32::MAX as i64), Faults, LastWins, "system default")
        .doc("2.0.0", "BYTES", "Receive buffer of the checker netlink monitor socket.")
        .later(),
    row("lvs_netlink_monitor_rcv_bufs_force", Boolean, Allowed, LastWins, "off")
        .doc("2.0.0", "[BOOL]", "Use SO_RCVBUFFORCE for it.")
        .later(),
    row("rs_init_notifies", Boolean, Allowed, LastWins, "off").doc(
        "2.0.0",
        "[BOOL]",
        "Run notifies for real servers that are put in service at start.",
    ),
    row("no_checker_emails", Boolean, Allowed, LastWins, "off").doc(
        "2.0.0",
        "[BOOL]",
        "Mail only when a real server changes state, not at every checker change.",
    ),
    row("log_unknown_vrids", Nothing, Allowed, LastWins, "off").doc(
        "2.0.16",
        "none",
        "Log adverts for VRIDs that have no instance on that socket.",
    ),
    row("umask", Words, Exits, LastWins, "0177 (IXUSR, IRWXG, IRWXO)").doc(
        "2.0.9",
        "NUMBER (0 octal, 0x hex) or BITS joined with a pipe sign, from IRUSR IWUSR IXUSR \
IRWXU and the GRP/G and OTH/O forms",
        "File creation mask; ignored when -u was given.",
    ),
    row("random_seed", Int(0, u32::MAX as i64), Exits, LastWins, "current time").doc(
        "2.0.15",
        "UINT",
        "Seed of ${_RANDOM}; takes effect at the next time the definitions are set up (start \
of a parse).",
    ),
    row("reload_check_config", Words, Allowed, LastWins, "off; /dev/null without argument")
        .doc(
            "2.2.0",
            "[LOG_FILE]",
            "On reload first run this binary with --config-test on the new files and only reload \
when it succeeds.",
        )
        .later(),
    row("reload_time_file", Word, Allowed, LastWins, "none")
        .doc("2.1.0", "ABSOLUTE PATH", "Watch a file whose first line is the time of a scheduled reload.")
        .later(),
    row("reload_repeat", Nothing, Allowed, LastWins, "off")
        .doc(
            "2.1.0",
            "none",
            "Do not delete the time file after use, so a time without date repeats daily.",
        )
        .later(),
    row("reload_file", Words, Allowed, LastWins, "off; <pid dir>/keepalived.reload without argument")
        .doc(
            "2.2.0",
            "[PATH]",
            "File created or truncated when the daemon starts reading its configuration and \
removed when it has finished.",
        )
        .later(),
    row("include_check", Words, Allowed, LastWins, "none (all with -e)").doc(
        "2.2.0",
        "[[+/-]read] [[+/-]match] [[+/-]wildcard_match] [[+/-]brace_match]",
        "Which include problems are errors from here on in this file and files it includes; \
no option means all.",
    ),
    row("config_save_dir", Word, Exits, LastWins, "none")
        .doc(
            "2.2.3",
            "DIRECTORY",
            "Save state and consolidated configuration there at each reload (debugging); created \
with mode 0700 when missing.",
        )
        .later(),
    row("tmp_config_directory", Word, Faults, FirstWins, "memory file")
        .doc(
            "2.2.0",
            "DIRECTORY",
            "Keep the consolidated copy of the configuration in an anonymous file there instead \
of in memory; cannot change at reload.",
        )
        .later(),
    row("data_use_instance", Boolean, Allowed, LastWins, "off")
        .doc("2.2.3", "[BOOL]", "Put netns and instance name in the dump file names.")
        .later(),
    row("json_version", Lax(1, 2), Faults, LastWins, "1")
        .doc("2.2.8", "1 or 2", "Layout of the JSON dump.")
        .later(),
    row(
        "iproute_usr_dir",
        Word,
        Allowed,
        LastWins,
        "build value (/usr/share/iproute2 or /usr/lib/iproute2)",
    )
    .doc("2.3.2", "PATH", "Where iproute2 keeps its default name tables."),
    row("iproute_etc_dir", Word, Allowed, LastWins, "build value (/etc/iproute2)").doc(
        "2.3.2",
        "PATH",
        "Where iproute2 name tables are overridden.",
    ),
    row("state_dump_file", Word, Allowed, LastWins, "<tmpdir>/keepalived*.data")
        .doc("2.3.3", "PATH (trailing slash: directory)", "Place of the SIGUSR1 dumps.")
        .later(),
    row("stats_dump_file", Word, Allowed, LastWins, "<tmpdir>/keepalived.stats")
        .doc(
            "2.3.3",
            "PATH (trailing slash: directory)",
            "Meant as the place of the SIGUSR2 dump; parsed and shown but without effect in this \
version (seen).",
        )
        .later(),
    row("json_dump_file", Word, Allowed, LastWins, "<tmpdir>/keepalived.json")
        .doc(
            "2.3.3",
            "PATH (trailing slash: directory)",
            "Meant as the place of the JSON dump; parsed and shown but without effect in this \
version (seen).",
        )
        .later(),
];
