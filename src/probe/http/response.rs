//! A web server's answer, taken piece by piece: the status, and the digest of the body.
//!
//! Read the way keepalived reads it, not the way RFC 9112 does, since that decides who is up: the status
//! code is the three digits between the first two spaces, the protocol before them and what the other
//! header lines look like do not matter, the body begins after the first empty line and ends where the
//! peer closes, and nothing is decoded. Only an empty line with carriage returns ends the header. Each
//! point was tried on keepalived 2.2.7.

use md5::{Digest, Md5};

use super::search::{Search, Verdict};
use crate::health::outcome::{Length, OddLength};

/// Bytes of a header that we are willing to keep. keepalived's limit is one buffer of 4 KiB, beyond which
/// it finds no data.
const LONGEST_HEAD: usize = 64 * 1024;
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// An answer that is coming in.
#[derive(Debug)]
pub struct Response {
    head: Vec<u8>,
    /// Once the header is complete.
    body: Option<Body>,
    hash: bool,
    /// Until the body begins.
    search: Option<Search>,
}

#[derive(Debug)]
struct Body {
    md5: Option<Md5>,
    search: Option<Search>,
    /// Bytes that still count for digest and pattern: those after `Content-Length` do not.
    counting: u64,
    /// `Content-Length`
    announced: Option<u64>,
    received: u64,
}

/// The header is longer than we are willing to keep.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLong;

/// An answer to its end.
#[derive(Debug, PartialEq, Eq)]
pub struct Received {
    /// `None` where there is none in the status line.
    pub status: Option<u16>,
    /// If asked for.
    pub digest: Option<[u8; 16]>,
    /// If asked for.
    pub pattern: Option<Verdict>,
    /// Where `Content-Length` is not what came.
    pub length: OddLength,
}

impl Response {
    /// Nothing has come yet. `hash`: whether the body's MD5 is of interest; `search`: so is whether a pattern
    /// is in it.
    pub fn new(hash: bool, search: Option<Search>) -> Self {
        Response { head: Vec::new(), body: None, hash, search }
    }

    /// Whether something has come.
    pub fn has_begun(&self) -> bool {
        !self.head.is_empty()
    }

    /// Takes what came next. The work is in proportion to `bytes`.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if let Some(body) = &mut self.body {
            body.take(bytes);
            return Ok(());
        }
        // The end may lie across two pieces.
        let searched = self.head.len().saturating_sub(END_OF_HEAD.len() - 1);
        self.head.extend_from_slice(bytes);
        let unseen = self.head.get(searched..).unwrap_or_default();
        let Some(found) = unseen.windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD) else {
            return if self.head.len() > LONGEST_HEAD { Err(TooLong) } else { Ok(()) };
        };
        let first = self.head.split_off(searched + found + END_OF_HEAD.len());
        let announced = content_length(&self.head);
        let mut body = Body {
            md5: self.hash.then(Md5::new),
            search: self.search.take(),
            counting: announced.unwrap_or(u64::MAX),
            announced,
            received: 0,
        };
        body.take(&first);
        self.body = Some(body);
        Ok(())
    }

    /// Whether so much has come that [`Response::look`] is worth its while; at the end, whether there is a pattern.
    pub fn look_is_due(&self, last: bool) -> bool {
        let search = self.body.as_ref().and_then(|body| body.search.as_ref());
        search.is_some_and(|search| last || search.is_due())
    }

    /// Looks for the pattern: heavy work, not for a thread that others wait for.
    pub fn look(&mut self, last: bool) {
        if let Some(search) = self.body.as_mut().and_then(|body| body.search.as_mut()) {
            search.look(last);
        }
    }

    /// The peer has closed. `None` if not even the header was complete.
    pub fn finish(self) -> Option<Received> {
        let body = self.body?;
        let received = body.received;
        let odd = body.announced.filter(|announced| *announced != received);
        Some(Received {
            status: status(&self.head),
            length: odd.map(|announced| Box::new(Length { announced, received })),
            digest: body.md5.map(|md5| md5.finalize().into()),
            pattern: body.search.map(Search::verdict),
        })
    }
}

impl Body {
    fn take(&mut self, bytes: &[u8]) {
        self.received += bytes.len() as u64;
        let counts = usize::try_from(self.counting).unwrap_or(usize::MAX).min(bytes.len());
        let counted = bytes.get(..counts).unwrap_or_default();
        if let Some(md5) = &mut self.md5 {
            md5.update(counted);
        }
        if let Some(search) = &mut self.search {
            search.take(counted);
        }
        self.counting -= counts as u64;
    }
}

/// Takes the body off a whole answer; and how many of its bytes count. `None` if the header is not complete.
pub fn split_body(answer: &mut Vec<u8>) -> Option<(Vec<u8>, usize)> {
    let end = answer.windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD)?;
    let body = answer.split_off(end + END_OF_HEAD.len());
    let counting = content_length(answer).unwrap_or(u64::MAX);
    let counting = usize::try_from(counting).unwrap_or(usize::MAX).min(body.len());
    Some((body, counting))
}

fn status(head: &[u8]) -> Option<u16> {
    let mut parts = head.splitn(3, |byte| *byte == b' ');
    let (_protocol, code, _text) = (parts.next()?, parts.next()?, parts.next()?);
    let three_digits = code.len() == 3 && code.iter().all(u8::is_ascii_digit);
    three_digits.then(|| std::str::from_utf8(code).ok()?.parse().ok())?
}

fn content_length(head: &[u8]) -> Option<u64> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        if !name.eq_ignore_ascii_case(b"content-length") {
            return None;
        }
        std::str::from_utf8(value.get(1..)?).ok()?.trim().parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn received(bytes: &[u8]) -> Option<Received> {
        let mut response = Response::new(true, None);
        response.take(bytes).unwrap();
        response.finish()
    }

    fn status_of(bytes: &[u8]) -> Option<u16> {
        received(bytes)?.status
    }

    fn md5(body: &[u8]) -> Option<[u8; 16]> {
        Some(Md5::digest(body).into())
    }

    /// Each of these was sent to keepalived 2.2.7; the comment is what it thought of it.
    #[test]
    fn the_status_is_what_keepalived_finds() {
        let ok = [
            &b"HTTP/1.0 200 OK\r\n\r\n"[..],
            b"HTTP/1.1 200 \r\n\r\n",
            b"HTTP/2 200 OK\r\n\r\n",
            b"garbage 200 OK\r\n\r\n",
            b"HTTP/1.0 200 OK\r\nFoo Bar\r\n: x\r\n\r\n",
        ];
        for answer in ok {
            assert_eq!(status_of(answer), Some(200), "{}", answer.escape_ascii());
        }
        let code_error = [
            &b"garbage garbage\r\n\r\n"[..],
            b"HTTP/1.0 200\r\n\r\n",
            b"HTTP/1.0 200\r\nServer: a b\r\n\r\n",
            b"HTTP/1.0  200  OK\r\n\r\n",
            b"HTTP/1.0 200OK x\r\n\r\n",
            b"HTTP/1.0 +200 x\r\n\r\n",
            b"HTTP/1.0 -200 x\r\n\r\n",
            b"HTTP/1.0 0200 x\r\n\r\n",
        ];
        for answer in code_error {
            assert_eq!(received(answer).unwrap().status, None, "{}", answer.escape_ascii());
        }
        let no_data = [&b""[..], b"HTTP/1.0 200 OK\r\nFoo: bar\r\n", b"HTTP/1.0 200 OK\n\nbody"];
        for answer in no_data {
            assert_eq!(received(answer), None, "{}", answer.escape_ascii());
        }
        assert_eq!(status_of(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), Some(100));
    }

    #[test]
    fn the_digest_is_of_the_raw_body_up_to_content_length() {
        let cases = [
            (&b"HTTP/1.0 200 OK\r\n\r\nhello world\n"[..], &b"hello world\n"[..]),
            (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello world\n", b"hello"),
            (b"HTTP/1.0 200 OK\r\ncontent-length:5\r\n\r\nhello world\n", b"hello"),
            (b"HTTP/1.0 200 OK\r\nContent-Length: 500\r\n\r\nhello", b"hello"),
            (b"HTTP/1.0 200 OK\r\nContent-Length: abc\r\n\r\nhello", b"hello"),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                b"3\r\nabc\r\n0\r\n\r\n",
            ),
            (b"HTTP/1.0 200 OK\r\n\r\n", b""),
        ];
        for (answer, body) in cases {
            assert_eq!(received(answer).unwrap().digest, md5(body), "{}", answer.escape_ascii());
        }
    }

    #[test]
    fn a_length_that_is_not_as_announced_is_told() {
        let odd = |answer: &[u8]| received(answer).unwrap().length.map(|odd| (odd.announced, odd.received));
        assert_eq!(odd(b"HTTP/1.0 200 OK\r\nContent-Length: 50\r\n\r\nshort\n"), Some((50, 6)));
        assert_eq!(odd(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nlonger\n"), Some((3, 7)));
        assert_eq!(odd(b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nshort\n"), None);
        assert_eq!(odd(b"HTTP/1.0 200 OK\r\n\r\nshort\n"), None);
    }

    #[test]
    fn a_header_without_end_is_given_up() {
        let mut response = Response::new(false, None);
        let mut taken = 0;
        while response.take(b"X-Endless: more\r\n").is_ok() {
            taken += 1;
            assert!(taken < 10_000);
        }
        assert!(taken * 17 >= LONGEST_HEAD - 17, "keepalived's 4 KiB is the least we must take");
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter_and_nothing_panics(
            head in "(HTTP/1.[01] )?[0-9 ]{0,5}[ -~\r\n]{0,60}(Content-Length: [0-9]{0,3}\r\n)?(\r\n\r\n)?",
            body in prop::collection::vec(any::<u8>(), 0..300),
            sizes in prop::collection::vec(1..40_usize, 1..20),
        ) {
            let answer: Vec<u8> = head.into_bytes().into_iter().chain(body).collect();
            let mut response = Response::new(true, None);
            let (mut rest, mut sizes) = (answer.as_slice(), sizes.into_iter().cycle());
            while !rest.is_empty() {
                let (piece, later) = rest.split_at(sizes.next().unwrap().min(rest.len()));
                response.take(piece).unwrap();
                rest = later;
            }
            prop_assert_eq!(response.finish(), received(&answer));
        }
    }
}
