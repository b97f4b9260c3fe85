//! The way to `/dev/log`: one datagram a line, never blocking.
//!
//! The C library's `syslog()` waits when the receiver is slow; a log must not hold up an advert, so a
//! line that cannot be delivered at once is lost and counted.

use std::io::{self, ErrorKind};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use tracing::Level;

/// A syslog facility: its code, as in RFC 5424 table 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facility(u8);

impl Facility {
    /// `daemon`, keepalived's default.
    pub const DAEMON: Facility = Facility(3);

    /// As `-S` takes it: `0` to `7`, `local0` to `local7`, `user`, `daemon`.
    pub fn parse(text: &str) -> Option<Facility> {
        match text {
            "user" => Some(Facility(1)),
            "daemon" => Some(Facility::DAEMON),
            _ => match text.strip_prefix("local").unwrap_or(text).as_bytes() {
                [digit @ b'0'..=b'7'] => Some(Facility(16 + (digit - b'0'))),
                _ => None,
            },
        }
    }

    /// The number in angle brackets: facility times eight plus severity.
    pub fn priority(self, level: Level) -> u8 {
        let severity = match level {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            Level::DEBUG | Level::TRACE => 7,
        };
        self.0 * 8 + severity
    }
}

/// The connection to the system's log.
#[derive(Debug)]
pub struct Syslog {
    path: PathBuf,
    socket: Option<UnixDatagram>,
}

impl Syslog {
    /// Connects when the first line comes; the receiver may start later than we do.
    pub fn new(path: &Path) -> Syslog {
        Syslog { path: path.to_owned(), socket: None }
    }

    /// Sends one line, or says that it was lost. A receiver that was restarted is connected again.
    pub fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        if let Some(socket) = &self.socket {
            match socket.send(datagram) {
                Ok(_) => return Ok(()),
                // Full: the receiver is there but slow. Connecting again would not help.
                Err(full) if full.kind() == ErrorKind::WouldBlock => return Err(full),
                Err(_) => self.socket = None,
            }
        }
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        socket.connect(&self.path)?;
        let sent = socket.send(datagram);
        self.socket = Some(socket);
        sent.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facilities() {
        assert_eq!(Facility::parse("daemon").map(|f| f.priority(Level::INFO)), Some(30));
        assert_eq!(Facility::parse("user").map(|f| f.priority(Level::INFO)), Some(14));
        assert_eq!(Facility::parse("5"), Facility::parse("local5"));
        assert_eq!(Facility::parse("local7").map(|f| f.priority(Level::ERROR)), Some(187));
        for bad in ["8", "local8", "local", "", "kern", "00"] {
            assert_eq!(Facility::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_full_receiver_loses_lines_and_a_restarted_one_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = Syslog::new(&path);
        assert!(log.send(b"nobody there").is_err());

        let receiver = UnixDatagram::bind(&path).unwrap();
        let mut sent = 0;
        // The kernel queues a few hundred datagrams at most; the bound is there to end a broken test.
        while sent < 100_000 && log.send(b"line").is_ok() {
            sent += 1;
        }
        assert!(sent > 0 && sent < 100_000, "{sent}");
        let mut buffer = [0; 16];
        receiver.recv(&mut buffer).unwrap();
        log.send(b"room again").unwrap();

        drop(receiver);
        std::fs::remove_file(&path).unwrap();
        assert!(log.send(b"gone").is_err());
        let restarted = UnixDatagram::bind(&path).unwrap();
        log.send(b"back").unwrap();
        let length = restarted.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"back");
    }
}
