//! What logical lines keepalived makes of a text, rule by rule; each was seen on keepalived 2.2.7 or stands in
//! its manual. A line shows by its first word, which no context knows.

use std::collections::BTreeMap;
use std::path::PathBuf;

use standfast::config::source::Texts;
use standfast::config::{LoadOptions, Loaded, load_bytes, load_from, verdict};

fn options() -> LoadOptions {
    LoadOptions { config_id: "low".into(), ..LoadOptions::default() }
}

/// The first words of the lines, as the messages about them say.
fn unknown(loaded: &Loaded) -> Vec<&str> {
    loaded
        .diagnostics
        .iter()
        .filter_map(|one| one.message.strip_prefix("Unknown keyword '")?.strip_suffix('\''))
        .collect()
}

/// Each text must give these lines and no other mistake.
fn gives(cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        let loaded = load_bytes("a.conf", text.as_bytes(), &options());
        assert_eq!(unknown(&loaded), *expected, "{text:?}");
        assert_eq!(loaded.diagnostics.len(), expected.len(), "{text:?}: {:?}", loaded.diagnostics);
    }
}

/// Each text must give one mistake with this code, verdict 5, and these lines.
fn refuses(code: &str, cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        let loaded = load_bytes("a.conf", text.as_bytes(), &options());
        let others: Vec<_> =
            loaded.diagnostics.iter().filter(|one| one.code != "unknown-keyword").collect();
        assert!(matches!(others[..], [one] if one.code == code), "{text:?}: {others:?}");
        assert_eq!((unknown(&loaded), verdict(&loaded.diagnostics)), (expected.to_vec(), 5), "{text:?}");
    }
}

#[test]
fn numbers_of_a_sequence() {
    gives(&[
        ("~SEQ(N, 3) z$N", &["z1", "z2", "z3"]),
        ("~SEQ(N, -3) z${N}", &["z-1", "z-2", "z-3"]),
        ("~SEQ(N, 0) z$N", &["z1", "z0"]),
        ("~SEQ(N, 3, 3) z$N", &["z3"]),
        ("~SEQ(N, 3, 1) z$N", &["z3", "z2", "z1"]),
        ("~SEQ(N, 3, -1, 1) z$N", &["z3", "z2", "z1"]),
        ("~SEQ(N, 1, 2, 6) z$N", &["z1", "z3", "z5"]),
        ("~SEQ(N, 010, 0xa) z$N", &["z8", "z9", "z10"]),
        ("~SEQ( N ,1 ,+2 )z$N", &["z1", "z2"]),
        ("~SEQ (N, 2) z$N", &["z1", "z2"]),
        ("~SEQ(N, 2) z$N\nq$N", &["z1", "z2", "q2"]),
        ("~SEQx(N, 9, 11) z$N", &["z9", "za", "zb"]),
        ("~SEQx(N, 11, 9) z$N", &["zb", "za", "z9"]),
        ("~SEQx(N, 9, -3, 1) z$N", &["z9", "z6", "z3"]),
        ("~SEQx(N, 0x10, 0x10, 0x30) z$N", &["z10", "z20", "z30"]),
    ]);
}

#[test]
fn a_malformed_sequence_is_left_out() {
    refuses(
        "bad-sequence",
        &[
            ("~SEQ(N, a) z$N\nzend", &["zend"]),
            ("~SEQ(N, 1, -1, 3) z$N\nzend", &["zend"]),
            ("~SEQ(N, 1, 0, 3) z$N\nzend", &["zend"]),
            ("~SEQ(N, 1, 1, 3, 4) z$N\nzend", &["zend"]),
            ("~SEQ(N) z$N\nzend", &["zend"]),
            ("~SEQ(N, 2\nzend", &["zend"]),
            ("~SEQx(N, -1, 2) z$N\nzend", &["zend"]),
            ("~LST(A) z$A\nzend", &["zend"]),
            ("~LST({A,B}, {1,2,3}) z$A\nzend", &["zend"]),
            ("~LST(A, \"x y\", w) z$A\nzend", &["zend"]),
        ],
    );
}

#[test]
fn lists_of_a_sequence() {
    gives(&[
        ("~LST(A, x, y,z) z$A", &["zx", "zy", "zz"]),
        ("~LST(A, x,,z) z${A}e", &["zxe", "ze", "zze"]),
        ("~LST({A,B}, {1,2}, {3}) z${A}x${B}e", &["z1x2e", "z3xe"]),
        ("~LST({A,B}, 1, {3,4}) z${A}x${B}e", &["z1xe", "z3x4e"]),
        ("~LST(A, {1}, {3}) z$A", &["z1", "z3"]),
        ("~LST( { A , B } , { 1 , 2 } ) z${A}x$B", &["z1x2"]),
    ]);
}

#[test]
fn sequences_are_chained_and_use_definitions() {
    gives(&[
        ("~LST(A,a,b) ~SEQ(B,1,2) z${A}x$B", &["zax1", "zax2", "zbx1", "zbx2"]),
        ("~SEQ(A,1,2) ~SEQ(B,1,$A) z${A}x$B", &["z1x1", "z2x1", "z2x2"]),
        ("~LST({A,B}, {1,2}) ~SEQ(C, $A, $B) z$C", &["z1", "z2"]),
        ("$M=3\n~SEQ(A,1,$M) z$A", &["z1", "z2", "z3"]),
        ("@low ~SEQ(A,2) z$A\n@high ~SEQ(A,2) y$A", &["z1", "z2"]),
        ("$A=~SEQ(N,2) z$N\n$A", &["z1", "z2"]),
    ]);
}

#[test]
fn definitions_of_one_line() {
    gives(&[
        ("$A=\nz${A}e", &["ze"]),
        ("  $A=  x  \nz$A", &["zx"]),
        ("$A=x\nz$A,b\nz$A)b\nz$A-b\nz${A}-b", &["zx,b", "zx)b", "z$A-b", "zx-b"]),
        ("$A=x\nz$A\n$A=y\nz$A", &["zx", "zy"]),
        ("$B=z$A\n$A=1\n$B\n$A=2\n$B", &["z1", "z2"]),
        ("$A=x\n$B=y\nz${A}${B}z$A", &["zxyzx"]),
        ("$A=z # b\n$A", &["z"]),
        ("$A=z\\#b\n$A", &["z"]),
        ("$A =x\n$1A=x", &["$A", "$1A=x"]),
        ("$_PWD=mine\nz$_PWD", &["zmine"]),
    ]);
}

#[test]
fn definitions_of_several_lines_end_where_the_backslash_is_missing() {
    let used = |text: &str| format!("{text}\n$A\nzend");
    for (text, expected) in [
        ("$A=zone \\\nztwo", &["zone", "ztwo", "zend"][..]),
        ("$A= \\\n  zone \\\n  ztwo", &["zone", "ztwo", "zend"]),
        ("$A=zone\\\nztwo", &["zone", "ztwo", "zend"]),
        ("$A=zone \\\n\\\nztwo", &["zone", "ztwo", "zend"]),
        ("$B=zb \\\nzc\n$A=zone \\\n$B \\\nzlast", &["zb", "zc", "zone", "zlast", "zend"]),
    ] {
        let text = used(text);
        let loaded = load_bytes("a.conf", text.as_bytes(), &options());
        assert_eq!(unknown(&loaded), expected, "{text:?}");
        let used_in = text.lines().count() - 1;
        for one in loaded.diagnostics.iter().filter(|one| !one.message.contains("zend")) {
            let origins = loaded.sources.origins(one.span.unwrap());
            let last = loaded.sources.place(origins.last().unwrap().span).unwrap();
            assert_eq!(last.line as usize, used_in, "{text:?}: {}", one.message);
        }
    }
    gives(&[
        ("$A=zone \\\n\nztwo\n$A", &["zone", "ztwo"]),
        ("$A=zone \\", &[]),
        ("$A=zone \\\nztwo \\", &[]),
    ]);
}

#[test]
fn conditions() {
    gives(&[
        ("@low zyes\n@high zno\n@^low zno\n@^high zother", &["zyes", "zother"]),
        ("@low @^high zyes", &["@^high"]),
        ("$A=@low zyes\n$A", &["zyes"]),
        ("@low $A=1\n@high $A=2\nz$A", &["z1"]),
    ]);
    refuses("bad-condition", &[("@low\nzend", &["zend"]), ("@ low zno\nzend", &["zend"])]);
}

#[test]
fn a_backslash_continues_no_ordinary_line() {
    gives(&[("zone\\\nztwo", &["zone\\", "ztwo"])]);
}

#[test]
fn comments_and_backslashes() {
    gives(&[
        ("zo\\#ne\\!x # c", &["zo#ne!x"]),
        ("!c \\\nzone # c \\\n!\\\nzend", &["zone", "zend"]),
        ("zo\\\\#ne", &["zo\\\\"]),
        ("'zo#ne'", &["'zo"]),
        ("\"zo#ne\" # c", &["zo#ne"]),
        ("\"zo\\#ne\"", &["zo\\#ne"]),
    ]);
    let text = "vrrp_script s {\nscript \"/bin/sh -c \\\"a # b\\\"\"\n}\n";
    let loaded = load_bytes("a.conf", text.as_bytes(), &options());
    assert!(
        !loaded.diagnostics.iter().any(|one| one.code == "unterminated-quote"),
        "{:?}",
        loaded.diagnostics
    );
}

#[test]
fn line_ends_and_odd_bytes() {
    gives(&[("zone\nztwo", &["zone", "ztwo"]), ("zone\r\nztwo\r\n", &["zone", "ztwo"])]);
    refuses("nul-byte", &[("zone\nzt\0wo\nzend\n", &["zone", "zend"])]);
    refuses("byte-order-mark", &[("\u{feff}zone\n", &["zone"]), ("\u{feff}# c\nzend", &["zend"])]);
}

/// What an include line gives in a folder with `x.conf`, `y.conf`, `sub/s.conf`, and whether it fails `-t`.
fn include(line: &str, options: &LoadOptions) -> (Vec<String>, u8) {
    let file = |name: &str, text: &str| (PathBuf::from(name), text.as_bytes().to_vec());
    let texts = Texts(BTreeMap::from([
        file("/c/a.conf", line),
        file("/c/x.conf", "zx\n"),
        file("/c/y.conf", "zy"),
        file("/c/sub/s.conf", "zs\ninclude t.inc\nzs2"),
        file("/c/sub/t.inc", "zt${_PWD}"),
    ]));
    let loaded = load_from("/c/a.conf", &texts, options);
    (unknown(&loaded).into_iter().map(str::to_owned).collect(), verdict(&loaded.diagnostics))
}

#[test]
fn includes_by_pattern_alternative_and_folder() {
    for (line, expected) in [
        ("include x.conf # c", &["zx"][..]),
        ("include /c/x.conf", &["zx"]),
        ("include [xy].conf", &["zx", "zy"]),
        ("include {y,x}.conf", &["zy", "zx"]),
        ("include sub/*.conf\nzend", &["zend", "zs", "zs2", "zt/c/sub"]),
        ("@low include x.conf\n@high include y.conf", &["zx"]),
        ("$F=x.conf\ninclude $F\nzend", &["zend"]),
        ("include \"x.conf\"", &[]),
        ("include x.conf y.conf", &[]),
        ("includet x.conf", &["includet"]),
    ] {
        let verdict = if expected.is_empty() { 0 } else { 5 };
        assert_eq!(
            include(line, &options()),
            (expected.iter().map(|s| s.to_string()).collect(), verdict),
            "{line}"
        );
    }
}

#[test]
fn each_include_variant_has_its_errors() {
    // Of a missing name, a wildcard without match, and an alternative without match.
    for (keyword, missing, wildcard, alternative) in [
        ("include", 0, 0, 0),
        ("includer", 0, 0, 0),
        ("includem", 6, 0, 0),
        ("includew", 6, 6, 0),
        ("includeb", 0, 0, 6),
        ("includea", 6, 6, 6),
    ] {
        let of = |name: &str| include(&format!("{keyword} {name}"), &options()).1;
        let found = (of("none.conf"), of("none*.conf"), of("{sub/t.inc,none.conf}"));
        let alternative = alternative.max(5);
        assert_eq!(found, (missing, wildcard, alternative), "{keyword}: sub/t.inc has an unknown keyword");
        let strict = LoadOptions { strict_includes: true, ..options() };
        assert_eq!(include(&format!("{keyword} none*.conf"), &strict).1, 6, "{keyword} with -e");
    }
}

#[test]
fn include_check_sets_adds_and_removes() {
    let of = |words: &str, line: &str| {
        include(&format!("global_defs {{\ninclude_check {words}\n}}\n{line}"), &options()).1
    };
    assert_eq!(of("", "include none*"), 6);
    assert_eq!((of("read", "include none"), of("match", "include none")), (0, 6));
    assert_eq!((of("+wildcard_match", "include none*"), of("match -match", "include none")), (6, 0));
    assert_eq!((of("readable", ""), of("match wildcard_match", "")), (5, 5));
    let strict = LoadOptions { strict_includes: true, ..options() };
    let text = "global_defs {\ninclude_check read\n}\ninclude none*";
    assert_eq!(include(text, &strict).1, 6, "-e stays");
}

#[test]
fn a_folder_is_an_error_where_reading_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    let of = |line: &str| {
        let path = folder.path().join("a.conf");
        std::fs::write(&path, line).unwrap();
        verdict(&standfast::config::load(path.to_str().unwrap(), &options()).diagnostics)
    };
    assert_eq!(
        (of("include sub"), of("includer sub"), of("includer su*"), of("includeb sub")),
        (0, 6, 6, 6)
    );
}
