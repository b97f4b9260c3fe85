//! Nothing that can be fed in makes the reader panic, hang, or take more than linear time.

use std::path::Path;

use proptest::prelude::*;
use standfast::config::{LoadOptions, load_bytes, load_str};

#[path = "../../fuzz/feed.rs"]
pub mod feed;

/// Every configuration in `fixtures`: what random damage starts from.
fn seeds() -> Vec<Vec<u8>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folders = ["config", "examples"].map(|folder| std::fs::read_dir(fixtures.join(folder)).unwrap());
    let mut paths: Vec<_> = folders.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "conf"));
    paths.sort();
    assert!(paths.len() > 20, "{paths:?}");
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// One change of a text.
#[derive(Clone, Debug)]
enum Edit {
    Replace(u8),
    Remove(usize),
    Insert(&'static str),
    /// A part of the text once more, at another place.
    Repeat(prop::sample::Index, usize),
    Cut,
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        any::<u8>().prop_map(Edit::Replace),
        (1..40_usize).prop_map(Edit::Remove),
        prop::sample::select(feed::WORDS).prop_map(Edit::Insert),
        (any::<prop::sample::Index>(), 1..200_usize).prop_map(|(from, length)| Edit::Repeat(from, length)),
        Just(Edit::Cut),
    ]
}

fn damage(bytes: &mut Vec<u8>, at: usize, edit: Edit) {
    match edit {
        Edit::Replace(byte) => bytes[at] = byte,
        Edit::Remove(length) => drop(bytes.drain(at..(at + length).min(bytes.len()))),
        Edit::Insert(word) => drop(bytes.splice(at..at, word.bytes())),
        Edit::Repeat(from, length) => {
            let from = from.index(bytes.len());
            let part = bytes[from..(from + length).min(bytes.len())].to_vec();
            bytes.splice(at..at, part);
        }
        Edit::Cut => bytes.truncate(at.max(20)),
    }
}

/// As many as `PROPTEST_CASES` says; without it a few.
pub fn cases() -> ProptestConfig {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: wanted.unwrap_or(192), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        feed::bytes(&bytes);
    }

    #[test]
    fn any_words(words in prop::collection::vec(any::<u8>(), 0..120)) {
        feed::words(&words);
    }

    #[test]
    fn any_files(
        files in prop::collection::vec(prop::collection::vec(prop::sample::select(feed::WORDS), 0..30), 1..4),
    ) {
        let files: Vec<Vec<u8>> = files.iter().map(|words| words.join("\n").into_bytes()).collect();
        feed::files(&files.join(&0xff));
    }

    #[test]
    fn damaged_examples(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), edit()), 1..12),
    ) {
        let mut seeds = seeds();
        let mut bytes = seeds.swap_remove(which.index(seeds.len()));
        for (at, edit) in edits {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                damage(&mut bytes, at, edit);
            }
        }
        feed::bytes(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// A long service is taken in parts, unless the tree is wanted; nobody must notice.
    #[test]
    fn a_service_in_parts_is_the_same_service(
        edits in prop::collection::vec((any::<prop::sample::Index>(), edit()), 0..4),
    ) {
        let mut bytes = services(400, true).into_bytes();
        for (at, edit) in edits {
            let at = at.index(bytes.len());
            damage(&mut bytes, at, edit);
        }
        let read = |keep_tree| load_bytes("a.conf", &bytes, &LoadOptions { keep_tree, ..LoadOptions::default() });
        let (parts, whole) = (read(false), read(true));
        prop_assert_eq!(&parts.diagnostics, &whole.diagnostics);
        prop_assert_eq!(&parts.config, &whole.config);
    }
}

/// Two wrong lines for one keyword, far from each other: what follows is said with the first, wherever it was found.
#[test]
fn the_first_of_two_mistakes_is_the_cause() {
    let text = services(400, true).replace("protocol TCP", "protocol FOO");
    let at = text.find("real_server 10.2.1.10 ").unwrap();
    let bytes = format!("{}protocl TCP\n{}", &text[..at], &text[at..]).into_bytes();
    let read =
        |keep_tree| load_bytes("a.conf", &bytes, &LoadOptions { keep_tree, ..LoadOptions::default() });
    let (parts, whole) = (read(false), read(true));
    assert_eq!(parts.diagnostics.len(), 2);
    assert!(
        parts.diagnostics[0].help.as_deref().unwrap_or_default().contains("UDP is used"),
        "{:?}",
        parts.diagnostics
    );
    assert_eq!(parts.diagnostics, whole.diagnostics);
}

#[test]
fn braces_without_end() {
    for text in [
        "{".repeat(50_000),
        "}".repeat(50_000),
        "{}".repeat(50_000),
        "a {\n".repeat(30_000),
        "vrrp_instance A {\n".repeat(20_000),
        "virtual_server 1.1.1.1 1 {real_server 1.1.1.1 1 {".repeat(10_000),
    ] {
        feed::bytes(text.as_bytes());
    }
}

/// Definitions that double sixty-four times, sequences of thousands of millions, files that include each other:
/// what they may produce is bounded, and the bound is told.
#[test]
fn little_text_cannot_become_much() {
    let mut doubling = String::from("$A0=x y\n");
    for step in 1..60 {
        doubling += &format!("$A{step}=${{A{0}}}${{A{0}}}\n", step - 1);
    }
    doubling += "$A59\n";
    let mut lines = String::from("$L0= \\\na \\\nb\n");
    for step in 1..60 {
        lines += &format!("$L{step}= \\\n$L{0} \\\n$L{0}\n", step - 1);
    }
    lines += "$L59\n";
    let sequences = "~SEQ(A, 1, 3000000000) ~SEQ(B, 1, 3000000000) ~SEQ(C, -3000000000) x $A $B\n";
    let huge = "~SEQ(A, -9223372036854775807, 9223372036854775807) x\n";
    for text in [doubling.as_str(), &lines, sequences, huge] {
        let start = processor_time();
        let options = LoadOptions { most_produced: 256 * 1024, ..LoadOptions::default() };
        let loaded = load_bytes("a", text.as_bytes(), &options);
        assert!(loaded.diagnostics.iter().any(|one| one.code == "too-much-text"), "{text:.80}");
        assert!(processor_time() - start < 5.0, "{text:.80}");
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
