//! `standfast fmt`: files in their canonical layout.

use std::io::Read as _;
use std::path::Path;

use crate::cli::{Format, Print};
use crate::config::format::format;
use crate::config::source::text_of;
use crate::diag::render;

/// What became of all files: the text for standard output, or what is wrong, and the exit status: 0 done, 1 a
/// file would change (`--check`), 2 a file cannot be read, written or laid out.
pub fn run(request: &Format) -> Print {
    let (mut out, mut wrong, mut status) = (String::new(), String::new(), 0);
    for file in &request.files {
        match one(file, request) {
            Ok(Outcome::Text(text)) => out.push_str(&text),
            Ok(Outcome::Same) => {}
            Ok(Outcome::Differs) => {
                wrong.push_str(&format!("{} would change\n", file.display()));
                status = status.max(1);
            }
            Err(error) => {
                wrong.push_str(&error);
                status = 2;
            }
        }
    }
    if wrong.is_empty() {
        return Print { text: out, to_stderr: false, status };
    }
    // What could be laid out is not withheld for what could not.
    if !out.is_empty() {
        use std::io::Write as _;
        let _ = std::io::stdout().write_all(out.as_bytes());
    }
    Print { text: wrong, to_stderr: true, status }
}

enum Outcome {
    Text(String),
    Same,
    Differs,
}

fn one(file: &Path, request: &Format) -> Result<Outcome, String> {
    let said = |error: std::io::Error| format!("{}: {error}\n", file.display());
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).map_err(said)?;
    } else {
        bytes = std::fs::read(file).map_err(said)?;
    }
    let text = text_of(bytes);
    let name = file.to_string_lossy();
    let formatted = format(&name, &text).map_err(|loaded| {
        let mut text = format!("{name}: not changed, its structure is broken\n");
        for diagnostic in &loaded.diagnostics {
            text.push_str(&render::terminal(diagnostic, &loaded.sources, false));
        }
        text
    })?;
    match (formatted == text, request.check, request.write) {
        (true, true, _) | (true, _, true) => Ok(Outcome::Same),
        (false, true, _) => Ok(Outcome::Differs),
        (false, false, true) => {
            std::fs::write(file, &formatted).map_err(said)?;
            Ok(Outcome::Same)
        }
        (_, false, false) => Ok(Outcome::Text(formatted)),
    }
}
