//! What the tree is made of: a line, and the block after it.

use std::sync::Arc;

use crate::config::keywords::Keyword;
use crate::config::preprocess::Line;
use crate::diag::Span;

/// A line, and the block after it.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    pub line: Line,
    /// Its row; `None` for an entry of a value block.
    pub row: Option<&'static Keyword>,
    pub block: Option<Box<Block>>,
}

/// What stands between braces.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Block {
    pub nodes: Vec<Node>,
    /// `None` where it is missing.
    pub open: Option<Span>,
    pub close: Option<Span>,
    /// In place of nodes: it is the same as another block.
    pub like: Option<Like>,
}

/// A block that stands in the text several times.
#[derive(Clone, PartialEq, Debug)]
pub struct Like {
    /// The nodes of one of them.
    pub nodes: Arc<Vec<Node>>,
    /// How many bytes further on in its file this one stands.
    pub by: u32,
}

impl Like {
    /// The nodes with their own places.
    pub fn moved(&self) -> Vec<Node> {
        self.nodes.iter().map(|node| node.moved(self.by)).collect()
    }
}

impl Node {
    /// The first word.
    pub fn name(&self) -> &str {
        // A row is found by nothing but its name.
        self.row.map_or_else(|| self.line.word(0).unwrap_or(""), |row| row.name)
    }

    /// A further word; 1 is the first argument.
    pub fn argument(&self, index: usize) -> Option<&str> {
        self.line.word(index)
    }

    /// Where the keyword stands.
    pub fn span(&self) -> Option<Span> {
        self.line.span(0)
    }

    /// Where an argument stands, or the keyword when there is none.
    pub fn span_of(&self, index: usize) -> Option<Span> {
        self.line.span(index).or_else(|| self.span())
    }

    fn moved(&self, by: u32) -> Node {
        let moved = |span: Option<Span>| {
            span.map(|span| Span { start: span.start + by, end: span.end + by, ..span })
        };
        let block = self.block.as_ref().map(|block| {
            Box::new(Block {
                nodes: block.nodes.iter().map(|node| node.moved(by)).collect(),
                open: moved(block.open),
                close: moved(block.close),
                like: block.like.clone().map(|like| Like { by: like.by + by, ..like }),
            })
        });
        Node { line: self.line.moved(by), row: self.row, block }
    }

    /// The lines of its block.
    pub fn nodes(&self) -> &[Node] {
        self.block.as_ref().map_or(&[], |block| &block.nodes)
    }
}
