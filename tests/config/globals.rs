//! `global_defs`: values, defaults, ends of ranges, and bad values.

use std::time::Duration;

use standfast::config::model::global::Global;
use standfast::config::model::process::RxPolicy;
use standfast::config::{LoadOptions, Loaded, load_str};

fn read(lines: &str) -> Loaded {
    load_str("a.conf", &format!("global_defs {{\n{lines}\n}}\n"), &LoadOptions::default())
}

/// The global part, and the codes of what was said beside "no effect yet".
fn global(lines: &str) -> (Global, Vec<&'static str>) {
    let loaded = read(lines);
    let codes = loaded.diagnostics.iter().map(|one| one.code).filter(|code| *code != "no-effect-yet");
    (loaded.config.global, codes.collect())
}

#[test]
fn parts_of_the_daemon() {
    let (global, codes) = global(
        "process_names\nprocess_name ka\nvrrp_process_name v\nvrrp_priority -20\nvrrp_no_swap\nvrrp_rt_priority 99\n\
         vrrp_cpu_affinity 0 3\nvrrp_rlimit_rttime 20000\nchecker_priority 19\nlvs_process_name c\nbfd_rt_priority 1\n\
         max_auto_priority -1\nmin_auto_priority_delay 500",
    );
    assert_eq!(codes, ["deprecated"], "lvs_process_name");
    let processes = &global.processes;
    assert!(processes.names && processes.vrrp.no_swap && !processes.checker.no_swap);
    assert_eq!(processes.name.as_deref(), Some("ka"));
    assert_eq!(processes.vrrp.name.as_deref(), Some("v"));
    assert_eq!((processes.vrrp.priority, processes.checker.priority), (Some(-20), Some(19)));
    assert_eq!((processes.vrrp.rt_priority, processes.bfd.rt_priority), (Some(99), Some(1)));
    assert_eq!(processes.vrrp.cpu_affinity, [0, 3]);
    assert_eq!(processes.vrrp.rlimit_rttime, Duration::from_millis(20));
    assert_eq!(processes.checker.rlimit_rttime, Duration::from_millis(10));
    assert_eq!(processes.checker.name.as_deref(), Some("c"));
    assert_eq!(
        (processes.max_auto_priority, processes.min_auto_priority_delay.as_micros()),
        (Some(-1), 500)
    );
}

#[test]
fn ends_of_ranges() {
    for (bad, code) in [
        ("vrrp_priority 20", "out-of-range"),
        ("checker_rt_priority 0", "out-of-range"),
        ("max_auto_priority 100", "out-of-range"),
        ("startup_script_timeout 1001", "out-of-range"),
        ("json_version 3", "out-of-range"),
        ("nftables_ipvs_start_fwmark 0", "out-of-range"),
        ("vrrp_cpu_affinity 0 x", "bad-number"),
        ("umask 9999", "bad-number"),
        ("umask IRWXQ", "bad-number"),
        ("reload_time_file here", "bad-path"),
        ("vrrp_garp_extra_if all", "missing-parameter"),
        ("vrrp_rx_bufs_policy MTU ADVERT", "bad-policy"),
        ("process_name a_name_that_is_too_long", "name-too-long"),
    ] {
        assert_eq!(global(bad).1, [code], "{bad}");
    }
    assert!(global("vrrp_cpu_affinity 0 x").0.processes.vrrp.cpu_affinity.is_empty());
    let kept = global("process_name a_name_that_is_too_long").0.processes.name;
    assert_eq!(kept.as_deref(), Some("a_name_that_is_"));
}

#[test]
fn masks() {
    for (text, mask) in [
        ("022", 0o22),
        ("0x12", 0o22),
        ("18", 0o22),
        ("IWGRP|IWOTH", 0o22),
        ("IXUSR | IRWXG|IRWXO", 0o177),
        ("IWG|IWO", 0o22),
    ] {
        assert_eq!(global(&format!("umask {text}")).0.files.umask, Some(mask), "{text}");
    }
    assert_eq!(global("").0.files.umask, None);
}

#[test]
fn buffers_and_policies() {
    let (global, codes) = global(
        "vrrp_netlink_cmd_rcv_bufs 1000\nvrrp_netlink_cmd_rcv_bufs_force\nlvs_netlink_monitor_rcv_bufs_force off\n\
         vrrp_rx_bufs_policy advert\nvrrp_rx_bufs_multiplier 7",
    );
    assert_eq!(codes, [] as [&str; 0]);
    assert_eq!(global.buffers.vrrp_netlink_cmd.bytes, Some(1000));
    assert!(global.buffers.vrrp_netlink_cmd.force && !global.buffers.lvs_netlink_monitor.force);
    assert_eq!((global.buffers.vrrp_policy, global.buffers.vrrp_multiplier), (Some(RxPolicy::Advert), 7));
    assert_eq!(self::global("vrrp_rx_bufs_policy 99").0.buffers.vrrp_policy, Some(RxPolicy::Size(99)));
}

#[test]
fn scripts_fifos_and_files() {
    let (global, codes) = global(
        "startup_script \"/bin/up now\" root\nstartup_script_timeout 3\nshutdown_script /bin/down\n\
         notify_fifo /run/f root wheel\nnotify_fifo_script /bin/reader\nlvs_notify_fifo /run/l\nreload_file\n\
         reload_check_config /tmp/log\nreload_time_file /run/when\nreload_repeat\nstate_dump_file /tmp/d/\njson_version 2",
    );
    assert_eq!(codes, [] as [&str; 0]);
    let startup = global.startup_script.command.unwrap();
    assert_eq!(startup.argv, ["/bin/up", "now"]);
    assert_eq!(startup.user.unwrap().user, "root");
    assert_eq!(
        (global.startup_script.timeout.as_secs(), global.shutdown_script.timeout.as_secs()),
        (3, 10)
    );
    assert_eq!(global.notify_fifo.path.as_deref(), Some("/run/f"));
    assert_eq!(global.notify_fifo.user.unwrap().group.as_deref(), Some("wheel"));
    assert_eq!(global.notify_fifo.script.unwrap().argv, ["/bin/reader"]);
    assert_eq!(global.lvs_notify_fifo.path.as_deref(), Some("/run/l"));
    assert_eq!(global.vrrp_notify_fifo.path, None);
    assert_eq!(global.reload.file, Some(None));
    assert_eq!(global.reload.check_config, Some(Some("/tmp/log".to_owned())));
    assert_eq!(global.reload.time_file.as_deref(), Some("/run/when"));
    assert!(global.reload.repeat);
    assert_eq!((global.files.state_dump.as_deref(), global.files.json_version), (Some("/tmp/d/"), Some(2)));
}

#[test]
fn services_for_others() {
    let (global, codes) = global(
        "enable_snmp_rfc\nenable_snmp_keepalived\nsnmp_vs_stats_update_interval 0.5\nenable_dbus\n\
         dbus_service_name org.x\nnftables\nnftables_priority -5\nnftables_ipvs\nvrrp_ipsets a b",
    );
    assert_eq!(codes, ["deprecated"], "enable_snmp_keepalived");
    assert!(global.snmp.rfc_v2 && global.snmp.rfc_v3 && global.snmp.vrrp && !global.snmp.checker);
    assert_eq!(global.snmp.vs_stats_interval, Duration::from_millis(500));
    assert!(global.dbus.enabled);
    assert_eq!(global.dbus.service_name.as_deref(), Some("org.x"));
    assert!(global.filtering.nftables);
    assert_eq!((global.filtering.table, global.filtering.priority), (None, -5));
    assert_eq!(global.filtering.ipvs_table.as_deref(), Some("keepalived_ipvs"));
    assert_eq!(global.filtering.ipsets.unwrap(), ["a", "b"]);
}

#[test]
fn as_few_announcements_as_possible() {
    let few = global("vrrp_min_garp\nvrrp_garp_master_delay 7").0.garp.values;
    assert_eq!((few.master_repeat, few.master_refresh_repeat), (1, 0));
    assert_eq!(few.master_delay, Duration::from_secs(7), "what is written counts");
    assert_eq!((few.lower_prio_repeat, few.lower_prio_delay), (1, Duration::from_secs(7)));
    let usual = global("vrrp_min_garp off").0.garp.values;
    assert_eq!((usual.master_repeat, usual.master_refresh_repeat), (5, 1));
}

#[test]
fn vrrp_of_all_instances() {
    let (global, codes) = global(
        "vrrp_strict\nvrrp_startup_delay 2\nvrrp_delay_after_boot 3.5\nvrrp_delay_after_boot 1\n\
         vrrp_garp_extra_if all 60\nvrrp_min_garp\nvmac_prefix v\nvmac_addr_prefix w",
    );
    assert_eq!(codes.iter().filter(|code| **code != "given-twice").count(), 0, "{codes:?}");
    assert!(global.vrrp_strict && global.vrrp_min_garp);
    assert_eq!(global.vrrp_delay_after_boot, Duration::from_millis(3500), "the longest counts");
    assert_eq!(global.vrrp_garp_extra_if, Some((Duration::from_secs(60), true)));
    assert_eq!((global.vmac_prefix.as_str(), global.vmac_addr_prefix.as_deref()), ("v", Some("w")));
}

#[test]
fn how_probes_are_made_together() {
    let (plain, _) = global("");
    assert_eq!((plain.checker_share_probes, plain.checker_probes_per_target), (false, None));
    let (both, codes) = global("checker_share_probes\nchecker_probes_per_target 8");
    assert_eq!((both.checker_share_probes, codes), (true, Vec::new()));
    assert_eq!(both.checker_probes_per_target.map(std::num::NonZeroU32::get), Some(8));
    let (neither, _) = global("checker_share_probes off\nchecker_probes_per_target 0");
    assert_eq!((neither.checker_share_probes, neither.checker_probes_per_target), (false, None));
    for wrong in
        ["checker_probes_per_target", "checker_probes_per_target many", "checker_probes_per_target 65536"]
    {
        let loaded = read(wrong);
        assert_eq!(standfast::config::verdict(&loaded.diagnostics), 5, "{wrong}");
        assert_eq!(loaded.config.global.checker_probes_per_target, None, "{wrong}");
    }
}
