//! The block of a real server that stands in the text several times is made into nodes once more, and those serve for
//! all that follow.

use std::sync::Arc;

use super::{Builder, Kind, Like, Node};
use crate::config::keywords::Context;
use crate::config::preprocess::{Brace, Run};

/// What makes of the lines of a block the same nodes again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Again {
    run: Run,
    /// Mistakes before it, since one may be the reason that a line is read in another way; and the braces that
    /// are still to be missed.
    faults: usize,
    surplus: i64,
    /// Columns before its keyword, and before that of the service.
    indent: u32,
    outer: u32,
}

pub struct Model {
    of: Again,
    nodes: Arc<Vec<Node>>,
}

impl Builder {
    /// Whether the block that was opened last need not be read, since it is the same as one that was. If it is
    /// not, it may be the one for those that follow.
    pub(super) fn is_known(&mut self, run: Run) -> bool {
        let [_, service, real] = self.frames.as_slice() else { return false };
        if real.kind != Kind::Keywords(Context::RealServer) || self.whole {
            return false;
        }
        let (faults, surplus) = (self.faults, self.surplus);
        let again = Again { run, faults, surplus, indent: real.indent, outer: service.indent };
        let known = self.model.as_ref().is_some_and(|model| {
            let run = Run { start: model.of.run.start, ..run };
            Again { run, ..again } == model.of
        });
        self.again = (!known).then_some(again);
        known
    }

    /// Closes the block that was opened last: it is the same as the one that is known.
    pub(super) fn repeat(&mut self, run: Run, close: Option<Brace>) {
        self.pop(close.map(|brace| brace.span));
        let last = self.frames.last_mut().and_then(|service| service.nodes.last_mut());
        if let (Some(block), Some(model)) = (last.and_then(|node| node.block.as_mut()), &self.model) {
            let by = run.start - model.of.run.start;
            block.like = Some(Like { nodes: Arc::clone(&model.nodes), by });
        }
    }

    /// Keeps what a block came to if it stands in the text several times and there is nothing wrong with it.
    pub(super) fn keep_model(&mut self, nodes: &[Node]) {
        let [_, _] = self.frames.as_slice() else { return };
        let Some(of) = self.again.take() else { return };
        if (of.faults, of.surplus) == (self.faults, self.surplus) {
            self.model = Some(Model { of, nodes: Arc::new(nodes.to_vec()) });
        }
    }
}
