//! Rows of the words in the lines of `virtual_ipaddress` and its relatives.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::{Keyword, row};

/// The line of an address
pub const ADDRESS: &[Keyword] = &[
    row("(address)", Words, Allowed, Repeats, "prefix 32 or 128").doc(
        "",
        "IP[/PREFIXLEN], first word of the line",
        "The address.",
    ),
    row(
        "dev",
        Word,
        Allowed,
        FirstWins,
        "instance interface (VMAC if used); static: default_interface, eth0",
    )
    .doc("", "IFNAME", "Interface that gets the address."),
    row("scope", Words, Allowed, LastWins, "global").doc(
        "",
        "site, link, host, nowhere, global or number or rt_scopes name",
        "Address scope (IPv4 only).",
    ),
    row("broadcast", Words, Allowed, LastWins, "none").doc(
        "",
        "IP, + or -",
        "Broadcast address; + sets and - clears the host bits.",
    ),
    row("brd", Words, Allowed, LastWins, "none").doc("", "IP, + or -", "Same as broadcast."),
    row("label", Words, Allowed, LastWins, "none").doc(
        "",
        "STRING up to 15 chars",
        "Address label (IPv4 only).",
    ),
    row("peer", Words, Allowed, FirstWins, "none").doc("", "IP without prefix", "Point to point peer."),
    row("home", Nothing, Allowed, LastWins, "off").doc("", "none", "IFA_F_HOMEADDRESS."),
    row("-nodad", Nothing, Allowed, LastWins, "DAD is disabled for IPv6 by default").doc(
        "",
        "none",
        "Keep duplicate address detection enabled.",
    ),
    row("mngtmpaddr", Nothing, Allowed, LastWins, "off").doc("", "none", "IFA_F_MANAGETEMPADDR."),
    row("noprefixroute", Nothing, Allowed, LastWins, "off").doc("", "none", "No prefix route."),
    row("autojoin", Nothing, Allowed, LastWins, "off").doc("", "none", "IFA_F_MCAUTOJOIN."),
    row("no_track", Nothing, Allowed, LastWins, "tracked").doc(
        "",
        "none",
        "Do not react to deletion of the address or to its interface going down.",
    ),
    row("preferred_lft", Words, Allowed, LastWins, "0 for IPv6 /128, else forever").doc(
        "",
        "SECS or forever",
        "Preferred life time; 0 makes the address deprecated.",
    ),
];

/// The line of an address of an instance alone
pub const VIRTUAL_ADDRESS: &[Keyword] = &[row("use_vmac", Nothing, Allowed, LastWins, "off").doc(
    "",
    "none",
    "Put the address on a VMAC of the interface given with dev.",
)];

/// The line of an address outside instances alone
pub const STATIC_ADDRESS: &[Keyword] = &[row("track_group", Words, Allowed, FirstWins, "none").doc(
    "",
    "NAME",
    "FAULT for the instances in the track group when the address cannot be restored.",
)];
