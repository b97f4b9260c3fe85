//! `DNS_CHECK`: whoever answers a question without an error is alive, whatever the answer (RFC 1035).

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use socket2::Protocol;
use tokio::time::timeout;

use super::connect::{datagrams, refused};
use crate::config::model::check::{Check, DnsCheck};
use crate::health::outcome::{Failure, Outcome, Success};

/// Of a message.
const HEADER: usize = 12;
/// The longest answer over UDP without extensions.
const LONGEST: usize = 512;
/// Recursion is desired.
const RD: u8 = 0x01;
/// It is a response.
const QR: u8 = 0x80;
const CLASS_IN: u16 = 1;

/// Asks once, and waits for the answer within `connect_timeout`; what belongs to another question is passed over.
pub async fn probe(check: &Check, dns: &DnsCheck) -> Outcome {
    let id = any_id();
    let Some(question) = question(id, dns) else {
        return Outcome::Undecided(format!("nobody can be asked for '{}'", dns.name));
    };
    let socket = match datagrams(check, Protocol::UDP) {
        Ok(socket) => socket,
        Err(outcome) => return outcome,
    };
    if let Err(error) = socket.send(&question).await {
        return refused(&error);
    }
    let answered = async {
        let mut answer = [0; LONGEST];
        loop {
            let count = match socket.recv(&mut answer).await {
                Ok(count) => count,
                Err(error) => return refused(&error),
            };
            if let Some(outcome) = answer.get(..count).and_then(|answer| heard(id, answer)) {
                return outcome;
            }
        }
    };
    timeout(check.pace.connect_timeout, answered).await.unwrap_or(Outcome::Failure(Failure::ReadTimeout))
}

/// A number that nobody guesses, so that nobody else can answer.
fn any_id() -> u16 {
    let bytes = RandomState::new().build_hasher().finish().to_be_bytes();
    u16::from_be_bytes([bytes[0], bytes[1]])
}

/// `None` for a name that has no form in a message.
fn question(id: u16, dns: &DnsCheck) -> Option<Vec<u8>> {
    let mut message = Vec::with_capacity(HEADER + dns.name.len() + 6);
    message.extend(id.to_be_bytes());
    message.extend([RD, 0]);
    // One question, and nothing else.
    message.extend([0, 1, 0, 0, 0, 0, 0, 0]);
    let name = dns.name.strip_suffix('.').unwrap_or(&dns.name);
    for label in name.split('.').filter(|_| !name.is_empty()) {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
        message.push(length);
        message.extend(label.as_bytes());
    }
    message.push(0);
    if message.len() > HEADER + 255 {
        return None;
    }
    message.extend((dns.kind as u16).to_be_bytes());
    message.extend(CLASS_IN.to_be_bytes());
    Some(message)
}

/// What a datagram means for the question with this number; `None`: nothing.
pub fn heard(id: u16, answer: &[u8]) -> Option<Outcome> {
    Some(match code(id, answer)? {
        0 => Outcome::Success(Success::Answered),
        code => Outcome::Failure(Failure::Rcode(code)),
    })
}

/// The response code of an answer to the question with this number.
fn code(id: u16, answer: &[u8]) -> Option<u8> {
    let header = answer.first_chunk::<HEADER>()?;
    let [first, second, flags, code, ..] = *header;
    (u16::from_be_bytes([first, second]) == id && flags & QR != 0).then_some(code & 0x0f)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::net::UdpSocket;

    use super::*;
    use crate::config::model::CheckKind;
    use crate::config::model::check::{DnsType, Pace};
    use crate::probe::connect::tests::check_of;
    use crate::probe::{Tls, probe};

    fn dns(kind: DnsType, name: &str) -> DnsCheck {
        DnsCheck { kind, name: name.into() }
    }

    #[test]
    fn the_question_is_byte_for_byte_keepaliveds() {
        let captured =
            b"\x9b\x9a\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03org\x00\x00\x01\x00\x01";
        assert_eq!(question(0x9b9a, &dns(DnsType::A, "example.org")).unwrap(), captured);
        assert_eq!(question(0x9b9a, &dns(DnsType::A, "example.org.")).unwrap(), captured);
        let root = b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x01";
        assert_eq!(question(7, &DnsCheck::default()).unwrap(), root);
        assert_eq!(question(7, &dns(DnsType::Soa, ".")).unwrap(), root);
        let long = format!("{}.org", "x".repeat(64));
        let longer = vec!["x".repeat(60); 5].join(".");
        for bad in ["a..b", ".a", &long, &longer] {
            assert_eq!(question(7, &dns(DnsType::A, bad)), None, "{bad}");
        }
    }

    /// One probe of a server that makes these answers of a question.
    async fn ask(answers: impl Fn(&[u8]) -> Vec<Vec<u8>>) -> Outcome {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let pace = Pace { connect_timeout: Duration::from_millis(300), ..Pace::default() };
        let check = Check {
            kind: CheckKind::Dns(Arc::new(dns(DnsType::Mx, "a.b"))),
            pace: Arc::new(pace),
            ..check_of(server.local_addr().unwrap())
        };
        let serve = async {
            let mut question = [0; 100];
            let (count, peer) = server.recv_from(&mut question).await.unwrap();
            for answer in answers(&question[..count]) {
                server.send_to(&answer, peer).await.unwrap();
            }
        };
        let tls = Tls::default();
        tokio::join!(probe(&check, 0, &tls), serve).0
    }

    fn answer(question: &[u8], code: u8) -> Vec<u8> {
        let mut answer = question.to_vec();
        answer[2] |= QR;
        answer[3] |= 0x80 | code;
        answer
    }

    #[tokio::test]
    async fn an_answer_without_an_error_is_well() {
        assert_eq!(ask(|question| vec![answer(question, 0)]).await, Outcome::Success(Success::Answered));
        assert_eq!(ask(|question| vec![answer(question, 3)]).await, Outcome::Failure(Failure::Rcode(3)));
        assert_eq!(ask(|_| Vec::new()).await, Outcome::Failure(Failure::ReadTimeout));
    }

    #[tokio::test]
    async fn what_is_no_answer_to_this_question_is_passed_over() {
        let strange = |question: &[u8]| {
            let mut other = answer(question, 3);
            other[0] ^= 0xff;
            let short = answer(question, 3)[..HEADER - 1].to_vec();
            vec![other, question.to_vec(), short]
        };
        assert_eq!(ask(strange).await, Outcome::Failure(Failure::ReadTimeout));
        let then_well = |question: &[u8]| {
            let mut all = strange(question);
            all.push(answer(question, 0));
            all
        };
        assert_eq!(ask(then_well).await, Outcome::Success(Success::Answered));
    }

    #[tokio::test]
    async fn a_closed_port_is_a_failure() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let kind = CheckKind::Dns(Arc::default());
        let check = Check { kind, ..check_of(server.local_addr().unwrap()) };
        drop(server);
        assert_eq!(
            probe(&check, 0, &Tls::default()).await,
            Outcome::Failure(Failure::Connect(libc::ECONNREFUSED))
        );
    }
}
