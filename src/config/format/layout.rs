//! The page: how deep each line stands, where the opening brace goes, where blank lines are.

use super::written::{Kept, Piece, Written};

const INDENT: &str = "    ";

/// Blocks that are indented; the language has fewer within one another, and a text is to stay about as long as
/// it is.
const DEEPEST: usize = 16;

/// What a line of the page is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Blank,
    Comment,
    /// A keyword or a brace; whether a block begins with it.
    Code {
        opens: bool,
    },
    Kept,
    Verbatim,
}

#[derive(Clone, Debug)]
struct Line {
    form: Form,
    depth: usize,
    text: String,
    comment: Option<String>,
}

impl Line {
    fn begins_block(&self) -> bool {
        self.form == Form::Code { opens: true }
    }
}

/// The page so far.
#[derive(Debug)]
pub struct Layout<'a> {
    lines: Vec<Line>,
    /// How many blocks are open, for each of the ids that lines may be for: of two lines that open the same
    /// block for different ids only one counts.
    depths: Vec<(&'a str, usize)>,
}

impl<'a> Layout<'a> {
    /// An empty page, for a text in which these ids occur.
    pub fn new(ids: &'a [String]) -> Layout<'a> {
        Layout { lines: Vec::new(), depths: ids.iter().map(|id| (id.as_str(), 0)).collect() }
    }

    /// Adds a line of the text.
    pub fn line(&mut self, written: Written<'_>) {
        match written {
            Written::Blank => self.blank(),
            Written::Comment(text) => self.put(Form::Comment, self.depth(), text),
            Written::Verbatim(text) => self.put(Form::Verbatim, 0, text),
            Written::Kept(kept) => self.kept(&kept),
            Written::Pieces(pieces, comment) => {
                for piece in &pieces {
                    match piece {
                        Piece::Words(words) => self.put(Form::Code { opens: false }, self.depth(), words),
                        Piece::Open => self.open(),
                        Piece::Close => self.close(),
                    }
                }
                if let Some(comment) = comment {
                    self.comment(comment);
                }
            }
        }
    }

    /// The text of the page.
    pub fn print(mut self) -> String {
        while self.lines.last().is_some_and(|line| line.form == Form::Blank) {
            self.lines.pop();
        }
        let apart = self.blocks_of_the_top();
        let mut text = String::new();
        for (line, apart) in self.lines.iter().zip(apart) {
            if apart {
                text.push('\n');
            }
            if !line.text.is_empty() && line.form != Form::Verbatim {
                text.extend(std::iter::repeat_n(INDENT, line.depth.min(DEEPEST)));
            }
            text.push_str(&line.text);
            if let Some(comment) = &line.comment {
                text.push(' ');
                text.push_str(comment);
            }
            text.push('\n');
        }
        text
    }

    fn put(&mut self, form: Form, depth: usize, text: &str) {
        self.lines.push(Line { form, depth, text: text.to_owned(), comment: None });
    }

    fn depth(&self) -> usize {
        self.depths.iter().map(|(_, depth)| *depth).max().unwrap_or(0)
    }

    /// One is enough, and none at the beginning of the page or of a block.
    fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| line.form != Form::Blank && !line.begins_block()) {
            self.put(Form::Blank, 0, "");
        }
    }

    fn kept(&mut self, kept: &Kept<'_>) {
        let holds = |id: &str| kept.conditions.iter().all(|(wanted, equal)| (wanted == id) == *equal);
        let concerned = self.depths.iter().filter(|(id, _)| holds(id)).map(|(_, depth)| *depth).max();
        let closes = usize::from(kept.text.starts_with('}'));
        // Beyond the ids that are followed, it stands as its neighbours do.
        let depth = concerned.unwrap_or_else(|| self.depth()).saturating_sub(closes);
        self.put(Form::Kept, depth, kept.text);
        for (_, depth) in self.depths.iter_mut().filter(|(id, _)| holds(id)) {
            *depth = depth.saturating_add_signed(kept.opens as isize);
        }
    }

    /// A brace goes to the end of its keyword's line, past comments and blank lines between them.
    fn open(&mut self) {
        let last = self.lines.iter().rposition(|line| !matches!(line.form, Form::Blank | Form::Comment));
        let head = last.filter(|at| {
            let line = self.lines.get(*at);
            line.is_some_and(|line| line.form == Form::Code { opens: false } && line.text != "}")
        });
        match head {
            Some(at) => {
                let between = self.lines.split_off(at + 1);
                let comments = between.into_iter().filter(|line| line.form == Form::Comment);
                self.lines.extend(comments.map(|line| Line { depth: line.depth + 1, ..line }));
                if let Some(head) = self.lines.get_mut(at) {
                    head.form = Form::Code { opens: true };
                    head.text.push_str(" {");
                }
            }
            None => self.put(Form::Code { opens: true }, self.depth(), "{"),
        }
        self.depths.iter_mut().for_each(|(_, depth)| *depth += 1);
    }

    fn close(&mut self) {
        if self.lines.last().is_some_and(|line| line.form == Form::Blank) {
            self.lines.pop();
        }
        self.depths.iter_mut().for_each(|(_, depth)| *depth = depth.saturating_sub(1));
        self.put(Form::Code { opens: false }, self.depth(), "}");
    }

    /// Behind the last line, unless one is there already.
    fn comment(&mut self, comment: &str) {
        let depth = self.depth();
        match self.lines.last_mut() {
            Some(Line { form: Form::Code { .. }, comment: free @ None, .. }) => {
                *free = Some(comment.to_owned());
            }
            _ => self.put(Form::Comment, depth, comment),
        }
    }

    /// Before which lines a blank one is missing: between a block of the top level and what is before and
    /// after it, comments directly above it included.
    fn blocks_of_the_top(&self) -> Vec<bool> {
        let mut apart = vec![false; self.lines.len()];
        let mut head = 0;
        let mut previous: Option<&Line> = None;
        for (at, line) in self.lines.iter().enumerate() {
            let top = line.depth == 0;
            let after_block =
                previous.is_some_and(|line| line.depth == 0 && line.form.is_code() && line.text == "}");
            if after_block && line.form != Form::Blank {
                set(&mut apart, at);
            }
            // Where the comments directly above the line begin.
            if !previous.is_some_and(|line| line.form == Form::Comment) {
                head = at;
            }
            let before = head.checked_sub(1).and_then(|before| self.lines.get(before));
            if top && line.begins_block() && before.is_some_and(|before| before.form != Form::Blank) {
                set(&mut apart, head);
            }
            previous = Some(line);
        }
        apart
    }
}

impl Form {
    fn is_code(self) -> bool {
        matches!(self, Form::Code { .. })
    }
}

fn set(apart: &mut [bool], at: usize) {
    if let Some(place) = apart.get_mut(at) {
        *place = true;
    }
}
