//! Files that others write, replace, remove and make again (inotify).
//!
//! The directories are watched, not the files: so a file that is renamed into its place is seen, and one that does not
//! exist yet. A directory that is not there is looked for again when the reader asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};

/// The files, and the directories that they are in.
pub struct FileWatch {
    inotify: Inotify,
    directories: BTreeMap<PathBuf, Directory>,
}

#[derive(Default)]
struct Directory {
    /// `None`: it is not there, or cannot be watched.
    watch: Option<WatchDescriptor>,
    /// By name; each with its path as it was given.
    files: BTreeMap<OsString, BTreeSet<String>>,
}

impl FileWatch {
    /// Watches nothing yet.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn new() -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        Ok(FileWatch { inotify, directories: BTreeMap::new() })
    }

    /// Watches these files from now on, and no others.
    pub fn set<'a>(&mut self, paths: impl IntoIterator<Item = &'a str>) {
        let mut old = std::mem::take(&mut self.directories);
        for path in paths {
            let (directory, name) = parts(path);
            let kept = self.directories.entry(directory.clone()).or_insert_with(|| Directory {
                watch: old.remove(&directory).and_then(|old| old.watch),
                files: BTreeMap::new(),
            });
            kept.files.entry(name).or_default().insert(path.to_owned());
        }
        for watch in old.into_values().filter_map(|directory| directory.watch) {
            // It may be gone already.
            let _ = self.inotify.rm_watch(watch);
        }
        self.retry();
    }

    /// Tries the directories that are not watched. The files in those that now are.
    pub fn retry(&mut self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (path, directory) in self.directories.iter_mut().filter(|(_, one)| one.watch.is_none()) {
            directory.watch = self.inotify.add_watch(path, interest()).ok();
            if directory.watch.is_some() {
                found.extend(directory.files.values().flatten().cloned());
            }
        }
        found
    }

    /// The directories that are not there, or cannot be watched.
    pub fn unwatched(&self) -> impl Iterator<Item = &Path> {
        let unwatched = self.directories.iter().filter(|(_, directory)| directory.watch.is_none());
        unwatched.map(|(path, _)| path.as_path())
    }

    /// The files to look at again; none when nothing has happened.
    ///
    /// # Errors
    /// The descriptor failed.
    pub fn changed(&mut self) -> io::Result<BTreeSet<String>> {
        let mut changed = BTreeSet::new();
        loop {
            match self.inotify.read_events() {
                Ok(events) => events.iter().for_each(|event| self.take(event, &mut changed)),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(changed),
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    fn take(&mut self, event: &InotifyEvent, changed: &mut BTreeSet<String>) {
        if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
            let all = self.directories.values().flat_map(|directory| directory.files.values().flatten());
            changed.extend(all.cloned());
            return;
        }
        let Some(directory) = self.directories.values_mut().find(|one| one.watch == Some(event.wd)) else {
            return;
        };
        match event.name.as_deref() {
            Some(name) => changed.extend(directory.files.get(name).into_iter().flatten().cloned()),
            None => {
                // Something about the directory itself.
                changed.extend(directory.files.values().flatten().cloned());
                if event.mask.intersects(AddWatchFlags::IN_IGNORED | AddWatchFlags::IN_MOVE_SELF) {
                    directory.watch = None;
                    let _ = self.inotify.rm_watch(event.wd);
                }
            }
        }
    }
}

impl AsFd for FileWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

/// Not each write: a file that is written anew is empty for a moment.
fn interest() -> AddWatchFlags {
    AddWatchFlags::IN_CLOSE_WRITE
        | AddWatchFlags::IN_CREATE
        | AddWatchFlags::IN_DELETE
        | AddWatchFlags::IN_MOVED_FROM
        | AddWatchFlags::IN_MOVED_TO
        | AddWatchFlags::IN_ATTRIB
        | AddWatchFlags::IN_DELETE_SELF
        | AddWatchFlags::IN_MOVE_SELF
        | AddWatchFlags::IN_ONLYDIR
}

fn parts(path: &str) -> (PathBuf, OsString) {
    let path = Path::new(path);
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let name = path.file_name().unwrap_or(OsStr::new(""));
    (directory.unwrap_or(Path::new(".")).to_owned(), name.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Does something, and tells which of the files `a` and `b` are to be looked at.
    fn after(watch: &mut FileWatch, deed: impl FnOnce()) -> String {
        deed();
        let changed = watch.changed().unwrap();
        changed.iter().map(|path| path.rsplit('/').next().unwrap()).collect()
    }

    #[test]
    fn everything_that_can_happen_to_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        let path = |name: &str| inner.join(name).display().to_string();
        let (a, b) = (path("a"), path("b"));
        let mut watch = FileWatch::new().unwrap();
        watch.set([a.as_str(), b.as_str()]);
        assert_eq!(watch.unwatched().collect::<Vec<_>>(), [&inner]);
        fs::create_dir(&inner).unwrap();
        assert_eq!(watch.retry().len(), 2);
        assert_eq!(watch.unwatched().count(), 0);
        assert_eq!(after(&mut watch, || fs::write(&a, "1").unwrap()), "a");
        assert_eq!(after(&mut watch, || fs::write(&a, "2").unwrap()), "a");
        assert_eq!(after(&mut watch, || fs::write(path("c"), "3").unwrap()), "", "a stranger");
        assert_eq!(after(&mut watch, || fs::rename(path("c"), &a).unwrap()), "a", "replaced");
        assert_eq!(after(&mut watch, || fs::hard_link(&a, &b).unwrap()), "b");
        assert_eq!(after(&mut watch, || fs::rename(&a, path("c")).unwrap()), "a");
        assert_eq!(after(&mut watch, || fs::rename(path("c"), &a).unwrap()), "a");
        assert_eq!(after(&mut watch, || fs::remove_file(&b).unwrap()), "b");
        assert_eq!(after(&mut watch, || ()), "");
        let elsewhere = dir.path().join("elsewhere");
        assert_eq!(after(&mut watch, || fs::rename(&inner, &elsewhere).unwrap()), "ab");
        assert_eq!(watch.unwatched().count(), 1);
        assert_eq!(watch.retry().len(), 0);
        fs::rename(&elsewhere, &inner).unwrap();
        assert_eq!(watch.retry().len(), 2);
        assert_eq!(after(&mut watch, || fs::remove_dir_all(&inner).unwrap()), "ab");
        assert_eq!(watch.unwatched().count(), 1);
    }

    #[test]
    fn only_what_is_asked_for_is_watched() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).display().to_string();
        let (a, b) = (path("a"), path("b"));
        let mut watch = FileWatch::new().unwrap();
        watch.set([a.as_str()]);
        watch.set([b.as_str()]);
        assert_eq!(after(&mut watch, || fs::write(&a, "1").unwrap()), "");
        assert_eq!(after(&mut watch, || fs::write(&b, "1").unwrap()), "b");
        watch.set([]);
        assert_eq!(after(&mut watch, || fs::write(&b, "2").unwrap()), "");
    }
}
