//! Into the background, as keepalived goes there.

use std::io;

use nix::sys::stat::{Mode, umask};

use crate::cli::Options;
use crate::config::model::Config;

/// keepalived's umask: what it creates is for its own user only.
const DEFAULT_UMASK: u32 = 0o177;

/// Forks; the parent ends with status 0, the child leads a new session, has `/` as its directory and
/// `/dev/null` for its standard descriptors.
///
/// Only the calling thread survives: it comes before the log's thread and before the runtime.
pub fn detach() -> io::Result<()> {
    nix::unistd::daemon(false, false)?;
    Ok(())
}

/// Sets the umask, of the daemon and so of its scripts: that of `-u`, else of the file.
pub fn set_umask(options: &Options, config: &Config) {
    let mask = options.umask.or(config.global.files.umask).unwrap_or(DEFAULT_UMASK);
    umask(Mode::from_bits_truncate(mask));
}
