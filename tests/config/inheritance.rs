//! What an instance has by its own word, by the one of all, and by default: words that the installed keepalived does
//! not know or does not show. `fixtures/meaning/inheritance.conf` has the others.

use std::time::Duration;

use standfast::config::model::VrrpInstance;
use standfast::config::{LoadOptions, Loaded, load_str};

/// An instance with these lines, after these global ones.
fn with(global: &str, inside: &str) -> Loaded {
    let text = format!(
        "global_defs {{\n{global}\n}}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\n{inside}\n\
         virtual_ipaddress {{\n10.0.0.1\n}}\n}}\n"
    );
    load_str("inheritance.conf", &text, &LoadOptions::default())
}

fn instance(loaded: &Loaded) -> &VrrpInstance {
    loaded.config.instances.first().unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

fn codes(loaded: &Loaded) -> Vec<&'static str> {
    loaded.diagnostics.iter().map(|one| one.code).collect()
}

#[test]
fn checksums_as_in_version_2() {
    let word = "v3_checksum_as_v2";
    for (global, inside, expected) in [
        ("", String::new(), false),
        ("", word.to_owned(), true),
        (word, String::new(), true),
        (word, format!("{word} off"), false),
        (word, format!("{word} on"), true),
    ] {
        let loaded = with(global, &format!("version 3\n{inside}"));
        assert_eq!(instance(&loaded).options.v3_checksum_as_v2, expected, "{global} / {inside}");
        assert_eq!(codes(&loaded), [""; 0]);
    }
}

#[test]
fn an_owner_hears_whom_it_is_told_to() {
    let (all, own) = ("vrrp_owner_ignore_adverts", "priority 255\nowner_ignore_adverts");
    for (global, inside, expected) in [
        ("", "priority 255", false),
        ("", own, true),
        (all, "priority 255", true),
        (all, "priority 254", false),
        ("vrrp_strict", "priority 255", true),
        ("vrrp_strict", "priority 254", false),
        ("vrrp_strict\nvrrp_owner_ignore_adverts off", "priority 255", false),
        ("vrrp_owner_ignore_adverts off", own, true),
        ("vrrp_strict", "strict_mode off\npriority 255", false),
    ] {
        let loaded = with(global, inside);
        assert_eq!(instance(&loaded).options.owner_ignore_adverts, expected, "{global} / {inside}");
        assert_eq!(codes(&loaded), [""; 0], "{global} / {inside}");
    }
}

#[test]
fn the_best_of_the_others_of_a_master_that_runs_late() {
    let best =
        |inside: &str| instance(&with("", &format!("nopreempt\n{inside}"))).options.timer_expired_backup;
    assert_eq!(best(""), None);
    for word in ["timer_expired_backup", "thread_timer_expired"] {
        assert_eq!((best(word), best(&format!("{word} 60"))), (Some(254), Some(60)), "{word}");
        for bad in ["0", "255", "many"] {
            assert_eq!(best(&format!("{word} {bad}")), None, "{word} {bad}");
        }
        assert_eq!(instance(&with("", word)).options.timer_expired_backup, None, "it preempts");
    }
    assert_eq!(codes(&with("", "nopreempt\nthread_timer_expired")), ["deprecated"]);
}

#[test]
fn old_names_mean_the_new_ones() {
    let limit = |lines: &str| with(lines, "").config.global.processes.vrrp.rlimit_rttime;
    assert_eq!(limit("vrrp_rlimit_rtime 20000"), Duration::from_millis(20));
    assert_eq!(limit("vrrp_rlimit_rtime 0"), limit(""), "out of range");
    let extra = |global: &str, inside: &str| {
        let extra = instance(&with(global, inside)).options.garp_extra_if;
        (extra.interval.as_secs(), extra.all)
    };
    assert_eq!(extra("vrrp_vmac_garp_intvl all 30", ""), (30, true));
    assert_eq!(extra("vrrp_vmac_garp_intvl all 30", "vmac_garp_intvl 20"), (20, false));
    assert_eq!(extra("vrrp_vmac_garp_intvl all 30", "vmac_garp_intvl 0"), (0, false));
}

#[test]
fn no_messages_are_one() {
    let repeats = |lines: &str| {
        let garp = with(lines, "").config.instances[0].garp.clone();
        (garp.master_repeat, garp.master_refresh_repeat, garp.lower_prio_repeat)
    };
    assert_eq!(repeats(""), (5, 1, 5));
    assert_eq!(repeats("vrrp_garp_master_repeat 0"), (1, 1, 1));
    assert_eq!(repeats("vrrp_garp_master_refresh_repeat 4\nvrrp_garp_master_refresh_repeat 0"), (5, 1, 5));
    assert_eq!(repeats("vrrp_garp_lower_prio_repeat 0"), (5, 1, 0), "none at all may be wished for");
}
