//! `standfast check`: mistakes and traps of files, on any machine.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use super::reading;
use crate::cli::Check;
use crate::config::{self, Loaded, lint};
use crate::diag::{Class, Diagnostic, Severity, json, render};

/// A file that was read, and everything there is to say of it.
struct Checked {
    loaded: Loaded,
    host: Vec<Diagnostic>,
    lints: Vec<Diagnostic>,
}

/// Prints what is wrong with the files, and returns the exit status: 0 nothing, 1 warnings or traps, 2 errors,
/// or a file that cannot be read.
pub fn run(request: &Check) -> u8 {
    let checked: Vec<Checked> = request.files.iter().map(|file| check(file, request)).collect();
    let text = if request.json {
        let all =
            checked.iter().flat_map(|one| one.all().map(|diagnostic| (diagnostic, &one.loaded.sources)));
        json::document(all)
    } else {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let show = |one: &Checked| -> String {
            one.all().map(|diagnostic| render::terminal(diagnostic, &one.loaded.sources, colour)).collect()
        };
        checked.iter().map(show).collect()
    };
    // Whoever closed the other end does not want to hear it.
    let _ = std::io::stdout().write_all(text.as_bytes());
    checked.iter().map(Checked::status).max().unwrap_or(0)
}

fn check(file: &Path, request: &Check) -> Checked {
    let options = lint::options(reading::options_for(request.config_id.as_deref()));
    let loaded = config::load(&file.to_string_lossy(), &options);
    let host = if request.host { reading::host(&loaded) } else { Vec::new() };
    let lints = if request.lints { lint::lint(&loaded) } else { Vec::new() };
    Checked { loaded, host, lints }
}

impl Checked {
    fn all(&self) -> impl Iterator<Item = &Diagnostic> {
        self.loaded.diagnostics.iter().chain(&self.host).chain(&self.lints)
    }

    fn status(&self) -> u8 {
        let of = |one: &Diagnostic| match one.severity {
            Severity::Error => 2,
            // What standfast does not do yet is no mistake of the file.
            Severity::Warning if one.class != Class::Silent => 1,
            Severity::Warning | Severity::Note => 0,
        };
        let missing = if self.loaded.missing { 2 } else { 0 };
        self.all().map(of).max().unwrap_or(0).max(missing)
    }
}
