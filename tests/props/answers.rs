//! Nothing that a server answers makes a check panic, hang, or decide anything but up or down.

use proptest::prelude::*;
use standfast::health::outcome::Outcome;

#[path = "../../fuzz/answers.rs"]
mod feed;

/// What answers are made of: in any order they reach deeper than bytes do.
const PIECES: &[&[u8]] = &[
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0 404 \r\n",
    b"HTTP/1.1 20",
    b"Content-Length: 5\r\n",
    b"content-length:99999999999999999999\r\n",
    b"Content-Length: -1\r\n",
    b"\r\n\r\n",
    b"\r\n",
    b"\r",
    b"\n",
    b"aaab",
    b"220 a\r\n",
    b"220-a\r\n",
    b"250 b\r\n",
    b"221 c\r\n",
    b"500\n",
    // A DNS header with the number that is asked for, and a label that points to itself.
    b"\x01\x01\x81\x00\x00\x01\x00\x01\x00\x00\x00\x00",
    b"\xc0\x0c\x00\x01\x00\x01",
    // TLS: a server's hello, alerts of both levels, a change of ciphers, a record that promises too much.
    b"\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03",
    b"\x15\x03\x03\x00\x02\x02\x28",
    b"\x15\x03\x01\x00\x02\x01\x00",
    b"\x15\x03\x03\x00\x02\x02",
    b"\x14\x03\x03\x00\x01\x01",
    b"\x17\x03\x03\xff\xff",
    b"\x80\x2e\x01\x00\x02",
    b"\x01\x02\x03",
    b"\x00",
    b"\xff",
];

/// As many as `PROPTEST_CASES` says; without it a few.
fn cases() -> ProptestConfig {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: wanted.unwrap_or(256), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_bytes(kind: u8, piece: u8, answer in prop::collection::vec(any::<u8>(), 0..700)) {
        feed::answers(&[&[kind, piece], answer.as_slice()].concat());
    }

    #[test]
    fn any_pieces(
        kind: u8, piece: u8, pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40),
    ) {
        feed::answers(&[&[kind, piece], pieces.concat().as_slice()].concat());
    }
}

/// The way from bytes to a good answer is open: else nothing would be tried here.
#[test]
fn a_good_answer_is_reached() {
    for (kind, piece, good) in [
        (1, 255, &b"HTTP/1.1 200 OK\r\n\r\n"[..]),
        (3, 6, b"220 a\r\n250 b\r\n221 c\r\n"),
        (4, 0, b"\x01\x01\x81\x00\x00\x01\x00\x01\x00\x00\x00\x00"),
        (5, 0, b"\x01\xf2\x7f"),
    ] {
        let outcome = feed::answers(&[&[kind, piece], good].concat());
        assert!(matches!(outcome, Some(Outcome::Success(_))), "{kind}: {outcome:?}");
    }
}
