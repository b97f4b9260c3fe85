//! Rows of the top level, and of `SSL`.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::Values::*;
use super::{Context, Keyword, row};

/// Outside every block.
pub const TOP: &[Keyword] = &[
    row("linkbeat_use_polling", Nothing, Allowed, LastWins, "off (netlink link state)").doc(
        "1.1.18",
        "none",
        "Poll link state by MII/ETHTOOL/ioctl on every VRRP interface instead of using \
netlink; only in builds with linkbeat support.",
    ),
    row("net_namespace", Word, Faults, FirstWins, "default netns").doc(
        "1.2.24",
        "NAME",
        "Run the whole daemon inside the named network namespace (as under /run/netns); also \
forces the pid directory and appends _NAME to the syslog ident; cannot change at \
reload.",
    ),
    row("net_namespace_ipvs", Words, Allowed, FirstWins, "same netns as the daemon").doc(
        "2.1.0",
        "[NAME]",
        "Do IPVS operations in another network namespace; no NAME means the default \
namespace; cannot change at reload.",
    ),
    row("namespace_with_ipsets", Nothing, Allowed, LastWins, "off")
        .doc("1.3.0", "none", "Allow ipsets in a namespace on kernels older than 3.13.")
        .later(),
    row("use_pid_dir", Nothing, Allowed, LastWins, "off").doc(
        "1.2.24",
        "none",
        "Put pid files (and the default reload file) in <runstatedir>/keepalived/ instead of \
<runstatedir>/.",
    ),
    row("instance", Word, Faults, FirstWins, "unset").doc(
        "1.2.24",
        "NAME",
        "Name this daemon instance: pid files and syslog ident get the name, forces the pid \
directory; ignored on reload (a change refuses the reload).",
    ),
    row("child_wait_time", Int(0, u32::MAX as i64), Exits, LastWins, "5")
        .doc(
            "2.0.0",
            "SECS unsigned int",
            "Seconds the parent waits for its children when stopping before it kills them.",
        )
        .later(),
    row("global_defs", Block(Context::GlobalDefs), Allowed, Repeats, "").doc(
        "0.5.3",
        "block",
        "Container of daemon wide settings.",
    ),
    row("track_group", Block(Context::TrackGroup), Faults, Repeats, "").doc(
        "2.0.3",
        "NAME block",
        "Names a set of VRRP instances that depend on static addresses, routes or rules.",
    ),
    row("static_ipaddress", Values(Addresses), Allowed, Repeats, "").doc(
        "1.1.0",
        "value block",
        "Addresses added at start and kept for the daemon's life, independent of VRRP state.",
    ),
    row("static_routes", Values(Routes), Allowed, Repeats, "").doc(
        "1.0.1",
        "value block",
        "Routes installed at start and kept.",
    ),
    row("static_rules", Values(Rules), Allowed, Repeats, "").doc(
        "1.2.20",
        "value block",
        "Policy rules installed at start and kept.",
    ),
    row("vrrp_sync_group", Block(Context::SyncGroup), Faults, Repeats, "").doc(
        "0.6.1",
        "NAME block",
        "Groups VRRP instances so that they change state together.",
    ),
    row("garp_group", Block(Context::GarpGroup), Allowed, Repeats, "").doc(
        "1.2.21",
        "block (no name)",
        "Rate limits for gratuitous ARP and unsolicited NA per interface or across a set of \
interfaces.",
    ),
    row("linkbeat_interfaces", Values(Interfaces), Allowed, Repeats, "").doc(
        "2.0.13",
        "value block",
        "Interfaces to be polled for link state; each line IFNAME [MII|ETHTOOL|IOCTL]. Only \
in builds with linkbeat support.",
    ),
    row("vrrp_instance", Block(Context::Instance), Faults, Repeats, "").doc(
        "0.5.3",
        "NAME block",
        "One virtual router.",
    ),
    row("vrrp_script", Block(Context::Script), Exits, Repeats, "").doc(
        "1.1.13",
        "NAME block",
        "A script run periodically whose result can be tracked.",
    ),
    row("vrrp_track_process", Block(Context::TrackProcess), Exits, Repeats, "").doc(
        "2.0.11",
        "NAME block",
        "A process whose existence and count is tracked through the kernel proc connector.",
    ),
    row("interface_up_down_delays", Values(Interfaces), Allowed, Repeats, "").doc(
        "2.2.3",
        "value block",
        "Debounce times; each line IFNAME DOWN [UP] in seconds.",
    ),
    row("SSL", Block(Context::Ssl), Allowed, Replaces, "generated context").doc(
        "0.5.3",
        "block",
        "Client key material for SSL_GET.",
    ),
    row("virtual_server_group", Values(Targets), Exits, Repeats, "").doc(
        "1.0.2",
        "NAME block",
        "A named list of addresses, ranges and fwmarks used by virtual_server group NAME.",
    ),
    row("virtual_server", Block(Context::VirtualServer), Exits, Repeats, "").doc(
        "0.5.3",
        "IP [PORT] or fwmark N or group NAME; block",
        "One virtual service.",
    ),
    row("bfd_instance", Block(Context::Bfd), Exits, Repeats, "")
        .doc("2.0.0", "NAME block", "One BFD session (RFC 5880 asynchronous mode).")
        .unused("runs no BFD sessions"),
    row("track_file", Block(Context::TrackFile), Exits, Repeats, "").doc(
        "2.1.0",
        "NAME block",
        "A file whose integer content is tracked by VRRP instances or real servers.",
    ),
    row("vrrp_track_file", Block(Context::TrackFile), Exits, Repeats, "")
        .doc("2.0.0", "NAME block", "Same as track_file.")
        .renamed("track_file"),
];

/// `SSL`
pub const SSL: &[Keyword] = &[
    row("password", Word, Faults, Replaces, "none").doc(
        "0.5.3",
        "STRING",
        "Passphrase of the private key.",
    ),
    row("ca", Word, Faults, Replaces, "none").doc(
        "0.5.3",
        "PATH",
        "CA file (loaded, but the server certificate is never verified).",
    ),
    row("certificate", Word, Faults, Replaces, "none").doc("0.5.3", "PATH", "Client certificate file."),
    row("key", Word, Faults, Replaces, "none").doc("0.5.3", "PATH", "Private key file."),
];
