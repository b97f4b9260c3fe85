//! standfast's own commands: words that keepalived has not, so they come first or not at all.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::EnumValueParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{Check, Format, Invocation, Print, Reload, Style, refusal_text};
use crate::manual;

/// A command: its name, its options, and what it makes of them.
type Entry = (&'static str, fn() -> Command, fn(&ArgMatches) -> Invocation);

const COMMANDS: &[Entry] = &[
    ("reload", reload_command, reload),
    ("explain", explain_command, explain),
    ("fmt", format_command, format),
    ("check", check_command, check),
];

/// What the command line asks for, when its first word is a command.
pub(super) fn parse(words: &[OsString]) -> Option<Invocation> {
    let first = words.first()?;
    let (_, command, invocation) = COMMANDS.iter().find(|(name, _, _)| first == name)?;
    Some(match command().try_get_matches_from(words) {
        Ok(matches) => invocation(&matches),
        Err(help) if help.kind() == ErrorKind::DisplayHelp => printed(help.to_string()),
        Err(error) => Print::refusal(refusal_text(&error)),
    })
}

/// The list for `--help`.
pub(super) fn overview() -> String {
    let mut text = "Commands (not when called as keepalived):".to_owned();
    for (name, command, _) in COMMANDS {
        let about = command().get_about().map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!("\n  {name:<9} {about}"));
    }
    // It has keepalived's options and usage, not ours.
    text.push_str(
        "\n  genhash   Print the digest of a page for HTTP_GET and SSL_GET, as keepalived's genhash",
    );
    text
}

fn printed(text: String) -> Invocation {
    Invocation::Print(Print { text, to_stderr: false, status: 0 })
}

/// Nothing of the daemon's options makes sense with it.
fn reload_command() -> Command {
    Command::new("standfast reload")
        .about("Reload the running daemon, wait, and say what became of it")
        .after_help(
            "Exit status: 0 applied, 1 no daemon or no answer, 3 refused (the running configuration \
             stays), 5 applied with warnings",
        )
        .arg(
            Arg::new("pid")
                .short('p')
                .long("pid")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Pid file of the daemon [default: /run/keepalived.pid]"),
        )
        .arg(
            Arg::new("timeout")
                .long("timeout")
                .value_name("SECONDS")
                .default_value("30")
                .value_parser(value_parser!(u64).range(1..=3600))
                .help("How long to wait for the daemon's answer"),
        )
}

fn reload(matches: &ArgMatches) -> Invocation {
    Invocation::Reload(Reload {
        pid_file: matches.get_one::<PathBuf>("pid").cloned(),
        timeout: matches.get_one::<u64>("timeout").copied().unwrap_or(30),
    })
}

fn format_command() -> Command {
    Command::new("standfast fmt")
        .about("Print a configuration in one canonical layout, its meaning and comments unchanged")
        .after_help(
            "Exit status: 0 done, 1 a file would change (--check), 2 a file cannot be read, written or \
             laid out because its structure is broken",
        )
        .arg(
            Arg::new("files")
                .value_name("FILE")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf))
                .help("The files; - is standard input"),
        )
        .arg(
            Arg::new("check")
                .long("check")
                .action(ArgAction::SetTrue)
                .help("Only say which files would change"),
        )
        .arg(
            Arg::new("write")
                .long("write")
                .action(ArgAction::SetTrue)
                .conflicts_with("check")
                .help("Write the files, instead of to standard output"),
        )
}

fn format(matches: &ArgMatches) -> Invocation {
    Invocation::Format(Format {
        files: matches.get_many::<PathBuf>("files").unwrap_or_default().cloned().collect(),
        check: matches.get_flag("check"),
        write: matches.get_flag("write"),
    })
}

fn check_command() -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    Command::new("standfast check")
        .about("Say what is wrong with configurations, and what looks like a trap")
        .after_help(
            "Needs no rights, and not the host that the files are for. Exit status: 0 nothing, 1 warnings \
             or traps, 2 errors or a file that cannot be read",
        )
        .arg(
            Arg::new("files")
                .value_name("FILE")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf))
                .help("The files; each is a configuration of its own"),
        )
        .arg(flag("host", "Compare with this host too: interfaces, users, scripts"))
        .arg(flag("no-lints", "Only mistakes, no traps"))
        .arg(
            Arg::new("diagnostics")
                .long("diagnostics")
                .value_name("text|json")
                .value_parser(EnumValueParser::<Style>::new())
                .help("Text, or one JSON document"),
        )
        .arg(
            Arg::new("config-id")
                .short('i')
                .long("config-id")
                .value_name("ID")
                .help("Name for lines that begin with @NAME (default: host name up to the first dot)"),
        )
}

fn check(matches: &ArgMatches) -> Invocation {
    Invocation::Check(Check {
        files: matches.get_many::<PathBuf>("files").unwrap_or_default().cloned().collect(),
        host: matches.get_flag("host"),
        lints: !matches.get_flag("no-lints"),
        json: matches.get_one::<Style>("diagnostics") == Some(&Style::Json),
        config_id: matches.get_one::<String>("config-id").cloned(),
    })
}

fn explain_command() -> Command {
    Command::new("standfast explain")
        .about("Say what a keyword does, or a message means, with an example")
        .after_help("Exit status: 0, or 1 when there is no such keyword or code")
        .arg(
            Arg::new("keyword")
                .value_name("KEYWORD")
                .required_unless_present_any(["markdown", "man", "diagnostics"])
                .help("The keyword, as it is written in a file; or the code of a message"),
        )
        .arg(
            Arg::new("block")
                .value_name("BLOCK")
                .help("Only as it stands in this block, such as vrrp_instance"),
        )
        .arg(
            Arg::new("markdown")
                .long("markdown")
                .action(ArgAction::SetTrue)
                .help("Print all keywords, as docs/configuration.md"),
        )
        .arg(
            Arg::new("man")
                .long("man")
                .action(ArgAction::SetTrue)
                .help("Print all keywords, as the manual page standfast.conf(5)"),
        )
        .arg(
            Arg::new("diagnostics")
                .long("diagnostics")
                .action(ArgAction::SetTrue)
                .help("Print all codes of messages, as docs/diagnostics.md"),
        )
}

fn explain(matches: &ArgMatches) -> Invocation {
    if matches.get_flag("markdown") {
        return printed(manual::markdown());
    }
    if matches.get_flag("man") {
        return printed(manual::man_page(env!("CARGO_PKG_VERSION")));
    }
    if matches.get_flag("diagnostics") {
        return printed(manual::codes::markdown());
    }
    let word = |name| matches.get_one::<String>(name).map(String::as_str);
    let keyword = word("keyword").unwrap_or_default();
    if let Some(text) = manual::explain(keyword, word("block")) {
        return printed(text);
    }
    if let Some(text) = manual::codes::explain(keyword) {
        return printed(text);
    }
    let known = manual::explain(keyword, None).is_some();
    let text = match (known, word("block"), manual::nearest(keyword).join(", ")) {
        (true, Some(block), _) => {
            format!("'{keyword}' is no keyword of {block}; leave the block out to see where it is")
        }
        (_, _, near) if near.is_empty() => format!("There is no keyword '{keyword}', and none like it"),
        (_, _, near) => format!("There is no keyword '{keyword}'. Like it: {near}"),
    };
    Print::refusal(text)
}
