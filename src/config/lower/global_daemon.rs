//! `global_defs`: how the daemon runs, and what it offers to others.

use std::net::IpAddr;
use std::time::Duration;

use super::Lower;
use super::global::set;
use super::read::Value;
use crate::config::host::ScriptKind;
use crate::config::model::process::{Buffer, Fifo, Part, RxPolicy};
use crate::config::syntax::Node;
use crate::diag::Diagnostic;

/// The scope of a multicast address of IPv6 that stays on its link.
const LINK_LOCAL: u16 = 2;
/// The longest name that the kernel keeps of a process.
const LONGEST_PROCESS_NAME: usize = 15;
/// Bits of a `umask` by name; each group of three has an older name too.
const UMASK_BITS: &[(&str, u32)] = &[
    ("IRUSR", 0o400),
    ("IWUSR", 0o200),
    ("IXUSR", 0o100),
    ("IRWXU", 0o700),
    ("IRGRP", 0o040),
    ("IWGRP", 0o020),
    ("IXGRP", 0o010),
    ("IRWXG", 0o070),
    ("IROTH", 0o004),
    ("IWOTH", 0o002),
    ("IXOTH", 0o001),
    ("IRWXO", 0o007),
];

impl Lower<'_> {
    /// Keywords of the parts of the daemon, of its scripts and fifos. `false`: it is none of them.
    pub(super) fn global_daemon(&mut self, node: &Node, value: &Value) -> bool {
        let name = node.name();
        for (prefix, part) in [("vrrp_", 0), ("checker_", 1), ("lvs_", 1), ("bfd_", 2)] {
            if let Some(rest) = name.strip_prefix(prefix)
                && self.part(node, rest, value, part)
            {
                return true;
            }
        }
        if name.ends_with("_rcv_bufs") || name.ends_with("_rcv_bufs_force") {
            return self.buffer(node, value);
        }
        match name {
            "process_names" => self.loaded.config.global.processes.names = true,
            "process_name" => self.loaded.config.global.processes.name = self.process_name(node),
            "max_auto_priority" => {
                // Without a value the greatest there is.
                let most = if node.argument(1).is_none() { Some(99) } else { value.int() };
                if most.is_some() {
                    self.loaded.config.global.processes.max_auto_priority = most;
                }
            }
            "min_auto_priority_delay" => {
                let delay = value.int().map(Duration::from_micros);
                set(&mut self.loaded.config.global.processes.min_auto_priority_delay, delay);
            }
            "startup_script" => self.loaded.config.global.startup_script.command = value.clone().script(),
            "shutdown_script" => self.loaded.config.global.shutdown_script.command = value.clone().script(),
            "startup_script_timeout" => {
                set(&mut self.loaded.config.global.startup_script.timeout, value.seconds());
            }
            "shutdown_script_timeout" => {
                set(&mut self.loaded.config.global.shutdown_script.timeout, value.seconds());
            }
            "vrrp_rx_bufs_policy" => self.rx_policy(node),
            "vrrp_rx_bufs_multiplier" => {
                if self.exactly_one(node) {
                    set(&mut self.loaded.config.global.buffers.vrrp_multiplier, value.int());
                }
            }
            "umask" => self.umask(node),
            _ => return self.fifo(node, value) || self.reload_settings(node) || self.files(node, value),
        }
        true
    }

    /// Whether one word follows the keyword, as keepalived wants it of some.
    pub(super) fn exactly_one(&mut self, node: &Node) -> bool {
        let one = node.line.count() == 2;
        if !one {
            let message = format!("Invalid {}", node.name());
            self.report(
                Diagnostic::error("missing-parameter", node.span(), message)
                    .expected("exactly one argument"),
            );
        }
        one
    }

    /// `vrrp_priority` and so on: `rest` is the keyword without its part. `false`: it is something else.
    fn part(&mut self, node: &Node, rest: &str, value: &Value, which: usize) -> bool {
        let name = if rest == "process_name" { self.process_name(node) } else { None };
        let cpus = if rest == "cpu_affinity" { Some(self.cpus(node)) } else { None };
        let processes = &mut self.loaded.config.global.processes;
        let part: &mut Part = match which {
            0 => &mut processes.vrrp,
            1 => &mut processes.checker,
            _ => &mut processes.bfd,
        };
        match rest {
            "process_name" => part.name = name,
            "priority" => part.priority = value.int(),
            "no_swap" => part.no_swap = true,
            "rt_priority" => part.rt_priority = value.int(),
            "cpu_affinity" => part.cpu_affinity = cpus.unwrap_or_default(),
            "rlimit_rttime" | "rlimit_rtime" => {
                set(&mut part.rlimit_rttime, value.int().map(Duration::from_micros));
            }
            _ => return false,
        }
        true
    }

    /// The name, cut to what the kernel keeps.
    fn process_name(&mut self, node: &Node) -> Option<String> {
        let name = node.argument(1)?;
        if name.len() <= LONGEST_PROCESS_NAME {
            return Some(name.to_owned());
        }
        let kept: String = name.chars().take(LONGEST_PROCESS_NAME).collect();
        let message = format!("{}: the name '{name}' is too long, '{kept}' is used", node.name());
        self.report(
            Diagnostic::error("name-too-long", node.span_of(1), message).expected("at most 15 characters"),
        );
        Some(kept)
    }

    /// Processors by number; one bad one and none is left.
    fn cpus(&mut self, node: &Node) -> Vec<u32> {
        let mut cpus = Vec::new();
        for at in 1..node.line.count() {
            match self.int(node, node.name(), at, (0, 1023), true).and_then(|cpu| u32::try_from(cpu).ok()) {
                Some(cpu) => cpus.push(cpu),
                None => return Vec::new(),
            }
        }
        cpus
    }

    fn buffer(&mut self, node: &Node, value: &Value) -> bool {
        let buffers = &mut self.loaded.config.global.buffers;
        let name = node.name();
        let buffer: &mut Buffer = match name.trim_end_matches("_force").trim_end_matches("_rcv_bufs") {
            "vrrp_netlink_cmd" => &mut buffers.vrrp_netlink_cmd,
            "vrrp_netlink_monitor" => &mut buffers.vrrp_netlink_monitor,
            "lvs_netlink_cmd" => &mut buffers.lvs_netlink_cmd,
            "lvs_netlink_monitor" => &mut buffers.lvs_netlink_monitor,
            "process_monitor" => &mut buffers.process_monitor,
            _ => return false,
        };
        if name.ends_with("_force") {
            buffer.force = value.yes();
        } else {
            buffer.bytes = value.int();
        }
        true
    }

    /// `MTU`, `ADVERT` or bytes; a size goes before either, and `MTU` before `ADVERT`.
    fn rx_policy(&mut self, node: &Node) {
        let (mut size, mut mtu, mut advert) = (None, false, false);
        for at in 1..node.line.count() {
            match node.argument(at) {
                Some(word) if word.eq_ignore_ascii_case("MTU") => mtu = true,
                Some(word) if word.eq_ignore_ascii_case("ADVERT") => advert = true,
                _ => size = self.int(node, "vrrp_rx_bufs_policy", at, (0, u32::MAX.into()), false).or(size),
            }
        }
        let before = self.loaded.config.global.buffers.vrrp_policy;
        mtu |= before == Some(RxPolicy::Mtu);
        advert |= before == Some(RxPolicy::Advert);
        let size = size.and_then(|size| u32::try_from(size).ok()).or(match before {
            Some(RxPolicy::Size(size)) => Some(size),
            _ => None,
        });
        if (size.is_some() && (mtu || advert)) || (mtu && advert) {
            let message = "vrrp_rx_bufs_policy: these do not go together";
            self.report(
                Diagnostic::error("bad-policy", node.span_of(1), message)
                    .expected("one of MTU, ADVERT or a number of bytes")
                    .help("a number goes before MTU, and MTU before ADVERT"),
            );
        }
        self.loaded.config.global.buffers.vrrp_policy = match (size, mtu, advert) {
            (Some(size), _, _) => Some(RxPolicy::Size(size)),
            (None, true, _) => Some(RxPolicy::Mtu),
            (None, false, true) => Some(RxPolicy::Advert),
            (None, false, false) => before,
        };
    }

    /// An octal, decimal or hexadecimal number, or names joined by `|`.
    fn umask(&mut self, node: &Node) {
        let text: String = node.line.words_from(1).collect();
        let number = if let Some(digits) = text.strip_prefix("0x").or(text.strip_prefix("0X")) {
            u32::from_str_radix(digits, 16).ok()
        } else if text.starts_with('0') {
            u32::from_str_radix(&text, 8).ok()
        } else {
            text.parse().ok()
        };
        let named = || {
            text.split('|').try_fold(0, |mask, word| {
                let word = word.trim().to_ascii_uppercase();
                let word = word.strip_prefix("S_").unwrap_or(&word);
                // `IRGRP` is `IRG` as well, `IROTH` is `IRO`.
                let bit = UMASK_BITS.iter().find(|(name, _)| {
                    *name == word
                        || (name.len() == 5 && !name.ends_with("USR") && name.get(..3) == Some(word))
                });
                Some(mask | bit?.1)
            })
        };
        match number.filter(|mask| *mask <= 0o777).or_else(named) {
            Some(mask) => self.loaded.config.global.files.umask = Some(mask),
            None => {
                let message = format!("umask: '{text}' is no mask");
                self.report(
                    Diagnostic::error("bad-number", node.span_of(1), message)
                        .expected("an octal number such as 0177, or names such as IRWXG|IRWXO"),
                );
            }
        }
    }

    /// `notify_fifo PATH [USER [GROUP]]`, `notify_fifo_script SCRIPT`, and those of VRRP and LVS.
    fn fifo(&mut self, node: &Node, value: &Value) -> bool {
        let (kind, script) = match node.name().strip_suffix("_script") {
            Some(kind) => (kind, true),
            None => (node.name(), false),
        };
        if !matches!(kind, "notify_fifo" | "vrrp_notify_fifo" | "lvs_notify_fifo") {
            return false;
        }
        let user = if script || node.argument(2).is_none() { None } else { self.user(node, 2) };
        let global = &mut self.loaded.config.global;
        let fifo: &mut Fifo = match kind {
            "notify_fifo" => &mut global.notify_fifo,
            "vrrp_notify_fifo" => &mut global.vrrp_notify_fifo,
            _ => &mut global.lvs_notify_fifo,
        };
        if script {
            fifo.script = value.clone().script();
            if let Some(command) = fifo.script.clone() {
                self.need_script(&command, node.name(), ScriptKind::Notify, node.span_of(1));
            }
        } else {
            fifo.path = node.argument(1).map(str::to_owned);
            fifo.user = user;
        }
        true
    }

    fn reload_settings(&mut self, node: &Node) -> bool {
        let path = node.argument(1).map(str::to_owned);
        if node.name() == "reload_time_file" && !self.exactly_one(node) {
            return true;
        }
        if node.name() == "reload_time_file"
            && let Some(relative) = path.as_ref().filter(|path| !path.starts_with('/'))
        {
            let message = format!("reload_time_file: '{relative}' is no absolute path");
            self.report(
                Diagnostic::error("bad-path", node.span_of(1), message)
                    .expected("a path that begins with /"),
            );
            return true;
        }
        let reload = &mut self.loaded.config.global.reload;
        match node.name() {
            "reload_check_config" => reload.check_config = Some(path),
            "reload_time_file" => reload.time_file = path,
            "reload_repeat" => reload.repeat = true,
            "reload_file" => reload.file = Some(path),
            _ => return false,
        }
        true
    }

    fn files(&mut self, node: &Node, value: &Value) -> bool {
        let path = value.clone().text();
        let files = &mut self.loaded.config.global.files;
        match node.name() {
            "state_dump_file" => files.state_dump = path,
            "stats_dump_file" => files.stats_dump = path,
            "json_dump_file" => files.json_dump = path,
            "json_version" => files.json_version = value.int(),
            "data_use_instance" => files.use_instance = value.yes(),
            "config_save_dir" => files.config_save_dir = path,
            "tmp_config_directory" => files.tmp_config_directory = path,
            "iproute_usr_dir" => files.iproute_usr_dir = path,
            "iproute_etc_dir" => files.iproute_etc_dir = path,
            _ => return false,
        }
        true
    }

    /// Keywords of SNMP, D-Bus and packet filtering. `false`: it is none of them.
    pub(super) fn global_services(&mut self, node: &Node, value: &Value) -> bool {
        if node.name() == "snmp_socket" {
            self.snmp_socket(node);
            return true;
        }
        let words = || -> Vec<String> { node.line.words_from(1).map(str::to_owned).collect() };
        let text = value.clone().text();
        let global = &mut self.loaded.config.global;
        let (snmp, dbus, filtering) = (&mut global.snmp, &mut global.dbus, &mut global.filtering);
        match node.name() {
            "enable_traps" => snmp.traps = true,
            "enable_snmp_vrrp" | "enable_snmp_keepalived" => snmp.vrrp = true,
            "enable_snmp_checker" => snmp.checker = true,
            "enable_snmp_rfc" => (snmp.rfc_v2, snmp.rfc_v3) = (true, true),
            "enable_snmp_rfcv2" => snmp.rfc_v2 = true,
            "enable_snmp_rfcv3" => snmp.rfc_v3 = true,
            "snmp_vs_stats_update_interval" => set(&mut snmp.vs_stats_interval, value.decimal()),
            "snmp_rs_stats_update_interval" => snmp.rs_stats_interval = value.decimal(),
            "enable_dbus" => dbus.enabled = true,
            "dbus_service_name" => dbus.service_name = text,
            "dbus_no_interface_name" => dbus.no_interface_name = text,
            "nftables" => {
                filtering.nftables = true;
                filtering.table = words().into_iter().next();
            }
            "nftables_priority" => set(&mut filtering.priority, value.int()),
            "nftables_ifindex" => filtering.ifindex = true,
            "nftables_counters" => filtering.counters = true,
            "nftables_ipvs" => {
                let name = words().into_iter().next();
                filtering.ipvs_table = Some(name.unwrap_or_else(|| "keepalived_ipvs".into()));
            }
            "nftables_ipvs_priority" => set(&mut filtering.ipvs_priority, value.int()),
            "nftables_ipvs_start_fwmark" => set(&mut filtering.ipvs_start_fwmark, value.int()),
            "vrrp_iptables" => {
                filtering.iptables = Some(words());
                let message = "iptables not supported, using nftables instead. Please replace 'vrrp_iptables' and \
                               'vrrp_ipsets' with 'nftables' config option";
                self.report(Diagnostic::warning("iptables", node.span(), message));
            }
            "vrrp_ipsets" => filtering.ipsets = Some(words()),
            _ => return false,
        }
        true
    }

    /// One word: with more keepalived takes none.
    fn snmp_socket(&mut self, node: &Node) {
        if node.line.count() > 2 {
            let message = "Too many parameters specified for snmp_socket - ignoring";
            self.report(Diagnostic::error("extra-words", node.span_of(2), message).expected("one address"));
            return;
        }
        self.loaded.config.global.snmp.socket = node.argument(1).map(str::to_owned);
    }

    /// `SECONDS`, or `all SECONDS`: on all interfaces with addresses, not only those of others.
    pub(super) fn extra_interfaces(&mut self, node: &Node, name: &str) -> Option<(Duration, bool)> {
        let all = node.argument(1) == Some("all");
        let at = if all { 2 } else { 1 };
        if node.argument(at).is_none() {
            let message = format!("{name}: a number of seconds is missing");
            self.report(
                Diagnostic::error("missing-parameter", node.span(), message).expected("[all] SECONDS"),
            );
            return None;
        }
        let seconds = self.int(node, name, at, (1, 86_400), true)?;
        Some((Duration::from_secs(u64::try_from(seconds).ok()?), all))
    }

    /// An address group for adverts.
    pub(super) fn global_groups(&mut self, node: &Node, value: &Value) {
        let global = &mut self.loaded.config.global;
        match (node.name(), value.ip()) {
            ("vrrp_mcast_group4", Some(IpAddr::V4(group))) => global.vrrp_mcast_group4 = group,
            ("vrrp_mcast_group6", Some(IpAddr::V6(group))) => {
                global.vrrp_mcast_group6 = group;
                if !stays_on_its_link(IpAddr::V6(group)) {
                    let message = format!("vrrp_mcast_group6 [{group}] should be link-local multicast.");
                    self.report(
                        Diagnostic::warning("multicast-not-link-local", node.span_of(1), message)
                            .expected("an address of ff02::/16"),
                    );
                }
            }
            _ => {}
        }
    }
}

/// Whether routers leave what goes to this multicast group alone: of IPv4 nobody minds.
pub(super) fn stays_on_its_link(group: IpAddr) -> bool {
    match group {
        IpAddr::V4(_) => true,
        IpAddr::V6(group) => group.segments().first().is_some_and(|first| first & 0xf == LINK_LOCAL),
    }
}
