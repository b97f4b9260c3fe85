//! PCRE2, the library of keepalived's `regex`: compiling a pattern and looking for it in bytes that may go on.
//!
//! One of the two files with `unsafe`: the safe wrapper that exists offers neither partial matches nor most options.
//! What the library is given lives as long as the call, and what it gives is freed once.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::ptr::{self, NonNull};

use pcre2_sys::{
    PCRE2_ERROR_NOMATCH, PCRE2_ERROR_PARTIAL, PCRE2_INFO_ALLOPTIONS, PCRE2_INFO_MAXLOOKBEHIND,
    PCRE2_MATCH_INVALID_UTF, PCRE2_PARTIAL_HARD, PCRE2_USE_OFFSET_LIMIT, PCRE2_UTF, pcre2_code_8,
    pcre2_code_free_8, pcre2_compile_8, pcre2_get_error_message_8, pcre2_get_ovector_pointer_8,
    pcre2_match_8, pcre2_match_context_create_8, pcre2_match_context_free_8,
    pcre2_match_data_create_from_pattern_8, pcre2_match_data_free_8, pcre2_pattern_info_8,
    pcre2_set_heap_limit_8, pcre2_set_match_limit_8, pcre2_set_offset_limit_8,
};

/// Steps of one search: a pattern that needs more would hold up whoever waits for it.
const MOST_STEPS: u32 = 1_000_000;
/// KiB of memory of one search.
const MOST_MEMORY: u32 = 16 * 1024;

/// A compiled pattern.
#[derive(Debug)]
pub struct Regex {
    code: NonNull<pcre2_code_8>,
    /// Whether subjects are UTF-8; bytes that are not match nothing.
    pub utf: bool,
    /// Characters before a match that decide about it.
    pub lookbehind: usize,
}

// SAFETY: compiled code is never changed after `compile`, and the library may use it from several threads at once.
unsafe impl Send for Regex {}
// SAFETY: as above.
unsafe impl Sync for Regex {}

/// Why a pattern cannot be compiled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong {
    /// In the library's words.
    pub message: String,
    /// Byte of the pattern where it was noticed.
    pub at: usize,
}

/// What a search has come to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// A match begins at this byte.
    At(usize),
    /// One may begin at this byte: it depends on what follows.
    Perhaps(usize),
    Nothing,
    /// The library gave up: a limit, or a pattern that does not fit the subject.
    GaveUp(String),
}

impl Regex {
    /// Compiles a pattern with PCRE2's option bits; `bounded` if searches have a `limit`.
    pub fn compile(pattern: &str, mut options: u32, bounded: bool) -> Result<Regex, Wrong> {
        if bounded {
            options |= PCRE2_USE_OFFSET_LIMIT;
        }
        if options & PCRE2_UTF != 0 {
            options |= PCRE2_MATCH_INVALID_UTF;
        }
        let (mut error, mut at): (c_int, usize) = (0, 0);
        // SAFETY: the pattern is read for its length; error and place are written to live local variables.
        let code = unsafe {
            pcre2_compile_8(
                pattern.as_ptr(),
                pattern.len(),
                options,
                &raw mut error,
                &raw mut at,
                ptr::null_mut(),
            )
        };
        let Some(code) = NonNull::new(code) else { return Err(Wrong { message: message(error), at }) };
        let mut regex = Regex { code, utf: false, lookbehind: 0 };
        regex.utf = regex.info(PCRE2_INFO_ALLOPTIONS) & PCRE2_UTF != 0;
        regex.lookbehind = usize::try_from(regex.info(PCRE2_INFO_MAXLOOKBEHIND)).unwrap_or(usize::MAX);
        Ok(regex)
    }

    fn info(&self, what: u32) -> u32 {
        let mut value = 0_u32;
        // SAFETY: both questions that are asked here have a `uint32_t` for an answer.
        unsafe { pcre2_pattern_info_8(self.code.as_ptr(), what, (&raw mut value).cast()) };
        value
    }

    /// Looks for the pattern in `subject` from byte `from` on; a match must begin at `limit` at the latest.
    /// `more`: the subject goes on.
    pub fn search(&self, subject: &[u8], from: usize, limit: Option<usize>, more: bool) -> Found {
        if from > subject.len() {
            return Found::Nothing;
        }
        let options = if more { PCRE2_PARTIAL_HARD } else { 0 };
        // SAFETY: data and context are the library's own, null is checked, and each is freed once, below. The subject
        // is read for its length. The ovector of a match or a partial match has at least one pair.
        unsafe {
            let data = pcre2_match_data_create_from_pattern_8(self.code.as_ptr(), ptr::null_mut());
            let context = pcre2_match_context_create_8(ptr::null_mut());
            let mut found = Found::GaveUp("out of memory".into());
            if !data.is_null() && !context.is_null() {
                pcre2_set_match_limit_8(context, MOST_STEPS);
                pcre2_set_heap_limit_8(context, MOST_MEMORY);
                if let Some(limit) = limit {
                    pcre2_set_offset_limit_8(context, limit);
                }
                let result = pcre2_match_8(
                    self.code.as_ptr(),
                    subject.as_ptr(),
                    subject.len(),
                    from,
                    options,
                    data,
                    context,
                );
                found = match result {
                    0.. => Found::At(*pcre2_get_ovector_pointer_8(data)),
                    PCRE2_ERROR_PARTIAL => Found::Perhaps(*pcre2_get_ovector_pointer_8(data)),
                    PCRE2_ERROR_NOMATCH => Found::Nothing,
                    error => Found::GaveUp(message(error)),
                };
            }
            // Null is nothing to free.
            pcre2_match_data_free_8(data);
            pcre2_match_context_free_8(context);
            found
        }
    }
}

impl Drop for Regex {
    fn drop(&mut self) {
        // SAFETY: made by `pcre2_compile_8`, and nobody has it any more.
        unsafe { pcre2_code_free_8(self.code.as_ptr()) };
    }
}

fn message(error: c_int) -> String {
    let mut text = [0_u8; 256];
    // SAFETY: the library writes no more than the length that it is told, and ends the text with a zero.
    let length = unsafe { pcre2_get_error_message_8(error, text.as_mut_ptr(), text.len()) };
    let length = usize::try_from(length).unwrap_or(0);
    String::from_utf8_lossy(text.get(..length).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_pattern_says_what_and_where() {
        let wrong = Regex::compile("ab(c", 0, false).unwrap_err();
        assert_eq!((wrong.message.as_str(), wrong.at), ("missing closing parenthesis", 4));
        assert_eq!(Regex::compile("[z-a]", 0, false).unwrap_err().at, 3);
    }

    #[test]
    fn what_goes_on_may_match() {
        let regex = Regex::compile("wor+ld", 0, true).unwrap();
        assert_eq!(regex.search(b"hello world", 0, None, true), Found::At(6));
        assert_eq!(regex.search(b"hello wor", 0, None, true), Found::Perhaps(6));
        assert_eq!(regex.search(b"hello wor", 0, None, false), Found::Nothing);
        assert_eq!(regex.search(b"hello world", 0, Some(5), false), Found::Nothing);
        assert_eq!(regex.search(b"hello world", 0, Some(6), false), Found::At(6));
        assert_eq!(regex.search(b"hello", 9, None, false), Found::Nothing);
        assert_eq!(Regex::compile("(?<=abc)d|^x", 0, false).unwrap().lookbehind, 3);
    }

    #[test]
    fn a_pattern_without_end_is_given_up() {
        let regex = Regex::compile("(a+a+)+[bc]", 0, false).unwrap();
        assert!(matches!(regex.search(&[b'a'; 60], 0, None, false), Found::GaveUp(_)));
        // Bytes that are no UTF-8 are nothing that could match.
        let regex = Regex::compile("é", PCRE2_UTF, false).unwrap();
        assert_eq!(regex.search(b"\xff\xc3\xa9", 0, None, false), Found::At(1));
    }
}
