//! Braces and blocks, and text without end.

use super::Example::{Files, Raw, Within};
use super::{Code, code};
use crate::config::keywords::Context::Instance;

pub const STRUCTURE: &[Code] = &[
    code(
        "missing-open-brace",
        "A keyword that takes a block has no `{`. It is read as if the brace were there, where indentation or the count of braces says so.",
        Raw(
            "virtual_server 192.0.2.10 80\n    lvs_sched rr\n    lvs_method NAT\n    protocol TCP\n    real_server 198.51.100.1 80 {\n    }\n}\n",
        ),
    ),
    code(
        "missing-close-brace",
        "A block is never closed. The place is where the brace belongs.",
        Raw(
            "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        192.0.2.10/24\n}\n",
        ),
    ),
    code(
        "extra-brace",
        "A `}` closes nothing, or closes a block too early.",
        Raw(
            "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        192.0.2.10/24\n    }\n    }\n    priority 150\n}\n",
        ),
    ),
    code(
        "unexpected-brace",
        "A `{` without a keyword before it.",
        Raw("{\nglobal_defs {\n    router_id one\n}\n}\n"),
    ),
    code(
        "unexpected-block",
        "A block after a keyword that takes none; it is skipped.",
        Within(Instance, "priority { 100 }"),
    ),
    code(
        "unknown-block",
        "A block with an unknown name; it is skipped whole. keepalived reads its lines in the block around it.",
        Within(Instance, "unicast_peers { 192.0.2.3 }"),
    ),
    code(
        "too-much-text",
        "Definitions and sequences produce more than 32 MiB.",
        Raw("~SEQ(N, 1, 3000000000) $HOST=192.0.2.$N\n"),
    ),
    code(
        "include-loop",
        "A file includes itself, or includes are nested more than 64 deep.",
        Files(&[("one.conf", "include two.conf\n"), ("two.conf", "include one.conf\n")]),
    ),
];
