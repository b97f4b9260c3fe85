//! A named pipe that is read at leisure.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::sys::stat::Mode;

/// Open for as long as it lives, so that what is written waits for whoever reads.
pub struct Pipe(File);

impl Pipe {
    /// Makes it, for its owner only.
    pub fn make(path: &Path) -> Pipe {
        nix::unistd::mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        Pipe(OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path).unwrap())
    }

    /// The lines that nobody else has read.
    pub fn lines(&mut self) -> Vec<String> {
        let mut text = Vec::new();
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = self.0.read(&mut piece) {
            text.extend_from_slice(&piece[..length]);
        }
        String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
    }
}
