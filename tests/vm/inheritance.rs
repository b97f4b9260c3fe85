//! What a checker takes from its real server and its service: every option at every level, alone and together, for
//! every kind of checker, as the installed keepalived shows it with `-d`.

use std::fmt::Write as _;

use super::meaning;
use crate::support::surroundings::Surroundings;

const KINDS: [(&str, &str); 10] = [
    ("TCP_CHECK", ""),
    ("HTTP_GET", "url {\npath /\n}\n"),
    ("SSL_GET", "url {\npath /\n}\n"),
    ("SMTP_CHECK", ""),
    ("UDP_CHECK", ""),
    ("DNS_CHECK", ""),
    ("PING_CHECK", ""),
    ("MISC_CHECK", "misc_path /bin/true\n"),
    ("FILE_CHECK", "track_file load\n"),
    ("BFD_CHECK", "name PEER\n"),
];

/// An option as it stands at the service, at the real server and in the checker. Empty: it cannot stand there.
const OPTIONS: [[&str; 3]; 10] = [
    ["connect_timeout 2", "connect_timeout 3.5", "connect_timeout 4"],
    ["delay_loop 7", "delay_loop 8.25", "delay_loop 9"],
    ["retry 4", "retry 5", "retry 6"],
    ["", "", "retry 0"],
    ["delay_before_retry 2", "delay_before_retry 0.5", "delay_before_retry 4"],
    ["warmup 11", "warmup 12", "warmup 0"],
    ["alpha", "alpha off", "alpha on"],
    ["", "alpha", "alpha off"],
    ["inhibit_on_failure", "inhibit_on_failure off", ""],
    ["", "", "log_all_failures"],
];

/// How a checker connects; the address sets the port back that stood before it. (2.2.7 forgets a `bind_port` without
/// `bindto`: see `balancing_sources`.)
const CONNECTIONS: [&str; 10] = [
    "",
    "connect_ip 10.9.9.9",
    "connect_ip 10.9.9.9\nconnect_port 99",
    "connect_port 99\nconnect_ip 10.9.9.9",
    "connect_port 99",
    "bindto 127.0.0.1",
    "bindto 127.0.0.1\nbind_port 77",
    "bind_if lo",
    "fwmark 7",
    "connect_ip 10.9.9.9\nconnect_port 99\nbindto 127.0.0.1\nbind_port 77\nbind_if lo\nfwmark 4294967295",
];

/// What differs, with the reason. One that agrees must go from this list.
const GAPS: &[(&str, &str)] = &[(
    "inheritance.conf [10.0.0.1]:tcp:1003 -> [10.1.0.1]:tcp:80 #7",
    "2.2.7 gives an SMTP_CHECK the service's connect_timeout only where it stands above",
)];

/// What a checker of this kind may have of the options.
fn fits(kind: &str, option: &str) -> bool {
    let word = option.split(' ').next().unwrap_or_default();
    match kind {
        "FILE_CHECK" => option.is_empty(),
        "BFD_CHECK" => option.is_empty() || word == "alpha",
        "MISC_CHECK" => word != "connect_timeout",
        _ => true,
    }
}

/// One service for each option, and each place of it there; two real servers in each, with and without it.
fn options() -> String {
    let mut text = String::new();
    let mut port = 1000;
    for [of_service, of_server, of_check] in OPTIONS {
        for [above, below] in [["", ""], [of_service, ""], ["", of_service]] {
            port += 1;
            writeln!(
                text,
                "virtual_server 10.0.0.1 {port} {{\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n{above}"
            )
            .unwrap();
            for (number, own) in [(1, ""), (2, of_server)] {
                writeln!(text, "real_server 10.1.0.{number} 80 {{\n{own}").unwrap();
                for (kind, needs) in KINDS {
                    for own in ["", of_check] {
                        // One session for each real server.
                        if fits(kind, own) && (kind != "BFD_CHECK" || own.is_empty() == (number == 1)) {
                            writeln!(text, "{kind} {{\n{needs}{own}\n}}").unwrap();
                        }
                    }
                }
                writeln!(text, "}}").unwrap();
            }
            writeln!(text, "{below}\n}}").unwrap();
        }
    }
    text
}

fn connections() -> String {
    let mut text = "virtual_server 10.0.0.2 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n".to_owned();
    for (number, connection) in CONNECTIONS.iter().enumerate() {
        writeln!(text, "real_server 10.1.0.{} 8080 {{", number + 1).unwrap();
        for (kind, needs) in KINDS.iter().take(7) {
            writeln!(text, "{kind} {{\n{needs}{connection}\n}}").unwrap();
        }
        writeln!(text, "}}").unwrap();
    }
    text + "}\n"
}

/// One file with all of it.
pub fn everything() {
    let above = "track_file load {\nfile /run/load\n}\nbfd_instance PEER {\nneighbor_ip 10.0.0.9\n}\n";
    // Not where keepalived's surroundings hide it.
    let dir = tempfile::Builder::new().prefix("standfast-test-").tempdir_in("/var/tmp").unwrap();
    let file = dir.path().join("inheritance.conf");
    std::fs::write(&file, format!("{above}{}{}", options(), connections())).unwrap();
    let found = meaning::compare(&file, &Surroundings::new()).unwrap();
    assert!(found.len() > 500, "{}", found.len());
    let is_gap = |name: &str| GAPS.iter().any(|(gap, _)| *gap == name);
    let wrong: Vec<String> = (found.iter().filter(|(name, lines)| lines.is_empty() == is_gap(name)))
        .map(|(name, lines)| format!("{name}\n{}", lines.join("\n")))
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), found.len(), wrong.join("\n"));
}
