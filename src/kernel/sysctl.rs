//! Kernel settings under `/proc/sys`, with their old values remembered where we change them.

use std::fs;
use std::io;
use std::path::PathBuf;

/// One setting, as the components of its path: `["net", "ipv4", "conf", "eth0", "arp_ignore"]`. Components
/// and not a dotted name, because interface names may contain dots.
pub type Setting<'a> = [&'a str];

fn path(setting: &Setting<'_>) -> PathBuf {
    let mut path = PathBuf::from("/proc/sys");
    path.extend(setting);
    path
}

/// The value, without the newline.
pub fn read(setting: &Setting<'_>) -> io::Result<String> {
    Ok(fs::read_to_string(path(setting))?.trim_end().to_owned())
}

/// Sets it, and returns the value that it had if that was another.
pub fn write(setting: &Setting<'_>, value: &str) -> io::Result<Option<String>> {
    let old = read(setting)?;
    if old == value {
        return Ok(None);
    }
    fs::write(path(setting), value)?;
    Ok(Some(old))
}
