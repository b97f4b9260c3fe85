//! `global_defs`.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use super::process::{Buffers, Fifo, Files, Processes, Reload, TimedScript};
use super::script::UserSpec;
use super::services::{Dbus, Filtering, Snmp};
use super::vrrp::{Garp, Version};
use crate::ids::Name;

/// Daemon-wide settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Global {
    /// `router_id`; `None` is the host's name.
    pub router_id: Option<String>,
    /// `notification_email`
    pub notification_email: Vec<String>,
    /// `notification_email_from`
    pub notification_email_from: Option<String>,
    /// `smtp_server HOST [PORT]`, as written.
    pub smtp_server: Option<(String, u16)>,
    /// `smtp_connect_timeout`, default 30 s.
    pub smtp_connect_timeout: Duration,
    /// `smtp_alert`
    pub smtp_alert: Option<bool>,
    /// `smtp_alert_vrrp`, else [`Self::smtp_alert`].
    pub smtp_alert_vrrp: Option<bool>,
    /// `smtp_alert_checker`, else [`Self::smtp_alert`].
    pub smtp_alert_checker: Option<bool>,
    /// `enable_script_security`
    pub script_security: bool,
    /// `script_user USER [GROUP]`
    pub script_user: Option<UserSpec>,
    /// `dynamic_interfaces [allow_if_changes]`
    pub dynamic_interfaces: Option<DynamicInterfaces>,
    /// `vrrp_version`, default 2.
    pub vrrp_version: Version,
    /// `vrrp_mcast_group4`, default 224.0.0.18.
    pub vrrp_mcast_group4: std::net::Ipv4Addr,
    /// `vrrp_mcast_group6`, default ff02::12.
    pub vrrp_mcast_group6: std::net::Ipv6Addr,
    /// `vrrp_skip_check_adv_addr`
    pub vrrp_skip_check_adv_addr: bool,
    /// `vrrp_check_unicast_src`
    pub vrrp_check_unicast_src: bool,
    /// `vrrp_lower_prio_no_advert`
    pub vrrp_lower_prio_no_advert: bool,
    /// `vrrp_higher_prio_send_advert`
    pub vrrp_higher_prio_send_advert: bool,
    /// `vrrp_down_timer_adverts`, 1 to 100, default 3.
    pub vrrp_down_timer_adverts: u8,
    /// `vrrp_garp_*`: what instances have that say nothing else.
    pub garp: GlobalGarp,
    /// `vrrp_startup_delay`, zero by default.
    pub vrrp_startup_delay: Duration,
    /// `default_interface`, `eth0` unless given.
    pub default_interface: Name,
    /// `vmac_prefix`, `vrrp` unless given.
    pub vmac_prefix: String,
    /// `lvs_flush`
    pub lvs_flush: bool,
    /// `lvs_flush_on_stop [VS]`
    pub lvs_flush_on_stop: Option<FlushOnStop>,
    /// `lvs_sync_daemon`
    pub lvs_sync_daemon: Option<LvsSyncDaemon>,
    /// `lvs_timeouts`, seconds; `None` leaves the kernel's.
    pub lvs_timeouts: LvsTimeouts,
    /// `checker_log_all_failures`
    pub checker_log_all_failures: bool,
    /// `checker_share_probes`, ours: checkers that would ask the same are answered by one probe.
    pub checker_share_probes: bool,
    /// `checker_probes_per_target`, ours: so many probes to one address at a time; `None` is any number.
    pub checker_probes_per_target: Option<NonZeroU32>,
    pub processes: Processes,
    pub buffers: Buffers,
    pub files: Files,
    pub reload: Reload,
    pub snmp: Snmp,
    pub dbus: Dbus,
    pub filtering: Filtering,
    /// `startup_script`
    pub startup_script: TimedScript,
    /// `shutdown_script`
    pub shutdown_script: TimedScript,
    /// `notify_fifo`
    pub notify_fifo: Fifo,
    /// `vrrp_notify_fifo`
    pub vrrp_notify_fifo: Fifo,
    /// `lvs_notify_fifo`
    pub lvs_notify_fifo: Fifo,
    /// `vrrp_notify_priority_changes`
    pub vrrp_notify_priority_changes: bool,
    /// `fifo_write_vrrp_states_on_reload`
    pub fifo_write_vrrp_states_on_reload: bool,
    /// `smtp_helo_name`; `None` is the host's name.
    pub smtp_helo_name: Option<String>,
    /// `no_email_faults`
    pub no_email_faults: bool,
    /// `no_checker_emails`
    pub no_checker_emails: bool,
    /// `rs_init_notifies`
    pub rs_init_notifies: bool,
    /// `vrrp_strict`
    pub vrrp_strict: bool,
    /// `vrrp_owner_ignore_adverts`; `None` follows strict mode.
    pub vrrp_owner_ignore_adverts: Option<bool>,
    /// `vrrp_delay_after_boot`, zero by default.
    pub vrrp_delay_after_boot: Duration,
    /// `v3_checksum_as_v2`
    pub v3_checksum_as_v2: bool,
    /// `vrrp_min_garp`
    pub vrrp_min_garp: bool,
    /// `vrrp_garp_extra_if`: how often, and whether on all interfaces.
    pub vrrp_garp_extra_if: Option<(Duration, bool)>,
    /// `vmac_addr_prefix`; `None` is that of `vmac_prefix`.
    pub vmac_addr_prefix: Option<String>,
    /// `disable_local_igmp`
    pub disable_local_igmp: bool,
    /// `log_unknown_vrids`
    pub log_unknown_vrids: bool,
    /// `use_symlink_paths`
    pub use_symlink_paths: bool,
    /// `set_supplementary_groups`
    pub set_supplementary_groups: bool,
    /// `random_seed`
    pub random_seed: Option<u32>,
    /// Top-level `net_namespace`.
    pub net_namespace: Option<String>,
    /// `net_namespace_ipvs`; `None` is the daemon's own.
    pub net_namespace_ipvs: Option<IpvsNamespace>,
    /// Top-level `instance`.
    pub instance: Option<String>,
    /// Top-level `use_pid_dir`.
    pub use_pid_dir: bool,
    /// Top-level `linkbeat_use_polling`.
    pub linkbeat_use_polling: bool,
    /// Top-level `namespace_with_ipsets`.
    pub namespace_with_ipsets: bool,
    /// Top-level `child_wait_time`, whole seconds.
    pub child_wait_time: Duration,
}

impl Default for Global {
    fn default() -> Self {
        Global {
            router_id: None,
            notification_email: Vec::new(),
            notification_email_from: None,
            smtp_server: None,
            smtp_connect_timeout: Duration::from_secs(30),
            smtp_alert: None,
            smtp_alert_vrrp: None,
            smtp_alert_checker: None,
            script_security: false,
            script_user: None,
            dynamic_interfaces: None,
            vrrp_version: Version::V2,
            vrrp_mcast_group4: std::net::Ipv4Addr::new(224, 0, 0, 18),
            vrrp_mcast_group6: std::net::Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12),
            vrrp_skip_check_adv_addr: false,
            vrrp_check_unicast_src: false,
            vrrp_lower_prio_no_advert: false,
            vrrp_higher_prio_send_advert: false,
            vrrp_down_timer_adverts: 3,
            garp: GlobalGarp::default(),
            vrrp_startup_delay: Duration::ZERO,
            default_interface: "eth0".into(),
            vmac_prefix: "vrrp".into(),
            lvs_flush: false,
            lvs_flush_on_stop: None,
            lvs_sync_daemon: None,
            lvs_timeouts: LvsTimeouts::default(),
            checker_log_all_failures: false,
            checker_share_probes: false,
            checker_probes_per_target: None,
            processes: Processes::default(),
            buffers: Buffers::default(),
            files: Files::default(),
            reload: Reload::default(),
            snmp: Snmp::default(),
            dbus: Dbus::default(),
            filtering: Filtering::default(),
            startup_script: TimedScript::default(),
            shutdown_script: TimedScript::default(),
            notify_fifo: Fifo::default(),
            vrrp_notify_fifo: Fifo::default(),
            lvs_notify_fifo: Fifo::default(),
            vrrp_notify_priority_changes: false,
            fifo_write_vrrp_states_on_reload: false,
            smtp_helo_name: None,
            no_email_faults: false,
            no_checker_emails: false,
            rs_init_notifies: false,
            vrrp_strict: false,
            vrrp_owner_ignore_adverts: None,
            vrrp_delay_after_boot: Duration::ZERO,
            v3_checksum_as_v2: false,
            vrrp_min_garp: false,
            vrrp_garp_extra_if: None,
            vmac_addr_prefix: None,
            disable_local_igmp: false,
            log_unknown_vrids: false,
            use_symlink_paths: false,
            set_supplementary_groups: false,
            random_seed: None,
            net_namespace: None,
            net_namespace_ipvs: None,
            instance: None,
            use_pid_dir: false,
            linkbeat_use_polling: false,
            namespace_with_ipsets: false,
            child_wait_time: Duration::from_secs(5),
        }
    }
}

/// `vrrp_garp_*`
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GlobalGarp {
    pub values: Garp,
    /// Whether `vrrp_garp_lower_prio_delay` was written; else it is `vrrp_garp_master_delay`.
    pub lower_prio_delay_set: bool,
    /// Whether `vrrp_garp_lower_prio_repeat` was written.
    pub lower_prio_repeat_set: bool,
}

/// `dynamic_interfaces`
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DynamicInterfaces {
    Plain,
    AllowIfChanges,
}

/// Top-level `net_namespace_ipvs [NAME]`: where IPVS is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IpvsNamespace {
    /// Without a name: where the daemon was started.
    First,
    Named(String),
}

/// `lvs_flush_on_stop`
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FlushOnStop {
    /// The whole table, foreign services too.
    Everything,
    /// Each configured service as a whole.
    Services,
}

/// `lvs_timeouts [tcp N] [tcpfin N] [udp N]`, seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LvsTimeouts {
    pub tcp: Option<u32>,
    pub tcp_fin: Option<u32>,
    pub udp: Option<u32>,
}

/// `lvs_sync_daemon IF [INSTANCE] [id N] [maxlen N] [port N] [ttl N] [group IP]`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LvsSyncDaemon {
    pub interface: Name,
    /// The instance whose state decides between master and backup daemon; without one both run.
    pub instance: Option<Name>,
    /// `None`: the instance's VRID, else 0.
    pub sync_id: Option<u8>,
    pub max_len: u16,
    pub port: u16,
    pub ttl: u8,
    pub group: Option<IpAddr>,
}

impl LvsSyncDaemon {
    /// One of which nothing but the interface is said.
    pub fn on(interface: Name) -> LvsSyncDaemon {
        let (instance, sync_id, group) = (None, None, None);
        LvsSyncDaemon { interface, instance, sync_id, max_len: 0, port: 0, ttl: 0, group }
    }
}
