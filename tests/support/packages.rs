//! The Debian packages of this build's program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Builds both packages into a directory, compressed as `dpkg-deb` names it, and gives their paths.
pub fn build(into: &Path, compression: &str) -> Vec<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/deb/build");
    let mut command = Command::new(script);
    command.arg("--binary").arg(env!("CARGO_BIN_EXE_standfast")).arg("--output").arg(into);
    // Only the contents are looked at by tests, not the size.
    command.env("DPKG_DEB_COMPRESSOR_TYPE", compression).env("DPKG_DEB_COMPRESSOR_LEVEL", "0");
    said(&mut command).lines().map(PathBuf::from).collect()
}

/// Runs a command that must succeed; gives its output.
#[track_caller]
pub fn said(command: &mut Command) -> String {
    let Output { status, stdout, stderr } =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}{stderr}");
    stdout.into_owned()
}
