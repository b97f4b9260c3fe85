//! What has a meaning before keywords are looked at: includes, definitions, conditions, sequences.

use super::Arguments::*;
use super::Missing::*;
use super::Repeat::*;
use super::{Keyword, row};

/// Anywhere in a file
pub const LEXICAL: &[Keyword] = &[
    row("include", Words, Allowed, Repeats, "").doc(
        "",
        "GLOB PATTERN",
        "Insert other files at this point.",
    ),
    row("includer", Words, Allowed, Repeats, "").doc(
        "",
        "GLOB PATTERN",
        "Like include, unreadable match is an error.",
    ),
    row("includem", Words, Allowed, Repeats, "").doc(
        "",
        "GLOB PATTERN",
        "Like includer, also an error when a non wildcard pattern matches nothing.",
    ),
    row("includew", Words, Allowed, Repeats, "").doc(
        "",
        "GLOB PATTERN",
        "Like includem, also an error when a wildcard matches nothing.",
    ),
    row("includeb", Words, Allowed, Repeats, "").doc(
        "",
        "GLOB PATTERN",
        "Like includer, also an error when a brace alternative matches nothing.",
    ),
    row("includea", Words, Allowed, Repeats, "").doc("", "GLOB PATTERN", "All of these checks."),
    row("$NAME=", Words, Allowed, Repeats, "").doc("", "TEXT", "Define a parameter."),
    row("@ID", Words, Allowed, Repeats, "").doc(
        "",
        "LINE",
        "Keep the line only if ID equals the config id.",
    ),
    row("@^ID", Words, Allowed, Repeats, "").doc(
        "",
        "LINE",
        "Keep the line only if ID differs from the config id.",
    ),
    row("~SEQ", Words, Allowed, Repeats, "start 1 or -1, step 1 or -1").doc(
        "",
        "(VAR, [START, [STEP,]] END) LINE",
        "Repeat the rest of the line.",
    ),
    row("~SEQx", Words, Allowed, Repeats, "as ~SEQ").doc(
        "",
        "(VAR, [START, [STEP,]] END) LINE",
        "Same with lower case hexadecimal output.",
    ),
    row("~LST", Words, Allowed, Repeats, "").doc(
        "",
        "(VAR, VALUE, ...) LINE or ({VARS}, {VALUES}, ...) LINE",
        "Repeat the rest of the line for each value (set).",
    ),
    row("$_PWD", Nothing, Allowed, LastWins, "").doc("", "none", "Directory of the file being read."),
    row("$_INSTANCE", Nothing, Allowed, LastWins, "").doc(
        "",
        "none",
        "The config id (-i, else host name up to the first dot), not the instance keyword.",
    ),
    row("$_RANDOM", Words, Allowed, LastWins, "0 32767").doc(
        "",
        "[MIN [MAX]] in braces",
        "Random integer.",
    ),
    row("$_ENV", Words, Allowed, LastWins, "").doc(
        "",
        "NAME in braces",
        "Environment variable; unset gives nothing.",
    ),
    row("$_HASH", Nothing, Allowed, LastWins, "").doc("", "none", "A literal hash sign."),
    row("$_BANG", Nothing, Allowed, LastWins, "").doc("", "none", "A literal exclamation mark."),
];
