//! `-t`: what is wrong with the configuration, and keepalived's exit status for it.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use super::reading::Reading;
use crate::cli::Options;
use crate::config;
use crate::diag::{json, render};

/// Reads the file, says what is wrong with it on standard error or in `report` (in words, or as one JSON
/// document), and returns the exit
/// status: 0, 2, 4, 5 or 6 as keepalived's, 1 if the report cannot be written.
pub fn run(options: &Options, report: Option<&Path>, as_json: bool) -> u8 {
    let reading = Reading::take(options, None);
    let sources = &reading.loaded.sources;
    let colour =
        report.is_none() && std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut text = String::new();
    for remark in &options.remarks {
        text.push_str(remark);
        text.push('\n');
    }
    if as_json {
        text = json::document(reading.diagnostics().map(|diagnostic| (diagnostic, sources)));
    } else {
        for diagnostic in reading.diagnostics() {
            text.push_str(&render::terminal(diagnostic, sources, colour));
        }
    }
    let written = match report {
        Some(path) => std::fs::write(path, &text),
        None => std::io::stderr().write_all(text.as_bytes()),
    };
    if let (Err(error), Some(path)) = (written, report) {
        // Nothing is left to say it with if standard error fails too.
        let _ =
            writeln!(std::io::stderr(), "Unable to open config-test log file {}: {error}", path.display());
        return 1;
    }
    // keepalived answers 0 for a file that is not there; scripts rely on it, so the message is all we add.
    let status = if reading.loaded.missing { 0 } else { config::verdict(reading.diagnostics()) };
    // The process ends: to take a large configuration apart piece by piece would only take time.
    std::mem::forget(reading);
    status
}
