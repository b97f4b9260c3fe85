//! What every kind of random input is fed to: the whole way from bytes to model, verdict and messages.

use std::collections::BTreeMap;
use std::path::PathBuf;

use standfast::config::source::Texts;
use standfast::config::{HostFacts, LoadOptions, Loaded, host, load_bytes, load_from, verdict};
use standfast::diag::render;

/// Pieces of the language: in any order they reach deeper than bytes do.
pub const WORDS: &[&str] = &[
    "{",
    "}",
    "\n",
    " ",
    "\"",
    "'",
    "#",
    "!",
    "\\",
    "\\\n",
    "\\\"",
    "\\#",
    ",",
    ")",
    "\u{feff}",
    "\u{0}",
    "$A",
    "${A}",
    "$B",
    "$A=",
    "$B=",
    "$A= \\\n",
    "${UNKNOWN}",
    "${_PWD}",
    "${_INSTANCE}",
    "${_RANDOM 5 1}",
    "${_ENV A}",
    "${_HASH}",
    "${_BANG}",
    "~SEQ(A, 1, 3) ",
    "~SEQ(A, 1, $B) ",
    "~SEQ(B, -3) ",
    "~SEQx(A, 9, -3, 0) ",
    "~LST(A, x, y) ",
    "~LST({A,B}, {1,2}, 3) ",
    "@x ",
    "@^x ",
    "@x @x ",
    "include a",
    "include b",
    "includea {a,c}",
    "include *",
    "include_check",
    "include_check +match",
    "vrrp_instance A",
    "vrrp_sync_group G",
    "virtual_server 10.0.0.1 80",
    "virtual_server fwmark 3",
    "virtual_server group X",
    "virtual_server_group X",
    "real_server 10.0.0.2 80",
    "sorry_server 10.0.0.3 80",
    "TCP_CHECK",
    "HTTP_GET",
    "url",
    "path /",
    "digest 00",
    "status_code 200-1",
    "MISC_CHECK",
    "misc_path \"a 'b\\x\"",
    "virtual_ipaddress",
    "10.0.0.1/24 dev eth0 brd +",
    "fe80::1",
    "virtual_routes",
    "10.0.0.0/8 via 10.0.0.1 dev eth0 metric 3",
    "virtual_rules",
    "from 10.0.0.0/8 table 3",
    "static_routes",
    "static_rules",
    "static_ipaddress",
    "interface eth0",
    "virtual_router_id 5",
    "priority 300",
    "advert_int 0.5",
    "version 3",
    "authentication",
    "auth_type PASS",
    "auth_pass é",
    "track_script",
    "track_file",
    "track_interface",
    "eth0 weight 5 reverse",
    "group",
    "use_vmac",
    "use_vmac a 00:00:5e:00:01",
    "unicast_peer",
    "global_defs",
    "lvs_sync_daemon eth0 A id 7",
    "state MASTER",
    "notify \"a 'b\\x\" c",
    "vrrp_script s",
    "script \"\\",
    "weight -254 reverse",
    "quorum 99",
    "hysteresis 99",
    "lvs_method TUN type gue port 5",
    "lb_algo sh",
    "sh-port",
    "persistence_granularity 33",
    "bfd_instance B",
];

fn options() -> LoadOptions {
    LoadOptions { config_id: "x".into(), most_produced: 64 * 1024, ..LoadOptions::default() }
}

/// One file of any bytes.
pub fn bytes(data: &[u8]) {
    look_at(&load_bytes("a", data, &options()));
}

/// Files `a`, `b` and so on, parted by bytes 0xff: they may include each other.
pub fn files(data: &[u8]) {
    let texts = data.split(|byte| *byte == 0xff).zip('a'..='z');
    let texts = texts.map(|(text, name)| (PathBuf::from(name.to_string()), text.to_vec()));
    look_at(&load_from("a", &Texts(texts.collect::<BTreeMap<_, _>>()), &options()));
}

/// Each byte is one of [`WORDS`]; the last bit of the first says whether each stands on a line of its own.
pub fn words(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let words = rest.iter().filter_map(|byte| WORDS.get(usize::from(*byte) % WORDS.len()).copied());
    let text = words.collect::<Vec<_>>().join(if first & 1 == 0 { "\n" } else { " " });
    bytes(text.as_bytes());
}

/// All that is done with what was read, the renderers included.
fn look_at(loaded: &Loaded) {
    let host = host::check(loaded, &HostFacts::default());
    let all = || loaded.diagnostics.iter().chain(&host);
    for one in all() {
        assert!(!render::terminal(one, &loaded.sources, true).is_empty());
        assert!(!render::log_line(one, &loaded.sources).is_empty());
        assert!(one.span.is_none_or(|span| loaded.sources.place(span).is_some()), "{one:?} is nowhere");
    }
    assert!([0, 2, 4, 5, 6].contains(&verdict(all())));
}
