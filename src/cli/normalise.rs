//! getopt's spelling into clap's: options may be bundled (`-nld`), an argument may stick to its letter
//! (`-f/etc/x`, `-tFILE`), and plain words may stand anywhere.
//!
//! An optional argument counts only when it sticks: `-t FILE` is `-t` and a word, and `-t=FILE` names
//! the file `=FILE`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use clap::{Arg, ArgAction, Command};

/// A command line with long options only, each with its value behind `=`.
#[derive(Debug)]
pub(super) struct Normal {
    /// For clap, program name first.
    pub arguments: Vec<OsString>,
    /// Words that belong to no option.
    pub words: Vec<OsString>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    /// Only when it sticks to the option.
    Maybe,
    Value,
}

/// Rewrites `words` (without the program's name) by the options of `command`. The error is the line
/// for the operator.
pub(super) fn normalise(command: &Command, words: Vec<OsString>) -> Result<Normal, String> {
    let mut normal = Normal { arguments: vec!["standfast".into()], words: Vec::new() };
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.as_bytes() {
            b"--" => {
                normal.words.extend(words);
                break;
            }
            [b'-', b'-', ..] => long(command, word, &mut words, &mut normal)?,
            [b'-', bundle @ ..] if !bundle.is_empty() => short(command, bundle, &mut words, &mut normal)?,
            _ => normal.words.push(word),
        }
    }
    Ok(normal)
}

fn long(
    command: &Command,
    word: OsString,
    rest: &mut impl Iterator<Item = OsString>,
    normal: &mut Normal,
) -> Result<(), String> {
    let name = word.as_bytes().get(2..).unwrap_or_default();
    // Abbreviations and unknown names are clap's business; here it only matters who takes the next word.
    let wants_value = !name.contains(&b'=')
        && unabbreviated(command, name).is_some_and(|option| takes(option) == Takes::Value);
    if wants_value {
        let Some(value) = rest.next() else {
            return Err(format!("Option {} needs an argument", word.to_string_lossy()));
        };
        normal.arguments.push(joined(word.as_bytes(), value.as_bytes()));
    } else {
        normal.arguments.push(word);
    }
    Ok(())
}

fn short(
    command: &Command,
    bundle: &[u8],
    rest: &mut impl Iterator<Item = OsString>,
    normal: &mut Normal,
) -> Result<(), String> {
    let mut bundle = bundle;
    while let [letter, stuck @ ..] = bundle {
        let letter = char::from(*letter);
        let option = command.get_arguments().find(|option| option.get_short() == Some(letter));
        let Some((option, name)) = option.and_then(|option| Some((option, option.get_long()?))) else {
            return Err(format!("Unknown option -{letter}"));
        };
        let name = [b"--", name.as_bytes()].concat();
        match takes(option) {
            Takes::Nothing => {
                normal.arguments.push(OsString::from_vec(name));
                bundle = stuck;
                continue;
            }
            Takes::Maybe if stuck.is_empty() => normal.arguments.push(OsString::from_vec(name)),
            Takes::Value if stuck.is_empty() => match rest.next() {
                Some(value) => normal.arguments.push(joined(&name, value.as_bytes())),
                None => return Err(format!("Option -{letter} needs an argument")),
            },
            Takes::Maybe | Takes::Value => normal.arguments.push(joined(&name, stuck)),
        }
        break;
    }
    Ok(())
}

/// The option with this long name, or the only one that begins so.
fn unabbreviated<'a>(command: &'a Command, name: &[u8]) -> Option<&'a Arg> {
    let named = |option: &&Arg| option.get_long().is_some_and(|long| long.as_bytes() == name);
    if let Some(exact) = command.get_arguments().find(named) {
        return Some(exact);
    }
    let begins = |option: &&Arg| option.get_long().is_some_and(|long| long.as_bytes().starts_with(name));
    let mut candidates = command.get_arguments().filter(begins);
    candidates.next().filter(|_| candidates.next().is_none())
}

fn takes(option: &Arg) -> Takes {
    if !matches!(option.get_action(), ArgAction::Set | ArgAction::Append) {
        Takes::Nothing
    } else if option.get_num_args().is_some_and(|count| count.min_values() == 0) {
        Takes::Maybe
    } else {
        Takes::Value
    }
}

fn joined(name: &[u8], value: &[u8]) -> OsString {
    OsStr::from_bytes(&[name, b"=", value].concat()).to_owned()
}
