//! Logical lines to a tree, with braces put where a person meant them.
//!
//! The table says which keyword opens a block and what is valid in it; indentation and the count of all
//! braces say which brace is missing or too many. One mistake gives one message, and what follows is read
//! as if the mistake were not there.

mod node;
mod repeat;

use std::collections::VecDeque;

use super::MOST_TOLD;
use super::keywords::{Arguments, Context, Keyword, Missing, Values, nearest, nearest_anywhere, valid_in};
use super::preprocess::{Brace, Item, ItemReader, Line};
use crate::diag::{Class, Diagnostic, Span};
pub use node::{Block, Like, Node};
use repeat::{Again, Model};

/// Braces without a keyword that may be open at a time.
const DEEPEST: usize = 32;

/// What was wrong with braces and keywords.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Findings {
    pub diagnostics: Vec<Diagnostic>,
    /// Unknown keywords beyond those that are told.
    pub untold: usize,
    /// A brace is missing or too many, or a block is unknown.
    pub broken: bool,
    /// Places of which no more need be said.
    pub explained: Vec<Span>,
}

/// A node of the top level, or a part of one that is too long to be held: each part has the node's line and
/// some of the lines of its block.
#[derive(Debug)]
pub struct Piece {
    pub node: Node,
    /// It is the first of its node.
    pub first: bool,
    /// It is the last of its node.
    pub last: bool,
}

/// Builds the tree, one node of the top level after the other, and long services in parts: the whole of a
/// large file never stands in memory as a tree.
pub struct Tree {
    items: ItemReader,
    builder: Builder,
    finished: bool,
}

/// So many blocks are kept for those that follow.
const SPARE: usize = 64;
/// So many lines of a service are a part of it.
const PART: usize = 128;

impl Tree {
    /// From the items, and how many more braces open than close among all of them. With `whole` no node is cut.
    pub fn new(items: ItemReader, surplus: i64, whole: bool) -> Tree {
        let builder = Builder {
            frames: vec![Frame::root()],
            ready: VecDeque::new(),
            whole,
            begun: false,
            spare: Vec::new(),
            boxes: Vec::new(),
            findings: Findings::default(),
            surplus,
            just_closed: None,
            faults: 0,
            again: None,
            model: None,
        };
        Tree { items, builder, finished: false }
    }

    /// What was wrong with the part that was read since the last time.
    pub fn findings(&mut self) -> Findings {
        std::mem::take(&mut self.builder.findings)
    }

    /// Takes back a node that is no longer needed: those that follow stand in its memory.
    pub fn recycle(&mut self, node: Node) {
        self.builder.recycle(node);
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Line(line) => {
                let open = self.items.next_open();
                let run = open.and_then(|_| self.items.next_run());
                let deeper =
                    open.is_none() && self.items.next_line_indent().is_some_and(|next| next > line.indent);
                if self.builder.line(line, open, deeper) {
                    self.items.next();
                    if let Some(run) = run
                        && self.builder.is_known(run)
                    {
                        let close = self.items.skip_run();
                        self.builder.repeat(run, close);
                    }
                }
            }
            Item::Open(brace) => self.builder.open(brace),
            Item::Close(brace) => self.builder.close(brace),
        }
    }
}

impl Iterator for Tree {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        while self.builder.ready.is_empty() && !self.finished {
            match self.items.next() {
                Some(item) => self.take(item),
                None => {
                    self.finished = true;
                    self.builder.finish();
                }
            }
            self.builder.release(self.finished);
        }
        self.builder.ready.pop_front()
    }
}

/// What the lines of an open block are.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Keywords(Context),
    Values,
    /// Unknown: skipped, with so many braces open within.
    Skipped(usize),
    /// A brace without keyword: its lines belong to the block around it.
    Transparent,
}

struct Frame {
    /// The keyword line; none at the top and after a brace without keyword.
    head: Option<(Line, Option<&'static Keyword>)>,
    kind: Kind,
    nodes: Vec<Node>,
    open: Option<Span>,
    indent: u32,
}

impl Frame {
    fn root() -> Frame {
        Frame { head: None, kind: Kind::Keywords(Context::Top), nodes: Vec::new(), open: None, indent: 0 }
    }

    fn name(&self) -> String {
        match &self.head {
            Some((line, _)) => line.words_from(0).take(2).collect::<Vec<_>>().join(" "),
            None => "{".to_owned(),
        }
    }
}

struct Builder {
    frames: Vec<Frame>,
    /// Nodes of the top level that nothing can change any more.
    ready: VecDeque<Piece>,
    /// No node is cut.
    whole: bool,
    /// A part of the last node of the top level was given out.
    begun: bool,
    /// Room for the nodes of blocks, and for blocks.
    spare: Vec<Vec<Node>>,
    #[expect(clippy::vec_box, reason = "a node holds its block in a box: that is what is kept")]
    boxes: Vec<Box<Block>>,
    findings: Findings,
    /// Opening braces without closing ones, for the whole text; negative: too many closing ones. Each
    /// repair takes its part away.
    surplus: i64,
    /// The block that the brace before this line closed.
    just_closed: Option<(Context, u32, Span)>,
    /// Mistakes found so far.
    faults: usize,
    /// The block of a real server that is being read, if it is one that stands in the text again.
    again: Option<Again>,
    /// What the last such block came to.
    model: Option<Model>,
}

impl Builder {
    /// Takes a line; `true` when it took the brace after it too.
    fn line(&mut self, line: Line, open: Option<Brace>, deeper: bool) -> bool {
        let just_closed = self.just_closed.take();
        loop {
            let Some(frame) = self.frames.last() else { return false };
            let word = line.word(0).unwrap_or("");
            let escapes = self.belongs_outside(word, line.indent, open.is_some());
            match frame.kind {
                Kind::Skipped(_) | Kind::Values if escapes => self.missing_close(),
                Kind::Skipped(_) => return false,
                Kind::Values => {
                    self.add(Node { line, row: None, block: None });
                    return false;
                }
                Kind::Keywords(_) | Kind::Transparent => {
                    let context = self.context();
                    if let Some(row) = context.find(word) {
                        return self.accept(line, row, open, deeper);
                    }
                    if let Some((closed, indent, span)) = just_closed
                        && self.surplus < 0
                        && closed.find(word).is_some()
                        && line.indent > indent
                    {
                        self.reopen(span);
                        continue;
                    }
                    if escapes {
                        self.missing_close();
                        continue;
                    }
                    return self.unknown(line, context, open);
                }
            }
        }
    }

    /// The context whose keywords are valid here.
    fn context(&self) -> Context {
        let found = self.frames.iter().rev().find_map(|frame| match frame.kind {
            Kind::Keywords(context) => Some(context),
            _ => None,
        });
        found.unwrap_or(Context::Top)
    }

    /// Whether the keyword shows that the innermost block should have been closed before it.
    fn belongs_outside(&self, word: &str, indent: u32, block: bool) -> bool {
        let Some((frame, outer)) = self.frames.split_last() else { return false };
        if self.surplus <= 0 || outer.is_empty() {
            return false;
        }
        let row = outer.iter().rev().find_map(|frame| match frame.kind {
            Kind::Keywords(context) => context.find(word),
            _ => None,
        });
        let Some(row) = row else { return false };
        let plain_entry = frame.kind == Kind::Values && !(block && row.has_block());
        row.has_block() == block && (indent <= frame.indent || (frame.kind == Kind::Values && !plain_entry))
    }

    fn accept(&mut self, line: Line, row: &'static Keyword, open: Option<Brace>, deeper: bool) -> bool {
        let kind = match row.arguments {
            Arguments::Block(context) => Kind::Keywords(context),
            Arguments::Values(_) => Kind::Values,
            _ => {
                if open.is_some() {
                    self.unexpected_block(&line, row, open);
                    let indent = line.indent;
                    self.add(Node { line, row: Some(row), block: None });
                    self.push(None, Kind::Skipped(0), open, indent);
                    return true;
                }
                self.add(Node { line, row: Some(row), block: None });
                return false;
            }
        };
        let indent = line.indent;
        if open.is_none() {
            let assumed = self.surplus < 0 || deeper;
            self.missing_open(&line, row, assumed);
            if !assumed {
                self.add(Node { line, row: Some(row), block: Some(Box::default()) });
                return false;
            }
            self.surplus += 1;
        }
        self.push(Some((line, Some(row))), kind, open, indent);
        open.is_some()
    }

    fn unexpected_block(&mut self, line: &Line, row: &'static Keyword, open: Option<Brace>) {
        let place = open.map(|brace| brace.span);
        let message = format!("'{}' takes no block; the block is skipped", row.name);
        let mut diagnostic = Diagnostic::error("unexpected-block", place, message);
        if row.missing == Missing::Exits && line.count() == 1 {
            diagnostic = diagnostic.class(Class::Exit);
        }
        if row.syntax != "none" {
            diagnostic = diagnostic.expected(row.syntax);
        }
        self.broken(diagnostic.help(match row.arguments {
            Arguments::Nothing => format!("write '{}' alone on its line, without braces", row.name),
            _ => format!("write '{}' and its value on one line, without braces", row.name),
        }));
        // Its value is missing because it stands in the block: that is said with it.
        self.findings.explained.extend(line.span(0).zip(place).map(|(word, brace)| word.to(brace)));
    }

    fn missing_open(&mut self, line: &Line, row: &'static Keyword, assumed: bool) {
        let last = line.span(line.count().saturating_sub(1));
        let message = format!(
            "Missing '{{' at beginning of configuration block: the opening brace of '{}' is missing",
            row.name
        );
        let example: Vec<&str> = line.words_from(0).collect();
        let mut diagnostic = Diagnostic::error("missing-open-brace", last.map(Span::after), message)
            .expected("'{'")
            .help(format!("write '{} {{'", example.join(" ")));
        if !assumed {
            diagnostic =
                diagnostic.help(format!("'{}' needs a block; it is read as an empty one", row.name));
        }
        let rest: Vec<&str> = line.words_from(1).skip_while(|word| *word == "=").collect();
        if matches!(row.arguments, Arguments::Values(values) if values != Values::Targets)
            && !rest.is_empty()
        {
            diagnostic.help = Some(format!("write '{} {{ {} }}'", row.name, rest.join(" ")));
        }
        self.broken(diagnostic);
    }

    fn unknown(&mut self, line: Line, context: Context, open: Option<Brace>) -> bool {
        let indent = line.indent;
        self.faults += 1;
        self.findings.broken |= open.is_some();
        if self.findings.diagnostics.len() < MOST_TOLD {
            self.say_unknown(&line, context, open.is_some());
        } else {
            self.findings.untold += 1;
        }
        if open.is_some() {
            self.push(None, Kind::Skipped(0), open, indent);
        }
        open.is_some()
    }

    fn say_unknown(&mut self, line: &Line, context: Context, block: bool) {
        let word = line.word(0).unwrap_or("");
        let message = format!("Unknown keyword '{word}'");
        let diagnostic = match block {
            true => {
                Diagnostic::error("unknown-block", line.span(0), format!("{message}; its block is skipped"))
            }
            false => Diagnostic::warning("unknown-keyword", line.span(0), message),
        };
        self.findings.diagnostics.push(diagnostic.help(advice(word, context)));
    }

    fn open(&mut self, brace: Brace) {
        self.just_closed = None;
        if let Some(Frame { kind: Kind::Skipped(nested), .. }) = self.frames.last_mut() {
            *nested += 1;
            return;
        }
        let message = "Unexpected '{' - ignoring";
        self.broken(
            Diagnostic::error("unexpected-brace", brace.span, message)
                .expected("a keyword that takes a block before it"),
        );
        let indent = brace.indent.unwrap_or(0);
        let kind = if self.frames.len() > DEEPEST { Kind::Skipped(0) } else { Kind::Transparent };
        self.push(None, kind, Some(brace), indent);
    }

    fn close(&mut self, brace: Brace) {
        if let Some(Frame { kind: Kind::Skipped(nested @ 1..), .. }) = self.frames.last_mut() {
            *nested -= 1;
            return;
        }
        while self.surplus > 0 && self.is_of_outer_block(brace) {
            self.missing_close();
        }
        if self.frames.len() == 1 {
            self.surplus += 1;
            self.broken(
                Diagnostic::error("extra-brace", brace.span, "Extra '}' found").help(
                    "no block is open here; remove it, or look for a block above that ends too early",
                ),
            );
            return;
        }
        self.pop(Some(brace.span));
    }

    /// Whether a closing brace stands under the keyword of a block further out.
    fn is_of_outer_block(&self, brace: Brace) -> bool {
        let (Some(indent), Some((frame, outer))) = (brace.indent, self.frames.split_last()) else {
            return false;
        };
        frame.indent > indent && outer.iter().skip(1).any(|outer| outer.indent == indent)
    }

    fn finish(&mut self) {
        while self.frames.len() > 1 {
            self.missing_close();
        }
    }

    /// Moves what is complete out of the top level, and what an open service has so far.
    fn release(&mut self, all: bool) {
        self.release_top(all);
        if let [_, service] = self.frames.as_slice()
            && service.nodes.len() > PART
            && service.kind == Kind::Keywords(Context::VirtualServer)
            && !self.whole
        {
            self.release_part();
        }
    }

    /// The last node of the top level may still be opened again, unless a block after it is open.
    fn release_top(&mut self, all: bool) {
        let Some((root, open)) = self.frames.split_first_mut() else { return };
        let keep = usize::from(!all && open.is_empty());
        let complete = root.nodes.len().saturating_sub(keep);
        // After nearly every line there is nothing to do.
        if complete == 0 {
            return;
        }
        for node in root.nodes.drain(..complete) {
            let first = !std::mem::take(&mut self.begun);
            self.ready.push_back(Piece { node, first, last: true });
        }
    }

    /// Gives out what an open service has so far; its last line may still be opened again.
    fn release_part(&mut self) {
        let [_, service] = self.frames.as_mut_slice() else { return };
        let Some((line, row)) = service.head.clone() else { return };
        let complete = service.nodes.len().saturating_sub(1);
        let nodes = service.nodes.drain(..complete).collect();
        let block = Some(Box::new(Block { nodes, open: service.open, close: None, like: None }));
        let first = !std::mem::replace(&mut self.begun, true);
        self.ready.push_back(Piece { node: Node { line, row, block }, first, last: false });
    }

    /// Closes the innermost block, whose closing brace is missing.
    fn missing_close(&mut self) {
        self.surplus -= 1;
        let Some(frame) = self.frames.last() else { return };
        let name = frame.name();
        let head = frame.head.as_ref().and_then(|(line, _)| line.whole()).or(frame.open);
        let last =
            frame.nodes.last().and_then(|node| node.block.as_ref().map_or(node.line.whole(), |b| b.close));
        let place = last.map(Span::after).or(head);
        let mut diagnostic = Diagnostic::error(
            "missing-close-brace",
            place,
            format!("the closing brace of '{name}' is missing"),
        )
        .expected("'}'");
        if let Some(head) = head.filter(|head| Some(*head) != place) {
            diagnostic = diagnostic.related(head, "the block begins here");
        }
        self.broken(diagnostic);
        self.pop(None);
    }

    /// Takes back that a block was closed: the brace that did it is too many.
    fn reopen(&mut self, brace: Span) {
        self.surplus += 1;
        let node = self.frames.last_mut().and_then(|frame| frame.nodes.pop());
        let Some(Node { line, row, block: Some(block) }) = node else { return };
        let name: Vec<&str> = line.words_from(0).take(2).collect();
        let message = format!("Extra '}}' found: it ends '{}' too early", name.join(" "));
        self.broken(Diagnostic::error("extra-brace", brace, message).help("remove it"));
        let kind = match row.map(|row| row.arguments) {
            Some(Arguments::Block(context)) => Kind::Keywords(context),
            _ => Kind::Values,
        };
        let indent = line.indent;
        let nodes = block.like.map_or(block.nodes, |like| like.moved());
        let frame = Frame { head: Some((line, row)), kind, nodes, open: block.open, indent };
        self.frames.push(frame);
    }

    fn push(
        &mut self,
        head: Option<(Line, Option<&'static Keyword>)>,
        kind: Kind,
        open: Option<Brace>,
        indent: u32,
    ) {
        let open = open.map(|brace| brace.span);
        let nodes = self.spare.pop().unwrap_or_default();
        self.frames.push(Frame { head, kind, nodes, open, indent });
    }

    fn recycle(&mut self, node: Node) {
        let Some(mut block) = node.block else { return };
        if self.spare.len() < SPARE && block.nodes.capacity() <= PART * 2 {
            let mut nodes = std::mem::take(&mut block.nodes);
            nodes.drain(..).for_each(|node| self.recycle(node));
            if nodes.capacity() > 0 {
                self.spare.push(nodes);
            }
        }
        if self.boxes.len() < PART * 2 {
            *block = Block::default();
            self.boxes.push(block);
        }
    }

    fn pop(&mut self, close: Option<Span>) {
        let Some(frame) = self.frames.pop() else { return };
        match (frame.head, frame.kind) {
            (Some((line, row)), kind) => {
                if let (Kind::Keywords(context), Some(close)) = (kind, close) {
                    self.just_closed = Some((context, frame.indent, close));
                }
                if self.again.is_some() {
                    self.keep_model(&frame.nodes);
                }
                let block = Block { nodes: frame.nodes, open: frame.open, close, like: None };
                let mut room = self.boxes.pop().unwrap_or_default();
                *room = block;
                self.add(Node { line, row, block: Some(room) });
            }
            (None, Kind::Transparent) => frame.nodes.into_iter().for_each(|node| self.add(node)),
            (None, _) => {}
        }
    }

    fn add(&mut self, node: Node) {
        if let Some(frame) = self.frames.last_mut() {
            frame.nodes.push(node);
        }
    }

    fn broken(&mut self, diagnostic: Diagnostic) {
        self.faults += 1;
        self.findings.broken = true;
        if self.findings.diagnostics.len() < MOST_TOLD {
            self.findings.diagnostics.push(diagnostic);
        } else {
            self.findings.untold += 1;
        }
    }
}

/// What to do about an unknown word.
fn advice(word: &str, context: Context) -> String {
    let valid = valid_in(word);
    let newer = valid.iter().filter_map(|context| context.find(word)?.replacement).map(|new| new.keyword);
    if let Some(newer) = newer.into_iter().find(|newer| context.find(newer).is_some()) {
        return format!("use '{newer}'");
    }
    if let Some((first, more)) = valid.split_first() {
        let mut names = vec![first.name()];
        names.extend(more.iter().map(|context| context.name()));
        names.dedup();
        names.truncate(4);
        return format!("'{word}' is valid in {}, not in {}", names.join(", "), context.name());
    }
    if let Some(near) = nearest(context, word) {
        return format!("did you mean '{near}'?");
    }
    match nearest_anywhere(word) {
        Some((elsewhere, near)) => {
            format!("did you mean '{near}'? it is valid in {}, not in {}", elsewhere.name(), context.name())
        }
        None => format!("nothing in {} is called so or nearly so; remove the line", context.name()),
    }
}

#[cfg(test)]
mod tests;
