//! `regex` of a `url`: a pattern that the body of a page must, or must not, match.

use std::sync::{Arc, OnceLock};

use crate::pcre::{Regex, Wrong};

/// A pattern with what goes with it, as written; it can be compiled.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pattern {
    /// `regex`, in PCRE2's syntax, with the language's escapes resolved.
    pub text: String,
    /// `regex_no_match`: the body must not match.
    pub no_match: bool,
    /// `regex_options`
    pub options: PatternOptions,
    /// `regex_min_offset`: where in the body, in bytes, a match may begin. Default 0.
    pub min_offset: u32,
    /// `regex_max_offset`: and where it must have begun; not below the least offset.
    pub max_offset: Option<u32>,
    /// `regex_stack START MAX` in bytes, for a compiler that wants one. The largest of all counts.
    pub stack: Option<(u32, u32)>,
    /// What the rest has become, once somebody has asked.
    pub compiled: Compiled,
}

impl Pattern {
    /// Ready for searches. Compiled by whoever asks first, which is the reader of the file: no probe pays for it.
    pub fn regex(&self) -> Result<Arc<Regex>, Wrong> {
        if let Some(regex) = self.compiled.0.get() {
            return Ok(Arc::clone(regex));
        }
        let regex = Arc::new(Regex::compile(&self.text, self.options.bits(), self.max_offset.is_some())?);
        Ok(Arc::clone(self.compiled.0.get_or_init(|| regex)))
    }
}

/// A pattern's compiled form. It follows from the pattern: two of them differ only as their patterns do.
#[derive(Clone, Debug, Default)]
pub struct Compiled(OnceLock<Arc<Regex>>);

impl PartialEq for Compiled {
    fn eq(&self, _other: &Compiled) -> bool {
        true
    }
}

impl Eq for Compiled {}

/// A set of `regex_options`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct PatternOptions(u32);

impl PatternOptions {
    /// The set with this one too.
    #[must_use]
    pub const fn with(self, option: PatternOption) -> Self {
        PatternOptions(self.0 | 1 << option as u32)
    }

    /// PCRE2's option bits: the words stand in their order.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether it is in the set.
    pub const fn has(self, option: PatternOption) -> bool {
        self.0 & 1 << option as u32 != 0
    }
}

/// A word of `regex_options`: PCRE2's option of the same name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PatternOption {
    AllowEmptyClass,
    AltBsux,
    AutoCallout,
    Caseless,
    DollarEndonly,
    Dotall,
    Dupnames,
    Extended,
    Firstline,
    MatchUnsetBackref,
    Multiline,
    NeverUcp,
    NeverUtf,
    NoAutoCapture,
    NoAutoPossess,
    NoDotstarAnchor,
    NoStartOptimize,
    Ucp,
    Ungreedy,
    Utf,
    NeverBackslashC,
    AltCircumflex,
    AltVerbnames,
    UseOffsetLimit,
}

impl PatternOption {
    /// All, by the word that is written.
    pub const WORDS: &[(&str, PatternOption)] = &[
        ("allow_empty_class", PatternOption::AllowEmptyClass),
        ("alt_bsux", PatternOption::AltBsux),
        ("auto_callout", PatternOption::AutoCallout),
        ("caseless", PatternOption::Caseless),
        ("dollar_endonly", PatternOption::DollarEndonly),
        ("dotall", PatternOption::Dotall),
        ("dupnames", PatternOption::Dupnames),
        ("extended", PatternOption::Extended),
        ("firstline", PatternOption::Firstline),
        ("match_unset_backref", PatternOption::MatchUnsetBackref),
        ("multiline", PatternOption::Multiline),
        ("never_ucp", PatternOption::NeverUcp),
        ("never_utf", PatternOption::NeverUtf),
        ("no_auto_capture", PatternOption::NoAutoCapture),
        ("no_auto_possess", PatternOption::NoAutoPossess),
        ("no_dotstar_anchor", PatternOption::NoDotstarAnchor),
        ("no_start_optimize", PatternOption::NoStartOptimize),
        ("ucp", PatternOption::Ucp),
        ("ungreedy", PatternOption::Ungreedy),
        ("utf", PatternOption::Utf),
        ("never_backslash_c", PatternOption::NeverBackslashC),
        ("alt_circumflex", PatternOption::AltCircumflex),
        ("alt_verbnames", PatternOption::AltVerbnames),
        ("use_offset_limit", PatternOption::UseOffsetLimit),
    ];

    /// The option of this name.
    pub fn named(word: &str) -> Option<PatternOption> {
        PatternOption::WORDS.iter().find(|(name, _)| *name == word).map(|(_, option)| *option)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_compiled_once_for_all_copies() {
        let pattern = Pattern { text: "a+b".into(), ..Pattern::default() };
        let fresh = pattern.clone();
        let regex = pattern.regex().unwrap();
        assert!(Arc::ptr_eq(&regex, &pattern.regex().unwrap()));
        assert!(Arc::ptr_eq(&regex, &pattern.clone().regex().unwrap()));
        assert_eq!(pattern, fresh, "whether it was compiled is no difference");
        assert!(Pattern { text: "a(".into(), ..Pattern::default() }.regex().is_err());
    }
}
