//! `notify_fifo`, `vrrp_notify_fifo`, `lvs_notify_fifo`: changes of state as lines in named pipes, and the
//! programs that read them.
//!
//! A pipe is opened for reading and writing, so that it stays open whoever reads it, and never blocks: a full
//! one loses lines, as keepalived's does. A reload leaves a pipe alone whose settings are the same: its reader
//! goes on and misses nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::scripts::child::{Running, Script};
use super::scripts::{Account, Prepared, ScriptBook};
use super::supervise::Supervisor;
use crate::config::model::Global;
use crate::config::model::process::Fifo;
use crate::report::{Ident, Line, emit};

/// What readers get at the end to read what is left, and again between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(1);

/// Whose changes a line tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum About {
    Vrrp,
    Lvs,
}

/// The open pipes. Clones share them.
#[derive(Clone, Debug)]
pub struct Fifos {
    pipes: Arc<Mutex<Vec<Pipe>>>,
    readers: Running,
    supervisor: Supervisor,
}

/// What a pipe is to be.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Wanted {
    settings: Fifo,
    vrrp: bool,
    lvs: bool,
    /// The reader, if it may run.
    reader: Option<Arc<Prepared>>,
}

#[derive(Debug)]
struct Pipe {
    wanted: Wanted,
    file: File,
    /// We made it, and remove it at the end.
    made: bool,
    reader: Option<Reader>,
}

/// A running reader.
#[derive(Debug)]
struct Reader {
    /// Dropped to send it SIGTERM.
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
}

impl Fifos {
    /// None is open.
    pub fn none(supervisor: Supervisor) -> Fifos {
        Fifos { pipes: Arc::default(), readers: Running::default(), supervisor }
    }

    /// Opens and closes what a configuration says, and leaves alone what stays the same.
    pub async fn follow(&self, global: &Global, book: &ScriptBook) {
        let wanted = wanted(global, book);
        let pipes = self.pipes.clone();
        // Files, and the user database: a file system that hangs must hold nothing up but this.
        let opened = tokio::task::spawn_blocking(move || change(&pipes, wanted)).await;
        for (path, program) in opened.unwrap_or_default() {
            let reader = self.start(program, &path);
            let mut pipes = self.lock();
            if let Some(pipe) =
                pipes.iter_mut().find(|pipe| pipe.wanted.settings.path.as_ref() == Some(&path))
            {
                pipe.reader = reader;
            }
        }
    }

    /// Writes a line, without its end, to every pipe that hears of such.
    pub fn tell(&self, about: About, line: &str) {
        let pipes = self.lock();
        let hearing = pipes.iter().filter(|pipe| match about {
            About::Vrrp => pipe.wanted.vrrp,
            About::Lvs => pipe.wanted.lvs,
        });
        for pipe in hearing {
            let line = format!("{line}\n");
            // In one piece, or not at all: a line is shorter than what a pipe takes at once.
            match (&pipe.file).write(line.as_bytes()) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                    let path = pipe.wanted.settings.path.as_deref().unwrap_or("");
                    emit(
                        ident(&pipe.wanted),
                        Line::warn(format!("cannot write to notify fifo {path}: {error}")),
                    );
                }
                _ => {}
            }
        }
    }

    /// At the end of the daemon, when the last lines are written: what we made is removed, and readers have
    /// 1 s to read to the end before SIGTERM, and another before SIGKILL.
    pub async fn close(&self) {
        let pipes: Vec<Pipe> = self.lock().drain(..).collect();
        let (mut stops, mut ends) = (Vec::new(), Vec::new());
        for mut pipe in pipes {
            if let Some(reader) = pipe.reader.take() {
                stops.push(reader.stop);
                ends.push(reader.ended);
            }
            pipe.close();
        }
        let mut ended = futures_util::future::join_all(ends);
        if timeout(GRACE, &mut ended).await.is_err() {
            drop(stops);
            if timeout(GRACE, &mut ended).await.is_err() {
                self.readers.signal(Signal::SIGKILL);
            }
        }
    }

    /// Starts a reader with the pipe as its last argument.
    fn start(&self, reader: Arc<Prepared>, path: &str) -> Option<Reader> {
        let program = reader.program.display().to_string();
        let mut script = match Script::start(&reader, &[path.to_owned()], &self.readers) {
            Ok(script) => script,
            Err(error) => {
                emit(
                    Ident::Parent,
                    Line::warn(format!("Unable to run notify fifo script {program}: {error}")),
                );
                return None;
            }
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel::<()>();
        self.supervisor.spawn(format!("reader of {path}"), async move {
            tokio::select! {
                _ = script.wait() => {
                    emit(Ident::Parent, Line::info(format!("notify fifo script {program} terminated")));
                }
                // The pipe is closed.
                _ = stopped => {
                    script.signal(Signal::SIGTERM);
                    let _ = script.wait().await;
                }
            }
            let _ = end.send(());
        });
        Some(Reader { stop, ended })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Pipe>> {
        self.pipes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pipe {
    fn close(self) {
        if self.made
            && let Some(path) = &self.wanted.settings.path
        {
            // Somebody may have removed it before us.
            let _ = fs::remove_file(path);
        }
    }
}

/// The pipes of a configuration. One that two keywords name is `notify_fifo`'s.
fn wanted(global: &Global, book: &ScriptBook) -> Vec<Wanted> {
    let kinds = [
        (&global.notify_fifo, true, true),
        (&global.vrrp_notify_fifo, true, false),
        (&global.lvs_notify_fifo, false, true),
    ];
    let mut found: Vec<Wanted> = Vec::new();
    for (settings, vrrp, lvs) in kinds {
        if settings.path.is_none() || global.notify_fifo.path == settings.path && !(vrrp && lvs) {
            continue;
        }
        let reader = settings.script.as_ref().and_then(|command| book.get(command));
        match found.iter_mut().find(|one| one.settings.path == settings.path) {
            Some(same) => same.lvs |= lvs,
            None => found.push(Wanted { settings: settings.clone(), vrrp, lvs, reader }),
        }
    }
    found
}

/// Makes the pipes those that are wanted. The readers that are to be started come back, each with its pipe.
fn change(pipes: &Mutex<Vec<Pipe>>, wanted: Vec<Wanted>) -> Vec<(String, Arc<Prepared>)> {
    let mut pipes = pipes.lock().unwrap_or_else(PoisonError::into_inner);
    let (kept, gone) =
        std::mem::take(&mut *pipes).into_iter().partition(|pipe| wanted.contains(&pipe.wanted));
    *pipes = kept;
    Vec::into_iter(gone).for_each(Pipe::close);
    let mut readers = Vec::new();
    for wanted in wanted {
        if pipes.iter().any(|pipe| pipe.wanted == wanted) {
            continue;
        }
        let Some(path) = wanted.settings.path.clone() else { continue };
        match open(&path, &wanted) {
            Ok((file, made)) => {
                readers.extend(wanted.reader.clone().map(|reader| (path, reader)));
                pipes.push(Pipe { wanted, file, made, reader: None });
            }
            Err(reason) => emit(ident(&wanted), Line::error(reason)),
        }
    }
    readers
}

/// The open pipe, and whether it was made. An existing file must be a pipe of ours or of its user.
fn open(path: &str, wanted: &Wanted) -> Result<(File, bool), String> {
    let owner = match &wanted.settings.user {
        None => Account::own(),
        Some(spec) => Account::find(spec).map_err(|error| format!("notify fifo {path}: {error}"))?,
    };
    let made = match mkfifo(Path::new(path), Mode::from_bits_truncate(0o644)) {
        Ok(()) => true,
        Err(nix::errno::Errno::EEXIST) => false,
        Err(error) => return Err(format!("Unable to create notify fifo {path} - errno {}", error as i32)),
    };
    let open = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC | libc::O_NOFOLLOW)
        .open(path);
    let file = open.map_err(|error| format!("Unable to open notify fifo {path} - {error}"))?;
    // Of what is open, not of what may have been put in its place.
    let metadata = file.metadata().map_err(|error| format!("notify fifo {path}: {error}"))?;
    let ours = [Account::own().uid, owner.uid].contains(&metadata.uid());
    if !metadata.file_type().is_fifo() || !ours {
        return Err(format!("notify fifo {path} is not a fifo we own - not using"));
    }
    if made && owner != Account::own() {
        fchown(&file, Some(owner.uid), Some(owner.gid))
            .map_err(|error| format!("notify fifo {path}: {error}"))?;
    }
    Ok((file, made))
}

/// Who speaks of a pipe.
fn ident(wanted: &Wanted) -> Ident {
    if wanted.vrrp { Ident::Vrrp } else { Ident::Checkers }
}
