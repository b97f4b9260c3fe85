//! Rows of the words in the lines of the other value blocks.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::{Keyword, row};

/// The line of a `track_interface` block
pub const TRACKED_INTERFACE: &[Keyword] = &[
    row("(name)", Words, Allowed, Repeats, "").doc("", "NAME, first word of the line", "What is tracked."),
    row("weight", Words, Allowed, FirstWins, "0").doc(
        "",
        "-253..253 [reverse]",
        "Priority effect; 0 means failure causes FAULT.",
    ),
];

/// The line of a `track_script` block
pub const TRACKED_SCRIPT: &[Keyword] = &[
    row("(name)", Words, Allowed, Repeats, "").doc("", "NAME, first word of the line", "What is tracked."),
    row("weight", Words, Allowed, FirstWins, "weight of the tracked object").doc(
        "",
        "-253..253 [reverse|noreverse]",
        "Priority effect; 0 means failure causes FAULT.",
    ),
];

/// The line of a `track_file` block
pub const TRACKED_FILE: &[Keyword] = &[
    row("(name)", Words, Allowed, Repeats, "").doc("", "NAME, first word of the line", "What is tracked."),
    row("weight", Words, Allowed, FirstWins, "weight of the tracked object").doc(
        "",
        "-254..254 [reverse|noreverse]",
        "Priority effect; 0 means failure causes FAULT.",
    ),
];

/// The line of a `track_process` block
pub const TRACKED_PROCESS: &[Keyword] = &[
    row("(name)", Words, Allowed, Repeats, "").doc("", "NAME, first word of the line", "What is tracked."),
    row("weight", Words, Allowed, FirstWins, "weight of the tracked object").doc(
        "",
        "-254..254 [reverse|noreverse]",
        "Priority effect; 0 means failure causes FAULT.",
    ),
];

/// The line of a `track_bfd` block
pub const TRACKED_BFD: &[Keyword] = &[
    row("(name)", Words, Allowed, Repeats, "")
        .doc("", "NAME, first word of the line", "What is tracked.")
        .later(),
    row("weight", Words, Allowed, FirstWins, "weight of the tracked object")
        .doc("", "-253..253 [reverse|noreverse]", "Priority effect; 0 means failure causes FAULT.")
        .later(),
];

/// The line of a `unicast_peer` block
pub const PEER: &[Keyword] = &[
    row("(address)", Words, Allowed, Repeats, "").doc("", "IP, first word of the line", "A peer."),
    row("min_ttl", Int(0, 255), Allowed, LastWins, "0").doc(
        "",
        "0..255",
        "Least accepted TTL or hop limit.",
    ),
    row("max_ttl", Int(0, 255), Allowed, LastWins, "255").doc(
        "",
        "0..255",
        "Greatest accepted TTL or hop limit.",
    ),
];

/// The line of a `virtual_server_group`
pub const MEMBER: &[Keyword] = &[
    row("(address)", Words, Allowed, Repeats, "port 0").doc(
        "",
        "IP [PORT]; IP-N; IP-IP; IP/LEN; each with optional PORT",
        "Service addresses; N replaces the last octet (IPv4) or last group in hex (IPv6).",
    ),
    row("fwmark", Words, Allowed, Repeats, "no family").doc(
        "",
        "UINT32 [inet|inet6]",
        "Firewall mark service.",
    ),
];

/// The line of `linkbeat_interfaces`
pub const LINKBEAT: &[Keyword] = &[row("(interface)", Words, Allowed, Repeats, "best supported").doc(
    "",
    "IFNAME [MII|ETHTOOL|IOCTL]",
    "Interface to poll.",
)];

/// The line of `interface_up_down_delays`
pub const DELAY: &[Keyword] = &[row(
    "(interface)",
    Words,
    Allowed,
    Repeats,
    "UP omitted: 0 in this version (manual says same as DOWN)",
)
.doc("", "IFNAME DOWN [UP], SECS 0..255 with 6 decimals", "Debounce times.")];

/// The line of `notification_email`
pub const EMAIL: &[Keyword] =
    &[row("(address)", Words, Allowed, Repeats, "").doc("", "ADDRESS or \"Name <address>\"", "Recipient.")];
