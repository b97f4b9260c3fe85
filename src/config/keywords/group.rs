//! Rows of the groups of VRRP instances.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::Values::*;
use super::{Keyword, row};

/// `vrrp_sync_group`
pub const SYNC_GROUP: &[Keyword] = &[
    row("group", Values(Names), Allowed, FirstWins, "").doc(
        "0.6.4",
        "value block of instance names",
        "Members of the sync group.",
    ),
    row("track_interface", Values(Tracked), Allowed, Repeats, "").doc(
        "1.0.1",
        "value block, IFNAME [weight -253..253 [reverse]]",
        "Interfaces tracked for all members.",
    ),
    row("track_script", Values(Tracked), Allowed, Repeats, "").doc(
        "1.1.13",
        "value block, SCRIPT [weight -253..253 [reverse|noreverse]]",
        "Scripts tracked for all members.",
    ),
    row("track_file", Values(Tracked), Allowed, Repeats, "").doc(
        "2.0.0",
        "value block, FILE [weight -254..254 [reverse|noreverse]]",
        "Files tracked for all members.",
    ),
    row("track_process", Values(Tracked), Allowed, Repeats, "").doc(
        "2.0.11",
        "value block, PROCESS [weight -254..254 [reverse|noreverse]]",
        "Processes tracked for all members.",
    ),
    row("track_bfd", Values(Tracked), Allowed, Repeats, "")
        .doc(
            "2.0.0",
            "value block, BFD [weight -253..253 [reverse|noreverse]]",
            "BFD sessions tracked for all members.",
        )
        .unused("runs no BFD sessions"),
    row("notify_backup", Script, Exits, FirstWins, "none").doc(
        "0.5.9",
        "SCRIPT [USER [[:]GROUP]]",
        "Run when the group becomes BACKUP.",
    ),
    row("notify_master", Script, Exits, FirstWins, "none").doc(
        "0.5.9",
        "SCRIPT [USER [[:]GROUP]]",
        "Run when the group becomes MASTER.",
    ),
    row("notify_fault", Script, Exits, FirstWins, "none").doc(
        "0.5.9",
        "SCRIPT [USER [[:]GROUP]]",
        "Run when the group becomes FAULT.",
    ),
    row("notify_stop", Script, Exits, FirstWins, "none").doc(
        "1.1.13",
        "SCRIPT [USER [[:]GROUP]]",
        "Run when the daemon stops.",
    ),
    row("notify", Script, Exits, FirstWins, "none").doc(
        "0.5.3",
        "SCRIPT [USER [[:]GROUP]]",
        "Run on every group change with four arguments appended: GROUP name state 0.",
    ),
    row("smtp_alert", Boolean, Allowed, LastWins, "smtp_alert_vrrp, else smtp_alert, else off").doc(
        "0.5.7",
        "[BOOL]",
        "Mail group transitions.",
    ),
    row("global_tracking", Nothing, Allowed, LastWins, "off")
        .doc("1.2.3", "none", "Turns on sync_group_tracking_weight.")
        .deprecated("sync_group_tracking_weight"),
    row("sync_group_tracking_weight", Nothing, Allowed, LastWins, "off").doc(
        "2.0.0",
        "none",
        "Permit weighted tracking by members of the group.",
    ),
    row("notify_priority_changes", Boolean, Allowed, LastWins, "vrrp_notify_priority_changes").doc(
        "2.0.16",
        "[BOOL]",
        "Default for members.",
    ),
];

/// `track_group`
pub const TRACK_GROUP: &[Keyword] = &[row("group", Values(Names), Allowed, FirstWins, "").doc(
    "0.6.4",
    "value block of instance names",
    "Members of the track group.",
)];

/// `garp_group`
pub const GARP_GROUP: &[Keyword] = &[
    row("garp_interval", Decimal(0, 4294967295, 6), Exits, LastWins, "unset").doc(
        "1.2.21",
        "SECS, 6 decimals",
        "Minimum gap between gratuitous ARPs in the group; 1 s or more logs a notice.",
    ),
    row("gna_interval", Decimal(0, 4294967295, 6), Exits, LastWins, "unset").doc(
        "1.2.21",
        "SECS, 6 decimals",
        "Minimum gap between unsolicited NAs in the group.",
    ),
    row("interface", Word, Exits, Repeats, "").doc("0.5.3", "IFNAME", "Apply to this interface."),
    row("interfaces", Values(Names), Allowed, Repeats, "").doc(
        "1.2.21",
        "value block of IFNAMEs",
        "Apply one shared limit to all listed interfaces.",
    ),
];
