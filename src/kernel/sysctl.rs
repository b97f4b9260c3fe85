//! Kernel settings under `/proc/sys`, with their old values remembered where we change them.

use std::fs;
use std::io;
use std::path::PathBuf;

/// One setting, as the components of its path: `["net", "ipv4", "conf", "eth0", "arp_ignore"]`. Components
/// and not a dotted name, because interface names may contain dots.
pub type Setting<'a> = [&'a str];

/// A name that would lead out of `/proc/sys` is refused with `InvalidInput`.
fn path(setting: &Setting<'_>) -> io::Result<PathBuf> {
    let odd = |part: &&str| part.is_empty() || part.contains('/') || *part == "." || *part == "..";
    if setting.iter().any(odd) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut path = PathBuf::from("/proc/sys");
    path.extend(setting);
    Ok(path)
}

/// The value, without the newline.
pub fn read(setting: &Setting<'_>) -> io::Result<String> {
    Ok(fs::read_to_string(path(setting)?)?.trim_end().to_owned())
}

/// Sets it, and returns the value that it had if that was another.
pub fn write(setting: &Setting<'_>, value: &str) -> io::Result<Option<String>> {
    let old = read(setting)?;
    if old == value {
        return Ok(None);
    }
    fs::write(path(setting)?, value)?;
    Ok(Some(old))
}

/// Sets it even if it has that value already. One that was never written follows every change of
/// `default`; one that was, stays.
pub fn pin(setting: &Setting<'_>, value: &str) -> io::Result<()> {
    fs::write(path(setting)?, value)
}

/// Settings that we changed, and what they were.
#[derive(Default)]
pub struct Changed {
    /// In the order of the changes; put back in reverse.
    settings: Vec<(Vec<String>, String)>,
}

impl Changed {
    /// Sets it and remembers what it was.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn set(&mut self, setting: &Setting<'_>, value: &str) -> io::Result<()> {
        if let Some(old) = write(setting, value)? {
            self.settings.push((setting.iter().map(|part| (*part).to_owned()).collect(), old));
        }
        Ok(())
    }

    /// Puts one back; nothing happens where it was not changed.
    pub fn restore_one(&mut self, setting: &Setting<'_>) -> Vec<(String, io::Error)> {
        let (own, others) = self.settings.drain(..).partition(|(parts, _)| parts == setting);
        self.settings = others;
        restore(own)
    }

    /// Puts all back. Those of an interface that has gone went with it.
    pub fn restore_all(&mut self) -> Vec<(String, io::Error)> {
        restore(std::mem::take(&mut self.settings))
    }
}

/// The names of those that could not be written, and why.
fn restore(settings: Vec<(Vec<String>, String)>) -> Vec<(String, io::Error)> {
    let written = settings.into_iter().rev().map(|(setting, value)| {
        let parts: Vec<&str> = setting.iter().map(String::as_str).collect();
        (setting.join("/"), write(&parts, &value))
    });
    written
        .filter_map(|(name, result)| result.err().map(|error| (name, error)))
        .filter(|(_, error)| error.kind() != io::ErrorKind::NotFound)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_stays_below_its_root() {
        assert_eq!(
            path(&["net", "ipv4", "conf", "eth0.7", "arp_ignore"]).unwrap(),
            PathBuf::from("/proc/sys/net/ipv4/conf/eth0.7/arp_ignore")
        );
        for name in ["", ".", "..", "../../kernel"] {
            let error = read(&["net", "ipv4", "conf", name, "arp_ignore"]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }
}
