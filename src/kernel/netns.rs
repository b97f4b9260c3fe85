//! The network namespace that the daemon lives in, and others in which it has work to do.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;

use nix::sched::{CloneFlags, setns};
use thiserror::Error;

/// Where `ip netns add` keeps its namespaces.
const NAMED: &str = "/run/netns";
/// The calling thread's own.
const OWN: &str = "/proc/thread-self/ns/net";

/// Where we were before [`enter`]; one process has one such place.
static BEFORE: OnceLock<File> = OnceLock::new();

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

/// A namespace other than the daemon's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Elsewhere<'a> {
    /// The one in which the daemon was started.
    First,
    /// As `ip netns add` named it.
    Named(&'a str),
}

/// Moves the calling thread into the named namespace. Threads that exist already stay where they are, so
/// this comes before the runtime. Settings under `/proc/sys/net` are those of the namespace from then on.
pub fn enter(name: &str) -> Result<(), NetnsError> {
    if BEFORE.get().is_none() {
        let first = open(Path::new(OWN))?;
        // Another thread was quicker: it is the same place.
        let _ = BEFORE.set(first);
    }
    let path = path_of(name)?;
    let file = open(&path)?;
    go(&file, path)
}

/// Does `work` in that namespace, on a thread that ends with it, so that no other work can come to be done there by
/// mistake. Sockets that are opened stay in the namespace.
pub fn visit<T: Send>(place: Elsewhere<'_>, work: impl FnOnce() -> T + Send) -> Result<T, NetnsError> {
    let named;
    let (file, path) = match place {
        Elsewhere::Named(name) => {
            let path = path_of(name)?;
            named = open(&path)?;
            (&named, path)
        }
        Elsewhere::First => match BEFORE.get() {
            Some(file) => (file, PathBuf::from(OWN)),
            None => return Ok(work()),
        },
    };
    thread::scope(|scope| {
        let there = thread::Builder::new().name("netns".to_owned()).spawn_scoped(scope, || {
            go(file, path.clone())?;
            Ok(work())
        });
        let there = there.map_err(|error| NetnsError::Enter { path: path.clone(), error })?;
        there.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// What identifies the calling thread's namespace among all of this boot.
pub fn identity() -> io::Result<u64> {
    Ok(std::fs::metadata(OWN)?.ino())
}

/// What identifies the namespace of that name; `None` while there is none.
pub fn identity_of(name: &str) -> Option<u64> {
    let found = std::fs::metadata(path_of(name).ok()?).ok()?;
    // For a moment of `ip netns add` the name is that of a plain file.
    (found.dev() == std::fs::metadata(OWN).ok()?.dev()).then(|| found.ino())
}

fn path_of(name: &str) -> Result<PathBuf, NetnsError> {
    if name.is_empty() || name.contains('/') || name == "." || name == ".." {
        return Err(NetnsError::Name(name.to_owned()));
    }
    Ok(Path::new(NAMED).join(name))
}

fn open(path: &Path) -> Result<File, NetnsError> {
    File::open(path).map_err(|error| NetnsError::Open { path: path.to_owned(), error })
}

fn go(file: &File, path: PathBuf) -> Result<(), NetnsError> {
    setns(file, CloneFlags::CLONE_NEWNET).map_err(|errno| NetnsError::Enter { path, error: errno.into() })
}
