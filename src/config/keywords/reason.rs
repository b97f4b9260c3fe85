//! Why a keyword that is read and checked has no effect.

use super::{Keyword, Status};

impl Keyword {
    /// The reason, of one whose [`Status`] is [`Status::Ignored`]; empty where there is none, which a test forbids.
    pub fn reason(&self) -> &'static str {
        if self.status == Status::Ignored { of(self.name) } else { "" }
    }
}

fn of(name: &str) -> &'static str {
    match name {
        "process_names"
        | "process_name"
        | "vrrp_process_name"
        | "checker_process_name"
        | "lvs_process_name"
        | "bfd_process_name" => "standfast is one process, and keeps its name",
        "child_wait_time" => "standfast is one process: there are no children to wait for",
        "checker_priority"
        | "checker_no_swap"
        | "checker_rt_priority"
        | "checker_cpu_affinity"
        | "checker_rlimit_rttime"
        | "checker_rlimit_rtime"
        | "bfd_priority"
        | "bfd_no_swap"
        | "bfd_rt_priority"
        | "bfd_cpu_affinity"
        | "bfd_rlimit_rttime"
        | "bfd_rlimit_rtime" => "standfast is one process: there is no such process to schedule by itself",
        "namespace_with_ipsets" | "vrrp_ipsets" => {
            "standfast uses no ipsets; the kernels that need the word are too old for it"
        }
        "nftables_ifindex" => "not needed: interfaces stand in the sets by their index",
        "nftables_ipvs" | "nftables_ipvs_priority" | "nftables_ipvs_start_fwmark" => {
            "not needed: every address of a group is an IPVS service of its own"
        }
        "snmp_socket"
        | "enable_traps"
        | "enable_snmp_vrrp"
        | "enable_snmp_keepalived"
        | "enable_snmp_rfc"
        | "enable_snmp_rfcv2"
        | "enable_snmp_rfcv3"
        | "enable_snmp_checker"
        | "snmp_vs_stats_update_interval"
        | "snmp_rs_stats_update_interval"
        | "snmp_name" => "not yet: standfast has no SNMP agent",
        "enable_dbus" | "dbus_service_name" | "dbus_no_interface_name" => {
            "not yet: standfast is not on D-Bus"
        }
        "lvs_netlink_cmd_rcv_bufs"
        | "lvs_netlink_cmd_rcv_bufs_force"
        | "lvs_netlink_monitor_rcv_bufs"
        | "lvs_netlink_monitor_rcv_bufs_force"
        | "vrrp_netlink_cmd_rcv_bufs"
        | "vrrp_netlink_cmd_rcv_bufs_force"
        | "vrrp_netlink_monitor_rcv_bufs"
        | "vrrp_netlink_monitor_rcv_bufs_force" => {
            "not needed: what an overrun loses is read again, so that the state stays right"
        }
        "source_ip" | "neighbor_ip" | "neighbour_ip" | "min_rx" | "min_tx" | "idle_tx" | "multiplier"
        | "passive" | "ttl" | "hoplimit" | "max_hops" | "multihop" | "weight" | "vrrp" | "checker" => {
            "not yet: standfast runs no BFD sessions"
        }
        "(name)" => "not yet: one with what its block is for",
        "regex_stack" => "patterns are not compiled to machine code: there is no such stack",
        "startup_script" | "startup_script_timeout" | "shutdown_script" | "shutdown_script_timeout" => {
            "not yet: no script runs before the start and after the end"
        }
        "debug" => "keepalived does not use it either",
        "data_use_instance" | "state_dump_file" | "stats_dump_file" => {
            "not yet: the dumps have their usual names"
        }
        "json_version" | "json_dump_file" => "not yet: there is no JSON dump",
        "reload_check_config" => "standfast checks every file before it applies it",
        "reload_time_file" | "reload_repeat" | "reload_file" => "not yet: only a signal reloads",
        "config_save_dir" | "tmp_config_directory" => {
            "keepalived's own workings; standfast holds the configuration in memory"
        }
        "use_symlink_paths" => "not needed: a script is always run by the name that is written",
        _ => "",
    }
}
