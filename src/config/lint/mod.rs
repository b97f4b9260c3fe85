//! Known traps: what is right in the language and still not what its writer wants. `standfast check` tells of
//! them; a daemon never does.
//!
//! A lint looks at the model for what a line means and at the tree for where it stands. Each is a small function
//! with a code of its own; `docs/diagnostics.md` lists them.

mod scripts;
mod service;
mod vrrp;

use super::model::VrrpInstance;
use super::syntax::Node;
use super::{LoadOptions, Loaded};
use crate::diag::{Diagnostic, Span};

/// The options with which a text must be read to be looked at here.
pub fn options(options: LoadOptions) -> LoadOptions {
    LoadOptions { keep_tree: true, ..options }
}

/// Everything that looks like a trap, in the order of the text.
pub fn lint(loaded: &Loaded) -> Vec<Diagnostic> {
    let mut lints = Lints { loaded, found: Vec::new() };
    lints.vrrp();
    lints.scripts();
    lints.services();
    let mut found = lints.found;
    found.sort_by_key(|one| one.span.map(|span| (span.file, span.start)));
    found
}

struct Lints<'a> {
    loaded: &'a Loaded,
    found: Vec<Diagnostic>,
}

impl<'a> Lints<'a> {
    /// A trap: what happens, and the way out of it.
    fn say(
        &mut self,
        code: &'static str,
        span: Option<Span>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let message = message.into();
        let told =
            self.found.iter().any(|one| one.code == code && one.span == span && one.message == message);
        if !told {
            self.found.push(Diagnostic::warning(code, span, message).help(help));
        }
    }

    /// Something that is right and worth remembering.
    fn remind(
        &mut self,
        code: &'static str,
        span: Option<Span>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if !self.found.iter().any(|one| one.code == code) {
            self.found.push(Diagnostic::note(code, span, message).help(help));
        }
    }

    /// Blocks of the top level with this keyword.
    fn blocks(&self, keyword: &'static str) -> impl Iterator<Item = &'a Node> + use<'a> {
        self.loaded.tree.iter().filter(move |node| node.name() == keyword)
    }

    /// Instances that run, each with its block.
    fn instances(&self) -> Vec<(&'a VrrpInstance, &'a Node)> {
        let all = &self.loaded.config.instances;
        self.blocks("vrrp_instance")
            .filter_map(|node| {
                let name = node.argument(1)?;
                Some((all.iter().find(|instance| &*instance.name == name)?, node))
            })
            .collect()
    }

    /// A keyword of `global_defs`.
    fn global(&self, keyword: &'static str) -> Option<&'a Node> {
        self.blocks("global_defs").filter_map(|node| child(node, keyword)).last()
    }
}

/// The last line of a block with this keyword.
fn child<'n>(node: &'n Node, keyword: &str) -> Option<&'n Node> {
    node.nodes().iter().rev().find(|inner| inner.name() == keyword)
}

/// Where a keyword of a block stands; else where the block is named.
fn place(node: &Node, keyword: &str) -> Option<Span> {
    child(node, keyword).and_then(Node::span).or_else(|| node.span_of(1))
}
