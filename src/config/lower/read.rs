//! Arguments, read as the keyword's row says. All complaints about numbers, words and addresses come from here.

use std::net::IpAddr;
use std::time::Duration;

use super::Lower;
use crate::config::keywords::{Arguments, Keyword, Missing};
use crate::config::lex;
use crate::config::model::{Command, UserSpec};
use crate::config::suggest;
use crate::config::syntax::Node;
use crate::diag::{Class, Diagnostic};
use crate::ids::Family;

/// The longest name of an interface, in bytes.
pub const LONGEST_INTERFACE: usize = 15;

/// An argument.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// None was written, or the lowering reads the words.
    Nothing,
    Bool(bool),
    Int(i64),
    Decimal(Duration),
    Weight(Weight),
    Text(String),
    Ip(IpAddr),
    User(UserSpec),
    Script(Command),
}

/// `N [reverse|noreverse]`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Weight {
    pub weight: i32,
    pub reverse: Option<bool>,
}

impl Weight {
    /// One whose row allows no more than VRRP does.
    pub fn of_vrrp(self) -> i16 {
        i16::try_from(self.weight).unwrap_or(0)
    }
}

impl Value {
    pub fn text(self) -> Option<String> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// A number that its row allows and the type holds.
    pub fn int<T: TryFrom<i64>>(&self) -> Option<T> {
        if let Value::Int(value) = self { T::try_from(*value).ok() } else { None }
    }

    pub fn decimal(&self) -> Option<Duration> {
        if let Value::Decimal(value) = self { Some(*value) } else { None }
    }

    /// Whole seconds.
    pub fn seconds(&self) -> Option<Duration> {
        self.int().map(Duration::from_secs)
    }

    /// A flag; bare is yes.
    pub fn yes(&self) -> bool {
        !matches!(self, Value::Bool(false))
    }

    pub fn ip(&self) -> Option<IpAddr> {
        if let Value::Ip(ip) = self { Some(*ip) } else { None }
    }

    pub fn script(self) -> Option<Command> {
        if let Value::Script(command) = self { Some(command) } else { None }
    }
}

impl Lower<'_> {
    /// The argument of a keyword; `None` when it is bad, which has then been reported.
    pub fn read(&mut self, node: &Node, row: &'static Keyword) -> Option<Value> {
        let word = node.argument(1);
        if word.is_none() && !self.may_be_missing(node, row) {
            return None;
        }
        let Some(word) = word else {
            return Some(if row.arguments == Arguments::Boolean {
                Value::Bool(true)
            } else {
                Value::Nothing
            });
        };
        let taken = match row.arguments {
            Arguments::Nothing => {
                self.extra_words(node, 1);
                return Some(Value::Nothing);
            }
            Arguments::Block(_) | Arguments::Values(_) | Arguments::Words => return Some(Value::Nothing),
            Arguments::Script => return self.command(node, row),
            Arguments::User => return self.user(node, 1).map(Value::User),
            Arguments::Weight(most) => return self.weight(node, 1, most).map(Value::Weight),
            Arguments::Boolean => self.boolean(node, row, word),
            Arguments::Int(low, high) => self.int(node, row.name, 1, (low, high), false).map(Value::Int),
            Arguments::Lax(low, high) => self.int(node, row.name, 1, (low, high), true).map(Value::Int),
            Arguments::Decimal(low, high, places) => {
                self.decimal(node, row.name, 1, (low, high), places).map(Value::Decimal)
            }
            Arguments::Choice(words) => self.choice(node, row, word, words, |a, b| a == b),
            Arguments::AnyCase(words) => self.choice(node, row, word, words, str::eq_ignore_ascii_case),
            Arguments::Word => Some(Value::Text(word.to_owned())),
            Arguments::Ip => self.address(node, row.name, 1).map(Value::Ip),
            Arguments::Multicast(family) => self.multicast(node, row, family),
        };
        self.extra_words(node, 2);
        taken
    }

    fn may_be_missing(&mut self, node: &Node, row: &'static Keyword) -> bool {
        let class = match row.missing {
            Missing::Allowed => return true,
            Missing::Faults => Class::Fault,
            Missing::Exits => Class::Exit,
        };
        let message = format!("{} is missing its parameter", row.name);
        let span = node.span().map(crate::diag::Span::after);
        let mut diagnostic = Diagnostic::error("missing-parameter", span, message).class(class);
        diagnostic.expected = expectation(row);
        self.report(diagnostic.help("the line is ignored"));
        false
    }

    /// Words that keepalived passes over in silence.
    fn extra_words(&mut self, node: &Node, from: usize) {
        // What follows a '=' is not the mistake.
        if node.line.count() > from && node.argument(1) != Some("=") {
            let span =
                node.line.span(from).zip(node.line.span(node.line.count() - 1)).map(|(a, b)| a.to(b));
            let words: Vec<&str> = node.line.words_from(from).collect();
            let message = format!("'{}' after {} is ignored", words.join(" "), node.name());
            self.report(Diagnostic::warning("extra-words", span, message).class(Class::Silent));
        }
    }

    fn boolean(&mut self, node: &Node, row: &'static Keyword, word: &str) -> Option<Value> {
        match word {
            "on" | "true" | "yes" => Some(Value::Bool(true)),
            "off" | "false" | "no" => Some(Value::Bool(false)),
            _ => {
                self.bad_word(node, row.name, word, &["on", "off", "true", "false", "yes", "no"]);
                None
            }
        }
    }

    fn bad_word(&mut self, node: &Node, name: &str, word: &str, expected: &[&'static str]) {
        let message = format!("{name} '{word}' is invalid");
        let mut diagnostic =
            Diagnostic::error("unknown-value", node.span_of(1), message).expected(alternatives(expected));
        if let Some(near) = expected.iter().find(|known| known.eq_ignore_ascii_case(word)) {
            diagnostic = diagnostic.help(format!("write '{near}': the case of the letters counts"));
        } else if let Some(near) = suggest::nearest(word, expected.iter().copied()) {
            diagnostic = diagnostic.help(format!("did you mean '{near}'?"));
        }
        self.report(diagnostic);
    }

    fn choice(
        &mut self,
        node: &Node,
        row: &'static Keyword,
        word: &str,
        words: &'static [&'static str],
        same: fn(&str, &str) -> bool,
    ) -> Option<Value> {
        if let Some(found) = words.iter().find(|known| same(known, word)) {
            return Some(Value::Text((*found).to_owned()));
        }
        self.bad_word(node, row.name, word, words);
        None
    }

    /// A whole number; with `lax`, of `7x` the 7 is used.
    pub fn int(&mut self, node: &Node, name: &str, at: usize, range: (i64, i64), lax: bool) -> Option<i64> {
        let word = node.argument(at)?;
        let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        let (low, high) = range;
        let expected = || format!("a whole number{} from {low} to {high}", unit(node, at));
        let used = word.get(..word.len() - digits.len() + count).filter(|_| count > 0);
        if count < digits.len() || count == 0 {
            let message = format!("{name}: invalid number '{word}'");
            let mut diagnostic =
                Diagnostic::error("bad-number", node.span_of(at), message).expected(expected());
            let used = used.filter(|_| lax);
            if let Some(used) = used {
                diagnostic = diagnostic.help(format!("{used} is used"));
            }
            self.report(diagnostic);
            return used.and_then(|used| used.parse().ok()).filter(|value| (low..=high).contains(value));
        }
        match word.parse::<i64>() {
            Ok(value) if (low..=high).contains(&value) => Some(value),
            _ => {
                let message = format!("{name}: number '{word}' outside range [{low}, {high}]");
                self.report(
                    Diagnostic::error("out-of-range", node.span_of(at), message).expected(expected()),
                );
                None
            }
        }
    }

    /// A number of messages, of which there is one at least; `owner` stands before the keyword in what is said.
    pub fn count(&mut self, node: &Node, value: &Value, owner: &str) -> Option<u32> {
        let count: u32 = value.int()?;
        if count == 0 {
            let message = format!("{owner}{} must be greater than 0, setting to 1", node.name());
            self.report(Diagnostic::error("out-of-range", node.span_of(1), message).expected("1 or more"));
        }
        Some(count.max(1))
    }

    /// A decimal number, as a time; the range in millionths.
    pub fn decimal(
        &mut self,
        node: &Node,
        name: &str,
        at: usize,
        range: (u64, u64),
        places: u32,
    ) -> Option<Duration> {
        let word = node.argument(at)?;
        self.decimal_text(node, name, at, word, range, places)
    }

    /// The same of a part of the word.
    pub fn decimal_text(
        &mut self,
        node: &Node,
        name: &str,
        at: usize,
        word: &str,
        range: (u64, u64),
        places: u32,
    ) -> Option<Duration> {
        let expected =
            || format!("a number{} from {} to {}", unit(node, at), shown(range.0), shown(range.1));
        let Some((micros, exact)) = micros(word, places) else {
            let message = format!("{name}: invalid number '{word}'");
            self.report(Diagnostic::error("bad-number", node.span_of(at), message).expected(expected()));
            return None;
        };
        if !(range.0..=range.1).contains(&micros) {
            let (low, high) = (shown(range.0), shown(range.1));
            let message = format!("{name}: number '{word}' outside range [{low}, {high}]");
            self.report(Diagnostic::error("out-of-range", node.span_of(at), message).expected(expected()));
            return None;
        }
        if !exact {
            let message = format!("{name}: number '{word}' has too many decimal places");
            let help = format!("{} is used", shown(micros));
            self.report(Diagnostic::error("bad-number", node.span_of(at), message).help(help));
        }
        Some(Duration::from_micros(micros))
    }

    /// An address.
    pub fn address(&mut self, node: &Node, name: &str, at: usize) -> Option<IpAddr> {
        let word = node.argument(at)?;
        if let Ok(address) = word.parse() {
            return Some(address);
        }
        if let Some((bare, _)) = word.split_once('/')
            && let Ok(address) = bare.parse()
        {
            let message = format!("{name}: the prefix length of '{word}' is ignored");
            self.report(Diagnostic::warning("extra-words", node.span_of(at), message).class(Class::Silent));
            return Some(address);
        }
        let message = format!("{name}: malformed address '{word}'");
        self.report(
            Diagnostic::error("bad-address", node.span_of(at), message)
                .expected("an IPv4 or IPv6 address without a prefix length"),
        );
        None
    }

    fn multicast(&mut self, node: &Node, row: &'static Keyword, family: Option<Family>) -> Option<Value> {
        let address = self.address(node, row.name, 1)?;
        if address.is_multicast() && family.is_none_or(|family| family == Family::of(address)) {
            return Some(Value::Ip(address));
        }
        let message = format!("{}: {address} is no multicast address", row.name);
        let of = family.map(|family| format!("{family} ")).unwrap_or_default();
        self.report(
            Diagnostic::error("bad-address", node.span_of(1), message)
                .expected(format!("an {of}multicast address")),
        );
        None
    }

    /// `N [reverse|noreverse]` from a word on. One beyond `most` is brought back to it.
    pub fn weight(&mut self, node: &Node, at: usize, most: i64) -> Option<Weight> {
        let beyond = if most == 253 { 254 } else { most };
        let mut value = self.int(node, "weight", at, (-beyond, beyond), true)?;
        if value.abs() > most {
            let message = format!("weight cannot be {value}, use {}", most * value.signum());
            self.report(
                Diagnostic::error("out-of-range", node.span_of(at), message)
                    .expected(format!("a whole number from -{most} to {most}")),
            );
            value = most * value.signum();
        }
        let reverse = match node.argument(at + 1) {
            None => None,
            Some("reverse") => Some(true),
            Some("noreverse") => Some(false),
            Some(word) => {
                let message = format!("unknown weight option '{word}'");
                self.report(
                    Diagnostic::error("unknown-value", node.span_of(at + 1), message)
                        .expected("reverse or noreverse"),
                );
                return None;
            }
        };
        Some(Weight { weight: i32::try_from(value).unwrap_or(0), reverse })
    }

    /// `USER [[:]GROUP]` from a word on.
    pub fn user(&mut self, node: &Node, at: usize) -> Option<UserSpec> {
        let user = user_of(node.argument(at)?, node.argument(at + 1));
        let of_script = node.name() != "script_user";
        self.need_user(&user, of_script, node.span_of(at));
        Some(user)
    }

    /// `SCRIPT [USER [[:]GROUP]]`; for a command that is the whole line, only the command.
    fn command(&mut self, node: &Node, row: &'static Keyword) -> Option<Value> {
        let words = lex::script_words(node.line.raw());
        let whole_line = matches!(row.name, "script" | "misc_path");
        let argv = lex::script_words(words.get(1).map_or("", String::as_str));
        if argv.is_empty() {
            let message = format!("{}: the command is empty", row.name);
            self.report(
                Diagnostic::error("missing-parameter", node.span_of(1), message)
                    .expected("a program, and perhaps its arguments"),
            );
            return None;
        }
        if whole_line {
            self.unquoted_command(node, row, &words);
            return Some(Value::Script(Command { argv, user: None }));
        }
        let user = words.get(2).map(|user| user_of(user, words.get(3).map(String::as_str)));
        Some(Value::Script(Command { argv, user }))
    }

    /// The rest of a command that is not in quotes is lost.
    fn unquoted_command(&mut self, node: &Node, row: &'static Keyword, words: &[String]) {
        if let [_, first, rest @ ..] = words
            && !rest.is_empty()
        {
            let message = format!("{}: only '{first}' is run, without what follows it", row.name);
            let help = format!("put the command in quotes: {} \"{first} {}\"", row.name, rest.join(" "));
            self.report(
                Diagnostic::warning("unquoted-command", node.span_of(2), message)
                    .class(Class::Silent)
                    .help(help),
            );
        }
    }
}

/// `a, b or c`
fn alternatives(words: &[&str]) -> String {
    match words {
        [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// `USER GROUP`, `USER :GROUP`, `USER:GROUP`.
fn user_of(user: &str, group: Option<&str>) -> UserSpec {
    let (user, joined) = user.split_once(':').map_or((user, None), |(user, group)| (user, Some(group)));
    let group = group.or(joined).map(|group| group.trim_start_matches(':').to_owned());
    UserSpec { user: user.to_owned(), group: group.filter(|group| !group.is_empty()) }
}

/// Millionths of a decimal number with at most so many places, and whether nothing was rounded.
fn micros(word: &str, places: u32) -> Option<(u64, bool)> {
    let word = word.strip_prefix('+').unwrap_or(word);
    let (whole, part) = word.split_once('.').unwrap_or((word, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !digits(whole) || !digits(part) {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let padded = part.bytes().chain(std::iter::repeat(b'0')).take(places as usize);
    let unit = 10_u64.checked_pow(6_u32.checked_sub(places)?)?;
    let kept = padded.fold(0, |kept, digit| kept * 10 + u64::from(digit - b'0'));
    let next = part.as_bytes().get(places as usize);
    let up = u64::from(next.is_some_and(|digit| *digit >= b'5'));
    let micros = whole.checked_mul(1_000_000)?.checked_add((kept + up).checked_mul(unit)?)?;
    Some((micros, next.is_none()))
}

/// What the number of a keyword counts, as ` of seconds`; empty where it counts nothing.
fn unit(node: &Node, at: usize) -> &'static str {
    node.row.filter(|_| at == 1).map_or("", unit_of)
}

fn unit_of(row: &Keyword) -> &'static str {
    match row.syntax.split([' ', ',']).next() {
        Some("SECS") => " of seconds",
        Some("MSECS") => " of milliseconds",
        Some("USECS") => " of microseconds",
        Some("BYTES") => " of bytes",
        _ => "",
    }
}

/// Millionths as a decimal number.
fn shown(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What a keyword takes, in words.
pub fn expectation(row: &Keyword) -> Option<String> {
    let unit = unit_of(row);
    Some(match row.arguments {
        Arguments::Int(low, high) | Arguments::Lax(low, high) => {
            format!("a whole number{unit} from {low} to {high}")
        }
        Arguments::Decimal(low, high, _) => {
            format!("a number{unit} from {} to {}", shown(low), shown(high))
        }
        Arguments::Weight(most) => format!("a whole number from -{most} to {most}"),
        Arguments::Choice(words) | Arguments::AnyCase(words) => alternatives(words),
        Arguments::Ip => "an address".into(),
        Arguments::Multicast(_) => "a multicast address".into(),
        Arguments::User => "a user, and perhaps a group".into(),
        Arguments::Script => "a command".into(),
        Arguments::Word | Arguments::Words | Arguments::Block(_) => "a word".into(),
        Arguments::Nothing | Arguments::Boolean | Arguments::Values(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals() {
        assert_eq!(micros("1.5", 6), Some((1_500_000, true)));
        assert_eq!(micros("3", 3), Some((3_000_000, true)));
        assert_eq!(micros("0.0015", 3), Some((2_000, false)));
        assert_eq!(micros(".5", 6), Some((500_000, true)));
        for bad in ["", ".", "-1", "1x", "1.2.3", "99999999999999999999"] {
            assert_eq!(micros(bad, 6), None, "{bad}");
        }
    }

    #[test]
    fn users() {
        let spec =
            |user: &str, group: Option<&str>| UserSpec { user: user.into(), group: group.map(Into::into) };
        assert_eq!(user_of("a", None), spec("a", None));
        assert_eq!(user_of("a", Some(":b")), spec("a", Some("b")));
        assert_eq!(user_of("a:b", None), spec("a", Some("b")));
    }
}
