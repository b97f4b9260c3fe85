//! `global_defs`

use super::page::{Page, seconds};
use super::{Host, enabled, on, with_account, words};
use crate::config::model::global::{DynamicInterfaces, FlushOnStop, Global, IpvsNamespace};
use crate::config::model::process::{Buffer, Fifo, Part, RxPolicy};
use crate::config::model::{Config, LvsSyncDaemon};

pub(super) fn write(page: &mut Page, config: &Config, host: &Host<'_>) {
    let global = &config.global;
    page.title("Global definitions");
    page.value("Network namespace", global.net_namespace.as_deref().unwrap_or("(default)"));
    let ipvs = match &global.net_namespace_ipvs {
        Some(IpvsNamespace::Named(name)) => name,
        Some(IpvsNamespace::First) => "(default)",
        None => "(main namespace)",
    };
    page.value("Network namespace ipvs", ipvs);
    if let Some(place) = &global.files.config_save_dir {
        page.value("Config save dir", place);
    }
    write_names(page, global, host);
    write_mail(page, global, host);
    write_reload(page, global);
    write_dynamic(page, global);
    write_lvs(page, global);
    write_fifos(page, global, host);
    write_vrrp(page, global);
    write_filtering(page, config);
    page.value("VRRP check unicast_src", global.vrrp_check_unicast_src);
    page.value("VRRP skip check advert addresses", global.vrrp_skip_check_adv_addr);
    page.value("VRRP strict mode", global.vrrp_strict);
    write_processes(page, global);
    write_offers(page, global);
    page.top(format_args!("Script security {}", enabled(global.script_security)));
    let (uid, gid) = (host.account)(None);
    page.top(format_args!("Default script uid:gid {uid}:{gid}"));
    write_buffers(page, global);
    page.value("umask", format_args!("0{:o}", global.files.umask.unwrap_or(0o177)));
    if !global.vrrp_startup_delay.is_zero() {
        page.value("vrrp_startup_delay", seconds(global.vrrp_startup_delay));
    }
    if global.vmac_prefix != Global::default().vmac_prefix {
        page.value("VMAC prefix", &global.vmac_prefix);
    }
    if let Some(prefix) = &global.vmac_addr_prefix {
        page.value("VMAC address prefix", prefix);
    }
}

fn write_names(page: &mut Page, global: &Global, host: &Host<'_>) {
    if let Some(instance) = &global.instance {
        page.value("Instance name", instance);
    }
    let processes = &global.processes;
    for (label, name) in [
        ("Parent process name", &processes.name),
        ("VRRP process name", &processes.vrrp.name),
        ("LVS process name", &processes.checker.name),
        ("BFD process name", &processes.bfd.name),
    ] {
        if let Some(name) = name {
            page.value(label, name);
        }
    }
    page.value("Router ID", global.router_id.as_deref().unwrap_or(host.name));
}

fn write_mail(page: &mut Page, global: &Global, host: &Host<'_>) {
    if let Some((server, port)) = &global.smtp_server {
        page.value("Smtp server", server);
        page.value("Smtp server port", port);
        page.value("Smtp HELO name", global.smtp_helo_name.as_deref().unwrap_or(host.name));
        page.value("Smtp server connection timeout", global.smtp_connect_timeout.as_secs());
        match &global.notification_email_from {
            Some(from) => page.value("Email notification from", from),
            None => page.value("Email notification from", format_args!("root@{}", host.name)),
        }
        page.top("Email notification to:");
        for to in &global.notification_email {
            page.line(to);
        }
    }
    let alert = |alert: Option<bool>| alert.map_or("unset", on);
    page.value("Default smtp_alert", alert(global.smtp_alert));
    page.value("Default smtp_alert_vrrp", alert(global.smtp_alert_vrrp));
    page.value("Default smtp_alert_checker", alert(global.smtp_alert_checker));
    page.value("Checkers log all failures", global.checker_log_all_failures);
    // Words of ours: keepalived has no line for them.
    if global.checker_share_probes {
        page.value("Checkers share probes", true);
    }
    if let Some(limit) = global.checker_probes_per_target {
        page.value("Checker probes per target", limit);
    }
}

fn write_reload(page: &mut Page, global: &Global) {
    match &global.reload.check_config {
        None => page.top("No test config before reload"),
        Some(log) => {
            let log = log.as_deref().unwrap_or("/dev/null");
            page.top(format_args!("Test config before reload, log to {log}"));
        }
    }
    if let Some(file) = &global.reload.time_file {
        let repeat = if global.reload.repeat { " (repeat)" } else { "" };
        page.value("Reload time file", format_args!("{file}{repeat}"));
    }
    if let Some(place) = &global.files.tmp_config_directory {
        page.value("config save directory", place);
    }
}

fn write_dynamic(page: &mut Page, global: &Global) {
    page.value("Dynamic interfaces", global.dynamic_interfaces.is_some());
    if let Some(dynamic) = global.dynamic_interfaces {
        page.value("Allow interface changes", dynamic == DynamicInterfaces::AllowIfChanges);
    }
    if global.no_email_faults {
        page.value("Send emails for fault transitions", "off");
    }
}

fn write_lvs(page: &mut Page, global: &Global) {
    let timeouts = &global.lvs_timeouts;
    for (label, seconds) in [
        ("LVS TCP timeout", timeouts.tcp),
        ("LVS TCP FIN timeout", timeouts.tcp_fin),
        ("LVS UDP timeout", timeouts.udp),
    ] {
        if let Some(seconds) = seconds {
            page.value(label, seconds);
        }
    }
    page.value("Default interface", &global.default_interface);
    page.value("Disable local IGMP", super::yes(global.disable_local_igmp));
    if let Some(daemon) = &global.lvs_sync_daemon {
        write_sync_daemon(page, daemon);
    }
    page.value("LVS flush", global.lvs_flush);
    let on_stop = match global.lvs_flush_on_stop {
        None => "disabled",
        Some(FlushOnStop::Everything) => "full",
        Some(FlushOnStop::Services) => "VS",
    };
    page.value("LVS flush on stop", on_stop);
}

fn write_sync_daemon(page: &mut Page, daemon: &LvsSyncDaemon) {
    page.value("LVS syncd interface", &daemon.interface);
    if let Some(instance) = &daemon.instance {
        page.value("LVS syncd vrrp instance", instance);
    }
    if let Some(id) = daemon.sync_id {
        page.value("LVS syncd syncid", id);
    }
    if daemon.max_len != 0 {
        page.value("LVS syncd maxlen", daemon.max_len);
    }
    if let Some(group) = daemon.group {
        page.top(format_args!("LVS mcast group {group}"));
    }
    if daemon.port != 0 {
        page.value("LVS syncd mcast port", daemon.port);
    }
    if daemon.ttl != 0 {
        page.value("LVS syncd mcast ttl", daemon.ttl);
    }
}

fn write_fifos(page: &mut Page, global: &Global, host: &Host<'_>) {
    let mut fifo = |whose: &str, fifo: &Fifo| {
        let Some(path) = &fifo.path else { return };
        let owner = fifo
            .user
            .clone()
            .map(|user| crate::config::model::Command { argv: Vec::new(), user: Some(user) });
        page.value(&format!("{whose} notify fifo"), with_account(path, (host.account)(owner.as_ref())));
        if let Some(script) = &fifo.script {
            // The fifo is the last argument.
            let all = match whose {
                // Another process starts this one.
                "LVS" => words(script),
                _ => format!("{} '{path}'", words(script)),
            };
            page.value(
                &format!("{whose} notify fifo script"),
                with_account(&all, (host.account)(Some(script))),
            );
        }
    };
    fifo("Global", &global.notify_fifo);
    fifo("VRRP", &global.vrrp_notify_fifo);
    fifo("LVS", &global.lvs_notify_fifo);
    page.value("FIFO write vrrp states on reload", global.fifo_write_vrrp_states_on_reload);
    page.value("VRRP notify priority changes", global.vrrp_notify_priority_changes);
}

fn write_vrrp(page: &mut Page, global: &Global) {
    page.value("VRRP IPv4 mcast group", global.vrrp_mcast_group4);
    page.value("VRRP IPv6 mcast group", global.vrrp_mcast_group6);
    let garp = &global.garp.values;
    page.value("Gratuitous ARP delay", garp.master_delay.as_secs());
    page.value("Gratuitous ARP repeat", garp.master_repeat);
    page.value("Gratuitous ARP refresh timer", garp.master_refresh.as_secs());
    page.value("Gratuitous ARP refresh repeat", garp.master_refresh_repeat);
    page.value("Gratuitous ARP lower priority delay", garp.lower_prio_delay.as_secs());
    page.value("Gratuitous ARP lower priority repeat", garp.lower_prio_repeat);
    page.value("Num adverts before down", global.vrrp_down_timer_adverts);
    let (extra, all) = global.vrrp_garp_extra_if.unwrap_or_default();
    let which = if all { "i/f" } else { "VMAC" };
    page.value(&format!("Gratuitous ARP for each secondary {which}"), format_args!("{}s", extra.as_secs()));
    page.value("Send advert after receive lower priority advert", !global.vrrp_lower_prio_no_advert);
    page.value("Send advert after receive higher priority advert", global.vrrp_higher_prio_send_advert);
    page.value("Gratuitous ARP interval", format_args!("{:.6}", garp.interval.as_secs_f64()));
    page.value(
        "Gratuitous NA interval",
        format_args!("{:.6}", global.garp.values.gna_interval.as_secs_f64()),
    );
    page.value("VRRP default protocol version", global.vrrp_version.number());
}

/// The table stands here where it is asked for, or where an instance needs it.
fn write_filtering(page: &mut Page, config: &Config) {
    let filtering = &config.global.filtering;
    let needed = config.instances.iter().any(|instance| instance.vmac.is_some() || !instance.accept);
    if filtering.nftables || filtering.iptables.is_some() || needed {
        page.value("nftables table name", filtering.table.as_deref().unwrap_or("keepalived"));
        page.value("nftables base chain priority", filtering.priority);
        let force = if filtering.ifindex { "force" } else { "don't force" };
        page.top(format_args!("nftables {force} use ifindex for link local IPv6"));
    }
    if let Some(table) = &filtering.ipvs_table {
        page.value("ipvs nftables table name", table);
        page.value("ipvs nftables base chain priority", filtering.ipvs_priority);
        page.value("ipvs nftables start fwmark", filtering.ipvs_start_fwmark);
    }
    let with = if filtering.counters { "with" } else { "without" };
    page.top(format_args!("nftables {with} counters"));
}

fn write_processes(page: &mut Page, global: &Global) {
    let processes = &global.processes;
    match processes.max_auto_priority.unwrap_or(0) {
        -1 => page.value("Max auto priority", "Disabled"),
        most => page.value("Max auto priority", most),
    }
    let delay = processes.min_auto_priority_delay.as_micros();
    page.value("Min auto priority delay", format_args!("{delay} usecs"));
    let mut part = |name: &str, part: &Part| {
        page.value(&format!("{name} process priority"), part.priority.unwrap_or(0));
        page.value(&format!("{name} don't swap"), part.no_swap);
        page.value(&format!("{name} realtime priority"), part.rt_priority.unwrap_or(0));
        if !part.cpu_affinity.is_empty() {
            let cpus: Vec<String> = part.cpu_affinity.iter().map(u32::to_string).collect();
            page.value(&format!("{name} CPU Affinity"), cpus.join(" "));
        }
        page.value(&format!("{name} realtime limit"), part.rlimit_rttime.as_micros());
    };
    part("VRRP", &processes.vrrp);
    part("Checker", &processes.checker);
    part("BFD", &processes.bfd);
}

/// SNMP and D-Bus.
fn write_offers(page: &mut Page, global: &Global) {
    let snmp = &global.snmp;
    page.top(format_args!("SNMP vrrp {}", enabled(snmp.vrrp)));
    page.top(format_args!("SNMP checker {}", enabled(snmp.checker)));
    page.top(format_args!("SNMP RFCv2 {}", enabled(snmp.rfc_v2)));
    page.top(format_args!("SNMP RFCv3 {}", enabled(snmp.rfc_v3)));
    page.top(format_args!("SNMP traps {}", enabled(snmp.traps)));
    page.value("SNMP socket", snmp.socket.as_deref().unwrap_or("default (unix:/var/agentx/master)"));
    page.top(format_args!("DBus {}", enabled(global.dbus.enabled)));
    page.value("DBus service name", global.dbus.service_name.as_deref().unwrap_or(""));
}

fn write_buffers(page: &mut Page, global: &Global) {
    let buffers = &global.buffers;
    let mut buffer = |name: &str, buffer: Buffer| {
        page.value(&format!("{name}_rcv_bufs"), buffer.bytes.unwrap_or(0));
        page.value(&format!("{name}_rcv_bufs_force"), u8::from(buffer.force));
    };
    buffer("vrrp_netlink_cmd", buffers.vrrp_netlink_cmd);
    buffer("vrrp_netlink_monitor", buffers.vrrp_netlink_monitor);
    buffer("process_monitor", buffers.process_monitor);
    buffer("lvs_netlink_cmd", buffers.lvs_netlink_cmd);
    buffer("lvs_netlink_monitor", buffers.lvs_netlink_monitor);
    page.value("rs_init_notifies", u8::from(global.rs_init_notifies));
    page.value("no_checker_emails", u8::from(global.no_checker_emails));
    match buffers.vrrp_policy {
        None => {}
        Some(RxPolicy::Mtu) => page.value("rx_bufs_policy", "MTU"),
        Some(RxPolicy::Advert) => page.value("rx_bufs_policy", "ADVERT"),
        Some(RxPolicy::Size(bytes)) => page.value("rx_bufs_size", bytes),
    }
    page.value("rx_bufs_multiples", buffers.vrrp_multiplier);
}
