//! A message, and how it looks on the way (RFC 5322): headers in keepalived's order.

use std::fmt::Write as _;

/// A mail with a body of a few lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// `Sat, 21 Nov 2026 00:25:05 +0000`
    pub date: String,
    /// Addresses as they are configured: `a@example.org` or `Name <a@example.org>`.
    pub from: String,
    pub to: Vec<String>,
    pub subject: String,
    pub body: String,
}

impl Message {
    /// The sender's address, without a name.
    pub fn sender(&self) -> String {
        mailbox(&self.from)
    }

    /// The addresses of the recipients.
    pub fn recipients(&self) -> impl Iterator<Item = String> {
        self.to.iter().map(|to| mailbox(to))
    }

    /// What is said after `DATA`, with the dot at its end.
    pub fn text(&self) -> String {
        let recipients: Vec<String> = self.to.iter().map(|to| value(to)).collect();
        let mut text = format!(
            "Date: {}\r\nFrom: {}\r\nSubject: {}\r\nX-Mailer: Keepalived\r\nTo: {}\r\n\r\n",
            value(&self.date),
            value(&self.from),
            value(&self.subject),
            // A line has its limits.
            recipients.join(",\r\n "),
        );
        for line in self.body.lines() {
            // A line of one dot would be the end; the server takes the first of two away.
            let stuffing = if line.starts_with('.') { "." } else { "" };
            // Writing to a string cannot fail.
            let _ = write!(text, "{stuffing}{}\r\n", value(line));
        }
        text.push_str("\r\n.\r\n");
        text
    }
}

/// What stands in a header: nothing in it ends the line.
fn value(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// The address alone: what stands in `<>` at the end, where there is such.
fn mailbox(address: &str) -> String {
    let address = address.trim();
    let inside = address.strip_suffix('>').and_then(|rest| rest.rsplit_once('<'));
    let plain = inside.map_or(address, |(_, inside)| inside);
    plain.chars().filter(|letter| !letter.is_control() && !matches!(letter, '<' | '>' | ' ')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        Message {
            date: "Sat, 21 Nov 2026 00:25:05 +0000".into(),
            from: "Keep Alive <lb@example.org>".into(),
            to: vec!["a@example.org".into(), "Joe <b@example.org>".into()],
            subject: "[R1] VRRP Instance VI_1 - Entering MASTER state".into(),
            body: "=> VRRP Instance is now owning VRRP VIPs <=".into(),
        }
    }

    #[test]
    fn headers_in_keepalived_s_order() {
        assert_eq!(
            message().text(),
            "Date: Sat, 21 Nov 2026 00:25:05 +0000\r\n\
             From: Keep Alive <lb@example.org>\r\n\
             Subject: [R1] VRRP Instance VI_1 - Entering MASTER state\r\n\
             X-Mailer: Keepalived\r\n\
             To: a@example.org,\r\n Joe <b@example.org>\r\n\
             \r\n\
             => VRRP Instance is now owning VRRP VIPs <=\r\n\
             \r\n\
             .\r\n"
        );
    }

    #[test]
    fn names_are_for_the_headers() {
        assert_eq!(message().sender(), "lb@example.org");
        assert_eq!(message().recipients().collect::<Vec<_>>(), ["a@example.org", "b@example.org"]);
        assert_eq!(mailbox("<c@example.org>"), "c@example.org");
        assert_eq!(mailbox("odd> d@example.org"), "oddd@example.org");
    }

    #[test]
    fn nothing_gets_out_of_its_line() {
        let message = Message {
            subject: "one\r\nBcc: x@example.org".into(),
            from: "a@b\r\nRSET".into(),
            to: vec!["c@d>\r\nDATA".into()],
            body: "first\r\n.\r\n..two\nQUIT\rlast".into(),
            ..message()
        };
        let text = message.text();
        assert!(text.contains("Subject: one  Bcc: x@example.org\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\nfirst\r\n..\r\n...two\r\nQUIT last\r\n\r\n.\r\n"), "{text}");
        assert_eq!(text.matches("\r\n.\r\n").count(), 1);
        assert_eq!(
            (message.sender().as_str(), message.recipients().next().unwrap().as_str()),
            ("a@bRSET", "c@dDATA")
        );
    }
}
