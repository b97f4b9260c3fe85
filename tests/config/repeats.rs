//! A block that stands in a text several times is understood once. Nobody must notice: what such a text means, and
//! what is said of it, is the same as where every line was made another one by blanks at its end.

use proptest::prelude::*;
use standfast::config::{LoadOptions, Loaded, load_str};
use standfast::diag::render;

use super::robust::cases;

/// Lines of the blocks of real servers; some are wrong, some mean more than they say.
const LINES: &[&str] = &[
    "weight 1",
    "weight 2",
    "weight 999999999",
    "wieght 1",
    "weight",
    "weight 1 # a remark",
    "# a remark",
    "    ! another",
    "",
    "weight $WEIGHT",
    "$WEIGHT=7",
    "@other weight 9",
    "~SEQ(n, 1, 2) inhibit_on_failure",
    "include nothing",
    "lvs_method DR",
    "uthreshold 5",
    "notify_up /bin/true",
    "notify_up \"/bin/true up\"",
    "TCP_CHECK {",
    "TCP_CHECK { connect_timeout 3 }",
    "TCP_CHECK\n{\nconnect_port 81\n}",
    "TCP_CHECK {\n  connect_ip 10.0.0.1\n}",
    "TCP_CHECK {\n  bindto 10.0.0.1\n}",
    "SMTP_CHECK {\n host {\n connect_ip 10.0.0.9\n }\n }",
    "MISC_CHECK {\n misc_path /bin/true\n}",
    "FILE_CHECK {\n track_file F\n}",
    "DNS_CHECK {\n name a.example\n}",
    "HTTP_GET {\n url {\n path /\n status_code 200\n }\n url {\n path /\n status_code 200\n }\n }",
    "HTTP_GET {\n url {\n path /\n regex (\n }\n }",
    "global_defs {",
    "unknown {",
    "{",
    "}",
    "connect_timeout 3",
];

/// What a real server is called.
const ADDRESSES: &[&str] =
    &["10.2.0.N 80", "10.2.0.N", "fe80::N 80", "2001:db8::N 80", "10.2.0.N 99999", ""];

/// Blocks that are repeated, and which of them, with which address, how far from the margin, in which order. A
/// negative one begins another service.
fn texts() -> impl Strategy<Value = String> {
    let line = prop_oneof![6 => prop::sample::select(&LINES[..1]), 4 => prop::sample::select(LINES)];
    let blocks = prop::collection::vec(prop::collection::vec(line, 0..5), 1..4);
    let address = prop_oneof![9 => Just(ADDRESSES[0]), 1 => prop::sample::select(ADDRESSES)];
    let indent = prop_oneof![9 => Just(4_usize), 1 => 0..9_usize];
    let brace = prop_oneof![9 => Just(" {"), 1 => Just("\n    {"), 1 => Just(" { weight 3")];
    let real = (-1..3_i32, 0..3_usize, address, indent, brace, 1..5_usize);
    (blocks, prop::collection::vec(real, 1..12), any::<bool>()).prop_map(|(blocks, reals, dos)| {
        let service = |number: usize| {
            format!("virtual_server 10.1.0.{number} 80 {{\n    lvs_sched rr\n    lvs_method NAT\n    protocol TCP\n")
        };
        let mut text = format!("track_file F {{\n file /f\n}}\n$WEIGHT=5\n{}", service(0));
        let mut number = 0;
        for (other, block, address, indent, brace, times) in reals {
            if other < 0 {
                text += &format!("}}\n{}", service(number));
            }
            for _ in 0..times {
                number += 1;
                let (margin, address) = (" ".repeat(indent), address.replace('N', &number.to_string()));
                text += &format!("{margin}real_server {address}{brace}\n");
                for line in &blocks[block % blocks.len()] {
                    text += &format!("        {line}\n");
                }
                text += &format!("{margin}}}\n");
            }
        }
        text += "}\n";
        if dos { text.replace('\n', "\r\n") } else { text }
    })
}

fn read(text: &str, keep_tree: bool) -> Loaded {
    load_str("a.conf", text, &LoadOptions { keep_tree, ..LoadOptions::default() })
}

/// What is said, with line and column.
fn said(loaded: &Loaded) -> Vec<String> {
    let said = loaded.diagnostics.iter().map(|one| {
        let related =
            one.related.iter().map(|(span, words)| (loaded.sources.place(*span).map(|p| p.line), words));
        let related: Vec<_> = related.collect();
        let column = one.span.and_then(|span| loaded.sources.place(span)).map(|place| place.column);
        format!("{} {column:?} {:?} {related:?}", render::log_line(one, &loaded.sources), one.help)
    });
    said.collect()
}

/// No line is as long as another one.
fn different(text: &str) -> String {
    let lines = text.lines().enumerate();
    lines.map(|(number, line)| format!("{line}{}\n", " ".repeat(number))).collect()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn what_is_repeated_means_the_same(text in texts()) {
        let (repeated, single) = (read(&text, false), read(&different(&text), false));
        prop_assert_eq!(said(&repeated), said(&single));
        prop_assert_eq!(&repeated.config, &single.config);
        let held = read(&text, true);
        prop_assert_eq!(&repeated.diagnostics, &held.diagnostics);
        prop_assert_eq!(&repeated.config, &held.config);
        prop_assert_eq!(&repeated.needs, &held.needs);
    }
}

/// What is said of one of many with the same block names its own line.
#[test]
fn each_of_them_has_its_own_place() {
    let real = |number: usize| {
        format!(
            "    real_server 10.2.{}.{} 80 {{\n        weight 1\n    }}\n",
            number / 250,
            number % 250 + 1
        )
    };
    let mut text =
        "virtual_server 10.1.0.1 80 {\n    lvs_sched rr\n    lvs_method NAT\n    protocol TCP\n".to_owned();
    (0..40).for_each(|number| text += &real(number));
    text += &real(7);
    text += "}\n";
    let loaded = read(&text, false);
    assert_eq!(loaded.config.virtual_servers[0].real_servers.len(), 40);
    let said = said(&loaded);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("125") && said[0].contains("Some(26)"), "{said:?}");
}
