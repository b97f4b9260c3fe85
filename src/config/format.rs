//! One canonical layout of a text as it is written: `standfast fmt`.
//!
//! One keyword a line, four blanks for each block around it, an opening brace at the end of its line, one blank
//! line between blocks of the top level. Comments, quotes, definitions, conditions, sequences and includes stay
//! as they are: the text is laid out, not what becomes of it.

use super::text::is_blank;
use super::{LoadOptions, Loaded, load_str};

const INDENT: &str = "    ";

/// The text in its canonical layout.
///
/// # Errors
/// Braces are missing or too many, or a block is unknown: what stands where is a guess. Then what was read.
pub fn format(name: &str, text: &str) -> Result<String, Box<Loaded>> {
    if let Some(broken) = broken(name, text) {
        return Err(broken);
    }
    let mut layout = Layout::default();
    let mut lines = text.lines().map(|line| line.strip_suffix('\r').unwrap_or(line));
    while let Some(line) = lines.next() {
        layout.line(line);
        if is_definition(line) {
            let mut last = line;
            while last.trim_end_matches(is_blank).ends_with('\\')
                && let Some(next) = lines.next()
            {
                layout.verbatim(next.trim_end());
                last = next;
            }
        }
    }
    Ok(layout.finish())
}

/// What is wrong with braces and blocks, whichever configuration id the text is read for.
fn broken(name: &str, text: &str) -> Option<Box<Loaded>> {
    let conditions = text.lines().filter_map(|line| line.trim_start_matches(is_blank).strip_prefix('@'));
    let ids = conditions.filter_map(|rest| rest.trim_start_matches('^').split(is_blank).next());
    let mut ids: Vec<&str> = ids.chain([""]).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut worst = None;
    for id in ids {
        let options = LoadOptions { config_id: id.to_owned(), ..LoadOptions::default() };
        let loaded = load_str(name, text, &options);
        if !loaded.structure_broken && !text.contains('\0') {
            return None;
        }
        worst = Some(Box::new(loaded));
    }
    worst
}

/// What an emitted line is, as far as the next one wants to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Last {
    #[default]
    Nothing,
    Blank,
    /// A comment on a line of its own.
    Comment,
    /// A keyword to which an opening brace may be added.
    Keyword,
    Open,
    Close,
    /// A condition, with what its braces do to the depth.
    Condition(i32),
    Other,
}

#[derive(Default)]
struct Layout {
    lines: Vec<String>,
    depth: usize,
    last: Last,
    /// Where the comments directly above the next line begin.
    comments_from: Option<usize>,
}

impl Layout {
    fn line(&mut self, line: &str) {
        let (code, comment) = split_comment(line);
        let code = code.trim_matches(is_blank);
        match (code.is_empty(), comment) {
            (true, None) => self.blank(),
            (true, Some(comment)) => self.comment(comment),
            (false, comment) => self.code(code, comment),
        }
    }

    fn blank(&mut self) {
        if !matches!(self.last, Last::Nothing | Last::Blank | Last::Open) {
            self.lines.push(String::new());
            self.last = Last::Blank;
        }
        self.comments_from = None;
    }

    fn comment(&mut self, comment: &str) {
        if self.depth == 0 && self.last == Last::Close {
            self.blank();
        }
        self.comments_from.get_or_insert(self.lines.len());
        self.push(comment.trim_end(), Last::Comment);
    }

    fn code(&mut self, code: &str, comment: Option<&str>) {
        let before = self.lines.len();
        if let Some(change) = unsplit(code) {
            let condition = code.starts_with('@');
            // `@a block {` and `@b block {` are one block.
            let counted = !(condition && self.last == Last::Condition(change));
            // A line stands as far out as the outer end of what it opens or closes.
            if change < 0 && counted || change > 0 && !counted {
                self.shift(-change.abs());
            }
            let last = if condition { Last::Condition(change) } else { Last::Other };
            self.push(&squeezed_unless_definition(code), last);
            if change > 0 {
                self.shift(change);
            }
        } else {
            for part in parts(code) {
                self.part(&part);
            }
        }
        if let Some(comment) = comment {
            // It belongs to what stands before it on its line.
            let joined = self.lines.len() == before;
            if let Some(line) = self.lines.last_mut() {
                line.push(' ');
                line.push_str(comment.trim_end());
            }
            if self.last == Last::Keyword || joined {
                self.last = Last::Other;
            }
        }
    }

    /// A keyword with its arguments, or a brace.
    fn part(&mut self, part: &str) {
        match part {
            "{" if self.last == Last::Keyword => {
                if let Some(line) = self.lines.last_mut() {
                    line.push_str(" {");
                }
                self.depth += 1;
                self.last = Last::Open;
                self.separate();
            }
            "{" => {
                self.push("{", Last::Open);
                self.depth += 1;
            }
            "}" => {
                while self.last == Last::Blank {
                    self.lines.pop();
                    self.last = Last::Other;
                }
                self.depth = self.depth.saturating_sub(1);
                self.push("}", Last::Close);
            }
            _ => {
                if self.depth == 0 && self.last == Last::Close {
                    self.blank();
                }
                let above = self.comments_from.take();
                self.push(part, Last::Keyword);
                self.comments_from = above;
            }
        }
    }

    /// A blank line before a block of the top level and the comments that belong to it.
    fn separate(&mut self) {
        let above = self.comments_from.take();
        if self.depth != 1 {
            return;
        }
        let head = above.unwrap_or(self.lines.len().saturating_sub(1));
        let blank = head.checked_sub(1).and_then(|at| self.lines.get(at)).is_none_or(String::is_empty);
        if !blank {
            self.lines.insert(head, String::new());
        }
    }

    fn push(&mut self, text: &str, last: Last) {
        if last != Last::Comment {
            self.comments_from = None;
        }
        self.lines.push(format!("{}{text}", INDENT.repeat(self.depth)));
        self.last = last;
    }

    fn verbatim(&mut self, text: &str) {
        self.lines.push(text.to_owned());
        self.last = Last::Other;
        self.comments_from = None;
    }

    fn shift(&mut self, change: i32) {
        let amount = change.unsigned_abs() as usize;
        self.depth = if change < 0 { self.depth.saturating_sub(amount) } else { self.depth + amount };
    }

    fn finish(mut self) -> String {
        while self.lines.last().is_some_and(String::is_empty) {
            self.lines.pop();
        }
        let mut text = self.lines.join("\n");
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }
}

/// The text before a comment, and the comment. It begins at the first `#` or `!` outside double quotes that
/// has no backslash before it.
fn split_comment(line: &str) -> (&str, Option<&str>) {
    let (mut quoted, mut before) = (false, b' ');
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'#' | b'!' if !quoted && before != b'\\' => return (&line[..at], Some(&line[at..])),
            _ => {}
        }
        before = byte;
    }
    (line, None)
}

/// `$NAME=`
fn is_definition(line: &str) -> bool {
    let Some(rest) = line.trim_start_matches(is_blank).strip_prefix('$') else { return false };
    let name = rest.split('=').next().unwrap_or("");
    rest.contains('=')
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Lines that must stay one: definitions, conditions, sequences, includes. With what their braces do to the
/// depth.
fn unsplit(code: &str) -> Option<i32> {
    if is_definition(code) || code.starts_with("include") {
        return Some(0);
    }
    if code.starts_with("~SEQ") || code.starts_with("~LST") {
        let mut rest = code;
        while (rest.starts_with("~SEQ") || rest.starts_with("~LST"))
            && let Some((_, after)) = rest.split_once(')')
        {
            rest = after.trim_start_matches(is_blank);
        }
        return Some(balance(rest));
    }
    code.starts_with('@').then(|| balance(code))
}

/// Opening braces less closing ones.
fn balance(code: &str) -> i32 {
    let count = |wanted: &str| parts(code).filter(|part| part == wanted).count();
    i32::try_from(count("{")).unwrap_or(0) - i32::try_from(count("}")).unwrap_or(0)
}

/// A line cut at its braces, blanks squeezed. Braces in quotes and of `${NAME}` cut nothing.
fn parts(code: &str) -> impl Iterator<Item = String> {
    let (mut found, mut part) = (Vec::new(), String::new());
    let (mut quoted, mut named) = (false, 0);
    let mut before = ' ';
    for character in code.chars() {
        match character {
            '"' => quoted = !quoted,
            '{' if !quoted && (before == '$' || named > 0) => named += 1,
            '}' if !quoted && named > 0 => named -= 1,
            '{' | '}' if !quoted => {
                found.push(std::mem::take(&mut part));
                found.push(character.to_string());
                before = character;
                continue;
            }
            _ => {}
        }
        part.push(character);
        before = character;
    }
    found.push(part);
    found.into_iter().map(|part| squeezed(&part)).filter(|part| !part.is_empty())
}

fn squeezed_unless_definition(code: &str) -> String {
    if is_definition(code) { code.to_owned() } else { squeezed(code) }
}

/// One blank between words; what stands in quotes of either kind stays.
fn squeezed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    let mut gap = false;
    for character in text.trim_matches(is_blank).chars() {
        if quote.is_none() && is_blank(character) {
            gap = true;
            continue;
        }
        if std::mem::take(&mut gap) {
            out.push(' ');
        }
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::format;

    fn formatted(text: &str) -> String {
        format("a.conf", text).unwrap_or_else(|loaded| panic!("{:?}", loaded.diagnostics))
    }

    #[test]
    fn blocks_lines_and_comments() {
        let text = "\
! Configuration File\r
global_defs { router_id  A }  # one line
vrrp_script check
{
  script   \"/bin/a  b\"   # keep  this


  interval 2

}
# of the instance
vrrp_instance V  {
virtual_ipaddress { 10.0.0.1
10.0.0.2 }
  interface eth0
   virtual_router_id 1 }
";
        let wanted = "\
! Configuration File
global_defs {
    router_id A
} # one line

vrrp_script check {
    script \"/bin/a  b\" # keep  this

    interval 2
}

# of the instance
vrrp_instance V {
    virtual_ipaddress {
        10.0.0.1
        10.0.0.2
    }
    interface eth0
    virtual_router_id 1
}
";
        assert_eq!(formatted(text), wanted);
        assert_eq!(formatted(wanted), wanted);
    }

    #[test]
    fn what_is_no_keyword_stays_as_it_is() {
        let text = "\
$A=10.0.0.1   x
$BLOCK= interface eth0   \\
  virtual_router_id 1
include  conf.d/{a,b}.conf
@one vrrp_instance A {
@two   vrrp_instance B {
$BLOCK
virtual_ipaddress { ${A} }
}
~SEQ(N,1,2) vrrp_instance V$N { interface   eth0 }
vrrp_instance C {
}
";
        let once = formatted(text);
        for kept in [
            "$A=10.0.0.1   x\n",
            "$BLOCK= interface eth0   \\\n  virtual_router_id 1\n",
            "include conf.d/{a,b}.conf\n",
            "        ${A}\n",
            "~SEQ(N,1,2) vrrp_instance V$N { interface eth0 }\n",
        ] {
            assert!(once.contains(kept), "{kept:?} in\n{once}");
        }
        assert!(once.contains("@one vrrp_instance A {\n@two vrrp_instance B {\n    $BLOCK\n"), "{once}");
        assert_eq!(formatted(&once), once);
    }

    #[test]
    fn broken_structure_is_refused() {
        assert!(format("a.conf", "vrrp_instance A {\n interface eth0\n").is_err());
        assert!(format("a.conf", "global_defs {\n}\n}\n").is_err());
    }
}
