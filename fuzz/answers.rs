//! What every kind of random answer of a server is fed to: the probe that would read it, to its conclusion.

use std::sync::Arc;
use std::time::Duration;

use standfast::config::model::check::{DnsCheck, Pace, Reply, SmtpCheck, UdpCheck};
use standfast::config::model::pattern::Pattern;
use standfast::config::model::{Check, CheckKind, HttpGet, HttpUrl};
use standfast::health::outcome::Outcome;
use standfast::probe::{Tls, converse, hear};
use tokio::io::{AsyncWriteExt, duplex, sink, split};

/// The number of the question that random answers are to.
const ID: u16 = 0x0101;

/// The first byte says which check reads, the second in which pieces, the rest is what comes; then the server closes.
/// Answers what comes of it.
pub fn answers(data: &[u8]) -> Option<Outcome> {
    let [kind, piece, rest @ ..] = data else { return None };
    let url = HttpUrl {
        path: "/".into(),
        digest: Some([0; 16]),
        pattern: Some(Box::new(Pattern { text: "a+b".into(), ..Pattern::default() })),
        ..HttpUrl::default()
    };
    let pages = |url| Arc::new(HttpGet { urls: vec![url], ..HttpGet::default() });
    let plain = HttpUrl { path: "/".into(), ..HttpUrl::default() };
    let kind = match kind % 7 {
        0 => CheckKind::Http(pages(url)),
        1 => CheckKind::Http(pages(plain)),
        2 => CheckKind::Ssl(pages(plain)),
        3 => CheckKind::Smtp(Arc::new(SmtpCheck { helo_name: "lb".into() })),
        4 => CheckKind::Dns(Arc::new(DnsCheck::default())),
        kind => CheckKind::Udp(Arc::new(UdpCheck {
            payload: None,
            reply: Some(Reply { bytes: vec![1, 2, 3], mask: vec![0xff, 0x0f, 0x80] }).filter(|_| kind == 5),
            min_reply_length: 2,
            max_reply_length: 100,
        })),
    };
    let check = Check {
        kind,
        target: ([127, 0, 0, 1], 1).into(),
        source: None,
        pace: Arc::new(Pace { connect_timeout: Duration::from_secs(5), ..Pace::default() }),
        alpha: false,
        log_all_failures: false,
    };
    match &check.kind {
        CheckKind::Dns(_) | CheckKind::Udp(_) => {
            let outcome = hear(&check, ID, rest);
            let numbered = rest.len() >= 12 && rest.starts_with(&ID.to_be_bytes());
            assert!(matches!(check.kind, CheckKind::Udp(_)) || outcome.is_none() || numbered);
            outcome
        }
        _ => Some(judge(&check, rest, usize::from(*piece) + 1)),
    }
}

fn judge(check: &Check, answer: &[u8], piece: usize) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let outcome = runtime.block_on(async {
        let (ours, theirs) = duplex(piece);
        let (mut hears, mut says) = split(theirs);
        let tls = Tls::default();
        let say = async {
            // Whoever has heard enough is gone.
            if says.write_all(answer).await.is_ok() {
                let _gone = says.shutdown().await;
            }
        };
        let mut nowhere = sink();
        let listen = tokio::io::copy(&mut hears, &mut nowhere);
        tokio::join!(converse(check, 0, &tls, ours), say, listen).0
    });
    // Whatever it says, it is the server that has said it; and nobody is well by chance.
    let needed: &[u8] = match check.kind {
        CheckKind::Smtp(_) => b"220",
        _ => b" 2",
    };
    match &outcome {
        Outcome::Success(_) => assert!(answer.windows(needed.len()).any(|part| part == needed)),
        Outcome::Failure(_) => {}
        Outcome::Undecided(why) => panic!("{why}"),
    }
    outcome
}
