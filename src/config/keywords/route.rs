//! Rows of the words in the lines of `virtual_routes` and `static_routes`.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::{Keyword, row};

/// The line of a route
pub const ROUTE: &[Keyword] = &[
    row("(destination)", Words, Allowed, Repeats, "required")
        .doc(
            "",
            "[to] [TYPE] IP[/LEN], default, any or all",
            "Destination; TYPE is a route type name such as unicast, local, blackhole, \
unreachable, prohibit, throw. default6 is a deprecated spelling.",
        )
        .later(),
    row("inet", Nothing, Allowed, FirstWins, "by addresses, else IPv4")
        .doc("", "none", "Force IPv4.")
        .later(),
    row("inet6", Nothing, Allowed, FirstWins, "by addresses, else IPv4")
        .doc("", "none", "Force IPv6.")
        .later(),
    row("src", Ip, Allowed, LastWins, "kernel choice").doc("", "IP", "Preferred source.").later(),
    row("via", Words, Allowed, LastWins, "none").doc("", "[inet|inet6] IP", "Gateway.").later(),
    row("gw", Words, Allowed, LastWins, "none").doc("", "[inet|inet6] IP", "Same as via.").later(),
    row("or", Ip, Allowed, FirstWins, "none").doc("", "IP", "Second gateway of a two hop route.").later(),
    row("from", Words, Allowed, LastWins, "none")
        .doc("", "IPv6[/LEN]", "Source prefix (IPv6 only).")
        .later(),
    row("tos", Words, Allowed, LastWins, "0")
        .doc("", "DSFIELD name or number", "Type of service (IPv4).")
        .later(),
    row("dsfield", Words, Allowed, LastWins, "0").doc("", "DSFIELD name or number", "Same as tos.").later(),
    row("table", Words, Allowed, LastWins, "main")
        .doc("", "number or rt_tables name", "Routing table.")
        .later(),
    row("protocol", Words, Allowed, LastWins, "keepalived (18)")
        .doc("", "number or rt_protos name", "Route protocol; kept only with no_track.")
        .later(),
    row("scope", Words, Allowed, LastWins, "universe").doc("", "name or number", "Scope (IPv4).").later(),
    row("metric", Int(0, u32::MAX as i64), Allowed, LastWins, "unset")
        .doc("", "0..UINT32_MAX", "Metric.")
        .later(),
    row("priority", Int(0, u32::MAX as i64), Allowed, LastWins, "unset")
        .doc("", "0..UINT32_MAX", "Same as metric.")
        .later(),
    row("preference", Int(0, u32::MAX as i64), Allowed, LastWins, "unset")
        .doc("", "0..UINT32_MAX", "Same as metric.")
        .later(),
    row("dev", Word, Allowed, LastWins, "none").doc("", "IFNAME", "Output interface.").later(),
    row("oif", Word, Allowed, LastWins, "none").doc("", "IFNAME", "Same as dev.").later(),
    row("onlink", Nothing, Allowed, LastWins, "off").doc("", "none", "Gateway is on link (IPv4).").later(),
    row("encap", Words, Allowed, LastWins, "none")
        .doc(
            "",
            "ip, ip6, mpls or ila with their options",
            "Light weight tunnel. ip: id dst src tos ttl flags; ip6: id dst src tc hoplimit \
flags; mpls: labels; ila: locator.",
        )
        .later(),
    row("expires", Words, Allowed, LastWins, "none").doc("", "SECS", "Life time (IPv6).").later(),
    row("mtu", Words, Allowed, LastWins, "unset").doc("", "[lock] N", "Path MTU.").later(),
    row("hoplimit", Int(0, 255), Allowed, LastWins, "unset")
        .doc("", "0..255", "Hop limit (recorded but the route attribute is set from this value).")
        .later(),
    row("advmss", Words, Allowed, LastWins, "unset").doc("", "[lock] N", "Advertised MSS.").later(),
    row("rtt", Words, Allowed, LastWins, "unset")
        .doc("", "[lock] TIME (s, ms or raw units of 1/8 ms)", "Round trip time.")
        .later(),
    row("rttvar", Words, Allowed, LastWins, "unset").doc("", "[lock] TIME", "RTT variance.").later(),
    row("reordering", Words, Allowed, LastWins, "unset").doc("", "[lock] N", "Reordering.").later(),
    row("window", Words, Allowed, LastWins, "unset").doc("", "N", "Window clamp.").later(),
    row("cwnd", Words, Allowed, LastWins, "unset").doc("", "[lock] N", "Congestion window clamp.").later(),
    row("ssthresh", Words, Allowed, LastWins, "unset").doc("", "[lock] N", "Slow start threshold.").later(),
    row("realms", Words, Allowed, LastWins, "none")
        .doc("", "[FROM/]TO", "Routing realms (IPv4 only).")
        .later(),
    row("rto_min", Words, Allowed, LastWins, "unset").doc("", "[lock] TIME", "Minimum RTO.").later(),
    row("initcwnd", Words, Allowed, LastWins, "unset").doc("", "N", "Initial congestion window.").later(),
    row("initrwnd", Words, Allowed, LastWins, "unset").doc("", "N", "Initial receive window.").later(),
    row("features", Choice(&["ecn"]), Allowed, LastWins, "none").doc("", "ecn", "Route features.").later(),
    row("quickack", Int(0, 1), Allowed, LastWins, "unset").doc("", "0 or 1", "Quick ack.").later(),
    row("congctl", Words, Allowed, LastWins, "none").doc("", "[lock] NAME", "Congestion control.").later(),
    row("pref", Words, Allowed, LastWins, "unset")
        .doc("", "low, medium, high or 0..255", "Router preference (IPv6).")
        .later(),
    row("ttl-propagate", Choice(&["enabled", "disabled"]), Allowed, LastWins, "unset")
        .doc("", "enabled or disabled", "MPLS TTL propagation.")
        .later(),
    row("fastopen_no_cookie", Int(0, 1), Allowed, LastWins, "unset")
        .doc("", "0 or 1", "TCP fast open without cookie.")
        .later(),
    row("add", Nothing, Allowed, LastWins, "prepend")
        .doc("", "none", "Add only if there is no matching route.")
        .later(),
    row("prepend", Nothing, Allowed, LastWins, "prepend")
        .doc("", "none", "Add before matching routes.")
        .later(),
    row("append", Nothing, Allowed, LastWins, "prepend")
        .doc("", "none", "Add after matching routes.")
        .later(),
    row("as", Words, Allowed, Repeats, "")
        .doc("", "[to] ADDR", "Recognised and refused (MPLS only).")
        .later(),
    row("nexthop", Words, Allowed, Repeats, "none")
        .doc(
            "",
            "via [inet|inet6] IP, dev IFNAME, weight 1..256, onlink, encap, realms; repeat \
nexthop",
            "Multipath members.",
        )
        .later(),
    row("no_track", Nothing, Allowed, LastWins, "tracked")
        .doc("", "none", "Do not react to deletion of the route.")
        .later(),
    row("vrf", Words, Allowed, LastWins, "none")
        .doc("", "IFNAME of a VRF device", "Use the table of that VRF.")
        .later(),
];

/// The line of a route outside instances alone
pub const STATIC_ROUTE: &[Keyword] = &[row("track_group", Words, Allowed, FirstWins, "none")
    .doc(
        "",
        "NAME",
        "FAULT for the instances in the track group when the route cannot be restored; needs \
dev.",
    )
    .later()];
