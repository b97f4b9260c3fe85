//! Small grammars of the language: words and quotes, scripts, names of definitions, heads of sequences.

use std::ops::Range;

use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_till, take_while, take_while1};
use nom::character::complete::{anychar, char, satisfy};
use nom::combinator::{consumed, map, opt, recognize, rest};
use nom::multi::{many0, separated_list0};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Offset as _, Parser as _};
use smallvec::SmallVec;

use super::text::is_blank;

/// One word of a line: a range of its bytes, without the quotes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word {
    start: u32,
    end: u32,
}

/// The words of a line; few lines have more.
pub type Words = SmallVec<[Word; 4]>;

impl Word {
    fn new(start: usize, length: usize) -> Word {
        let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Word { start: place(start), end: place(start + length) }
    }

    /// Where it stands in its line, in bytes.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The words of a line, and whether a double quote has no partner (its word then ends with the line).
/// Inside double quotes everything is taken as it stands.
pub fn words(line: &str) -> (Words, bool) {
    let (mut found, mut unterminated) = (Words::new(), false);
    let line = line.as_bytes();
    let mut left = line;
    while let Ok((after, (inner, closed))) = word(left) {
        found.push(Word::new(line.offset(inner), inner.len()));
        unterminated |= !closed;
        left = after;
    }
    (found, unterminated)
}

/// One word without its quotes, and whether they are paired. In bytes: what ends a word is never part of a
/// longer character.
fn word(input: &[u8]) -> IResult<&[u8], (&[u8], bool)> {
    let (input, _) = take_while(|byte: u8| is_blank(char::from(byte)))(input)?;
    if let [b'"', ..] = input {
        let quoted = (char('"'), take_till(|byte| byte == b'"'), opt(char('"')));
        return map(quoted, |(_, inner, end)| (inner, end.is_some())).parse(input);
    }
    map(take_while1(|byte| !ends_word(byte)), |inner| (inner, true)).parse(input)
}

fn ends_word(byte: u8) -> bool {
    is_blank(char::from(byte)) || byte == b'"'
}

/// Where the comment of a line begins, or where the line ends: at the first `#` or `!` outside double quotes.
/// A backslash takes the meaning of the character after it, within quotes too.
pub fn comment_start(line: &str) -> usize {
    let mut quoted = false;
    let mut bytes = line.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => quoted = !quoted,
            b'\\' => drop(bytes.next()),
            b'#' | b'!' if !quoted => return at,
            _ => {}
        }
    }
    line.len()
}

/// The words of a script's line, and of the command that is one of them: both quotes hold blanks together, adjacent parts
/// are one word, and backslash escapes hold everywhere, within either kind of quotes too.
pub fn script_words(line: &str) -> Vec<String> {
    let part = alt((
        delimited(char('"'), quoted("\\\""), opt(char('"'))),
        delimited(char('\''), quoted("\\'"), opt(char('\''))),
        escape,
        map(take_while1(|c| !parts_words(c) && !matches!(c, '"' | '\'' | '\\')), str::to_owned),
        map(tag("\\"), str::to_owned),
    ));
    let joined = map(nom::multi::many1(part), |parts: Vec<String>| parts.concat());
    let mut all = many0(preceded(take_while(parts_words), joined));
    let parsed: IResult<&str, Vec<String>> = all.parse(line);
    parsed.map(|(_, words)| words).unwrap_or_default()
}

/// What stands between quotes; `ends` are the backslash and the quote.
fn quoted(ends: &'static str) -> impl Fn(&str) -> IResult<&str, String> {
    move |input| {
        let plain = map(is_not(ends), str::to_owned);
        map(many0(alt((escape, plain))), |parts: Vec<String>| parts.concat()).parse(input)
    }
}

/// Those that escapes make part the words of a command too, as in C's `isspace`.
fn parts_words(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r')
}

fn escape(input: &str) -> IResult<&str, String> {
    let octal = map(recognize((digit8, opt(digit8), opt(digit8))), |digits: &str| {
        code(u32::from_str_radix(digits, 8).unwrap_or(0))
    });
    let hex = preceded(
        char('x'),
        map(recognize((digit16, opt(digit16))), |d: &str| code(u32::from_str_radix(d, 16).unwrap_or(0))),
    );
    let control = preceded(char('c'), map(anychar, |c| code(u32::from(c.to_ascii_uppercase()) & 0x1f)));
    let named = map(anychar, |c| match c {
        'a' => "\x07".into(),
        'b' => "\x08".into(),
        'E' => "\x1b".into(),
        'f' => "\x0c".into(),
        'n' => "\n".into(),
        'r' => "\r".into(),
        't' => "\t".into(),
        'v' => "\x0b".into(),
        other => other.to_string(),
    });
    preceded(char('\\'), alt((octal, hex, control, named))).parse(input)
}

fn digit8(input: &str) -> IResult<&str, char> {
    satisfy(|c| c.is_digit(8)).parse(input)
}

fn digit16(input: &str) -> IResult<&str, char> {
    satisfy(|c| c.is_ascii_hexdigit()).parse(input)
}

/// A byte as a character; an argument cannot hold NUL.
fn code(value: u32) -> String {
    char::from_u32(value & 0xff).filter(|c| *c != '\0').map(String::from).unwrap_or_default()
}

/// Bytes of a name: `[A-Za-z_][A-Za-z0-9_]*`.
fn identifier(input: &str) -> IResult<&str, &str> {
    let first = satisfy(|c| c.is_ascii_alphabetic() || c == '_');
    recognize((first, take_while(|c: char| c.is_ascii_alphanumeric() || c == '_'))).parse(input)
}

/// `$NAME=` at the start: the name, and what follows the sign with blanks dropped.
pub fn definition(line: &str) -> Option<(&str, &str)> {
    let head = delimited(char('$'), identifier, char('='));
    let parsed: IResult<&str, (&str, &str)> = (head, preceded(take_while(is_blank), rest)).parse(line);
    parsed.ok().map(|(_, found)| found)
}

/// A use of a definition at the start: its whole text, the name, and the words after the name within braces.
pub fn usage(text: &str) -> Option<(&str, &str, &str)> {
    let braced = delimited(char('{'), (identifier, take_till(|c| c == '}')), char('}'));
    let ends = |rest: &str| rest.chars().next().is_none_or(|c| is_blank(c) || matches!(c, ',' | ')'));
    let bare = map(identifier, |name| (name, ""));
    let parsed: IResult<&str, (&str, (&str, &str))> =
        consumed(preceded(char('$'), alt((braced, bare)))).parse(text);
    let (after, (whole, (name, words))) = parsed.ok()?;
    (whole.ends_with('}') || ends(after)).then_some((whole, name, words))
}

/// What stands at the head of a line that is repeated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sequence<'a> {
    /// `~SEQ(VAR, [START, [STEP,]] END)`, `~SEQx(...)`
    Numbers { hexadecimal: bool, items: Vec<&'a str> },
    /// `~LST(VAR, VALUE, ...)`, `~LST({VARS}, {VALUES}, ...)`: each item is a group.
    List(Vec<Vec<&'a str>>),
}

/// The head of a repeated line and what follows it; `Some(Err)` when it begins as one and is malformed.
pub fn sequence(line: &str) -> Option<Result<(Sequence<'_>, &str), ()>> {
    let kind: IResult<&str, &str> = alt((tag("~SEQx"), tag("~SEQ"), tag("~LST"))).parse(line);
    let (after, kind) = kind.ok()?;
    let Some(body) = after.trim_start_matches(is_blank).strip_prefix('(') else { return Some(Err(())) };
    if kind == "~LST" {
        let group = alt((group, map(item, |item| vec![item])));
        let mut list = (separated_list0(char(','), group), char(')'));
        let parsed: IResult<&str, (Vec<Vec<&str>>, char)> = list.parse(body);
        return Some(match parsed {
            Ok((after, (groups, _))) if groups.len() > 1 => Ok((Sequence::List(groups), after)),
            _ => Err(()),
        });
    }
    let parsed: IResult<&str, (Vec<&str>, char)> =
        (separated_list0(char(','), item), char(')')).parse(body);
    Some(match parsed {
        Ok((after, (items, _))) if (2..=4).contains(&items.len()) => {
            Ok((Sequence::Numbers { hexadecimal: kind == "~SEQx", items }, after))
        }
        _ => Err(()),
    })
}

/// Where the head of a repeated line ends: one past its parenthesis.
pub fn sequence_head(line: &str) -> Option<usize> {
    line.find(')').map(|at| at + 1)
}

/// One value of a sequence, possibly empty.
fn item(input: &str) -> IResult<&str, &str> {
    map(take_while(|c| !matches!(c, ',' | ')' | '{' | '}' | '"')), trim).parse(input)
}

/// Several values in braces, for as many names.
fn group(input: &str) -> IResult<&str, Vec<&str>> {
    let blanks = || take_while(is_blank);
    let items = delimited(char('{'), separated_list0(char(','), item), char('}'));
    delimited(blanks(), items, blanks()).parse(input)
}

fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(line: &str) -> Vec<&str> {
        words(line).0.into_iter().map(|word| &line[word.range()]).collect()
    }

    #[test]
    fn words_and_quotes() {
        assert_eq!(plain("script \"pidof nginx\" x"), ["script", "pidof nginx", "x"]);
        assert_eq!(plain("a\"b c\"d  'e f'"), ["a", "b c", "d", "'e", "f'"]);
        assert_eq!(plain(""), Vec::<&str>::new());
        assert_eq!(plain("a \"\" b"), ["a", "", "b"]);
        assert!(words("a \"b").1);
        assert!(!words("a \"b\"").1);
    }

    #[test]
    fn comments() {
        for (line, start) in
            [("a # b", 2), ("a!", 1), ("\"#\" \\# x", 8), ("\\##", 2), ("'#'", 1), ("#", 0), ("\\\\#", 2)]
        {
            assert_eq!(comment_start(line), start, "{line}");
        }
    }

    #[test]
    fn scripts() {
        assert_eq!(script_words("notify '/a b'\"c d\" user group"), ["notify", "/a bc d", "user", "group"]);
        assert_eq!(
            script_words(r#"/bin/x  a\ b '\n' "q\"r" \x41\102 \cC"#),
            ["/bin/x", "a b", "\n", "q\"r", "AB", "\x03"]
        );
        assert_eq!(script_words("a\\"), ["a\\"]);
    }

    /// What keepalived 2.2.7 makes of commands: the line's words first, then those of the second.
    #[test]
    fn commands() {
        let argv = |command: &str| script_words(&script_words(&format!("script {command}"))[1]);
        for (command, expected) in [
            (r#""x \"a b\" c""#, &["x", "a b", "c"][..]),
            (r#""x a\ b c""#, &["x", "a", "b", "c"]),
            (r#""x a\\ b c""#, &["x", "a b", "c"]),
            (r#""x a\nb c""#, &["x", "a", "b", "c"]),
            (r#""x 'a\nb' c""#, &["x", "a\nb", "c"]),
            (r#"'x \"a b\" c'"#, &["x", "a b", "c"]),
            (r#"'x \'a b\' c'"#, &["x", "a b", "c"]),
            (r#"x\ a\ b"#, &["x", "a", "b"]),
            (r#""x \"a\\\"b\" c""#, &["x", "a\"b", "c"]),
            (r#""x \"\" c""#, &["x", "", "c"]),
            (r#""x a\134b c""#, &["x", "a\x08", "c"]),
            (r#""sh -c \"y x 'y z'\"""#, &["sh", "-c", "y x 'y z'"]),
            (r#""sh -c 'y x \"y z\"'""#, &["sh", "-c", "y x \"y z\""]),
        ] {
            assert_eq!(argv(command), expected, "{command}");
        }
    }

    #[test]
    fn definitions() {
        assert_eq!(definition("$A_1=  x y"), Some(("A_1", "x y")));
        assert_eq!(definition("$A ="), None);
        assert_eq!(usage("$A b"), Some(("$A", "A", "")));
        assert_eq!(usage("$A-b"), None);
        assert_eq!(usage("${A}b"), Some(("${A}", "A", "")));
        assert_eq!(usage("${_ENV HOME}"), Some(("${_ENV HOME}", "_ENV", " HOME")));
    }

    #[test]
    fn sequences() {
        let numbers =
            |items: &[&'static str]| Sequence::Numbers { hexadecimal: false, items: items.to_vec() };
        assert_eq!(sequence("~SEQ(V, 1, 3) x $V"), Some(Ok((numbers(&["V", "1", "3"]), " x $V"))));
        assert_eq!(sequence("~SEQ(V"), Some(Err(())));
        assert_eq!(sequence("SEQ(V)"), None);
        assert_eq!(
            sequence("~LST({a,b}, {1,2}, {3}) x"),
            Some(Ok((Sequence::List(vec![vec!["a", "b"], vec!["1", "2"], vec!["3"]]), " x")))
        );
        assert_eq!(
            sequence("~LST(v, x, y)z"),
            Some(Ok((Sequence::List(vec![vec!["v"], vec!["x"], vec!["y"]]), "z")))
        );
    }
}
