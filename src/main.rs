//! The binary: reads the command line and does what it asks for.

use std::io::Write as _;
use std::process::ExitCode;

use standfast::cli::{self, Invocation, Print};
use standfast::daemon::{
    self, check_command, config_test, format_command, genhash, reload_command, signals::Request,
};

fn main() -> ExitCode {
    match cli::parse(std::env::args_os().collect()) {
        Invocation::Daemon(options) => daemon::run(&options).into(),
        Invocation::ConfigTest { options, report, json } => {
            config_test::run(&options, report.as_deref(), json).into()
        }
        Invocation::Check(request) => check_command::run(&request).into(),
        Invocation::Reload(request) => print(&reload_command::run(&request)),
        Invocation::Format(request) => format_command::run(&request).into(),
        Invocation::Genhash(request) => genhash::run(&request).into(),
        Invocation::Print(text) => print(&text),
        Invocation::SignalNumber(name) => print(&match Request::number_of(&name) {
            Ok(number) => Print { text: number.to_string(), to_stderr: false, status: 0 },
            Err(text) => Print { text, to_stderr: true, status: 1 },
        }),
    }
}

fn print(print: &Print) -> ExitCode {
    let text = format!("{}\n", print.text.trim_end_matches('\n'));
    // Whoever closed the other end does not want to hear it.
    let _ = if print.to_stderr {
        std::io::stderr().write_all(text.as_bytes())
    } else {
        std::io::stdout().write_all(text.as_bytes())
    };
    print.status.into()
}
