//! Nothing that can be fed in makes the reader panic, hang, or take more than linear time.

use proptest::prelude::*;
use standfast::config::{HostFacts, LoadOptions, host, load_bytes, load_str, verdict};
use standfast::diag::render;

const EXAMPLES: &[&[u8]] = &[
    include_bytes!("../../fixtures/examples/rh1-as-written.conf"),
    include_bytes!("../../fixtures/examples/nginx-two-vips-nat.conf"),
    include_bytes!("../../fixtures/examples/evpn.conf"),
    include_bytes!("../../fixtures/examples/kld-vm-1.conf"),
    include_bytes!("../../fixtures/examples/leaf-1-1.conf"),
    include_bytes!("../../fixtures/config/language.conf"),
];

/// Everything that is done with a text, the renderers included.
fn use_all(bytes: &[u8]) {
    let options = LoadOptions { most_produced: 64 * 1024, ..LoadOptions::default() };
    let loaded = load_bytes("a.conf", bytes, &options);
    let host = host::check(&loaded, &HostFacts::default());
    for one in loaded.diagnostics.iter().chain(&host) {
        assert!(!render::terminal(one, &loaded.sources, true).is_empty());
        assert!(!render::log_line(one, &loaded.sources).is_empty());
    }
    assert!([0, 2, 4, 5, 6].contains(&verdict(loaded.diagnostics.iter().chain(&host))));
}

/// Words of the language in any order reach deeper than bytes do.
pub fn token() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
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
        "$A",
        "${A}",
        "$A=",
        "$A= \\\n",
        "~SEQ(A, 1, 3) ",
        "~LST({A,B}, {1,2}) ",
        "@x ",
        "@^x ",
        "include a.conf",
        "vrrp_instance A",
        "vrrp_sync_group G",
        "virtual_server 10.0.0.1 80",
        "virtual_server fwmark 3",
        "virtual_server group X",
        "real_server 10.0.0.2 80",
        "TCP_CHECK",
        "HTTP_GET",
        "url",
        "path /",
        "digest 00",
        "status_code 200-1",
        "virtual_ipaddress",
        "10.0.0.1/24 dev eth0 brd +",
        "fe80::1",
        "interface eth0",
        "virtual_router_id 5",
        "priority 300",
        "advert_int 0.5",
        "version 3",
        "authentication",
        "auth_type PASS",
        "auth_pass é",
        "track_script",
        "group",
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
        "MISC_CHECK",
        "\u{0}",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        use_all(&bytes);
    }

    #[test]
    fn any_words(words in prop::collection::vec(token(), 0..120), lines in any::<bool>()) {
        use_all(words.join(if lines { "\n" } else { " " }).as_bytes());
    }

    #[test]
    fn damaged_examples(
        which in 0..EXAMPLES.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..12),
    ) {
        let mut bytes = EXAMPLES[which].to_vec();
        for (at, byte, kind) in edits {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                2 => bytes.insert(at, b"{}\n\"#$~@"[byte as usize % 8]),
                _ => bytes.truncate(at.max(20)),
            }
        }
        use_all(&bytes);
    }
}

#[test]
fn braces_without_end() {
    for text in [
        "{".repeat(50_000),
        "}".repeat(50_000),
        "a {\n".repeat(30_000),
        "vrrp_instance A {\n".repeat(20_000),
    ] {
        use_all(text.as_bytes());
    }
}

/// Services with ten real servers each, or all in one.
fn services(reals: usize, in_one: bool) -> String {
    let mut text = String::new();
    for real in 0..reals {
        if real == 0 || (!in_one && real % 10 == 0) {
            let end = if real == 0 { "" } else { "}\n" };
            let (a, b) = ((real / 10) >> 8 & 255, (real / 10) & 255);
            text += &format!(
                "{end}virtual_server 10.1.{a}.{b} 80 {{\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n"
            );
        }
        let (a, b, c) = (real >> 16 & 255, real >> 8 & 255, real & 255);
        text += &format!(
            "real_server 10.{}.{b}.{c} 80 {{\nweight 1\nTCP_CHECK {{\nconnect_timeout 3\n}}\n}}\n",
            2 + a
        );
    }
    text + "}\n"
}

/// Seconds that this thread has computed: the machine may be busy with other things.
fn processor_time() -> f64 {
    let id = nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID;
    let now = nix::time::clock_gettime(id).unwrap();
    std::time::Duration::from(now).as_secs_f64()
}

#[test]
fn time_is_linear() {
    let seconds = |text: &str, reals: usize| {
        let best = (0..3).map(|_| {
            let start = processor_time();
            let loaded = load_str("a.conf", text, &LoadOptions::default());
            assert_eq!(loaded.diagnostics, []);
            let found: usize = loaded.config.virtual_servers.iter().map(|one| one.real_servers.len()).sum();
            assert_eq!(found, reals);
            processor_time() - start
        });
        best.fold(f64::MAX, f64::min)
    };
    for in_one in [false, true] {
        let small = seconds(&services(1_500, in_one), 1_500);
        let large = seconds(&services(12_000, in_one), 12_000);
        assert!(large < small * 8.0 * 3.0, "8 times the text took {} times the time", large / small);
    }
}
