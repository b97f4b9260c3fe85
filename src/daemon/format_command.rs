//! `standfast fmt`: files in their canonical layout, printed, written back, or only compared.

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::cli::Format;
use crate::config::format::{Refused, format};
use crate::config::source::{Disk, Reader as _};
use crate::diag::render;

/// A file would change (`--check`).
const DIFFERS: u8 = 1;
/// A file cannot be read, written or laid out.
const FAILED: u8 = 2;

/// Does it for all files, whatever becomes of the others; gives the worst status: 0 done, 1 a file would
/// change (`--check`), 2 a file cannot be read, written or laid out.
pub fn run(request: &Format) -> u8 {
    let outcomes = request.files.iter().map(|file| {
        one(file, request).unwrap_or_else(|said| {
            tell(&said);
            FAILED
        })
    });
    outcomes.max().unwrap_or(0)
}

fn tell(text: &str) {
    // Whoever closed the other end does not want to hear it.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// One file; the error is for standard error.
fn one(file: &Path, request: &Format) -> Result<u8, String> {
    let name = if is_stdin(file) { "<stdin>".into() } else { file.to_string_lossy() };
    let failed = |error: io::Error| format!("{name}: {error}\n");
    let bytes = read(file).map_err(failed)?;
    let result = format(&name, &bytes).map_err(|refused| match refused {
        Refused::Broken(diagnostics, sources) => {
            let colour = io::stderr().is_terminal();
            let said = diagnostics.iter().map(|one| render::terminal(one, &sources, colour));
            said.collect::<String>() + &format!("{name}: not changed, its braces are not in order\n")
        }
        Refused::Different => format!("{name}: not changed, it would not be read as before\n"),
    })?;
    match (request.check, request.write) {
        (false, false) => io::stdout().write_all(&result).map_err(failed)?,
        _ if result == bytes => {}
        (true, _) => {
            tell(&format!("{name} would change\n"));
            return Ok(DIFFERS);
        }
        (_, true) if is_stdin(file) => return Err("Standard input cannot be written to\n".to_owned()),
        (_, true) => replace(file, &result).map_err(failed)?,
    }
    Ok(0)
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    if !is_stdin(file) {
        return Disk.read(file);
    }
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Puts another file in the place of this one, so that a reader finds the old or the new one whole. A link
/// stays; owner and permissions too, and nobody else can read it meanwhile.
fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = std::fs::canonicalize(file)?;
    let meta = std::fs::metadata(&file)?;
    let mut fresh = file.clone().into_os_string();
    fresh.push(format!(".fmt-{}", std::process::id()));
    let fresh = PathBuf::from(fresh);
    let mut output = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    let written = (|| {
        output.write_all(bytes)?;
        std::os::unix::fs::fchown(&output, Some(meta.uid()), Some(meta.gid()))?;
        output.set_permissions(meta.permissions())?;
        output.sync_all()?;
        std::fs::rename(&fresh, &file)
    })();
    if written.is_err() {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(&fresh);
    }
    written
}
