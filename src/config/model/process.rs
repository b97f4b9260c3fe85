//! `global_defs`: how the daemon runs: processes, buffers, files, reload.

use std::time::Duration;

use super::script::Command;
use crate::config::model::script::UserSpec;

/// What a part of the daemon is given by the system; keepalived has a process for each part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// `*_process_name`, at most 15 characters.
    pub name: Option<String>,
    /// `*_priority`, the nice value; `None` leaves it.
    pub priority: Option<i8>,
    /// `*_no_swap`: locked in memory.
    pub no_swap: bool,
    /// `*_rt_priority`, 1 to 99: `SCHED_RR`.
    pub rt_priority: Option<u8>,
    /// `*_cpu_affinity`: processors by number; empty is any.
    pub cpu_affinity: Vec<u32>,
    /// `*_rlimit_rttime`: how long a real-time part may run without a pause. Default 10 ms.
    pub rlimit_rttime: Duration,
}

impl Default for Part {
    fn default() -> Self {
        Part {
            name: None,
            priority: None,
            no_swap: false,
            rt_priority: None,
            cpu_affinity: Vec::new(),
            rlimit_rttime: Duration::from_millis(10),
        }
    }
}

/// `vrrp_*`, `checker_*`, `bfd_*`, `process_name(s)`, `max_auto_priority`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Processes {
    /// `process_names`: each part is called after what it does.
    pub names: bool,
    /// `process_name`, at most 15 characters.
    pub name: Option<String>,
    pub vrrp: Part,
    pub checker: Part,
    pub bfd: Part,
    /// `max_auto_priority`, -1 to 99: the real-time priority that a part that is late may rise to; 0 and -1 never.
    pub max_auto_priority: Option<i8>,
    /// `min_auto_priority_delay`: how late it must be. Default 1 s.
    pub min_auto_priority_delay: Duration,
}

impl Default for Processes {
    fn default() -> Self {
        Processes {
            names: false,
            name: None,
            vrrp: Part::default(),
            checker: Part::default(),
            bfd: Part::default(),
            max_auto_priority: None,
            min_auto_priority_delay: Duration::from_secs(1),
        }
    }
}

/// `startup_script`, `shutdown_script`, and their timeouts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimedScript {
    pub command: Option<Command>,
    /// 1 to 1000 s, default 10.
    pub timeout: Duration,
}

impl Default for TimedScript {
    fn default() -> Self {
        TimedScript { command: None, timeout: Duration::from_secs(10) }
    }
}

/// `notify_fifo` and its relatives.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Fifo {
    pub path: Option<String>,
    /// Who owns it.
    pub user: Option<UserSpec>,
    /// `*_script`: started to read it.
    pub script: Option<Command>,
}

/// `*_rcv_bufs`, in bytes; `None` is the system's default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Buffer {
    pub bytes: Option<u32>,
    /// `*_rcv_bufs_force`: beyond the system's limit too.
    pub force: bool,
}

/// The receive buffers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Buffers {
    pub vrrp_netlink_cmd: Buffer,
    pub vrrp_netlink_monitor: Buffer,
    pub lvs_netlink_cmd: Buffer,
    pub lvs_netlink_monitor: Buffer,
    pub process_monitor: Buffer,
    /// `vrrp_rx_bufs_policy`
    pub vrrp_policy: Option<RxPolicy>,
    /// `vrrp_rx_bufs_multiplier`, at least 1, default 3.
    pub vrrp_multiplier: u32,
}

impl Default for Buffers {
    fn default() -> Self {
        Buffers {
            vrrp_netlink_cmd: Buffer::default(),
            vrrp_netlink_monitor: Buffer::default(),
            lvs_netlink_cmd: Buffer::default(),
            lvs_netlink_monitor: Buffer::default(),
            process_monitor: Buffer::default(),
            vrrp_policy: None,
            vrrp_multiplier: 3,
        }
    }
}

/// `vrrp_rx_bufs_policy`: what a VRRP socket's buffer is reckoned by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RxPolicy {
    Mtu,
    Advert,
    /// Bytes.
    Size(u32),
}

/// `reload_*`
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reload {
    /// `reload_check_config`; the file for its messages, if one is named.
    pub check_config: Option<Option<String>>,
    /// `reload_time_file`, an absolute path.
    pub time_file: Option<String>,
    /// `reload_repeat`
    pub repeat: bool,
    /// `reload_file`; the path, if one is named.
    pub file: Option<Option<String>>,
}

/// Where things are written, and read from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Files {
    /// `state_dump_file`
    pub state_dump: Option<String>,
    /// `stats_dump_file`
    pub stats_dump: Option<String>,
    /// `json_dump_file`
    pub json_dump: Option<String>,
    /// `json_version`, 1 or 2; `None` is 1.
    pub json_version: Option<u8>,
    /// `data_use_instance`: the dumps are named after the instance.
    pub use_instance: bool,
    /// `config_save_dir`
    pub config_save_dir: Option<String>,
    /// `tmp_config_directory`
    pub tmp_config_directory: Option<String>,
    /// `iproute_usr_dir`
    pub iproute_usr_dir: Option<String>,
    /// `iproute_etc_dir`
    pub iproute_etc_dir: Option<String>,
    /// `umask`; `None` is 0177.
    pub umask: Option<u32>,
}
