//! Tracked files: the watch and the look at them.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::Path;
use std::time::Duration;

use super::watching::Source;
use crate::config::model::{Config, TrackFile};
use crate::kernel::clock;
use crate::kernel::file_watch::FileWatch;
use crate::report::{Ident, Line, emit, track};
use crate::time::Mono;
use crate::track::file::{Action, Files, LONGEST, Look};
use crate::track::news::News;

/// How often a directory that is not there is looked for.
const RETRY: Duration = Duration::from_secs(1);

/// The source.
pub struct TrackedFiles {
    files: Files,
    watch: Option<FileWatch>,
    retry_at: Option<Mono>,
    /// Directories that were told to be missing.
    missed: BTreeSet<String>,
}

impl TrackedFiles {
    /// Watches nothing yet.
    pub fn new() -> Self {
        let watch = FileWatch::new()
            .inspect_err(|error| {
                emit(Ident::Vrrp, Line::error(format!("cannot watch tracked files: {error}")))
            })
            .ok();
        TrackedFiles { files: Files::default(), watch, retry_at: None, missed: BTreeSet::new() }
    }

    fn look(&mut self, paths: impl IntoIterator<Item = String>, out: &mut Vec<News>) {
        let mut actions = Vec::new();
        for path in paths {
            self.files.looked(&path, &look(Path::new(&path)), &mut actions);
        }
        for action in actions {
            match action {
                Action::Value { name, value } => out.push(News::File { name, value }),
                Action::Invalid { path, text } => emit(Ident::Vrrp, track::invalid_number(&path, &text)),
                Action::Unreadable { path, reason } => {
                    emit(Ident::Vrrp, track::unreadable(&path, &reason));
                }
            }
        }
    }

    fn plan_retry(&mut self) {
        let Some(watch) = &self.watch else { return };
        let missing: BTreeSet<String> = watch.unwatched().map(|path| path.display().to_string()).collect();
        for path in missing.difference(&self.missed) {
            emit(Ident::Vrrp, track::missing_directory(path));
        }
        self.retry_at = (!missing.is_empty()).then(|| clock::now() + RETRY);
        self.missed = missing;
    }
}

impl Source for TrackedFiles {
    fn is_wanted(config: &Config) -> bool {
        !config.track_files.is_empty()
    }

    fn configure(&mut self, config: &Config, out: &mut Vec<News>) {
        self.files.configure(&config.track_files);
        // Watched before they are looked at: nothing that happens in between is lost.
        if let Some(watch) = &mut self.watch {
            watch.set(self.files.paths());
        }
        let paths: Vec<String> = self.files.paths().into_iter().map(str::to_owned).collect();
        self.look(paths, &mut Vec::new());
        out.extend(self.files.values().map(|(name, value)| News::File { name: name.clone(), value }));
        self.plan_retry();
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.watch.as_ref().map(|watch| watch.as_fd())
    }

    fn deadline(&self) -> Option<Mono> {
        self.retry_at
    }

    fn turn(&mut self, now: Mono, out: &mut Vec<News>) {
        let Some(watch) = &mut self.watch else { return };
        let mut changed = watch.changed().unwrap_or_else(|error| {
            emit(Ident::Vrrp, Line::error(format!("cannot watch tracked files: {error}")));
            BTreeSet::new()
        });
        if self.retry_at.is_some_and(|at| at <= now) {
            changed.extend(watch.retry());
        }
        self.look(changed, out);
        if self.watch.as_ref().is_some_and(|watch| watch.unwatched().next().is_some())
            || self.retry_at.is_some()
        {
            self.plan_retry();
        }
    }
}

/// As much of the file as can be a number. A pipe or a device could keep us waiting for ever: it is not read.
fn look(path: &Path) -> Look {
    let read = || -> io::Result<Vec<u8>> {
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        let mut content = Vec::new();
        File::open(path)?.take(LONGEST as u64).read_to_end(&mut content)?;
        Ok(content)
    };
    match read() {
        Ok(content) => Look::Content(content),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Look::Missing
        }
        Err(error) => Look::Unreadable(error.to_string()),
    }
}

/// `init_file`: at the start each such file is made, or its content replaced where that is asked for.
pub fn initialise(files: &[TrackFile]) {
    for file in files {
        let Some(init) = file.init else { continue };
        let mut how = OpenOptions::new();
        how.write(true);
        if init.overwrite {
            how.create(true).truncate(true)
        } else {
            how.create_new(true)
        };
        let written = how
            .open(&file.path)
            .and_then(|mut open| open.write_all(format!("{}\n", init.value).as_bytes()));
        match written {
            Err(error) if error.kind() != ErrorKind::AlreadyExists || init.overwrite => {
                emit(Ident::Vrrp, track::not_initialised(&file.name, &error.to_string()));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::track::InitFile;

    fn file(path: &Path, init: Option<InitFile>) -> TrackFile {
        TrackFile { name: "f".into(), path: path.display().to_string(), weight: 1, reverse: false, init }
    }

    fn values(events: &[News]) -> Vec<i32> {
        let value = |event: &News| match event {
            News::File { value, .. } => *value,
            other => panic!("{other:?}"),
        };
        events.iter().map(value).collect()
    }

    #[test]
    fn init_file_makes_and_overwrites() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let init = |value, overwrite| initialise(&[file(&path, Some(InitFile { value, overwrite }))]);
        let content = || fs::read_to_string(&path).unwrap();
        initialise(&[file(&path, None)]);
        assert!(!path.exists());
        init(5, false);
        assert_eq!(content(), "5\n");
        init(100, false);
        assert_eq!(content(), "5\n", "what is there stays");
        init(-7, true);
        assert_eq!(content(), "-7\n");
        initialise(&[file(&dir.path().join("none/f"), Some(InitFile::default()))]);
    }

    #[test]
    fn a_file_is_followed_through_everything() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        let path = inner.join("f");
        let config = Config { track_files: vec![file(&path, None)], ..Config::default() };
        let mut source = TrackedFiles::new();
        let mut out = Vec::new();
        source.configure(&config, &mut out);
        assert_eq!(values(&out), [0], "no directory, no file, no value");
        let mut after = |deed: &dyn Fn()| {
            deed();
            let mut out = Vec::new();
            let later = source.deadline();
            source.turn(later.unwrap_or_else(clock::now), &mut out);
            values(&out)
        };
        let write = |text: &str| fs::write(&path, text).unwrap();
        assert_eq!(after(&|| fs::create_dir(&inner).unwrap()), [0; 0], "found again");
        assert_eq!(after(&|| write("7\n")), [7]);
        assert_eq!(after(&|| write("7")), [0; 0], "no news");
        assert_eq!(after(&|| write("99999999999")), [0; 0], "stays what it was");
        assert_eq!(after(&|| fs::remove_file(&path).unwrap()), [0]);
        let replace = || {
            fs::write(inner.join("g"), "8").unwrap();
            fs::rename(inner.join("g"), &path).unwrap();
        };
        assert_eq!(after(&replace), [8]);
        let directory = || {
            fs::remove_file(&path).unwrap();
            fs::create_dir(&path).unwrap();
        };
        assert_eq!(after(&directory), [0], "not a file");
        assert_eq!(after(&|| fs::remove_dir_all(&inner).unwrap()), [0; 0]);
        let again = || {
            fs::create_dir(&inner).unwrap();
            write("9");
        };
        assert_eq!(after(&again), [9]);
        let mut out = Vec::new();
        source.configure(&config, &mut out);
        assert_eq!(values(&out), [9], "a reload tells what is known");
        source.configure(&Config::default(), &mut out);
        assert_eq!(source.deadline(), None);
    }
}
