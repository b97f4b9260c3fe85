//! Dump files in keepalived's layout, for the tools that read them.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::vrrp::view::View;

/// Where dumps go: `$TMPDIR` if it names a directory, else `/tmp`.
pub fn directory() -> PathBuf {
    std::env::var_os("TMPDIR")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute() && path.is_dir())
        .unwrap_or_else(|| PathBuf::from("/tmp"))
}

/// Writes a dump for root's eyes only. The directory may be everybody's: what stands there under this name,
/// be it a link to somewhere else, is removed and not written to. Blocks.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

/// `keepalived.stats`
pub fn stats(views: &[View]) -> String {
    let mut text = String::new();
    for view in views {
        let c = &view.counters;
        let _ = write!(
            text,
            "VRRP Instance: {}\n  Advertisements:\n    Received: {}\n    Sent: {}\n  Became master: {}\n  \
             Released master: {}\n  Packet Errors:\n    Length: {}\n    TTL: {}\n    Invalid Type: {}\n    \
             Advertisement Interval: {}\n    Address List: {}\n  Authentication Errors:\n    Invalid Type: {}\n    \
             Type Mismatch: {}\n    Failure: {}\n",
            view.config.name,
            c.advert_received,
            c.advert_sent,
            c.became_master,
            c.released_master,
            c.packet_length,
            c.ttl,
            c.invalid_type,
            c.advert_interval,
            c.address_list,
            c.auth_invalid_type,
            c.auth_type_mismatch,
            c.auth_failure,
        );
        // Whoever asks for auth_hmac expects the file of a keepalived that has it; others get the one they know.
        if view.config.options.auth_hmac.is_some() {
            let _ = write!(
                text,
                "  Authentication Extension Errors:\n    Missing: {}\n    Malformed: {}\n    Unknown Key: {}\n    \
                 Invalid HMAC: {}\n    Stale: {}\n    Replay: {}\n",
                c.trailer_missing,
                c.trailer_malformed,
                c.trailer_key,
                c.trailer_hmac,
                c.trailer_stale,
                c.trailer_replay,
            );
        }
        let _ = write!(
            text,
            "  Priority Zero:\n    Received: {}\n    Sent: {}\n",
            c.priority_zero_received, c.priority_zero_sent
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_in_the_place_of_a_dump_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (precious, dump) = (dir.path().join("precious"), dir.path().join("keepalived.stats"));
        fs::write(&precious, "kept").unwrap();
        std::os::unix::fs::symlink(&precious, &dump).unwrap();
        for text in ["first", "second"] {
            write(&dump, text).unwrap();
            assert_eq!(fs::read_to_string(&dump).unwrap(), text);
        }
        assert_eq!(fs::read_to_string(&precious).unwrap(), "kept");
    }
}
