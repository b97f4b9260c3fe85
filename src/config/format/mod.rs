//! One canonical layout for a file, its meaning unchanged: `standfast fmt`.
//!
//! What is laid out is the text as a person wrote it: definitions, conditions, sequences and includes are
//! kept, nothing is expanded. `written` says what stands in a line, `layout` puts it on the page. The result is
//! read again and compared with what went in, so that a file is rather left alone than changed.

mod layout;
mod written;

use super::lex;
use super::preprocess::{self, Item};
use super::source::{Texts, bytes_of, text_of};
use super::{LoadOptions, Loaded, load_bytes};
use crate::diag::{Diagnostic, SourceMap};
use layout::Layout;
use written::Reading;

/// Ids of conditional lines for which the structure is followed.
const MOST_IDS: usize = 16;

/// Braces that are not where they should be: what belongs where is a guess then.
const BROKEN: &[&str] =
    &["missing-open-brace", "missing-close-brace", "extra-brace", "unexpected-brace", "too-much-text"];

/// Why a text is left as it is.
#[derive(Clone, Debug)]
pub enum Refused {
    /// Its braces are not in order; with what is wrong with them.
    Broken(Vec<Diagnostic>, SourceMap),
    /// It would not be read as before.
    Different,
}

/// The same configuration in the canonical layout: an indent of four spaces a block, one keyword a line, the
/// opening brace behind its keyword, a blank line between the blocks of the top level.
///
/// # Errors
/// When the braces are not in order, or when the layout would change what is read.
pub fn format(name: &str, bytes: &[u8]) -> Result<Vec<u8>, Refused> {
    let text = text_of(bytes.to_vec());
    let ids = ids(&text);
    in_order(name, bytes, &ids)?;
    let result = lay_out(&text, &ids);
    let result = if std::str::from_utf8(bytes).is_ok() { result.into_bytes() } else { bytes_of(&result) };
    let same = ids.iter().all(|id| read_alike(name, bytes, &result, id));
    same.then_some(result).ok_or(Refused::Different)
}

fn lay_out(text: &str, ids: &[String]) -> String {
    let (mut reading, mut layout) = (Reading::default(), Layout::new(ids));
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        layout.line(reading.line(line));
    }
    layout.print()
}

/// The ids that lines are for, and first one that no line is for: nothing can follow a sign without a blank.
fn ids(text: &str) -> Vec<String> {
    let mut ids = vec![" ".to_owned()];
    for line in text.split('\n').filter(|line| line.contains('@')) {
        for (id, _) in written::conditions(line.trim()).0 {
            if !ids.contains(&id) && ids.len() < MOST_IDS {
                ids.push(id);
            }
        }
    }
    ids
}

fn options(id: &str) -> LoadOptions {
    LoadOptions { config_id: id.to_owned(), ..LoadOptions::default() }
}

/// Whether the braces are in order for at least one id: a file may be meant for hosts that are named in it.
fn in_order(name: &str, bytes: &[u8], ids: &[String]) -> Result<(), Refused> {
    let mut first = None;
    for id in ids {
        let Loaded { diagnostics, sources, .. } = load_bytes(name, bytes, &options(id));
        let broken: Vec<Diagnostic> =
            diagnostics.into_iter().filter(|one| BROKEN.contains(&one.code)).collect();
        if broken.is_empty() {
            return Ok(());
        }
        first.get_or_insert(Refused::Broken(broken, sources));
    }
    first.map_or(Ok(()), Err)
}

/// Whether the same words and braces come out of both texts.
fn read_alike(name: &str, before: &[u8], after: &[u8], id: &str) -> bool {
    let items = |bytes: &[u8]| {
        let reader = Texts([(name.into(), bytes.to_vec())].into());
        let mut loaded = Loaded::default();
        let items = preprocess::read(name, &reader, &options(id), &mut loaded);
        items.read(&loaded.sources)
    };
    items(before).map(Read::from).eq(items(after).map(Read::from))
}

/// What is read of a line or brace, wherever it stands.
#[derive(PartialEq)]
enum Read {
    Line {
        words: Vec<String>,
        /// As a keyword that takes a script sees it.
        script: Vec<String>,
    },
    Open,
    Close,
}

impl From<Item> for Read {
    fn from(item: Item) -> Read {
        match item {
            Item::Line(line) => Read::Line {
                words: line.words_from(0).map(str::to_owned).collect(),
                script: lex::script_words(line.raw()),
            },
            Item::Open(_) => Read::Open,
            Item::Close(_) => Read::Close,
        }
    }
}
