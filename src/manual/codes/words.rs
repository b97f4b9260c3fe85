//! Words and lines.

use super::Example::{Laid, Raw, Within};
use super::{Code, code};
use crate::config::keywords::Context::{GlobalDefs, Instance, VirtualServer};

pub const WORDS: &[Code] = &[
    code(
        "unknown-keyword",
        "No keyword of this block. The help names the nearest one, or the blocks where it is valid.",
        Within(Instance, "prioritty 150"),
    ),
    code(
        "extra-words",
        "Words that are ignored: after the argument, or before a value block's brace.",
        Within(Instance, "priority 150 200"),
    ),
    code(
        "missing-parameter",
        "The argument is missing. Where keepalived's process ends, so does its test (2); here the line is ignored.",
        Within(GlobalDefs, "notification_email_from"),
    ),
    code(
        "given-twice",
        "Something that may stand once stands twice. Both places are shown.",
        Within(GlobalDefs, "router_id one; router_id two"),
    ),
    code(
        "deprecated",
        "An old word; the message has the new one.",
        Within(Instance, "virtual_routes { 198.51.100.0/24 gw 192.0.2.254 dev eth0 }"),
    ),
    code(
        "no-effect-yet",
        "Accepted and checked, but standfast does nothing with it yet. Said once for each keyword.",
        Laid("global_defs { enable_dbus }"),
    ),
    code(
        "unterminated-quote",
        "A `\"` without a partner; the word ends with the line.",
        Within(GlobalDefs, "router_id \"one"),
    ),
    code(
        "unquoted-command",
        "Only the first word of a command is run: the whole must stand in quotes.",
        Laid(
            "vrrp_script check { script /usr/local/bin/script --fast } vrrp_instance VI_1 { interface eth0; virtual_router_id 51; virtual_ipaddress { 192.0.2.10/24 }; track_script { check } }",
        ),
    ),
    code(
        "byte-order-mark",
        "The file begins with a byte order mark; it is skipped. For keepalived it is part of the first word.",
        Raw("\u{feff}global_defs {\n    router_id one\n}\n"),
    ),
    code(
        "definition-cut",
        "A comment within a definition of several lines ends it, though a backslash stands behind the comment.",
        Raw("$GLOBALS= \\\nrouter_id one \\\n# more of them later \\\nglobal_defs {\n    $GLOBALS\n}\n"),
    ),
    code("nul-byte", "A NUL byte; the line is ignored.", Raw("global_defs {\n    router_id one\0\n}\n")),
    code(
        "wrong-order",
        "The line needs another one before it.",
        Within(VirtualServer, "sorry_server_inhibit; sorry_server 198.51.100.9 80"),
    ),
    code(
        "too-many-mistakes",
        "More than 1000 mistakes; the others are only counted.",
        Raw("~SEQ(N, 1, 1234) prioritty $N\n"),
    ),
];
