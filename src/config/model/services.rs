//! What the daemon offers to others and uses of others: SNMP, D-Bus, nftables, TLS.

use std::fmt;
use std::time::Duration;

/// `SSL`: what `SSL_GET` shows to servers. Paths as written.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Ssl {
    /// Of the private key.
    pub password: Option<String>,
    /// Whose signature counts where `tls_verify` is; elsewhere servers are not verified.
    pub ca: Option<String>,
    pub certificate: Option<String>,
    pub key: Option<String>,
}

impl fmt::Debug for Ssl {
    /// A password is nobody's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ssl")
            .field("password", &self.password.as_ref().map(|_| "..."))
            .field("ca", &self.ca)
            .field("certificate", &self.certificate)
            .field("key", &self.key)
            .finish()
    }
}

/// `snmp_*`, `enable_snmp_*`, `enable_traps`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snmp {
    /// `snmp_socket`: an AgentX address.
    pub socket: Option<String>,
    pub traps: bool,
    /// `enable_snmp_vrrp`
    pub vrrp: bool,
    /// `enable_snmp_checker`
    pub checker: bool,
    /// `enable_snmp_rfcv2`, `enable_snmp_rfc`
    pub rfc_v2: bool,
    /// `enable_snmp_rfcv3`, `enable_snmp_rfc`
    pub rfc_v3: bool,
    /// `snmp_vs_stats_update_interval`, 0.001 to 30 s, default 5.
    pub vs_stats_interval: Duration,
    /// `snmp_rs_stats_update_interval`; `None` is that of virtual servers.
    pub rs_stats_interval: Option<Duration>,
}

impl Default for Snmp {
    fn default() -> Self {
        Snmp {
            socket: None,
            traps: false,
            vrrp: false,
            checker: false,
            rfc_v2: false,
            rfc_v3: false,
            vs_stats_interval: Duration::from_secs(5),
            rs_stats_interval: None,
        }
    }
}

/// `enable_dbus`, `dbus_*`
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Dbus {
    pub enabled: bool,
    /// `dbus_service_name`; `None` is `org.keepalived.Vrrp1`.
    pub service_name: Option<String>,
    /// `dbus_no_interface_name`
    pub no_interface_name: Option<String>,
}

/// `nftables*`, `vrrp_iptables`, `vrrp_ipsets`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filtering {
    /// `nftables [TABLE]`; `None` is `keepalived`, made when it is needed.
    pub table: Option<String>,
    /// Whether `nftables` was written.
    pub nftables: bool,
    /// `nftables_priority`, default -1.
    pub priority: i32,
    /// `nftables_ifindex`
    pub ifindex: bool,
    /// `nftables_counters`
    pub counters: bool,
    /// `nftables_ipvs [TABLE]`; `None` is off.
    pub ipvs_table: Option<String>,
    /// `nftables_ipvs_priority`, default -1.
    pub ipvs_priority: i32,
    /// `nftables_ipvs_start_fwmark`, default 1000.
    pub ipvs_start_fwmark: u32,
    /// `vrrp_iptables [IN [OUT]]`; taken for `nftables`.
    pub iptables: Option<Vec<String>>,
    /// `vrrp_ipsets`: up to six names.
    pub ipsets: Option<Vec<String>>,
}

impl Default for Filtering {
    fn default() -> Self {
        Filtering {
            table: None,
            nftables: false,
            priority: -1,
            ifindex: false,
            counters: false,
            ipvs_table: None,
            ipvs_priority: -1,
            ipvs_start_fwmark: 1000,
            iptables: None,
            ipsets: None,
        }
    }
}
