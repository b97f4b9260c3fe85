//! Into the background, as keepalived goes there.

use std::io;

use nix::sys::stat::{Mode, umask};

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

/// Sets the umask, of the daemon and so of its scripts; `None` is keepalived's default, 0177.
pub fn set_umask(mask: Option<u32>) {
    umask(Mode::from_bits_truncate(mask.unwrap_or(DEFAULT_UMASK)));
}
