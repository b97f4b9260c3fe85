//! Rows of the words in the lines of `virtual_routes` and `static_routes`.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::{Keyword, row};

/// The line of a route
pub const ROUTE: &[Keyword] = &[
    row("(destination)", Words, Allowed, Repeats, "required").doc(
        "",
        "[to] [TYPE] IP[/LEN], default, any or all",
        "Destination; TYPE is a route type name such as unicast, local, blackhole, \
unreachable, prohibit, throw. default6 is a deprecated spelling.",
    ),
    row("inet", Nothing, Allowed, FirstWins, "by addresses, else IPv4").doc("", "none", "Force IPv4."),
    row("inet6", Nothing, Allowed, FirstWins, "by addresses, else IPv4").doc("", "none", "Force IPv6."),
    row("src", Ip, Allowed, LastWins, "kernel choice").doc("", "IP", "Preferred source."),
    row("via", Words, Allowed, LastWins, "none").doc("", "[inet|inet6] IP", "Gateway."),
    row("gw", Words, Allowed, LastWins, "none").doc("", "[inet|inet6] IP", "Same as via."),
    row("or", Ip, Allowed, FirstWins, "none").doc("", "IP", "Second gateway of a two hop route."),
    row("from", Words, Allowed, LastWins, "none").doc("", "IPv6[/LEN]", "Source prefix (IPv6 only)."),
    row("tos", Words, Allowed, LastWins, "0").doc("", "DSFIELD name or number", "Type of service (IPv4)."),
    row("dsfield", Words, Allowed, LastWins, "0").doc("", "DSFIELD name or number", "Same as tos."),
    row("table", Words, Allowed, LastWins, "main").doc("", "number or rt_tables name", "Routing table."),
    row("protocol", Words, Allowed, LastWins, "keepalived (18)").doc(
        "",
        "number or rt_protos name",
        "Route protocol; kept only with no_track.",
    ),
    row("scope", Words, Allowed, LastWins, "universe").doc("", "name or number", "Scope (IPv4)."),
    row("metric", Int(0, u32::MAX as i64), Allowed, LastWins, "unset").doc("", "0..UINT32_MAX", "Metric."),
    row("priority", Int(0, u32::MAX as i64), Allowed, LastWins, "unset").doc(
        "",
        "0..UINT32_MAX",
        "Same as metric.",
    ),
    row("preference", Int(0, u32::MAX as i64), Allowed, LastWins, "unset").doc(
        "",
        "0..UINT32_MAX",
        "Same as metric.",
    ),
    row("dev", Word, Allowed, LastWins, "none").doc("", "IFNAME", "Output interface."),
    row("oif", Word, Allowed, LastWins, "none").doc("", "IFNAME", "Same as dev."),
    row("onlink", Nothing, Allowed, LastWins, "off").doc("", "none", "Gateway is on link (IPv4)."),
    row("encap", Words, Allowed, LastWins, "none").doc(
        "",
        "ip, ip6, mpls or ila with their options",
        "Light weight tunnel. ip: id dst src tos ttl flags; ip6: id dst src tc hoplimit \
flags; mpls: labels; ila: locator.",
    ),
    row("expires", Words, Allowed, LastWins, "none").doc("", "SECS", "Life time (IPv6)."),
    row("mtu", Words, Allowed, LastWins, "unset").doc("", "[lock] N", "Path MTU."),
    row("hoplimit", Int(0, 255), Allowed, LastWins, "unset").doc(
        "",
        "0..255",
        "Hop limit (recorded but the route attribute is set from this value).",
    ),
    row("advmss", Words, Allowed, LastWins, "unset").doc("", "[lock] N", "Advertised MSS."),
    row("rtt", Words, Allowed, LastWins, "unset").doc(
        "",
        "[lock] TIME (s, ms or raw units of 1/8 ms)",
        "Round trip time.",
    ),
    row("rttvar", Words, Allowed, LastWins, "unset").doc("", "[lock] TIME", "RTT variance."),
    row("reordering", Words, Allowed, LastWins, "unset").doc("", "[lock] N", "Reordering."),
    row("window", Words, Allowed, LastWins, "unset").doc("", "N", "Window clamp."),
    row("cwnd", Words, Allowed, LastWins, "unset").doc("", "[lock] N", "Congestion window clamp."),
    row("ssthresh", Words, Allowed, LastWins, "unset").doc("", "[lock] N", "Slow start threshold."),
    row("realms", Words, Allowed, LastWins, "none").doc("", "[FROM/]TO", "Routing realms (IPv4 only)."),
    row("rto_min", Words, Allowed, LastWins, "unset").doc("", "[lock] TIME", "Minimum RTO."),
    row("initcwnd", Words, Allowed, LastWins, "unset").doc("", "N", "Initial congestion window."),
    row("initrwnd", Words, Allowed, LastWins, "unset").doc("", "N", "Initial receive window."),
    row("features", Choice(&["ecn"]), Allowed, LastWins, "none").doc("", "ecn", "Route features."),
    row("quickack", Int(0, 1), Allowed, LastWins, "unset").doc("", "0 or 1", "Quick ack."),
    row("congctl", Words, Allowed, LastWins, "none").doc("", "[lock] NAME", "Congestion control."),
    row("pref", Words, Allowed, LastWins, "unset").doc(
        "",
        "low, medium, high or 0..255",
        "Router preference (IPv6).",
    ),
    row("ttl-propagate", Choice(&["enabled", "disabled"]), Allowed, LastWins, "unset").doc(
        "",
        "enabled or disabled",
        "MPLS TTL propagation.",
    ),
    row("fastopen_no_cookie", Int(0, 1), Allowed, LastWins, "unset").doc(
        "",
        "0 or 1",
        "TCP fast open without cookie.",
    ),
    row("add", Nothing, Allowed, LastWins, "prepend").doc(
        "",
        "none",
        "Add only if there is no matching route.",
    ),
    row("prepend", Nothing, Allowed, LastWins, "prepend").doc("", "none", "Add before matching routes."),
    row("append", Nothing, Allowed, LastWins, "prepend").doc("", "none", "Add after matching routes."),
    row("as", Words, Allowed, Repeats, "").doc("", "[to] ADDR", "Recognised and refused (MPLS only)."),
    row("nexthop", Words, Allowed, Repeats, "none").doc(
        "",
        "via [inet|inet6] IP, dev IFNAME, weight 1..256, onlink, encap, realms; repeat \
nexthop",
        "Multipath members.",
    ),
    row("no_track", Nothing, Allowed, LastWins, "tracked").doc(
        "",
        "none",
        "Do not react to deletion of the route.",
    ),
    row("vrf", Words, Allowed, LastWins, "none").doc(
        "",
        "IFNAME of a VRF device",
        "Use the table of that VRF.",
    ),
];

/// The line of a route outside instances alone
pub const STATIC_ROUTE: &[Keyword] = &[row("track_group", Words, Allowed, FirstWins, "none").doc(
    "",
    "NAME",
    "FAULT for the instances in the track group when the route cannot be restored; needs \
dev.",
)];
