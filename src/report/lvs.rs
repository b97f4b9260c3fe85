//! The director's notes and the kernel's refusals in keepalived's words, which operators and tools grep.

use nix::errno::Errno;
use tracing::Level;

use super::Line;
use crate::config::model::lvs::GroupMember;
use crate::config::model::{Check, CheckKind};
use crate::health::outcome::{Failure, Success};
use crate::lvs::name::{RealName, ServiceName};
use crate::lvs::note::Note;
use crate::objects::ipvs::{DestKey, Op, Protocol, ServiceKey, SyncRole};

/// The log line of a note.
pub fn render(note: &Note) -> Line {
    line(match note {
        Note::Activating { real, service } => {
            format!("Activating healthchecker for service {real} for VS {service}")
        }
        Note::Suspending { real, service } => {
            format!("Suspending healthchecker for service {real} for VS {service}")
        }
        Note::CheckPassed { real, service, check, success } => passed((real, service), check, success),
        Note::OddLength { real, service, check, url, length } => format!(
            "http_check for RS {real} VS {service} url {}: content_length ({}) does not match received bytes ({})",
            url_path(check, *url),
            length.announced,
            length.received
        ),
        Note::WebServerUp { real } => format!("Remote Web server {real} succeed on service."),
        Note::CheckFailed { real, service, check, failure, retries } => {
            failed((real, service), check, failure, *retries)
        }
        Note::AttemptFailed { real, service, check, failure, nth } => {
            let about = (real, service);
            match (&check.kind, nth) {
                (CheckKind::Misc(_), Some(nth)) => {
                    script_failed(about, check, failure, more_tries(check, *nth))
                }
                _ => attempt_failed(about, check, failure),
            }
        }
        Note::Undecided { real, check, reason } => {
            let what = match check.kind {
                CheckKind::Misc(_) => {
                    return line(format!("Misc check for {real} could not be run: {reason}"));
                }
                CheckKind::Http(_) | CheckKind::Ssl(_) => "WEB",
                _ => check.kind.keyword().trim_end_matches("_CHECK"),
            };
            format!("{what} connect fail to create socket. Rescheduling. ({real}: {reason})")
        }
        Note::TrackedFile { real, file, up } => {
            let what = if *up { "leaving" } else { "now" };
            format!("({real}): tracked file {file} {what} FAULT state")
        }
        Note::Session { real, session, up } => {
            format!("BFD check of [{session}] RS({real}) is {}", if *up { "UP" } else { "DOWN" })
        }
        Note::RealServer { real, service, up, inhibit } => match (up, inhibit) {
            (true, false) => format!("Adding service {real} to VS {service}"),
            (true, true) => format!("Enabling service {real} of VS {service}"),
            (false, false) => format!("Removing service {real} from VS {service}"),
            (false, true) => format!("Disabling service {real} of VS {service}"),
        },
        Note::Weight { real, service, from, to, active } => {
            let state = if *active { "active" } else { "inactive" };
            format!("Changing weight from {from} to {to} for {state} service {real} of VS {service}")
        }
        Note::Quorum { service, up, balance } => {
            let (quorum, slack, live) = (balance.quorum, balance.hysteresis, balance.live);
            if *up {
                format!("Gained quorum {quorum}+{slack}={} <= {live} for VS {service}", quorum + slack)
            } else {
                let least = quorum.saturating_sub(slack);
                format!("Lost quorum {quorum}-{slack}={least} > {live} for VS {service}")
            }
        }
        Note::StartingWithoutQuorum { service, balance } => {
            let (quorum, slack, live) = (balance.quorum, balance.hysteresis, balance.live);
            let least = quorum.saturating_sub(slack);
            format!("Starting with quorum down {quorum}-{slack}={least} > {live} for VS {service}")
        }
        Note::SorryServer { sorry, service, in_use, inhibit } => {
            let (verb, preposition) = match (in_use, inhibit) {
                (true, false) => ("Adding", "to"),
                (true, true) => ("Enabling", "to"),
                (false, false) => ("Removing", "from"),
                (false, true) => ("Disabling", "from"),
            };
            format!("{verb} sorry server {sorry} {preposition} VS {service}")
        }
        Note::AliveServers { service, added: true } => {
            format!("Adding alive servers to the pool for VS {service}")
        }
        Note::AliveServers { service, added: false } => {
            format!("Removing alive servers from the pool for VS {service}")
        }
        Note::Released { real, service, stopping, inhibited } => {
            let verb = if *stopping { "Shutting down" } else { "Removing" };
            let inhibited = if *inhibited { "(inhibited) " } else { "" };
            format!("{verb} {inhibited}service {real} from VS {service}")
        }
        Note::Forgotten { real } => format!("service {real} no longer exist"),
        Note::Draining { real, service, seconds } => {
            format!("Draining service {real} of VS {service} for {seconds} seconds at most")
        }
        Note::Drained { real, service, dry } => {
            let why = if *dry { "its connections have ended" } else { "drain_timeout is over" };
            format!("Removing service {real} from VS {service}: {why}")
        }
        Note::MemberDraining { member, service, seconds } => {
            format!("Draining Virtual Server {member} of VS {service} for {seconds} seconds at most")
        }
        Note::LeftToAnother { service, first, more } => {
            let more = if *more > 0 { format!(" and {more} more") } else { String::new() };
            let first = ServiceName::Single(*first);
            let text =
                format!("VS {service}: {first}{more} left to the virtual server that is first for it");
            return Line::warn(text);
        }
        Note::Member { group, member, protocol, added } => {
            let member = member_name(member, *protocol, *added);
            if *added {
                format!("VS [{member}] added into group {group}")
            } else {
                format!("VS [{member}] in group {group} no longer exists")
            }
        }
        Note::ServiceRemoved { service } => format!("Removing Virtual Server {service}"),
    })
}

/// An operation that the kernel refused: keepalived's line, which names the old interface's commands.
/// `text` is the system's text for `errno`.
pub fn refused(op: &Op, errno: i32, text: &str) -> Line {
    // `IP_VS_SO_SET_*` of `linux/ip_vs.h`.
    let (command, number, about) = match op {
        Op::NewService(key, _) => ("ADD", 1154, ServiceName::Single(*key).to_string()),
        Op::SetService(key, _) => ("EDIT", 1155, ServiceName::Single(*key).to_string()),
        Op::DelService(key) => ("DEL", 1156, ServiceName::Single(*key).to_string()),
        Op::NewDest(key, server, _) => ("ADDDEST", 1159, pair(*key, *server)),
        Op::DelDest(key, server) => ("DELDEST", 1160, pair(*key, *server)),
        Op::SetDest(key, server, _) => ("EDITDEST", 1161, pair(*key, *server)),
        Op::NewDaemon(daemon) => ("STARTDAEMON", 1163, role(daemon.role)),
        Op::DelDaemon(which) => ("STOPDAEMON", 1164, role(*which)),
    };
    let text = format!("IPVS cmd IP_VS_SO_SET_{command}({number}) error: {text}({errno}) ({about})");
    Line { level: Level::ERROR, detail: false, text }
}

fn pair(service: ServiceKey, server: DestKey) -> String {
    let service = ServiceName::Single(service);
    format!("{service} -> {}", RealName::of(&service, server))
}

/// As keepalived's lines have it, for a mark that comes and one that goes.
fn member_name(member: &GroupMember, protocol: Protocol, added: bool) -> String {
    match member {
        GroupMember::Addresses { first, last, port } if first == last => {
            format!("[{first}]:{protocol}:{port}")
        }
        GroupMember::Addresses { first, last, port } => format!("[{first}]:{protocol}:{port}-{last}"),
        GroupMember::Fwmark { mark, .. } if added => format!("FWM {mark}"),
        GroupMember::Fwmark { mark, .. } => mark.to_string(),
    }
}

fn role(role: SyncRole) -> String {
    match role {
        SyncRole::Master => "master".into(),
        SyncRole::Backup => "backup".into(),
    }
}

fn line(text: String) -> Line {
    Line { level: Level::INFO, detail: false, text }
}

/// Whom a result is about: a real server, in a service.
type About<'a> = (&'a RealName, &'a ServiceName);

fn script((real, service): About<'_>, check: &Check) -> String {
    let program = match &check.kind {
        CheckKind::Misc(misc) => misc.command.argv.first().map_or("", String::as_str),
        _ => "",
    };
    format!("Misc check for [{real} VS {service}] by [{program}]")
}

fn script_failed(about: About<'_>, check: &Check, failure: &Failure, tries: String) -> String {
    let script = script(about, check);
    match failure {
        Failure::RanTooLong => format!("{script} timed out{tries}."),
        Failure::Exited(status) => format!("{script} failed{tries} (exited with status {status})."),
        Failure::Killed(signal) => format!("{script} failed{tries} (due to signal {signal})."),
        _ => format!("{script} failed{tries}."),
    }
}

fn tries(check: &Check, retries: Option<u32>) -> String {
    match retries {
        Some(1) => " after 1 retry".into(),
        Some(retries) => format!(" after {retries} retries"),
        None if check.pace.retry == 0 => " with retry disabled".into(),
        None => String::new(),
    }
}

/// Of the nth failure of a row.
fn more_tries(check: &Check, nth: u32) -> String {
    match (nth, check.pace.retry) {
        (1, 1) => ", will do 1 retry".into(),
        (1, retries) => format!(", will do {retries} retries"),
        (nth, retries) => format!(" on retry {}/{retries}", nth.saturating_sub(1)),
    }
}

fn check_name(check: &Check) -> &'static str {
    match check.kind {
        CheckKind::Http(_) | CheckKind::Ssl(_) => "HTTP_CHECK",
        _ => check.kind.keyword(),
    }
}

/// Most kinds say that they failed, two of them how.
fn failed(about: About<'_>, check: &Check, failure: &Failure, retries: Option<u32>) -> String {
    let (real, service) = about;
    match (&check.kind, retries) {
        (CheckKind::Ping, Some(retries)) => {
            format!("ICMP CHECK on service {real} of {service} failed after {retries} retries.")
        }
        (CheckKind::Ping, None) => format!("ICMP CHECK on service {real} of {service} failed."),
        (CheckKind::Misc(_), _) => script_failed(about, check, failure, tries(check, retries)),
        (CheckKind::Smtp(_), _) | (CheckKind::Dns(_), None) => attempt_failed(about, check, failure),
        (CheckKind::Dns(_), Some(retries)) => {
            format!("{} after {retries} retries", attempt_failed(about, check, failure))
        }
        // What is configured, however many there were.
        (CheckKind::Http(_) | CheckKind::Ssl(_), _) if check.pace.retry > 0 => {
            format!("HTTP_CHECK on service {real} failed after {} retries.", check.pace.retry)
        }
        (_, Some(retries)) => {
            format!("{} on service {real} failed after {retries} retries.", check_name(check))
        }
        (_, None) => format!("{} on service {real} failed.", check_name(check)),
    }
}

fn passed(about: About<'_>, check: &Check, success: &Success) -> String {
    let real = about.0;
    match success {
        Success::Ran { .. } => format!("{} succeeded.", script(about, check)),
        Success::Connected => format!("TCP connection to {real} success."),
        Success::Answered => match check.kind {
            CheckKind::Smtp(_) => format!("Remote SMTP server {real} succeed on service."),
            CheckKind::Ping => format!("ICMP connection to {real} success."),
            _ => format!("UDP connection to {real} success."),
        },
        Success::Http { url, digest_compared, pattern_compared, .. } => {
            let what = match (digest_compared, pattern_compared) {
                (_, true) => "Regex match",
                (true, false) => "MD5 digest",
                (false, false) => "HTTP status code",
            };
            format!("{what} success to {real} url({})", url_path(check, *url))
        }
    }
}

fn attempt_failed(about: About<'_>, check: &Check, failure: &Failure) -> String {
    let real = about.0;
    match &check.kind {
        CheckKind::Tcp(_) => match failure {
            Failure::ConnectTimeout | Failure::Deadline(_) => format!("TCP connection to {real} timeout."),
            _ => format!("TCP connection to {real} failed."),
        },
        CheckKind::Http(_) | CheckKind::Ssl(_) => match failure {
            Failure::Connect(_) => format!("Connection failed server {real}."),
            Failure::ConnectTimeout | Failure::HandshakeTimeout => {
                format!("Timeout connecting server {real}.")
            }
            Failure::Handshake(_) => {
                format!("SSL handshake/communication error connecting to server {real}.")
            }
            Failure::Untrusted(reason) => format!("Certificate of server {real} refused: {reason}."),
            Failure::ReadTimeout => format!("Timeout WEB read server {real}."),
            Failure::Stalled => format!("Timeout HTTP read server {real}."),
            Failure::Deadline(limit) => {
                format!("Timeout HTTP read server {real}. (no whole answer within {limit:?})")
            }
            // Two blanks, as keepalived has it.
            Failure::Broken(0) => format!("Read, no data received from  server {real}."),
            Failure::Broken(_) | Failure::Malformed => format!("Read error with server {real}."),
            Failure::HttpStatus { .. } => format!("HTTP status code error to server {real}."),
            Failure::Digest { .. } => format!("MD5 digest error to server {real}."),
            Failure::Pattern { gave_up: false, .. } => format!("Regex match failed server {real}."),
            Failure::Pattern { url, gave_up: true, .. } => {
                let path = url_path(check, *url);
                format!("Regex match failed server {real}. (url({path}) needs too much work or memory)")
            }
            _ => format!("Read error with server {real}."),
        },
        CheckKind::Smtp(_) => format!("SMTP_CHECK {}", mail_failure(check, failure)),
        CheckKind::Dns(_) => format!("DNS_CHECK ({real}) {}", question_problem(check, failure)),
        CheckKind::Udp(_) if *failure == Failure::Mismatch => {
            format!("UDP check to {real} reply data mismatch.")
        }
        CheckKind::Udp(_) => format!("UDP connection to {real} failed."),
        CheckKind::Ping if *failure == Failure::ReadTimeout => {
            format!("ICMP connection to address {real} timeout.")
        }
        CheckKind::Ping => format!("ICMP connection to address {real} failed."),
        CheckKind::Misc(_) => script_failed(about, check, failure, String::new()),
        kind => format!("{} on service {real} failed.", kind.keyword()),
    }
}

/// What a mail server did wrong, and which.
pub(super) fn mail_failure(check: &Check, failure: &Failure) -> String {
    let problem = match failure {
        Failure::Connect(_) => "Could not connect to",
        Failure::ConnectTimeout => "Connection timeout to",
        Failure::ReadTimeout => "Read timeout from",
        Failure::Greeting => "Bad greeting banner from",
        Failure::Helo => "Bad HELO response from",
        _ => "Read failure from",
    };
    format!("{problem} server {}", address(check))
}

fn question_problem(check: &Check, failure: &Failure) -> String {
    match failure {
        Failure::Connect(libc::ENETUNREACH) => format!("network unreachable for {}", address(check)),
        Failure::Connect(errno) => {
            format!("failed to read socket; errno {errno} ({})", Errno::from_raw(*errno).desc())
        }
        Failure::Rcode(code) => format!("read error occurred. (rcode = {code})"),
        _ => "read timeout from socket".into(),
    }
}

/// Where a check goes, which need not be its real server.
fn address(check: &Check) -> String {
    format!("[{}]:{}", check.target.ip(), check.target.port())
}

fn url_path(check: &Check, url: usize) -> &str {
    match &check.kind {
        CheckKind::Http(pages) | CheckKind::Ssl(pages) => pages.urls.get(url).map_or("", |url| &url.path),
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Family;
    use crate::lvs::quorum::Balance;
    use crate::objects::ipvs::Protocol;

    fn service() -> ServiceKey {
        ServiceKey::Address { protocol: Protocol::Tcp, address: [10, 0, 0, 1].into(), port: 80 }
    }

    fn server() -> DestKey {
        DestKey { address: [10, 0, 0, 2].into(), port: 80 }
    }

    fn text(note: Note) -> String {
        render(&note).text
    }

    #[test]
    fn quorum_in_keepalived_s_arithmetic() {
        let service = ServiceName::Single(service());
        let balance = Balance { quorum: 2, hysteresis: 1, live: 3 };
        assert_eq!(
            text(Note::Quorum { service: service.clone(), up: true, balance }),
            "Gained quorum 2+1=3 <= 3 for VS [10.0.0.1]:tcp:80"
        );
        let balance = Balance { live: 0, ..balance };
        assert_eq!(
            text(Note::Quorum { service, up: false, balance }),
            "Lost quorum 2-1=1 > 0 for VS [10.0.0.1]:tcp:80"
        );
    }

    #[test]
    fn servers_come_and_go_in_four_words() {
        let service = ServiceName::Single(service());
        let real = RealName::of(&service, server());
        let said = |up, inhibit| text(Note::RealServer { real, service: service.clone(), up, inhibit });
        assert_eq!(said(false, false), "Removing service [10.0.0.2]:tcp:80 from VS [10.0.0.1]:tcp:80");
        assert_eq!(said(true, false), "Adding service [10.0.0.2]:tcp:80 to VS [10.0.0.1]:tcp:80");
        assert_eq!(said(false, true), "Disabling service [10.0.0.2]:tcp:80 of VS [10.0.0.1]:tcp:80");
        assert_eq!(said(true, true), "Enabling service [10.0.0.2]:tcp:80 of VS [10.0.0.1]:tcp:80");
        let released = Note::Released { real, service: service.clone(), stopping: true, inhibited: true };
        assert_eq!(
            text(released),
            "Shutting down (inhibited) service [10.0.0.2]:tcp:80 from VS [10.0.0.1]:tcp:80"
        );
    }

    #[test]
    fn refusals_name_command_and_servers() {
        let line = refused(&Op::DelDest(service(), server()), 2, "No such file or directory");
        assert_eq!(
            line.text,
            "IPVS cmd IP_VS_SO_SET_DELDEST(1160) error: No such file or directory(2) \
             ([10.0.0.1]:tcp:80 -> [10.0.0.2]:tcp:80)"
        );
        let mark = ServiceKey::Fwmark { mark: 9, family: Family::V4 };
        assert_eq!(
            refused(&Op::DelService(mark), 3, "No such process").text,
            "IPVS cmd IP_VS_SO_SET_DEL(1156) error: No such process(3) (FWM 9)"
        );
    }
}
