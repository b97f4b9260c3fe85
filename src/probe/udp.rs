//! `UDP_CHECK`: whoever does not refuse a datagram is alive, or whoever answers it as is asked for.

use socket2::Protocol;
use tokio::time::timeout;

use super::connect::{datagrams, refused};
use crate::config::model::check::{Check, UdpCheck};
use crate::health::outcome::{Failure, Outcome, Success};

/// What is sent where no payload is given: 32 bytes, as keepalived sends.
const FILLER: &[u8; 32] = b"standfast check standfast check ";

/// Sends one datagram, and waits for what comes within `connect_timeout`.
pub async fn probe(check: &Check, udp: &UdpCheck) -> Outcome {
    let socket = match datagrams(check, Protocol::UDP) {
        Ok(socket) => socket,
        Err(outcome) => return outcome,
    };
    if let Err(error) = socket.send(udp.payload.as_deref().unwrap_or(FILLER)).await {
        return refused(&error);
    }
    // One byte more than is well shows what is too long.
    let room = udp
        .reply
        .as_ref()
        .filter(|reply| !reply.bytes.is_empty())
        .map_or(1, |_| usize::from(udp.max_reply_length) + 1);
    let mut answer = vec![0; room];
    match timeout(check.pace.connect_timeout, socket.recv(&mut answer)).await {
        Ok(Ok(count)) => heard(udp, answer.get(..count).unwrap_or_default()),
        // An ICMP error: nobody is there.
        Ok(Err(error)) => refused(&error),
        Err(_) if udp.reply.is_none() => Outcome::Success(Success::Answered),
        Err(_) => Outcome::Failure(Failure::ReadTimeout),
    }
}

/// What a datagram means.
pub fn heard(udp: &UdpCheck, answer: &[u8]) -> Outcome {
    if fits(udp, answer) {
        Outcome::Success(Success::Answered)
    } else {
        Outcome::Failure(Failure::Mismatch)
    }
}

/// Whether it is a reply that was asked for: only where bytes are asked for its length counts.
fn fits(udp: &UdpCheck, answer: &[u8]) -> bool {
    let Some(wanted) = udp.reply.as_ref().filter(|reply| !reply.bytes.is_empty()) else { return true };
    let length = usize::from(udp.min_reply_length)..=usize::from(udp.max_reply_length);
    let mut bytes = wanted.bytes.iter().zip(&wanted.mask).zip(answer);
    length.contains(&answer.len()) && bytes.all(|((wanted, mask), byte)| wanted & mask == byte & mask)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::net::UdpSocket;

    use super::*;
    use crate::config::model::CheckKind;
    use crate::config::model::check::{Pace, Reply};
    use crate::probe::connect::tests::check_of;
    use crate::probe::{Tls, probe};

    fn check() -> UdpCheck {
        UdpCheck { payload: None, reply: None, min_reply_length: 0, max_reply_length: 255 }
    }

    fn asking(bytes: &[u8], mask: &[u8]) -> UdpCheck {
        UdpCheck { reply: Some(Reply { bytes: bytes.to_vec(), mask: mask.to_vec() }), ..check() }
    }

    /// One probe of a server that answers so, or not at all; and what it was sent.
    async fn ask(udp: UdpCheck, answer: Option<&[u8]>) -> (Outcome, Vec<u8>) {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let pace = Pace { connect_timeout: Duration::from_millis(300), ..Pace::default() };
        let check = Check {
            kind: CheckKind::Udp(Arc::new(udp)),
            pace: Arc::new(pace),
            ..check_of(server.local_addr().unwrap())
        };
        let serve = async {
            let mut payload = [0; 100];
            let (count, peer) = server.recv_from(&mut payload).await.unwrap();
            if let Some(answer) = answer {
                server.send_to(answer, peer).await.unwrap();
            }
            payload[..count].to_vec()
        };
        let tls = Tls::default();
        tokio::join!(probe(&check, 0, &tls), serve)
    }

    const WELL: Outcome = Outcome::Success(Success::Answered);
    const MISMATCH: Outcome = Outcome::Failure(Failure::Mismatch);

    #[tokio::test]
    async fn silence_is_well_where_no_reply_is_required() {
        let (outcome, payload) = ask(check(), None).await;
        assert_eq!((outcome, payload), (WELL, FILLER.to_vec()));
        let udp = UdpCheck { payload: Some(vec![1, 2, 0xff]), ..check() };
        assert_eq!(ask(udp, Some(b"")).await, (WELL, vec![1, 2, 0xff]));
        assert_eq!(ask(asking(b"", b""), None).await.0, Outcome::Failure(Failure::ReadTimeout));
        assert_eq!(ask(asking(b"", b""), Some(&[0; 2000])).await.0, WELL, "any reply of any length");
    }

    #[tokio::test]
    async fn a_closed_port_is_a_failure() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let check =
            Check { kind: CheckKind::Udp(Arc::new(check())), ..check_of(server.local_addr().unwrap()) };
        drop(server);
        assert_eq!(
            probe(&check, 0, &Tls::default()).await,
            Outcome::Failure(Failure::Connect(libc::ECONNREFUSED))
        );
    }

    #[tokio::test]
    async fn a_reply_is_compared_as_far_as_both_go() {
        let wanted = || asking(&[1, 0x20, 3], &[0xff, 0xf0, 0xff]);
        assert_eq!(ask(wanted(), Some(&[1, 0x2f, 3, 9])).await.0, WELL);
        assert_eq!(ask(wanted(), Some(&[1, 0x2f])).await.0, WELL, "a shorter one too");
        assert_eq!(ask(wanted(), Some(&[])).await.0, WELL, "even an empty one, as keepalived does");
        assert_eq!(ask(wanted(), Some(&[1, 0x3f, 3])).await.0, MISMATCH);
    }

    #[tokio::test]
    async fn the_length_of_a_reply_lies_between_its_limits() {
        let wanted = || UdpCheck { min_reply_length: 2, max_reply_length: 3, ..asking(&[7], &[0xff]) };
        for (length, outcome) in [(1, MISMATCH), (2, WELL), (3, WELL), (4, MISMATCH), (500, MISMATCH)] {
            assert_eq!(ask(wanted(), Some(&vec![7; length])).await.0, outcome, "{length}");
        }
        let nothing_fits = UdpCheck { min_reply_length: 4, max_reply_length: 3, ..asking(&[7], &[0xff]) };
        assert_eq!(ask(nothing_fits, Some(&[7; 4])).await.0, MISMATCH);
    }
}
