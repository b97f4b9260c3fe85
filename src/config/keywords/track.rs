//! Rows of what VRRP instances and real servers track, and of BFD.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::{Keyword, row};

/// `vrrp_script`
pub const SCRIPT: &[Keyword] = &[
    row("script", Script, Faults, LastWins, "none (required)").doc(
        "1.1.13",
        "COMMAND with arguments (quote the whole)",
        "Command to run.",
    ),
    row("interval", Decimal(1000, 4294967000000, 3), Exits, LastWins, "1").doc(
        "1.1.13",
        "SECS 0.001..4294967, 3 decimals",
        "Time between starts; 0 becomes 1 with an error.",
    ),
    row("timeout", Decimal(0, 4294967295, 3), Exits, LastWins, "same as interval").doc(
        "1.2.6",
        "SECS, 3 decimals",
        "Time after which a run counts as failed; 0 becomes 1 with an error.",
    ),
    row("weight", Weight(253), Exits, LastWins, "0").doc(
        "0.5.3",
        "-253..253 [reverse]",
        "Default weight for trackers.",
    ),
    row("rise", Lax(1, i32::MAX as i64), Exits, LastWins, "1").doc(
        "1.1.18",
        "1..INT_MAX",
        "Successes needed to become OK.",
    ),
    row("fall", Lax(1, i32::MAX as i64), Exits, LastWins, "1").doc(
        "1.1.18",
        "1..INT_MAX",
        "Failures needed to become KO.",
    ),
    row("user", User, Exits, LastWins, "script_user default").doc(
        "1.3.0",
        "USER [[:]GROUP]",
        "Identity of the script.",
    ),
    row("init_fail", Nothing, Allowed, LastWins, "off (first result decides)").doc(
        "1.3.2",
        "none",
        "Treat the script as failed until it has succeeded.",
    ),
];

/// `vrrp_track_process`
pub const TRACK_PROCESS: &[Keyword] = &[
    row("process", Words, Exits, FirstWins, "none (required)").doc(
        "2.0.11",
        "NAME or PATH [PARAM...]",
        "What to look for; parameters imply full_command and exact match.",
    ),
    row(
        "param_match",
        Choice(&["initial", "partial"]),
        Allowed,
        LastWins,
        "none (exact if parameters are given)",
    )
    .doc(
        "2.0.16",
        "[initial|partial]",
        "Match parameters exactly, the last one as a prefix (initial), or only the first n \
(partial); implies full_command.",
    ),
    row("weight", Weight(254), Faults, FirstWins, "0").doc(
        "0.5.3",
        "-254..254 [reverse]",
        "Default weight.",
    ),
    row("quorum", Lax(1, 65535), Exits, LastWins, "1").doc(
        "1.1.16",
        "1..65535",
        "Least number of processes.",
    ),
    row("quorum_max", Lax(0, 65535), Exits, LastWins, "unlimited").doc(
        "2.0.16",
        "0..65535",
        "Most processes; 0 means must not run.",
    ),
    row("delay", Decimal(1, 3600000000, 6), Exits, LastWins, "0").doc(
        "2.0.11",
        "SECS 0.000001..3600",
        "Sets both delays.",
    ),
    row("terminate_delay", Decimal(1, 3600000000, 6), Exits, LastWins, "0").doc(
        "2.0.16",
        "SECS 0.000001..3600",
        "Delay before loss of quorum counts.",
    ),
    row("fork_delay", Decimal(1, 3600000000, 6), Exits, LastWins, "0").doc(
        "2.0.16",
        "SECS 0.000001..3600",
        "Delay before gain of quorum counts.",
    ),
    row("full_command", Nothing, Allowed, LastWins, "off (compare the comm name)").doc(
        "2.0.11",
        "none",
        "Compare the full command line.",
    ),
];

/// `track_file`
pub const TRACK_FILE: &[Keyword] = &[
    row("file", Word, Faults, FirstWins, "none (required)").doc(
        "2.0.0",
        "PATH",
        "File to watch (inotify). Directory must exist and not be on a file system that \
cannot be watched.",
    ),
    row("weight", Weight(254), Faults, FirstWins, "1").doc(
        "0.5.3",
        "-254..254 [reverse]",
        "Factor applied to the number in the file.",
    ),
    row("init_file", Words, Allowed, LastWins, "do not create; value 0").doc(
        "2.0.0",
        "[INT] [overwrite]",
        "Create the file at start (not on reload or -t) with the value; overwrite also \
replaces existing content.",
    ),
];

/// `bfd_instance`
pub const BFD: &[Keyword] = &[
    row("source_ip", Ip, Exits, LastWins, "kernel choice").doc("2.0.0", "IP", "Local address.").later(),
    row("neighbor_ip", Ip, Exits, LastWins, "none (required)").doc("2.0.0", "IP", "Peer address.").later(),
    row("neighbour_ip", Ip, Exits, LastWins, "none (required)")
        .doc("2.0.0", "IP", "Same as neighbor_ip.")
        .later(),
    row("min_rx", Decimal(1000000, 4294967000000, 3), Exits, LastWins, "10")
        .doc(
            "2.0.0",
            "MSECS 1..4294967, 3 decimals",
            "Required minimum receive interval; above 10000 logs a notice.",
        )
        .later(),
    row("min_tx", Decimal(1000000, 4294967000000, 3), Exits, LastWins, "10")
        .doc(
            "2.0.0",
            "MSECS 1..4294967, 3 decimals",
            "Desired minimum transmit interval; above 10000 logs a notice.",
        )
        .later(),
    row("idle_tx", Decimal(1000000000, 4294967000000, 3), Exits, LastWins, "1000")
        .doc("2.0.0", "MSECS 1000..4294967, 3 decimals", "Transmit interval while the session is not up.")
        .later(),
    row("multiplier", Int(1, 255), Exits, LastWins, "5")
        .doc("2.0.0", "1..255", "Detection multiplier.")
        .later(),
    row("passive", Nothing, Allowed, LastWins, "active")
        .doc("2.0.0", "none", "Do not send until the peer has.")
        .later(),
    row("ttl", Int(1, 255), Exits, LastWins, "255 (IPv6: 64)")
        .doc("2.0.0", "1..255", "TTL or hop limit of sent packets.")
        .later(),
    row("hoplimit", Int(1, 255), Exits, LastWins, "64 (IPv4: 255)")
        .doc("2.0.0", "1..255", "Same setting as ttl.")
        .later(),
    row("max_hops", Int(-1, 255), Exits, LastWins, "0")
        .doc("2.0.0", "-1..255", "Tolerated reduction of TTL in received packets.")
        .later(),
    row("multihop", Boolean, Allowed, LastWins, "off (port 3784)")
        .doc("2.2.8", "[BOOL]", "Use port 4784 (RFC 5883).")
        .later(),
    row("weight", Weight(253), Exits, LastWins, "0")
        .doc("0.5.3", "-253..253 [reverse]", "Default tracking weight for VRRP.")
        .later(),
    row("vrrp", Nothing, Allowed, LastWins, "both vrrp and checker")
        .doc(
            "2.0.0",
            "none",
            "Send events to the VRRP process (if only one of vrrp/checker is given only that one \
gets them).",
        )
        .later(),
    row("checker", Nothing, Allowed, LastWins, "both vrrp and checker")
        .doc("2.0.0", "none", "Send events to the checker process.")
        .later(),
];
