//! Where texts come from. The only place in the configuration that reads files.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The largest text that is read, in bytes. keepalived has no limit; places in a text are 32 bits here.
const LARGEST_FILE: u64 = 512 * 1024 * 1024;

/// What stands at a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileKind {
    Missing,
    Regular,
    /// Regular, but executable: an include does not take it.
    Executable,
    Directory,
    Other,
}

/// Gives texts by path.
pub trait Reader {
    /// The bytes of a file.
    ///
    /// # Errors
    /// What the system says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// What stands at the path.
    fn kind(&self, path: &Path) -> FileKind;

    /// Existing paths that match a shell pattern without brace alternatives, sorted.
    fn matches(&self, pattern: &str) -> Vec<PathBuf>;
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Reader for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        use std::io::Read as _;
        let file = std::fs::File::open(path)?;
        // One more than it has, to see its end without room for more.
        let length = file.metadata()?.len().min(LARGEST_FILE) + 1;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        file.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 512 MiB"));
        }
        Ok(bytes)
    }

    fn kind(&self, path: &Path) -> FileKind {
        use std::os::unix::fs::PermissionsExt as _;
        match std::fs::metadata(path) {
            Err(_) => FileKind::Missing,
            Ok(meta) if meta.is_dir() => FileKind::Directory,
            Ok(meta) if !meta.is_file() => FileKind::Other,
            Ok(meta) if meta.permissions().mode() & 0o111 != 0 => FileKind::Executable,
            Ok(_) => FileKind::Regular,
        }
    }

    fn matches(&self, pattern: &str) -> Vec<PathBuf> {
        let options = glob::MatchOptions {
            require_literal_separator: true,
            require_literal_leading_dot: true,
            ..glob::MatchOptions::default()
        };
        match glob::glob_with(pattern, options) {
            Ok(paths) => paths.filter_map(Result::ok).collect(),
            Err(_) => Vec::new(),
        }
    }
}

/// Texts held in memory, by path.
#[derive(Clone, Debug, Default)]
pub struct Texts(pub BTreeMap<PathBuf, Vec<u8>>);

impl Reader for Texts {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn kind(&self, path: &Path) -> FileKind {
        if self.0.contains_key(path) {
            FileKind::Regular
        } else if self.0.keys().any(|file| file.starts_with(path)) {
            FileKind::Directory
        } else {
            FileKind::Missing
        }
    }

    fn matches(&self, pattern: &str) -> Vec<PathBuf> {
        let Ok(pattern) = glob::Pattern::new(pattern) else { return Vec::new() };
        self.0.keys().filter(|path| pattern.matches_path(path)).cloned().collect()
    }
}

/// First of the private characters that stand for bytes which are not UTF-8.
const STRAY: u32 = 0xF700;

/// Bytes as text. A byte that is no UTF-8 becomes a private character, so that [`bytes_of`] gives it back:
/// a password in Latin-1 must go out as it was written.
pub fn text_of(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let mut text = String::new();
            for chunk in error.as_bytes().utf8_chunks() {
                text.push_str(chunk.valid());
                text.extend(
                    chunk.invalid().iter().filter_map(|byte| char::from_u32(STRAY + u32::from(*byte))),
                );
            }
            text
        }
    }
}

/// The bytes that a text was read from.
pub fn bytes_of(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        let stray = u32::from(character).checked_sub(STRAY).and_then(|byte| u8::try_from(byte).ok());
        match stray {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// The alternatives of a shell pattern with braces: `a{b,c}` is `ab` and `ac`. At most 1024 of them.
pub fn alternatives(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(next) = open.pop() {
        match split_braces(&next) {
            Some(parts) if done.len() + open.len() + parts.len() <= 1024 => {
                open.extend(parts.into_iter().rev())
            }
            _ => done.push(next),
        }
    }
    done
}

/// One step: the first brace group, replaced by each of its parts.
fn split_braces(pattern: &str) -> Option<Vec<String>> {
    let start = pattern.find('{')?;
    let (mut depth, mut cuts) = (0_usize, vec![start]);
    for (at, character) in pattern.char_indices().skip_while(|(at, _)| *at < start) {
        match character {
            '{' => depth += 1,
            ',' if depth == 1 => cuts.push(at),
            '}' => {
                depth -= 1;
                if depth == 0 {
                    cuts.push(at);
                    break;
                }
            }
            _ => {}
        }
    }
    if depth != 0 {
        return None;
    }
    let (before, after) = (pattern.get(..start)?, pattern.get(cuts.last()? + 1..)?);
    cuts.windows(2)
        .map(|cut| match cut {
            [from, to] => Some(format!("{before}{}{after}", pattern.get(from + 1..*to)?)),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stray_bytes_survive() {
        let bytes = b"caf\xe9 \xc3\xa9 \xff".to_vec();
        let text = text_of(bytes.clone());
        assert!(text.contains('é'));
        assert_eq!(bytes_of(&text), bytes);
    }

    #[test]
    fn brace_alternatives() {
        assert_eq!(alternatives("a{b,c{1,2}}d"), ["abd", "ac1d", "ac2d"]);
        assert_eq!(alternatives("a{b"), ["a{b"]);
        assert_eq!(alternatives("a}b{,x}"), ["a}b", "a}bx"]);
    }
}
