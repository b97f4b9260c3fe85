use crate::config::{LoadOptions, Loaded, load_str};

fn read(text: &str) -> Loaded {
    load_str("a.conf", text, &LoadOptions::default())
}

/// Code and line of what is wrong with keywords and braces.
fn structure(text: &str) -> Vec<(&'static str, u32)> {
    let loaded = read(text);
    let line = |span| loaded.sources.place(span).map_or(0, |place| place.line);
    let silent = |code| matches!(code, "no-effect-yet" | "script-security");
    let all = loaded.diagnostics.iter().filter(|one| !silent(one.code));
    all.map(|one| (one.code, one.span.map_or(0, line))).collect()
}

const GOOD: &str = "\
vrrp_instance A {
    interface eth0
    virtual_router_id 5
    authentication {
        auth_type PASS
        auth_pass secret
    }
    virtual_ipaddress {
        10.0.0.1
    }
    track_interface {
        eth1
    }
}
vrrp_instance B {
    interface eth1
    virtual_router_id 6
    virtual_ipaddress {
        10.0.0.2
    }
}
";

fn without_line(number: usize) -> String {
    let kept = GOOD.lines().enumerate().filter(|(at, _)| at + 1 != number);
    kept.map(|(_, line)| format!("{line}\n")).collect()
}

#[test]
fn every_missing_closing_brace_is_one_message_and_loses_nothing() {
    let good = read(GOOD);
    assert_eq!(good.diagnostics, []);
    for number in [7, 10, 13, 14, 20, 21] {
        let text = without_line(number);
        let found = structure(&text);
        assert_eq!(found.len(), 1, "without line {number}: {found:?}");
        assert_eq!(found[0].0, "missing-close-brace");
        assert_eq!(found[0].1 as usize, number - 1, "it belongs after the line before");
        let loaded = read(&text);
        assert!(loaded.structure_broken);
        assert_eq!(loaded.config, good.config, "without line {number}");
    }
}

#[test]
fn every_missing_opening_brace_is_one_message_and_loses_nothing() {
    let good = read(GOOD);
    for number in [1, 4, 8, 11, 15, 18] {
        let text: String = GOOD
            .lines()
            .enumerate()
            .map(|(at, line)| if at + 1 == number { line.replace(" {", "\n") } else { format!("{line}\n") })
            .collect();
        let found = structure(&text);
        assert_eq!(found, [("missing-open-brace", number as u32)], "line {number}");
        assert_eq!(read(&text).config, good.config, "line {number}");
    }
}

#[test]
fn every_extra_closing_brace_is_one_message_and_loses_nothing() {
    let good = read(GOOD);
    for after in [7, 10, 13, 14, 20, 21] {
        let mut text = String::new();
        for (at, line) in GOOD.lines().enumerate() {
            text.push_str(line);
            text.push_str(if at + 1 == after { "\n    }\n" } else { "\n" });
        }
        let found = structure(&text);
        assert_eq!(found.len(), 1, "after line {after}: {found:?}");
        assert_eq!(found[0].0, "extra-brace", "after line {after}");
        assert_eq!(read(&text).config, good.config, "after line {after}");
    }
}

#[test]
fn an_unknown_block_is_skipped_as_a_block() {
    let text = GOOD.replace("    track_interface {", "    unicast_peers {");
    assert_eq!(structure(&text), [("unknown-block", 11)]);
    let loaded = read(&text);
    assert!(loaded.structure_broken);
    assert_eq!(loaded.config.instances.len(), 2);
    assert_eq!(loaded.config.instances[0].addresses.len(), 1);
    let help = loaded.diagnostics[0].help.as_deref();
    assert_eq!(help, Some("did you mean 'unicast_peer'?"));
}

#[test]
fn nested_blocks_in_an_unknown_block_go_with_it() {
    let text = format!("foo {{\n a {{\n b {{ c }} }}\n priority 5\n}}\n{GOOD}");
    assert_eq!(structure(&text), [("unknown-block", 1)]);
    assert_eq!(read(&text).config.instances.len(), 2);
}

#[test]
fn a_known_word_in_the_wrong_block_says_where_it_belongs() {
    let loaded = read(
        "vrrp_instance A {\n interface eth0\n virtual_router_id 5\n auth_pass x\n virtual_ipaddress { 10.0.0.1 }\n}\n",
    );
    let [mistake] = &loaded.diagnostics[..] else { panic!("{:?}", loaded.diagnostics) };
    assert_eq!(
        mistake.help.as_deref(),
        Some("'auth_pass' is valid in authentication, not in vrrp_instance")
    );
    assert!(!loaded.structure_broken);
}

#[test]
fn braces_may_stand_anywhere() {
    let one =
        read("vrrp_instance A { interface eth0\n virtual_router_id 5\n virtual_ipaddress { 10.0.0.1 } }");
    let many = read(
        "vrrp_instance A\n{\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress\n{\n10.0.0.1\n}\n}\n",
    );
    let dense = read("vrrp_instance A{\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress{10.0.0.1}}");
    for loaded in [&one, &many, &dense] {
        assert_eq!(loaded.diagnostics, []);
    }
    assert_eq!(one.config, many.config);
    assert_eq!(one.config, dense.config);
}

#[test]
fn a_stray_opening_brace_is_one_message() {
    let text = GOOD.replace("    interface eth1", "    {\n    interface eth1\n    }");
    assert_eq!(structure(&text), [("unexpected-brace", 16)]);
    assert_eq!(read(&text).config, read(GOOD).config);
}

#[test]
fn a_block_after_a_plain_keyword_is_skipped() {
    let text = GOOD.replace("    interface eth1", "    interface eth1 {\n    mtu 5\n    }");
    assert_eq!(structure(&text), [("unexpected-block", 16)]);
    assert_eq!(read(&text).config, read(GOOD).config);
}
