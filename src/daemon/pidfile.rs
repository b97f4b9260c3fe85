//! Pid files, by which init scripts and orchestrators find us and by which two daemons exclude each
//! other.
//!
//! keepalived has a process and a pid file for each part; we have one process and put its pid in each
//! file, so that whoever looks at one of them is right. Like keepalived 2.3 and later we hold a write
//! lock (of the open file description) on each; older ones do not lock, so a living process of that
//! name in the file counts as well.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use thiserror::Error;

use crate::cli::Options;
use crate::config::model::Global;

/// The run-time directory.
const RUN: &str = "/run";

/// Why a pid file could not be had.
#[derive(Debug, Error)]
pub enum PidFileError {
    /// Another daemon holds it.
    #[error("Another process has pid file {} locked", .0.display())]
    Locked(PathBuf),
    /// A keepalived that does not lock its files is alive.
    #[error("keepalived runs already as process {pid} of pid file {}", .path.display())]
    Running { path: PathBuf, pid: u32 },
    /// It cannot be created or written.
    #[error("Unable to use pid file {}: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl PidFileError {
    /// Another daemon runs: keepalived ends with status 0 then.
    pub fn already_running(&self) -> bool {
        matches!(self, PidFileError::Locked(_) | PidFileError::Running { .. })
    }
}

/// The names of our pid files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PidPaths {
    /// The daemon's.
    pub parent: PathBuf,
    /// The VRRP part's.
    pub vrrp: PathBuf,
    /// The checkers'.
    pub checkers: PathBuf,
}

impl PidPaths {
    /// The options' names, else keepalived's: `/run/keepalived.pid`, `/run/vrrp.pid`,
    /// `/run/checkers.pid`; with `use_pid_dir`, `instance` or `net_namespace` in `/run/keepalived`, below
    /// it in a directory named after the network namespace, and with `_INSTANCE` in the name.
    pub fn new(options: &Options, global: &Global) -> PidPaths {
        let namespace = options.net_namespace.as_ref().or(global.net_namespace.as_ref());
        let mut directory = PathBuf::from(RUN);
        if global.use_pid_dir || global.instance.is_some() || namespace.is_some() {
            directory.push("keepalived");
        }
        directory.extend(namespace);
        let instance = global.instance.as_ref().map(|name| format!("_{name}")).unwrap_or_default();
        let path = |given: &Option<PathBuf>, part: &str| match given {
            // The daemon changes its directory; a relative name is meant from where it was started.
            Some(given) => std::path::absolute(given).unwrap_or_else(|_| given.clone()),
            None => directory.join(format!("{part}{instance}.pid")),
        };
        PidPaths {
            parent: path(&options.pid_file, "keepalived"),
            vrrp: path(&options.vrrp_pid_file, "vrrp"),
            checkers: path(&options.checkers_pid_file, "checkers"),
        }
    }
}

/// The held pid files. Dropping it removes them.
#[derive(Debug)]
pub struct PidFiles {
    paths: PidPaths,
    parent: Held,
    vrrp: Option<Held>,
    checkers: Option<Held>,
}

impl PidFiles {
    /// Locks the daemon's file and those of the parts that run, without writing yet: before the fork,
    /// so that whoever started us hears of a failure. The locks survive the fork.
    pub fn lock(paths: PidPaths, vrrp: bool, checkers: bool) -> Result<PidFiles, PidFileError> {
        let parent = Held::lock(&paths.parent)?;
        let vrrp = vrrp.then(|| Held::lock(&paths.vrrp)).transpose()?;
        let checkers = checkers.then(|| Held::lock(&paths.checkers)).transpose()?;
        Ok(PidFiles { paths, parent, vrrp, checkers })
    }

    /// Writes our pid: after the fork.
    pub fn write(&mut self) -> Result<(), PidFileError> {
        for held in
            [Some(&mut self.parent), self.vrrp.as_mut(), self.checkers.as_mut()].into_iter().flatten()
        {
            held.write()?;
        }
        Ok(())
    }

    /// After a reload: a part that came gets its file, that of a part that went is removed.
    pub fn set_parts(&mut self, vrrp: bool, checkers: bool) -> Result<(), PidFileError> {
        Self::set_part(&mut self.vrrp, &self.paths.vrrp, vrrp)?;
        Self::set_part(&mut self.checkers, &self.paths.checkers, checkers)
    }

    fn set_part(held: &mut Option<Held>, path: &Path, runs: bool) -> Result<(), PidFileError> {
        match (runs, held.is_some()) {
            (true, false) => {
                let mut new = Held::lock(path)?;
                new.write()?;
                *held = Some(new);
            }
            (false, true) => *held = None,
            _ => {}
        }
        Ok(())
    }
}

/// One locked file.
#[derive(Debug)]
struct Held {
    path: PathBuf,
    file: File,
}

impl Held {
    fn lock(path: &Path) -> Result<Held, PidFileError> {
        let failed = |source| PidFileError::Io { path: path.to_owned(), source };
        if let Some(directory) = path.parent().filter(|directory| directory.starts_with(RUN)) {
            fs::create_dir_all(directory).map_err(failed)?;
        }
        loop {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o644)
                .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
                .open(path)
                .map_err(failed)?;
            match fcntl(&file, FcntlArg::F_OFD_SETLK(&write_lock())) {
                Ok(_) => {}
                Err(Errno::EAGAIN | Errno::EACCES) => return Err(PidFileError::Locked(path.to_owned())),
                Err(errno) => return Err(failed(errno.into())),
            }
            // The daemon that held it may have removed it between our open and our lock: the lock
            // would then be on a file that nobody sees.
            if is_at(&file, path) {
                if let Some(pid) = living_keepalived(&file) {
                    return Err(PidFileError::Running { path: path.to_owned(), pid });
                }
                return Ok(Held { path: path.to_owned(), file });
            }
        }
    }

    fn write(&mut self) -> Result<(), PidFileError> {
        let write = |file: &mut File| {
            file.set_permissions(Permissions::from_mode(0o644))?;
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        write(&mut self.file).map_err(|source| PidFileError::Io { path: self.path.clone(), source })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if is_at(&self.file, &self.path) {
            // Nothing is to be done about a file that cannot be removed: without its lock it counts
            // as left behind.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The pid in the file at `path`, if a daemon holds that file locked.
pub fn running_daemon(path: &Path) -> io::Result<Option<u32>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut lock = write_lock();
    fcntl(&file, FcntlArg::F_OFD_GETLK(&mut lock))?;
    if libc::c_int::from(lock.l_type) == libc::F_UNLCK { Ok(None) } else { Ok(pid_in(&file)) }
}

fn write_lock() -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// The process in an unlocked file, if it is alive and runs the original: the name alone may be ours,
/// and a pid may have been used again.
fn living_keepalived(file: &File) -> Option<u32> {
    let pid = pid_in(file)?;
    let program = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    program.file_name().is_some_and(|name| name == "keepalived").then_some(pid)
}

fn pid_in(mut file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    file.rewind().ok()?;
    text.lines().next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Invocation, parse};

    fn options(words: &[&str]) -> Options {
        match parse(["standfast"].iter().chain(words).map(Into::into).collect()) {
            Invocation::Daemon(options) => options,
            other => panic!("{other:?}"),
        }
    }

    fn in_dir(dir: &Path) -> PidPaths {
        PidPaths { parent: dir.join("k.pid"), vrrp: dir.join("v.pid"), checkers: dir.join("c.pid") }
    }

    #[test]
    fn names_as_keepalived_has_them() {
        let names = |words: &[&str], global: Global| {
            let paths = PidPaths::new(&options(words), &global);
            [paths.parent, paths.vrrp, paths.checkers].map(|path| path.to_string_lossy().into_owned())
        };
        let plain = Global::default();
        assert_eq!(
            names(&[], plain.clone()),
            ["/run/keepalived.pid", "/run/vrrp.pid", "/run/checkers.pid"]
        );
        let dir = Global { use_pid_dir: true, ..Global::default() };
        assert_eq!(names(&[], dir)[1], "/run/keepalived/vrrp.pid");
        let instance = Global { instance: Some("foo".into()), ..Global::default() };
        assert_eq!(names(&[], instance)[0], "/run/keepalived/keepalived_foo.pid");
        assert_eq!(names(&["-s", "blue"], plain.clone())[2], "/run/keepalived/blue/checkers.pid");
        assert_eq!(names(&["-p", "/x/a", "-c/x/b"], plain), ["/x/a", "/run/vrrp.pid", "/x/b"]);
    }

    #[test]
    fn written_locked_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let paths = in_dir(dir.path());
        fs::write(&paths.parent, "4194305\n").unwrap(); // left behind: no such process can exist
        let mut held = PidFiles::lock(paths.clone(), true, false).unwrap();
        held.write().unwrap();
        let ours = format!("{}\n", std::process::id());
        assert_eq!(fs::read_to_string(&paths.parent).unwrap(), ours);
        assert_eq!(fs::read_to_string(&paths.vrrp).unwrap(), ours);
        assert!(!paths.checkers.exists());
        assert_eq!(fs::metadata(&paths.vrrp).unwrap().mode() & 0o777, 0o644);
        assert_eq!(running_daemon(&paths.parent).unwrap(), Some(std::process::id()));

        let second = PidFiles::lock(paths.clone(), false, false).unwrap_err();
        assert!(second.already_running());
        assert_eq!(
            second.to_string(),
            format!("Another process has pid file {} locked", paths.parent.display())
        );

        held.set_parts(false, true).unwrap();
        assert!(!paths.vrrp.exists() && paths.checkers.exists());
        drop(held);
        assert!(!paths.parent.exists() && !paths.checkers.exists());
        assert_eq!(running_daemon(&paths.parent).unwrap(), None);
    }

    #[test]
    fn a_file_that_somebody_else_put_there_is_not_removed() {
        let dir = tempfile::tempdir().unwrap();
        let paths = in_dir(dir.path());
        let held = PidFiles::lock(paths.clone(), false, false).unwrap();
        fs::remove_file(&paths.parent).unwrap();
        fs::write(&paths.parent, "1\n").unwrap();
        drop(held);
        assert_eq!(fs::read_to_string(&paths.parent).unwrap(), "1\n");
    }

    #[test]
    fn an_unusable_place_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let paths = in_dir(&dir.path().join("missing"));
        let error = PidFiles::lock(paths.clone(), false, false).unwrap_err();
        assert!(!error.already_running());
        assert!(error.to_string().contains(&paths.parent.display().to_string()), "{error}");
    }
}
