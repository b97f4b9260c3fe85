//! Rows of the words in the lines of `virtual_rules` and `static_rules`.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::{Keyword, row};

/// The line of a rule
pub const RULE: &[Keyword] = &[
    row("inet", Nothing, Allowed, FirstWins, "by addresses, else IPv4")
        .doc("", "none", "Force IPv4.")
        .later(),
    row("inet6", Nothing, Allowed, FirstWins, "by addresses, else IPv4")
        .doc("", "none", "Force IPv6.")
        .later(),
    row("from", Words, Allowed, LastWins, "any")
        .doc("", "IP[/LEN], default, any, all", "Source prefix.")
        .later(),
    row("to", Words, Allowed, LastWins, "any")
        .doc("", "IP[/LEN], default, any, all", "Destination prefix.")
        .later(),
    row("table", Words, Allowed, FirstWins, "")
        .doc("", "number or rt_tables name (not 0)", "Look up this table.")
        .later(),
    row("lookup", Words, Allowed, FirstWins, "")
        .doc("", "number or rt_tables name", "Same as table.")
        .later(),
    row("not", Nothing, Allowed, LastWins, "off").doc("", "none", "Invert the match.").later(),
    row("preference", Words, Allowed, LastWins, "counts down from 16384 per family, with an error message")
        .doc("", "UINT32, any base", "Rule priority.")
        .later(),
    row("order", Int(0, u32::MAX as i64), Allowed, LastWins, "as preference")
        .doc("", "UINT32", "Same as preference.")
        .later(),
    row("priority", Int(0, u32::MAX as i64), Allowed, LastWins, "as preference")
        .doc("", "UINT32", "Same as preference.")
        .later(),
    row("tos", Words, Allowed, LastWins, "0").doc("", "DSFIELD", "Type of service.").later(),
    row("dsfield", Words, Allowed, LastWins, "0").doc("", "DSFIELD", "Same as tos.").later(),
    row("fwmark", Words, Allowed, LastWins, "none")
        .doc("", "MARK[/MASK], any base", "Firewall mark.")
        .later(),
    row("realms", Words, Allowed, LastWins, "none")
        .doc("", "[FROM/]TO", "Realms (IPv4, only with table).")
        .later(),
    row("suppress_prefixlength", Int(0, i32::MAX as i64), Allowed, LastWins, "none")
        .doc("", "0..INT32_MAX", "Only with table.")
        .later(),
    row("sup_pl", Int(0, i32::MAX as i64), Allowed, LastWins, "none")
        .doc("", "0..INT32_MAX", "Same as suppress_prefixlength.")
        .later(),
    row("suppress_ifgroup", Words, Allowed, LastWins, "none")
        .doc("", "group name or number", "Only with table.")
        .later(),
    row("sup_group", Words, Allowed, LastWins, "none")
        .doc("", "group name or number", "Same as suppress_ifgroup.")
        .later(),
    row("dev", Word, Allowed, LastWins, "none").doc("", "IFNAME", "Incoming interface.").later(),
    row("iif", Word, Allowed, LastWins, "none").doc("", "IFNAME", "Same as dev.").later(),
    row("oif", Word, Allowed, LastWins, "none").doc("", "IFNAME", "Outgoing interface.").later(),
    row("tunnel-id", Words, Allowed, LastWins, "none").doc("", "UINT64", "Tunnel key.").later(),
    row("uidrange", Words, Allowed, LastWins, "none").doc("", "A-B", "User ids.").later(),
    row("l3mdev", Nothing, Allowed, FirstWins, "")
        .doc("", "none", "Table of the L3 master device.")
        .later(),
    row("protocol", Int(0, 255), Allowed, LastWins, "18 (keepalived)")
        .doc("", "0..255", "Rule protocol; kept only with no_track.")
        .later(),
    row("ipproto", Words, Allowed, LastWins, "none")
        .doc("", "name or number", "IP protocol (the manual writes ip_proto, which is not accepted).")
        .later(),
    row("sport", Words, Allowed, LastWins, "none")
        .doc("", "A-B", "Source ports; a single number is rejected with an error in this version.")
        .later(),
    row("dport", Words, Allowed, LastWins, "none")
        .doc("", "A-B", "Destination ports; a single number is rejected with an error in this version.")
        .later(),
    row("type", Words, Allowed, Repeats, "").doc("", "ACTION", "Introduces an action.").later(),
    row("goto", Words, Allowed, FirstWins, "")
        .doc("", "PREFERENCE", "Jump forward; needs an own smaller preference.")
        .later(),
    row("nop", Nothing, Allowed, FirstWins, "").doc("", "none", "No action.").later(),
    row("blackhole", Nothing, Allowed, FirstWins, "").doc("", "none", "Drop silently.").later(),
    row("unreachable", Nothing, Allowed, FirstWins, "").doc("", "none", "Reject as unreachable.").later(),
    row("prohibit", Nothing, Allowed, FirstWins, "").doc("", "none", "Reject as prohibited.").later(),
    row("no_track", Nothing, Allowed, LastWins, "tracked")
        .doc("", "none", "Do not react to deletion of the rule.")
        .later(),
];

/// The line of a rule outside instances alone
pub const STATIC_RULE: &[Keyword] = &[row("track_group", Words, Allowed, FirstWins, "none")
    .doc(
        "",
        "NAME",
        "FAULT for the instances in the track group when the rule cannot be restored; needs \
dev.",
    )
    .later()];
