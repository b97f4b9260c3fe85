//! Every code of a message: what it means, and the smallest configuration that provokes it.
//!
//! [`shown`] runs an example, so that what a document says is what the program says.

mod files;
mod host;
mod lvs;
mod page;
mod shown;
mod structure;
mod traps;
mod values;
mod vrrp;
mod words;

pub use page::markdown;
pub use shown::{Shown, shown};

use crate::config::keywords::Context;
use crate::config::lint::LINTS;

/// A code that does not change from release to release.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    pub name: &'static str,
    /// One or two sentences.
    pub meaning: &'static str,
    pub example: Example,
}

/// A configuration, shortly.
#[derive(Clone, Copy, Debug)]
pub enum Example {
    /// The text as it stands.
    Raw(&'static str),
    /// Blocks and lines parted by `;`, which are laid out.
    Laid(&'static str),
    /// The same in a block that is good but for these lines.
    Within(Context, &'static str),
    /// Files that include each other, the main one first; none: it is not there.
    Files(&'static [(&'static str, &'static str)]),
    /// Files that one shell pattern names.
    Pattern(&'static [(&'static str, &'static str)]),
    /// A file that is there and may not be read.
    Unreadable(&'static str),
}

const fn code(name: &'static str, meaning: &'static str, example: Example) -> Code {
    Code { name, meaning, example }
}

/// Who says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Teller {
    /// Whoever reads a configuration.
    Reader,
    /// Whoever compares it with a host.
    Host,
    /// `standfast check`
    Lint,
}

/// Codes of one kind.
#[derive(Clone, Debug)]
pub struct Chapter {
    pub title: &'static str,
    pub about: &'static str,
    pub teller: Teller,
    pub codes: Vec<Code>,
}

/// All of them, in the order of the document.
pub fn chapters() -> Vec<Chapter> {
    let chapter =
        |title, about, teller, codes: &[Code]| Chapter { title, about, teller, codes: codes.to_vec() };
    let of = |title, about, codes| chapter(title, about, Teller::Reader, codes);
    let traps: Vec<Code> = LINTS
        .iter()
        .filter_map(|(name, meaning)| {
            let (_, example) = traps::TRAPS.iter().find(|(known, _)| known == name)?;
            Some(code(name, meaning, *example))
        })
        .collect();
    let refused = "A reload with one of these is refused: what stands where is a guess.";
    let compared = "Only where the configuration is compared with the host it is on. The examples are of a host with \
                    the interfaces eth0 and eth1, the user web, the program /usr/local/bin/script and the key file \
                    /etc/keepalived/vrrp.key, which everybody may read.";
    let advice = "Only from `standfast check`: what is right in the language and perhaps not what its writer wants. \
                  Each comes with the way out of it.";
    vec![
        of("Braces and blocks", refused, structure::STRUCTURE),
        of("Words and lines", "", words::WORDS),
        of("Definitions, sequences, conditions, files", "", files::FILES),
        of("Values", "The keyword's default is used.", values::VALUES),
        of("VRRP", "", vrrp::VRRP),
        of("LVS", "", lvs::LVS),
        chapter("The host", compared, Teller::Host, host::HOST),
        chapter("Lints", advice, Teller::Lint, &traps),
    ]
}

/// A code in words, with its example and what is said of it.
pub fn explain(name: &str) -> Option<String> {
    let chapters = chapters();
    let (chapter, code) = chapters
        .iter()
        .find_map(|chapter| Some((chapter, chapter.codes.iter().find(|code| code.name == name)?)))?;
    let shown = shown(code, chapter.teller);
    let mut text = format!("{name}\n    {}\n", code.meaning);
    for (title, part) in [("example", &shown.text), ("message", &shown.messages)] {
        text.push_str(&format!("    {title}\n"));
        for line in part.lines() {
            text.push_str(format!("        {line}").trim_end());
            text.push('\n');
        }
    }
    Some(text)
}
