//! The table of keepalived's options: names, arguments, help text.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Parser};

/// How mistakes are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Style {
    Text,
    Json,
}

/// keepalived's options, as clap sees them.
#[derive(Parser, Clone, Debug)]
#[command(
    name = "standfast",
    about = "VRRP failover and IPVS load balancing, driven by keepalived.conf",
    after_help = super::commands::overview(),
    disable_help_flag = true,
    disable_version_flag = true,
    infer_long_args = true,
    args_override_self = true
)]
pub struct Arguments {
    /// Use this configuration file (may be a pattern) instead of /etc/keepalived/keepalived.conf
    #[arg(short = 'f', long, value_name = "FILE")]
    pub use_file: Option<PathBuf>,
    /// Only VRRP
    #[arg(short = 'P', long)]
    pub vrrp: bool,
    /// Only the health checkers
    #[arg(short = 'C', long)]
    pub check: bool,
    /// No BFD [no effect: this version has none]
    #[arg(short = 'B', long = "no_bfd")]
    pub no_bfd: bool,
    /// All parts, even without configuration for them [no effect: all parts are one process]
    #[arg(long)]
    pub all: bool,
    /// Log to standard error too
    #[arg(short = 'l', long)]
    pub log_console: bool,
    /// Log in detail; twice for more
    #[arg(short = 'D', long, action = ArgAction::Count)]
    pub log_detail: u8,
    /// Syslog facility
    #[arg(short = 'S', long, value_name = "0-7|local0-7|user|daemon")]
    pub log_facility: Option<String>,
    /// Log to files named after this one (default: keepalived.log in the temporary directory)
    #[arg(short = 'g', long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub log_file: Option<OsString>,
    /// Write each line to the log file at once [no effect: always so]
    #[arg(long)]
    pub flush_log_file: bool,
    /// No syslog
    #[arg(short = 'G', long)]
    pub no_syslog: bool,
    /// Umask of created files, in C notation (022, 0x12)
    #[arg(short = 'u', long, value_name = "MASK")]
    pub umask: Option<String>,
    /// Drop addresses on a transition caused by a signal [no effect: always so]
    #[arg(short = 'X', long)]
    pub release_vips: bool,
    /// Leave addresses, routes and VMACs in place at stop
    #[arg(short = 'V', long)]
    pub dont_release_vrrp: bool,
    /// Leave the IPVS table in place at stop
    #[arg(short = 'I', long)]
    pub dont_release_ipvs: bool,
    /// Do not restart a part that died [no effect: one process, systemd restarts it]
    #[arg(short = 'R', long)]
    pub dont_respawn: bool,
    /// Stay in the foreground
    #[arg(short = 'n', long)]
    pub dont_fork: bool,
    /// Write the configuration as understood into the log at start
    #[arg(short = 'd', long)]
    pub dump_conf: bool,
    /// Pid file of the daemon
    #[arg(short = 'p', long, value_name = "FILE")]
    pub pid: Option<PathBuf>,
    /// Pid file of the VRRP part (the same pid)
    #[arg(short = 'r', long = "vrrp_pid", value_name = "FILE")]
    pub vrrp_pid: Option<PathBuf>,
    /// Pid file of the checkers (the same pid)
    #[arg(short = 'c', long = "checkers_pid", value_name = "FILE")]
    pub checkers_pid: Option<PathBuf>,
    /// Pid file of the BFD part [no effect: this version has none]
    #[arg(short = 'b', long = "bfd_pid", value_name = "FILE")]
    pub bfd_pid: Option<PathBuf>,
    /// Be genhash: print the digest of a page for HTTP_GET (must be the first option)
    #[arg(short = 'T', long)]
    pub genhash: bool,
    /// Log every address that appears or goes [no effect: not in this version]
    #[arg(short = 'a', long)]
    pub address_monitoring: bool,
    /// Run in this network namespace
    #[arg(short = 's', long, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Allow core dumps [no effect: set it in the unit, LimitCORE=infinity]
    #[arg(short = 'm', long)]
    pub core_dump: bool,
    /// Set the pattern of core files' names [no effect: set kernel.core_pattern]
    #[arg(short = 'M', long, value_name = "PATTERN", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub core_dump_pattern: Option<String>,
    /// Every file that is included must exist
    #[arg(short = 'e', long)]
    pub all_config: bool,
    /// Name for lines that begin with @NAME (default: host name up to the first dot)
    #[arg(short = 'i', long, value_name = "ID")]
    pub config_id: Option<String>,
    /// Serve SNMP [no effect: this version has none]
    #[arg(short = 'x', long)]
    pub snmp: bool,
    /// AgentX socket [no effect: this version has no SNMP]
    #[arg(short = 'A', long, value_name = "FILE|ADDRESS")]
    pub snmp_agent_socket: Option<String>,
    /// Only check the configuration; messages to standard error or FILE
    #[arg(short = 't', long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub config_test: Option<OsString>,
    /// How -t says what is wrong: text, or one JSON document
    #[arg(long, value_name = "text|json")]
    pub diagnostics: Option<Style>,
    /// Print the signal number for STOP, RELOAD, DATA, STATS, STATS_CLEAR or JSON
    #[arg(long, value_name = "NAME")]
    pub signum: Option<String>,
    /// Ignore SIGINT
    #[arg(long)]
    pub ignore_sigint: bool,
    /// Print the version
    #[arg(short = 'v', long)]
    pub version: bool,
    /// Print this help
    #[arg(short = 'h', long)]
    pub help: bool,
}

impl Arguments {
    /// The given options that are understood but change nothing in this version.
    pub(super) fn without_effect(&self) -> Vec<&'static str> {
        [
            (self.address_monitoring, "--address-monitoring"),
            (self.core_dump, "--core-dump"),
            (self.core_dump_pattern.is_some(), "--core-dump-pattern"),
            (self.snmp, "--snmp"),
            (self.snmp_agent_socket.is_some(), "--snmp-agent-socket"),
        ]
        .into_iter()
        .filter_map(|(given, name)| given.then_some(name))
        .collect()
    }
}
