//! Dump files in keepalived's layout, for the tools that read them.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::vrrp::router::View;

/// Where dumps go: `$TMPDIR` if it names a directory, else `/tmp`.
pub fn directory() -> PathBuf {
    std::env::var_os("TMPDIR")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute() && path.is_dir())
        .unwrap_or_else(|| PathBuf::from("/tmp"))
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
             Type Mismatch: {}\n    Failure: {}\n  Priority Zero:\n    Received: {}\n    Sent: {}\n",
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
            c.priority_zero_received,
            c.priority_zero_sent,
        );
    }
    text
}
