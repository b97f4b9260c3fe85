//! Rows of the words in the lines of `virtual_rules` and `static_rules`.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::{Keyword, row};

/// The line of a rule
pub const RULE: &[Keyword] = &[
    row("inet", Nothing, Allowed, FirstWins, "by addresses, else IPv4").doc("", "none", "Force IPv4."),
    row("inet6", Nothing, Allowed, FirstWins, "by addresses, else IPv4").doc("", "none", "Force IPv6."),
    row("from", Words, Allowed, LastWins, "any").doc("", "IP[/LEN], default, any, all", "Source prefix."),
    row("to", Words, Allowed, LastWins, "any").doc(
        "",
        "IP[/LEN], default, any, all",
        "Destination prefix.",
    ),
    row("table", Words, Allowed, FirstWins, "").doc(
        "",
        "number or rt_tables name (not 0)",
        "Look up this table.",
    ),
    row("lookup", Words, Allowed, FirstWins, "").doc("", "number or rt_tables name", "Same as table."),
    row("not", Nothing, Allowed, LastWins, "off").doc("", "none", "Invert the match."),
    row("preference", Words, Allowed, LastWins, "counts down from 16384 per family, with an error message")
        .doc("", "UINT32, any base", "Rule priority."),
    row("order", Int(0, u32::MAX as i64), Allowed, LastWins, "as preference").doc(
        "",
        "UINT32",
        "Same as preference.",
    ),
    row("priority", Int(0, u32::MAX as i64), Allowed, LastWins, "as preference").doc(
        "",
        "UINT32",
        "Same as preference.",
    ),
    row("tos", Words, Allowed, LastWins, "0").doc("", "DSFIELD", "Type of service."),
    row("dsfield", Words, Allowed, LastWins, "0").doc("", "DSFIELD", "Same as tos."),
    row("fwmark", Words, Allowed, LastWins, "none").doc("", "MARK[/MASK], any base", "Firewall mark."),
    row("realms", Words, Allowed, LastWins, "none").doc("", "[FROM/]TO", "Realms (IPv4, only with table)."),
    row("suppress_prefixlength", Int(0, i32::MAX as i64), Allowed, LastWins, "none").doc(
        "",
        "0..INT32_MAX",
        "Only with table.",
    ),
    row("sup_pl", Int(0, i32::MAX as i64), Allowed, LastWins, "none").doc(
        "",
        "0..INT32_MAX",
        "Same as suppress_prefixlength.",
    ),
    row("suppress_ifgroup", Words, Allowed, LastWins, "none").doc(
        "",
        "group name or number",
        "Only with table.",
    ),
    row("sup_group", Words, Allowed, LastWins, "none").doc(
        "",
        "group name or number",
        "Same as suppress_ifgroup.",
    ),
    row("dev", Word, Allowed, LastWins, "none").doc("", "IFNAME", "Incoming interface."),
    row("iif", Word, Allowed, LastWins, "none").doc("", "IFNAME", "Same as dev."),
    row("oif", Word, Allowed, LastWins, "none").doc("", "IFNAME", "Outgoing interface."),
    row("tunnel-id", Words, Allowed, LastWins, "none").doc("", "UINT64", "Tunnel key."),
    row("uidrange", Words, Allowed, LastWins, "none").doc("", "A-B", "User ids."),
    row("l3mdev", Nothing, Allowed, FirstWins, "").doc("", "none", "Table of the L3 master device."),
    row("protocol", Int(0, 255), Allowed, LastWins, "18 (keepalived)").doc(
        "",
        "0..255",
        "Rule protocol; kept only with no_track.",
    ),
    row("ipproto", Words, Allowed, LastWins, "none").doc(
        "",
        "name or number",
        "IP protocol (the manual writes ip_proto, which is not accepted).",
    ),
    row("sport", Words, Allowed, LastWins, "none").doc(
        "",
        "A-B",
        "Source ports; a single number is rejected with an error in this version.",
    ),
    row("dport", Words, Allowed, LastWins, "none").doc(
        "",
        "A-B",
        "Destination ports; a single number is rejected with an error in this version.",
    ),
    row("type", Words, Allowed, Repeats, "").doc("", "ACTION", "Introduces an action."),
    row("goto", Words, Allowed, FirstWins, "").doc(
        "",
        "PREFERENCE",
        "Jump forward; needs an own smaller preference.",
    ),
    row("nop", Nothing, Allowed, FirstWins, "").doc("", "none", "No action."),
    row("blackhole", Nothing, Allowed, FirstWins, "").doc("", "none", "Drop silently."),
    row("unreachable", Nothing, Allowed, FirstWins, "").doc("", "none", "Reject as unreachable."),
    row("prohibit", Nothing, Allowed, FirstWins, "").doc("", "none", "Reject as prohibited."),
    row("no_track", Nothing, Allowed, LastWins, "tracked").doc(
        "",
        "none",
        "Do not react to deletion of the rule.",
    ),
];

/// The line of a rule outside instances alone
pub const STATIC_RULE: &[Keyword] = &[row("track_group", Words, Allowed, FirstWins, "none").doc(
    "",
    "NAME",
    "FAULT for the instances in the track group when the rule cannot be restored; needs \
dev.",
)];
