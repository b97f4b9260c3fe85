//! `PING_CHECK`: whoever answers an ICMP echo is alive.
//!
//! The kernel's sockets for echoes need no privilege, only that `net.ipv4.ping_group_range` has our group. They put the
//! identifier and the checksum in, and give us the answers to our own identifier alone.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::SocketAddr;

use socket2::Protocol;
use tokio::time::timeout;

use super::connect::{datagrams, refused};
use crate::config::model::check::Check;
use crate::health::outcome::{Failure, Outcome, Success};

/// Of an echo: type, code, checksum, identifier, sequence number.
const HEADER: usize = 8;
/// Bytes behind it, as many as keepalived sends.
const PAYLOAD: usize = 128;

/// Types of request and reply: RFC 792, RFC 4443.
const fn types(target: SocketAddr) -> (u8, u8) {
    if target.is_ipv4() { (8, 0) } else { (128, 129) }
}

/// Sends one echo, and waits for its answer within `connect_timeout`.
pub async fn probe(check: &Check) -> Outcome {
    let protocol = if check.target.is_ipv4() { Protocol::ICMPV4 } else { Protocol::ICMPV6 };
    let socket = match datagrams(check, protocol) {
        Ok(socket) => socket,
        Err(outcome) => return outcome,
    };
    let (request, reply) = types(check.target);
    let random = RandomState::new().build_hasher().finish().to_be_bytes();
    let sequence = [random[0], random[1]];
    if let Err(error) = socket.send(&echo(request, sequence)).await {
        return refused(&error);
    }
    let answered = async {
        let mut answer = [0; HEADER + PAYLOAD];
        loop {
            match socket.recv(&mut answer).await {
                Ok(count) if is_reply(answer.get(..count).unwrap_or_default(), reply, sequence) => {
                    return Outcome::Success(Success::Answered);
                }
                Ok(_) => {}
                Err(error) => return refused(&error),
            }
        }
    };
    timeout(check.pace.connect_timeout, answered).await.unwrap_or(Outcome::Failure(Failure::ReadTimeout))
}

fn echo(kind: u8, sequence: [u8; 2]) -> Vec<u8> {
    let mut message = vec![kind, 0, 0, 0, 0, 0];
    message.extend(sequence);
    message.resize(HEADER + PAYLOAD, b'.');
    message
}

fn is_reply(answer: &[u8], kind: u8, sequence: [u8; 2]) -> bool {
    matches!(answer.first_chunk::<HEADER>(), Some([found, 0, _, _, _, _, rest @ ..]) if *found == kind && *rest == sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_answer_to_this_echo_counts() {
        let answer = echo(0, [1, 2]);
        assert!(is_reply(&answer, 0, [1, 2]));
        assert!(!is_reply(&answer, 0, [1, 3]));
        assert!(!is_reply(&answer, 129, [1, 2]));
        assert!(!is_reply(&answer[..7], 0, [1, 2]));
        assert_eq!(answer.len(), 136);
    }
}
