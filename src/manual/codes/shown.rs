//! Runs an example: the text as a person writes it, and what the terminal says.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::{Code, Example, Teller};
use crate::config::host::{KeyFile, List, Program};
use crate::config::lint;
use crate::config::model::options::HmacSecret;
use crate::config::source::{FileKind, Reader, Texts};
use crate::config::{HostFacts, LoadOptions, Loaded, host, load_from};
use crate::diag::{Diagnostic, render};
use crate::manual::example;

/// The name of the file in messages.
const NAME: &str = "keepalived.conf";

/// An example, and what is said of it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The configuration; of several files each with its name above it.
    pub text: String,
    /// What a terminal shows of this code, without colour.
    pub messages: String,
    /// How often it is said.
    pub count: usize,
    /// What else is said of the example.
    pub others: Vec<Diagnostic>,
}

/// Runs the example of a code.
pub fn shown(code: &Code, teller: Teller) -> Shown {
    let (path, files) = files(&code.example);
    let texts =
        Texts(files.iter().map(|(name, text)| (PathBuf::from(name), text.clone().into_bytes())).collect());
    let reader: &dyn Reader = match code.example {
        Example::Unreadable(_) => &Denied,
        _ => &texts,
    };
    let options = LoadOptions { config_id: "node1".into(), ..LoadOptions::default() };
    let loaded = match teller {
        Teller::Lint => load_from(&path, reader, &lint::options(options)),
        Teller::Reader | Teller::Host => load_from(&path, reader, &options),
    };
    let said = said(&loaded, teller);
    let (these, others): (Vec<_>, Vec<_>) = said.into_iter().partition(|one| one.code == code.name);
    let told: Vec<String> = these.iter().map(|one| render::terminal(one, &loaded.sources, false)).collect();
    Shown { text: text(&files), messages: told.join("\n"), count: these.len(), others }
}

fn said(loaded: &Loaded, teller: Teller) -> Vec<Diagnostic> {
    let more = match teller {
        Teller::Reader => Vec::new(),
        Teller::Host => host::check(loaded, &facts()),
        Teller::Lint => lint::lint(loaded),
    };
    loaded.diagnostics.iter().cloned().chain(more).collect()
}

/// What is read, and the files that there are, by name.
fn files(example: &Example) -> (String, Vec<(String, String)>) {
    let one = |text: String| (NAME.to_owned(), vec![(NAME.to_owned(), text)]);
    let several = |files: &[(&str, &str)]| -> Vec<(String, String)> {
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    };
    match example {
        Example::Raw(text) | Example::Unreadable(text) => one((*text).to_owned()),
        Example::Laid(short) => one(example::laid_out(short)),
        Example::Within(context, lines) => one(example::within(*context, lines)),
        Example::Files(files) => {
            let main = files.first().map_or(NAME, |(name, _)| name);
            (main.to_owned(), several(files))
        }
        Example::Pattern(files) => ("*.conf".to_owned(), several(files)),
    }
}

/// As a document shows it: a character that nobody sees is named.
fn text(files: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, part) in files {
        if files.len() > 1 {
            text.push_str(&format!("# {name}\n"));
        }
        text.push_str(&part.replace('\0', "<NUL>").replace('\u{feff}', "<BYTE ORDER MARK>"));
    }
    text
}

/// The host of the examples.
fn facts() -> HostFacts {
    let names =
        |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let programs = ["/usr/local/bin/script", "logger"];
    HostFacts {
        interfaces: names(&["lo", "eth0", "eth1"]),
        names: [(List::Tables, "uplink".to_owned())].into(),
        users: names(&["root", "web"]),
        groups: names(&["root", "web"]),
        namespaces: BTreeSet::new(),
        programs: programs
            .into_iter()
            .map(|name| (name.to_owned(), Program::Usable))
            .collect::<BTreeMap<_, _>>(),
        key_files: HmacSecret::read(&[b'k'; 32])
            .map(|key| ("/etc/keepalived/vrrp.key".to_owned(), KeyFile { shared: true, secret: Ok(key) }))
            .into_iter()
            .collect(),
    }
}

/// A file system in which nothing may be read.
struct Denied;

impl Reader for Denied {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn kind(&self, _: &Path) -> FileKind {
        FileKind::Regular
    }

    fn matches(&self, _: &str) -> Vec<PathBuf> {
        Vec::new()
    }
}
