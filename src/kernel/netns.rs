//! The network namespace that the daemon lives in.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use nix::sched::{CloneFlags, setns};
use thiserror::Error;

/// Where `ip netns add` keeps its namespaces.
const NAMED: &str = "/run/netns";

/// Why the namespace could not be entered.
#[derive(Debug, Error)]
pub enum NetnsError {
    /// The name is none: empty, or with a slash in it.
    #[error("{0:?} is no name of a network namespace")]
    Name(String),
    /// There is no such namespace, or we may not look.
    #[error("network namespace {path}: {error}")]
    Open { path: PathBuf, error: io::Error },
    /// The kernel refused: `EPERM` without `CAP_SYS_ADMIN`, `EINVAL` when the file is no namespace.
    #[error("entering network namespace {path}: {error}")]
    Enter { path: PathBuf, error: io::Error },
}

/// Moves the calling thread into the named namespace. Threads that exist already stay where they are, so
/// this comes before the runtime. Settings under `/proc/sys/net` are those of the namespace from then on.
pub fn enter(name: &str) -> Result<(), NetnsError> {
    if name.is_empty() || name.contains('/') || name == "." || name == ".." {
        return Err(NetnsError::Name(name.to_owned()));
    }
    let path = Path::new(NAMED).join(name);
    let file = File::open(&path).map_err(|error| NetnsError::Open { path: path.clone(), error })?;
    setns(file, CloneFlags::CLONE_NEWNET).map_err(|errno| NetnsError::Enter { path, error: errno.into() })
}
