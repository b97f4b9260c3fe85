//! Definitions, sequences, conditions and files.

use super::Example::{Files, Pattern, Raw, Unreadable, Within};
use super::{Code, code};
use crate::config::keywords::Context::{GlobalDefs, Instance};

pub const FILES: &[Code] = &[
    code(
        "undefined-name",
        "`${NAME}` that nothing defines. keepalived splits it at its braces.",
        Within(Instance, "priority ${PRIORITY}"),
    ),
    code(
        "definition-loop",
        "A definition that uses itself. keepalived loops for ever.",
        Raw("$ONE=$TWO\n$TWO=$ONE\n$ONE\n"),
    ),
    code(
        "text-after-definition",
        "Words after the use of a definition that has several lines.",
        Raw("$BLOCK= \\\nglobal_defs { \\\n    router_id one \\\n}\n$BLOCK and more\n"),
    ),
    code("bad-sequence", "A malformed `~SEQ` or `~LST`.", Raw("~SEQ(N, 1, 0, 9) $HOST$N=192.0.2.$N\n")),
    code(
        "bad-random",
        "A range for `${_RANDOM}` that is none.",
        Within(GlobalDefs, "router_id node${_RANDOM 9 1}"),
    ),
    code(
        "bad-condition",
        "`@ID` without an id or without text after it.",
        Raw("@node1\nglobal_defs {\n    router_id one\n}\n"),
    ),
    code(
        "config-missing",
        "The file is not there. The status of the test is 0, as keepalived's.",
        Files(&[]),
    ),
    code("file-unreadable", "The file is there and cannot be read.", Unreadable("global_defs {\n}\n")),
    code(
        "several-files",
        "The pattern names more than one file.",
        Pattern(&[
            ("one.conf", "global_defs {\n    router_id one\n}\n"),
            ("two.conf", "net_namespace blue\n"),
        ]),
    ),
    code("include-empty", "An include that names nothing readable.", Raw("include services/*.conf\n")),
    code("include-failed", "The same for a strict include.", Raw("includew services/*.conf\n")),
];
