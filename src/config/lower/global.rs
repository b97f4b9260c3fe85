//! `global_defs`

use std::num::NonZeroU32;
use std::time::Duration;

use super::Lower;
use super::read::{LONGEST_INTERFACE, Value};
use crate::config::model::LvsSyncDaemon;
use crate::config::model::global::{DynamicInterfaces, FlushOnStop};
use crate::config::model::vrrp::Garp;
use crate::config::model::vrrp::Version;
use crate::config::syntax::{Node, Piece};
use crate::diag::{Class, Diagnostic};

impl Lower<'_> {
    /// Every `global_defs` of the file; they add up.
    pub fn globals(&mut self, pieces: &[Piece]) {
        let nodes = pieces.iter().map(|piece| &piece.node);
        for node in nodes.filter(|node| node.name() == "global_defs") {
            self.each(node.nodes(), Self::global);
        }
        let global = &mut self.loaded.config.global;
        let garp = &mut global.garp;
        if !garp.lower_prio_delay_set {
            garp.values.lower_prio_delay = garp.values.master_delay;
        }
        if !garp.lower_prio_repeat_set {
            garp.values.lower_prio_repeat = garp.values.master_repeat;
        }
    }

    fn global(&mut self, node: &Node, value: Value) {
        match node.name() {
            "notification_email" => return self.emails(node),
            "smtp_server" => return self.smtp_server(node),
            "lvs_timeouts" => return self.lvs_timeouts(node),
            "lvs_sync_daemon" => return self.lvs_sync_daemon(node),
            "dynamic_interfaces" => return self.dynamic_interfaces(value),
            "vrrp_garp_extra_if" | "vrrp_vmac_garp_intvl" => {
                let extra = self.extra_interfaces(node, node.name());
                self.loaded.config.global.vrrp_garp_extra_if = extra;
                return;
            }
            "vrrp_mcast_group4" | "vrrp_mcast_group6" => return self.global_groups(node, &value),
            name if name.starts_with("vrrp_garp_") => return self.global_garp(node, &value),
            _ if self.global_daemon(node, &value) || self.global_services(node, &value) => return,
            _ => {}
        }
        let global = &mut self.loaded.config.global;
        match node.name() {
            "router_id" => global.router_id = value.text(),
            "notification_email_from" => global.notification_email_from = value.text(),
            "smtp_connect_timeout" => self.smtp_timeout(node, &value),
            "smtp_alert" => global.smtp_alert = Some(value.yes()),
            "smtp_alert_vrrp" => global.smtp_alert_vrrp = Some(value.yes()),
            "smtp_alert_checker" => global.smtp_alert_checker = Some(value.yes()),
            "enable_script_security" => global.script_security = true,
            "script_user" => {
                if let Value::User(user) = value {
                    global.script_user = Some(user);
                }
            }
            "vrrp_version" => {
                let version = if value == Value::Int(3) { Version::V3 } else { Version::V2 };
                global.vrrp_version = version;
            }
            "vrrp_skip_check_adv_addr" => global.vrrp_skip_check_adv_addr = value.yes(),
            "vrrp_check_unicast_src" => global.vrrp_check_unicast_src = true,
            "vrrp_lower_prio_no_advert" => global.vrrp_lower_prio_no_advert = value.yes(),
            "vrrp_higher_prio_send_advert" => global.vrrp_higher_prio_send_advert = value.yes(),
            "vrrp_down_timer_adverts" => set(&mut global.vrrp_down_timer_adverts, value.int()),
            "vrrp_startup_delay" => {
                let longest = value.decimal().max(Some(global.vrrp_startup_delay));
                set(&mut global.vrrp_startup_delay, longest);
            }
            "default_interface" => set(&mut global.default_interface, value.text().map(Into::into)),
            "vmac_prefix" => set(&mut global.vmac_prefix, value.text()),
            "lvs_flush" => global.lvs_flush = true,
            "lvs_flush_on_stop" | "lvs_flush_onstop" => {
                let services = matches!(value, Value::Text(_));
                let what = if services { FlushOnStop::Services } else { FlushOnStop::Everything };
                global.lvs_flush_on_stop = Some(what);
            }
            "vrrp_delay_after_boot" => {
                let longest = value.decimal().max(Some(global.vrrp_delay_after_boot));
                set(&mut global.vrrp_delay_after_boot, longest);
            }
            "vrrp_notify_priority_changes" => global.vrrp_notify_priority_changes = value.yes(),
            "fifo_write_vrrp_states_on_reload" => global.fifo_write_vrrp_states_on_reload = true,
            "smtp_helo_name" => global.smtp_helo_name = value.text(),
            "no_email_faults" => global.no_email_faults = true,
            "no_checker_emails" => global.no_checker_emails = value.yes(),
            "rs_init_notifies" => global.rs_init_notifies = value.yes(),
            "vrrp_strict" => global.vrrp_strict = value.yes(),
            "vrrp_owner_ignore_adverts" => global.vrrp_owner_ignore_adverts = Some(value.yes()),
            "v3_checksum_as_v2" => global.v3_checksum_as_v2 = true,
            "vrrp_gna_interval" => set(&mut global.garp.values.gna_interval, value.decimal()),
            "vrrp_min_garp" => {
                global.vrrp_min_garp = value.yes();
                if value.yes() {
                    least(&mut global.garp.values);
                }
            }
            "vmac_addr_prefix" => global.vmac_addr_prefix = value.text(),
            "disable_local_igmp" => global.disable_local_igmp = true,
            "log_unknown_vrids" => global.log_unknown_vrids = true,
            "use_symlink_paths" => global.use_symlink_paths = value.yes(),
            "set_supplementary_groups" => global.set_supplementary_groups = value.yes(),
            "random_seed" => global.random_seed = value.int(),
            "checker_share_probes" => global.checker_share_probes = value.yes(),
            "checker_probes_per_target" => {
                global.checker_probes_per_target = value.int().and_then(NonZeroU32::new);
            }
            "checker_log_all_failures" => global.checker_log_all_failures = value.yes(),
            _ => {}
        }
    }

    fn dynamic_interfaces(&mut self, value: Value) {
        self.loaded.config.global.dynamic_interfaces = Some(match value {
            Value::Text(_) => DynamicInterfaces::AllowIfChanges,
            _ => DynamicInterfaces::Plain,
        });
    }

    fn global_garp(&mut self, node: &Node, value: &Value) {
        let count = match node.name() {
            "vrrp_garp_master_repeat" | "vrrp_garp_master_refresh_repeat" => self.count(node, value, ""),
            _ => None,
        };
        let garp = &mut self.loaded.config.global.garp;
        match node.name() {
            "vrrp_garp_master_delay" => set(&mut garp.values.master_delay, value.seconds()),
            "vrrp_garp_master_repeat" => set(&mut garp.values.master_repeat, count),
            "vrrp_garp_master_refresh" => set(&mut garp.values.master_refresh, value.seconds()),
            "vrrp_garp_master_refresh_repeat" => set(&mut garp.values.master_refresh_repeat, count),
            "vrrp_garp_lower_prio_delay" => {
                set(&mut garp.values.lower_prio_delay, value.seconds());
                garp.lower_prio_delay_set = true;
            }
            "vrrp_garp_lower_prio_repeat" => {
                set(&mut garp.values.lower_prio_repeat, value.int());
                garp.lower_prio_repeat_set = true;
            }
            "vrrp_garp_interval" => set(&mut garp.values.interval, value.decimal()),
            _ => {}
        }
    }

    fn emails(&mut self, node: &Node) {
        let words = node.nodes().iter().flat_map(|entry| entry.line.words_from(0));
        let before = self.loaded.config.global.notification_email.len();
        self.loaded.config.global.notification_email.extend(words.map(str::to_owned));
        if self.loaded.config.global.notification_email.len() == before {
            let message = "Warning - empty notification_email block";
            self.report(Diagnostic::warning("empty-block", node.span(), message).expected("an address"));
        }
    }

    fn smtp_timeout(&mut self, node: &Node, value: &Value) {
        let Some(mut timeout) = value.seconds() else { return };
        if timeout.is_zero() {
            let message = "smtp_connect_timeout must be greater than 0, setting to 1";
            self.report(Diagnostic::error("out-of-range", node.span_of(1), message).expected("1 to 4294"));
            timeout = std::time::Duration::from_secs(1);
        }
        self.loaded.config.global.smtp_connect_timeout = timeout;
    }

    fn smtp_server(&mut self, node: &Node) {
        let Some(host) = node.argument(1) else { return };
        let port = match node.argument(2) {
            Some(_) => self.int(node, "smtp_server", 2, (1, 65_535), false),
            None => Some(25),
        };
        let port = port.and_then(|port| u16::try_from(port).ok()).unwrap_or(25);
        self.loaded.config.global.smtp_server = Some((host.to_owned(), port));
    }

    /// `[tcp N] [tcpfin N] [udp N]`
    fn lvs_timeouts(&mut self, node: &Node) {
        if node.line.count() < 3 {
            let message = "lvs_timeouts needs at least one option";
            self.report(
                Diagnostic::error("missing-parameter", node.span(), message)
                    .expected("tcp SECONDS, tcpfin SECONDS or udp SECONDS"),
            );
            return;
        }
        let mut at = 1;
        while let Some(word) = node.argument(at).map(str::to_owned) {
            if !matches!(word.as_str(), "tcp" | "tcpfin" | "udp") {
                self.unknown_option(node, at, "lvs_timeouts", "tcp, tcpfin or udp");
                at += 1;
                continue;
            }
            let seconds = self.int(node, "lvs_timeouts", at + 1, (0, 2_678_400), false);
            let seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
            let timeouts = &mut self.loaded.config.global.lvs_timeouts;
            match word.as_str() {
                "tcp" => timeouts.tcp = seconds.or(timeouts.tcp),
                "tcpfin" => timeouts.tcp_fin = seconds.or(timeouts.tcp_fin),
                _ => timeouts.udp = seconds.or(timeouts.udp),
            }
            at += 2;
        }
    }

    pub fn unknown_option(&mut self, node: &Node, at: usize, name: &str, expected: &str) {
        let word = node.argument(at).unwrap_or("");
        let message = format!("unknown {name} option '{word}' - ignoring");
        self.report(Diagnostic::error("unknown-value", node.span_of(at), message).expected(expected));
    }

    /// `IF [[inst] INSTANCE] [id N] [maxlen N] [port N] [ttl N] [group IP]`
    fn lvs_sync_daemon(&mut self, node: &Node) {
        let Some(interface) = node.argument(1) else { return };
        if interface.len() > LONGEST_INTERFACE {
            let message = format!("lvs_sync_daemon: the interface name '{interface}' is too long");
            self.report(
                Diagnostic::error("name-too-long", node.span_of(1), message)
                    .expected("at most 15 characters"),
            );
            return;
        }
        let mut daemon = LvsSyncDaemon::on(interface.into());
        let mut at = 2;
        while let Some(word) = node.argument(at) {
            let named = matches!(word, "inst" | "id" | "maxlen" | "port" | "ttl" | "group");
            match word {
                "inst" => {
                    daemon.instance = node.argument(at + 1).map(Into::into);
                    self.sync_daemon_place = node.span_of(at + 1);
                }
                "id" => daemon.sync_id = self.option(node, at, (0, 255)),
                "maxlen" => daemon.max_len = self.option(node, at, (1, 65_507)).unwrap_or(0),
                "port" => daemon.port = self.option(node, at, (1, 65_535)).unwrap_or(0),
                "ttl" => daemon.ttl = self.option(node, at, (1, 255)).unwrap_or(0),
                "group" => daemon.group = self.address(node, "lvs_sync_daemon group", at + 1),
                _ if at == 2 => {
                    daemon.instance = Some(word.into());
                    self.sync_daemon_place = node.span_of(at);
                }
                _ if at == 3 && word.bytes().all(|byte| byte.is_ascii_digit()) => {
                    let message = "the sync id without 'id' before it is deprecated";
                    self.report(Diagnostic::warning("deprecated", node.span_of(at), message));
                    let id = self.int(node, "lvs_sync_daemon", at, (0, 255), false);
                    daemon.sync_id = id.and_then(|id| u8::try_from(id).ok());
                }
                _ => {
                    self.unknown_option(node, at, "lvs_sync_daemon", "inst, id, maxlen, port, ttl or group")
                }
            }
            at += if named { 2 } else { 1 };
        }
        self.loaded.config.global.lvs_sync_daemon = Some(daemon);
    }

    /// The number after an option's name.
    fn option<T: TryFrom<i64>>(&mut self, node: &Node, at: usize, range: (i64, i64)) -> Option<T> {
        let name = node.argument(at)?.to_owned();
        if node.argument(at + 1).is_none() {
            let message = format!("{name} is missing its value");
            self.report(
                Diagnostic::error("missing-parameter", node.span_of(at), message).class(Class::Fault),
            );
        }
        self.int(node, &name, at + 1, range, false).and_then(|value| T::try_from(value).ok())
    }
}

/// Sets what was read.
pub fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// `vrrp_min_garp`: one message and no second block, where the value is the default at this place of the file.
fn least(garp: &mut Garp) {
    let default = Garp::default();
    if garp.master_delay == default.master_delay {
        garp.master_delay = Duration::ZERO;
    }
    for (value, default, least) in [
        (&mut garp.master_repeat, default.master_repeat, 1),
        (&mut garp.master_refresh_repeat, default.master_refresh_repeat, 0),
    ] {
        if *value == default {
            *value = least;
        }
    }
}
