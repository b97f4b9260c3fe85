//! What a client says in which order, and what each answer of the server means for it.

use std::collections::VecDeque;

use super::message::Message;
use super::reply::{Malformed, Replies, Reply};

/// Whose answer is awaited, or was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stage {
    /// What the server says first.
    Greeting,
    Helo,
    Mail,
    /// One of the recipients, by the address.
    Recipient(String),
    Data,
    /// The message itself.
    Text,
    Quit,
}

/// What the server did not want.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    pub stage: Stage,
    /// Its code; `None` where there was none.
    pub code: Option<u16>,
}

/// What a client does next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// It waits for more of the answer.
    Listen,
    /// It says this and waits for the answer.
    Say(Vec<u8>),
    /// It hangs up; [`Dialogue::is_done`] says how it went.
    HangUp,
}

/// One conversation.
#[derive(Clone, Debug)]
pub struct Dialogue {
    /// Whose answer is awaited.
    stage: Stage,
    /// What is said after it, each when the one before was answered well.
    ahead: VecDeque<(Stage, Vec<u8>)>,
    replies: Replies,
    /// A check: replies of more than one line are failures, and a failure is not followed by `QUIT`, as keepalived does.
    is_check: bool,
    refused: Vec<Refused>,
    /// Recipients that were taken.
    recipients: usize,
    done: bool,
}

impl Dialogue {
    /// `SMTP_CHECK`: who greets, and answers `HELO` and `QUIT`, passes.
    pub fn check(helo_name: &str) -> Self {
        Dialogue::new(true, [(Stage::Helo, format!("HELO {}\r\n", word(helo_name)))])
    }

    /// A message is handed over, to each recipient that the server takes.
    pub fn mail(helo_name: &str, message: &Message) -> Self {
        let mut steps = vec![
            (Stage::Helo, format!("HELO {}\r\n", word(helo_name))),
            (Stage::Mail, format!("MAIL FROM:<{}>\r\n", message.sender())),
        ];
        steps.extend(message.recipients().map(|address| {
            let line = format!("RCPT TO:<{address}>\r\n");
            (Stage::Recipient(address), line)
        }));
        steps.push((Stage::Data, "DATA\r\n".to_owned()));
        steps.push((Stage::Text, message.text()));
        Dialogue::new(false, steps)
    }

    fn new(is_check: bool, steps: impl IntoIterator<Item = (Stage, String)>) -> Self {
        let steps = steps.into_iter().chain([(Stage::Quit, "QUIT\r\n".to_owned())]);
        Dialogue {
            stage: Stage::Greeting,
            ahead: steps.map(|(stage, text)| (stage, text.into_bytes())).collect(),
            replies: Replies::default(),
            is_check,
            refused: Vec::new(),
            recipients: 0,
            done: false,
        }
    }

    /// Takes a piece of what the server says.
    pub fn hear(&mut self, piece: &[u8]) -> Result<Next, Malformed> {
        Ok(match self.replies.hear(piece)? {
            Some(reply) => self.answered(reply),
            // A check need not wait for the last of several lines.
            None if self.is_check && self.replies.has_more_lines() => {
                self.answered(Reply { code: None, is_one_line: false })
            }
            None => Next::Listen,
        })
    }

    /// What the server did not want: all of it, or the recipients that did not get it.
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// Whether what was to be done is done: the check has passed, or the message was taken.
    pub fn is_done(&self) -> bool {
        self.done
    }

    fn answered(&mut self, reply: Reply) -> Next {
        let expected = match &self.stage {
            Stage::Greeting => &[220][..],
            Stage::Helo | Stage::Mail | Stage::Text => &[250],
            // 251: it will forward it.
            Stage::Recipient(_) => &[250, 251],
            Stage::Data => &[354],
            // Whatever it says to that.
            Stage::Quit => {
                self.done |= self.is_check;
                return Next::HangUp;
            }
        };
        let is_well = reply.code.is_some_and(|code| expected.contains(&code));
        if !is_well || self.is_check && !reply.is_one_line {
            return self.refuse(reply.code);
        }
        match self.stage {
            Stage::Recipient(_) => self.recipients += 1,
            Stage::Text => self.done = true,
            _ => {}
        }
        self.go_on()
    }

    fn refuse(&mut self, code: Option<u16>) -> Next {
        self.refused.push(Refused { stage: self.stage.clone(), code });
        if self.is_check {
            return Next::HangUp;
        }
        let others = self.ahead.iter().any(|(stage, _)| matches!(stage, Stage::Recipient(_)));
        // The others get it.
        if !matches!(self.stage, Stage::Recipient(_)) || !others && self.recipients == 0 {
            self.ahead.retain(|(stage, _)| *stage == Stage::Quit);
        }
        self.go_on()
    }

    fn go_on(&mut self) -> Next {
        match self.ahead.pop_front() {
            Some((stage, text)) => {
                self.stage = stage;
                Next::Say(text)
            }
            None => Next::HangUp,
        }
    }
}

/// What stands in a command: a name cannot end its line.
fn word(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(to: &[&str]) -> Message {
        Message {
            date: "Sat, 21 Nov 2026 00:25:05 +0000".into(),
            from: "Keep Alive <lb@example.org>".into(),
            to: to.iter().map(ToString::to_string).collect(),
            subject: "[R1] VRRP Instance VI_1 - Entering MASTER state".into(),
            body: "=> VRRP Instance is now owning VRRP VIPs <=".into(),
        }
    }

    /// What is said to a server that answers so, line for line.
    fn said(dialogue: &mut Dialogue, answers: &[&str]) -> Vec<String> {
        let mut said = Vec::new();
        for answer in answers {
            match dialogue.hear(answer.as_bytes()).unwrap() {
                Next::Say(text) => said.push(String::from_utf8(text).unwrap()),
                Next::Listen => said.push("...".into()),
                Next::HangUp => said.push("hangs up".into()),
            }
        }
        said
    }

    #[test]
    fn a_message_is_handed_over() {
        let message = message(&["a@example.org", "Joe <b@example.org>"]);
        let mut dialogue = Dialogue::mail("director", &message);
        let answers = [
            "220-two\r\n220 lines\r\n",
            "250 a\r\n",
            "250 b\r\n",
            "250 c\r\n",
            "251 d\r\n",
            "354 e\r\n",
            "250 f\r\n",
        ];
        let text = message.text();
        let expected = [
            "HELO director\r\n",
            "MAIL FROM:<lb@example.org>\r\n",
            "RCPT TO:<a@example.org>\r\n",
            "RCPT TO:<b@example.org>\r\n",
            "DATA\r\n",
            &text,
            "QUIT\r\n",
        ];
        assert_eq!(said(&mut dialogue, &answers), expected);
        assert!(dialogue.is_done() && dialogue.refused().is_empty());
        assert_eq!(said(&mut dialogue, &["22", "1 bye\r\n"]), ["...", "hangs up"]);
    }

    #[test]
    fn a_refusal_ends_it_politely() {
        let answers = ["220 a\r\n", "250 b\r\n", "250 c\r\n", "250 d\r\n", "354 e\r\n", "250 f\r\n"];
        let stages = [
            Stage::Greeting,
            Stage::Helo,
            Stage::Mail,
            Stage::Recipient("a@example.org".into()),
            Stage::Data,
            Stage::Text,
        ];
        for (at, stage) in stages.into_iter().enumerate() {
            let mut dialogue = Dialogue::mail("director", &message(&["a@example.org"]));
            let mut answers = answers.map(str::to_owned);
            answers[at] = "550-no\r\n550 not here\r\n".into();
            let heard: Vec<&str> = answers.iter().take(at + 1).map(String::as_str).collect();
            assert_eq!(said(&mut dialogue, &heard).last().unwrap(), "QUIT\r\n", "{stage:?}");
            assert_eq!(dialogue.refused(), [Refused { stage, code: Some(550) }]);
            assert!(!dialogue.is_done());
        }
    }

    #[test]
    fn who_is_taken_gets_it() {
        for refused in [["550 no\r\n", "250 yes\r\n"], ["250 yes\r\n", "550 no\r\n"]] {
            let mut dialogue = Dialogue::mail("director", &message(&["a@example.org", "b@example.org"]));
            let answers =
                ["220 a\r\n", "250 b\r\n", "250 c\r\n", refused[0], refused[1], "354 d\r\n", "250 e\r\n"];
            assert_eq!(said(&mut dialogue, &answers).last().unwrap(), "QUIT\r\n");
            assert!(dialogue.is_done());
            assert_eq!(dialogue.refused().len(), 1);
        }
        let mut dialogue = Dialogue::mail("director", &message(&["a@example.org", "b@example.org"]));
        let answers = ["220 a\r\n", "250 b\r\n", "250 c\r\n", "550 no\r\n", "553 no\r\n"];
        assert_eq!(said(&mut dialogue, &answers).last().unwrap(), "QUIT\r\n");
        assert!(!dialogue.is_done());
        assert_eq!(dialogue.refused().len(), 2);
    }

    #[test]
    fn a_name_ends_no_line() {
        let mut dialogue = Dialogue::mail("a\r\nRSET", &message(&["a@b>\r\nRCPT TO:<c@d"]));
        let said = said(&mut dialogue, &["220 a\r\n", "250 b\r\n", "250 c\r\n"]);
        assert_eq!(
            said,
            ["HELO aRSET\r\n", "MAIL FROM:<lb@example.org>\r\n", "RCPT TO:<a@bRCPTTO:c@d>\r\n"]
        );
    }
}
