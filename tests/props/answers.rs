//! Nothing that a server answers makes a check panic, hang, or decide anything but up or down.

use proptest::prelude::*;
use standfast::health::outcome::Outcome;
use standfast::smtp::{Dialogue, Message, Next};

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

/// Hears what a mail server says in pieces; gives what was said to it.
fn hand_over(heard: &[u8], piece: usize) -> (Dialogue, Vec<u8>) {
    let message = Message {
        date: "now".into(),
        from: "a@b".into(),
        to: vec!["c@d".into(), "e@f".into()],
        subject: "s".into(),
        body: "b".into(),
    };
    let (mut dialogue, mut said) = (Dialogue::mail("lb", &message), Vec::new());
    for piece in heard.chunks(piece.max(1)) {
        match dialogue.hear(piece) {
            Ok(Next::Listen) => {}
            Ok(Next::Say(text)) => said.extend(text),
            Ok(Next::HangUp) | Err(_) => break,
        }
    }
    (dialogue, said)
}

proptest! {
    #![proptest_config(cases())]

    /// A message is taken only by a server that has answered well to each step, and is said once.
    #[test]
    fn mails_of_any_server(
        piece in 1usize..40,
        lines in prop::collection::vec(prop::sample::select(
            &["220 a\r\n", "250 b\r\n", "250-b\r\n", "251 c\r\n", "354 d\r\n", "221 e\r\n", "550 f\r\n", "\r\n", "2"][..],
        ), 0..20),
    ) {
        let (dialogue, said) = hand_over(lines.concat().as_bytes(), piece);
        let said = String::from_utf8(said).unwrap();
        assert!(said.matches("\r\n.\r\n").count() <= 1 && said.matches("QUIT").count() <= 1, "{said}");
        if dialogue.is_done() {
            assert!(lines.contains(&"220 a\r\n") && lines.contains(&"354 d\r\n"), "{lines:?}");
            assert!(said.contains("\r\n.\r\n"), "{said}");
        }
    }
}

#[test]
fn a_mail_is_taken() {
    let heard = b"220 a\r\n250 b\r\n250 b\r\n251 c\r\n550 f\r\n354 d\r\n250 b\r\n221 e\r\n";
    let (dialogue, said) = hand_over(heard, 7);
    assert!(dialogue.is_done() && said.ends_with(b"QUIT\r\n"), "{}", String::from_utf8_lossy(&said));
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
