//! Known traps: what is right in the language and still not what its writer wants. `standfast check` tells of
//! them; a daemon never does.
//!
//! A lint looks at the model for what a line means and at the tree for where it stands. Each is a small function
//! with a code of its own; `docs/diagnostics.md` lists them.

mod scripts;
mod service;
mod vrrp;

use std::collections::{HashMap, HashSet};

use super::model::VrrpInstance;
use super::syntax::Node;
use super::{LoadOptions, Loaded, MOST_TOLD};
use crate::diag::{Diagnostic, Span};

/// Every lint: its code, and what it means.
pub const LINTS: &[(&str, &str)] = &[
    (
        "master-without-priority",
        "`state MASTER` without `priority` makes the router the owner of the addresses, priority 255.",
    ),
    ("priority-not-set", "Without `priority` every router has 100; the larger address decides."),
    ("master-with-low-priority", "`state MASTER` with 100 or less: a backup with more takes over at once."),
    (
        "priority-255",
        "Priority 255 is for the owner of the addresses; `nopreempt` and weights have no effect.",
    ),
    ("slow-adverts", "`advert_int` over 10 s: a failed master is noticed after half a minute."),
    ("password-in-clear", "`auth_type PASS` sends its password in clear."),
    ("strict-drops-traffic", "`vrrp_strict` drops everything that is sent to a virtual address."),
    ("address-without-mask", "A virtual address without prefix length is set as /32."),
    ("address-of-two-instances", "Two virtual routers have the same address."),
    ("weight-beyond-the-end", "Priority and weight make less than 1 or more than 254."),
    ("unicast-without-source", "`unicast_peer` without `unicast_src_ip`: the source may change."),
    ("group-of-different-states", "Members of a sync group differ in `state`."),
    ("group-of-different-preemption", "Members of a sync group differ in `nopreempt`."),
    ("group-of-different-intervals", "Members of a sync group differ in `advert_int`."),
    ("no-router-id", "Mails without `router_id` look alike."),
    ("mail-without-server", "Mail is asked for, and there is no `smtp_server`."),
    ("timeout-longer-than-interval", "A script may run longer than the time to its next run."),
    ("script-runs-seldom", "A script runs less than once a minute."),
    ("one-failure-is-a-failover", "`fall 1` and `rise 1` without weight: one failed run is a failover."),
    (
        "script-without-user",
        "No `user` and no `script_user`: whose rights a script has depends on the host.",
    ),
    ("shell-words-without-shell", "A command with `|`, `&&`, `>` and no shell to read them."),
    ("delay-loop-not-set", "Without `delay_loop` the servers are looked at once a minute."),
    ("single-server", "One real server and no `sorry_server`."),
    ("sorry-server-is-a-real-server", "The `sorry_server` fails with the real servers."),
    ("service-without-address", "No `vrrp_instance` has the address of a `virtual_server`."),
    (
        "persistence-binds-clients",
        "`persistence_timeout` sends everything of one client to one real server.",
    ),
    ("nat-return-path", "With NAT the real servers must answer through the director."),
    (
        "dr-needs-the-address",
        "With DR the real servers need the virtual address, without answering ARP for it.",
    ),
    ("server-without-check", "A real server without check gets clients when it is dead."),
    ("server-of-weight-zero", "A real server of weight 0 gets no new clients."),
    ("server-is-the-service", "A real server has the address of its service."),
    ("check-timeout-longer-than-interval", "A check may last longer than the time to the next one."),
    ("failure-noticed-late", "A dead server keeps its clients for more than half a minute."),
    ("plain-http-on-443", "`HTTP_GET` to port 443: it speaks no TLS."),
    ("digest-of-a-page", "A `digest` is right only as long as every byte of the page stays the same."),
];

/// The options with which a text must be read to be looked at here.
pub fn options(options: LoadOptions) -> LoadOptions {
    LoadOptions { keep_tree: true, ..options }
}

/// Everything that looks like a trap, in the order of the text.
pub fn lint(loaded: &Loaded) -> Vec<Diagnostic> {
    let mut lints = Lints { loaded, found: Vec::new(), said: HashSet::new(), untold: 0 };
    lints.vrrp();
    lints.scripts();
    lints.services();
    let mut found = lints.found;
    found.sort_by_key(|one| one.span.map(|span| (span.file, span.start)));
    if lints.untold > 0 {
        let message = format!("{} further traps are not shown", lints.untold);
        found.push(Diagnostic::warning("too-many-mistakes", None, message));
    }
    found
}

struct Lints<'a> {
    loaded: &'a Loaded,
    found: Vec<Diagnostic>,
    /// What was said, and where.
    said: HashSet<(&'static str, Option<Span>, String)>,
    /// Beyond those that anybody reads.
    untold: usize,
}

impl<'a> Lints<'a> {
    /// A trap: what happens, and the way out of it.
    fn say(
        &mut self,
        code: &'static str,
        span: Option<Span>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let message = message.into();
        if self.found.len() >= MOST_TOLD {
            self.untold += 1;
        } else if self.said.insert((code, span, message.clone())) {
            self.found.push(Diagnostic::warning(code, span, message).help(help));
        }
    }

    /// Something that is right and worth remembering.
    fn remind(
        &mut self,
        code: &'static str,
        span: Option<Span>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if self.said.insert((code, None, String::new())) {
            self.found.push(Diagnostic::note(code, span, message).help(help));
        }
    }

    /// Blocks of the top level with this keyword.
    fn blocks(&self, keyword: &'static str) -> impl Iterator<Item = &'a Node> + use<'a> {
        self.loaded.tree.iter().filter(move |node| node.name() == keyword)
    }

    /// Instances that run, each with its block.
    fn instances(&self) -> Vec<(&'a VrrpInstance, &'a Node)> {
        let all: HashMap<&str, &VrrpInstance> =
            self.loaded.config.instances.iter().map(|instance| (&*instance.name, &**instance)).collect();
        self.blocks("vrrp_instance").filter_map(|node| Some((*all.get(node.argument(1)?)?, node))).collect()
    }

    /// A keyword of `global_defs`.
    fn global(&self, keyword: &'static str) -> Option<&'a Node> {
        self.blocks("global_defs").filter_map(|node| child(node, keyword)).last()
    }
}

/// The last line of a block with this keyword.
fn child<'n>(node: &'n Node, keyword: &str) -> Option<&'n Node> {
    node.nodes().iter().rev().find(|inner| inner.name() == keyword)
}

/// Where a keyword of a block stands; else where the block is named.
fn place(node: &Node, keyword: &str) -> Option<Span> {
    child(node, keyword).and_then(Node::span).or_else(|| node.span_of(1))
}
