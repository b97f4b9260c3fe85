//! keepalived.conf: text to tree to typed model. Never asks the system whether something exists.
//!
//! [`source`] reads files, `preprocess` makes logical lines of them, `syntax` a tree, `lower` the model;
//! [`keywords`] is the table that all of them ask. A mistake becomes a [`Diagnostic`]; reading never fails.

pub mod diff;
pub mod format;
pub mod host;
mod keep;
pub mod keywords;
mod lex;
pub mod lint;
mod lower;
pub mod model;
pub mod policy;
mod preprocess;
pub mod source;
mod suggest;
mod syntax;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

pub use host::{HostFacts, Needs};
pub use policy::{Refusal, Rejected, RejectedKind, reload_refusal, verdict};

use crate::diag::{Class, Diagnostic, SourceMap, Span};
use crate::ids::Name;
use model::Config;
use source::{Disk, Reader, Texts};

/// What reading depends on beside the text.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// `-i`: lines of another configuration are left out. keepalived's default is the node's name up to
    /// its first dot.
    pub config_id: String,
    /// `-e`: an include that matches nothing, or something that is no file, is an error.
    pub strict_includes: bool,
    /// For `${_ENV NAME}`.
    pub environment: BTreeMap<String, String>,
    /// For `${_RANDOM}`.
    pub random_seed: u64,
    /// Bytes that definitions and sequences may produce; what exceeds them is left out, with an error.
    pub most_produced: usize,
    /// The tree is kept for [`lint`].
    pub keep_tree: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        LoadOptions {
            config_id: String::new(),
            strict_includes: false,
            environment: BTreeMap::new(),
            random_seed: 0,
            most_produced: 32 * 1024 * 1024,
            keep_tree: false,
        }
    }
}

/// So many mistakes are told; a text that is no configuration has no end of them.
const MOST_TOLD: usize = 1000;
/// A message is no longer, in bytes: what it repeats of the text may be as long as the text.
const LONGEST_MESSAGE: usize = 2000;

/// A configuration, and everything there is to say about it.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    pub config: Config,
    /// In the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    pub sources: SourceMap,
    /// A brace is missing or too many, or a block is unknown: what stands where is a guess.
    pub structure_broken: bool,
    /// The main file cannot be read.
    pub missing: bool,
    /// A strict include failed.
    pub include_failed: bool,
    /// What the host must have; [`host::check`] compares.
    pub needs: Needs,
    /// Objects that stand in the text and are not in the model.
    pub rejected: Vec<Rejected>,
    /// Interfaces that VMACs of this configuration will be.
    pub own_interfaces: BTreeSet<Name>,
    /// The tree, where it was asked for.
    tree: Vec<syntax::Node>,
    /// Places whose mistake was told: what is wrong with the value there follows from it.
    explained: Vec<Span>,
    /// Mistakes that are only counted, and the worst class of them.
    untold: (usize, Class),
}

impl Loaded {
    /// Adds a mistake, or counts it where there are too many already.
    fn tell(&mut self, mut diagnostic: Diagnostic) {
        diagnostic.shorten(LONGEST_MESSAGE);
        if self.diagnostics.len() < MOST_TOLD {
            self.diagnostics.push(diagnostic);
        } else {
            self.untold = (self.untold.0 + 1, self.untold.1.max(diagnostic.class));
        }
    }

    /// Notes that everything about a place was said.
    fn explain(&mut self, place: Option<Span>) {
        if self.explained.len() < MOST_TOLD {
            self.explained.extend(place);
        }
    }

    /// Whether a complaint about a place would only be a consequence.
    fn is_explained(&self, place: Option<Span>) -> bool {
        let overlaps = |told: &Span, place: Span| {
            told.file == place.file && told.start <= place.start && place.end <= told.end
        };
        place.is_some_and(|place| self.explained.iter().any(|told| overlaps(told, place)))
    }

    /// Adds what was wrong with braces and keywords.
    fn tell_findings(&mut self, findings: syntax::Findings) {
        self.structure_broken |= findings.broken;
        findings.explained.into_iter().for_each(|place| self.explain(Some(place)));
        findings.diagnostics.into_iter().for_each(|diagnostic| self.tell(diagnostic));
        if findings.untold > 0 {
            self.untold = (self.untold.0 + findings.untold, self.untold.1.max(Class::Fault));
        }
    }

    /// Says how many were only counted.
    fn tell_the_rest(&mut self) {
        let (count, class) = self.untold;
        if count > 0 {
            let message = format!("{count} further mistakes are not shown");
            self.diagnostics.push(Diagnostic::error("too-many-mistakes", None, message).class(class));
        }
    }
}

/// Reads a configuration from the file system. `path` may be a shell pattern.
pub fn load(path: &str, options: &LoadOptions) -> Loaded {
    load_from(path, &Disk, options)
}

/// Reads a text; includes find nothing.
pub fn load_str(name: &str, text: &str, options: &LoadOptions) -> Loaded {
    load_bytes(name, text.as_bytes(), options)
}

/// Reads bytes that need not be text; includes find nothing.
pub fn load_bytes(name: &str, bytes: &[u8], options: &LoadOptions) -> Loaded {
    load_from(name, &Texts(BTreeMap::from([(PathBuf::from(name), bytes.to_vec())])), options)
}

/// Reads a configuration from wherever `reader` takes it.
pub fn load_from(path: &str, reader: &dyn Reader, options: &LoadOptions) -> Loaded {
    let mut loaded = Loaded::default();
    let items = preprocess::read(path, reader, options, &mut loaded);
    let (surplus, globals) = (items.surplus, items.globals);
    let mut tree = syntax::Tree::new(items.read(&loaded.sources), surplus, options.keep_tree);
    lower::lower(&mut tree, globals, options.keep_tree, &mut loaded);
    loaded.tell_the_rest();
    // Places sort as they were read; what concerns the whole comes last.
    loaded.diagnostics.sort_by_key(|diagnostic| match diagnostic.span {
        Some(span) => (0, span.file, span.start),
        None => (1, crate::diag::FileId(0), 0),
    });
    loaded
}
