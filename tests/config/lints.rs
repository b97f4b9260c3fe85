//! Every lint on a text that has the trap, and on the same without it.

use std::collections::BTreeSet;

use standfast::config::lint::{LINTS, lint, options};
use standfast::config::{LoadOptions, load_str};

fn codes(text: &str) -> Vec<&'static str> {
    let loaded = load_str("a.conf", text, &options(LoadOptions::default()));
    assert!(!loaded.structure_broken, "{text}");
    lint(&loaded).iter().map(|one| one.code).collect()
}

fn instance(lines: &str) -> String {
    named("A", "eth0", 1, "10.0.0.1/24", lines)
}

fn named(name: &str, interface: &str, vrid: u8, address: &str, lines: &str) -> String {
    format!(
        "vrrp_instance {name} {{\n interface {interface}\n virtual_router_id {vrid}\n virtual_ipaddress {{\n {address}\n \
         }}\n{lines}\n}}\n"
    )
}

fn script(lines: &str, used: &str) -> String {
    format!(
        "vrrp_script S {{\n{lines}\n}}\n{}",
        instance(&format!("priority 150\n track_script {{\n S {used}\n }}"))
    )
}

fn service(lines: &str, real: &str) -> String {
    format!(
        "virtual_server 10.0.0.1 80 {{\n lvs_sched rr\n protocol TCP\n{lines}\n real_server 10.1.0.1 80 {{\n{real}\n \
         }}\n real_server 10.1.0.2 80 {{\n TCP_CHECK {{\n connect_timeout 1\n }}\n }}\n}}\n"
    )
}

fn group(first: &str, second: &str) -> String {
    named("A", "eth0", 1, "10.0.0.1/24", first)
        + &named("B", "eth1", 2, "10.0.1.1/24", second)
        + "vrrp_sync_group G {\n group {\n A\n B\n }\n}\n"
}

const TCP: &str = "TCP_CHECK {\n connect_timeout 1\n }";
const QUICK: &str = "lvs_method TUN\n delay_loop 2";

/// The code, a text with the trap, the same without.
fn cases() -> Vec<(&'static str, String, String)> {
    let one = |code, with: &str, without: &str| (code, instance(with), instance(without));
    let of_script = |code, with: &str, without: &str| (code, script(with, ""), script(without, ""));
    let of_service = |code, with: &str, without: &str| (code, service(with, TCP), service(without, TCP));
    let of_real = |code, with: &str, without: &str| (code, service(QUICK, with), service(QUICK, without));
    let url = |more: &str| format!("HTTP_GET {{\n url {{\n path /\n {more}\n }}\n connect_timeout 1\n }}");
    let mail = "global_defs {\n notification_email {\n a@b\n }\n";
    vec![
        one("master-without-priority", "state MASTER", "state BACKUP"),
        one("priority-not-set", "", "priority 100"),
        one("master-with-low-priority", "state MASTER\n priority 100", "state MASTER\n priority 101"),
        one("priority-255", "priority 255", "priority 254"),
        one("slow-adverts", "advert_int 11", "advert_int 10"),
        one("password-in-clear", "authentication {\n auth_type PASS\n auth_pass x\n }", ""),
        one("strict-drops-traffic", "strict_mode on", "strict_mode on\n accept"),
        one(
            "address-without-mask",
            "virtual_ipaddress_excluded {\n 10.0.0.9\n }",
            "virtual_ipaddress_excluded {\n 10.0.0.9/32\n }",
        ),
        (
            "address-of-two-instances",
            group("", "virtual_ipaddress_excluded {\n 10.0.0.1/24 dev eth1\n }"),
            group("", "virtual_ipaddress_excluded {\n 10.0.0.2/24\n }"),
        ),
        one(
            "weight-beyond-the-end",
            "priority 50\n track_interface {\n eth1 weight -50\n }",
            "priority 51\n track_interface {\n eth1 weight -50\n }",
        ),
        one(
            "unicast-without-source",
            "unicast_peer {\n 10.0.0.3\n }",
            "unicast_src_ip 10.0.0.2\n unicast_peer {\n 10.0.0.3\n }",
        ),
        (
            "group-of-different-states",
            group("state MASTER", "state BACKUP"),
            group("state BACKUP", "state BACKUP"),
        ),
        ("group-of-different-preemption", group("nopreempt", ""), group("nopreempt", "nopreempt")),
        ("group-of-different-intervals", group("advert_int 2", ""), group("advert_int 2", "advert_int 2")),
        ("no-router-id", format!("{mail}}}\n"), format!("{mail} router_id X\n}}\n")),
        ("mail-without-server", format!("{mail}}}\n"), format!("{mail} smtp_server 10.0.0.25\n}}\n")),
        of_script(
            "timeout-longer-than-interval",
            "script \"/bin/a\"\n interval 2\n timeout 3",
            "script \"/bin/a\"\n interval 3\n timeout 3",
        ),
        of_script(
            "script-runs-seldom",
            "script \"/bin/a\"\n interval 61",
            "script \"/bin/a\"\n interval 60",
        ),
        of_script("one-failure-is-a-failover", "script \"/bin/a\"", "script \"/bin/a\"\n fall 2"),
        of_script("script-without-user", "script \"/bin/a\"", "script \"/bin/a\"\n user nobody"),
        of_script(
            "shell-words-without-shell",
            "script \"/bin/a && /bin/b\"",
            "script \"/bin/sh -c '/bin/a && /bin/b'\"",
        ),
        of_service("delay-loop-not-set", "lvs_method TUN", "lvs_method TUN\n delay_loop 5"),
        (
            "single-server",
            format!(
                "virtual_server 10.0.0.1 80 {{\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n real_server 10.1.0.1 80 {{\n {TCP}\n }}\n}}\n"
            ),
            service(QUICK, TCP),
        ),
        of_service(
            "sorry-server-is-a-real-server",
            "lvs_method NAT\n sorry_server 10.1.0.1 80",
            "lvs_method NAT\n sorry_server 10.1.0.9 80",
        ),
        (
            "service-without-address",
            named("A", "eth0", 1, "10.9.0.1/24", "") + &service(QUICK, TCP),
            named("A", "eth0", 1, "10.0.0.1/24", "") + &service(QUICK, TCP),
        ),
        of_service(
            "persistence-binds-clients",
            "lvs_method TUN\n persistence_timeout 60",
            "lvs_method TUN",
        ),
        of_service("nat-return-path", "lvs_method NAT", "lvs_method DR"),
        of_service("nat-return-path", "lvs_method NAT", "lvs_method NAT\n return_path snat"),
        of_service("dr-needs-the-address", "lvs_method DR", "lvs_method NAT"),
        of_real("server-without-check", "weight 1", TCP),
        of_real("server-of-weight-zero", "weight 0", "weight 1"),
        ("server-is-the-service", service(QUICK, TCP).replace("10.1.0.1", "10.0.0.1"), service(QUICK, TCP)),
        of_real(
            "check-timeout-longer-than-interval",
            "TCP_CHECK {\n connect_timeout 3\n }",
            "TCP_CHECK {\n connect_timeout 2\n }",
        ),
        of_real(
            "failure-noticed-late",
            "TCP_CHECK {\n connect_timeout 1\n retry 20\n delay_before_retry 1\n }",
            "TCP_CHECK {\n connect_timeout 1\n retry 3\n delay_before_retry 1\n }",
        ),
        (
            "plain-http-on-443",
            service(QUICK, &url("status_code 200"))
                .replace("10.1.0.1 80", "10.1.0.1 443")
                .replace("TUN", "NAT"),
            service(QUICK, &url("status_code 200")),
        ),
        of_real(
            "digest-of-a-page",
            &url("digest 9b3a0c85a887a256d6939da88aabd8cd"),
            &url("status_code 200"),
        ),
    ]
}

#[test]
fn each_tells_of_its_trap_and_of_nothing_else() {
    let mut wrong = Vec::new();
    for (code, with, without) in cases() {
        if !codes(&with).contains(&code) {
            wrong.push(format!("{code}: silent: {:?}", codes(&with)));
        }
        if codes(&without).contains(&code) {
            wrong.push(format!("{code}: told of a text without the trap"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let tested: BTreeSet<&str> = cases().iter().map(|case| case.0).collect();
    let listed: BTreeSet<&str> = LINTS.iter().map(|lint| lint.0).collect();
    assert_eq!(tested, listed);
    assert!(listed.len() >= 25);
}

#[test]
fn each_has_a_place_and_a_way_out() {
    for (code, with, _) in cases() {
        let loaded = load_str("a.conf", &with, &options(LoadOptions::default()));
        for one in lint(&loaded) {
            assert!(LINTS.iter().any(|(listed, _)| *listed == one.code), "{} is not listed", one.code);
            assert!(one.span.is_some() && one.help.is_some(), "{code}: {one:?}");
        }
    }
}

#[test]
fn the_daemon_never_hears_of_them() {
    let loaded = load_str("a.conf", &instance("state MASTER"), &LoadOptions::default());
    assert!(loaded.diagnostics.iter().all(|one| one.code != "master-without-priority"));
}
