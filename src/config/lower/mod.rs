//! Tree to model: one file for each block.
//!
//! The table's row says what a keyword's argument is; reading it, and every complaint about it, is in
//! [`read`]. The files for the blocks only say where a value goes, and what a block means as a whole.

mod address;
mod check;
mod global;
mod group;
mod instance;
mod instance_rules;
mod read;
mod script;
mod service;
mod service_rules;
mod tracked;
mod vmac;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Loaded;
use super::host::{InterfaceUse, ScriptUse, UserUse};
use super::keywords::{Arguments, Keyword, Repeat, Status};
use super::model::lvs::Target;
use super::model::{Command, UserSpec};
use super::policy::{Rejected, RejectedKind};
use super::syntax::Node;
use crate::diag::{Class, Diagnostic, Span};
use crate::ids::Name;
use crate::objects::ipvs::Protocol;
use read::Value;

/// Puts the tree's meaning into `loaded.config`.
pub fn lower(nodes: &[Node], loaded: &mut Loaded) {
    let mut lower = Lower {
        loaded,
        script_names: BTreeMap::new(),
        services: HashMap::new(),
        unhonoured: BTreeSet::new(),
    };
    // keepalived reads global_defs before all else, wherever it stands.
    lower.globals(nodes);
    lower.each(nodes, |lower, node, value| match node.name() {
        "vrrp_script" => lower.script(node),
        "net_namespace" => lower.loaded.config.global.net_namespace = value.text(),
        "instance" => lower.loaded.config.global.instance = value.text(),
        "use_pid_dir" => lower.loaded.config.global.use_pid_dir = true,
        _ => {}
    });
    let mut vrrp = instance::Collected::default();
    for node in nodes {
        match node.name() {
            "vrrp_instance" => lower.instance(node, &mut vrrp),
            "vrrp_sync_group" => lower.group(node, &mut vrrp),
            "virtual_server" => lower.service(node),
            _ => {}
        }
    }
    lower.complete_vrrp(vrrp);
}

struct Lower<'a> {
    loaded: &'a mut Loaded,
    /// `vrrp_script` by name, with its place.
    script_names: BTreeMap<Name, Option<Span>>,
    /// Services by what the kernel knows them by, with their places.
    services: HashMap<(Target, Protocol), Option<Span>>,
    /// Keywords without effect that were spoken of already.
    unhonoured: BTreeSet<&'static str>,
}

impl Lower<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.loaded.diagnostics.push(diagnostic);
    }

    fn reject(&mut self, kind: RejectedKind, span: Option<Span>, reason: impl Into<String>) {
        self.loaded.rejected.push(Rejected { kind, span, reason: reason.into() });
    }

    /// Reads each keyword of a block by its row, and hands over what is good.
    fn each(&mut self, nodes: &[Node], mut take: impl FnMut(&mut Self, &Node, Value)) {
        let mut seen: Vec<(&'static str, Option<Span>)> = Vec::new();
        for node in nodes {
            let Some(row) = node.row else { continue };
            if !self.first_or_allowed(node, row, &mut seen) {
                continue;
            }
            self.say_if_old(node, row);
            let value = self.read(node, row);
            if let Status::Ignored(_) = row.status {
                self.say_if_unhonoured(node, row);
                if let Arguments::Block(_) = row.arguments {
                    self.only_check(node.nodes());
                }
                continue;
            }
            if let Some(value) = value {
                take(self, node, value);
            }
        }
    }

    /// The same for a block whose contents go nowhere.
    fn only_check(&mut self, nodes: &[Node]) {
        self.each(nodes, |_, _, _| {});
    }

    fn first_or_allowed(
        &mut self,
        node: &Node,
        row: &'static Keyword,
        seen: &mut Vec<(&'static str, Option<Span>)>,
    ) -> bool {
        if row.repeat == Repeat::Repeats {
            return true;
        }
        let Some((_, first)) = seen.iter().find(|(name, _)| *name == row.name) else {
            seen.push((row.name, node.span()));
            return true;
        };
        let (name, first) = (row.name, *first);
        let with_first = |diagnostic: Diagnostic| match first {
            Some(first) => diagnostic.related(first, "the first one"),
            None => diagnostic,
        };
        match row.repeat {
            Repeat::FirstWins => {
                let message = format!("{name} already specified - ignoring");
                self.report(with_first(Diagnostic::error("given-twice", node.span(), message)));
                false
            }
            Repeat::Replaces => {
                let message = format!("{name} already specified - replacing");
                self.report(with_first(Diagnostic::error("given-twice", node.span(), message)));
                true
            }
            Repeat::LastWins | Repeat::Repeats => {
                if row.arguments != Arguments::Nothing {
                    let message = format!("{name} is given twice; the last one counts");
                    self.report(with_first(Diagnostic::note("given-twice", node.span(), message)));
                }
                true
            }
        }
    }

    fn say_if_old(&mut self, node: &Node, row: &'static Keyword) {
        let Some(replacement) = row.replacement else { return };
        let (old, new) = (row.name, replacement.keyword);
        let message = format!("{old} is deprecated - please use '{new}'");
        let diagnostic = if replacement.fault {
            Diagnostic::warning("deprecated", node.span(), message)
        } else {
            Diagnostic::note("deprecated", node.span(), message)
        };
        self.report(diagnostic);
    }

    /// A keyword that does nothing yet is named once: the operator must know.
    fn say_if_unhonoured(&mut self, node: &Node, row: &'static Keyword) {
        if self.unhonoured.insert(row.name) {
            let message = format!("'{}' is accepted, but has no effect yet", row.name);
            self.report(Diagnostic::warning("no-effect-yet", node.span(), message).class(Class::Silent));
        }
    }

    fn need_interface(&mut self, name: &str, by: impl Into<String>, span: Option<Span>) {
        self.loaded.needs.interfaces.push(InterfaceUse { name: name.into(), by: by.into(), span });
    }

    fn need_script(&mut self, command: &Command, by: impl Into<String>, check: bool, span: Option<Span>) {
        self.loaded.needs.scripts.push(ScriptUse { command: command.clone(), by: by.into(), check, span });
        if let Some(user) = &command.user {
            self.need_user(user, span);
        }
    }

    fn need_user(&mut self, user: &UserSpec, span: Option<Span>) {
        self.loaded.needs.users.push(UserUse { user: user.clone(), span });
    }
}
