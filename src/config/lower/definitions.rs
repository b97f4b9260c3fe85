//! Names that blocks define and later lines use. keepalived knows only what stands above a line.

use std::collections::{BTreeMap, BTreeSet};

use super::Lower;
use super::statics::TrackGroupDraft;
use crate::config::suggest;
use crate::config::syntax::Node;
use crate::diag::{Diagnostic, Span};
use crate::ids::Name;

/// A name with its place.
pub type Defined = BTreeMap<Name, Option<Span>>;

/// What was defined so far.
#[derive(Default)]
pub struct Definitions {
    /// `track_file`
    pub files: Defined,
    /// `vrrp_track_process`
    pub processes: Defined,
    /// `bfd_instance`
    pub bfds: Defined,
    /// `virtual_server_group`
    pub server_groups: Defined,
    /// `track_group`
    pub groups: Defined,
    /// Blocks that are left out, by keyword and name; each for a mistake that was told.
    pub lost: BTreeSet<(&'static str, Name)>,
    /// Their members, until all instances are known.
    pub track_groups: Vec<TrackGroupDraft>,
}

impl Lower<'_> {
    /// Says so where a block's name is taken; the first one counts.
    pub fn is_defined_above(&mut self, node: &Node, of: impl Fn(&Definitions) -> &Defined) -> bool {
        let Some(name) = node.argument(1) else { return false };
        let Some(first) = of(&self.definitions).get(name).copied() else { return false };
        let message = format!("{} '{name}' is defined twice; the first one counts", node.name());
        let mut diagnostic = Diagnostic::note("given-twice", node.span_of(1), message);
        if let Some(first) = first {
            diagnostic = diagnostic.related(first, "the first one");
        }
        self.report(diagnostic);
        true
    }

    /// A name that nothing defines above the line, with the definition that is most like it. Of one that was lost
    /// nothing more is said.
    pub fn undefined(
        &mut self,
        diagnostic: Diagnostic,
        name: &str,
        (keyword, of): (&'static str, impl Fn(&Definitions) -> &Defined),
    ) {
        if self.is_lost(keyword, name) {
            return;
        }
        let known = of(&self.definitions).iter().map(|(known, place)| (known, *place)).collect();
        self.report(with_candidates(diagnostic, name, keyword, known));
    }
}

/// Advice on a name that stands for nothing above: the one that is like it, with its place, or all there are.
pub fn with_candidates(
    diagnostic: Diagnostic,
    name: &str,
    keyword: &str,
    known: BTreeMap<&Name, Option<Span>>,
) -> Diagnostic {
    let diagnostic = diagnostic.expected(format!("the name of a {keyword} above"));
    if let Some(Some(place)) = known.get(&Name::from(name)) {
        return diagnostic.related(*place, "move this above");
    }
    match suggest::nearest(name, known.keys().map(|known| &***known)) {
        Some(near) => match known.get(&Name::from(near)) {
            Some(Some(place)) => diagnostic.related(*place, format!("did you mean '{near}'?")),
            _ => diagnostic,
        },
        None => {
            let names = known.keys().map(|known| &***known);
            diagnostic.help(suggest::candidates(name, names, &format!("{keyword} above")))
        }
    }
}
