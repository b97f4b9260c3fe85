//! A Rust file as plain text with its comments and literals blanked out, and the paths that it names.
//!
//! One package has no walls between crates, so the walls are tested. Reading the text is enough for that: a path
//! is written out somewhere, in a `use` or in place.

/// Which comments and literals of a file stay readable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Region {
    Code,
    LineComment,
    BlockComment(usize),
    Text,
    RawText(usize),
}

/// The text with comments and the insides of literals replaced by blanks; lines stay where they are.
pub fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut region = Region::Code;
    let mut at = 0;
    while at < chars.len() {
        let (next, taken, keep) = step(region, &chars, at);
        for &c in &chars[at..at + taken] {
            out.push(if c == '\n' || keep { c } else { ' ' });
        }
        region = next;
        at += taken;
    }
    out
}

/// The region after the characters at `at`, how many characters that is, and whether they are code.
fn step(region: Region, chars: &[char], at: usize) -> (Region, usize, bool) {
    let c = chars[at];
    let following = chars.get(at + 1).copied();
    match region {
        Region::Code => step_in_code(chars, at),
        Region::LineComment if c == '\n' => (Region::Code, 1, true),
        Region::LineComment => (region, 1, false),
        Region::BlockComment(depth) => match (c, following) {
            ('/', Some('*')) => (Region::BlockComment(depth + 1), 2, false),
            ('*', Some('/')) if depth == 1 => (Region::Code, 2, false),
            ('*', Some('/')) => (Region::BlockComment(depth - 1), 2, false),
            _ => (region, 1, false),
        },
        Region::Text if c == '\\' && following.is_some() => (region, 2, false),
        Region::Text if c == '"' => (Region::Code, 1, true),
        Region::Text => (region, 1, false),
        Region::RawText(hashes) => {
            let closed = c == '"' && chars[at + 1..].iter().take_while(|&&c| c == '#').count() >= hashes;
            if closed { (Region::Code, 1 + hashes, true) } else { (region, 1, false) }
        }
    }
}

fn step_in_code(chars: &[char], at: usize) -> (Region, usize, bool) {
    let following = chars.get(at + 1).copied();
    let in_word = at > 0 && is_word(chars[at - 1]);
    match (chars[at], following) {
        ('/', Some('/')) => (Region::LineComment, 2, false),
        ('/', Some('*')) => (Region::BlockComment(1), 2, false),
        ('"', _) => (Region::Text, 1, true),
        ('b' | 'c', Some('"')) if !in_word => (Region::Text, 2, true),
        ('r' | 'b' | 'c', _) if !in_word => match raw_opening(chars, at) {
            Some((length, hashes)) => (Region::RawText(hashes), length, true),
            None => (Region::Code, 1, true),
        },
        ('\'', Some('\\')) => {
            let close = chars[at + 3..].iter().position(|&c| c == '\'').map_or(1, |n| n + 4);
            (Region::Code, close, false)
        }
        ('\'', Some(_)) if chars.get(at + 2) == Some(&'\'') => (Region::Code, 3, false),
        _ => (Region::Code, 1, true),
    }
}

/// Length of the opening of a raw text (`r#"`, `br"`) that starts here, and the number of its hashes.
fn raw_opening(chars: &[char], at: usize) -> Option<(usize, usize)> {
    let mut here = at;
    if matches!(chars[here], 'b' | 'c') {
        here += 1;
    }
    if chars.get(here) != Some(&'r') {
        return None;
    }
    here += 1;
    let hashes = chars[here..].iter().take_while(|&&c| c == '#').count();
    (chars.get(here + hashes) == Some(&'"')).then_some((here + hashes + 1 - at, hashes))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Code without what stands under `#[cfg(test)]`, and the names of modules that are declared so.
pub fn without_tests(code: &str) -> (String, Vec<String>) {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut test_modules = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find(MARK) {
        kept.push_str(&rest[..start]);
        let item = &rest[start..];
        let end = item_end(item);
        let words: Vec<String> = tokens(&item[MARK.len()..end]).map(|(_, word)| word).collect();
        if let Some(place) = words.iter().position(|word| word == "mod")
            && let Some(name) = words.get(place + 1)
        {
            test_modules.push(name.clone());
        }
        kept.extend(item[..end].chars().filter(|&c| c == '\n'));
        rest = &item[end..];
    }
    kept.push_str(rest);
    (kept, test_modules)
}

/// Where the item ends that starts here: at its semicolon, or after its block.
fn item_end(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in item.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

/// Words, `::` and single signs, with the line of each.
fn tokens(code: &str) -> impl Iterator<Item = (usize, String)> {
    let mut found = Vec::new();
    for (index, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if is_word(first) {
                rest.find(|c| !is_word(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            found.push((index + 1, rest[..length].to_owned()));
            rest = rest[length..].trim_start();
        }
    }
    found.into_iter()
}

/// A path as it is written out, braces resolved, and its line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    pub line: usize,
    pub path: Vec<String>,
}

/// Every path that the code names, in `use` or in place; `use a::{b, c::d}` names `a::b` and `a::c::d`.
pub fn paths(code: &str) -> Vec<Named> {
    let tokens: Vec<(usize, String)> = tokens(code).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if starts_path(&tokens, at) {
            at = read_path(&tokens, at, &[], &mut found);
        } else {
            at += 1;
        }
    }
    found
}

fn starts_path(tokens: &[(usize, String)], at: usize) -> bool {
    let word = &tokens[at].1;
    let next = tokens.get(at + 1).map(|(_, sign)| sign.as_str());
    let imported = at > 0 && tokens[at - 1].1 == "use";
    word.starts_with(|c: char| c.is_alphabetic() || c == '_') && (next == Some("::") || imported)
}

/// Reads one path, with all branches of a group, and gives the place after it.
fn read_path(tokens: &[(usize, String)], start: usize, prefix: &[String], found: &mut Vec<Named>) -> usize {
    let line = tokens[start].0;
    let mut path = prefix.to_vec();
    let mut at = start;
    while let Some((_, word)) = tokens.get(at) {
        if word == "{" {
            return read_group(tokens, at + 1, &path, found);
        }
        if !word.starts_with(is_word) && word != "*" {
            break;
        }
        path.push(word.clone());
        at += 1;
        match tokens.get(at) {
            Some((_, sign)) if sign == "::" => at += 1,
            _ => break,
        }
    }
    found.push(Named { line, path });
    at
}

fn read_group(
    tokens: &[(usize, String)],
    start: usize,
    prefix: &[String],
    found: &mut Vec<Named>,
) -> usize {
    let mut at = start;
    while let Some((_, word)) = tokens.get(at) {
        match word.as_str() {
            "}" => return at + 1,
            "," => at += 1,
            "as" => at += 2,
            _ => {
                let after = read_path(tokens, at, prefix, found);
                at = after.max(at + 1);
            }
        }
    }
    at
}

/// Lines on which `word` stands by itself.
pub fn lines_with_word(code: &str, word: &str) -> Vec<usize> {
    tokens(code).filter(|(_, found)| found == word).map(|(line, _)| line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(code: &str) -> Vec<String> {
        paths(&code_only(code)).into_iter().map(|named| named.path.join("::")).collect()
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        let text = "a // z::c\n/* d /* e */ f */ g(\"h::i \\\" j\", r#\"k \" l\"#, 'm', '\\n', b\"n\") // '\"'\nlast";
        let code = code_only(text);
        for hidden in ["z", "d", "f", "h", "j", "k", "l", "m", "n"] {
            assert_eq!(lines_with_word(&code, hidden), Vec::<usize>::new(), "{hidden} in {code}");
        }
        assert_eq!(lines_with_word(&code, "g"), [2]);
        assert_eq!(lines_with_word(&code, "last"), [3]);
    }

    #[test]
    fn lifetimes_are_no_literals() {
        assert_eq!(
            written("fn f<'a>(x: &'a crate::time::Mono) -> &'a str { c::d(x) }"),
            ["crate::time::Mono", "c::d"]
        );
    }

    #[test]
    fn groups_are_written_out() {
        assert_eq!(
            written("use crate::{time::{Mono, Span as S}, ids};\nuse tokio;\nuse a::*;"),
            ["crate::time::Mono", "crate::time::Span", "crate::ids", "tokio", "a::*"]
        );
    }

    #[test]
    fn tests_are_left_out() {
        let code = "use a::b;\n#[cfg(test)]\nmod tests { use c::d; fn f() { {} } }\n#[cfg(test)]\nmod more;\nuse e::f;";
        let (kept, modules) = without_tests(code);
        assert_eq!(written(&kept), ["a::b", "e::f"]);
        assert_eq!(modules, ["tests", "more"]);
        assert_eq!(kept.lines().count(), code.lines().count());
    }
}
