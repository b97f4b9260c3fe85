//! Puts everything together; the only module that knows everybody.
//!
//! Start and stop are straight-line code here. What runs is a handful of tasks in one runtime: the VRRP
//! driver ([`timing`]), the load balancer's ([`balancing`]), the track scripts' (`trackers`), and those
//! that pass on who is to hear of what (`notifier`).

mod asking;
pub mod balancing;
pub mod check_command;
mod commands;
pub mod config_test;
pub mod daemonize;
mod dumps;
mod fifos;
pub mod format_command;
pub mod genhash;
mod key_files;
mod mails;
mod names;
mod notifier;
pub mod pidfile;
mod reading;
mod reload;
pub mod reload_command;
pub mod scripts;
pub mod sdnotify;
mod service;
pub mod signals;
pub mod supervise;
mod tidy;
pub mod timing;
mod trackers;

use std::time::Duration;

use self::pidfile::{PidFileError, PidFiles, PidPaths};
use self::reading::Reading;
use self::sdnotify::ServiceManager;
use crate::cli::{COMPATIBLE_VERSION, Options};
use crate::config::model::Config;
use crate::diag::{Diagnostic, Severity, SourceMap, render};
use crate::kernel::{clock, memory, netns};
use crate::report::log::{self, Log};
use crate::report::{Ident, Line, emit};

/// keepalived's exit statuses.
pub mod status {
    pub const OK: u8 = 0;
    pub const FATAL: u8 = 1;
    /// The configuration file is missing.
    pub const NO_CONFIG: u8 = 6;
}

/// How long the last lines may take to be written.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// A thread of the blocking pool that has nothing to do goes after this, and its stack with it.
const IDLE_THREAD: Duration = Duration::from_secs(1);

/// Runs the daemon to its end and returns its exit status.
pub fn run(options: &Options) -> u8 {
    let mut options = options.clone();
    if !options.foreground {
        // The daemon's directory will be `/`, and a reload must find the file again.
        options.config_file = std::path::absolute(&options.config_file).unwrap_or(options.config_file);
    }
    let options = &options;
    // Before anything reads interfaces or opens sockets, and before the fork, so that a wrong name is
    // told to whoever started us.
    let namespaced = options.net_namespace.as_deref().map_or(Ok(()), netns::enter);
    if let Err(error) = namespaced {
        return refuse(options, &[format!("{error}")], status::FATAL);
    }
    memory::shape();
    let reading = Reading::take(options, None);
    if reading.loaded.missing {
        return refuse(options, &log_lines(&reading), status::NO_CONFIG);
    }
    if options.net_namespace.is_none()
        && let Some(name) = &reading.loaded.config.global.net_namespace
        && let Err(error) = netns::enter(name)
    {
        return refuse(options, &[format!("{error}")], status::FATAL);
    }
    let (vrrp, checkers) = service::parts(options, &reading.loaded.config);
    let paths = PidPaths::new(options, &reading.loaded.config.global);
    let mut pid_files = match PidFiles::lock(paths.clone(), vrrp, checkers) {
        Ok(files) => files,
        Err(error) => return no_pid_file(options, &error),
    };
    if !options.foreground
        && let Err(error) = daemonize::detach()
    {
        return refuse(options, &[format!("cannot go into the background: {error}")], status::FATAL);
    }
    daemonize::set_umask(options, &reading.loaded.config);
    let log = match start_log(options, &reading) {
        Ok(log) => log,
        Err(error) => {
            eprintln!("Unable to open the log: {error}");
            return status::FATAL;
        }
    };
    introduce(options);
    say_all(&reading);
    if options.dump_config {
        dump_config(&reading.loaded.config);
    }
    let status = serve(options, reading, &mut pid_files, &paths);
    reload_command::ReloadReport::withdraw(&paths.parent);
    drop(pid_files);
    emit(Ident::Parent, Line::info(format!("Stopped {}", signature())));
    log.flush(LAST_WORDS);
    status
}

fn serve(options: &Options, reading: Reading, pid_files: &mut PidFiles, paths: &PidPaths) -> u8 {
    // All tasks on this thread: none wakes another thread to go on. What must not wait for them has its own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .thread_name("standfast")
        .thread_keep_alive(IDLE_THREAD)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let status = runtime.block_on(service::run(options, reading, pid_files, paths));
            // A hung file system must not hold up the end.
            runtime.shutdown_timeout(Duration::from_secs(1));
            status
        }
        Err(error) => {
            emit(Ident::Parent, Line::error(format!("cannot start the runtime: {error}")));
            status::FATAL
        }
    }
}

/// An end before the beginning: the reasons, logged as they would be later.
fn refuse(options: &Options, lines: &[String], status: u8) -> u8 {
    if let Ok(log) = log::start(&log_settings(options)) {
        for line in lines {
            emit(Ident::Parent, Line::error(line.clone()));
        }
        log.flush(LAST_WORDS);
    }
    if !options.foreground || !options.log_console {
        for line in lines {
            eprintln!("{line}");
        }
    }
    ServiceManager.failed(libc::EINVAL.unsigned_abs(), lines.first().map_or("", String::as_str));
    status
}

fn no_pid_file(options: &Options, error: &PidFileError) -> u8 {
    if error.already_running() {
        refuse(options, &[error.to_string(), "daemon is already running".into()], status::OK)
    } else {
        refuse(options, &[error.to_string()], status::FATAL)
    }
}

fn log_settings(options: &Options) -> log::Settings {
    log::Settings {
        syslog: (!options.no_syslog).then_some(options.facility),
        console: options.log_console,
        file: options.log_file.clone(),
        detail: options.log_detail,
        ..log::Settings::default()
    }
}

fn start_log(options: &Options, reading: &Reading) -> std::io::Result<Log> {
    let log = log::start(&log_settings(options))?;
    let global = &reading.loaded.config.global;
    let namespace = options.net_namespace.as_deref().or(global.net_namespace.as_deref());
    log.rename(namespace, global.instance.as_deref());
    Ok(log)
}

/// Name and versions as keepalived's log begins and ends with them.
fn signature() -> String {
    format!("Keepalived v{COMPATIBLE_VERSION} (standfast {})", env!("CARGO_PKG_VERSION"))
}

fn introduce(options: &Options) {
    let say = |text: String| emit(Ident::Parent, Line::info(text));
    say(format!("Starting {}", signature()));
    if let Ok(name) = nix::sys::utsname::uname() {
        let words = [name.sysname(), name.release(), name.version()]
            .map(|word| word.to_string_lossy().into_owned());
        say(format!("Running on {}", words.join(" ")));
    }
    let quoted: Vec<String> = options.command_line.iter().map(|word| format!("'{word}'")).collect();
    say(format!("Command line: {}", quoted.join(" ")));
    say(format!("Configuration file {}", options.config_file.display()));
    for remark in &options.remarks {
        emit(Ident::Parent, Line::warn(remark.clone()));
    }
}

/// `-d`
fn dump_config(config: &Config) {
    for line in
        dumps::vrrp(config, &[], &crate::track::news::Standing::default(), &dumps::Now::default()).lines()
    {
        emit(Ident::Vrrp, Line::info(line));
    }
    for line in dumps::lvs(config, &[]).lines().filter(|_| !config.virtual_servers.is_empty()) {
        emit(Ident::Checkers, Line::info(line));
    }
}

/// Every mistake, as one line each.
fn say_all(reading: &Reading) {
    for diagnostic in reading.diagnostics() {
        emit(Ident::Parent, line_of(diagnostic, &reading.loaded.sources));
    }
    for line in &reading.lines {
        emit(Ident::Parent, line.clone());
    }
}

fn log_lines(reading: &Reading) -> Vec<String> {
    reading.diagnostics().map(|diagnostic| render::log_line(diagnostic, &reading.loaded.sources)).collect()
}

fn line_of(diagnostic: &Diagnostic, sources: &SourceMap) -> Line {
    let text = render::log_line(diagnostic, sources);
    match diagnostic.severity {
        Severity::Error => Line::error(text),
        Severity::Warning => Line::warn(text),
        _ => Line::info(text),
    }
}

/// Something that differs between hosts and starts: spreads checks, and seeds `${_RANDOM}`.
fn seed() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u64(clock::now().as_nanos());
    hasher.finish()
}
