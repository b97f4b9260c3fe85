//! `track_file`: the number that the bytes of a file stand for, and when it is news.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::model::TrackFile;
use crate::ids::Name;

/// As much of a file as can be a number.
pub const LONGEST: usize = 256;

/// What a look at a file gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Look {
    /// Its first bytes, at most [`LONGEST`].
    Content(Vec<u8>),
    Missing,
    /// It is there and cannot be read: why.
    Unreadable(String),
}

/// What there is to tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// The file's value from now on.
    Value { name: Name, value: i32 },
    /// A number out of range: the value stays what it was.
    Invalid { path: String, text: String },
    /// It counts as 0.
    Unreadable { path: String, reason: String },
}

/// All tracked files.
#[derive(Debug, Default)]
pub struct Files {
    files: BTreeMap<Name, File>,
}

#[derive(Debug)]
struct File {
    path: String,
    value: Option<i32>,
    /// The last look was no success, and that was told.
    unreadable: bool,
}

impl Files {
    /// Takes over a configuration. A file of the same name and path keeps its value until it is looked at.
    pub fn configure<'a>(&mut self, configs: impl IntoIterator<Item = &'a TrackFile>) {
        let mut old = std::mem::take(&mut self.files);
        for config in configs {
            let kept = old.remove(&config.name).filter(|file| file.path == config.path);
            let new = || File { path: config.path.clone(), value: None, unreadable: false };
            self.files.insert(config.name.clone(), kept.unwrap_or_else(new));
        }
    }

    /// The files to look at.
    pub fn paths(&self) -> BTreeSet<&str> {
        self.files.values().map(|file| file.path.as_str()).collect()
    }

    /// What they are worth, as far as they have been looked at.
    pub fn values(&self) -> impl Iterator<Item = (&Name, i32)> {
        self.files.iter().filter_map(|(name, file)| Some((name, file.value?)))
    }

    /// Takes a look that was taken at the file of this path.
    pub fn looked(&mut self, path: &str, look: &Look, out: &mut Vec<Action>) {
        let complaint = match look {
            Look::Content(text) => {
                number(text).err().map(|text| Action::Invalid { path: path.into(), text })
            }
            Look::Missing => None,
            Look::Unreadable(reason) => {
                Some(Action::Unreadable { path: path.into(), reason: reason.clone() })
            }
        };
        let mut told = false;
        for (name, file) in self.files.iter_mut().filter(|(_, file)| file.path == path) {
            let value = match look {
                Look::Content(text) => number(text).unwrap_or(file.value.unwrap_or(0)),
                Look::Missing | Look::Unreadable(_) => 0,
            };
            if file.value != Some(value) {
                file.value = Some(value);
                out.push(Action::Value { name: name.clone(), value });
            }
            // An invalid number is told each time that it is written, as keepalived does.
            let unreadable = matches!(look, Look::Unreadable(_));
            let again = std::mem::replace(&mut file.unreadable, unreadable) && unreadable;
            if let Some(complaint) = complaint.as_ref().filter(|_| !again && !told) {
                out.push(complaint.clone());
                told = true;
            }
        }
    }
}

/// The number that a text begins with: blanks, a sign, then a decimal, `0x` a hexadecimal, `0` an octal one. What
/// follows does not matter; no number is 0. One that is out of range comes back as its text.
fn number(text: &[u8]) -> Result<i32, String> {
    let text = text.trim_ascii_start();
    let text = text.strip_prefix(b"\x0b").map_or(text, <[u8]>::trim_ascii_start);
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (base, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] if rest.first().is_some_and(u8::is_ascii_hexdigit) => (16, rest),
        [b'0', ..] => (8, digits),
        _ => (10, digits),
    };
    let mut value: i64 = 0;
    for digit in digits.iter().map_while(|byte| char::from(*byte).to_digit(base)) {
        value = value.saturating_mul(i64::from(base)).saturating_add(i64::from(digit));
    }
    let value = if negative { -value } else { value };
    i32::try_from(value).map_err(|_| {
        let word = text.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        String::from_utf8_lossy(word).into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, path: &str) -> TrackFile {
        TrackFile { name: name.into(), path: path.into(), weight: 1, reverse: false, init: None }
    }

    fn content(text: &str) -> Look {
        Look::Content(text.into())
    }

    /// What keepalived 2.2.7 makes of these.
    #[test]
    fn numbers() {
        let cases = [
            ("7\n", 7),
            ("9", 9),
            ("", 0),
            ("abc", 0),
            ("12abc", 12),
            ("-253\n", -253),
            ("  8 ", 8),
            (" \n 8 \n 9", 8),
            ("\t\u{b}4", 4),
            ("+8", 8),
            ("0x10", 16),
            ("0x1g", 1),
            ("0x", 0),
            ("010", 8),
            ("5.9", 5),
            ("1 2", 1),
            ("2147483647", i32::MAX),
            ("-2147483648", i32::MIN),
        ];
        for (text, value) in cases {
            assert_eq!(number(text.as_bytes()), Ok(value), "{text:?}");
        }
        for text in ["99999999999", "-99999999999", "2147483648", "9".repeat(200).as_str()] {
            assert_eq!(number(format!("{text} \n").as_bytes()), Err(text.into()));
        }
    }

    #[test]
    fn only_news_is_told() {
        let mut files = Files::default();
        files.configure(&[file("a", "/f"), file("b", "/f"), file("c", "/g")]);
        assert_eq!(files.paths().into_iter().collect::<Vec<_>>(), ["/f", "/g"]);
        let mut look = |path, look| {
            let mut out = Vec::new();
            files.looked(path, &look, &mut out);
            out
        };
        let value = |name: &str, value| Action::Value { name: name.into(), value };
        assert_eq!(look("/f", Look::Missing), [value("a", 0), value("b", 0)]);
        assert_eq!(look("/f", content("7")), [value("a", 7), value("b", 7)]);
        assert_eq!(look("/f", content("7 ")), []);
        let invalid = || Action::Invalid { path: "/f".into(), text: "99999999999".into() };
        for _ in 0..2 {
            assert_eq!(look("/f", content("99999999999")), [invalid()], "the value stays");
        }
        let denied = || Look::Unreadable("denied".into());
        let told = look("/f", denied());
        assert_eq!(told.len(), 3, "two values and one complaint: {told:?}");
        assert_eq!(look("/f", denied()), [], "once is enough");
        assert_eq!(look("/f", content("1")), [value("a", 1), value("b", 1)]);
    }

    #[test]
    fn a_reload_keeps_what_is_the_same_file() {
        let mut files = Files::default();
        files.configure(&[file("a", "/f"), file("b", "/g")]);
        files.looked("/f", &content("3"), &mut Vec::new());
        files.looked("/g", &content("4"), &mut Vec::new());
        files.configure(&[file("a", "/f"), file("b", "/other")]);
        assert_eq!(
            files.values().map(|(name, value)| (name.to_string(), value)).collect::<Vec<_>>(),
            [("a".to_owned(), 3)]
        );
        let mut out = Vec::new();
        files.looked("/f", &content("3"), &mut out);
        assert_eq!(out, []);
    }
}
