//! Replies of a server, as they come in pieces.

/// The longest line of a reply, with its end.
pub const LONGEST_LINE: usize = 512;
/// The most lines of one reply.
const MOST_LINES: usize = 64;

/// A reply without end, or with a line without end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;

/// A reply: the code of its last line, and whether it has others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Reply {
    /// `None` where the line does not begin with three digits and a blank, or the end.
    pub code: Option<u16>,
    pub is_one_line: bool,
}

/// What has been heard of a reply.
#[derive(Clone, Debug, Default)]
pub(super) struct Replies {
    heard: Vec<u8>,
    lines: usize,
}

impl Replies {
    /// Takes a piece. A reply may be whole with it; whatever follows the reply in that piece was not asked for, and is
    /// dropped.
    pub fn hear(&mut self, piece: &[u8]) -> Result<Option<Reply>, Malformed> {
        self.heard.extend_from_slice(piece);
        while let Some(end) = memchr::memchr(b'\n', &self.heard) {
            let line: Vec<u8> = self.heard.drain(..=end).collect();
            self.lines += 1;
            if line.len() > LONGEST_LINE || self.lines > MOST_LINES {
                return Err(Malformed);
            }
            if let Some(code) = last(&line) {
                let is_one_line = self.lines == 1;
                *self = Replies::default();
                return Ok(Some(Reply { code, is_one_line }));
            }
        }
        if self.heard.len() >= LONGEST_LINE { Err(Malformed) } else { Ok(None) }
    }

    /// Whether a line has come that is not the last of its reply.
    pub fn has_more_lines(&self) -> bool {
        self.lines > 0
    }
}

/// The code of a reply's last line; `None` where the line says that others follow.
fn last(line: &[u8]) -> Option<Option<u16>> {
    let code = line.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit));
    let code = code.map(|digits| digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')));
    match line.get(3) {
        Some(b'-') if code.is_some() => None,
        Some(b' ' | b'\r' | b'\n') => Some(code),
        _ => Some(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(pieces: &[&str]) -> Vec<Result<Option<Reply>, Malformed>> {
        let mut replies = Replies::default();
        pieces.iter().map(|piece| replies.hear(piece.as_bytes())).collect()
    }

    fn reply(code: u16, is_one_line: bool) -> Result<Option<Reply>, Malformed> {
        Ok(Some(Reply { code: Some(code), is_one_line }))
    }

    #[test]
    fn replies_of_one_line_and_of_more() {
        assert_eq!(heard(&["220 hello\r\n", "25", "0\n"]), [reply(220, true), Ok(None), reply(250, true)]);
        assert_eq!(
            heard(&["220-a\r\n220", " b\r\n", "221\r\n"]),
            [Ok(None), reply(220, false), reply(221, true)]
        );
        assert_eq!(heard(&["250 a\r\n250 b\r\n", "354 c\r\n"]), [reply(250, true), reply(354, true)]);
    }

    #[test]
    fn what_is_no_code() {
        let none = Ok(Some(Reply { code: None, is_one_line: true }));
        for line in ["2201 hello\r\n", "22\r\n", "abc hello\r\n", "\n", "2 20\n"] {
            assert_eq!(heard(&[line]), [none], "{line:?}");
        }
    }

    #[test]
    fn nothing_goes_on_for_ever() {
        assert_eq!(heard(&[&"220".repeat(LONGEST_LINE)]), [Err(Malformed)]);
        assert_eq!(heard(&[&"220-on\r\n".repeat(MOST_LINES + 1)]), [Err(Malformed)]);
    }
}
