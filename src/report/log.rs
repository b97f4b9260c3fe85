//! tracing's events to syslog, the console and a file, by a bounded queue and one writer thread.
//!
//! A terminal that somebody stopped with Ctrl-S, a full pipe or a hanging log daemon must not hold up
//! an advert: the caller only puts the line in the queue. Full queue or stuck reader: lines are
//! dropped and counted, and the count is logged as soon as there is room.
//!
//! Levels: INFO and above are always logged, unless the line is marked as detail, which `-D` shows;
//! DEBUG needs `-D`, TRACE needs `-D -D`. Of the libraries only warnings and errors are logged.

use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::num::NonZeroU64;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SendError, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::fmt::format::Writer as StampWriter;
use tracing_subscriber::fmt::time::{ChronoLocal, FormatTime};

use super::Ident;
use super::syslog::{Facility, Syslog};

/// Lines that may wait for the writer. At 200 bytes a line, 400 kB.
const QUEUE: usize = 2048;
/// How long after a line others are let gather.
const GATHERING: Duration = Duration::from_millis(1);
/// How long a console that does not take a line is waited for, once, in milliseconds.
const CONSOLE_PATIENCE_MS: u16 = 500;
/// The longest write that a pipe with room takes without blocking (`PIPE_BUF`).
const CONSOLE_CHUNK: usize = 4096;

/// Where lines go.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `None`: no syslog (`-G`).
    pub syslog: Option<Facility>,
    /// The log socket, `/dev/log`.
    pub socket: PathBuf,
    /// Standard error too (`-l`).
    pub console: bool,
    /// `-g`: a file for each ident, named after this one.
    pub file: Option<PathBuf>,
    /// How often `-D` was given.
    pub detail: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            syslog: Some(Facility::DAEMON),
            socket: PathBuf::from("/dev/log"),
            console: false,
            file: None,
            detail: 0,
        }
    }
}

/// The way to the writer. A channel that takes so many lines and no more has the room for them all from the start;
/// this one gets it as they come, and counts those that wait itself.
#[derive(Clone, Debug)]
struct Queue {
    entries: Sender<Entry>,
    waiting: Arc<AtomicUsize>,
}

impl Queue {
    fn try_send(&self, entry: Entry) -> Result<(), TrySendError<Entry>> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= QUEUE {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(TrySendError::Full(entry));
        }
        self.entries.send(entry).map_err(|SendError(entry)| TrySendError::Disconnected(entry))
    }
}

/// The running log. Keep it until the end of the process and [`flush`](Log::flush) it.
#[derive(Debug)]
pub struct Log {
    queue: Queue,
}

/// Starts the writer and makes it the process's log.
///
/// Call it after the fork into the background: a thread does not survive a fork.
///
/// # Errors
/// The log file cannot be opened, or the thread cannot be started.
pub fn start(settings: &Settings) -> io::Result<Log> {
    let (log, subscriber) = build(settings)?;
    super::SHOWS_DETAIL.store(settings.detail > 0, Ordering::Relaxed);
    // Only a second call could fail, and the first log goes on then.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(log)
}

fn build(settings: &Settings) -> io::Result<(Log, QueueSubscriber)> {
    let lost = Arc::new(AtomicU64::new(0));
    let (sender, entries) = channel();
    let queue = Queue { entries: sender, waiting: Arc::default() };
    let writer = Writer::new(settings, Arc::clone(&lost), Arc::clone(&queue.waiting))?;
    std::thread::Builder::new().name("log".into()).spawn(move || writer.run(&entries))?;
    let subscriber = QueueSubscriber { queue: queue.clone(), lost, detail: settings.detail };
    Ok((Log { queue }, subscriber))
}

impl Log {
    /// Appends `_NETNS` and `_INSTANCE` to the idents of all later lines (top-level `net_namespace`
    /// and `instance`).
    pub fn rename(&self, net_namespace: Option<&str>, instance: Option<&str>) {
        let suffix: String =
            [net_namespace, instance].into_iter().flatten().flat_map(|name| ["_", name]).collect();
        // Only at start, before lines pile up.
        let _ = self.queue.try_send(Entry::Rename(suffix));
    }

    /// Waits until everything logged so far is written, at most `patience`.
    pub fn flush(&self, patience: Duration) {
        const STEP: Duration = Duration::from_millis(5);
        let (done, written) = sync_channel(1);
        let mut entry = Entry::Flush(done);
        // A file on a dead server may hold the writer for ever, so not even a place in the queue is
        // waited for without end.
        for _ in 0..=patience.as_millis() / STEP.as_millis() {
            match self.queue.try_send(entry) {
                Ok(()) => {
                    let _ = written.recv_timeout(patience);
                    return;
                }
                Err(TrySendError::Full(back)) => entry = back,
                Err(TrySendError::Disconnected(_)) => return,
            }
            std::thread::park_timeout(STEP);
        }
    }
}

#[derive(Debug)]
enum Entry {
    Line { ident: Ident, level: Level, text: String },
    Rename(String),
    Flush(SyncSender<()>),
}

/// The calling side: decides what is logged and queues it. Spans are none of its business, so that it needs no table of
/// them.
struct QueueSubscriber {
    queue: Queue,
    lost: Arc<AtomicU64>,
    detail: u8,
}

impl QueueSubscriber {
    fn limit(&self) -> LevelFilter {
        match self.detail {
            0 => LevelFilter::INFO,
            1 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        }
    }
}

impl Subscriber for QueueSubscriber {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let ours = ["standfast", "Keepalived"].iter().any(|prefix| metadata.target().starts_with(prefix));
        metadata.is_event() && *metadata.level() <= if ours { self.limit() } else { LevelFilter::WARN }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.limit())
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message::default();
        event.record(&mut message);
        if message.detail && self.detail == 0 {
            return;
        }
        let metadata = event.metadata();
        let ident = Ident::of_target(metadata.target());
        let line = Entry::Line { ident, level: *metadata.level(), text: message.text };
        if self.queue.try_send(line).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    // No span is enabled; all are one.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_non_zero_u64(NonZeroU64::MIN)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The text of an event: its message, then any other fields as `name=value`.
#[derive(Default)]
struct Message {
    text: String,
    detail: bool,
}

impl Visit for Message {
    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "detail" {
            self.detail = value;
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.text, "{value:?}"),
            name => write!(self.text, " {name}={value:?}"),
        };
    }
}

/// The writing side, on its own thread.
struct Writer {
    facility: Facility,
    syslog: Option<Syslog>,
    console: Option<Console>,
    files: Vec<(Ident, File)>,
    suffix: String,
    lost: Arc<AtomicU64>,
    waiting: Arc<AtomicUsize>,
    syslog_stamp: ChronoLocal,
    ctime_stamp: ChronoLocal,
}

impl Writer {
    fn new(settings: &Settings, lost: Arc<AtomicU64>, waiting: Arc<AtomicUsize>) -> io::Result<Writer> {
        let mut files = Vec::new();
        if let Some(path) = &settings.file {
            for ident in Ident::ALL {
                let path = with_suffix(path, ident.file_suffix());
                files.push((ident, OpenOptions::new().create(true).append(true).open(path)?));
            }
        }
        Ok(Writer {
            facility: settings.syslog.unwrap_or(Facility::DAEMON),
            syslog: settings.syslog.map(|_| Syslog::new(&settings.socket)),
            console: settings.console.then(Console::default),
            files,
            suffix: String::new(),
            lost,
            waiting,
            syslog_stamp: ChronoLocal::new("%b %e %H:%M:%S".into()),
            ctime_stamp: ChronoLocal::new("%a %b %e %H:%M:%S %Y".into()),
        })
    }

    fn run(mut self, entries: &Receiver<Entry>) {
        // Ends when the last sender is gone.
        for entry in entries {
            self.take(entry);
            // Lines come in crowds: whoever logs is not to wake us for each of them.
            std::thread::park_timeout(GATHERING);
            entries.try_iter().for_each(|entry| self.take(entry));
        }
    }

    fn take(&mut self, entry: Entry) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        match entry {
            Entry::Line { ident, level, text } => {
                self.write(ident, level, &text);
                self.own_up();
            }
            Entry::Rename(suffix) => self.suffix = suffix,
            Entry::Flush(done) => {
                let _ = done.try_send(());
            }
        }
    }

    /// Says how many lines were lost, once there is room again.
    fn own_up(&mut self) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let text = format!("{lost} log lines were lost: the log did not take them in time");
            if !self.write(Ident::Parent, Level::WARN, &text) {
                self.lost.fetch_add(lost, Ordering::Relaxed);
            }
        }
    }

    /// Writes to every sink; false if one of them lost the line.
    fn write(&mut self, ident: Ident, level: Level, text: &str) -> bool {
        let mut complete = true;
        let elsewhere = self.console.is_some() || !self.files.is_empty();
        if let Some(syslog) = &mut self.syslog {
            let line = format!(
                "<{}>{} {}{}[{}]: {text}",
                self.facility.priority(level),
                stamp(&self.syslog_stamp),
                ident.as_str(),
                self.suffix,
                std::process::id(),
            );
            complete &= match syslog.send(line.as_bytes()) {
                // Nobody keeps a system log here; who reads the line elsewhere has lost nothing.
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) =>
                {
                    elsewhere
                }
                sent => sent.is_ok(),
            };
        }
        if !elsewhere {
            return self.count(complete);
        }
        let line = format!("{}: {text}\n", stamp(&self.ctime_stamp));
        if let Some(console) = &mut self.console {
            complete &= console.write(line.as_bytes());
        }
        if let Some((_, file)) = self.files.iter_mut().find(|(of, _)| *of == ident) {
            complete &= file.write_all(line.as_bytes()).is_ok();
        }
        self.count(complete)
    }

    fn count(&self, complete: bool) -> bool {
        if !complete {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        complete
    }
}

fn stamp(format: &ChronoLocal) -> String {
    let mut text = String::with_capacity(24);
    // A clock that cannot be formatted leaves the stamp empty; the line matters more.
    let _ = format.format_time(&mut StampWriter::new(&mut text));
    text
}

/// `keepalived.log` and `_vrrp` make `keepalived_vrrp.log`, as keepalived names them.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(match name.rfind('.') {
        Some(dot) => format!("{}{suffix}{}", &name[..dot], &name[dot..]),
        None => format!("{name}{suffix}"),
    })
}

/// Standard error, which may be a stopped terminal or a full pipe.
#[derive(Default)]
struct Console {
    /// It did not take the last line in time: do not wait for it again until it does.
    stuck: bool,
}

impl Console {
    fn write(&mut self, line: &[u8]) -> bool {
        let stderr = io::stderr();
        for chunk in line.chunks(CONSOLE_CHUNK) {
            let patience = if self.stuck { 0 } else { CONSOLE_PATIENCE_MS };
            let mut wanted = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
            let ready = matches!(poll(&mut wanted, PollTimeout::from(patience)), Ok(1..));
            self.stuck = !ready;
            if !ready || (&stderr).write_all(chunk).is_err() {
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;
    use crate::report::{Line, emit};

    fn receive(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 512];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    fn to_socket(dir: &Path, detail: u8) -> (UnixDatagram, Settings) {
        let socket = dir.join("log");
        let receiver = UnixDatagram::bind(&socket).unwrap();
        receiver.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        (receiver, Settings { socket, detail, ..Settings::default() })
    }

    #[test]
    fn a_line_is_what_the_c_library_would_send() {
        let dir = tempfile::tempdir().unwrap();
        let (receiver, settings) = to_socket(dir.path(), 0);
        let (log, subscriber) = build(&settings).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            emit(Ident::Vrrp, Line::info("(VI_1) Entering MASTER STATE"));
            emit(Ident::Vrrp, Line::detail("(VI_1) setting VIPs."));
            tracing::debug!("not without -D");
            tracing::info!(target: "netlink_proto", "not ours");
            log.rename(Some("blue"), Some("edge"));
            emit(Ident::Checkers, Line::error("trouble"));
        });
        let pid = std::process::id();
        let first = receive(&receiver);
        let (stamp, rest) = first.split_at("<30>Nov 21 00:25:05 ".len());
        assert!(stamp.starts_with("<30>"), "{stamp}");
        assert_eq!(rest, format!("Keepalived_vrrp[{pid}]: (VI_1) Entering MASTER STATE"));
        let second = receive(&receiver);
        assert!(second.starts_with("<27>"), "{second}");
        assert!(
            second.ends_with(&format!("Keepalived_healthcheckers_blue_edge[{pid}]: trouble")),
            "{second}"
        );
    }

    #[test]
    fn detail_is_shown_when_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let (receiver, settings) = to_socket(dir.path(), 1);
        let (_log, subscriber) = build(&settings).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            emit(Ident::Vrrp, Line::detail("(VI_1) setting VIPs."));
            tracing::trace!("twice -D only");
            tracing::debug!(target: "standfast::daemon", backlog = 3, "late");
        });
        assert!(receive(&receiver).ends_with(": (VI_1) setting VIPs."));
        assert!(receive(&receiver).ends_with(": late backlog=3"));
    }

    #[test]
    fn a_log_that_takes_nothing_blocks_nobody_and_owns_up_later() {
        let dir = tempfile::tempdir().unwrap();
        let (receiver, settings) = to_socket(dir.path(), 0);
        let (log, subscriber) = build(&settings).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            // Far more than the queue and the socket hold together.
            for number in 0..QUEUE * 4 {
                emit(Ident::Parent, Line::info(format!("line {number}")));
            }
            log.flush(Duration::from_secs(10));
            receiver.set_nonblocking(true).unwrap();
            let mut buffer = [0; 512];
            while receiver.recv(&mut buffer).is_ok() {}
            receiver.set_nonblocking(false).unwrap();
            emit(Ident::Parent, Line::info("after"));
        });
        assert!(receive(&receiver).ends_with(": after"));
        let confession = receive(&receiver);
        assert!(confession.contains("log lines were lost"), "{confession}");
    }

    #[test]
    fn files_are_split_by_part() {
        let dir = tempfile::tempdir().unwrap();
        let file = Some(dir.path().join("ka.log"));
        let (log, subscriber) = build(&Settings { syslog: None, file, ..Settings::default() }).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            emit(Ident::Parent, Line::info("Startup complete"));
            emit(Ident::Vrrp, Line::info("(V) Entering BACKUP STATE"));
            log.flush(Duration::from_secs(10));
        });
        let read = |name| std::fs::read_to_string(dir.path().join(name)).unwrap();
        let line = read("ka.log");
        // `Sat Nov 21 00:25:05 2026: message`, ctime's form.
        assert_eq!(line.find(": Startup complete\n"), Some(24), "{line}");
        assert!(read("ka_vrrp.log").ends_with(": (V) Entering BACKUP STATE\n"));
        assert_eq!(read("ka_healthcheckers.log"), "");
        assert!(build(&Settings { file: Some("/nonexistent/x".into()), ..Settings::default() }).is_err());
    }

    #[test]
    fn without_a_system_log_nothing_is_lost_that_stands_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let (file, socket) = (Some(dir.path().join("ka.log")), dir.path().join("no-such-socket"));
        let settings = Settings { file, socket, ..Settings::default() };
        assert!(settings.syslog.is_some());
        let (log, subscriber) = build(&settings).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            emit(Ident::Parent, Line::info("one"));
            emit(Ident::Parent, Line::info("two"));
            log.flush(Duration::from_secs(10));
        });
        let text = std::fs::read_to_string(dir.path().join("ka.log")).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}
