//! One mistake, one message: what follows from a mistake that was told already becomes part of its advice.

use super::Lower;
use crate::config::MOST_TOLD;
use crate::config::syntax::Node;
use crate::config::text::is_blank;
use crate::diag::{Diagnostic, FileId, Span};
use crate::ids::Name;

/// Keywords whose absence is a mistake, for which a written but wrong one was told already: each with that
/// message's place among all.
pub type Causes = Vec<(&'static str, usize)>;

impl Lower<'_> {
    /// Which of these keywords of a block are not missing, but wrong or misspelt.
    pub fn causes(&self, block: &Node, keywords: &[&'static str]) -> Causes {
        let find = |keyword: &&'static str| Some((*keyword, self.cause(block, keyword)?));
        keywords.iter().filter_map(find).collect()
    }

    /// The same for a part of a block, beside what its other parts gave.
    pub fn add_causes(&self, part: &Node, keywords: &[&'static str], causes: &mut Causes) {
        for (keyword, index) in self.causes(part, keywords) {
            match causes.iter_mut().find(|(known, _)| *known == keyword) {
                Some((_, first)) => {
                    let told = |index: usize| self.loaded.diagnostics.get(index).and_then(place);
                    if told(index) < told(*first) {
                        *first = index;
                    }
                }
                None => causes.push((keyword, index)),
            }
        }
    }

    /// A block of this name is written, but left out for a mistake that was told.
    pub fn lose(&mut self, keyword: &'static str, name: &Name) {
        self.definitions.lost.insert((keyword, name.clone()));
    }

    /// Whether there is such a block, or one whose keyword is misspelt: who names it makes no mistake of his own.
    pub fn is_lost(&self, keyword: &'static str, name: &str) -> bool {
        if self.definitions.lost.contains(&(keyword, name.into())) {
            return true;
        }
        let told = &self.loaded.diagnostics;
        let misspelt = format!("did you mean '{keyword}'?");
        let this = |one: &&Diagnostic| {
            one.code == "unknown-block"
                && one.help.as_ref().is_some_and(|help| help.starts_with(&misspelt))
                && one.span.and_then(|span| self.word_behind(span)) == Some(name)
        };
        told.len() < MOST_TOLD && told.iter().any(|one| this(&one))
    }

    fn word_behind(&self, span: Span) -> Option<&str> {
        let text = &self.loaded.sources.file(span.file)?.text;
        let line = text.get(usize::try_from(span.end).ok()?..)?.lines().next()?;
        line.split(|character| is_blank(character) || character == '{').find(|word| !word.is_empty())
    }

    fn cause(&self, block: &Node, keyword: &str) -> Option<usize> {
        // Of so many mistakes nobody asks which one follows from which.
        if self.loaded.diagnostics.is_empty() || self.loaded.diagnostics.len() >= MOST_TOLD {
            return None;
        }
        let written = block.nodes().iter().filter(|node| node.name() == keyword).filter_map(extent);
        let written: Vec<Span> = written.collect();
        let whole = extent(block);
        let misspelt = format!("did you mean '{keyword}'?");
        let within = format!("valid in {keyword}");
        let of_it = self.loaded.diagnostics.iter().enumerate().filter(|(_, told)| {
            told.span.is_some_and(|place| {
                written.iter().any(|extent| holds(*extent, place))
                    || whole.is_some_and(|extent| holds(extent, place))
                        && told
                            .help
                            .as_ref()
                            .is_some_and(|help| *help == misspelt || help.contains(&within))
            })
        });
        // The order in which they were found depends on how much of the file was looked at before.
        of_it.min_by_key(|(_, told)| place(told)).map(|(index, _)| index)
    }

    /// Whether one of these keywords of a block is not missing, but wrong or misspelt: what follows is said there then.
    pub fn is_consequence(&mut self, block: &Node, keywords: &[&'static str], consequence: &str) -> bool {
        let causes = self.causes(block, keywords);
        self.follows(&causes, keywords, consequence)
    }

    /// Says with the mistake what follows from it; `false` where the keyword is simply not there.
    pub fn follows(&mut self, causes: &Causes, keywords: &[&str], consequence: &str) -> bool {
        let index = causes.iter().find(|(name, _)| keywords.contains(name)).map(|(_, index)| *index);
        let Some(told) = index.and_then(|index| self.loaded.diagnostics.get_mut(index)) else {
            return false;
        };
        told.help = Some(match told.help.take() {
            Some(help) if help.ends_with('?') => format!("{help} as it is, {consequence}"),
            Some(help) => format!("{help}; as it is, {consequence}"),
            None => format!("as it is, {consequence}"),
        });
        true
    }
}

/// From a node's first word to its last, or to its closing brace. An absent argument is told right behind it.
fn extent(node: &Node) -> Option<Span> {
    let last = node.line.span(node.line.count().saturating_sub(1));
    let close = node.block.as_ref().and_then(|block| block.close);
    let inside = node.nodes().iter().filter_map(extent).next_back();
    Some(node.span()?.to(close.or(inside).or(last)?))
}

/// Where one stands, to compare it with others of the same block.
fn place(told: &Diagnostic) -> Option<(FileId, u32)> {
    told.span.map(|span| (span.file, span.start))
}

fn holds(extent: Span, place: Span) -> bool {
    extent.file == place.file && (extent.start..=extent.end).contains(&place.start)
}
