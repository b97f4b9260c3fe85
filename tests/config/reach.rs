//! Every row of the table comes into the model: with a line of it the configuration is another than without.

use standfast::config::keywords::{Arguments, CONTEXTS, Context, Keyword, Status};
use standfast::config::model::Config;
use standfast::config::{LoadOptions, load_str};
use standfast::manual;

use crate::manual::furnished;

fn model(text: &str) -> Config {
    load_str("example.conf", &furnished(text), &LoadOptions::default()).config
}

/// Arguments to try: one of them at least is not the default.
fn arguments(row: &Keyword, written: &str) -> Vec<String> {
    let mut tried = vec![written.to_owned()];
    match row.arguments {
        Arguments::Int(low, high) | Arguments::Lax(low, high) => {
            let numbers =
                [low, low + 1, 3, 40, high].into_iter().filter(|number| (low..=high).contains(number));
            tried.extend(numbers.map(|number| number.to_string()));
        }
        Arguments::Decimal(low, high, _) => {
            let numbers = [low, 2_000_000, 30_000_000, high].into_iter();
            let seconds = |number: u64| format!("{}.{:06}", number / 1_000_000, number % 1_000_000);
            tried.extend(
                numbers
                    .map(seconds)
                    .map(|text| text.trim_end_matches('0').trim_end_matches('.').to_owned()),
            );
        }
        Arguments::Boolean => tried.extend(["on".to_owned(), "off".to_owned()]),
        Arguments::Choice(words) | Arguments::AnyCase(words) => {
            tried.extend(words.iter().map(|word| (*word).to_owned()));
        }
        _ => {}
    }
    tried
}

/// Rows whose example shows no difference: a text with `{}` in the place of a line, and the line.
fn otherwise(context: Context, name: &str) -> Option<(String, &'static str)> {
    use Context::*;
    let router = |lines: &str| {
        format!(
            "vrrp_instance A {{\n interface eth0\n virtual_router_id 5\n virtual_ipaddress {{\n 192.0.2.10\n }}\n{lines}\n}}\n"
        )
    };
    let service = |lines: &str, real: &str, check: &str| {
        format!(
            "virtual_server 192.0.2.10 80 {{\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n{lines}\n \
             real_server 198.51.100.1 80 {{\n weight 4\n {real}\n HTTP_GET {{\n {check}\n url {{\n path /\n }}\n }}\n }}\n}}\n"
        )
    };
    let route = |line: &str| match context {
        StaticRoute => format!("static_routes {{\n{line}\n}}\n"),
        _ => router(&format!("virtual_routes {{\n{line}\n}}")),
    };
    Some(match (context, name) {
        (Top, "vrrp_script") => {
            (router("track_script {\n check\n }") + "{}", "vrrp_script check {\n script /bin/true\n}")
        }
        (Script, _) => {
            let line = match name {
                "script" => "script \"/bin/false x\"",
                "interval" => "interval 7",
                "timeout" => "timeout 7",
                "weight" => "weight 7",
                "rise" => "rise 7",
                "fall" => "fall 7",
                "user" => "user nobody",
                "init_fail" => "init_fail",
                _ => return None,
            };
            (format!("vrrp_script check {{\n script /bin/true\n {{}}\n}}\n{}", router("track_script {\n check\n }")), line)
        }
        (GlobalDefs, "lvs_sync_daemon") => (
            format!("global_defs {{\n{{}}\n}}\n{}{}", router(""), service("", "", "")),
            "lvs_sync_daemon eth0 A",
        ),
        (GlobalDefs, "default_interface") => (
            "global_defs {\n{}\n}\nvrrp_instance A {\n virtual_router_id 5\n virtual_ipaddress {\n 192.0.2.10\n }\n}".to_owned(),
            "default_interface eth7",
        ),
        (GlobalDefs, "vrrp_mcast_group4") => {
            (format!("global_defs {{\n{{}}\n}}\n{}", router("")), "vrrp_mcast_group4 224.0.0.19")
        }
        (GlobalDefs, "vrrp_mcast_group6") => (
            format!("global_defs {{\n{{}}\n}}\n{}", router("").replace("192.0.2.10", "fe80::10")),
            "vrrp_mcast_group6 ff02::99",
        ),
        (Instance, "native_ipv6") => {
            ("vrrp_instance A {\n interface eth0\n virtual_router_id 5\n {}\n}".to_owned(), "native_ipv6\n virtual_ipaddress {\n 2001:db8::1\n }")
        }
        (Instance, "mcast_dst_ip") => (router("{}"), "mcast_dst_ip 224.0.0.19"),
        (Instance, "no_virtual_ipaddress") => {
            ("vrrp_instance A {\n interface eth0\n version 3\n virtual_router_id 5\n {}\n}".to_owned(), "no_virtual_ipaddress")
        }
        (Instance, "accept") => (format!("global_defs {{\n vrrp_strict\n}}\n{}", router("version 3\n {}")), "accept"),
        (Instance, "preempt") => (router("nopreempt\n {}"), "preempt"),
        (Instance, "lvs_sync_daemon_interface") => {
            (router("{}") + &service("", "", ""), "lvs_sync_daemon_interface eth0")
        }
        (TrackGroup, "group") => (router("") + "track_group ROUTES {\n{}\n}\n", "group {\n A\n }"),
        (VirtualServer, "ip_family") => (
            "virtual_server fwmark 7 {\n lvs_sched rr\n lvs_method TUN\n {}\n real_server 192.0.2.7 {\n TCP_CHECK {\n connect_port 80\n }\n }\n}".to_owned(),
            "ip_family inet6",
        ),
        (VirtualServer, "quorum") => (service("{}", "", ""), "quorum 3"),
        (VirtualServer, "hysteresis") => (service("quorum 3\n{}", "", ""), "hysteresis 2"),
        (RealServer, "alpha") => (service("", "{}", ""), "alpha"),
        (RealServer, "retry") => (service("", "{}", ""), "retry 7"),
        (RealServer, "delay_before_retry") => (service("", "{}", ""), "delay_before_retry 7"),
        (RealServer, "warmup") => (service("", "{}", ""), "warmup 7"),
        (RealServer, "connect_timeout") => (service("", "{}", ""), "connect_timeout 7"),
        (RealServer, "delay_loop") => (service("", "{}", ""), "delay_loop 7"),
        (RealServer, "virtualhost") => (service("", "{}", ""), "virtualhost www.example.org"),
        (Route | StaticRoute, "dev" | "oif") => (route("198.51.100.0/24 via 192.0.2.254 {}"), "dev eth7"),
        (Route | StaticRoute, "encap") => (route("198.51.100.0/24 via 192.0.2.254 dev eth0 {}"), "encap ip id 7 dst 203.0.113.1"),
        (Route | StaticRoute, "prepend") => (route("198.51.100.0/24 via 192.0.2.254 dev eth0 append {}"), "prepend"),
        (Route | StaticRoute, "nexthop") => {
            (route("198.51.100.0/24 no_track nexthop via 192.0.2.1 dev eth0 {}"), "nexthop via 192.0.2.2 dev eth0")
        }
        _ => return None,
    })
}

/// Rows that are no part of the model, and why.
const NO_PART: &[(&str, &str)] = &[
    ("include_check", "says how the file itself is read"),
    ("debug", "keepalived does not use it either"),
];

/// Whether some line of this row makes a difference.
fn reaches(context: Context, row: &Keyword) -> bool {
    if let Some((text, line)) = otherwise(context, row.name) {
        return model(&text.replace("{}", line)) != model(&text.replace("{}", ""));
    }
    let example = manual::example(context, row);
    let lines: Vec<&str> = example.lines().collect();
    let is_it = |line: &&str| line.split_whitespace().next() == Some(row.name);
    let Some(at) = lines.iter().rposition(is_it) else { return word_reaches(&example, row) };
    let depth = |line: &str| line.len() - line.trim_start().len();
    let mut end = at + 1;
    if lines[at].trim_end().ends_with('{') {
        end += lines[end..].iter().position(|line| depth(line) == depth(lines[at])).unwrap() + 1;
    }
    let with = |replaced: &str| [&lines[..at], &[replaced], &lines[end..]].concat().join("\n") + "\n";
    let without = model(&with(""));
    if end > at + 1 {
        return model(&example) != without;
    }
    let (indent, line) = lines[at].split_at(depth(lines[at]));
    let written = line.strip_prefix(row.name).unwrap().trim();
    arguments(row, written)
        .iter()
        .any(|tried| model(&with(&format!("{indent}{} {tried}", row.name))) != without)
}

/// The same for a word within a line: without it, and what belongs to it, the line means something else. A line
/// that is nothing without it needs no other proof.
fn word_reaches(example: &str, row: &Keyword) -> bool {
    let words: Vec<&str> = example.split_inclusive(char::is_whitespace).collect();
    let Some(at) = words.iter().position(|word| word.trim() == row.name) else {
        return row.name.starts_with('(');
    };
    let whole = load_str("example.conf", &furnished(example), &LoadOptions::default());
    let differs = |text: String| {
        let loaded = load_str("example.conf", &furnished(&text), &LoadOptions::default());
        loaded.diagnostics.len() <= whole.diagnostics.len() && loaded.config != whole.config
    };
    let replaced = |from: usize, to: usize, by: &str| {
        let rest = words.get(to..).unwrap_or_default().concat();
        from <= words.len() && differs(format!("{}{by} {rest}", words[..from.min(words.len())].concat()))
    };
    let fewer = (1..=3).any(|count| replaced(at, at + count, ""));
    let value =
        ["200", "3000", "192.0.2.99", "eth7", "203.0.113.9"].iter().any(|by| replaced(at + 1, at + 2, by));
    let other = ["prohibit", "blackhole", "add"].iter().any(|by| replaced(at, at + 1, by));
    fewer || value || other || replaced(at + 1, at + 2, "prohibit")
}

#[test]
fn every_row_comes_into_the_model() {
    let mut missing = Vec::new();
    for context in CONTEXTS.iter().filter(|context| !context.paths().contains(&"(lexical)")) {
        for row in context.rows() {
            let no_part = NO_PART.iter().any(|(name, _)| *name == row.name);
            if reaches(*context, row) == no_part {
                missing.push(format!("{} {}", context.name(), row.name));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "{} rows change nothing, or something where that is not expected:\n{}",
        missing.len(),
        missing.join("\n")
    );
}

#[test]
fn what_has_no_effect_has_a_reason() {
    let rows = CONTEXTS.iter().flat_map(|context| context.rows().map(move |row| (context, row)));
    let without = rows.filter(|(_, row)| (row.status == Status::Ignored) == row.reason().is_empty());
    let names: Vec<String> =
        without.map(|(context, row)| format!("{} {}", context.name(), row.name)).collect();
    assert!(names.is_empty(), "{names:?}");
}
