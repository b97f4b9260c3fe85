//! The result of one probe, as data.

use std::time::Duration;

/// What a probe found. Rendered by `report::lvs`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    Success(Success),
    Failure(Failure),
    /// The probe could not be made for a reason of our own (no socket, no memory): the state of the
    /// server stays, the next attempt comes as if nothing had happened.
    Undecided(String),
}

/// Details of a success that the log names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Success {
    Connected,
    /// What was sent was answered as it should be, or was not refused where no answer is asked for.
    Answered,
    /// A script has ended well; with `misc_dynamic` it may say the server's weight, else that is the configured one.
    Ran {
        weight: Option<u32>,
    },
    /// HTTP: what was asked was fulfilled; the code, and what was compared beside it.
    Http {
        url: usize,
        status: u16,
        digest_compared: bool,
        pattern_compared: bool,
        length: OddLength,
    },
}

/// HTTP: `Content-Length` and the bytes that came, where they differ. Few pages have one.
pub type OddLength = Option<Box<Length>>;

/// A page's `Content-Length`, and how many bytes came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Length {
    pub announced: u64,
    pub received: u64,
}

/// Why a server is considered to have failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The connection was refused or unreachable: `errno`.
    Connect(i32),
    ConnectTimeout,
    /// The peer and we do not agree on TLS, or it speaks none: what the library says.
    Handshake(String),
    /// The peer took the connection, and said nothing of TLS.
    HandshakeTimeout,
    /// No answer came in time.
    ReadTimeout,
    /// An answer has begun, and did not go on in time.
    Stalled,
    /// The overall deadline passed while the server dripped.
    Deadline(Duration),
    /// The peer closed or reset while we wrote or read: `errno`, 0 for a plain close without data.
    Broken(i32),
    /// A header or a line without end.
    Malformed,
    /// A reply that is not the one asked for.
    Mismatch,
    /// DNS: the response code of RFC 1035, not 0.
    Rcode(u8),
    /// SMTP: no 220 at first.
    Greeting,
    /// SMTP: no 250 after `HELO`.
    Helo,
    /// A script ended with this status.
    Exited(i32),
    /// A script ended by this signal, which was not ours.
    Killed(i32),
    /// A script ran longer than it may.
    RanTooLong,
    /// `status` is 0 where the status line has no code.
    HttpStatus {
        url: usize,
        status: u16,
    },
    /// `regex` is not in the page, or with `regex_no_match` it is; `gave_up`: it could not be looked for to the end.
    Pattern {
        url: usize,
        gave_up: bool,
        length: OddLength,
    },
    Digest {
        url: usize,
        found: [u8; 16],
        length: OddLength,
    },
}

impl Outcome {
    /// Of a page whose header was as it should be: which url, and the odd length.
    pub fn page_length(&self) -> Option<(usize, Option<Length>)> {
        match self {
            Outcome::Success(Success::Http { url, length, .. })
            | Outcome::Failure(
                Failure::Pattern { url, length, .. } | Failure::Digest { url, length, .. },
            ) => Some((*url, length.as_deref().copied())),
            _ => None,
        }
    }
}
