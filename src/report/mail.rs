//! What mails say, in keepalived's words: people sort them by their subjects.

use crate::config::model::{Check, CheckKind};
use crate::health::outcome::Failure;
use crate::lvs::alert::{Alert, Why};
use crate::lvs::name::Subject as Service;
use crate::lvs::quorum::Balance;
use crate::report::Line;
use crate::report::lvs::mail_failure;
use crate::smtp::{Refused, Stage, Trouble};
use crate::vrrp::action::{State, Subject};

/// A mail without its frame: who sends it to whom is not known here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Words {
    /// Without `router_id` in front of it.
    pub subject: String,
    /// One line.
    pub body: String,
}

/// Why a mail was not sent.
#[derive(Debug)]
pub enum NotSent {
    /// The server's name has no address, and why.
    NoAddress(String),
    Connect(std::io::Error),
    ConnectTimeout,
    Trouble(Trouble),
    /// The server did not want it, or none of its recipients.
    Refused(Vec<Refused>),
}

/// An instance or a group has come to this state. `None`: that is no state to write of.
pub fn vrrp(about: &Subject, state: State) -> Option<Words> {
    let event = match state {
        State::Init => return None,
        State::Master | State::Backup | State::Fault | State::Removed => {
            format!("Entering {} state", state.as_str())
        }
        State::Stop => "Stopping".to_owned(),
        State::Deleted => "Deleted".to_owned(),
    };
    let (subject, body) = match about {
        Subject::Instance(name) => (format!("VRRP Instance {name} - {event}"), of_instance(state)),
        Subject::Group(name) => (format!("VRRP Group {name} - {event}"), of_group(state)),
    };
    Some(Words { subject, body: framed(body) })
}

fn of_instance(state: State) -> &'static str {
    match state {
        State::Master => "VRRP Instance is now owning VRRP VIPs",
        State::Init | State::Backup | State::Fault | State::Removed => {
            "VRRP Instance is no longer owning VRRP VIPs"
        }
        State::Stop => "VRRP Instance stopping",
        State::Deleted => "VRRP Deleted at reload",
    }
}

fn of_group(state: State) -> &'static str {
    match state {
        State::Master => "All VRRP group instances are now in MASTER state",
        State::Init | State::Backup => "All VRRP group instances are now in BACKUP state",
        State::Fault | State::Removed => "All VRRP group instances are now in FAULT state",
        State::Stop => "All VRRP group instances are now stopping",
        State::Deleted => "VRRP Deleted at reload",
    }
}

/// A service or a real server. `None`: keepalived has no words for it.
pub fn lvs(alert: &Alert) -> Option<Words> {
    let state = if alert.up { "UP" } else { "DOWN" };
    let subject = match &alert.subject {
        Service::Real { real, service } => {
            format!("Realserver {real} of virtual server {service} - {state}")
        }
        Service::Service(service) => format!("Virtualserver {service} - {state}"),
    };
    let body = match &alert.why {
        Why::Checked { check, passed, failure } => framed(&checked(check, *passed, failure.as_ref())?),
        Why::Started(balance) if alert.up => quorum("Starting with quorum up", true, *balance),
        Why::Started(balance) => quorum("Starting with quorum down", false, *balance),
        Why::Quorum(balance) if alert.up => quorum("Gained quorum", true, *balance),
        Why::Quorum(balance) => quorum("Lost quorum", false, *balance),
        Why::Stopping => framed("Shutting down"),
        Why::Removing => framed("Removing"),
    };
    Some(Words { subject, body })
}

/// The same signs for what is gained and what is lost, as keepalived has it.
fn quorum(what: &str, up: bool, balance: Balance) -> String {
    let Balance { quorum, hysteresis, live } = balance;
    let edge = if up { quorum + hysteresis } else { quorum.saturating_sub(hysteresis) };
    framed(&format!("{what} {quorum}+{hysteresis}={edge} <= {live}"))
}

fn checked(check: &Check, passed: bool, failure: Option<&Failure>) -> Option<String> {
    let done = if passed { "succeed" } else { "failed" };
    Some(match &check.kind {
        CheckKind::Tcp(_) => format!("TCP CHECK {done} on service"),
        CheckKind::Udp(_) => format!("UDP CHECK {done} on service"),
        CheckKind::Ping => format!("ICMP CHECK {done} on service"),
        CheckKind::Dns(_) => format!("DNS_CHECK: {done} on service"),
        CheckKind::Misc(_) if passed => "MISC CHECK succeeded on service".to_owned(),
        CheckKind::Misc(_) if failure == Some(&Failure::RanTooLong) => {
            "MISC CHECK timed out on service".to_owned()
        }
        CheckKind::Misc(_) => "MISC CHECK failed on service".to_owned(),
        CheckKind::Http(_) | CheckKind::Ssl(_) | CheckKind::Smtp(_) if passed => {
            "CHECK succeed on service".to_owned()
        }
        CheckKind::Http(_) | CheckKind::Ssl(_) => {
            "CHECK failed on service : HTTP/SSL request failed".to_owned()
        }
        CheckKind::Smtp(_) => {
            let why =
                failure.map_or_else(|| "SMTP_CHECK".to_owned(), |failure| mail_failure(check, failure));
            format!("CHECK failed on service : {why}")
        }
        CheckKind::Bfd(_) => format!("BFD CHECK {done} on service"),
        CheckKind::File(_) => return None,
    })
}

fn framed(text: &str) -> String {
    format!("=> {text} <=")
}

/// A mail is lost; one line.
pub fn not_sent(server: &str, subject: &str, why: &NotSent) -> Line {
    let why = match why {
        NotSent::NoAddress(why) => format!("No address of SMTP server {server} ({why})."),
        NotSent::Connect(error) => format!("SMTP connection ERROR to {server} ({error})."),
        NotSent::ConnectTimeout => format!("Timeout connecting SMTP server {server}."),
        NotSent::Trouble(Trouble::Timeout) => {
            format!("Timeout reading data to remote SMTP server {server}.")
        }
        NotSent::Trouble(Trouble::Malformed) => {
            format!("Received buffer from remote SMTP server {server} overflow our get read buffer length.")
        }
        NotSent::Trouble(Trouble::Broken(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            format!("Remote SMTP server {server} has closed the connection.")
        }
        NotSent::Trouble(Trouble::Broken(error)) => {
            format!("Error reading data from remote SMTP server {server} ({error}).")
        }
        NotSent::Refused(refused) => {
            refused.first().map_or_else(String::new, |refused| refusal(server, refused))
        }
    };
    Line::warn(format!("{why} The alert {subject:?} is lost"))
}

/// A mail was sent, but not to this recipient.
pub fn refused_one(server: &str, subject: &str, refused: &Refused) -> Line {
    Line::warn(format!("{} The alert {subject:?} goes to the others", refusal(server, refused)))
}

fn refusal(server: &str, refused: &Refused) -> String {
    let (command, of) = match &refused.stage {
        Stage::Greeting => ("connection", String::new()),
        Stage::Helo => ("HELO", String::new()),
        Stage::Mail => ("MAIL", String::new()),
        Stage::Recipient(address) => ("RCPT", format!(" (recipient {address})")),
        Stage::Data => ("DATA", String::new()),
        Stage::Text => ("BODY", String::new()),
        Stage::Quit => ("QUIT", String::new()),
    };
    let code = refused.code.map_or_else(|| "none".into(), |code| code.to_string());
    format!("Error processing {command} cmd on SMTP server {server}. SMTP status code = {code}{of}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_keepalived() {
        let words = |about: &Subject, state| {
            let words = vrrp(about, state).unwrap();
            (words.subject, words.body)
        };
        let told = |subject: &str, body: &str| (subject.to_owned(), body.to_owned());
        let (one, group) = (Subject::Instance("I".into()), Subject::Group("G".into()));
        assert_eq!(
            words(&one, State::Master),
            told("VRRP Instance I - Entering MASTER state", "=> VRRP Instance is now owning VRRP VIPs <=")
        );
        assert_eq!(
            words(&one, State::Deleted),
            told("VRRP Instance I - Deleted", "=> VRRP Deleted at reload <=")
        );
        assert_eq!(
            words(&group, State::Stop),
            told("VRRP Group G - Stopping", "=> All VRRP group instances are now stopping <=")
        );
        assert_eq!(vrrp(&one, State::Init), None);
    }

    #[test]
    fn the_arithmetic_of_a_quorum() {
        let balance = Balance { quorum: 2, hysteresis: 1, live: 3 };
        assert_eq!(quorum("Gained quorum", true, balance), "=> Gained quorum 2+1=3 <= 3 <=");
        assert_eq!(
            quorum("Lost quorum", false, Balance { live: 0, ..balance }),
            "=> Lost quorum 2+1=1 <= 0 <="
        );
    }

    #[test]
    fn a_lost_alert_says_which_and_why() {
        let refused = Refused { stage: Stage::Recipient("a@b".into()), code: Some(550) };
        assert_eq!(
            not_sent("[127.0.0.1]:25", "[R1] VRRP Instance I - Stopping", &NotSent::Refused(vec![refused]))
                .text,
            "Error processing RCPT cmd on SMTP server [127.0.0.1]:25. SMTP status code = 550 (recipient a@b). \
             The alert \"[R1] VRRP Instance I - Stopping\" is lost"
        );
    }
}
