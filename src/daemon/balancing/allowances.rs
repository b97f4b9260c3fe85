//! What the system must allow the probes; it is asked when a configuration comes that needs it.

use std::io;

use nix::unistd::getegid;

use crate::config::model::{Check, CheckKind, Config};
use crate::health::checker::is_probed;
use crate::kernel::{limit, sysctl};
use crate::report::{Ident, Line, emit};

/// Files that are open beside the sockets of probes: VRRP's sockets, scripts, log, netlink.
const OTHER_FILES: u64 = 4096;
/// The groups that may send echoes, of IPv4 and IPv6.
const GROUPS: [&str; 3] = ["net", "ipv4", "ping_group_range"];

/// Lets as many sockets be open as there may be probes under way at once, and echoes be sent where there are some to
/// send; says so where that is refused.
pub fn allow_probes(config: &Config) {
    let reals = || config.virtual_servers.iter().flat_map(|server| &server.real_servers);
    let probed = || reals().flat_map(|real| &real.checks).filter(|check| is_probed(&check.kind));
    let checks = probed().count() as u64;
    if let Err(error) = limit::allow_open_files(checks.saturating_add(OTHER_FILES)) {
        let text = format!("cannot open as many files as there are checkers ({checks}): {error}");
        emit(Ident::Checkers, Line::warn(text));
    }
    if probed().any(|check| sends_echoes(check)) {
        allow_echoes();
    }
}

fn sends_echoes(check: &Check) -> bool {
    matches!(check.kind, CheckKind::Ping)
}

fn allow_echoes() {
    let widened = || -> io::Result<Option<String>> {
        let Some(wanted) = widened(&sysctl::read(&GROUPS)?, getegid().as_raw()) else { return Ok(None) };
        sysctl::write(&GROUPS, &wanted)?;
        Ok(Some(wanted))
    };
    match widened() {
        Ok(None) => {}
        Ok(Some(range)) => {
            let text = format!("net.ipv4.ping_group_range is now '{range}', for PING_CHECK");
            emit(Ident::Checkers, Line::info(text));
        }
        Err(error) => {
            let text = format!("cannot widen net.ipv4.ping_group_range for PING_CHECK: {error}");
            emit(Ident::Checkers, Line::warn(text));
        }
    }
}

/// The range from 0 on that has this group too; `None` where the present one has it.
fn widened(range: &str, group: u32) -> Option<String> {
    let mut ends = range.split_whitespace().map(str::parse::<u32>);
    match (ends.next(), ends.next()) {
        (Some(Ok(first)), Some(Ok(last))) if (first..=last).contains(&group) => None,
        (Some(Ok(first)), Some(Ok(last))) if first <= last => Some(format!("0\t{}", last.max(group))),
        // From 1 to 0: nobody.
        _ => Some(format!("0\t{group}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_only_grows() {
        for (range, group, expected) in [
            ("1\t0", 0, Some("0\t0")),
            ("1\t0", 7, Some("0\t7")),
            ("0\t2147483647", 0, None),
            ("5\t9", 0, Some("0\t9")),
            ("5\t9", 20, Some("0\t20")),
            ("5\t9", 6, None),
        ] {
            assert_eq!(widened(range, group).as_deref(), expected, "{range} {group}");
        }
    }
}
