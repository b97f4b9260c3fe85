//! `regex`: looking for a pattern in a page that comes in pieces, with no more of it in memory than a match needs.

use std::sync::Arc;

use crate::config::model::pattern::{Pattern, PatternOption};
use crate::pcre::{Found, Regex, Wrong};

/// Bytes that are waited for before the next look.
const STRIDE: usize = 64 * 1024;
/// Bytes that a match which is not decided yet may hold.
const LARGEST: usize = 4 * 1024 * 1024;
/// Of a character of UTF-8.
const LONGEST_CHARACTER: usize = 4;

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    Found,
    Absent,
    /// The pattern needs more steps or memory than it gets.
    GaveUp,
}

/// A search that is under way.
#[derive(Debug)]
pub struct Search {
    regex: Arc<Regex>,
    min: u64,
    max: Option<u64>,
    /// Only the whole page will do.
    whole: bool,
    /// What is not decided yet, and what stands before it as far as it matters.
    window: Vec<u8>,
    /// Where in the page the window begins.
    base: u64,
    /// Where in the window a match may begin.
    from: usize,
    looked_at: usize,
    verdict: Option<Verdict>,
}

impl Search {
    /// Nothing has come yet.
    pub fn new(pattern: &Pattern) -> Result<Search, Wrong> {
        Ok(Search {
            regex: pattern.regex()?,
            min: pattern.min_offset.into(),
            max: pattern.max_offset.map(u64::from),
            whole: pattern.options.has(PatternOption::Firstline),
            window: Vec::new(),
            base: 0,
            from: 0,
            looked_at: 0,
            verdict: None,
        })
    }

    /// Keeps what came next. Cheap; the work is [`Search::look`].
    pub fn take(&mut self, bytes: &[u8]) {
        if self.verdict.is_none() {
            self.window.extend_from_slice(bytes);
        }
    }

    /// Whether enough has come for a look: so much that all looks together cost a small multiple of the page.
    pub fn is_due(&self) -> bool {
        self.verdict.is_none() && self.window.len() - self.looked_at >= STRIDE.max(self.looked_at / 2)
    }

    /// Looks at what has come. `last`: nothing follows.
    pub fn look(&mut self, last: bool) {
        if self.verdict.is_none() {
            self.verdict = self.looked(last);
        }
        if self.verdict.is_some() {
            self.window = Vec::new();
        }
        self.looked_at = self.window.len();
    }

    /// After the last look.
    pub fn verdict(self) -> Verdict {
        self.verdict.unwrap_or(Verdict::Absent)
    }

    fn looked(&mut self, last: bool) -> Option<Verdict> {
        if self.whole && !last {
            return (self.window.len() > LARGEST).then_some(Verdict::GaveUp);
        }
        let end = if last || !self.regex.utf { self.window.len() } else { whole_characters(&self.window) };
        let first = usize::try_from(self.min.saturating_sub(self.base)).unwrap_or(usize::MAX);
        let from = self.from.max(first);
        if from > end {
            self.forget_before(end);
            return last.then_some(Verdict::Absent);
        }
        let limit = match self.max.map(|max| max.checked_sub(self.base)) {
            None => None,
            Some(Some(rest)) => Some(usize::try_from(rest).unwrap_or(usize::MAX - 1)),
            Some(None) => return Some(Verdict::Absent),
        };
        let subject = self.window.get(..end).unwrap_or_default();
        match self.regex.search(subject, from, limit, !last) {
            Found::At(_) => Some(Verdict::Found),
            Found::GaveUp(_) => Some(Verdict::GaveUp),
            Found::Nothing | Found::Perhaps(_) if last => Some(Verdict::Absent),
            Found::Nothing => {
                self.forget_before(end);
                None
            }
            Found::Perhaps(at) => {
                self.forget_before(at);
                (self.window.len() > LARGEST).then_some(Verdict::GaveUp)
            }
        }
    }

    /// A match can begin here or later. One character before it is always kept, so that this is not taken for the
    /// beginning of the page.
    fn forget_before(&mut self, at: usize) {
        let character = if self.regex.utf { LONGEST_CHARACTER } else { 1 };
        let kept = self.regex.lookbehind.max(1).saturating_mul(character);
        let mut cut = at.saturating_sub(kept);
        while self.regex.utf && cut > 0 && self.window.get(cut).is_some_and(|byte| continues(*byte)) {
            cut -= 1;
        }
        self.window.drain(..cut);
        self.base += cut as u64;
        self.from = at - cut;
    }
}

/// Without the beginning of a character at the end.
fn whole_characters(bytes: &[u8]) -> usize {
    let behind = bytes.iter().rev().take(LONGEST_CHARACTER - 1).position(|byte| !continues(*byte));
    let Some(behind) = behind else { return bytes.len() };
    let start = bytes.len() - behind - 1;
    let length = match bytes.get(start) {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..) => 4,
        _ => 1,
    };
    if start + length > bytes.len() { start } else { bytes.len() }
}

/// A byte of UTF-8 that is not the first of its character.
const fn continues(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::model::pattern::PatternOptions;

    fn pattern(text: &str) -> Pattern {
        Pattern { text: text.into(), ..Pattern::default() }
    }

    fn piecewise(pattern: &Pattern, page: &[u8], piece: usize) -> Verdict {
        let mut search = Search::new(pattern).unwrap();
        for bytes in page.chunks(piece) {
            search.take(bytes);
            search.look(false);
        }
        search.look(true);
        search.verdict()
    }

    #[track_caller]
    fn all_pieces(pattern: &Pattern, page: &str, found: bool) {
        for piece in [1, 2, 3, 7, 1000] {
            let wanted = if found { Verdict::Found } else { Verdict::Absent };
            assert_eq!(piecewise(pattern, page.as_bytes(), piece), wanted, "{pattern:?} {page:?} {piece}");
        }
    }

    #[test]
    fn pieces_make_no_difference() {
        for (text, page, found) in [
            ("o w", "hello world", true),
            ("^hello", "hello world", true),
            ("^world", "hello world", false),
            ("(?m)^world", "hello\nworld", true),
            ("world$", "hello world", true),
            ("hello$", "hello world", false),
            ("(?<=hello )world", "hello world", true),
            ("(?<!hello )world", "hello world", false),
            ("\\bello", "hello world", false),
            ("(?s)h.*d", "hello\nworld", true),
            ("l+o", "hello", true),
            ("", "", true),
            ("x", "", false),
            ("\\Aello", "hello", false),
            ("(*UTF)l.w", "helléw", true),
        ] {
            all_pieces(&pattern(text), page, found);
        }
        let utf = PatternOptions::default().with(PatternOption::Utf).with(PatternOption::Caseless);
        all_pieces(&Pattern { options: utf, ..pattern("É.Ü") }, "zzé€üzz", true);
        let first = PatternOptions::default().with(PatternOption::Firstline);
        all_pieces(&Pattern { options: first, ..pattern("b") }, "aaa\nb", false);
        all_pieces(&Pattern { options: first, ..pattern("b") }, "aab\nb", true);
    }

    #[test]
    fn offsets_are_of_the_page() {
        let within = |min_offset, max_offset| Pattern { min_offset, max_offset, ..pattern("ab") };
        for (min, max, found) in [
            (0, None, true),
            (2, None, true),
            (3, None, false),
            (0, Some(2), true),
            (0, Some(1), false),
            (2, Some(2), true),
            (100, None, false),
        ] {
            all_pieces(&within(min, max), "..ab....", found);
        }
    }

    #[test]
    fn memory_has_an_end() {
        let mut search = Search::new(&pattern("never")).unwrap();
        for _ in 0..1000 {
            search.take(&[b'n'; 64 * 1024]);
            search.look(false);
            assert!(search.window.len() < 100);
        }
        assert_eq!(piecewise(&pattern("(?s)a.*b"), &vec![b'a'; LARGEST + 2], STRIDE * 32), Verdict::GaveUp);
    }

    proptest! {
        #[test]
        fn any_page_in_any_pieces_is_as_in_one(
            page in "[abé\n ]{0,60}", piece in 1..20_usize, utf: bool,
            text in prop::sample::select(vec!["a+b", "^a", "(?m)^b", "(?<=ab)a", "b$", "\\bé", "a.b", "(?s)a.*b\\b"]),
        ) {
            let mut pattern = pattern(text);
            if utf {
                pattern.options = pattern.options.with(PatternOption::Utf);
            }
            let whole = piecewise(&pattern, page.as_bytes(), usize::MAX);
            prop_assert_eq!(piecewise(&pattern, page.as_bytes(), piece), whole);
        }

        #[test]
        fn no_bytes_make_it_panic(
            page in prop::collection::vec(any::<u8>(), 0..300), piece in 1..50_usize, options: u32,
            text in "[ab.*(|)\\[\\]?^$+\\\\{}0-9]{0,12}", min_offset in 0..300_u32, max: Option<u8>,
        ) {
            let mut all = PatternOptions::default();
            for (at, (_, option)) in PatternOption::WORDS.iter().enumerate() {
                if options & 1 << at != 0 {
                    all = all.with(*option);
                }
            }
            let max_offset = max.map(|more| min_offset + u32::from(more));
            let pattern = Pattern { options: all, min_offset, max_offset, ..pattern(&text) };
            if Search::new(&pattern).is_ok() {
                piecewise(&pattern, &page, piece);
            }
        }
    }
}
