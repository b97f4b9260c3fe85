//! The command line: every option of keepalived's, so that no unit file, container entry point or
//! orchestrator has to change a word; and standfast's own commands.
//!
//! `arguments` is the table, `normalise` reads keepalived's (getopt's) spelling of it, `version` says who
//! we are.

mod arguments;
mod commands;
pub mod genhash;
mod normalise;
mod version;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, FromArgMatches as _};

pub use arguments::{Arguments, Style};
pub use version::{COMPATIBLE_VERSION, version_text};

use crate::report::syslog::Facility;

/// keepalived's default file.
pub const DEFAULT_CONFIG: &str = "/etc/keepalived/keepalived.conf";

/// What the daemon gets to know from the command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// Under whose name we were called.
    pub personality: Personality,
    /// The whole command line as given, for the log.
    pub command_line: Vec<String>,
    /// `-f`; may be a glob.
    pub config_file: PathBuf,
    /// Run VRRP: not when only `-C` was given.
    pub vrrp: bool,
    /// Run the checkers: not when only `-P` was given.
    pub checkers: bool,
    /// `-n`
    pub foreground: bool,
    /// `-l`
    pub log_console: bool,
    /// How often `-D` was given.
    pub log_detail: u8,
    /// `-S`
    pub facility: Facility,
    /// `-G`
    pub no_syslog: bool,
    /// `-g`
    pub log_file: Option<PathBuf>,
    /// `-d`
    pub dump_config: bool,
    /// `-u`
    pub umask: Option<u32>,
    /// `-p`
    pub pid_file: Option<PathBuf>,
    /// `-r`
    pub vrrp_pid_file: Option<PathBuf>,
    /// `-c`
    pub checkers_pid_file: Option<PathBuf>,
    /// `-V`: leave addresses, routes and VMACs when we stop.
    pub keep_vrrp: bool,
    /// `-I`: leave the IPVS table when we stop.
    pub keep_ipvs: bool,
    /// `-s`
    pub net_namespace: Option<String>,
    /// `-e`
    pub strict_includes: bool,
    /// `-i`
    pub config_id: Option<String>,
    /// `--ignore-sigint`
    pub ignore_sigint: bool,
    /// Lines to log at start: words and values that we could not use, options without effect.
    pub remarks: Vec<String>,
}

/// The name that we were called by decides how we present ourselves, nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Personality {
    Standfast,
    /// Called as `keepalived`: what tools parse comes in keepalived's shape.
    Keepalived,
}

impl Personality {
    fn of(program: Option<&OsString>) -> Personality {
        let name = program.and_then(|program| Path::new(program).file_name());
        if name.is_some_and(|name| name == "keepalived") {
            Personality::Keepalived
        } else {
            Personality::Standfast
        }
    }
}

/// What the command line asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Invocation {
    /// Run.
    Daemon(Options),
    /// `-t`: only read the file; what is wrong with it goes to standard error or to this file.
    /// `--diagnostics=json`: as one JSON document.
    ConfigTest { options: Options, report: Option<PathBuf>, json: bool },
    /// `standfast reload`
    Reload(Reload),
    /// `standfast fmt`
    Format(Format),
    /// `standfast check`
    Check(Check),
    /// `genhash`, `-T`, `standfast genhash`
    Genhash(genhash::Genhash),
    /// `--signum=NAME`
    SignalNumber(String),
    /// Print this and end.
    Print(Print),
}

/// `standfast reload [--pid FILE] [--timeout SECONDS]`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reload {
    /// The pid file of the daemon to reload; `None` is the default one.
    pub pid_file: Option<PathBuf>,
    /// How long the daemon's answer is waited for, in seconds.
    pub timeout: u64,
}

/// `standfast check [--host] [--no-lints] [--diagnostics=json] [-i ID] FILE...`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    pub files: Vec<PathBuf>,
    /// Compare with this host: interfaces, users, scripts.
    pub host: bool,
    /// Tell of traps too.
    pub lints: bool,
    /// One JSON document instead of text.
    pub json: bool,
    /// `-i`
    pub config_id: Option<String>,
}

/// `standfast fmt [--check] [--write] FILE...`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Format {
    /// `-` is standard input.
    pub files: Vec<PathBuf>,
    /// Only say whether a file would change.
    pub check: bool,
    /// Into the files, instead of to standard output.
    pub write: bool,
}

/// Text for the caller, and the exit status.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Print {
    pub text: String,
    /// Standard error instead of standard output.
    pub to_stderr: bool,
    pub status: u8,
}

impl Print {
    fn refusal(text: impl Into<String>) -> Invocation {
        Invocation::Print(Print { text: text.into(), to_stderr: true, status: 1 })
    }
}

/// Reads the command line, program name first.
pub fn parse(argv: Vec<OsString>) -> Invocation {
    let personality = Personality::of(argv.first());
    let command_line: Vec<String> = argv.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let words: Vec<OsString> = argv.into_iter().skip(1).collect();
    if let Some(program) = command_line.first()
        && Path::new(program).file_name().is_some_and(|name| name == "genhash")
    {
        return genhash::parse(program, &words);
    }
    if let [first, rest @ ..] = &words[..]
        && (first == "-T"
            || first == "--genhash"
            || first == "genhash" && personality == Personality::Standfast)
    {
        return genhash::parse("genhash", rest);
    }
    if personality == Personality::Standfast
        && let Some(invocation) = commands::parse(&words)
    {
        return invocation;
    }
    let normal = match normalise::normalise(&Arguments::command(), words) {
        Ok(normal) => normal,
        Err(refusal) => return Print::refusal(refusal),
    };
    let parsed = Arguments::command().try_get_matches_from(&normal.arguments);
    let arguments = match parsed.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(error) => return Print::refusal(refusal_text(&error)),
    };
    dispatch(arguments, personality, command_line, &normal.words)
}

fn dispatch(
    arguments: Arguments,
    personality: Personality,
    command_line: Vec<String>,
    unexpected: &[OsString],
) -> Invocation {
    if arguments.help {
        let text = Arguments::command().render_help().to_string();
        return Invocation::Print(Print { text, to_stderr: true, status: 0 });
    }
    if arguments.version {
        // Ours goes where everybody's goes; keepalived's goes where its readers look.
        let to_stderr = personality == Personality::Keepalived;
        return Invocation::Print(Print { text: version_text(personality), to_stderr, status: 0 });
    }
    if let Some(name) = &arguments.signum {
        return Invocation::SignalNumber(name.clone());
    }
    if arguments.genhash {
        return Print::refusal("-T (--genhash) must be the first option");
    }
    let config_test = arguments.config_test.clone();
    let json = arguments.diagnostics == Some(Style::Json);
    let options = into_options(arguments, personality, command_line, unexpected);
    match config_test {
        Some(report) => {
            let report = Some(report).filter(|path| !path.is_empty()).map(PathBuf::from);
            Invocation::ConfigTest { options, report, json }
        }
        None => Invocation::Daemon(options),
    }
}

fn into_options(
    arguments: Arguments,
    personality: Personality,
    command_line: Vec<String>,
    unexpected: &[OsString],
) -> Options {
    let mut remarks = Vec::new();
    if !unexpected.is_empty() {
        let words: Vec<_> = unexpected.iter().map(|word| word.to_string_lossy()).collect();
        remarks.push(format!("Unexpected argument(s): {}", words.join(" ")));
    }
    let umask = arguments.umask.as_deref().and_then(|text| {
        let umask = parse_umask(text);
        if umask.is_none() {
            remarks.push(format!("Invalid --umask option {text}"));
        }
        umask
    });
    let facility = arguments.log_facility.as_deref().and_then(|text| {
        let facility = Facility::parse(text);
        if facility.is_none() {
            remarks.push(format!("Invalid --log-facility option {text}"));
        }
        facility
    });
    let idle = arguments.without_effect();
    if !idle.is_empty() {
        remarks.push(format!("Accepted, but without effect in this version: {}", idle.join(" ")));
    }
    let log_file = arguments.log_file.map(|path| {
        if path.is_empty() { std::env::temp_dir().join("keepalived.log") } else { absolute(path.into()) }
    });
    let config_file = arguments.use_file.unwrap_or_else(|| PathBuf::from(DEFAULT_CONFIG));
    // In the background the directory is `/`, and a reload must find the same file again. In the
    // foreground messages name the file as the operator did.
    let stays = arguments.dont_fork || arguments.config_test.is_some();
    Options {
        personality,
        command_line,
        config_file: if stays { config_file } else { absolute(config_file) },
        vrrp: arguments.vrrp || !arguments.check,
        checkers: arguments.check || !arguments.vrrp,
        foreground: arguments.dont_fork,
        log_console: arguments.log_console,
        log_detail: arguments.log_detail,
        facility: facility.unwrap_or(Facility::DAEMON),
        no_syslog: arguments.no_syslog,
        log_file,
        dump_config: arguments.dump_conf,
        umask,
        pid_file: arguments.pid,
        vrrp_pid_file: arguments.vrrp_pid,
        checkers_pid_file: arguments.checkers_pid,
        keep_vrrp: arguments.dont_release_vrrp,
        keep_ipvs: arguments.dont_release_ipvs,
        net_namespace: arguments.namespace,
        strict_includes: arguments.all_config,
        config_id: arguments.config_id,
        ignore_sigint: arguments.ignore_sigint,
        remarks,
    }
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// C's base 0: `0x` is hexadecimal, a leading `0` octal, anything else decimal.
fn parse_umask(text: &str) -> Option<u32> {
    let mask = if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        u32::from_str_radix(hex, 16)
    } else if text.starts_with('0') {
        u32::from_str_radix(text, 8)
    } else {
        text.parse()
    };
    mask.ok().filter(|mask| *mask <= 0o777)
}

/// keepalived's words where it has any.
fn refusal_text(error: &clap::Error) -> String {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return error.to_string();
    };
    match error.kind() {
        ErrorKind::UnknownArgument => match error.get(ContextKind::SuggestedArg) {
            Some(ContextValue::String(near)) => format!("Unknown option {option} (did you mean {near}?)"),
            _ => format!("Unknown option {option}"),
        },
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
